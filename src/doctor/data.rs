//! `assets/tools.toml`: what is looked for, and the words about it.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::text::Language;

const SOURCE: &str = include_str!("../../assets/tools.toml");

/// Everything that is looked for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Data {
    #[serde(rename = "tool")]
    pub(super) tools: Vec<ToolData>,
    #[serde(rename = "terminal")]
    pub(super) terminals: Vec<TerminalData>,
}

/// A tool.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToolData {
    pub(super) name: String,
    /// By which it tells its version.
    pub(super) arguments: Vec<String>,
    /// Places outside `PATH`.
    #[serde(default)]
    pub(super) also: Vec<String>,
    /// The Debian package.
    pub(super) package: String,
    /// What it is good for.
    pub(super) r#for: Pair,
    /// What there is without it.
    pub(super) without: Pair,
}

/// A terminal, and whether it puts on the clipboard what a program sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct TerminalData {
    pub(super) name: String,
    /// The variable by which it is known.
    pub(super) variable: String,
    #[serde(default)]
    pub(super) begins: Option<String>,
    #[serde(default)]
    pub(super) at_least: Option<u64>,
    pub(super) works: Works,
    #[serde(default)]
    pub(super) advice: Option<Pair>,
}

/// Whether the clipboard works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Works {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// A setting of the terminal decides.
    Set,
    /// Only trying tells.
    Unknown,
}

/// Words in both languages.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pair {
    en: String,
    ko: String,
}

impl Pair {
    pub(super) fn get(&self, language: Language) -> &str {
        language.pick(&self.en, &self.ko)
    }
}

/// The data, read once. A test holds that it reads.
pub(super) fn data() -> &'static Data {
    static READ: OnceLock<Data> = OnceLock::new();
    READ.get_or_init(|| toml::from_str(SOURCE).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use unicode_normalization::is_nfc;

    use super::*;

    #[test]
    fn the_data_reads_and_is_whole() {
        let data: Data = toml::from_str(SOURCE).unwrap();
        let names: BTreeSet<&str> = data.tools.iter().map(|tool| tool.name.as_str()).collect();
        assert_eq!(names.len(), 9);
        assert!(is_nfc(SOURCE));
        for tool in &data.tools {
            let words = Language::ALL.map(|language| [tool.r#for.get(language), tool.without.get(language)]);
            assert!(words.iter().flatten().all(|words| !words.is_empty()), "{}", tool.name);
        }
        for terminal in &data.terminals {
            let needs_words = terminal.works != Works::Yes && terminal.name != "dumb";
            assert_eq!(terminal.advice.is_some(), needs_words, "{}", terminal.name);
        }
    }
}
