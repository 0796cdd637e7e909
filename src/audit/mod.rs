//! Everything wrong or risky with a directory of certificates, keys, kubeconfigs and
//! manifests, or with one of them: all findings, worst first, each with what to do.
//!
//! Detecting is code, the words are data: `assets/findings.toml`.

mod authority;
mod certificate;
mod content;
mod expect;
mod flags;
mod kubeconfig;
mod kubeconfigs;
mod pem;
mod private;
mod process;
mod scan;
mod secrets;
mod subject;
mod table;

use std::path::Path;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::fault::Words;
use crate::pki::recipe::quote;

pub use scan::ScanError;
pub use table::Id;

/// How bad a finding is, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something does not work, or a door is open.
    Error,
    /// It works, and should not stay so.
    Warning,
    /// Good to know.
    Note,
}

impl Severity {
    /// All of them, worst first.
    pub const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Note];

    /// `error`, `warning`, `note`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is: a row of `assets/findings.toml`.
    pub id: Id,
    /// How bad it is.
    pub severity: Severity,
    /// The file, relative to the directory.
    pub path: String,
    /// What was seen there, in the field's words: `notAfter 2026-01-01T00:00:00Z`.
    pub evidence: String,
    /// What it means.
    pub what: Words,
    /// What to do.
    pub fix: Words,
    /// A command line that does it, or shows more; none where there is no one line.
    pub command: Option<String>,
    /// The fault of the catalogue that it belongs to: `F13`.
    pub fault: Option<String>,
}

/// What was found in a directory.
#[derive(Debug, Clone, Serialize)]
pub struct Audit {
    /// How many certificates were looked at, those in kubeconfigs included.
    pub certificates: usize,
    /// How many private keys.
    pub keys: usize,
    /// How many kubeconfigs.
    pub kubeconfigs: usize,
    /// How many manifests, units and kubelet configurations.
    pub processes: usize,
    /// The findings, worst first.
    pub findings: Vec<Finding>,
}

impl Audit {
    /// Whether something is to be done: a note alone is not.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity == Severity::Note)
    }

    /// How many findings are so bad.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

/// The moment that certificates are looked at, and how near an end is too near.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Now.
    pub now: OffsetDateTime,
    /// What ends sooner than that is a finding.
    pub soon: Duration,
}

/// Something that was detected: what, where, and the evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem {
    id: Id,
    path: String,
    evidence: String,
    /// Files, relative to the directory, that a command of the table names.
    files: Vec<(&'static str, String)>,
    /// The flag or field that it is about.
    flag: Option<String>,
}

impl Problem {
    fn new(id: Id, path: impl Into<String>, evidence: impl Into<String>) -> Self {
        Self { id, path: path.into(), evidence: evidence.into(), files: Vec::new(), flag: None }
    }

    fn file(mut self, place: &'static str, path: impl Into<String>) -> Self {
        self.files.push((place, path.into()));
        self
    }

    fn flag(mut self, name: &str) -> Self {
        self.flag = Some(name.to_owned());
        self
    }

    /// With the table's words. None only if the table has no such row, which a test
    /// excludes.
    fn tell(self, root: &Path, is_directory: bool, known: &expect::Expectations) -> Option<Finding> {
        let row = table::row(self.id)?;
        let absolute = |path: &str| {
            let path = if is_directory { root.join(path) } else { root.with_file_name(path) };
            quote(&path.display().to_string())
        };
        let mut places: Vec<(&str, String)> = vec![("path", absolute(&self.path))];
        places.extend(self.files.iter().map(|(place, path)| (*place, absolute(path))));
        places.extend(self.flag.iter().map(|flag| ("flag", quote(flag.rsplit('.').next().unwrap_or(flag)))));
        if let Some(artifact) = known.artifacts.get(&self.path) {
            places.push(("artifact", quote(artifact)));
        }
        if !known.artifacts.is_empty() {
            places.push(("dir", quote(&root.display().to_string())));
        } else if let Some(name) = table::kubeadm_name(&self.path) {
            places.push(("kubeadm", name.to_owned()));
        }
        let command = row.commands.iter().find_map(|template| filled(template, &places));
        Some(Finding {
            id: self.id,
            severity: row.severity,
            path: self.path,
            evidence: self.evidence,
            what: row.what.clone(),
            fix: row.fix.clone(),
            command,
            fault: row.fault.clone(),
        })
    }
}

/// A template with its `{places}` filled in; none if one of them is not known.
fn filled(template: &str, places: &[(&str, String)]) -> Option<String> {
    let mut parts = template.split('{');
    let mut command = parts.next()?.to_owned();
    for part in parts {
        let (place, rest) = part.split_once('}')?;
        command.push_str(&places.iter().find(|(name, _)| *name == place)?.1);
        command.push_str(rest);
    }
    Some(command)
}

/// Looks through a directory, or at one file and what it names.
///
/// # Errors
/// It does not exist or cannot be read.
pub fn audit(root: &Path, window: Window) -> Result<Audit, ScanError> {
    Ok(judged(scan::scan(root)?, Some(root), window))
}

/// Looks at certificates in PEM that lie in no file, under the name that they are known by.
#[must_use]
pub fn audit_pem(name: &str, pem: &str, window: Window) -> Vec<Finding> {
    let found = judged(scan::Scan::of_bytes(name, pem.as_bytes()), None, window).findings;
    // A command would name a file.
    found.into_iter().map(|finding| Finding { command: None, ..finding }).collect()
}

fn judged(mut scan: scan::Scan, root: Option<&Path>, window: Window) -> Audit {
    let mut problems = std::mem::take(&mut scan.problems);
    let known = expect::expectations(root, &scan);
    certificate::check(&scan, &known, window, &mut problems);
    authority::check(&scan, &known, &mut problems);
    secrets::check(&scan, &known, &mut problems);
    kubeconfigs::check(&scan, &known, window, &mut problems);
    flags::check(&scan, &mut problems);
    let is_directory = root.is_some_and(Path::is_dir);
    let root = root.unwrap_or(Path::new(""));
    let mut findings: Vec<Finding> =
        problems.into_iter().filter_map(|problem| problem.tell(root, is_directory, &known)).collect();
    findings.sort_by(|a, b| {
        (a.severity, &a.path, a.id, &a.evidence).cmp(&(b.severity, &b.path, b.id, &b.evidence))
    });
    findings.dedup();
    Audit {
        certificates: scan.certificates.len(),
        keys: scan.keys.len(),
        kubeconfigs: scan.kubeconfigs.len(),
        processes: scan.processes.len(),
        findings,
    }
}
