//! Lessons as files: from the program or from a teacher's directory.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::time::SystemTime;

use include_dir::{Dir, include_dir};

use super::check;
use super::curriculum::Problem;

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/lessons");

/// A lesson's file is a few kilobytes; what is far larger is none.
pub(super) const MAX_FILE: u64 = 1 << 20;
/// As many lessons as two digits can number, and then some that are named wrongly.
const MAX_FOLDERS: usize = 200;

/// Why a file does not read, and the line, from 1, where that shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) line: usize,
    pub(super) why: String,
}

/// A directory of a lesson: file name to what is in it, or why it cannot be read.
pub(super) type Files = BTreeMap<String, Result<String, Unreadable>>;

/// What a directory of lessons looks like from outside: the names, sizes and times of
/// modification of its files. As long as it stays the same, so do the lessons.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stamp(Vec<(String, u64, Option<SystemTime>)>);

impl Stamp {
    /// The stamp of a directory of lessons. It reads no file.
    #[must_use]
    pub fn of(directory: &Path) -> Self {
        let mut seen = Vec::new();
        for (name, folder) in entries(directory).unwrap_or_default() {
            let files = check::FILES.into_iter().map(|file| (format!("{name}/{file}"), folder.join(file)));
            for (name, path) in std::iter::once((name.clone(), folder.clone())).chain(files) {
                if let Ok(metadata) = fs::metadata(path) {
                    let size = if metadata.is_file() { metadata.len() } else { 0 };
                    seen.push((name, size, metadata.modified().ok()));
                }
            }
        }
        seen.sort();
        Self(seen)
    }
}

/// The lessons that the program carries.
pub(super) fn embedded() -> BTreeMap<String, Files> {
    let folders = EMBEDDED.dirs().map(|folder| {
        let files = folder.files().filter_map(|file| {
            let name = file.path().file_name()?.to_str()?.to_owned();
            Some((name, text(file.contents().to_vec())))
        });
        (folder.path().to_string_lossy().into_owned(), files.collect())
    });
    folders.collect()
}

/// The lessons of a directory. What cannot be read is a problem, the rest still works.
pub(super) fn read(directory: &Path, problems: &mut Vec<Problem>) -> BTreeMap<String, Files> {
    let mut folders = BTreeMap::new();
    let mut problem = |file: String, message: String| problems.push(Problem { file, line: 1, message });
    let entries = match entries(directory) {
        Ok(entries) => entries,
        Err(error) => {
            let message = format!("the lessons' directory cannot be read: {}", reason(&error));
            problem(directory.display().to_string(), message);
            return folders;
        }
    };
    if entries.len() > MAX_FOLDERS {
        let message = format!("there are {} entries here: name a directory of lessons alone", entries.len());
        problem(directory.display().to_string(), message);
        return folders;
    }
    for (name, path) in entries {
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => {
                folders.insert(name, folder(&path));
            }
            // Other files may lie beside the lessons.
            Ok(_) => {}
            Err(error) => problem(name, format!("this cannot be read: {}", reason(&error))),
        }
    }
    if folders.is_empty() {
        let message = "there is no lesson: a lesson is a directory `NN-slug` with lesson.toml, en.md, ko.md";
        problem(directory.display().to_string(), message.to_owned());
    }
    folders
}

/// What a directory holds and does not hide, in the order of the names.
fn entries(directory: &Path) -> io::Result<Vec<(String, std::path::PathBuf)>> {
    let entries = fs::read_dir(directory)?.filter_map(Result::ok);
    let mut named: Vec<_> = entries
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
        .filter(|(name, _)| !name.starts_with('.'))
        .collect();
    named.sort();
    Ok(named)
}

fn folder(path: &Path) -> Files {
    let files = check::FILES.into_iter().filter_map(|name| Some((name.to_owned(), file(&path.join(name))?)));
    files.collect()
}

/// A file's text; none if there is no such file.
fn file(path: &Path) -> Option<Result<String, Unreadable>> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        _ => {}
    }
    let bytes = fs::metadata(path)
        .map_err(|error| reason(&error))
        .and_then(|metadata| readable(&metadata))
        .and_then(|()| fs::read(path).map_err(|error| reason(&error)));
    Some(match bytes {
        Ok(bytes) => text(bytes),
        Err(why) => Err(Unreadable { line: 1, why: format!("this file cannot be read: {why}") }),
    })
}

/// Only a file of bounded size is read: a pipe would never end.
fn readable(metadata: &Metadata) -> Result<(), String> {
    if !metadata.is_file() {
        return Err("it is no file; a lesson's files are texts".into());
    }
    if metadata.len() > MAX_FILE {
        return Err(format!("{} bytes are too many for a lesson's file", metadata.len()));
    }
    Ok(())
}

/// The machine's reason, with what to do about the common ones.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it does not exist, or is a link to what does not exist".into(),
        io::ErrorKind::PermissionDenied => "permission denied; make it readable (`chmod u+r`)".into(),
        _ if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            "it is a symbolic link that leads back to itself".into()
        }
        _ => error.to_string(),
    }
}

fn text(bytes: Vec<u8>) -> Result<String, Unreadable> {
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let line = error.as_bytes().iter().take(good).filter(|byte| **byte == b'\n').count() + 1;
        Unreadable { line, why: "the file is not UTF-8 from here on: save it as UTF-8".into() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_changes_with_the_files_and_with_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(Stamp::of(&directory.path().join("nothing")), Stamp::default());
        let lesson = directory.path().join("01-a");
        fs::create_dir(&lesson).unwrap();
        fs::write(lesson.join("en.md"), "# A").unwrap();
        let before = Stamp::of(directory.path());
        assert_eq!(Stamp::of(directory.path()), before);
        fs::write(directory.path().join(".hidden"), "").unwrap();
        assert_eq!(Stamp::of(directory.path()), before);
        fs::write(lesson.join("en.md"), "# Another").unwrap();
        assert_ne!(Stamp::of(directory.path()), before);
    }

    #[test]
    fn the_line_of_what_is_not_utf_8_is_told() {
        let error = text(b"one\ntwo\nthr\xffee".to_vec()).unwrap_err();
        assert_eq!(error.line, 3);
    }
}
