//! An object as the API server stores it: `k8s\0` and protobuf where every field of it is in
//! `assets/protobuf.toml`, else JSON, as an API server with
//! `--storage-media-type=application/json` has it. The real one reads both
//! (apiserver/pkg/runtime/serializer/recognizer).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::protobuf::{self, MAGIC, SCHEMA, Shape};
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
    let mut own = object.clone();
    own.take("kind");
    own.take("apiVersion");
    let raw = message(kind, &own)?;
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

/// A message of this kind; `None` where something in it has no field.
fn message(kind: &str, value: &Json) -> Option<Vec<u8>> {
    let fields = SCHEMA.messages.get(kind)?;
    let Json::Object(given) = value else { return None };
    let mut known: Vec<_> = fields.iter().collect();
    known.sort_unstable_by_key(|(number, _)| **number);
    let mut left: Vec<&str> =
        given.iter().filter(|(_, value)| *value != Json::Null).map(|(key, _)| key.as_str()).collect();
    let mut out = Vec::new();
    for (number, field) in known {
        if field.shape == Shape::Inline {
            let inner = SCHEMA.messages.get(&field.kind)?;
            let of_inner = |key: &str| inner.values().any(|own| own.name == key);
            let own: Vec<_> = given.iter().filter(|(key, _)| of_inner(key)).cloned().collect();
            left.retain(|key| !of_inner(key));
            delimited(*number, &message(&field.kind, &Json::Object(own))?, &mut out);
            continue;
        }
        let Some(value) = value.get(&field.name).filter(|value| **value != Json::Null) else { continue };
        left.retain(|key| *key != field.name);
        match field.shape {
            Shape::Map => {
                let Json::Object(entries) = value else { return None };
                let mut entries: Vec<_> = entries.iter().collect();
                entries.sort_unstable_by_key(|(key, _)| key);
                for (key, value) in entries {
                    let mut entry = Vec::new();
                    delimited(1, key.as_bytes(), &mut entry);
                    single(2, &field.kind, true, value, &mut entry)?;
                    delimited(*number, &entry, &mut out);
                }
            }
            Shape::Repeated => {
                let Json::Array(items) = value else { return None };
                for item in items {
                    single(*number, &field.kind, true, item, &mut out)?;
                }
            }
            _ => single(*number, &field.kind, field.optional, value, &mut out)?,
        }
    }
    left.is_empty().then_some(out)
}

/// One value; `is_told`: zero is something else than nothing.
fn single(number: u64, kind: &str, is_told: bool, value: &Json, out: &mut Vec<u8>) -> Option<()> {
    let mut plain = |value: u64| {
        if is_told || value != 0 {
            varint(number << 3, out);
            varint(value, out);
        }
    };
    match (kind, value) {
        ("int", Json::Number(_)) => plain(value.as_integer()?.cast_unsigned()),
        ("bool", Json::Bool(value)) => plain(u64::from(*value)),
        ("string", Json::String(text)) => {
            if is_told || !text.is_empty() {
                delimited(number, text.as_bytes(), out);
            }
        }
        ("bytes", Json::String(text)) => delimited(number, &STANDARD.decode(text).ok()?, out),
        ("time", Json::String(text)) => delimited(number, &moment(text)?, out),
        ("any", value) => {
            let mut raw = Vec::new();
            delimited(1, value.compact().as_bytes(), &mut raw);
            delimited(number, &raw, out);
        }
        ("Quantity", Json::String(text)) => {
            let mut quantity = Vec::new();
            delimited(1, text.as_bytes(), &mut quantity);
            delimited(number, &quantity, out);
        }
        ("IntOrString", value) => {
            let mut either = Vec::new();
            match value {
                Json::String(text) => {
                    single(1, "int", true, &Json::integer(1), &mut either)?;
                    delimited(3, text.as_bytes(), &mut either);
                }
                number => {
                    single(1, "int", true, &Json::integer(0), &mut either)?;
                    single(2, "int", true, number, &mut either)?;
                }
            }
            delimited(number, &either, out);
        }
        ("ExtraValue", Json::Array(_)) => {
            let items = Json::object([("items", value.clone())]);
            delimited(number, &message(kind, &items)?, out);
        }
        (kind, Json::Object(_)) => delimited(number, &message(kind, value)?, out),
        _ => return None,
    }
    Some(())
}

/// A `Timestamp`; `None` for what it cannot hold, parts of a second.
fn moment(text: &str) -> Option<Vec<u8>> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    let mut out = Vec::new();
    single(1, "int", true, &Json::integer(time.unix_timestamp()), &mut out)?;
    single(2, "int", true, &Json::integer(0), &mut out)?;
    (time.nanosecond() == 0 && time.format(&Rfc3339).ok()? == text).then_some(out)
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
            r#"{"kind":"Lease","apiVersion":"coordination.k8s.io/v1","spec":{"renewTime":"2026-01-02T03:04:05.123456Z"}}"#,
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
