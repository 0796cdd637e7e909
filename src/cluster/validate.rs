//! Whether an object makes sense (pkg/apis/*/validation).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::access::Json;

use super::failure::{Cause, Served};
use super::names::{config_key, label_value, qualified_name};
use super::{certificates, kinds};

/// All that is wrong with an object, `old` in its place before.
pub(super) fn object(served: Served, old: Option<&Json>, object: &Json) -> Vec<Cause> {
    let mut causes = metadata(served, object);
    match served.key() {
        ("", "configmaps") => {
            keys(&mut causes, object, "data");
            keys(&mut causes, object, "binaryData");
            immutable(&mut causes, old, object);
        }
        ("", "secrets") => {
            keys(&mut causes, object, "data");
            for (key, value) in object.get("data").map(Json::fields).unwrap_or_default() {
                if STANDARD.decode(value.as_text().unwrap_or_default()).is_err() {
                    causes.push(Cause::invalid(&format!("data[{key}]"), value, "must be base64"));
                }
            }
            if old.is_some_and(|old| old.text("type") != object.text("type")) {
                let kind = object.get("type").cloned().unwrap_or_default();
                causes.push(Cause::invalid("type", &kind, "field is immutable"));
            }
            immutable(&mut causes, old, object);
        }
        ("", "pods") => pod(&mut causes, "spec", object),
        ("apps", "deployments" | "replicasets" | "statefulsets" | "daemonsets") => {
            workload(&mut causes, old, object);
        }
        ("rbac.authorization.k8s.io", name) => rbac(&mut causes, name, old, object),
        ("certificates.k8s.io", "certificatesigningrequests") => {
            certificates::validate(&mut causes, old, object)
        }
        ("", "services") => service(&mut causes, object),
        _ => {}
    }
    causes
}

fn metadata(served: Served, object: &Json) -> Vec<Cause> {
    let mut causes = Vec::new();
    let own = object.get("metadata").unwrap_or(&Json::Null);
    let name = own.text("name");
    if name.is_empty() {
        causes.push(Cause::required("metadata.name", "name or generateName is required"));
    } else {
        for fault in kinds::name_rule(served).faults(name) {
            causes.push(Cause::invalid("metadata.name", &name.into(), &fault));
        }
    }
    for (key, value) in own.get("labels").map(Json::fields).unwrap_or_default() {
        if let Some(fault) = qualified_name(key) {
            causes.push(Cause::invalid("metadata.labels", &key.as_str().into(), &fault));
        }
        if let Some(fault) = label_value(value.as_text().unwrap_or_default()) {
            causes.push(Cause::invalid("metadata.labels", value, &fault));
        }
    }
    for (key, _) in own.get("annotations").map(Json::fields).unwrap_or_default() {
        if let Some(fault) = qualified_name(&key.to_ascii_lowercase()) {
            causes.push(Cause::invalid("metadata.annotations", &key.as_str().into(), &fault));
        }
    }
    causes
}

fn keys(causes: &mut Vec<Cause>, object: &Json, field: &str) {
    for (key, _) in object.get(field).map(Json::fields).unwrap_or_default() {
        if let Some(fault) = config_key(key) {
            causes.push(Cause::invalid(&format!("{field}[{key}]"), &key.as_str().into(), &fault));
        }
    }
}

fn immutable(causes: &mut Vec<Cause>, old: Option<&Json>, object: &Json) {
    let Some(old) = old.filter(|old| old.get("immutable") == Some(&Json::Bool(true))) else { return };
    if object.get("immutable") != Some(&Json::Bool(true)) {
        causes.push(Cause::forbidden("immutable", "field is immutable when `immutable` is set"));
    }
    if object.get("data") != old.get("data") {
        causes.push(Cause::forbidden("data", "field is immutable when `immutable` is set"));
    }
}

fn pod(causes: &mut Vec<Cause>, base: &str, object: &Json) {
    let containers = object.list(&format!("{base}.containers"));
    if containers.is_empty() {
        causes.push(Cause::required(&format!("{base}.containers"), ""));
    }
    for (place, container) in containers.iter().enumerate() {
        let at = format!("{base}.containers[{place}]");
        let name = container.text("name");
        if name.is_empty() {
            causes.push(Cause::required(&format!("{at}.name"), ""));
        } else {
            for fault in super::names::NameRule::Label.faults(name) {
                causes.push(Cause::invalid(&format!("{at}.name"), &name.into(), &fault));
            }
            if containers.iter().take(place).any(|other| other.text("name") == name) {
                causes.push(Cause::duplicate(&format!("{at}.name"), name));
            }
        }
        if container.text("image").is_empty() {
            causes.push(Cause::required(&format!("{at}.image"), ""));
        }
        for (number, mount) in container.list("volumeMounts").iter().enumerate() {
            let volumes = object.list(&format!("{base}.volumes"));
            let wanted = mount.text("name");
            if !volumes.iter().any(|volume| volume.text("name") == wanted) {
                let field = format!("{at}.volumeMounts[{number}].name");
                causes.push(Cause::not_found(&field, wanted));
            }
        }
    }
}

fn workload(causes: &mut Vec<Cause>, old: Option<&Json>, object: &Json) {
    let selector = object.at("spec.selector").unwrap_or(&Json::Null);
    if selector.is_nothing() {
        causes.push(Cause::required("spec.selector", ""));
    }
    let none = Json::Object(Vec::new());
    let labels = object.at("spec.template.metadata.labels").unwrap_or(&none);
    let wanted = selector.get("matchLabels").map(Json::fields).unwrap_or_default();
    if wanted.iter().any(|(key, value)| labels.get(key) != Some(value)) {
        causes.push(Cause::invalid(
            "spec.template.metadata.labels",
            labels,
            "`selector` does not match template `labels`",
        ));
    }
    if let Some(old) = old
        && old.at("spec.selector").is_some_and(|own| !own.same_as(selector))
    {
        causes.push(Cause::invalid("spec.selector", selector, "field is immutable"));
    }
    pod(causes, "spec.template.spec", object);
}

fn rbac(causes: &mut Vec<Cause>, name: &str, old: Option<&Json>, object: &Json) {
    if matches!(name, "roles" | "clusterroles") {
        for (place, rule) in object.list("rules").iter().enumerate() {
            rule_causes(causes, &format!("rules[{place}]"), name == "roles", rule);
        }
        return;
    }
    let reference = object.get("roleRef").unwrap_or(&Json::Null);
    let group = reference.text("apiGroup");
    if group != "rbac.authorization.k8s.io" {
        causes.push(Cause::unsupported("roleRef.apiGroup", group, &["rbac.authorization.k8s.io"]));
    }
    let kinds: &[&str] = if name == "rolebindings" { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    if !kinds.contains(&reference.text("kind")) {
        causes.push(Cause::unsupported("roleRef.kind", reference.text("kind"), kinds));
    }
    if reference.text("name").is_empty() {
        causes.push(Cause::required("roleRef.name", ""));
    }
    for (place, subject) in object.list("subjects").iter().enumerate() {
        subject_causes(causes, &format!("subjects[{place}]"), name == "rolebindings", subject);
    }
    if let Some(old) = old
        && old.get("roleRef").is_some_and(|own| !own.same_as(reference))
    {
        causes.push(Cause::invalid("roleRef", reference, "cannot change roleRef"));
    }
}

fn rule_causes(causes: &mut Vec<Cause>, at: &str, is_namespaced: bool, rule: &Json) {
    let list = |key: &str| rule.list(key);
    if list("verbs").is_empty() {
        causes.push(Cause::required(&format!("{at}.verbs"), "verbs must contain at least one value"));
    }
    if !list("nonResourceURLs").is_empty() {
        if is_namespaced {
            let value = Json::Array(list("nonResourceURLs").to_vec());
            causes.push(Cause::invalid(
                &format!("{at}.nonResourceURLs"),
                &value,
                "namespaced rules cannot apply to non-resource URLs",
            ));
        }
        if !list("apiGroups").is_empty() || !list("resources").is_empty() || !list("resourceNames").is_empty()
        {
            let value = Json::Array(list("nonResourceURLs").to_vec());
            causes.push(Cause::invalid(
                &format!("{at}.nonResourceURLs"),
                &value,
                "rules cannot apply to both regular resources and non-resource URLs",
            ));
        }
        return;
    }
    if list("apiGroups").is_empty() {
        causes.push(Cause::required(
            &format!("{at}.apiGroups"),
            "resource rules must supply at least one api group",
        ));
    }
    if list("resources").is_empty() {
        causes.push(Cause::required(
            &format!("{at}.resources"),
            "resource rules must supply at least one resource",
        ));
    }
}

fn subject_causes(causes: &mut Vec<Cause>, at: &str, is_namespaced: bool, subject: &Json) {
    let name = subject.text("name");
    if name.is_empty() {
        causes.push(Cause::required(&format!("{at}.name"), ""));
    }
    let group = subject.text("apiGroup");
    match subject.text("kind") {
        "ServiceAccount" => {
            if !name.is_empty() {
                for fault in super::names::NameRule::Subdomain.faults(name) {
                    causes.push(Cause::invalid(&format!("{at}.name"), &name.into(), &fault));
                }
            }
            if !group.is_empty() {
                causes.push(Cause::unsupported(&format!("{at}.apiGroup"), group, &[""]));
            }
            if !is_namespaced && subject.text("namespace").is_empty() {
                causes.push(Cause::required(&format!("{at}.namespace"), ""));
            }
        }
        "User" | "Group" => {
            if group != "rbac.authorization.k8s.io" {
                causes.push(Cause::unsupported(
                    &format!("{at}.apiGroup"),
                    group,
                    &["rbac.authorization.k8s.io"],
                ));
            }
        }
        other => {
            causes.push(Cause::unsupported(
                &format!("{at}.kind"),
                other,
                &["ServiceAccount", "User", "Group"],
            ));
        }
    }
}

fn service(causes: &mut Vec<Cause>, object: &Json) {
    let kind = object.text("spec.type");
    let known = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    if !known.contains(&kind) {
        causes.push(Cause::unsupported("spec.type", kind, &known));
    }
    let is_headless = object.text("spec.clusterIP") == "None";
    if object.list("spec.ports").is_empty() && kind != "ExternalName" && !is_headless {
        causes.push(Cause::required("spec.ports", ""));
    }
    for (place, port) in object.list("spec.ports").iter().enumerate() {
        let number = port.get("port").and_then(Json::as_integer).unwrap_or_default();
        if !(1..=65535).contains(&number) {
            let field = format!("spec.ports[{place}].port");
            causes.push(Cause::invalid(
                &field,
                &Json::integer(number),
                "must be between 1 and 65535, inclusive",
            ));
        }
    }
}
