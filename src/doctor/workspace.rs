//! Whether there is room to work.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::text::{Language, escape};

/// The workspace's directory. Texts are safe to print.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Workspace {
    /// Where; none without a home directory.
    pub directory: Option<String>,
    /// Whether it is there; if not, it is made when it is needed.
    pub exists: bool,
    /// Whether it can be written, or made.
    pub writable: bool,
    /// Bytes that are free there.
    pub free_bytes: Option<u64>,
    /// Why it cannot be written.
    pub problem: Option<String>,
}

/// Looks at the directory of the workspace, or at the one it would be made in. A file is
/// made there for a moment: only that tells whether one can be.
#[must_use]
pub fn examine(directory: Option<&Path>, language: Language) -> Workspace {
    let Some(directory) = directory else {
        let problem = language.pick(
            "there is no home directory: name a workspace with --dir",
            "홈 디렉터리가 없어요. --dir로 작업 디렉터리를 정하세요",
        );
        return Workspace {
            directory: None,
            exists: false,
            writable: false,
            free_bytes: None,
            problem: Some(problem.to_owned()),
        };
    };
    let above = nearest(directory);
    let tried = if above.is_dir() {
        tempfile::Builder::new().prefix(".dojang-doctor-").tempfile_in(&above).map(drop)
    } else {
        Err(std::io::Error::from(std::io::ErrorKind::NotADirectory))
    };
    let free = rustix::fs::statvfs(&above).ok().map(|found| found.f_bavail.saturating_mul(found.f_frsize));
    Workspace {
        directory: Some(escape(&directory.to_string_lossy()).into_owned()),
        exists: directory.is_dir(),
        writable: tried.is_ok(),
        free_bytes: free,
        problem: tried.err().map(|error| {
            let above = above.to_string_lossy();
            let (above, why) = (escape(&above), error.kind());
            match language {
                Language::En => {
                    format!("{above} cannot be written ({why}): name another directory with --dir")
                }
                Language::Ko => {
                    format!("{above}에 쓸 수 없어요({why}). --dir로 다른 디렉터리를 정하세요")
                }
            }
        }),
    }
}

/// The directory itself, or the first above it that is there.
fn nearest(directory: &Path) -> PathBuf {
    let directory = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    directory.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/")).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_is_there_will_be_or_cannot_be() {
        let directory = tempfile::tempdir().unwrap();
        let there = examine(Some(directory.path()), Language::En);
        assert!(there.exists && there.writable && there.free_bytes.is_some(), "{there:?}");
        let later = examine(Some(&directory.path().join("a/b")), Language::En);
        assert!(!later.exists && later.writable, "{later:?}");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
        let file = directory.path().join("file");
        std::fs::write(&file, "").unwrap();
        for impossible in [file.as_path(), &file.join("below"), Path::new("/proc/dojang")] {
            let found = examine(Some(impossible), Language::En);
            assert!(!found.writable && found.problem.is_some(), "{found:?}");
        }
        assert!(examine(None, Language::En).problem.is_some());
    }
}
