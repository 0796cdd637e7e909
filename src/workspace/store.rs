//! A directory of artifacts.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use time::OffsetDateTime;

use super::WorkspaceError;

/// Below the root: the locks, progress, files on their way, backups.
const OWN: &str = ".dojang";

/// What a lock is called below the program's own directory, and where what is written under it
/// lies until it is whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim {
    lock: &'static str,
    temporary: &'static str,
}

/// Of who makes and changes artifacts.
const WRITING: Claim = Claim { lock: "lock", temporary: "tmp" };
/// Of who serves the cluster: it writes what is its own beside the others.
pub(super) const SERVING: Claim = Claim { lock: "serving", temporary: "serving-tmp" };

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrecy {
    /// Anyone whom the directory lets in.
    Public,
    /// Its owner alone: mode 0600.
    Private,
}

/// A workspace for reading.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

/// A workspace that this process alone may write.
#[derive(Debug)]
pub struct Locked {
    store: Store,
    claim: Claim,
    /// Held for as long as this lives; the system lets go of it when the process ends,
    /// however that comes about.
    _lock: File,
    counter: AtomicU64,
}

/// The workspace below the XDG data directory.
///
/// # Errors
/// There is no home directory.
pub fn default_directory() -> Result<PathBuf, WorkspaceError> {
    use etcetera::BaseStrategy;
    let base = etcetera::choose_base_strategy().map_err(|_| WorkspaceError::NoHome)?;
    Ok(base.data_dir().join("dojang"))
}

impl Store {
    /// The workspace in this directory, which need not exist.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The place of a path of the plan.
    #[must_use]
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The place of the program's own file of this name.
    #[must_use]
    pub fn own(&self, name: &str) -> String {
        format!("{OWN}/{name}")
    }

    /// A file's bytes; none if it does not exist.
    ///
    /// # Errors
    /// It exists and cannot be read.
    pub fn read(&self, relative: &str) -> Result<Option<Vec<u8>>, WorkspaceError> {
        let path = self.path(relative);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(WorkspaceError::Io { what: "read", path, source }),
        }
    }

    /// Takes the workspace for writing: makes the directory if it is missing, and clears
    /// what an earlier process left half-written.
    ///
    /// # Errors
    /// The directory cannot be made or written, is a file, or is in use.
    pub fn lock(&self) -> Result<Locked, WorkspaceError> {
        self.claim(WRITING)
    }

    pub(super) fn claim(&self, claim: Claim) -> Result<Locked, WorkspaceError> {
        if self.root.is_file() {
            return Err(WorkspaceError::NotDirectory(self.root.clone()));
        }
        self.make_directory(&self.root)?;
        self.make_directory(&self.root.join(OWN))?;
        let path = self.root.join(OWN).join(claim.lock);
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(|source| WorkspaceError::Io { what: "write", path: path.clone(), source })?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(WorkspaceError::Busy(self.root.clone())),
            Err(TryLockError::Error(source)) => {
                return Err(WorkspaceError::Io { what: "lock", path, source });
            }
        }
        let temporary = self.root.join(OWN).join(claim.temporary);
        if temporary.exists() {
            fs::remove_dir_all(&temporary).map_err(|source| WorkspaceError::Io {
                what: "clear",
                path: temporary.clone(),
                source,
            })?;
        }
        self.make_directory(&temporary)?;
        Ok(Locked { store: self.clone(), claim, _lock: lock, counter: AtomicU64::new(0) })
    }

    /// Makes a directory and those above it; new ones are their owner's alone, whatever
    /// the umask.
    fn make_directory(&self, path: &Path) -> Result<(), WorkspaceError> {
        if path.is_dir() {
            return Ok(());
        }
        if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            self.make_directory(parent)?;
        }
        let error = |source| WorkspaceError::Io { what: "create", path: path.to_owned(), source };
        match DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => {}
            Err(source) if source.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => return Ok(()),
            Err(source) => return Err(error(source)),
        }
        fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(error)
    }
}

impl Locked {
    /// Whether it was taken to serve its cluster, and not to make artifacts.
    #[must_use]
    pub fn is_of_serving(&self) -> bool {
        self.claim.lock == SERVING.lock
    }

    /// The workspace, for reading.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Writes a file whole: beside its place, then renamed into it. A kill leaves the old
    /// one or the new one.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, relative: &str, bytes: &[u8], secrecy: Secrecy) -> Result<(), WorkspaceError> {
        self.place(relative, |temporary| {
            let mode = match secrecy {
                Secrecy::Public => 0o644,
                Secrecy::Private => 0o600,
            };
            let mut file = OpenOptions::new().create_new(true).write(true).mode(mode).open(temporary)?;
            if secrecy == Secrecy::Private {
                file.set_permissions(Permissions::from_mode(0o600))?;
            }
            file.write_all(bytes)
        })
    }

    /// Puts what `make` makes at a path of its own into its place.
    pub(super) fn place(
        &self,
        relative: &str,
        make: impl FnOnce(&Path) -> io::Result<()>,
    ) -> Result<(), WorkspaceError> {
        let path = self.store.path(relative);
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let temporary = self.store.root.join(OWN).join(self.claim.temporary).join(number.to_string());
        let error = |source| WorkspaceError::Io { what: "write", path: path.clone(), source };
        if let Err(source) = make(&temporary) {
            let _ = fs::remove_file(&temporary);
            return Err(error(source));
        }
        if fs::rename(&temporary, &path).is_ok() {
            return Ok(());
        }
        // Most often the directory is not there yet.
        if let Some(parent) = path.parent() {
            self.store.make_directory(parent)?;
        }
        fs::rename(&temporary, &path).map_err(|source| {
            let _ = fs::remove_file(&temporary);
            error(source)
        })
    }

    /// Moves a file that does not serve to `NAME.set-aside-DATE`, and says where to.
    ///
    /// # Errors
    /// It cannot be moved.
    pub fn set_aside(&self, relative: &str, now: OffsetDateTime) -> Result<String, WorkspaceError> {
        let path = self.store.path(relative);
        let mut name = format!("{relative}.set-aside-{}", date(now));
        let mut further = 1;
        while self.store.path(&name).exists() {
            further += 1;
            name = format!("{relative}.set-aside-{}-{further}", date(now));
        }
        fs::rename(&path, self.store.path(&name)).map_err(|source| WorkspaceError::Io {
            what: "set aside",
            path,
            source,
        })?;
        Ok(name)
    }

    /// Moves everything but the program's own files into a dated backup, and says where
    /// to; none if there was nothing.
    ///
    /// # Errors
    /// It cannot be moved, or a cluster serves from here.
    pub fn back_up(&self, now: OffsetDateTime) -> Result<Option<String>, WorkspaceError> {
        // Nothing is taken from under a cluster that serves, here and below.
        let _unserved = self.store.claim_serving()?;
        let root = &self.store.root;
        let error = |what, path: &Path, source| WorkspaceError::Io { what, path: path.to_owned(), source };
        let entries = fs::read_dir(root).map_err(|source| error("read", root, source))?;
        let mut moved = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|source| error("read", root, source))?;
            if entry.file_name() != OWN {
                moved.push(entry.file_name());
            }
        }
        if moved.is_empty() {
            return Ok(None);
        }
        let mut name = format!("{OWN}/backup-{}", date(now));
        let mut further = 1;
        while self.store.path(&name).exists() {
            further += 1;
            name = format!("{OWN}/backup-{}-{further}", date(now));
        }
        let backup = self.store.path(&name);
        self.store.make_directory(&backup)?;
        for file in moved {
            let from = root.join(&file);
            fs::rename(&from, backup.join(&file)).map_err(|source| error("back up", &from, source))?;
        }
        Ok(Some(name))
    }

    /// Removes everything in the workspace but backups and the lock, and says how many
    /// files that were.
    ///
    /// # Errors
    /// Something cannot be removed, or a cluster serves from here.
    pub fn clear(&self) -> Result<usize, WorkspaceError> {
        let _unserved = self.store.claim_serving()?;
        let own = self.store.root.join(OWN);
        let mut removed = 0;
        for directory in [&self.store.root, &own] {
            let error = |source| WorkspaceError::Io { what: "clear", path: directory.clone(), source };
            for entry in fs::read_dir(directory).map_err(error)? {
                let path = entry.map_err(error)?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let claims = [WRITING, SERVING].iter().flat_map(|claim| [claim.lock, claim.temporary]);
                let kept = claims.into_iter().any(|own| own == name) || name.starts_with("backup-");
                if path == own || *directory == own && kept {
                    continue;
                }
                let error = |source| WorkspaceError::Io { what: "remove", path: path.clone(), source };
                if path.is_dir() && !path.is_symlink() {
                    removed += count(&path);
                    fs::remove_dir_all(&path).map_err(error)?;
                } else {
                    removed += 1;
                    fs::remove_file(&path).map_err(error)?;
                }
            }
        }
        Ok(removed)
    }

    /// One sync for all that was written.
    ///
    /// # Errors
    /// The machine could not.
    pub fn sync(&self) -> Result<(), WorkspaceError> {
        let error = |source| WorkspaceError::Io { what: "sync", path: self.store.root.clone(), source };
        let root = File::open(&self.store.root).map_err(error)?;
        rustix::fs::syncfs(&root).map_err(|errno| error(errno.into()))
    }
}

/// The files below a directory.
fn count(directory: &Path) -> usize {
    let entries = fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok);
    entries.map(|entry| if entry.path().is_dir() { count(&entry.path()) } else { 1 }).sum()
}

/// `20261123T185401Z`.
fn date(now: OffsetDateTime) -> String {
    let now = now.to_offset(time::UtcOffset::UTC);
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        now.year(),
        u8::from(now.month()),
        now.day(),
        now.hour(),
        now.minute(),
        now.second()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn keys_and_directories_are_their_owner_s_alone() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::new(directory.path().join("new/lab"));
        let locked = store.lock().unwrap();
        locked.write("cp1/pki/ca.key", b"secret", Secrecy::Private).unwrap();
        locked.write("cp1/pki/ca.key", b"newer", Secrecy::Private).unwrap();
        assert_eq!(store.read("cp1/pki/ca.key").unwrap().unwrap(), b"newer");
        assert_eq!(mode(&store.path("cp1/pki/ca.key")), 0o600);
        assert_eq!(mode(&store.path("cp1/pki")), 0o700);
        assert_eq!(mode(store.root()), 0o700);
        assert!(store.read("nothing").unwrap().is_none());
    }

    #[test]
    fn one_writer_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::new(directory.path());
        let locked = store.lock().unwrap();
        assert!(matches!(store.lock(), Err(WorkspaceError::Busy(_))));
        drop(locked);
        store.lock().unwrap();
    }

    #[test]
    fn what_does_not_serve_is_kept_under_another_name() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::new(directory.path());
        let locked = store.lock().unwrap();
        let now = OffsetDateTime::UNIX_EPOCH;
        for _ in 0..2 {
            locked.write("admin.key", b"garbage", Secrecy::Private).unwrap();
            let name = locked.set_aside("admin.key", now).unwrap();
            assert_eq!(store.read(&name).unwrap().unwrap(), b"garbage");
        }
        let backup = locked.back_up(now).unwrap().unwrap();
        assert!(store.path(&backup).join("admin.key.set-aside-19700101T000000Z").exists());
        assert!(locked.back_up(now).unwrap().is_none());
    }

    #[test]
    fn a_file_is_no_workspace() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(Store::new(file.path()).lock(), Err(WorkspaceError::NotDirectory(_))));
    }
}
