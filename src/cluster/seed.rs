//! The objects that a new cluster starts with.

use crate::access::{Binding, BindingSubject, Bootstrap, Json, Policy, Role, Rule, api};
use crate::pki::pem;

use super::failure::Served;
use super::store::{Key, Store};
use super::{JournalError, Settings, stamp, uid};

const RBAC: &str = "rbac.authorization.k8s.io/v1";

/// What a new API server makes by itself, and, unless the cluster is bare, what it starts from.
pub(super) fn fill(store: &mut Store, settings: &Settings) -> Result<(), JournalError> {
    let now = stamp(settings.clock.now());
    for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
        let mut namespace = object("Namespace", "v1", "", name, &now);
        let labels = Json::object([("kubernetes.io/metadata.name", name.into())]);
        namespace.path_mut(&["metadata"]).set("labels", labels);
        namespace.set("spec", Json::object([("finalizers", Json::strings(["kubernetes"]))]));
        namespace.set("status", Json::object([("phase", "Active".into())]));
        store.put(("", "namespaces"), namespace)?;
    }
    let policy = Policy::bootstrap(if settings.bare { Bootstrap::ApiServer } else { Bootstrap::Kubeadm });
    for role in policy.rbac.roles() {
        store.put(key_of(role.namespace.is_some(), "roles", "clusterroles"), role_object(role, &now))?;
    }
    for binding in policy.rbac.bindings() {
        let key = key_of(binding.namespace.is_some(), "rolebindings", "clusterrolebindings");
        store.put(key, binding_object(binding, &now))?;
    }
    for (name, value, description) in [
        ("system-cluster-critical", 2_000_000_000, "for what a cluster cannot do without"),
        ("system-node-critical", 2_000_001_000, "for what a node cannot do without"),
    ] {
        let class = object("PriorityClass", "scheduling.k8s.io/v1", "", name, &now)
            .with("value", Json::integer(value))
            .with("description", description)
            .with("preemptionPolicy", "PreemptLowerPriority");
        store.put(("scheduling.k8s.io", "priorityclasses"), class)?;
    }
    if let Some(address) = settings.service_address {
        store.put(("", "services"), own_service(&address.to_string(), &now))?;
    }
    if settings.bare {
        return Ok(());
    }
    for object in &settings.objects {
        let Some(served) = served(object) else { continue };
        let key = served.key();
        let (namespace, name) = (object.text("metadata.namespace"), object.text("metadata.name"));
        if !store.has(key, namespace, name) {
            store.put(key, running(object, &now))?;
        }
        if key == ("", "nodes") {
            let spec = Json::object([
                ("holderIdentity", name.into()),
                ("leaseDurationSeconds", Json::integer(40)),
                ("renewTime", now.as_str().into()),
            ]);
            let lease = self::object("Lease", "coordination.k8s.io/v1", "kube-node-lease", name, &now);
            store.put(("coordination.k8s.io", "leases"), lease.with("spec", spec))?;
        }
    }
    Ok(())
}

/// A pod that is said to run has containers that do; anything else as it is.
fn running(object: &Json, now: &str) -> Json {
    let mut object = object.clone();
    if object.text("kind") == "Pod" && object.text("status.phase") == "Running" {
        let state = Json::object([("running", Json::object([("startedAt", now.into())]))]);
        let status = |container: &Json| {
            Json::object([
                ("name", container.text("name").into()),
                ("state", state.clone()),
                ("ready", true.into()),
                ("restartCount", Json::integer(0)),
                ("image", container.text("image").into()),
                ("imageID", "".into()),
                ("started", true.into()),
            ])
        };
        let statuses: Vec<Json> = object.list("spec.containers").iter().map(status).collect();
        object.path_mut(&["status"]).set("containerStatuses", statuses);
    }
    object
}

/// The resource that an object is of.
fn served(object: &Json) -> Option<Served> {
    let group = api::groups().iter().find(|group| group.group_version() == object.text("apiVersion"))?;
    let is_kind =
        |own: &&crate::access::api::ApiResource| !own.name.contains('/') && own.kind == object.text("kind");
    Some(Served { group, resource: group.resources.iter().find(is_kind)? })
}

fn key_of(is_namespaced: bool, namespaced: &'static str, cluster: &'static str) -> Key {
    ("rbac.authorization.k8s.io", if is_namespaced { namespaced } else { cluster })
}

/// A new object with nothing but its metadata.
pub(super) fn object(kind: &str, version: &str, namespace: &str, name: &str, now: &str) -> Json {
    let mut metadata = Json::object([("name", name.into())]);
    if !namespace.is_empty() {
        metadata.set("namespace", namespace);
    }
    metadata.set("uid", uid());
    metadata.set("creationTimestamp", now);
    Json::object([("kind", kind.into()), ("apiVersion", version.into()), ("metadata", metadata)])
}

/// The certificate of the CA that the cluster signs with, in PEM.
pub(super) fn authority(settings: &Settings) -> Option<String> {
    let roots = settings.anchors.clients.as_ref()?;
    let certificates = roots.certificates().iter().map(|root| pem("CERTIFICATE", root.der()));
    Some(certificates.collect::<String>()).filter(|text| !text.is_empty())
}

fn own_service(address: &str, now: &str) -> Json {
    let port = Json::object([
        ("name", "https".into()),
        ("protocol", "TCP".into()),
        ("port", Json::integer(443)),
        ("targetPort", Json::integer(6443)),
    ]);
    let spec = Json::object([
        ("ports", vec![port].into()),
        ("clusterIP", address.into()),
        ("clusterIPs", Json::strings([address])),
        ("type", "ClusterIP".into()),
        ("sessionAffinity", "None".into()),
        ("ipFamilies", Json::strings(["IPv4"])),
        ("ipFamilyPolicy", "SingleStack".into()),
        ("internalTrafficPolicy", "Cluster".into()),
    ]);
    let mut service = object("Service", "v1", "default", "kubernetes", now);
    let labels = Json::object([("component", "apiserver".into()), ("provider", "kubernetes".into())]);
    service.path_mut(&["metadata"]).set("labels", labels);
    service.set("spec", spec);
    service.with("status", Json::object([("loadBalancer", Json::Object(Vec::new()))]))
}

/// Marks an object as one that the API server made at its start.
fn mark(object: &mut Json) {
    let metadata = object.path_mut(&["metadata"]);
    metadata.entry("labels").set("kubernetes.io/bootstrapping", "rbac-defaults");
    metadata.entry("annotations").set("rbac.authorization.kubernetes.io/autoupdate", "true");
}

/// The rules of a role, as its object has them.
pub(super) fn rules(rules: &[Rule]) -> Json {
    let rule = |rule: &Rule| {
        let mut object = Json::Object(Vec::new());
        for (key, list) in [
            ("verbs", &rule.verbs),
            ("apiGroups", &rule.groups),
            ("resources", &rule.resources),
            ("resourceNames", &rule.names),
            ("nonResourceURLs", &rule.urls),
        ] {
            if !list.is_empty() {
                object.set(key, Json::strings(list));
            }
        }
        object
    };
    if rules.is_empty() { Json::Null } else { Json::Array(rules.iter().map(rule).collect()) }
}

fn role_object(role: &Role, now: &str) -> Json {
    let kind = if role.namespace.is_some() { "Role" } else { "ClusterRole" };
    let mut own = object(kind, RBAC, role.namespace.as_deref().unwrap_or_default(), &role.name, now);
    mark(&mut own);
    for (key, value) in &role.labels {
        own.path_mut(&["metadata", "labels"]).set(key, value.as_str());
    }
    own.set("rules", rules(&role.rules));
    if !role.aggregates.is_empty() {
        let selector = |labels: &Vec<(String, String)>| {
            let labels = labels.iter().map(|(key, value)| (key.clone(), value.as_str().into())).collect();
            Json::object([("matchLabels", Json::Object(labels))])
        };
        let selectors: Vec<Json> = role.aggregates.iter().map(selector).collect();
        own.set("aggregationRule", Json::object([("clusterRoleSelectors", selectors.into())]));
    }
    own
}

fn binding_object(binding: &Binding, now: &str) -> Json {
    let kind = if binding.namespace.is_some() { "RoleBinding" } else { "ClusterRoleBinding" };
    let namespace = binding.namespace.as_deref().unwrap_or_default();
    let mut own = object(kind, RBAC, namespace, &binding.name, now);
    mark(&mut own);
    let group = "rbac.authorization.k8s.io";
    let subject = |subject: &BindingSubject| match subject {
        BindingSubject::User(name) => Json::object([
            ("kind", "User".into()),
            ("apiGroup", group.into()),
            ("name", name.as_str().into()),
        ]),
        BindingSubject::Group(name) => Json::object([
            ("kind", "Group".into()),
            ("apiGroup", group.into()),
            ("name", name.as_str().into()),
        ]),
        BindingSubject::ServiceAccount { namespace, name } => Json::object([
            ("kind", "ServiceAccount".into()),
            ("name", name.as_str().into()),
            ("namespace", namespace.as_str().into()),
        ]),
    };
    if !binding.subjects.is_empty() {
        own.set("subjects", binding.subjects.iter().map(subject).collect::<Vec<_>>());
    }
    let (kind, name) = binding.role.parts();
    own.with(
        "roleRef",
        Json::object([("apiGroup", group.into()), ("kind", kind.into()), ("name", name.into())]),
    )
}
