//! The decoder on connections of rustls, both ends in memory.

mod harness;

use rustls::SupportedCipherSuite;
use rustls::crypto::aws_lc_rs::cipher_suite as suites;
use rustls::crypto::aws_lc_rs::kx_group;

use super::*;
use harness::{Keys, Scene, assert_whole, names};

fn read(recording: &Recording) -> Transcript {
    let transcript = decode(recording);
    assert_whole(recording, &transcript);
    transcript
}

fn problems(transcript: &Transcript) -> Vec<(Kind, Problem)> {
    transcript.messages.iter().filter_map(|m| Some((m.kind, m.problem?))).collect()
}

/// How many Finished were found right.
fn proven(transcript: &Transcript) -> usize {
    let facts = transcript.messages.iter().flat_map(|message| &message.facts);
    facts.filter(|fact| fact.name == "verify_data" && fact.value == "right").count()
}

const SESSION_13: [&str; 19] = [
    "client client_hello",
    "server server_hello",
    "server change_cipher_spec",
    "server encrypted_extensions",
    "server certificate_request",
    "server certificate",
    "server certificate_verify",
    "server finished",
    "client change_cipher_spec",
    "client certificate",
    "client certificate_verify",
    "client finished",
    "server new_session_ticket",
    "server new_session_ticket",
    "client application_data",
    "server application_data",
    "client alert",
    "server alert",
    "",
];

const SESSION_12: [&str; 18] = [
    "client client_hello",
    "server server_hello",
    "server certificate",
    "server server_key_exchange",
    "server certificate_request",
    "server server_hello_done",
    "client certificate",
    "client client_key_exchange",
    "client certificate_verify",
    "client change_cipher_spec",
    "client finished",
    "server change_cipher_spec",
    "server finished",
    "client application_data",
    "server application_data",
    "client alert",
    "server alert",
    "",
];

fn every_key(of: &[(SupportedCipherSuite, &[Keys])], told: &[&str], under: &str) {
    for (suite, keys) in of {
        for keys in *keys {
            let recording = Scene { suite: *suite, keys: *keys, ..Scene::default() }.run();
            let transcript = read(&recording);
            let case = format!("{:?} {keys:?}", suite.suite());
            assert_eq!(names(&transcript).join("\n"), told.join("\n").trim_end(), "{case}");
            assert_eq!(problems(&transcript), [], "{case}");
            assert_eq!(proven(&transcript), 2, "{case}");
            assert_eq!(
                transcript.cipher_suite.map(suite_name),
                suite.suite().as_str().map(|s| s.replace("TLS13_", "TLS_"))
            );
            assert_eq!(transcript.group.map(group_name).as_deref(), Some("x25519"));
            assert_eq!(transcript.server_name.as_deref(), Some("kube-apiserver"));
            assert_eq!(transcript.protocol.as_deref(), Some("http/1.1"));
            let data: Vec<&Message> =
                transcript.messages.iter().filter(|m| m.kind == Kind::ApplicationData).collect();
            assert_eq!(data[0].summary, "GET /version HTTP/1.1", "{case}");
            assert_eq!(data[0].protection.to_string(), under, "{case}");
            assert_eq!(data[1].bytes, b"HTTP/1.1 200 OK\r\n\r\n", "{case}");
            // Every key that is shown was used, and each protects its own records.
            assert!(transcript.keys.iter().all(|key| !key.records.is_empty()), "{case}");
            let certificate = transcript.messages.iter().find(|m| m.kind == Kind::CERTIFICATE).unwrap();
            assert_eq!(certificate.summary, "CN=kube-apiserver", "{case}");
            let der = certificate.certificates()[0];
            assert_eq!(crate::x509::subject(der).unwrap(), "CN=kube-apiserver", "{case}");
            assert!(certificate.field("cert_data").unwrap().value.ends_with("; issuer CN=kubernetes-ca"));
        }
    }
}

const ALL: &[Keys] = &[Keys::P256, Keys::Rsa, Keys::Ed25519];

#[test]
fn every_suite_of_tls_1_3_is_read_to_the_last_byte() {
    every_key(
        &[
            (suites::TLS13_AES_128_GCM_SHA256, ALL),
            (suites::TLS13_AES_256_GCM_SHA384, ALL),
            (suites::TLS13_CHACHA20_POLY1305_SHA256, ALL),
        ],
        &SESSION_13,
        "application",
    );
}

#[test]
fn every_suite_of_tls_1_2_is_read_to_the_last_byte() {
    const ECDSA: &[Keys] = &[Keys::P256, Keys::Ed25519];
    const RSA: &[Keys] = &[Keys::Rsa];
    every_key(
        &[
            (suites::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, ECDSA),
            (suites::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, ECDSA),
            (suites::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, ECDSA),
            (suites::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, RSA),
            (suites::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, RSA),
            (suites::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, RSA),
        ],
        &SESSION_12,
        "session",
    );
}

#[test]
fn a_hello_retry_request_is_told_and_the_proofs_still_hold() {
    let scene = Scene {
        client_groups: vec![kx_group::X25519, kx_group::SECP384R1],
        server_groups: vec![kx_group::SECP384R1],
        ..Scene::default()
    };
    let transcript = read(&scene.run());
    assert_eq!(
        names(&transcript)[..4],
        [
            "client client_hello",
            "server hello_retry_request",
            "server change_cipher_spec",
            "client change_cipher_spec",
        ]
    );
    assert_eq!(names(&transcript)[4..6], ["client client_hello", "server server_hello"]);
    assert_eq!(transcript.messages[1].field("selected_group").unwrap().value, "secp384r1 (0x0018)");
    assert_eq!(problems(&transcript), []);
    assert_eq!(proven(&transcript), 2);
    assert_eq!(transcript.group.map(group_name).as_deref(), Some("secp384r1"));
}

#[test]
fn key_updates_renew_the_keys_of_both_ends() {
    let transcript = read(&Scene { key_updates: true, ..Scene::default() }.run());
    assert_eq!(problems(&transcript), []);
    let updates: Vec<&Message> = transcript.messages.iter().filter(|m| m.kind == Kind::KEY_UPDATE).collect();
    assert!(!updates.is_empty());
    let data = transcript.messages.iter().find(|m| m.kind == Kind::ApplicationData).unwrap();
    assert_eq!(data.protection, Protection::Application { generation: 1 });
}

#[test]
fn early_data_of_a_resumed_session_is_read() {
    for suite in [suites::TLS13_AES_128_GCM_SHA256, suites::TLS13_CHACHA20_POLY1305_SHA256] {
        let transcript = read(&Scene { suite, ..Scene::default() }.run_resumed());
        assert_eq!(problems(&transcript), []);
        assert_eq!(proven(&transcript), 2);
        let told = names(&transcript);
        assert!(!told.contains(&"server certificate".to_owned()), "{told:?}");
        assert!(told.contains(&"client end_of_early_data".to_owned()), "{told:?}");
        assert!(transcript.messages[0].field("identity").is_some());
        let data = transcript.messages.iter().find(|m| m.kind == Kind::ApplicationData).unwrap();
        assert_eq!((data.protection, data.summary.as_str()), (Protection::Early, "GET /version HTTP/1.1"));
    }
}

#[test]
fn a_refusal_is_told_by_its_alert() {
    let refuses = Scene { client_trusts: false, ..Scene::default() };
    let transcript = read(&refuses.run());
    let alert = transcript.messages.last().unwrap();
    assert_eq!((alert.from, alert.kind), (Side::Client, Kind::Alert));
    assert_eq!(alert.summary, "fatal unknown_ca (48)");
    assert_eq!(alert.protection, Protection::Handshake);

    let shows_none = Scene { client_has_certificate: false, ..Scene::default() };
    let transcript = read(&shows_none.run());
    let told = |kind: Kind| transcript.messages.iter().rfind(|m| m.kind == kind).unwrap().summary.clone();
    assert_eq!(told(Kind::CERTIFICATE), "no certificate");
    assert_eq!(told(Kind::Alert), "fatal certificate_required (116)");

    // No group in common: the alert goes in the clear.
    let apart = Scene {
        client_groups: vec![kx_group::X25519],
        server_groups: vec![kx_group::SECP384R1],
        ..Scene::default()
    };
    let transcript = read(&apart.run());
    let alert = transcript.messages.last().unwrap();
    assert_eq!((alert.from, alert.protection), (Side::Server, Protection::None));
    assert_eq!(alert.summary, "fatal handshake_failure (40)");
}

#[test]
fn without_the_right_secrets_it_says_so() {
    for suite in [suites::TLS13_AES_128_GCM_SHA256, suites::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256] {
        let mut recording = Scene { suite, ..Scene::default() }.run();
        let key_log = std::mem::take(&mut recording.key_log);
        let transcript = read(&recording);
        assert!(transcript.keys.is_empty());
        let sealed: Vec<&Message> =
            transcript.messages.iter().filter(|m| m.kind == Kind::Encrypted).collect();
        assert!(sealed.len() >= 6);
        assert!(sealed.iter().all(|m| m.problem == Some(Problem::NoSecrets)));

        // Another digit at the end of each secret.
        let wrong: Vec<String> = key_log
            .lines()
            .map(|line| {
                let (start, last) = line.split_at(line.len() - 1);
                format!("{start}{}", if last == "0" { "1" } else { "0" })
            })
            .collect();
        recording.key_log = wrong.join("\n");
        let transcript = read(&recording);
        let told = problems(&transcript);
        assert!(told.len() >= 6);
        assert!(told.iter().all(|told| *told == (Kind::Encrypted, Problem::WrongSecrets)), "{told:?}");
    }
}

#[test]
fn only_a_part_of_the_secrets_reads_a_part() {
    let mut recording = Scene::default().run();
    let lines = recording.key_log.lines().filter(|line| line.contains("_TRAFFIC_SECRET_0"));
    recording.key_log = lines.collect::<Vec<_>>().join("\n");
    let transcript = read(&recording);
    assert!(transcript.messages.iter().any(|m| m.problem == Some(Problem::NoSecrets)));
    let data = transcript.messages.iter().filter(|m| m.kind == Kind::ApplicationData);
    assert_eq!(data.count(), 2);
}

#[test]
fn what_is_cut_off_is_told_at_its_message() {
    let whole = Scene::default().run();
    let mut cut = whole.clone();
    cut.client.truncate(100);
    cut.server.clear();
    cut.segments.truncate(1);
    let transcript = read(&cut);
    assert_eq!(names(&transcript), ["client client_hello"]);
    let hello = &transcript.messages[0];
    assert!(matches!(hello.problem, Some(Problem::Truncated { have: 95, .. })), "{:?}", hello.problem);
    assert!(hello.field("random").is_some());

    let mut cut = whole.clone();
    cut.server.truncate(300);
    let transcript = read(&cut);
    let last = transcript.messages.iter().rfind(|m| m.from == Side::Server).unwrap();
    assert_eq!(last.kind, Kind::Encrypted);
    assert!(matches!(last.problem, Some(Problem::Truncated { .. })));
}

#[test]
fn behind_a_gap_records_are_read_again() {
    let scene = Scene { suite: suites::TLS13_CHACHA20_POLY1305_SHA256, ..Scene::default() };
    let whole = scene.run();
    let records: Vec<Record> =
        decode(&whole).records.into_iter().filter(|record| record.from == Side::Client).collect();
    // Some bytes of the client's Certificate record, all of it, and the end of the record
    // before with the beginning of it.
    let target = records.iter().position(|record| record.size > 300).unwrap();
    for (start, length) in [
        (records[target].offset + 50, 20),
        (records[target].offset, records[target].size),
        (records[target].offset - 3, 63),
    ] {
        let mut lossy = whole.clone();
        lossy.client.drain(start..start + length);
        lossy.gaps.push(Gap { from: Side::Client, offset: start, length });
        lossy.segments = vec![
            Segment { offset: 0, length: records[0].size, ..whole.segments[0] },
            Segment { from: Side::Server, offset: 0, length: whole.server.len(), ..whole.segments[0] },
        ];
        let transcript = read(&lossy);
        let data =
            transcript.messages.iter().find(|m| m.from == Side::Client && m.kind == Kind::ApplicationData);
        assert_eq!(data.map(|m| m.summary.as_str()), Some("GET /version HTTP/1.1"), "gap of {length}");
    }
}

#[test]
fn what_is_no_tls_is_told_by_what_it_is() {
    let told = |bytes: &[u8]| {
        let recording = Recording {
            started: time::OffsetDateTime::UNIX_EPOCH,
            client: bytes.to_vec(),
            server: Vec::new(),
            segments: Vec::new(),
            gaps: Vec::new(),
            key_log: String::new(),
        };
        let transcript = read(&recording);
        assert_eq!(transcript.messages.len(), 1);
        (transcript.messages[0].kind, transcript.messages[0].problem.unwrap())
    };
    assert_eq!(told(b"GET / HTTP/1.1\r\n\r\n"), (Kind::NotTls, Problem::PlainHttp));
    assert_eq!(told(b"SSH-2.0-OpenSSH\r\n"), (Kind::NotTls, Problem::Ssh));
    assert_eq!(told(&[0x80, 0x2e, 1, 3, 1, 0, 0]), (Kind::NotTls, Problem::Ssl2));
    assert_eq!(told(&[0; 50]), (Kind::NotTls, Problem::NotTls));
    assert_eq!(told(&[22, 3, 1, 0xff, 0xff, 1]), (Kind::NotTls, Problem::TooLong(0xffff)));
    assert_eq!(told(&[22, 3, 1, 0, 9]), (Kind::Fragment, Problem::Truncated { have: 5, want: 14 }));
    assert_eq!(told(&[22, 3]), (Kind::Fragment, Problem::Truncated { have: 2, want: 5 }));
}

#[test]
fn a_message_over_many_records_is_one() {
    let mut body = vec![11, 0x10, 0, 0];
    body.resize(4 + 0x10_0000, 0xab);
    let mut client = Vec::new();
    for part in body.chunks(16384) {
        client.extend_from_slice(&[22, 3, 3]);
        client.extend_from_slice(&u16::try_from(part.len()).unwrap().to_be_bytes());
        client.extend_from_slice(part);
    }
    let recording = Recording {
        started: time::OffsetDateTime::UNIX_EPOCH,
        client,
        server: Vec::new(),
        segments: Vec::new(),
        gaps: Vec::new(),
        key_log: String::new(),
    };
    let transcript = read(&recording);
    assert_eq!(names(&transcript), ["client certificate"]);
    assert_eq!(transcript.messages[0].pieces.len(), 65);
    assert!(matches!(transcript.messages[0].problem, Some(Problem::Malformed { .. })));
}

#[test]
fn nothing_makes_it_fail() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut chance = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below.max(1) as u64).unwrap()
    };
    let scenes = [
        Scene::default(),
        Scene { suite: suites::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, ..Scene::default() },
    ];
    for scene in scenes {
        let whole = scene.run();
        for _ in 0..300 {
            let mut recording = whole.clone();
            for _ in 0..=chance(4) {
                let stream = if chance(2) == 0 { &mut recording.client } else { &mut recording.server };
                let at = chance(stream.len());
                match chance(4) {
                    0 => stream.truncate(at),
                    1 => drop(stream.drain(at..(at + chance(40)).min(stream.len()))),
                    2 => stream.insert(at, u8::try_from(chance(256)).unwrap()),
                    _ => {
                        if let Some(byte) = stream.get_mut(at) {
                            *byte ^= 1 << chance(8);
                        }
                    }
                }
                let from = if chance(2) == 0 { Side::Client } else { Side::Server };
                if chance(3) == 0 {
                    recording.gaps.push(Gap { from, offset: chance(2000), length: chance(500) });
                }
                if chance(3) == 0 && !recording.segments.is_empty() {
                    recording.segments.swap_remove(chance(recording.segments.len()));
                }
            }
            read(&recording);
        }
    }
}
