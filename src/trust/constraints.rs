//! Name constraints (RFC 5280, section 4.2.1.10), read by the rules of Go's
//! `parseNameConstraintsExtension`.

use std::fmt;
use std::net::IpAddr;

use super::ParseError;
use super::der::{Reader, tag};
use super::mailbox::Mailbox;
use crate::text::{quote, quote_bytes};

/// A range of addresses: the octets as encoded, and how many leading bits count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) octets: Vec<u8>,
    pub(super) prefix: usize,
}

impl Range {
    /// The same range with its host bits cleared.
    pub(super) fn masked(&self) -> Self {
        let octets = self
            .octets
            .iter()
            .enumerate()
            .map(|(index, octet)| octet & mask_octet(self.prefix, index))
            .collect();
        Self { octets, prefix: self.prefix }
    }

    /// Whether an address of the same family lies in this masked range.
    pub(super) fn contains(&self, address: &[u8]) -> bool {
        self.octets.len() == address.len()
            && self
                .octets
                .iter()
                .zip(address)
                .enumerate()
                .all(|(index, (mine, other))| *mine == other & mask_octet(self.prefix, index))
    }
}

/// The octet at `index` of a mask of so many bits.
fn mask_octet(prefix: usize, index: usize) -> u8 {
    match prefix.saturating_sub(index * 8) {
        0 => 0,
        bits @ 1..8 => 0xff << (8 - bits),
        _ => 0xff,
    }
}

impl fmt::Display for Range {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match address_of(&self.octets) {
            Some(address) => write!(out, "{address}/{}", self.prefix),
            None => Ok(()),
        }
    }
}

/// The address of 4 or 16 octets.
fn address_of(octets: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(octets)
        .map(IpAddr::from)
        .or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from))
        .ok()
}

/// One list of subtrees, by the form of the name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Subtrees {
    pub(super) dns: Vec<String>,
    pub(super) ranges: Vec<Range>,
    pub(super) emails: Vec<String>,
    pub(super) uris: Vec<String>,
}

/// What an authority may sign for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct NameConstraints {
    pub(super) permitted: Subtrees,
    pub(super) excluded: Subtrees,
}

fn invalid() -> ParseError {
    ParseError::new("x509: invalid NameConstraints extension")
}

impl NameConstraints {
    /// Reads the extension; false with it if a form of name is in it that Go does not check.
    pub(super) fn parse(mut value: Reader<'_>) -> Result<(Self, bool), ParseError> {
        let mut sequence = value.inside(tag::SEQUENCE).filter(|_| value.is_empty()).ok_or_else(invalid)?;
        let permitted = sequence.optional(tag::constructed(0)).ok_or_else(invalid)?;
        let excluded = sequence.optional(tag::constructed(1)).ok_or_else(invalid)?;
        if !sequence.is_empty() {
            return Err(invalid());
        }
        let (permitted, excluded) = (permitted.unwrap_or_default(), excluded.unwrap_or_default());
        if permitted.is_empty() && excluded.is_empty() {
            return Err(ParseError::new("x509: empty name constraints extension"));
        }
        let mut all_handled = true;
        let permitted = Subtrees::parse(permitted, &mut all_handled)?;
        let excluded = Subtrees::parse(excluded, &mut all_handled)?;
        Ok((Self { permitted, excluded }, all_handled))
    }

    /// The subtrees as short facts: `permitted DNS:example.com`.
    pub(super) fn facts(&self) -> Vec<String> {
        [("permitted", &self.permitted), ("excluded", &self.excluded)]
            .into_iter()
            .flat_map(|(kind, subtrees)| {
                let forms = [("DNS", &subtrees.dns), ("email", &subtrees.emails), ("URI", &subtrees.uris)];
                let names = forms.into_iter().flat_map(move |(form, names)| {
                    names.iter().map(move |name| format!("{kind} {form}:{name}"))
                });
                let ranges = subtrees.ranges.iter();
                names.chain(ranges.map(move |range| format!("{kind} IP:{range}")))
            })
            .collect()
    }
}

impl Subtrees {
    fn parse(contents: &[u8], all_handled: &mut bool) -> Result<Self, ParseError> {
        let mut out = Self::default();
        let mut subtrees = Reader::new(contents);
        while !subtrees.is_empty() {
            let base =
                subtrees.inside(tag::SEQUENCE).and_then(|mut subtree| subtree.any()).ok_or_else(invalid)?;
            const EMAIL: u8 = tag::context(1);
            const DNS: u8 = tag::context(2);
            const URI: u8 = tag::context(6);
            const IP: u8 = tag::context(7);
            match base.tag {
                DNS => {
                    let domain = ascii(base.contents)?;
                    if !is_valid_domain(&domain, true) {
                        return Err(unparsable("dnsName", &domain));
                    }
                    out.dns.push(domain);
                }
                IP => out.ranges.push(read_range(base.contents)?),
                EMAIL => {
                    let constraint = ascii(base.contents)?;
                    let is_valid = if constraint.contains('@') {
                        Mailbox::parse(&constraint).is_some()
                    } else {
                        is_valid_domain(&constraint, true)
                    };
                    if !is_valid {
                        return Err(unparsable("rfc822Name", &constraint));
                    }
                    out.emails.push(constraint);
                }
                URI => {
                    let domain = ascii(base.contents)?;
                    if domain.parse::<IpAddr>().is_ok() {
                        return Err(ParseError(format!(
                            "x509: failed to parse URI constraint {}: cannot be IP address",
                            quote(&domain)
                        )));
                    }
                    if !is_valid_domain(&domain, true) {
                        return Err(unparsable("URI", &domain));
                    }
                    out.uris.push(domain);
                }
                _ => *all_handled = false,
            }
        }
        Ok(out)
    }
}

fn unparsable(form: &str, constraint: &str) -> ParseError {
    ParseError(format!("x509: failed to parse {form} constraint {}", quote(constraint)))
}

/// ASCII text. Go's cause names the text as it is, bytes that are no UTF-8 included.
fn ascii(contents: &[u8]) -> Result<String, ParseError> {
    if contents.is_ascii() {
        return Ok(contents.iter().map(|&byte| char::from(byte)).collect());
    }
    Err(ParseError(format!(
        "x509: invalid constraint value: x509: {} cannot be encoded as an IA5String",
        quote_bytes(contents)
    )))
}

pub(super) fn read_range(value: &[u8]) -> Result<Range, ParseError> {
    if value.len() != 8 && value.len() != 32 {
        return Err(ParseError(format!("x509: IP constraint contained value of length {}", value.len())));
    }
    let (octets, mask) = value.split_at_checked(value.len() / 2).ok_or_else(invalid)?;
    let prefix = mask
        .iter()
        .map(|octet| octet.leading_ones() as usize)
        .fold((0, true), |(bits, goes_on), ones| match goes_on {
            true => (bits + ones, ones == 8),
            false => (bits, false),
        })
        .0;
    let is_prefix = mask.iter().enumerate().all(|(index, &octet)| octet == mask_octet(prefix, index));
    if !is_prefix {
        let hex: String = mask.iter().map(|octet| format!("{octet:02x}")).collect();
        return Err(ParseError(format!("x509: IP constraint contained invalid mask {hex}")));
    }
    if value.len() == 32 && address_of(octets).is_some_and(|a| a.to_canonical().is_ipv4()) {
        return Err(ParseError::new("x509: IP constraint contained IPv4-mapped IPv6 address"));
    }
    Ok(Range { octets: octets.to_vec(), prefix })
}

/// Go's rule for domains in names and constraints: labels of visible ASCII, none empty,
/// no dot at the end; a constraint may begin with a dot.
pub(super) fn is_valid_domain(domain: &str, is_constraint: bool) -> bool {
    if domain.is_empty() {
        return true;
    }
    let body = match domain.strip_prefix('.') {
        Some(body) if is_constraint => body,
        _ => domain,
    };
    domain.bytes().all(|byte| (33..=126).contains(&byte)) && body.split('.').all(|label| !label.is_empty())
}
