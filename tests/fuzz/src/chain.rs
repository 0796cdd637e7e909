//! Lists of certificates, forged and real, to the builder of chains.

use dojang::trust::opinion::{Inquiry, webpki};
use dojang::trust::{Certificate, Purpose, Question, Roots, Sent};
use time::OffsetDateTime;

use super::fixtures::cases;
use super::forge::{NAMES, Order, element, extension, key_info, name, sequence};
use super::verdict::judge;

/// So many certificates at most stand in one input.
const MOST: usize = 20;

/// Bytes that are drawn from the input; zeros after its end.
struct Draw<'a>(&'a [u8]);

impl Draw<'_> {
    fn next(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }
}

/// Runs one input: what is asked, then the certificates, eight bytes for each.
pub fn run(input: &[u8]) {
    let mut draw = Draw(input);
    let asked = draw.next();
    let (mut chain, mut roots) = (Vec::new(), Vec::new());
    while !draw.0.is_empty() && chain.len() + roots.len() < MOST {
        let bytes = [(); 8].map(|()| draw.next());
        let der = certificate(bytes, chain.len());
        let place = bytes[7] & 3;
        if place == 1 || place == 3 {
            roots.push(der.clone());
        }
        if place != 1 {
            chain.push(der);
        }
    }
    let trusted = Roots::from_der(&roots);
    let purpose = [Purpose::Server, Purpose::Client, Purpose::Any, Purpose::Server][usize::from(asked & 3)];
    let name = [None, Some("a"), Some("b.a"), Some("10.0.0.1")][usize::from(asked >> 2 & 3)];
    let time =
        OffsetDateTime::from_unix_timestamp(1_780_000_000 + i64::from(asked >> 4 & 3) * 500_000_000).unwrap();
    let sent = Sent::parse(&chain);
    let verdict = judge(&Question { chain: &sent, roots: &trusted, purpose, name, time });
    if verdict.is_accepted() {
        let leaf = Certificate::parse(&chain[0]).unwrap();
        assert!(!trusted.is_empty());
        let first = verdict.path.first().unwrap();
        assert_eq!(*first, leaf.subject().in_order());
        // Whoever trusts nobody refuses everyone.
        let nobody = Roots::default();
        assert!(!judge(&Question { chain: &sent, roots: &nobody, purpose, name, time }).is_accepted());
    }
    let _ = webpki(&Inquiry { chain: &chain, roots: &roots, purpose, name, time });
}

/// One certificate: a real one, turned a little, or a forged one.
fn certificate(bytes: [u8; 8], count: usize) -> Vec<u8> {
    let [kind, names, keys, rights, times, identifiers, more, _] = bytes;
    if kind & 7 == 7 {
        let number = usize::from(u16::from_be_bytes([names, keys]));
        let case = &cases()[number % cases().len()];
        let all: Vec<&Vec<u8>> = case.chain.iter().chain(&case.roots).collect();
        let mut der =
            all.get(usize::from(rights) % all.len().max(1)).map(|der| (*der).clone()).unwrap_or_default();
        let at = usize::from(u16::from_be_bytes([times, identifiers]));
        if let Some(byte) = der.get_mut(at) {
            *byte ^= more;
        }
        return der;
    }
    let mut order = Order::new(
        NAMES[usize::from(names & 7)],
        keys & 3,
        NAMES[usize::from(names >> 3 & 7)],
        keys >> 2 & 3,
    );
    order.spoiled = keys >> 4 & 7 == 7;
    order.version = if keys & 0x80 == 0 { 2 } else { kind >> 3 & 3 };
    order.serial = vec![count as u8 + 1];
    if kind >> 5 == 7 {
        order.key_info = sequence(&[sequence(&[vec![0x06, 1, 0x2a]]), element(0x03, &[0])]);
    } else if kind >> 5 == 6 {
        order.key_info = key_info(9);
    }
    order.years = [(2020, 2040), (2020, 2040), (1990, 2000), (2035, 2050)][usize::from(times & 3)];
    for added in extensions(rights, times, identifiers, more) {
        order = order.with(added);
    }
    order.der()
}

fn extensions(rights: u8, times: u8, identifiers: u8, more: u8) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    let yes = vec![0x01, 1, 0xff];
    let length = element(0x02, &[rights >> 2 & 3]);
    match rights & 3 {
        0 => {}
        1 => out.push(extension(19, true, &sequence(&[yes]))),
        2 => out.push(extension(19, true, &sequence(&[yes, length]))),
        _ => out.push(extension(19, false, &sequence(&[]))),
    }
    match rights >> 4 & 3 {
        1 => out.push(extension(15, true, &[0x03, 2, 1, 0x06])),
        2 => out.push(extension(15, true, &[0x03, 2, 7, 0x80])),
        _ => {}
    }
    if rights >> 6 == 3 {
        out.push(extension(99, true, &[0x05, 0]));
    }
    let usage = |last: u8| vec![0x06, 8, 0x2b, 6, 1, 5, 5, 7, 3, last];
    match times >> 2 & 7 {
        1 => out.push(extension(37, false, &sequence(&[usage(1)]))),
        2 => out.push(extension(37, false, &sequence(&[usage(2)]))),
        3 => out.push(extension(37, false, &sequence(&[vec![0x06, 4, 0x55, 0x1d, 37, 0]]))),
        4 => out.push(extension(37, false, &sequence(&[usage(3)]))),
        5 => out.push(extension(37, false, &sequence(&[usage(1), usage(2)]))),
        _ => {}
    }
    if identifiers & 3 != 0 {
        out.push(extension(14, false, &element(0x04, &[identifiers & 3])));
    }
    if identifiers >> 2 & 3 != 0 {
        out.push(extension(35, false, &sequence(&[element(0x80, &[identifiers >> 2 & 3])])));
    }
    match identifiers >> 4 & 3 {
        1 => out.push(extension(17, false, &sequence(&[element(0x82, b"a")]))),
        2 => {
            out.push(extension(17, false, &sequence(&[element(0x82, b"*.a"), element(0x87, &[10, 0, 0, 1])])))
        }
        3 => out.push(extension(17, true, &sequence(&[element(0xa4, &name("x"))]))),
        _ => {}
    }
    if identifiers >> 6 == 1 {
        let subtree = sequence(&[element(0x82, b"a")]);
        out.push(extension(30, true, &sequence(&[element(0xa0, &subtree)])));
    } else if identifiers >> 6 == 2 {
        let subtree = sequence(&[element(0x82, b"a")]);
        out.push(extension(30, true, &sequence(&[element(0xa1, &subtree)])));
    }
    out.extend(policies(more));
    out
}

fn policies(more: u8) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    let policy = |last: u8| vec![0x06, 2, 0x2a, last];
    let any = vec![0x06, 4, 0x55, 0x1d, 32, 0];
    let asserted = match more & 3 {
        0 => Vec::new(),
        1 => vec![sequence(&[policy(1)])],
        2 => vec![sequence(&[policy(1)]), sequence(&[policy(2)])],
        _ => vec![sequence(std::slice::from_ref(&any))],
    };
    if !asserted.is_empty() {
        out.push(extension(32, false, &sequence(&asserted)));
    }
    let mapping = match more >> 2 & 3 {
        0 => None,
        1 => Some((policy(1), policy(2))),
        2 => Some((policy(2), policy(1))),
        _ => Some((any, policy(1))),
    };
    if let Some((issuer, subject)) = mapping {
        out.push(extension(33, true, &sequence(&[sequence(&[issuer, subject])])));
    }
    if more >> 4 & 1 == 1 {
        out.push(extension(36, true, &sequence(&[element(0x80, &[more >> 5 & 1]), element(0x81, &[0])])));
    }
    if more >> 6 != 0 {
        out.push(extension(54, true, &element(0x02, &[(more >> 6) - 1])));
    }
    out
}

/// A leaf, an intermediate and a root; a circle; a crowd of one name; real chains.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    // Name `a` issued by `b` is 1 | 2 << 3, and so on.
    let leaf = [0, 1 | 2 << 3, 1 << 2, 0, 4, 1 << 4, 0, 0];
    let middle = [0, 2 | 3 << 3, 1 | 2 << 2, 1, 0, 0, 0, 0];
    let root = [0, 3 | 3 << 3, 2 | 2 << 2, 1, 0, 0, 0, 1];
    let back = [0, 3 | 2 << 3, 2 | 1 << 2, 1, 0, 0, 0, 0];
    let mut out = Vec::new();
    for asked in [0, 4, 6] {
        out.push([&[asked], leaf.as_slice(), &middle, &root].concat());
        out.push([&[asked], leaf.as_slice(), &middle, &back, &root].concat());
        let crowd: Vec<u8> = (0..16u8).flat_map(|n| [0, 2 | 2 << 3, n & 3 | 5 << 2, 1, 0, n, 0, 1]).collect();
        out.push([&[asked], leaf.as_slice(), &crowd].concat());
        let ring: Vec<u8> = (1..8u8).flat_map(|n| [0, n | (n % 7 + 1) << 3, 0, 1, 0, 0, n, 0]).collect();
        out.push([&[asked], leaf.as_slice(), &ring, &root].concat());
    }
    for number in (0..cases().len() as u16).step_by(50) {
        let [high, low] = number.to_be_bytes();
        let real = |which: u8, place: u8| [7, high, low, which, 0, 0, 0, place];
        out.push([&[2], real(0, 0).as_slice(), &real(1, 0), &real(1, 1), &real(2, 1)].concat());
    }
    out
}
