//! `dojang check`: everything wrong with a directory.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::args::Global;
use super::error::CliError;
use super::output::{Output, Tone};
use crate::audit::{Audit, ScanError, Severity, audit};
use crate::clock::Clock;
use crate::text::escape;

pub(super) const JSON: &str = "\
With --format json one document: {directory, certificates, keys, kubeconfigs: numbers, findings: [{severity: error,
warning or note, rule, path, what: {en, ko}, fix: {en, ko}}]}. Exit status: 0 nothing to do, 1 findings; a note
alone is none.";

/// What is checked.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The directory, or one file [default: the workspace]
    #[arg(value_name = "DIR")]
    target: Option<PathBuf>,
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
struct Document<'a> {
    directory: String,
    #[serde(flatten)]
    audit: &'a Audit,
}

pub(super) fn run(output: &Output, global: &Global, asked: &CheckArgs) -> Result<u8, CliError> {
    let store = super::pki::store(global, asked.target.as_deref())?;
    let root: &Path = store.root();
    let audit = audit(root, global.now.unwrap_or(Clock::System).now())?;
    if output.json {
        output.document(&Document { directory: root.display().to_string(), audit: &audit })?;
    } else {
        print(output, root, &audit)?;
    }
    Ok(u8::from(!audit.is_clean()))
}

fn print(output: &Output, root: &Path, audit: &Audit) -> Result<(), CliError> {
    let language = output.language;
    for finding in &audit.findings {
        let (mark, word) = match finding.severity {
            Severity::Error => (output.mark(false), language.pick("error", "오류")),
            Severity::Warning => (output.tone(Tone::Strong, "!"), language.pick("warning", "경고")),
            Severity::Note => (output.made(false), language.pick("note", "참고")),
        };
        output.line(&format!(
            "{mark} {word} {}: {}",
            escape(&finding.path),
            escape(finding.what.get(language))
        ))?;
        let arrow = if output.ascii { "->" } else { "→" };
        output.line(&format!(
            "    {} ({})",
            format_args!("{arrow} {}", finding.fix.get(language)),
            finding.rule
        ))?;
    }
    let Audit { certificates, keys, kubeconfigs, findings } = audit;
    let count = findings.iter().filter(|finding| finding.severity != Severity::Note).count();
    let root = root.display();
    let summary = match language {
        crate::text::Language::En => format!(
            "{root}: {certificates} certificates, {keys} private keys, {kubeconfigs} kubeconfigs; {count} findings"
        ),
        crate::text::Language::Ko => format!(
            "{root}: 인증서 {certificates}개, 개인 키 {keys}개, kubeconfig {kubeconfigs}개, 발견 {count}건"
        ),
    };
    output.line(&format!("{} {}", output.mark(audit.is_clean()), escape(&summary)))
}
