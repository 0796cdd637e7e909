//! Any bytes to the decoder of connections.

use std::time::Duration;

use dojang::capture::read;
use dojang::wire::{Field, Gap, Recording, Segment, Side, decode};
use time::OffsetDateTime;

use super::fixtures::files;

/// Runs one input: how many segments there are, three bytes for each (its side, whether
/// bytes are missing before it, its length), the length of the key log, the key log, and
/// the bytes of both streams as they alternated.
pub fn run(input: &[u8]) {
    let recording = recording(input);
    let transcript = decode(&recording);
    for side in [Side::Client, Side::Server] {
        let mut at = 0;
        for record in transcript.records.iter().filter(|record| record.from == side) {
            assert_eq!(record.offset, at);
            at += record.size;
        }
        assert_eq!(at, recording.stream(side).len());
    }
    for message in &transcript.messages {
        let mut at = 0;
        leaves(&message.fields, &mut at);
        assert_eq!(at, message.bytes.len());
        let carried: usize = message.pieces.iter().map(|piece| piece.range.len()).sum();
        assert_eq!(carried, message.bytes.len());
        assert!(message.pieces.iter().all(|piece| transcript.records[piece.record].from == message.from));
    }
    assert!(transcript.keys.iter().flat_map(|key| &key.records).all(|at| *at < transcript.records.len()));
}

/// The leaves are all bytes, one after the other, and a group is what is in it.
fn leaves(fields: &[Field], at: &mut usize) {
    for field in fields {
        assert_eq!(field.range.start, *at, "{}", field.name);
        if field.children.is_empty() {
            *at = field.range.end;
        } else {
            leaves(&field.children, at);
            assert_eq!(field.range.end, *at, "{}", field.name);
        }
    }
}

fn recording(input: &[u8]) -> Recording {
    let (count, mut rest) =
        input.split_first().map_or((0, input), |(count, rest)| (usize::from(*count), rest));
    let mut take = |length: usize| {
        let (taken, left) = rest.split_at(length.min(rest.len()));
        rest = left;
        taken
    };
    let heads: Vec<&[u8]> = (0..count).map(|_| take(3)).filter(|head| head.len() == 3).collect();
    let length = take(2).iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    let key_log = String::from_utf8_lossy(take(length)).into_owned();
    let mut made = Recording {
        started: OffsetDateTime::UNIX_EPOCH,
        client: Vec::new(),
        server: Vec::new(),
        segments: Vec::new(),
        gaps: Vec::new(),
        key_log,
    };
    for (number, head) in heads.iter().enumerate() {
        let from = if head[0] & 1 == 0 { Side::Client } else { Side::Server };
        let bytes = take(usize::from(u16::from_be_bytes([head[1], head[2]])));
        let stream = if from == Side::Client { &mut made.client } else { &mut made.server };
        let offset = stream.len();
        stream.extend_from_slice(bytes);
        if head[0] & 2 != 0 {
            made.gaps.push(Gap { from, offset, length: usize::from(head[0] >> 2) });
        }
        let at = Duration::from_millis(number as u64);
        made.segments.push(Segment { from, offset, length: bytes.len(), at });
    }
    made.client.extend_from_slice(rest);
    made
}

/// An input that gives this recording.
fn input(recording: &Recording, pieces: &[(Side, Vec<u8>)]) -> Vec<u8> {
    let pieces = &pieces[..pieces.len().min(255)];
    let mut out = vec![pieces.len() as u8];
    for (from, bytes) in pieces {
        out.push(u8::from(*from == Side::Server));
        out.extend((bytes.len() as u16).to_be_bytes());
    }
    out.extend((recording.key_log.len() as u16).to_be_bytes());
    out.extend(recording.key_log.bytes());
    pieces.iter().for_each(|(_, bytes)| out.extend(bytes));
    out
}

/// The connections of real tools; once as they are, and once with every message in the
/// clear, so that what is changed in one is still a message.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let keys: String = files("tests/fixtures/captures", ".keys")
        .into_iter()
        .map(|bytes| String::from_utf8(bytes).unwrap())
        .collect();
    let captures =
        [files("tests/fixtures/captures", ".pcap"), files("tests/fixtures/captures", ".pcapng")].concat();
    let mut all = Vec::new();
    for capture in captures {
        for found in read(&capture, &keys).unwrap().found {
            let recording = found.conversation.recording;
            let sealed: Vec<_> = recording
                .segments
                .iter()
                .map(|s| (s.from, recording.stream(s.from)[s.offset..s.offset + s.length].to_vec()))
                .collect();
            all.push(input(&recording, &sealed));
            let open: Vec<_> = decode(&recording)
                .messages
                .iter()
                .map(|message| {
                    let kind = match message.kind.name() {
                        "alert" => 21,
                        "change_cipher_spec" => 20,
                        _ => 22,
                    };
                    let length = (message.bytes.len() as u16).to_be_bytes();
                    (message.from, [&[kind, 3, 3][..], &length, &message.bytes].concat())
                })
                .collect();
            all.push(input(&Recording { key_log: String::new(), ..recording }, &open));
        }
    }
    all
}
