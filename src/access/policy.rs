//! What a cluster's authorizers know: its RBAC objects and the Node graph.

use super::bootstrap::{self, Bootstrap};
use super::graph::Graph;
use super::json::Json;
use super::relations::{Edges, group};

use super::rbac::{Binding, BindingSubject, Rbac, Role, RoleRef, Rule};

/// Objects that do not read.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The text is no YAML.
    #[error(
        "the objects do not read as YAML ({0}): correct them, or check them with `kubectl apply --dry-run=client -f FILE`"
    )]
    Yaml(String),
    /// A binding whose role cannot be understood.
    #[error(
        "{kind} `{name}` grants a `{role_kind}`: roleRef.kind must be Role (in a RoleBinding only) or ClusterRole"
    )]
    RoleKind {
        /// RoleBinding or ClusterRoleBinding.
        kind: String,
        /// The binding's name.
        name: String,
        /// What it says.
        role_kind: String,
    },
}

/// What the authorizers of a cluster go by.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Roles and bindings.
    pub rbac: Rbac,
    /// Which objects belong to what runs on which node.
    pub(super) graph: Graph,
    /// Whether a controller manager fills aggregated roles in.
    controller_manager: bool,
}

impl Policy {
    /// A new cluster's.
    pub fn bootstrap(bootstrap: Bootstrap) -> Self {
        let mut policy = Self {
            rbac: bootstrap::rbac(bootstrap),
            graph: Graph::default(),
            controller_manager: bootstrap == Bootstrap::Kubeadm,
        };
        policy.settle();
        policy
    }

    /// Takes objects in: RBAC objects (in place of those of the same name), and
    /// what relates to nodes (pods, volumes, attachments, resource slices).
    /// Objects of other kinds are none of the authorizers' business. The items
    /// of a `List` count one by one.
    ///
    /// # Errors
    /// When a binding's `roleRef.kind` is none that RBAC knows.
    pub fn load(&mut self, objects: &[Json]) -> Result<(), PolicyError> {
        for object in objects {
            let kind = object.text("kind");
            // Items of a typed list come without their apiVersion.
            let rbac = matches!(group(object.text("apiVersion")), "rbac.authorization.k8s.io" | "");
            match kind {
                "Role" | "ClusterRole" if rbac => self.rbac.set_role(role(object)),
                "RoleBinding" | "ClusterRoleBinding" if rbac => {
                    self.rbac.set_binding(binding(object)?);
                }
                "List" => self.load(object.list("items"))?,
                _ => self.graph.add(object),
            }
        }
        self.settle();
        Ok(())
    }

    /// Takes one object in, as it was created or changed.
    ///
    /// # Errors
    /// When a binding's `roleRef.kind` is none that RBAC knows.
    pub fn put(&mut self, object: &Json) -> Result<(), PolicyError> {
        self.load(std::slice::from_ref(object))
    }

    /// Whether objects of a group and kind are the authorizers' business.
    #[must_use]
    pub fn takes(group: &str, kind: &str) -> bool {
        group == "rbac.authorization.k8s.io" || Edges::takes(group, kind)
    }

    /// Takes one object out again, as it was put in.
    pub fn remove(&mut self, object: &Json) {
        let name = object.text("metadata.name");
        let namespace = namespace(object);
        match object.text("kind") {
            "Role" | "ClusterRole" => self.rbac.remove_role(namespace.as_deref(), name),
            "RoleBinding" | "ClusterRoleBinding" => {
                self.rbac.remove_binding(namespace.as_deref(), name);
            }
            _ => self.graph.remove(object),
        }
    }

    /// Lets the controller manager do its part, where there is one.
    fn settle(&mut self) {
        if self.controller_manager {
            self.rbac.aggregate();
        }
    }
}

/// Reads the objects of a YAML text of one or more documents.
///
/// # Errors
/// When the text is no YAML.
pub fn objects_from_yaml(text: &str) -> Result<Vec<Json>, PolicyError> {
    serde_saphyr::from_multiple(text).map_err(|error| PolicyError::Yaml(error.to_string()))
}

fn namespace(object: &Json) -> Option<String> {
    let namespaced = matches!(object.text("kind"), "Role" | "RoleBinding");
    // kubectl fills in the namespace `default`.
    namespaced.then(|| match object.text("metadata.namespace") {
        "" => "default".to_owned(),
        namespace => namespace.to_owned(),
    })
}

fn labels(object: Option<&Json>) -> Vec<(String, String)> {
    let fields = object.map(Json::fields).unwrap_or_default().iter();
    fields
        .filter_map(|(key, value)| match value {
            Json::String(value) => Some((key.clone(), value.clone())),
            _ => None,
        })
        .collect()
}

fn role(object: &Json) -> Role {
    let rule = |rule: &Json| Rule {
        verbs: rule.texts("verbs"),
        groups: rule.texts("apiGroups"),
        resources: rule.texts("resources"),
        names: rule.texts("resourceNames"),
        urls: rule.texts("nonResourceURLs"),
    };
    Role {
        namespace: namespace(object),
        name: object.text("metadata.name").to_owned(),
        rules: object.list("rules").iter().map(rule).collect(),
        labels: labels(object.at("metadata.labels")),
        aggregates: object
            .list("aggregationRule.clusterRoleSelectors")
            .iter()
            .map(|selector| labels(selector.get("matchLabels")))
            .collect(),
    }
}

fn binding(object: &Json) -> Result<Binding, PolicyError> {
    let namespace = namespace(object);
    let role = object.text("roleRef.name").to_owned();
    let role = match object.text("roleRef.kind") {
        "ClusterRole" => RoleRef::ClusterRole(role),
        "Role" if namespace.is_some() => RoleRef::Role(role),
        other => {
            return Err(PolicyError::RoleKind {
                kind: object.text("kind").to_owned(),
                name: object.text("metadata.name").to_owned(),
                role_kind: other.to_owned(),
            });
        }
    };
    let subject = |subject: &Json| {
        let name = subject.text("name").to_owned();
        match subject.text("kind") {
            "User" => Some(BindingSubject::User(name)),
            "Group" => Some(BindingSubject::Group(name)),
            "ServiceAccount" => {
                Some(BindingSubject::ServiceAccount { namespace: subject.text("namespace").to_owned(), name })
            }
            _ => None,
        }
    };
    Ok(Binding {
        namespace,
        name: object.text("metadata.name").to_owned(),
        role,
        subjects: object.list("subjects").iter().filter_map(subject).collect(),
    })
}
