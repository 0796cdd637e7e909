//! The lab itself: a workspace, a plan, the lessons, and the learner's progress.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;

use super::LabError;
use crate::blueprint::{ClusterSpec, KeyAlgorithm, Plan, plan};
use crate::clock::Clock;
use crate::lesson::{Curriculum, Lesson, Progress as Learned};
use crate::pki::KeyStock;
use crate::text::Language;
use crate::workspace::{
    Build, Cancel, Locked, Made, Progress, Secrecy, Selection, Store, WorkspaceError, default_directory,
    settle_spec,
};

/// Where the learner's progress is kept.
const PROGRESS: &str = "progress.toml";
/// RSA keys kept ready: as many as a lesson's step takes, and one for a rogue authority.
const KEYS_AHEAD: usize = 4;

/// Where the lab works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Directory {
    /// Below the XDG data directory.
    Default,
    /// Here.
    At(PathBuf),
    /// In a directory of its own that goes with the lab.
    Temporary,
}

/// How a lab is opened.
#[derive(Debug, Clone)]
pub struct LabOptions {
    /// Where.
    pub directory: Directory,
    /// The cluster to make where there is none yet; one that is there must equal it.
    pub spec: Option<ClusterSpec>,
    /// The time.
    pub clock: Clock,
    /// Lessons from here instead of the built-in ones.
    pub lessons: Option<PathBuf>,
}

/// The engine. It alone may write its workspace for as long as it lives.
#[derive(Debug)]
pub struct Lab {
    pub(super) locked: Locked,
    pub(super) plan: Plan,
    pub(super) clock: Clock,
    pub(super) stock: KeyStock,
    pub(super) curriculum: Curriculum,
    progress: Mutex<Learned>,
    notices: Mutex<Vec<String>>,
    /// Whether the lessons are the program's own, whose words a test has checked.
    pub(super) built_in: bool,
    _temporary: Option<tempfile::TempDir>,
}

impl Lab {
    /// Opens the lab: makes the workspace if there is none, reads its spec, the lessons and
    /// the progress. No cryptography happens here.
    ///
    /// # Errors
    /// The workspace cannot be made, read or taken, or holds another cluster.
    pub fn open(options: LabOptions) -> Result<Self, LabError> {
        let (root, temporary) = match options.directory {
            Directory::At(path) => (path, None),
            Directory::Default => (default_directory()?, None),
            Directory::Temporary => {
                let directory = tempfile::Builder::new().prefix("dojang-").tempdir()?;
                (directory.path().to_owned(), Some(directory))
            }
        };
        let locked = Store::new(root).lock()?;
        let now = options.clock.now();
        let plan = plan(settle_spec(&locked, options.spec)?)?;
        let mut notices = Vec::new();
        let progress = read_progress(&locked, now, &mut notices)?;
        let curriculum = match &options.lessons {
            Some(directory) => Curriculum::from_dir(directory),
            None => Curriculum::embedded(),
        };
        Ok(Self {
            locked,
            plan,
            clock: options.clock,
            stock: KeyStock::default(),
            curriculum,
            progress: Mutex::new(progress),
            notices: Mutex::new(notices),
            built_in: options.lessons.is_none(),
            _temporary: temporary,
        })
    }

    /// What was set aside since the last call, one sentence each.
    pub fn take_notices(&self) -> Vec<String> {
        std::mem::take(&mut *self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The lessons.
    #[must_use]
    pub const fn curriculum(&self) -> &Curriculum {
        &self.curriculum
    }

    /// The cluster.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The workspace, for reading.
    #[must_use]
    pub fn store(&self) -> &Store {
        self.locked.store()
    }

    /// The present.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// The learner's progress as it stands.
    pub fn progress(&self) -> MutexGuard<'_, Learned> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the progress and keeps it on disk.
    ///
    /// # Errors
    /// It could not be written.
    pub fn record(&self, change: impl FnOnce(&mut Learned)) -> Result<(), LabError> {
        let mut progress = self.progress();
        change(&mut progress);
        let text = progress.to_text()?;
        let path = self.store().own(PROGRESS);
        self.locked.write(&path, text.as_bytes(), Secrecy::Private)?;
        Ok(())
    }

    /// The language that the learner chose in this lab.
    #[must_use]
    pub fn language(&self) -> Option<Language> {
        self.progress().language
    }

    /// Begins to make RSA keys ahead of need, in the background. Other keys need no time.
    pub fn make_keys_ahead(&self) {
        let key = self.plan.spec.key;
        if matches!(key, KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096) {
            self.stock.fill(key, KEYS_AHEAD);
        }
    }

    /// Makes what is missing of these artifacts.
    ///
    /// # Errors
    /// A file cannot be read or written, an id is unknown, or it was cancelled.
    pub fn make(
        &self,
        selection: &Selection,
        cancel: &Cancel,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Made, LabError> {
        let build = Build {
            locked: &self.locked,
            plan: &self.plan,
            stock: &self.stock,
            now: self.now(),
            cancel,
            progress,
        };
        let made = build.run(selection)?;
        let told = made
            .set_aside
            .iter()
            .map(|aside| format!("{} was set aside as {}: {}", aside.path, aside.now, aside.why));
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).extend(told);
        Ok(made)
    }

    /// The lesson of this name or number.
    ///
    /// # Errors
    /// There is none.
    pub fn lesson(&self, name: &str) -> Result<&Lesson, LabError> {
        Ok(self.curriculum.find(name)?)
    }
}

/// The progress on disk. What does not read is set aside and told, never lost.
fn read_progress(
    locked: &Locked,
    now: OffsetDateTime,
    notices: &mut Vec<String>,
) -> Result<Learned, WorkspaceError> {
    let path = locked.store().own(PROGRESS);
    let Some(text) = locked.store().read(&path)? else { return Ok(Learned::default()) };
    match Learned::parse(&String::from_utf8_lossy(&text)) {
        Ok(progress) => Ok(progress),
        Err(error) => {
            let kept = locked.set_aside(&path, now)?;
            notices.push(format!("{error}; it is kept as {kept}, and a new one begins"));
            Ok(Learned::default())
        }
    }
}
