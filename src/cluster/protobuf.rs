//! Protobuf bodies, as kubectl's typed clients send them: `k8s\0` and a `runtime.Unknown`
//! (apimachinery/pkg/runtime/serializer/protobuf), read by the messages of
//! `assets/protobuf.toml`.

use std::collections::HashMap;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::access::Json;
use crate::text::quote;

const SOURCE: &str = include_str!("../../assets/protobuf.toml");
/// What a protobuf object begins with.
pub(super) const MAGIC: &[u8] = b"k8s\0";
/// No message that is read here nests deeper.
const DEPTH: usize = 16;

#[derive(Debug, Default, Deserialize)]
struct File {
    complete: Vec<String>,
    message: HashMap<String, Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Single,
    Repeated,
    Map,
    /// A message whose fields stand in the one around it.
    Inline,
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) shape: Shape,
    pub(super) kind: String,
    /// Whether zero and false are something else than nothing (a pointer in Go).
    pub(super) optional: bool,
}

/// What is known of messages.
pub(super) struct Schema {
    complete: Vec<String>,
    pub(super) messages: Messages,
}

type Messages = HashMap<String, HashMap<u64, Field>>;

/// The file is part of the program, and a test reads it: it always parses.
pub(super) static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let file: File = toml::from_str(SOURCE).unwrap_or_default();
    let fields = |rows: Vec<String>| rows.iter().filter_map(|row| field(row)).collect();
    let messages = file.message.into_iter().map(|(name, rows)| (name, fields(rows))).collect();
    Schema { complete: file.complete, messages }
});

/// The fields of an object that its kind does not have, as the API server names them; none for
/// kinds whose fields are not all known here.
pub(super) fn unknown_fields(object: &Json) -> Vec<String> {
    let kind = object.text("kind");
    let mut found = Vec::new();
    if SCHEMA.complete.iter().any(|own| own == kind) {
        let mut own = object.clone();
        own.take("kind");
        own.take("apiVersion");
        collect_unknown(kind, &own, "", &mut found);
    }
    found
}

fn collect_unknown(kind: &str, value: &Json, path: &str, found: &mut Vec<String>) {
    let Some(fields) = SCHEMA.messages.get(kind) else { return };
    for (key, value) in value.fields() {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let Some(field) = fields.values().find(|field| field.name == *key) else {
            found.push(path);
            continue;
        };
        match (field.shape, value) {
            // `ExtraValue` is a list in JSON.
            (Shape::Map, _) => {}
            (_, Json::Array(items)) => {
                for (place, item) in items.iter().enumerate() {
                    collect_unknown(&field.kind, item, &format!("{path}[{place}]"), found);
                }
            }
            _ => collect_unknown(&field.kind, value, &path, found),
        }
    }
}

fn field(row: &str) -> Option<(u64, Field)> {
    let [number, name, kind] = row.split(' ').collect::<Vec<_>>().try_into().ok()?;
    let (kind, optional) = kind.strip_suffix('?').map_or((kind, false), |kind| (kind, true));
    let shapes = [("*", Shape::Repeated), ("map:", Shape::Map), ("^", Shape::Inline)];
    let marked = shapes.into_iter().find_map(|(mark, shape)| Some((shape, kind.strip_prefix(mark)?)));
    let (shape, kind) = marked.unwrap_or((Shape::Single, kind));
    Some((number.parse().ok()?, Field { name: name.to_owned(), shape, kind: kind.to_owned(), optional }))
}

/// The object in a protobuf body.
///
/// # Errors
/// What is wrong with it, in a sentence.
pub(super) fn decode(body: &[u8]) -> Result<Json, String> {
    let envelope = body
        .strip_prefix(MAGIC)
        .ok_or("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")?;
    let unknown = message("Unknown", envelope, 0)?;
    let kind = unknown.text("typeMeta.kind").to_owned();
    if !SCHEMA.messages.contains_key(&kind) {
        return Err(format!("this lab does not read {} as protobuf; send it as JSON", quote(&kind)));
    }
    let raw = STANDARD.decode(unknown.text("raw")).map_err(|error| error.to_string())?;
    let mut object = Json::object([
        ("kind", kind.as_str().into()),
        ("apiVersion", unknown.text("typeMeta.apiVersion").into()),
    ]);
    if let (Json::Object(all), Json::Object(fields)) = (&mut object, message(&kind, &raw, 0)?) {
        all.extend(fields);
    }
    Ok(object)
}

fn message(kind: &str, mut bytes: &[u8], depth: usize) -> Result<Json, String> {
    let fields = SCHEMA.messages.get(kind).ok_or_else(|| format!("proto: no message {kind}"))?;
    if depth > DEPTH {
        return Err("proto: exceeded max recursion depth".to_owned());
    }
    let mut object = Json::Object(Vec::new());
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let wire = match tag & 7 {
            0 => Wire::Number(varint(&mut bytes)?),
            1 => Wire::Bytes(take(&mut bytes, 8)?),
            2 => {
                let length = varint(&mut bytes)?;
                Wire::Bytes(take(&mut bytes, usize::try_from(length).map_err(|_| EOF)?)?)
            }
            5 => Wire::Bytes(take(&mut bytes, 4)?),
            other => return Err(format!("proto: illegal wireType {other}")),
        };
        let Some(field) = fields.get(&(tag >> 3)) else { continue };
        match field.shape {
            Shape::Single => {
                let value = value(&field.kind, &wire, depth)?;
                let is_zero = |value: &Json| *value == Json::Bool(false) || *value == Json::integer(0);
                if let Some(value) = value.filter(|value| field.optional || !is_zero(value)) {
                    object.set(&field.name, value);
                }
            }
            Shape::Inline => {
                let inner = value(&field.kind, &wire, depth)?.unwrap_or_default();
                for (key, value) in inner.fields() {
                    object.set(key, value.clone());
                }
            }
            Shape::Repeated => {
                let list = object.entry(&field.name);
                if !matches!(list, Json::Array(_)) {
                    *list = Json::Array(Vec::new());
                }
                // An empty text counts as one: the core group in a rule.
                let item = value(&field.kind, &wire, depth)?.unwrap_or_else(|| "".into());
                if let Some(items) = list.items_mut() {
                    items.push(item);
                }
            }
            Shape::Map => {
                let Wire::Bytes(entry) = wire else { return Err(EOF.to_owned()) };
                let (key, value) = map_entry(&field.kind, entry, depth)?;
                object.entry(&field.name).set(&key, value);
            }
        }
    }
    Ok(object)
}

enum Wire<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

const EOF: &str = "unexpected EOF";

fn value(kind: &str, wire: &Wire<'_>, depth: usize) -> Result<Option<Json>, String> {
    Ok(Some(match (kind, wire) {
        ("int", Wire::Number(number)) => Json::integer(number.cast_signed()),
        ("bool", Wire::Number(number)) => (*number != 0).into(),
        ("string", Wire::Bytes([])) | ("bytes", Wire::Bytes([])) => return Ok(None),
        ("string", Wire::Bytes(bytes)) => String::from_utf8_lossy(bytes).as_ref().into(),
        ("bytes", Wire::Bytes(bytes)) => STANDARD.encode(bytes).into(),
        ("time", Wire::Bytes(bytes)) => return moment(bytes),
        // `FieldsV1`: JSON in its only field.
        ("any", Wire::Bytes(bytes)) => {
            let raw = STANDARD.decode(message("FieldsV1", bytes, depth + 1)?.text("raw")).unwrap_or_default();
            return Ok(serde_json::from_slice(&raw).ok());
        }
        ("Quantity", Wire::Bytes(bytes)) => {
            message(kind, bytes, depth + 1)?.take("string").unwrap_or_else(|| "0".into())
        }
        ("IntOrString", Wire::Bytes(bytes)) => {
            let mut either = message(kind, bytes, depth + 1)?;
            let text = either.take("strVal").filter(|_| either.get("type").is_some());
            text.or_else(|| either.take("intVal")).unwrap_or_else(|| Json::integer(0))
        }
        ("ExtraValue", Wire::Bytes(bytes)) => {
            message(kind, bytes, depth + 1)?.take("items").unwrap_or_else(|| Json::Array(Vec::new()))
        }
        (kind, Wire::Bytes(bytes)) => message(kind, bytes, depth + 1)?,
        _ => return Err(format!("proto: wrong wireType for field of type {kind}")),
    }))
}

/// A `Timestamp`: seconds and nanoseconds. The zero time is none.
fn moment(mut bytes: &[u8]) -> Result<Option<Json>, String> {
    let mut seconds = 0_i64;
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let number = varint(&mut bytes)?;
        if tag >> 3 == 1 {
            seconds = number.cast_signed();
        }
    }
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok().and_then(|time| time.format(&Rfc3339).ok());
    Ok(time.filter(|_| seconds != 0).map(Json::from))
}

fn map_entry(kind: &str, mut bytes: &[u8], depth: usize) -> Result<(String, Json), String> {
    let (mut key, mut found) = (String::new(), None);
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let length = varint(&mut bytes)?;
        let part = take(&mut bytes, usize::try_from(length).map_err(|_| EOF)?)?;
        match tag >> 3 {
            1 => key = String::from_utf8_lossy(part).into_owned(),
            2 => found = value(kind, &Wire::Bytes(part), depth)?,
            _ => {}
        }
    }
    Ok((key, found.unwrap_or_else(|| "".into())))
}

fn varint(bytes: &mut &[u8]) -> Result<u64, String> {
    let mut value = 0_u64;
    for place in 0..10 {
        let (first, rest) = bytes.split_first().ok_or(EOF)?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << (7 * place);
        if first & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("proto: integer overflow".to_owned())
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8], String> {
    let (taken, rest) = bytes.split_at_checked(length).ok_or(EOF)?;
    *bytes = rest;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_reads_and_has_a_known_type() {
        let file: File = toml::from_str(SOURCE).unwrap();
        for (name, rows) in &file.message {
            assert_eq!(SCHEMA.messages[name].len(), rows.len(), "{name}");
            for field in SCHEMA.messages[name].values() {
                let plain = ["string", "bytes", "int", "bool", "time", "any"].contains(&field.kind.as_str());
                assert!(plain || file.message.contains_key(&field.kind), "{name}.{}", field.name);
            }
        }
    }

    #[test]
    fn fields_that_a_kind_has_not_are_named() {
        let object: Json = serde_json::from_str(
            r#"{"kind":"Role","apiVersion":"v","metadata":{"name":"x","labels":{"a":"b"},"nmae":"y"},
                "rules":[{"verbs":["get"],"resource":["pods"]}],"rule":[]}"#,
        )
        .unwrap();
        assert_eq!(unknown_fields(&object), ["metadata.nmae", "rules[0].resource", "rule"]);
        let object: Json = serde_json::from_str(r#"{"kind":"Pod","whatever":1}"#).unwrap();
        assert!(unknown_fields(&object).is_empty());
    }

    #[test]
    fn an_envelope_reads() {
        let mut body = b"k8s\0".to_vec();
        // typeMeta { v1, ConfigMap }, raw { metadata { name: "a" }, data { "k": "v" } }
        body.extend(
            b"\x0a\x0f\x0a\x02v1\x12\x09ConfigMap\x12\x0d\x0a\x03\x0a\x01a\x12\x06\x0a\x01k\x12\x01v",
        );
        assert_eq!(
            decode(&body).unwrap().compact(),
            r#"{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"},"data":{"k":"v"}}"#
        );
        for cut in 4..body.len() {
            let _ = decode(&body[..cut]);
        }
        assert!(decode(b"x").is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_read_or_are_refused(bytes: Vec<u8>) {
            let _ = decode(&[MAGIC, &bytes].concat());
        }
    }
}
