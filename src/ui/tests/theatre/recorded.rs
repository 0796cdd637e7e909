//! Connections that were recorded once, and one that never was.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::super::fake::{UNKNOWN, verdict};
use crate::lab::{Judgement, Moment, Play, PlayRequest, Scene, Tls, Variant};
use crate::trust::Rule;
use crate::wire::{Recording, Segment, Side};

/// A connection of the lab that was recorded once: `tests/fixtures/theatre`.
pub(in crate::ui) fn recorded(request: &PlayRequest) -> Play {
    let is_faulty = matches!(request.variant, Variant::Fault(_));
    let text = match (is_faulty, request.tls) {
        (true, _) => include_str!("../../../../tests/fixtures/theatre/refused.txt"),
        (_, Some(Tls::Tls12)) => include_str!("../../../../tests/fixtures/theatre/tls12.txt"),
        _ => include_str!("../../../../tests/fixtures/theatre/tls13.txt"),
    };
    let (client, server) = match &request.scene {
        Scene::Edge { client, server } => (client.clone(), server.clone()),
        Scene::Step { .. } | Scene::Trial { .. } => ("admin".to_owned(), "kube-apiserver@cp1".to_owned()),
    };
    let judged = |by, refused: Option<&str>| Judgement {
        by,
        at: Moment::Certificate,
        verdict: Some(verdict(refused.map(|words| (Rule::Issuer, "no authority signed it", words)))),
        refusal: refused.map(|words| format!("tls: failed to verify certificate: {words}")),
    };
    let judgements = vec![judged(Side::Client, None), judged(Side::Server, is_faulty.then_some(UNKNOWN))];
    Play { client, server, recording: Arc::new(recording(text)), judgements }
}

/// Reads a fixture: who, when in microseconds, the bytes; then the key log.
fn recording(text: &str) -> Recording {
    let mut read = empty();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split(' ').collect();
        let from = match words[0] {
            "client" => Side::Client,
            "server" => Side::Server,
            _ => {
                read.key_log.push_str(line);
                read.key_log.push('\n');
                continue;
            }
        };
        let bytes: Vec<u8> = (0..words[2].len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&words[2][at..at + 2], 16).unwrap())
            .collect();
        send(&mut read, from, Duration::from_micros(words[1].parse().unwrap()), &bytes);
    }
    read
}

fn empty() -> Recording {
    Recording {
        started: OffsetDateTime::UNIX_EPOCH,
        client: Vec::new(),
        server: Vec::new(),
        segments: Vec::new(),
        gaps: Vec::new(),
        key_log: String::new(),
    }
}

fn send(recording: &mut Recording, from: Side, at: Duration, bytes: &[u8]) {
    let stream = match from {
        Side::Client => &mut recording.client,
        Side::Server => &mut recording.server,
    };
    recording.segments.push(Segment { from, offset: stream.len(), length: bytes.len(), at });
    stream.extend_from_slice(bytes);
}

/// Every kind of message in the clear, with a body that most of them do not have.
pub(super) fn every_kind() -> Play {
    let mut recording = empty();
    let body: Vec<u8> = (0..60).collect();
    let mut record = |content_type: u8, content: &[u8]| {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        let bytes = [&[content_type, 3, 3, length[0], length[1]], content].concat();
        send(&mut recording, Side::Client, Duration::from_millis(1), &bytes);
    };
    for number in [0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 20, 22, 24, 25, 99, 254] {
        record(22, &[&[number, 0, 0, 60][..], &body].concat());
    }
    record(20, &[1]);
    record(21, &[2, 42]);
    record(24, &body);
    record(77, &body);
    record(23, &body);
    send(&mut recording, Side::Server, Duration::from_millis(2), b"HTTP/1.1 400 Bad Request\r\n\r\n");
    Play { client: "a".into(), server: "b".into(), recording: Arc::new(recording), judgements: Vec::new() }
}
