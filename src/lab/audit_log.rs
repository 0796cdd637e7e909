//! The audit log of the serving cluster, in a file.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::cluster::Answered;

/// The audit log: one event a line. Where it cannot be written, the cluster serves all the same.
pub(super) struct AuditLog {
    path: PathBuf,
    file: Mutex<Option<File>>,
}

/// At this size the log begins afresh, and the one before is kept under `NAME.1`
/// (`--audit-log-maxsize`).
const LARGEST_AUDIT: u64 = 10 * 1024 * 1024;

impl AuditLog {
    pub(super) fn open(path: &Path) -> Self {
        Self { path: path.to_owned(), file: Mutex::new(appending(path)) }
    }

    pub(super) fn write(&self, answered: &Answered<'_>) {
        let line = answered.audit().compact() + "\n";
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if file.as_ref().and_then(|file| file.metadata().ok()).is_some_and(|own| own.len() > LARGEST_AUDIT) {
            let _ = std::fs::rename(&self.path, self.path.with_extension("log.1"));
            *file = appending(&self.path);
        }
        if let Some(file) = file.as_mut() {
            let _ = file.write_all(line.as_bytes());
        }
    }
}

fn appending(path: &Path) -> Option<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path).ok()
}
