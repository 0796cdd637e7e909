//! The Node authorizer: what a kubelet may do, by what runs on its node.
//!
//! plugin/pkg/auth/authorizer/node/node_authorizer.go, with the feature gates as they are by default in 1.36.

use super::attributes::{Attributes, Resource, Target};
use super::bootstrap::NODE_RULES;
use super::fields::FieldRequirement;
use super::graph::{Graph, Kind, vertex};
use super::identity::Identity;
use crate::text::quote;

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
        return NodeOpinion::Silent(format!("unknown node for user {}", quote(&identity.user)));
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
        let is_own = |term: &FieldRequirement| term.equals && term.field == field && term.value == self.node;
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
