//! Two things beside each other, field by field, ready to be drawn: worked out once.

use crate::x509::{Difference, Document, Field, Standing, compare};

/// How many rows there are at most.
const MOST: usize = 100_000;
/// How much of a value a row holds, in bytes.
const SHORT: usize = 400;
/// How many bytes of a field are shown.
const MOST_BYTES: usize = 256;

/// One side of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ui) struct Side {
    /// The beginning of its value.
    pub(in crate::ui) value: String,
    /// The beginning of its bytes.
    pub(in crate::ui) bytes: Vec<u8>,
    /// Where they lie, and how many they are.
    pub(in crate::ui) place: Option<(usize, usize)>,
}

impl Side {
    fn of(document: &Document, field: &Field) -> Self {
        let value = &field.value;
        let bytes = document.bytes(field);
        Self {
            value: value.get(..value.floor_char_boundary(SHORT)).unwrap_or_default().to_owned(),
            bytes: bytes.get(..MOST_BYTES).unwrap_or(bytes).to_vec(),
            place: field.range.as_ref().map(|range| (range.start, range.len())),
        }
    }
}

/// A field of either, or of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ui) struct Pair {
    /// Its name.
    pub(in crate::ui) name: String,
    /// How many fields it is a part of.
    pub(in crate::ui) depth: usize,
    /// How the two stand.
    pub(in crate::ui) standing: Standing,
    /// The one and the other.
    pub(in crate::ui) sides: [Option<Side>; 2],
}

/// One thing beside another.
#[derive(Debug)]
pub(in crate::ui) struct Comparison {
    /// The other's place among all.
    pub(in crate::ui) other: usize,
    /// All fields, and the parts of those that changed.
    pairs: Vec<Pair>,
    /// Those that are shown.
    shown: Vec<usize>,
    /// Whether only what differs is shown.
    pub(in crate::ui) only_changed: bool,
    /// The one that is pointed at, among those shown.
    pub(in crate::ui) chosen: usize,
    /// Whether its bytes are shown.
    pub(in crate::ui) with_bytes: bool,
}

impl Comparison {
    /// The open one beside this.
    pub(in crate::ui) fn of(first: &Document, second: &Document, other: usize) -> Self {
        let differences = compare(first, second);
        let mut pairs = Vec::new();
        let mut stack: Vec<(&Difference<'_>, usize)> =
            differences.iter().rev().map(|found| (found, 0)).collect();
        while let Some((difference, depth)) = stack.pop().filter(|_| pairs.len() < MOST) {
            let side = |document, field: Option<&Field>| field.map(|field| Side::of(document, field));
            pairs.push(Pair {
                name: difference.name.to_owned(),
                depth,
                standing: difference.standing,
                sides: [side(first, difference.first), side(second, difference.second)],
            });
            stack.extend(difference.parts.iter().rev().map(|part| (part, depth + 1)));
        }
        let mut comparison =
            Self { other, pairs, shown: Vec::new(), only_changed: false, chosen: 0, with_bytes: false };
        comparison.show(false);
        // Where the eye is wanted first.
        let is_other =
            |at: &usize| comparison.pairs.get(*at).is_some_and(|pair| pair.standing != Standing::Same);
        comparison.chosen = comparison.shown.iter().position(is_other).unwrap_or(0);
        comparison
    }

    /// Shows all, or only what differs.
    pub(in crate::ui) fn show(&mut self, only_changed: bool) {
        let pointed = self.shown.get(self.chosen).copied().unwrap_or(0);
        self.only_changed = only_changed;
        let is_shown = |pair: &Pair| match pair.standing {
            // What is the same within what changed is not worth a line.
            Standing::Same => !only_changed && pair.depth == 0,
            _ => true,
        };
        let pairs = self.pairs.iter().enumerate();
        self.shown = pairs.filter(|(_, pair)| is_shown(pair)).map(|(at, _)| at).collect();
        self.chosen = self.shown.partition_point(|at| *at < pointed).min(self.shown.len().saturating_sub(1));
    }

    /// How many are shown.
    pub(in crate::ui) fn count(&self) -> usize {
        self.shown.len()
    }

    /// One of those shown.
    pub(in crate::ui) fn pair(&self, at: usize) -> Option<&Pair> {
        self.pairs.get(*self.shown.get(at)?)
    }

    /// How many fields, parts left out, stand so.
    pub(in crate::ui) fn fields(&self, standing: Standing) -> usize {
        self.pairs.iter().filter(|pair| pair.depth == 0 && pair.standing == standing).count()
    }
}
