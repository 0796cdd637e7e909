//! tshark reads what is written here, with no settings, and sees the same as dojang.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "common/frames.rs"]
mod frames;
#[path = "common/tools.rs"]
mod tools;

use std::net::IpAddr;
use std::process::Command;
use std::time::Duration;

use dojang::capture::{Comment, Conversation, read, write};
use dojang::wire::{Recording, Side};
use frames::fixture;

/// What tshark prints for a capture of these connections.
fn tshark(conversations: &[Conversation], arguments: &[&str]) -> String {
    tools::require("tshark", "tshark");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("in.pcapng");
    write(&mut std::fs::File::create(&path).unwrap(), conversations).unwrap();
    let mut command = Command::new("tshark");
    // No settings of whoever runs the test.
    command.env("HOME", directory.path()).env_remove("XDG_CONFIG_HOME").env("LC_ALL", "C.UTF-8");
    let output = command.arg("-r").arg(&path).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A row for each packet: what tshark says of these fields, several values with commas.
fn fields(conversations: &[Conversation], filter: &str, names: &[&str]) -> Vec<Vec<String>> {
    let mut arguments = vec!["-Y", filter, "-T", "fields", "-o", "ip.check_checksum:TRUE"];
    arguments.extend(["-o", "tcp.check_checksum:TRUE"]);
    arguments.extend(names.iter().flat_map(|name| ["-e", name]));
    let text = tshark(conversations, &arguments);
    text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

/// Warnings and errors (severities 0x600000 and 0x800000) that tshark has of a capture.
fn complaints(conversations: &[Conversation]) -> Vec<Vec<String>> {
    fields(conversations, "_ws.expert.severity >= 0x600000", &["frame.number", "_ws.expert.message"])
}

fn captured(name: &str, keys: &str) -> Vec<Conversation> {
    let keys = if keys.is_empty() { String::new() } else { String::from_utf8(fixture(keys)).unwrap() };
    let capture = read(&fixture(name), &keys).unwrap();
    capture.found.into_iter().map(|found| found.conversation).collect()
}

/// Content type and length of each record of one end.
fn records(recording: &Recording, from: Side) -> Vec<(u8, usize)> {
    let (stream, mut at, mut all) = (recording.stream(from), 0, Vec::new());
    while at < stream.len() {
        let length = usize::from(u16::from_be_bytes([stream[at + 3], stream[at + 4]]));
        all.push((stream[at], length));
        at += 5 + length;
    }
    all
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
    assert_eq!(complaints(&made), Vec::<Vec<String>>::new());
    // EncryptedExtensions, Certificate, CertificateVerify and Finished are encrypted.
    let rows = fields(&made, "tls.handshake", &["tcp.stream", "tls.handshake.type"]);
    for (stream, one) in made.iter().enumerate() {
        let of_stream = rows.iter().filter(|row| row[0] == stream.to_string());
        let kinds: Vec<_> = of_stream.map(|row| row[1].as_str()).collect();
        assert_eq!(kinds, ["1", "2,8,11,15,20", "20", "4", "4"], "{}", one.server.address);
    }
}

#[test]
fn tshark_sees_the_same_records_and_right_checksums() {
    for (name, keys) in [
        ("curl.pcap", "curl.keys"),
        ("s_client.pcap", "s_client.keys"),
        ("refused.pcap", "refused.keys"),
        ("kubectl.pcapng", ""),
    ] {
        for conversation in captured(name, keys) {
            let one = std::slice::from_ref(&conversation);
            assert_eq!(complaints(one), Vec::<Vec<String>>::new(), "{name}");
            for row in fields(one, "tcp", &["ip.checksum.status", "tcp.checksum.status"]) {
                assert!(row[0] == "1" || conversation.server.address.is_ipv6(), "{name}: {row:?}");
                assert_eq!(row[1], "1", "{name}");
            }
            if conversation.recording.key_log.is_empty() {
                continue;
            }
            for from in [Side::Client, Side::Server] {
                let peer = if from == Side::Client { &conversation.client } else { &conversation.server };
                let filter = format!("tls.record.length && tcp.srcport == {}", peer.address.port());
                let rows = fields(one, &filter, &["tls.record.length"]);
                let lengths: Vec<usize> = rows
                    .iter()
                    .flat_map(|row| row[0].split(','))
                    .map(|length| length.parse().unwrap())
                    .collect();
                let ours: Vec<_> = records(&conversation.recording, from).into_iter().map(|r| r.1).collect();
                assert_eq!(lengths, ours, "{name}, {from}");
            }
        }
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
    let text = tshark(&[made], &["-N", "n", "-T", "fields", "-e", "ip.src_host", "-e", "frame.comment"]);
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows[0], ["kubelet@node01", "kubelet@node01 connects to kube-apiserver"]);
    assert_eq!(rows[4], ["kube-apiserver", "서버의 인증서"]);
}
