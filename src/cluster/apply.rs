//! Server-side apply: a manager says which fields it wants, and has them unless another one
//! wants them otherwise (structured-merge-diff/merge, apimachinery/pkg/util/managedfields).

use crate::access::Json;
use crate::text::quote;

use super::failure::{Answer, Failure};
use super::managed::{self, Fields, Path, Writer};
use super::schema::{Field, Message, Shape};

/// The fields that a configuration says: what it holds at the ends, and the items of lists.
pub(super) fn said(configuration: &Json) -> Fields {
    let mut fields = Fields::new();
    if let Some(known) = managed::type_of(configuration) {
        collect(known, configuration, &mut Vec::new(), &mut fields);
    }
    fields
}

fn collect(known: &Message, value: &Json, path: &mut Path, fields: &mut Fields) {
    for (key, value) in value.fields() {
        let names: Vec<&str> =
            path.iter().filter_map(|step| step.strip_prefix("f:")).chain([key.as_str()]).collect();
        if managed::is_servers(&names) {
            continue;
        }
        let own = known.field(key);
        path.push(format!("f:{key}"));
        below(own, value, path, fields);
        path.pop();
    }
}

fn below(own: Option<&Field>, value: &Json, path: &mut Path, fields: &mut Fields) {
    match (own, value) {
        (Some(field), Json::Object(entries)) if !entries.is_empty() && managed::is_granular(own) => {
            match field.message().filter(|_| field.shape == Shape::Single) {
                Some(message) => collect(message, value, path, fields),
                None => {
                    fields.extend(entries.iter().map(|(key, _)| [&path[..], &[format!("f:{key}")]].concat()))
                }
            }
        }
        (Some(field), Json::Array(items)) if field.is_set && !items.is_empty() => {
            fields.extend(items.iter().map(|item| [&path[..], &[format!("v:{}", item.compact())]].concat()));
        }
        (Some(field), Json::Array(items)) if !field.keys.is_empty() && !items.is_empty() => {
            for item in items {
                path.push(managed::item_key(&field.keys, item));
                if let Some(message) = field.message().filter(|message| !message.is_atomic) {
                    collect(message, item, path, fields);
                }
                fields.insert(path.clone());
                path.pop();
            }
        }
        _ => {
            fields.insert(path.clone());
        }
    }
}

/// The live object with a configuration merged in, and the entries of its managers after.
///
/// # Errors
/// 409 where others want the same fields otherwise, unless it is forced.
pub(super) fn merged(
    live: &Json,
    configuration: &Json,
    writer: Writer<'_>,
    is_forced: bool,
) -> Answer<(Json, Vec<Json>)> {
    let version = configuration.text("apiVersion").to_owned();
    let wanted = said(configuration);
    let mut object = live.clone();
    if let Some(known) = managed::type_of(live) {
        merge(known, &mut object, configuration);
    }
    let mut entries = live.list("metadata.managedFields").to_vec();
    if entries.is_empty() {
        // What was there before anybody applied belongs to somebody.
        let before = managed::changed_fields(&Json::Null, live);
        let first = Writer { manager: "before-first-apply", operation: "Update", subresource: "", ..writer };
        entries.push(first.entry(&version, &before));
    }
    let is_own = |entry: &Json| writer.has(entry, &version);
    let had = entries.iter().find(|entry| is_own(entry)).map(managed::fields_of).unwrap_or_default();
    // What it said before and says no more goes, unless others have it.
    let others: Vec<Fields> = entries.iter().filter(|entry| !is_own(entry)).map(managed::fields_of).collect();
    let mut gone: Vec<&Path> = had
        .iter()
        .filter(|path| !wanted.iter().any(|other| other.starts_with(path)))
        .filter(|path| !others.iter().any(|fields| fields.iter().any(|other| other.starts_with(path))))
        .collect();
    gone.sort_by_key(|path| std::cmp::Reverse(path.len()));
    for path in gone {
        remove(&mut object, path);
    }
    let changed = managed::changed_fields(live, &object);
    let mut conflicts: Vec<(String, Path)> = Vec::new();
    for entry in entries.iter_mut().filter(|entry| !writer.has(entry, &version)) {
        let mut fields = managed::fields_of(entry);
        let taken: Vec<Path> = fields.intersection(&changed).cloned().collect();
        if is_forced {
            fields.retain(|path| !taken.contains(path));
        } else {
            conflicts.extend(taken.into_iter().map(|path| (manager(entry), path)));
        }
        fields.retain(|path| managed::value_at(&object, path).is_some());
        entry.set("fieldsV1", managed::tree(&fields));
    }
    if !conflicts.is_empty() {
        return Err(refused(conflicts));
    }
    entries.retain(|entry| !managed::fields_of(entry).is_empty());
    let fresh = writer.entry(&version, &wanted);
    match entries.iter_mut().find(|entry| writer.has(entry, &version)) {
        Some(own) if had == wanted && changed.is_empty() => own.set("apiVersion", version.as_str()),
        Some(own) => *own = fresh,
        None => entries.push(fresh),
    }
    Ok((object, entries))
}

fn merge(known: &Message, target: &mut Json, configuration: &Json) {
    for (key, value) in configuration.fields() {
        let own = known.field(key);
        if let Some(message) = own.and_then(Field::message)
            && own.is_some_and(|field| field.shape == Shape::Single)
            && managed::is_granular(own)
            && matches!(value, Json::Object(_))
        {
            let inner = target.entry(key);
            if !matches!(inner, Json::Object(_)) {
                *inner = Json::Object(Vec::new());
            }
            merge(message, inner, value);
            continue;
        }
        match (own, value) {
            (Some(field), Json::Object(entries)) if field.shape == Shape::Map && !field.is_atomic => {
                let inner = target.entry(key);
                for (key, value) in entries {
                    inner.set(key, value.clone());
                }
            }
            (Some(field), Json::Array(items)) if field.is_set || !field.keys.is_empty() => {
                let list = target.entry(key);
                if !matches!(list, Json::Array(_)) {
                    *list = Json::Array(Vec::new());
                }
                merge_items(field, list, items);
            }
            _ => target.set(key, value.clone()),
        }
    }
}

fn merge_items(field: &Field, list: &mut Json, items: &[Json]) {
    let Some(own) = list.items_mut() else { return };
    let name = |item: &Json| {
        if field.is_set { item.compact() } else { managed::item_key(&field.keys, item) }
    };
    for item in items {
        match own.iter_mut().find(|own| name(own) == name(item)) {
            Some(there) => match field.message().filter(|message| !message.is_atomic) {
                Some(message) => merge(message, there, item),
                None => *there = item.clone(),
            },
            None => own.push(item.clone()),
        }
    }
}

fn remove(object: &mut Json, path: &[String]) {
    let Some((last, before)) = path.split_last() else { return };
    let Some(place) = before.iter().try_fold(&mut *object, |value, step| {
        let (place, _) = managed::step_into(value, step)?;
        match step.strip_prefix("f:") {
            Some(key) => value.get_mut(key),
            None => value.items_mut()?.get_mut(place),
        }
    }) else {
        return;
    };
    let found = managed::step_into(place, last).map(|(place, _)| place);
    match (last.strip_prefix("f:"), found) {
        (Some(key), _) => _ = place.take(key),
        (None, Some(item)) => {
            if let Some(items) = place.items_mut() {
                items.remove(item);
            }
        }
        _ => {}
    }
}

/// A manager as a refusal names it.
fn manager(entry: &Json) -> String {
    let mut words = quote(entry.text("manager"));
    if !entry.text("subresource").is_empty() {
        words = format!("{words} with subresource {}", quote(entry.text("subresource")));
    }
    if entry.text("operation") == "Update" {
        words = format!("{words} using {}", entry.text("apiVersion"));
    }
    words
}

/// A path as `.spec.containers[name="web"].image`.
fn shown(path: &[String]) -> String {
    let mut text = String::new();
    for step in path {
        if let Some(name) = step.strip_prefix("f:") {
            text += &format!(".{name}");
        } else if let Some(value) = step.strip_prefix("v:") {
            text += &format!("[={value}]");
        } else if let Ok(keys) = serde_json::from_str::<Json>(step.strip_prefix("k:").unwrap_or_default()) {
            let keys = keys.fields().iter().map(|(key, value)| format!("{key}={}", value.compact()));
            text += &format!("[{}]", keys.collect::<Vec<_>>().join(","));
        }
    }
    text
}

/// Fields of an object come before what stands deeper, each by name.
fn order(one: &Path, other: &Path) -> std::cmp::Ordering {
    for (place, (a, b)) in one.iter().zip(other).enumerate() {
        let (a_ends, b_ends) = (place + 1 == one.len(), place + 1 == other.len());
        let turn = b_ends.cmp(&a_ends).then_with(|| a.cmp(b));
        if turn.is_ne() {
            return turn;
        }
    }
    one.len().cmp(&other.len())
}

fn refused(mut conflicts: Vec<(String, Path)>) -> Failure {
    conflicts
        .sort_by(|(one, path), (other, other_path)| one.cmp(other).then_with(|| order(path, other_path)));
    let message = match conflicts.as_slice() {
        [(manager, path)] => {
            format!("Apply failed with 1 conflict: conflict with {manager}: {}", shown(path))
        }
        several => {
            let mut lines: Vec<String> = Vec::new();
            let mut last = "";
            for (manager, path) in several {
                if manager != last {
                    lines.push(format!("conflicts with {manager}:"));
                    last = manager;
                }
                lines.push(format!("- {}", shown(path)));
            }
            format!("Apply failed with {} conflicts: {}", several.len(), lines.join("\n"))
        }
    };
    let causes = conflicts
        .iter()
        .map(|(manager, path)| {
            Json::object([
                ("reason", "FieldManagerConflict".into()),
                ("message", format!("conflict with {manager}").into()),
                ("field", shown(path).into()),
            ])
        })
        .collect::<Vec<_>>();
    Failure::apply_conflict(message, causes)
}

/// Whether a configuration can be one of its type.
///
/// # Errors
/// An item of a list lacks what tells it apart.
pub(super) fn check_keys(known: &Message, value: &Json, path: &str) -> Result<(), String> {
    for (key, value) in value.fields() {
        let Some(field) = known.field(key) else { continue };
        let here = format!("{path}.{key}");
        match value {
            Json::Array(items) => {
                for (place, item) in items.iter().enumerate() {
                    let missing = field.keys.iter().find(|key| item.get(key).is_none() && *key != "protocol");
                    if let Some(missing) = missing {
                        return Err(format!(
                            "{here}: element {place}: associative list with keys has an element that omits key field {} (and doesn't have default value)",
                            quote(missing)
                        ));
                    }
                    if let Some(message) = field.message() {
                        let step = managed::item_key(&field.keys, item);
                        let name = if field.keys.is_empty() { format!("[{place}]") } else { shown(&[step]) };
                        check_keys(message, item, &format!("{here}{name}"))?;
                    }
                }
            }
            Json::Object(_) => {
                if let Some(message) = field.message() {
                    check_keys(message, value, &here)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Json {
        serde_json::from_str(text).unwrap()
    }

    fn deployment(replicas: u64, image: &str, label: &str) -> Json {
        parsed(&format!(
            r#"{{"kind":"Deployment","apiVersion":"apps/v1","metadata":{{"name":"x","labels":{{{label}}}}},
            "spec":{{"replicas":{replicas},"template":{{"spec":{{"containers":[{{"name":"c","image":"{image}"}}]}}}}}}}}"#
        ))
    }

    #[test]
    fn what_others_want_otherwise_is_a_conflict_unless_forced() {
        let writer = Writer { manager: "one", operation: "Apply", subresource: "", time: "T" };
        let first = deployment(1, "i", r#""a":"b""#);
        let mut live = first.clone();
        managed::set_entries(&mut live, vec![writer.entry("apps/v1", &said(&first))]);
        let other = Writer { manager: "two", ..writer };
        let same = merged(&live, &deployment(1, "i", ""), other, false).unwrap();
        assert_eq!(same.1.len(), 2);
        let failure = merged(&live, &deployment(2, "i", ""), other, false).unwrap_err();
        assert_eq!(failure.message, r#"Apply failed with 1 conflict: conflict with "one": .spec.replicas"#);
        let failure = merged(&live, &deployment(2, "j", ""), other, false).unwrap_err();
        assert_eq!(
            failure.message,
            "Apply failed with 2 conflicts: conflicts with \"one\":\n- .spec.replicas\n- .spec.template.spec.containers[name=\"c\"].image"
        );
        let (object, entries) = merged(&live, &deployment(2, "j", ""), other, true).unwrap();
        assert_eq!(object.at("spec.replicas"), Some(&Json::integer(2)));
        assert!(!entries[0].compact().contains("replicas"));
    }

    #[test]
    fn what_is_said_no_more_goes() {
        let writer = Writer { manager: "one", operation: "Apply", subresource: "", time: "T" };
        let first = deployment(1, "i", r#""a":"b","c":"d""#);
        let mut live = first.clone();
        managed::set_entries(&mut live, vec![writer.entry("apps/v1", &said(&first))]);
        let (object, _) = merged(&live, &deployment(1, "i", r#""a":"b""#), writer, false).unwrap();
        assert_eq!(object.at("metadata.labels").unwrap().compact(), r#"{"a":"b"}"#);
    }
}
