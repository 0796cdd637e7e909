//! Patches: JSON patch (RFC 6902), merge patch (RFC 7386), strategic merge patch and apply
//! (apimachinery/pkg/util/strategicpatch, structured-merge-diff).

use crate::access::Json;
use crate::text::quote;

use super::failure::{Answer, Failure};
use super::lists::{is_set, merge_key};

/// RFC 7386.
pub(super) fn merge(target: &mut Json, patch: &Json) {
    let Json::Object(fields) = patch else {
        *target = patch.clone();
        return;
    };
    if !matches!(target, Json::Object(_)) {
        *target = Json::Object(Vec::new());
    }
    for (key, value) in fields {
        if *value == Json::Null {
            target.take(key);
        } else {
            merge(target.entry(key), value);
        }
    }
}

/// A strategic merge patch: lists with a key are merged by it, and `$patch`, `$retainKeys`,
/// `$deleteFromPrimitiveList/…` and `$setElementOrder/…` are followed.
pub(super) fn strategic(target: &mut Json, patch: &Json) {
    let Json::Object(fields) = patch else {
        *target = patch.clone();
        return;
    };
    match patch.text("$patch") {
        "delete" => {
            *target = Json::Object(Vec::new());
            return;
        }
        "replace" => {
            let mut whole = patch.clone();
            whole.take("$patch");
            *target = whole;
            return;
        }
        _ => {}
    }
    if !matches!(target, Json::Object(_)) {
        *target = Json::Object(Vec::new());
    }
    if let (Some(Json::Array(retained)), Json::Object(own)) = (patch.get("$retainKeys"), &mut *target) {
        own.retain(|(key, _)| retained.iter().any(|kept| kept.as_text() == Some(key)));
    }
    for (key, value) in fields {
        if let Some(field) = key.strip_prefix("$deleteFromPrimitiveList/") {
            if let (Some(Json::Array(items)), Json::Array(gone)) = (target.get_mut(field), value) {
                items.retain(|item| !gone.contains(item));
            }
        } else if !key.starts_with('$') {
            match value {
                Json::Null => {
                    target.take(key);
                }
                Json::Array(items) => strategic_list(target.entry(key), key, items),
                _ => strategic(target.entry(key), value),
            }
        }
    }
    for (key, order) in fields {
        if let (Some(field), Json::Array(order)) = (key.strip_prefix("$setElementOrder/"), order)
            && let Some(Json::Array(items)) = target.get_mut(field)
        {
            reorder(items, field, order);
        }
    }
}

fn strategic_list(target: &mut Json, field: &str, items: &[Json]) {
    if is_set(field) {
        let Some(own) = array(target) else { return };
        for item in items {
            if !own.contains(item) {
                own.push(item.clone());
            }
        }
        return;
    }
    let replaces = items.iter().any(|item| item.text("$patch") == "replace");
    let Some(key) = merge_key(field, items).filter(|_| !replaces) else {
        let kept = items.iter().filter(|item| item.get("$patch").is_none());
        *target = Json::Array(kept.cloned().collect());
        return;
    };
    let Some(own) = array(target) else { return };
    for item in items {
        let same = |own: &Json| item.get(key).is_some() && own.get(key) == item.get(key);
        if item.text("$patch") == "delete" {
            own.retain(|own| !same(own));
            continue;
        }
        match own.iter_mut().find(|own| same(own)) {
            Some(own) => strategic(own, item),
            None => {
                let mut new = Json::Object(Vec::new());
                strategic(&mut new, item);
                own.push(new);
            }
        }
    }
}

fn array(target: &mut Json) -> Option<&mut Vec<Json>> {
    if !matches!(target, Json::Array(_)) {
        *target = Json::Array(Vec::new());
    }
    target.items_mut()
}

fn reorder(items: &mut [Json], field: &str, order: &[Json]) {
    let key = merge_key(field, order);
    let place = |item: &Json| {
        order
            .iter()
            .position(|wanted| match key {
                Some(key) => wanted.get(key) == item.get(key),
                None => wanted == item,
            })
            .unwrap_or(usize::MAX)
    };
    // Those that are not named keep their place at the end.
    items.sort_by_key(place);
}

/// Apply: what the configuration says is merged in, lists with a key by it.
pub(super) fn apply(target: &mut Json, configuration: &Json) {
    strategic(target, configuration);
}

/// RFC 6902.
pub(super) fn json(target: &mut Json, patch: &Json) -> Answer<()> {
    let Json::Array(operations) = patch else {
        return Err(Failure::bad_request(
            "json: cannot unmarshal object into Go value of type jsonpatch.Patch",
        ));
    };
    for operation in operations {
        operate(target, operation)?;
    }
    Ok(())
}

fn operate(target: &mut Json, operation: &Json) -> Answer<()> {
    let fails = |why: String| {
        Failure::unprocessable(format!(
            "the server rejected our request due to an error in our request: {why}"
        ))
    };
    let path = pointer(operation.text("path"));
    let value = || operation.get("value").cloned().unwrap_or_default();
    let missing = |what: &str| {
        Failure::unprocessable(format!(
            "{what} operation does not apply: doc is missing path: {}: missing value",
            quote(operation.text("path"))
        ))
    };
    match operation.text("op") {
        "add" => insert(target, &path, value()).ok_or_else(|| missing("add")),
        "remove" => remove(target, &path).map(drop).ok_or_else(|| missing("remove")),
        "replace" => {
            let place = find(target, &path).ok_or_else(|| missing("replace"))?;
            *place = value();
            Ok(())
        }
        "test" => {
            let same = find(target, &path).is_some_and(|own| own.same_as(&value()));
            same.then_some(()).ok_or_else(|| {
                Failure::unprocessable(format!("testing value {} failed", operation.text("path")))
            })
        }
        "copy" | "move" => {
            let from = pointer(operation.text("from"));
            let value = if operation.text("op") == "move" {
                remove(target, &from)
            } else {
                find(target, &from).cloned()
            };
            let value = value.ok_or_else(|| missing(operation.text("op")))?;
            insert(target, &path, value).ok_or_else(|| missing(operation.text("op")))
        }
        other => Err(fails(format!("Unexpected kind: {other}"))),
    }
}

fn pointer(path: &str) -> Vec<String> {
    path.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect()
}

fn find<'a>(target: &'a mut Json, path: &[String]) -> Option<&'a mut Json> {
    path.iter().try_fold(target, |value, part| match value {
        Json::Array(items) => items.get_mut(part.parse::<usize>().ok()?),
        Json::Object(_) => value.get_mut(part),
        _ => None,
    })
}

fn insert(target: &mut Json, path: &[String], value: Json) -> Option<()> {
    let Some((last, before)) = path.split_last() else {
        *target = value;
        return Some(());
    };
    match find(target, before)? {
        Json::Array(items) if last == "-" => items.push(value),
        Json::Array(items) => {
            let place = last.parse::<usize>().ok().filter(|place| *place <= items.len())?;
            items.insert(place, value);
        }
        object @ Json::Object(_) => object.set(last, value),
        _ => return None,
    }
    Some(())
}

fn remove(target: &mut Json, path: &[String]) -> Option<Json> {
    let (last, before) = path.split_last()?;
    match find(target, before)? {
        Json::Array(items) => {
            let place = last.parse::<usize>().ok().filter(|place| *place < items.len())?;
            Some(items.remove(place))
        }
        object => object.take(last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Json {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_merge_patch_follows_the_rfc() {
        let mut target = parsed(r#"{"a":{"b":1,"c":2},"d":[1]}"#);
        merge(&mut target, &parsed(r#"{"a":{"b":null,"e":{"f":null}},"d":[2,3]}"#));
        assert_eq!(target, parsed(r#"{"a":{"c":2,"e":{}},"d":[2,3]}"#));
    }

    #[test]
    fn a_strategic_patch_merges_lists_by_their_key() {
        let mut target = parsed(
            r#"{"spec":{"containers":[{"name":"a","image":"x"},{"name":"b","image":"y"}],"taints":[{"key":"k"}]},
                "metadata":{"finalizers":["f"]}}"#,
        );
        let patch = r#"{"spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],
            "containers":[{"name":"a","image":"z"}],"taints":[{"key":"k","$patch":"delete"}]},
            "metadata":{"finalizers":["g"]}}"#;
        strategic(&mut target, &parsed(patch));
        assert_eq!(
            target,
            parsed(
                r#"{"spec":{"containers":[{"name":"b","image":"y"},{"name":"a","image":"z"}],"taints":[]},
                    "metadata":{"finalizers":["f","g"]}}"#
            )
        );
    }

    #[test]
    fn a_json_patch_follows_the_rfc() {
        let mut target = parsed(r#"{"a":[1,2],"b":{"c/d":1}}"#);
        let patch = r#"[{"op":"test","path":"/a/0","value":1},{"op":"add","path":"/a/-","value":3},
            {"op":"remove","path":"/b/c~1d"},{"op":"move","from":"/a/0","path":"/b/e"}]"#;
        json(&mut target, &parsed(patch)).unwrap();
        assert_eq!(target, parsed(r#"{"a":[2,3],"b":{"e":1}}"#));
        assert_eq!(json(&mut target, &parsed(r#"[{"op":"remove","path":"/x"}]"#)).unwrap_err().code, 422);
    }
}
