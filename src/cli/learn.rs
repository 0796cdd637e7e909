//! `dojang` and `dojang learn`: the lab on the screen.

use std::sync::Arc;

use super::args::Global;
use super::error::CliError;
use super::output::Output;
use super::signals::end_after_signal;
use crate::lab::{Holding, Play};
use crate::ui::{self, UiError};

pub(super) fn run(output: &Output, global: &Global, lesson: Option<String>) -> Result<u8, CliError> {
    screen(output, global, Opening::Lesson(lesson))
}

/// What the screen begins with.
pub(super) enum Opening {
    /// A lesson, or where the learner left off.
    Lesson(Option<String>),
    /// A recorded connection.
    Play(Arc<Play>),
    /// What was named, in the inspector; and what of it does not read.
    Inspect(Vec<Holding>, Option<String>),
}

/// The screen.
pub(super) fn screen(output: &Output, global: &Global, opening: Opening) -> Result<u8, CliError> {
    if !ui::has_terminal() {
        return Err(UiError::NoTerminal.into());
    }
    let lab = super::lab::open(output, global, false, None)?;
    let mut options = ui::Options {
        language: global.lang,
        ascii: output.ascii,
        color: output.color,
        background: global.background.into(),
        ..ui::Options::default()
    };
    match opening {
        Opening::Lesson(lesson) => {
            let id = |name: String| lab.lesson(&name).map(|lesson| lesson.id.clone());
            options.start = lesson.map(id).transpose()?;
        }
        Opening::Play(play) => options.play = Some(play),
        Opening::Inspect(holdings, notice) => (options.inspect, options.notice) = (holdings, notice),
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| CliError::Machine(format!("no threads for the screen: {error}")))?;
    end_after_signal();
    let ended = runtime.block_on(ui::run(Arc::new(lab), options));
    // Work that was begun ends by itself or with the process; the user does not wait for it.
    runtime.shutdown_background();
    ended?;
    Ok(0)
}

impl From<UiError> for CliError {
    fn from(error: UiError) -> Self {
        match error {
            UiError::NoTerminal | UiError::NoLesson { .. } => Self::Usage(error.to_string()),
            UiError::Signal(number) => Self::Signal(number),
            UiError::Terminal(_) | UiError::Panicked(_) => Self::Machine(error.to_string()),
        }
    }
}
