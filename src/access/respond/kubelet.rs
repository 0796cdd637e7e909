//! The kubelet's own API on port 10250.
//!
//! It authenticates by certificate as the API server does, and asks the API
//! server whether the client may use `nodes/…` of its node (pkg/kubelet/server:
//! server.go `InstallAuthFilter`, auth.go).

use super::{Authentication, HttpRequest, HttpResponse, JSON};
use crate::access::attributes::{Attributes, Resource};
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
    let verb = match request.method {
        "POST" => "create",
        "GET" => "get",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => "delete",
        _ => "",
    };
    let subresources = subresources(request.bare_path());
    let mut decision = None;
    for subresource in subresources {
        let attributes = Attributes::resource(
            verb,
            Resource {
                version: "v1".to_owned(),
                resource: "nodes".to_owned(),
                subresource: (*subresource).to_owned(),
                name: node.to_owned(),
                ..Resource::default()
            },
        );
        let asked = authorize(&identity, &attributes, &world.policy);
        let allowed = asked.allowed;
        decision = Some(asked);
        if allowed {
            break;
        }
    }
    let allowed = decision.as_ref().is_some_and(|decision| decision.allowed);
    let answer = if allowed {
        serve(node, request, world)
    } else {
        let user = &identity.user;
        let tried = subresources.join(" ");
        HttpResponse::text(
            403,
            format!("Forbidden (user={user}, verb={verb}, resource=nodes, subresource(s)=[{tried}])"),
        )
    };
    HttpResponse { identity: Some(identity), decision, ..answer }
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
        () if below("/configz") || below("/flagz") => &["configz", "proxy"],
        () if below("/statusz") => &["statusz", "proxy"],
        () => &["proxy"],
    }
}

fn serve(node: &str, request: &HttpRequest<'_>, world: &World) -> HttpResponse {
    let pods = || {
        world
            .objects
            .iter()
            .filter(|object| object.text("kind") == "Pod" && object.text("spec.nodeName") == node)
    };
    let mut parts = request.bare_path().trim_start_matches('/').split('/');
    match (request.method, parts.next().unwrap_or_default()) {
        ("GET", "healthz") => HttpResponse::text(200, "ok"),
        ("GET", "pods") => {
            let items: Vec<Json> = pods().map(super::api_server::without_kind).collect();
            let list = Json::object([
                ("kind", "PodList".into()),
                ("apiVersion", "v1".into()),
                ("metadata", Json::Object(Vec::new())),
                ("items", items.into()),
            ]);
            let body = list.compact() + "\n";
            HttpResponse { content_type: JSON, ..HttpResponse::text(200, body) }
        }
        ("GET", "containerLogs") => {
            let [namespace, name, container] = [(); 3].map(|()| parts.next().unwrap_or_default());
            let pod = pods()
                .find(|pod| pod.text("metadata.namespace") == namespace && pod.text("metadata.name") == name);
            let Some(pod) = pod else {
                return HttpResponse::text(404, format!("pod {} does not exist", quote(name)));
            };
            if !pod.list("spec.containers").iter().any(|own| own.text("name") == container) {
                let (container, name) = (quote(container), quote(name));
                return HttpResponse::text(404, format!("container {container} not found in pod {name}"));
            }
            HttpResponse::text(200, format!("{} {container} started\n", world.now))
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
            "stats" | "logs" | "checkpoint" | "runningpods" | "configz" | "flagz" | "statusz" | "exec"
            | "run" | "attach" | "portForward" | "pods" | "healthz" | "containerLogs" | "metrics",
        ) => HttpResponse::not_played("this part of the kubelet's API"),
        _ => HttpResponse::page_not_found(),
    }
}
