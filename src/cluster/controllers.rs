//! What a controller manager does: aggregated roles, the contents of namespaces, CSRs
//! (pkg/controller/clusterroleaggregation, …/namespace, …/serviceaccount, …/certificates).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::access::{Attributes, Identity, Json, Resource, authorize};

use super::failure::Answer;
use super::seed;
use super::store::{Key, Store};
use super::{Settings, certificates, signing};

/// A turn after which nothing changes comes sooner than this.
const TURNS: usize = 16;
const CSRS: Key = ("certificates.k8s.io", "certificatesigningrequests");
const CLUSTER_ROLES: Key = ("rbac.authorization.k8s.io", "clusterroles");

/// Lets every controller do its part until there is nothing left to do.
pub(super) fn run(store: &mut Store, settings: &Settings, now: &str) -> Answer<()> {
    for _ in 0..TURNS {
        let changed = store.changed_keys();
        if changed.is_empty() {
            break;
        }
        if changed.contains(&CLUSTER_ROLES) {
            aggregate(store)?;
        }
        if changed.contains(&("", "namespaces")) {
            namespaces(store, settings, now)?;
        }
        if changed.contains(&CSRS) {
            requests(store, settings, now)?;
        }
        if ["persistentvolumeclaims", "persistentvolumes", "pods"]
            .iter()
            .any(|name| changed.contains(&("", *name)))
        {
            volumes(store)?;
        }
    }
    Ok(())
}

/// ClusterRoles that take in others.
fn aggregate(store: &mut Store) -> Answer<()> {
    let mut rbac = store.policy.rbac.clone();
    rbac.aggregate();
    let all: Vec<Arc<Json>> = store.list(CLUSTER_ROLES, "").collect();
    for object in all.iter().filter(|object| object.get("aggregationRule").is_some()) {
        let Some(role) = rbac.role(None, object.text("metadata.name")) else { continue };
        let rules = seed::rules(&role.rules);
        if object.get("rules").is_none_or(|own| !own.same_as(&rules)) {
            let mut object = (**object).clone();
            object.set("rules", rules);
            store.put(CLUSTER_ROLES, object)?;
        }
    }
    Ok(())
}

/// Every namespace has a service account and the cluster's CA; one that goes is emptied first.
fn namespaces(store: &mut Store, settings: &Settings, now: &str) -> Answer<()> {
    let all: Vec<Arc<Json>> = store.list(("", "namespaces"), "").collect();
    for namespace in all {
        let name = namespace.text("metadata.name").to_owned();
        if namespace.text("metadata.deletionTimestamp").is_empty() {
            if !store.has(("", "serviceaccounts"), &name, "default") {
                let account = seed::object("ServiceAccount", "v1", &name, "default", now);
                store.put(("", "serviceaccounts"), account)?;
            }
            if !store.has(("", "configmaps"), &name, "kube-root-ca.crt")
                && let Some(authority) = seed::authority(settings)
            {
                let data = Json::object([("ca.crt", authority.into())]);
                let map = seed::object("ConfigMap", "v1", &name, "kube-root-ca.crt", now).with("data", data);
                store.put(("", "configmaps"), map)?;
            }
            continue;
        }
        for key in store.keys() {
            let gone: Vec<String> = store.places(key, &name).map(|((_, name), _)| name.clone()).collect();
            for gone in gone {
                store.delete(key, &name, &gone)?;
            }
        }
        store.delete(("", "namespaces"), "", &name)?;
    }
    Ok(())
}

/// Claims and volumes that nobody uses any more may go.
fn volumes(store: &mut Store) -> Answer<()> {
    for (kind, finalizer) in [
        ("persistentvolumeclaims", "kubernetes.io/pvc-protection"),
        ("persistentvolumes", "kubernetes.io/pv-protection"),
    ] {
        let going: Vec<Arc<Json>> = store
            .list(("", kind), "")
            .filter(|object| !object.text("metadata.deletionTimestamp").is_empty())
            .filter(|object| object.texts("metadata.finalizers") == [finalizer])
            .collect();
        for object in going {
            let (namespace, name) = (object.text("metadata.namespace"), object.text("metadata.name"));
            let uses = |pod: &Arc<Json>| {
                pod.list("spec.volumes").iter().any(|own| own.text("persistentVolumeClaim.claimName") == name)
            };
            let is_used =
                kind == "persistentvolumeclaims" && store.list(("", "pods"), namespace).any(|pod| uses(&pod));
            if !is_used {
                store.delete(("", kind), namespace, name)?;
            }
        }
    }
    Ok(())
}

/// CSRs: those of kubelets are approved, those that are approved are signed.
fn requests(store: &mut Store, settings: &Settings, now: &str) -> Answer<()> {
    let all: Vec<Arc<Json>> = store.list(CSRS, "").collect();
    for csr in all {
        let has = |kind: &str| csr.list("status.conditions").iter().any(|own| own.text("type") == kind);
        if has("Denied") || has("Failed") || !csr.text("status.certificate").is_empty() {
            continue;
        }
        let mut object = (*csr).clone();
        if !has("Approved") {
            let Some(message) = approval(store, &csr) else { continue };
            add_condition(&mut object, "Approved", "AutoApproved", message, now);
        }
        sign(&mut object, settings, now);
        if !object.same_as(&csr) {
            store.put(CSRS, object)?;
        }
    }
    Ok(())
}

fn add_condition(csr: &mut Json, kind: &str, reason: &str, message: &str, now: &str) {
    let mut conditions = csr.list("status.conditions").to_vec();
    conditions.push(Json::object([
        ("type", kind.into()),
        ("status", "True".into()),
        ("reason", reason.into()),
        ("message", message.into()),
        ("lastUpdateTime", now.into()),
        ("lastTransitionTime", now.into()),
    ]));
    csr.path_mut(&["status"]).set("conditions", conditions);
}

/// With which words a kubelet's CSR is approved, if whoever sent it may have it so
/// (pkg/controller/certificates/approver/sarapprove.go).
fn approval(store: &Store, csr: &Json) -> Option<&'static str> {
    let is_own = signing::of_kubelet(csr)?;
    let requester = Identity {
        user: csr.text("spec.username").to_owned(),
        groups: csr.texts("spec.groups"),
        uid: None,
        extra: Vec::new(),
    };
    let recognized = [
        (
            is_own,
            "selfnodeclient",
            "Auto approving self kubelet client certificate after SubjectAccessReview.",
        ),
        (true, "nodeclient", "Auto approving kubelet client certificate after SubjectAccessReview."),
    ];
    recognized.into_iter().filter(|(applies, _, _)| *applies).find_map(|(_, subresource, message)| {
        let resource = Resource {
            group: CSRS.0.into(),
            version: "v1".into(),
            resource: CSRS.1.into(),
            subresource: subresource.into(),
            ..Resource::default()
        };
        let allowed = authorize(&requester, &Attributes::resource("create", resource), &store.policy).allowed;
        allowed.then_some(message)
    })
}

fn sign(csr: &mut Json, settings: &Settings, now: &str) {
    let signer = csr.text("spec.signerName");
    let known = [certificates::CLIENT, certificates::KUBELET_CLIENT, certificates::KUBELET_SERVING];
    // Other signers are someone else's.
    let (Some(own), true) = (&settings.signer, known.contains(&signer)) else { return };
    if let Some(why) = signing::objection(csr) {
        add_condition(csr, "Failed", "SignerValidationFailure", &why, now);
        return;
    }
    // What cannot be signed now stays approved, and is tried again with its next change.
    if let Ok(pem) = own.sign(csr, settings.clock.now()) {
        csr.path_mut(&["status"]).set("certificate", STANDARD.encode(pem));
    }
}
