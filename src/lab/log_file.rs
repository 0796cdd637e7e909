//! Logs of the serving cluster, in files.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A log of lines. Where it cannot be written, the cluster serves all the same.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    file: Mutex<Option<File>>,
}

/// At this size a log begins afresh, and the one before is kept under `NAME.1`
/// (`--audit-log-maxsize`).
const LARGEST: u64 = 10 * 1024 * 1024;

impl LogFile {
    /// Goes on with the log at this path.
    #[must_use]
    pub fn open(path: &Path) -> Self {
        Self { path: path.to_owned(), file: Mutex::new(appending(path)) }
    }

    /// Writes a line.
    pub fn write(&self, line: &str) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if file.as_ref().and_then(|file| file.metadata().ok()).is_some_and(|own| own.len() > LARGEST) {
            let _ = std::fs::rename(&self.path, self.path.with_extension("log.1"));
            *file = appending(&self.path);
        }
        if let Some(file) = file.as_mut() {
            let _ = file.write_all(format!("{line}\n").as_bytes());
        }
    }
}

fn appending(path: &Path) -> Option<File> {
    DirBuilder::new().recursive(true).mode(0o700).create(path.parent()?).ok()?;
    OpenOptions::new().create(true).append(true).mode(0o600).open(path).ok()
}
