//! The one engine that both faces use: it makes, connects and judges what a step asks for,
//! and gives back its outcome.

mod change;
mod check;
mod connect;
mod engine;
mod error;
mod faulty;
mod files;
mod lessons;
mod life;
mod panels;
mod run;
mod step;
mod view;
mod walk;

pub use crate::workspace::{Cancel, Progress};
pub use connect::{Manner, MatrixRow, Offer, Tls, tls_version};
pub use engine::{Directory, Lab, LabOptions};
pub use error::LabError;
pub use faulty::Replaced;
pub use life::{IssueRequest, Issued};
pub use view::{
    AlertView, ArtifactView, ConnectionOutcome, ConnectionView, Edge, FieldView, FileView, Holder, Panel,
    Rung, StepReport, TerminalLine, TerminalView, ToolCommands, Trusts,
};
pub use walk::{WalkReport, WalkRow};
