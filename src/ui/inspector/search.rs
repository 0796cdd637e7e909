//! What is looked for in an open thing: in names, values and object identifiers.

use unicode_normalization::UnicodeNormalization;

use super::page::Page;
use super::row::Row;
use crate::x509::Form;

/// The longest search, in characters.
const LONGEST_QUERY: usize = 80;
/// So many rows are looked through.
const SEARCHED: usize = 100_000;

/// A search.
#[derive(Debug, Default)]
pub(in crate::ui) struct Search {
    /// What is looked for.
    pub(in crate::ui) query: String,
    /// Whether keys are letters of it.
    pub(in crate::ui) typing: bool,
    /// The rows that hold it.
    pub(in crate::ui) hits: Vec<usize>,
    /// The row where it began.
    origin: usize,
}

impl Page {
    /// Begins to look for something.
    pub(in crate::ui) fn seek(&mut self) {
        self.search = Search { typing: true, origin: self.field.unwrap_or(0), ..Search::default() };
    }

    /// Changes what is looked for, in names, values and identifiers, and goes to the first
    /// that holds it from where the search began.
    pub(in crate::ui) fn edit(&mut self, change: impl FnOnce(&mut String)) {
        let mut query = std::mem::take(&mut self.search.query);
        change(&mut query);
        self.search.query = query.nfc().filter(|c| !c.is_control()).take(LONGEST_QUERY).collect();
        let wanted = self.search.query.to_lowercase();
        self.search.hits.clear();
        if wanted.is_empty() {
            return;
        }
        let rows = self.rows.iter().enumerate().take(SEARCHED);
        let document = &self.document;
        let holds = |row: &Row| {
            let field = &row.field;
            field.name.to_lowercase().contains(&wanted)
                || field.value.to_lowercase().contains(&wanted)
                || field.form == Form::Oid && Form::Dotted.decode(document.bytes(field)).contains(&wanted)
        };
        self.search.hits = rows.filter(|(_, row)| holds(row)).map(|(at, _)| at).collect();
        // Of a field and its part that both hold it, the part is nearer to it.
        let hits = std::mem::take(&mut self.search.hits);
        let is_of_next = |at: usize| {
            let next = hits.get(at + 1).copied();
            let own = hits.get(at).and_then(|row| Some((row, self.rows.get(*row)?.end)));
            own.zip(next).is_some_and(|((row, end), next)| (*row + 1..end).contains(&next))
        };
        self.search.hits =
            (0..hits.len()).filter(|at| !is_of_next(*at)).filter_map(|at| hits.get(at).copied()).collect();
        let first = self.search.hits.iter().find(|row| **row >= self.search.origin);
        if let Some(row) = first.or(self.search.hits.first()).copied() {
            self.select_field(row);
        }
    }

    /// Goes to the next that holds what was looked for, or the one before, around the end.
    pub(in crate::ui) fn next_hit(&mut self, forward: bool) {
        let at = self.field.unwrap_or(0);
        let hits = &self.search.hits;
        let to = if forward {
            hits.iter().find(|row| **row > at).or(hits.first())
        } else {
            hits.iter().rev().find(|row| **row < at).or(hits.last())
        };
        if let Some(row) = to.copied() {
            self.select_field(row);
        }
    }
}
