//! Signed certificate timestamps (RFC 6962, sections 3.2 and 3.3): a list in TLS's encoding
//! inside an OCTET STRING.

use time::{Duration, OffsetDateTime};

use super::field::{Field, Flaw};
use super::form::{Form, Shown};
use super::strings::plain_hex;
use super::tag;
use super::view::View;
use crate::clock::rfc3339;

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, others) = rest.split_at_checked(count)?;
    *rest = others;
    Some(taken)
}

fn number(rest: &mut &[u8], octets: usize) -> Option<u64> {
    Some(take(rest, octets)?.iter().fold(0, |number, octet| number << 8 | u64::from(*octet)))
}

fn vector<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(number(rest, 2)?).ok()?;
    take(rest, length)
}

pub(super) fn list(at: View<'_>) -> Shown {
    if !at.is(tag::OCTET_STRING) {
        return Shown::unread(at);
    }
    let mut whole = at.contents();
    let all = whole;
    let Some(mut rest) = vector(&mut whole).filter(|_| whole.is_empty()) else { return Shown::unread(at) };
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let Some(entry) = vector(&mut rest) else { return Shown::unread(at) };
        // What is left tells where it began.
        let end = at.node().contents().start + all.len() - rest.len();
        let shown = one(entry);
        parts.push(Field {
            name: "timestamp".into(),
            value: shown.value,
            form: Form::Timestamp,
            range: Some(end - entry.len()..end),
            node: Some(at.index),
            flaws: shown.flaws,
            parts: Vec::new(),
        });
    }
    Shown::list(parts)
}

/// `v1 log a4b9… at 2026-11-23T18:54:01Z`.
pub(super) fn one(entry: &[u8]) -> Shown {
    let mut rest = entry;
    let read = |rest: &mut &[u8]| -> Option<String> {
        let version = number(rest, 1)? + 1;
        let log = take(rest, 32)?;
        let milliseconds = i64::try_from(number(rest, 8)?).ok()?;
        let moment = OffsetDateTime::UNIX_EPOCH.checked_add(Duration::milliseconds(milliseconds))?;
        if moment.year() > 9999 {
            return None;
        }
        let _extensions = vector(rest)?;
        let (hash, signature) = (number(rest, 1)?, number(rest, 1)?);
        let _signature = vector(rest)?;
        let hash = match hash {
            2 => "SHA1".to_owned(),
            4 => "SHA256".to_owned(),
            5 => "SHA384".to_owned(),
            6 => "SHA512".to_owned(),
            other => format!("hash {other}"),
        };
        let signature = match signature {
            1 => "RSA".to_owned(),
            3 => "ECDSA".to_owned(),
            other => format!("signature {other}"),
        };
        Some(format!("v{version} log {} at {} {signature} with {hash}", plain_hex(log), rfc3339(moment)))
    };
    match read(&mut rest) {
        Some(value) => Shown {
            flaws: if rest.is_empty() { Vec::new() } else { vec![Flaw::Trailing] },
            ..Shown::of(value)
        },
        None => Shown { flaws: vec![Flaw::NotRead], ..Shown::of(format!("#{}", plain_hex(entry))) },
    }
}
