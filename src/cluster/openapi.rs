//! OpenAPI: the paths and types of every group, from its discovery and the types of the API
//! (k8s.io/kube-openapi/pkg/handler3).

use std::collections::BTreeSet;

use aws_lc_rs::digest;

use crate::access::api::{self, ApiGroup, ApiResource};
use crate::access::{Json, KUBERNETES_VERSION};

use super::schema::{self, Field, Kind, Message, Shape};

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";
/// Types that are one value: name, what its JSON may be, its format.
const SCALARS: [(Kind, &str, &[&str], &str); 4] = [
    (Kind::Time, "io.k8s.apimachinery.pkg.apis.meta.v1.Time", &["string"], "date-time"),
    (Kind::MicroTime, "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime", &["string"], "date-time"),
    (Kind::Quantity, "io.k8s.apimachinery.pkg.api.resource.Quantity", &["string", "number"], ""),
    (
        Kind::IntOrString,
        "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
        &["integer", "string"],
        "int-or-string",
    ),
];

/// Where a group stands below `/openapi/v3/`.
fn path(group: &ApiGroup) -> String {
    let root = if group.name.is_empty() { "api" } else { "apis" };
    format!("{root}/{}", group.group_version())
}

/// The document of a path below `/openapi/v3/`; `None` where there is none.
pub(super) fn document(rest: &str) -> Option<Json> {
    api::groups().iter().find(|group| path(group) == rest).map(of_group)
}

/// `/openapi/v3`: where the documents are.
pub(super) fn index() -> Json {
    let types = digest::digest(&digest::SHA256, schema::SOURCE.as_bytes());
    let paths = api::groups().iter().map(|group| {
        let path = path(group);
        let both = [path.as_bytes(), KUBERNETES_VERSION.as_bytes(), types.as_ref()].concat();
        let hash: String = digest::digest(&digest::SHA256, &both)
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect();
        let url = format!("/openapi/v3/{path}?hash={hash}");
        (path, Json::object([("serverRelativeURL", url.into())]))
    });
    Json::object([("paths", Json::Object(paths.collect()))])
}

/// `/openapi/v2`: the types of all groups.
pub(super) fn version_2() -> Json {
    let roots: Vec<&Message> = api::groups().iter().flat_map(kinds).filter_map(|(_, own)| own).collect();
    Json::object([
        ("swagger", "2.0".into()),
        ("info", info()),
        ("paths", Json::Object(Vec::new())),
        ("definitions", schemas(&roots, "#/definitions/")),
    ])
}

/// The media type of `/openapi/v2` that kubectl asks for.
pub(super) const VERSION_2_PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// `/openapi/v2` in protobuf, as kubectl falls back to for kinds that nobody serves: the head
/// of the document alone, since all types are in version 3
/// (google/gnostic, `openapiv2/OpenAPIv2.proto`).
pub(super) fn version_2_protobuf() -> Vec<u8> {
    let field = |number: u8, bytes: &[u8]| {
        // None is as long as 128 bytes.
        let length = u8::try_from(bytes.len()).unwrap_or_default();
        [&[number << 3 | 2, length], bytes].concat()
    };
    let info = [field(1, b"Kubernetes"), field(2, KUBERNETES_VERSION.as_bytes())].concat();
    [field(1, b"2.0"), field(2, &info), field(8, &[]), field(9, &[])].concat()
}

fn info() -> Json {
    Json::object([("title", "Kubernetes".into()), ("version", KUBERNETES_VERSION.into())])
}

/// The resources of a group, each with its type.
fn kinds(group: &ApiGroup) -> impl Iterator<Item = (&ApiResource, Option<&'static Message>)> {
    group.resources.iter().map(|own| {
        let version = own.kind_of.clone().unwrap_or_else(|| group.group_version());
        (own, schema::of(&version, &own.kind))
    })
}

/// The operations of a group, with the parameters that clients look for, and its types.
fn of_group(group: &ApiGroup) -> Json {
    let roots: Vec<&Message> =
        kinds(group).filter_map(|(_, own)| own).chain(schema::of("v1", "DeleteOptions")).collect();
    let paths = group.resources.iter().filter(|own| !own.name.contains('/'));
    let paths = paths.flat_map(|own| operations(group, own));
    Json::object([
        ("openapi", "3.0.0".into()),
        ("info", info()),
        ("paths", Json::Object(paths.collect())),
        ("components", Json::object([("schemas", schemas(&roots, "#/components/schemas/"))])),
    ])
}

fn operations(group: &ApiGroup, own: &ApiResource) -> Vec<(String, Json)> {
    let parameter = |name: &str| {
        Json::object([
            ("name", name.into()),
            ("in", "query".into()),
            ("schema", Json::object([("type", "string".into()), ("uniqueItems", true.into())])),
        ])
    };
    let parameters = ["dryRun", "fieldManager", "fieldValidation", "force"].map(parameter).to_vec();
    let kind = group_version_kind(&group.name, &group.version, &own.kind);
    let operation = |action: &str| {
        Json::object([
            ("parameters", parameters.clone().into()),
            ("responses", Json::Object(Vec::new())),
            ("x-kubernetes-action", action.into()),
            ("x-kubernetes-group-version-kind", kind.clone()),
        ])
    };
    let namespace = if own.cluster { "" } else { "/namespaces/{namespace}" };
    let base = format!("/{}{namespace}/{}", path(group), own.name);
    let of_verbs = |wanted: [(&str, &str, &str); 3]| {
        let verbs: Vec<&str> = own.verbs().collect();
        let known = wanted.into_iter().filter(|(verb, ..)| verbs.contains(verb));
        Json::Object(known.map(|(_, method, action)| (method.to_owned(), operation(action))).collect())
    };
    let list = of_verbs([
        ("list", "get", "list"),
        ("create", "post", "post"),
        ("deletecollection", "delete", "deletecollection"),
    ]);
    let one =
        of_verbs([("update", "put", "put"), ("patch", "patch", "patch"), ("delete", "delete", "delete")]);
    vec![(base.clone(), list), (format!("{base}/{{name}}"), one)]
}

fn group_version_kind(group: &str, version: &str, kind: &str) -> Json {
    Json::object([("group", group.into()), ("kind", kind.into()), ("version", version.into())])
}

/// The types, and all that they are made of.
fn schemas(roots: &[&'static Message], base: &str) -> Json {
    let mut names = BTreeSet::new();
    let mut open: Vec<&'static Message> = roots.to_vec();
    let mut all: Vec<(String, Json)> = Vec::new();
    while let Some(message) = open.pop() {
        if !names.insert(name(message)) {
            continue;
        }
        open.extend(message.fields.iter().filter_map(Field::message));
        all.push((name(message), object(message, base)));
    }
    for (_, name, kinds, format) in SCALARS {
        let mut scalar = match kinds {
            [one] => Json::object([("type", (*one).into())]),
            several => {
                let each = several.iter().map(|kind| Json::object([("type", (*kind).into())]));
                Json::object([("oneOf", each.collect::<Vec<_>>().into())])
            }
        };
        if !format.is_empty() {
            scalar.set("format", format);
        }
        all.push((name.to_owned(), scalar));
    }
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    Json::Object(all)
}

/// `io.k8s.api.core.v1.Pod`.
fn name(message: &Message) -> String {
    let package = message.package.as_str();
    let package = match package.split('.').next().unwrap_or_default() {
        "meta" => META.to_owned(),
        "apiextensions" => format!("io.k8s.apiextensions-apiserver.pkg.apis.{package}"),
        "apiregistration" => format!("io.k8s.kube-aggregator.pkg.apis.{package}"),
        _ => format!("io.k8s.api.{package}"),
    };
    format!("{package}.{}", message.name)
}

fn object(message: &Message, base: &str) -> Json {
    let properties = message.fields.iter().map(|field| (field.name.clone(), property(field, base)));
    let required: Vec<&str> =
        message.fields.iter().filter(|field| field.is_required).map(|field| field.name.as_str()).collect();
    let mut object =
        Json::object([("type", "object".into()), ("properties", Json::Object(properties.collect()))]);
    if !required.is_empty() {
        object.set("required", Json::strings(required));
    }
    if message.is_atomic {
        object.set("x-kubernetes-map-type", "atomic");
    }
    let kinds: Vec<Json> = api::groups()
        .iter()
        .filter(|group| kinds(group).any(|(_, own)| own.is_some_and(|own| std::ptr::eq(own, message))))
        .filter(|group| message.package.ends_with(&format!(".{}", group.version)))
        .filter(|group| {
            let first = group.name.split('.').next().unwrap_or_default();
            message.package.starts_with(if first.is_empty() { "core." } else { first })
        })
        .map(|group| group_version_kind(&group.name, &group.version, &message.name))
        .collect();
    if !kinds.is_empty() {
        object.set("x-kubernetes-group-version-kind", kinds);
    }
    object
}

fn property(field: &Field, base: &str) -> Json {
    let value = value(field, base);
    let mut property = match field.shape {
        Shape::Single => value,
        Shape::List => Json::object([("type", "array".into()), ("items", value)]),
        Shape::Map => Json::object([("type", "object".into()), ("additionalProperties", value)]),
    };
    if field.shape == Shape::List {
        let kind = match (field.is_set, field.keys.is_empty()) {
            (true, _) => "set",
            (false, false) => "map",
            (false, true) => "atomic",
        };
        property.set("x-kubernetes-list-type", kind);
        if !field.keys.is_empty() {
            property.set("x-kubernetes-list-map-keys", Json::strings(&field.keys));
        }
    }
    if field.is_atomic {
        property.set("x-kubernetes-map-type", "atomic");
    }
    if let Some(key) = &field.merge {
        property.set(
            "x-kubernetes-patch-strategy",
            if field.retains_keys { "merge,retainKeys" } else { "merge" },
        );
        if !key.is_empty() {
            property.set("x-kubernetes-patch-merge-key", key.as_str());
        }
    } else if field.retains_keys {
        property.set("x-kubernetes-patch-strategy", "retainKeys");
    }
    property
}

fn value(field: &Field, base: &str) -> Json {
    let plain = |kind: &str, format: &str| {
        let mut value = Json::object([("type", kind.into())]);
        if !format.is_empty() {
            value.set("format", format);
        }
        value
    };
    // Beside a bare `$ref` nothing else may stand.
    let reference = |name: &str| {
        let target = Json::object([("$ref", format!("{base}{name}").into())]);
        Json::object([("allOf", vec![target].into())])
    };
    match field.kind {
        Kind::Text => plain("string", ""),
        Kind::Bytes => plain("string", "byte"),
        Kind::Int32 => plain("integer", "int32"),
        Kind::Int64 => plain("integer", "int64"),
        Kind::Bool => plain("boolean", ""),
        Kind::Double => plain("number", "double"),
        Kind::Any => plain("object", ""),
        Kind::Texts => Json::object([("type", "array".into()), ("items", plain("string", ""))]),
        Kind::Message(_) => field.message().map_or(Json::Null, |message| reference(&name(message))),
        Kind::Time | Kind::MicroTime | Kind::Quantity | Kind::IntOrString => SCALARS
            .iter()
            .find(|(kind, ..)| *kind == field.kind)
            .map_or(Json::Null, |(_, name, ..)| reference(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_of_a_document_leads_somewhere() {
        for group in api::groups() {
            let document = document(&path(group)).unwrap();
            let schemas = document.at("components.schemas").unwrap();
            let text = document.compact();
            for part in text.split("#/components/schemas/").skip(1) {
                let name = part.split('"').next().unwrap();
                assert!(schemas.get(name).is_some(), "{}: {name}", path(group));
            }
        }
        let pod = document("api/v1").unwrap();
        let pod = pod.at("components.schemas").unwrap().get("io.k8s.api.core.v1.Pod").unwrap().clone();
        assert_eq!(
            pod.get("x-kubernetes-group-version-kind").unwrap().compact(),
            r#"[{"group":"","kind":"Pod","version":"v1"}]"#
        );
    }
}
