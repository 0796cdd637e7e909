//! Whether the specs of services, volumes, jobs and the rest make sense
//! (pkg/apis/{core,batch,networking,policy,autoscaling,scheduling}/validation).

use std::net::IpAddr;

use crate::access::Json;

use super::failure::Cause;
use super::names::NameRule;
use super::quantity::amount;
use super::store::Key;
use super::validate_pods as pods;

/// An object of one of these kinds, `old` in its place before.
pub(super) fn object(causes: &mut Vec<Cause>, key: Key, old: Option<&Json>, object: &Json) {
    match key {
        ("", "services") => service(causes, old, object),
        ("", "persistentvolumeclaims") => claim(causes, old, object),
        ("", "persistentvolumes") => volume(causes, object),
        ("", "resourcequotas") => quantities(causes, object, "spec.hard"),
        ("", "endpoints") => endpoints(causes, object),
        ("batch", "jobs") => {
            pods::ends(causes, "spec", object);
            if let Some(old) = old {
                fixed(causes, old, object, "spec.template");
                fixed(causes, old, object, "spec.completionMode");
            }
        }
        ("batch", "cronjobs") => {
            schedule(causes, object.text("spec.schedule"));
            pods::ends(causes, "spec.jobTemplate.spec", object);
        }
        ("networking.k8s.io", "ingresses") => ingress(causes, object),
        ("networking.k8s.io", "networkpolicies") => policy(causes, object),
        ("policy", "poddisruptionbudgets") => budget(causes, object),
        ("autoscaling", "horizontalpodautoscalers") => autoscaler(causes, object),
        ("scheduling.k8s.io", "priorityclasses") => priority(causes, old, object),
        ("storage.k8s.io", "storageclasses") => {
            if let Some(old) = old {
                for field in ["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"] {
                    if old.get(field) != object.get(field) {
                        causes.push(Cause::forbidden(field, &format!("updates to {field} are forbidden.")));
                    }
                }
            }
        }
        _ => {}
    }
}

/// A field that never changes.
fn fixed(causes: &mut Vec<Cause>, old: &Json, object: &Json, path: &str) {
    let none = Json::Null;
    let (before, after) = (old.at(path).unwrap_or(&none), object.at(path).unwrap_or(&none));
    if !before.same_as(after) {
        causes.push(Cause::invalid(path, after, "field is immutable"));
    }
}

fn number(object: &Json, path: &str) -> Option<i64> {
    object.at(path).and_then(Json::as_integer)
}

fn service(causes: &mut Vec<Cause>, old: Option<&Json>, object: &Json) {
    let kind = object.text("spec.type");
    let address = object.text("spec.clusterIP");
    let ports = object.list("spec.ports");
    if kind == "ExternalName" && object.text("spec.externalName").is_empty() {
        causes.push(Cause::required("spec.externalName", ""));
    }
    if ports.is_empty() && kind != "ExternalName" && address != "None" {
        causes.push(Cause::required("spec.ports", ""));
    }
    if address == "None" && matches!(kind, "NodePort" | "LoadBalancer") {
        let why = format!("may not be set to 'None' for {kind} services");
        causes.push(Cause::invalid("spec.clusterIPs[0]", &address.into(), &why));
    } else if !matches!(address, "" | "None") && address.parse::<IpAddr>().is_err() {
        causes.push(Cause::invalid(
            "spec.clusterIPs[0]",
            &address.into(),
            "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
        ));
    }
    for (place, port) in ports.iter().enumerate() {
        let at = format!("spec.ports[{place}]");
        if ports.len() > 1 && port.text("name").is_empty() {
            causes.push(Cause::required(&format!("{at}.name"), ""));
        }
        let of = |key: &str| port.get(key).and_then(Json::as_integer);
        // Zero is no port either, and Go's types hold it where none was said.
        if of("port").unwrap_or_default() == 0 {
            let why = "must be between 1 and 65535, inclusive";
            causes.push(Cause::invalid(&format!("{at}.port"), &Json::integer(0), why));
        }
        if let Some(target) = of("targetPort").filter(|target| !(1..=65535).contains(target)) {
            let why = "must be between 1 and 65535, inclusive";
            causes.push(Cause::invalid(&format!("{at}.targetPort"), &Json::integer(target), why));
        }
        if let Some(outside) = of("nodePort").filter(|own| *own != 0) {
            if kind == "ClusterIP" {
                causes.push(Cause::forbidden(
                    &format!("{at}.nodePort"),
                    "may not be used when `type` is 'ClusterIP'",
                ));
            } else if !(30000..=32767).contains(&outside) {
                let why = "provided port is not in the valid range. The range of valid ports is 30000-32767";
                causes.push(Cause::invalid(&format!("{at}.nodePort"), &Json::integer(outside), why));
            }
        }
        let same = |other: &Json| {
            other.get("port") == port.get("port") && other.text("protocol") == port.text("protocol")
        };
        if ports.iter().take(place).any(same) {
            let own = Json::object([
                ("name", port.text("name").into()),
                ("protocol", port.text("protocol").into()),
                ("port", port.get("port").cloned().unwrap_or_default()),
            ]);
            causes.push(Cause::duplicate_value(&at, &own));
        }
    }
    if let Some(old) = old
        && !matches!(kind, "ExternalName")
        && !old.text("spec.clusterIP").is_empty()
        && old.text("spec.clusterIP") != address
    {
        causes.push(if address.is_empty() {
            Cause::invalid("spec.clusterIPs[0]", &Json::Null, "primary clusterIP can not be unset")
        } else {
            let all = Json::strings([address]);
            Cause::invalid("spec.clusterIPs[0]", &all, "may not change once set")
        });
    }
}

fn claim(causes: &mut Vec<Cause>, old: Option<&Json>, object: &Json) {
    match object.text("spec.resources.requests.storage") {
        "" => causes.push(Cause::required("spec.resources[storage]", "")),
        text if amount(text).is_none_or(|amount| amount <= 0.0) => {
            causes.push(Cause::invalid("spec.resources[storage]", &text.into(), "must be greater than zero"));
        }
        _ => {}
    }
    let Some(old) = old else { return };
    let rest = |claim: &Json| {
        let mut spec = claim.get("spec").cloned().unwrap_or_default();
        for key in ["resources", "volumeName", "volumeAttributesClassName"] {
            spec.take(key);
        }
        spec
    };
    if !rest(old).same_as(&rest(object)) {
        causes.push(Cause::forbidden(
            "spec",
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
        ));
    }
}

fn volume(causes: &mut Vec<Cause>, object: &Json) {
    const OTHERS: [&str; 9] = [
        "capacity",
        "accessModes",
        "claimRef",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "mountOptions",
        "volumeMode",
        "nodeAffinity",
        "volumeAttributesClassName",
    ];
    let spec = object.get("spec").map(Json::fields).unwrap_or_default();
    if object.get("spec").is_none() {
        causes.push(Cause::required("spec.accessModes", ""));
        causes.push(Cause::required("spec.capacity", ""));
    }
    match spec.iter().filter(|(key, _)| !OTHERS.contains(&key.as_str())).count() {
        0 => causes.push(Cause::required("spec", "must specify a volume type")),
        1 => {}
        _ => causes.push(Cause::forbidden("spec", "may not specify more than 1 volume type")),
    }
    quantities(causes, object, "spec.capacity");
}

fn quantities(causes: &mut Vec<Cause>, object: &Json, path: &str) {
    for (name, value) in object.at(path).map(Json::fields).unwrap_or_default() {
        let text = value.as_text().unwrap_or_default();
        if amount(text).is_some_and(|amount| amount < 0.0) {
            causes.push(Cause::invalid(
                &format!("{path}[{name}]"),
                value,
                "must be greater than or equal to 0",
            ));
        }
    }
}

fn endpoints(causes: &mut Vec<Cause>, object: &Json) {
    for (place, subset) in object.list("subsets").iter().enumerate() {
        for (number, address) in subset.list("addresses").iter().enumerate() {
            let own = address.text("ip");
            if own.parse::<IpAddr>().is_err() {
                causes.push(Cause::invalid(
                    &format!("subsets[{place}].addresses[{number}].ip"),
                    &own.into(),
                    "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
                ));
            }
        }
    }
}

/// A schedule as cron has it (robfig/cron, `ParseStandard`).
fn schedule(causes: &mut Vec<Cause>, text: &str) {
    const WORDS: [&str; 7] =
        ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];
    if text.is_empty() || WORDS.contains(&text) || text.starts_with("@every ") {
        return;
    }
    let mut wrong = |why: String| causes.push(Cause::invalid("spec.schedule", &text.into(), &why));
    if text.starts_with('@') {
        return wrong(format!("unrecognized descriptor: {text}"));
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != 5 {
        return wrong(format!("expected exactly 5 fields, found {}: [{}]", fields.len(), fields.join(" ")));
    }
    let bounds = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];
    for (field, (low, high)) in fields.iter().zip(bounds) {
        for part in field.split(',') {
            let range = part.split('/').next().unwrap_or_default();
            for end in range.split('-').filter(|end| !matches!(*end, "*" | "?")) {
                let is_name = end.len() == 3 && end.chars().all(|c| c.is_ascii_alphabetic());
                match end.parse::<u32>() {
                    _ if is_name => {}
                    Ok(number) if number < low => {
                        return wrong(format!("beginning of range ({number}) below minimum ({low}): {part}"));
                    }
                    Ok(number) if number > high => {
                        return wrong(format!("end of range ({number}) above maximum ({high}): {part}"));
                    }
                    Ok(_) => {}
                    Err(_) => {
                        return wrong(format!(
                            "failed to parse int from {end}: strconv.Atoi: parsing \"{end}\": invalid syntax"
                        ));
                    }
                }
            }
        }
    }
}

fn ingress(causes: &mut Vec<Cause>, object: &Json) {
    if object.list("spec.rules").is_empty() && object.at("spec.defaultBackend").is_none() {
        let why = "either `defaultBackend` or `rules` must be specified";
        causes.push(Cause::invalid("spec", &Json::Null, why));
    }
    for (place, rule) in object.list("spec.rules").iter().enumerate() {
        let host = rule.text("host");
        let at = format!("spec.rules[{place}]");
        if !host.is_empty() && !host.starts_with('*') {
            for fault in NameRule::Subdomain.faults(host) {
                causes.push(Cause::invalid(&format!("{at}.host"), &host.into(), &fault));
            }
        }
        for (number, path) in rule.list("http.paths").iter().enumerate() {
            let at = format!("{at}.http.paths[{number}]");
            let own = path.text("path");
            if matches!(path.text("pathType"), "Exact" | "Prefix") && !own.starts_with('/') {
                causes.push(Cause::invalid(&format!("{at}.path"), &own.into(), "must be an absolute path"));
            }
            if path.get("backend").is_none_or(Json::is_nothing) {
                causes.push(Cause::required(
                    &format!("{at}.backend"),
                    "cannot set both resource and service backends",
                ));
            }
        }
    }
}

fn policy(causes: &mut Vec<Cause>, object: &Json) {
    for (list, side) in [("ingress", "from"), ("egress", "to")] {
        for (place, rule) in object.list(&format!("spec.{list}")).iter().enumerate() {
            for (number, peer) in rule.list(side).iter().enumerate() {
                if peer.fields().is_empty() {
                    causes.push(Cause::required(
                        &format!("spec.{list}[{place}].{side}[{number}]"),
                        "must specify a peer",
                    ));
                }
            }
        }
    }
}

fn budget(causes: &mut Vec<Cause>, object: &Json) {
    let spec = object.get("spec").unwrap_or(&Json::Null);
    if spec.get("minAvailable").is_some() && spec.get("maxUnavailable").is_some() {
        causes.push(Cause::invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set"));
    }
    for key in ["minAvailable", "maxUnavailable"] {
        let path = format!("spec.{key}");
        if let Some(own) = number(object, &path).filter(|own| *own < 0) {
            causes.push(Cause::invalid(&path, &Json::integer(own), "must be greater than or equal to 0"));
        }
    }
}

fn autoscaler(causes: &mut Vec<Cause>, object: &Json) {
    let (least, most) = (number(object, "spec.minReplicas"), number(object, "spec.maxReplicas"));
    if most.is_none() {
        causes.push(Cause::invalid("spec.maxReplicas", &Json::integer(0), "must be greater than 0"));
    }
    if let (Some(least), most) = (least, most.unwrap_or_default())
        && most < least
    {
        let why = "must be greater than or equal to `minReplicas`";
        causes.push(Cause::invalid("spec.maxReplicas", &Json::integer(most), why));
    }
}

fn priority(causes: &mut Vec<Cause>, old: Option<&Json>, object: &Json) {
    const HIGHEST: i64 = 1_000_000_000;
    let name = object.text("metadata.name");
    let value = number(object, "value").unwrap_or_default();
    if name.starts_with("system-") {
        if !matches!(name, "system-node-critical" | "system-cluster-critical") {
            causes.push(Cause::forbidden(
                "metadata.name",
                "priority class names with 'system-' prefix are reserved for system use only. error: is not a known system priority class",
            ));
        }
    } else if value > HIGHEST {
        causes.push(Cause::forbidden(
            "value",
            &format!("maximum allowed value of a user defined priority is {HIGHEST}"),
        ));
    }
    if old.is_some_and(|old| number(old, "value").unwrap_or_default() != value) {
        causes.push(Cause::forbidden("value", "may not be changed in an update."));
    }
}
