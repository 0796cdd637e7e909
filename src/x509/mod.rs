//! Certificates, CSRs and keys as named fields, for showing. Lenient: what Go refuses is
//! shown too. Every value is safe to print.

mod fields;
mod kubeconfig;
mod parts;
mod source;
mod value;

pub use fields::{FIELD_NAMES, Field, certificate_fields, request_fields};
pub use kubeconfig::{KubeconfigError, kubeconfig_authority, read_kubeconfig};
pub use parts::{RequestParts, request_parts, revoked, serial_number};
pub use source::{Item, Kind, inspect};
pub use value::huge_serial;

/// Bytes that cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum X509Error {
    /// Not what it should be.
    #[error("it does not read as a {what}: {why}")]
    Malformed {
        /// `certificate`, `certificate signing request`.
        what: &'static str,
        /// The parser's word.
        why: String,
    },
    /// Nothing that is known.
    #[error("it holds no certificate, CSR, key or kubeconfig in PEM or DER")]
    Unknown,
}

/// The public key (SubjectPublicKeyInfo DER) of a certificate.
///
/// # Errors
/// It is no certificate.
pub fn public_key_info(der: &[u8]) -> Result<Vec<u8>, X509Error> {
    Ok(fields::parse(der)?.tbs_certificate.subject_pki.raw.to_vec())
}

/// The public key (SubjectPublicKeyInfo DER) of a CSR.
///
/// # Errors
/// It is no CSR.
pub fn request_public_key_info(der: &[u8]) -> Result<Vec<u8>, X509Error> {
    Ok(fields::parse_request(der)?.certification_request_info.subject_pki.raw.to_vec())
}

/// What issuing under a CA certificate needs of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerFields {
    /// Its subject, a DER Name.
    pub subject: Vec<u8>,
    /// Its subjectKeyIdentifier.
    pub key_identifier: Option<Vec<u8>>,
    /// The first moment of its validity.
    pub not_before: time::OffsetDateTime,
}

/// What issuing under a CA certificate needs of it.
///
/// # Errors
/// It is no certificate.
pub fn issuer_fields(der: &[u8]) -> Result<IssuerFields, X509Error> {
    use x509_parser::extensions::ParsedExtension;
    let certificate = fields::parse(der)?;
    let key_identifier = certificate.extensions().iter().find_map(|e| match e.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(identifier) => Some(identifier.0.to_vec()),
        _ => None,
    });
    Ok(IssuerFields {
        subject: certificate.tbs_certificate.subject.as_raw().to_vec(),
        key_identifier,
        not_before: certificate.validity().not_before.to_datetime(),
    })
}

/// Whether the key of `issuer` signed `certificate` (both DER). False for what does not
/// parse.
#[must_use]
pub fn is_signed_by(certificate: &[u8], issuer: &[u8]) -> bool {
    match (fields::parse(certificate), fields::parse(issuer)) {
        (Ok(certificate), Ok(issuer)) => certificate.verify_signature(Some(issuer.public_key())).is_ok(),
        _ => false,
    }
}

/// The subject of a certificate as text.
///
/// # Errors
/// It is no certificate.
pub fn subject(der: &[u8]) -> Result<String, X509Error> {
    Ok(value::name(&fields::parse(der)?.tbs_certificate.subject))
}
