//! Patches: JSON patch (RFC 6902), merge patch (RFC 7386), strategic merge patch and apply
//! (apimachinery/pkg/util/strategicpatch, structured-merge-diff).

use crate::access::Json;

use super::failure::{Answer, Failure};
use super::schema::{Field, Message, Shape};

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
///
/// # Errors
/// An item of a list lacks the key that it is merged by.
pub(super) fn strategic(target: &mut Json, patch: &Json, known: Option<&Message>) -> Answer<()> {
    let Json::Object(fields) = patch else {
        *target = patch.clone();
        return Ok(());
    };
    match patch.text("$patch") {
        "delete" => {
            *target = Json::Object(Vec::new());
            return Ok(());
        }
        "replace" => {
            let mut whole = patch.clone();
            whole.take("$patch");
            *target = whole;
            return Ok(());
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
                Json::Array(items) => {
                    let field = known.and_then(|known| known.field(key));
                    strategic_list(target.entry(key), field, items)?;
                }
                _ => {
                    let field = known.and_then(|known| known.field(key));
                    let below = field.filter(|field| field.shape == Shape::Single).and_then(Field::message);
                    strategic(target.entry(key), value, below)?;
                }
            }
        }
    }
    for (key, order) in fields {
        if let (Some(field), Json::Array(order)) = (key.strip_prefix("$setElementOrder/"), order)
            && let Some(Json::Array(items)) = target.get_mut(field)
        {
            let merge = known.and_then(|known| known.field(field)?.merge.as_deref());
            reorder(items, merge.filter(|key| !key.is_empty()), order);
        }
    }
    Ok(())
}

fn strategic_list(target: &mut Json, field: Option<&Field>, items: &[Json]) -> Answer<()> {
    let merge = field.and_then(|field| field.merge.as_deref());
    if merge == Some("") {
        let Some(own) = array(target) else { return Ok(()) };
        for item in items {
            if !own.contains(item) {
                own.push(item.clone());
            }
        }
        return Ok(());
    }
    let replaces = items.iter().any(|item| item.text("$patch") == "replace");
    let Some(key) = merge.filter(|_| !replaces) else {
        let kept = items.iter().filter(|item| item.get("$patch").is_none());
        *target = Json::Array(kept.cloned().collect());
        return Ok(());
    };
    let below = field.and_then(Field::message);
    let Some(own) = array(target) else { return Ok(()) };
    for item in items {
        if item.get(key).is_none() {
            return Err(Failure::unknown(format!(
                "map: {} does not contain declared merge key: {key}",
                go_value(item)
            )));
        }
        let same = |own: &Json| item.get(key).is_some() && own.get(key) == item.get(key);
        if item.text("$patch") == "delete" {
            own.retain(|own| !same(own));
            continue;
        }
        match own.iter_mut().find(|own| same(own)) {
            Some(own) => strategic(own, item, below)?,
            None => {
                let mut new = Json::Object(Vec::new());
                strategic(&mut new, item, below)?;
                own.push(new);
            }
        }
    }
    Ok(())
}

/// A value as Go's `%v` prints it: `map[spec:map[replicas:2]]`.
pub(super) fn go_value(value: &Json) -> String {
    match value {
        Json::Null => "<nil>".into(),
        Json::Bool(value) => value.to_string(),
        Json::Number(number) => number.to_string(),
        Json::String(text) => text.clone(),
        Json::Array(items) => format!("[{}]", items.iter().map(go_value).collect::<Vec<_>>().join(" ")),
        Json::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by(|(one, _), (other, _)| one.cmp(other));
            let fields = fields.iter().map(|(key, value)| format!("{key}:{}", go_value(value)));
            format!("map[{}]", fields.collect::<Vec<_>>().join(" "))
        }
    }
}

fn array(target: &mut Json) -> Option<&mut Vec<Json>> {
    if !matches!(target, Json::Array(_)) {
        *target = Json::Array(Vec::new());
    }
    target.items_mut()
}

fn reorder(items: &mut [Json], key: Option<&str>, order: &[Json]) {
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

/// What is said of every JSON patch that cannot be applied: the API server keeps the rest to
/// itself (apiserver/pkg/endpoints/handlers/patch.go, `applyJSPatch`).
const REFUSED: &str = "the server rejected our request due to an error in our request";

/// RFC 6902.
pub(super) fn json(target: &mut Json, patch: &Json) -> Answer<()> {
    let Json::Array(operations) = patch else {
        let what = go_kind(patch);
        return Err(Failure::bad_request(format!(
            "error decoding patch: json: cannot unmarshal {what} into Go value of type jsonpatch.Patch"
        )));
    };
    operations
        .iter()
        .all(|operation| operate(target, operation).is_some())
        .then_some(())
        .ok_or_else(|| Failure::unprocessable(REFUSED))
}

/// What Go's decoder calls a value.
pub(super) fn go_kind(value: &Json) -> &'static str {
    match value {
        Json::Object(_) | Json::Null => "object",
        Json::Array(_) => "array",
        Json::String(_) => "string",
        Json::Number(_) => "number",
        Json::Bool(_) => "bool",
    }
}

/// One operation; `None` where it cannot be done.
fn operate(target: &mut Json, operation: &Json) -> Option<()> {
    let path = pointer(operation.text("path"));
    let value = || operation.get("value").cloned().unwrap_or_default();
    match operation.text("op") {
        "add" => insert(target, &path, value()),
        "remove" => remove(target, &path).map(drop),
        "replace" => {
            *find(target, &path)? = value();
            Some(())
        }
        "test" => {
            let own = find(target, &path);
            let same = own.map_or(value() == Json::Null, |own| own.same_as(&value()));
            same.then_some(())
        }
        "copy" | "move" => {
            let from = pointer(operation.text("from"));
            let value = if operation.text("op") == "move" {
                remove(target, &from)?
            } else {
                find(target, &from)?.clone()
            };
            insert(target, &path, value)
        }
        _ => None,
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
        let known = super::super::schema::of("v1", "Pod");
        let mut target = parsed(
            r#"{"spec":{"containers":[{"name":"a","image":"x"},{"name":"b","image":"y"}],"hostAliases":[{"ip":"k"}]},
                "metadata":{"finalizers":["f"]}}"#,
        );
        let patch = r#"{"spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],
            "containers":[{"name":"a","image":"z"}],"hostAliases":[{"ip":"k","$patch":"delete"}]},
            "metadata":{"finalizers":["g"]}}"#;
        strategic(&mut target, &parsed(patch), known).unwrap();
        assert_eq!(
            target,
            parsed(
                r#"{"spec":{"containers":[{"name":"b","image":"y"},{"name":"a","image":"z"}],"hostAliases":[]},
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
