//! What is served: aggregated discovery and enough of OpenAPI for `kubectl apply`
//! (apiserver/pkg/endpoints/discovery/aggregated, k8s.io/kube-openapi/pkg/handler3).

use aws_lc_rs::digest;

use crate::access::api::{self, ApiGroup, ApiResource};
use crate::access::{Json, KUBERNETES_VERSION};

use super::message::{JSON, Request, Response};

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
        "/openapi/v3" => Some(Response::new(200, JSON, openapi_index().compact())),
        _ => {
            let rest = path.strip_prefix("/openapi/v3/")?;
            let group = api::groups().iter().find(|group| openapi_path(group) == rest)?;
            Some(Response::new(200, JSON, openapi(group).compact()))
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

fn openapi_path(group: &ApiGroup) -> String {
    let root = if group.name.is_empty() { "api" } else { "apis" };
    format!("{root}/{}", group.group_version())
}

fn openapi_index() -> Json {
    let paths = api::groups().iter().map(|group| {
        let path = openapi_path(group);
        let hash = hex(digest::digest(&digest::SHA256, path.as_bytes()).as_ref()).to_uppercase();
        let url = format!("/openapi/v3/{path}?hash={hash}");
        (path, Json::object([("serverRelativeURL", url.into())]))
    });
    Json::object([("paths", Json::Object(paths.collect()))])
}

/// The operations of a group, with the parameters that clients look for; no schemas.
fn openapi(group: &ApiGroup) -> Json {
    let parameter = |name: &str| {
        Json::object([
            ("name", name.into()),
            ("in", "query".into()),
            ("schema", Json::object([("type", "string".into()), ("uniqueItems", true.into())])),
        ])
    };
    let parameters = ["dryRun", "fieldManager", "fieldValidation", "force"].map(parameter).to_vec();
    let paths = group.resources.iter().filter(|own| !own.name.contains('/')).flat_map(|own| {
        let kind = Json::object([
            ("group", group.name.as_str().into()),
            ("kind", own.kind.as_str().into()),
            ("version", group.version.as_str().into()),
        ]);
        let operation = |action: &str| {
            Json::object([
                ("parameters", parameters.clone().into()),
                ("responses", Json::Object(Vec::new())),
                ("x-kubernetes-action", action.into()),
                ("x-kubernetes-group-version-kind", kind.clone()),
            ])
        };
        let namespace = if own.cluster { "" } else { "/namespaces/{namespace}" };
        let base = format!("/{}{namespace}/{}", openapi_path(group), own.name);
        let list = Json::object([("post", operation("post"))]);
        let one = Json::object([
            ("put", operation("put")),
            ("patch", operation("patch")),
            ("delete", operation("delete")),
        ]);
        [(base.clone(), list), (format!("{base}/{{name}}"), one)]
    });
    Json::object([
        ("openapi", "3.0.0".into()),
        ("info", Json::object([("title", "Kubernetes".into()), ("version", KUBERNETES_VERSION.into())])),
        ("paths", Json::Object(paths.collect())),
        ("components", Json::object([("schemas", Json::Object(Vec::new()))])),
    ])
}
