//! What stands in the columns of `kubectl get` (pkg/printers/internalversion/printers.go).

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::access::Json;

/// What nothing is shown as.
const NONE: &str = "<none>";

/// A cell from its source (see `assets/kinds.toml`).
pub(super) fn cell(object: &Json, source: &str, now: OffsetDateTime) -> Json {
    if let Some(function) = source.strip_prefix('@') {
        return computed(object, function, now);
    }
    if let Some(path) = source.strip_prefix('#') {
        return match object.at(path) {
            Some(number @ Json::Number(_)) => number.clone(),
            _ => Json::integer(0),
        };
    }
    let (path, otherwise) = source.split_once('|').unwrap_or((source, ""));
    match shown(object.at(path)) {
        text if text.is_empty() => otherwise.into(),
        text => text.into(),
    }
}

fn shown(value: Option<&Json>) -> String {
    match value {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Number(number)) => number.to_string(),
        Some(Json::Bool(value)) => value.to_string(),
        _ => String::new(),
    }
}

fn computed(object: &Json, function: &str, now: OffsetDateTime) -> Json {
    let since = |path: &str| age(object.text(path), now);
    if let Some(path) = function.strip_prefix("flag:") {
        return matches!(object.at(path), Some(Json::Bool(true))).into();
    }
    match function {
        "age" => since("metadata.creationTimestamp").into(),
        "data" => {
            let count = ["data", "binaryData"].map(|key| object.get(key).map_or(0, |all| all.fields().len()));
            Json::integer(count.iter().sum::<usize>().try_into().unwrap_or(i64::MAX))
        }
        "phase" => match object.text("metadata.deletionTimestamp") {
            "" => object.text("status.phase").into(),
            _ => "Terminating".into(),
        },
        "node_status" => node_status(object).into(),
        "node_roles" => node_roles(object).into(),
        "node_internal" => address(object, "InternalIP").into(),
        "node_external" => address(object, "ExternalIP").into(),
        "pod_ready" => pod_ready(object).into(),
        "pod_status" => pod_status(object).into(),
        "pod_restarts" => {
            let counts = object.list("status.containerStatuses").iter();
            let sum: i64 = counts.filter_map(|status| status.get("restartCount")?.as_integer()).sum();
            sum.to_string().into()
        }
        "pod_gates" | "none" | "component_status" | "component_message" | "component_error" => NONE.into(),
        "claim_modes" => modes(object, if bound(object) { "status.accessModes" } else { "" }).into(),
        "claim_capacity" if bound(object) => or(shown(object.at("status.capacity.storage")), "0").into(),
        "claim_capacity" => "".into(),
        "volume_capacity" => shown(object.at("spec.capacity.storage")).into(),
        "volume_modes" => modes(object, "spec.accessModes").into(),
        "volume_claim" => match object.at("spec.claimRef") {
            Some(claim) => format!("{}/{}", claim.text("namespace"), claim.text("name")).into(),
            None => "".into(),
        },
        "endpoints" => endpoints(object).into(),
        "last_seen" => {
            let seen = ["series.lastObservedTime", "lastTimestamp", "firstTimestamp", "eventTime"];
            let path = seen.into_iter().find(|path| !object.text(path).is_empty());
            since(path.unwrap_or("metadata.creationTimestamp")).into()
        }
        "first_seen" => since("firstTimestamp").into(),
        "involved" => {
            let kind = object.text("involvedObject.kind").to_ascii_lowercase();
            format!("{kind}/{}", object.text("involvedObject.name")).into()
        }
        "service_external" => service_external(object).into(),
        "service_ports" => service_ports(object).into(),
        "containers" => names(object, template(object), "name").into(),
        "images" => names(object, template(object), "image").into(),
        "cron_containers" => names(object, CRON, "name").into(),
        "cron_images" => names(object, CRON, "image").into(),
        "cron_selector" => NONE.into(),
        "template_labels" => pairs(object.at("template.metadata.labels")).into(),
        "selector" => {
            let selector = object.at("spec.selector");
            let labels = selector.and_then(|selector| selector.get("matchLabels")).or(selector);
            pairs(labels).into()
        }
        "pod_selector" => pairs(object.at("spec.podSelector.matchLabels")).into(),
        "node_selector" => pairs(object.at("spec.template.spec.nodeSelector")).into(),
        "replicas_ready" => {
            let number = |path: &str| object.at(path).and_then(Json::as_integer).unwrap_or_default();
            format!("{}/{}", number("status.readyReplicas"), number("spec.replicas")).into()
        }
        "quota_requests" => quota(object, |key| !key.starts_with("limits.")).into(),
        "quota_limits" => quota(object, |key| key.starts_with("limits.")).into(),
        "controller" => match object.list("metadata.ownerReferences").first() {
            Some(owner) => {
                format!("{}/{}", owner.text("kind").to_ascii_lowercase(), owner.text("name")).into()
            }
            None => NONE.into(),
        },
        "scale_target" => {
            let target = "spec.scaleTargetRef";
            format!("{}/{}", object.text(&format!("{target}.kind")), object.text(&format!("{target}.name")))
                .into()
        }
        "scale_metrics" => NONE.into(),
        "job_status" => job_status(object).into(),
        "job_completions" => {
            let number = |path: &str| object.at(path).and_then(Json::as_integer);
            let wanted = number("spec.completions").unwrap_or(1);
            format!("{}/{wanted}", number("status.succeeded").unwrap_or_default()).into()
        }
        "job_duration" => match object.text("status.startTime") {
            "" => "".into(),
            start => age(start, now).into(),
        },
        "suspend" => {
            let suspended = matches!(object.at("spec.suspend"), Some(Json::Bool(true)));
            if suspended { "True".into() } else { "False".into() }
        }
        "active" => Json::integer(object.list("status.active").len().try_into().unwrap_or(i64::MAX)),
        "last_schedule" => match object.text("status.lastScheduleTime") {
            "" => NONE.into(),
            time => age(time, now).into(),
        },
        "csr_duration" => match object.at("spec.expirationSeconds").and_then(Json::as_integer) {
            Some(seconds) => human(seconds).into(),
            None => NONE.into(),
        },
        "csr_condition" => csr_condition(object).into(),
        "slice_ports" => {
            let ports = object.list("ports").iter().map(|port| shown(port.get("port"))).collect::<Vec<_>>();
            or(ports.join(","), "<unset>").into()
        }
        "slice_endpoints" => {
            let all = object.list("endpoints").iter().flat_map(|endpoint| endpoint.texts("addresses"));
            or(all.collect::<Vec<_>>().join(","), "<unset>").into()
        }
        "ingress_hosts" => {
            let hosts = object
                .list("spec.rules")
                .iter()
                .map(|rule| rule.text("host"))
                .filter(|host| !host.is_empty());
            or(hosts.collect::<Vec<_>>().join(","), "*").into()
        }
        "ingress_address" => {
            let all = object.list("status.loadBalancer.ingress").iter();
            all.map(|one| or(one.text("ip").into(), one.text("hostname")))
                .collect::<Vec<_>>()
                .join(",")
                .into()
        }
        "ingress_ports" => if object.list("spec.tls").is_empty() { "80" } else { "80, 443" }.into(),
        "parameters" => match object.at("spec.parameters") {
            Some(to) => {
                let kind = or(qualified(to.text("kind"), to.text("apiGroup")), NONE);
                format!("{kind}/{}", to.text("name")).into()
            }
            None => NONE.into(),
        },
        "role" => format!("{}/{}", object.text("roleRef.kind"), object.text("roleRef.name")).into(),
        "users" => subjects(object, "User").into(),
        "groups" => subjects(object, "Group").into(),
        "accounts" => subjects(object, "ServiceAccount").into(),
        "global_default" => matches!(object.get("globalDefault"), Some(Json::Bool(true))).into(),
        "lifecycle" => object.texts("spec.volumeLifecycleModes").join(",").into(),
        "drivers" => Json::integer(object.list("spec.drivers").len().try_into().unwrap_or(i64::MAX)),
        "class_name" => {
            let key = "storageclass.kubernetes.io/is-default-class";
            let annotations = object.at("metadata.annotations");
            let is_default = annotations.and_then(|all| all.get(key)?.as_text()) == Some("true");
            let name = object.text("metadata.name");
            if is_default { format!("{name} (default)").into() } else { name.into() }
        }
        _ => "".into(),
    }
}

fn or(text: String, otherwise: &str) -> String {
    if text.is_empty() { otherwise.to_owned() } else { text }
}

fn qualified(kind: &str, group: &str) -> String {
    if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") }
}

const CRON: &str = "spec.jobTemplate.spec.template.spec.containers";

/// Where the containers of a kind are.
fn template(object: &Json) -> &'static str {
    if object.at("template").is_some() { "template.spec.containers" } else { "spec.template.spec.containers" }
}

fn names(object: &Json, list: &str, field: &str) -> String {
    object.list(list).iter().map(|item| item.text(field)).collect::<Vec<_>>().join(",")
}

fn pairs(labels: Option<&Json>) -> String {
    let fields = labels.map(Json::fields).unwrap_or_default();
    let mut pairs: Vec<String> =
        fields.iter().map(|(key, value)| format!("{key}={}", value.as_text().unwrap_or_default())).collect();
    pairs.sort();
    or(pairs.join(","), NONE)
}

fn bound(claim: &Json) -> bool {
    !claim.text("spec.volumeName").is_empty()
}

fn modes(object: &Json, path: &str) -> String {
    let short = |mode: &Json| match mode.as_text() {
        Some("ReadWriteOnce") => "RWO",
        Some("ReadOnlyMany") => "ROX",
        Some("ReadWriteMany") => "RWX",
        Some("ReadWriteOncePod") => "RWOP",
        _ => "",
    };
    object.list(path).iter().map(short).collect::<Vec<_>>().join(",")
}

fn node_status(node: &Json) -> String {
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

fn node_roles(node: &Json) -> String {
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

fn address(node: &Json, kind: &str) -> String {
    let found = node.list("status.addresses").iter().find(|address| address.text("type") == kind);
    or(found.map(|address| address.text("address").to_owned()).unwrap_or_default(), NONE)
}

fn pod_ready(pod: &Json) -> String {
    let ready = |status: &&Json| matches!(status.get("ready"), Some(Json::Bool(true)));
    let count = pod.list("status.containerStatuses").iter().filter(ready).count();
    format!("{count}/{}", pod.list("spec.containers").len())
}

fn pod_status(pod: &Json) -> String {
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

fn endpoints(object: &Json) -> String {
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

fn service_external(service: &Json) -> String {
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

fn service_ports(service: &Json) -> String {
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

fn quota(object: &Json, wanted: fn(&str) -> bool) -> String {
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

fn job_status(job: &Json) -> &'static str {
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

fn csr_condition(csr: &Json) -> String {
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

fn subjects(binding: &Json, kind: &str) -> String {
    let all = binding.list("subjects").iter().filter(|subject| subject.text("kind") == kind);
    let name = |subject: &Json| match kind {
        "ServiceAccount" => format!("{}/{}", subject.text("namespace"), subject.text("name")),
        _ => subject.text("name").to_owned(),
    };
    all.map(name).collect::<Vec<_>>().join(", ")
}

/// How long ago a moment was; `<unknown>` for none.
pub(super) fn age(moment: &str, now: OffsetDateTime) -> String {
    match OffsetDateTime::parse(moment, &Rfc3339) {
        Ok(moment) => human((now - moment).whole_seconds()),
        Err(_) => "<unknown>".into(),
    }
}

/// A span of time as people read it (apimachinery/pkg/util/duration, `HumanDuration`).
fn human(seconds: i64) -> String {
    let two = |large: i64, one: &str, small: i64, other: &str| match small {
        0 => format!("{large}{one}"),
        _ => format!("{large}{one}{small}{other}"),
    };
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let (days, years) = (hours / 24, hours / 24 / 365);
    match () {
        () if seconds < -1 => "<invalid>".into(),
        () if seconds < 0 => "0s".into(),
        () if seconds < 120 => format!("{seconds}s"),
        () if minutes < 10 => two(minutes, "m", seconds % 60, "s"),
        () if minutes < 180 => format!("{minutes}m"),
        () if hours < 8 => two(hours, "h", minutes % 60, "m"),
        () if hours < 48 => format!("{hours}h"),
        () if hours < 192 => two(days, "d", hours % 24, "h"),
        () if hours < 24 * 365 * 2 => format!("{days}d"),
        () if hours < 24 * 365 * 8 => two(years, "y", days % 365, "d"),
        () => format!("{years}y"),
    }
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn spans_read_as_kubectl_prints_them() {
        for (seconds, expected) in [
            (-5, "<invalid>"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (178, "2m58s"),
            (3600, "60m"),
            (4 * 3600 + 60, "4h1m"),
            (30 * 3600, "30h"),
            (50 * 3600, "2d2h"),
            (20 * 86400, "20d"),
            (3 * 365 * 86400, "3y"),
        ] {
            assert_eq!(human(seconds), expected);
        }
    }
}
