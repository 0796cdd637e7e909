//! Strings of every ASN.1 type as text, and bytes as digits.

use super::field::Flaw;
use super::tag;
use super::view::View;
use crate::text::escape;

/// The text of a string of any type (X.680, section 41), not made safe, and whether every
/// byte stands for a character of that type. Teletex is read as Latin-1, as all do.
#[must_use]
pub(super) fn decoded(kind: u32, bytes: &[u8]) -> Option<(String, bool)> {
    let latin = || bytes.iter().map(|b| char::from(*b)).collect::<String>();
    Some(match kind {
        tag::UTF8_STRING => match std::str::from_utf8(bytes) {
            Ok(text) => (text.to_owned(), true),
            Err(_) => (String::from_utf8_lossy(bytes).into_owned(), false),
        },
        tag::PRINTABLE_STRING => {
            let may = |b: &u8| b.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(b);
            (latin(), bytes.iter().all(may))
        }
        tag::NUMERIC_STRING => (latin(), bytes.iter().all(|b| b.is_ascii_digit() || *b == b' ')),
        // Where it is not ASCII it is UTF-8 mostly, by mistake.
        tag::IA5_STRING => match std::str::from_utf8(bytes) {
            Ok(text) => (text.to_owned(), text.is_ascii()),
            Err(_) => (latin(), false),
        },
        tag::VISIBLE_STRING => (latin(), bytes.iter().all(|b| (0x20..0x7f).contains(b))),
        tag::T61_STRING => (latin(), true),
        tag::BMP_STRING => {
            let units = bytes.chunks_exact(2).filter_map(|c| c.try_into().ok()).map(u16::from_be_bytes);
            let units: Vec<u16> = units.collect();
            let text = String::from_utf16(&units);
            let whole = text.is_ok() && bytes.len().is_multiple_of(2);
            (text.unwrap_or_else(|_| String::from_utf16_lossy(&units)), whole)
        }
        tag::UNIVERSAL_STRING => {
            let units = bytes.chunks_exact(4).filter_map(|c| c.try_into().ok()).map(u32::from_be_bytes);
            let read: Vec<Option<char>> = units.map(char::from_u32).collect();
            let whole = read.iter().all(Option::is_some) && bytes.len().is_multiple_of(4);
            (read.into_iter().map(|c| c.unwrap_or('\u{fffd}')).collect(), whole)
        }
        _ => return None,
    })
}

/// The text of a string element, safe to print, and what is wrong with it; other elements
/// as digits.
pub(super) fn string(at: View<'_>) -> (String, Vec<Flaw>) {
    let node = at.node();
    let read =
        if node.header > 0 && !node.constructed { decoded(universal(at), at.contents()) } else { None };
    let Some((text, whole)) = read else {
        let flaw = if node.constructed { Flaw::NotDer } else { Flaw::NotRead };
        return (format!("#{}", plain_hex(at.contents())), vec![flaw]);
    };
    let mut flaws = hidden(&text);
    if !whole {
        flaws.push(Flaw::BadCharacters);
    }
    if node.is(tag::T61_STRING) || node.is(tag::UNIVERSAL_STRING) || node.is(tag::BMP_STRING) {
        flaws.push(Flaw::OldString);
    }
    (escape(&text).into_owned(), flaws)
}

/// The string's type; of an implicit tag, IA5, which GeneralNames hold.
fn universal(at: View<'_>) -> u32 {
    match at.node().class {
        super::tree::Class::Universal => at.node().tag,
        _ => tag::IA5_STRING,
    }
}

/// What a text holds that no eye sees.
fn hidden(text: &str) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    if text.chars().any(char::is_control) {
        flaws.push(Flaw::ControlCharacters);
    }
    let visible: String = text.chars().filter(|c| !c.is_control()).collect();
    if matches!(escape(&visible), std::borrow::Cow::Owned(_)) {
        flaws.push(Flaw::HiddenCharacters);
    }
    flaws
}

/// The name of an element's type: `UTF8String`.
pub(super) fn type_name(at: View<'_>) -> String {
    let node = at.node();
    let known = if node.class == super::tree::Class::Universal && !node.constructed { node.tag } else { 0 };
    match known {
        tag::UTF8_STRING => "UTF8String".into(),
        tag::PRINTABLE_STRING => "PrintableString".into(),
        tag::NUMERIC_STRING => "NumericString".into(),
        tag::IA5_STRING => "IA5String".into(),
        tag::VISIBLE_STRING => "VisibleString".into(),
        tag::T61_STRING => "T61String".into(),
        tag::BMP_STRING => "BMPString".into(),
        tag::UNIVERSAL_STRING => "UniversalString".into(),
        _ => node.tag_name(),
    }
}

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

fn digits(byte: u8) -> [char; 2] {
    let digit = |n: u8| DIGITS.get(usize::from(n)).map_or('0', |b| char::from(*b));
    [digit(byte >> 4), digit(byte & 15)]
}

/// `40:FF:31`.
#[must_use]
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 {
            text.push(':');
        }
        text.extend(digits(*byte));
    }
    text
}

/// `40ff31`.
#[must_use]
pub(super) fn plain_hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| digits(*byte)).map(|c| c.to_ascii_lowercase()).collect()
}

/// The longest number that is written in decimal, which takes time by the square of its
/// length. RFC 5280 (section 4.1.2.2) allows a serial number 20 octets.
const LARGEST_SERIAL: usize = 1024;

/// A serial number far beyond what is allowed, as its first octets in hexadecimal; none if
/// it is short enough for its digits.
#[must_use]
pub fn huge_serial(octets: &[u8]) -> Option<String> {
    let first = octets.get(..20).filter(|_| octets.len() > LARGEST_SERIAL)?;
    Some(format!("0x{}... ({} octets)", plain_hex(first), octets.len()))
}

/// The contents of an INTEGER in decimal.
#[must_use]
pub(super) fn decimal(octets: &[u8]) -> String {
    if let Some(huge) = huge_serial(octets) {
        return huge;
    }
    let negative = octets.first().is_some_and(|first| *first >= 0x80);
    let magnitude = magnitude(octets);
    const BASE: u64 = 1_000_000_000;
    let mut groups: Vec<u64> = vec![0];
    for octet in magnitude {
        let mut carry = u64::from(octet);
        for group in &mut groups {
            let value = *group << 8 | carry;
            *group = value % BASE;
            carry = value / BASE;
        }
        if carry > 0 {
            groups.push(carry);
        }
    }
    let mut text = if negative { String::from("-") } else { String::new() };
    let mut groups = groups.into_iter().rev();
    text.push_str(&groups.next().unwrap_or_default().to_string());
    for group in groups {
        text.push_str(&format!("{group:09}"));
    }
    text
}

/// The absolute value of an INTEGER's contents, big endian.
#[must_use]
pub(super) fn magnitude(octets: &[u8]) -> Vec<u8> {
    if octets.first().is_none_or(|first| *first < 0x80) {
        return octets.to_vec();
    }
    let mut carry = true;
    let mut value: Vec<u8> = octets
        .iter()
        .rev()
        .map(|octet| {
            let (value, over) = (!octet).overflowing_add(u8::from(carry));
            carry = over;
            value
        })
        .collect();
    value.reverse();
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_decimal() {
        for (octets, text) in [
            (&[0u8][..], "0"),
            (&[0x7f], "127"),
            (&[0x80], "-128"),
            (&[0xff], "-1"),
            (&[0, 0xff], "255"),
            (&[1, 0, 0, 0, 0, 0, 0, 0, 0], "18446744073709551616"),
            (&[0xff, 0, 0, 0, 0, 0, 0, 0, 0], "-18446744073709551616"),
            (&[], "0"),
        ] {
            assert_eq!(decimal(octets), text);
        }
    }

    #[test]
    fn strings_of_every_type_are_read() {
        let read = |kind, bytes: &[u8]| decoded(kind, bytes).unwrap();
        assert_eq!(read(tag::BMP_STRING, &[0xb3, 0xc4, 0, b'a']), ("도a".into(), true));
        assert!(!read(tag::BMP_STRING, &[0xd8, 0, 0]).1);
        assert_eq!(read(tag::UNIVERSAL_STRING, &[0, 0, 0xb3, 0xc4]), ("도".into(), true));
        assert_eq!(read(tag::T61_STRING, &[0xe9]), ("é".into(), true));
        assert_eq!(read(tag::UTF8_STRING, &[0xff]), ("\u{fffd}".into(), false));
        assert_eq!(read(tag::PRINTABLE_STRING, b"a*"), ("a*".into(), false));
        assert_eq!(decoded(tag::INTEGER, b"a"), None);
    }
}
