//! All lessons, from the program or from a teacher's directory.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use include_dir::{Dir, include_dir};

use super::{Lesson, check};
use crate::text::nearest;

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/lessons");

/// A lesson's file is a few kilobytes; what is far larger is none.
const MAX_FILE: u64 = 1 << 20;

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

/// A directory of a lesson: file name to what is in it, or why it cannot be read.
type Files = BTreeMap<String, Result<String, String>>;

impl Curriculum {
    /// The lessons that the program carries. Whether their words fit the screen is left
    /// out, which takes longer than all the rest: a test holds that.
    #[must_use]
    pub fn embedded() -> Self {
        Self::assemble(&embedded_folders(), Vec::new(), Checks::Structure)
    }

    /// The lessons that the program carries, with every check.
    #[must_use]
    pub fn embedded_checked() -> Self {
        Self::assemble(&embedded_folders(), Vec::new(), Checks::All)
    }

    /// The lessons of a directory, with every check. What cannot be read is a problem,
    /// the rest still works.
    #[must_use]
    pub fn from_dir(path: &Path) -> Self {
        let mut folders = BTreeMap::new();
        let mut problems = Vec::new();
        let entries = match std::fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => {
                let message = format!("the lessons' directory cannot be read: {error}");
                problems.push(Problem { file: path.display().to_string(), line: 1, message });
                return Self { lessons: Vec::new(), problems };
            }
        };
        for folder in entries.filter_map(Result::ok).filter(|entry| entry.path().is_dir()) {
            let name = folder.file_name().to_string_lossy().into_owned();
            if !name.starts_with('.') {
                folders.insert(name, read_folder(&folder.path()));
            }
        }
        if folders.is_empty() {
            let message =
                "there is no lesson: a lesson is a directory `NN-slug` with lesson.toml, en.md, ko.md";
            problems.push(Problem { file: path.display().to_string(), line: 1, message: message.into() });
        }
        Self::assemble(&folders, problems, Checks::All)
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

fn embedded_folders() -> BTreeMap<String, Files> {
    let folders = EMBEDDED.dirs().map(|folder| {
        let files = folder.files().filter_map(|file| {
            let name = file.path().file_name()?.to_str()?.to_owned();
            Some((name, text(file.contents().to_vec())))
        });
        (folder.path().to_string_lossy().into_owned(), files.collect())
    });
    folders.collect()
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

fn read_folder(path: &Path) -> Files {
    let names = check::FILES.into_iter().filter(|name| path.join(name).exists());
    names.map(|name| (name.to_owned(), read_file(&path.join(name)))).collect()
}

fn read_file(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > MAX_FILE {
        return Err(format!("{size} bytes are too many for a lesson's file"));
    }
    text(std::fs::read(path).map_err(|error| error.to_string())?)
}

fn text(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|_| "the file is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests;
