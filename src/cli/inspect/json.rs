//! `--format json`: every field with its place, and what a cluster makes of it.

use serde::{Serialize, Serializer};
use time::OffsetDateTime;

use super::gather::Source;
use super::report::findings;
use super::{Owners, days_left};
use crate::audit::Finding;
use crate::cli::error::CliError;
use crate::cli::output::Output;
use crate::lab::{Meaning, meaning};
use crate::x509::{Explanation, Field, Item, Kind, Problem, explanation};

#[derive(Serialize)]
struct SourceDocument<'a> {
    source: &'a str,
    items: Items<'a>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    problems: &'a [Problem],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<Finding>,
}

/// What all items are written with.
struct Asked<'a> {
    sources: &'a [Source],
    owners: Owners,
    now: OffsetDateTime,
    explain: bool,
}

/// The sources, each made when it is written: a directory may hold thousands.
impl Serialize for Asked<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.sources.iter().map(|source| SourceDocument {
            source: &source.name,
            items: Items { asked: self, source },
            problems: &source.problems,
            findings: findings(source, self.now),
        }))
    }
}

struct Items<'a> {
    asked: &'a Asked<'a>,
    source: &'a Source,
}

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.source.items.iter().map(|item| One { asked: self.asked, item }))
    }
}

struct One<'a> {
    asked: &'a Asked<'a>,
    item: &'a Item,
}

impl Serialize for One<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { asked, item } = self;
        let document = item.document();
        let is_named = matches!(item.kind, Kind::Certificate | Kind::CertificateRequest);
        let field =
            |field| FieldDocument { field, explanation: explanation(field).filter(|_| asked.explain) };
        ItemDocument {
            kind: item.kind,
            at: item.at.as_deref(),
            fields: document.fields.iter().map(field).collect(),
            days_left: days_left(&document, asked.now),
            pin: document.pin(),
            matches: asked.owners.matches(&document),
            kubernetes: is_named.then(|| meaning(&document)),
        }
        .serialize(serializer)
    }
}

#[derive(Serialize)]
struct ItemDocument<'a> {
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<&'a str>,
    fields: Vec<FieldDocument<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    days_left: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pin: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    matches: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    kubernetes: Option<Meaning>,
}

#[derive(Serialize)]
struct FieldDocument<'a> {
    #[serde(flatten)]
    field: &'a Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<&'static Explanation>,
}

pub(super) fn print(
    output: &Output,
    sources: &[Source],
    now: OffsetDateTime,
    explain: bool,
) -> Result<(), CliError> {
    output.stream(&Asked { sources, owners: Owners::of(sources), now, explain })
}
