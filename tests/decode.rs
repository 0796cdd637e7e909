//! `dojang decode` on captures of real tools.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;
#[path = "common/frames.rs"]
mod frames;

use std::path::PathBuf;

use common::{answer, argument, dojang, text};
use frames::{Format, Order, fixture};
use serde_json::Value;

fn path(name: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    argument(&root.join("tests/fixtures/captures").join(name)).to_owned()
}

/// What the program says where the answer is no (or the call wrong): status, output, error.
fn said(arguments: &[&str]) -> (i32, String, String) {
    let output = dojang(arguments);
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn keys(value: &Value) -> String {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys.join(" ")
}

#[test]
fn a_capture_of_curl_is_told_message_by_message() {
    let told = answer(&["decode", &path("curl.pcap"), "--keylog", &path("curl.keys")]);
    let order = [
        "127.0.0.1:50742 → 127.0.0.1:16443  TLS",
        "TLS 1.3  TLS_AES_256_GCM_SHA384  x25519",
        "→ client_hello",
        "← server_hello",
        "← encrypted_extensions",
        "← certificate ",
        "CN=kube-apiserver",
        "← certificate_verify",
        "← finished",
        "→ finished",
        "→ application_data",
        "GET / HTTP/1.1",
        "← new_session_ticket",
        "close_notify",
    ];
    let mut rest = told.as_str();
    for line in order {
        rest = rest.split_once(line).unwrap_or_else(|| panic!("{line} is not behind the rest in\n{told}")).1;
    }
    assert!(!told.contains('✗'), "{told}");
}

#[test]
fn without_secrets_it_says_where_to_get_them() {
    let told = answer(&["decode", &path("curl.pcap")]);
    assert!(told.contains("← server_hello") && told.contains("← encrypted"), "{told}");
    assert!(told.contains("name the key log with --keylog"), "{told}");
    // A key log of another connection opens nothing either.
    let told = answer(&["decode", &path("curl.pcap"), "--keylog", &path("s_client.keys")]);
    assert!(told.contains("name the key log with --keylog"), "{told}");
}

#[test]
fn secrets_inside_the_file_are_enough() {
    let told = answer(&["decode", &path("kubectl.pcapng")]);
    assert!(told.contains("GET /version?timeout=5s HTTP/1.1") && !told.contains('✗'), "{told}");
}

#[test]
fn the_document_has_its_keys() {
    let arguments = ["decode", &path("refused.pcap"), "--keylog", &path("refused.keys"), "--format", "json"];
    let document: Value = serde_json::from_str(&answer(&arguments)).unwrap();
    assert_eq!(keys(&document), "connections ends_early file packets skipped");
    let connections = document["connections"].as_array().unwrap();
    assert_eq!(connections.len(), 2);
    assert_eq!(
        keys(&connections[1]),
        "alpn cipher_suite client client_bytes comments flaws group keys messages number protocol reordered \
         repeated secrets server server_bytes server_name started tls"
    );
    assert_eq!(connections[1]["tls"], "TLS 1.3");
    assert_eq!(keys(&connections[1]["client"]), "address name");
    let messages = connections[1]["messages"].as_array().unwrap();
    let last = messages.last().unwrap();
    assert_eq!(
        keys(last),
        "at_micros bytes encrypted_under facts fields from record_bytes record_offset summary type"
    );
    assert_eq!((last["from"].as_str(), last["type"].as_str()), (Some("client"), Some("alert")));
    assert_eq!(last["summary"], "fatal unknown_ca (48)");
    assert_eq!(keys(&last["fields"][0]), "bytes name offset value");
    let kinds = |connection: &Value| -> Vec<String> {
        let messages = connection["messages"].as_array().unwrap().iter();
        messages.map(|message| message["type"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(kinds(&connections[0])[..2], ["client_hello", "hello_retry_request"]);
    // Certificates stand under the handshake key.
    let certificate = messages.iter().find(|message| message["type"] == "certificate").unwrap();
    assert_eq!(certificate["encrypted_under"], "handshake");
    assert!(messages[0]["encrypted_under"].is_null());

    // What is no TLS has no messages.
    let mixed: Value =
        serde_json::from_str(&answer(&["decode", &path("s_client.pcap"), "--format", "json"])).unwrap();
    assert_eq!(mixed["connections"][1]["protocol"], "other");
    assert!(mixed["connections"][1].get("messages").is_none());
    assert_eq!(mixed["skipped"][0]["what"], "packets of UDP");
}

#[test]
fn one_connection_can_be_chosen() {
    let told = answer(&["decode", &path("refused.pcap"), "--connection", "2"]);
    assert!(told.starts_with("2  127.0.0.1:52650") && !told.contains("1  127.0.0.1"), "{told}");
    let (status, _, error) = said(&["decode", &path("refused.pcap"), "--connection", "3"]);
    assert_eq!(status, 2);
    assert!(error.contains("has no connection 3: name one of 1 to 2"), "{error}");
}

#[test]
fn a_capture_without_tls_says_what_to_do() {
    let (status, told, error) = said(&["decode", &path("s_client.pcap"), "--connection", "2"]);
    assert_eq!((status, error.as_str()), (1, ""));
    assert!(told.contains("None of these connections begins with TLS: capture from before"), "{told}");
    let directory = tempfile::tempdir().unwrap();
    let empty = directory.path().join("empty.pcap");
    std::fs::write(&empty, frames::file(Format::Micro, Order::Little, 1, &[])).unwrap();
    let (status, told, _) = said(&["decode", argument(&empty)]);
    assert_eq!(status, 1);
    assert!(told.contains("No TCP connection is in this capture: take one with tcpdump"), "{told}");
    let (_, told, _) = said(&["decode", argument(&empty), "--lang", "ko"]);
    assert!(told.contains("이 캡처에는 TCP 연결이 없어요"), "{told}");
}

#[test]
fn what_is_no_capture_is_a_wrong_call() {
    let (status, _, error) = said(&["decode", &path("README.md")]);
    assert_eq!(status, 2);
    assert!(error.contains("it is neither pcapng nor pcap: take a capture with tcpdump -w"), "{error}");
    let (status, _, error) = said(&["decode", "/nonexistent.pcap"]);
    assert_eq!(status, 2);
    assert!(error.contains("/nonexistent.pcap does not exist: name a capture"), "{error}");
    let (status, _, error) = said(&["decode", &path("curl.pcap"), "--keylog", "/nonexistent.keys"]);
    assert_eq!(status, 2);
    assert!(error.contains("/nonexistent.keys does not exist: name a key log"), "{error}");
    assert_eq!(said(&["decode", &path("")]).0, 3);
}

#[test]
fn a_missing_packet_is_told_where_it_is_missing() {
    let mut all = frames::frames(&fixture("curl.pcap"));
    all.remove(11);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("gap.pcap");
    std::fs::write(&file, frames::file(Format::Micro, Order::Little, 1, &all)).unwrap();
    let told = answer(&["decode", argument(&file), "--keylog", &path("curl.keys")]);
    assert!(told.contains("✗ 5300 bytes of the server are missing, in 1 place"), "{told}");
    assert!(told.contains("← finished") && told.contains("← alert"), "{told}");
}

#[test]
fn names_and_remarks_of_hostile_captures_are_escaped() {
    let original = dojang::capture::read(&fixture("curl.pcap"), "").unwrap();
    let mut hostile = original.found[0].conversation.clone();
    hostile.client.name = Some("a\u{1b}[2Jb".into());
    hostile.comments = vec![dojang::capture::Comment { segment: 0, text: "c\u{1b}]0;d\u{7}".into() }];
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("hostile.pcapng");
    dojang::capture::write(&mut std::fs::File::create(&file).unwrap(), &[hostile]).unwrap();
    let told = answer(&["decode", argument(&file)]);
    assert!(!told.contains(['\u{1b}', '\u{7}']), "{told:?}");
    assert!(told.contains("[2Jb") && told.contains("]0;d"), "{told}");
}
