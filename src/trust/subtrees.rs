//! Whether the names of a chain lie in the subtrees that its authorities permit and
//! exclude, as Go's `checkChainConstraints` decides. Subtrees are sorted once, so that
//! each name costs one binary search.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use super::certificate::Certificate;
use super::constraints::{Range, Subtrees, is_valid_domain};
use super::mailbox::Mailbox;
use crate::text::quote;

/// The octets of an address: 4 or 16.
fn octets_of(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// Whether `name` is `suffix` or lies below it, by labels and in any case. A suffix that
/// begins with a dot covers only what lies below.
fn has_suffix(suffix: &str, name: &str) -> bool {
    let (suffix_bytes, name_bytes) = (suffix.as_bytes(), name.as_bytes());
    let Some((before, end)) =
        name_bytes.len().checked_sub(suffix_bytes.len()).and_then(|at| name_bytes.split_at_checked(at))
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
fn search<T>(pruned: &[T], compare: impl Fn(&T) -> Ordering, covers: impl Fn(&T) -> bool) -> Option<&T> {
    match pruned.binary_search_by(compare) {
        Ok(found) => pruned.get(found),
        Err(position) => pruned.get(position.saturating_sub(1)).filter(|nearest| covers(nearest)),
    }
}

/// Domains ready to be asked.
struct Domains {
    pruned: Vec<String>,
    /// Whether one of them is empty, and so covers everything.
    all: bool,
    /// Excluded domains by what follows their first label.
    by_parent: HashMap<String, String>,
}

impl Domains {
    fn new(subtrees: &[String], permitted: bool) -> Option<Self> {
        if subtrees.is_empty() {
            return None;
        }
        let pruned = prune(subtrees.to_vec(), |a, b| compare_domains(a, b), |a, b| has_suffix(a, b));
        let by_parent = pruned
            .iter()
            .filter(|_| !permitted)
            .map(|subtree| subtree.to_ascii_lowercase())
            .filter_map(|subtree| Some((after_first_label(&subtree)?.to_owned(), subtree)))
            .collect();
        Some(Self { pruned, all: subtrees.iter().any(String::is_empty), by_parent })
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
        if !name.starts_with('*') {
            return None;
        }
        let name = name.to_ascii_lowercase();
        self.by_parent.get(after_first_label(&name)?).cloned()
    }
}

/// `.b.c` of `a.b.c`.
fn after_first_label(name: &str) -> Option<&str> {
    name.find('.').and_then(|dot| name.get(dot..))
}

/// Mailboxes and the domains of mailboxes.
struct Emails {
    mailboxes: HashSet<Mailbox>,
    domains: Option<Domains>,
}

impl Emails {
    fn new(subtrees: &[String], permitted: bool) -> Option<Self> {
        if subtrees.is_empty() {
            return None;
        }
        let (mailboxes, domains): (Vec<_>, Vec<_>) =
            subtrees.iter().cloned().partition(|subtree| subtree.contains('@'));
        Some(Self {
            mailboxes: mailboxes.iter().filter_map(|mailbox| Mailbox::parse(mailbox)).collect(),
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
        let (v4, v6): (Vec<_>, Vec<_>) =
            subtrees.iter().map(Range::masked).partition(|range| range.octets.len() == 4);
        let pruned = |ranges| {
            prune(
                ranges,
                |a: &Range, b: &Range| (&a.octets, a.prefix).cmp(&(&b.octets, b.prefix)),
                |a, b| a.prefix <= b.prefix && a.contains(&b.octets),
            )
        };
        Some(Self { v4: pruned(v4), v6: pruned(v6) })
    }

    fn find(&self, address: IpAddr) -> Option<String> {
        let octets = octets_of(address);
        let ranges = if address.is_ipv4() { &self.v4 } else { &self.v6 };
        search(ranges, |range| range.octets.cmp(&octets), |range| range.contains(&octets))
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
        return Err(format!("{form} {} is not permitted by any constraint", quote(name)));
    }
    match excluded.and_then(find) {
        Some(constraint) => {
            Err(format!("{form} {} is excluded by constraint {}", quote(name), quote(&constraint)))
        }
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
                Mailbox::parse(email).ok_or_else(|| format!("cannot parse rfc822Name {}", quote(email)))
            })
            .collect::<Result<_, String>>()?;
        Ok(Self { addresses: &extensions.ip_addresses, dns: &extensions.dns_names, uris, emails })
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
            check("DNS name", name, permitted.dns.as_ref(), excluded.dns.as_ref(), |domains| {
                domains.find(name)
            })?;
        }
        for (host, text) in &self.uris {
            if !is_valid_domain(host, false) {
                return Err(format!("x509: internal error: URI SAN {} failed to parse", quote(text)));
            }
            check("URI", text, permitted.uris.as_ref(), excluded.uris.as_ref(), |domains| {
                domains.find(host)
            })?;
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

#[cfg(test)]
mod tests {
    use super::super::constraints::read_range;
    use super::*;

    fn domains(subtrees: &[&str], permitted: bool) -> Domains {
        let subtrees: Vec<String> = subtrees.iter().map(|&subtree| subtree.to_owned()).collect();
        Domains::new(&subtrees, permitted).unwrap()
    }

    #[test]
    fn dns_constraints_cover_subtrees_by_label() {
        let tree = domains(&["b.com", "a-b.com", "x.b.com", ".c.org"], true);
        assert_eq!(tree.find("B.com").as_deref(), Some("b.com"));
        assert_eq!(tree.find("y.x.b.com").as_deref(), Some("b.com"));
        assert_eq!(tree.find("x.c.org").as_deref(), Some(".c.org"));
        for outside in ["c.org", "ab.com", "com", "a.org"] {
            assert_eq!(tree.find(outside), None, "{outside}");
        }
    }

    #[test]
    fn exclusions_reach_wildcards_above_them() {
        let excluded = domains(&["a.b.com"], false);
        assert_eq!(excluded.find("*.b.com").as_deref(), Some("a.b.com"));
        assert_eq!(excluded.find("*.c.com"), None);
        let permitted = domains(&["a.b.com"], true);
        assert_eq!(permitted.find("*.b.com"), None);
    }

    #[test]
    fn ranges_cover_addresses_of_their_family() {
        let range = read_range(&[10, 9, 0, 1, 255, 255, 0, 0]).unwrap();
        let ranges = Ranges::new(&[range]).unwrap();
        let find = |address: &str| ranges.find(address.parse().unwrap());
        assert_eq!(find("10.9.200.1").as_deref(), Some("10.9.0.0/16"));
        assert_eq!(find("10.8.0.1"), None);
        assert_eq!(find("::1"), None);
        assert_eq!(
            read_range(&[10, 0, 0, 0, 255, 0, 255, 0]).unwrap_err().0,
            "x509: IP constraint contained invalid mask ff00ff00"
        );
    }
}
