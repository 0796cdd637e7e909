//! What a node may write is only what is its own (plugin/pkg/admission/noderestriction).

use crate::access::Json;
use crate::text::quote;

use super::admission::Operation;
use super::failure::Answer;
use super::handler::Context;
use super::store::Store;

/// Labels that a kubelet may set on its node (kubelet/pkg/apis/well_known_labels.go).
const OWN_LABELS: [&str; 13] = [
    "kubernetes.io/hostname",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "node.kubernetes.io/instance-type",
    "beta.kubernetes.io/instance-type",
    "kubernetes.io/os",
    "kubernetes.io/arch",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/arch",
    "node.kubernetes.io/windows-build",
    "kubernetes.io/role",
];

/// Lets a node's request in, or says why not.
pub(super) fn admit(
    context: &Context<'_>,
    store: &Store,
    operation: Operation,
    old: Option<&Json>,
    object: &Json,
) -> Answer<()> {
    let Some(node) = context.identity.node() else { return Ok(()) };
    let deny = |why: String| {
        let name =
            if context.asked.name.is_empty() { object.text("metadata.name") } else { &context.asked.name };
        Err(context.forbidden(name, &why))
    };
    if node.is_empty() {
        return deny(format!("could not determine node from user {}", quote(&context.identity.user)));
    }
    let refusal = match (context.served.key(), context.asked.subresource.as_str()) {
        (("", "nodes"), _) => of_node(node, operation, old, object),
        (("", "pods"), "") => of_pod(store, node, operation, old, object),
        (("", "pods"), "status") => of_pod_status(node, old, object),
        (("", "pods"), "eviction") => of_eviction(store, context, node),
        (("", "serviceaccounts"), "token") => of_token(store, context, node, object),
        (("", "persistentvolumeclaims"), "status") => None,
        (("coordination.k8s.io", "leases"), _) => of_lease(context, node, operation, object),
        (("storage.k8s.io", "csinodes"), _) => of_csi_node(node, operation, object),
        (("certificates.k8s.io", "certificatesigningrequests"), "") if operation == Operation::Create => {
            of_request(node, object)
        }
        _ => None,
    };
    match refusal {
        Some(why) => deny(why),
        None => Ok(()),
    }
}

fn of_node(node: &str, operation: Operation, old: Option<&Json>, object: &Json) -> Option<String> {
    let (node_q, name) = (quote(node), object.text("metadata.name"));
    if name != node {
        return Some(format!("node {node_q} is not allowed to modify node {}", quote(name)));
    }
    if object.at("spec.configSource").is_some_and(|own| *own != Json::Null) {
        return Some(format!("node {node_q} is not allowed to create pods with a non-nil configSource"));
    }
    let none = Json::Null;
    let old_or = old.unwrap_or(&none);
    if operation == Operation::Update {
        if old_or.list("spec.taints") != object.list("spec.taints") {
            return Some(format!("node {node_q} is not allowed to modify taints"));
        }
        if old_or.list("metadata.ownerReferences") != object.list("metadata.ownerReferences") {
            return Some(format!("node {node_q} is not allowed to modify ownerReferences"));
        }
    }
    let forbidden = forbidden_labels(old_or, object);
    if forbidden.is_empty() {
        return None;
    }
    let forbidden = forbidden.join(", ");
    Some(match operation {
        Operation::Create => format!("node {node_q} is not allowed to set the following labels: {forbidden}"),
        _ => format!("is not allowed to modify labels: {forbidden}"),
    })
}

/// The labels that were changed and are not the node's to change, sorted.
fn forbidden_labels(old: &Json, object: &Json) -> Vec<String> {
    let labels =
        |object: &Json| object.at("metadata.labels").map(|own| own.fields().to_vec()).unwrap_or_default();
    let (before, after) = (labels(old), labels(object));
    let changed = |one: &[(String, Json)], other: &[(String, Json)]| -> Vec<String> {
        one.iter().filter(|pair| !other.contains(pair)).map(|(key, _)| key.clone()).collect()
    };
    let mut keys = changed(&after, &before);
    keys.extend(changed(&before, &after));
    keys.sort();
    keys.dedup();
    keys.retain(|key| {
        let namespace = key.split_once('/').map_or("", |(namespace, _)| namespace);
        let is_in = |domain: &str| namespace == domain || namespace.ends_with(&format!(".{domain}"));
        let is_kubernetes = is_in("kubernetes.io") || is_in("k8s.io");
        let is_own = OWN_LABELS.contains(&key.as_str())
            || is_in("kubelet.kubernetes.io")
            || is_in("node.kubernetes.io");
        is_in("node-restriction.kubernetes.io") || (is_kubernetes && !is_own)
    });
    keys
}

fn annotation<'a>(object: &'a Json, key: &str) -> Option<&'a str> {
    object.at("metadata.annotations")?.get(key)?.as_text()
}

fn of_pod(
    store: &Store,
    node: &str,
    operation: Operation,
    old: Option<&Json>,
    object: &Json,
) -> Option<String> {
    let quoted = quote(node);
    match operation {
        Operation::Create => {
            if annotation(object, "kubernetes.io/config.mirror").is_none() {
                return Some(format!(
                    "pod does not have \"kubernetes.io/config.mirror\" annotation, node {quoted} can only create mirror pods"
                ));
            }
            if object.text("spec.nodeName") != node {
                return Some(format!("node {quoted} can only create pods with spec.nodeName set to itself"));
            }
            let owners = object.list("metadata.ownerReferences");
            let [owner] = owners else {
                return Some(format!(
                    "node {quoted} can only create pods with a single owner reference set to itself"
                ));
            };
            if owner.text("apiVersion") != "v1" || owner.text("kind") != "Node" || owner.text("name") != node
            {
                return Some(format!(
                    "node {quoted} can only create pods with an owner reference set to itself"
                ));
            }
            if owner.get("controller") != Some(&Json::Bool(true)) {
                return Some(format!(
                    "node {quoted} can only create pods with a controller owner reference set to itself"
                ));
            }
            let own = store.get(("", "nodes"), "", node);
            if own.is_none_or(|own| own.text("metadata.uid") != owner.text("uid")) {
                return Some(format!("node {node} UID mismatch"));
            }
            if !object.text("spec.serviceAccountName").is_empty() {
                return Some(format!("node {quoted} can not create pods that reference a service account"));
            }
            for volume in object.list("spec.volumes") {
                for (field, what) in [
                    ("secret", "secrets"),
                    ("configMap", "configmaps"),
                    ("persistentVolumeClaim", "persistentvolumeclaims"),
                ] {
                    if volume.get(field).is_some() {
                        return Some(format!("node {quoted} can not create pods that reference {what}"));
                    }
                }
            }
            None
        }
        Operation::Delete if old.is_some_and(|old| old.text("spec.nodeName") != node) => {
            Some(format!("node {quoted} can only delete pods with spec.nodeName set to itself"))
        }
        _ => None,
    }
}

fn of_pod_status(node: &str, old: Option<&Json>, object: &Json) -> Option<String> {
    let quoted = quote(node);
    let old = old?;
    if old.text("spec.nodeName") != node {
        return Some(format!(
            "node {quoted} can only update pod status for pods with spec.nodeName set to itself"
        ));
    }
    if old.at("metadata.labels") != object.at("metadata.labels") {
        return Some(format!("node {quoted} cannot update labels through pod status"));
    }
    None
}

fn of_eviction(store: &Store, context: &Context<'_>, node: &str) -> Option<String> {
    let pod = store.get(("", "pods"), context.namespace, &context.asked.name)?;
    (pod.text("spec.nodeName") != node)
        .then(|| format!("node {} can only evict pods with spec.nodeName set to itself", quote(node)))
}

fn of_token(store: &Store, context: &Context<'_>, node: &str, request: &Json) -> Option<String> {
    let bound = request.at("spec.boundObjectRef");
    let Some(bound) = bound.filter(|bound| bound.text("kind") == "Pod" && bound.text("apiVersion") == "v1")
    else {
        return Some("node requested token not bound to a pod".into());
    };
    if bound.text("uid").is_empty() {
        return Some("node requested token with a pod binding without a uid".into());
    }
    let pod = store.get(("", "pods"), context.namespace, bound.text("name"));
    match pod {
        None => Some(format!("pod {} not found", quote(bound.text("name")))),
        Some(pod) if pod.text("metadata.uid") != bound.text("uid") => Some(format!(
            "the UID in the bound object reference ({}) does not match the UID in record. The object might have been deleted and then recreated",
            bound.text("uid")
        )),
        Some(pod) if pod.text("spec.nodeName") != node => {
            Some("node requested token bound to a pod scheduled on a different node".into())
        }
        Some(_) => None,
    }
}

fn of_lease(context: &Context<'_>, node: &str, operation: Operation, object: &Json) -> Option<String> {
    const NAMESPACE: &str = "kube-node-lease";
    if context.namespace != NAMESPACE {
        return Some(format!("can only access leases in the {} system namespace", quote(NAMESPACE)));
    }
    let name = if operation == Operation::Create {
        object.text("metadata.name")
    } else {
        context.asked.name.as_str()
    };
    (name != node).then(|| "can only access node lease with the same name as the requesting node".into())
}

fn of_csi_node(node: &str, operation: Operation, object: &Json) -> Option<String> {
    (operation == Operation::Create && object.text("metadata.name") != node)
        .then(|| "can only access CSINode with the same name as the requesting node".into())
}

/// A node asks only for certificates of its own name.
fn of_request(node: &str, csr: &Json) -> Option<String> {
    let signer = csr.text("spec.signerName");
    if !matches!(signer, "kubernetes.io/kubelet-serving" | "kubernetes.io/kube-apiserver-client-kubelet") {
        return None;
    }
    let wanted = format!("system:node:{node}");
    let name = super::certificates::common_name(csr.text("spec.request"));
    match name {
        None => Some("unable to parse csr: PEM block type must be CERTIFICATE REQUEST".into()),
        Some(name) if name != wanted => Some(format!("can only create a node CSR with CN={wanted}")),
        Some(_) => None,
    }
}
