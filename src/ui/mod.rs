//! The terminal screen: a pure core ([`update`] and `view`) and one loop around it.
//!
//! `update(&mut Model, Msg) -> Vec<Effect>` decides, `view(&Model, &mut Frame)` draws; the
//! loop carries effects out and brings back what they came to as a message with the run it
//! belongs to. Nothing is drawn unless a message changed something.

use std::collections::BTreeSet;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::fault::Making;
use crate::lab::{
    Cancel, Edge, Holding, LiveStep, Panel, Permissions, Play, PlayRequest, Progress, StepReport, Trial,
    TrialStep,
};
use crate::lesson::Lesson;
use crate::text::Language;

mod background;
mod browser;
mod commands;
mod effects;
mod engine;
mod guard;
mod inspector;
mod keys;
mod live;
mod model;
mod overlay;
mod run;
mod still;
mod theatre;
mod theme;
mod update;
mod view;
mod words;

#[cfg(test)]
mod tests;

pub use background::Background;
pub use run::{has_terminal, run};
pub use still::Still;

/// What the screen needs of the lab.
pub trait Engine: Send + Sync + 'static {
    /// The curriculum, in order. Cheap.
    fn lessons(&self) -> &[Lesson];

    /// What has been done so far. Cheap.
    fn progress(&self) -> ProgressView;

    /// What stands beside a step without doing it. May read the disk; it is called off the
    /// screen's thread.
    fn panels(&self, lesson: &str, step: &str) -> Vec<Panel>;

    /// Does a step; may take seconds. Called off the screen's thread.
    ///
    /// # Errors
    /// One sentence for the user. After `cancel` was raised any error will do.
    fn perform(
        &self,
        lesson: &str,
        step: &str,
        cancel: &Cancel,
        on_progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<StepReport, String>;

    /// The cluster's connections. Called off the screen's thread.
    fn edges(&self) -> Vec<Edge>;

    /// Makes a connection and records it; may take seconds. Called off the screen's thread.
    ///
    /// # Errors
    /// One sentence for the user. After `cancel` was raised any error will do.
    fn play(&self, request: &PlayRequest, cancel: &Cancel) -> Result<Play, String>;

    /// Runs every connection of a cluster like the learner's with this fault, or while all is
    /// well, and tells of each. Called off the screen's thread.
    ///
    /// # Errors
    /// One sentence for the user. After `cancel` was raised any error will do.
    fn trial(
        &self,
        making: &Making,
        is_broken: bool,
        cancel: &Cancel,
        tell: &(dyn Fn(TrialStep) + Sync),
    ) -> Result<Trial, String>;

    /// Serves the cluster on loopback until it is cancelled, and tells what happens. Called off
    /// the screen's thread.
    ///
    /// # Errors
    /// One sentence for the user. After `cancel` was raised any error will do.
    fn live(&self, cancel: &Cancel, tell: &(dyn Fn(LiveStep) + Sync)) -> Result<(), String>;

    /// Plays a ready-made request on the cluster that serves: what its client prints, where it
    /// was not answered. Called off the screen's thread.
    ///
    /// # Errors
    /// One sentence for the user.
    fn ask(&self, id: &str) -> Result<Option<String>, String>;

    /// Who may do what in the cluster. Called off the screen's thread.
    fn permissions(&self) -> Permissions;

    /// Every certificate, request and revocation list of the workspace. Reads the disk; it is
    /// called off the screen's thread.
    fn holdings(&self) -> Vec<Holding>;

    /// The present, by which certificates are looked at.
    fn now(&self) -> OffsetDateTime;

    /// Writes a new file, readable by the user alone, and gives its whole path. Called off
    /// the screen's thread.
    ///
    /// # Errors
    /// One sentence for the user.
    fn export(&self, stem: &str, extension: &str, bytes: &[u8]) -> Result<String, String>;

    /// Keeps that a step is done; `choice` is the answer to a question, from 1. Called by the
    /// screen before it shows the step as done; quick.
    ///
    /// # Errors
    /// One sentence for the user.
    fn record(&self, lesson: &str, step: &str, choice: Option<usize>) -> Result<(), String>;

    /// Keeps the language for the next time. Called by the screen before it changes; quick.
    ///
    /// # Errors
    /// One sentence for the user.
    fn set_language(&self, language: Language) -> Result<(), String>;

    /// Forgets what was done in a lesson; artifacts stay. Called by the screen before it
    /// shows the lesson as new; quick.
    ///
    /// # Errors
    /// One sentence for the user.
    fn reset(&self, lesson: &str) -> Result<(), String>;

    /// Whether the lessons may change while the screen is shown.
    fn reloads(&self) -> bool {
        false
    }

    /// Reads the lessons anew if they have changed: then what is wrong with them, a sentence
    /// each with file and line. Called off the screen's thread, once a second, only where
    /// they may change.
    fn reload(&self) -> Option<Vec<String>> {
        None
    }
}

/// What a learner has done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProgressView {
    /// Lesson and step ids that are done.
    pub done: BTreeSet<(String, String)>,
    /// The lesson and step to go on with.
    pub resume: Option<(String, String)>,
    /// The language that was last chosen on the screen.
    pub language: Option<Language>,
}

/// How the screen is to be.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The language; if none, the one last chosen, else the machine's.
    pub language: Option<Language>,
    /// Glyphs and borders in ASCII.
    pub ascii: bool,
    /// Whether colours are used.
    pub color: bool,
    /// What lies behind the text.
    pub background: Background,
    /// The lesson to open at once, by id; if none, the list.
    pub start: Option<String>,
    /// A recorded connection to show at once, message by message.
    pub play: Option<Arc<Play>>,
    /// What to show in the inspector at once; if nothing, it stays closed.
    pub inspect: Vec<Holding>,
    /// A line to tell at the start, of something that went wrong.
    pub notice: Option<String>,
}

/// Why the screen ended otherwise than by the user's wish. The terminal has been given back.
#[derive(Debug, thiserror::Error)]
pub enum UiError {
    /// Standard input or output is no terminal.
    #[error(
        "the screen needs a terminal on standard input and output; `dojang walk` does every step without one"
    )]
    NoTerminal,
    /// There is no such lesson.
    #[error("there is no lesson `{id}`{}; `dojang lessons list` shows them all", near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    NoLesson {
        /// What was asked for.
        id: String,
        /// The nearest that there is.
        near: Option<String>,
    },
    /// The process was told to end by this signal.
    #[error("ended by signal {0}")]
    Signal(i32),
    /// The terminal failed.
    #[error("the terminal failed: {0}; make sure that it is still open, then start again")]
    Terminal(#[from] std::io::Error),
    /// The program's own mistake.
    #[error(
        "dojang stopped because of a mistake of its own: {0}; progress and artifacts are kept, so start it again"
    )]
    Panicked(String),
}
