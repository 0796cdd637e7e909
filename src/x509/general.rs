//! GeneralNames: what subjectAltName and others hold (RFC 5280, section 4.2.1.6).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::field::{Field, Flaw};
use super::form::{Form, Shown, structure};
use super::strings::{plain_hex, string};
use super::tree::Class;
use super::view::View;
use super::{name, oid};

/// The kind of a GeneralName as it is shown, by the number of its tag.
const KINDS: [&str; 9] =
    ["otherName", "email", "DNS", "x400Address", "DirName", "ediPartyName", "URI", "IP", "RID"];

fn kind(at: View<'_>) -> Option<&'static str> {
    let node = at.node();
    let number = usize::try_from(node.tag).ok()?;
    (node.class == Class::Context).then(|| KINDS.get(number).copied())?
}

/// Several, as `DNS:a, IP:10.0.0.1`.
pub(super) fn list(at: View<'_>) -> Shown {
    if !at.node().constructed {
        return Shown::unread(at);
    }
    Shown::each(at, |one| Field::of(kind(one).unwrap_or("name"), Form::GeneralName, one))
}

/// `DNS:kubernetes`.
pub(super) fn one(at: View<'_>) -> Shown {
    let Some(kind) = kind(at) else { return Shown::unread(at) };
    let (text, flaws) = match kind {
        "email" | "DNS" | "URI" => string(at),
        "IP" => address(at.contents()),
        "RID" => (oid::number(at.contents()), Vec::new()),
        "DirName" => match at.child(0) {
            Some(directory) => {
                let shown = name::name(directory);
                (shown.value, shown.flaws)
            }
            None => (String::new(), vec![Flaw::Empty]),
        },
        "otherName" => other(at),
        _ => (structure(at), Vec::new()),
    };
    let mut flaws = flaws;
    if at.contents().is_empty() {
        flaws.push(Flaw::Empty);
    }
    let parts = match at.child(0).filter(|_| kind == "DirName") {
        Some(directory) => vec![Field::of("directoryName", Form::Name, directory)],
        None => Vec::new(),
    };
    Shown { value: format!("{kind}:{text}"), flaws, parts }
}

/// `userPrincipalName:user@host`: the type, and the value if it is a string.
fn other(at: View<'_>) -> (String, Vec<Flaw>) {
    let (Some(kind), Some(wrapped)) = (at.child(0).and_then(|kind| kind.oid()), at.child(1)) else {
        return (structure(at), vec![Flaw::NotRead]);
    };
    let value = wrapped.child(0).unwrap_or(wrapped);
    let is_text = value.node().class == Class::Universal
        && super::strings::decoded(value.node().tag, b"").is_some()
        && !value.node().constructed;
    let (text, flaws) = if is_text { string(value) } else { (structure(value), Vec::new()) };
    (format!("{}:{text}", oid::name(kind)), flaws)
}

/// An address; in name constraints one with its mask.
pub(super) fn address(octets: &[u8]) -> (String, Vec<Flaw>) {
    let v4 = |octets: &[u8]| <[u8; 4]>::try_from(octets).ok().map(|o| Ipv4Addr::from(o).to_string());
    let v6 = |octets: &[u8]| <[u8; 16]>::try_from(octets).ok().map(|o| Ipv6Addr::from(o).to_string());
    match v4(octets).or_else(|| v6(octets)) {
        Some(text) => (text, Vec::new()),
        None => (format!("#{}", plain_hex(octets)), vec![Flaw::BadAddress]),
    }
}

/// A network: an address and its mask, in as many octets again (RFC 5280, section 4.2.1.10).
pub(super) fn network(octets: &[u8]) -> (String, Vec<Flaw>) {
    let (network, mask) = octets.split_at(octets.len() / 2);
    let ones: u32 = mask.iter().map(|octet| octet.count_ones()).sum();
    let leading: u32 = mask.iter().take_while(|o| **o == 0xff).map(|_| 8).sum::<u32>()
        + mask.iter().find(|o| **o != 0xff).map_or(0, |o| o.leading_ones());
    match (address(network), address(mask)) {
        ((network, flaws), (mask, more)) if flaws.is_empty() && more.is_empty() => {
            let mask = if ones == leading { ones.to_string() } else { mask };
            (format!("{network}/{mask}"), Vec::new())
        }
        _ => (format!("#{}", plain_hex(octets)), vec![Flaw::BadAddress]),
    }
}
