//! What messages, fields and keys are, and what Kubernetes does with them:
//! `assets/handshake.toml`.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::text::Language;

const SOURCE: &str = include_str!("../../assets/handshake.toml");

/// English and Korean.
type Sentence = (String, String);

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sentences {
    message: HashMap<String, Sentence>,
    record: HashMap<String, Sentence>,
    field: HashMap<String, Sentence>,
    fact: HashMap<String, Sentence>,
    key: HashMap<String, Sentence>,
}

/// A unit test holds the file to its form.
static SENTENCES: LazyLock<Sentences> = LazyLock::new(|| read().unwrap_or_default());

fn read() -> Result<Sentences, toml::de::Error> {
    toml::from_str(SOURCE)
}

/// Something that is explained, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic<'a> {
    /// A message: [`super::Kind::name`].
    Message(&'a str),
    /// A record, as it looks from outside: the name of its content type.
    Record(&'a str),
    /// A field of a message, by the names from the message's to its own.
    Field(&'a [&'a str]),
    /// What follows from a message.
    Fact(&'a str),
    /// A traffic secret's label.
    Key(&'a str),
}

/// What it is, in a sentence. A field of which nothing is known is explained by the one
/// around it; `None` if there is none.
#[must_use]
pub fn explain(topic: Topic<'_>, language: Language) -> Option<&'static str> {
    let found = match topic {
        Topic::Message(name) => SENTENCES.message.get(name),
        Topic::Record(name) => SENTENCES.record.get(name),
        Topic::Fact(name) => SENTENCES.fact.get(name),
        Topic::Key(name) => SENTENCES.key.get(name),
        Topic::Field(path) => field(path),
    };
    found.map(|(english, korean)| language.pick(english.as_str(), korean.as_str()))
}

fn field(path: &[&str]) -> Option<&'static Sentence> {
    let fields = &SENTENCES.field;
    (1..path.len()).rev().find_map(|at| {
        let (outer, inner) = path.split_at_checked(at)?;
        let name = inner.first()?;
        let within = outer.iter().rev().find_map(|outer| fields.get(&format!("{outer}.{name}")));
        within.or_else(|| fields.get(*name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_can_be_read_and_every_sentence_is_one() {
        let all = read().unwrap();
        for table in [&all.message, &all.record, &all.field, &all.fact, &all.key] {
            assert!(!table.is_empty());
            for (name, (english, korean)) in table {
                assert!(english.ends_with(['.', ':', '…']) && korean.ends_with('.'), "{name}");
                assert!(korean.chars().any(|c| ('가'..='힣').contains(&c)), "{name}");
            }
        }
    }

    #[test]
    fn a_field_is_explained_by_the_nearest_that_is_known() {
        let of = |path: &[&str]| explain(Topic::Field(path), Language::En);
        let name = of(&["client_hello", "extensions", "server_name", "extension_data", "length"]);
        assert!(name.is_some_and(|sentence| sentence.contains("SNI")));
        assert_ne!(
            of(&["server_hello", "cipher_suite"]),
            of(&["client_hello", "cipher_suites", "cipher_suite"])
        );
        assert_eq!(of(&["client_hello", "unheard_of"]), None);
    }
}
