//! A fault on a connection, or in the workspace's files.

use serde::Serialize;

use super::change::Changed;
use super::connect::Circumstances;
use super::connect::Manner;
use super::engine::Lab;
use super::{Cancel, ConnectionView, LabError};
use crate::blueprint::{Connection, Kubeconfig, Places, resolve_certificate};
use crate::fault::Change;
use crate::handshake::{ClientSide, ServerSide};
use crate::pki::{self, KubeconfigContent};
use crate::workspace::{Credential, Secrecy, Selection, WorkspaceError, authority_chain, credential};

/// A file that a fault has replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replaced {
    /// Which.
    pub path: String,
    /// Where the healthy one is kept.
    pub kept: String,
}

impl Lab {
    /// One connection with a fault on a copy: nothing in the workspace is changed, beyond
    /// what is missing being made. Without a change it is the healthy connection.
    ///
    /// # Errors
    /// As [`Lab::connect`].
    pub fn connect_faulty(
        &self,
        connection: &Connection,
        manner: impl Into<Manner>,
        change: Option<&Change>,
        cancel: &Cancel,
    ) -> Result<ConnectionView, LabError> {
        let Some(change) = change else { return self.connect(connection, manner, cancel) };
        let change = self.aimed(change, connection)?;
        self.make_for(connection, Some(&change), cancel)?;
        let changed = self.change(&change)?;
        self.connect_under(
            connection,
            manner,
            &Circumstances { changed: Some(&changed), ..Circumstances::default() },
        )
    }

    /// Both sides of a connection with a fault on a copy, so that other programs can be put
    /// in either's place. Nothing in the workspace is changed, beyond what is missing being
    /// made.
    ///
    /// # Errors
    /// As [`Lab::connect`].
    pub fn sides_faulty(
        &self,
        connection: &Connection,
        change: Option<&Change>,
        cancel: &Cancel,
    ) -> Result<(ClientSide, ServerSide), LabError> {
        let change = change.map(|change| self.aimed(change, connection)).transpose()?;
        self.make_for(connection, change.as_ref(), cancel)?;
        let changed = change.map(|change| self.change(&change)).transpose()?;
        let circumstances = Circumstances { changed: changed.as_ref(), ..Circumstances::default() };
        self.sides_under(connection, &circumstances)
    }

    /// The change with the artifact of its kind that this connection uses: of the
    /// certificates of several nodes, the one that is shown.
    pub(super) fn aimed(&self, change: &Change, connection: &Connection) -> Result<Change, LabError> {
        let mut change = change.clone();
        let used = [connection.credential.as_ref(), Some(&connection.server.certificate)];
        let shown = used.into_iter().flatten().find(|id| {
            self.plan.certificate(id).is_some_and(|certificate| certificate.kind == change.artifact)
        });
        match shown {
            Some(id) => change.artifact.clone_from(id),
            None => change.artifact = resolve_certificate(&self.plan, &change.artifact)?,
        }
        Ok(change)
    }

    /// Makes a fault in the workspace's files, and says which were replaced. The healthy
    /// ones are kept beside them under another name.
    ///
    /// # Errors
    /// An artifact cannot be made, read or written.
    pub fn make_fault(&self, change: &Change, cancel: &Cancel) -> Result<Vec<Replaced>, LabError> {
        let mut change = change.clone();
        change.artifact = resolve_certificate(&self.plan, &change.artifact)?;
        self.make(&Selection::Only(vec![change.artifact.clone()]), cancel, &|_| ())?;
        let changed = self.change(&change)?;
        // Where the key alone is another one, the certificate stays as it is.
        let shown = if change.is_of_the_key_alone() { &changed.before } else { &changed.after };
        let pem = pki::pem("CERTIFICATE", shown);
        let mut replaced = Vec::new();
        if !change.is_of_the_key_alone() {
            for path in self.files_of(&changed.id) {
                replaced.extend(self.replace(&path, pem.as_bytes(), Secrecy::Public)?);
            }
        }
        if let (Some(key), Some(path)) = (&changed.key, self.key_file_of(&changed.id)) {
            let pem = pki::pem("PRIVATE KEY", key);
            replaced.extend(self.replace(&path, pem.as_bytes(), Secrecy::Private)?);
        }
        for kubeconfig in &self.plan.kubeconfigs {
            if let Some(text) = self.faulty_kubeconfig(kubeconfig, &changed, &pem)? {
                replaced.extend(self.replace(&kubeconfig.path, text.as_bytes(), Secrecy::Private)?);
            }
        }
        Ok(replaced)
    }

    /// The files that hold a certificate alone.
    fn files_of(&self, id: &str) -> Vec<String> {
        if let Some(authority) = self.plan.authority(id) {
            let copies = authority.copies.iter().map(|copy| copy.certificate.clone());
            return std::iter::once(authority.place.certificate.clone()).chain(copies).collect();
        }
        match self.plan.certificate(id).map(|certificate| &certificate.places) {
            Some(Places::Files(place)) => vec![place.certificate.clone()],
            _ => Vec::new(),
        }
    }

    /// The file that holds a leaf's key alone.
    fn key_file_of(&self, id: &str) -> Option<String> {
        match self.plan.certificate(id).map(|certificate| &certificate.places) {
            Some(Places::Files(place)) => Some(place.key.clone()),
            _ => None,
        }
    }

    /// A kubeconfig with the changed certificate in it; none if it holds another or has
    /// not been made.
    fn faulty_kubeconfig(
        &self,
        kubeconfig: &Kubeconfig,
        changed: &Changed,
        pem: &str,
    ) -> Result<Option<String>, LabError> {
        let Some(leaf) = self.plan.certificate(&kubeconfig.certificate) else { return Ok(None) };
        let is_leaf = leaf.id() == changed.id;
        if !is_leaf && leaf.authority != changed.id || self.store().read(&kubeconfig.path)?.is_none() {
            return Ok(None);
        }
        let Credential { chain, key } = credential(self.store(), &self.plan, &leaf.id())?;
        let all = |ders: &[Vec<u8>]| ders.iter().map(|der| pki::pem("CERTIFICATE", der)).collect::<String>();
        let (certificate, authority) = if is_leaf {
            (pem.to_owned(), all(&authority_chain(self.store(), &self.plan, &leaf.authority)?))
        } else {
            (all(&chain), pem.to_owned())
        };
        let key = match &changed.key {
            Some(other) if is_leaf => pki::pem("PRIVATE KEY", other),
            _ => key.to_pem().to_string(),
        };
        Ok(Some(pki::write_kubeconfig(&KubeconfigContent {
            cluster: &self.plan.spec.name,
            server: &kubeconfig.server,
            server_name: None,
            user: &kubeconfig.user,
            authority: authority.as_bytes(),
            certificate: certificate.as_bytes(),
            key: key.as_bytes(),
        })))
    }

    /// Writes a file in the place of one that is there.
    pub(super) fn replace(
        &self,
        path: &str,
        bytes: &[u8],
        secrecy: Secrecy,
    ) -> Result<Option<Replaced>, WorkspaceError> {
        if self.store().read(path)?.is_none() {
            return Ok(None);
        }
        let kept = self.locked.set_aside(path, self.now())?;
        self.locked.write(path, bytes, secrecy)?;
        Ok(Some(Replaced { path: path.to_owned(), kept }))
    }
}
