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
    let spec = ClusterSpec { key: KeyAlgorithm::P256, layout, authorities, ..ClusterSpec::default() };
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

fn declared(making: &Making, view: &ConnectionView, fault: &str) {
    let outcome = view.outcome.as_ref().unwrap();
    assert_eq!(outcome.outcome, making.outcome, "{fault}: {view:#?}");
    assert!(is_said(view, &making.message), "{fault}: nobody says {:?}: {outcome:#?}", making.message);
}

#[test]
fn every_fault_that_can_be_made_comes_to_what_it_declares() {
    let catalogue = Catalogue::embedded().unwrap();
    let cancel = Cancel::default();
    for (layout, authorities) in LAYOUTS {
        let lab = lab(layout, authorities);
        let mut made = 0;
        for fault in &catalogue.faults {
            let Some(making) = &fault.make else { continue };
            let mut connection = lab.plan().connect(&making.client, &making.server).unwrap();
            let healthy = lab.connect(&connection, Tls::Tls13, &cancel).unwrap().outcome.unwrap();
            assert_eq!(healthy.outcome, "200", "{}: {healthy:#?}", fault.id);
            if making.change.is_none() {
                connection.credential = None;
            }
            for tls in [Tls::Tls12, Tls::Tls13] {
                let change = making.change.as_ref();
                let view = lab.connect_faulty(&connection, tls, change, &cancel).unwrap();
                declared(making, &view, &fault.id);
            }
            made += 1;
        }
        assert_eq!(made, 25);
    }
}

#[test]
fn a_fault_in_the_files_is_met_by_its_connection() {
    let catalogue = Catalogue::embedded().unwrap();
    let cancel = Cancel::default();
    for (layout, authorities) in LAYOUTS {
        for fault in &catalogue.faults {
            let Some(making) = &fault.make else { continue };
            let Some(change) = &making.change else { continue };
            let lab = lab(layout, authorities);
            let connection = lab.plan().connect(&making.client, &making.server).unwrap();
            lab.connect(&connection, Tls::Tls13, &cancel).unwrap();
            let replaced = lab.make_fault(change, &cancel).unwrap();
            assert!(!replaced.is_empty(), "{}", fault.id);
            // What came after the file was set aside is in its place, and the healthy one kept.
            for file in &replaced {
                assert!(lab.store().read(&file.path).unwrap().is_some(), "{}", file.path);
                assert!(lab.store().read(&file.kept).unwrap().is_some(), "{}", file.kept);
            }
            let runtime = lab.connect_faulty(&connection, Tls::Tls13, None, &cancel).unwrap();
            declared(making, &runtime, &fault.id);
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
