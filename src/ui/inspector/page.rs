//! One thing that is open: its fields, its elements and its bytes, and one cursor in all
//! three. A field leads to its element and its bytes, an element to its field and its bytes, a
//! byte to the innermost element and the smallest field around it.

use std::collections::HashMap;
use std::ops::Range;

use super::row::{Row, flatten};
use super::search::Search;
use crate::x509::Document;

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

    /// Makes a pane the one that leads; what has no bytes has fields alone.
    pub(in crate::ui) fn lead(&mut self, pane: Pane) {
        if self.document.der.is_empty() {
            return;
        }
        self.pane = pane;
        if pane != Pane::Fields {
            self.beside = pane;
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
