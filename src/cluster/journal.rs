//! The file that the cluster's objects survive a restart in: one line a change, each with a
//! checksum, on disk before the change is acknowledged.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest;

use crate::access::{Json, Policy, api};

use super::store::{Key, Store};

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
    Put { revision: u64, key: Key, object: &'a Json },
    Delete { revision: u64, key: Key, namespace: &'a str, name: &'a str },
}

/// The open file.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    /// Up to where the file is good.
    length: u64,
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
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(source) if source.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(source) => return Err(error("read")(source)),
        };
        let mut store = Store::default();
        let mut found = Found::default();
        let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        // What stands behind the last newline is a write that did not end.
        lines.pop();
        let total = lines.len();
        let bad = lines.into_iter().filter(|line| replay(&mut store, line).is_none()).count();
        if bad > 0 {
            let aside = free_name(path);
            fs::rename(path, &aside).map_err(error("set aside"))?;
            found.set_aside = Some((aside, bad));
        }
        let live: usize = store.keys().into_iter().map(|key| store.list(key, "").count()).sum();
        // Afresh where the file is mostly history, too.
        if bad == 0 && total > 0 && total <= 2 * live + 1000 {
            found.length = Some(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at as u64 + 1));
        }
        Ok((store, found))
    }

    /// Goes on writing at the end of what was found, or begins with all that a store holds.
    pub(super) fn begin(path: &Path, found: &Found, store: &Store) -> Result<Self, JournalError> {
        let error = |source| JournalError { what: "write", path: path.to_owned(), source };
        let Some(length) = found.length else { return Self::write_whole(path, store) };
        let file = OpenOptions::new().append(true).open(path).map_err(error)?;
        let mut journal = Self { path: path.to_owned(), file, length };
        journal.cut().map_err(error)?;
        Ok(journal)
    }

    fn write_whole(path: &Path, store: &Store) -> Result<Self, JournalError> {
        let error = |source| JournalError { what: "write", path: path.to_owned(), source };
        let mut text = Vec::new();
        let mut all: Vec<(u64, Key, &Arc<Json>)> = Vec::new();
        for key in store.keys() {
            let revision = |own: &Json| own.text("metadata.resourceVersion").parse().unwrap_or_default();
            all.extend(store.list(key, "").map(|object| (revision(object), key, object)));
        }
        all.sort_by_key(|(revision, _, _)| *revision);
        for (revision, key, object) in all {
            text.extend(line(&Change::Put { revision, key, object }));
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
        Ok(Self { path: path.to_owned(), file, length: text.len() as u64 })
    }

    /// Drops what stands behind the last good line.
    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.length)
    }

    /// Writes a change, on disk when this returns. After a failure the file is as before.
    pub(super) fn write(&mut self, change: &Change<'_>) -> Result<(), JournalError> {
        let line = line(change);
        match self.file.write_all(&line).and_then(|()| self.file.sync_data()) {
            Ok(()) => {
                self.length += line.len() as u64;
                Ok(())
            }
            Err(source) => {
                // The next write would otherwise stand behind half a line.
                let _ = self.cut();
                Err(JournalError { what: "write", path: self.path.clone(), source })
            }
        }
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
    let body = match change {
        Change::Put { revision, key: (group, resource), object } => Json::object([
            ("revision", (*revision).into()),
            ("group", (*group).into()),
            ("resource", (*resource).into()),
            ("object", (*object).clone()),
        ]),
        Change::Delete { revision, key: (group, resource), namespace, name } => Json::object([
            ("revision", (*revision).into()),
            ("group", (*group).into()),
            ("resource", (*resource).into()),
            ("namespace", (*namespace).into()),
            ("name", (*name).into()),
        ]),
    };
    let body = body.compact();
    format!("{} {body}\n", checksum(body.as_bytes())).into_bytes()
}

fn replay(store: &mut Store, line: &[u8]) -> Option<()> {
    let line = std::str::from_utf8(line).ok()?;
    let (sum, body) = line.split_once(' ')?;
    if sum != checksum(body.as_bytes()) {
        return None;
    }
    let change: Json = serde_json::from_str(body).ok()?;
    let revision = u64::try_from(change.get("revision")?.as_integer()?).ok()?;
    let group = api::groups().iter().find(|group| group.name == change.text("group"))?;
    let of_group = api::groups().iter().filter(|own| own.name == group.name);
    let resource = of_group.flat_map(|own| &own.resources).find(|own| own.name == change.text("resource"))?;
    let key = (group.name.as_str(), resource.name.as_str());
    match change.get("object") {
        Some(object) => store.keep(revision, key, Arc::new(object.clone())),
        None => {
            store.forget(revision, key, change.text("namespace"), change.text("name"));
        }
    }
    store.advance(revision);
    Some(())
}
