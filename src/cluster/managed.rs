//! `metadata.managedFields`: whose each field of an object is
//! (apimachinery/pkg/util/managedfields, structured-merge-diff).

use crate::access::Json;

use super::lists::{is_set, merge_key};

/// Fields that are always there, and so are nobody's by themselves (those without `omitempty`
/// in k8s.io/api).
const ALWAYS: [&str; 7] =
    ["spec", "status", "containers", "template", "strategy", "updateStrategy", "jobTemplate"];
/// What is a whole of its own although it is an object.
const ATOMIC: [&str; 7] = [
    "roleRef",
    "selector",
    "nodeSelector",
    "secretKeyRef",
    "configMapKeyRef",
    "fieldRef",
    "resourceFieldRef",
];
/// Lists whose items are wholes of their own.
const ATOMIC_ITEMS: [&str; 2] = ["imagePullSecrets", "secrets"];
/// Metadata that is the server's.
const SERVERS: [&str; 9] = [
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "generation",
    "managedFields",
    "resourceVersion",
    "deletionTimestamp",
];

/// Who changed an object, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writer<'a> {
    pub(super) manager: &'a str,
    /// `Update` or `Apply`.
    pub(super) operation: &'static str,
    pub(super) subresource: &'a str,
    pub(super) time: &'a str,
}

/// Notes in `object` whose the fields are that it has and `before` had not, or had otherwise.
pub(super) fn note(before: Option<&Json>, object: &mut Json, writer: Writer<'_>) {
    let none = Json::Null;
    let changed = changed_fields(before.unwrap_or(&none), object);
    let mut entries: Vec<Json> =
        before.map(|before| before.list("metadata.managedFields").to_vec()).unwrap_or_default();
    for entry in &mut entries {
        if let Some(fields) = entry.get_mut("fieldsV1") {
            subtract(fields, &changed);
        }
    }
    entries.retain(|entry| entry.get("fieldsV1").is_some_and(|fields| !fields.is_nothing()));
    if !changed.is_nothing() {
        let version = object.text("apiVersion").to_owned();
        let same = |entry: &Json| {
            entry.text("manager") == writer.manager
                && entry.text("operation") == writer.operation
                && entry.text("subresource") == writer.subresource
        };
        match entries.iter_mut().find(|entry| same(entry)) {
            Some(entry) => {
                entry.set("time", writer.time);
                unite(entry.entry("fieldsV1"), &changed);
            }
            None => {
                let mut entry = Json::object([
                    ("manager", writer.manager.into()),
                    ("operation", writer.operation.into()),
                    ("apiVersion", version.into()),
                    ("time", writer.time.into()),
                    ("fieldsType", "FieldsV1".into()),
                    ("fieldsV1", changed),
                ]);
                if !writer.subresource.is_empty() {
                    entry.set("subresource", writer.subresource);
                }
                entries.push(entry);
            }
        }
    }
    if entries.is_empty() {
        object.path_mut(&["metadata"]).take("managedFields");
    } else {
        object.path_mut(&["metadata"]).set("managedFields", entries);
    }
}

/// The fields of an object that another one has not, or otherwise, as a FieldsV1.
fn changed_fields(before: &Json, object: &Json) -> Json {
    let mut fields = Json::Object(Vec::new());
    for (key, value) in object.fields() {
        match key.as_str() {
            "kind" | "apiVersion" => {}
            "metadata" => {
                let old = before.get(key).unwrap_or(&Json::Null);
                let mut own = Json::Object(Vec::new());
                for (key, value) in value.fields().iter().filter(|(key, _)| !SERVERS.contains(&key.as_str()))
                {
                    field(&mut own, key, old.get(key), value);
                }
                if !own.is_nothing() {
                    fields.set("f:metadata", own);
                }
            }
            _ => field(&mut fields, key, before.get(key), value),
        }
    }
    fields
}

fn field(fields: &mut Json, key: &str, before: Option<&Json>, value: &Json) {
    if before.is_some_and(|before| before.same_as(value)) {
        return;
    }
    let always = ALWAYS.contains(&key);
    let inner = match value {
        Json::Object(own) if !own.is_empty() && !ATOMIC.contains(&key) => {
            let mut inner = start(before.is_none() && !always);
            for (key, value) in own {
                field(&mut inner, key, before.and_then(|before| before.get(key)), value);
            }
            inner
        }
        Json::Array(items) if is_set(key) => {
            let mut inner = start(before.is_none());
            for item in items {
                inner.set(&format!("v:{}", item.compact()), Json::Object(Vec::new()));
            }
            inner
        }
        Json::Array(items) => match merge_key(key, items) {
            None => Json::Object(Vec::new()),
            Some(by) => {
                let mut inner = start(before.is_none() && !always);
                let olds: &[Json] = match before {
                    Some(Json::Array(olds)) => olds,
                    _ => &[],
                };
                for item in items {
                    let old = olds.iter().find(|old| old.get(by) == item.get(by));
                    if !old.is_some_and(|old| old.same_as(item)) {
                        let is_whole = ATOMIC_ITEMS.contains(&key);
                        let mut own = start(old.is_none() && !is_whole);
                        for (key, value) in item.fields().iter().filter(|_| !is_whole) {
                            field(&mut own, key, old.and_then(|old| old.get(key)), value);
                        }
                        inner.set(&item_key(key, by, item), own);
                    }
                }
                inner
            }
        },
        _ => Json::Object(Vec::new()),
    };
    // An object that is always there and has nothing of its own in it is nobody's.
    if !(always && matches!(value, Json::Object(own) if own.is_empty())) {
        fields.set(&format!("f:{key}"), inner);
    }
}

fn item_key(list: &str, by: &str, item: &Json) -> String {
    let mut key = Json::object([(by, item.get(by).cloned().unwrap_or_default())]);
    if list == "ports" {
        key.set("protocol", item.get("protocol").cloned().unwrap_or_else(|| "TCP".into()));
    }
    format!("k:{}", key.compact())
}

fn start(own: bool) -> Json {
    if own { Json::object([(".", Json::Object(Vec::new()))]) } else { Json::Object(Vec::new()) }
}

/// Adds one set of fields to another.
fn unite(fields: &mut Json, more: &Json) {
    for (key, value) in more.fields() {
        match fields.get_mut(key) {
            Some(own) => unite(own, value),
            None => fields.set(key, value.clone()),
        }
    }
}

/// Takes the leaves of one set of fields out of another: they are someone else's now.
fn subtract(fields: &mut Json, gone: &Json) {
    let Json::Object(own) = fields else { return };
    own.retain_mut(|(key, value)| match gone.get(key) {
        None => true,
        Some(other) if key == "." || other.is_nothing() => false,
        Some(other) => {
            subtract(value, other);
            !value.is_nothing()
        }
    });
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
        note(None, &mut object, writer);
        let fields = object.list("metadata.managedFields")[0].get("fieldsV1").unwrap().compact();
        assert_eq!(
            fields,
            r#"{"f:metadata":{"f:labels":{".":{},"f:a":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:name":{},"f:image":{},"f:env":{".":{},"k:{\"name\":\"E\"}":{".":{},"f:name":{},"f:value":{}}}}},"f:nodeName":{}}}"#
        );
        let before = object.clone();
        object.path_mut(&["metadata", "labels"]).set("a", "c");
        note(Some(&before), &mut object, Writer { manager: "kubectl", ..writer });
        let entries = object.list("metadata.managedFields");
        assert_eq!(entries.len(), 2);
        assert_eq!(
            entries[1].get("fieldsV1").unwrap().compact(),
            r#"{"f:metadata":{"f:labels":{"f:a":{}}}}"#
        );
        assert!(!entries[0].compact().contains("f:a\""));
    }
}
