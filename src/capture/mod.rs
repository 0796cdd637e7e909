//! Capture files: a [`Recording`] written as a pcapng that Wireshark and tshark decrypt with
//! no settings, and the TLS connections of anybody's capture read back as recordings.

mod blocks;
mod file;
mod flow;
mod link;
mod packets;
mod peer;
mod read;
mod stream;
mod words;
mod write;

use std::collections::BTreeMap;

use crate::wire::{Recording, Side};

pub use peer::Peer;
pub use read::read;
pub use write::write;

/// No larger file is read: it is held in memory, and its connections once more.
pub const LARGEST_FILE: u64 = 256 << 20;
/// Of so many connections of a file at most the bytes are kept; the packets of others are
/// counted.
pub const MOST_CONNECTIONS: usize = 10_000;

/// One TCP connection of a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// The end that dialled.
    pub client: Peer,
    /// The end that was dialled.
    pub server: Peer,
    /// What went over it.
    pub recording: Recording,
    /// What was remarked on its packets, in their order.
    pub comments: Vec<Comment>,
}

/// A remark on the packet in which a segment begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// The segment's place in [`Recording::segments`].
    pub segment: usize,
    /// The remark.
    pub text: String,
}

/// What a capture file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// Its TCP connections in the order in which they begin.
    pub found: Vec<Found>,
    /// How many packets it has.
    pub packets: usize,
    /// How many packets (or blocks) of which kind tell nothing of a connection.
    pub skipped: BTreeMap<Skip, usize>,
    /// The offset of the block or packet that does not end within the file, if there is one.
    pub ends: Option<usize>,
}

/// A connection that a capture holds, and how well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The connection.
    pub conversation: Conversation,
    /// Packets with bytes that had been captured before: retransmissions.
    pub repeated: usize,
    /// Packets that were captured behind a later one.
    pub reordered: usize,
    /// What its recording lacks.
    pub flaws: Vec<Flaw>,
}

impl Found {
    /// Whether it is a TLS connection: one of its ends begins with a TLS record.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        let recording = &self.conversation.recording;
        record_begins(&recording.client) || record_begins(&recording.server)
    }
}

/// What is wrong with the capture of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// The SYN of one end is not in the capture: it began in the middle of the connection.
    Begun,
    /// Bytes that one end sent are in no packet; they are in [`Recording::gaps`].
    Missing {
        /// Who sent them.
        from: Side,
        /// How many.
        bytes: usize,
        /// In how many places.
        holes: usize,
    },
    /// Packets of one end bring other bytes than the earlier packets that they repeat.
    Conflict {
        /// Who sent them.
        from: Side,
        /// How many packets.
        packets: usize,
    },
    /// Packets were captured without their end.
    Cut {
        /// How many.
        packets: usize,
    },
    /// Packets whose numbers lie far from the others' were left out.
    Stray {
        /// How many.
        packets: usize,
    },
    /// One end broke the connection off.
    Reset {
        /// Who.
        from: Side,
    },
    /// The capture ends before the connection does.
    Unfinished,
}

/// Why a packet tells nothing of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skip {
    /// Its interface's link type is none that can be read.
    Link(u16),
    /// The file does not describe its interface.
    Interface,
    /// It is no IP packet.
    NotIp,
    /// It is an IP packet of another protocol than TCP: its number.
    Protocol(u8),
    /// It is a fragment of an IP packet.
    Fragment,
    /// Its headers are cut off or contradict themselves.
    Malformed,
    /// Its connection is one too many.
    Connections,
    /// It is no packet but a block that cannot be read.
    Block,
}

/// Why a file is no capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CaptureError {
    /// It is shorter than a capture's header.
    #[error("it is too short for a capture: take one with tcpdump -w or dumpcap")]
    Short,
    /// It is compressed with gzip.
    #[error("it is compressed: unpack it with gunzip first")]
    Compressed,
    /// It begins with no number of a capture format.
    #[error("it is neither pcapng nor pcap: take a capture with tcpdump -w or dumpcap")]
    Unknown,
}

/// Whether bytes begin as a TLS record does (RFC 8446 section 5.1): a type, a version, and
/// a length that is not above the largest.
fn record_begins(bytes: &[u8]) -> bool {
    match bytes {
        [20..=23, 3, 0..=4, high, low, ..] => u16::from_be_bytes([*high, *low]) <= (1 << 14) + 2048,
        _ => false,
    }
}

/// Whether they begin with a TLS handshake message.
fn handshake_begins(bytes: &[u8]) -> bool {
    record_begins(bytes) && bytes.first() == Some(&22)
}
