//! Whether an object makes sense (pkg/apis/*/validation).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::access::Json;

use super::failure::{Cause, Served};
use super::names::{config_key, label_value, qualified_name};
use super::validate_pods as pods;
use super::validate_specs as specs;
use super::{certificates, kinds, rules};

/// All that is wrong with an object, `old` in its place before.
pub(super) fn object(served: Served, old: Option<&Json>, object: &Json) -> Vec<Cause> {
    let mut causes = metadata(served, object);
    if let Some(known) = super::managed::type_of(object) {
        rules::check(&mut causes, known, object, "");
    }
    match served.key() {
        ("", "configmaps") => {
            keys(&mut causes, object, "data");
            keys(&mut causes, object, "binaryData");
            immutable(&mut causes, old, object);
            bounded(&mut causes, object);
        }
        ("", "secrets") => {
            secret_type(&mut causes, object);
            bounded(&mut causes, object);
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
        ("", "pods") => pods::pod(&mut causes, old, object),
        ("", "replicationcontrollers") => pods::spec(&mut causes, "spec.template.spec", object),
        ("apps", "deployments" | "replicasets" | "statefulsets" | "daemonsets") => {
            workload(&mut causes, old, object);
        }
        ("rbac.authorization.k8s.io", name) => rbac(&mut causes, name, old, object),
        ("certificates.k8s.io", "certificatesigningrequests") => {
            certificates::validate(&mut causes, old, object)
        }
        (group, name) => specs::object(&mut causes, (group, name), old, object),
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

/// The most that a ConfigMap or Secret may hold, in bytes (`MaxSecretSize`).
const LARGEST_DATA: usize = 1024 * 1024;

fn bounded(causes: &mut Vec<Cause>, object: &Json) {
    let size: usize = ["data", "binaryData"]
        .iter()
        .flat_map(|field| object.get(field).map(Json::fields).unwrap_or_default())
        .map(|(_, value)| value.as_text().map_or(0, str::len))
        .sum();
    // What a Secret holds is base64 here, a third longer than it is.
    let size = if object.text("kind") == "Secret" { size / 4 * 3 } else { size };
    if size > LARGEST_DATA {
        causes.push(Cause::too_long("data", LARGEST_DATA));
    }
}

/// Secrets of some types must hold what the type is for.
fn secret_type(causes: &mut Vec<Cause>, object: &Json) {
    let wanted: &[&str] = match object.text("type") {
        "kubernetes.io/tls" => &["tls.crt", "tls.key"],
        "kubernetes.io/dockerconfigjson" => &[".dockerconfigjson"],
        "kubernetes.io/dockercfg" => &[".dockercfg"],
        "kubernetes.io/ssh-auth" => &["ssh-privatekey"],
        "kubernetes.io/service-account-token" => {
            const ACCOUNT: &str = "kubernetes.io/service-account.name";
            if object.at("metadata.annotations").and_then(|all| all.get(ACCOUNT)).is_none() {
                causes.push(Cause::required(&format!("metadata.annotations[{ACCOUNT}]"), ""));
            }
            &[]
        }
        "kubernetes.io/basic-auth" => {
            let has = |key: &str| object.get("data").is_some_and(|data| data.get(key).is_some());
            if !has("username") && !has("password") {
                causes.push(Cause::required("data[username]", ""));
                causes.push(Cause::required("data[password]", ""));
            }
            &[]
        }
        _ => &[],
    };
    for key in wanted {
        if object.get("data").and_then(|data| data.get(key)).is_none() {
            causes.push(Cause::required(&format!("data[{key}]"), ""));
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
    pods::spec(causes, "spec.template.spec", object);
    pods::restarts_always(causes, object);
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
