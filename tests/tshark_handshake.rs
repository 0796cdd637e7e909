//! What `dojang handshake` records is what tshark prints of the capture that it writes:
//! every suite, every kind of key, and the faults of the catalogue that TLS refuses.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;
#[path = "common/tshark.rs"]
mod tshark;

use std::path::Path;

use common::{answer, argument, dojang, text, tools};
use dojang::fault::Catalogue;
use dojang::wire::Side;
use serde_json::Value;

/// What is compared of a message: who sent it, its type, its size, an alert's description.
type Told = (Side, String, u64, Option<u64>);

/// Handshake messages by their numbers (RFC 8446 section 4, RFC 5246 section 7.4).
const TYPES: [(u64, &str); 13] = [
    (1, "client_hello"),
    (2, "server_hello"),
    (4, "new_session_ticket"),
    (8, "encrypted_extensions"),
    (11, "certificate"),
    (12, "server_key_exchange"),
    (13, "certificate_request"),
    (14, "server_hello_done"),
    (15, "certificate_verify"),
    (16, "client_key_exchange"),
    (20, "finished"),
    (22, "certificate_status"),
    (24, "key_update"),
];

/// A cluster with these keys.
fn cluster(key: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    answer(&["pki", "create", argument(directory.path()), "--key", key, "--layout", "kubeadm"]);
    directory
}

/// Makes one connection and holds what is told of it against tshark; what it was.
fn held(directory: &Path, ends: (&str, &str), options: &[&str]) -> (Value, Vec<Told>) {
    let capture = directory.join("wire.pcapng");
    let mut arguments = vec!["handshake", ends.0, ends.1, "--dir", argument(directory), "--format", "json"];
    arguments.extend(["--pcapng", argument(&capture)]);
    arguments.extend(options);
    let output = dojang(&arguments);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{options:?}: {}", text(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let read: Value =
        serde_json::from_str(&answer(&["decode", argument(&capture), "--format", "json"])).unwrap();
    let server = read["connections"][0]["server"]["address"].as_str().unwrap();
    let port = server.rsplit(':').next().unwrap().parse().unwrap();
    let (_, theirs) = tshark::told(&capture, &[port]).remove(0);
    let theirs: Vec<Told> = theirs
        .into_iter()
        .map(|(from, content, number, size)| match content {
            21 => (from, "alert".to_owned(), size as u64, Some(number & 0xff)),
            _ => {
                let name = TYPES.iter().find(|(known, _)| *known == number);
                let name = name.unwrap_or_else(|| panic!("handshake type {number}")).1;
                (from, name.to_owned(), size as u64, None)
            }
        })
        .collect();
    let ours = told(&document["messages"]);
    assert_eq!(ours, theirs, "{ends:?} {options:?}");
    assert_eq!(told(&read["connections"][0]["messages"]), ours, "what was recorded is not what was written");
    (document, ours)
}

/// Messages of a document. tshark calls HelloRetryRequest what its number says.
fn told(messages: &Value) -> Vec<Told> {
    let messages = messages.as_array().unwrap().iter().filter_map(|message| {
        let from = if message["from"] == "client" { Side::Client } else { Side::Server };
        let name = match message["type"].as_str().unwrap() {
            "change_cipher_spec" | "application_data" => return None,
            "hello_retry_request" => "server_hello",
            name => name,
        };
        let summary = message["summary"].as_str().unwrap();
        let number = || summary.rsplit_once('(')?.1.trim_end_matches(')').parse().ok();
        let alert = (name == "alert").then(|| number().unwrap());
        assert!(message.get("problem").is_none(), "{message}");
        Some((from, name.to_owned(), message["bytes"].as_u64().unwrap(), alert))
    });
    messages.collect()
}

/// The versions and suites of a cluster whose keys are of one kind.
fn every_suite(key: &str, cases: &[(&str, &str)]) {
    let cluster = cluster(key);
    for (version, suite) in cases {
        let options = ["--tls", version, "--suite", suite];
        let (document, messages) = held(cluster.path(), ("admin", "kube-apiserver"), &options);
        assert_eq!(document["outcome"], "200", "{suite}");
        assert_eq!(document["tls"], format!("TLS {version}"), "{suite}");
        assert!(messages.iter().filter(|message| message.1 == "finished").count() == 2, "{suite}");
    }
}

#[test]
fn connections_of_p256() {
    every_suite(
        "p256",
        &[
            ("1.3", "TLS13_AES_128_GCM_SHA256"),
            ("1.3", "TLS13_AES_256_GCM_SHA384"),
            ("1.3", "TLS13_CHACHA20_POLY1305_SHA256"),
            ("1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
            ("1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
            ("1.2", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
        ],
    );
}

#[test]
fn connections_of_rsa() {
    every_suite(
        "rsa-2048",
        &[
            ("1.3", "TLS13_AES_256_GCM_SHA384"),
            ("1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
            ("1.2", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
        ],
    );
}

#[test]
fn connections_of_ed25519() {
    every_suite(
        "ed25519",
        &[("1.3", "TLS13_CHACHA20_POLY1305_SHA256"), ("1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")],
    );
}

#[test]
fn a_second_client_hello() {
    let cluster = cluster("p256");
    let (document, messages) = held(cluster.path(), ("admin", "kube-apiserver"), &["--retry"]);
    let hellos = messages.iter().filter(|message| message.1 == "client_hello").count();
    assert_eq!((hellos, &document["outcome"]), (2, &Value::from("200")));
}

#[test]
fn every_fault_that_tls_refuses() {
    let cluster = cluster("p256");
    let mut refused = 0;
    for fault in Catalogue::embedded().unwrap().faults {
        let Some(making) = fault.make.filter(|making| making.outcome.starts_with("refused")) else {
            continue;
        };
        for version in ["1.3", "1.2"] {
            let options = ["--fault", &fault.id, "--tls", version];
            let ends = (making.client.as_str(), making.server.as_str());
            let (document, messages) = held(cluster.path(), ends, &options);
            assert_eq!(document["outcome"], making.outcome, "{} {version}", fault.id);
            let by = if making.outcome == "refused-by-client" { Side::Client } else { Side::Server };
            let mut alerts = messages.iter().filter_map(|(from, .., number)| Some((*from, (*number)?)));
            // etcd, which looks at a peer's address when the handshake is over, only closes.
            let is_told = !document["alert"].is_null();
            assert_eq!(
                alerts.any(|(from, number)| from == by && number != 0),
                is_told,
                "{} {version}: {messages:?}",
                fault.id
            );
            refused += 1;
        }
    }
    assert!(refused >= 20, "{refused}");
}
