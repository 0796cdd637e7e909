//! The fields of certificates and CSRs, in the order in which they stand in the DER.

use serde::Serialize;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{X509Error, value};
use crate::clock::rfc3339;

/// One field: its name as RFC 5280 writes it, and its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// `subject`, `keyUsage`, or an extension's object identifier.
    pub name: String,
    /// The value, safe to print.
    pub value: String,
}

/// The names of a certificate's fields, in their usual order. Other extensions go by their
/// object identifiers.
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

fn field(name: &str, value: impl Into<String>) -> Field {
    Field { name: name.to_owned(), value: value.into() }
}

pub(super) fn parse(der: &[u8]) -> Result<X509Certificate<'_>, X509Error> {
    let malformed = |why: String| X509Error::Malformed { what: "certificate", why };
    let (_, certificate) = X509Certificate::from_der(der).map_err(|error| malformed(error.to_string()))?;
    Ok(certificate)
}

/// The fields of a certificate.
///
/// # Errors
/// It is no certificate.
pub fn certificate_fields(der: &[u8]) -> Result<Vec<Field>, X509Error> {
    let certificate = parse(der)?;
    let tbs = &certificate.tbs_certificate;
    let mut fields = vec![
        field("version", (tbs.version.0 + 1).to_string()),
        field("serialNumber", value::huge_serial(tbs.raw_serial()).unwrap_or_else(|| tbs.serial.to_string())),
        field("signatureAlgorithm", value::signature_algorithm(&certificate.signature_algorithm.algorithm)),
        field("issuer", value::name(&tbs.issuer)),
        field("notBefore", rfc3339(tbs.validity.not_before.to_datetime())),
        field("notAfter", rfc3339(tbs.validity.not_after.to_datetime())),
        field("subject", value::name(&tbs.subject)),
        field("publicKey", value::public_key(&tbs.subject_pki)),
    ];
    for extension in tbs.extensions() {
        let (name, value) = value::extension(extension);
        fields.push(Field { name, value });
    }
    Ok(fields)
}

pub(super) fn parse_request(der: &[u8]) -> Result<X509CertificationRequest<'_>, X509Error> {
    let malformed = |why: String| X509Error::Malformed { what: "certificate signing request", why };
    let (_, request) =
        X509CertificationRequest::from_der(der).map_err(|error| malformed(error.to_string()))?;
    Ok(request)
}

/// The fields of a CSR.
///
/// # Errors
/// It is no CSR.
pub fn request_fields(der: &[u8]) -> Result<Vec<Field>, X509Error> {
    let request = parse_request(der)?;
    let info = &request.certification_request_info;
    let mut fields = vec![
        field("version", (info.version.0 + 1).to_string()),
        field("subject", value::name(&info.subject)),
        field("publicKey", value::public_key(&info.subject_pki)),
        field("signatureAlgorithm", value::signature_algorithm(&request.signature_algorithm.algorithm)),
        field("signature", if request.verify_signature().is_ok() { "valid" } else { "invalid" }),
    ];
    for attribute in info.iter_attributes() {
        use x509_parser::cri_attributes::ParsedCriAttribute;
        if let ParsedCriAttribute::ExtensionRequest(requested) = attribute.parsed_attribute() {
            for extension in &requested.extensions {
                if matches!(extension.parsed_extension(), ParsedExtension::ParseError { .. }) {
                    continue;
                }
                let (name, value) = value::extension(extension);
                fields.push(Field { name, value });
            }
        }
    }
    Ok(fields)
}
