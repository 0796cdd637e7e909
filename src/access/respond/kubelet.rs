//! The kubelet's own API on port 10250.
//!
//! It authenticates by certificate as the API server does, and asks the API
//! server whether the client may use `nodes/…` of its node (pkg/kubelet/server:
//! server.go `InstallAuthFilter`, auth.go).

use super::{Authentication, HttpRequest, HttpResponse, JSON};
use crate::access::attributes::{Attributes, Resource, Target};
use crate::access::decision::authorize;
use crate::access::identity::Identity;
use crate::access::json::Json;
use crate::access::world::World;
use crate::text::quote;

pub(super) fn respond(
    node: &str,
    authentication: Authentication,
    request: &HttpRequest<'_>,
    world: &World,
) -> HttpResponse {
    let identity = match authentication {
        Authentication::Identified(identity) => identity,
        Authentication::Anonymous if world.kubelet_anonymous => Identity::anonymous(),
        Authentication::Anonymous | Authentication::Refused => {
            return HttpResponse::text(401, "Unauthorized");
        }
    };
    let asked = questions(node, request);
    let mut decision = None;
    for attributes in &asked {
        let one = authorize(&identity, attributes, &world.policy);
        let allowed = one.allowed;
        decision = Some(one);
        if allowed {
            break;
        }
    }
    let allowed = decision.as_ref().is_some_and(|decision| decision.allowed);
    let answer = if allowed {
        let own = |object: &&Json| object.text("kind") == "Pod" && object.text("spec.nodeName") == node;
        let pods: Vec<&Json> = world.objects.iter().filter(own).collect();
        kubelet_answer(node, request, &pods)
    } else {
        kubelet_forbids(&identity, &asked)
    };
    HttpResponse { identity: Some(identity), decision, ..answer }
}

/// What a kubelet asks the API server about a request to it: whether its client may do any one
/// of these, in this order.
#[must_use]
pub fn questions(node: &str, request: &HttpRequest<'_>) -> Vec<Attributes> {
    let verb = match request.method {
        "POST" => "create",
        "GET" => "get",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => "delete",
        _ => "",
    };
    let about = |subresource: &&str| {
        let resource = Resource {
            version: "v1".to_owned(),
            resource: "nodes".to_owned(),
            subresource: (*subresource).to_owned(),
            name: node.to_owned(),
            ..Resource::default()
        };
        Attributes::resource(verb, resource)
    };
    subresources(request.bare_path()).iter().map(about).collect()
}

/// The answer to a client that may do none of what was asked about.
#[must_use]
pub fn kubelet_forbids(identity: &Identity, asked: &[Attributes]) -> HttpResponse {
    let verb = asked.first().map(|one| one.verb.as_str()).unwrap_or_default();
    let tried: Vec<&str> = asked
        .iter()
        .filter_map(|one| match &one.target {
            Target::Resource(resource) => Some(resource.subresource.as_str()),
            Target::Path(_) => None,
        })
        .collect();
    let (user, tried) = (&identity.user, tried.join(" "));
    HttpResponse::text(
        403,
        format!("Forbidden (user={user}, verb={verb}, resource=nodes, subresource(s)=[{tried}])"),
    )
}

/// Which subresources of the node a path stands for: any one of them suffices,
/// asked in this order.
fn subresources(path: &str) -> &'static [&'static str] {
    let below =
        |base: &str| path.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    match () {
        () if below("/stats") => &["stats"],
        () if below("/metrics") => &["metrics"],
        () if below("/logs") => &["log"],
        () if below("/checkpoint") => &["checkpoint"],
        () if below("/pods") || below("/runningpods") => &["pods", "proxy"],
        () if below("/healthz") => &["healthz", "proxy"],
        () if below("/configz") => &["configz", "proxy"],
        () if below("/statusz") => &["statusz"],
        () if below("/flagz") => &["configz"],
        () => &["proxy"],
    }
}

/// The answer to a client that may have it, from the pods of the node.
#[must_use]
pub fn kubelet_answer(node: &str, request: &HttpRequest<'_>, pods: &[&Json]) -> HttpResponse {
    let pod = |namespace: &str, name: &str| {
        let is_asked =
            |pod: &&&Json| pod.text("metadata.namespace") == namespace && pod.text("metadata.name") == name;
        pods.iter().find(is_asked).ok_or_else(|| format!("pod {} does not exist", quote(name)))
    };
    let mut parts = request.bare_path().trim_start_matches('/').split('/');
    match (request.method, parts.next().unwrap_or_default()) {
        ("GET", "healthz") => HttpResponse::text(200, "ok"),
        ("GET", "pods") => {
            let items: Vec<Json> = pods.iter().map(|pod| super::api_server::without_kind(pod)).collect();
            let list = Json::object([
                ("kind", "PodList".into()),
                ("apiVersion", "v1".into()),
                ("metadata", Json::Object(Vec::new())),
                ("items", items.into()),
            ]);
            let body = list.compact() + "\n";
            HttpResponse { content_type: JSON, ..HttpResponse::text(200, body) }
        }
        (method, part @ ("containerLogs" | "exec" | "run" | "attach"))
            if method == "GET" || part != "containerLogs" =>
        {
            let [namespace, name, mut container] = [(); 3].map(|()| parts.next().unwrap_or_default());
            let pod = match pod(namespace, name) {
                Ok(pod) => pod,
                Err(why) => return HttpResponse::text(404, why),
            };
            if container.is_empty() {
                container = pod.list("spec.containers").first().map_or("", |own| own.text("name"));
            }
            if !pod.list("spec.containers").iter().any(|own| own.text("name") == container) {
                let (container, name) = (quote(container), quote(name));
                return HttpResponse::text(404, format!("container {container} not found in pod {name}"));
            }
            HttpResponse::text(
                200,
                format!(
                    "container {container} of pod {name} does not run: this lab stores pods and runs none\n"
                ),
            )
        }
        ("GET", "metrics") => HttpResponse::text(
            200,
            "# HELP kubelet_node_name [ALPHA] The node's name. The count is always 1.\n\
             # TYPE kubelet_node_name gauge\n"
                .to_owned()
                + &format!("kubelet_node_name{{node={}}} 1\n", quote(node)),
        ),
        (
            _,
            "stats" | "logs" | "checkpoint" | "runningpods" | "configz" | "flagz" | "statusz" | "portForward"
            | "pods" | "healthz" | "containerLogs" | "metrics",
        ) => HttpResponse::not_played("this part of the kubelet's API"),
        _ => HttpResponse::page_not_found(),
    }
}
