//! Mailboxes (RFC 2821, section 4.1.2), as Go reads them in names and constraints.

use std::fmt;

use super::constraints::is_valid_domain;

/// `local@domain`, unquoted, the domain in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Mailbox {
    local: String,
    pub(super) domain: String,
}

impl fmt::Display for Mailbox {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}@{}", self.local, self.domain)
    }
}

impl Mailbox {
    /// Reads a mailbox from ASCII text.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (local, rest) = match text.strip_prefix('"') {
            Some(quoted) => read_quoted(quoted)?,
            None => read_atoms(text)?,
        };
        let domain = rest.strip_prefix('@')?;
        // An empty domain has no labels that could be wrong.
        (is_valid_domain(domain, false) && !domain.contains('@'))
            .then(|| Self { local, domain: domain.to_ascii_lowercase() })
    }
}

/// What stands up to the closing quote, and what follows it.
fn read_quoted(text: &str) -> Option<(String, &str)> {
    let mut local = String::new();
    let mut characters = text.chars();
    loop {
        match characters.next()? {
            '"' => return Some((local, characters.as_str())),
            '\\' => {
                let escaped = characters.next()?;
                let is_text = matches!(escaped, '\u{1}'..='\u{9}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{7f}');
                local.push(Some(escaped).filter(|_| is_text)?);
            }
            plain @ ('\u{1}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{7f}') => {
                local.push(plain);
            }
            _ => return None,
        }
    }
}

/// Atoms joined by single dots, and what follows them.
fn read_atoms(text: &str) -> Option<(String, &str)> {
    let mut local = String::new();
    let mut characters = text.chars();
    loop {
        let rest = characters.as_str();
        match characters.next() {
            Some('\\') => local.push(characters.next()?),
            Some(plain) if plain.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(plain) => {
                local.push(plain);
            }
            _ => {
                let is_dotted_well = local.split('.').all(|atom| !atom.is_empty());
                return is_dotted_well.then_some((local, rest));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes_are_read_as_go_reads_them() {
        let read = |text| Mailbox::parse(text).map(|mailbox| mailbox.to_string());
        assert_eq!(read("a.b@Example.COM").as_deref(), Some("a.b@example.com"));
        assert_eq!(read(r#""a b"@c"#).as_deref(), Some("a b@c"));
        assert_eq!(read(r"a\@b@c").as_deref(), Some("a@b@c"));
        for refused in ["nobody", ".a@b", "a..b@c", "a@b.", "a@.b", "a@b@c", "@b", "", "\"a@b"] {
            assert_eq!(read(refused), None, "{refused}");
        }
    }
}
