//! Everything wrong or risky with a directory of certificates, keys and kubeconfigs: all
//! findings, worst first, each with what to do.

mod authority;
mod certificate;
mod expect;
mod scan;
mod secrets;

use std::path::Path;

use serde::Serialize;
use time::OffsetDateTime;

use crate::fault::Words;

pub use scan::ScanError;

/// How bad a finding is, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something does not work.
    Error,
    /// It works, and should not stay so.
    Warning,
    /// Good to know.
    Note,
}

impl Severity {
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
    /// How bad it is.
    pub severity: Severity,
    /// The rule: `key-pair`, `wrong-ca`, `expiry`, `names`, `subject`, `usage`,
    /// `permissions`, `ca-key`, `front-proxy-ca`, `ca-constraints`, `unreadable`.
    pub rule: &'static str,
    /// The file, relative to the directory.
    pub path: String,
    /// What was found.
    pub what: Words,
    /// What to do.
    pub fix: Words,
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
    /// The findings, worst first.
    pub findings: Vec<Finding>,
}

impl Audit {
    /// Whether something is to be done: a note alone is not.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity == Severity::Note)
    }
}

/// Looks through a directory, or at one file.
///
/// # Errors
/// It does not exist or cannot be read.
pub fn audit(root: &Path, now: OffsetDateTime) -> Result<Audit, ScanError> {
    let scan = scan::scan(root)?;
    let mut findings = scan.unreadable.clone();
    let expected = expect::expectations(root, &scan);
    for held in &scan.certificates {
        certificate::check(held, expected.get(held.path.as_str()), now, &mut findings);
    }
    authority::check(&scan, &expected, &mut findings);
    secrets::check(&scan, &mut findings);
    findings.sort_by(|a, b| (a.severity, a.rule, &a.path).cmp(&(b.severity, b.rule, &b.path)));
    findings.dedup();
    Ok(Audit {
        certificates: scan.certificates.len(),
        keys: scan.keys.len(),
        kubeconfigs: scan.kubeconfigs,
        findings,
    })
}

/// A finding from its parts; the texts are English and Korean.
fn finding(severity: Severity, rule: &'static str, path: &str, what: [String; 2], fix: [&str; 2]) -> Finding {
    let [what_en, what_ko] = what;
    let [fix_en, fix_ko] = fix.map(str::to_owned);
    Finding {
        severity,
        rule,
        path: path.to_owned(),
        what: Words { en: what_en, ko: what_ko },
        fix: Words { en: fix_en, ko: fix_ko },
    }
}
