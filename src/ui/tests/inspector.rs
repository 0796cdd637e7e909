//! The inspector: one cursor in three panes, chains, time lines, comparisons, exports, and
//! nothing hostile on any of it.

use time::OffsetDateTime;
use time::macros::datetime;

use super::*;
use crate::lab::{Holding, holdings_of};
use crate::ui::inspector::{Inspector, Page, Pane, Shown};
use crate::x509::Document;

mod hostile;
mod kubernetes;
mod offers;

/// When the fixtures are looked at.
pub(super) const NOW: OffsetDateTime = datetime!(2026-12-01 00:00 UTC);

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/kubeadm-1.36.2/p256/");

/// What kubeadm made once: a workspace that never changes.
pub(super) fn holdings() -> Vec<Holding> {
    let names = [
        "apiserver.crt",
        "apiserver-etcd-client.crt",
        "apiserver-kubelet-client.crt",
        "ca.crt",
        "etcd/ca.crt",
        "etcd/server.crt",
        "front-proxy-ca.crt",
        "front-proxy-client.crt",
        "kubeconfig/admin.crt",
        "kubeconfig/kubelet.crt",
    ];
    names
        .into_iter()
        .flat_map(|name| holdings_of(name, &std::fs::read(format!("{DIRECTORY}{name}")).unwrap(), None))
        .collect()
}

/// The inspector on bytes that were given to it.
fn opened(size: (u16, u16), name: &str, bytes: &[u8]) -> Lab {
    let mut lab = Lab::new(Language::En, size);
    let effects = crate::ui::update::inspect(&mut lab.model, name, bytes);
    assert!(matches!(effects.as_slice(), [Effect::Gather { .. }]), "{effects:?}");
    let run = lab.model.run;
    lab.send(Msg::Gathered(run, NOW, Vec::new()));
    lab
}

fn inspector(lab: &Lab) -> &Inspector {
    lab.model.inspector.as_ref().unwrap()
}

fn page(lab: &Lab) -> &Page {
    inspector(lab).page.as_ref().unwrap()
}

pub(super) fn apiserver() -> Vec<u8> {
    holdings().swap_remove(0).item.der
}

#[test]
fn a_field_leads_to_exactly_its_bytes_and_its_element() {
    let mut page = Page::of(0, Document::read(&apiserver()));
    let mut ranged = 0;
    for at in 0..page.rows.len() {
        page.select_field(at);
        let field = &page.rows[at].field;
        assert_eq!(page.field, Some(at));
        assert!(page.visible.contains(&at), "what is pointed at is never folded away");
        let Some(range) = field.range.clone() else { continue };
        ranged += 1;
        assert_eq!(page.range, range, "{}", field.name);
        let node = &page.document.tree.nodes[page.node.unwrap()];
        assert!(node.range().start <= range.start && range.end <= node.range().end, "{}", field.name);
        if let Some(own) = field.node {
            assert_eq!(page.node, Some(own), "{}", field.name);
        }
    }
    assert!(ranged > 40, "{ranged}");
}

#[test]
fn a_byte_leads_to_the_innermost_element_and_an_element_to_its_bytes() {
    let mut page = Page::of(0, Document::read(&apiserver()));
    let nodes = page.document.tree.nodes.clone();
    for byte in 0..page.document.der.len() {
        page.select_byte(byte);
        let at = page.node.unwrap();
        assert!(nodes[at].range().contains(&byte));
        let has_inner = nodes[at + 1..nodes[at].end].iter().any(|node| node.range().contains(&byte));
        assert!(!has_inner, "byte {byte}");
        if let Some(row) = page.row() {
            assert!(row.field.range.as_ref().unwrap().contains(&byte), "byte {byte}");
        }
    }
    for (at, node) in nodes.iter().enumerate() {
        page.select_node(at);
        assert_eq!((page.node, page.range.clone(), page.byte), (Some(at), node.range(), node.offset));
    }
    page.select_byte(usize::MAX);
    assert_eq!(page.byte, page.document.der.len() - 1);
}

#[test]
fn the_cursor_in_one_pane_moves_the_others() {
    let mut lab = Lab::new(Language::En, (120, 36));
    lab.keys("i\n");
    let text = lab.text();
    assert!(text.contains("kube-apiserver") && text.contains("ASN.1") && text.contains("Bytes"), "{text}");
    lab.keys("/kube-apiserver\n");
    assert!(lab.text().contains("subject > CN"), "{}", lab.text());
    let range = page(&lab).range.clone();
    assert!(page(&lab).document.der[range].ends_with(b"kube-apiserver"));
    lab.keys("\t");
    assert_eq!(page(&lab).pane, Pane::Tree);
    lab.keys("h");
    let text = lab.text();
    assert!(text.contains("subject > CN") && text.contains("SEQUENCE"), "{text}");
    lab.keys("\tl");
    assert_eq!(page(&lab).pane, Pane::Bytes);
    // A click on a byte.
    let (column, row) = lab.find("30 82");
    lab.click(column, row);
    assert_eq!((page(&lab).byte, page(&lab).node), (0, Some(0)));
    // The wheel scrolls a pane and leaves the cursor.
    let kind = MouseEventKind::ScrollDown;
    lab.send(Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
    assert_eq!((page(&lab).byte, page(&lab).scrolls[2]), (0, 3));
    lab.keys("qqq");
    assert!(lab.model.inspector.is_none(), "the search, the page, the list");
}

#[test]
fn the_certificate_of_a_lesson_is_inspected_and_left_for_the_lesson() {
    let mut lab = Lab::new(Language::En, (80, 24));
    lab.keys("\nlll");
    let (lesson, step) = (lab.model.study.as_ref().unwrap().lesson, lab.step());
    lab.keys("\t");
    assert!(lab.text().contains("i inspect"), "{}", lab.text());
    lab.keys("i");
    assert_eq!(page(&lab).document.der, apiserver());
    // Its issuer is found in the workspace.
    lab.keys("i");
    assert!(lab.text().contains("ca.crt"), "{}", lab.text());
    lab.keys("qq");
    assert!(lab.model.inspector.is_none());
    assert_eq!((lab.model.study.as_ref().unwrap().lesson, lab.step()), (lesson, step));
    // What is not made yet has no bytes.
    lab.keys("h\t");
    assert!(!lab.text().contains("i inspect"), "{}", lab.text());
}

#[test]
fn a_search_finds_names_values_and_identifiers() {
    let mut lab = Lab::new(Language::En, (80, 24));
    lab.keys("i\n/2.5.29.17");
    assert!(lab.text().contains("subjectAltName > identifier"), "{}", lab.text());
    lab.key(KeyCode::Esc).keys("/10.96");
    assert!(lab.text().contains("10.96.0.1"), "{}", lab.text());
    lab.key(KeyCode::Esc).keys("/1.3.6.1.5.5.7.3.1");
    assert!(lab.text().contains("extendedKeyUsage"), "{}", lab.text());
    lab.key(KeyCode::Esc).keys("/no such thing");
    assert!(lab.text().contains("nothing has it"));
    lab.key(KeyCode::Esc).keys("/DNS\n");
    let first = page(&lab).field;
    lab.keys("n");
    assert_ne!(page(&lab).field, first);
    lab.keys("N");
    assert_eq!(page(&lab).field, first);
}

#[test]
fn the_issuer_and_the_chain_lead_to_other_certificates_and_back() {
    let mut lab = Lab::new(Language::En, (80, 24));
    lab.keys("i\ni");
    assert!(lab.text().contains("kubernetes  ca.crt"), "{}", lab.text());
    lab.keys("q");
    assert!(lab.text().contains("kube-apiserver  apiserver.crt"));
    lab.keys("s");
    let text = lab.text();
    assert!(text.contains("leaf") && text.contains("signed by") && text.contains("root"), "{text}");
    lab.keys("j\n");
    assert!(lab.text().contains("kubernetes  ca.crt"));
    lab.keys("qqq");
    assert!(lab.model.inspector.is_none());
    // Alone, its issuer is missing.
    let mut lab = opened((80, 24), "seen on the wire", &apiserver());
    lab.keys("s");
    assert!(lab.text().contains("missing: the issuer  CN=kubernetes"), "{}", lab.text());
}

#[test]
fn the_time_line_shows_now_and_what_outlives_its_authority() {
    let mut lab = Lab::new(Language::En, (120, 36));
    lab.keys("it");
    let text = lab.text();
    assert!(text.contains("now") && text.contains("2027-11-23") && text.contains("its CA's end"), "{text}");
    assert!(text.contains("its CA kubernetes ends 2036-11-20"), "{text}");
    let bar = text.lines().find(|line| line.contains("kube-apiserver ")).unwrap();
    assert!(bar.contains('━') && bar.contains('│') && bar.contains('┃'), "{bar}");
    lab.keys("j\nt");
    assert!(lab.text().contains("apiserver-etcd-client") && lab.text().contains("etcd-ca"), "{}", lab.text());
}

#[test]
fn two_are_compared_field_by_field_with_bytes_on_demand() {
    let mut lab = Lab::new(Language::En, (120, 36));
    lab.keys("i\nd");
    assert!(lab.text().contains("Compare kube-apiserver with"), "{}", lab.text());
    lab.keys("<jj\n");
    let text = lab.text();
    assert!(text.contains("~") && text.contains("only in the first") && text.contains("= "), "{text}");
    let Shown::Comparison(found) = &inspector(&lab).shown else { panic!("no comparison") };
    let all = found.count();
    lab.keys("ab");
    let Shown::Comparison(found) = &inspector(&lab).shown else { panic!("no comparison") };
    assert!(found.count() < all && found.with_bytes);
    let (offset, length) = found.pair(found.chosen).unwrap().sides[0].as_ref().unwrap().place.unwrap();
    assert!(lab.text().contains(&format!("{offset}+{length}:")), "{}", lab.text());
    // The same with itself.
    lab.keys("qd<\n");
    let Shown::Comparison(found) = &inspector(&lab).shown else { panic!("no comparison") };
    assert!((0..found.count()).all(|at| found.pair(at).unwrap().standing == crate::x509::Standing::Same));
}

#[test]
fn a_stale_answer_and_bytes_of_nothing_change_nothing() {
    let mut lab = Lab::new(Language::En, (80, 24));
    lab.press(KeyCode::Char('i'));
    lab.model.redraw = false;
    lab.send(Msg::Gathered(lab.model.run + 1, NOW, Vec::new()));
    assert!(!lab.model.redraw && inspector(&lab).now.is_none());
    lab.keys("q");
    assert!(crate::ui::update::inspect(&mut lab.model, "nothing", b"hello").is_empty());
    assert!(lab.model.inspector.is_none() && lab.text().contains("Nothing in it can be shown."));
}

const INSPECTED: [(&str, &str); 11] = [
    ("inspector-list", "i"),
    ("inspector-bars", "it"),
    ("inspector-fields", "i\n/Alt\n\n"),
    ("inspector-tree", "i\n/10.96\n\t"),
    ("inspector-bytes", "i\n/10.96\n\t\tl"),
    ("inspector-words", "i\n/notAfter\nx"),
    ("inspector-kubernetes", "i>\nv"),
    ("inspector-chain", "i\ns"),
    ("inspector-bars-of-one", "i\nt"),
    ("inspector-diff", "i\nd<jj\nb"),
    ("inspector-copy", "i\n/notAfter\nc"),
];

#[test]
fn every_screen_of_the_inspector_looks_as_it_did() {
    for (name, keys) in INSPECTED {
        for language in Language::ALL {
            for size in SIZES {
                let mut lab = Lab::new(language, size);
                lab.keys(keys);
                insta::assert_snapshot!(format!("{name}_{}x{}_{language}", size.0, size.1), lab.text());
            }
        }
    }
}

#[test]
fn in_ascii_the_inspector_is_ascii() {
    for (name, keys) in INSPECTED {
        let mut lab = Lab::new(Language::Ko, (80, 24));
        lab.model.theme = super::super::theme::Theme::new(true, true);
        let text = lab.keys(keys).text();
        let odd: String = text.chars().filter(|c| !c.is_ascii() && !('가'..='힣').contains(c)).collect();
        assert_eq!(odd, "", "{name}");
    }
}
