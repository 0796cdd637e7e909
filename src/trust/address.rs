//! Addresses as Go's `netip.ParseAddr` reads them, with its words for what is none.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::text::quote;

/// What is wrong with a text, and where.
type Wrong<'a> = (&'static str, &'a str);

/// Reads an address; one of IPv6 may name a zone (`fe80::1%eth0`), which is dropped. The
/// error is Go's.
pub(super) fn parse(text: &str) -> Result<IpAddr, String> {
    let read = match text.bytes().find(|byte| b".:%".contains(byte)) {
        Some(b'.') => read_v4(text).map(IpAddr::from),
        Some(b':') => read_v6(text).map(IpAddr::from),
        Some(_) => Err(("missing IPv6 address", "")),
        None => Err(("unable to parse IP", "")),
    };
    read.map_err(|(wrong, at)| {
        let at = if at.is_empty() { String::new() } else { format!(" (at {})", quote(at)) };
        format!("ParseAddr({}): {wrong}{at}", quote(text))
    })
}

/// Four decimal fields without leading zeros.
fn read_v4(text: &str) -> Result<Ipv4Addr, Wrong<'_>> {
    let mut fields = [0u8; 4];
    let mut open = fields.iter_mut();
    let mut field = open.next();
    let mut value = None;
    for (at, byte) in text.bytes().enumerate() {
        let rest = text.get(at..).unwrap_or_default();
        match byte {
            b'0'..=b'9' if value == Some(0) => return Err(("IPv4 field has octet with leading zero", "")),
            b'0'..=b'9' => {
                let next = value.unwrap_or(0u16) * 10 + u16::from(byte - b'0');
                let octet = u8::try_from(next).map_err(|_| ("IPv4 field has value >255", ""))?;
                value = Some(u16::from(octet));
                if let Some(field) = &mut field {
                    **field = octet;
                }
            }
            b'.' if value.is_none() || rest.len() == 1 => {
                return Err(("IPv4 field must have at least one digit", rest));
            }
            b'.' => {
                field = Some(open.next().ok_or(("IPv4 address too long", ""))?);
                value = None;
            }
            _ => return Err(("unexpected character", rest)),
        }
    }
    let is_whole = open.next().is_none();
    is_whole.then(|| fields.into()).ok_or(("IPv4 address too short", ""))
}

/// Eight hexadecimal fields, `::` for some that are zero, an IPv4 address for the last two.
fn read_v6(text: &str) -> Result<Ipv6Addr, Wrong<'_>> {
    let mut rest = match text.split_once('%') {
        Some((_, "")) => return Err(("zone must be a non-empty string", "")),
        Some((address, _)) => address,
        None => text,
    };
    let mut fields: Vec<u16> = Vec::with_capacity(8);
    let mut ellipsis = None;
    if let Some(after) = rest.strip_prefix("::") {
        ellipsis = Some(0);
        rest = after;
        if rest.is_empty() {
            return Ok(Ipv6Addr::UNSPECIFIED);
        }
    }
    while fields.len() < 8 {
        let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        if digits > 4 {
            return Err(("each group must have 4 or less digits", rest));
        }
        let (group, after) = rest.split_at_checked(digits).unwrap_or((rest, ""));
        let field = u16::from_str_radix(group, 16)
            .map_err(|_| ("each colon-separated field must have at least one digit", rest))?;
        if after.starts_with('.') {
            if ellipsis.is_none() && fields.len() != 6 {
                let wrong = "embedded IPv4 address must replace the final 2 fields of the address";
                return Err((wrong, rest));
            }
            if fields.len() > 6 {
                let wrong = "too many hex fields to fit an embedded IPv4 at the end of the address";
                return Err((wrong, rest));
            }
            let [a, b, c, d] = read_v4(rest)?.octets();
            fields.extend([u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])]);
            rest = "";
            break;
        }
        fields.push(field);
        rest = after;
        if rest.is_empty() {
            break;
        }
        let Some(after) = rest.strip_prefix(':') else {
            return Err(("unexpected character, want colon", rest));
        };
        if after.is_empty() {
            return Err(("colon must be followed by more characters", rest));
        }
        rest = after;
        if let Some(after) = rest.strip_prefix(':') {
            if ellipsis.is_some() {
                return Err(("multiple :: in address", rest));
            }
            ellipsis = Some(fields.len());
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
    }
    if !rest.is_empty() {
        return Err(("trailing garbage after address", rest));
    }
    match (ellipsis, 8usize.saturating_sub(fields.len())) {
        (Some(_), 0) => return Err(("the :: must expand to at least one field of zeros", "")),
        (Some(at), zeros) => drop(fields.splice(at..at, std::iter::repeat_n(0, zeros))),
        (None, 0) => {}
        (None, _) => return Err(("address string too short", "")),
    }
    let fields: [u16; 8] = fields.try_into().map_err(|_| ("address string too short", ""))?;
    Ok(fields.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_the_standard_library_reads_them() {
        for text in ["10.0.0.1", "::", "::1", "1::", "2001:db8::1:0", "::ffff:10.0.0.1", "1:2:3:4:5:6:7:8"] {
            assert_eq!(parse(text), Ok(text.parse().unwrap()), "{text}");
        }
        assert_eq!(parse("fe80::9%eth0"), Ok("fe80::9".parse().unwrap()));
    }

    #[test]
    fn what_is_no_address_is_told_in_gos_words() {
        for (text, wrong) in [
            ("localhost", "unable to parse IP"),
            ("10.0.0", "IPv4 address too short"),
            ("10.0.0.256", "IPv4 field has value >255"),
            ("10.0.0.01", "IPv4 field has octet with leading zero"),
            ("10..0.1", r#"IPv4 field must have at least one digit (at ".0.1")"#),
            ("1.2.3.4.5", "IPv4 address too long"),
            ("::1x", r#"unexpected character, want colon (at "x")"#),
            ("1:2:", r#"colon must be followed by more characters (at ":")"#),
            ("1::2::3", r#"multiple :: in address (at ":3")"#),
            ("::12345", r#"each group must have 4 or less digits (at "12345")"#),
            ("1:2", "address string too short"),
            ("1:2:3:4:5:6:7::8", "the :: must expand to at least one field of zeros"),
            ("::1%", "zone must be a non-empty string"),
            ("%eth0", "missing IPv6 address"),
        ] {
            assert_eq!(parse(text), Err(format!("ParseAddr({}): {wrong}", quote(text))));
        }
    }
}
