//! What the ends offer otherwise than usual, to force a suite, a group or a second
//! ClientHello.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, SupportedKxGroup};

use super::key::PROVIDER;
use super::{HandshakeError, Side, Version};
use crate::wire::{group_name, group_number, suite_name, suite_number};

/// What is offered; everything, in the usual order, if nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offer {
    /// The one cipher suite that the client offers, by its number.
    suite: Option<u16>,
    /// The one group that the client offers, or, with a second ClientHello, the one that
    /// the server takes.
    group: Option<u16>,
    /// Whether the server refuses the client's first key share (HelloRetryRequest).
    retries: bool,
}

impl Offer {
    /// Reads names as IANA or rustls have them.
    ///
    /// # Errors
    /// There is no such suite or group here, or not in this version.
    pub fn new(
        version: Version,
        suite: Option<&str>,
        group: Option<&str>,
        retries: bool,
    ) -> Result<Self, HandshakeError> {
        let suites = suites(version);
        let suite = suite
            .map(|name| {
                suite_number(name).filter(|number| suites.contains(number)).ok_or_else(|| {
                    let known: Vec<String> = suites.iter().map(|number| suite_name(*number)).collect();
                    HandshakeError::Offer { what: "cipher suite", name: name.to_owned(), version, known }
                })
            })
            .transpose()?;
        let groups: Vec<u16> = PROVIDER.kx_groups.iter().map(|group| number(*group)).collect();
        // The hybrid ones came with TLS 1.3 (RFC 8446's key shares) and have no 1.2 form.
        let groups: Vec<u16> =
            groups.into_iter().filter(|group| version == Version::Tls13 || *group < 0x100).collect();
        let group = group
            .map(|name| {
                group_number(name).filter(|number| groups.contains(number)).ok_or_else(|| {
                    let known: Vec<String> = groups.iter().map(|number| group_name(*number)).collect();
                    HandshakeError::Offer { what: "group", name: name.to_owned(), version, known }
                })
            })
            .transpose()?;
        if retries && version == Version::Tls12 {
            return Err(HandshakeError::NoRetry);
        }
        Ok(Self { suite, group, retries })
    }

    /// The library with this offer for one side.
    pub(super) fn provider(self, side: Side) -> Arc<CryptoProvider> {
        if self == Self::default() {
            return Arc::clone(&PROVIDER);
        }
        let mut provider = CryptoProvider::clone(&PROVIDER);
        if let (Some(suite), Side::Client) = (self.suite, side) {
            provider.cipher_suites.retain(|known| u16::from(known.suite()) == suite);
        }
        let wanted = self.group.unwrap_or(RETRIED);
        match (side, self.retries) {
            // rustls sends a key share for the first group alone.
            (Side::Client, true) => provider.kx_groups.sort_by_key(|group| number(*group) == wanted),
            (Side::Client, false) if self.group.is_none() => {}
            (Side::Server, false) => {}
            (Side::Client | Side::Server, _) => provider.kx_groups.retain(|group| number(*group) == wanted),
        }
        Arc::new(provider)
    }
}

/// The group that a server asks for in its HelloRetryRequest, unless told: secp384r1, which
/// clients offer and send no key share for.
const RETRIED: u16 = 24;

fn number(group: &dyn SupportedKxGroup) -> u16 {
    group.name().into()
}

/// The suites of a version.
fn suites(version: Version) -> Vec<u16> {
    let is_13 = version == Version::Tls13;
    let suites = PROVIDER.cipher_suites.iter().filter(|suite| suite.tls13().is_some() == is_13);
    suites.map(|suite| suite.suite().into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_iana_and_rustls() {
        let offer = |version, suite, group| Offer::new(version, suite, group, false);
        assert!(offer(Version::Tls13, Some("TLS13_CHACHA20_POLY1305_SHA256"), Some("secp384r1")).is_ok());
        assert!(offer(Version::Tls13, Some("tls_aes_128_gcm_sha256"), Some("X25519")).is_ok());
        let error = offer(Version::Tls12, Some("TLS_AES_128_GCM_SHA256"), None).unwrap_err().to_string();
        assert!(error.contains("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"), "{error}");
        assert!(!error.contains("TLS_CHACHA20_"), "{error}");
        let error = offer(Version::Tls13, None, Some("secp256k1")).unwrap_err().to_string();
        assert!(error.contains("secp256r1"), "{error}");
        assert!(Offer::new(Version::Tls12, None, None, true).is_err());
    }
}
