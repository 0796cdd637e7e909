//! `dojang can-i` on recorded reviews, on certificates, and on calls that make no sense.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{argument, dojang, text};
use serde_json::Value;

const OBJECTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/kube-apiserver/objects.yaml");
const REVIEWS: &str = include_str!("fixtures/kube-apiserver/access-reviews.jsonl");

/// The arguments that ask what a recorded review asked; `None` where `--as` cannot: the
/// identity had no group of its own.
fn arguments(row: &Value) -> Option<Vec<String>> {
    let mut arguments = vec!["can-i".to_owned(), "--format=json".into(), format!("--objects={OBJECTS}")];
    arguments.push(format!("--as={}", row["user"].as_str()?));
    let groups = row["groups"].as_array()?;
    if !groups
        .iter()
        .any(|group| ["system:authenticated", "system:unauthenticated"].contains(&group.as_str().unwrap()))
    {
        return None;
    }
    arguments.extend(groups.iter().map(|group| format!("--as-group={}", group.as_str().unwrap())));
    if let Some(asked) = row.get("nonResourceAttributes") {
        arguments.extend([asked["verb"].as_str()?.into(), asked["path"].as_str()?.into()]);
        return Some(arguments);
    }
    let asked = &row["resourceAttributes"];
    let text = |key: &str| asked[key].as_str().unwrap_or_default();
    let mut resource = text("resource").to_owned();
    if !text("group").is_empty() {
        resource += &format!(".{}", text("group"));
    }
    if !text("name").is_empty() {
        resource += &format!("/{}", text("name"));
    }
    arguments.extend([text("verb").to_owned(), resource]);
    for (option, key) in [("namespace", "namespace"), ("subresource", "subresource")] {
        if !text(key).is_empty() {
            arguments.push(format!("--{option}={}", text(key)));
        }
    }
    if let Some(terms) = asked["fieldSelector"]["requirements"].as_array() {
        let terms: Vec<String> = terms
            .iter()
            .map(|term| format!("{}={}", term["key"].as_str().unwrap(), term["values"][0].as_str().unwrap()))
            .collect();
        arguments.push(format!("--field-selector={}", terms.join(",")));
    }
    Some(arguments)
}

#[test]
fn recorded_reviews_are_answered_as_they_were() {
    let mut asked = 0;
    // One in thirty: each is a process of its own, and the library answers all of them in
    // `access_reviews.rs`.
    for line in REVIEWS.lines().step_by(30) {
        let row: Value = serde_json::from_str(line).unwrap();
        let Some(arguments) = arguments(&row) else { continue };
        let output = dojang(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let answer: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{arguments:?}: {}", text(&output.stderr)));
        let allowed = row["allowed"].as_bool().unwrap();
        assert_eq!(output.status.code(), Some(i32::from(!allowed)), "{line}\n{answer}");
        assert_eq!(answer["decision"], if allowed { "allow" } else { "deny" }, "{line}");
        let reason = answer["reason"].as_str().unwrap();
        if answer["also"].as_array().unwrap().is_empty() {
            assert_eq!(reason, row["reason"].as_str().unwrap_or_default(), "{line}");
        }
        asked += 1;
    }
    assert!(asked > 80, "{asked}");
}

#[test]
fn the_rule_and_the_binding_are_named() {
    let common = ["can-i", "--objects", OBJECTS, "--as=bob", "--as-group=dev", "-n", "dev"];
    let ask = |more: &[&str]| dojang(&[&common[..], more].concat());
    let output = ask(&["get", "po/web", "--format=json"]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["by"], "rbac");
    assert_eq!(answer["binding"]["name"], "dev-readers");
    assert_eq!(answer["binding"]["role"]["name"], "pod-reader");
    assert_eq!(answer["rule"]["resources"], serde_json::json!(["pods", "pods/log"]));

    let output = ask(&["delete", "pods", "--explain"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stdout),
        "✗ no\n\nidentity bob [dev system:authenticated]\n✗ system:masters  has no opinion\n\
         ✗ Node authorizer has no opinion\n✗ RBAC            has no opinion\n"
    );
}

#[test]
fn a_certificate_is_judged_before_it_names_anybody() {
    let directory = tempfile::tempdir().unwrap();
    let workspace = argument(directory.path()).to_owned();
    common::answer(&["pki", "create", &workspace, "--key", "p256"]);
    let certificate = |name: &str| format!("{workspace}/{name}");
    let ask = |certificate: &str, what: &[&str]| {
        dojang(&[&["can-i", "--dir", &workspace, "--cert", certificate, "--format=json"], what].concat())
    };
    let answer: Value =
        serde_json::from_slice(&ask(&certificate("admin.crt"), &["*", "secrets"]).stdout).unwrap();
    assert_eq!((&answer["decision"], &answer["by"]), (&"allow".into(), &"system:masters".into()));

    let output = ask(&certificate("kubelet-client-node01.crt"), &["get", "nodes/node02"]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["reason"], "node 'node01' cannot read 'node02', only its own Node object");
    assert_eq!(output.status.code(), Some(1));

    // A server's certificate is no client's.
    let output = ask(&certificate("apiserver.crt"), &["get", "nodes"]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&answer["decision"], &answer["by"]), (&"deny".into(), &"authentication".into()));
    assert!(answer["reason"].as_str().unwrap().ends_with("incompatible key usage"), "{answer}");
}

#[test]
fn calls_that_make_no_sense_are_refused_with_status_2() {
    for arguments in [
        &["can-i", "get"][..],
        &["can-i", "get", "pods"],
        &["can-i", "get", "pods", "--as=x", "--cert=y"],
        &["can-i", "get", "pods", "--as=x", "--objects=/nowhere/at/all"],
    ] {
        let output = dojang(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stderr));
    }
}

#[test]
fn the_matrix_tells_who_may_do_what_and_why() {
    let directory = tempfile::tempdir().unwrap();
    let dir = common::argument(directory.path());
    common::answer(&["pki", "create", dir, "--key", "p256"]);
    let document = common::answer(&["can-i", "--matrix", "--format", "json", "--dir", dir]);
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    let cell = |identity: &str, action: &str| {
        let rows = document["identities"].as_array().unwrap();
        let row = rows.iter().find(|row| row["identity"] == identity).unwrap();
        row["cells"].as_array().unwrap().iter().find(|cell| cell["action"] == action).unwrap().clone()
    };
    assert_eq!(cell("admin", "list secrets")["by"], "system:masters");
    assert_eq!(cell("kube-scheduler", "list secrets")["decision"], "deny");
    let other = cell("kubelet@node01", "get node02");
    assert_eq!(other["reason"], "node 'node01' cannot read 'node02', only its own Node object");
    let text = common::answer(&["can-i", "--matrix", "--explain", "--lang", "en", "--dir", dir]);
    assert!(
        text.contains("kube-scheduler") && text.contains(" list secrets: no authorizer allows it"),
        "{text}"
    );
}
