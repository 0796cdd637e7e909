//! Directories of passing use. Private keys stand in them, so they are gone when the
//! program ends, also where it ends without unwinding: on a signal, or while something
//! still runs in the background.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

static OPEN: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A new directory for its owner alone, removed with all that is in it when this is
/// dropped, or by [`remove_scratch`].
#[derive(Debug)]
pub struct Scratch(tempfile::TempDir);

impl Scratch {
    /// Makes one below the system's directory for temporary files.
    ///
    /// # Errors
    /// It cannot be made there.
    pub fn new(prefix: &str) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        let directory = builder.prefix(prefix).permissions(Permissions::from_mode(0o700)).tempdir()?;
        OPEN.lock().unwrap_or_else(PoisonError::into_inner).insert(directory.path().to_owned());
        Ok(Self(directory))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        OPEN.lock().unwrap_or_else(PoisonError::into_inner).remove(self.path());
    }
}

/// Removes every scratch directory that is still there: the last thing that the program
/// does before it ends.
pub fn remove_scratch() {
    let open = std::mem::take(&mut *OPEN.lock().unwrap_or_else(PoisonError::into_inner));
    for directory in open {
        // What still writes there may put a file back in between.
        for _ in 0..3 {
            if fs::remove_dir_all(&directory).is_ok() {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_its_owner_s_alone_and_gone_afterwards() {
        let scratch = Scratch::new("dojang-test-").unwrap();
        let path = scratch.path().to_owned();
        fs::write(path.join("ca.key"), "secret").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        drop(scratch);
        assert!(!path.exists());
    }
}
