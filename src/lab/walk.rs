//! Every step of lessons in order, each outcome held against what the lesson declares.

use serde::Serialize;

use super::engine::Lab;
use super::{Cancel, LabError, Panel};
use crate::lesson::{Action, Lesson};
use crate::text::Language;
use crate::workspace::WorkspaceError;

/// The kind of a row that tells of a lesson which does not read.
pub(super) const CHECK: &str = "check";
/// What a step declares that cannot be done at all.
pub(super) const NO_ERROR: &str = "no error";

/// One step of a walk.
#[derive(Debug, Clone, Serialize)]
pub struct WalkRow {
    /// The lesson.
    pub lesson: String,
    /// The step.
    pub step: String,
    /// `read`, `predict`, `make`, …
    pub kind: &'static str,
    /// What the step declares.
    pub expected: String,
    /// What happened.
    pub observed: String,
    /// Whether they agree.
    pub ok: bool,
}

/// A whole walk.
#[derive(Debug, Clone, Default, Serialize)]
pub struct WalkReport {
    /// How many lessons.
    pub lessons: usize,
    /// How many steps.
    pub steps: usize,
    /// How many files were made.
    pub artifacts: usize,
    /// How many connections were tried.
    pub handshakes: usize,
    /// How many steps came to something else than declared.
    pub failed: usize,
    /// How many steps were not done.
    pub skipped: usize,
    /// Each step.
    pub results: Vec<WalkRow>,
}

impl Lab {
    /// Walks these lessons in one language. A step that fails does not end the walk.
    ///
    /// # Errors
    /// It was cancelled.
    pub fn walk(
        &self,
        lessons: &[&Lesson],
        language: Language,
        cancel: &Cancel,
        mut each: impl FnMut(&WalkRow),
    ) -> Result<WalkReport, LabError> {
        let mut report = WalkReport { lessons: lessons.len(), ..WalkReport::default() };
        // A lesson that does not read is not among them, and must not pass for that.
        for problem in &self.curriculum().problems {
            let row = WalkRow {
                lesson: problem.file.split('/').next().unwrap_or_default().to_owned(),
                step: String::new(),
                kind: CHECK,
                expected: "a lesson that reads".into(),
                observed: problem.to_string(),
                ok: false,
            };
            each(&row);
            report.failed += 1;
            report.results.push(row);
        }
        for lesson in lessons {
            for step in &lesson.steps {
                let words = step.words.get(language);
                let (expected, observed, ok) = if words.title.is_empty() || words.text.is_empty() {
                    (format!("words in {language}"), "none".to_owned(), false)
                } else {
                    match self.perform(lesson, step, cancel, &|_| ()) {
                        Ok(done) => {
                            report.artifacts += done.artifacts;
                            let connected = |panel: &Panel| matches!(panel, Panel::Connection(view) if view.outcome.is_some());
                            report.handshakes += usize::from(done.panels.iter().any(connected));
                            report.handshakes += usize::from(asks_of(&step.action));
                            (done.expected, done.observed, done.ok)
                        }
                        Err(LabError::Workspace(WorkspaceError::Cancelled)) => {
                            return Err(WorkspaceError::Cancelled.into());
                        }
                        Err(error) => (NO_ERROR.to_owned(), error.to_string(), false),
                    }
                };
                let row = WalkRow {
                    lesson: lesson.id.clone(),
                    step: step.id.clone(),
                    kind: step.action.kind(),
                    expected,
                    observed,
                    ok,
                };
                each(&row);
                report.steps += 1;
                report.failed += usize::from(!row.ok);
                report.results.push(row);
            }
        }
        Ok(report)
    }
}

/// Whether a question is answered by a connection.
fn asks_of(action: &Action) -> bool {
    action.question().is_some_and(|question| question.of.is_some())
}
