//! An object as its Go type holds it: fields that the type has, in its order, with values of
//! their types, and nothing where there is nothing (sigs.k8s.io/json,
//! apimachinery/pkg/runtime/serializer/json).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::access::Json;
use crate::text::quote;

use super::schema::{self, Field, Kind, Message, Shape};

/// What a strict client wants to know of: unknown and duplicate fields, as
/// `unknown field "spec.foo"`.
pub(super) type Faults = Vec<String>;

/// In whose words a value of another type is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// Those of Go's JSON decoder.
    Decoder,
    /// Those of the converter behind strategic merge patches
    /// (apimachinery/pkg/runtime/converter.go).
    Unstructured,
}

/// Brings an object into the form of its type.
///
/// # Errors
/// A value is not of the type of its field: the message of Go's decoder.
pub(super) fn settle(object: &mut Json, words: Words, faults: &mut Faults) -> Result<(), String> {
    let Some(known) = schema::of(object.text("apiVersion"), object.text("kind")) else { return Ok(()) };
    let mut found = Found { words, faults, first: None };
    fields(known, object, &Path::default(), &mut found);
    found.first.map_or(Ok(()), Err)
}

/// What was found on the way.
struct Found<'a> {
    words: Words,
    faults: &'a mut Faults,
    /// The first value that is of another type than its field.
    first: Option<String>,
}

impl Found<'_> {
    fn wrong(&mut self, around: &Message, field: &Field, path: &Path, value: &Json, wanted: &str) {
        let words = self.words;
        self.first.get_or_insert_with(|| match words {
            Words::Decoder => format!(
                "json: cannot unmarshal {} into Go struct field {}.{} of type {wanted}",
                go_value(value),
                around.name,
                path.plain
            ),
            Words::Unstructured => {
                let what = match value {
                    Json::Bool(_) => "bool",
                    Json::Number(number) if number.is_f64() => "float64",
                    Json::Number(_) => "int64",
                    Json::Array(_) => "slice",
                    Json::String(_) => "string",
                    Json::Object(_) | Json::Null => "map",
                };
                match () {
                    () if wanted.starts_with("[]") => format!("cannot restore slice from {what}"),
                    () if wanted.starts_with("map[") => format!("cannot restore map from {what}"),
                    () if field.message().is_some() => format!("cannot restore struct from: {what}"),
                    () => format!("unrecognized type: {wanted}"),
                }
            }
        });
    }
}

/// Where a value stands: with the places in lists, and without them as Go's decoder says it.
#[derive(Debug, Clone, Default)]
struct Path {
    whole: String,
    plain: String,
}

impl Path {
    fn field(&self, name: &str) -> Self {
        let join = |base: &str| if base.is_empty() { name.to_owned() } else { format!("{base}.{name}") };
        Self { whole: join(&self.whole), plain: join(&self.plain) }
    }

    fn item(&self, place: usize) -> Self {
        Self { whole: format!("{}[{place}]", self.whole), plain: self.plain.clone() }
    }
}

fn fields(known: &Message, object: &mut Json, path: &Path, found: &mut Found<'_>) {
    let Json::Object(all) = object else { return };
    let mut settled: Vec<(usize, String, Json)> = Vec::with_capacity(all.len());
    for (key, mut value) in all.drain(..) {
        let below = path.field(&key);
        let duplicate = settled.iter().position(|(_, other, _)| *other == key);
        if duplicate.is_some() {
            found.faults.push(format!("duplicate field {}", quote(&below.whole)));
        }
        let known_as = known.fields.iter().enumerate().find(|(_, field)| field.name == key);
        let Some((order, field)) = known_as else {
            found.faults.push(format!("unknown field {}", quote(&below.whole)));
            continue;
        };
        if value == Json::Null {
            continue;
        }
        check(known, field, &mut value, &below, found);
        if is_left_out(field, &value) {
            continue;
        }
        match duplicate.and_then(|place| settled.get_mut(place)) {
            // The last one counts.
            Some(own) => own.2 = value,
            None => settled.push((order, key, value)),
        }
    }
    settled.sort_by_key(|(order, ..)| *order);
    all.extend(settled.into_iter().map(|(_, key, value)| (key, value)));
}

/// What Go's `omitempty` leaves out.
fn is_left_out(field: &Field, value: &Json) -> bool {
    if field.is_required || field.is_pointer {
        return false;
    }
    match value {
        // Rules and subsets are written even where there are none.
        Json::Array(items) => items.is_empty() && field.name != "rules",
        Json::Object(fields) => fields.is_empty() && field.shape == Shape::Map,
        Json::String(text) => text.is_empty() && field.kind == Kind::Text,
        Json::Bool(value) => !value,
        Json::Number(number) => number.as_i64() == Some(0) && matches!(field.kind, Kind::Int32 | Kind::Int64),
        Json::Null => true,
    }
}

fn check(around: &Message, field: &Field, value: &mut Json, path: &Path, found: &mut Found<'_>) {
    match (field.shape, &mut *value) {
        (Shape::Single, value) => {
            if let Err(why) = one(field, value, path, found) {
                match why {
                    Some(why) => _ = found.first.get_or_insert(why),
                    None => found.wrong(around, field, path, value, &field.go_type()),
                }
            }
        }
        (Shape::List, Json::Array(items)) => {
            for (place, item) in items.iter_mut().enumerate() {
                if *item == Json::Null {
                    *item = if field.message().is_some() { Json::Object(Vec::new()) } else { "".into() };
                }
                if let Err(why) = one(field, item, &path.item(place), found) {
                    let wanted = field.go_type();
                    match why {
                        Some(why) => _ = found.first.get_or_insert(why),
                        None => found.wrong(around, field, path, item, wanted.trim_start_matches("[]")),
                    }
                }
            }
        }
        (Shape::Map, Json::Object(entries)) => {
            // The last of two counts, and Go writes maps by their keys.
            let mut kept: Vec<(String, Json)> = Vec::with_capacity(entries.len());
            for (key, mut item) in entries.drain(..) {
                if item == Json::Null {
                    item = "".into();
                }
                if let Err(why) = one(field, &mut item, path, found) {
                    let wanted = field.go_type();
                    match why {
                        Some(why) => _ = found.first.get_or_insert(why),
                        None => {
                            found.wrong(around, field, path, &item, wanted.trim_start_matches("map[string]"));
                        }
                    }
                }
                match kept.iter_mut().find(|(own, _)| *own == key) {
                    Some(own) => {
                        found.faults.push(format!("duplicate field {}", quote(&path.field(&key).whole)));
                        own.1 = item;
                    }
                    None => kept.push((key, item)),
                }
            }
            kept.sort_by(|(one, _), (other, _)| one.cmp(other));
            entries.extend(kept);
        }
        (_, value) => found.wrong(around, field, path, value, &field.go_type()),
    }
}

/// One value. The error is its own message, or none where it is of another type.
fn one(field: &Field, value: &mut Json, path: &Path, found: &mut Found<'_>) -> Result<(), Option<String>> {
    match (field.kind, &mut *value) {
        (Kind::Text, Json::String(_)) | (Kind::Bool, Json::Bool(_)) | (Kind::Any, _) => Ok(()),
        (Kind::Bytes, Json::String(text)) => match STANDARD.decode(&*text) {
            Ok(_) => Ok(()),
            Err(_) => Err(Some(format!("illegal base64 data at input byte {}", first_bad(text)))),
        },
        (Kind::Int32, Json::Number(number)) => {
            number.as_i64().and_then(|number| i32::try_from(number).ok()).map(|_| ()).ok_or(None)
        }
        (Kind::Int64, Json::Number(number)) => number.as_i64().map(|_| ()).ok_or(None),
        (Kind::Double, Json::Number(_)) => Ok(()),
        (Kind::IntOrString, Json::String(_)) => Ok(()),
        (Kind::IntOrString, Json::Number(number)) if number.is_i64() => Ok(()),
        (Kind::Quantity, Json::Number(number)) => {
            *value = number.to_string().into();
            Ok(())
        }
        (Kind::Quantity, Json::String(text)) => {
            if super::quantity::is_quantity(text) {
                Ok(())
            } else {
                Err(Some(super::quantity::MISTAKE.into()))
            }
        }
        (Kind::Time | Kind::MicroTime, Json::String(text)) => match OffsetDateTime::parse(text, &Rfc3339) {
            Ok(_) => Ok(()),
            Err(_) => {
                let layout = if field.kind == Kind::Time {
                    "2006-01-02T15:04:05Z07:00"
                } else {
                    "2006-01-02T15:04:05.000000Z07:00"
                };
                let shown = quote(text);
                Err(Some(format!("parsing time {shown} as \"{layout}\": cannot parse {shown} as \"2006\"")))
            }
        },
        (Kind::Texts, Json::Array(items)) => {
            items.iter().all(|item| item.as_text().is_some()).then_some(()).ok_or(None)
        }
        (Kind::Message(_), Json::Object(_)) => {
            if let Some(known) = field.message() {
                fields(known, value, path, found);
            }
            Ok(())
        }
        _ => Err(None),
    }
}

/// A value as Go's decoder names it where it does not fit.
fn go_value(value: &Json) -> String {
    match value {
        Json::Bool(_) => "bool".into(),
        Json::Number(number)
            if number.is_i64() && number.as_i64().is_some_and(|n| i32::try_from(n).is_ok()) =>
        {
            "number".into()
        }
        Json::Number(number) => format!("number {number}"),
        Json::Array(_) => "array".into(),
        Json::String(_) => "string".into(),
        Json::Object(_) | Json::Null => "object".into(),
    }
}

/// Where base64 ends to be base64.
fn first_bad(text: &str) -> usize {
    let good = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let place = text.bytes().position(|byte| !good(&byte)).unwrap_or(text.len());
    if place == text.len() { text.len() / 4 * 4 } else { place }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(text: &str) -> (Result<(), String>, Faults, String) {
        let mut object: Json = serde_json::from_str(text).unwrap();
        let mut faults = Vec::new();
        let result = settle(&mut object, Words::Decoder, &mut faults);
        (result, faults, object.compact())
    }

    #[test]
    fn unknown_and_duplicate_fields_are_named_and_left_out() {
        let (result, faults, object) = settled(
            r#"{"kind":"Deployment","apiVersion":"apps/v1","spec":{"replica":1,"replicas":1,"replicas":2,
                "template":{"spec":{"containers":[{"image":"i","name":"c","nmae":"d","env":[]}]}}},
                "metadata":{"labels":{"b":"1","a":"2"},"name":"x"}}"#,
        );
        assert_eq!(result, Ok(()));
        assert_eq!(
            faults,
            [
                r#"unknown field "spec.replica""#,
                r#"duplicate field "spec.replicas""#,
                r#"unknown field "spec.template.spec.containers[0].nmae""#
            ]
        );
        assert_eq!(
            object,
            r#"{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"x","labels":{"a":"2","b":"1"}},"spec":{"replicas":2,"template":{"spec":{"containers":[{"name":"c","image":"i"}]}}}}"#
        );
    }

    #[test]
    fn values_of_other_types_are_named_as_go_names_them() {
        for (text, expected) in [
            (
                r#"{"kind":"Deployment","apiVersion":"apps/v1","spec":{"replicas":"two"}}"#,
                "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
            ),
            (
                r#"{"kind":"Pod","apiVersion":"v1","spec":{"containers":[{"env":[{"name":"A","value":1}]}]}}"#,
                "json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string",
            ),
            (
                r#"{"kind":"Pod","apiVersion":"v1","spec":{"containers":{}}}"#,
                "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
            ),
            (
                r#"{"kind":"ConfigMap","apiVersion":"v1","data":{"a":true}}"#,
                "json: cannot unmarshal bool into Go struct field ConfigMap.data of type string",
            ),
            (
                r#"{"kind":"Secret","apiVersion":"v1","data":{"a":"no!"}}"#,
                "illegal base64 data at input byte 2",
            ),
        ] {
            assert_eq!(settled(text).0.unwrap_err(), expected, "{text}");
        }
    }
}
