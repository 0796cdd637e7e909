//! Artifacts on disk: each file written beside and renamed into place, private keys
//! readable by their owner only, one writer at a time, resumable after any cut.

mod build;
mod leaf;
mod load;
mod parallel;
mod scratch;
mod serving;
mod spec;
mod store;

pub use build::{Build, Made, Selection, SetAside};
pub use load::{Credential, authority_chain, credential, kubeconfig_text, pem_certificates};
pub use parallel::{Cancel, Progress};
pub use scratch::{Scratch, remove_scratch};
pub use serving::Serving;
pub use spec::{read_spec, settle_spec};
pub use store::{Locked, Secrecy, Store, default_directory};

use std::io;
use std::path::PathBuf;

use crate::blueprint::{BlueprintError, SpecError};
use crate::pki::KeyError;
use crate::x509::X509Error;

/// What can go wrong with a workspace. Each message says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// A file or directory could not be read or written.
    #[error("cannot {what} {}: {}", path.display(), reason(source))]
    Io {
        /// `read`, `write`, `create`, …
        what: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The directory is a file.
    #[error("{} is a file: name a directory, or move the file away", .0.display())]
    NotDirectory(PathBuf),
    /// Another process writes here.
    #[error("{} is in use by another dojang: end that one first, or use another --dir", .0.display())]
    Busy(PathBuf),
    /// Another process serves the cluster of this workspace.
    #[error("a `dojang serve` serves the cluster in {}: stop that one first, or use another --dir", .0.display())]
    Served(PathBuf),
    /// No place for the workspace.
    #[error("no home directory to keep the workspace in: name one with --dir")]
    NoHome,
    /// The directory holds another cluster.
    #[error("{} holds another cluster ({why}): use another directory, or --force to replace it (the old files are kept)", path.display())]
    OtherCluster {
        /// Which.
        path: PathBuf,
        /// What differs.
        why: String,
    },
    /// Nothing was made here yet.
    #[error("{} holds no cluster yet: make one with `dojang pki create`", .0.display())]
    Empty(PathBuf),
    /// The certificate of an authority is there, its key is not.
    #[error(
        "{certificate} is here without its key {key}, so nothing new can be signed: put the key beside it, or use --force for a new CA (the old files are kept)"
    )]
    NoAuthorityKey {
        /// The certificate.
        certificate: String,
        /// The missing key.
        key: String,
    },
    /// An artifact has not been made.
    #[error("{0} has not been made yet: make it in its lesson, or all with `dojang pki create`")]
    Missing(String),
    /// A file that does not hold what its name says.
    #[error("{path} does not serve: {why}; mend it, or move it away and `dojang pki create` makes it anew")]
    Unusable {
        /// Which.
        path: String,
        /// Why.
        why: String,
    },
    /// No such artifact in this cluster.
    #[error("this cluster has no artifact `{0}`")]
    Unknown(String),
    /// The run was cancelled.
    #[error("cancelled: what was finished is kept, and the next run completes it")]
    Cancelled,
    /// The cluster's spec is impossible.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The blueprint is broken.
    #[error(transparent)]
    Blueprint(#[from] BlueprintError),
    /// A key could not be made or used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A certificate could not be read.
    #[error(transparent)]
    X509(#[from] X509Error),
}

/// The machine's reason, and what to do about the common ones.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "permission denied; use a directory of your own with --dir".into(),
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only; use another with --dir".into(),
        io::ErrorKind::StorageFull => "no space left; free some, then run it again".into(),
        io::ErrorKind::NotFound => "it does not exist".into(),
        _ => error.to_string(),
    }
}
