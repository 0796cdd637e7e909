//! What lies in a directory: bounded in number, depth and size, read by several threads.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::Problem;
use super::content::{read_bytes, read_file};
use super::kubeconfig::Kubeconfig;
use super::process::Process;
use super::table::Id;
use crate::trust::Certificate;

/// How many files are looked at.
const MOST: usize = 200_000;
/// How deep directories are followed; links to directories are not.
const DEEPEST: usize = 24;
/// More threads than that only wait for the disk.
const THREADS: usize = 8;

/// A directory that cannot be looked through.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {source}", path.display())]
pub struct ScanError {
    /// Which.
    pub path: PathBuf,
    /// Why.
    pub source: std::io::Error,
}

/// A certificate and where it was found.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) path: String,
    pub(super) certificate: Certificate,
    /// Its place in the file: the first is the file's own, the rest its chain.
    pub(super) index: usize,
    /// Whether it is a client's certificate in a kubeconfig.
    pub(super) in_kubeconfig: bool,
}

/// A private key and where it was found.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) path: String,
    /// Its public half; none for a kind that is not read here.
    pub(super) public: Option<Vec<u8>>,
}

/// A request and where it was found.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) path: String,
    pub(super) der: Vec<u8>,
}

/// Everything that was found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) certificates: Vec<Held>,
    pub(super) keys: Vec<Key>,
    /// Bare public keys.
    pub(super) publics: Vec<(String, Vec<u8>)>,
    pub(super) requests: Vec<Request>,
    pub(super) kubeconfigs: Vec<Kubeconfig>,
    pub(super) processes: Vec<Process>,
    /// What is wrong with the files themselves.
    pub(super) problems: Vec<Problem>,
    /// Whether one file was asked for: what it names and was not found is not there.
    pub(super) is_alone: bool,
    /// Every file, whatever it holds.
    pub(super) paths: HashSet<String>,
    first: HashMap<String, usize>,
    key_of: HashMap<String, usize>,
    public_of: HashMap<String, usize>,
}

/// Looks through a directory, or at one file and the files that it names.
pub(super) fn scan(root: &Path) -> Result<Scan, ScanError> {
    let error = |source| ScanError { path: root.to_owned(), source };
    let mut found = Scan::default();
    if fs::metadata(root).map_err(error)?.is_dir() {
        let files = walk(root, &mut found).map_err(error)?;
        found.read(&files);
    } else {
        fs::File::open(root).map_err(error)?;
        let shown = root.file_name().unwrap_or_default().to_string_lossy().into_owned();
        found.is_alone = true;
        found.read(&[(root.to_owned(), shown)]);
        let parent = root.parent().unwrap_or_else(|| Path::new(""));
        let named: HashSet<String> = found.kubeconfigs.iter().flat_map(Kubeconfig::files).collect();
        let mut named: Vec<_> = named.into_iter().map(|name| (parent.join(&name), name)).collect();
        named.retain(|(path, _)| path.exists());
        named.sort();
        found.read(&named);
    }
    found.index();
    Ok(found)
}

/// The files below a directory, in order, each with its name relative to it.
fn walk(root: &Path, found: &mut Scan) -> std::io::Result<Vec<(PathBuf, String)>> {
    let mut files = Vec::new();
    let mut directories = vec![(root.to_owned(), 0)];
    let shown = |path: &Path| path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
    while let Some((directory, depth)) = directories.pop() {
        let entries = match fs::read_dir(&directory) {
            Err(error) if depth == 0 => return Err(error),
            Err(error) => {
                found.problems.push(Problem::new(Id::UnreadableFile, shown(&directory), error.to_string()));
                continue;
            }
            Ok(entries) => entries.flatten(),
        };
        for entry in entries {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let Ok(kind) = entry.file_type() else { continue };
            if name.starts_with('.') && name != ".kube" {
                continue;
            }
            if kind.is_dir() && depth >= DEEPEST {
                let why = format!("deeper than {DEEPEST} directories");
                found.problems.push(Problem::new(Id::TooMany, shown(&entry.path()), why));
            } else if kind.is_dir() {
                directories.push((entry.path(), depth + 1));
            } else if files.len() < MOST {
                files.push((entry.path(), shown(&entry.path())));
            } else {
                let why = format!("more than {MOST} files");
                found.problems.push(Problem::new(Id::TooMany, shown(&directory), why));
                directories.clear();
                break;
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Files that kubelet's rotation left behind: the current one is a link beside them.
fn is_rotated(path: &str, paths: &HashSet<String>) -> bool {
    ["kubelet-client-", "kubelet-server-"].iter().any(|prefix| {
        let rest = stem(path).strip_prefix(prefix);
        rest.is_some_and(|rest| rest.starts_with("20"))
            && paths.contains(&format!("{}{prefix}current.pem", directory(path)))
    })
}

impl Scan {
    /// What a private file of this name holds, wherever it is.
    pub(super) fn of_bytes(name: &str, bytes: &[u8]) -> Self {
        let mut found = Self { is_alone: true, ..Self::default() };
        read_bytes(name, bytes, 0o600, &mut found);
        found.index();
        found
    }

    fn read(&mut self, files: &[(PathBuf, String)]) {
        self.paths.extend(files.iter().map(|(_, shown)| shown.clone()));
        let paths = &self.paths;
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS);
        let size = files.len().div_ceil(threads).max(64);
        let parts: Vec<Self> = std::thread::scope(|scope| {
            let workers: Vec<_> = files
                .chunks(size)
                .map(|chunk| {
                    scope.spawn(move || {
                        let mut part = Self::default();
                        for (path, shown) in chunk.iter().filter(|(_, shown)| !is_rotated(shown, paths)) {
                            read_file(path, shown, &mut part);
                        }
                        part
                    })
                })
                .collect();
            workers.into_iter().filter_map(|worker| worker.join().ok()).collect()
        });
        for part in parts {
            self.certificates.extend(part.certificates);
            self.keys.extend(part.keys);
            self.publics.extend(part.publics);
            self.requests.extend(part.requests);
            self.kubeconfigs.extend(part.kubeconfigs);
            self.processes.extend(part.processes);
            self.problems.extend(part.problems);
        }
    }

    fn index(&mut self) {
        for (index, held) in self.certificates.iter().enumerate().filter(|(_, held)| !held.in_kubeconfig) {
            self.first.entry(held.path.clone()).or_insert(index);
        }
        let of = |paths: Vec<&String>| {
            paths.into_iter().enumerate().rev().map(|(index, path)| (path.clone(), index)).collect()
        };
        self.key_of = of(self.keys.iter().map(|key| &key.path).collect());
        self.public_of = of(self.publics.iter().map(|(path, _)| path).collect());
        for process in &mut self.processes {
            process.settle(&self.paths);
        }
    }

    /// The first certificate of a file.
    pub(super) fn certificate(&self, path: &str) -> Option<&Held> {
        self.certificates.get(*self.first.get(path)?)
    }

    /// The certificates of a file.
    pub(super) fn chain(&self, path: &str) -> impl Iterator<Item = &Held> {
        let from = self.first.get(path).copied().unwrap_or(self.certificates.len());
        self.certificates.iter().skip(from).take_while(move |held| held.path == path)
    }

    /// The private key of a file.
    pub(super) fn key(&self, path: &str) -> Option<&Key> {
        self.keys.get(*self.key_of.get(path)?)
    }

    /// The public key that a file holds: bare, of a certificate or of a private key.
    pub(super) fn public(&self, path: &str) -> Option<&[u8]> {
        if let Some((_, public)) = self.public_of.get(path).and_then(|index| self.publics.get(*index)) {
            return Some(public);
        }
        let certificate = self.certificate(path).map(|held| held.certificate.public_key_info());
        certificate.or_else(|| self.key(path)?.public.as_deref())
    }

    /// The certificates in files that are authorities.
    pub(super) fn authorities(&self) -> impl Iterator<Item = &Held> {
        self.certificates.iter().filter(|held| !held.in_kubeconfig && is_authority(held))
    }
}

/// Whether a certificate is meant as an authority. One that is named so but does not say so
/// itself is a finding.
pub(super) fn is_authority(held: &Held) -> bool {
    let certificate = &held.certificate;
    let is_self_issued = certificate.subject().raw() == certificate.issuer().raw();
    certificate.is_ca()
        || is_self_issued
            && (certificate.version() < 3 || stem(&held.path).trim_end_matches(".pem").ends_with("ca"))
}

/// A file's name.
pub(super) fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A file's name without directory and extension.
pub(super) fn stem(path: &str) -> &str {
    let name = name(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// The directory of a file, with its slash; empty at the top.
pub(super) fn directory(path: &str) -> &str {
    path.rfind('/').and_then(|slash| path.get(..=slash)).unwrap_or_default()
}
