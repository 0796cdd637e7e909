//! The lessons of a lab, read anew when an author changes them.

use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, TryLockError};

use crate::lesson::{Curriculum, Stamp};

/// The lessons as they were read first, and after each change of their files once more.
///
/// Steps that are being done have borrowed their lesson, so each reading is kept for as
/// long as the lab lives. It is some hundred kilobytes, and only an author who saves
/// lessons makes more than one.
#[derive(Debug)]
pub(super) struct Lessons {
    directory: Option<PathBuf>,
    stamp: Mutex<Stamp>,
    first: Reading,
}

/// One reading, and the one after it.
#[derive(Debug)]
struct Reading {
    curriculum: Curriculum,
    next: OnceLock<Box<Self>>,
}

impl Reading {
    const fn new(curriculum: Curriculum) -> Self {
        Self { curriculum, next: OnceLock::new() }
    }
}

impl Lessons {
    /// The lessons of this directory, or the program's own.
    pub(super) fn read(directory: Option<PathBuf>) -> Self {
        let (stamp, curriculum) = match &directory {
            // The stamp comes first: what changes while it is read is seen the next time.
            Some(directory) => (Stamp::of(directory), Curriculum::from_dir(directory)),
            None => (Stamp::default(), Curriculum::embedded()),
        };
        Self { directory, stamp: Mutex::new(stamp), first: Reading::new(curriculum) }
    }

    /// Whether they are the program's own.
    pub(super) const fn built_in(&self) -> bool {
        self.directory.is_none()
    }

    /// The last reading.
    pub(super) fn latest(&self) -> &Curriculum {
        &self.last().curriculum
    }

    fn last(&self) -> &Reading {
        let mut reading = &self.first;
        while let Some(next) = reading.next.get() {
            reading = next;
        }
        reading
    }

    /// Reads them anew if a file has changed since, and says whether it did. While another
    /// thread is at it, nothing has changed yet.
    pub(super) fn reload(&self) -> bool {
        let Some(directory) = &self.directory else { return false };
        let mut stamp = match self.stamp.try_lock() {
            Ok(stamp) => stamp,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return false,
        };
        let now = Stamp::of(directory);
        if now == *stamp {
            return false;
        }
        let mut curriculum = Curriculum::from_dir(directory);
        let last = self.last();
        curriculum.keep_unread(&last.curriculum);
        *stamp = now;
        last.next.set(Box::new(Reading::new(curriculum))).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    const TOML: &str = "minutes = 1\n\n[[step]]\nid = \"one\"\nkind = \"read\"\n";
    const EN: &str = "# Mine\n\nAn aim.\n\n## one: First\n\nText.\n";
    const KO: &str = "# 제목\n\n목표예요.\n\n## one: 처음\n\n글이에요.\n";

    fn write(root: &Path, folder: &str, files: [(&str, &str); 3]) {
        fs::create_dir_all(root.join(folder)).unwrap();
        for (name, text) in files {
            fs::write(root.join(folder).join(name), text).unwrap();
        }
    }

    #[test]
    fn what_an_author_saves_is_read_and_what_was_lent_stays() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        write(root, "01-mine", [("lesson.toml", TOML), ("en.md", EN), ("ko.md", KO)]);
        let lessons = Lessons::read(Some(root.to_owned()));
        let before = &lessons.latest().lessons[0];
        assert!(!lessons.reload(), "nothing was saved");

        fs::write(root.join("01-mine/en.md"), EN.replace("Mine", "Changed")).unwrap();
        assert!(lessons.reload());
        assert!(!lessons.reload(), "once is enough");
        assert_eq!(
            (before.title.en.as_str(), lessons.latest().lessons[0].title.en.as_str()),
            ("Mine", "Changed")
        );

        write(root, "02-more", [("lesson.toml", TOML), ("en.md", EN), ("ko.md", KO)]);
        assert!(lessons.reload());
        assert_eq!(lessons.latest().lessons.len(), 2);
    }

    #[test]
    fn a_lesson_saved_with_a_mistake_stays_as_it_was_and_the_mistake_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        write(root, "01-mine", [("lesson.toml", TOML), ("en.md", EN), ("ko.md", KO)]);
        write(root, "02-more", [("lesson.toml", TOML), ("en.md", EN), ("ko.md", KO)]);
        let lessons = Lessons::read(Some(root.to_owned()));
        fs::write(root.join("01-mine/lesson.toml"), "minutes = 1\n[[step").unwrap();
        assert!(lessons.reload());
        let latest = lessons.latest();
        let ids: Vec<&str> = latest.lessons.iter().map(|lesson| lesson.id.as_str()).collect();
        assert_eq!(ids, ["mine", "more"]);
        assert!(
            latest.problems.iter().any(|problem| problem.file == "01-mine/lesson.toml" && problem.line == 2)
        );

        // What is gone is gone.
        fs::remove_dir_all(root.join("01-mine")).unwrap();
        assert!(lessons.reload());
        assert_eq!(lessons.latest().lessons.len(), 1);
        assert!(!Lessons::read(None).reload());
    }
}
