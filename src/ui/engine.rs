//! The lab, as the screen wants it.

use std::collections::BTreeSet;

use time::OffsetDateTime;

use super::{Engine, ProgressView};
use crate::fault::Making;
use crate::lab::{
    self, Cancel, Edge, Holding, Lab, LabError, LiveStep, Panel, Permissions, Play, PlayRequest, Progress,
    StepReport, Trial, TrialStep,
};
use crate::lesson::{Lesson, Step};
use crate::text::Language;

/// A step and the lesson it belongs to.
fn find<'a>(lab: &'a Lab, lesson: &str, step: &str) -> Result<(&'a Lesson, &'a Step), LabError> {
    let found = lab.lesson(lesson)?;
    let unknown = || LabError::Step { lesson: lesson.to_owned(), step: step.to_owned() };
    let (_, step) = found.step(step).ok_or_else(unknown)?;
    Ok((found, step))
}

impl Engine for Lab {
    fn lessons(&self) -> &[Lesson] {
        &self.curriculum().lessons
    }

    fn progress(&self) -> ProgressView {
        let progress = Lab::progress(self);
        let lessons = &self.curriculum().lessons;
        let done: BTreeSet<(String, String)> = lessons
            .iter()
            .flat_map(|lesson| lesson.steps.iter().map(move |step| (lesson, step)))
            .filter(|(lesson, step)| progress.is_done(&lesson.id, &step.id))
            .map(|(lesson, step)| (lesson.id.clone(), step.id.clone()))
            .collect();
        let resume = progress.place(self.curriculum()).and_then(|(lesson, step)| {
            let lesson = lessons.get(lesson)?;
            // What is kept is the step done last, and the learner went on from there.
            let is_done = progress.is_done(&lesson.id, &lesson.steps.get(step)?.id);
            Some((lesson.id.clone(), lesson.steps.get(step + usize::from(is_done))?.id.clone()))
        });
        ProgressView { done, resume, language: progress.language }
    }

    fn panels(&self, lesson: &str, step: &str) -> Vec<Panel> {
        // Keys are wanted soon; the first frame has been drawn by now.
        self.make_keys_ahead();
        find(self, lesson, step).and_then(|(_, step)| Lab::panels(self, step)).unwrap_or_default()
    }

    fn perform(
        &self,
        lesson: &str,
        step: &str,
        cancel: &Cancel,
        on_progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<StepReport, String> {
        let (lesson, step) = find(self, lesson, step).map_err(|error| error.to_string())?;
        let report = Lab::perform(self, lesson, step, cancel, on_progress).map_err(|error| error.to_string());
        self.make_keys_ahead();
        report
    }

    fn edges(&self) -> Vec<Edge> {
        Lab::edges(self)
    }

    fn play(&self, request: &PlayRequest, cancel: &Cancel) -> Result<Play, String> {
        Lab::play(self, request, cancel).map_err(|error| error.to_string())
    }

    fn trial(
        &self,
        making: &Making,
        is_broken: bool,
        cancel: &Cancel,
        tell: &(dyn Fn(TrialStep) + Sync),
    ) -> Result<Trial, String> {
        Lab::trial(self, making, is_broken, cancel, tell).map_err(|error| error.to_string())
    }

    fn live(&self, cancel: &Cancel, tell: &(dyn Fn(LiveStep) + Sync)) -> Result<(), String> {
        self.serve_live(cancel, tell).map_err(|error| error.to_string())
    }

    fn ask(&self, id: &str) -> Result<Option<String>, String> {
        Lab::ask(self, id).map_err(|error| error.to_string())
    }

    fn permissions(&self) -> Permissions {
        Lab::permissions(self)
    }

    fn holdings(&self) -> Vec<Holding> {
        Lab::holdings(self)
    }

    fn now(&self) -> OffsetDateTime {
        Lab::now(self)
    }

    fn export(&self, stem: &str, extension: &str, bytes: &[u8]) -> Result<String, String> {
        let written =
            std::env::current_dir().and_then(|directory| lab::export(&directory, stem, extension, bytes));
        written.map(|path| path.display().to_string()).map_err(|error| {
            format!("cannot write {stem}.{extension} here: {error}; start dojang in a directory of your own")
        })
    }

    fn record(&self, lesson: &str, step: &str, choice: Option<usize>) -> Result<(), String> {
        let recorded = Lab::record(self, |progress| {
            progress.go(lesson, step);
            progress.mark_done(lesson, step);
            if let Some(choice) = choice {
                progress.choose(lesson, step, choice);
            }
        });
        recorded.map_err(|error| error.to_string())
    }

    fn set_language(&self, language: Language) -> Result<(), String> {
        let recorded = Lab::record(self, |progress| progress.language = Some(language));
        recorded.map_err(|error| error.to_string())
    }

    fn reset(&self, lesson: &str) -> Result<(), String> {
        self.reset_lesson(lesson).map(drop).map_err(|error| error.to_string())
    }

    fn reloads(&self) -> bool {
        !self.built_in()
    }

    fn reload(&self) -> Option<Vec<String>> {
        let problems = || self.curriculum().problems.iter().map(ToString::to_string).collect();
        self.reload_lessons().then(problems)
    }
}
