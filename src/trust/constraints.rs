//! Name constraints (RFC 5280, section 4.2.1.10), read by the rules of Go's
//! `parseNameConstraintsExtension` and applied by those of `checkChainConstraints`.

use std::cmp::Ordering;
use std::fmt;
use std::net::IpAddr;

use super::certificate::Certificate;
use super::ParseError;
use super::der::{Reader, tag};
use super::mailbox::Mailbox;
use super::quote::quote;

/// A range of addresses: the octets as encoded, and how many leading bits count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Range {
    octets: Vec<u8>,
    prefix: usize,
}

impl Range {
    /// The same range with its host bits cleared.
    fn masked(&self) -> Self {
        let octets = self
            .octets
            .iter()
            .enumerate()
            .map(|(index, octet)| octet & mask_octet(self.prefix, index))
            .collect();
        Self {
            octets,
            prefix: self.prefix,
        }
    }

    /// Whether an address of the same family lies in this masked range.
    fn contains(&self, address: &[u8]) -> bool {
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

/// The octets of an address: 4 or 16.
fn octets_of(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// One list of subtrees, by the form of the name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Subtrees {
    dns: Vec<String>,
    ranges: Vec<Range>,
    emails: Vec<String>,
    uris: Vec<String>,
}

/// What an authority may sign for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct NameConstraints {
    permitted: Subtrees,
    excluded: Subtrees,
}

fn invalid() -> ParseError {
    ParseError::new("x509: invalid NameConstraints extension")
}

impl NameConstraints {
    /// Reads the extension; false with it if a form of name is in it that Go does not check.
    pub(super) fn parse(mut value: Reader<'_>) -> Result<(Self, bool), ParseError> {
        let mut sequence = value
            .inside(tag::SEQUENCE)
            .filter(|_| value.is_empty())
            .ok_or_else(invalid)?;
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
        Ok((
            Self {
                permitted,
                excluded,
            },
            all_handled,
        ))
    }

    /// The subtrees as short facts: `permitted DNS:example.com`.
    pub(super) fn facts(&self) -> Vec<String> {
        [("permitted", &self.permitted), ("excluded", &self.excluded)]
            .into_iter()
            .flat_map(|(kind, subtrees)| {
                let forms = [
                    ("DNS", &subtrees.dns),
                    ("email", &subtrees.emails),
                    ("URI", &subtrees.uris),
                ];
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
            let base = subtrees
                .inside(tag::SEQUENCE)
                .and_then(|mut subtree| subtree.any())
                .ok_or_else(invalid)?;
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
    ParseError(format!(
        "x509: failed to parse {form} constraint {}",
        quote(constraint)
    ))
}

/// ASCII text. Go's cause names the text as it is, bytes that are no UTF-8 included.
fn ascii(contents: &[u8]) -> Result<String, ParseError> {
    if contents.is_ascii() {
        return Ok(contents.iter().map(|&byte| char::from(byte)).collect());
    }
    Err(ParseError(format!(
        "x509: invalid constraint value: x509: {} cannot be encoded as an IA5String",
        quote(&String::from_utf8_lossy(contents))
    )))
}

fn read_range(value: &[u8]) -> Result<Range, ParseError> {
    if value.len() != 8 && value.len() != 32 {
        return Err(ParseError(format!(
            "x509: IP constraint contained value of length {}",
            value.len()
        )));
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
    let is_prefix = mask
        .iter()
        .enumerate()
        .all(|(index, &octet)| octet == mask_octet(prefix, index));
    if !is_prefix {
        let hex: String = mask.iter().map(|octet| format!("{octet:02x}")).collect();
        return Err(ParseError(format!(
            "x509: IP constraint contained invalid mask {hex}"
        )));
    }
    if value.len() == 32 && address_of(octets).is_some_and(|a| a.to_canonical().is_ipv4()) {
        return Err(ParseError::new(
            "x509: IP constraint contained IPv4-mapped IPv6 address",
        ));
    }
    Ok(Range {
        octets: octets.to_vec(),
        prefix,
    })
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
    domain.bytes().all(|byte| (33..=126).contains(&byte))
        && body.split('.').all(|label| !label.is_empty())
}

/// Whether `name` is `suffix` or lies below it, by labels and in any case. A suffix that
/// begins with a dot covers only what lies below.
fn has_suffix(suffix: &str, name: &str) -> bool {
    let (suffix_bytes, name_bytes) = (suffix.as_bytes(), name.as_bytes());
    let Some((before, end)) = name_bytes
        .len()
        .checked_sub(suffix_bytes.len())
        .and_then(|at| name_bytes.split_at_checked(at))
    else {
        return false;
    };
    end.eq_ignore_ascii_case(suffix_bytes)
        && (suffix.starts_with('.') || before.is_empty() || before.ends_with(b"."))
}

/// Orders domains from their ends, in any case, the dot before all else, so that a domain
/// stands right before what lies below it.
fn compare_domains(a: &str, b: &str) -> Ordering {
    let key = |byte: u8| match byte {
        b'.' => 0,
        _ => byte.to_ascii_lowercase(),
    };
    a.bytes().rev().map(key).cmp(b.bytes().rev().map(key))
}

/// Sorted subtrees without those that lie in the one before them.
fn prune<T>(
    mut subtrees: Vec<T>,
    compare: impl Fn(&T, &T) -> Ordering,
    covers: impl Fn(&T, &T) -> bool,
) -> Vec<T> {
    subtrees.sort_by(compare);
    let mut pruned: Vec<T> = Vec::with_capacity(subtrees.len());
    for subtree in subtrees {
        if !pruned.last().is_some_and(|last| covers(last, &subtree)) {
            pruned.push(subtree);
        }
    }
    pruned
}

/// The subtree that covers a name: the nearest at or before it in the order.
fn search<T>(
    pruned: &[T],
    compare: impl Fn(&T) -> Ordering,
    covers: impl Fn(&T) -> bool,
) -> Option<&T> {
    match pruned.binary_search_by(compare) {
        Ok(found) => pruned.get(found),
        Err(position) => pruned
            .get(position.saturating_sub(1))
            .filter(|nearest| covers(nearest)),
    }
}

/// Domains ready to be asked.
struct Domains {
    pruned: Vec<String>,
    /// Whether one of them is empty, and so covers everything.
    all: bool,
    permitted: bool,
}

impl Domains {
    fn new(subtrees: &[String], permitted: bool) -> Option<Self> {
        (!subtrees.is_empty()).then(|| Self {
            pruned: prune(
                subtrees.to_vec(),
                |a, b| compare_domains(a, b),
                |a, b| has_suffix(a, b),
            ),
            all: subtrees.iter().any(String::is_empty),
            permitted,
        })
    }

    fn find(&self, name: &str) -> Option<String> {
        if self.all {
            return Some(String::new());
        }
        let found = search(
            &self.pruned,
            |subtree| compare_domains(subtree, name),
            |subtree| has_suffix(subtree, name),
        );
        if let Some(found) = found {
            return Some(found.clone());
        }
        // A wildcard stands for names that an exclusion one label deeper may cover.
        if self.permitted || !name.starts_with('*') {
            return None;
        }
        let name = name.to_ascii_lowercase();
        let parent = after_first_label(&name)?;
        self.pruned
            .iter()
            .rev()
            .map(|subtree| subtree.to_ascii_lowercase())
            .find(|subtree| after_first_label(subtree) == Some(parent))
    }
}

/// `.b.c` of `a.b.c`.
fn after_first_label(name: &str) -> Option<&str> {
    name.find('.').and_then(|dot| name.get(dot..))
}

/// Mailboxes and the domains of mailboxes.
struct Emails {
    mailboxes: Vec<Mailbox>,
    domains: Option<Domains>,
}

impl Emails {
    fn new(subtrees: &[String], permitted: bool) -> Option<Self> {
        if subtrees.is_empty() {
            return None;
        }
        let (mailboxes, domains): (Vec<_>, Vec<_>) = subtrees
            .iter()
            .cloned()
            .partition(|subtree| subtree.contains('@'));
        Some(Self {
            mailboxes: mailboxes
                .iter()
                .filter_map(|mailbox| Mailbox::parse(mailbox))
                .collect(),
            domains: Domains::new(&domains, permitted),
        })
    }

    fn find(&self, mailbox: &Mailbox) -> Option<String> {
        if self.mailboxes.contains(mailbox) {
            return Some(mailbox.to_string());
        }
        self.domains.as_ref()?.find(&mailbox.domain)
    }
}

/// Address ranges, pruned, the families apart.
struct Ranges {
    v4: Vec<Range>,
    v6: Vec<Range>,
}

impl Ranges {
    fn new(subtrees: &[Range]) -> Option<Self> {
        if subtrees.is_empty() {
            return None;
        }
        let (v4, v6): (Vec<_>, Vec<_>) = subtrees
            .iter()
            .map(Range::masked)
            .partition(|range| range.octets.len() == 4);
        let pruned = |ranges| {
            prune(
                ranges,
                |a: &Range, b: &Range| {
                    (&a.octets, a.prefix).cmp(&(&b.octets, b.prefix))
                },
                |a, b| a.prefix <= b.prefix && a.contains(&b.octets),
            )
        };
        Some(Self {
            v4: pruned(v4),
            v6: pruned(v6),
        })
    }

    fn find(&self, address: IpAddr) -> Option<String> {
        let octets = octets_of(address);
        let ranges = if address.is_ipv4() { &self.v4 } else { &self.v6 };
        search(
            ranges,
            |range| range.octets.cmp(&octets),
            |range| range.contains(&octets),
        )
        .map(Range::to_string)
    }
}

/// One list of subtrees ready to be asked.
struct Prepared {
    dns: Option<Domains>,
    ranges: Option<Ranges>,
    emails: Option<Emails>,
    uris: Option<Domains>,
}

impl Prepared {
    fn new(subtrees: &Subtrees, permitted: bool) -> Self {
        Self {
            dns: Domains::new(&subtrees.dns, permitted),
            ranges: Ranges::new(&subtrees.ranges),
            emails: Emails::new(&subtrees.emails, permitted),
            uris: Domains::new(&subtrees.uris, permitted),
        }
    }
}

/// Asks the permitted and then the excluded subtrees; the error is Go's detail.
fn check<T>(
    form: &str,
    name: &str,
    permitted: Option<&T>,
    excluded: Option<&T>,
    find: impl Fn(&T) -> Option<String>,
) -> Result<(), String> {
    if permitted.is_some_and(|permitted| find(permitted).is_none()) {
        return Err(format!(
            "{form} {} is not permitted by any constraint",
            quote(name)
        ));
    }
    match excluded.and_then(find) {
        Some(constraint) => Err(format!(
            "{form} {} is excluded by constraint {}",
            quote(name),
            quote(&constraint)
        )),
        None => Ok(()),
    }
}

/// The names of one certificate, ready to be held against constraints.
struct Names<'a> {
    addresses: &'a [IpAddr],
    dns: &'a [String],
    /// Each URI's host and text.
    uris: Vec<(String, &'a str)>,
    emails: Vec<Mailbox>,
}

impl<'a> Names<'a> {
    fn of(certificate: &'a Certificate) -> Result<Self, String> {
        let extensions = certificate.extension_data();
        let uris = extensions
            .uris
            .iter()
            .map(|uri| Ok((uri.constrained_host()?, uri.text.as_str())))
            .collect::<Result<_, String>>()?;
        let emails = extensions
            .email_addresses
            .iter()
            .map(|email| {
                Mailbox::parse(email)
                    .ok_or_else(|| format!("cannot parse rfc822Name {}", quote(email)))
            })
            .collect::<Result<_, String>>()?;
        Ok(Self {
            addresses: &extensions.ip_addresses,
            dns: &extensions.dns_names,
            uris,
            emails,
        })
    }

    fn check(&self, permitted: &Prepared, excluded: &Prepared) -> Result<(), String> {
        for address in self.addresses {
            check(
                "IP address",
                &address.to_string(),
                permitted.ranges.as_ref(),
                excluded.ranges.as_ref(),
                |ranges| ranges.find(*address),
            )?;
        }
        for name in self.dns {
            if !is_valid_domain(name, false) {
                return Err(format!("x509: cannot parse dnsName {}", quote(name)));
            }
            check(
                "DNS name",
                name,
                permitted.dns.as_ref(),
                excluded.dns.as_ref(),
                |domains| domains.find(name),
            )?;
        }
        for (host, text) in &self.uris {
            if !is_valid_domain(host, false) {
                return Err(format!(
                    "x509: internal error: URI SAN {} failed to parse",
                    quote(text)
                ));
            }
            check(
                "URI",
                text,
                permitted.uris.as_ref(),
                excluded.uris.as_ref(),
                |domains| domains.find(host),
            )?;
        }
        for mailbox in &self.emails {
            if !is_valid_domain(&mailbox.domain, false) {
                let mailbox = quote(&mailbox.to_string());
                return Err(format!("x509: cannot parse rfc822Name {mailbox}"));
            }
            check(
                "email address",
                &mailbox.to_string(),
                permitted.emails.as_ref(),
                excluded.emails.as_ref(),
                |emails| emails.find(mailbox),
            )?;
        }
        Ok(())
    }
}

/// Holds the names of each certificate of a chain, leaf first, against the constraints of
/// every authority above it; the error is Go's detail.
pub(super) fn check_chain(chain: &[&Certificate]) -> Result<(), String> {
    let authorities: Vec<(usize, Prepared, Prepared)> = chain
        .iter()
        .enumerate()
        .filter_map(|(index, certificate)| {
            let constraints = certificate.extension_data().name_constraints.as_ref()?;
            Some((
                index,
                Prepared::new(&constraints.permitted, true),
                Prepared::new(&constraints.excluded, false),
            ))
        })
        .collect();
    for (index, certificate) in chain.iter().enumerate() {
        let mut above = authorities.iter().filter(|(at, ..)| *at > index).peekable();
        if above.peek().is_none() || !certificate.has_alternative_names() {
            continue;
        }
        let names = Names::of(certificate)?;
        for (_, permitted, excluded) in above {
            names.check(permitted, excluded)?;
        }
    }
    Ok(())
}
