//! What lies over the rest of the screen: the search with its list, and the glossary.

use unicode_normalization::UnicodeNormalization;

use crate::lesson::{Glossary, Lesson, Step, Term};
use crate::text::Language;

/// The longest question that the search takes, in characters.
const LONGEST_QUERY: usize = 60;
/// Characters before the found word that an excerpt keeps.
const BEFORE: usize = 16;

/// What lies over the rest.
#[derive(Debug)]
pub(super) enum Overlay {
    /// The search, or the list of all lessons and steps.
    Find(Find),
    /// The glossary.
    Glossary(Terms),
}

/// The search.
#[derive(Debug)]
pub(super) struct Find {
    /// Whether keys are letters of the question.
    pub(super) typing: bool,
    /// What is looked for; all lessons and steps if it is empty.
    pub(super) query: String,
    /// The one of what was found that is pointed at.
    pub(super) chosen: usize,
    /// What was found.
    pub(super) found: Vec<Found>,
}

/// A place that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The lesson's index.
    pub(super) lesson: usize,
    /// The step's index; none is the lesson itself.
    pub(super) step: Option<usize>,
    /// The words around what was found, if it is in the text.
    pub(super) excerpt: Option<String>,
}

/// The glossary's terms.
#[derive(Debug)]
pub(super) struct Terms {
    /// Those of the open step, as they come.
    pub(super) here: Vec<&'static Term>,
    /// The others by name.
    pub(super) others: Vec<&'static Term>,
    /// Lines that it is scrolled by.
    pub(super) scroll: usize,
}

impl Find {
    /// Opened by a search, or as a list with this place pointed at.
    pub(super) fn open(
        typing: bool,
        lessons: &[Lesson],
        at: Option<(usize, Option<usize>)>,
        language: Language,
    ) -> Self {
        let found = search(lessons, "", language);
        let chosen = at.and_then(|at| found.iter().position(|found| (found.lesson, found.step) == at));
        Self { typing, query: String::new(), chosen: chosen.unwrap_or(0), found }
    }

    /// Takes a letter; one that cannot be seen is none.
    pub(super) fn push(&mut self, c: char) {
        if !c.is_control() && self.query.chars().count() < LONGEST_QUERY {
            self.query.push(c);
            // Some terminals send a syllable in its parts.
            self.query = self.query.nfc().collect();
        }
    }

    /// Looks again, in these lessons and this language.
    pub(super) fn renew(&mut self, lessons: &[Lesson], language: Language) {
        self.found = search(lessons, &self.query, language);
        self.chosen = self.chosen.min(self.found.len().saturating_sub(1));
    }
}

impl Terms {
    /// The terms, those of this step first.
    pub(super) fn of(step: Option<&Step>, language: Language) -> Self {
        let glossary = Glossary::embedded();
        let here = step.map_or_else(Vec::new, |step| {
            let words = step.words.get(language);
            let text = format!("{}\n{}\n{}", words.title, words.text, words.choices.join("\n"));
            glossary.terms_in(&text, language)
        });
        let is_here = |term: &Term| here.iter().any(|known: &&Term| known.id == term.id);
        let mut others: Vec<&'static Term> = glossary.terms.iter().filter(|term| !is_here(term)).collect();
        others.sort_by_cached_key(|term| term.name.get(language).to_lowercase());
        Self { here, others, scroll: 0 }
    }
}

/// A text of a lesson without the marks of Markdown.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '*' | '`')).collect()
}

/// Where all words of a question stand: lessons by title, then steps by title, then steps
/// by their text. An empty question finds every lesson and step.
fn search(lessons: &[Lesson], query: &str, language: Language) -> Vec<Found> {
    let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
    let has_all = |text: &str| words.iter().all(|word| text.contains(word.as_str()));
    let mut found: Vec<(u8, Found)> = Vec::new();
    for (at, lesson) in lessons.iter().enumerate() {
        if has_all(&plain(lesson.title.get(language)).to_lowercase()) {
            found.push((0, Found { lesson: at, step: None, excerpt: None }));
        }
        for (step, written) in lesson.steps.iter().enumerate() {
            let place = |excerpt| Found { lesson: at, step: Some(step), excerpt };
            let step_words = written.words.get(language);
            if words.is_empty() {
                found.push((0, place(None)));
            } else if has_all(&plain(&step_words.title).to_lowercase()) {
                found.push((1, place(None)));
            } else {
                let choices = step_words.choices.join("\n");
                let text = plain(&format!("{}\n\n{}\n\n{choices}", step_words.title, step_words.text));
                if has_all(&text.to_lowercase()) {
                    found.push((2, place(excerpt(&text, &words))));
                }
            }
        }
    }
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, found)| found).collect()
}

/// The paragraph that holds the longest word, from a little before it.
fn excerpt(text: &str, words: &[String]) -> Option<String> {
    let word = words.iter().max_by_key(|word| word.len())?;
    let line = text.split("\n\n").find(|part| part.to_lowercase().contains(word.as_str()))?;
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lower = line.to_lowercase();
    let before = lower.split(word.as_str()).next().unwrap_or_default().chars().count();
    if before <= BEFORE * 2 {
        return Some(line);
    }
    let from: String = line.chars().skip(before - BEFORE).collect();
    let from = from.split_once(' ').map_or(from.as_str(), |(_, rest)| rest);
    Some(format!("…{from}"))
}
