//! Fields and their parts as the rows of a list.

use crate::x509::{Field, Form};

/// How much of a value a row holds, in bytes: more than any window is wide.
const SHORT: usize = 400;

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
    pub(super) fn is_digest(&self) -> bool {
        matches!(self.field.form, Form::Sha1 | Form::Sha256 | Form::Pin)
    }
}

/// Each field before its parts.
pub(super) fn flatten(fields: &[Field]) -> Vec<Row> {
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
