//! The lab itself: a workspace, a plan, the lessons, and the learner's progress.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;

use super::LabError;
use super::lessons::Lessons;
use super::live::Live;
use crate::blueprint::{ClusterSpec, KeyAlgorithm, Plan, plan};
use crate::clock::Clock;
use crate::lesson::{Curriculum, Lesson, PROGRESS_VERSION, Progress as Learned, ProgressError};
use crate::pki::KeyStock;
use crate::text::Language;
use crate::workspace::{
    Build, Cancel, Locked, Made, Progress, Scratch, Secrecy, Selection, Serving, Store, WorkspaceError,
    default_directory, read_spec, settle_spec,
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

/// By what right a lab makes artifacts.
pub(super) enum Making {
    /// It alone writes the workspace anyway.
    Own,
    /// It serves, and holds the workspace for this once.
    Beside(Locked),
    /// It serves, and someone else is at work.
    Others,
}

impl LabOptions {
    /// The workspace, and what keeps it if it is to go with the lab.
    fn store(&self) -> Result<(Store, Option<Scratch>), LabError> {
        let (root, temporary) = match &self.directory {
            Directory::At(path) => (path.clone(), None),
            Directory::Default => (default_directory()?, None),
            Directory::Temporary => {
                let directory = Scratch::new("dojang-")?;
                (directory.path().to_owned(), Some(directory))
            }
        };
        Ok((Store::new(root), temporary))
    }
}

/// The engine. It alone may write its workspace for as long as it lives; one that was opened to
/// serve alone serves it, and leaves the artifacts to others.
#[derive(Debug)]
pub struct Lab {
    pub(super) locked: Arc<Locked>,
    /// Held as long as its cluster serves.
    pub(super) serving: Mutex<Option<Serving>>,
    pub(super) plan: Plan,
    pub(super) clock: Clock,
    pub(super) stock: KeyStock,
    lessons: Lessons,
    progress: Mutex<Learned>,
    /// Where the progress is kept, below the program's own directory.
    progress_file: String,
    notices: Mutex<Vec<String>>,
    /// Clusters like this one to try faults on.
    pub(super) twins: Mutex<Vec<Arc<Lab>>>,
    /// The cluster that serves, while one does.
    pub(super) live: Mutex<Option<Live>>,
    /// Held while a cluster serves: there is room for one.
    pub(super) stage: Mutex<()>,
    _temporary: Option<Scratch>,
}

impl Lab {
    /// Opens the lab: makes the workspace if there is none, reads its spec, the lessons and
    /// the progress. No cryptography happens here.
    ///
    /// # Errors
    /// The workspace cannot be made, read or taken, or holds another cluster.
    pub fn open(options: LabOptions) -> Result<Self, LabError> {
        let (store, temporary) = options.store()?;
        let locked = Arc::new(store.lock()?);
        Self::begin(options, locked, None, temporary)
    }

    /// Opens the lab to serve its cluster, beside whoever makes, breaks and mends artifacts: it
    /// keeps nobody else from the workspace but another that serves it.
    ///
    /// # Errors
    /// The workspace cannot be made, read or taken, holds another cluster, or is served already.
    pub fn open_to_serve(options: LabOptions) -> Result<Self, LabError> {
        let (store, temporary) = options.store()?;
        let serving = store.lock_serving()?;
        // A workspace that holds no cluster yet gets one, with nobody else at work.
        let writing = match store.lock() {
            Err(WorkspaceError::Busy(_)) if read_spec(&store)?.is_some() => None,
            other => Some(other?),
        };
        let lab = Self::begin(options, serving.locked(), Some(serving), temporary);
        drop(writing);
        lab
    }

    fn begin(
        options: LabOptions,
        locked: Arc<Locked>,
        serving: Option<Serving>,
        temporary: Option<Scratch>,
    ) -> Result<Self, LabError> {
        let now = options.clock.now();
        let plan = plan(settle_spec(&locked, options.spec)?)?;
        let mut notices = Vec::new();
        let (progress_file, progress) = read_progress(&locked, now, &mut notices)?;
        Ok(Self {
            locked,
            serving: Mutex::new(serving),
            plan,
            clock: options.clock,
            stock: KeyStock::default(),
            lessons: Lessons::read(options.lessons),
            progress: Mutex::new(progress),
            progress_file,
            notices: Mutex::new(notices),
            twins: Mutex::new(Vec::new()),
            live: Mutex::new(None),
            stage: Mutex::new(()),
            _temporary: temporary,
        })
    }

    /// By what right artifacts can be made now.
    pub(super) fn making(&self) -> Result<Making, LabError> {
        if !self.locked.is_of_serving() {
            return Ok(Making::Own);
        }
        match self.store().lock() {
            Ok(locked) => Ok(Making::Beside(locked)),
            Err(WorkspaceError::Busy(_)) => Ok(Making::Others),
            Err(error) => Err(error.into()),
        }
    }

    /// The workspace as its cluster's own to write beside others; taken with the first call,
    /// until it serves no more.
    pub(super) fn serving(&self) -> Result<Serving, LabError> {
        let mut held = self.serving.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(serving) = &*held {
            return Ok(serving.clone());
        }
        Ok(held.insert(self.store().lock_serving()?).clone())
    }

    /// Gives back what [`Self::serving`] has taken.
    pub(super) fn serve_no_more(&self) {
        self.serving.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// What was set aside since the last call, one sentence each.
    pub fn take_notices(&self) -> Vec<String> {
        std::mem::take(&mut *self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The lessons as they were last read.
    #[must_use]
    pub fn curriculum(&self) -> &Curriculum {
        self.lessons.latest()
    }

    /// Whether the lessons are the program's own, whose words a test has checked.
    #[must_use]
    pub const fn built_in(&self) -> bool {
        self.lessons.built_in()
    }

    /// Reads the lessons of a teacher's directory anew if a file there has changed, and
    /// says whether it did. A lesson that does not read now stays as it was, with its
    /// problems told in [`Curriculum::problems`]. It reads the disk: call it off the
    /// screen's thread, no more than once a second.
    pub fn reload_lessons(&self) -> bool {
        self.lessons.reload()
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
        let path = self.store().own(&self.progress_file);
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
        self.notice(told);
        Ok(made)
    }

    /// Keeps sentences for who asks for them.
    pub(super) fn notice(&self, told: impl IntoIterator<Item = String>) {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).extend(told);
    }

    /// The lesson of this name or number.
    ///
    /// # Errors
    /// There is none.
    pub fn lesson(&self, name: &str) -> Result<&Lesson, LabError> {
        Ok(self.curriculum().find(name)?)
    }

    /// Forgets what was done in one lesson, by name or number; also of one that the
    /// curriculum no longer has. Gives its id and how many steps were done. Artifacts stay.
    ///
    /// # Errors
    /// There is no such lesson, or the progress could not be kept.
    pub fn reset_lesson(&self, name: &str) -> Result<(String, usize), LabError> {
        let id = match self.curriculum().find(name) {
            Ok(lesson) => lesson.id.clone(),
            Err(_) if self.progress().knows(name) => name.to_owned(),
            Err(error) => return Err(error.into()),
        };
        let mut done = 0;
        self.record(|progress| done = progress.forget(&id))?;
        Ok((id, done))
    }
}

/// The file of the progress and what it holds. What does not read is set aside and told,
/// never lost. What a later program wrote stays as it is for that program, and this one
/// keeps its own beside it.
fn read_progress(
    locked: &Locked,
    now: OffsetDateTime,
    notices: &mut Vec<String>,
) -> Result<(String, Learned), WorkspaceError> {
    let mut file = PROGRESS.to_owned();
    let mut parsed = parse_progress(locked, &file)?;
    if let Err(error @ ProgressError::Newer(_)) = &parsed {
        let own = format!("progress-{PROGRESS_VERSION}.toml");
        let (newer, path) = (locked.store().own(&file), locked.store().own(&own));
        notices.push(format!("{error}: {newer} stays for the newer dojang, and this one keeps to {path}"));
        parsed = parse_progress(locked, &own)?;
        file = own;
    }
    match parsed {
        Ok(progress) => Ok((file, progress)),
        Err(error) => {
            let kept = locked.set_aside(&locked.store().own(&file), now)?;
            notices.push(format!("{error}; it is kept as {kept}, and a new one begins"));
            Ok((file, Learned::default()))
        }
    }
}

/// The progress of this file; a new one if there is none.
fn parse_progress(locked: &Locked, file: &str) -> Result<Result<Learned, ProgressError>, WorkspaceError> {
    let text = locked.store().read(&locked.store().own(file))?;
    Ok(text.map_or_else(|| Ok(Learned::default()), |text| Learned::parse(&String::from_utf8_lossy(&text))))
}

#[cfg(test)]
mod tests;
