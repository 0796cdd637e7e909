//! The roles and bindings that a cluster starts with (`assets/rbac.toml`).

use std::sync::LazyLock;

use serde::Deserialize;

use super::rbac::{Binding, BindingSubject, Rbac, Role, RoleRef, Rule};

const SOURCE: &str = include_str!("../../assets/rbac.toml");

/// Who has set the cluster up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bootstrap {
    /// kube-apiserver alone: what it writes at its first start. Nothing fills
    /// aggregated roles (`view`) in.
    ApiServer,
    /// kubeadm: that, what `kubeadm init` adds, and a controller manager.
    #[default]
    Kubeadm,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    role: Vec<RoleEntry>,
    binding: Vec<BindingEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RoleEntry {
    #[serde(default)]
    kubeadm: bool,
    namespace: Option<String>,
    name: String,
    aggregated_into: Option<String>,
    #[serde(default)]
    aggregates: bool,
    #[serde(default)]
    rules: Vec<RuleEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleEntry {
    verbs: String,
    #[serde(default)]
    groups: String,
    #[serde(default)]
    resources: String,
    #[serde(default)]
    names: String,
    #[serde(default)]
    urls: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BindingEntry {
    #[serde(default)]
    kubeadm: bool,
    namespace: Option<String>,
    name: String,
    role: Option<String>,
    subjects: Vec<String>,
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

impl RuleEntry {
    fn rule(&self) -> Rule {
        let core = |group: String| {
            if group == "core" { String::new() } else { group }
        };
        Rule {
            verbs: words(&self.verbs),
            groups: words(&self.groups).into_iter().map(core).collect(),
            resources: words(&self.resources),
            names: words(&self.names),
            urls: words(&self.urls),
        }
    }
}

impl RoleEntry {
    fn role(&self) -> Role {
        let label =
            |name: &String| (format!("rbac.authorization.k8s.io/aggregate-to-{name}"), "true".to_owned());
        Role {
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            rules: self.rules.iter().map(RuleEntry::rule).collect(),
            labels: self.aggregated_into.iter().map(label).collect(),
            aggregates: if self.aggregates { vec![vec![label(&self.name)]] } else { Vec::new() },
        }
    }
}

fn subject(text: &str) -> Option<BindingSubject> {
    let (kind, name) = text.split_once(' ')?;
    match kind {
        "User" => Some(BindingSubject::User(name.to_owned())),
        "Group" => Some(BindingSubject::Group(name.to_owned())),
        "ServiceAccount" => {
            let (namespace, name) = name.split_once('/')?;
            Some(BindingSubject::ServiceAccount { namespace: namespace.to_owned(), name: name.to_owned() })
        }
        _ => None,
    }
}

impl BindingEntry {
    fn binding(&self) -> Binding {
        let role = self.role.as_ref().unwrap_or(&self.name).clone();
        Binding {
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            role: match self.namespace {
                Some(_) => RoleRef::Role(role),
                None => RoleRef::ClusterRole(role),
            },
            subjects: self.subjects.iter().filter_map(|text| subject(text)).collect(),
        }
    }
}

/// The file is part of the program, and a test reads it: it always parses.
static FILE: LazyLock<File> = LazyLock::new(|| toml::from_str(SOURCE).unwrap_or_default());

/// The roles and bindings of a new cluster.
pub(super) fn rbac(bootstrap: Bootstrap) -> Rbac {
    let wanted = |kubeadm: bool| !kubeadm || bootstrap == Bootstrap::Kubeadm;
    let mut rbac = Rbac::default();
    for entry in FILE.role.iter().filter(|entry| wanted(entry.kubeadm)) {
        rbac.set_role(entry.role());
    }
    for entry in FILE.binding.iter().filter(|entry| wanted(entry.kubeadm)) {
        rbac.set_binding(entry.binding());
    }
    rbac
}

/// The rules that the Node authorizer holds for every node, whatever the
/// cluster's objects say: those of the ClusterRole `system:node`
/// (bootstrappolicy/policy.go, `NodeRules`).
pub(super) static NODE_RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let node = FILE.role.iter().find(|entry| entry.name == "system:node");
    node.map(|entry| entry.role().rules).unwrap_or_default()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_reads_and_every_subject_counts() {
        let file: File = toml::from_str(SOURCE).unwrap();
        for entry in &file.binding {
            assert_eq!(entry.binding().subjects.len(), entry.subjects.len(), "{}", entry.name);
        }
        assert!(NODE_RULES.len() > 20);
    }

    #[test]
    fn every_binding_has_its_role() {
        for bootstrap in [Bootstrap::ApiServer, Bootstrap::Kubeadm] {
            let rbac = rbac(bootstrap);
            for binding in rbac.bindings() {
                let role = match &binding.role {
                    RoleRef::ClusterRole(name) => rbac.role(None, name),
                    RoleRef::Role(name) => rbac.role(binding.namespace.as_deref(), name),
                };
                assert!(role.is_some(), "{}", binding.name);
            }
        }
    }
}
