//! What the API server itself writes into objects of a kind (pkg/registry/*/strategy.go).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::access::Json;

use super::failure::Served;
use super::handler::Context;
use super::kinds;
use super::store::Store;

/// A new object as if its client had written all of it.
pub(super) fn complete(context: &Context<'_>, object: &mut Json) {
    let served = context.served;
    match served.key() {
        ("", "namespaces") => {
            let name = object.text("metadata.name").to_owned();
            object.path_mut(&["metadata", "labels"]).set("kubernetes.io/metadata.name", name);
        }
        ("", "secrets") => encode_strings(object),
        ("autoscaling", _) => to_version_2(object),
        _ => {}
    }
    if served.group.name == "rbac.authorization.k8s.io" {
        fill_in_subjects(object);
    }
    kinds::fill_in(served, object);
}

/// A new object as the server stores it, before admission.
pub(super) fn prepare(context: &Context<'_>, object: &mut Json) {
    let served = context.served;
    match served.key() {
        ("certificates.k8s.io", "certificatesigningrequests") => {
            object.take("status");
            let identity = context.identity;
            let spec = object.path_mut(&["spec"]);
            for key in ["username", "uid", "groups", "extra"] {
                spec.take(key);
            }
            spec.set("username", identity.user.as_str());
            if let Some(uid) = &identity.uid {
                spec.set("uid", uid.as_str());
            }
            if !identity.groups.is_empty() {
                spec.set("groups", Json::strings(&identity.groups));
            }
            if !identity.extra.is_empty() {
                let extra = identity.extra.iter().map(|(key, values)| (key.clone(), Json::strings(values)));
                spec.set("extra", Json::Object(extra.collect()));
            }
        }
        // Nodes bring their status along, volumes and claims are given theirs; what else has one
        // begins without.
        ("", "nodes" | "persistentvolumes" | "persistentvolumeclaims") => {}
        _ if served.group.resource(&format!("{}/status", served.name())).is_some() => {
            object.take("status");
        }
        _ => {}
    }
    kinds::prepare(served, object);
    if served.key() == ("batch", "jobs") {
        select_own_pods(object);
    }
    if served.key() == ("", "pods") {
        let class = quality(object);
        object.path_mut(&["status"]).set("qosClass", class);
    }
}

/// An autoscaler is kept in the version that has every metric
/// (pkg/apis/autoscaling/v1/conversion.go).
fn to_version_2(object: &mut Json) {
    if object.text("apiVersion") != "autoscaling/v1" {
        return;
    }
    object.set("apiVersion", "autoscaling/v2");
    let spec = object.path_mut(&["spec"]);
    if let Some(percent) = spec.take("targetCPUUtilizationPercentage") {
        let target = Json::object([("type", "Utilization".into()), ("averageUtilization", percent)]);
        let resource = Json::object([("name", "cpu".into()), ("target", target)]);
        let metric = Json::object([("type", "Resource".into()), ("resource", resource)]);
        spec.set("metrics", vec![metric]);
    }
}

/// An object as the version of the API that was asked shows it: autoscalers are kept in one
/// version and served in two.
pub(super) fn in_version(served: Served, object: &Json) -> Json {
    let mut object = object.clone();
    if served.key().0 != "autoscaling" || served.group.version != "v1" {
        return object;
    }
    object.set("apiVersion", "autoscaling/v1");
    let spec = object.path_mut(&["spec"]);
    let Some(Json::Array(metrics)) = spec.take("metrics") else { return object };
    let cpu = metrics.iter().find(|metric| metric.text("resource.name") == "cpu");
    if let Some(percent) = cpu.and_then(|metric| metric.at("resource.target.averageUtilization")).cloned() {
        spec.set("targetCPUUtilizationPercentage", percent);
    }
    object
}

/// A job's pods are told from all others by its UID (pkg/registry/batch/job/strategy.go).
fn select_own_pods(job: &mut Json) {
    if job.at("spec.manualSelector") == Some(&Json::Bool(true)) {
        return;
    }
    let (name, uid) = (job.text("metadata.name").to_owned(), job.text("metadata.uid").to_owned());
    let labels = job.path_mut(&["spec", "template", "metadata", "labels"]);
    for (key, value) in [
        ("batch.kubernetes.io/controller-uid", &uid),
        ("batch.kubernetes.io/job-name", &name),
        ("controller-uid", &uid),
        ("job-name", &name),
    ] {
        labels.set(key, value.as_str());
    }
    if job.at("spec.selector").is_none() {
        let own = Json::object([("batch.kubernetes.io/controller-uid", uid.into())]);
        job.path_mut(&["spec"]).set("selector", Json::object([("matchLabels", own)]));
    }
}

/// `stringData` becomes `data`.
fn encode_strings(object: &mut Json) {
    let Some(strings) = object.take("stringData") else { return };
    for (key, value) in strings.fields() {
        let encoded = STANDARD.encode(value.as_text().unwrap_or_default());
        object.entry("data").set(key, encoded);
    }
}

/// The API group of subjects follows from their kind (pkg/apis/rbac/v1/defaults.go).
fn fill_in_subjects(object: &mut Json) {
    for subject in object.get_mut("subjects").and_then(Json::items_mut).into_iter().flatten() {
        if subject.text("apiGroup").is_empty() && matches!(subject.text("kind"), "User" | "Group") {
            subject.set("apiGroup", "rbac.authorization.k8s.io");
        }
    }
}

/// The quality of service of a pod (pkg/apis/core/v1/helper/qos).
fn quality(pod: &Json) -> &'static str {
    let lists = ["spec.containers", "spec.initContainers"];
    let containers: Vec<&Json> = lists.iter().flat_map(|list| pod.list(list)).collect();
    let of = |container: &Json, what: &str, name: &str| {
        container.at("resources").and_then(|own| own.get(what)?.get(name).cloned())
    };
    let any = containers.iter().any(|own| {
        ["requests", "limits"]
            .iter()
            .any(|what| ["cpu", "memory"].iter().any(|name| of(own, what, name).is_some()))
    });
    let all = containers.iter().all(|own| {
        ["cpu", "memory"].iter().all(|name| {
            let limit = of(own, "limits", name);
            limit.is_some() && (of(own, "requests", name).is_none() || of(own, "requests", name) == limit)
        })
    });
    match (any, all) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

/// A changed object: what this request may not touch is as it was.
pub(super) fn restrict(context: &Context<'_>, old: &Json, object: &mut Json) {
    let served = context.served;
    let mut keep = |key: &str| match old.get(key) {
        Some(value) => object.set(key, value.clone()),
        None => {
            object.take(key);
        }
    };
    let main = served.main();
    let has_status = main.group.resource(&format!("{}/status", main.name())).is_some();
    let is_request = served.key() == ("certificates.k8s.io", "certificatesigningrequests");
    match context.asked.subresource.as_str() {
        "" => {
            if has_status {
                keep("status");
            }
            if is_request {
                keep("spec");
            }
        }
        "status" | "approval" => {
            keep("spec");
            if is_request {
                settle_conditions(context, old, object);
            }
        }
        _ => {}
    }
    match served.key() {
        ("", "secrets") => encode_strings(object),
        ("autoscaling", _) => to_version_2(object),
        _ => {}
    }
    if served.group.name == "rbac.authorization.k8s.io" {
        fill_in_subjects(object);
    }
}

/// The status of a CSR: an approval writes conditions alone, and each gets its times (pkg/registry/certificates/certificates/strategy.go).
fn settle_conditions(context: &Context<'_>, old: &Json, object: &mut Json) {
    let is_approval = context.asked.subresource == "approval";
    let mut conditions = object.list("status.conditions").to_vec();
    if is_approval {
        match old.at("status.certificate") {
            Some(certificate) => object.path_mut(&["status"]).set("certificate", certificate.clone()),
            None => {
                object.path_mut(&["status"]).take("certificate");
            }
        }
    }
    let now = context.cluster.stamp();
    for condition in &mut conditions {
        let before =
            old.list("status.conditions").iter().find(|own| own.text("type") == condition.text("type"));
        if condition.text("lastUpdateTime").is_empty() {
            condition.set("lastUpdateTime", now.as_str());
        }
        if condition.text("lastTransitionTime").is_empty() {
            let same = before.filter(|own| own.text("status") == condition.text("status"));
            let time = same.map_or(now.as_str(), |own| own.text("lastTransitionTime"));
            condition.set("lastTransitionTime", time);
        }
    }
    if !conditions.is_empty() {
        object.path_mut(&["status"]).set("conditions", conditions);
    }
}

/// What a new object is given of what there is but once: a Service its address and ports.
pub(super) fn allocate(context: &Context<'_>, store: &Store, object: &mut Json) {
    if context.served.key() != ("", "services") {
        return;
    }
    let kind = object.text("spec.type").to_owned();
    if kind != "ExternalName" && object.text("spec.clusterIP").is_empty() {
        let taken: Vec<String> =
            store.list(("", "services"), "").map(|own| own.text("spec.clusterIP").to_owned()).collect();
        let mut addresses =
            (2..=u8::MAX).flat_map(|low| (0..8_u8).map(move |high| format!("10.96.{high}.{low}")));
        if let Some(address) = addresses.find(|address| !taken.contains(address)) {
            object.path_mut(&["spec"]).set("clusterIP", address);
        }
    }
    let address = object.text("spec.clusterIP").to_owned();
    let spec = object.path_mut(&["spec"]);
    if kind != "ExternalName" {
        spec.set("clusterIPs", Json::strings([address]));
        spec.set("ipFamilies", Json::strings(["IPv4"]));
        spec.set("ipFamilyPolicy", "SingleStack");
    }
    for port in spec.get_mut("ports").and_then(Json::items_mut).into_iter().flatten() {
        if port.get("targetPort").is_none() {
            let own = port.get("port").cloned().unwrap_or_default();
            port.set("targetPort", own);
        }
        if matches!(kind.as_str(), "NodePort" | "LoadBalancer") && port.get("nodePort").is_none() {
            let own = port.get("port").and_then(Json::as_integer).unwrap_or_default();
            port.set("nodePort", Json::integer(30000 + own.rem_euclid(2768)));
        }
    }
    if kind == "LoadBalancer" {
        spec.set("allocateLoadBalancerNodePorts", true);
        spec.set("externalTrafficPolicy", "Cluster");
    }
}
