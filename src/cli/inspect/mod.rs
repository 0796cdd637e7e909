//! `dojang inspect` and `dojang diff`: what is in certificates, requests, lists and keys,
//! wherever they are.

mod diff;
mod gather;
mod json;
mod openssl;
mod report;
mod select;
mod served;
mod short;
mod tree;

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;
use time::Duration;

use super::args::{Format, Global};
use super::error::CliError;
use super::learn::{Opening, screen};
use super::output::Output;
use crate::clock::Clock;
use crate::lab::{self, Holding};
use crate::text::escape;
use crate::ui::has_terminal;
use crate::x509::{Document, Kind};

pub(super) use diff::{DiffArgs, JSON as DIFF_JSON, run as diff};
pub(super) use gather::bytes;
use gather::{ReadingArgs, Source};

pub(super) const JSON: &str = "\
With --format json one document: [{source, items: [{kind, at, fields: [{name, value, offset, length, flaws: [id],
parts: [the same], explanation}], days_left, pin, matches: [source], kubernetes: {refused, identity: {user, groups, uid, node,
credential_id}, client, server, authority, roles: [{artifact, component, layout, file, flags}]}}], problems: [{at, why}], findings: [those of
`dojang check`]}]. kind is certificate, certificate-request, revocation-list, private-key, public-key or unknown; what is empty
is left out. explanation: {what, kubernetes, wrong: {en, ko}, faults: [id]} comes with --explain. With --tree: [{source, items: [{kind, at, nodes: [{offset, depth,
header, length, class, tag, name, constructed, inside, broken}]}]}]. Exit status: 1 if --expires-within names one that does.

--format openssl writes what `openssl x509 -text` would, --format short a line for each thing.";

/// What is to be shown, and how.
#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// Files (PEM, DER, kubeconfigs, Kubernetes YAML or JSON, PKCS #7, PKCS #12), directories,
    /// HOST:PORT for the chain that a server presents, unverified; - reads standard input
    #[arg(required = true, value_name = "SOURCE")]
    sources: Vec<PathBuf>,
    #[command(flatten)]
    reading: ReadingArgs,
    /// These fields alone, for example subject,sans,not_after,days_left
    #[arg(long, value_name = "FIELD,…", value_delimiter = ',', conflicts_with_all = ["tree", "explain"])]
    fields: Vec<String>,
    /// Exit with 1 if anything here expires within this time, for example 30d, 12h
    #[arg(long, value_name = "TIME", value_parser = span)]
    expires_within: Option<Duration>,
    /// The ASN.1 elements, as `openssl asn1parse` writes them, and those inside of strings
    #[arg(long, conflicts_with = "explain")]
    tree: bool,
    /// Every part of every field with its bytes' place, and what it means
    #[arg(long)]
    explain: bool,
    /// Open the inspector on the screen: fields, ASN.1 and bytes side by side
    #[arg(long, conflicts_with_all = ["fields", "expires_within", "tree", "explain"])]
    screen: bool,
}

/// `30d`, `12h`, `90m`, `2w`.
fn span(text: &str) -> Result<Duration, String> {
    let wrong = || "not a time: write for example 30d, 12h, 2w".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let number: u32 = number.parse().map_err(|_| wrong())?;
    let number = i64::from(number);
    match unit {
        "m" => Ok(Duration::minutes(number)),
        "h" => Ok(Duration::hours(number)),
        "d" => Ok(Duration::days(number)),
        "w" => Ok(Duration::weeks(number)),
        _ => Err(wrong()),
    }
}

pub(super) fn run(output: &Output, global: &Global, asked: &InspectArgs) -> Result<u8, CliError> {
    if asked.screen && !has_terminal() {
        let why = "--screen needs a terminal on standard input and output: leave it out to print";
        return Err(CliError::Usage(why.into()));
    }
    let reader = asked.reading.reader(output)?;
    let mut sources = Vec::new();
    for named in &asked.sources {
        sources.extend(reader.read(named)?);
    }
    if asked.screen {
        return screen(output, global, opening(sources)?);
    }
    let now = global.now.unwrap_or(Clock::System).now();
    if asked.tree {
        tree::print(output, &sources)?;
    } else if !asked.fields.is_empty() {
        select::print(output, &sources, &asked.fields, now)?;
    } else {
        match global.format {
            Format::Json => json::print(output, &sources, now, asked.explain)?,
            Format::Openssl => openssl::print(output, &sources)?,
            Format::Short => short::print(output, &sources, now)?,
            Format::Text => report::print(output, &sources, now, asked.explain)?,
        }
    }
    let ends = |within: Duration| {
        let items = sources.iter().flat_map(|source| &source.items);
        items.filter_map(|item| item.document().validity()).any(|(_, to)| to - now < within)
    };
    Ok(u8::from(asked.expires_within.is_some_and(ends)))
}

/// All of it for the screen, and the first part that does not read.
fn opening(sources: Vec<Source>) -> Result<Opening, CliError> {
    let mut problems = sources.iter().flat_map(|source| {
        let told = |problem| format!("{}: {}", escape(&source.name), report::problem(problem));
        source.problems.iter().map(told)
    });
    let notice = problems.next();
    drop(problems);
    let holdings = sources.into_iter().flat_map(|source| {
        let path = PathBuf::from(&source.name);
        let file = path.is_file().then_some((path.as_path(), source.is_pem));
        lab::holdings(&source.name, source.items, file)
    });
    let holdings: Vec<Holding> = holdings.collect();
    match (holdings.is_empty(), notice) {
        (true, Some(problem)) => Err(CliError::Usage(problem)),
        (_, notice) => Ok(Opening::Inspect(holdings, notice)),
    }
}

/// Whose the keys of this call are: the sources of certificates and requests by the pins of
/// their public keys.
#[derive(Default)]
struct Owners(HashMap<String, Vec<String>>);

impl Owners {
    fn of(sources: &[Source]) -> Self {
        let is_key = |kind| matches!(kind, Kind::PrivateKey | Kind::PublicKey);
        let items = || sources.iter().flat_map(|source| source.items.iter().map(move |item| (source, item)));
        let mut owners: HashMap<String, Vec<String>> = HashMap::new();
        if items().any(|(_, item)| is_key(item.kind)) {
            for (source, item) in items() {
                if matches!(item.kind, Kind::Certificate | Kind::CertificateRequest)
                    && let Some(pin) = item.document().pin()
                {
                    let names = owners.entry(pin.to_owned()).or_default();
                    if names.last() != Some(&source.name) {
                        names.push(source.name.clone());
                    }
                }
            }
        }
        Self(owners)
    }

    /// For a key, the sources of the certificates that it belongs to.
    fn matches(&self, document: &Document) -> &[String] {
        let is_key = matches!(document.kind, Kind::PrivateKey | Kind::PublicKey);
        let pin = document.pin().filter(|_| is_key);
        pin.and_then(|pin| self.0.get(pin)).map_or(&[], Vec::as_slice)
    }
}

/// Whole days until the end; negative after it.
fn days_left(document: &Document, now: time::OffsetDateTime) -> Option<i64> {
    document.validity().map(|(_, to)| (to - now).whole_seconds().div_euclid(86_400))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        assert_eq!(span("30d"), Ok(Duration::days(30)));
        assert_eq!(span("2w"), Ok(Duration::days(14)));
        for wrong in ["", "d", "30", "30y", "-1d", "일"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}
