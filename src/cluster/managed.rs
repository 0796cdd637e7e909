//! `metadata.managedFields`: whose each field of an object is
//! (apimachinery/pkg/util/managedfields, structured-merge-diff).

use std::collections::BTreeSet;

use crate::access::Json;

use super::schema::{self, Field, Message, Shape};

/// Fields that are always there, and so are nobody's by themselves (those without `omitempty`
/// in k8s.io/api).
const ALWAYS: [&str; 7] =
    ["spec", "status", "containers", "template", "strategy", "updateStrategy", "jobTemplate"];
/// Metadata that is the server's.
const SERVERS: [&str; 10] = [
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "generation",
    "managedFields",
    "resourceVersion",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
];

/// The way to a field: `f:NAME` of an object, `k:KEYS` or `v:VALUE` of a list.
pub(super) type Path = Vec<String>;
/// Fields, as a FieldsV1 says them.
pub(super) type Fields = BTreeSet<Path>;

/// Who changed an object, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writer<'a> {
    pub(super) manager: &'a str,
    /// `Update` or `Apply`.
    pub(super) operation: &'static str,
    pub(super) subresource: &'a str,
    pub(super) time: &'a str,
}

impl Writer<'_> {
    /// Whether an entry is this one's.
    pub(super) fn has(&self, entry: &Json, version: &str) -> bool {
        entry.text("manager") == self.manager
            && entry.text("operation") == self.operation
            && entry.text("subresource") == self.subresource
            && (self.operation == "Apply" || entry.text("apiVersion") == version)
    }

    /// The entry of this one for these fields.
    pub(super) fn entry(&self, version: &str, fields: &Fields) -> Json {
        let mut entry = Json::object([
            ("manager", self.manager.into()),
            ("operation", self.operation.into()),
            ("apiVersion", version.into()),
            ("time", self.time.into()),
            ("fieldsType", "FieldsV1".into()),
            ("fieldsV1", tree(fields)),
        ]);
        if !self.subresource.is_empty() {
            entry.set("subresource", self.subresource);
        }
        entry
    }
}

/// Notes in `object` whose the fields are that it has and `before` had not, or had otherwise;
/// `entries` are those there were.
pub(super) fn note(entries: &[Json], before: Option<&Json>, object: &mut Json, writer: Writer<'_>) {
    let none = Json::Null;
    let changed = changed_fields(before.unwrap_or(&none), object);
    let version = object.text("apiVersion").to_owned();
    let mut kept = Vec::new();
    let mut is_noted = false;
    for entry in entries {
        let mut fields = fields_of(entry);
        let own = writer.has(entry, &version);
        let before = fields.clone();
        if own {
            fields.extend(changed.iter().cloned());
        } else {
            fields.retain(|path| !changed.contains(path));
        }
        fields.retain(|path| exists(object, path));
        is_noted |= own;
        if fields.is_empty() {
            continue;
        }
        let mut entry = entry.clone();
        if fields != before {
            entry.set("fieldsV1", tree(&fields));
        }
        if own && !changed.is_empty() {
            entry.set("time", writer.time);
        }
        kept.push(entry);
    }
    if !is_noted && !changed.is_empty() {
        kept.push(writer.entry(&version, &changed));
    }
    set_entries(object, kept);
}

/// Writes the entries into an object.
pub(super) fn set_entries(object: &mut Json, entries: Vec<Json>) {
    let metadata = object.path_mut(&["metadata"]);
    if entries.is_empty() {
        metadata.take("managedFields");
    } else {
        metadata.set("managedFields", entries);
    }
}

/// The type of an object.
pub(super) fn type_of(object: &Json) -> Option<&'static Message> {
    schema::of(object.text("apiVersion"), object.text("kind"))
}

/// Whether a field of the top is nobody's.
pub(super) fn is_servers(path: &[&str]) -> bool {
    match path {
        ["kind" | "apiVersion"] => true,
        ["metadata", field] => SERVERS.contains(field),
        _ => false,
    }
}

/// The fields of an object that another one has not, or otherwise.
pub(super) fn changed_fields(before: &Json, object: &Json) -> Fields {
    let mut fields = Fields::new();
    let known = type_of(object);
    for (key, value) in object.fields().iter().filter(|(key, _)| !is_servers(&[key])) {
        let own = known.and_then(|known| known.field(key));
        if key == "metadata" {
            let old = before.get(key).unwrap_or(&Json::Null);
            let metadata = own.and_then(Field::message);
            for (key, value) in value.fields().iter().filter(|(key, _)| !is_servers(&["metadata", key])) {
                let own = metadata.and_then(|metadata| metadata.field(key));
                field(&mut fields, &["f:metadata".to_owned()], own, key, old.get(key), value);
            }
        } else {
            field(&mut fields, &[], own, key, before.get(key), value);
        }
    }
    fields
}

/// Whether an object is many fields and not one.
pub(super) fn is_granular(known: Option<&Field>) -> bool {
    known.is_none_or(|field| {
        !field.is_atomic
            && (field.shape == Shape::Map || field.message().is_some_and(|message| !message.is_atomic))
    })
}

fn field(
    fields: &mut Fields,
    prefix: &[String],
    known: Option<&Field>,
    key: &str,
    before: Option<&Json>,
    value: &Json,
) {
    if before.is_some_and(|before| before.same_as(value)) {
        return;
    }
    let path = [prefix, &[format!("f:{key}")]].concat();
    let always = ALWAYS.contains(&key);
    let is_new = before.is_none() && !always;
    match value {
        // An object that is always there and has nothing of its own in it is nobody's.
        Json::Object(own) if own.is_empty() && always => {}
        Json::Object(own) if !own.is_empty() && is_granular(known) => {
            inner(fields, &path, known, before, own);
            if is_new {
                fields.insert(path);
            }
        }
        Json::Array(items) if known.is_some_and(|known| known.is_set) => {
            for item in items {
                fields.insert([&path[..], &[format!("v:{}", item.compact())]].concat());
            }
            if is_new {
                fields.insert(path);
            }
        }
        Json::Array(items) if known.is_some_and(|known| !known.keys.is_empty()) => {
            let keys = known.map(|known| known.keys.as_slice()).unwrap_or_default();
            let olds = match before {
                Some(Json::Array(olds)) => olds.as_slice(),
                _ => &[],
            };
            for item in items {
                let name = item_key(keys, item);
                let old = olds.iter().find(|old| item_key(keys, old) == name);
                if old.is_some_and(|old| old.same_as(item)) {
                    continue;
                }
                let path = [&path[..], &[name]].concat();
                let is_whole = known.and_then(Field::message).is_some_and(|message| message.is_atomic);
                if !is_whole {
                    inner(fields, &path, known, old, item.fields());
                }
                if old.is_none() || is_whole {
                    fields.insert(path);
                }
            }
            if is_new {
                fields.insert(path);
            }
        }
        _ => {
            fields.insert(path);
        }
    }
}

/// The fields of an object or of an item of a list.
fn inner(
    fields: &mut Fields,
    path: &[String],
    known: Option<&Field>,
    before: Option<&Json>,
    own: &[(String, Json)],
) {
    let is_map = known.is_some_and(|known| known.shape == Shape::Map);
    let message = known.and_then(Field::message).filter(|_| !is_map);
    for (key, value) in own {
        let old = before.and_then(|before| before.get(key));
        if is_map {
            if old.is_none_or(|old| !old.same_as(value)) {
                fields.insert([path, &[format!("f:{key}")]].concat());
            }
        } else {
            field(fields, path, message.and_then(|message| message.field(key)), key, old, value);
        }
    }
}

/// How an item of a list is called, by the fields that tell items apart.
pub(super) fn item_key(keys: &[String], item: &Json) -> String {
    let mut sorted: Vec<&String> = keys.iter().collect();
    sorted.sort();
    let mut key = Json::Object(Vec::new());
    for name in sorted {
        let value = item.get(name).cloned();
        if let Some(value) = value.or_else(|| (name == "protocol").then(|| "TCP".into())) {
            key.set(name, value);
        }
    }
    format!("k:{}", key.compact())
}

/// The fields of an entry of `managedFields`.
pub(super) fn fields_of(entry: &Json) -> Fields {
    let mut fields = Fields::new();
    if let Some(tree) = entry.get("fieldsV1") {
        collect(tree, &mut Vec::new(), &mut fields);
    }
    fields
}

fn collect(tree: &Json, path: &mut Path, fields: &mut Fields) {
    for (key, below) in tree.fields() {
        if key == "." {
            fields.insert(path.clone());
            continue;
        }
        path.push(key.clone());
        if below.is_nothing() {
            fields.insert(path.clone());
        } else {
            collect(below, path, fields);
        }
        path.pop();
    }
}

/// Fields as a FieldsV1.
pub(super) fn tree(fields: &Fields) -> Json {
    let mut tree = Json::Object(Vec::new());
    for path in fields {
        let mut place = &mut tree;
        let mut is_new = false;
        for key in path {
            is_new = place.get(key).is_none();
            let inner = place.entry(key);
            if is_new {
                *inner = Json::Object(Vec::new());
            }
            place = inner;
        }
        // Paths come before those that go on from them: what is new may still get more.
        if is_new && fields.range(path.clone()..).nth(1).is_some_and(|next| next.starts_with(path)) {
            place.set(".", Json::Object(Vec::new()));
        }
    }
    tree
}

/// Whether an object has a field.
fn exists(object: &Json, path: &[String]) -> bool {
    value_at(object, path).is_some()
}

/// What stands at a path.
pub(super) fn value_at<'a>(object: &'a Json, path: &[String]) -> Option<&'a Json> {
    path.iter().try_fold(object, |value, step| step_into(value, step).map(|(_, value)| value))
}

/// Where a step of a path leads, and for lists which item that is.
pub(super) fn step_into<'a>(value: &'a Json, step: &str) -> Option<(usize, &'a Json)> {
    if let Some(key) = step.strip_prefix("f:") {
        return value.get(key).map(|value| (0, value));
    }
    let Json::Array(items) = value else { return None };
    if let Some(text) = step.strip_prefix("v:") {
        let wanted: Json = serde_json::from_str(text).ok()?;
        return items.iter().enumerate().find(|(_, item)| **item == wanted);
    }
    let wanted: Json = serde_json::from_str(step.strip_prefix("k:")?).ok()?;
    let is_it = |item: &Json| {
        wanted.fields().iter().all(|(key, value)| match item.get(key) {
            Some(own) => own == value,
            None => key == "protocol" && value.as_text() == Some("TCP"),
        })
    };
    items.iter().enumerate().find(|(_, item)| is_it(item))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_noted_as_the_api_server_notes_them() {
        let text = r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x","labels":{"a":"b"}},
            "spec":{"containers":[{"name":"c","image":"i","env":[{"name":"E","value":"v"}]}],"nodeName":"n"}}"#;
        let mut object: Json = serde_json::from_str(text).unwrap();
        let writer = Writer { manager: "curl", operation: "Update", subresource: "", time: "T" };
        note(&[], None, &mut object, writer);
        let fields = object.list("metadata.managedFields")[0].get("fieldsV1").unwrap().compact();
        assert_eq!(
            fields,
            r#"{"f:metadata":{"f:labels":{".":{},"f:a":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:env":{".":{},"k:{\"name\":\"E\"}":{".":{},"f:name":{},"f:value":{}}},"f:image":{},"f:name":{}}},"f:nodeName":{}}}"#
        );
        let before = object.clone();
        object.path_mut(&["metadata", "labels"]).set("a", "c");
        let entries = before.list("metadata.managedFields").to_vec();
        note(&entries, Some(&before), &mut object, Writer { manager: "kubectl", ..writer });
        let entries = object.list("metadata.managedFields");
        assert_eq!(entries.len(), 2);
        assert_eq!(
            entries[1].get("fieldsV1").unwrap().compact(),
            r#"{"f:metadata":{"f:labels":{"f:a":{}}}}"#
        );
        assert!(!entries[0].compact().contains("f:a\""));
    }
}
