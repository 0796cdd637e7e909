//! The bytes of one connection.

use std::time::Duration;

use time::OffsetDateTime;

use super::Side;

/// What both ends of one connection sent, in the order in which it went over the wire,
/// and the secrets under which it can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// When the connection was opened.
    pub started: OffsetDateTime,
    /// Every byte that the client sent.
    pub client: Vec<u8>,
    /// Every byte that the server sent.
    pub server: Vec<u8>,
    /// How those bytes alternated.
    pub segments: Vec<Segment>,
    /// Bytes that were sent and are not in the recording: packets missing from a capture.
    pub gaps: Vec<Gap>,
    /// NSS key log lines (`CLIENT_HANDSHAKE_TRAFFIC_SECRET …`); empty if no secret is
    /// known. Lines of other connections may stand among them.
    pub key_log: String,
}

impl Recording {
    /// What one end sent.
    #[must_use]
    pub fn stream(&self, from: Side) -> &[u8] {
        match from {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }
}

/// Bytes that one end sent at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Who sent them.
    pub from: Side,
    /// Where they begin in that end's stream.
    pub offset: usize,
    /// How many there are.
    pub length: usize,
    /// When, since the connection was opened.
    pub at: Duration,
}

/// A hole in one end's stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Whose stream.
    pub from: Side,
    /// Where in the recorded stream the missing bytes would stand.
    pub offset: usize,
    /// How many are missing.
    pub length: usize,
}
