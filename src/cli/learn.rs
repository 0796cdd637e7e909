//! `dojang` and `dojang learn`: the lab on the screen.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::args::Global;
use super::error::CliError;
use super::output::Output;
use super::signals::end_after_hang_up;
use crate::lab::{Cancel, Lab, LabError, Panel, Progress, StepReport};
use crate::lesson::{Lesson, Step};
use crate::text::Language;
use crate::ui::{self, Engine, ProgressView, UiError};

/// The lab, as the screen wants it.
struct OnScreen(Lab);

impl OnScreen {
    fn find(&self, lesson: &str, step: &str) -> Result<(&Lesson, &Step), LabError> {
        let found = self.0.lesson(lesson)?;
        let unknown = || LabError::Step { lesson: lesson.to_owned(), step: step.to_owned() };
        let (_, step) = found.step(step).ok_or_else(unknown)?;
        Ok((found, step))
    }
}

impl Engine for OnScreen {
    fn lessons(&self) -> &[Lesson] {
        &self.0.curriculum().lessons
    }

    fn progress(&self) -> ProgressView {
        let progress = self.0.progress();
        let lessons = &self.0.curriculum().lessons;
        let done: BTreeSet<(String, String)> = lessons
            .iter()
            .flat_map(|lesson| lesson.steps.iter().map(move |step| (lesson, step)))
            .filter(|(lesson, step)| progress.is_done(&lesson.id, &step.id))
            .map(|(lesson, step)| (lesson.id.clone(), step.id.clone()))
            .collect();
        let resume = progress.place(self.0.curriculum()).and_then(|(lesson, step)| {
            let lesson = lessons.get(lesson)?;
            // What is kept is the step done last, and the learner went on from there.
            let is_done = progress.is_done(&lesson.id, &lesson.steps.get(step)?.id);
            Some((lesson.id.clone(), lesson.steps.get(step + usize::from(is_done))?.id.clone()))
        });
        ProgressView { done, resume, language: progress.language }
    }

    fn panels(&self, lesson: &str, step: &str) -> Vec<Panel> {
        // Keys are wanted soon; the first frame has been drawn by now.
        self.0.make_keys_ahead();
        self.find(lesson, step).and_then(|(_, step)| self.0.panels(step)).unwrap_or_default()
    }

    fn perform(
        &self,
        lesson: &str,
        step: &str,
        cancel: &Cancel,
        on_progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<StepReport, String> {
        let (lesson, step) = self.find(lesson, step).map_err(|error| error.to_string())?;
        let report = self.0.perform(lesson, step, cancel, on_progress).map_err(|error| error.to_string());
        self.0.make_keys_ahead();
        report
    }

    fn record(&self, lesson: &str, step: &str, choice: Option<usize>) -> Result<(), String> {
        let recorded = self.0.record(|progress| {
            progress.go(lesson, step);
            progress.mark_done(lesson, step);
            if let Some(choice) = choice {
                progress.choose(lesson, step, choice);
            }
        });
        recorded.map_err(|error| error.to_string())
    }

    fn set_language(&self, language: Language) -> Result<(), String> {
        let recorded = self.0.record(|progress| progress.language = Some(language));
        recorded.map_err(|error| error.to_string())
    }
}

pub(super) fn run(output: &Output, global: &Global, lesson: Option<String>) -> Result<u8, CliError> {
    if !ui::has_terminal() {
        return Err(UiError::NoTerminal.into());
    }
    let lab = super::lab::open(output, global, false, None)?;
    let start = lesson.map(|name| lab.lesson(&name).map(|lesson| lesson.id.clone())).transpose()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| CliError::Machine(format!("no threads for the screen: {error}")))?;
    let options = ui::Options { language: global.lang, ascii: output.ascii, color: output.color, start };
    end_after_hang_up();
    let ended = runtime.block_on(ui::run(Arc::new(OnScreen(lab)), options));
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
