//! A strict reader of DER, with the limits of Go's `cryptobyte`: low tag numbers only,
//! minimal definite lengths of at most four octets, minimal integers.
//!
//! Every read gives `None` for what Go's reader refuses; the callers know the words.

use time::{Date, Month, OffsetDateTime, Time, UtcOffset};

/// Identifier octets of the types that certificates use (X.690, section 8.1.2).
pub(super) mod tag {
    pub(in crate::trust) const BOOLEAN: u8 = 0x01;
    pub(in crate::trust) const INTEGER: u8 = 0x02;
    pub(in crate::trust) const BIT_STRING: u8 = 0x03;
    pub(in crate::trust) const OCTET_STRING: u8 = 0x04;
    pub(in crate::trust) const NULL: u8 = 0x05;
    pub(in crate::trust) const OID: u8 = 0x06;
    pub(in crate::trust) const UTF8_STRING: u8 = 0x0c;
    pub(in crate::trust) const NUMERIC_STRING: u8 = 0x12;
    pub(in crate::trust) const PRINTABLE_STRING: u8 = 0x13;
    pub(in crate::trust) const T61_STRING: u8 = 0x14;
    pub(in crate::trust) const IA5_STRING: u8 = 0x16;
    pub(in crate::trust) const UTC_TIME: u8 = 0x17;
    pub(in crate::trust) const GENERALIZED_TIME: u8 = 0x18;
    pub(in crate::trust) const BMP_STRING: u8 = 0x1e;
    pub(in crate::trust) const SEQUENCE: u8 = 0x30;
    pub(in crate::trust) const SET: u8 = 0x31;

    /// `[number]`, primitive.
    pub(in crate::trust) const fn context(number: u8) -> u8 {
        0x80 | number
    }

    /// `[number]`, constructed.
    pub(in crate::trust) const fn constructed(number: u8) -> u8 {
        0xa0 | number
    }
}

/// The NULL that algorithm identifiers carry as parameters.
pub(super) const NULL: &[u8] = &[tag::NULL, 0];

/// One element: its identifier octet, all of its bytes, and its contents.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) full: &'a [u8],
    pub(super) contents: &'a [u8],
}

/// A BIT STRING: its octets and how many bits at the end do not count.
#[derive(Debug, Clone, Copy)]
pub(super) struct BitString<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) padding: u32,
}

impl BitString<'_> {
    /// Whether bit `index` is there and set; bit 0 is the most significant of the first octet.
    pub(super) fn bit(&self, index: usize) -> bool {
        let length = self.bytes.len() * 8 - self.padding as usize;
        index < length && self.bytes.get(index / 8).is_some_and(|byte| byte >> (7 - index % 8) & 1 == 1)
    }

    /// The octets, shifted so that the padding stands at the front.
    pub(super) fn right_aligned(&self) -> Vec<u8> {
        if self.padding == 0 {
            return self.bytes.to_vec();
        }
        let mut before = 0u8;
        self.bytes
            .iter()
            .map(|&byte| {
                let aligned = byte >> self.padding | before << (8 - self.padding);
                before = byte;
                aligned
            })
            .collect()
    }
}

/// What is left to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the next element has this identifier octet.
    pub(super) fn next_is(&self, tag: u8) -> bool {
        self.0.first() == Some(&tag)
    }

    /// The next element, whatever it is.
    pub(super) fn any(&mut self) -> Option<Element<'a>> {
        let [tag, first, rest @ ..] = self.0 else {
            return None;
        };
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (header, length) = if first & 0x80 == 0 {
            (2, usize::from(*first))
        } else {
            let count = usize::from(first & 0x7f);
            if count == 0 || count > 4 {
                return None;
            }
            let octets = rest.get(..count)?;
            let length = octets.iter().fold(0usize, |length, &octet| length << 8 | usize::from(octet));
            if length < 128 || octets.first() == Some(&0) {
                return None;
            }
            (2 + count, length)
        };
        let (full, rest) = self.0.split_at_checked(header.checked_add(length)?)?;
        self.0 = rest;
        Some(Element { tag: *tag, full, contents: full.get(header..)? })
    }

    /// The next element, which must have this identifier octet.
    pub(super) fn element(&mut self, tag: u8) -> Option<Element<'a>> {
        self.any().filter(|element| element.tag == tag)
    }

    /// The contents of the next element, which must have this identifier octet.
    pub(super) fn contents(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.element(tag).map(|element| element.contents)
    }

    /// A reader of the contents of the next element.
    pub(super) fn inside(&mut self, tag: u8) -> Option<Reader<'a>> {
        self.contents(tag).map(Reader)
    }

    /// The contents of the next element if it has this identifier octet: `Some(None)` if
    /// something else or nothing follows.
    pub(super) fn optional(&mut self, tag: u8) -> Option<Option<&'a [u8]>> {
        if self.next_is(tag) { self.contents(tag).map(Some) } else { Some(None) }
    }

    pub(super) fn boolean(&mut self) -> Option<bool> {
        match self.contents(tag::BOOLEAN)? {
            [0] => Some(false),
            [0xff] => Some(true),
            _ => None,
        }
    }

    /// The octets of a minimal INTEGER, two's complement, under this identifier octet.
    fn integer_as(&mut self, tag: u8) -> Option<&'a [u8]> {
        let octets = self.contents(tag)?;
        match octets {
            [] => None,
            [0, second, ..] if second & 0x80 == 0 => None,
            [0xff, second, ..] if second & 0x80 != 0 => None,
            _ => Some(octets),
        }
    }

    pub(super) fn integer(&mut self) -> Option<&'a [u8]> {
        self.integer_as(tag::INTEGER)
    }

    /// An INTEGER that fits 64 bits, under this identifier octet.
    pub(super) fn int64_as(&mut self, tag: u8) -> Option<i64> {
        let octets = self.integer_as(tag)?;
        if octets.len() > 8 {
            return None;
        }
        let sign = if octets.first()? & 0x80 == 0 { 0 } else { -1 };
        Some(octets.iter().fold(sign, |value: i64, &octet| value << 8 | i64::from(octet)))
    }

    pub(super) fn int64(&mut self) -> Option<i64> {
        self.int64_as(tag::INTEGER)
    }

    /// An OBJECT IDENTIFIER, dotted.
    pub(super) fn oid(&mut self) -> Option<String> {
        dotted(self.contents(tag::OID)?)
    }

    pub(super) fn bit_string(&mut self) -> Option<BitString<'a>> {
        let (&padding, bytes) = self.contents(tag::BIT_STRING)?.split_first()?;
        let unused_is_zero =
            bytes.last().map_or(padding == 0, |last| padding < 8 && last & ((1u8 << padding) - 1) == 0);
        (padding < 8 && unused_is_zero).then_some(BitString { bytes, padding: u32::from(padding) })
    }

    /// A UTCTime: years 1950 to 2049, seconds optional, `Z` or a numeric offset.
    pub(super) fn utc_time(&mut self) -> Option<OffsetDateTime> {
        let (digits, offset) = split_zone(self.contents(tag::UTC_TIME)?)?;
        let (year, rest) = digits.split_at_checked(2)?;
        let year = number(year)?;
        let year = if year >= 50 { 1900 + year } else { 2000 + year };
        let seconds = match rest.len() {
            8 => "00",
            10 => "",
            _ => return None,
        };
        moment(year, &[rest, seconds.as_bytes()].concat(), offset)
    }

    /// A GeneralizedTime: four digits of year, seconds, `Z` or a numeric offset.
    pub(super) fn generalized_time(&mut self) -> Option<OffsetDateTime> {
        let (digits, offset) = split_zone(self.contents(tag::GENERALIZED_TIME)?)?;
        let (year, rest) = digits.split_at_checked(4)?;
        moment(number(year)?, rest, offset)
    }
}

/// The dotted form of an OBJECT IDENTIFIER's contents; arcs beyond 31 bits and padded
/// arcs are refused.
pub(super) fn dotted(contents: &[u8]) -> Option<String> {
    // Four characters an octet at the most, and two more for the first arc.
    let mut text = String::with_capacity(4 * contents.len() + 2);
    let mut arc = 0u32;
    let mut fresh = true;
    for &octet in contents {
        if (fresh && octet == 0x80) || arc >= 1 << 24 {
            return None;
        }
        arc = arc << 7 | u32::from(octet & 0x7f);
        fresh = octet & 0x80 == 0;
        if fresh {
            if text.is_empty() {
                let root = (arc / 40).min(2);
                push_decimal(&mut text, root);
                arc -= root * 40;
            }
            text.push('.');
            push_decimal(&mut text, arc);
            arc = 0;
        }
    }
    (fresh && !text.is_empty()).then_some(text)
}

/// Object identifiers are most of what a certificate is read for, and formatting is slow.
fn push_decimal(text: &mut String, number: u32) {
    if number >= 10 {
        push_decimal(text, number / 10);
    }
    text.extend(char::from_digit(number % 10, 10));
}

/// The digits of a time and its offset. Go prints what it read and compares, so an
/// offset of zero must be written `Z`.
fn split_zone(text: &[u8]) -> Option<(&[u8], UtcOffset)> {
    if let [digits @ .., b'Z'] = text {
        return Some((digits, UtcOffset::UTC));
    }
    let (digits, zone) = text.split_at_checked(text.len().checked_sub(5)?)?;
    let (sign, zone) = zone.split_first()?;
    let (hours, minutes) = zone.split_at_checked(2)?;
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let sign = match sign {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let seconds = hours * 3600 + minutes * 60;
    if hours > 24 || minutes > 59 || seconds == 0 {
        return None;
    }
    let offset = UtcOffset::from_whole_seconds(sign * seconds).ok()?;
    Some((digits, offset))
}

/// Decimal digits only.
fn number(digits: &[u8]) -> Option<i32> {
    digits
        .iter()
        .try_fold(0i32, |value, digit| digit.is_ascii_digit().then(|| value * 10 + i32::from(digit - b'0')))
}

/// A year and `MMDDhhmmss` in an offset.
fn moment(year: i32, digits: &[u8], offset: UtcOffset) -> Option<OffsetDateTime> {
    if digits.len() != 10 {
        return None;
    }
    let mut fields = digits.chunks(2).map(|pair| number(pair).and_then(|value| u8::try_from(value).ok()));
    let mut field = || fields.next().flatten();
    let (month, day, hour, minute, second) = (field()?, field()?, field()?, field()?, field()?);
    let date = Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok()?;
    let time = Time::from_hms(hour, minute, second).ok()?;
    Some(date.with_time(time).assume_offset(offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_must_be_minimal() {
        assert!(Reader::new(&[0x04, 0x01, 0xaa]).any().is_some());
        assert!(Reader::new(&[0x04, 0x81, 0x01, 0xaa]).any().is_none());
        assert!(Reader::new(&[0x04, 0x80, 0, 0]).any().is_none());
        let long = [&[0x04, 0x82, 0x00, 0x80][..], &[0; 128]].concat();
        assert!(Reader::new(&long).any().is_none());
    }

    #[test]
    fn object_identifiers_have_bounded_minimal_arcs() {
        assert_eq!(dotted(&[0x55, 0x1d, 0x0f]).as_deref(), Some("2.5.29.15"));
        assert_eq!(dotted(&[0x88, 0x37]).as_deref(), Some("2.999"));
        assert_eq!(dotted(&[0x55, 0x80, 0x01]), None);
        assert_eq!(dotted(&[0x55, 0x88, 0x80, 0x80, 0x80, 0x00]), None);
        assert_eq!(dotted(&[0x55, 0x9d]), None);
        assert_eq!(dotted(&[]), None);
    }

    #[test]
    fn times_are_read_as_go_reads_them() {
        let utc = |text: &str| {
            let der = [&[0x17, text.len() as u8][..], text.as_bytes()].concat();
            Reader::new(&der).utc_time().map(crate::clock::rfc3339)
        };
        assert_eq!(utc("491231235959Z").as_deref(), Some("2049-12-31T23:59:59Z"));
        assert_eq!(utc("500101000000Z").as_deref(), Some("1950-01-01T00:00:00Z"));
        assert_eq!(utc("2601010000Z").as_deref(), Some("2026-01-01T00:00:00Z"));
        assert_eq!(utc("260101000000+0900").as_deref(), Some("2026-01-01T00:00:00+09:00"));
        for refused in ["260101000000", "260101000000+0000", "260230000000Z", "2601010000+060Z"] {
            assert_eq!(utc(refused), None, "{refused}");
        }
    }

    #[test]
    fn bit_strings_are_aligned_to_the_right() {
        let bits = Reader::new(&[0x03, 0x03, 0x04, 0xab, 0xc0]).bit_string().unwrap();
        assert_eq!(bits.right_aligned(), [0x0a, 0xbc]);
        assert!(bits.bit(0) && !bits.bit(1) && !bits.bit(12));
        assert!(Reader::new(&[0x03, 0x02, 0x01, 0x01]).bit_string().is_none());
        assert!(Reader::new(&[0x03, 0x01, 0x01]).bit_string().is_none());
    }
}
