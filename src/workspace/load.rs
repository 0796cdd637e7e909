//! Artifacts read back from disk, whoever made them.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::{Store, WorkspaceError};
use crate::blueprint::{Places, Plan};
use crate::pki::PrivateKey;
use crate::x509::read_kubeconfig;

/// A certificate with its key, as a component holds them.
#[derive(Debug)]
pub struct Credential {
    /// The chain as DER, leaf first.
    pub chain: Vec<Vec<u8>>,
    /// The key.
    pub key: PrivateKey,
}

/// Every certificate in a PEM text, as DER; what is no certificate is passed over.
#[must_use]
pub fn pem_certificates(pem: &[u8]) -> Vec<Vec<u8>> {
    CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).map(|der| der.to_vec()).collect()
}

/// The credential of a leaf, from its files or its kubeconfig.
///
/// # Errors
/// It has not been made, or what is there does not serve.
pub fn credential(store: &Store, plan: &Plan, id: &str) -> Result<Credential, WorkspaceError> {
    let certificate = plan.certificate(id).ok_or_else(|| WorkspaceError::Unknown(id.into()))?;
    let missing = || WorkspaceError::Missing(certificate.id());
    let (chain, key, path) = match &certificate.places {
        Places::Files(place) => (
            store.read(&place.certificate)?.ok_or_else(missing)?,
            store.read(&place.key)?.ok_or_else(missing)?,
            &place.key,
        ),
        Places::Kubeconfig(path) => {
            let text = store.read(path)?.ok_or_else(missing)?;
            let (chain, key) = read_kubeconfig(&String::from_utf8_lossy(&text))
                .map_err(|error| WorkspaceError::Unusable { path: path.clone(), why: error.to_string() })?;
            (chain, key, path)
        }
    };
    let chain = pem_certificates(&chain);
    if chain.is_empty() {
        return Err(WorkspaceError::Unusable {
            path: certificate.file().to_owned(),
            why: "it holds no certificate in PEM".into(),
        });
    }
    let key = PrivateKey::from_pem(&key)
        .map_err(|error| WorkspaceError::Unusable { path: path.clone(), why: error.to_string() })?;
    Ok(Credential { chain, key })
}

/// The certificates of an authority's file, as DER.
///
/// # Errors
/// It has not been made, or holds none.
pub fn authority_chain(store: &Store, plan: &Plan, id: &str) -> Result<Vec<Vec<u8>>, WorkspaceError> {
    let authority = plan.authority(id).ok_or_else(|| WorkspaceError::Unknown(id.into()))?;
    let path = &authority.place.certificate;
    let chain = pem_certificates(&store.read(path)?.ok_or_else(|| WorkspaceError::Missing(id.into()))?);
    if chain.is_empty() {
        return Err(WorkspaceError::Unusable {
            path: path.clone(),
            why: "it holds no certificate in PEM".into(),
        });
    }
    Ok(chain)
}

/// The text of a kubeconfig of the plan.
///
/// # Errors
/// It is not in the plan, or has not been made.
pub fn kubeconfig_text(store: &Store, plan: &Plan, id: &str) -> Result<String, WorkspaceError> {
    let kubeconfig = plan.kubeconfig(id).ok_or_else(|| WorkspaceError::Unknown(id.into()))?;
    let text = store.read(&kubeconfig.path)?.ok_or_else(|| WorkspaceError::Missing(id.into()))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
