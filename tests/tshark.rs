//! tshark reads what is written here, with no settings, and sees the same as dojang.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "common/frames.rs"]
mod frames;
#[path = "common/scenes.rs"]
mod scenes;
#[path = "common/tools.rs"]
mod tools;
#[path = "common/tshark.rs"]
mod tshark;

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use dojang::capture::{Comment, Conversation, Peer, read, write};
use dojang::wire::{Gap, Kind, Recording, Side, decode};
use frames::fixture;
use rustls::CertificateError;
use rustls::crypto::aws_lc_rs::{cipher_suite, kx_group};
use scenes::Scene;
use tshark::{Message, Record};

/// Lets tshark look at a capture of these connections.
fn with<T>(conversations: &[Conversation], look: impl FnOnce(&Path) -> T) -> T {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("in.pcapng");
    write(&mut std::fs::File::create(&path).unwrap(), conversations).unwrap();
    look(&path)
}

fn complaints(conversations: &[Conversation]) -> Vec<String> {
    with(conversations, tshark::complaints)
}

/// The captures of real tools, and their key logs.
const CAPTURES: [(&str, &str); 4] = [
    ("curl.pcap", "curl.keys"),
    ("s_client.pcap", "s_client.keys"),
    ("refused.pcap", "refused.keys"),
    ("kubectl.pcapng", ""),
];

fn captured(name: &str, keys: &str) -> Vec<Conversation> {
    let keys = if keys.is_empty() { String::new() } else { String::from_utf8(fixture(keys)).unwrap() };
    let capture = read(&fixture(name), &keys).unwrap();
    capture.found.into_iter().map(|found| found.conversation).collect()
}

/// The ports at which a cluster's components speak TLS, and 443.
const PORTS: [u16; 8] = [443, 2379, 2380, 6443, 8443, 10250, 10257, 10259];

#[test]
fn tshark_decrypts_on_every_port_of_a_cluster() {
    let original = captured("curl.pcap", "curl.keys").remove(0);
    let mut made = Vec::new();
    for port in PORTS {
        for (client, server) in [("10.0.0.21", "10.0.0.10"), ("fd00::21", "fd00::10")] {
            let mut one = original.clone();
            one.client.address = (client.parse::<IpAddr>().unwrap(), 50_123).into();
            one.server.address = (server.parse::<IpAddr>().unwrap(), port).into();
            one.recording.started += Duration::from_secs(made.len() as u64);
            made.push(one);
        }
    }
    assert_eq!(complaints(&made), Vec::<String>::new());
    // EncryptedExtensions, Certificate, CertificateVerify and Finished are encrypted.
    let names = ["tcp.stream", "tls.handshake.type"];
    let rows = with(&made, |path| tshark::fields(path, "tls.handshake", &names));
    for (stream, one) in made.iter().enumerate() {
        let of_stream = rows.iter().filter(|row| row[0] == stream.to_string());
        let kinds: Vec<_> = of_stream.map(|row| row[1].as_str()).collect();
        assert_eq!(kinds, ["1", "2,8,11,15,20", "20", "4", "4"], "{}", one.server.address);
    }
}

#[test]
fn tshark_complains_where_packets_are_missing() {
    let mut made = captured("curl.pcap", "curl.keys").remove(0);
    made.recording.gaps.push(Gap { from: Side::Server, offset: 804, length: 9 });
    assert!(complaints(&[made])[0].contains("Previous segment"));
}

#[test]
fn tshark_finds_every_checksum_right() {
    let made: Vec<_> = CAPTURES.into_iter().flat_map(|(name, keys)| captured(name, keys)).collect();
    let names = ["ip.version", "ip.checksum.status", "tcp.checksum.status"];
    let rows = with(&made, |path| tshark::fields(path, "tcp", &names));
    assert!(rows.len() > 50);
    for row in rows {
        // IPv6 has no checksum of its own.
        assert!(row[0] == "6" || row[1] == "1", "{row:?}");
        assert_eq!(row[2], "1", "{row:?}");
    }
}

#[test]
fn tshark_shows_the_components_names() {
    let mut made = captured("curl.pcap", "curl.keys").remove(0);
    made.client.name = Some("kubelet@node01".into());
    made.client.address = "10.0.0.21:50123".parse().unwrap();
    made.server.name = Some("kube-apiserver".into());
    made.server.address = "10.0.0.10:6443".parse().unwrap();
    made.comments = vec![Comment { segment: 1, text: "서버의 인증서".into() }];
    let arguments = ["-N", "n", "-T", "fields", "-e", "ip.src_host", "-e", "frame.comment"];
    let text = with(&[made], |path| tshark::run(path, &arguments));
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows[0], ["kubelet@node01", "kubelet@node01 connects to kube-apiserver"]);
    assert_eq!(rows[4], ["kube-apiserver", "서버의 인증서"]);
}

/// Healthy connections and what is special about each.
fn healthy() -> Vec<(String, Scene)> {
    let (p256, rsa, ed25519) =
        (&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_RSA_SHA256, &rcgen::PKCS_ED25519);
    let mut all = Vec::new();
    for suite in [
        cipher_suite::TLS13_AES_128_GCM_SHA256,
        cipher_suite::TLS13_AES_256_GCM_SHA384,
        cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
    ] {
        for (name, key) in [("P-256", p256), ("RSA", rsa), ("Ed25519", ed25519)] {
            all.push((format!("{:?} {name}", suite.suite()), Scene::of(suite, key)));
        }
    }
    for (suite, name, key) in [
        (cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "P-256", p256),
        (cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, "Ed25519", ed25519),
        (cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, "P-256", p256),
        (cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "RSA", rsa),
        (cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, "RSA", rsa),
        (cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, "RSA", rsa),
    ] {
        all.push((format!("{:?} {name}", suite.suite()), Scene::of(suite, key)));
    }
    let mut retried = Scene::of(cipher_suite::TLS13_AES_128_GCM_SHA256, p256);
    retried.client.groups = vec![kx_group::X25519, kx_group::SECP384R1];
    retried.server.groups = vec![kx_group::SECP384R1];
    all.push(("HelloRetryRequest".into(), retried));
    let mut anonymous = Scene::of(cipher_suite::TLS13_AES_128_GCM_SHA256, p256);
    anonymous.client.key = None;
    anonymous.asks = Some(false);
    all.push(("no client certificate".into(), anonymous));
    all
}

/// Refused connections and the alert of each (RFC 8446 section 6): who sends which number.
fn refused() -> Vec<(String, Scene, Side, u8)> {
    let thirteen = || Scene::of(cipher_suite::TLS13_AES_256_GCM_SHA384, &rcgen::PKCS_ECDSA_P256_SHA256);
    let twelve =
        || Scene::of(cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, &rcgen::PKCS_ECDSA_P256_SHA256);
    let mut all = Vec::new();
    for (version, scene) in [("1.3", thirteen()), ("1.2", twelve())] {
        for (why, error, number) in [
            ("an unknown CA", CertificateError::UnknownIssuer, 48),
            ("an expired certificate", CertificateError::Expired, 45),
            ("a revoked certificate", CertificateError::Revoked, 44),
            ("another name", CertificateError::NotValidForName, 42),
        ] {
            let mut by_client = scene.clone();
            by_client.client.refuses = Some(error.clone());
            all.push((format!("{version}: the client sees {why}"), by_client, Side::Client, number));
            let mut by_server = scene.clone();
            by_server.server.refuses = Some(error);
            all.push((format!("{version}: the server sees {why}"), by_server, Side::Server, number));
        }
        let mut bare = scene.clone();
        bare.client.key = None;
        all.push((format!("{version}: no certificate"), bare, Side::Server, 116));
        let mut strange = scene.clone();
        strange.client.protocols = vec!["h2"];
        all.push((format!("{version}: no common protocol"), strange, Side::Server, 120));
        let mut apart = scene;
        apart.client.groups = vec![kx_group::SECP256R1];
        apart.server.groups = vec![kx_group::SECP384R1];
        all.push((format!("{version}: no common group"), apart, Side::Server, 40));
    }
    let mut old = thirteen();
    old.client = twelve().client;
    all.push(("a client of 1.2 at a server of 1.3".into(), old, Side::Server, 70));
    all
}

/// The same as dojang decodes it.
fn told_by_dojang(conversation: &Conversation) -> (Vec<Record>, Vec<Message>) {
    let transcript = decode(&conversation.recording);
    let records = transcript.records.iter().map(|record| {
        let header = record.header.unwrap();
        (record.from, record.inner_type.unwrap_or(header.content_type).into(), usize::from(header.length))
    });
    let messages = transcript.messages.iter().filter_map(|message| {
        let (content, number) = match message.kind {
            Kind::Handshake(number) => (22, number.into()),
            Kind::HelloRetryRequest => (22, 2),
            Kind::Alert => (21, u64::from(message.bytes[0]) << 8 | u64::from(message.bytes[1])),
            // tshark tells of these but the record.
            Kind::ChangeCipherSpec | Kind::ApplicationData => return None,
            other => panic!("{other}: {:?}", message.problem),
        };
        Some((message.from, content, number, message.bytes.len()))
    });
    (records.collect(), messages.collect())
}

/// Connections between two components, one after the other.
fn conversations(recordings: impl IntoIterator<Item = Recording>) -> Vec<Conversation> {
    let peer = |name: &str, address: &str, port| Peer {
        name: Some(name.into()),
        address: (address.parse::<IpAddr>().unwrap(), port).into(),
    };
    let numbered = recordings.into_iter().zip(0_u16..);
    numbered
        .map(|(mut recording, number)| {
            recording.started += Duration::from_secs(u64::from(number));
            Conversation {
                client: peer("kubelet@node01", "10.0.0.21", 50_000 + number),
                server: peer("kube-apiserver", "10.0.0.10", 6443),
                recording,
                comments: Vec::new(),
            }
        })
        .collect()
}

/// Holds dojang's decoding against tshark's, connection by connection.
fn same(cases: &[String], made: &[Conversation]) {
    let ports: Vec<_> = made.iter().map(|one| one.server.address.port()).collect();
    let theirs = with(made, |path| tshark::told(path, &ports));
    for ((case, conversation), theirs) in cases.iter().zip(made).zip(theirs) {
        let ours = told_by_dojang(conversation);
        assert_eq!(ours.0, theirs.0, "the records of {case}");
        assert_eq!(ours.1, theirs.1, "the messages of {case}");
        assert!(ours.1.len() >= 2, "{case}");
    }
}

#[test]
fn tshark_sees_the_same_messages_in_healthy_connections() {
    let (cases, scenes): (Vec<_>, Vec<_>) = healthy().into_iter().unzip();
    let made = conversations(scenes.iter().map(Scene::run));
    same(&cases, &made);
    // All is read: each ends with close_notify both ways, and one hello is asked again.
    for (case, one) in cases.iter().zip(&made) {
        let (_, messages) = told_by_dojang(one);
        let last = &messages[messages.len() - 2..];
        assert_eq!(last, [(Side::Client, 21, 0x100, 2), (Side::Server, 21, 0x100, 2)], "{case}");
        let hellos = messages.iter().filter(|message| message.1 == 22 && message.2 == 1).count();
        assert_eq!(hellos, if case == "HelloRetryRequest" { 2 } else { 1 }, "{case}");
    }
}

#[test]
fn tshark_sees_the_same_alert_in_refused_connections() {
    let all = refused();
    assert!(all.len() >= 10);
    let cases: Vec<_> = all.iter().map(|(case, ..)| case.clone()).collect();
    let made = conversations(all.iter().map(|(_, scene, ..)| scene.run()));
    same(&cases, &made);
    for ((case, _, from, number), one) in all.iter().zip(&made) {
        let (_, messages) = told_by_dojang(one);
        let alerts: Vec<_> = messages.iter().filter(|message| message.1 == 21).collect();
        assert!(alerts.contains(&&(*from, 21, 0x200 | u64::from(*number), 2)), "{case}: {alerts:?}");
    }
}

#[test]
fn tshark_sees_the_same_messages_in_captures_of_real_clients() {
    for (name, keys) in CAPTURES {
        let mut made = captured(name, keys);
        // One of them is HTTP without TLS.
        made.retain(|one| !one.recording.key_log.is_empty());
        let cases: Vec<_> = made.iter().map(|one| format!("{name}, {}", one.server.address)).collect();
        assert!(!cases.is_empty());
        same(&cases, &made);
    }
}
