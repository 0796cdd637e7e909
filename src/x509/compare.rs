//! Two documents field by field: what is the same, what changed, what only one has.

use std::collections::{HashMap, HashSet};

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::document::Document;
use super::field::Field;

/// How a field of one document stands to that of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The same bytes, or the same value where no bytes stand for it.
    Same,
    /// Both have it, and they differ.
    Changed,
    /// The first alone has it.
    First,
    /// The second alone has it.
    Second,
}

/// One field of either document, or of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference<'a> {
    /// The field's name.
    pub name: &'a str,
    /// How the two stand.
    pub standing: Standing,
    /// The field in the first.
    pub first: Option<&'a Field>,
    /// The field in the second.
    pub second: Option<&'a Field>,
    /// Of what changed, the parts.
    pub parts: Vec<Difference<'a>>,
}

/// A value with its place.
#[derive(Serialize)]
struct Place<'a> {
    value: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<usize>,
}

impl<'a> Place<'a> {
    fn of(field: &'a Field) -> Self {
        let offset = field.range.as_ref().map(|range| range.start);
        Self { value: &field.value, offset, length: field.range.as_ref().map(ExactSizeIterator::len) }
    }
}

impl Serialize for Difference<'_> {
    /// `{name, standing, first, second, parts}`: values with offset and length.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Difference", 5)?;
        fields.serialize_field("name", self.name)?;
        fields.serialize_field("standing", &self.standing)?;
        fields.serialize_field("first", &self.first.map(Place::of))?;
        fields.serialize_field("second", &self.second.map(Place::of))?;
        fields.serialize_field("parts", &self.parts)?;
        fields.end()
    }
}

/// Everything that either document holds, in the order of the first; what the second alone
/// has comes last.
#[must_use]
pub fn compare<'a>(first: &'a Document, second: &'a Document) -> Vec<Difference<'a>> {
    let same = |a: &Field, b: &Field| match (&a.range, &b.range) {
        (Some(_), Some(_)) => first.bytes(a) == second.bytes(b) && a.value == b.value,
        _ => a.value == b.value,
    };
    aligned(&first.fields, &second.fields, &same)
}

fn aligned<'a>(
    first: &'a [Field],
    second: &'a [Field],
    same: &dyn Fn(&Field, &Field) -> bool,
) -> Vec<Difference<'a>> {
    // Fields that are alike to the letter find each other first, then those of one name.
    let mut by_value: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for (index, field) in second.iter().enumerate().rev() {
        by_value.entry((field.name.as_ref(), field.value.as_str())).or_default().push(index);
    }
    let mut partner: Vec<Option<usize>> = first
        .iter()
        .map(|field| by_value.get_mut(&(field.name.as_ref(), field.value.as_str()))?.pop())
        .collect();
    let mut taken: HashSet<usize> = partner.iter().flatten().copied().collect();
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, field) in second.iter().enumerate().rev().filter(|(index, _)| !taken.contains(index)) {
        by_name.entry(field.name.as_ref()).or_default().push(index);
    }
    for (field, partner) in first.iter().zip(&mut partner) {
        if partner.is_none() {
            *partner = by_name.get_mut(field.name.as_ref()).and_then(Vec::pop);
            taken.extend(*partner);
        }
    }
    let mut differences: Vec<Difference<'a>> = first
        .iter()
        .zip(partner)
        .map(|(field, partner)| {
            let other = partner.and_then(|index| second.get(index));
            let standing = match other {
                None => Standing::First,
                Some(other) if same(field, other) => Standing::Same,
                Some(_) => Standing::Changed,
            };
            let parts = match (standing, other) {
                (Standing::Changed, Some(other)) => aligned(&field.parts, &other.parts, same),
                _ => Vec::new(),
            };
            Difference { name: &field.name, standing, first: Some(field), second: other, parts }
        })
        .collect();
    let alone = second.iter().enumerate().filter(|(index, _)| !taken.contains(index));
    differences.extend(alone.map(|(_, field)| Difference {
        name: &field.name,
        standing: Standing::Second,
        first: None,
        second: Some(field),
        parts: Vec::new(),
    }));
    differences
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &'static str, value: &str, parts: Vec<Field>) -> Field {
        Field { parts, ..Field::planned(name, value) }
    }

    #[test]
    fn fields_are_aligned_by_name_and_lists_by_value() {
        let names = |values: &[&str]| values.iter().map(|value| named("DNS", value, Vec::new())).collect();
        let document = |fields| Document {
            kind: super::super::Kind::Certificate,
            der: Vec::new(),
            tree: super::super::Tree::default(),
            fields,
        };
        let before = document(vec![
            named("version", "3", Vec::new()),
            named("subjectAltName", "a, b", names(&["a", "b"])),
            named("keyUsage", "x", Vec::new()),
        ]);
        let after = document(vec![
            named("version", "3", Vec::new()),
            named("subjectAltName", "b, c, d", names(&["b", "c", "d"])),
            named("sha1", "y", Vec::new()),
        ]);
        let differences = compare(&before, &after);
        let told: Vec<_> = differences.iter().map(|d| (d.name, d.standing)).collect();
        assert_eq!(
            told,
            [
                ("version", Standing::Same),
                ("subjectAltName", Standing::Changed),
                ("keyUsage", Standing::First),
                ("sha1", Standing::Second),
            ]
        );
        let parts: Vec<_> = differences[1].parts.iter().map(|d| d.standing).collect();
        assert_eq!(parts, [Standing::Changed, Standing::Same, Standing::Second]);
    }
}
