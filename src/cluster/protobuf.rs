//! Protobuf bodies, as kubectl's typed clients send them: `k8s\0` and a `runtime.Unknown`
//! (apimachinery/pkg/runtime/serializer/protobuf), read by the types of the API.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::access::Json;
use crate::text::quote;

use super::schema::{self, Field, Kind, Message, Shape};

/// What a protobuf object begins with.
pub(super) const MAGIC: &[u8] = b"k8s\0";
/// No message that is read here nests deeper.
const DEPTH: usize = 32;
const EOF: &str = "unexpected EOF";

/// A field as it came over the wire.
enum Wire<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The object in a protobuf body.
///
/// # Errors
/// What is wrong with it, in a sentence.
pub(super) fn decode(body: &[u8]) -> Result<Json, String> {
    let envelope = body
        .strip_prefix(MAGIC)
        .ok_or("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")?;
    let (mut version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for (number, wire) in fields(envelope)? {
        match (number, wire) {
            (1, Wire::Bytes(meta)) => {
                for (number, wire) in fields(meta)? {
                    match (number, wire) {
                        (1, Wire::Bytes(text)) => version = String::from_utf8_lossy(text).into_owned(),
                        (2, Wire::Bytes(text)) => kind = String::from_utf8_lossy(text).into_owned(),
                        _ => {}
                    }
                }
            }
            (2, Wire::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let mut object = Json::object([("kind", kind.as_str().into()), ("apiVersion", version.as_str().into())]);
    let Some(known) = schema::of(&version, &kind) else {
        return Err(format!(
            "no kind {} is registered for version {} in scheme \"k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30\"",
            quote(&kind),
            quote(&version)
        ));
    };
    if let (Json::Object(all), Json::Object(fields)) = (&mut object, message(known, raw, 0)?) {
        all.extend(fields);
    }
    Ok(object)
}

/// The fields of a message, each with its number.
fn fields(mut bytes: &[u8]) -> Result<Vec<(u64, Wire<'_>)>, String> {
    let mut found = Vec::new();
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
        found.push((tag >> 3, wire));
    }
    Ok(found)
}

fn message(known: &Message, bytes: &[u8], depth: usize) -> Result<Json, String> {
    let mut object = Json::Object(Vec::new());
    read(known, &[], bytes, depth, &mut object)?;
    if let Json::Object(fields) = &mut object {
        let place = |name: &str| known.fields.iter().position(|field| field.name == name);
        fields.sort_by_key(|(name, _)| place(name));
    }
    Ok(object)
}

/// Reads the fields of a message, or of one that stands inline in it behind these numbers.
fn read(
    known: &Message,
    prefix: &[u64],
    bytes: &[u8],
    depth: usize,
    object: &mut Json,
) -> Result<(), String> {
    if depth > DEPTH {
        return Err("proto: exceeded max recursion depth".to_owned());
    }
    for (number, wire) in fields(bytes)? {
        let numbers = [prefix, &[number]].concat();
        match known.fields.iter().find(|field| field.numbers == numbers) {
            Some(field) => put(field, &wire, depth, object)?,
            None => {
                if let (true, Wire::Bytes(inner)) =
                    (known.fields.iter().any(|field| field.numbers.starts_with(&numbers)), &wire)
                {
                    read(known, &numbers, inner, depth + 1, object)?;
                }
            }
        }
    }
    Ok(())
}

fn put(field: &Field, wire: &Wire<'_>, depth: usize, object: &mut Json) -> Result<(), String> {
    match field.shape {
        Shape::Single => {
            let value = value(field, wire, depth)?;
            let is_zero = |value: &Json| *value == Json::Bool(false) || *value == Json::integer(0);
            let counts = field.is_pointer || field.is_required;
            if let Some(value) = value.filter(|value| counts || !is_zero(value)) {
                object.set(&field.name, value);
            }
        }
        Shape::List => {
            let list = object.entry(&field.name);
            if !matches!(list, Json::Array(_)) {
                *list = Json::Array(Vec::new());
            }
            // An empty text counts as one: the core group in a rule.
            let item = value(field, wire, depth)?.unwrap_or_else(|| "".into());
            if let Some(items) = list.items_mut() {
                items.push(item);
            }
        }
        Shape::Map => {
            let Wire::Bytes(entry) = wire else { return Err(EOF.to_owned()) };
            let (mut key, mut found) = (String::new(), None);
            for (number, wire) in fields(entry)? {
                match (number, &wire) {
                    (1, Wire::Bytes(text)) => key = String::from_utf8_lossy(text).into_owned(),
                    (2, _) => found = value(field, &wire, depth)?,
                    _ => {}
                }
            }
            object.entry(&field.name).set(&key, found.unwrap_or_else(|| "".into()));
        }
    }
    Ok(())
}

fn value(field: &Field, wire: &Wire<'_>, depth: usize) -> Result<Option<Json>, String> {
    Ok(Some(match (field.kind, wire) {
        (Kind::Int32 | Kind::Int64, Wire::Number(number)) => Json::integer(number.cast_signed()),
        (Kind::Bool, Wire::Number(number)) => (*number != 0).into(),
        (Kind::Text, Wire::Bytes([])) => return Ok(field.is_pointer.then(|| "".into())),
        (Kind::Bytes, Wire::Bytes([])) => return Ok(None),
        (Kind::Text, Wire::Bytes(bytes)) => String::from_utf8_lossy(bytes).as_ref().into(),
        (Kind::Bytes, Wire::Bytes(bytes)) => STANDARD.encode(bytes).into(),
        (Kind::Double, Wire::Bytes(bytes)) => {
            let bytes: [u8; 8] = (*bytes).try_into().map_err(|_| EOF)?;
            serde_json::Number::from_f64(f64::from_le_bytes(bytes)).map_or(Json::Null, Json::Number)
        }
        (Kind::Time | Kind::MicroTime, Wire::Bytes(bytes)) => return moment(bytes, field.kind),
        (Kind::Quantity, Wire::Bytes(bytes)) => text(bytes, 1)?.unwrap_or_else(|| "0".into()).into(),
        (Kind::IntOrString, Wire::Bytes(bytes)) => {
            let is_text = matches!(number(bytes, 1)?, Some(1));
            if is_text {
                text(bytes, 3)?.unwrap_or_default().into()
            } else {
                Json::integer(number(bytes, 2)?.unwrap_or_default().cast_signed())
            }
        }
        (Kind::Texts, Wire::Bytes(bytes)) => {
            let items = fields(bytes)?;
            let items = items.into_iter().filter_map(|(_, wire)| match wire {
                Wire::Bytes(text) => Some(String::from_utf8_lossy(text).into_owned()),
                Wire::Number(_) => None,
            });
            Json::strings(items)
        }
        (Kind::Any, Wire::Bytes(bytes)) => {
            let raw = text(bytes, 1)?.unwrap_or_default();
            serde_json::from_str(&raw).map_err(|error| error.to_string())?
        }
        (Kind::Message(_), Wire::Bytes(bytes)) => {
            let known = field.message().ok_or("proto: no message")?;
            message(known, bytes, depth + 1)?
        }
        _ => return Err(format!("proto: wrong wireType for field {}", field.name)),
    }))
}

/// One text of a message.
fn text(bytes: &[u8], wanted: u64) -> Result<Option<String>, String> {
    Ok(fields(bytes)?.into_iter().find_map(|(number, wire)| match wire {
        Wire::Bytes(text) if number == wanted => Some(String::from_utf8_lossy(text).into_owned()),
        _ => None,
    }))
}

/// One number of a message.
fn number(bytes: &[u8], wanted: u64) -> Result<Option<u64>, String> {
    Ok(fields(bytes)?.into_iter().find_map(|(number, wire)| match wire {
        Wire::Number(value) if number == wanted => Some(value),
        _ => None,
    }))
}

/// A `Timestamp`: seconds and nanoseconds. The zero time is none.
fn moment(bytes: &[u8], kind: Kind) -> Result<Option<Json>, String> {
    let seconds = number(bytes, 1)?.unwrap_or_default().cast_signed();
    let Some(time) = OffsetDateTime::from_unix_timestamp(seconds).ok().filter(|_| seconds != 0) else {
        return Ok(None);
    };
    let text = time.format(&Rfc3339).map_err(|error| error.to_string())?;
    if kind == Kind::Time {
        return Ok(Some(text.into()));
    }
    let micros = number(bytes, 2)?.unwrap_or_default() / 1000;
    Ok(Some(format!("{}.{micros:06}Z", text.trim_end_matches('Z')).into()))
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

    #[test]
    fn what_stands_inline_in_json_is_a_message_of_its_own() {
        // A Volume: name "v", volumeSource { emptyDir {}, secret { secretName "s" } }
        let volume = schema::of("v1", "Pod").unwrap().field("spec").unwrap().message().unwrap();
        let volume = volume.field("volumes").unwrap().message().unwrap();
        let bytes = b"\x0a\x01v\x12\x05\x32\x03\x0a\x01s";
        assert_eq!(
            message(volume, bytes, 0).unwrap().compact(),
            r#"{"name":"v","secret":{"secretName":"s"}}"#
        );
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_read_or_are_refused(bytes: Vec<u8>) {
            let _ = decode(&[MAGIC, &bytes].concat());
            let pod = b"k8s\0\x0a\x09\x0a\x02v1\x12\x03Pod\x12\x7f";
            let _ = decode(&[&pod[..], &bytes].concat());
        }
    }
}
