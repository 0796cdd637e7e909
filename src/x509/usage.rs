//! What a key and a certificate may be used for (RFC 5280, sections 4.2.1.1, 4.2.1.3,
//! 4.2.1.9, 4.2.1.12; RFC 7633).

use super::field::{Field, Flaw};
use super::form::{Form, Shown, structure};
use super::strings::hex;
use super::tag;
use super::view::View;

const KEY_USAGES: [&str; 9] = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];
const NETSCAPE_TYPES: [&str; 8] =
    ["sslClient", "sslServer", "smime", "objectSigning", "reserved", "sslCA", "smimeCA", "objectSigningCA"];
/// The reasons of a distribution point (RFC 5280, section 4.2.1.13).
pub(super) const REASONS: [&str; 9] = [
    "unused",
    "keyCompromise",
    "cACompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "certificateHold",
    "privilegeWithdrawn",
    "aACompromise",
];

/// The names of the bits that are set.
pub(super) fn bits(at: View<'_>, names: &[&str]) -> Shown {
    let Some((octets, unused)) = at.bits() else { return Shown::unread(at) };
    let count = (octets.len() * 8).saturating_sub(unused as usize);
    let is_set = |bit: usize| octets.get(bit / 8).is_some_and(|octet| octet >> (7 - bit % 8) & 1 == 1);
    let set: Vec<usize> = (0..count.min(64)).filter(|bit| is_set(*bit)).collect();
    let named = |bit: &usize| names.get(*bit).map_or_else(|| format!("bit {bit}"), |name| (*name).to_owned());
    let mut flaws = Vec::new();
    if set.is_empty() {
        flaws.push(Flaw::Empty);
    } else if set.last() != Some(&(count - 1)) {
        // DER leaves out zeros at the end (X.690, section 11.2.2).
        flaws.push(Flaw::NotDer);
    }
    Shown { value: set.iter().map(named).collect::<Vec<_>>().join(", "), flaws, parts: Vec::new() }
}

pub(super) fn key_usage(at: View<'_>) -> Shown {
    bits(at, &KEY_USAGES)
}

pub(super) fn netscape_type(at: View<'_>) -> Shown {
    bits(at, &NETSCAPE_TYPES)
}

/// Object identifiers, by their names.
pub(super) fn purposes(at: View<'_>) -> Shown {
    if !at.node().constructed {
        return Shown::unread(at);
    }
    Shown::each(at, |purpose| Field::of("purpose", Form::Oid, purpose))
}

pub(super) fn basic_constraints(at: View<'_>) -> Shown {
    if !at.is(tag::SEQUENCE) {
        return Shown::unread(at);
    }
    let mut flaws = Vec::new();
    let mut parts = Vec::new();
    let (mut authority, mut length) = ("CA:FALSE", String::new());
    for part in at.children() {
        if part.is(tag::BOOLEAN) && parts.is_empty() {
            let field = Field::of("CA", Form::Boolean, part);
            if field.value == "TRUE" {
                authority = "CA:TRUE";
            } else {
                // DER leaves out what is the default (X.690, section 11.5).
                flaws.push(Flaw::NotDer);
            }
            parts.push(field);
        } else if part.is(tag::INTEGER) && length.is_empty() {
            let field = Field::of("pathLen", Form::Number, part);
            let negative = part.contents().first().is_some_and(|first| *first >= 0x80);
            length = format!(", pathLen:{}", field.value);
            parts.push(field.flawed(negative.then_some(Flaw::Negative)));
        } else {
            flaws.push(Flaw::Trailing);
            parts.push(Field::of("more", Form::Structure, part));
        }
    }
    Shown { value: format!("{authority}{length}"), flaws, parts }
}

pub(super) fn authority_key(at: View<'_>) -> Shown {
    if !at.is(tag::SEQUENCE) {
        return Shown::unread(at);
    }
    let mut words = Vec::new();
    let mut parts = Vec::new();
    for part in at.children() {
        let field = match part.node().tag {
            0 => Field::of("keyIdentifier", Form::Hex, part),
            1 => Field::of("issuer", Form::GeneralNames, part),
            2 => Field::of("serialNumber", Form::SerialHex, part),
            _ => Field::of("more", Form::Structure, part).flawed(Some(Flaw::NotRead)),
        };
        words.push(match part.node().tag {
            0 => hex(part.contents()),
            2 => format!("serial {}", hex(part.contents())),
            _ => field.value.clone(),
        });
        parts.push(field);
    }
    Shown {
        flaws: if parts.is_empty() { vec![Flaw::Empty] } else { Vec::new() },
        value: words.join(", "),
        parts,
    }
}

/// privateKeyUsagePeriod (RFC 3280, section 4.2.1.4).
pub(super) fn period(at: View<'_>) -> Shown {
    let named = |part: View<'_>| {
        Field::of(if part.is_context(0) { "notBefore" } else { "notAfter" }, Form::Time, part)
    };
    let parts: Vec<Field> = at.children().map(named).collect();
    let words: Vec<String> = parts.iter().map(|part| format!("{} {}", part.name, part.value)).collect();
    Shown { value: words.join(", "), flaws: Vec::new(), parts }
}

/// The reason of a revocation (RFC 5280, section 5.3.1).
pub(super) fn reason(at: View<'_>) -> Shown {
    let words = match at.number() {
        Some(0) => "unspecified",
        Some(1) => "keyCompromise",
        Some(2) => "cACompromise",
        Some(3) => "affiliationChanged",
        Some(4) => "superseded",
        Some(5) => "cessationOfOperation",
        Some(6) => "certificateHold",
        Some(8) => "removeFromCRL",
        Some(9) => "privilegeWithdrawn",
        Some(10) => "aACompromise",
        _ => return Shown { flaws: vec![Flaw::NotRead], ..Shown::of(structure(at)) },
    };
    Shown::of(words)
}

/// TLS feature (RFC 7633): the TLS extensions that a server must offer.
pub(super) fn tls_feature(at: View<'_>) -> Shown {
    if !at.node().constructed {
        return Shown::unread(at);
    }
    let parts: Vec<Field> = at.children().map(|part| Field::of("feature", Form::Number, part)).collect();
    let named = |part: &Field| match part.value.as_str() {
        "5" => "status_request".to_owned(),
        "17" => "status_request_v2".to_owned(),
        other => other.to_owned(),
    };
    let value = parts.iter().map(named).collect::<Vec<_>>().join(", ");
    Shown { flaws: if parts.is_empty() { vec![Flaw::Empty] } else { Vec::new() }, value, parts }
}
