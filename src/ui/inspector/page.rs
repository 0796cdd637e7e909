//! One thing that is open: its fields, its elements and its bytes, and one cursor in all
//! three. A field leads to its element and its bytes, an element to its field and its bytes, a
//! byte to the innermost element and the smallest field around it.

use std::collections::HashMap;
use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

use crate::x509::{Document, Field, Form};

/// How much of a value a row holds, in bytes: more than any window is wide.
const SHORT: usize = 400;
/// The longest search, in characters.
const LONGEST_QUERY: usize = 80;
/// Fields of more parts than this stay folded when all are unfolded for a search.
const SEARCHED: usize = 100_000;

/// A pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Pane {
    /// What it says.
    Fields,
    /// The elements of ASN.1.
    Tree,
    /// The bytes.
    Bytes,
}

impl Pane {
    /// All of them, from left to right.
    pub(in crate::ui) const ALL: [Self; 3] = [Self::Fields, Self::Tree, Self::Bytes];

    /// Its place among them.
    pub(in crate::ui) const fn index(self) -> usize {
        match self {
            Self::Fields => 0,
            Self::Tree => 1,
            Self::Bytes => 2,
        }
    }
}

/// A field, or a part of one.
#[derive(Debug)]
pub(in crate::ui) struct Row {
    /// It, without its parts.
    pub(in crate::ui) field: Field,
    /// The beginning of its value.
    pub(in crate::ui) short: String,
    /// How many fields it is a part of.
    pub(in crate::ui) depth: usize,
    /// The row that it is a part of.
    pub(in crate::ui) parent: Option<usize>,
    /// The row after its last part.
    pub(in crate::ui) end: usize,
    /// Whether its parts are seen.
    pub(in crate::ui) is_open: bool,
}

impl Row {
    /// Whether its value is worked out from its bytes instead of being written in them.
    fn is_digest(&self) -> bool {
        matches!(self.field.form, Form::Sha1 | Form::Sha256 | Form::Pin)
    }
}

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

/// One thing that is open.
#[derive(Debug)]
pub(in crate::ui) struct Page {
    /// Its place among all.
    pub(in crate::ui) entry: usize,
    /// Itself.
    pub(in crate::ui) document: Document,
    /// Its fields and their parts, each before its parts.
    pub(in crate::ui) rows: Vec<Row>,
    /// The rows that are not folded away.
    pub(in crate::ui) visible: Vec<usize>,
    /// The row of each element that is a field.
    labels: HashMap<usize, usize>,
    /// The field of the cursor.
    pub(in crate::ui) field: Option<usize>,
    /// The element of the cursor.
    pub(in crate::ui) node: Option<usize>,
    /// The byte of the cursor.
    pub(in crate::ui) byte: usize,
    /// The bytes that are meant.
    pub(in crate::ui) range: Range<usize>,
    /// The pane that leads.
    pub(in crate::ui) pane: Pane,
    /// The pane beside the fields, where there is room for two.
    pub(in crate::ui) beside: Pane,
    /// Lines that each pane is scrolled by.
    pub(in crate::ui) scrolls: [usize; 3],
    /// What is looked for.
    pub(in crate::ui) search: Search,
}

fn flatten(fields: &[Field]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut stack: Vec<(&Field, Option<usize>, usize)> =
        fields.iter().rev().map(|field| (field, None, 0)).collect();
    while let Some((field, parent, depth)) = stack.pop() {
        let at = rows.len();
        let short = field.value.get(..field.value.floor_char_boundary(SHORT)).unwrap_or_default();
        rows.push(Row {
            field: Field {
                name: field.name.clone(),
                value: field.value.clone(),
                form: field.form,
                range: field.range.clone(),
                node: field.node,
                flaws: field.flaws.clone(),
                parts: Vec::new(),
            },
            short: short.to_owned(),
            depth,
            parent,
            end: at + 1,
            is_open: false,
        });
        stack.extend(field.parts.iter().rev().map(|part| (part, Some(at), depth + 1)));
    }
    for at in (0..rows.len()).rev() {
        let (parent, end) = rows.get(at).map_or((None, 0), |row| (row.parent, row.end));
        if let Some(parent) = parent.and_then(|parent| rows.get_mut(parent)) {
            parent.end = parent.end.max(end);
        }
    }
    rows
}

impl Page {
    /// It, with the cursor on its first field.
    pub(in crate::ui) fn of(entry: usize, document: Document) -> Self {
        let rows = flatten(&document.fields);
        let mut labels = HashMap::new();
        for (at, row) in rows.iter().enumerate().filter(|(_, row)| !row.is_digest()) {
            if let Some(node) = row.field.node {
                labels.entry(node).or_insert(at);
            }
        }
        let mut page = Self {
            entry,
            document,
            rows,
            visible: Vec::new(),
            labels,
            field: None,
            node: None,
            byte: 0,
            range: 0..0,
            pane: Pane::Fields,
            beside: Pane::Tree,
            scrolls: [0; 3],
            search: Search::default(),
        };
        page.renew();
        page.select_field(0);
        page
    }

    /// Works out anew which rows are seen.
    fn renew(&mut self) {
        self.visible.clear();
        let mut at = 0;
        while let Some(row) = self.rows.get(at) {
            self.visible.push(at);
            at = if row.is_open { at + 1 } else { row.end };
        }
    }

    /// The row of a field that an element is.
    pub(in crate::ui) fn label(&self, node: usize) -> Option<&Row> {
        self.rows.get(*self.labels.get(&node)?)
    }

    /// Where the cursor is among the rows that are seen.
    pub(in crate::ui) fn seen(&self) -> usize {
        let Some(field) = self.field else {
            // Nothing is a field here: the one before it in the bytes is near.
            return 0;
        };
        self.visible.partition_point(|row| *row <= field).saturating_sub(1)
    }

    /// Points at a field: at its element and its bytes.
    pub(in crate::ui) fn select_field(&mut self, row: usize) {
        let Some(found) = self.rows.get(row) else { return };
        let (range, node) = (found.field.range.clone(), found.field.node);
        self.unfold_to(row);
        self.field = Some(row);
        match range {
            Some(range) => {
                self.byte = range.start;
                self.node = node.or_else(|| self.around(&range));
                self.range = range;
            }
            None => {
                self.node = None;
                self.range = self.byte..self.byte;
            }
        }
    }

    /// Points at an element: at its bytes and the field that it is, or that it is a part of.
    pub(in crate::ui) fn select_node(&mut self, index: usize) {
        let Some(node) = self.document.tree.nodes.get(index) else { return };
        self.range = node.range();
        self.byte = self.range.start;
        self.node = Some(index);
        self.field = self.labels.get(&index).copied().or_else(|| self.field_around(&self.range));
        if let Some(row) = self.field {
            self.unfold_to(row);
        }
    }

    /// Points at a byte: at the innermost element and the smallest field around it.
    pub(in crate::ui) fn select_byte(&mut self, byte: usize) {
        let byte = byte.min(self.document.der.len().saturating_sub(1));
        let one = byte..byte.saturating_add(1).min(self.document.der.len());
        self.node = self.around(&one);
        let nodes = &self.document.tree.nodes;
        self.range = self.node.and_then(|node| nodes.get(node)).map_or(one.clone(), |node| node.range());
        self.byte = byte;
        self.field = self.field_around(&one);
        if let Some(row) = self.field {
            self.unfold_to(row);
        }
    }

    /// The innermost element around these bytes.
    fn around(&self, range: &Range<usize>) -> Option<usize> {
        let nodes = &self.document.tree.nodes;
        let mut at = nodes.partition_point(|node| node.offset <= range.start).checked_sub(1);
        while let Some(index) = at {
            let node = nodes.get(index)?;
            if node.range().end >= range.end {
                return Some(index);
            }
            at = node.parent;
        }
        None
    }

    /// The smallest field around these bytes; of several of one size the outermost.
    fn field_around(&self, range: &Range<usize>) -> Option<usize> {
        let mut best: Option<(usize, usize)> = None;
        for (at, row) in self.rows.iter().enumerate().filter(|(_, row)| !row.is_digest()) {
            let Some(own) = &row.field.range else { continue };
            let holds = own.start <= range.start && range.end <= own.end;
            if holds && best.is_none_or(|(_, length)| own.len() < length) {
                best = Some((at, own.len()));
            }
        }
        best.map(|(at, _)| at)
    }

    /// Unfolds whatever a row is a part of.
    fn unfold_to(&mut self, row: usize) {
        let mut changed = false;
        let mut next = self.rows.get(row).and_then(|row| row.parent);
        while let Some(at) = next {
            let Some(above) = self.rows.get_mut(at) else { break };
            changed |= !above.is_open;
            above.is_open = true;
            next = above.parent;
        }
        if changed {
            self.renew();
        }
    }

    /// Folds or unfolds the field that is pointed at; whether it has parts.
    pub(in crate::ui) fn fold(&mut self, open: Option<bool>) -> bool {
        let Some(at) = self.field else { return false };
        let Some(row) = self.rows.get_mut(at).filter(|row| row.end > at + 1) else { return false };
        let to = open.unwrap_or(!row.is_open);
        let changed = row.is_open != to;
        row.is_open = to;
        if changed {
            self.renew();
        }
        changed
    }

    /// In the pane that leads: so many rows down. `columns` is how many bytes a row has.
    pub(in crate::ui) fn move_by(&mut self, rows: isize, columns: usize) {
        match self.pane {
            Pane::Fields => {
                let last = self.visible.len().saturating_sub(1);
                let to = self.seen().saturating_add_signed(rows).min(last);
                if let Some(row) = self.visible.get(to) {
                    self.select_field(*row);
                }
            }
            Pane::Tree => {
                let last = self.document.tree.nodes.len().saturating_sub(1);
                let to = self.node.unwrap_or(0).saturating_add_signed(rows).min(last);
                self.select_node(to);
            }
            Pane::Bytes => {
                let columns = isize::try_from(columns).unwrap_or(1);
                let to = self.byte.saturating_add_signed(rows.saturating_mul(columns));
                if to < self.document.der.len() || rows > 1 {
                    self.select_byte(to);
                }
            }
        }
    }

    /// In the pane that leads: inwards, or outwards.
    pub(in crate::ui) fn step(&mut self, inwards: bool) {
        match self.pane {
            Pane::Fields => {
                let at = self.field.unwrap_or(0);
                let row = self.rows.get(at);
                let parent = row.and_then(|row| row.parent);
                let is_open_with_parts = row.is_some_and(|row| row.is_open && row.end > at + 1);
                if !self.fold(Some(inwards)) {
                    match (inwards, parent) {
                        (true, _) if is_open_with_parts => self.select_field(at + 1),
                        (false, Some(parent)) => self.select_field(parent),
                        _ => {}
                    }
                }
            }
            Pane::Tree => {
                let at = self.node.unwrap_or(0);
                let Some(node) = self.document.tree.nodes.get(at) else { return };
                let (parent, has_children) = (node.parent, node.end > at + 1);
                match (inwards, parent) {
                    (true, _) if has_children => self.select_node(at + 1),
                    (false, Some(parent)) => self.select_node(parent),
                    _ => {}
                }
            }
            Pane::Bytes if inwards => self.select_byte(self.byte + 1),
            Pane::Bytes => self.select_byte(self.byte.saturating_sub(1)),
        }
    }

    /// Makes a pane the one that leads.
    pub(in crate::ui) fn lead(&mut self, pane: Pane) {
        self.pane = pane;
        if pane != Pane::Fields {
            self.beside = pane;
        }
    }

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

    /// The field of the cursor.
    pub(in crate::ui) fn row(&self) -> Option<&Row> {
        self.rows.get(self.field?)
    }

    /// Scrolls each pane so that the cursor is seen in so many rows.
    pub(in crate::ui) fn follow(&mut self, rooms: [usize; 3], columns: usize) {
        let columns = columns.max(1);
        let (start, cursor) = (self.range.start / columns, self.byte / columns);
        let places = [
            self.field.map(|_| self.seen()),
            self.node,
            Some(if self.pane == Pane::Bytes { cursor } else { start }),
        ];
        for ((scroll, place), room) in self.scrolls.iter_mut().zip(places).zip(rooms) {
            let Some(place) = place else { continue };
            let margin = 2.min(room.saturating_sub(1) / 2);
            let least = (place + margin + 1).saturating_sub(room);
            *scroll = (*scroll).clamp(least, place.saturating_sub(margin).max(least));
        }
        self.clamp(rooms, columns);
    }

    /// Keeps each pane inside of what there is.
    pub(in crate::ui) fn clamp(&mut self, rooms: [usize; 3], columns: usize) {
        let counts = [
            self.visible.len(),
            self.document.tree.nodes.len(),
            self.document.der.len().div_ceil(columns.max(1)),
        ];
        for ((scroll, count), room) in self.scrolls.iter_mut().zip(counts).zip(rooms) {
            *scroll = (*scroll).min(count.saturating_sub(room));
        }
    }
}
