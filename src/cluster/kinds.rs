//! What the API server knows of each resource besides its discovery (`assets/kinds.toml`).

use std::sync::LazyLock;

use serde::Deserialize;

use super::failure::Served;
use super::names::NameRule;
use crate::access::Json;

const SOURCE: &str = include_str!("../../assets/kinds.toml");

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    pod_defaults: PodDefaults,
    kind: Vec<Entry>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PodDefaults {
    values: Vec<(String, Json)>,
    containers: Vec<(String, Json)>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default)]
    group: String,
    resource: String,
    #[serde(default)]
    name: NameRule,
    #[serde(default)]
    fields: Vec<String>,
    #[serde(default)]
    generation: bool,
    #[serde(default)]
    deleted: bool,
    #[serde(default = "yes")]
    managed: bool,
    #[serde(default)]
    defaults: Vec<(String, Json)>,
    #[serde(default)]
    prepared: Vec<(String, Json)>,
    columns: Vec<Vec<String>>,
}

const fn yes() -> bool {
    true
}

/// The file is part of the program, and a test reads it: it always parses.
static FILE: LazyLock<File> = LazyLock::new(|| toml::from_str(SOURCE).unwrap_or_default());

/// A column of `kubectl get`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column<'a> {
    pub(super) title: &'a str,
    pub(super) source: &'a str,
    /// Whether it is shown with `-o wide` alone.
    pub(super) wide: bool,
}

fn entry(served: Served) -> Option<&'static Entry> {
    let name = served.resource.name.split('/').next().unwrap_or_default();
    FILE.kind.iter().find(|entry| entry.group == served.group.name && entry.resource == name)
}

/// How its objects may be called.
pub(super) fn name_rule(served: Served) -> NameRule {
    entry(served).map_or(NameRule::Subdomain, |entry| entry.name)
}

/// What a field selector may name besides name and namespace.
pub(super) fn fields(served: Served) -> &'static [String] {
    entry(served).map_or(&[], |entry| &entry.fields)
}

/// Whether `metadata.generation` counts the changes of its spec.
pub(super) fn has_generation(served: Served) -> bool {
    entry(served).is_some_and(|entry| entry.generation)
}

/// Whether a deletion answers with the object.
pub(super) fn returns_deleted(served: Served) -> bool {
    entry(served).is_some_and(|entry| entry.deleted)
}

/// Whether `metadata.managedFields` are kept.
pub(super) fn is_managed(served: Served) -> bool {
    entry(served).is_none_or(|entry| entry.managed)
}

/// Its columns.
pub(super) fn columns(served: Served) -> Vec<Column<'static>> {
    let rows = entry(served).map_or(&[][..], |entry| &entry.columns);
    let columns: Vec<_> = rows
        .iter()
        .filter_map(|row| {
            let [title, source, rest @ ..] = row.as_slice() else { return None };
            Some(Column { title, source, wide: !rest.is_empty() })
        })
        .collect();
    if columns.is_empty() {
        // apiserver/pkg/registry/rest/table.go, `NewDefaultTableConvertor`.
        return [("Name", "metadata.name"), ("Created At", "metadata.creationTimestamp")]
            .map(|(title, source)| Column { title, source, wide: false })
            .to_vec();
    }
    columns
}

/// Fills in what a client left out.
pub(super) fn fill_in(served: Served, object: &mut Json) {
    fill_all(entry(served).map_or(&[], |entry| &entry.defaults), object);
}

/// Fills in what the server adds to a new object.
pub(super) fn prepare(served: Served, object: &mut Json) {
    fill_all(entry(served).map_or(&[], |entry| &entry.prepared), object);
}

fn fill_all(defaults: &[(String, Json)], object: &mut Json) {
    for (path, value) in defaults {
        match path.strip_prefix("pod:") {
            None => fill(object, path, value),
            Some(base) => {
                let spec = base.split('.').try_fold(&mut *object, |value, key| value.get_mut(key));
                if let Some(spec @ Json::Object(_)) = spec {
                    fill_in_pod(spec);
                }
            }
        }
    }
}

fn fill_in_pod(spec: &mut Json) {
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for container in spec.get_mut(list).and_then(Json::items_mut).into_iter().flatten() {
            for (path, value) in &FILE.pod_defaults.containers {
                fill(container, path, value);
            }
            if container.text("imagePullPolicy").is_empty() {
                container.set("imagePullPolicy", pull_policy(container.text("image")));
            }
        }
    }
    for (path, value) in &FILE.pod_defaults.values {
        fill(spec, path, value);
    }
    let account = spec.text("serviceAccountName").to_owned();
    let old = spec.text("serviceAccount").to_owned();
    let account = if account.is_empty() { old } else { account };
    if !account.is_empty() {
        spec.set("serviceAccountName", account.as_str());
        spec.set("serviceAccount", account);
    }
}

/// An image that may change under its tag is pulled always (pkg/apis/core/v1/defaults.go).
fn pull_policy(image: &str) -> &'static str {
    let last = image.rsplit('/').next().unwrap_or_default();
    let moves = !last.contains('@') && last.split_once(':').is_none_or(|(_, tag)| tag == "latest");
    if moves { "Always" } else { "IfNotPresent" }
}

/// Sets what is at the end of a path where its parent is there and it is not.
fn fill(value: &mut Json, path: &str, default: &Json) {
    let (key, rest) = path.split_once('.').unwrap_or((path, ""));
    // `key[field=value]`: only where it is so.
    let (key, condition) = match key.split_once('[').filter(|_| key.contains('=')) {
        Some((key, condition)) => (key, condition.trim_end_matches(']').split_once('=')),
        None => (key, None),
    };
    if condition.is_some_and(|(field, wanted)| value.get(key).is_none_or(|own| own.text(field) != wanted)) {
        return;
    }
    if let Some(list) = key.strip_suffix("[]") {
        for item in value.get_mut(list).and_then(Json::items_mut).into_iter().flatten() {
            fill(item, rest, default);
        }
    } else if rest.is_empty() {
        if value.get(key).is_none_or(|own| *own == Json::Null) && matches!(value, Json::Object(_)) {
            value.set(key, default.clone());
        }
    } else if let Some(inner @ Json::Object(_)) = value.get_mut(key) {
        fill(inner, rest, default);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::api;

    #[test]
    fn the_file_reads_and_names_known_resources() {
        let file: File = toml::from_str(SOURCE).unwrap();
        for entry in &file.kind {
            let known = api::groups()
                .iter()
                .any(|group| group.name == entry.group && group.resource(&entry.resource).is_some());
            assert!(known, "{}", entry.resource);
        }
    }

    #[test]
    fn images_that_move_are_pulled_always() {
        for (image, expected) in [
            ("x", "Always"),
            ("x:latest", "Always"),
            ("r:5000/x", "Always"),
            ("r:5000/x:1", "IfNotPresent"),
            ("x@sha256:0", "IfNotPresent"),
        ] {
            assert_eq!(pull_policy(image), expected, "{image}");
        }
    }
}
