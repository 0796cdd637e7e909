//! What tshark says of a capture.
#![allow(dead_code)]

use std::path::Path;
use std::process::Command;

use dojang::wire::Side;
use serde_json::Value;

use super::tools;

/// What tshark prints for a capture, with no settings of whoever runs the test.
pub(crate) fn run(path: &Path, arguments: &[&str]) -> String {
    tools::require("tshark", "tshark");
    let mut command = Command::new("tshark");
    command.env("HOME", path.parent().unwrap()).env_remove("XDG_CONFIG_HOME").env("LC_ALL", "C.UTF-8");
    let output = command.arg("-r").arg(path).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A row for each packet: what tshark says of these fields, several values with commas.
pub(crate) fn fields(path: &Path, filter: &str, names: &[&str]) -> Vec<Vec<String>> {
    let mut arguments = vec!["-Y", filter, "-T", "fields", "-o", "ip.check_checksum:TRUE"];
    arguments.extend(["-o", "tcp.check_checksum:TRUE"]);
    arguments.extend(names.iter().flat_map(|name| ["-e", name]));
    let text = run(path, &arguments);
    text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

/// The severity of a warning; an error's is 0x800000, a note's 0x400000.
const WARNING: u64 = 0x60_0000;

/// Warnings and errors that tshark has of a capture.
pub(crate) fn complaints(path: &Path) -> Vec<String> {
    let filter = format!("_ws.expert.severity >= {WARNING}");
    let rows = fields(path, &filter, &["frame.number", "_ws.expert.message"]);
    rows.into_iter().map(|row| row.join(" ")).collect()
}

/// What is compared of a message: who sent it, its record's content type, its number (a
/// handshake message's type, an alert's level and description) and its size.
pub(crate) type Message = (Side, u64, u64, usize);

/// What is compared of a record: who sent it, the content type inside, its length.
pub(crate) type Record = (Side, u64, usize);

/// A value that tshark's JSON has once or several times.
fn each(value: &Value) -> &[Value] {
    match value {
        Value::Array(all) => all,
        Value::Null => &[],
        one => std::slice::from_ref(one),
    }
}

fn number(value: &Value) -> u64 {
    value.as_str().unwrap_or_else(|| panic!("no number: {value}")).parse().unwrap()
}

/// The severities of tshark's remarks anywhere in a packet.
fn severities(layer: &Value) -> Vec<u64> {
    match layer {
        Value::Object(fields) => {
            let own = fields.get("_ws.expert.severity").map(number);
            own.into_iter().chain(fields.values().flat_map(severities)).collect()
        }
        Value::Array(all) => all.iter().flat_map(severities).collect(),
        _ => Vec::new(),
    }
}

/// Records and messages as tshark decrypts them, by connection; the server of each is at
/// this port. There must be nothing of which tshark warns.
pub(crate) fn told(path: &Path, server_ports: &[u16]) -> Vec<(Vec<Record>, Vec<Message>)> {
    let text = run(path, &["-T", "json", "--no-duplicate-keys", "-J", "ip ipv6 tcp tls"]);
    let packets: Value = serde_json::from_str(&text).unwrap();
    let mut told = vec![(Vec::new(), Vec::new()); server_ports.len()];
    for layers in packets.as_array().unwrap().iter().map(|packet| &packet["_source"]["layers"]) {
        assert!(severities(layers).iter().all(|severity| *severity < WARNING), "{layers:#}");
        let stream = number(&layers["tcp"]["tcp.stream"]) as usize;
        let by_server = number(&layers["tcp"]["tcp.srcport"]) == u64::from(server_ports[stream]);
        let from = if by_server { Side::Server } else { Side::Client };
        for record in each(&layers["tls"]).iter().flat_map(|tls| each(&tls["tls.record"])) {
            let content = number(&record["tls.record.content_type"]);
            told[stream].0.push((from, content, number(&record["tls.record.length"]) as usize));
            for message in each(&record["tls.handshake"]) {
                let size = number(&message["tls.handshake.length"]) as usize + 4;
                told[stream].1.push((from, content, number(&message["tls.handshake.type"]), size));
            }
            for alert in each(&record["tls.alert_message"]) {
                let level = number(&alert["tls.alert_message.level"]);
                let description = number(&alert["tls.alert_message.desc"]);
                told[stream].1.push((from, content, level << 8 | description, 2));
            }
        }
    }
    told
}
