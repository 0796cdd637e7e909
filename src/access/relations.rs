//! What of an object relates it to what runs on a node.
//!
//! plugin/pkg/auth/authorizer/node/graph.go, pkg/api/v1/pod/util.go.

use std::collections::BTreeSet;

use super::graph::{Kind, Vertex, vertex};
use super::json::Json;

/// The edges that one object makes, each once.
#[derive(Default)]
pub(super) struct Edges(pub(super) BTreeSet<(Vertex, Vertex)>);

impl Edges {
    /// Whether objects of a group and kind relate something to a node.
    pub(super) fn takes(group: &str, kind: &str) -> bool {
        matches!(
            (group, kind),
            ("", "Pod" | "PersistentVolume")
                | ("storage.k8s.io", "VolumeAttachment")
                | ("resource.k8s.io", "ResourceSlice")
        )
    }

    /// Those of an object; none where it relates nothing to a node.
    pub(super) fn of(object: &Json) -> Self {
        let mut edges = Self::default();
        edges.collect(object);
        edges
    }

    fn collect(&mut self, object: &Json) {
        let (namespace, name) = (object.text("metadata.namespace"), object.text("metadata.name"));
        let node_edge = |kind: Kind, node: &str| (vertex(kind, "", name), vertex(Kind::Node, "", node));
        match (group(object.text("apiVersion")), object.text("kind")) {
            ("", "Pod") => self.add_pod(object, namespace, name),
            ("", "PersistentVolume") => self.add_volume(object, name),
            ("storage.k8s.io", "VolumeAttachment") if !object.text("spec.nodeName").is_empty() => {
                let (from, to) = node_edge(Kind::Attachment, object.text("spec.nodeName"));
                self.connect(from, to);
            }
            ("resource.k8s.io", "ResourceSlice") if !object.text("spec.nodeName").is_empty() => {
                let (from, to) = node_edge(Kind::Slice, object.text("spec.nodeName"));
                self.connect(from, to);
            }
            _ => {}
        }
    }

    fn connect(&mut self, from: Vertex, to: Vertex) {
        self.0.insert((from, to));
    }

    fn add_pod(&mut self, pod: &Json, namespace: &str, name: &str) {
        let node = pod.text("spec.nodeName");
        if node.is_empty() {
            return;
        }
        let this = vertex(Kind::Pod, namespace, name);
        self.connect(this.clone(), vertex(Kind::Node, "", node));
        // The pod of a static manifest: a node must not gain access by writing one.
        let is_mirror = |(key, _): &(String, Json)| key == "kubernetes.io/config.mirror";
        if pod.at("metadata.annotations").is_some_and(|all| all.fields().iter().any(is_mirror)) {
            return;
        }
        // Admission fills in the account `default`.
        let account = match pod.text("spec.serviceAccountName") {
            "" => "default",
            account => account,
        };
        let mut needed = vec![(Kind::ServiceAccount, account.to_owned())];
        needed.extend(of_pod(pod, name));
        for claim in pod.list("spec.resourceClaims") {
            let direct = claim.text("resourceClaimName");
            let made = pod
                .list("status.resourceClaimStatuses")
                .iter()
                .find(|status| status.text("name") == claim.text("name"))
                .map_or("", |status| status.text("resourceClaimName"));
            let claim = if direct.is_empty() { made } else { direct };
            needed.push((Kind::ResourceClaim, claim.to_owned()));
        }
        let extended = pod.text("status.extendedResourceClaimStatus.resourceClaimName");
        needed.push((Kind::ResourceClaim, extended.to_owned()));
        for (kind, needed) in needed.into_iter().filter(|(_, needed)| !needed.is_empty()) {
            self.connect(vertex(kind, namespace, &needed), this.clone());
        }
    }

    fn add_volume(&mut self, volume: &Json, name: &str) {
        if volume.at("spec.claimRef").is_none() {
            return;
        }
        let claim_namespace = volume.text("spec.claimRef.namespace");
        let this = vertex(Kind::Volume, "", name);
        let claim = vertex(Kind::Claim, claim_namespace, volume.text("spec.claimRef.name"));
        self.connect(this.clone(), claim);
        // Secrets that the kubelet itself reads (pkg/api/v1/persistentvolume/util.go).
        for (namespace, secret) in [
            ("spec.azureFile.secretNamespace", "spec.azureFile.secretName"),
            ("spec.cephfs.secretRef.namespace", "spec.cephfs.secretRef.name"),
            ("spec.cinder.secretRef.namespace", "spec.cinder.secretRef.name"),
            ("spec.flexVolume.secretRef.namespace", "spec.flexVolume.secretRef.name"),
            ("spec.rbd.secretRef.namespace", "spec.rbd.secretRef.name"),
            ("spec.scaleIO.secretRef.namespace", "spec.scaleIO.secretRef.name"),
            ("spec.iscsi.secretRef.namespace", "spec.iscsi.secretRef.name"),
            ("spec.storageos.secretRef.namespace", "spec.storageos.secretRef.name"),
            ("spec.csi.nodePublishSecretRef.namespace", "spec.csi.nodePublishSecretRef.name"),
            ("spec.csi.nodeStageSecretRef.namespace", "spec.csi.nodeStageSecretRef.name"),
            ("spec.csi.nodeExpandSecretRef.namespace", "spec.csi.nodeExpandSecretRef.name"),
        ] {
            let (namespace, secret) = (volume.text(namespace), volume.text(secret));
            let namespace = if namespace.is_empty() { claim_namespace } else { namespace };
            if !secret.is_empty() {
                self.connect(vertex(Kind::Secret, namespace, secret), this.clone());
            }
        }
    }
}

/// The group of an `apiVersion`: `apps/v1` is in `apps`, `v1` in the core group.
pub(super) fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// What a pod of this name mounts and reads: Secrets, ConfigMaps and claims.
fn of_pod(pod: &Json, name: &str) -> Vec<(Kind, String)> {
    let pull = pod.list("spec.imagePullSecrets").iter();
    let mut needed: Vec<_> = pull.map(|own| (Kind::Secret, own.text("name").to_owned())).collect();
    for list in ["spec.initContainers", "spec.containers", "spec.ephemeralContainers"] {
        needed.extend(pod.list(list).iter().flat_map(of_container));
    }
    needed.extend(pod.list("spec.volumes").iter().flat_map(|volume| of_volume(volume, name)));
    needed.retain(|(_, needed)| !needed.is_empty());
    needed
}

/// Whether a pod refers to Secrets, and to ConfigMaps (pkg/api/pod/util.go).
#[must_use]
pub fn secrets_and_config_maps(pod: &Json) -> (bool, bool) {
    let needed = of_pod(pod, "");
    let has = |kind: Kind| needed.iter().any(|(own, _)| *own == kind);
    (has(Kind::Secret), has(Kind::ConfigMap))
}

/// Secrets and ConfigMaps in a container's environment.
fn of_container(container: &Json) -> Vec<(Kind, String)> {
    let from = container.list("envFrom").iter().flat_map(|source| {
        [
            (Kind::Secret, source.text("secretRef.name").to_owned()),
            (Kind::ConfigMap, source.text("configMapRef.name").to_owned()),
        ]
    });
    let single = container.list("env").iter().flat_map(|variable| {
        [
            (Kind::Secret, variable.text("valueFrom.secretKeyRef.name").to_owned()),
            (Kind::ConfigMap, variable.text("valueFrom.configMapKeyRef.name").to_owned()),
        ]
    });
    from.chain(single).collect()
}

/// What a pod's volume is made of.
fn of_volume(volume: &Json, pod: &str) -> Vec<(Kind, String)> {
    let mut needed = vec![
        (Kind::ConfigMap, volume.text("configMap.name").to_owned()),
        (Kind::Claim, volume.text("persistentVolumeClaim.claimName").to_owned()),
    ];
    for path in [
        "secret.secretName",
        "azureFile.secretName",
        "cephfs.secretRef.name",
        "cinder.secretRef.name",
        "flexVolume.secretRef.name",
        "rbd.secretRef.name",
        "scaleIO.secretRef.name",
        "iscsi.secretRef.name",
        "storageos.secretRef.name",
        "csi.nodePublishSecretRef.name",
    ] {
        needed.push((Kind::Secret, volume.text(path).to_owned()));
    }
    for source in volume.list("projected.sources") {
        needed.push((Kind::Secret, source.text("secret.name").to_owned()));
        needed.push((Kind::ConfigMap, source.text("configMap.name").to_owned()));
    }
    if volume.get("ephemeral").is_some() {
        needed.push((Kind::Claim, format!("{pod}-{}", volume.text("name"))));
    }
    needed
}
