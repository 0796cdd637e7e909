//! What a file holds: PEM blocks, bare DER, or a kubeconfig.

use rcgen::PublicKeyData;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::{PemObject, SectionKind};
use serde::Serialize;

use super::{Field, X509Error, certificate_fields, read_kubeconfig, request_fields};

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
            section.map_err(|error| X509Error::Malformed { what: "PEM file", why: format!("{error:?}") })?;
        let (kind, fields) = match kind {
            SectionKind::Certificate => (Kind::Certificate, certificate_fields(&der)?),
            SectionKind::Csr => (Kind::CertificateRequest, request_fields(&der)?),
            SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey => {
                (Kind::PrivateKey, key_fields(public_half(pem).as_deref()))
            }
            SectionKind::PublicKey => (Kind::PublicKey, key_fields(Some(&der))),
            _ => continue,
        };
        items.push(Item { kind, at: at.map(str::to_owned), fields });
    }
    if items.is_empty() { Err(X509Error::Unknown) } else { Ok(items) }
}

/// The public half of the private key in a PEM text.
fn public_half(pem: &[u8]) -> Option<Vec<u8>> {
    let der = PrivateKeyDer::from_pem_slice(pem).ok()?;
    rcgen::KeyPair::try_from(&der).ok().map(|pair| pair.subject_public_key_info())
}

fn key_fields(public: Option<&[u8]>) -> Vec<Field> {
    let value = super::value::public_key_of(public.unwrap_or_default()).unwrap_or_else(|| "unknown".into());
    vec![Field { name: "publicKey".into(), value }]
}
