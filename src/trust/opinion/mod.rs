//! What other verifiers make of the same chain: rustls' webpki, and OpenSSL where it is
//! installed. They are asked, not tabulated; a cluster listens to neither.

mod openssl;
mod webpki;

use time::OffsetDateTime;

use super::Purpose;

pub use openssl::openssl;
pub use webpki::{Revocation, variant, webpki, webpki_error};

/// What is asked of another verifier: the same as of [`super::verify`], with the roots as
/// they came, since each verifier reads them its own way.
#[derive(Debug, Clone, Copy)]
pub struct Inquiry<'a> {
    /// The DER certificates as the peer sent them, leaf first.
    pub chain: &'a [Vec<u8>],
    /// The trusted certificates as DER.
    pub roots: &'a [Vec<u8>],
    /// What for.
    pub purpose: Purpose,
    /// The DNS name or address that was asked for; `None` checks no name.
    pub name: Option<&'a str>,
    /// When.
    pub time: OffsetDateTime,
}

/// What another verifier says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opinion {
    /// It takes the chain.
    Accepted,
    /// It refuses the chain, in its own words.
    Refused(String),
    /// It is not installed.
    Absent,
    /// It gave no answer; this is why.
    Silent(String),
}

impl Opinion {
    /// `accepted`, `refused`, `absent` or `silent`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused(_) => "refused",
            Self::Absent => "absent",
            Self::Silent(_) => "silent",
        }
    }

    /// Its words, if it has any.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Refused(message) | Self::Silent(message) => Some(message),
            Self::Accepted | Self::Absent => None,
        }
    }
}

/// A name without the brackets that Go allows around an address.
fn bare(name: &str) -> &str {
    name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name)
}
