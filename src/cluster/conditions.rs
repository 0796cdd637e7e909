//! The state of objects in one word, and their lists in one line
//! (pkg/printers/internalversion/printers.go).

use crate::access::Json;

use super::cells::{NONE, or, shown};

pub(super) fn node_status(node: &Json) -> String {
    let ready = node.list("status.conditions").iter().find(|condition| condition.text("type") == "Ready");
    let mut status = match ready.map(|ready| ready.text("status")) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }
    .to_owned();
    if matches!(node.at("spec.unschedulable"), Some(Json::Bool(true))) {
        status += ",SchedulingDisabled";
    }
    status
}

pub(super) fn node_roles(node: &Json) -> String {
    let labels = node.at("metadata.labels").map(Json::fields).unwrap_or_default();
    let mut roles: Vec<&str> = labels
        .iter()
        .filter_map(|(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) if !role.is_empty() => Some(role),
            _ if key == "kubernetes.io/role" => value.as_text().filter(|role| !role.is_empty()),
            _ => None,
        })
        .collect();
    roles.sort_unstable();
    or(roles.join(","), NONE)
}

pub(super) fn address(node: &Json, kind: &str) -> String {
    let found = node.list("status.addresses").iter().find(|address| address.text("type") == kind);
    or(found.map(|address| address.text("address").to_owned()).unwrap_or_default(), NONE)
}

pub(super) fn pod_ready(pod: &Json) -> String {
    let ready = |status: &&Json| matches!(status.get("ready"), Some(Json::Bool(true)));
    let count = pod.list("status.containerStatuses").iter().filter(ready).count();
    format!("{count}/{}", pod.list("spec.containers").len())
}

pub(super) fn pod_status(pod: &Json) -> String {
    let mut reason = or(pod.text("status.reason").to_owned(), pod.text("status.phase"));
    for status in pod.list("status.containerStatuses") {
        for path in ["state.waiting.reason", "state.terminated.reason"] {
            if !status.text(path).is_empty() {
                status.text(path).clone_into(&mut reason);
            }
        }
    }
    if !pod.text("metadata.deletionTimestamp").is_empty() {
        reason = if pod.text("status.reason") == "NodeLost" { "Unknown" } else { "Terminating" }.to_owned();
    }
    reason
}

pub(super) fn endpoints(object: &Json) -> String {
    let mut all = Vec::new();
    for subset in object.list("subsets") {
        for port in subset.list("ports") {
            let port = shown(port.get("port"));
            all.extend(subset.list("addresses").iter().map(|own| format!("{}:{port}", own.text("ip"))));
        }
    }
    if all.len() > 3 {
        let more = all.len() - 3;
        all.truncate(3);
        return format!("{} + {more} more...", all.join(","));
    }
    or(all.join(","), NONE)
}

pub(super) fn service_external(service: &Json) -> String {
    let external = service.texts("spec.externalIPs").join(",");
    match service.text("spec.type") {
        "LoadBalancer" => {
            let own = service.list("status.loadBalancer.ingress").iter();
            let all: Vec<String> =
                own.map(|one| or(one.text("ip").to_owned(), one.text("hostname"))).collect();
            let all = all.join(",");
            or(if external.is_empty() { all } else { external }, "<pending>")
        }
        "ExternalName" => service.text("spec.externalName").to_owned(),
        _ => or(external, NONE),
    }
}

pub(super) fn service_ports(service: &Json) -> String {
    let ports = service.list("spec.ports").iter().map(|port| {
        let (number, node, protocol) =
            (shown(port.get("port")), shown(port.get("nodePort")), port.text("protocol"));
        if node.is_empty() || node == "0" {
            format!("{number}/{protocol}")
        } else {
            format!("{number}:{node}/{protocol}")
        }
    });
    or(ports.collect::<Vec<_>>().join(","), NONE)
}

pub(super) fn quota(object: &Json, wanted: fn(&str) -> bool) -> String {
    let hard =
        object.at("status.hard").or_else(|| object.at("spec.hard")).map(Json::fields).unwrap_or_default();
    let mut all: Vec<String> = hard
        .iter()
        .filter(|(key, _)| wanted(key))
        .map(|(key, value)| {
            let used = object.at("status.used").and_then(|used| used.get(key));
            format!("{key}: {}/{}", or(shown(used), "0"), shown(Some(value)))
        })
        .collect();
    all.sort();
    all.join(", ")
}

pub(super) fn job_status(job: &Json) -> &'static str {
    let has = |kind: &str| {
        let conditions = job.list("status.conditions").iter();
        conditions.clone().any(|own| own.text("type") == kind && own.text("status") == "True")
    };
    match () {
        () if has("Complete") => "Complete",
        () if has("Failed") => "Failed",
        () if !job.text("metadata.deletionTimestamp").is_empty() => "Terminating",
        () if has("Suspended") => "Suspended",
        () if has("FailureTarget") => "FailureTarget",
        () if has("SuccessCriteriaMet") => "SuccessCriteriaMet",
        () => "Running",
    }
}

pub(super) fn csr_condition(csr: &Json) -> String {
    let has = |kind: &str| csr.list("status.conditions").iter().any(|own| own.text("type") == kind);
    let mut status = String::new();
    if has("Denied") {
        status += "Denied";
    } else if has("Approved") {
        status += "Approved";
    } else {
        status += "Pending";
    }
    if has("Failed") {
        status += ",Failed";
    }
    if !csr.text("status.certificate").is_empty() {
        status += ",Issued";
    }
    status
}

pub(super) fn subjects(binding: &Json, kind: &str) -> String {
    let all = binding.list("subjects").iter().filter(|subject| subject.text("kind") == kind);
    let name = |subject: &Json| match kind {
        "ServiceAccount" => format!("{}/{}", subject.text("namespace"), subject.text("name")),
        _ => subject.text("name").to_owned(),
    };
    all.map(name).collect::<Vec<_>>().join(", ")
}
