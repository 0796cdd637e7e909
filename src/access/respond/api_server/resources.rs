//! The API's resources: reading them, and reviews of oneself.

use super::super::{HttpRequest, HttpResponse};
use super::{NO_RESOURCE, details, failure};
use crate::access::api;
use crate::access::attributes::Resource;
use crate::access::fields::FieldRequirement;
use crate::access::identity::Identity;
use crate::access::json::Json;
use crate::access::relations::group;
use crate::access::world::World;
use crate::text::quote;

pub(super) fn serve(
    identity: &Identity,
    verb: &str,
    resource: &Resource,
    request: &HttpRequest<'_>,
    world: &World,
) -> HttpResponse {
    let Some(api_group) = api::group(&resource.group, &resource.version) else {
        return HttpResponse::page_not_found();
    };
    let empty = || Some(Json::Object(Vec::new()));
    let Some(api_resource) = api_group.resource(&resource.combined()) else {
        return failure(404, "NotFound", NO_RESOURCE, empty());
    };
    // Namespaces carry their own name as the namespace of the request.
    let namespace = if resource.resource == "namespaces" { "" } else { &resource.namespace };
    let named = !resource.name.is_empty();
    // A list may have a name too, from its field selector.
    let of_one = named && !matches!(verb, "list" | "watch");
    let everywhere = !api_resource.cluster && namespace.is_empty();
    if (api_resource.cluster && !namespace.is_empty()) || (everywhere && of_one) {
        return failure(404, "NotFound", NO_RESOURCE, empty());
    }
    // A method on a path that the resource does not have it for: PUT on a list.
    let fits = match verb {
        "list" | "watch" => true,
        "deletecollection" => !everywhere,
        "create" => !everywhere && named != resource.subresource.is_empty(),
        _ => named,
    };
    if !fits || !api_resource.takes(verb) {
        let message = "the server does not allow this method on the requested resource";
        return failure(405, "MethodNotAllowed", message, empty());
    }
    let group_version = api_group.group_version();
    let of_kind = |object: &&Json| {
        object.text("kind") == api_resource.kind && group(object.text("apiVersion")) == resource.group
    };
    // Namespaces carry their own name as the namespace of the request.
    let namespace = if resource.resource == "namespaces" { "" } else { &resource.namespace };
    let objects = world
        .objects
        .iter()
        .filter(of_kind)
        .filter(|object| namespace.is_empty() || object.text("metadata.namespace") == namespace);
    match (verb, resource.resource.as_str()) {
        ("get", _) if matches!(resource.subresource.as_str(), "" | "status") => {
            let mut objects = objects;
            match objects.find(|object| object.text("metadata.name") == resource.name) {
                Some(object) => HttpResponse::json(200, object),
                None => not_found(resource),
            }
        }
        ("list", _) => match refused_list(resource, request) {
            Some(refusal) => refusal,
            None => {
                let items: Vec<Json> =
                    objects.filter(|object| selected(object, resource)).map(without_kind).collect();
                let list = Json::object([
                    ("kind", format!("{}List", api_resource.kind).into()),
                    ("apiVersion", group_version.into()),
                    ("metadata", Json::object([("resourceVersion", "1".into())])),
                    ("items", items.into()),
                ]);
                HttpResponse::json(200, &list)
            }
        },
        ("create", "selfsubjectreviews") => HttpResponse::json(201, &self_review(identity, world)),
        ("create", _) if resource.subresource.is_empty() => failure_empty_body(&api_resource.kind),
        _ => HttpResponse::not_played("this request"),
    }
}

/// An object as it stands in a list: the list says the kind for all.
pub(in super::super) fn without_kind(object: &Json) -> Json {
    let own = |(key, _): &&(String, Json)| key != "kind" && key != "apiVersion";
    Json::Object(object.fields().iter().filter(own).cloned().collect())
}

/// `nodes "x" not found`.
fn not_found(resource: &Resource) -> HttpResponse {
    let what = match resource.group.as_str() {
        "" => resource.resource.clone(),
        group => format!("{}.{group}", resource.resource),
    };
    let message = format!("{what} {} not found", quote(&resource.name));
    failure(404, "NotFound", &message, Some(details(resource)))
}

/// A create without a body, which is all that a request here can be.
fn failure_empty_body(kind: &str) -> HttpResponse {
    let message = format!(
        "the object provided is unrecognized (must be of type {kind}): couldn't get \
         version/kind; json parse error: unexpected end of JSON input (<empty>)"
    );
    failure(400, "BadRequest", &message, None)
}

/// Lists whose query makes no sense (400).
fn refused_list(resource: &Resource, request: &HttpRequest<'_>) -> Option<HttpResponse> {
    let query = request.path.split_once('?').map_or("", |(_, query)| query);
    let limit = query.split('&').find_map(|pair| pair.strip_prefix("limit="));
    if let Some(limit) = limit.filter(|limit| !limit.is_empty() && limit.parse::<i64>().is_err()) {
        let message = format!("strconv.ParseInt: parsing {}: invalid syntax", quote(limit));
        return Some(failure(400, "BadRequest", &message, None));
    }
    let known = |field: &str| match resource.resource.as_str() {
        _ if matches!(field, "metadata.name" | "metadata.namespace") => true,
        "pods" => POD_FIELDS.contains(&field),
        "nodes" => field == "spec.unschedulable",
        "namespaces" => field == "status.phase",
        "secrets" => field == "type",
        "certificatesigningrequests" => field == "spec.signerName",
        // Others have fields of their own; the lab has no such objects.
        _ => true,
    };
    let unknown = resource.fields.iter().find(|term| !known(&term.field))?;
    let message = format!("field label not supported: {}", unknown.field);
    Some(failure(400, "BadRequest", &message, None))
}

/// What pods can be selected by (pkg/apis/core/v1/conversion.go).
const POD_FIELDS: [&str; 9] = [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.podIPs",
    "status.nominatedNodeName",
];

fn selected(object: &Json, resource: &Resource) -> bool {
    let is = |term: &FieldRequirement| (object.text(&term.field) == term.value) == term.equals;
    let name = &resource.name;
    (name.is_empty() || object.text("metadata.name") == name) && resource.fields.iter().all(is)
}

/// `kubectl auth whoami`: who the server takes the client for.
fn self_review(identity: &Identity, world: &World) -> Json {
    let mut user = Json::object([("username", identity.user.as_str().into())]);
    if let Some(uid) = &identity.uid {
        user = user.with("uid", uid.as_str());
    }
    if !identity.groups.is_empty() {
        user = user.with("groups", Json::strings(&identity.groups));
    }
    if !identity.extra.is_empty() {
        let extra = identity.extra.iter().map(|(key, values)| (key.clone(), Json::strings(values)));
        user = user.with("extra", Json::Object(extra.collect()));
    }
    Json::object([
        ("kind", "SelfSubjectReview".into()),
        ("apiVersion", "authentication.k8s.io/v1".into()),
        ("metadata", Json::object([("creationTimestamp", world.now.as_str().into())])),
        ("status", Json::object([("userInfo", user)])),
    ])
}
