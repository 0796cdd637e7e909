//! The fields of certificates and requests for those who want nothing else.

use super::document::Document;
use super::field::Field;
use super::outline::Kind;
use super::{X509Error, signing};

/// The names of a certificate's fields that people ask for, in their usual order. Other
/// extensions go by the names of `assets/oids.toml`, or by their object identifiers.
pub const FIELD_NAMES: [&str; 14] = [
    "version",
    "serialNumber",
    "signatureAlgorithm",
    "issuer",
    "notBefore",
    "notAfter",
    "subject",
    "publicKey",
    "keyUsage",
    "extendedKeyUsage",
    "basicConstraints",
    "subjectKeyIdentifier",
    "authorityKeyIdentifier",
    "subjectAltName",
];

/// What stands in a document behind what people fill in: the signature and the digests.
const MADE: [&str; 3] = ["signatureValue", "sha1", "sha256"];

/// The fields of a certificate, without its signature and digests.
///
/// # Errors
/// It is no certificate.
pub fn certificate_fields(der: &[u8]) -> Result<Vec<Field>, X509Error> {
    told(der, Kind::Certificate, "certificate")
}

/// The fields of a CSR; `signature` is whether it is signed with its own key.
///
/// # Errors
/// It is no CSR.
pub fn request_fields(der: &[u8]) -> Result<Vec<Field>, X509Error> {
    told(der, Kind::CertificateRequest, "certificate signing request")
}

fn told(der: &[u8], kind: Kind, what: &'static str) -> Result<Vec<Field>, X509Error> {
    let document = Document::read(der);
    if document.kind != kind {
        return Err(X509Error::Malformed { what, why: "its structure is another".into() });
    }
    Ok(document.fields.into_iter().filter(|field| !MADE.contains(&field.name.as_ref())).collect())
}

/// Whether a request is signed with its own key, as a field.
pub(super) fn own_signature(der: &[u8]) -> Option<Field> {
    let word = if signing::is_request_signed(der)? { "valid" } else { "invalid" };
    Some(Field::planned("signature", word))
}
