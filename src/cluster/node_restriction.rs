//! What a node may write is only what is its own (plugin/pkg/admission/noderestriction).

use crate::access::{Attributes, Json, Resource, authorize, secrets_and_config_maps};
use crate::text::quote;

use super::admission::Operation;
use super::failure::{Answer, Failure};
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
    // What is not there is not found, whoever asks.
    let pod_of_request = |name: &str| {
        let there = store.get(("", "pods"), context.namespace, name);
        there.ok_or_else(|| Failure::not_found("", "pods", name))
    };
    let refusal = match (context.served.key(), context.asked.subresource.as_str()) {
        (("", "nodes"), _) => of_node(node, operation, old, object),
        (("", "pods"), "") if operation == Operation::Create => {
            let own = store.get(("", "nodes"), "", node);
            match of_mirror_pod(node, own.as_deref().map(|own| own.text("metadata.uid")), object) {
                Some(Refusal::NoNode) => return Err(Failure::not_found("", "nodes", node)),
                Some(Refusal::Why(why)) => Some(why),
                None => None,
            }
        }
        (("", "pods"), "") => of_deletion(node, operation, old),
        (("", "pods"), "status") => of_pod_status(node, old, object),
        (("", "pods"), "eviction") => {
            let pod = pod_of_request(&context.asked.name)?;
            (pod.text("spec.nodeName") != node)
                .then(|| format!("node {node} can only evict pods with spec.nodeName set to itself"))
        }
        (("", "serviceaccounts"), "token") => match bound_pod(object) {
            Err(why) => Some(why),
            Ok(bound) => {
                let pod = pod_of_request(bound)?;
                of_token(context, store, node, object, &pod)
            }
        },
        (("", "persistentvolumeclaims"), "status") => of_claim_status(node, old, object),
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
    let none = Json::Null;
    let old_or = old.unwrap_or(&none);
    let source = object.at("spec.configSource").filter(|own| **own != Json::Null);
    if source.is_some() && operation == Operation::Create {
        return Some(format!("node {node_q} is not allowed to create pods with a non-nil configSource"));
    }
    if source.is_some() && source != old_or.at("spec.configSource") {
        return Some(format!(
            "node {node_q} is not allowed to update configSource to a new non-nil configSource"
        ));
    }
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

/// Why a node may not create a pod.
enum Refusal {
    /// It has no object of its own.
    NoNode,
    /// In these words.
    Why(String),
}

/// A node creates the mirrors of its static pods; its own object has this UID.
fn of_mirror_pod(node: &str, uid: Option<&str>, object: &Json) -> Option<Refusal> {
    let quoted = quote(node);
    let only = |what: &str| Some(Refusal::Why(format!("node {quoted} can only create pods with {what}")));
    let not =
        |what: &str| Some(Refusal::Why(format!("node {quoted} can not create pods that reference {what}")));
    if annotation(object, "kubernetes.io/config.mirror").is_none() {
        return Some(Refusal::Why(format!(
            "pod does not have \"kubernetes.io/config.mirror\" annotation, node {quoted} can only create mirror pods"
        )));
    }
    if object.text("spec.nodeName") != node {
        return only("spec.nodeName set to itself");
    }
    let owner = match object.list("metadata.ownerReferences") {
        [] => return only("an owner reference set to itself"),
        [owner] => owner,
        _ => return only("a single owner reference set to itself"),
    };
    if owner.text("apiVersion") != "v1" || owner.text("kind") != "Node" || owner.text("name") != node {
        return only("an owner reference set to itself");
    }
    if owner.get("controller") != Some(&Json::Bool(true)) {
        return only("a controller owner reference set to itself");
    }
    if owner.get("blockOwnerDeletion") == Some(&Json::Bool(true)) {
        return Some(Refusal::Why(format!(
            "node {quoted} must not set blockOwnerDeletion on an owner reference"
        )));
    }
    let Some(uid) = uid else { return Some(Refusal::NoNode) };
    let given = owner.text("uid");
    if given != uid {
        return Some(Refusal::Why(format!("node {node} UID mismatch: expected {given} got {uid}")));
    }
    if !object.text("spec.serviceAccountName").is_empty() {
        return not("a service account");
    }
    let (secrets, config_maps) = secrets_and_config_maps(object);
    if secrets {
        return not("secrets");
    }
    if config_maps {
        return not("configmaps");
    }
    let volumes = object.list("spec.volumes");
    let has_bundle = |volume: &Json| {
        volume.list("projected.sources").iter().any(|source| source.get("clusterTrustBundle").is_some())
    };
    if volumes.iter().any(has_bundle) {
        return not("clustertrustbundles");
    }
    if volumes.iter().any(|volume| volume.get("persistentVolumeClaim").is_some()) {
        return not("persistentvolumeclaims");
    }
    None
}

fn of_deletion(node: &str, operation: Operation, old: Option<&Json>) -> Option<String> {
    let is_others =
        operation == Operation::Delete && old.is_some_and(|old| old.text("spec.nodeName") != node);
    is_others.then(|| format!("node {} can only delete pods with spec.nodeName set to itself", quote(node)))
}

/// A node tells what became of a claim's volume, and nothing else.
fn of_claim_status(node: &str, old: Option<&Json>, object: &Json) -> Option<String> {
    const TOLD: [&str; 4] = ["capacity", "conditions", "allocatedResourceStatuses", "allocatedResources"];
    let rest = |claim: &Json| {
        let mut claim = claim.clone();
        let metadata = claim.path_mut(&["metadata"]);
        metadata.take("resourceVersion");
        metadata.take("managedFields");
        let status = claim.path_mut(&["status"]);
        TOLD.iter().for_each(|field| drop(status.take(field)));
        claim
    };
    (rest(old?) != rest(object)).then(|| {
        format!(
            "node {} is not allowed to update fields other than status.capacity and status.conditions",
            quote(node)
        )
    })
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

/// The pod that a token is to be bound to.
fn bound_pod(request: &Json) -> Result<&str, String> {
    let bound = request.at("spec.boundObjectRef").filter(|bound| {
        bound.text("kind") == "Pod" && bound.text("apiVersion") == "v1" && !bound.text("name").is_empty()
    });
    match bound {
        None => Err("node requested token not bound to a pod".into()),
        Some(bound) if bound.text("uid").is_empty() => {
            Err("node requested token with a pod binding without a uid".into())
        }
        Some(bound) => Ok(bound.text("name")),
    }
}

fn of_token(context: &Context<'_>, store: &Store, node: &str, request: &Json, pod: &Json) -> Option<String> {
    let uid = request.text("spec.boundObjectRef.uid");
    if pod.text("metadata.uid") != uid {
        return Some(format!(
            "the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated"
        ));
    }
    if pod.text("spec.nodeName") != node {
        return Some("node requested token bound to a pod scheduled on a different node".into());
    }
    let audiences = request.texts("spec.audiences");
    let audience = match audiences.as_slice() {
        [] => "",
        [one] => one.as_str(),
        _ => return Some("node may only request 0 or 1 audiences".into()),
    };
    if has_audience(store, context.namespace, pod, audience) {
        return None;
    }
    // Or the node is allowed that audience for that account by name.
    let asked = Resource {
        namespace: context.namespace.to_owned(),
        resource: audience.to_owned(),
        name: context.asked.name.clone(),
        ..Resource::default()
    };
    let asked = Attributes::resource("request-serviceaccounts-token-audience", asked);
    if authorize(context.identity, &asked, &store.policy).allowed {
        return None;
    }
    Some(format!(
        "audience {} not found in pod spec volume, {} is not authorized to request tokens for this audience",
        quote(audience),
        context.identity.user
    ))
}

/// Whether tokens for an audience belong into a pod: into a projected volume, or to the driver of
/// one of its volumes. Nothing named is the API server itself.
fn has_audience(store: &Store, namespace: &str, pod: &Json, audience: &str) -> bool {
    let of_driver = |driver: &str| {
        let driver = store.get(("storage.k8s.io", "csidrivers"), "", driver);
        let is_its = |request: &Json| request.text("audience") == audience;
        driver.is_some_and(|driver| driver.list("spec.tokenRequests").iter().any(is_its))
    };
    let of_claim = |claim: &str| {
        let claim = store.get(("", "persistentvolumeclaims"), namespace, claim);
        let volume = claim.map(|claim| claim.text("spec.volumeName").to_owned()).unwrap_or_default();
        let volume = store.get(("", "persistentvolumes"), "", &volume);
        volume.is_some_and(|volume| of_driver(volume.text("spec.csi.driver")))
    };
    audience.is_empty()
        || pod.list("spec.volumes").iter().any(|volume| {
            let of_source = |source: &Json| {
                source.get("serviceAccountToken").is_some_and(|token| token.text("audience") == audience)
            };
            let ephemeral = format!("{}-{}", pod.text("metadata.name"), volume.text("name"));
            volume.list("projected.sources").iter().any(of_source)
                || of_driver(volume.text("csi.driver"))
                || of_claim(volume.text("persistentVolumeClaim.claimName"))
                || (volume.get("ephemeral").is_some() && of_claim(&ephemeral))
        })
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
