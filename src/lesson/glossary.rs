//! The glossary: the terms of the lessons in both languages, and which of them a text uses.

use std::sync::OnceLock;

use serde::Deserialize;

use super::{StepWords, Words};
use crate::text::Language;

const SOURCE: &str = include_str!("../../assets/glossary.toml");

/// A term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Its id: `private-key`.
    pub id: String,
    /// The term as it is written.
    pub name: Words<String>,
    /// What it means, in one sentence.
    pub definition: Words<String>,
    matches: Words<Vec<String>>,
}

/// All terms, in the order of the data.
#[derive(Debug, Clone, Default)]
pub struct Glossary {
    /// The terms.
    pub terms: Vec<Term>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    term: Vec<WrittenTerm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTerm {
    id: String,
    en: String,
    ko: String,
    define: Pair<String>,
    r#match: Pair<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair<T> {
    en: T,
    ko: T,
}

impl<T> From<Pair<T>> for Words<T> {
    fn from(Pair { en, ko }: Pair<T>) -> Self {
        Self { en, ko }
    }
}

impl Glossary {
    /// The program's own, read once.
    #[must_use]
    pub fn embedded() -> &'static Self {
        static READ: OnceLock<Glossary> = OnceLock::new();
        // A test holds that it reads.
        READ.get_or_init(|| Self::parse(SOURCE).unwrap_or_default())
    }

    fn parse(source: &str) -> Result<Self, toml::de::Error> {
        let written: Written = toml::from_str(source)?;
        let term = |term: WrittenTerm| Term {
            id: term.id,
            name: Words { en: term.en, ko: term.ko },
            definition: term.define.into(),
            matches: term.r#match.into(),
        };
        Ok(Self { terms: written.term.into_iter().map(term).collect() })
    }

    /// The term of this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Term> {
        self.terms.iter().find(|term| term.id == id)
    }

    /// The terms that a text uses, each once, in the order in which they appear. Where one
    /// is part of another, as in *client certificate*, the longer one is meant.
    #[must_use]
    pub fn terms_in(&self, text: &str, language: Language) -> Vec<&Term> {
        // A line break is a space, and the stars and backticks of Markdown are none of a word.
        let plain: String = text.chars().filter(|c| !matches!(c, '*' | '`')).collect();
        let text = plain.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut found: Vec<&Term> = Vec::new();
        let mut rest = text.as_str();
        let mut before = None;
        while let Some(first) = rest.chars().next() {
            let mut taken = first.len_utf8();
            if before.is_none_or(|c: char| !c.is_alphanumeric())
                && let Some((term, length)) = self.longest(rest, language)
            {
                taken = length;
                if !found.iter().any(|known| known.id == term.id) {
                    found.push(term);
                }
            }
            before = rest.get(..taken).and_then(|text| text.chars().next_back());
            rest = rest.get(taken..).unwrap_or_default();
        }
        found
    }

    /// The terms that a step uses, in its heading, text, choices and explanation.
    #[must_use]
    pub fn terms_of(&self, words: &StepWords, language: Language) -> Vec<&Term> {
        let choices = words.choices.iter().map(String::as_str);
        let parts: Vec<&str> = [words.title.as_str(), &words.text]
            .into_iter()
            .chain(choices)
            .chain([words.after.as_str()])
            .collect();
        self.terms_in(&parts.join("\n"), language)
    }

    /// The term by whose longest word a text begins, and how many bytes that word takes.
    fn longest(&self, text: &str, language: Language) -> Option<(&Term, usize)> {
        let each = self.terms.iter().flat_map(|term| {
            let words = term.matches.get(language).iter();
            words.filter(|word| begins_with(text, word)).map(move |word| (term, word.len()))
        });
        each.max_by_key(|(_, length)| *length)
    }
}

/// Whether a text begins with a word. A capital in the word is meant; without one, either
/// case will do. After a Latin letter or a digit the word must end, after Hangul a particle
/// may follow.
fn begins_with(text: &str, word: &str) -> bool {
    let Some((start, rest)) = text.split_at_checked(word.len()) else { return false };
    let exact = word.chars().any(char::is_uppercase);
    let same = if exact { start == word } else { start.eq_ignore_ascii_case(word) };
    let is_latin = |c: char| c.is_ascii_alphanumeric();
    let goes_on = rest.chars().next().is_some_and(is_latin);
    same && !(goes_on && word.chars().next_back().is_some_and(is_latin))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use unicode_normalization::is_nfc;

    use super::*;
    use crate::lesson::Curriculum;
    use crate::text::width;

    fn ids(text: &str, language: Language) -> Vec<&'static str> {
        Glossary::embedded().terms_in(text, language).into_iter().map(|term| term.id.as_str()).collect()
    }

    #[test]
    fn the_data_reads_and_is_whole() {
        let glossary = Glossary::parse(SOURCE).unwrap();
        assert!(glossary.terms.len() >= 45, "{}", glossary.terms.len());
        let unique: BTreeSet<&str> = glossary.terms.iter().map(|term| term.id.as_str()).collect();
        assert_eq!(unique.len(), glossary.terms.len());
        for term in &glossary.terms {
            for language in Language::ALL {
                let (name, definition) = (term.name.get(language), term.definition.get(language));
                assert!(!name.is_empty() && is_nfc(name) && is_nfc(definition), "{}", term.id);
                assert!((20..=160).contains(&width(definition)), "{}: {}", term.id, width(definition));
                assert!(definition.ends_with('.'), "{}", term.id);
                assert!(!term.matches.get(language).is_empty(), "{}", term.id);
                // Each of its words finds it, and no two terms share one.
                for word in term.matches.get(language) {
                    let found = ids(word, language);
                    assert_eq!(found, [term.id.as_str()], "{word} of {} in {language}", term.id);
                }
            }
            assert!(term.definition.ko.trim_end_matches('.').ends_with('요'), "{}", term.id);
            assert_eq!(glossary.find(&term.id), Some(term));
        }
    }

    #[test]
    fn the_longest_term_is_meant_and_each_is_told_once() {
        let text = "A **client\ncertificate** is a certificate. Its `O` is a group; OK, the CA signed it.";
        assert_eq!(
            ids(text, Language::En),
            ["client-certificate", "certificate", "organization", "group", "ca", "sign"]
        );
        assert_eq!(ids("Design signals", Language::En), Vec::<&str>::new());
        assert_eq!(ids("Authentication comes first", Language::En), ["authentication"]);
    }

    #[test]
    fn korean_words_are_found_with_their_particles_and_not_within_others() {
        let text = "**인증 기관**(CA)이 인증서에 서명해요. 누구인가요? 인가는 다음이에요.";
        assert_eq!(ids(text, Language::Ko), ["ca", "certificate", "sign", "authorization"]);
        assert_eq!(ids("CSR에 `subjectAltName`을 적어요", Language::Ko), ["csr", "san"]);
        assert_eq!(ids("확장 키 용도(EKU)예요", Language::Ko), ["extended-key-usage"]);
    }

    #[test]
    fn most_steps_of_the_lessons_use_a_term() {
        for language in Language::ALL {
            for lesson in Curriculum::embedded().lessons {
                let of_lesson: BTreeSet<&str> = lesson
                    .steps
                    .iter()
                    .flat_map(|step| Glossary::embedded().terms_of(step.words.get(language), language))
                    .map(|term| term.id.as_str())
                    .collect();
                assert!(of_lesson.len() >= 5, "{}: {of_lesson:?}", lesson.id);
            }
        }
    }
}
