//! The certificates that a kubelet was issued, on disk: one file each, and a name that stands for
//! the current one (client-go/util/certificate/certificate_store.go).

use std::path::Path;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::handshake::Credential;
use crate::pki::PrivateKey;
use crate::trust::Certificate;
use crate::workspace::{Secrecy, Serving, WorkspaceError, pem_certificates};

/// A kubelet's certificate directory.
#[derive(Debug, Clone)]
pub(super) struct Files {
    pub(super) serving: Arc<Serving>,
    /// Below the workspace.
    pub(super) directory: String,
}

/// A pair as it was issued.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) credential: Credential,
    pub(super) not_before: OffsetDateTime,
    pub(super) not_after: OffsetDateTime,
}

impl Files {
    /// The name of the current pair: `kubelet-client-current.pem`.
    pub(super) fn current_path(&self, prefix: &str) -> String {
        format!("{}/{prefix}-current.pem", self.directory)
    }

    /// The current pair; none where there is none that reads.
    pub(super) fn current(&self, prefix: &str) -> Option<Pair> {
        let pem = self.serving.store().read(&self.current_path(prefix)).ok().flatten()?;
        pair(&pem)
    }

    /// Keeps a pair, which is the current one from now on.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn update(
        &self,
        prefix: &str,
        certificate: &str,
        key: &PrivateKey,
        now: OffsetDateTime,
    ) -> Result<(), WorkspaceError> {
        let stamp = time::macros::format_description!("[year]-[month]-[day]-[hour]-[minute]-[second]");
        let name = format!("{prefix}-{}.pem", now.format(&stamp).unwrap_or_default());
        let pem = format!("{certificate}{}", key.to_pem());
        self.serving.write(&format!("{}/{name}", self.directory), pem.as_bytes(), Secrecy::Private)?;
        self.serving.link(&self.current_path(prefix), Path::new(&name))
    }
}

/// The certificates and the key in one PEM text.
pub(super) fn pair(pem: &[u8]) -> Option<Pair> {
    let chain = pem_certificates(pem);
    let leaf = Certificate::parse(chain.first()?).ok()?;
    let key = PrivateKey::from_pem(pem).ok()?;
    let (not_before, not_after) = (leaf.not_before(), leaf.not_after());
    let credential = Credential { chain, key: key.der().to_vec() };
    Some(Pair { credential, not_before, not_after })
}
