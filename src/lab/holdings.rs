//! Everything in the workspace that can be read byte by byte, and files of what was read.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::Lab;
use crate::x509::{Item, Kind, contents, is_pem};

/// How many files are looked at, how deep, and how large they are at most.
const MOST_FILES: usize = 20_000;
const DEEPEST: usize = 16;
const LARGEST: u64 = 4 << 20;
/// How many numbers are tried for the name of a file.
const MOST_NAMES: usize = 1000;

/// Something that can be read byte by byte, and where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// Its file, relative to the workspace, or what it was named by; not made safe.
    pub name: String,
    /// The file that it lies in, if it lies in one.
    pub file: Option<PathBuf>,
    /// Whether it is the one of its kind that openssl reads from that file.
    pub is_first: bool,
    /// What was found.
    pub item: Item,
}

impl Lab {
    /// What lies in the workspace, in the order of its files' names. Reads the disk.
    #[must_use]
    pub fn holdings(&self) -> Vec<Holding> {
        let root = self.store().root();
        let mut found = Vec::new();
        for path in files(root) {
            let is_small = fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= LARGEST);
            let Some(bytes) = is_small.then(|| fs::read(&path).ok()).flatten() else { continue };
            let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            // Keys have no bytes to show.
            let is_shown = |holding: &Holding| {
                matches!(
                    holding.item.kind,
                    Kind::Certificate | Kind::CertificateRequest | Kind::RevocationList
                )
            };
            found.extend(holdings_of(&name, &bytes, Some(&path)).into_iter().filter(is_shown));
        }
        found
    }
}

/// What a file of this name holds.
#[must_use]
pub fn holdings_of(name: &str, bytes: &[u8], file: Option<&Path>) -> Vec<Holding> {
    holdings(name, contents(bytes, None).items, file.map(|file| (file, is_pem(bytes))))
}

/// What was found under this name, in a file if it was one, of which it is known whether it
/// is PEM.
#[must_use]
pub fn holdings(name: &str, items: Vec<Item>, file: Option<(&Path, bool)>) -> Vec<Holding> {
    let mut kinds = Vec::new();
    items
        .into_iter()
        .map(|item| {
            let is_new = item.at.is_none() && !kinds.contains(&item.kind);
            kinds.push(item.kind);
            Holding {
                name: name.to_owned(),
                file: file.map(|(file, _)| file.to_owned()),
                is_first: is_new && file.is_some_and(|(_, is_pem)| is_pem),
                item,
            }
        })
        .collect()
}

/// The files below a directory, hidden ones left out.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut directories = vec![(root.to_owned(), 0)];
    while let Some((directory, depth)) = directories.pop() {
        let entries = fs::read_dir(&directory).into_iter().flatten().flatten();
        for entry in entries {
            let is_hidden = entry.file_name().as_encoded_bytes().first() == Some(&b'.');
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && !is_hidden && depth < DEEPEST => {
                    directories.push((entry.path(), depth + 1));
                }
                Ok(kind) if kind.is_file() && !is_hidden && files.len() < MOST_FILES => {
                    files.push(entry.path());
                }
                _ => {}
            }
        }
    }
    files.sort();
    files
}

/// Writes `STEM.EXTENSION`, or the first of `STEM-2.EXTENSION`… that there is not yet, which
/// nobody else may read; gives its path.
///
/// # Errors
/// The file cannot be made or written.
pub fn export(directory: &Path, stem: &str, extension: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    for number in 1..=MOST_NAMES {
        let name = match number {
            1 => format!("{stem}.{extension}"),
            _ => format!("{stem}-{number}.{extension}"),
        };
        let path = directory.join(name);
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(mut file) => {
                file.write_all(bytes)?;
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn an_export_is_private_and_overwrites_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let first = export(directory.path(), "ca", "pem", b"one").unwrap();
        let second = export(directory.path(), "ca", "pem", b"two").unwrap();
        assert_eq!(first.file_name().unwrap(), "ca.pem");
        assert_eq!(second.file_name().unwrap(), "ca-2.pem");
        assert_eq!(fs::read(&first).unwrap(), b"one");
        assert_eq!(fs::metadata(&second).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(export(&directory.path().join("none"), "ca", "pem", b"").is_err());
    }
}
