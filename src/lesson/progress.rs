//! Where a learner is, as a text that the workspace keeps.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Curriculum, Lesson};
use crate::text::Language;

/// The version of the text.
pub const PROGRESS_VERSION: u32 = 1;

/// What a learner has done. Lessons and steps that the curriculum does not have are kept
/// as they are and count for nothing, and so is what this program does not know of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    version: u32,
    /// The language that was chosen; none as long as the machine's is followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// The lesson the learner is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lesson: Option<String>,
    /// The step the learner is at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    lessons: BTreeMap<String, LessonProgress>,
    /// What another program has noted down.
    #[serde(flatten)]
    further: toml::Table,
}

/// What a learner has done of one lesson.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct LessonProgress {
    /// The steps that are done.
    #[serde(default)]
    done: BTreeSet<String>,
    /// The choices given, from 1, by step.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    choices: BTreeMap<String, usize>,
    /// What another program has noted down.
    #[serde(flatten)]
    further: toml::Table,
}

/// A text that is no progress of this program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProgressError {
    /// Not the TOML that it must be.
    #[error("the progress does not read: {0}")]
    Corrupt(String),
    /// Of a later version, whose shape this program does not know.
    #[error("the progress is of version {0}, and this program knows {PROGRESS_VERSION}")]
    Newer(u32),
    /// It could not be written as text.
    #[error("the progress cannot be written: {0}")]
    Write(String),
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            version: PROGRESS_VERSION,
            language: None,
            lesson: None,
            step: None,
            lessons: BTreeMap::new(),
            further: toml::Table::new(),
        }
    }
}

impl Progress {
    /// Progress from its text, TOML. An earlier version reads as well: whatever has been
    /// added since may be left out.
    ///
    /// # Errors
    /// The text is corrupt, of something else, or of a later version.
    pub fn parse(text: &str) -> Result<Self, ProgressError> {
        let corrupt = |error: toml::de::Error| ProgressError::Corrupt(error.message().to_owned());
        // The version is read first: a later one may have another shape.
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let Version { version } = toml::from_str(text).map_err(corrupt)?;
        if version > PROGRESS_VERSION {
            return Err(ProgressError::Newer(version));
        }
        let progress: Self = toml::from_str(text).map_err(corrupt)?;
        Ok(Self { version: PROGRESS_VERSION, ..progress })
    }

    /// The text that [`Progress::parse`] reads.
    ///
    /// # Errors
    /// It could not be written.
    pub fn to_text(&self) -> Result<String, ProgressError> {
        toml::to_string(self).map_err(|error| ProgressError::Write(error.to_string()))
    }

    /// Stands at a step from now on.
    pub fn go(&mut self, lesson: &str, step: &str) {
        self.lesson = Some(lesson.to_owned());
        self.step = Some(step.to_owned());
    }

    /// The places, from 0, of lesson and step where the learner is: the step last stood
    /// at; else the first that is not done; else the very first. None without lessons.
    #[must_use]
    pub fn place(&self, curriculum: &Curriculum) -> Option<(usize, usize)> {
        let stood = self.lesson.as_ref().and_then(|id| {
            let lesson = curriculum.lessons.iter().position(|lesson| lesson.id == *id)?;
            let steps = &curriculum.lessons.get(lesson)?.steps;
            let step = self.step.as_ref().and_then(|id| steps.iter().position(|step| step.id == *id));
            Some((lesson, step.unwrap_or(0)))
        });
        let undone = || {
            curriculum.lessons.iter().enumerate().find_map(|(index, lesson)| {
                let step = lesson.steps.iter().position(|step| !self.is_done(&lesson.id, &step.id))?;
                Some((index, step))
            })
        };
        stood.or_else(undone).or_else(|| (!curriculum.lessons.is_empty()).then_some((0, 0)))
    }

    /// A step is done.
    pub fn mark_done(&mut self, lesson: &str, step: &str) {
        self.lessons.entry(lesson.to_owned()).or_default().done.insert(step.to_owned());
    }

    /// Whether a step is done.
    #[must_use]
    pub fn is_done(&self, lesson: &str, step: &str) -> bool {
        self.lessons.get(lesson).is_some_and(|lesson| lesson.done.contains(step))
    }

    /// A question is answered, by choice from 1; a later answer replaces it.
    pub fn choose(&mut self, lesson: &str, step: &str, choice: usize) {
        self.lessons.entry(lesson.to_owned()).or_default().choices.insert(step.to_owned(), choice);
    }

    /// The choice given, from 1.
    #[must_use]
    pub fn choice(&self, lesson: &str, step: &str) -> Option<usize> {
        self.lessons.get(lesson)?.choices.get(step).copied()
    }

    /// How many of the lesson's steps are done.
    #[must_use]
    pub fn done_of(&self, lesson: &Lesson) -> usize {
        lesson.steps.iter().filter(|step| self.is_done(&lesson.id, &step.id)).count()
    }

    /// Whether anything is known of a lesson, be it in the curriculum or not.
    #[must_use]
    pub fn knows(&self, lesson: &str) -> bool {
        self.lessons.contains_key(lesson)
    }

    /// A lesson from its beginning. Gives how many of its steps were done.
    pub fn forget(&mut self, lesson: &str) -> usize {
        if self.lesson.as_deref() == Some(lesson) {
            self.step = None;
        }
        self.lessons.remove(lesson).map_or(0, |lesson| lesson.done.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_trip_keeps_everything() {
        let mut progress = Progress { language: Some(Language::Ko), ..Progress::default() };
        progress.go("the-admin", "look");
        progress.mark_done("the-admin", "read");
        progress.mark_done("gone-lesson", "gone-step");
        progress.choose("the-admin", "predict", 2);
        progress.choose("the-admin", "predict", 1);
        let text = progress.to_text().unwrap();
        assert_eq!(Progress::parse(&text).unwrap(), progress);
        assert_eq!(progress.choice("the-admin", "predict"), Some(1));
        assert!(text.contains("gone-lesson"), "{text}");
        assert_eq!(progress.forget("the-admin"), 1);
        assert!(!progress.is_done("the-admin", "read") && progress.is_done("gone-lesson", "gone-step"));
    }

    #[test]
    fn the_place_is_where_one_stood_or_what_is_undone() {
        let curriculum = Curriculum::embedded();
        let (first, second) = (&curriculum.lessons[0], &curriculum.lessons[1]);
        let mut progress = Progress::default();
        assert_eq!(progress.place(&curriculum), Some((0, 0)));
        for step in &first.steps {
            progress.mark_done(&first.id, &step.id);
        }
        assert_eq!(progress.done_of(first), first.steps.len());
        assert_eq!(progress.place(&curriculum), Some((1, 0)));
        progress.go(&second.id, &second.steps[3].id);
        assert_eq!(progress.place(&curriculum), Some((1, 3)));
        progress.go("no-such-lesson", "x");
        assert_eq!(progress.place(&curriculum), Some((1, 0)));
        assert_eq!(progress.place(&Curriculum::default()), None);
    }

    #[test]
    fn a_corrupt_or_foreign_text_is_an_error() {
        for text in
            ["", "\0\u{1b}[2J", "version = \"1\"", "[package]\nname = \"x\"", "version = 1\nlessons = 3"]
        {
            assert!(matches!(Progress::parse(text), Err(ProgressError::Corrupt(_))), "{text:?}");
        }
        assert_eq!(Progress::parse("version = 9\nlessons = 3"), Err(ProgressError::Newer(9)));
        assert_eq!(Progress::parse("version = 1"), Ok(Progress::default()));
    }

    #[test]
    fn what_an_earlier_program_wrote_reads_and_becomes_this_version() {
        let text = "version = 0\nlanguage = \"ko\"\n[lessons.the-admin]\ndone = [\"read\"]\n";
        let progress = Progress::parse(text).unwrap();
        assert!(progress.is_done("the-admin", "read"));
        let text = progress.to_text().unwrap();
        assert!(text.contains(&format!("version = {PROGRESS_VERSION}")), "{text}");
    }

    #[test]
    fn what_this_program_does_not_know_of_is_kept() {
        let text = "version = 1\nseed = 7\n[lessons.groups]\ndone = [\"look\"]\nhints = 3\n\
                    [lessons.groups.notes]\nlook = \"mine\"\n[drills.first]\nsolved = true\n";
        let mut progress = Progress::parse(text).unwrap();
        progress.mark_done("groups", "connect");
        let kept: toml::Table = progress.to_text().unwrap().parse().unwrap();
        assert_eq!(kept["seed"].as_integer(), Some(7));
        assert_eq!(kept["drills"]["first"]["solved"].as_bool(), Some(true));
        assert_eq!(kept["lessons"]["groups"]["hints"].as_integer(), Some(3));
        assert_eq!(kept["lessons"]["groups"]["notes"]["look"].as_str(), Some("mine"));
        assert_eq!(kept["lessons"]["groups"]["done"].as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn who_stood_in_a_forgotten_lesson_stands_at_its_beginning() {
        let curriculum = Curriculum::embedded();
        let third = &curriculum.lessons[2];
        let mut progress = Progress::default();
        progress.go(&third.id, &third.steps[4].id);
        progress.forget(&curriculum.lessons[1].id);
        assert_eq!(progress.place(&curriculum), Some((2, 4)));
        progress.forget(&third.id);
        assert_eq!(progress.place(&curriculum), Some((2, 0)));
    }
}
