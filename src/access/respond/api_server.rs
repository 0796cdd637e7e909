//! kube-apiserver on port 6443.

mod health;
mod resources;

use super::{Authentication, HttpRequest, HttpResponse};
use crate::access::api;
use crate::access::attributes::{Attributes, Resource, Target};
use crate::access::decision::{authorize, forbidden_message};
use crate::access::identity::Identity;
use crate::access::json::Json;
use crate::access::world::{KUBERNETES_VERSION, World};
use crate::text::quote;

pub(super) use resources::without_kind;

/// Authentication, then authorization, then the answer (apiserver/pkg/server/config.go,
/// `DefaultBuildHandlerChain`).
pub(super) fn respond(
    authentication: Authentication,
    request: &HttpRequest<'_>,
    world: &World,
) -> HttpResponse {
    let attributes = match Attributes::of_request(request.method, request.path) {
        Ok(attributes) => attributes,
        Err(error) => {
            let target = quote(request.path);
            return HttpResponse::text(500, format!("Internal Server Error: {target}: {error}\n"));
        }
    };
    let identity = match authentication {
        Authentication::Identified(identity) => identity,
        Authentication::Anonymous if world.api_server_anonymous => Identity::anonymous(),
        Authentication::Anonymous | Authentication::Refused => {
            return failure(401, "Unauthorized", "Unauthorized", None);
        }
    };
    let decision = authorize(&identity, &attributes, &world.policy);
    let answer = if decision.allowed {
        match &attributes.target {
            Target::Path(path) => serve_path(request, path, &world.server_address),
            Target::Resource(resource) => {
                resources::serve(&identity, &attributes.verb, resource, request, world)
            }
        }
    } else {
        let message = forbidden_message(&identity, &attributes, &decision.reason);
        let details = match &attributes.target {
            Target::Resource(resource) => details(resource),
            Target::Path(_) => Json::Object(Vec::new()),
        };
        failure(403, "Forbidden", &message, Some(details))
    };
    answer.by(&identity, decision)
}

/// A `Status` of failure (apimachinery `metav1.Status`).
fn failure(code: u16, reason: &str, message: &str, details: Option<Json>) -> HttpResponse {
    let mut status = Json::object([
        ("kind", "Status".into()),
        ("apiVersion", "v1".into()),
        ("metadata", Json::Object(Vec::new())),
        ("status", "Failure".into()),
        ("message", message.into()),
        ("reason", reason.into()),
    ]);
    if let Some(details) = details {
        status = status.with("details", details);
    }
    HttpResponse::json(code, &status.with("code", u64::from(code)))
}

/// Which object a failure is about. The `kind` of details is the resource's name.
fn details(resource: &Resource) -> Json {
    let mut details = Json::Object(Vec::new());
    for (key, value) in [("name", &resource.name), ("group", &resource.group), ("kind", &resource.resource)] {
        if !value.is_empty() {
            details = details.with(key, value.as_str());
        }
    }
    details
}

/// Everything outside of the API's resources, from an API server that is reached at
/// `ADDRESS:PORT`.
pub fn serve_path(request: &HttpRequest<'_>, path: &str, server_address: &str) -> HttpResponse {
    let read = |body: Json| match request.method {
        "GET" | "HEAD" => HttpResponse::json(200, &body),
        _ => HttpResponse::text(405, "405: Method Not Allowed"),
    };
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match parts.as_slice() {
        ["version"] => read(version()),
        ["healthz" | "livez" | "readyz", ..] => health::serve(request, path),
        ["api"] => read(Json::object([
            ("kind", "APIVersions".into()),
            ("versions", Json::strings(["v1"])),
            (
                "serverAddressByClientCIDRs",
                vec![Json::object([
                    ("clientCIDR", "0.0.0.0/0".into()),
                    ("serverAddress", server_address.into()),
                ])]
                .into(),
            ),
        ])),
        ["api", version] => {
            api::group("", version).map_or_else(HttpResponse::page_not_found, |v| read(v.resource_list()))
        }
        ["apis"] => read(api::group_list()),
        ["apis", group] => api::named_group(group).map_or_else(HttpResponse::page_not_found, read),
        ["apis", group, version] => match api::group(group, version) {
            Some(version) => read(version.resource_list()),
            None => HttpResponse::page_not_found(),
        },
        [
            "" | "metrics" | "openapi" | "openid" | ".well-known" | "logs" | "debug" | "flagz" | "statusz",
            ..,
        ] => HttpResponse::not_played("this path of the API server"),
        _ => failure(404, "NotFound", NO_RESOURCE, Some(Json::Object(Vec::new()))),
    }
}

const NO_RESOURCE: &str = "the server could not find the requested resource";

fn version() -> Json {
    let mut numbers = KUBERNETES_VERSION.trim_start_matches('v').split('.');
    let major = numbers.next().unwrap_or_default();
    let minor = numbers.next().unwrap_or_default();
    let before = minor.parse::<u32>().unwrap_or_default().saturating_sub(1);
    Json::object([
        ("major", major.into()),
        ("minor", minor.into()),
        ("emulationMajor", major.into()),
        ("emulationMinor", minor.into()),
        ("minCompatibilityMajor", major.into()),
        ("minCompatibilityMinor", before.to_string().into()),
        ("gitVersion", KUBERNETES_VERSION.into()),
        ("gitTreeState", "clean".into()),
        ("buildDate", "1970-01-01T00:00:00Z".into()),
        ("goVersion", "go1.26.4".into()),
        ("compiler", "gc".into()),
        ("platform", "linux/amd64".into()),
    ])
}

#[cfg(test)]
mod tests;
