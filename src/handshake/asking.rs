//! TLS as kube-apiserver and kubelets offer it to clients that are not ours: any client
//! certificate is taken, its key proven, and nothing verified (`tls.RequestClientCert`).

use std::sync::{Arc, PoisonError, RwLock};

use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme};

use super::alert::certificate_error;
use super::key::{PROVIDER, load};
use super::{AlertNumber, Credential, HandshakeError, Side, Version, signature};
use crate::trust::{Certificate, Roots};

/// What a server presents, to be replaced while it serves.
#[derive(Debug)]
pub struct Presented(RwLock<Arc<CertifiedKey>>);

impl Presented {
    /// Presents a certificate.
    ///
    /// # Errors
    /// Its key cannot be used.
    pub fn new(credential: &Credential) -> Result<Arc<Self>, HandshakeError> {
        Ok(Arc::new(Self(RwLock::new(Arc::new(load(Side::Server, credential)?)))))
    }

    /// Presents another certificate from now on.
    ///
    /// # Errors
    /// Its key cannot be used; the old one stays.
    pub fn replace(&self, credential: &Credential) -> Result<(), HandshakeError> {
        let key = Arc::new(load(Side::Server, credential)?);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = key;
        Ok(())
    }
}

impl ResolvesServerCert for Presented {
    fn resolve(&self, _client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// The settings of a server that asks for client certificates, names these authorities to its
/// clients, and speaks these protocols.
///
/// # Errors
/// The TLS library does not take them.
pub fn asking_config(
    presented: Arc<Presented>,
    hints: &[&Roots],
    protocols: &[&[u8]],
) -> Result<ServerConfig, HandshakeError> {
    let mut raw: Vec<Vec<u8>> = Vec::new();
    for root in hints.iter().flat_map(|roots| roots.certificates()) {
        let name = root.subject().raw().to_vec();
        if !raw.contains(&name) {
            raw.push(name);
        }
    }
    let names: Vec<DistinguishedName> = raw.into_iter().map(DistinguishedName::from).collect();
    let builder = ServerConfig::builder_with_provider(Arc::clone(&PROVIDER))
        .with_safe_default_protocol_versions()
        .map_err(|source| HandshakeError::Settings { side: Side::Server, source })?
        .with_client_cert_verifier(Arc::new(Asking { names }));
    let mut config = builder.with_cert_resolver(presented);
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(config)
}

/// Takes what parses, as Go does, and has the key proven.
#[derive(Debug)]
struct Asking {
    names: Vec<DistinguishedName>,
}

impl ClientCertVerifier for Asking {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.names
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let refused = || Error::InvalidCertificate(certificate_error(AlertNumber::DECODE_ERROR));
        for der in std::iter::once(end_entity).chain(intermediates) {
            Certificate::parse(der).map_err(|_| refused())?;
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, Error> {
        proven(Version::Tls12, message, leaf, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, Error> {
        proven(Version::Tls13, message, leaf, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        signature::schemes()
    }
}

fn proven(
    version: Version,
    message: &[u8],
    leaf: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
) -> Result<rustls::client::danger::HandshakeSignatureValid, Error> {
    let refused = || Error::InvalidCertificate(certificate_error(AlertNumber::DECRYPT_ERROR));
    let leaf = Certificate::parse(leaf).map_err(|_| refused())?;
    signature::verify(version, message, &leaf, signed).map_err(|_| refused())
}
