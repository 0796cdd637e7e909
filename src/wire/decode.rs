//! From the bytes of a connection to its transcript.

use std::time::Duration;

use super::assembly::{Assembled, Assembly};
use super::frames::{Frame, HEADER, frames};
use super::grammar::{self, Context, Learned, Parsed};
use super::keys::{Agreed, Encryption};
use super::proofs::Proofs;
use super::secrets::Secrets;
use super::{Header, Kind, Message, Piece, Problem, Protection, Record, Recording, Side, Transcript};

/// Decodes a connection: every byte of both streams is in a record, and every record's
/// content in a message. Whatever cannot be decoded is there as bytes, with the reason.
///
/// Nothing but the recording is asked: its bytes, their order, and its key log.
#[must_use]
pub fn decode(recording: &Recording) -> Transcript {
    let mut decoder = Decoder {
        recording,
        secrets: Secrets::read(&recording.key_log),
        agreed: Agreed::default(),
        client: Direction::new(Side::Client),
        server: Direction::new(Side::Server),
        proofs: Proofs::default(),
        transcript: Transcript::default(),
    };
    for frame in frames(recording) {
        decoder.frame(&frame);
    }
    decoder.flush(Side::Client, None);
    decoder.flush(Side::Server, None);
    decoder.transcript
}

/// One end's stream.
struct Direction {
    encryption: Encryption,
    assembly: Assembly,
}

impl Direction {
    const fn new(from: Side) -> Self {
        Self { encryption: Encryption::new(from), assembly: Assembly::new() }
    }
}

struct Decoder<'a> {
    recording: &'a Recording,
    secrets: Secrets<'a>,
    agreed: Agreed,
    client: Direction,
    server: Direction,
    proofs: Proofs,
    transcript: Transcript,
}

impl Decoder<'_> {
    const fn direction(&mut self, from: Side) -> &mut Direction {
        match from {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    fn frame(&mut self, frame: &Frame) {
        let from = frame.from;
        let bytes = self.recording.stream(from).get(frame.range.clone()).unwrap_or_default();
        if let Some(missing) = frame.missing {
            self.flush(from, Some(Problem::Gap { missing }));
            self.direction(from).encryption.lost_records();
        }
        let record = self.transcript.records.len();
        self.transcript.records.push(Record {
            from,
            offset: frame.range.start,
            size: bytes.len(),
            at: frame.at,
            header: frame.header,
            protection: Protection::None,
            inner_type: None,
            padding: 0,
        });
        match (frame.header, frame.problem) {
            (Some(header), None) => self.record(record, from, header, bytes),
            (header, Some(problem)) => self.broken(record, from, header, bytes, problem),
            (None, None) => {}
        }
    }

    /// What is no whole record.
    fn broken(&mut self, record: usize, from: Side, header: Option<Header>, bytes: &[u8], problem: Problem) {
        let content_type = header.map(|header| header.content_type);
        let is_encrypted = content_type.is_some_and(|kind| self.is_encrypted(from, kind));
        if is_encrypted {
            let protection = self.unread_protection(from);
            self.protect(record, protection);
        } else if content_type == Some(HANDSHAKE)
            && matches!(problem, Problem::Truncated { .. })
            && let Some(body @ [_, ..]) = bytes.get(HEADER..)
        {
            self.content(record, from, HANDSHAKE, body.to_vec());
            if self.direction(from).assembly.is_empty()
                && let Some(message) = self.transcript.messages.last_mut()
            {
                // Its messages are whole, and it would have held more.
                message.problem.get_or_insert(problem);
            }
            return;
        }
        let kind = match problem {
            _ if is_encrypted => Kind::Encrypted,
            Problem::Truncated { .. } | Problem::Gap { .. } => Kind::Fragment,
            _ => Kind::NotTls,
        };
        let parsed = grammar::bytes(kind, "bytes", bytes);
        self.push(from, parsed, bytes.to_vec(), vec![Piece { record, range: 0..bytes.len() }], Some(problem));
    }

    /// What a record is under that cannot be read.
    const fn unread_protection(&self, from: Side) -> Protection {
        match self.encryption(from).protection {
            Protection::Session => Protection::Session,
            _ => Protection::Unknown,
        }
    }

    fn protect(&mut self, record: usize, protection: Protection) {
        if let Some(record) = self.transcript.records.get_mut(record) {
            record.protection = protection;
        }
    }

    const fn encryption(&self, from: Side) -> &Encryption {
        match from {
            Side::Client => &self.client.encryption,
            Side::Server => &self.server.encryption,
        }
    }

    /// Whether a record of this type is under a key.
    fn is_encrypted(&self, from: Side, content_type: u8) -> bool {
        let is_in_session = self.encryption(from).protection == Protection::Session;
        match self.agreed.suite {
            Some(_) if !self.agreed.is_13 => is_in_session,
            // Application data is never sent in the clear.
            _ => content_type == APPLICATION_DATA || is_in_session,
        }
    }

    fn record(&mut self, record: usize, from: Side, header: Header, bytes: &[u8]) {
        let (head, body) = bytes.split_at_checked(HEADER).unwrap_or_default();
        if !self.is_encrypted(from, header.content_type) {
            self.content(record, from, header.content_type, body.to_vec());
            return;
        }
        let head: [u8; HEADER] = head.try_into().unwrap_or_default();
        let known = (&self.agreed, &self.secrets);
        let direction = match from {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        match direction.encryption.open(head, body, record, known, &mut self.transcript.keys) {
            Ok(opened) => {
                let (mut content, is_13) = (opened.content, self.agreed.is_13);
                let is_inner = is_13 || opened.protection == Protection::Early;
                let mut content_type = header.content_type;
                let mut padding = 0;
                if is_inner {
                    // The type is the last byte that is not zero (RFC 8446, section 5.4).
                    let end = content.iter().rposition(|byte| *byte != 0);
                    content_type = end.and_then(|end| content.get(end).copied()).unwrap_or_default();
                    let end = end.unwrap_or_default();
                    padding = content.len().saturating_sub(end + 1);
                    content.truncate(end);
                }
                if let Some(record) = self.transcript.records.get_mut(record) {
                    record.protection = opened.protection;
                    record.inner_type = is_inner.then_some(content_type);
                    record.padding = padding;
                }
                self.content(record, from, content_type, content);
            }
            Err(problem) => {
                let protection = self.unread_protection(from);
                self.protect(record, protection);
                let parsed = grammar::bytes(Kind::Encrypted, "encrypted_record", body);
                let pieces = vec![Piece { record, range: 0..body.len() }];
                self.push(from, parsed, body.to_vec(), pieces, Some(problem));
            }
        }
    }

    /// The content of a record, in the clear.
    fn content(&mut self, record: usize, from: Side, content_type: u8, content: Vec<u8>) {
        let piece = Piece { record, range: 0..content.len() };
        let parsed = match content_type {
            HANDSHAKE => {
                for message in self.direction(from).assembly.push(&content, piece) {
                    self.message(from, message);
                }
                return;
            }
            ALERT => grammar::alert(&content),
            CHANGE_CIPHER_SPEC => grammar::change_cipher_spec(&content),
            APPLICATION_DATA => grammar::bytes(Kind::ApplicationData, "data", &content),
            other => grammar::bytes(Kind::OtherRecord(other), "content", &content),
        };
        let is_change = parsed.kind == Kind::ChangeCipherSpec;
        self.push(from, parsed, content, vec![piece], None);
        if is_change && self.agreed.suite.is_some() && !self.agreed.is_13 {
            self.advance(from, Protection::Session);
        }
    }

    fn message(&mut self, from: Side, assembled: Assembled) {
        let Assembled { bytes, pieces } = assembled;
        let context = Context { is_13: self.agreed.is_13, suite: self.agreed.suite };
        let mut parsed = grammar::handshake(&bytes, context);
        let (kind, learned) = (parsed.kind, std::mem::take(&mut parsed.learned));
        self.learn(kind, &learned);
        let encryption = match from {
            Side::Client => &self.client.encryption,
            Side::Server => &self.server.encryption,
        };
        // Not `self.encryption`: the proofs are changed meanwhile.
        let (facts, problem) = self.proofs.message(from, kind, &bytes, &learned, &self.agreed, encryption);
        self.push(from, parsed, bytes, pieces, problem);
        if let Some(message) = self.transcript.messages.last_mut() {
            message.facts = facts;
        }
        self.follow(from, kind, &learned);
    }

    /// Takes from a message what the connection agreed on.
    fn learn(&mut self, kind: Kind, learned: &Learned) {
        match kind {
            Kind::CLIENT_HELLO => {
                self.agreed.client_random = learned.random;
                self.agreed.offers_early_data = learned.offers_early_data;
                self.transcript.server_name.clone_from(&learned.server_name);
            }
            Kind::SERVER_HELLO | Kind::HelloRetryRequest => {
                if kind == Kind::SERVER_HELLO {
                    self.agreed.server_random = learned.random;
                }
                self.agreed.suite = learned.suite;
                self.agreed.is_13 = learned.version == Some(TLS_13);
                self.transcript.version = learned.version;
                self.transcript.cipher_suite = learned.suite;
                if learned.group.is_some() {
                    self.transcript.group = learned.group;
                }
            }
            Kind::SERVER_KEY_EXCHANGE => self.transcript.group = learned.group,
            _ => {}
        }
        let agrees = matches!(kind, Kind::SERVER_HELLO | Kind::ENCRYPTED_EXTENSIONS);
        if let Some(protocol) = learned.protocols.first().filter(|_| agrees) {
            self.transcript.protocol = Some(protocol.clone());
        }
    }

    /// Changes keys where a message says so.
    fn follow(&mut self, from: Side, kind: Kind, learned: &Learned) {
        match kind {
            Kind::CLIENT_HELLO if learned.offers_early_data => self.advance(Side::Client, Protection::Early),
            // The second ClientHello takes the offer back.
            Kind::CLIENT_HELLO if self.client.encryption.protection == Protection::Early => {
                self.advance(Side::Client, Protection::None);
            }
            Kind::SERVER_HELLO if self.agreed.is_13 => {
                self.advance(Side::Server, Protection::Handshake);
                if self.client.encryption.protection != Protection::Early {
                    self.advance(Side::Client, Protection::Handshake);
                }
            }
            Kind::END_OF_EARLY_DATA => self.advance(Side::Client, Protection::Handshake),
            Kind::FINISHED if self.agreed.is_13 => {
                let protection = self.direction(from).encryption.protection;
                if matches!(protection, Protection::Handshake | Protection::Early) {
                    self.advance(from, Protection::Application { generation: 0 });
                }
            }
            Kind::KEY_UPDATE if self.agreed.is_13 => {
                if let Protection::Application { generation } = self.direction(from).encryption.protection {
                    self.advance(from, Protection::Application { generation: generation.saturating_add(1) });
                }
            }
            _ => {}
        }
    }

    fn advance(&mut self, from: Side, protection: Protection) {
        let encryption = match from {
            Side::Client => &mut self.client.encryption,
            Side::Server => &mut self.server.encryption,
        };
        encryption.advance(protection, &self.agreed, &self.secrets, &mut self.transcript.keys);
    }

    /// Gives up on a message whose end does not come.
    fn flush(&mut self, from: Side, problem: Option<Problem>) {
        let Some((Assembled { bytes, pieces }, want)) = self.direction(from).assembly.give_up() else {
            return;
        };
        let context = Context { is_13: self.agreed.is_13, suite: self.agreed.suite };
        let parsed = grammar::handshake(&bytes, context);
        let problem = problem.unwrap_or(Problem::Truncated { have: bytes.len(), want });
        self.push(from, parsed, bytes, pieces, Some(problem));
    }

    fn push(
        &mut self,
        from: Side,
        parsed: Parsed,
        bytes: Vec<u8>,
        pieces: Vec<Piece>,
        problem: Option<Problem>,
    ) {
        let last = pieces.last().and_then(|piece| self.transcript.records.get(piece.record));
        let (at, protection) = match last {
            Some(record) => (record.at, record.protection),
            None => (Duration::ZERO, Protection::None),
        };
        self.transcript.messages.push(Message {
            from,
            kind: parsed.kind,
            at,
            pieces,
            protection,
            bytes,
            fields: parsed.fields,
            facts: Vec::new(),
            summary: parsed.summary,
            problem: problem.or(parsed.problem),
        });
    }
}

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
const TLS_13: u16 = 0x0304;
