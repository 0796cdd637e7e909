//! A decoded connection, as a document and as a ladder of lines.

use serde::Serialize;

use super::error::CliError;
use super::output::{Output, Tone};
use crate::text::{Language, escape};
use crate::wire::{
    Field, Message, Protection, Side, TrafficKey, Transcript, group_name, hex, suite_name, version_name,
};

/// What a connection agreed on, and everything that was said.
#[derive(Serialize)]
pub(super) struct TranscriptDocument<'a> {
    tls: Option<String>,
    cipher_suite: Option<String>,
    group: Option<String>,
    server_name: Option<&'a str>,
    alpn: Option<&'a str>,
    messages: Vec<MessageDocument<'a>>,
    keys: Vec<KeyDocument>,
}

/// One end's key of one stage, in hexadecimal: a lab's keys.
#[derive(Serialize)]
struct KeyDocument {
    from: Side,
    protects: String,
    label: &'static str,
    secret: String,
    key: String,
    iv: String,
    finished_key: Option<String>,
    records: usize,
}

impl KeyDocument {
    fn new(key: &TrafficKey) -> Self {
        Self {
            from: key.from,
            protects: key.protection.to_string(),
            label: key.label,
            secret: hex(&key.secret),
            key: hex(&key.key),
            iv: hex(&key.iv),
            finished_key: key.finished_key.as_deref().map(hex),
            records: key.records.len(),
        }
    }
}

#[derive(Serialize)]
struct MessageDocument<'a> {
    from: Side,
    r#type: &'static str,
    at_micros: u128,
    record_offset: usize,
    record_bytes: usize,
    bytes: usize,
    encrypted_under: Option<String>,
    summary: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    facts: Vec<FactDocument<'a>>,
    fields: Vec<FieldDocument<'a>>,
}

#[derive(Serialize)]
struct FactDocument<'a> {
    name: &'static str,
    value: &'a str,
}

#[derive(Serialize)]
struct FieldDocument<'a> {
    name: &'static str,
    value: &'a str,
    offset: usize,
    bytes: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<FieldDocument<'a>>,
}

impl<'a> TranscriptDocument<'a> {
    pub(super) fn new(transcript: &'a Transcript, language: Language) -> Self {
        let message = |message: &'a Message| MessageDocument {
            from: message.from,
            r#type: message.kind.name(),
            at_micros: message.at.as_micros(),
            record_offset: transcript.record_offset(message),
            record_bytes: message
                .pieces
                .first()
                .and_then(|piece| transcript.records.get(piece.record))
                .map_or(0, |record| record.size),
            bytes: message.bytes.len(),
            encrypted_under: (message.protection != Protection::None).then(|| message.protection.to_string()),
            summary: &message.summary,
            problem: message.problem.map(|problem| problem.words(language)),
            facts: message
                .facts
                .iter()
                .map(|fact| FactDocument { name: fact.name, value: &fact.value })
                .collect(),
            fields: message.fields.iter().map(FieldDocument::new).collect(),
        };
        Self {
            tls: transcript.version.map(version_name),
            cipher_suite: transcript.cipher_suite.map(suite_name),
            group: transcript.group.map(group_name),
            server_name: transcript.server_name.as_deref(),
            alpn: transcript.protocol.as_deref(),
            messages: transcript.messages.iter().map(message).collect(),
            keys: transcript.keys.iter().map(KeyDocument::new).collect(),
        }
    }
}

impl<'a> FieldDocument<'a> {
    /// Fields are nested as deep as a message's grammar, which is bounded.
    fn new(field: &'a Field) -> Self {
        Self {
            name: field.name,
            value: &field.value,
            offset: field.range.start,
            bytes: field.range.len(),
            fields: field.children.iter().map(Self::new).collect(),
        }
    }
}

/// A line for each message: when, who, what, how large, under which key.
pub(super) fn print_ladder(output: &Output, transcript: &Transcript, indent: &str) -> Result<(), CliError> {
    let language = output.language;
    let (to_server, to_client) = if output.ascii { ("->", "<-") } else { ("→", "←") };
    let agreed = [
        transcript.version.map(version_name),
        transcript.cipher_suite.map(suite_name),
        transcript.group.map(group_name),
        transcript.server_name.as_deref().map(|name| escape(name).into_owned()),
    ];
    let agreed: Vec<_> = agreed.into_iter().flatten().collect();
    if !agreed.is_empty() {
        output.line(&format!("{indent}{}", agreed.join("  ")))?;
    }
    for message in &transcript.messages {
        let arrow = if message.from == Side::Client { to_server } else { to_client };
        let under = match message.protection {
            Protection::None => language.pick("in the clear", "암호화 안 함").to_owned(),
            protection => protection.to_string(),
        };
        let micros = message.at.as_micros();
        let at = format!("{}.{:03} ms", micros / 1_000, micros % 1_000);
        let bytes = message.bytes.len();
        let line = format!("{indent}{at:>12}  {arrow} {:20} {bytes:>6}  {under}", message.kind.name());
        output.line(&line)?;
        if !message.summary.is_empty() {
            let summary = format!("{indent}                 {}", escape(&message.summary));
            output.line(&output.tone(Tone::Quiet, &summary))?;
        }
        if let Some(problem) = message.problem {
            output.line(&format!(
                "{indent}                 {} {}",
                output.mark(false),
                problem.words(language)
            ))?;
        }
    }
    Ok(())
}
