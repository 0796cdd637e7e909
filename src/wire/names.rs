//! What TLS's numbers stand for: `assets/tls.toml`, the names that IANA has registered.

use std::sync::LazyLock;

use serde::Deserialize;

const SOURCE: &str = include_str!("../../assets/tls.toml");

/// Numbers and their names, sorted by number.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Table(Vec<(u16, String)>);

impl Table {
    /// The registered name of a number.
    pub(super) fn name(&self, number: u16) -> Option<&str> {
        let at = self.0.binary_search_by_key(&number, |(known, _)| *known).ok()?;
        self.0.get(at).map(|(_, name)| name.as_str())
    }

    /// The name alone; a number without one as `0x1234`.
    pub(super) fn plain(&self, number: u16) -> String {
        match self.name(number) {
            Some(name) => name.to_owned(),
            None if is_grease(number) => "GREASE".to_owned(),
            None => format!("0x{number:04x}"),
        }
    }

    /// The name with its number: `x25519 (0x001d)`.
    pub(super) fn full(&self, number: u16) -> String {
        let name = self.name(number).unwrap_or(if is_grease(number) { "GREASE" } else { "unknown" });
        format!("{name} (0x{number:04x})")
    }

    fn sort(&mut self) {
        self.0.sort_by_key(|(number, _)| *number);
    }
}

/// All tables.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Names {
    /// ProtocolVersion.
    pub(super) versions: Table,
    /// ExtensionType.
    pub(super) extensions: Table,
    /// NamedGroup.
    pub(super) groups: Table,
    /// SignatureScheme.
    pub(super) schemes: Table,
    /// CertificateCompressionAlgorithm.
    pub(super) compressions: Table,
    /// CipherSuite.
    pub(super) suites: Table,
    /// AlertDescription: number, name, Go's words.
    pub(super) alerts: Vec<(u8, String, String)>,
}

/// The tables of the program. A unit test holds the file to its form.
pub(super) static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let mut names = read().unwrap_or_default();
    let tables = [
        &mut names.versions,
        &mut names.extensions,
        &mut names.groups,
        &mut names.schemes,
        &mut names.compressions,
        &mut names.suites,
    ];
    tables.into_iter().for_each(Table::sort);
    names
});

fn read() -> Result<Names, toml::de::Error> {
    toml::from_str(SOURCE)
}

/// A number that stands for nothing, so that peers stay used to unknown ones (RFC 8701).
pub(super) const fn is_grease(number: u16) -> bool {
    number & 0x0f0f == 0x0a0a && number >> 8 == number & 0xff
}

/// The registered name of an extension, for a field's name.
pub(super) fn extension(number: u16) -> &'static str {
    NAMES.extensions.name(number).unwrap_or(if is_grease(number) { "GREASE" } else { "unknown_extension" })
}

/// The number of a suite, group or signature scheme by its name, or by rustls' name of it
/// (`TLS13_…`, `X25519`); case does not matter.
fn number(table: &Table, name: &str) -> Option<u16> {
    let name = name.strip_prefix("TLS13_").map_or_else(|| name.to_owned(), |rest| format!("TLS_{rest}"));
    table.0.iter().find(|(_, known)| known.eq_ignore_ascii_case(&name)).map(|(number, _)| *number)
}

/// The number of a cipher suite by its registered name or rustls' (`TLS13_…`).
#[must_use]
pub fn suite_number(name: &str) -> Option<u16> {
    number(&NAMES.suites, name)
}

/// The number of a named group by its registered name.
#[must_use]
pub fn group_number(name: &str) -> Option<u16> {
    number(&NAMES.groups, name)
}

/// The registered name of a cipher suite; `0x1234` if it has none.
#[must_use]
pub fn suite_name(number: u16) -> String {
    NAMES.suites.plain(number)
}

/// The registered name of a named group; `0x1234` if it has none.
#[must_use]
pub fn group_name(number: u16) -> String {
    NAMES.groups.plain(number)
}

/// `TLS 1.3` and its like; `0x1234` if it is none.
#[must_use]
pub fn version_name(number: u16) -> String {
    NAMES.versions.plain(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_can_be_read_and_hold_each_number_once() {
        let mut names = read().unwrap();
        for table in [
            &mut names.versions,
            &mut names.extensions,
            &mut names.groups,
            &mut names.schemes,
            &mut names.compressions,
            &mut names.suites,
        ] {
            table.sort();
            assert!(!table.0.is_empty());
            assert!(table.0.windows(2).all(|pair| pair[0].0 < pair[1].0));
            assert!(table.0.iter().all(|(number, _)| !is_grease(*number)));
        }
        assert!(names.alerts.len() > 30);
    }

    #[test]
    fn names_go_both_ways() {
        assert_eq!(suite_number("TLS13_CHACHA20_POLY1305_SHA256"), Some(0x1303));
        assert_eq!(suite_name(0xc02b), "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
        assert_eq!(group_number("X25519"), Some(29));
        assert_eq!(group_name(0x1a1a), "GREASE");
        assert_eq!(extension(43), "supported_versions");
        assert_eq!(NAMES.groups.full(0x9999), "unknown (0x9999)");
    }
}
