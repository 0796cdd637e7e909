//! What a cluster that serves writes into its workspace, while others make, break and mend what
//! else is there: kubeconfigs that reach it, logs, what its kubelets were issued.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use super::store::SERVING;
use super::{Locked, Secrecy, Store, WorkspaceError};

/// A workspace that this process alone serves. It keeps nobody from writing artifacts.
#[derive(Debug, Clone)]
pub struct Serving(Arc<Locked>);

impl Store {
    /// Takes the workspace for serving its cluster.
    ///
    /// # Errors
    /// The directory cannot be made or written, is a file, or is served already.
    pub fn lock_serving(&self) -> Result<Serving, WorkspaceError> {
        self.claim_serving().map(|locked| Serving(Arc::new(locked)))
    }

    pub(super) fn claim_serving(&self) -> Result<Locked, WorkspaceError> {
        self.claim(SERVING).map_err(|error| match error {
            WorkspaceError::Busy(root) => WorkspaceError::Served(root),
            other => other,
        })
    }
}

impl Serving {
    /// The workspace, for reading.
    #[must_use]
    pub fn store(&self) -> &Store {
        self.0.store()
    }

    /// The workspace as one writes it who needs no more of it than this.
    #[must_use]
    pub fn locked(&self) -> Arc<Locked> {
        Arc::clone(&self.0)
    }

    /// Writes a file whole, as [`Locked::write`] does.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, relative: &str, bytes: &[u8], secrecy: Secrecy) -> Result<(), WorkspaceError> {
        self.0.write(relative, bytes, secrecy)
    }

    /// Lets a name stand for another file, from one moment to the next.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn link(&self, relative: &str, target: &Path) -> Result<(), WorkspaceError> {
        self.0.place(relative, |temporary| symlink(target, temporary))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_serves_while_others_write() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::new(directory.path());
        let serving = store.lock_serving().unwrap();
        assert!(matches!(store.lock_serving(), Err(WorkspaceError::Served(_))));
        let locked = store.lock().unwrap();
        locked.write("ca.crt", b"broken", Secrecy::Public).unwrap();
        serving.write("node03/client-1.pem", b"first", Secrecy::Private).unwrap();
        serving.link("node03/client.pem", Path::new("client-1.pem")).unwrap();
        assert_eq!(store.read("node03/client.pem").unwrap().unwrap(), b"first");
        serving.write("node03/client-2.pem", b"second", Secrecy::Private).unwrap();
        serving.link("node03/client.pem", Path::new("client-2.pem")).unwrap();
        assert_eq!(store.read("node03/client.pem").unwrap().unwrap(), b"second");

        // What serves is not taken away from below it.
        let now = time::OffsetDateTime::UNIX_EPOCH;
        assert!(matches!(locked.clear(), Err(WorkspaceError::Served(_))));
        assert!(matches!(locked.back_up(now), Err(WorkspaceError::Served(_))));
        drop(serving);
        assert_eq!(locked.clear().unwrap(), 4);
        assert!(store.lock_serving().is_ok());
    }
}
