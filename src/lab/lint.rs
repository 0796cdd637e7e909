//! What `dojang check` finds wrong with something that somebody looks at.

use std::path::Path;

use time::{Duration, OffsetDateTime};

use crate::audit::{Finding, Window, audit, audit_pem};
use crate::x509::pem;

/// An end that is nearer is worth a word, as to `dojang check`.
const SOON: Duration = Duration::days(30);

/// What is wrong with a file, or with certificates that lie in none, which are known by this
/// name. Reads the disk.
#[must_use]
pub fn findings(
    name: &str,
    file: Option<&Path>,
    certificates: &[&[u8]],
    now: OffsetDateTime,
) -> Vec<Finding> {
    let window = Window { now, soon: SOON };
    match file {
        Some(file) => audit(file, window).map(|audit| audit.findings).unwrap_or_default(),
        None if certificates.is_empty() => Vec::new(),
        None => {
            let pem: String = certificates.iter().map(|der| pem("CERTIFICATE", der)).collect();
            audit_pem(name, &pem, window)
        }
    }
}
