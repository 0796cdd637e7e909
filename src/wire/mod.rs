//! The wire: what two ends of a TLS connection sent, as bytes in both directions, and what
//! those bytes say.
//!
//! A [`Recording`] is taken by a tap on a real connection or read from a capture.
//! [`decode`] makes a [`Transcript`] of it: every record, every message, every field with
//! its range, and the keys. It is pure, never panics, and works in time and room that grow
//! with the recording.

mod alert;
mod assembly;
mod certificates;
mod cipher;
mod decode;
mod explain;
mod extensions;
mod frames;
mod grammar;
mod keys;
mod kind;
mod names;
mod problem;
mod proofs;
mod reader;
mod recording;
mod secrets;
mod side;
#[cfg(test)]
mod tests;
mod transcript;

pub use alert::AlertNumber;
pub use decode::decode;
pub use explain::{Topic, explain};
pub use kind::Kind;
pub use names::{group_name, group_number, suite_name, suite_number, version_name};
pub use problem::Problem;
pub use reader::all_hex as hex;
pub use recording::{Gap, Recording, Segment};
pub use side::Side;
pub use transcript::{Fact, Field, Header, Message, Piece, Protection, Record, TrafficKey, Transcript};
