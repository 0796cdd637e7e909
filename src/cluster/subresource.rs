//! Parts of objects that have a handler of their own (pkg/registry/core/pod/rest, …/storage).

use std::sync::Arc;

use crate::access::Json;
use crate::text::quote;

use super::admission::{self, Operation};
use super::failure::{Answer, Cause, Failure};
use super::handler::Context;
use super::message::Response;
use super::{decode, node_restriction, token, write};

/// Answers a subresource that is more than a part of its object; `None` for others.
pub(super) fn serve(context: &Context<'_>) -> Option<Answer> {
    let key = context.served.key();
    Some(match (key, context.asked.subresource.as_str()) {
        (("", "pods"), "binding") => bind(context),
        (("", "bindings"), "") => bind(context),
        (("", "pods"), "eviction") => evict(context),
        (("", "pods"), "log") => log(context),
        (("", "pods"), "exec" | "attach") => run(context),
        (("", "pods"), "portforward" | "proxy") => exists(context).and(Err(no_containers())),
        (("", "nodes" | "services"), "proxy") => exists(context).and(Err(Failure::not_played("this proxy"))),
        (("", "serviceaccounts"), "token") => token::create(context),
        (("", "namespaces"), "finalize") => finalize(context),
        (_, "scale") => scale(context),
        _ => return None,
    })
}

fn object(context: &Context<'_>) -> Answer<Arc<Json>> {
    let object = context.cluster.read().get(context.served.key(), context.namespace, &context.asked.name);
    object.ok_or_else(|| context.not_found())
}

fn exists(context: &Context<'_>) -> Answer<Response> {
    object(context).map(|_| Response::new(200, "text/plain", Vec::new()))
}

fn success(code: u16) -> Response {
    Response::json(
        code,
        &Json::object([
            ("kind", "Status".into()),
            ("apiVersion", "v1".into()),
            ("metadata", Json::Object(Vec::new())),
            ("status", "Success".into()),
            ("code", u64::from(code).into()),
        ]),
    )
}

/// A scheduler says on which node a pod is to run.
fn bind(context: &Context<'_>) -> Answer {
    let binding = decode::object(context.served, context.request)?;
    let name = match context.asked.name.as_str() {
        "" => binding.text("metadata.name").to_owned(),
        name => name.to_owned(),
    };
    let node = binding.text("target.name").to_owned();
    if node.is_empty() {
        return Err(Failure::invalid("", "Binding", &name, &[Cause::required("target.name", "")]));
    }
    context.cluster.change(|store| {
        let pod = store.get(("", "pods"), context.namespace, &name);
        let pod = pod.ok_or_else(|| Failure::not_found("", "pods", &name))?;
        let own = pod.text("spec.nodeName");
        if !own.is_empty() {
            let why = format!("pod {name} is already assigned to node {}", quote(own));
            return Err(Failure::conflict("", "pods/binding", &name, &why));
        }
        let mut pod = (*pod).clone();
        pod.path_mut(&["spec"]).set("nodeName", node);
        let mut conditions = pod.list("status.conditions").to_vec();
        conditions.retain(|own| own.text("type") != "PodScheduled");
        conditions.push(Json::object([
            ("type", "PodScheduled".into()),
            ("status", "True".into()),
            ("lastProbeTime", Json::Null),
            ("lastTransitionTime", context.cluster.stamp().into()),
        ]));
        pod.path_mut(&["status"]).set("conditions", conditions);
        Ok(store.put(("", "pods"), pod)?)
    })?;
    Ok(success(201))
}

fn evict(context: &Context<'_>) -> Answer {
    let eviction = decode::object(context.served, context.request)?;
    context.cluster.change(|store| {
        let pod = store.get(("", "pods"), context.namespace, &context.asked.name);
        let pod = pod.ok_or_else(|| context.not_found())?;
        node_restriction::admit(context, store, Operation::Create, None, &pod)?;
        write::check_preconditions(context, &pod, eviction.get("deleteOptions").unwrap_or(&Json::Null))?;
        store.delete(("", "pods"), context.namespace, &context.asked.name)?;
        Ok(())
    })?;
    Ok(success(201))
}

fn no_containers() -> Failure {
    Failure::not_played("containers: none runs here, so nothing can be done in one")
}

/// Something is to be done in a container: its kubelet says whether the API server may, and then
/// that there is none.
fn run(context: &Context<'_>) -> Answer {
    let pod = object(context)?;
    let first = pod.list("spec.containers").first().map_or("", |own| own.text("name"));
    let container = context.request.query("container").filter(|own| !own.is_empty());
    let container = container.unwrap_or_else(|| first.to_owned());
    let query = context.request.target.split_once('?').map_or("", |(_, query)| query);
    let (what, name) = (&context.asked.subresource, &context.asked.name);
    let path = format!("/{what}/{}/{name}/{container}?{query}", context.namespace);
    let answer = context.cluster.ask_kubelet(pod.text("spec.nodeName"), "POST", &path);
    let words = answer.transpose()?.map(|response| response.text());
    Err(words.map_or_else(no_containers, |words| Failure::not_implemented(words.trim_end())))
}

/// No container runs here, and the log says so.
fn log(context: &Context<'_>) -> Answer {
    let pod = object(context)?;
    let containers: Vec<&str> =
        pod.list("spec.containers").iter().map(|container| container.text("name")).collect();
    let name = &context.asked.name;
    let asked = context.request.query("container").filter(|asked| !asked.is_empty());
    let container = match (&asked, containers.as_slice()) {
        (Some(asked), all) if all.contains(&asked.as_str()) => asked.as_str(),
        (Some(asked), _) => {
            return Err(Failure::bad_request(format!("container {asked} is not valid for pod {name}")));
        }
        (None, [one]) => one,
        (None, all) => {
            return Err(Failure::bad_request(format!(
                "a container name must be specified for pod {name}, choose one of: [{}]",
                all.join(" ")
            )));
        }
    };
    if pod.text("spec.nodeName").is_empty() {
        return Err(Failure::bad_request(format!("pod {name} does not have a host assigned")));
    }
    let path = format!("/containerLogs/{}/{name}/{container}", context.namespace);
    if let Some(answer) = context.cluster.ask_kubelet(pod.text("spec.nodeName"), "GET", &path) {
        return answer;
    }
    let line =
        format!("container {container} of pod {name} does not run: this lab stores pods and runs none\n");
    Ok(Response::new(200, "text/plain", line))
}

/// Who emptied a namespace says that it may go.
fn finalize(context: &Context<'_>) -> Answer {
    let given = decode::object(context.served, context.request)?;
    let object = context.cluster.change(|store| {
        let old = store.get(("", "namespaces"), "", &context.asked.name);
        let old = old.ok_or_else(|| context.not_found())?;
        let mut object = (*old).clone();
        let finalizers = given.list("spec.finalizers").to_vec();
        object.path_mut(&["spec"]).set("finalizers", finalizers.clone());
        if finalizers.is_empty() {
            object.path_mut(&["spec"]).take("finalizers");
        }
        write::replace(context, store, &old, object, None)
    })?;
    Ok(Response::json(200, &object))
}

/// How many copies of a pod are wanted, whatever keeps them.
fn scale(context: &Context<'_>) -> Answer {
    let shown = |object: &Json| {
        let mut metadata = Json::Object(Vec::new());
        for key in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
            if let Some(value) = object.at("metadata").and_then(|own| own.get(key)) {
                metadata.set(key, value.clone());
            }
        }
        let replicas = |path: &str| object.at(path).cloned().unwrap_or_else(|| Json::integer(0));
        let labels = object.at("spec.selector.matchLabels").or_else(|| object.at("spec.selector"));
        let mut pairs: Vec<String> = labels
            .map(Json::fields)
            .unwrap_or_default()
            .iter()
            .filter_map(|(key, value)| Some(format!("{key}={}", value.as_text()?)))
            .collect();
        pairs.sort();
        Json::object([
            ("kind", "Scale".into()),
            ("apiVersion", "autoscaling/v1".into()),
            ("metadata", metadata),
            ("spec", Json::object([("replicas", replicas("spec.replicas"))])),
            (
                "status",
                Json::object([
                    ("replicas", replicas("status.replicas")),
                    ("selector", pairs.join(",").into()),
                ]),
            ),
        ])
    };
    if context.verb == "get" {
        return Ok(Response::json(200, &shown(&*object(context)?)));
    }
    let given = match context.verb {
        "patch" => serde_json::from_slice(&context.request.body)
            .map_err(|error| Failure::bad_request(format!("error decoding patch: {error}")))?,
        _ => decode::object(context.served, context.request)?,
    };
    let wanted = given.at("spec.replicas").and_then(Json::as_integer).unwrap_or_default();
    if wanted < 0 {
        let cause =
            Cause::invalid("spec.replicas", &Json::integer(wanted), "must be greater than or equal to 0");
        return Err(Failure::invalid("autoscaling", "Scale", &context.asked.name, &[cause]));
    }
    let object = context.cluster.change(|store| {
        let old = store.get(context.served.key(), context.namespace, &context.asked.name);
        let old = old.ok_or_else(|| context.not_found())?;
        let mut object = (*old).clone();
        object.path_mut(&["spec"]).set("replicas", Json::integer(wanted));
        if !given.text("metadata.resourceVersion").is_empty() {
            object.path_mut(&["metadata"]).set("resourceVersion", given.text("metadata.resourceVersion"));
        }
        admission::admit(context, store, Operation::Update, Some(&old), &mut object)?;
        write::replace(context, store, &old, object, None)
    })?;
    Ok(Response::json(200, &shown(&object)))
}
