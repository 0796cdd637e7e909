//! What `--format json` prints: one document, with the keys that `--help` names.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{argument, dojang, text};
use serde_json::Value;

/// One document on standard output and nothing on standard error, with this exit status.
fn document(status: i32, arguments: &[&str]) -> Value {
    let mut all = arguments.to_vec();
    all.extend(["--format", "json"]);
    let output = dojang(&all);
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {}", text(&output.stderr));
    assert!(output.stderr.is_empty(), "{arguments:?}: {}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The keys of an object, sorted.
fn keys(value: &Value) -> String {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys.join(" ")
}

#[test]
fn every_document_has_its_keys() {
    let directory = tempfile::tempdir().unwrap();
    let root = argument(directory.path());
    let three = ["--authorities", "three", "--key", "p256"];
    let mut create = vec!["pki", "create", root];
    create.extend(three);
    assert_eq!(keys(&document(0, &create)), "backup directory kept set_aside written");

    let listed = document(0, &["pki", "list", root]);
    assert_eq!(keys(&listed), "artifacts directory layout");
    let admin = listed["artifacts"].as_array().unwrap().iter().find(|row| row["id"] == "admin").unwrap();
    assert_eq!(keys(admin), "id issuer kind made notAfter path subject");
    assert_eq!(admin["subject"], "O=system:masters, CN=kube-admin");

    let matrix = document(0, &["matrix", "--dir", root]);
    assert_eq!(keys(&matrix), "connections refused results");
    assert_eq!(keys(&matrix["results"][0]), "client micros ok outcome port request server user");
    assert_eq!(matrix["refused"], 0);
    assert_eq!(matrix["connections"].as_u64().unwrap() as usize, matrix["results"].as_array().unwrap().len());

    let file = directory.path().join("apiserver.crt");
    let inspected = document(0, &["inspect", argument(&file)]);
    assert_eq!(keys(&inspected[0]), "items source");
    let item = &inspected[0]["items"][0];
    assert_eq!(keys(item), "days_left fields kind kubernetes pin");
    assert_eq!(keys(&item["fields"][0]), "length name offset value");
    assert_eq!(keys(&item["kubernetes"]), "authority client roles server");
    assert_eq!(keys(&item["kubernetes"]["roles"][0]), "artifact component file flags layout");
    let admin = directory.path().join("admin.crt");
    let key = directory.path().join("admin.key");
    let explained = document(0, &["inspect", "--explain", argument(&admin), argument(&key)]);
    assert_eq!(keys(&explained[0]["items"][0]["fields"][0]["explanation"]), "faults kubernetes what wrong");
    assert_eq!(
        keys(&explained[0]["items"][0]["kubernetes"]["identity"]),
        "credential_id groups node uid user"
    );
    assert_eq!(explained[1]["items"][0]["matches"][0], argument(&admin));
    let tree = document(0, &["inspect", "--tree", argument(&admin)]);
    assert_eq!(
        keys(&tree[0]["items"][0]["nodes"][0]),
        "class constructed depth header inside length name offset tag"
    );
    let chosen = document(0, &["inspect", "--fields", "subject,user", argument(&admin)]);
    assert_eq!(chosen[0]["items"][0]["fields"][1]["value"], "kube-admin");
    let compared = document(1, &["diff", argument(&admin), argument(&file)]);
    assert_eq!(keys(&compared), "fields first same second");
    assert_eq!(keys(&compared["first"]), "at kind source");
    assert_eq!(keys(&compared["fields"][1]), "first name parts second standing");
    assert_eq!(compared["fields"][1]["standing"], "changed");

    let checked = document(0, &["check", root]);
    assert_eq!(keys(&checked), "certificates counts directory findings keys kubeconfigs processes");
    assert_eq!(keys(&checked["counts"]), "error note warning");
    std::fs::write(directory.path().join("empty.crt"), "").unwrap();
    let checked = document(1, &["check", root, "--severity", "error"]);
    let finding = &checked["findings"][0];
    assert_eq!(keys(finding), "command evidence fault fix id path severity what");
    assert_eq!(keys(&finding["fix"]), "en ko");
    assert_eq!((&finding["id"], &finding["severity"]), (&"not-pem".into(), &"error".into()));

    let commands = document(0, &["pki", "commands", "admin", "--dir", root]);
    assert_eq!(keys(&commands[0]), "lines note tool");
}

#[test]
fn a_connection_is_told_from_both_sides() {
    let directory = tempfile::tempdir().unwrap();
    let root = argument(directory.path());
    dojang(&["pki", "create", root, "--authorities", "three", "--key", "p256"]);
    let all = "alert alpn cipher_suite client client_prints client_verdict decision events group http identity \
               keys messages micros outcome request response server server_logs server_name server_verdict tls";

    let good = document(0, &["handshake", "admin", "kube-apiserver", "--dir", root]);
    assert_eq!(keys(&good), all);
    assert_eq!(good["outcome"], "200");
    assert_eq!(good["identity"]["user"], "kube-admin");
    assert_eq!(good["server_verdict"]["accepted"], true);
    assert_eq!(keys(&good["server_verdict"]), "accepted checks message openssl webpki");
    assert_eq!(keys(&good["server_verdict"]["checks"][0]), "evidence outcome rule");

    // Other verifiers are asked of either side's chain.
    for side in ["server_verdict", "client_verdict"] {
        for other in ["webpki", "openssl"] {
            assert_eq!(good[side][other]["verdict"], "accepted", "{side} {other}");
        }
    }

    // rustls has one alert for a missing certificate; Go has another in TLS 1.2.
    let missing = document(
        1,
        &["handshake", "kube-apiserver", "etcd", "--fault", "F21", "--tls", "1.2", "--dir", root],
    );
    assert_eq!(missing["alert"]["sent"], "certificate_required");
    assert_eq!(missing["alert"]["go"], "handshake_failure");

    // webpki takes a CA that does not say it is one; Go and OpenSSL do not.
    let differ = document(1, &["handshake", "admin", "kube-apiserver", "--fault", "F01", "--dir", root]);
    assert_eq!(differ["server_verdict"]["accepted"], false);
    assert_eq!(differ["server_verdict"]["webpki"]["verdict"], "accepted");
    assert_eq!(differ["server_verdict"]["openssl"]["verdict"], "refused");
    let words = differ["server_verdict"]["openssl"]["message"].as_str().unwrap();
    assert!(words.contains("error 79 at 1 depth lookup"), "{words}");
    let hello = &good["messages"][0];
    let keys_of_message =
        "at_micros bytes encrypted_under facts fields from record_bytes record_offset summary type";
    assert_eq!(keys(hello), keys_of_message);
    assert_eq!((hello["from"].as_str(), hello["type"].as_str()), (Some("client"), Some("client_hello")));
    assert_eq!(keys(&hello["fields"][0]), "bytes name offset value");
    assert_eq!(
        (good["tls"].as_str(), good["cipher_suite"].as_str(), good["group"].as_str()),
        (Some("TLS 1.3"), Some("TLS_AES_128_GCM_SHA256"), Some("x25519"))
    );

    // The scheduler trusts the cluster's CA and not etcd's: it refuses the server.
    let refused = document(1, &["handshake", "kube-scheduler", "etcd", "--dir", root]);
    assert_eq!(refused["outcome"], "refused-by-client");
    assert_eq!(refused["alert"]["from"], "client");
    assert_eq!(refused["alert"]["sent"], "bad_certificate");
    assert_eq!(refused["server_verdict"]["message"], "x509: certificate signed by unknown authority");

    // Nobody at all: known to the API server as anonymous, refused by etcd in TLS.
    let anonymous = document(1, &["handshake", "anonymous", "kube-apiserver", "--dir", root]);
    assert_eq!(anonymous["outcome"], "403");
    assert_eq!(anonymous["identity"]["user"], "system:anonymous");
    let outside = document(
        1,
        &["handshake", "admin", "kube-apiserver", "--request", "GET /api/v1/nodes/none", "--dir", root],
    );
    assert_eq!(outside["outcome"], "404");
}
