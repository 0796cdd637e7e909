//! What is served: aggregated discovery (apiserver/pkg/endpoints/discovery/aggregated), and where
//! OpenAPI is.

use aws_lc_rs::digest;

use crate::access::Json;
use crate::access::api::{self, ApiGroup, ApiResource};

use super::message::{JSON, Request, Response};
use super::openapi;

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Answers a path of discovery in its newer forms; `None` for others.
pub(super) fn serve(path: &str, request: &Request) -> Option<Response> {
    if request.method != "GET" && request.method != "HEAD" {
        return None;
    }
    let path = path.trim_end_matches('/');
    match path {
        "/api" | "/apis" if wants_aggregated(request) => {
            let groups = api::groups().iter().filter(|group| group.name.is_empty() == (path == "/api"));
            let body = aggregated(groups).compact();
            let hash = hex(digest::digest(&digest::SHA512, body.as_bytes()).as_ref()).to_uppercase();
            let mut response = Response::new(200, AGGREGATED, body + "\n");
            response.headers.push(("Cache-Control", "public".into()));
            response.headers.push(("ETag", format!("\"{hash}\"")));
            response.headers.push(("Vary", "Accept".into()));
            Some(response)
        }
        "/openapi/v2" if request.value("accept").contains("com.github.proto-openapi.spec.v2") => {
            Some(Response::new(200, openapi::VERSION_2_PROTOBUF, openapi::version_2_protobuf()))
        }
        "/openapi/v2" => Some(Response::new(200, JSON, openapi::version_2().compact())),
        "/openapi/v3" => Some(Response::new(200, JSON, openapi::index().compact())),
        _ => {
            let document = openapi::document(path.strip_prefix("/openapi/v3/")?)?;
            Some(Response::new(200, JSON, document.compact()))
        }
    }
}

/// Whether the first form of discovery that is accepted is the aggregated one.
fn wants_aggregated(request: &Request) -> bool {
    let first = request.values("accept").flat_map(|value| value.split(',')).map(str::trim).next();
    first.is_some_and(|first| {
        let mut parts = first.split(';').map(str::trim);
        parts.next() == Some("application/json") && {
            let parts: Vec<&str> = parts.collect();
            parts.contains(&"g=apidiscovery.k8s.io")
                && parts.contains(&"v=v2")
                && parts.contains(&"as=APIGroupDiscoveryList")
        }
    })
}

fn aggregated(groups: impl Iterator<Item = &'static ApiGroup>) -> Json {
    let mut items: Vec<(&str, Vec<Json>)> = Vec::new();
    for group in groups {
        let tops = group.resources.iter().filter(|own| !own.name.contains('/'));
        let resources: Vec<Json> = tops.map(|own| resource(group, own)).collect();
        let version = Json::object([
            ("version", group.version.as_str().into()),
            ("resources", resources.into()),
            ("freshness", "Current".into()),
        ]);
        match items.last_mut() {
            Some((name, versions)) if *name == group.name => versions.push(version),
            _ => items.push((&group.name, vec![version])),
        }
    }
    let items: Vec<Json> = items
        .into_iter()
        .map(|(name, versions)| {
            let mut metadata = Json::Object(Vec::new());
            if !name.is_empty() {
                metadata.set("name", name);
            }
            Json::object([("metadata", metadata), ("versions", versions.into())])
        })
        .collect();
    Json::object([
        ("kind", "APIGroupDiscoveryList".into()),
        ("apiVersion", "apidiscovery.k8s.io/v2".into()),
        ("metadata", Json::Object(Vec::new())),
        ("items", items.into()),
    ])
}

fn response_kind(own: &ApiResource) -> Json {
    let (group, version) = own.kind_of.as_deref().and_then(|of| of.split_once('/')).unwrap_or_default();
    Json::object([("group", group.into()), ("version", version.into()), ("kind", own.kind.as_str().into())])
}

fn resource(group: &ApiGroup, own: &ApiResource) -> Json {
    let mut line = Json::object([
        ("resource", own.name.as_str().into()),
        ("responseKind", response_kind(own)),
        ("scope", if own.cluster { "Cluster" } else { "Namespaced" }.into()),
        ("singularResource", own.kind.to_ascii_lowercase().into()),
        ("verbs", Json::strings(own.verbs())),
    ]);
    for (key, words) in [("shortNames", &own.short), ("categories", &own.categories)] {
        if let Some(words) = words {
            line.set(key, Json::strings(words.split(' ')));
        }
    }
    let below: Vec<Json> = group
        .resources
        .iter()
        .filter_map(|other| {
            let name = other.name.strip_prefix(&own.name)?.strip_prefix('/')?;
            Some(Json::object([
                ("subresource", name.into()),
                ("responseKind", response_kind(other)),
                ("verbs", Json::strings(other.verbs())),
            ]))
        })
        .collect();
    if !below.is_empty() {
        line.set("subresources", below);
    }
    line
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
