//! What comes in, and what goes out.

use crossterm::event::{KeyEvent, MouseEvent};

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::audit::Finding;
use crate::fault::Making;
use crate::lab::{
    Cancel, Case, Edge, LiveStep, Panel, Permissions, Play, PlayRequest, Progress, StepReport, Trial,
    TrialStep,
};
use crate::lesson::Lesson;
use crate::text::Language;
use crate::trust::opinion::Opinion;
use crate::ui::ProgressView;
use crate::ui::inspector::Entry;
use time::OffsetDateTime;

/// Something that happened.
#[derive(Debug)]
pub(in crate::ui) enum Msg {
    /// A key.
    Key(KeyEvent),
    /// The mouse.
    Mouse(MouseEvent),
    /// The terminal has this many columns and rows now.
    Resized(u16, u16),
    /// Text that was pasted.
    Pasted(String),
    /// Whether the terminal's background is light.
    Background(bool),
    /// The lessons have changed, and so may what is done of them; what is wrong with them.
    Lessons(Vec<Lesson>, ProgressView, Vec<String>),
    /// The process goes on after it was stopped.
    Resumed,
    /// What stands beside a step.
    Panels(u64, Vec<Panel>),
    /// How far long work is.
    Progressed(u64, Progress),
    /// What a step came to.
    Performed(u64, Result<StepReport, String>),
    /// The cluster's connections.
    Edges(u64, Vec<Edge>),
    /// A connection that was made to be shown.
    Played(u64, Result<Box<Play>, String>),
    /// The next beat of what is played is due.
    Beat(u64),
    /// OpenSSL's opinions, in the order of the cases.
    Opinions(u64, Vec<Opinion>),
    /// Something happened while a fault is tried.
    TrialStep(u64, Box<TrialStep>),
    /// What trying a fault came to.
    Tried(u64, Result<Box<Trial>, String>),
    /// Something happened in the cluster that is alive.
    Live(u64, Box<LiveStep>),
    /// That cluster has ended.
    LiveEnded(u64, Result<(), String>),
    /// What a played request came to on its client's side, where it was not answered.
    Asked(u64, Result<Option<String>, String>),
    /// Who may do what in the cluster.
    Permissions(u64, Box<Permissions>),
    /// What the workspace holds, and the present.
    Gathered(u64, OffsetDateTime, Vec<Entry>),
    /// What is wrong with a file that is looked at.
    Checked(u64, Vec<Finding>),
    /// The file that something was exported into, or why it was not.
    Exported(Result<String, String>),
    /// Something could not be kept: one sentence.
    NotKept(String),
}

/// Something to do outside.
#[derive(Debug)]
pub(in crate::ui) enum Effect {
    /// Read what stands beside a step.
    Panels {
        /// The run.
        run: u64,
        /// The lesson's id.
        lesson: String,
        /// The step's id.
        step: String,
    },
    /// Do a step.
    Perform {
        /// The run.
        run: u64,
        /// The lesson's id.
        lesson: String,
        /// The step's id.
        step: String,
        /// Raised to stop it.
        cancel: Cancel,
    },
    /// List the cluster's connections, for this run.
    Edges(u64),
    /// Make a connection and record it.
    Play {
        /// The run.
        run: u64,
        /// Which.
        request: PlayRequest,
        /// Raised to stop it.
        cancel: Cancel,
    },
    /// Send the next beat.
    Wake {
        /// The run.
        run: u64,
        /// After so long.
        after: Duration,
    },
    /// Ask OpenSSL what it makes of these chains.
    AskOpenssl {
        /// The run.
        run: u64,
        /// The chains.
        cases: Vec<Arc<Case>>,
    },
    /// Run every connection, with a fault or while all is well.
    Try {
        /// The run.
        run: u64,
        /// The fault.
        making: Box<Making>,
        /// Whether with the fault.
        is_broken: bool,
        /// Raised to stop it.
        cancel: Cancel,
    },
    /// Serve the cluster and tell what happens.
    Live {
        /// The run.
        run: u64,
        /// Raised to stop it.
        cancel: Cancel,
    },
    /// Play a request on the cluster that is alive.
    Ask {
        /// The run of that cluster.
        run: u64,
        /// Which.
        id: String,
    },
    /// See who may do what in the cluster.
    Permissions(u64),
    /// Read what the workspace holds.
    Gather {
        /// The run.
        run: u64,
    },
    /// Look for what is wrong with a file, or with certificates that lie in none.
    Check {
        /// The run.
        run: u64,
        /// The file.
        file: Option<PathBuf>,
        /// The name that they are known by.
        name: String,
        /// The certificates.
        certificates: Vec<Vec<u8>>,
    },
    /// Write a new file.
    Export {
        /// The beginning of its name.
        stem: String,
        /// Its end.
        extension: &'static str,
        /// What it holds.
        bytes: Vec<u8>,
    },
    /// Keep that a step is done.
    Record {
        /// The lesson's id.
        lesson: String,
        /// The step's id.
        step: String,
        /// The answer, from 1.
        choice: Option<usize>,
    },
    /// Forget what was done in this lesson.
    Reset(String),
    /// See whether the lessons have changed.
    Reload,
    /// Keep the language.
    SetLanguage(Language),
    /// Put a text on the clipboard.
    Copy(String),
    /// Listen to the mouse or not.
    Mouse(bool),
    /// Give the terminal back to the shell for a while.
    Suspend,
    /// End.
    Quit,
}
