//! Parts of CSRs, certificates and revocation lists as they stand, for what is made of them.

use x509_parser::cri_attributes::ParsedCriAttribute;
use x509_parser::extensions::ParsedExtension;
use x509_parser::oid_registry::OID_X509_EXT_SUBJECT_ALT_NAME;
use x509_parser::prelude::{CertificateRevocationList, FromDer};

use super::document::Document;
use super::{X509Error, signing};

/// What a CSR asks for, as DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestParts {
    /// The subject.
    pub subject: Vec<u8>,
    /// The public key, a SubjectPublicKeyInfo.
    pub public_key_info: Vec<u8>,
    /// The value of the subjectAltName that it asks for, if any.
    pub names: Option<Vec<u8>>,
    /// Whether it is signed with its own key.
    pub is_signed: bool,
}

/// What a CSR asks for.
///
/// # Errors
/// It is no CSR.
pub fn request_parts(der: &[u8]) -> Result<RequestParts, X509Error> {
    let request = signing::request(der)?;
    let info = &request.certification_request_info;
    let names = info.iter_attributes().find_map(|attribute| match attribute.parsed_attribute() {
        ParsedCriAttribute::ExtensionRequest(requested) => {
            let names = requested.extensions.iter().find(|e| e.oid == OID_X509_EXT_SUBJECT_ALT_NAME);
            names.map(|extension| extension.value.to_vec())
        }
        _ => None,
    });
    Ok(RequestParts {
        subject: info.subject.as_raw().to_vec(),
        public_key_info: info.subject_pki.raw.to_vec(),
        names,
        is_signed: request.verify_signature().is_ok(),
    })
}

/// The serial number of a certificate, big endian.
///
/// # Errors
/// It is no certificate.
pub fn serial_number(der: &[u8]) -> Result<Vec<u8>, X509Error> {
    Ok(signing::certificate(der)?.tbs_certificate.raw_serial().to_vec())
}

/// The serial numbers in a revocation list, and since when.
///
/// # Errors
/// It is no revocation list.
pub fn revoked(der: &[u8]) -> Result<Vec<(Vec<u8>, time::OffsetDateTime)>, X509Error> {
    let malformed = |why: String| X509Error::Malformed { what: "revocation list", why };
    let (_, list) = CertificateRevocationList::from_der(der).map_err(|error| malformed(error.to_string()))?;
    let entry = |revoked: &x509_parser::revocation_list::RevokedCertificate<'_>| {
        (revoked.raw_serial().to_vec(), revoked.revocation_date.to_datetime())
    };
    Ok(list.iter_revoked_certificates().map(entry).collect())
}

/// The public key (SubjectPublicKeyInfo DER) of a certificate.
///
/// # Errors
/// It is no certificate.
pub fn public_key_info(der: &[u8]) -> Result<Vec<u8>, X509Error> {
    Ok(signing::certificate(der)?.tbs_certificate.subject_pki.raw.to_vec())
}

/// The public key (SubjectPublicKeyInfo DER) of a CSR.
///
/// # Errors
/// It is no CSR.
pub fn request_public_key_info(der: &[u8]) -> Result<Vec<u8>, X509Error> {
    Ok(signing::request(der)?.certification_request_info.subject_pki.raw.to_vec())
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
    let certificate = signing::certificate(der)?;
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

/// The subject of a certificate as text.
///
/// # Errors
/// It is no certificate.
pub fn subject(der: &[u8]) -> Result<String, X509Error> {
    let document = Document::read(der);
    match document.field("subject") {
        Some(subject) if document.kind == super::Kind::Certificate => Ok(subject.value.clone()),
        _ => Err(X509Error::Malformed { what: "certificate", why: "its structure is another".into() }),
    }
}
