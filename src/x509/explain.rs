//! What the fields mean (`assets/fields.toml`): what each is, what Kubernetes does with it,
//! what goes wrong with it; and the words for what is marked.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::field::{Field, Flaw};
use super::form::Form;
use crate::text::Language;

/// A text in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// In English.
    pub en: &'static str,
    /// In Korean.
    pub ko: &'static str,
}

impl Words {
    /// The text in one language.
    #[must_use]
    pub const fn get(&self, language: Language) -> &'static str {
        language.pick(self.en, self.ko)
    }
}

/// What there is to know of a field.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'static"))]
pub struct Explanation {
    /// What it is.
    pub what: Words,
    /// What Kubernetes does with it.
    pub kubernetes: Words,
    /// What goes wrong with it.
    pub wrong: Words,
    /// The faults of the catalogue that come of it.
    #[serde(default)]
    pub faults: Vec<&'static str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'static"))]
struct File {
    field: HashMap<&'static str, Explanation>,
    flaw: HashMap<&'static str, Words>,
}

const SOURCE: &str = include_str!("../../assets/fields.toml");

static FILE: LazyLock<File> = LazyLock::new(|| {
    toml::from_str(SOURCE).unwrap_or_else(|_| File { field: HashMap::new(), flaw: HashMap::new() })
});

/// What there is to know of a field, if anything: of an extension that has no words of its
/// own, what holds of all of them.
#[must_use]
pub fn explanation(field: &Field) -> Option<&'static Explanation> {
    let of_all = || FILE.field.get("extension").filter(|_| field.form == Form::Extension);
    FILE.field.get(field.name.as_ref()).or_else(of_all)
}

/// What a mark says.
#[must_use]
pub fn flaw_words(flaw: Flaw) -> Words {
    let unnamed = Words { en: flaw.name(), ko: flaw.name() };
    FILE.flaw.get(flaw.name()).copied().unwrap_or(unnamed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_and_every_mark_has_its_words() {
        let file: File = toml::from_str(SOURCE).unwrap();
        for name in super::super::FIELD_NAMES {
            assert!(file.field.contains_key(name), "{name}");
        }
        for flaw in Flaw::ALL {
            assert!(file.flaw.contains_key(flaw.name()), "{}", flaw.name());
        }
        assert_eq!(file.flaw.len(), Flaw::ALL.len());
    }

    #[test]
    fn every_fault_is_in_the_catalogue() {
        let catalogue = include_str!("../../assets/faults.toml");
        for (name, explanation) in &FILE.field {
            for fault in &explanation.faults {
                assert!(catalogue.contains(&format!("id = \"{fault}\"")), "{name}: {fault}");
            }
        }
    }

    #[test]
    fn an_extension_without_words_has_those_of_all() {
        let field = |name: &'static str, form| Field { name: name.into(), form, ..Field::default() };
        assert!(explanation(&field("1.2.3", Form::Extension)).is_some());
        assert_eq!(explanation(&field("1.2.3", Form::Text)), None);
    }
}
