//! The Node authorizer: what a kubelet may do, by what runs on its node.
//!
//! plugin/pkg/auth/authorizer/node/node_authorizer.go and graph.go, with the
//! feature gates as they are by default in 1.36.

use std::collections::{BTreeMap, BTreeSet};

use super::attributes::{Attributes, Resource, Target};
use super::bootstrap::NODE_RULES;
use super::identity::Identity;
use super::json::{Json, quoted};

/// What kind of object a vertex of the graph is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Node,
    Pod,
    ConfigMap,
    Secret,
    ServiceAccount,
    Claim,
    Volume,
    ResourceClaim,
    Attachment,
    Slice,
}

/// An object: its kind, namespace and name.
type Vertex = (Kind, String, String);

fn vertex(kind: Kind, namespace: &str, name: &str) -> Vertex {
    (kind, namespace.to_owned(), name.to_owned())
}

/// Which object is needed by which: edges lead towards nodes.
#[derive(Debug, Clone, Default)]
pub(super) struct Graph {
    edges: BTreeMap<Vertex, BTreeSet<Vertex>>,
}

impl Graph {
    /// Takes an object in, if it is of a kind that relates something to a node.
    pub(super) fn add(&mut self, object: &Json) {
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
        self.edges.entry(from).or_default().insert(to);
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
        let mut needed: Vec<(Kind, String)> = Vec::new();
        // Admission fills in the account `default`.
        let account = match pod.text("spec.serviceAccountName") {
            "" => "default",
            account => account,
        };
        needed.push((Kind::ServiceAccount, account.to_owned()));
        for secret in pod.list("spec.imagePullSecrets") {
            needed.push((Kind::Secret, secret.text("name").to_owned()));
        }
        for list in ["spec.initContainers", "spec.containers", "spec.ephemeralContainers"] {
            for container in pod.list(list) {
                needed.extend(of_container(container));
            }
        }
        for volume in pod.list("spec.volumes") {
            needed.extend(of_volume(volume, name));
        }
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

    /// Whether a path leads from the object to the node.
    fn relates(&self, from: Vertex, node: &str) -> bool {
        let goal = vertex(Kind::Node, "", node);
        let mut seen = BTreeSet::from([&from]);
        let mut open = vec![&from];
        while let Some(here) = open.pop() {
            if *here == goal {
                return true;
            }
            open.extend(self.edges.get(here).into_iter().flatten().filter(|next| seen.insert(next)));
        }
        false
    }
}

/// The group of an `apiVersion`: `apps/v1` is in `apps`, `v1` in the core group.
pub(super) fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
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

/// What the Node authorizer says. It never denies: without `Allow` the next
/// authorizer is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NodeOpinion {
    /// The client is no node.
    NotANode,
    /// Yes.
    Allow,
    /// No opinion, with the reason for the refusal; often empty.
    Silent(String),
}

/// A refusal without a reason given.
const SILENT: NodeOpinion = NodeOpinion::Silent(String::new());

fn silent(reason: &str) -> NodeOpinion {
    NodeOpinion::Silent(reason.to_owned())
}

/// Judges a request of a node.
pub(super) fn authorize(graph: &Graph, identity: &Identity, attributes: &Attributes) -> NodeOpinion {
    let Some(node) = identity.node() else {
        return NodeOpinion::NotANode;
    };
    if node.is_empty() {
        return NodeOpinion::Silent(format!("unknown node for user {}", quoted(&identity.user)));
    }
    let by_rules = || match NODE_RULES.iter().any(|rule| rule.allows(attributes)) {
        true => NodeOpinion::Allow,
        false => SILENT,
    };
    let Target::Resource(resource) = &attributes.target else {
        return by_rules();
    };
    let asked = Asked { graph, node, verb: &attributes.verb, resource };
    match (resource.group.as_str(), resource.resource.as_str()) {
        ("", "secrets") => asked.read_namespaced(Kind::Secret),
        ("", "configmaps") => asked.read_namespaced(Kind::ConfigMap),
        ("", "persistentvolumeclaims") if resource.subresource == "status" => asked.update_status(),
        ("", "persistentvolumeclaims") => asked.get(Kind::Claim),
        ("", "persistentvolumes") => asked.get(Kind::Volume),
        ("resource.k8s.io", "resourceclaims") => asked.get(Kind::ResourceClaim),
        ("storage.k8s.io", "volumeattachments") => asked.get(Kind::Attachment),
        ("", "serviceaccounts") if attributes.verb == "get" && resource.subresource.is_empty() => {
            asked.read_namespaced(Kind::ServiceAccount)
        }
        ("", "serviceaccounts") => asked.create_token(),
        ("coordination.k8s.io", "leases") => asked.lease(),
        ("storage.k8s.io", "csinodes") => asked.csi_node(),
        ("resource.k8s.io", "resourceslices") => asked.slice(),
        ("", "nodes") => asked.node(),
        ("", "pods") => asked.pod(),
        _ => by_rules(),
    }
}

/// A node's request for a resource.
struct Asked<'a> {
    graph: &'a Graph,
    node: &'a str,
    verb: &'a str,
    resource: &'a Resource,
}

impl Asked<'_> {
    fn related(&self, kind: Kind) -> NodeOpinion {
        let Resource { namespace, name, .. } = self.resource;
        if name.is_empty() {
            return silent("No Object name found");
        }
        if self.graph.relates(vertex(kind, namespace, name), self.node) {
            return NodeOpinion::Allow;
        }
        let node = self.node;
        NodeOpinion::Silent(format!("no relationship found between node '{node}' and this object"))
    }

    fn read_namespaced(&self, kind: Kind) -> NodeOpinion {
        if !matches!(self.verb, "get" | "list" | "watch") {
            return silent("can only read resources of this type");
        }
        if !self.resource.subresource.is_empty() {
            return silent("cannot read subresource");
        }
        if self.resource.namespace.is_empty() {
            return silent("can only read namespaced object of this type");
        }
        self.related(kind)
    }

    fn get(&self, kind: Kind) -> NodeOpinion {
        if self.verb != "get" {
            return silent("can only get individual resources of this type");
        }
        if !self.resource.subresource.is_empty() {
            return silent("cannot get subresource");
        }
        self.related(kind)
    }

    fn update_status(&self) -> NodeOpinion {
        match self.verb {
            "update" | "patch" => self.related(Kind::Claim),
            _ => silent("can only get/update/patch this type"),
        }
    }

    fn create_token(&self) -> NodeOpinion {
        if self.verb != "create" || self.resource.name.is_empty() {
            return silent("can only create tokens for individual service accounts");
        }
        if self.resource.subresource != "token" {
            return silent("can only create token subresource of serviceaccount");
        }
        self.related(Kind::ServiceAccount)
    }

    fn writes_own(&self) -> bool {
        matches!(self.verb, "get" | "create" | "update" | "patch" | "delete")
    }

    /// At creation the name is in the body, which only admission sees.
    fn is_own(&self) -> bool {
        self.verb == "create" || self.resource.name == self.node
    }

    fn lease(&self) -> NodeOpinion {
        if !self.writes_own() {
            return silent("can only get, create, update, patch, or delete a node lease");
        }
        if self.resource.namespace != "kube-node-lease" {
            return silent("can only access leases in the \"kube-node-lease\" system namespace");
        }
        match self.is_own() {
            true => NodeOpinion::Allow,
            false => silent("can only access node lease with the same name as the requesting node"),
        }
    }

    fn csi_node(&self) -> NodeOpinion {
        if !self.writes_own() {
            return silent("can only get, create, update, patch, or delete a CSINode");
        }
        if !self.resource.subresource.is_empty() {
            return silent("cannot authorize CSINode subresources");
        }
        match self.is_own() {
            true => NodeOpinion::Allow,
            false => silent("can only access CSINode with the same name as the requesting node"),
        }
    }

    fn selects_own(&self, field: &str) -> bool {
        let is_own = |term: &super::attributes::FieldRequirement| {
            term.equals && term.field == field && term.value == self.node
        };
        self.resource.fields.iter().any(is_own)
    }

    fn slice(&self) -> NodeOpinion {
        if !self.resource.subresource.is_empty() {
            return silent("cannot authorize ResourceSlice subresources");
        }
        match self.verb {
            "create" => NodeOpinion::Allow,
            "get" | "update" | "patch" | "delete" => self.related(Kind::Slice),
            "watch" | "list" | "deletecollection" if self.selects_own("spec.nodeName") => NodeOpinion::Allow,
            "watch" | "list" | "deletecollection" => {
                silent("can only list/watch/deletecollection resourceslices with nodeName field selector")
            }
            _ => silent(
                "only the following verbs are allowed for a ResourceSlice: \
                 get, watch, list, create, update, patch, delete, deletecollection",
            ),
        }
    }

    fn node(&self) -> NodeOpinion {
        let node = self.node;
        match (self.resource.subresource.as_str(), self.verb) {
            // Admission holds a node to its own object.
            ("", "create" | "update" | "patch") | ("status", "update" | "patch") => NodeOpinion::Allow,
            // By name, not by the graph: a kubelet looks before it registers.
            ("", "get" | "list" | "watch") => match self.resource.name.as_str() {
                name if name == node => NodeOpinion::Allow,
                "" => NodeOpinion::Silent(format!(
                    "node '{node}' cannot read all nodes, only its own Node object"
                )),
                name => NodeOpinion::Silent(format!(
                    "node '{node}' cannot read '{name}', only its own Node object"
                )),
            },
            _ => SILENT,
        }
    }

    fn pod(&self) -> NodeOpinion {
        match (self.resource.subresource.as_str(), self.verb) {
            ("", "get") => self.get(Kind::Pod),
            ("", "list" | "watch") if self.selects_own("spec.nodeName") => NodeOpinion::Allow,
            ("", "list" | "watch") if !self.resource.name.is_empty() => self.related(Kind::Pod),
            ("", "list" | "watch") => silent("can only list/watch pods with spec.nodeName field selector"),
            // Mirror pods and what runs here; admission holds it to that.
            ("", "create" | "delete") | ("status", "update" | "patch") | ("eviction", "create") => {
                NodeOpinion::Allow
            }
            _ => SILENT,
        }
    }
}
