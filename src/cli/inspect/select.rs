//! `--fields`: chosen fields and nothing else.

use serde::Serialize;
use time::OffsetDateTime;

use super::gather::Source;
use super::{Owners, days_left};
use crate::cli::error::CliError;
use crate::cli::output::Output;
use crate::lab::meaning;
use crate::text::{escape, nearest};
use crate::x509::{Document, FIELD_NAMES, Item, Kind};

/// Other words for fields, as they are written with `_` and `-` left out.
const ALIASES: [(&str, &str); 9] = [
    ("sans", "subjectAltName"),
    ("san", "subjectAltName"),
    ("serial", "serialNumber"),
    ("key", "publicKey"),
    ("usages", "extendedKeyUsage"),
    ("eku", "extendedKeyUsage"),
    ("ski", "subjectKeyIdentifier"),
    ("aki", "authorityKeyIdentifier"),
    ("signature", "signatureValue"),
];
/// What is worked out and stands in no field.
const MADE: [&str; 7] = ["kind", "daysLeft", "pin", "user", "groups", "node", "matches"];

#[derive(Serialize)]
struct Chosen<'a> {
    source: &'a str,
    items: Vec<ChosenItem<'a>>,
}

#[derive(Serialize)]
struct ChosenItem<'a> {
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<&'a str>,
    fields: Vec<ChosenField<'a>>,
}

#[derive(Serialize)]
struct ChosenField<'a> {
    name: &'a str,
    value: String,
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| *c != '_' && *c != '-').collect::<String>().to_ascii_lowercase()
}

pub(super) fn print(
    output: &Output,
    sources: &[Source],
    asked: &[String],
    now: OffsetDateTime,
) -> Result<(), CliError> {
    for name in asked {
        known(name, sources)?;
    }
    let owners = Owners::of(sources);
    let chosen: Vec<Chosen<'_>> = sources
        .iter()
        .map(|source| Chosen {
            source: &source.name,
            items: source.items.iter().map(|item| chosen_item(&owners, item, asked, now)).collect(),
        })
        .collect();
    if output.json {
        return output.document(&chosen).map(drop);
    }
    let several = chosen.iter().map(|source| source.items.len()).sum::<usize>() > 1;
    let width = asked.iter().map(String::len).max().unwrap_or(0);
    for source in &chosen {
        for item in &source.items {
            if several {
                let at = item.at.map(|at| format!(" {at}")).unwrap_or_default();
                output.line(&format!("{}{at}", escape(source.source)))?;
            }
            for field in &item.fields {
                match asked {
                    [_] if !several => output.line(&field.value)?,
                    _ => output.line(format!("  {:width$}  {}", field.name, field.value).trim_end())?,
                }
            }
        }
    }
    Ok(())
}

/// Whether there is such a field: one of the usual ones, or one that stands here.
fn known(name: &str, sources: &[Source]) -> Result<(), CliError> {
    let wanted = plain(name);
    let words = || FIELD_NAMES.into_iter().chain(MADE).chain(ALIASES.map(|(alias, _)| alias));
    let stands = || {
        let mut items = sources.iter().flat_map(|source| &source.items);
        items.any(|item| item.document().all().any(|field| plain(&field.name) == wanted))
    };
    if words().any(|word| plain(word) == wanted) || stands() {
        return Ok(());
    }
    let hint = nearest(name, words()).map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
    let all: Vec<&str> = FIELD_NAMES.into_iter().chain(MADE).collect();
    Err(CliError::Usage(format!("there is no field `{name}` here{hint}; the fields are {}", all.join(", "))))
}

fn chosen_item<'a>(
    owners: &Owners,
    item: &'a Item,
    asked: &'a [String],
    now: OffsetDateTime,
) -> ChosenItem<'a> {
    let document = &item.document();
    let fields =
        asked.iter().map(|name| ChosenField { name, value: value(owners, document, &plain(name), now) });
    ChosenItem { kind: document.kind, at: item.at.as_deref(), fields: fields.collect() }
}

fn value(owners: &Owners, document: &Document, wanted: &str, now: OffsetDateTime) -> String {
    let identity = || meaning(document).identity;
    match wanted {
        "kind" => return kind_name(document.kind).to_owned(),
        "daysleft" => return days_left(document, now).map(|days| days.to_string()).unwrap_or_default(),
        "pin" => return document.pin().unwrap_or_default().to_owned(),
        "user" => return identity().map(|identity| identity.user).unwrap_or_default(),
        "groups" => return identity().map(|identity| identity.groups.join(", ")).unwrap_or_default(),
        "node" => return identity().and_then(|identity| identity.node).unwrap_or_default(),
        "matches" => return escape(&owners.matches(document).join(", ")).into_owned(),
        _ => {}
    }
    let wanted = ALIASES.iter().find(|(alias, _)| *alias == wanted).map_or(wanted, |(_, name)| *name);
    let wanted = plain(wanted);
    // A field itself comes before a part of the same name.
    let is = |name: &str| plain(name) == wanted;
    let top = document.fields.iter().find(|field| is(&field.name));
    top.or_else(|| document.all().find(|field| is(&field.name)))
        .map(|field| field.value.clone())
        .unwrap_or_default()
}

/// The kind as JSON has it.
pub(super) const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Certificate => "certificate",
        Kind::CertificateRequest => "certificate-request",
        Kind::RevocationList => "revocation-list",
        Kind::PrivateKey => "private-key",
        Kind::PublicKey => "public-key",
        Kind::Pkcs7 => "pkcs7",
        Kind::Pkcs12 => "pkcs12",
        Kind::Unknown => "unknown",
    }
}
