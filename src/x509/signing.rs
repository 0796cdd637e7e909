//! Signatures and the public halves of private keys: what a library knows best.

use rcgen::PublicKeyData;
use rustls::pki_types::PrivateKeyDer;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::X509Error;

pub(super) fn certificate(der: &[u8]) -> Result<X509Certificate<'_>, X509Error> {
    let malformed = |why: String| X509Error::Malformed { what: "certificate", why };
    let (_, certificate) = X509Certificate::from_der(der).map_err(|error| malformed(error.to_string()))?;
    Ok(certificate)
}

pub(super) fn request(der: &[u8]) -> Result<X509CertificationRequest<'_>, X509Error> {
    let malformed = |why: String| X509Error::Malformed { what: "certificate signing request", why };
    let (_, request) =
        X509CertificationRequest::from_der(der).map_err(|error| malformed(error.to_string()))?;
    Ok(request)
}

/// Whether a request is signed with its own key; none where that cannot be told.
pub(super) fn is_request_signed(der: &[u8]) -> Option<bool> {
    request(der).ok().map(|request| request.verify_signature().is_ok())
}

/// Whether the key of `issuer` signed `certificate` (both DER). False for what does not
/// parse.
#[must_use]
pub fn is_signed_by(signed: &[u8], issuer: &[u8]) -> bool {
    match (certificate(signed), certificate(issuer)) {
        (Ok(signed), Ok(issuer)) => signed.verify_signature(Some(issuer.public_key())).is_ok(),
        _ => false,
    }
}

/// The public half of a private key whose bytes do not hold it.
pub(super) fn public_half(der: &[u8]) -> Option<Vec<u8>> {
    let key = PrivateKeyDer::try_from(der).ok()?;
    rcgen::KeyPair::try_from(&key).ok().map(|pair| pair.subject_public_key_info())
}
