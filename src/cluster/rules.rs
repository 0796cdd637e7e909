//! What single fields must be (`assets/rules.toml`), wherever their type stands in an object.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::access::Json;

use super::failure::Cause;
use super::names::NameRule;
use super::schema::{Field, Message, Shape};

const SOURCE: &str = include_str!("../../assets/rules.toml");

type File = HashMap<String, HashMap<String, Vec<String>>>;

#[derive(Debug)]
enum Check {
    Required(String),
    OneOf(Vec<String>),
    Range(i64, i64),
    Least(i64),
    Above(i64),
    Name(NameRule),
    PortName,
    Unique(String),
}

/// The checks of a type: the field, and what it must be.
type Rules = HashMap<String, Vec<(String, Check)>>;

/// The file is part of the program, and a test reads it: it always parses.
static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let file: File = toml::from_str(SOURCE).unwrap_or_default();
    let types = file.into_iter().flat_map(|(package, types)| {
        types.into_iter().map(move |(name, rows)| (format!("{package}.{name}"), rows))
    });
    types.map(|(name, rows)| (name, rows.iter().filter_map(|row| rule(row)).collect())).collect()
});

fn rule(row: &str) -> Option<(String, Check)> {
    let (field, rest) = row.split_once(' ')?;
    let (check, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let number = |text: &str| text.parse::<i64>().ok();
    let check = match check {
        "required" => Check::Required(rest.to_owned()),
        "one-of" => Check::OneOf(rest.split(' ').map(str::to_owned).collect()),
        "range" => {
            let (low, high) = rest.split_once(' ')?;
            Check::Range(number(low)?, number(high)?)
        }
        "least" => Check::Least(number(rest)?),
        "above" => Check::Above(number(rest)?),
        "label" => Check::Name(NameRule::Label),
        "subdomain" => Check::Name(NameRule::Subdomain),
        "port-name" => Check::PortName,
        "unique" => Check::Unique(rest.to_owned()),
        _ => return None,
    };
    Some((field.to_owned(), check))
}

/// All that the rules find wrong with a value of a type; what stands in `status` is the
/// server's and its agents'.
pub(super) fn check(causes: &mut Vec<Cause>, known: &Message, value: &Json, path: &str) {
    let join = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let rules = RULES.get(&format!("{}.{}", known.package, known.name));
    for (field, check) in rules.into_iter().flatten() {
        apply(causes, check, value.get(field), &join(field));
    }
    for field in
        known.fields.iter().filter(|field| !matches!(field.name.as_str(), "status" | "managedFields"))
    {
        let (Some(message), Some(below)) = (field.message(), value.get(&field.name)) else { continue };
        descend(causes, field, message, below, &join(&field.name));
    }
}

fn descend(causes: &mut Vec<Cause>, field: &Field, message: &Message, value: &Json, path: &str) {
    match (field.shape, value) {
        (Shape::Single, value) => check(causes, message, value, path),
        (_, Json::Array(items)) => {
            for (place, item) in items.iter().enumerate() {
                check(causes, message, item, &format!("{path}[{place}]"));
            }
        }
        (_, value) => {
            for (key, item) in value.fields() {
                check(causes, message, item, &format!("{path}[{key}]"));
            }
        }
    }
}

fn apply(causes: &mut Vec<Cause>, check: &Check, value: Option<&Json>, path: &str) {
    let is_empty = value.is_none_or(|value| value.is_nothing() || *value == Json::integer(0));
    let text = value.and_then(Json::as_text).filter(|text| !text.is_empty());
    let number = value.and_then(Json::as_integer);
    let mut wrong = |value: Json, why: &str| causes.push(Cause::invalid(path, &value, why));
    match check {
        Check::Required(why) if is_empty => causes.push(Cause::required(path, why)),
        Check::Required(_) => {}
        Check::OneOf(known) => {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            if let Some(text) = text.filter(|text| !known.contains(text)) {
                causes.push(Cause::unsupported(path, text, &known));
            }
            if let Some(Json::Array(items)) = value {
                for (place, item) in items.iter().enumerate() {
                    if let Some(text) = item.as_text().filter(|text| !known.contains(text)) {
                        causes.push(Cause::unsupported(&format!("{path}[{place}]"), text, &known));
                    }
                }
            }
        }
        Check::Range(low, high) => {
            if let Some(number) = number.filter(|number| *number != 0 && !(*low..=*high).contains(number)) {
                wrong(Json::integer(number), &format!("must be between {low} and {high}, inclusive"));
            }
        }
        Check::Least(least) => {
            if let Some(number) = number.filter(|number| number < least) {
                wrong(Json::integer(number), &format!("must be greater than or equal to {least}"));
            }
        }
        Check::Above(least) => {
            if let Some(number) = number.filter(|number| number <= least) {
                wrong(Json::integer(number), &format!("must be greater than {least}"));
            }
        }
        Check::Name(rule) => {
            for fault in text.map(|text| rule.faults(text)).unwrap_or_default() {
                wrong(text.unwrap_or_default().into(), &fault);
            }
        }
        Check::PortName => {
            for fault in text.map(port_name).unwrap_or_default() {
                wrong(text.unwrap_or_default().into(), fault);
            }
        }
        Check::Unique(key) => {
            let Some(Json::Array(items)) = value else { return };
            for (place, item) in items.iter().enumerate() {
                let own = item.text(key);
                if !own.is_empty() && items.iter().take(place).any(|other| other.text(key) == own) {
                    causes.push(Cause::duplicate(&format!("{path}[{place}].{key}"), own));
                }
            }
        }
    }
}

/// What is wrong with the name of a port (apimachinery/pkg/util/validation, `IsValidPortName`).
fn port_name(name: &str) -> Vec<&'static str> {
    let mut faults = Vec::new();
    if name.len() > 15 {
        faults.push("must be no more than 15 characters");
    }
    if !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
        faults.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    }
    if !name.chars().any(|c| c.is_ascii_lowercase()) {
        faults.push("must contain at least one letter (a-z)");
    }
    if name.contains("--") {
        faults.push("must not contain consecutive hyphens");
    }
    if name.starts_with('-') || name.ends_with('-') {
        faults.push("must not begin or end with a hyphen");
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::super::schema;
    use super::*;

    #[test]
    fn every_row_reads_and_names_a_field() {
        let file: File = toml::from_str(SOURCE).unwrap();
        for (package, types) in &file {
            let (group, version) = package.split_once('.').unwrap();
            let version = if group == "core" { version.to_owned() } else { format!("{group}/{version}") };
            for (name, rows) in types {
                let known = schema::of(&version, name).unwrap_or_else(|| panic!("{package}.{name}"));
                for row in rows {
                    let (field, _) = rule(row).unwrap_or_else(|| panic!("{row}"));
                    assert!(known.field(&field).is_some(), "{package}.{name}: {row}");
                }
            }
        }
    }
}
