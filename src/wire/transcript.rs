//! What a connection said: records, messages, their fields, and the keys.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use super::{Kind, Problem, Side};

/// A connection, decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transcript {
    /// The version that the server chose: 0x0304 is TLS 1.3. [`super::version_name`]
    pub version: Option<u16>,
    /// The cipher suite that it chose. [`super::suite_name`]
    pub cipher_suite: Option<u16>,
    /// The group of the key exchange. [`super::group_name`]
    pub group: Option<u16>,
    /// The name that the client asked for (SNI).
    pub server_name: Option<String>,
    /// The application protocol that was agreed on (ALPN).
    pub protocol: Option<String>,
    /// Every record of both directions, in the order in which they were complete.
    pub records: Vec<Record>,
    /// Every message, in the order in which they were complete.
    pub messages: Vec<Message>,
    /// The keys that were in use, in the order in which they came into it.
    pub keys: Vec<TrafficKey>,
}

impl Transcript {
    /// Where the first record of a message begins in its sender's stream.
    #[must_use]
    pub fn record_offset(&self, message: &Message) -> usize {
        message.pieces.first().and_then(|piece| self.records.get(piece.record)).map_or(0, |r| r.offset)
    }
}

/// What protects a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protection {
    /// Nothing: anyone on the way reads it.
    None,
    /// The key of early data (TLS 1.3).
    Early,
    /// The sender's handshake key (TLS 1.3).
    Handshake,
    /// The sender's application key (TLS 1.3), renewed so many times by KeyUpdate.
    Application {
        /// 0 until the first KeyUpdate.
        generation: u32,
    },
    /// The sender's key of the session: TLS 1.2 has but one.
    Session,
    /// It is encrypted, and with which key cannot be told without secrets.
    Unknown,
}

impl fmt::Display for Protection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => out.write_str("none"),
            Self::Early => out.write_str("early"),
            Self::Handshake => out.write_str("handshake"),
            Self::Application { generation: 0 } => out.write_str("application"),
            Self::Application { generation } => write!(out, "application, generation {generation}"),
            Self::Session => out.write_str("session"),
            Self::Unknown => out.write_str("unknown"),
        }
    }
}

/// The five bytes before every record (RFC 8446, section 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// 20 change_cipher_spec, 21 alert, 22 handshake, 23 application_data.
    pub content_type: u8,
    /// What it says of the version; 0x0303 in all records of TLS 1.3 but the first.
    pub version: u16,
    /// How many bytes follow.
    pub length: u16,
}

/// One record, or bytes in the place of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Who sent it.
    pub from: Side,
    /// Where it begins in that end's stream.
    pub offset: usize,
    /// How many bytes of that stream it is, header included.
    pub size: usize,
    /// When its last byte came, since the connection was opened.
    pub at: Duration,
    /// Its header; `None` if these bytes are no record.
    pub header: Option<Header>,
    /// What it was under.
    pub protection: Protection,
    /// The content type inside, where it was encrypted with TLS 1.3 and could be read.
    pub inner_type: Option<u8>,
    /// How many zeros stand behind the content (RFC 8446, section 5.4).
    pub padding: usize,
}

/// A part of a message in a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The record: where it stands in [`Transcript::records`].
    pub record: usize,
    /// Which bytes of the record's content, after deciphering.
    pub range: Range<usize>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who sent it.
    pub from: Side,
    /// What it is.
    pub kind: Kind,
    /// When its last byte came, since the connection was opened.
    pub at: Duration,
    /// The records that it came in.
    pub pieces: Vec<Piece>,
    /// What it was under.
    pub protection: Protection,
    /// The message as it was before encryption, its own header included; as it stands in
    /// the stream where it could not be deciphered.
    pub bytes: Vec<u8>,
    /// Its fields. Their leaves' ranges, one after the other, are all of `bytes`.
    pub fields: Vec<Field>,
    /// What follows from it and does not stand in it.
    pub facts: Vec<Fact>,
    /// One line: what matters of it, in the field's own words.
    pub summary: String,
    /// What is wrong with it.
    pub problem: Option<Problem>,
}

impl Message {
    /// The fields around one of the message's bytes, the widest first.
    #[must_use]
    pub fn around(&self, byte: usize) -> Vec<&Field> {
        let mut found = Vec::new();
        let mut level = &self.fields;
        while let Some(field) = level.iter().find(|field| field.range.contains(&byte)) {
            found.push(field);
            level = &field.children;
        }
        found
    }

    /// Every field with its depth, as a list to be drawn.
    #[must_use]
    pub fn outline(&self) -> Vec<(usize, &Field)> {
        let mut rows = Vec::new();
        let mut waiting: Vec<(usize, &Field)> = self.fields.iter().rev().map(|field| (0, field)).collect();
        while let Some((depth, field)) = waiting.pop() {
            rows.push((depth, field));
            waiting.extend(field.children.iter().rev().map(|child| (depth + 1, child)));
        }
        rows
    }

    /// The first field of this name, at any depth.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.outline().into_iter().map(|(_, field)| field).find(|field| field.name == name)
    }

    /// The certificate (DER) that one of the message's bytes belongs to.
    #[must_use]
    pub fn certificate_at(&self, byte: usize) -> Option<&[u8]> {
        let field = self.around(byte).into_iter().find(|field| field.name == CERTIFICATE)?;
        self.bytes.get(field.range.clone())
    }

    /// The bytes of every certificate in it (DER), the sender's own first.
    #[must_use]
    pub fn certificates(&self) -> Vec<&[u8]> {
        let all = self.outline().into_iter().filter(|(_, field)| field.name == CERTIFICATE);
        all.filter_map(|(_, field)| self.bytes.get(field.range.clone())).collect()
    }
}

/// The name of the fields that hold a certificate's DER.
pub(super) const CERTIFICATE: &str = "cert_data";

/// One field: a leaf, or a group whose children are all of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The RFC's name for it, an extension's registered name. What it means is explained
    /// by the names from the outermost field to this one ([`Message::around`]).
    pub name: &'static str,
    /// What it says; safe to print. Long bytes are cut: the range tells where all are.
    pub value: String,
    /// Which bytes of the message.
    pub range: Range<usize>,
    /// The fields inside.
    pub children: Vec<Field>,
}

/// Something that follows from a message: what a signature signs, whether a Finished is
/// right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// `signs`, `transcript_hash`, `verify_data`.
    pub name: &'static str,
    /// What it is; bytes in hexadecimal.
    pub value: String,
}

/// One end's key of one stage: a lab's keys, which no program but a lab shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficKey {
    /// Who encrypts with it.
    pub from: Side,
    /// Which stage.
    pub protection: Protection,
    /// The secret's label in the key log; the label of the first generation for later ones.
    pub label: &'static str,
    /// The traffic secret; the master secret in TLS 1.2.
    pub secret: Vec<u8>,
    /// The AEAD's key.
    pub key: Vec<u8>,
    /// Its IV: XORed with the record's number, or the fixed part of GCM's in TLS 1.2.
    pub iv: Vec<u8>,
    /// What the Finished is made with (TLS 1.3, handshake).
    pub finished_key: Option<Vec<u8>>,
    /// The records that it protected: where they stand in [`Transcript::records`].
    pub records: Vec<usize>,
}
