//! One sentence, its cause, the next step, and the right exit status.

use crate::blueprint::{BlueprintError, ComponentError, SpecError};
use crate::workspace::WorkspaceError;

/// What ends a command.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    /// The call was wrong.
    #[error("{0}")]
    Usage(String),
    /// The machine failed.
    #[error("{0}")]
    Machine(String),
    /// A signal asked it to end.
    #[error("ended by signal {0}: what was finished is kept, and the next run completes it")]
    Signal(i32),
}

impl CliError {
    pub(super) const fn status(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Machine(_) => 3,
            // 128 + n, as shells count it; signals are below 64.
            Self::Signal(number) => 128 + (*number % 64) as u8,
        }
    }
}

impl From<SpecError> for CliError {
    fn from(error: SpecError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<ComponentError> for CliError {
    fn from(error: ComponentError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<BlueprintError> for CliError {
    fn from(error: BlueprintError) -> Self {
        Self::Machine(error.to_string())
    }
}

impl From<WorkspaceError> for CliError {
    fn from(error: WorkspaceError) -> Self {
        use WorkspaceError as E;
        match error {
            E::NotDirectory(_)
            | E::OtherCluster { .. }
            | E::Empty(_)
            | E::NoAuthorityKey { .. }
            | E::Missing(_)
            | E::Unknown(_)
            | E::Unusable { .. }
            | E::NoHome
            | E::Spec(_) => Self::Usage(error.to_string()),
            E::Cancelled => Self::Signal(2),
            _ => Self::Machine(error.to_string()),
        }
    }
}
