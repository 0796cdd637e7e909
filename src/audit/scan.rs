//! What lies in a directory.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::{PemObject, SectionKind};

use super::{Finding, Severity, finding};
use crate::pki::PrivateKey;
use crate::trust::{Certificate, pem_certificates};
use crate::x509::{kubeconfig_authority, read_kubeconfig};

/// No file of interest is larger.
const LARGEST: u64 = 1 << 20;
/// How many files are looked at.
const MOST: usize = 200_000;
/// How deep directories are followed; links are not.
const DEEPEST: usize = 24;

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
    /// Whether it is the client's certificate in a kubeconfig.
    pub(super) in_kubeconfig: bool,
}

/// A private key and where it was found.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) path: String,
    /// Its public half; none for a kind that is not used here.
    pub(super) public: Option<Vec<u8>>,
    pub(super) mode: u32,
}

/// Everything that was found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) certificates: Vec<Held>,
    pub(super) keys: Vec<Key>,
    /// Bare public keys.
    pub(super) publics: Vec<(String, Vec<u8>)>,
    pub(super) kubeconfigs: usize,
    /// The authorities that kubeconfigs trust.
    pub(super) trusted: Vec<(String, Vec<Certificate>)>,
    /// Manifests and units that name a kube-apiserver's flags.
    pub(super) manifests: Vec<(String, String)>,
    pub(super) unreadable: Vec<Finding>,
}

pub(super) fn scan(root: &Path) -> Result<Scan, ScanError> {
    let mut found = Scan::default();
    let error = |path: &Path| {
        let path = path.to_owned();
        move |source| ScanError { path, source }
    };
    let mut files = Vec::new();
    if fs::metadata(root).map_err(error(root))?.is_dir() {
        let mut directories = vec![(root.to_owned(), 0)];
        while let Some((directory, depth)) = directories.pop() {
            for entry in fs::read_dir(&directory).map_err(error(&directory))? {
                let entry = entry.map_err(error(&directory))?;
                let kind = entry.file_type().map_err(error(&entry.path()))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if name.starts_with('.') || name.contains(".set-aside-") {
                    continue;
                }
                if kind.is_dir() && depth < DEEPEST {
                    directories.push((entry.path(), depth + 1));
                } else if (kind.is_file() || kind.is_symlink()) && files.len() < MOST {
                    files.push(entry.path());
                }
            }
        }
    } else {
        files.push(root.to_owned());
    }
    files.sort();
    for file in files {
        let relative = file.strip_prefix(root).ok().filter(|path| !path.as_os_str().is_empty());
        let shown = relative.unwrap_or_else(|| file.file_name().map_or(&file, Path::new));
        found.file(&file, &shown.to_string_lossy());
    }
    Ok(found)
}

impl Scan {
    fn file(&mut self, path: &Path, shown: &str) {
        let mut bytes = Vec::new();
        // A link may lead nowhere, or to what is no file.
        let Ok(metadata) = fs::metadata(path) else { return };
        if !metadata.is_file() || metadata.len() > LARGEST {
            return;
        }
        let mode = metadata.permissions().mode() & 0o777;
        let read = fs::File::open(path).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes));
        if let Err(error) = read {
            self.unreadable(shown, &error.to_string());
            return;
        }
        let text = String::from_utf8_lossy(&bytes);
        if text.contains("client-certificate-data") || text.contains("kind: Config\n") {
            self.kubeconfig(shown, &text, mode);
            return;
        }
        if text.contains("--client-ca-file") {
            self.manifests.push((shown.to_owned(), text.into_owned()));
            return;
        }
        if text.contains("PRIVATE KEY-----") {
            let public = PrivateKey::from_pem(&bytes).ok().map(|key| key.public_key_info().to_vec());
            self.keys.push(Key { path: shown.to_owned(), public, mode });
        }
        if text.contains("-----BEGIN CERTIFICATE-----") {
            self.certificates(shown, &pem_certificates(&bytes), false);
        } else if text.contains("-----BEGIN PUBLIC KEY-----") {
            for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(&bytes).flatten() {
                if section.0 == SectionKind::PublicKey {
                    self.publics.push((shown.to_owned(), section.1));
                }
            }
        } else if bytes.first() == Some(&0x30) && (shown.ends_with(".crt") || shown.ends_with(".cer")) {
            self.certificates(shown, &[bytes], false);
        }
    }

    fn certificates(&mut self, path: &str, ders: &[Vec<u8>], in_kubeconfig: bool) {
        if ders.is_empty() {
            self.unreadable(path, "it holds no whole certificate");
        }
        for (index, der) in ders.iter().enumerate() {
            match Certificate::parse(der) {
                Ok(certificate) => {
                    self.certificates.push(Held { path: path.to_owned(), certificate, index, in_kubeconfig });
                }
                Err(error) => self.unreadable(path, &error.to_string()),
            }
        }
    }

    fn kubeconfig(&mut self, path: &str, text: &str, mode: u32) {
        self.kubeconfigs += 1;
        match read_kubeconfig(text) {
            Ok((certificate, key)) => {
                self.certificates(path, &pem_certificates(&certificate), true);
                let public = PrivateKey::from_pem(&key).ok().map(|key| key.public_key_info().to_vec());
                self.keys.push(Key { path: path.to_owned(), public, mode });
            }
            Err(error) => self.unreadable(path, &error.to_string()),
        }
        if let Some(authority) = kubeconfig_authority(text) {
            let parsed =
                pem_certificates(&authority).iter().filter_map(|der| Certificate::parse(der).ok()).collect();
            self.trusted.push((path.to_owned(), parsed));
        }
    }

    fn unreadable(&mut self, path: &str, why: &str) {
        let what = [format!("it does not read: {why}"), format!("읽을 수 없어요: {why}")];
        let fix = ["put a whole file in its place", "온전한 파일로 바꾸세요"];
        self.unreadable.push(finding(Severity::Error, "unreadable", path, what, fix));
    }

    /// The certificates that are authorities: by their constraints, or by version 1 and
    /// their own signature.
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

/// A file's name without directory and extension.
pub(super) fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// The directory of a file, with its slash; empty at the top.
pub(super) fn directory(path: &str) -> &str {
    path.rfind('/').and_then(|slash| path.get(..=slash)).unwrap_or_default()
}
