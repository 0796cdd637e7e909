//! Any text as the names of a leaf, as the subtrees of its root, and as the name that is
//! asked for. A second, slower account of DNS names and addresses is held against the
//! judge's.

use std::net::IpAddr;

use dojang::trust::{Certificate, Purpose, Question, Roots, Rule, Sent};
use time::OffsetDateTime;

use super::forge::{Order, element, extension, sequence};
use super::verdict::judge;

/// One line of the input: where it goes, its form, and the value.
struct Line<'a> {
    place: u8,
    form: u8,
    value: &'a [u8],
}

/// `pd example.com` permits a DNS subtree; `e` excludes one, `s` names the leaf, `n` is
/// asked for; the forms are `d`, `m` for mail, `u` for URI and `i` for addresses.
fn lines(input: &[u8]) -> Vec<Line<'_>> {
    let read = |line: &'_ [u8]| -> Option<(u8, u8)> { Some((*line.first()?, *line.get(1)?)) };
    input
        .split(|byte| *byte == b'\n')
        .take(64)
        .filter_map(|line| {
            let (place, form) = read(line)?;
            Some(Line { place, form, value: line.get(3..).unwrap_or_default() })
        })
        .collect()
}

impl Line<'_> {
    /// The GeneralName; a subtree's address comes with its mask.
    fn general_name(&self) -> Vec<u8> {
        match self.form {
            b'm' => element(0x81, self.value),
            b'u' => element(0x86, self.value),
            b'i' => element(0x87, &self.address().unwrap_or_else(|| self.value.to_vec())),
            _ => element(0x82, self.value),
        }
    }

    fn address(&self) -> Option<Vec<u8>> {
        let text = std::str::from_utf8(self.value).ok()?;
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<usize>().ok()?)),
            None => (text, None),
        };
        let mut octets = match address.parse().ok()? {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        if let Some(prefix) = prefix {
            let bit = |index: usize| u8::from(index < prefix);
            let mask = (0..octets.len()).map(|at| (0..8).fold(0, |byte, n| byte << 1 | bit(at * 8 + n)));
            let mask: Vec<u8> = mask.collect();
            octets.extend(mask);
        }
        Some(octets)
    }
}

/// Runs one input.
pub fn run(input: &[u8]) {
    let lines = lines(input);
    let of = |place: u8| lines.iter().filter(move |line| line.place == place);
    let subtrees =
        |place| -> Vec<u8> { of(place).flat_map(|line| sequence(&[line.general_name()])).collect() };
    let (permitted, excluded) = (subtrees(b'p'), subtrees(b'e'));
    let mut constraints = Vec::new();
    if !permitted.is_empty() {
        constraints.push(element(0xa0, &permitted));
    }
    if !excluded.is_empty() {
        constraints.push(element(0xa1, &excluded));
    }
    let mut root = Order::new("root", 0, "root", 0).authority();
    if !constraints.is_empty() {
        root = root.with(extension(30, true, &sequence(&constraints)));
    }
    let mut leaf = Order::new("leaf", 1, "root", 0);
    let names: Vec<Vec<u8>> = of(b's').map(Line::general_name).collect();
    if !names.is_empty() {
        leaf = leaf.with(extension(17, false, &sequence(&names)));
    }
    let (root, leaf) = (root.der(), leaf.der());
    for der in [&root, &leaf] {
        if let Err(error) = Certificate::parse(der) {
            assert!(!error.to_string().chars().any(char::is_control), "{error}");
        }
    }
    let roots = Roots::from_der([&root]);
    let chain = Sent::parse([&leaf]);
    let asked = of(b'n').map(|line| String::from_utf8_lossy(line.value).into_owned()).next();
    for name in [None, asked.as_deref()] {
        let time = OffsetDateTime::from_unix_timestamp(1_780_000_000).unwrap();
        let question = Question { chain: &chain, roots: &roots, purpose: Purpose::Any, name, time };
        let verdict = judge(&question);
        let Ok(leaf) = Certificate::parse(&leaf) else { continue };
        let held = verdict.is_accepted()
            || verdict.failed().is_some_and(|failed| failed.rule == Rule::NameConstraints);
        // The slower account knows neither mail addresses nor URIs, nor names that are none.
        let simple = of(b's').all(|line| !matches!(line.form, b'm' | b'u'));
        if held && simple && leaf.dns_names().iter().all(|name| is_domain(name)) {
            let expected = leaf.dns_names().iter().all(|name| allowed(&lines, name))
                && leaf.ip_addresses().iter().all(|address| address_allowed(&lines, *address));
            assert_eq!(verdict.is_accepted(), expected, "{:?}", verdict.refusal);
        }
    }
}

fn is_domain(name: &str) -> bool {
    name.is_empty()
        || name.bytes().all(|byte| (33..=126).contains(&byte))
            && name.split('.').all(|label| !label.is_empty())
}

/// Every subtree of DNS names, one after the other.
fn allowed(lines: &[Line<'_>], name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let subtrees = |place: u8| {
        lines
            .iter()
            .filter(move |line| line.place == place && !matches!(line.form, b'm' | b'u' | b'i'))
            .map(|line| String::from_utf8_lossy(line.value).to_ascii_lowercase())
    };
    let covers = |subtree: &str| {
        subtree.is_empty()
            || name == *subtree
            || name.ends_with(subtree) && subtree.starts_with('.')
            || name.ends_with(&format!(".{subtree}"))
    };
    let parent = |name: &str| name.find('.').map(|dot| name[dot..].to_owned());
    let wild =
        |subtree: &str| name.starts_with('*') && parent(&name).is_some() && parent(&name) == parent(subtree);
    let mut permitted = subtrees(b'p').peekable();
    (permitted.peek().is_none() || permitted.any(|subtree| covers(&subtree)))
        && !subtrees(b'e').any(|subtree| covers(&subtree) || wild(&subtree))
}

/// Every range, one after the other.
fn address_allowed(lines: &[Line<'_>], address: IpAddr) -> bool {
    let octets = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let ranges = |place: u8| {
        lines
            .iter()
            .filter(move |line| line.place == place && line.form == b'i')
            .map(|line| line.address().unwrap_or_else(|| line.value.to_vec()))
    };
    let covers = |range: &Vec<u8>| {
        let (network, mask) = range.split_at(range.len() / 2);
        network.len() == octets.len()
            && network.iter().zip(mask).zip(&octets).all(|((mine, mask), other)| mine & mask == other & mask)
    };
    let mut permitted = ranges(b'p').peekable();
    (permitted.peek().is_none() || permitted.any(|range| covers(&range)))
        && !ranges(b'e').any(|range| covers(&range))
}

/// Names and subtrees of each form.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    [
        "pd example.com\nsd a.example.com\nnd a.example.com",
        "pd .example.com\ned b.example.com\nsd *.example.com\nnd x.example.com",
        "ed a.b.com\nsd *.b.com\nnd c.b.com\npd com\npd B.com",
        "pi 10.0.0.0/8\nei 10.9.0.0/16\nsi 10.1.2.3\nni 10.1.2.3",
        "pi fd00::/8\npi 0.0.0.0/0\nsi fd00::1\nsi 127.0.0.1\nni [fd00::1]",
        "pm a@b.com\npm .c.com\nsm a@b.com\nem \"a b\"@c.com\nsm x@y.c.com\nnm a@b.com",
        "pu .b.com\neu c.b.com\nsu https://u@a.b.com:80/p%20q?r#s\nsu spiffe://d.b.com\nnu b",
        "pd \ned \nsd a\nnd a\nsd a_b.c\nnd a.\nsi 1.1.1.1",
        "sd EXAMPLE.com\nnd example.COM\nsu http://[::1]:1/\nsm \"\\\\\\\"\"@a\nnd [::1]",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect()
}
