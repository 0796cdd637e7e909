//! One recorded connection as the theatre shows it: what happens, beat by beat, once as the
//! two peers see it and once as anyone on the way does.

use std::sync::Arc;

use crate::lab::{Judgement, Moment, Play};
use crate::wire::{Field, Kind, Message, Recording, Side, Transcript, decode};

/// A recorded connection.
#[derive(Debug)]
pub(in crate::ui) struct Stage {
    /// The recording and the judgements.
    pub(in crate::ui) play: Arc<Play>,
    /// What the peers see.
    pub(in crate::ui) transcript: Transcript,
    /// What anyone on the way sees: one for each record.
    pub(in crate::ui) outside: Vec<Message>,
    /// What happens, in order.
    pub(in crate::ui) beats: Vec<Beat>,
}

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Beat {
    /// A message goes over the wire: its place in the transcript, or among the records.
    Message(usize),
    /// A side judges the other: its place among the judgements.
    Judged(usize),
    /// A side's handshake is finished.
    Finished(Side),
    /// A client whose handshake is long finished learns that it is refused.
    Told,
}

/// The name of the part of a record that cannot be read without the keys.
const CIPHERTEXT: &str = "encrypted_record";
/// The bytes before every record.
const HEADER: usize = 5;

impl Stage {
    /// Decodes a recording.
    pub(in crate::ui) fn new(play: Arc<Play>) -> Self {
        let transcript = decode(&play.recording);
        let beats = beats(&transcript, &play.judgements);
        let outside = outside(&play.recording);
        Self { play, transcript, outside, beats }
    }

    /// The messages of one of the two views.
    pub(in crate::ui) fn messages(&self, from_outside: bool) -> &[Message] {
        if from_outside { &self.outside } else { &self.transcript.messages }
    }

    /// What happens in one of the two views.
    pub(in crate::ui) fn beats(&self, from_outside: bool) -> Vec<Beat> {
        if from_outside { (0..self.outside.len()).map(Beat::Message).collect() } else { self.beats.clone() }
    }

    /// The name of a side.
    pub(in crate::ui) fn name(&self, side: Side) -> &str {
        match side {
            Side::Client => &self.play.client,
            Side::Server => &self.play.server,
        }
    }

    /// Whether TLS 1.3 was agreed on.
    pub(in crate::ui) fn is_13(&self) -> bool {
        self.transcript.version == Some(TLS_13)
    }
}

const TLS_13: u16 = 0x0304;

/// The messages with what follows from each.
fn beats(transcript: &Transcript, judgements: &[Judgement]) -> Vec<Beat> {
    let messages = &transcript.messages;
    let is_13 = transcript.version == Some(TLS_13);
    let places: Vec<Option<usize>> = judgements.iter().map(|one| place(one, messages)).collect();
    let mut beats = Vec::new();
    let mut client_finished = false;
    for (at, message) in messages.iter().enumerate() {
        beats.push(Beat::Message(at));
        if message.kind == Kind::FINISHED {
            // In TLS 1.3 an end is finished once it has sent its own, the client last; in
            // 1.2 the client once it has read the server's, which comes last.
            match (is_13, message.from) {
                (true, Side::Client) => {
                    client_finished = true;
                    beats.extend([Beat::Finished(Side::Client), Beat::Finished(Side::Server)]);
                }
                (false, Side::Server) => {
                    beats.extend([Beat::Finished(Side::Server), Beat::Finished(Side::Client)]);
                }
                _ => {}
            }
        }
        let here = places.iter().enumerate().filter(|(_, place)| **place == Some(at));
        beats.extend(here.map(|(judgement, _)| Beat::Judged(judgement)));
        if client_finished && message.from == Side::Server && is_fatal(message) {
            beats.push(Beat::Told);
        }
    }
    let rest = places.iter().enumerate().filter(|(_, place)| place.is_none());
    beats.extend(rest.map(|(judgement, _)| Beat::Judged(judgement)));
    // A server that refused the client never finished.
    let refuses =
        |one: &Judgement| one.by == Side::Server && one.refusal.is_some() && one.at != Moment::Request;
    if judgements.iter().any(refuses) {
        beats.retain(|beat| *beat != Beat::Finished(Side::Server));
    }
    beats
}

/// The message at which a judgement falls.
fn place(judgement: &Judgement, messages: &[Message]) -> Option<usize> {
    let judged = judgement.by.other();
    let of = |kind: Kind| messages.iter().position(|message| message.from == judged && message.kind == kind);
    match judgement.at {
        Moment::Certificate => of(Kind::CERTIFICATE),
        Moment::Signature => of(Kind::CERTIFICATE_VERIFY)
            .or_else(|| of(Kind::SERVER_KEY_EXCHANGE))
            .or_else(|| of(Kind::CERTIFICATE)),
        Moment::Request => of(Kind::ApplicationData),
    }
}

/// Whether it is an alert that ends a connection in anger.
pub(in crate::ui) fn is_fatal(message: &Message) -> bool {
    message.kind == Kind::Alert && message.bytes.get(1).is_some_and(|description| *description != 0)
}

/// What anyone on the way sees: every record by its type and size, and what is in it only
/// where it is in the clear.
fn outside(recording: &Recording) -> Vec<Message> {
    let keyless = Recording { key_log: String::new(), ..recording.clone() };
    let seen = decode(&keyless);
    let mut inside: Vec<Vec<(&Message, usize, std::ops::Range<usize>)>> =
        vec![Vec::new(); seen.records.len()];
    for message in &seen.messages {
        let mut at = 0;
        for piece in &message.pieces {
            if let Some(list) = inside.get_mut(piece.record) {
                list.push((message, at, piece.range.clone()));
            }
            at += piece.range.len();
        }
    }
    let records = seen.records.iter().zip(inside).enumerate();
    records
        .map(|(number, (record, inside))| {
            let end = record.offset.saturating_add(record.size);
            let bytes = recording.stream(record.from).get(record.offset..end).unwrap_or_default().to_vec();
            let kind = record.header.map_or(Kind::NotTls, |header| Kind::OtherRecord(header.content_type));
            let is_readable = |message: &Message| !matches!(message.kind, Kind::Encrypted | Kind::NotTls);
            let readable = inside.iter().filter(|(message, ..)| is_readable(message));
            let summary = readable.map(|(message, ..)| told(message)).collect::<Vec<_>>().join(" + ");
            Message {
                from: record.from,
                kind,
                at: record.at,
                pieces: vec![crate::wire::Piece { record: number, range: 0..bytes.len() }],
                protection: record.protection,
                fields: record_fields(record.header.is_some(), &bytes, &inside),
                facts: Vec::new(),
                summary,
                problem: inside.iter().find_map(|(message, ..)| message.problem),
                bytes,
            }
        })
        .collect()
}

/// The name of a record's content type (RFC 8446, section 5.1).
pub(in crate::ui) fn content_type_name(number: u8) -> &'static str {
    match number {
        20 => "change_cipher_spec",
        21 => "alert",
        22 => "handshake",
        23 => "application_data",
        24 => "heartbeat",
        _ => "unknown",
    }
}

/// What an eavesdropper makes of a message in the clear.
fn told(message: &Message) -> String {
    let name = super::message_name(message.kind);
    if message.summary.is_empty() { name } else { format!("{name} {}", message.summary) }
}

/// The header's fields, then what is inside.
fn record_fields(
    has_header: bool,
    bytes: &[u8],
    inside: &[(&Message, usize, std::ops::Range<usize>)],
) -> Vec<Field> {
    let leaf = |name, value: String, range| Field { name, value, range, children: Vec::new() };
    let start = if has_header { HEADER.min(bytes.len()) } else { 0 };
    let mut fields = Vec::new();
    if let [content_type, high, low, first, second, ..] = *bytes
        && has_header
    {
        let word = content_type_name(content_type);
        let version = u16::from_be_bytes([high, low]);
        let length = u16::from_be_bytes([first, second]);
        fields.push(leaf("content_type", format!("{word} ({content_type})"), 0..1));
        let version = format!("{} (0x{version:04x})", crate::wire::version_name(version));
        fields.push(leaf("legacy_record_version", version, 1..3));
        fields.push(leaf("length", format!("{length} bytes"), 3..5));
    }
    if start >= bytes.len() {
        return fields;
    }
    let whole = start..bytes.len();
    let is_closed = |message: &Message| matches!(message.kind, Kind::Encrypted | Kind::NotTls);
    if inside.iter().any(|(message, ..)| is_closed(message)) {
        fields.push(leaf(CIPHERTEXT, format!("{} bytes", whole.len()), whole));
        return fields;
    }
    let children = inside.iter().map(|(message, at, range)| {
        let place = start + range.start..start + range.end;
        // Of a message in several records, the fields cannot be told from one of them.
        let is_whole = *at == 0 && range.len() == message.bytes.len();
        let mut children = if is_whole { message.fields.clone() } else { Vec::new() };
        shift(&mut children, place.start);
        Field { name: message.kind.name(), value: message.summary.clone(), range: place, children }
    });
    let children = children.collect();
    fields.push(Field { name: "fragment", value: format!("{} bytes", whole.len()), range: whole, children });
    fields
}

/// Moves fields to where they stand in the record.
fn shift(fields: &mut [Field], by: usize) {
    let mut waiting: Vec<&mut Field> = fields.iter_mut().collect();
    while let Some(field) = waiting.pop() {
        field.range.start += by;
        field.range.end += by;
        waiting.extend(field.children.iter_mut());
    }
}
