//! What can go wrong in the lab.

use crate::blueprint::{BlueprintError, ComponentError, SpecError};
use crate::cluster::{JournalError, ServerError};
use crate::fault::UnknownFault;
use crate::handshake::HandshakeError;
use crate::lesson::{ProgressError, UnknownLesson};
use crate::pki::KeyError;
use crate::workspace::WorkspaceError;
use crate::x509::X509Error;

/// What can go wrong in the lab.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The workspace.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// A component's name.
    #[error(transparent)]
    Component(#[from] ComponentError),
    /// A lesson's name.
    #[error(transparent)]
    Lesson(#[from] UnknownLesson),
    /// A step's name.
    #[error("the lesson `{lesson}` has no step `{step}`")]
    Step {
        /// The lesson.
        lesson: String,
        /// The step.
        step: String,
    },
    /// The connection itself could not be tried.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// The progress could not be kept.
    #[error(transparent)]
    Progress(#[from] ProgressError),
    /// Only the clock, a port or a thread of this machine can be at fault.
    #[error("this machine cannot run the connection: {0}")]
    Machine(#[from] std::io::Error),
    /// The API server does not come up on these files.
    #[error(transparent)]
    NotStarted(#[from] Box<super::start::NotStarted>),
    /// The objects of the serving cluster cannot be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The cluster cannot serve.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// A server's name that is none.
    #[error("`{0}` is no DNS name and no address that a client could ask for")]
    Name(String),
    /// A file that the cluster does not have.
    #[error("this cluster has no file `{name}`{}", near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    File {
        /// What was asked for.
        name: String,
        /// The nearest that there is.
        near: Option<String>,
    },
    /// A fault's name.
    #[error(transparent)]
    Fault(#[from] UnknownFault),
    /// A TLS version or request that does not exist.
    #[error("{0}")]
    Request(String),
}

macro_rules! through_the_workspace {
    ($($error:ty),+) => {$(
        impl From<$error> for LabError {
            fn from(error: $error) -> Self {
                Self::Workspace(error.into())
            }
        }
    )+};
}

through_the_workspace!(KeyError, X509Error, SpecError, BlueprintError);
