//! The file that the cluster's objects survive a restart in: one line a change, each with a
//! checksum, on disk before the change is acknowledged. Changes that come at the same time share
//! one write to disk.

use std::borrow::Cow;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::access::{Json, Policy, api};

use super::etcd::OTHER;
use super::store::{Kept, Key, Place, Store};

/// A file with more than this many bytes, most of them history, is written afresh.
const HISTORY: u64 = 32 * 1024 * 1024;

/// A journal that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what} {}: {source}", path.display())]
pub struct JournalError {
    what: &'static str,
    path: PathBuf,
    source: io::Error,
}

/// One change.
pub(super) enum Change<'a> {
    Put { key: Key, object: &'a Kept },
    Delete { revision: u64, key: Key, namespace: &'a str, name: &'a str },
}

/// The open file.
#[derive(Debug)]
pub(super) struct Journal {
    disk: Arc<Disk>,
    /// From which length on it is looked at whether most of the file is history.
    look: u64,
}

/// The file and how much of it is on disk: those who wait for it at the same time wait for one
/// and the same write.
#[derive(Debug)]
struct Disk {
    path: PathBuf,
    file: File,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Up to where the file is good.
    length: u64,
    /// Up to where it is on disk.
    safe: u64,
    is_busy: bool,
    /// Why the disk did not take it: what it holds is not known from then on.
    failed: Option<(io::ErrorKind, String)>,
}

/// What has been written up to some moment.
pub(super) struct Written {
    disk: Arc<Disk>,
    length: u64,
}

impl Disk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self, source: io::Error) -> JournalError {
        JournalError { what: "write", path: self.path.clone(), source }
    }

    fn check(&self, state: &State) -> Result<(), JournalError> {
        match &state.failed {
            Some((kind, why)) => Err(self.error(io::Error::new(*kind, why.clone()))),
            None => Ok(()),
        }
    }
}

impl Written {
    /// Returns when it is on disk.
    ///
    /// # Errors
    /// The disk did not take it. Nothing more is written to the file then.
    pub(super) fn wait(self) -> Result<(), JournalError> {
        let mut state = self.disk.state();
        loop {
            self.disk.check(&state)?;
            if state.safe >= self.length {
                return Ok(());
            }
            if state.is_busy {
                state = self.disk.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            // The first to come writes for all who come meanwhile.
            state.is_busy = true;
            let length = state.length;
            drop(state);
            let result = self.disk.file.sync_data();
            state = self.disk.state();
            state.is_busy = false;
            match result {
                Ok(()) => state.safe = state.safe.max(length),
                Err(error) => state.failed = Some((error.kind(), error.to_string())),
            }
            self.disk.changed.notify_all();
        }
    }
}

/// What was found on opening.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Where the damaged file was put, and how many of its lines could not be read.
    pub(super) set_aside: Option<(PathBuf, usize)>,
    /// Up to where the file is good; `None` if it is to be written afresh.
    length: Option<u64>,
}

impl Journal {
    /// Reads the journal at `path` into a new store. A last line that was cut off was never
    /// acknowledged and is dropped; damage elsewhere sets the file aside, and what can be read
    /// of it is kept.
    pub(super) fn read(path: &Path) -> Result<(Store, Found), JournalError> {
        let error = |what| move |source| JournalError { what, path: path.to_owned(), source };
        let mut store = Store::default();
        let mut found = Found::default();
        let file = match File::open(path) {
            Ok(file) => file,
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok((store, found)),
            Err(source) => return Err(error("read")(source)),
        };
        let mut reader = BufReader::with_capacity(1 << 16, file);
        let (mut line, mut total, mut bad, mut good) = (Vec::new(), 0, 0, 0);
        loop {
            line.clear();
            reader.read_until(b'\n', &mut line).map_err(error("read"))?;
            // What stands behind the last newline is a write that did not end.
            let Some(whole) = line.strip_suffix(b"\n") else { break };
            total += 1;
            bad += usize::from(replay(&mut store, whole).is_none());
            good += line.len() as u64;
        }
        if bad > 0 {
            let aside = free_name(path);
            fs::rename(path, &aside).map_err(error("set aside"))?;
            found.set_aside = Some((aside, bad));
        }
        // Afresh where the file is mostly history, too.
        if bad == 0 && total > 0 && total <= 2 * store.count() + 1000 {
            found.length = Some(good);
        }
        Ok((store, found))
    }

    /// Goes on writing at the end of what was found, or begins with all that a store holds.
    pub(super) fn begin(path: &Path, found: &Found, store: &Store) -> Result<Self, JournalError> {
        let error = |source| JournalError { what: "write", path: path.to_owned(), source };
        let Some(length) = found.length else { return Self::write_whole(path, store) };
        let file = OpenOptions::new().append(true).open(path).map_err(error)?;
        // Behind the last good line stands a write that did not end.
        file.set_len(length).map_err(error)?;
        Ok(Self::on(path, file, length))
    }

    /// A file that is on disk up to a length.
    fn on(path: &Path, file: File, length: u64) -> Self {
        let state = Mutex::new(State { length, safe: length, ..State::default() });
        let disk = Arc::new(Disk { path: path.to_owned(), file, state, changed: Condvar::new() });
        Self { disk, look: HISTORY.max(2 * length) }
    }

    fn write_whole(path: &Path, store: &Store) -> Result<Self, JournalError> {
        let error = |source| JournalError { what: "write", path: path.to_owned(), source };
        let mut text = Vec::new();
        let mut all: Vec<(Key, &Kept)> = Vec::new();
        for key in store.keys() {
            all.extend(store.places(key, "").map(|(_, object)| (key, object)));
        }
        all.sort_by_key(|(_, object)| object.revision);
        for (key, object) in all {
            text.extend(line(&Change::Put { key, object }));
        }
        // The last revision may be that of a deletion.
        let last =
            Change::Delete { revision: store.revision(), key: ("", "namespaces"), namespace: "", name: "" };
        text.extend(line(&last));
        let beside = path.with_extension("new");
        let mut options = OpenOptions::new();
        let mut file =
            options.create(true).truncate(true).write(true).mode(0o600).open(&beside).map_err(error)?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(error)?;
        fs::rename(&beside, path).map_err(error)?;
        if let Some(directory) = path.parent() {
            File::open(directory).and_then(|directory| directory.sync_all()).map_err(error)?;
        }
        let file = OpenOptions::new().append(true).open(path).map_err(error)?;
        Ok(Self::on(path, file, text.len() as u64))
    }

    /// Writes a change; it is on disk when [`Journal::written`] has been waited for. After a
    /// failure the file is as before.
    pub(super) fn write(&mut self, change: &Change<'_>) -> Result<(), JournalError> {
        let line = line(change);
        let mut state = self.disk.state();
        self.disk.check(&state)?;
        match (&self.disk.file).write_all(&line) {
            Ok(()) => {
                state.length += line.len() as u64;
                Ok(())
            }
            Err(source) => {
                // The next write would otherwise stand behind half a line.
                let _ = self.disk.file.set_len(state.length);
                Err(self.disk.error(source))
            }
        }
    }

    /// All that has been written so far.
    pub(super) fn written(&self) -> Written {
        Written { disk: Arc::clone(&self.disk), length: self.disk.state().length }
    }

    /// Whether the file is large, and most of it history.
    pub(super) fn is_history(&mut self, store: &Store) -> bool {
        let length = self.disk.state().length;
        if length < self.look {
            return false;
        }
        let live: usize = store
            .keys()
            .into_iter()
            .flat_map(|key| store.places(key, ""))
            .map(|(_, own)| own.text.len())
            .sum();
        self.look = length + HISTORY;
        length > 4 * live as u64
    }

    /// The journal of a store, written afresh. Who waits for the old one gets what it waits for:
    /// that file is whole, too, and this one is on disk.
    pub(super) fn afresh(&self, store: &Store) -> Result<Self, JournalError> {
        Self::write_whole(&self.disk.path, store)
    }
}

/// What the authorizers of a stored cluster go by; `None` where none is stored. The file may be
/// in use: it stays as it is, and what does not read in it is passed over.
#[must_use]
pub fn stored_policy(path: &Path) -> Option<Policy> {
    let bytes = fs::read(path).ok()?;
    let mut store = Store::default();
    for line in bytes.split(|byte| *byte == b'\n') {
        replay(&mut store, line);
    }
    (!store.is_new()).then_some(store.policy)
}

fn free_name(path: &Path) -> PathBuf {
    let mut number = 1;
    loop {
        let candidate = path.with_extension(format!("set-aside-{number}"));
        if !candidate.exists() {
            return candidate;
        }
        number += 1;
    }
}

fn checksum(text: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, text);
    hash.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn line(change: &Change<'_>) -> Vec<u8> {
    let quoted = |text: &str| Json::from(text).compact();
    let head = |revision: u64, (group, resource): Key| {
        format!("\"revision\":{revision},\"group\":{},\"resource\":{}", quoted(group), quoted(resource))
    };
    let body = match change {
        Change::Put { key, object } => {
            format!("{{{},\"object\":{}}}", head(object.revision, *key), object.text)
        }
        Change::Delete { revision, key, namespace, name } => {
            let place = format!("\"namespace\":{},\"name\":{}", quoted(namespace), quoted(name));
            format!("{{{},{place}}}", head(*revision, *key))
        }
    };
    format!("{} {body}\n", checksum(body.as_bytes())).into_bytes()
}

/// A line as it is read: a change, with its object unread.
#[derive(Deserialize)]
struct Read<'a> {
    revision: u64,
    #[serde(borrow)]
    group: Cow<'a, str>,
    #[serde(borrow)]
    resource: Cow<'a, str>,
    #[serde(borrow)]
    object: Option<&'a RawValue>,
    #[serde(borrow, default)]
    namespace: Cow<'a, str>,
    #[serde(borrow, default)]
    name: Cow<'a, str>,
}

/// What of an object says where it is kept.
#[derive(Deserialize)]
struct Head {
    metadata: Names,
}

#[derive(Deserialize)]
struct Names {
    #[serde(default)]
    namespace: String,
    name: String,
}

/// The key of a resource that there is, or of what etcd holds besides.
fn key_of(group: &str, resource: &str) -> Option<Key> {
    if (group, resource) == OTHER {
        return Some(OTHER);
    }
    let groups = api::groups().iter().filter(|own| own.name == group);
    let mut all = groups.flat_map(|own| own.resources.iter().map(move |resource| (own, resource)));
    let (group, resource) = all.find(|(_, own)| own.name == resource)?;
    Some((group.name.as_str(), resource.name.as_str()))
}

fn replay(store: &mut Store, line: &[u8]) -> Option<()> {
    let line = std::str::from_utf8(line).ok()?;
    let (sum, body) = line.split_once(' ')?;
    if sum != checksum(body.as_bytes()) {
        return None;
    }
    let change: Read<'_> = serde_json::from_str(body).ok()?;
    let revision = change.revision;
    let key = key_of(&change.group, &change.resource)?;
    match change.object {
        Some(object) => {
            let Head { metadata } = serde_json::from_str(object.get()).ok()?;
            let place: Place = (metadata.namespace, metadata.name);
            store.keep(key, place, Kept { revision, text: object.get().into() });
        }
        None => {
            store.forget(revision, key, &change.namespace, &change.name);
        }
    }
    store.advance(revision);
    Some(())
}
