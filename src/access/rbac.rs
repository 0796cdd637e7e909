//! Role-based access control: rules, roles, bindings, and what they allow.
//!
//! plugin/pkg/auth/authorizer/rbac/rbac.go, pkg/registry/rbac/validation/rule.go,
//! pkg/apis/rbac/v1/evaluation_helpers.go.

use std::collections::BTreeMap;
use std::fmt;

use super::attributes::{Attributes, Target};
use super::identity::Identity;
use crate::text::quote;

/// One rule: these verbs on these resources, or on these paths. `*` is any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// What may be done.
    pub verbs: Vec<String>,
    /// The API groups; the core group is the empty string.
    pub groups: Vec<String>,
    /// Resources (`pods`), with subresource (`pods/log`), or any resource's (`*/status`).
    pub resources: Vec<String>,
    /// The only object names that the rule is for; empty for all.
    pub names: Vec<String>,
    /// Paths outside of the API's resources; `*` at the end stands for any rest.
    pub urls: Vec<String>,
}

impl fmt::Display for Rule {
    /// As a rule of a role is written in YAML, without the empty lists.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lists = [
            ("verbs", &self.verbs),
            ("apiGroups", &self.groups),
            ("resources", &self.resources),
            ("resourceNames", &self.names),
            ("nonResourceURLs", &self.urls),
        ];
        let mut separator = "{";
        for (key, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            let list: Vec<String> = list.iter().map(|item| quote(item)).collect();
            write!(formatter, "{separator}{key}: [{}]", list.join(", "))?;
            separator = ", ";
        }
        formatter.write_str("}")
    }
}

impl Rule {
    /// Whether the rule allows a request.
    pub fn allows(&self, attributes: &Attributes) -> bool {
        let any_or = |list: &[String], wanted: &str| list.iter().any(|own| own == "*" || own == wanted);
        if !any_or(&self.verbs, &attributes.verb) {
            return false;
        }
        match &attributes.target {
            Target::Path(path) => self.urls.iter().any(|url| {
                url == "*"
                    || url == path
                    || (url.ends_with('*') && path.starts_with(url.trim_end_matches('*')))
            }),
            Target::Resource(asked) => {
                let combined = asked.combined();
                any_or(&self.groups, &asked.group)
                    && self.resources.iter().any(|own| {
                        own == "*"
                            || *own == combined
                            || (!asked.subresource.is_empty()
                                && own.strip_prefix("*/") == Some(&asked.subresource))
                    })
                    && (self.names.is_empty() || self.names.contains(&asked.name))
            }
        }
    }
}

/// A Role (in its namespace) or a ClusterRole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Role {
    /// The namespace of a Role; `None` for a ClusterRole.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// What it allows. Rules only ever add.
    pub rules: Vec<Rule>,
    /// Labels that let aggregated roles take these rules in.
    pub labels: Vec<(String, String)>,
    /// Whose rules a controller fills in here: of every other ClusterRole that
    /// has all labels of one of these selectors. Empty for a role of its own.
    /// Without a controller manager such roles stay empty.
    pub aggregates: Vec<Vec<(String, String)>>,
}

/// Which role a binding grants.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RoleRef {
    /// A Role in the binding's namespace.
    Role(String),
    /// A ClusterRole.
    ClusterRole(String),
}

impl RoleRef {
    /// Its kind, and the role's name.
    #[must_use]
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Role(name) => ("Role", name),
            Self::ClusterRole(name) => ("ClusterRole", name),
        }
    }
}

impl fmt::Display for RoleRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, name) = self.parts();
        write!(formatter, "{kind} {}", quote(name))
    }
}

/// Whom a binding is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindingSubject {
    /// A user by name.
    User(String),
    /// All in a group.
    Group(String),
    /// A service account.
    ServiceAccount {
        /// Its namespace; empty for the binding's own.
        namespace: String,
        /// Its name.
        name: String,
    },
}

impl BindingSubject {
    /// Whether the subject is this identity, for a binding in `namespace`
    /// (empty for a ClusterRoleBinding).
    fn is(&self, identity: &Identity, namespace: &str) -> bool {
        match self {
            Self::User(name) => identity.user == *name,
            Self::Group(name) => identity.in_group(name),
            Self::ServiceAccount { namespace: own, name } => {
                let namespace = if own.is_empty() { namespace } else { own };
                !namespace.is_empty()
                    && identity
                        .user
                        .strip_prefix("system:serviceaccount:")
                        .and_then(|rest| rest.strip_prefix(namespace)?.strip_prefix(':'))
                        == Some(name)
            }
        }
    }

    fn describe(&self, binding_namespace: &str) -> String {
        match self {
            Self::User(name) => format!("User {}", quote(name)),
            Self::Group(name) => format!("Group {}", quote(name)),
            Self::ServiceAccount { namespace, name } => {
                let namespace = if namespace.is_empty() { binding_namespace } else { namespace };
                format!("ServiceAccount {}", quote(&format!("{name}/{namespace}")))
            }
        }
    }
}

/// A RoleBinding (in its namespace) or a ClusterRoleBinding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The namespace of a RoleBinding; `None` for a ClusterRoleBinding.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// The role that it grants.
    pub role: RoleRef,
    /// Whom it grants it to.
    pub subjects: Vec<BindingSubject>,
}

/// One reason why RBAC allows a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The binding that applies.
    pub binding: Binding,
    /// The first of its subjects that is the identity.
    pub subject: BindingSubject,
    /// The first rule of its role that allows the request.
    pub rule: Rule,
}

impl Grant {
    /// `Group "dev"`, `ServiceAccount "app/dev"`.
    #[must_use]
    pub fn subject_words(&self) -> String {
        self.subject.describe(self.binding.namespace.as_deref().unwrap_or_default())
    }
}

impl fmt::Display for Grant {
    /// `ClusterRoleBinding "b" of ClusterRole "r" to User "u"`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Binding { namespace, name, role, .. } = &self.binding;
        match namespace {
            None => write!(formatter, "ClusterRoleBinding {}", quote(name))?,
            Some(namespace) => {
                write!(formatter, "RoleBinding {}", quote(&format!("{name}/{namespace}")))?;
            }
        }
        write!(formatter, " of {role} to {}", self.subject_words())
    }
}

/// All roles and bindings of a cluster.
#[derive(Debug, Clone, Default)]
pub struct Rbac {
    /// Roles by namespace (`None` for ClusterRoles) and name.
    roles: BTreeMap<(Option<String>, String), Role>,
    /// Bindings in the order in which they are asked.
    bindings: Vec<Binding>,
}

impl Rbac {
    /// Adds a role, in place of one of the same name.
    pub fn set_role(&mut self, role: Role) {
        self.roles.insert((role.namespace.clone(), role.name.clone()), role);
    }

    /// Adds a binding, in place of one of the same name.
    pub fn set_binding(&mut self, binding: Binding) {
        let same = |own: &&mut Binding| own.namespace == binding.namespace && own.name == binding.name;
        match self.bindings.iter_mut().find(same) {
            Some(own) => *own = binding,
            None => self.bindings.push(binding),
        }
    }

    /// Removes a role.
    pub fn remove_role(&mut self, namespace: Option<&str>, name: &str) {
        self.roles.remove(&(namespace.map(str::to_owned), name.to_owned()));
    }

    /// Every rule that a user has in a namespace (empty for the whole cluster), in the order of
    /// the bindings (pkg/registry/rbac/validation/rule.go, `RulesFor`), and the errors of
    /// bindings whose role is missing.
    pub fn rules(&self, identity: &Identity, namespace: &str) -> (Vec<&Rule>, Vec<String>) {
        let mut rules = Vec::new();
        let mut errors = Vec::new();
        for (binding, _) in self.bindings_for(identity, namespace) {
            match self.granted(binding) {
                Ok(role) => rules.extend(&role.rules),
                Err(error) => errors.push(error),
            }
        }
        (rules, errors)
    }

    /// The bindings that are for an identity in a namespace, ClusterRoleBindings first, each
    /// with the first of its subjects that is the identity.
    fn bindings_for<'a>(
        &'a self,
        identity: &'a Identity,
        namespace: &'a str,
    ) -> impl Iterator<Item = (&'a Binding, &'a BindingSubject)> {
        let cluster = self.bindings.iter().filter(|binding| binding.namespace.is_none());
        let local = self
            .bindings
            .iter()
            .filter(move |own| !namespace.is_empty() && own.namespace.as_deref() == Some(namespace));
        cluster.chain(local).filter_map(|binding| {
            let own = binding.namespace.as_deref().unwrap_or_default();
            let subject = binding.subjects.iter().find(|subject| subject.is(identity, own))?;
            Some((binding, subject))
        })
    }

    /// The role that a binding grants.
    fn granted(&self, binding: &Binding) -> Result<&Role, String> {
        let (role, kind, name) = match &binding.role {
            RoleRef::ClusterRole(name) => (self.role(None, name), "clusterrole", name),
            RoleRef::Role(name) => {
                (binding.namespace.as_deref().and_then(|own| self.role(Some(own), name)), "role", name)
            }
        };
        role.ok_or_else(|| format!("{kind}.rbac.authorization.k8s.io {} not found", quote(name)))
    }

    /// Removes a binding; whether there was one. This is how `kubectl delete
    /// clusterrolebinding` takes power away again.
    pub fn remove_binding(&mut self, namespace: Option<&str>, name: &str) -> bool {
        let before = self.bindings.len();
        self.bindings.retain(|own| own.namespace.as_deref() != namespace || own.name != name);
        self.bindings.len() < before
    }

    /// All roles, ClusterRoles first.
    pub fn roles(&self) -> impl Iterator<Item = &Role> {
        self.roles.values()
    }

    /// All bindings, in the order in which they are asked.
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// A role by namespace (`None` for a ClusterRole) and name.
    pub fn role(&self, namespace: Option<&str>, name: &str) -> Option<&Role> {
        self.roles.get(&(namespace.map(str::to_owned), name.to_owned()))
    }

    /// Fills in aggregated ClusterRoles, as the controller manager does
    /// (pkg/controller/clusterroleaggregation): roles by name, each rule once.
    pub fn aggregate(&mut self) {
        // An aggregate may take in another one: go on until nothing changes.
        // Each round settles at least one level, and there are no more levels than roles.
        for _ in 0..self.roles.len() {
            let mut changed = Vec::new();
            for role in self.roles.values().filter(|role| !role.aggregates.is_empty()) {
                let mut rules: Vec<Rule> = Vec::new();
                let others = self.roles.values().filter(|other| {
                    other.namespace.is_none()
                        && other.name != role.name
                        && role
                            .aggregates
                            .iter()
                            .any(|selector| selector.iter().all(|label| other.labels.contains(label)))
                });
                for rule in others.flat_map(|other| &other.rules) {
                    if !rules.contains(rule) {
                        rules.push(rule.clone());
                    }
                }
                if rules != role.rules {
                    changed.push(Role { rules, ..role.clone() });
                }
            }
            if changed.is_empty() {
                break;
            }
            changed.into_iter().for_each(|role| self.set_role(role));
        }
    }

    /// Every grant that allows a request, ClusterRoleBindings first, and the
    /// errors of bindings that apply but whose role is missing.
    pub fn grants(&self, identity: &Identity, attributes: &Attributes) -> (Vec<Grant>, Vec<String>) {
        let mut grants = Vec::new();
        let mut errors: Vec<String> = Vec::new();
        for (binding, subject) in self.bindings_for(identity, attributes.namespace()) {
            let role = match self.granted(binding) {
                Ok(role) => role,
                Err(error) => {
                    if !errors.contains(&error) {
                        errors.push(error);
                    }
                    continue;
                }
            };
            if let Some(rule) = role.rules.iter().find(|rule| rule.allows(attributes)) {
                grants.push(Grant { binding: binding.clone(), subject: subject.clone(), rule: rule.clone() });
            }
        }
        (grants, errors)
    }
}
