//! One real connection: rustls on both ends of a loopback TCP connection, judged on
//! both sides by Go's rules, and then one HTTP/1.1 exchange.
//!
//! [`connect`] is given both sides as plain data and gives a [`Report`]: who refused
//! whom, with which alert, in whose words, step by step. A refusal is a report; an
//! error is only what keeps the lab itself from connecting. [`serve`] and
//! [`serve_once`] are the server's half alone, for a client that is not ours; [`dial`] is a
//! client's handshake alone, for a server that is not ours. Each keeps every byte that went
//! over the wire, with the secrets to read it ([`crate::wire`]), where that is asked for.

mod admit;
mod alert;
mod ask;
mod asking;
mod calling;
mod client;
mod connect;
mod dial;
mod judge;
mod key;
mod offer;
mod record;
mod report;
mod search;
mod server;
mod sides;
mod signature;
mod stream;
mod tap;
mod words;

pub use admit::{Admitted, Secured, admit, secure};
pub use alert::{Alert, in_gos_words};
pub use ask::{Asked, ask};
pub use asking::{Presented, asking_config};
pub use calling::call;
pub use connect::{connect, serve, serve_once};
pub use dial::{Caller, Dialled, Ended, dial};
pub use offer::Offer;
pub use report::{Event, Outcome, Report, Served, ServerLog, Step};
pub use search::{Search, search};
pub use sides::{ClientSide, Credential, HandshakeError, Options, RequestHeader, ServerSide, Version};
pub use words::does_not_start;

pub use crate::wire::{AlertNumber, Side};
