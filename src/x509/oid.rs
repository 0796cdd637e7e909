//! Object identifiers and their names (`assets/oids.toml`).

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    #[serde(borrow)]
    attribute: HashMap<&'static str, &'static str>,
    #[serde(borrow)]
    name: HashMap<&'static str, &'static str>,
}

/// The names by the identifier's octets: of attributes as names write them (`CN`), and of
/// everything.
static NAMES: LazyLock<[HashMap<Vec<u8>, &'static str>; 2]> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("../../assets/oids.toml"))
        .unwrap_or_else(|_| File { attribute: HashMap::new(), name: HashMap::new() });
    let by_octets = |names: HashMap<&'static str, &'static str>| {
        names.into_iter().filter_map(|(dotted, name)| Some((octets(dotted)?, name))).collect()
    };
    [by_octets(file.attribute), by_octets(file.name)]
});

/// `2.5.4.3` as the contents of an OBJECT IDENTIFIER (X.690, section 8.19).
#[must_use]
pub(super) fn octets(dotted: &str) -> Option<Vec<u8>> {
    let mut arcs = dotted.split('.').map(|arc| arc.parse::<u64>().ok());
    let (first, second) = (arcs.next()??, arcs.next()??);
    let mut octets = Vec::new();
    for arc in std::iter::once(Some(first * 40 + second)).chain(arcs) {
        let arc = arc?;
        let groups = (64 - arc.leading_zeros()).div_ceil(7).max(1);
        for group in (0..groups).rev() {
            let more = if group > 0 { 0x80 } else { 0 };
            octets.push(u8::try_from(arc >> (7 * group) & 0x7f).unwrap_or_default() | more);
        }
    }
    Some(octets)
}

/// The contents of an OBJECT IDENTIFIER as `2.5.4.3`; none if they are none: empty, cut off,
/// or an arc beyond 64 bits.
#[must_use]
pub(super) fn dotted(octets: &[u8]) -> Option<String> {
    if octets.last().is_none_or(|last| last & 0x80 != 0) {
        return None;
    }
    let mut text = String::new();
    let mut arc = 0u64;
    for octet in octets {
        if arc >> 57 != 0 {
            return None;
        }
        arc = arc << 7 | u64::from(octet & 0x7f);
        if octet & 0x80 == 0 {
            // Writing to a String cannot fail.
            let _ = match (text.is_empty(), arc) {
                (true, 0..80) => write!(text, "{}.{}", arc / 40, arc % 40),
                (true, _) => write!(text, "2.{}", arc - 80),
                (false, _) => write!(text, ".{arc}"),
            };
            arc = 0;
        }
    }
    Some(text)
}

/// What everyone calls it: `serverAuth`, `sha256WithRSAEncryption`.
#[must_use]
pub(super) fn known(octets: &[u8]) -> Option<&'static str> {
    let [_, names] = &*NAMES;
    names.get(octets).copied()
}

/// The name, else the dotted form, else the octets.
#[must_use]
pub(super) fn name(octets: &[u8]) -> String {
    known(octets).map_or_else(|| number(octets), str::to_owned)
}

/// The dotted form, else the octets.
pub(super) fn number(octets: &[u8]) -> String {
    dotted(octets).unwrap_or_else(|| format!("#{}", super::strings::plain_hex(octets)))
}

/// The name of an attribute of a distinguished name: `CN`.
#[must_use]
pub(super) fn attribute(octets: &[u8]) -> String {
    let [attributes, _] = &*NAMES;
    attributes.get(octets).map_or_else(|| name(octets), |name| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_written_and_read() {
        for dotted_form in ["2.5.4.3", "1.3.6.1.4.1.57683.2", "2.999.1", "0.9.2342.19200300.100.1.25"] {
            assert_eq!(dotted(&octets(dotted_form).unwrap()).as_deref(), Some(dotted_form));
        }
        assert_eq!(dotted(&[0x55, 0x84]), None);
        assert_eq!(attribute(&[0x55, 4, 3]), "CN");
        assert_eq!(known(&octets("1.3.6.1.5.5.7.3.2").unwrap()), Some("clientAuth"));
    }

    #[test]
    fn every_name_has_an_identifier() {
        let file: File = toml::from_str(include_str!("../../assets/oids.toml")).unwrap();
        for dotted_form in file.attribute.keys().chain(file.name.keys()) {
            assert_eq!(dotted(&octets(dotted_form).unwrap()).as_deref(), Some(*dotted_form));
        }
    }
}
