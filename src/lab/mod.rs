//! The one engine that both faces use: it makes, connects and judges what a step asks for,
//! and gives back its outcome.

mod audit_log;
mod change;
mod check;
mod connect;
mod difference;
mod engine;
mod error;
mod etcd;
mod faulty;
mod files;
mod holdings;
mod lessons;
mod life;
mod lint;
mod making;
mod matrix;
mod meaning;
mod opinions;
mod panels;
mod play;
mod request;
mod run;
mod serve;
mod serving;
mod step;
mod trial;
mod view;
mod walk;

pub use crate::workspace::{Cancel, Progress};
pub use connect::{Manner, Offer, Tls, tls_version};
pub use difference::{Difference, FieldDifference};
pub use engine::{Directory, Lab, LabOptions};
pub use error::LabError;
pub use etcd::RealMember;
pub use faulty::Replaced;
pub use holdings::{Holding, export, holdings, holdings_of};
pub use life::{IssueRequest, Issued};
pub use lint::findings;
pub use matrix::MatrixRow;
pub use meaning::{Meaning, Named, Role, meaning};
pub use opinions::{Case, Opinions};
pub use play::{Judgement, Moment, Play, PlayRequest, Scene, Variant};
pub use request::{RequestOutcome, RequestView};
pub use serve::{Reaching, Ready};
pub use serving::{Bound, shell_word};
pub use trial::{Trial, TrialStep};
pub use view::{
    AlertView, ArtifactView, ChainView, ConnectionOutcome, ConnectionView, Edge, FieldView, FileView, Holder,
    Panel, Rung, StepReport, TerminalLine, TerminalView, ToolCommands, Trusts,
};
pub use walk::{WalkReport, WalkRow};
