//! The one engine that both faces use: it makes, connects and judges what a step asks for,
//! and gives back its outcome.

mod asking;
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
mod live;
mod log_file;
mod making;
mod matrix;
mod meaning;
mod nodes;
mod opinions;
mod panels;
mod permissions;
mod play;
mod reload;
mod request;
mod requests;
mod run;
mod serve;
mod serving;
mod start;
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
pub use live::{AskView, LiveStep, Opened};
pub use log_file::LogFile;
pub use matrix::MatrixRow;
pub use meaning::{Meaning, Named, Role, meaning};
pub use nodes::{Joining, Nodes};
pub use opinions::{Case, Opinions};
pub use permissions::{Permissions, policy_of};
pub use play::{Judgement, Moment, Play, PlayRequest, Scene, Variant};
pub use reload::{Files, Outcome as RereadOutcome, Reread};
pub use request::{RequestOutcome, RequestView};
pub use serve::{Controllers, Reaching, Ready};
pub use serving::{Bound, shell_word};
pub use start::NotStarted;
pub use trial::{Trial, TrialStep};
pub use view::{
    AlertView, ArtifactView, ChainView, ConnectionOutcome, ConnectionView, Edge, FieldView, FileView, Holder,
    Panel, Rung, StepReport, TerminalLine, TerminalView, ToolCommands, Trusts,
};
pub use walk::{WalkReport, WalkRow};
