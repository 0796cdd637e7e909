//! What stands in the columns of `kubectl get` (pkg/printers/internalversion/printers.go).

use time::OffsetDateTime;

use crate::access::Json;

use super::age::{age, human};
use super::conditions::{
    address, csr_condition, endpoints, job_status, node_roles, node_status, pod_ready, pod_status, quota,
    service_external, service_ports, subjects,
};

/// What nothing is shown as.
pub(super) const NONE: &str = "<none>";

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

pub(super) fn shown(value: Option<&Json>) -> String {
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
        "scale_metrics" => scale_metrics(object).into(),
        "cidrs" => object.texts("spec.cidrs").join(",").into(),
        "parent" => match object.at("spec.parentRef") {
            Some(to) => {
                let kind = qualified(to.text("resource"), to.text("group"));
                let place = [to.text("namespace"), to.text("name")];
                let place = place.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
                format!("{kind}/{place}").into()
            }
            None => NONE.into(),
        },
        "api_service" => match object.at("spec.service") {
            Some(to) => format!("{}/{}", to.text("namespace"), to.text("name")).into(),
            None => "Local".into(),
        },
        "api_available" => {
            match object.list("status.conditions").iter().find(|own| own.text("type") == "Available") {
                Some(own) if own.text("status") != "True" => {
                    format!("{} ({})", own.text("status"), own.text("reason")).into()
                }
                _ => "True".into(),
            }
        }
        "webhooks" => count(object, "webhooks"),
        "validations" => count(object, "spec.validations"),
        "param_kind" => match object.at("spec.paramKind") {
            Some(kind) => format!("{}/{}", kind.text("apiVersion"), kind.text("kind")).into(),
            None => "<unset>".into(),
        },
        "param_ref" => match object.at("spec.paramRef") {
            Some(to) => format!("{}/{}", or(to.text("namespace").into(), "*"), to.text("name")).into(),
            None => "<unset>".into(),
        },
        "missing_level" => {
            let dangling = object.list("status.conditions").iter().find(|own| own.text("type") == "Dangling");
            or(dangling.map(|own| own.text("status").to_owned()).unwrap_or_default(), "?").into()
        }
        "claim_state" => {
            let mut states =
                vec![if object.at("status.allocation").is_some() { "allocated" } else { "pending" }];
            if !object.list("status.reservedFor").is_empty() {
                states.push("reserved");
            }
            states.join(",").into()
        }
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

fn count(object: &Json, list: &str) -> Json {
    Json::integer(object.list(list).len().try_into().unwrap_or(i64::MAX))
}

/// `cpu: <unknown>/80%`: what each metric is, and what it is to be.
fn scale_metrics(object: &Json) -> String {
    let metrics = object.list("spec.metrics");
    let of = |metric: &Json| {
        let (name, target) = match metric.text("type") {
            "Resource" => (metric.text("resource.name"), metric.at("resource.target")),
            "ContainerResource" => {
                (metric.text("containerResource.name"), metric.at("containerResource.target"))
            }
            "Pods" => ("", metric.at("pods.target")),
            "Object" => ("", metric.at("object.target")),
            "External" => ("", metric.at("external.target")),
            _ => return "<unknown type>".to_owned(),
        };
        let target = target.unwrap_or(&Json::Null);
        let wanted = match shown(target.get("averageUtilization")) {
            percent if !percent.is_empty() => format!("{percent}%"),
            _ => or(shown(target.get("averageValue")), &shown(target.get("value"))),
        };
        if name.is_empty() { format!("<unknown>/{wanted}") } else { format!("{name}: <unknown>/{wanted}") }
    };
    match metrics {
        [] => NONE.to_owned(),
        [one] => of(one),
        [one, two] => format!("{}, {}", of(one), of(two)),
        [one, two, rest @ ..] => format!("{}, {} + {} more...", of(one), of(two), rest.len()),
    }
}

pub(super) fn or(text: String, otherwise: &str) -> String {
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
