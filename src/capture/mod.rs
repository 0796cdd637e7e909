//! Capture files: a [`Recording`] written as a pcapng that Wireshark and tshark decrypt with
//! no settings, and the TLS connections of anybody's capture read back as recordings.

mod blocks;
mod packets;
mod peer;
mod write;

use crate::wire::Recording;

pub use peer::Peer;
pub use write::write;

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
