//! What one file holds.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::Problem;
use super::kubeconfig::Kubeconfig;
use super::pem::{self, Pem};
use super::private::public_half;
use super::process::Process;
use super::scan::{Held, Key, Request, Scan, directory};
use super::table::Id;
use crate::trust::Certificate;

/// No file of interest is larger.
const LARGEST: u64 = 1 << 20;
/// So many certificates of one file are looked at: a bundle of roots is no cluster's.
const MOST_IN_A_FILE: usize = 500;

const CERTIFICATES: [&str; 4] = [".crt", ".pem", ".cer", ".der"];

/// Whether a name promises something that is looked at.
fn is_of_interest(path: &str) -> bool {
    let others = [".key", ".csr", ".pub", ".conf", ".kubeconfig", ".yaml", ".yml", ".service"];
    CERTIFICATES.iter().chain(&others).any(|end| path.ends_with(end))
}

/// Whether a file, or the directory that it is in, is named as a copy of what was.
fn is_backup(path: &str) -> bool {
    path.split('/').any(|part| {
        part.contains(".set-aside-")
            || [".bak", ".old", ".orig", ".save", ".backup", "~"].iter().any(|end| part.ends_with(end))
            || ["backup", "bak", "old"].contains(&part)
    })
}

/// Reads a file into what was found. Whatever is wrong with it is a finding.
pub(super) fn read_file(path: &Path, shown: &str, found: &mut Scan) {
    let mut problem = |id, evidence: String| found.problems.push(Problem::new(id, shown, evidence));
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => {
            let to = fs::read_link(path).map_or_else(|_| error.to_string(), |to| to.display().to_string());
            problem(Id::DanglingLink, format!("-> {to}"));
            return;
        }
    };
    if !metadata.is_file() {
        return;
    }
    if metadata.len() > LARGEST {
        if is_of_interest(shown) {
            problem(Id::TooLarge, format!("{} bytes", metadata.len()));
        }
        return;
    }
    let mut bytes = Vec::new();
    let opened = fs::File::open(path).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes));
    if let Err(error) = opened {
        problem(Id::UnreadableFile, error.to_string());
        return;
    }
    read_bytes(shown, &bytes, metadata.permissions().mode() & 0o777, found);
}

/// Reads what a file of this name and mode holds.
pub(super) fn read_bytes(shown: &str, bytes: &[u8], mode: u32, found: &mut Scan) {
    let text = String::from_utf8_lossy(bytes);
    if is_backup(shown) {
        backup(shown, &text, mode, found);
        return;
    }
    let before =
        found.certificates.len() + found.keys.len() + found.kubeconfigs.len() + found.processes.len();
    if text.contains(BEGIN) && !text.contains("client-certificate-data:") {
        of_pem(shown, &text, mode, found);
    } else if Kubeconfig::is(&text) {
        Kubeconfig::read(shown, &text, mode, found);
    } else if let Some(process) = Process::read(shown, &text, found) {
        found.processes.push(process);
    } else if bytes.first() == Some(&0x30) && CERTIFICATES.iter().any(|end| shown.ends_with(end)) {
        certificate(shown, bytes, 0, found);
    } else if CERTIFICATES.iter().any(|end| shown.ends_with(end)) || shown.ends_with(".key") {
        let why = if bytes.is_empty() { "the file is empty" } else { "no PEM block" };
        found.problems.push(Problem::new(Id::NotPem, shown, why));
    }
    let after = found.certificates.len() + found.keys.len() + found.kubeconfigs.len() + found.processes.len();
    if after > before && mode & 0o002 != 0 {
        found.problems.push(Problem::new(Id::Writable, shown, format!("mode {mode:04o}")));
    }
}

const BEGIN: &str = "-----BEGIN ";

/// A copy of what was: not judged, but told, and a key in it is still a key.
fn backup(shown: &str, text: &str, mode: u32, found: &mut Scan) {
    let has_key = text.contains("PRIVATE KEY-----") || text.contains("client-key-data:");
    let id = if has_key {
        Id::BackupKey
    } else if directory(shown).ends_with("manifests/") && text.contains("kind: Pod") {
        Id::ManifestBackup
    } else if text.contains(BEGIN) || Kubeconfig::is(text) {
        Id::Backup
    } else {
        return;
    };
    found.problems.push(Problem::new(id, shown, format!("mode {mode:04o}")));
    if has_key && mode & 0o077 != 0 {
        found.problems.push(Problem::new(Id::KeyReadable, shown, format!("mode {mode:04o}")));
    }
}

fn of_pem(shown: &str, text: &str, mode: u32, found: &mut Scan) {
    let Pem { blocks, broken, hidden, text: outside, has_carriage_returns } = pem::read(text);
    for why in &broken {
        found.problems.push(Problem::new(Id::Unreadable, shown, why.clone()));
    }
    for line in &hidden {
        found.problems.push(Problem::new(Id::HiddenPem, shown, format!("line {line}")));
    }
    if let Some(line) = outside.filter(|_| hidden.is_empty() && broken.is_empty()) {
        found.problems.push(Problem::new(Id::PemText, shown, format!("line {line}")));
    }
    if has_carriage_returns {
        found.problems.push(Problem::new(Id::LineEnds, shown, "CRLF"));
    }
    let holds = |label: &str| blocks.iter().any(|block| block.label == label);
    let has_key = blocks.iter().any(pem::Block::is_private_key);
    let is_certificate_s = shown.ends_with(".crt") || shown.ends_with(".cer");
    if is_certificate_s && has_key && !holds("CERTIFICATE") {
        found.problems.push(Problem::new(Id::Switched, shown, "PRIVATE KEY"));
    } else if is_certificate_s && holds("CERTIFICATE REQUEST") && !holds("CERTIFICATE") {
        found.problems.push(Problem::new(Id::Switched, shown, "CERTIFICATE REQUEST"));
    } else if shown.ends_with(".key") && holds("CERTIFICATE") && !has_key {
        found.problems.push(Problem::new(Id::Switched, shown, "CERTIFICATE"));
    }
    let mut index = 0;
    for block in &blocks {
        match block.label.as_str() {
            _ if block.is_private_key() => key(shown, block, mode, found),
            "CERTIFICATE" => {
                if index < MOST_IN_A_FILE {
                    certificate(shown, &block.der, index, found);
                }
                index += 1;
            }
            "PUBLIC KEY" => found.publics.push((shown.to_owned(), block.der.clone())),
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => {
                found.requests.push(Request { path: shown.to_owned(), der: block.der.clone() });
            }
            _ => {}
        }
    }
    if index > MOST_IN_A_FILE {
        let why = format!("{index} certificates; {MOST_IN_A_FILE} were looked at");
        found.problems.push(Problem::new(Id::TooMany, shown, why));
    }
}

fn key(shown: &str, block: &pem::Block, mode: u32, found: &mut Scan) {
    let mut public = None;
    if block.is_encrypted {
        found.problems.push(Problem::new(Id::EncryptedKey, shown, block.label.clone()));
    } else {
        match public_half(&block.label, &block.der) {
            Ok(half) => public = half,
            Err(why) => found.problems.push(Problem::new(Id::UnreadableKey, shown, why)),
        }
    }
    let is_first = found.keys.last().is_none_or(|key| key.path != shown);
    if mode & 0o077 != 0 && is_first {
        found.problems.push(Problem::new(Id::KeyReadable, shown, format!("mode {mode:04o}")));
    }
    found.keys.push(Key { path: shown.to_owned(), public });
}

fn certificate(shown: &str, der: &[u8], index: usize, found: &mut Scan) {
    match Certificate::parse(der) {
        Ok(certificate) => {
            let path = shown.to_owned();
            found.certificates.push(Held { path, certificate, index, in_kubeconfig: false });
        }
        Err(error) => {
            let number = if index > 0 { format!(" ({})", index + 1) } else { String::new() };
            let what = format!("{error}{number}");
            found.problems.push(Problem::new(Id::Unreadable, shown, what));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_of_what_was_are_known_by_their_names() {
        for path in
            ["a.crt.bak", "pki.old/a.key", "x/backup/a.crt", "a.set-aside-1/b", "kube-apiserver.yaml~"]
        {
            assert!(is_backup(path), "{path}");
        }
        for path in ["a.crt", "holder/a.key", "backup.crt"] {
            assert!(!is_backup(path), "{path}");
        }
    }
}
