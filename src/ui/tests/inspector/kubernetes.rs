//! What a cluster makes of what is open, and what was named on the command line.

use super::super::*;
use super::hostile::certificate;
use super::{NOW, apiserver, holdings, inspector, opened, page};
use crate::lab::{Holding, holdings_of};
use crate::ui::inspector::{Shown, copies, exports};
use crate::ui::update::given;
use crate::x509::{Kind, pem};

/// The inspector on what was named.
fn named(holdings: Vec<Holding>) -> Lab {
    let mut lab = Lab::new(Language::En, (80, 36));
    given(&mut lab.model, holdings, NOW);
    lab
}

/// What the list shows of this name, opened.
fn seen(name: &str) -> String {
    let mut lab = named(holdings().into_iter().filter(|holding| holding.name == name).collect());
    lab.keys("v").text()
}

#[test]
fn the_identity_the_uses_the_place_and_the_findings_are_told() {
    let kubelet = seen("kubeconfig/kubelet.crt");
    for line in [
        "user          system:node:cp1",
        "groups        system:nodes, system:authenticated",
        "node          cp1",
        "X509SHA256=",
        "✓ a client  ✗ a server  ✗ a CA",
        "kubelet-client (kubelet), kubeadm: etc/kubernetes/kubelet.conf",
        "✓ nothing wrong",
    ] {
        assert!(kubelet.contains(line), "{line}: {kubelet}");
    }
    let server = seen("apiserver.crt");
    assert!(server.contains("Nobody: its extendedKeyUsage has no clientAuth"), "{server}");
    assert!(server.contains("--tls-cert-file=/etc/kubernetes/pki/apiserver.crt"), "{server}");
    let authority = seen("ca.crt");
    assert!(authority.contains("no component presents it as a client"), "{authority}");
    assert!(authority.contains("--client-ca-file=/etc/kubernetes/pki/ca.crt"), "{authority}");
}

#[test]
fn what_is_wrong_is_told_with_what_to_do() {
    let mut lab = opened((80, 36), "odd", &certificate("odd", &[]));
    let text = lab.keys("v").text();
    assert!(text.contains("✗ error") && text.contains("What dojang check finds in odd"), "{text}");
    // It comes later than the frame that waits for it, and only to whom it is meant.
    lab.keys("v");
    let effects = lab.press(KeyCode::Char('v'));
    let [Effect::Check { run, certificates, file: None, .. }] = effects.as_slice() else {
        panic!("{effects:?}")
    };
    assert_eq!(certificates.len(), 1);
    assert!(lab.text().contains("Looking…"), "{}", lab.text());
    lab.send(Msg::Checked(run - 1, Vec::new()));
    assert!(lab.text().contains("Looking…"), "{}", lab.text());
    lab.send(Msg::Checked(*run, Vec::new()));
    assert!(lab.text().contains("✓ nothing wrong"), "{}", lab.text());
    lab.keys("q");
    assert!(matches!(inspector(&lab).shown, Shown::Panes));
}

#[test]
fn a_key_tells_whose_it_is_and_nothing_of_itself() {
    let key = rcgen::KeyPair::generate().unwrap();
    let made = rcgen::CertificateParams::new(vec!["web".into()]).unwrap().self_signed(&key).unwrap();
    let both = format!("{}{}{}", pem("CERTIFICATE", made.der()), key.serialize_pem(), key.public_key_pem());
    let mut lab = named(holdings_of("web.pem", both.as_bytes(), None));
    let text = lab.text();
    assert!(text.contains("ECDSA P-256") && text.contains(" key ") && text.contains(" public "), "{text}");
    lab.keys("j\nv");
    let text = lab.text();
    assert!(text.contains("With the same key") && text.contains("web.pem"), "{text}");
    lab.keys("v");
    assert_eq!((page(&lab).document.kind, page(&lab).document.der.len()), (Kind::PrivateKey, 0));
    // Through all panes and offers: there is nothing to copy but what is seen.
    lab.keys("\tj\tjl\ts");
    lab.keys("st");
    lab.keys("t");
    let entry = inspector(&lab).entry().unwrap();
    let names = |menu: crate::ui::inspector::Menu| -> Vec<String> {
        menu.offers.into_iter().map(|(name, _)| name).collect()
    };
    assert_eq!(names(exports(entry, page(&lab), Language::En)), ["JSON: every field with its place"]);
    assert_eq!(names(copies(entry, page(&lab), Language::En)), ["the value of container"]);
}

#[test]
fn what_was_named_is_a_list_and_one_alone_is_open() {
    let mut lab = named(holdings());
    assert!(inspector(&lab).page.is_none() && inspector(&lab).now.is_some());
    assert_eq!(inspector(&lab).entries.len(), holdings().len());
    lab.keys("\nqq");
    assert!(lab.model.inspector.is_none());
    let lab = named(holdings_of("apiserver.crt", &apiserver(), None));
    assert_eq!(page(&lab).document.der, apiserver());
    assert!(lab.text().contains("363 days left") || lab.text().contains("357 days left"), "{}", lab.text());
}
