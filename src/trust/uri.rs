//! URIs as Go's `net/url.Parse` reads and `URL.String` prints them, as far as names in
//! certificates need it.

use std::net::IpAddr;

use super::address;
use crate::text::quote;

/// A parsed URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Uri {
    /// Host and port as written, unescaped; empty if there is none.
    pub(super) host: String,
    /// As Go prints it.
    pub(super) text: String,
}

/// The parts of a URI that have rules of their own for escaping.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Path,
    Host,
    Zone,
    User,
    Fragment,
}

/// Whether a byte must be escaped in this part.
fn must_escape(byte: u8, part: Part) -> bool {
    if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
        return false;
    }
    match part {
        Part::Host | Part::Zone => !b"!$&'()*+,;=:[]<>\"".contains(&byte),
        Part::Path => !b"$&+,/:;=@".contains(&byte),
        Part::User => !b"$&+,;=".contains(&byte),
        Part::Fragment => !b"$&+,/:;=?@!()*".contains(&byte),
    }
}

/// Whether a byte of a path or fragment may stay as it was written.
fn may_stay(byte: u8, part: Part) -> bool {
    b"!$&'()*+,;=:@[]%".contains(&byte) || !must_escape(byte, part)
}

fn hex_digit(byte: Option<&u8>) -> Option<u8> {
    char::from(*byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Undoes `%41`; the error is Go's cause.
fn unescape(text: &str, part: Part) -> Result<Vec<u8>, String> {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, tail)) = rest.split_first() {
        if byte != b'%' {
            if matches!(part, Part::Host | Part::Zone) && byte < 0x80 && must_escape(byte, part) {
                let character = quote(&char::from(byte).to_string());
                return Err(format!("invalid character {character} in host name"));
            }
            plain.push(byte);
            rest = tail;
            continue;
        }
        let shown = rest.get(..3).unwrap_or(rest);
        let refused = || {
            let shown = quote(&String::from_utf8_lossy(shown));
            format!("invalid URL escape {shown}")
        };
        let high = hex_digit(tail.first()).ok_or_else(refused)?;
        let low = hex_digit(tail.get(1)).ok_or_else(refused)?;
        let value = high << 4 | low;
        let is_refused = match part {
            Part::Host => high < 8 && shown != b"%25",
            Part::Zone => shown != b"%25" && value != b' ' && must_escape(value, Part::Host),
            _ => false,
        };
        if is_refused {
            return Err(refused());
        }
        plain.push(value);
        rest = tail.get(2..).unwrap_or_default();
    }
    Ok(plain)
}

fn escape(bytes: &[u8], part: Part) -> String {
    bytes
        .iter()
        .map(
            |&byte| {
                if must_escape(byte, part) { format!("%{byte:02X}") } else { char::from(byte).to_string() }
            },
        )
        .collect()
}

/// A path or fragment as Go prints it: as written where that is well escaped.
fn normalized(written: &str, plain: &[u8], part: Part) -> String {
    if written.bytes().all(|byte| may_stay(byte, part)) { written.to_owned() } else { escape(plain, part) }
}

impl Uri {
    /// Parses an ASCII text; the error is Go's, with its cause.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let failed = |url: &str, cause: String| format!("parse {}: {cause}", quote(url));
        let (body, fragment) = text.split_once('#').unwrap_or((text, ""));
        let mut uri = Self::parse_body(body).map_err(|cause| failed(body, cause))?;
        if !fragment.is_empty() {
            let plain = unescape(fragment, Part::Fragment).map_err(|cause| failed(text, cause))?;
            uri.text.push('#');
            uri.text.push_str(&normalized(fragment, &plain, Part::Fragment));
        }
        Ok(uri)
    }

    fn parse_body(body: &str) -> Result<Self, String> {
        if body.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
            return Err("net/url: invalid control character in URL".to_owned());
        }
        let (scheme, rest) = split_scheme(body)?;
        let scheme = scheme.to_ascii_lowercase();
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, format!("?{query}")),
            None => (rest, String::new()),
        };
        let prefix = if scheme.is_empty() { String::new() } else { format!("{scheme}:") };
        if !rest.starts_with('/') && !scheme.is_empty() {
            return Ok(Self { host: String::new(), text: format!("{prefix}{rest}{query}") });
        }
        if !rest.starts_with('/') && rest.split('/').next().is_some_and(|first| first.contains(':')) {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
        let mut host = String::new();
        let mut authority_text = String::new();
        let mut path = rest;
        if let Some(after) = rest.strip_prefix("//")
            && (!scheme.is_empty() || !rest.starts_with("///"))
        {
            let end = after.find('/').unwrap_or(after.len());
            let (authority, tail) = after.split_at_checked(end).unwrap_or((after, ""));
            path = tail;
            let (user, name) = match authority.rsplit_once('@') {
                Some((user, name)) => (Some(user), name),
                None => (None, authority),
            };
            host = parse_host(&scheme, name)?;
            let user = user.map(read_user).transpose()?;
            if !host.is_empty() || !path.is_empty() || user.is_some() {
                authority_text.push_str("//");
            }
            if let Some(user) = user {
                authority_text.push_str(&user);
                authority_text.push('@');
            }
            authority_text.push_str(&escape(host.as_bytes(), Part::Host));
        }
        let plain = unescape(path, Part::Path)?;
        let path = normalized(path, &plain, Part::Path);
        Ok(Self { host, text: format!("{prefix}{authority_text}{path}{query}") })
    }

    /// The host without its port, in lower case; the error is Go's, for a URI that cannot
    /// be held against name constraints (RFC 5280, section 4.2.1.10).
    pub(super) fn constrained_host(&self) -> Result<String, String> {
        if self.host.is_empty() {
            return Err(format!(
                "URI with empty host ({}) cannot be matched against constraints",
                quote(&self.text)
            ));
        }
        let mut host = self.host.to_lowercase();
        if host.contains(':') && !host.ends_with(']') {
            let name = self.host.rsplit_once(':').map_or("", |(name, _)| name);
            let wrong = match name.starts_with('[') {
                false if name.contains(':') => Some("too many colons in address"),
                false if self.host.contains(']') => Some("unexpected ']' in address"),
                _ => None,
            };
            if let Some(wrong) = wrong {
                let host = &self.host;
                return Err(format!("cannot parse URI host {}: address {host}: {wrong}", quote(host)));
            }
            host = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name).to_owned();
        }
        if address::parse(&host).is_ok() || (host.starts_with('[') && host.ends_with(']')) {
            return Err(format!("URI with IP ({}) cannot be matched against constraints", quote(&self.text)));
        }
        Ok(host)
    }
}

/// `scheme:rest`; no scheme if what stands before the colon cannot be one.
fn split_scheme(text: &str) -> Result<(&str, &str), String> {
    for (position, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if position > 0 => {}
            b':' if position == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => return Ok(text.split_once(':').unwrap_or(("", text))),
            _ => break,
        }
    }
    Ok(("", text))
}

/// `user:password`, checked and printed anew.
fn read_user(user: &str) -> Result<String, String> {
    let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte);
    if !user.bytes().all(is_valid) {
        return Err("net/url: invalid userinfo".to_owned());
    }
    let again = |part: &str| unescape(part, Part::User).map(|plain| escape(&plain, Part::User));
    match user.split_once(':') {
        Some((name, password)) => Ok(format!("{}:{}", again(name)?, again(password)?)),
        None => again(user),
    }
}

/// Checks `host`, `host:port`, `[address]` or `[address]:port`, and unescapes it.
fn parse_host(scheme: &str, host: &str) -> Result<String, String> {
    let bad_port = |port: &str| format!("invalid port {} after host", quote(port));
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    if host.rfind('[').is_some_and(|at| at > 0) {
        return Err("invalid IP-literal".to_owned());
    }
    if host.starts_with('[') {
        let Some((name, port)) = host.rsplit_once(']') else {
            return Err("missing ']' in host".to_owned());
        };
        if !is_optional_port(port) {
            return Err(bad_port(port));
        }
        let name = name.strip_prefix('[').unwrap_or(name);
        let name = match name.find("%25").and_then(|at| name.split_at_checked(at)) {
            Some((address, zone)) => {
                text(unescape(address, Part::Host)?) + &text(unescape(zone, Part::Zone)?)
            }
            None => text(unescape(name, Part::Host)?),
        };
        return match address::parse(&name) {
            Ok(IpAddr::V6(_)) => Ok(format!("[{name}]{port}")),
            Ok(IpAddr::V4(_)) => Err("invalid IP-literal".to_owned()),
            Err(error) => Err(format!("invalid host: {error}")),
        };
    }
    // Go's own addresses of databases may have more colons than the port's.
    let colon = if matches!(scheme, "http" | "https") { host.find(':') } else { host.rfind(':') };
    if let Some(at) = colon {
        let (_, port) = host.split_at_checked(at).unwrap_or((host, ""));
        if !is_optional_port(port) {
            return Err(bad_port(port));
        }
    }
    unescape(host, Part::Host).map(text)
}

/// Nothing, or a colon and digits.
fn is_optional_port(port: &str) -> bool {
    port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_texts_are_read_as_go_reads_them() {
        let read = |text: &str| Uri::parse(text).map(|uri| (uri.host, uri.text));
        let both = |host: &str, text: &str| Ok((host.to_owned(), text.to_owned()));
        assert_eq!(read("HTTPS://a.b:80/p q?x#f"), both("a.b:80", "https://a.b:80/p%20q?x#f"));
        assert_eq!(read("urn:uuid:1"), both("", "urn:uuid:1"));
        assert_eq!(read("spiffe://td/x"), both("td", "spiffe://td/x"));
        assert_eq!(read("//u:p@[::1]:8/"), both("[::1]:8", "//u:p@[::1]:8/"));
        for (text, cause) in [
            ("http://a/%zz", r#"parse "http://a/%zz": invalid URL escape "%zz""#),
            (":a", r#"parse ":a": missing protocol scheme"#),
            ("1:a", r#"parse "1:a": first path segment in URL cannot contain colon"#),
            ("http://a b/", r#"parse "http://a b/": invalid character " " in host name"#),
            ("http://a:b/", r#"parse "http://a:b/": invalid port ":b" after host"#),
        ] {
            assert_eq!(read(text), Err(cause.to_owned()));
        }
    }
}
