//! Which objects of a list are meant: label and field selectors
//! (apimachinery/pkg/labels, …/pkg/fields).

use crate::access::{FieldRequirement, Json};
use crate::text::quote;

use super::failure::{Answer, Failure, Served};
use super::kinds;
use super::message::Request;

/// What a list or a watch is narrowed down to.
#[derive(Debug, Clone, Default)]
pub(super) struct Selection {
    labels: Vec<Term>,
    fields: Vec<FieldRequirement>,
    /// The one object that is meant, if it is one.
    name: String,
}

/// One term of a label selector.
#[derive(Debug, Clone)]
struct Term {
    key: String,
    operator: Operator,
}

#[derive(Debug, Clone)]
enum Operator {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Absent,
    Above(i64),
    Below(i64),
}

impl Selection {
    /// What a request asks for.
    pub(super) fn of_request(served: Served, name: &str, request: &Request) -> Answer<Self> {
        let labels = match request.query("labelSelector") {
            Some(text) => parse(&text)
                .map_err(|why| Failure::bad_request(format!("unable to parse requirement: {why}")))?,
            None => Vec::new(),
        };
        let text = request.query("fieldSelector").unwrap_or_default();
        let fields = FieldRequirement::of_selector(&text).map_err(Failure::bad_request)?;
        let known = kinds::fields(served);
        let common = ["metadata.name", "metadata.namespace"];
        let unknown =
            fields.iter().find(|term| !common.contains(&term.field.as_str()) && !known.contains(&term.field));
        if let Some(unknown) = unknown {
            let field = &unknown.field;
            // Kinds without fields of their own answer in other words
            // (apimachinery/pkg/runtime, `DefaultMetaV1FieldSelectorConversion`).
            return Err(Failure::bad_request(if known.is_empty() {
                format!(
                    "{} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
                    quote(field)
                )
            } else {
                format!("field label not supported: {field}")
            }));
        }
        Ok(Self { labels, fields, name: name.to_owned() })
    }

    /// Whether any object is meant.
    pub(super) fn is_any(&self) -> bool {
        self.name.is_empty() && self.fields.is_empty() && self.labels.is_empty()
    }

    /// Whether an object is meant.
    pub(super) fn takes(&self, object: &Json) -> bool {
        (self.name.is_empty() || object.text("metadata.name") == self.name)
            && self.fields.iter().all(|term| (field(object, &term.field) == term.value) == term.equals)
            && (self.labels.is_empty() || {
                let none = Json::Null;
                let labels = object.at("metadata.labels").unwrap_or(&none);
                self.labels.iter().all(|term| term.takes(labels))
            })
    }
}

fn field(object: &Json, path: &str) -> String {
    match object.at(path) {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Bool(value)) => value.to_string(),
        Some(Json::Number(number)) => number.to_string(),
        // What is absent and a flag is false.
        _ if matches!(path, "spec.unschedulable" | "spec.hostNetwork") => "false".to_owned(),
        _ => String::new(),
    }
}

impl Term {
    fn takes(&self, labels: &Json) -> bool {
        let value = labels.get(&self.key).and_then(Json::as_text);
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match &self.operator {
            Operator::In(values) => value.is_some_and(|value| values.iter().any(|own| own == value)),
            Operator::NotIn(values) => !value.is_some_and(|value| values.iter().any(|own| own == value)),
            Operator::Exists => value.is_some(),
            Operator::Absent => value.is_none(),
            Operator::Above(bound) => number().is_some_and(|value| value > *bound),
            Operator::Below(bound) => number().is_some_and(|value| value < *bound),
        }
    }
}

/// Reads `a=b,c!=d,e in (f,g),h,!i`.
fn parse(text: &str) -> Result<Vec<Term>, String> {
    split(text).into_iter().map(term).collect()
}

/// At the commas that stand in no brackets.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut from, mut depth) = (0, 0_usize);
    for (at, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.extend(text.get(from..at));
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(text.get(from..));
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn term(text: &str) -> Result<Term, String> {
    let text = text.trim();
    if let Some(key) = text.strip_prefix('!') {
        return Ok(Term { key: checked_key(key.trim())?, operator: Operator::Absent });
    }
    for (word, is_in) in [(" notin ", false), (" in ", true)] {
        let spaced = text.replacen('(', " (", 1);
        if let Some((key, values)) = spaced.split_once(word) {
            let values = values.trim().strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
            let values = values.ok_or_else(|| format!("found '{text}', expected: '('"))?;
            let values =
                values.split(',').map(|value| checked_value(value.trim())).collect::<Result<_, _>>()?;
            let operator = if is_in { Operator::In(values) } else { Operator::NotIn(values) };
            return Ok(Term { key: checked_key(key.trim())?, operator });
        }
    }
    for (sign, is_equal) in [("!=", false), ("==", true), ("=", true)] {
        if let Some((key, value)) = text.split_once(sign) {
            let values = vec![checked_value(value.trim())?];
            let operator = if is_equal { Operator::In(values) } else { Operator::NotIn(values) };
            return Ok(Term { key: checked_key(key.trim())?, operator });
        }
    }
    for (sign, make) in [('>', Operator::Above as fn(i64) -> Operator), ('<', Operator::Below)] {
        if let Some((key, value)) = text.split_once(sign) {
            let bound = value
                .trim()
                .parse()
                .map_err(|_| "for 'Gt', 'Lt' operators, the value must be an integer".to_owned())?;
            return Ok(Term { key: checked_key(key.trim())?, operator: make(bound) });
        }
    }
    Ok(Term { key: checked_key(text)?, operator: Operator::Exists })
}

fn checked_key(key: &str) -> Result<String, String> {
    if key.is_empty() || key.chars().any(char::is_whitespace) {
        return Err(format!("found '{key}', expected: !, identifier, or 'end of string'"));
    }
    match super::names::qualified_name(key) {
        None => Ok(key.to_owned()),
        Some(why) => Err(format!("<nil>: Invalid value: {}: {why}", quote(key))),
    }
}

fn checked_value(value: &str) -> Result<String, String> {
    match super::names::label_value(value) {
        None => Ok(value.to_owned()),
        Some(why) => Err(format!("values[0][{value}]: Invalid value: {}: {why}", quote(value))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_select_by_labels() {
        let object: Json = serde_json::from_str(r#"{"metadata":{"labels":{"a":"b","n":"5"}}}"#).unwrap();
        for (text, expected) in [
            ("a=b", true),
            ("a==b,n", true),
            ("a!=b", false),
            ("a in (x, b)", true),
            ("a notin (b)", false),
            ("!a", false),
            ("!z", true),
            ("z notin (b)", true),
            ("n>4", true),
            ("n<5", false),
            ("", true),
        ] {
            let selection = Selection { labels: parse(text).unwrap(), ..Selection::default() };
            assert_eq!(selection.takes(&object), expected, "{text}");
        }
        assert!(parse("a b").is_err());
        assert!(parse("a=b c").is_err());
    }
}
