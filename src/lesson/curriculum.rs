//! All lessons, from the program or from a teacher's directory.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::files::{self, Files};
use super::{Lesson, check};
use crate::text::nearest;

/// The lessons that read, in order, and what is wrong with these and the others.
#[derive(Debug, Clone, Default)]
pub struct Curriculum {
    /// The lessons.
    pub lessons: Vec<Lesson>,
    /// What is wrong, by file and line.
    pub problems: Vec<Problem>,
}

/// Something wrong in a lesson.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, from the lessons' directory: `04-the-admin/ko.md`.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what is right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// There is no such lesson.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no lesson `{given}`{hint}; the lessons are {choices}")]
pub struct UnknownLesson {
    /// What was written.
    pub given: String,
    /// The lesson most like it.
    pub nearest: Option<String>,
    hint: String,
    choices: String,
}

/// Problems of one file, as they are found.
pub(super) struct Report<'a> {
    pub(super) file: String,
    pub(super) problems: &'a mut Vec<Problem>,
}

impl Report<'_> {
    pub(super) fn problem(&mut self, line: usize, message: impl Into<String>) {
        self.problems.push(Problem { file: self.file.clone(), line, message: message.into() });
    }
}

impl Curriculum {
    /// The lessons that the program carries. Whether their words fit the screen is left
    /// out, which takes longer than all the rest: a test holds that.
    #[must_use]
    pub fn embedded() -> Self {
        Self::assemble(&files::embedded(), Vec::new(), Checks::Structure)
    }

    /// The lessons that the program carries, with every check.
    #[must_use]
    pub fn embedded_checked() -> Self {
        Self::assemble(&files::embedded(), Vec::new(), Checks::All)
    }

    /// The lessons of a directory, with every check. What cannot be read is a problem,
    /// the rest still works.
    #[must_use]
    pub fn from_dir(path: &Path) -> Self {
        let mut problems = Vec::new();
        let folders = files::read(path, &mut problems);
        Self::assemble(&folders, problems, Checks::All)
    }

    /// Lessons that do not read now, as an author's do between two savings, stay as they
    /// were read before; their problems stay too.
    pub(crate) fn keep_unread(&mut self, before: &Self) {
        for lesson in &before.lessons {
            let folder = folder_of(lesson);
            let is_there = self.lessons.iter().any(|now| now.id == lesson.id || now.number == lesson.number);
            let has_problems =
                self.problems.iter().any(|problem| problem.file.split('/').next() == Some(folder.as_str()));
            if !is_there && has_problems {
                self.lessons.push(lesson.clone());
            }
        }
        self.lessons.sort_by_key(|lesson| lesson.number);
    }

    fn assemble(folders: &BTreeMap<String, Files>, mut problems: Vec<Problem>, checks: Checks) -> Self {
        let mut lessons: Vec<Lesson> = Vec::new();
        let mut expected = 1;
        let mut ids: BTreeMap<&str, &str> = BTreeMap::new();
        for (folder, files) in folders {
            let mut report = Report { file: folder.clone(), problems: &mut problems };
            let Some((number, id)) = folder_name(folder) else {
                report.problem(
                    1,
                    "a lesson's directory is `NN-slug`: two digits and words of a-z, 0-9 between `-`",
                );
                continue;
            };
            if number != expected {
                report.problem(1, format!("lesson number {number:02} stands where {expected:02} is next"));
            }
            expected = number + 1;
            if let Some(first) = ids.insert(id, folder) {
                report.problem(1, format!("the lesson `{id}` is there already, in {first}"));
                continue;
            }
            lessons.extend(check::lesson(folder, (number, id), files, checks, &mut problems));
        }
        problems.sort();
        problems.dedup();
        Self { lessons, problems }
    }

    /// The lesson of this id (`the-admin`), number (`4`, `04`) or folder (`04-the-admin`).
    ///
    /// # Errors
    /// There is no such lesson; the error names the one most like it.
    pub fn find(&self, given: &str) -> Result<&Lesson, UnknownLesson> {
        let wanted = given.trim().to_lowercase();
        let number = wanted.parse::<usize>().ok();
        let found = self.lessons.iter().find(|lesson| {
            lesson.id == wanted || Some(lesson.number) == number || folder_of(lesson) == wanted
        });
        found.ok_or_else(|| {
            let ids: Vec<&str> = self.lessons.iter().map(|lesson| lesson.id.as_str()).collect();
            let within = ids.iter().copied().find(|id| !wanted.is_empty() && id.contains(&wanted));
            let near = within.or_else(|| nearest(&wanted, ids.iter().copied()));
            UnknownLesson {
                given: given.to_owned(),
                nearest: near.map(str::to_owned),
                hint: near.map_or_else(String::new, |near| format!(": did you mean `{near}`?")),
                choices: ids.join(", "),
            }
        })
    }
}

/// How much is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checks {
    /// That lessons and words belong together.
    Structure,
    /// Also how the words come out on the screen.
    All,
}

fn folder_of(lesson: &Lesson) -> String {
    format!("{:02}-{}", lesson.number, lesson.id)
}

fn folder_name(folder: &str) -> Option<(usize, &str)> {
    let (number, id) = folder.split_once('-')?;
    let is_number = number.len() == 2 && number.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && is_slug(id) { Some((number.parse().ok()?, id)) } else { None }
}

/// Words of a-z and 0-9 with single `-` between them.
pub(super) fn is_slug(text: &str) -> bool {
    text.split('-').all(|word| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests;
