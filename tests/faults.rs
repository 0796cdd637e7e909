//! The catalogue of faults: each that can be made is made, on both layouts, and comes to
//! what it declares.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{answer, argument, dojang, text};
use dojang::blueprint::{Authorities, ClusterSpec, KeyAlgorithm, Layout};
use dojang::clock::Clock;
use dojang::fault::{Catalogue, Making};
use dojang::lab::{Cancel, ConnectionView, Directory, Lab, LabOptions, Tls};
use serde_json::Value;

const LAYOUTS: [(Layout, Authorities); 3] = [
    (Layout::Lecture, Authorities::One),
    (Layout::Lecture, Authorities::Three),
    (Layout::Kubeadm, Authorities::Three),
];

fn lab(layout: Layout, authorities: Authorities) -> Lab {
    let mut spec = ClusterSpec { key: KeyAlgorithm::P256, layout, authorities, ..ClusterSpec::default() };
    // Two etcd members, so that they can be faulty to each other.
    spec.control_planes.push("cp2=10.0.0.11".parse().unwrap());
    Lab::open(LabOptions {
        directory: Directory::Temporary,
        spec: Some(spec),
        clock: Clock::System,
        lessons: None,
    })
    .unwrap()
}

/// Whether one of the parties says it.
fn is_said(view: &ConnectionView, message: &str) -> bool {
    let outcome = view.outcome.as_ref().unwrap();
    let body = outcome.response.as_ref().map(|(_, body)| body.replace("\\\"", "\""));
    let verdicts = [&outcome.server_verdict, &outcome.client_verdict].into_iter().flatten();
    let refusals = verdicts.filter_map(|verdict| verdict.refusal.as_ref()).map(|r| r.message.clone());
    let said = [outcome.client_prints.clone(), outcome.server_logs.clone(), outcome.decision.clone(), body];
    said.into_iter().flatten().chain(refusals).any(|text| text.contains(message))
}

/// What the lab prints and logs that no recorded message is like.
fn unrecorded<'a>(catalogue: &'a Catalogue, view: &'a ConnectionView) -> impl Iterator<Item = String> + 'a {
    let outcome = view.outcome.as_ref().unwrap();
    let said = [&outcome.client_prints, &outcome.server_logs].into_iter().flatten();
    let said = said.map(|words| words.trim_start_matches("(-v=5) ").to_owned());
    // That a connection just ends is in no catalogue.
    let said = said.filter(|words| words != "EOF");
    said.filter(|words| !catalogue.find_message(words).iter().any(|found| found.is_whole))
}

fn declared(making: &Making, view: &ConnectionView, fault: &str) {
    let outcome = view.outcome.as_ref().unwrap();
    assert_eq!(outcome.outcome, making.outcome, "{fault}: {view:#?}");
    assert!(is_said(view, &making.message), "{fault}: nobody says {:?}: {outcome:#?}", making.message);
}

#[test]
fn every_fault_that_can_be_made_comes_to_what_it_declares() {
    let catalogue = Catalogue::embedded().unwrap();
    let cancel = Cancel::default();
    let mut unknown = std::collections::BTreeSet::new();
    for (layout, authorities) in LAYOUTS {
        let lab = lab(layout, authorities);
        let mut made = 0;
        for fault in &catalogue.faults {
            let Some(making) = &fault.make else { continue };
            let connection = lab.connection_of(making).unwrap();
            let healthy = lab.connect(&connection, Tls::Tls13, &cancel).unwrap().outcome.unwrap();
            assert_eq!(healthy.outcome, "200", "{}: {healthy:#?}", fault.id);
            for tls in [Tls::Tls12, Tls::Tls13] {
                let view = lab.connect_made(&connection, tls, making, &cancel).unwrap();
                declared(making, &view, &fault.id);
                // What real programs print was recorded with TLS 1.3, which they use.
                if tls == Tls::Tls12 {
                    continue;
                }
                unknown.extend(unrecorded(&catalogue, &view).map(|words| format!("{}: {words}", fault.id)));
            }
            made += 1;
        }
        assert_eq!(made, 36);
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
}

#[test]
fn a_fault_in_the_files_is_met_by_its_connection() {
    let catalogue = Catalogue::embedded().unwrap();
    let cancel = Cancel::default();
    for (layout, authorities) in LAYOUTS {
        for fault in &catalogue.faults {
            let Some(making) = &fault.make else { continue };
            if making.without_certificate {
                continue;
            }
            let lab = lab(layout, authorities);
            let connection = lab.connection_of(making).unwrap();
            lab.connect(&connection, Tls::Tls13, &cancel).unwrap();
            let replaced = lab.make_in_files(making, &cancel).unwrap();
            assert!(!replaced.is_empty(), "{}", fault.id);
            // What came after the file was set aside is in its place, and the healthy one kept.
            for file in &replaced {
                assert!(lab.store().read(&file.path).unwrap().is_some(), "{}", file.path);
                assert!(lab.store().read(&file.kept).unwrap().is_some(), "{}", file.kept);
            }
            // The lab's own servers do not read their flags from files.
            if making.edits.is_empty() {
                let runtime = lab.connect_faulty(&connection, Tls::Tls13, None, &cancel).unwrap();
                declared(making, &runtime, &fault.id);
            }
            // Put back, all is well again.
            for file in &replaced {
                let store = lab.store();
                std::fs::rename(store.path(&file.kept), store.path(&file.path)).unwrap();
            }
            let healed = lab.connect(&connection, Tls::Tls13, &cancel).unwrap().outcome.unwrap();
            assert_eq!(healed.outcome, "200", "{}", fault.id);
        }
    }
}

fn json(arguments: &[&str]) -> Value {
    let all = [arguments, &["--format", "json"]].concat();
    serde_json::from_slice(&dojang(&all).stdout).unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_catalogue_is_listed_shown_and_made() {
    let listed = json(&["faults", "list"]);
    assert_eq!(listed.as_array().unwrap().len(), 45);
    assert_eq!(keys(&listed[0]), ["frequency", "group", "id", "made", "title"]);
    insta::assert_snapshot!("faults_list_en", answer(&["faults", "list", "--lang", "en"]));
    insta::assert_snapshot!("faults_show_en", answer(&["faults", "show", "f20", "--lang", "en"]));
    insta::assert_snapshot!("faults_show_ko", answer(&["faults", "show", "F01", "--lang", "ko"]));
    let shown = json(&["faults", "show", "F13"]);
    let all = "breaks diagnose frequency group id make mend says title what";
    assert_eq!(keys(&shown).join(" "), all);
    assert_eq!(keys(&shown["make"]), ["client", "message", "outcome", "server"]);

    let directory = tempfile::tempdir().unwrap();
    let root = argument(directory.path());
    answer(&["pki", "create", root, "--key", "p256"]);
    let faulty = json(&["handshake", "admin", "kube-apiserver", "--fault", "F13", "--dir", root]);
    assert_eq!(
        (faulty["fault"].as_str(), faulty["outcome"].as_str()),
        (Some("F13"), Some("refused-by-client"))
    );
    // That was a copy.
    answer(&["handshake", "admin", "kube-apiserver", "--dir", root]);
    let made = json(&["faults", "make", "F13", "--dir", root]);
    assert_eq!(keys(&made), ["client", "directory", "id", "replaced", "server"]);
    assert_eq!(made["replaced"][0]["path"], "apiserver.crt");
    let refused = dojang(&["handshake", "admin", "kube-apiserver", "--dir", root]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stdout).contains("certificate has expired"));
}

#[test]
fn every_line_that_an_edit_changes_is_changed_in_the_files() {
    let catalogue = Catalogue::embedded().unwrap();
    let cancel = Cancel::default();
    for (layout, authorities) in LAYOUTS {
        for (id, gone, come) in [
            ("F18", "server: https://", "server: http://"),
            ("F19", "client-key-data:", ""),
            ("F27", "--tls-cert-file", "nope.crt"),
            ("F28", "", "ca.key"),
            ("F29", "--client-ca-file=", ""),
            ("F30", "--requestheader-allowed-names=", "ca.crt"),
        ] {
            let lab = lab(layout, authorities);
            let making = catalogue.find(id).unwrap().make.clone().unwrap();
            for file in lab.make_in_files(&making, &cancel).unwrap() {
                let read = |path: &str| String::from_utf8(lab.store().read(path).unwrap().unwrap()).unwrap();
                let (before, after) = (read(&file.kept), read(&file.path));
                let count = |text: &str, word: &str| text.matches(word).count();
                if come.is_empty() {
                    assert_eq!((count(&before, gone), count(&after, gone)), (1, 0), "{id} {}", file.path);
                } else {
                    assert!(count(&after, come) > count(&before, come) || id == "F30", "{id}: {after}");
                }
                assert_ne!(before, after);
            }
        }
    }
}

#[test]
fn a_fault_between_etcd_members_is_shown_on_a_cluster_that_has_two() {
    let directory = tempfile::tempdir().unwrap();
    let root = argument(directory.path());
    answer(&["pki", "create", root, "--key", "p256"]);
    let shown = dojang(&["handshake", "etcd", "etcd-peer", "--fault", "F24", "--dir", root]);
    assert_eq!(shown.status.code(), Some(1));
    assert!(text(&shown.stdout).contains("does not match any of DNSNames"), "{}", text(&shown.stdout));
    assert!(text(&shown.stderr).contains("two control planes"), "{}", text(&shown.stderr));
    let refused = dojang(&["faults", "make", "F24", "--dir", root]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("two etcd members"), "{}", text(&refused.stderr));
}

#[test]
fn a_printed_message_leads_to_its_faults() {
    let pasted = "x509: certificate is valid for kubernetes, cp7, not api.example.com";
    let found = json(&["faults", "find", pasted]);
    assert_eq!(keys(&found[0]), ["faults", "meaning", "text", "version", "who", "whole"]);
    let ids: Vec<&str> = found
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row["faults"].as_array().unwrap())
        .map(|fault| fault["id"].as_str().unwrap())
        .collect();
    assert!(ids.contains(&"F10") && ids.contains(&"F12"), "{ids:?}");
    let told = answer(&["faults", "find", "curl: (52) Empty reply from server", "--lang", "ko"]);
    assert!(told.contains("F18") && told.contains("etcd에"), "{told}");
    let missing = dojang(&["faults", "find", "hello"]);
    assert_eq!(missing.status.code(), Some(1));
}

#[test]
fn what_there_is_not_is_said() {
    for (arguments, said) in [
        (["faults", "show", "F133"], "did you mean `F13`?"),
        (["faults", "make", "F42"], "explained only"),
        (["faults", "make", "F21"], "dojang handshake etcd-healthcheck etcd --fault F21"),
    ] {
        let output = dojang(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(said), "{arguments:?}: {}", text(&output.stderr));
    }
}
