//! An object as the API server stores it: `k8s\0` and protobuf where every field of it is in
//! `assets/schema.toml`, else JSON, as an API server with
//! `--storage-media-type=application/json` has it. The real one reads both
//! (apiserver/pkg/runtime/serializer/recognizer).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::protobuf::{self, MAGIC};
use super::super::schema::{self, Field, Kind, Message, Shape};
use crate::access::Json;

/// The bytes that etcd holds of an object. Its resourceVersion is not among them: it is the
/// revision of the key.
pub(super) fn encode(object: &Json) -> Vec<u8> {
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata") {
        metadata.take("resourceVersion");
    }
    envelope(&object).unwrap_or_else(|| (object.compact() + "\n").into_bytes())
}

/// The object in a value that somebody wrote.
///
/// # Errors
/// What is wrong with it, in a sentence.
pub(super) fn decode(value: &[u8]) -> Result<Json, String> {
    if value.starts_with(MAGIC) {
        return protobuf::decode(value);
    }
    serde_json::from_slice(value).map_err(|error| error.to_string())
}

fn envelope(object: &Json) -> Option<Vec<u8>> {
    let (kind, version) = (object.text("kind"), object.text("apiVersion"));
    let known = schema::of(version, kind)?;
    let mut own = object.clone();
    own.take("kind");
    own.take("apiVersion");
    let raw = message(known, &own)?;
    let mut meta = Vec::new();
    delimited(1, version.as_bytes(), &mut meta);
    delimited(2, kind.as_bytes(), &mut meta);
    let mut out = MAGIC.to_vec();
    delimited(1, &meta, &mut out);
    delimited(2, &raw, &mut out);
    // contentEncoding and contentType, which Go writes empty.
    delimited(3, b"", &mut out);
    delimited(4, b"", &mut out);
    Some(out)
}

/// A message of this type; `None` where something in it has no field.
fn message(known: &Message, value: &Json) -> Option<Vec<u8>> {
    let Json::Object(given) = value else { return None };
    let has_field = |key: &str| known.field(key).is_some_and(|field| field.numbers != [0]);
    if given.iter().any(|(key, value)| *value != Json::Null && !has_field(key)) {
        return None;
    }
    let mut out = Vec::new();
    part(known, &[], value, &mut out)?;
    Some(out)
}

/// The fields of a message, or of one that stands inline in it behind these numbers.
fn part(known: &Message, prefix: &[u64], value: &Json, out: &mut Vec<u8>) -> Option<()> {
    let mut by_number: BTreeMap<u64, Vec<&Field>> = BTreeMap::new();
    for field in known.fields.iter().filter(|field| field.numbers.starts_with(prefix)) {
        by_number.entry(*field.numbers.get(prefix.len())?).or_default().push(field);
    }
    for (number, fields) in by_number.into_iter().filter(|(number, _)| *number != 0) {
        let here = [prefix, &[number]].concat();
        match fields.as_slice() {
            [field] if field.numbers == here => written(number, field, value.get(&field.name), out)?,
            _ => {
                let mut inner = Vec::new();
                part(known, &here, value, &mut inner)?;
                delimited(number, &inner, out);
            }
        }
    }
    Some(())
}

fn written(number: u64, field: &Field, value: Option<&Json>, out: &mut Vec<u8>) -> Option<()> {
    match (field.shape, value) {
        (_, None | Some(Json::Null)) => Some(()),
        (Shape::Single, Some(value)) => {
            single(number, field, field.is_pointer || field.is_required, value, out)
        }
        (Shape::List, Some(Json::Array(items))) => {
            items.iter().try_for_each(|item| single(number, field, true, item, out))
        }
        (Shape::Map, Some(Json::Object(entries))) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| key);
            for (key, value) in entries {
                let mut entry = Vec::new();
                delimited(1, key.as_bytes(), &mut entry);
                single(2, field, true, value, &mut entry)?;
                delimited(number, &entry, out);
            }
            Some(())
        }
        _ => None,
    }
}

/// One value; `is_told`: zero is something else than nothing.
fn single(number: u64, field: &Field, is_told: bool, value: &Json, out: &mut Vec<u8>) -> Option<()> {
    let mut plain = |value: u64| {
        if is_told || value != 0 {
            count(number, value, out);
        }
    };
    match (field.kind, value) {
        (Kind::Int32 | Kind::Int64, Json::Number(_)) => plain(value.as_integer()?.cast_unsigned()),
        (Kind::Bool, Json::Bool(value)) => plain(u64::from(*value)),
        (Kind::Text, Json::String(text)) => {
            if is_told || !text.is_empty() {
                delimited(number, text.as_bytes(), out);
            }
        }
        (Kind::Bytes, Json::String(text)) => delimited(number, &STANDARD.decode(text).ok()?, out),
        (Kind::Time, Json::String(text)) => delimited(number, &moment(text)?, out),
        (Kind::MicroTime, Json::String(text)) => delimited(number, &micro(text)?, out),
        (Kind::Any, value) => {
            let mut raw = Vec::new();
            delimited(1, value.compact().as_bytes(), &mut raw);
            delimited(number, &raw, out);
        }
        (Kind::Quantity, Json::String(text)) => {
            let mut quantity = Vec::new();
            delimited(1, text.as_bytes(), &mut quantity);
            delimited(number, &quantity, out);
        }
        (Kind::IntOrString, value) => {
            let mut either = Vec::new();
            match value {
                Json::String(text) => {
                    count(1, 1, &mut either);
                    delimited(3, text.as_bytes(), &mut either);
                }
                number => {
                    count(1, 0, &mut either);
                    count(2, number.as_integer()?.cast_unsigned(), &mut either);
                }
            }
            delimited(number, &either, out);
        }
        (Kind::Texts, Json::Array(items)) => {
            let mut texts = Vec::new();
            for item in items {
                delimited(1, item.as_text()?.as_bytes(), &mut texts);
            }
            delimited(number, &texts, out);
        }
        (Kind::Message(_), Json::Object(_)) => delimited(number, &message(field.message()?, value)?, out),
        _ => return None,
    }
    Some(())
}

/// A whole number.
fn count(number: u64, value: u64, out: &mut Vec<u8>) {
    varint(number << 3, out);
    varint(value, out);
}

/// A `Timestamp`; `None` for what it cannot hold, parts of a second.
fn moment(text: &str) -> Option<Vec<u8>> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    let mut out = Vec::new();
    count(1, time.unix_timestamp().cast_unsigned(), &mut out);
    count(2, 0, &mut out);
    (time.nanosecond() == 0 && time.format(&Rfc3339).ok()? == text).then_some(out)
}

/// Likewise with the parts of a second that a `MicroTime` holds.
fn micro(text: &str) -> Option<Vec<u8>> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    let mut out = Vec::new();
    count(1, time.unix_timestamp().cast_unsigned(), &mut out);
    count(2, u64::from(time.nanosecond()), &mut out);
    // It is read with six digits.
    let is_whole = text.ends_with('Z') && text.split_once('.').is_some_and(|(_, parts)| parts.len() == 7);
    is_whole.then_some(out)
}

fn delimited(number: u64, bytes: &[u8], out: &mut Vec<u8>) {
    varint(number << 3 | 2, out);
    varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap_or_default() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Json {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_is_stored_reads_back_as_it_was() {
        for text in [
            r#"{"kind":"Secret","apiVersion":"v1","metadata":{"name":"a","namespace":"b","creationTimestamp":"2026-01-02T03:04:05Z","labels":{"a":"","b":"c"}},"data":{"k":"cGFzcw=="},"type":"Opaque","immutable":false}"#,
            r#"{"kind":"Role","apiVersion":"rbac.authorization.k8s.io/v1","metadata":{"name":"a"},"rules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]}"#,
            r#"{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"a"},"spec":{"replicas":0,"selector":{"matchLabels":{"a":"b"}},"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"25%","maxSurge":1}}}}"#,
            r#"{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","managedFields":[{"manager":"kubectl","operation":"Update","fieldsType":"FieldsV1","fieldsV1":{"f:data":{".":{},"f:k":{}}}}]},"data":{"k":"v"}}"#,
            r#"{"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"name":"a"},"spec":{"renewTime":"2026-01-02T03:04:05.123456Z"}}"#,
            r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"i","livenessProbe":{"httpGet":{"path":"/","port":80}}}],"volumes":[{"name":"v","emptyDir":{}},{"name":"s","secret":{"secretName":"x"}}]}}"#,
        ] {
            let stored = encode(&object(text));
            assert!(stored.starts_with(MAGIC), "{text}");
            let read = decode(&stored).unwrap();
            assert!(read.same_as(&object(text)), "{text}\n{}", read.compact());
        }
    }

    #[test]
    fn what_no_message_holds_is_stored_as_json() {
        for text in [
            r#"{"kind":"Secret","apiVersion":"v1","metadata":{"name":"a"},"unheard":false}"#,
            r#"{"kind":"Thing","apiVersion":"v1","metadata":{"name":"a"}}"#,
            r#"{"kind":"Lease","apiVersion":"coordination.k8s.io/v1","spec":{"renewTime":"2026-01-02T03:04:05.1Z"}}"#,
        ] {
            let stored = encode(&object(text));
            assert_eq!(String::from_utf8(stored.clone()).unwrap(), format!("{text}\n"));
            assert!(decode(&stored).unwrap().same_as(&object(text)));
        }
    }

    #[test]
    fn a_stored_object_has_no_resource_version() {
        let stored = encode(&object(r#"{"kind":"Thing","metadata":{"name":"a","resourceVersion":"7"}}"#));
        assert_eq!(stored, b"{\"kind\":\"Thing\",\"metadata\":{\"name\":\"a\"}}\n");
    }
}
