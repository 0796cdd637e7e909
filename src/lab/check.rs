//! The checks of lessons that need a cluster: known names, and declared outcomes that are
//! real ones.

use super::engine::Lab;
use super::walk::CHECK;
use super::{Cancel, LabError};
use crate::lesson::{Curriculum, Problem};
use crate::text::Language;

impl Lab {
    /// Everything wrong with the lessons: what their reading found, and every step whose
    /// outcome is not the declared one.
    ///
    /// # Errors
    /// It was cancelled.
    pub fn check_lessons(&self, cancel: &Cancel) -> Result<Vec<Problem>, LabError> {
        let mut problems = match self.curriculum.problems.is_empty() && self.built_in {
            true => Curriculum::embedded_checked().problems,
            false => self.curriculum.problems.clone(),
        };
        let lessons: Vec<_> = self.curriculum.lessons.iter().collect();
        let report = self.walk(&lessons, Language::En, cancel, |_| ())?;
        for row in report.results.iter().filter(|row| !row.ok && row.kind != CHECK) {
            let lesson = lessons.iter().find(|lesson| lesson.id == row.lesson);
            let step = lesson.and_then(|lesson| lesson.step(&row.step));
            problems.push(Problem {
                file: lesson
                    .map(|lesson| format!("{:02}-{}/lesson.toml", lesson.number, lesson.id))
                    .unwrap_or_default(),
                line: step.map_or(1, |(_, step)| step.line),
                message: format!(
                    "step `{}` declares {} but comes to {}",
                    row.step, row.expected, row.observed
                ),
            });
        }
        problems.sort();
        Ok(problems)
    }
}
