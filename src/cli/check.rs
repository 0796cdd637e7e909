//! `dojang check`: everything wrong with a directory.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;
use time::Duration;

use super::args::Global;
use super::error::CliError;
use super::output::{Output, Tone};
use crate::audit::{Audit, Finding, ScanError, Severity, Window, audit};
use crate::clock::Clock;
use crate::text::{Language, escape};

pub(super) const JSON: &str = "\
With --format json one document: {directory, certificates, keys, kubeconfigs, processes: how many were looked at,
counts: {error, warning, note}, findings: [{id, severity: error, warning or note, path, evidence: what was seen, what:
{en, ko}, fix: {en, ko}, command: a line that does it, or null, fault: an id of `dojang faults`, or null}]}. --severity
leaves the milder ones out of findings and exit status, not out of counts.
Exit status: 0 nothing to do, 1 findings; a note alone is none.";

/// What is checked.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The directory, or one file [default: the workspace]
    #[arg(value_name = "DIR")]
    target: Option<PathBuf>,
    /// Show nothing milder: error, warning or note
    #[arg(long, value_enum, default_value = "note", hide_possible_values = true, hide_default_value = true)]
    severity: Least,
    /// What ends within so many days is a finding
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(0..=36500))]
    expires_within: u32,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Least {
    Error,
    Warning,
    Note,
}

impl Least {
    const fn severity(self) -> Severity {
        match self {
            Self::Error => Severity::Error,
            Self::Warning => Severity::Warning,
            Self::Note => Severity::Note,
        }
    }
}

impl From<ScanError> for CliError {
    fn from(error: ScanError) -> Self {
        match error.source.kind() {
            std::io::ErrorKind::NotFound => Self::Usage(format!(
                "{} does not exist: name a directory of certificates, for example /etc/kubernetes",
                error.path.display()
            )),
            _ => Self::Machine(error.to_string()),
        }
    }
}

#[derive(Serialize)]
struct Counts {
    error: usize,
    warning: usize,
    note: usize,
}

#[derive(Serialize)]
struct Document<'a> {
    directory: String,
    counts: Counts,
    #[serde(flatten)]
    audit: &'a Audit,
}

pub(super) fn run(output: &Output, global: &Global, asked: &CheckArgs) -> Result<u8, CliError> {
    let store = super::pki::store(global, asked.target.as_deref())?;
    let root: &Path = store.root();
    let now = global.now.unwrap_or(Clock::System).now();
    let soon = Duration::days(i64::from(asked.expires_within));
    let mut audit = audit(root, Window { now, soon })?;
    let counts = Severity::ALL.map(|severity| audit.count(severity));
    audit.findings.retain(|finding| finding.severity <= asked.severity.severity());
    if output.json {
        let [error, warning, note] = counts;
        let counts = Counts { error, warning, note };
        output.document(&Document { directory: root.display().to_string(), counts, audit: &audit })?;
    } else {
        print(output, root, &audit, counts)?;
    }
    Ok(u8::from(!audit.is_clean()))
}

/// The glyph and the word of a severity.
fn sign(output: &Output, severity: Severity) -> (String, &'static str) {
    let language = output.language;
    match severity {
        Severity::Error => (output.mark(false), language.pick("error", "오류")),
        Severity::Warning => (output.tone(Tone::Strong, "!"), language.pick("warning", "경고")),
        Severity::Note => (output.made(false), language.pick("note", "참고")),
    }
}

fn print(output: &Output, root: &Path, audit: &Audit, counts: [usize; 3]) -> Result<(), CliError> {
    for severity in Severity::ALL {
        let mut findings = audit.findings.iter().filter(|finding| finding.severity == severity).peekable();
        if findings.peek().is_none() {
            continue;
        }
        let (_, word) = sign(output, severity);
        let count = counts.get(severity as usize).copied().unwrap_or_default();
        output.line(&output.tone(Tone::Strong, &format!("{word} ({count})")))?;
        for finding in findings {
            one(output, finding)?;
        }
        output.line("")?;
    }
    let Audit { certificates, keys, kubeconfigs, processes, .. } = audit;
    let [error, warning, note] = counts;
    let root = root.display();
    let summary = match output.language {
        Language::En => format!(
            "{root}: {certificates} certificates, {keys} private keys, {kubeconfigs} kubeconfigs, {processes} manifests; {error} errors, {warning} warnings, {note} notes"
        ),
        Language::Ko => format!(
            "{root}: 인증서 {certificates}개, 개인 키 {keys}개, kubeconfig {kubeconfigs}개, 매니페스트 {processes}개, 오류 {error}건, 경고 {warning}건, 참고 {note}건"
        ),
    };
    output.line(&format!("{} {}", output.mark(error + warning == 0), escape(&summary)))
}

/// One finding, with its evidence and what to do.
pub(super) fn one(output: &Output, finding: &Finding) -> Result<(), CliError> {
    let language = output.language;
    let (mark, word) = sign(output, finding.severity);
    let fault = finding.fault.as_ref().map_or_else(String::new, |fault| format!(", {fault}"));
    output.line(&format!(
        "{mark} {word} {}: {} ({}{fault})",
        escape(&finding.path),
        finding.what.get(language),
        finding.id.name()
    ))?;
    let arrow = if output.ascii { "->" } else { "→" };
    output.line(&format!("    {}", output.tone(Tone::Quiet, &escape(&finding.evidence))))?;
    output.line(&format!("    {arrow} {}", finding.fix.get(language)))?;
    if let Some(command) = &finding.command {
        output.line(&format!("    $ {}", escape(command)))?;
    }
    Ok(())
}
