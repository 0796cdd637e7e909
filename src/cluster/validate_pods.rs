//! Whether the parts of a pod fit together (pkg/apis/core/validation/validation.go); what single
//! fields must be is in `assets/rules.toml`.

use crate::access::Json;

use super::failure::Cause;
use super::quantity::amount;

const MAY_CHANGE: &str = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/// A pod, `old` in its place before.
pub(super) fn pod(causes: &mut Vec<Cause>, old: Option<&Json>, object: &Json) {
    spec(causes, "spec", object);
    if let Some(old) = old.filter(|_| causes.is_empty()) {
        let (before, after) = (fixed(old), fixed(object));
        if !before.same_as(&after) {
            causes.push(Cause::forbidden("spec", MAY_CHANGE));
        }
    }
}

/// What of a pod's spec never changes.
fn fixed(pod: &Json) -> Json {
    let mut spec = pod.get("spec").cloned().unwrap_or_default();
    for key in [
        "activeDeadlineSeconds",
        "tolerations",
        "terminationGracePeriodSeconds",
        "ephemeralContainers",
        "nodeName",
        "schedulingGates",
    ] {
        spec.take(key);
    }
    for list in ["containers", "initContainers"] {
        for container in spec.get_mut(list).and_then(Json::items_mut).into_iter().flatten() {
            container.take("image");
            container.take("resources");
        }
    }
    spec
}

/// The spec of a pod that stands at this path.
pub(super) fn spec(causes: &mut Vec<Cause>, base: &str, object: &Json) {
    if object.at(base).is_none() {
        // Go's types always hold one.
        causes.push(Cause::required(&format!("{base}.containers"), ""));
        return;
    }
    let volumes = object.list(&format!("{base}.volumes"));
    for (place, volume) in volumes.iter().enumerate() {
        let sources = volume.fields().iter().filter(|(key, _)| key != "name").count();
        let at = format!("{base}.volumes[{place}]");
        match sources {
            0 => causes.push(Cause::required(&at, "must specify a volume type")),
            1 => {}
            _ => {
                let second = volume.fields().iter().filter(|(key, _)| key != "name").nth(1);
                let name = second.map(|(key, _)| key.as_str()).unwrap_or_default();
                causes.push(Cause::forbidden(
                    &format!("{at}.{name}"),
                    "may not specify more than 1 volume type",
                ));
            }
        }
    }
    for list in ["initContainers", "containers"] {
        for (place, own) in object.list(&format!("{base}.{list}")).iter().enumerate() {
            container(causes, &format!("{base}.{list}[{place}]"), own, volumes);
        }
    }
    let toleration = |place: usize, own: &Json| {
        let at = format!("{base}.tolerations[{place}]");
        if own.text("key").is_empty() && own.text("operator") != "Exists" {
            return Some(Cause::invalid(
                &format!("{at}.operator"),
                &own.text("operator").into(),
                "operator must be Exists when `key` is empty, which means \"match all values and all keys\"",
            ));
        }
        None
    };
    let tolerations = object.list(&format!("{base}.tolerations")).iter().enumerate();
    causes.extend(tolerations.filter_map(|(place, own)| toleration(place, own)));
}

fn container(causes: &mut Vec<Cause>, at: &str, own: &Json, volumes: &[Json]) {
    for (place, variable) in own.list("env").iter().enumerate() {
        let at = format!("{at}.env[{place}].valueFrom");
        let Some(from) = variable.get("valueFrom") else { continue };
        if from.fields().is_empty() {
            causes.push(Cause::invalid(
                &at,
                &"".into(),
                "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`",
            ));
        } else if from.fields().len() > 1 {
            causes.push(Cause::invalid(
                &at,
                &"".into(),
                "may not have more than one field specified at a time",
            ));
        } else if !variable.text("value").is_empty() {
            causes.push(Cause::invalid(&at, &"".into(), "may not be specified when `value` is not empty"));
        }
    }
    for (place, mount) in own.list("volumeMounts").iter().enumerate() {
        let wanted = mount.text("name");
        if !wanted.is_empty() && !volumes.iter().any(|volume| volume.text("name") == wanted) {
            causes.push(Cause::not_found(&format!("{at}.volumeMounts[{place}].name"), wanted));
        }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(own) = own.get(probe) {
            check_probe(causes, &format!("{at}.{probe}"), own);
        }
    }
    resources(causes, &format!("{at}.resources"), own.get("resources").unwrap_or(&Json::Null));
}

fn check_probe(causes: &mut Vec<Cause>, at: &str, probe: &Json) {
    const HANDLERS: [&str; 4] = ["exec", "httpGet", "tcpSocket", "grpc"];
    let found: Vec<&str> = HANDLERS.into_iter().filter(|handler| probe.get(handler).is_some()).collect();
    match found.as_slice() {
        [] => causes.push(Cause::required(at, "must specify a handler type")),
        [_] => {}
        [_, second, ..] => {
            let why = "may not specify more than 1 handler type";
            causes.push(Cause::forbidden(&format!("{at}.{second}"), why));
        }
    }
    for handler in ["httpGet", "tcpSocket"] {
        let Some(port) = probe.get(handler).map(|own| own.get("port").cloned().unwrap_or(Json::integer(0)))
        else {
            continue;
        };
        if let Some(number) = port.as_integer().filter(|number| !(1..=65535).contains(number)) {
            let why = "must be between 1 and 65535, inclusive";
            causes.push(Cause::invalid(&format!("{at}.{handler}.port"), &Json::integer(number), why));
        }
    }
}

fn resources(causes: &mut Vec<Cause>, at: &str, resources: &Json) {
    let all = |key: &str| resources.get(key).map(Json::fields).unwrap_or_default();
    for (key, name, value) in ["limits", "requests"].iter().flat_map(|key| {
        all(key).iter().map(move |(name, value)| (key, name, value.as_text().unwrap_or_default()))
    }) {
        if amount(value).is_some_and(|amount| amount < 0.0) {
            let field = format!("{at}.{key}.{name}");
            causes.push(Cause::invalid(&field, &value.into(), "must be greater than or equal to 0"));
        }
        let is_standard = name.contains('/') || name.starts_with("hugepages-");
        if !is_standard && !matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage") {
            let field = format!("{at}.{key}[{name}]");
            causes.push(Cause::invalid(
                &field,
                &name.as_str().into(),
                "must be a standard resource type or fully qualified",
            ));
            causes.push(Cause::invalid(
                &field,
                &name.as_str().into(),
                "must be a standard resource for containers",
            ));
        }
    }
    for (name, request) in all("requests") {
        let limit = resources.get("limits").and_then(|limits| limits.get(name)).and_then(Json::as_text);
        let (Some(limit), Some(request)) = (limit, request.as_text()) else { continue };
        if amount(request) > amount(limit) {
            causes.push(Cause::invalid(
                &format!("{at}.requests"),
                &request.into(),
                &format!("must be less than or equal to {name} limit of {limit}"),
            ));
        }
    }
}

/// Pods that are kept running must restart always.
pub(super) fn restarts_always(causes: &mut Vec<Cause>, object: &Json) {
    let policy = object.text("spec.template.spec.restartPolicy");
    if matches!(policy, "OnFailure" | "Never") {
        causes.push(Cause::unsupported("spec.template.spec.restartPolicy", policy, &["Always"]));
    }
}

/// Pods that end must not.
pub(super) fn ends(causes: &mut Vec<Cause>, base: &str, object: &Json) {
    let path = format!("{base}.template.spec.restartPolicy");
    if object.text(&path) == "Always" {
        causes.push(Cause::required(&path, "valid values: \"OnFailure\", \"Never\""));
    }
    spec(causes, &format!("{base}.template.spec"), object);
}
