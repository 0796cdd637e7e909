//! What a file holds: PEM blocks, bare DER, or a kubeconfig.

use rcgen::PublicKeyData;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::{self, PemObject, SectionKind};
use serde::Serialize;

use super::{Field, X509Error, certificate_fields, read_kubeconfig, request_fields};
use crate::text::escape;

/// What one item of a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A certificate.
    Certificate,
    /// A certificate signing request.
    CertificateRequest,
    /// A private key: only its kind is shown.
    PrivateKey,
    /// A public key.
    PublicKey,
}

/// One item of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// What it is.
    pub kind: Kind,
    /// Where in a kubeconfig it stands: `client-certificate-data`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Its fields.
    pub fields: Vec<Field>,
}

/// Everything in a file that can be shown.
///
/// # Errors
/// There is nothing, or an item does not read.
pub fn inspect(bytes: &[u8]) -> Result<Vec<Item>, X509Error> {
    let text = String::from_utf8_lossy(bytes);
    if text.contains("-----BEGIN ") {
        return pem_items(bytes, None);
    }
    if text.contains("kind: Config") || text.contains("client-certificate-data") {
        let (certificate, key) = read_kubeconfig(&text)
            .map_err(|error| X509Error::Malformed { what: "kubeconfig", why: error.to_string() })?;
        let mut items = pem_items(&certificate, Some("client-certificate-data"))?;
        items.extend(pem_items(&key, Some("client-key-data"))?);
        return Ok(items);
    }
    let item = |kind, fields| vec![Item { kind, at: None, fields }];
    certificate_fields(bytes)
        .map(|fields| item(Kind::Certificate, fields))
        .or_else(|error| {
            request_fields(bytes).map(|fields| item(Kind::CertificateRequest, fields)).map_err(|_| error)
        })
        .map_err(|error| if bytes.first() == Some(&0x30) { error } else { X509Error::Unknown })
}

fn pem_items(pem: &[u8], at: Option<&str>) -> Result<Vec<Item>, X509Error> {
    let mut items = Vec::new();
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(pem) {
        let (kind, der) =
            section.map_err(|error| X509Error::Malformed { what: "PEM file", why: pem_error(&error) })?;
        let (kind, fields) = match kind {
            SectionKind::Certificate => (Kind::Certificate, certificate_fields(&der)?),
            SectionKind::Csr => (Kind::CertificateRequest, request_fields(&der)?),
            SectionKind::PrivateKey => private_key(PrivateKeyDer::Pkcs8(der.into())),
            SectionKind::RsaPrivateKey => private_key(PrivateKeyDer::Pkcs1(der.into())),
            SectionKind::EcPrivateKey => private_key(PrivateKeyDer::Sec1(der.into())),
            SectionKind::PublicKey => (Kind::PublicKey, key_fields(Some(&der))),
            _ => continue,
        };
        items.push(Item { kind, at: at.map(str::to_owned), fields });
    }
    if items.is_empty() { Err(X509Error::Unknown) } else { Ok(items) }
}

/// Why PEM does not read, in words. The line that is at fault may be of any length.
fn pem_error(error: &pem::Error) -> String {
    const MOST: usize = 40;
    let start = |line: &[u8]| {
        let text = String::from_utf8_lossy(line.get(..MOST).unwrap_or(line)).into_owned();
        let more = if line.len() > MOST { "..." } else { "" };
        format!("{}{more}", escape(text.trim_end()))
    };
    match error {
        pem::Error::MissingSectionEnd { end_marker } => {
            format!("the block `{}` has no end line", start(end_marker).trim_end_matches('-'))
        }
        pem::Error::IllegalSectionStart { line } => {
            format!("this line begins no block: `{}`", start(line))
        }
        pem::Error::Base64Decode(_) => "a block is not base64".to_owned(),
        other => escape(&other.to_string()).into_owned(),
    }
}

/// A private key by its public half.
fn private_key(der: PrivateKeyDer<'_>) -> (Kind, Vec<Field>) {
    let public = rcgen::KeyPair::try_from(&der).ok().map(|pair| pair.subject_public_key_info());
    (Kind::PrivateKey, key_fields(public.as_deref()))
}

fn key_fields(public: Option<&[u8]>) -> Vec<Field> {
    let value = super::value::public_key_of(public.unwrap_or_default()).unwrap_or_else(|| "unknown".into());
    vec![Field { name: "publicKey".into(), value }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_several_keys_is_shown_by_its_own_public_half() {
        let pem = |algorithm| rcgen::KeyPair::generate_for(algorithm).unwrap().serialize_pem();
        let both = pem(&rcgen::PKCS_ECDSA_P256_SHA256) + &pem(&rcgen::PKCS_ECDSA_P384_SHA384);
        let shown: Vec<String> =
            inspect(both.as_bytes()).unwrap().into_iter().map(|item| item.fields[0].value.clone()).collect();
        assert_eq!(shown, ["ECDSA P-256", "ECDSA P-384"]);
    }

    #[test]
    fn pem_that_does_not_read_is_told_in_a_line() {
        let told = |text: &str| inspect(text.as_bytes()).unwrap_err().to_string();
        let begin = "-----BEGIN CERTIFICATE-----\n";
        assert_eq!(told(begin), "it does not read as a PEM file: the block `CERTIFICATE` has no end line");
        let block = format!("{begin}!?\n-----END CERTIFICATE-----\n");
        assert_eq!(told(&block), "it does not read as a PEM file: a block is not base64");
        assert!(told(&begin.replace('\n', "").repeat(100_000)).len() < 200);
        assert!(told(&format!("-----BEGIN {}", "\u{1b}".repeat(100_000))).len() < 500);
    }
}
