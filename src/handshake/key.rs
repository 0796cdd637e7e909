//! Keys and certificates as they go to rustls: unchecked, so that what does not fit
//! together or is no modern certificate can still be put on the wire.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rustls::client::ResolvesClientCert;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{CipherSuite, SignatureScheme};
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Name;

use super::record::Record;
use super::{Credential, HandshakeError, Side, Step};
use crate::trust::Certificate;

/// aws-lc-rs with AES-128 before AES-256, as Go prefers it.
pub(super) static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites.sort_by_key(|suite| {
        let is_first = matches!(
            suite.suite(),
            CipherSuite::TLS13_AES_128_GCM_SHA256
                | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
                | CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
        );
        // The sort is stable: 1.3 stays before 1.2.
        (suite.tls13().is_none(), !is_first)
    });
    Arc::new(provider)
});

/// A credential ready to be presented, which notes that it was.
#[derive(Debug)]
pub(super) struct Presenter {
    side: Side,
    credential: Option<Arc<CertifiedKey>>,
    /// Its certificate, if it parses.
    leaf: Option<Certificate>,
    record: Record,
}

impl Presenter {
    /// Loads a side's key.
    ///
    /// # Errors
    /// The key cannot be used, or there is no certificate with it.
    pub(super) fn new(
        side: Side,
        credential: Option<&Credential>,
        record: &Record,
    ) -> Result<Self, HandshakeError> {
        let credential = credential.map(|credential| load(side, credential)).transpose()?.map(Arc::new);
        let leaf =
            credential.as_ref().and_then(|credential| Certificate::parse(credential.cert.first()?).ok());
        Ok(Self { side, credential, leaf, record: record.clone() })
    }

    /// Whether the certificate is for another key. What does not parse is not said to be.
    pub(super) fn is_mismatched(&self) -> bool {
        let key = self.credential.as_ref().and_then(|credential| credential.key.public_key());
        match (&self.leaf, key) {
            (Some(leaf), Some(key)) => leaf.public_key_info() != key.as_ref(),
            _ => false,
        }
    }

    fn step(&self) -> Step {
        match &self.credential {
            Some(credential) => Step::Presents {
                subject: self.leaf.as_ref().map(|leaf| leaf.subject().in_order()),
                certificates: credential.cert.len(),
            },
            None => Step::PresentsNothing,
        }
    }
}

/// A credential as rustls takes it, unchecked.
///
/// # Errors
/// The key cannot be used, or there is no certificate with it.
pub(super) fn load(side: Side, credential: &Credential) -> Result<CertifiedKey, HandshakeError> {
    let unusable = |reason: String| HandshakeError::Key { side, reason };
    if credential.chain.is_empty() {
        return Err(HandshakeError::EmptyChain(side));
    }
    let key = LOADED.key(&credential.key).map_err(unusable)?;
    let chain = credential.chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
    Ok(CertifiedKey::new(chain, key))
}

impl ResolvesClientCert for Presenter {
    /// Always the same, whatever authorities the server names: client-go, etcd's
    /// clients, curl and openssl do so, too.
    fn resolve(
        &self,
        root_hint_subjects: &[&[u8]],
        _sigschemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        let authorities = root_hint_subjects
            .iter()
            .map(|raw| {
                X509Name::from_der(raw)
                    .map_or_else(|_| "(unreadable)".to_owned(), |(_, name)| name.to_string())
            })
            .collect();
        self.record.say(self.side, Step::CertificateRequest { authorities });
        self.record.hold(self.step());
        self.credential.clone()
    }

    fn has_certs(&self) -> bool {
        // Also without one, so that the request for it is noted.
        true
    }
}

impl ResolvesServerCert for Presenter {
    fn resolve(&self, client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let server_name = client_hello.server_name().map(str::to_owned);
        self.record.notes().requested_name.clone_from(&server_name);
        self.record.say(self.side, Step::ClientHello { server_name });
        self.record.say(self.side, self.step());
        self.credential.clone()
    }
}

/// The keys that were loaded last. Loading one checks it, which takes as long as using it
/// several times, and a lab connects with few keys again and again.
static LOADED: Loaded = Loaded(Mutex::new(VecDeque::new()));

/// So many keys are kept.
const MOST_KEYS: usize = 32;

/// A key's DER, and the key.
type Known = (Vec<u8>, Arc<dyn SigningKey>);

/// Keys, the last one first.
struct Loaded(Mutex<VecDeque<Known>>);

impl Loaded {
    fn key(&self, der: &[u8]) -> Result<Arc<dyn SigningKey>, String> {
        let keys = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, key)) = keys().iter().find(|(known, _)| known == der) {
            return Ok(Arc::clone(key));
        }
        let key = PrivateKeyDer::try_from(der.to_vec()).map_err(str::to_owned)?;
        let key = PROVIDER.key_provider.load_private_key(key).map_err(|error| error.to_string())?;
        let mut keys = keys();
        keys.truncate(MOST_KEYS - 1);
        keys.push_front((der.to_vec(), Arc::clone(&key)));
        Ok(key)
    }
}
