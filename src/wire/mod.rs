//! The wire: what two ends of a TLS connection sent, as bytes in both directions.
//!
//! A [`Recording`] is taken by a tap on a real connection or read from a capture.

mod recording;
mod side;

pub use recording::{Gap, Recording, Segment};
pub use side::Side;
