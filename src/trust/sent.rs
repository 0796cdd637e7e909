//! What a peer sent, read once.

use super::certificate::{Certificate, ParseError};

/// The certificates that a peer sent, leaf first. Whatever asks about them (the verdict,
/// the proof of the key, the authenticators) finds them parsed.
#[derive(Debug, Clone, Default)]
pub struct Sent {
    /// Those before the first one that does not parse.
    certificates: Vec<Certificate>,
    error: Option<ParseError>,
    count: usize,
}

impl Sent {
    /// Parses DER certificates, leaf first, up to the first one that Go's parser refuses.
    pub fn parse<B: AsRef<[u8]>>(ders: impl IntoIterator<Item = B>) -> Self {
        let mut sent = Self::default();
        for der in ders {
            sent.count += 1;
            if sent.error.is_none() {
                match Certificate::parse(der.as_ref()) {
                    Ok(certificate) => sent.certificates.push(certificate),
                    Err(error) => sent.error = Some(error),
                }
            }
        }
        sent
    }

    /// How many there are, whether they parse or not.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// The certificates before the first one that does not parse.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The first certificate, if it parses.
    #[must_use]
    pub fn leaf(&self) -> Option<&Certificate> {
        self.certificates.first()
    }

    /// What Go's parser says of the first one that does not parse.
    #[must_use]
    pub const fn error(&self) -> Option<&ParseError> {
        self.error.as_ref()
    }
}
