//! A small cluster to answer from: what a new cluster of the lab holds.

use std::net::IpAddr;

use aws_lc_rs::digest;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::bootstrap::Bootstrap;
use super::json::Json;
use super::policy::{Policy, PolicyError};
use crate::blueprint::{Node, Plan};

/// The Kubernetes version that the lab's servers say they are.
pub const KUBERNETES_VERSION: &str = "v1.36.2";
/// The version of their etcd.
pub const ETCD_VERSION: &str = "3.5.30";

/// A node of the simulated cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldNode {
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: IpAddr,
    /// Whether it runs the control plane.
    pub control_plane: bool,
}

impl WorldNode {
    /// Its Node object, as its kubelet registers it at this time (RFC 3339 in UTC).
    #[must_use]
    pub fn object(&self, now: &str) -> Json {
        let mut object = node(self, now);
        object.set("metadata", Json::object([("name", self.name.as_str().into()), ("labels", labels(self))]));
        object
    }
}

/// What a simulated server answers from.
#[derive(Debug, Clone)]
pub struct World {
    /// Where the API server says that it is reached, `ADDRESS:PORT`.
    pub server_address: String,
    /// The time of the answers, RFC 3339 in UTC.
    pub now: String,
    /// All objects, each with kind, apiVersion and metadata.
    pub objects: Vec<Json>,
    /// What the authorizers go by.
    pub policy: Policy,
    /// Whether kube-apiserver takes requests without credentials as
    /// `system:anonymous` (`--anonymous-auth`, on by default).
    pub api_server_anonymous: bool,
    /// The same for kubelets (`authentication.anonymous.enabled`, off by default).
    pub kubelet_anonymous: bool,
}

impl World {
    /// The cluster of a plan, new.
    #[must_use]
    pub fn of_plan(plan: &Plan, now: OffsetDateTime) -> Self {
        let spec = &plan.spec;
        let node = |control_plane| {
            move |node: &Node| WorldNode { name: node.name.clone(), address: node.address, control_plane }
        };
        let nodes: Vec<WorldNode> =
            spec.control_planes.iter().map(node(true)).chain(spec.workers.iter().map(node(false))).collect();
        Self::new(&nodes, &spec.endpoint().to_string(), now)
    }

    /// A new cluster as kubeadm sets it up: its namespaces, nodes, services,
    /// the pods of the control plane and of kube-proxy.
    pub fn new(nodes: &[WorldNode], server_address: &str, now: OffsetDateTime) -> Self {
        let now = now.to_offset(time::UtcOffset::UTC).replace_nanosecond(0).unwrap_or(now);
        let mut world = Self {
            server_address: server_address.to_owned(),
            now: now.format(&Rfc3339).unwrap_or_default(),
            objects: Vec::new(),
            policy: Policy::bootstrap(Bootstrap::Kubeadm),
            api_server_anonymous: true,
            kubelet_anonymous: false,
        };
        let mut objects = Vec::new();
        for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
            objects.push(world.namespace(name));
        }
        objects.extend(nodes.iter().map(|node| world.node(node)));
        objects.push(world.service("default", "kubernetes", "https", 443));
        objects.push(world.service("kube-system", "kube-dns", "dns-tcp", 53));
        for node in nodes {
            let components: &[&str] = if node.control_plane {
                &["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"]
            } else {
                &[]
            };
            objects.extend(components.iter().map(|component| world.static_pod(component, node)));
            objects.push(world.proxy_pod(node));
        }
        // None of these is a binding, so that nothing of them can be refused.
        let _ = world.add(objects);
        world
    }

    /// Puts objects into the cluster: they are answered with, and authorizers
    /// go by them.
    ///
    /// # Errors
    /// When a binding among them does not read.
    pub fn add(&mut self, objects: Vec<Json>) -> Result<(), PolicyError> {
        self.policy.load(&objects)?;
        self.objects.extend(objects);
        Ok(())
    }

    /// The name, and in a namespace that: everything else of an object's
    /// metadata follows from them.
    fn metadata(&self, kind: &str, namespace: &str, name: &str) -> Json {
        let mut metadata = Json::object([("name", name.into())]);
        if !namespace.is_empty() {
            metadata = metadata.with("namespace", namespace);
        }
        let hash = digest::digest(&digest::SHA256, format!("{kind}/{namespace}/{name}").as_bytes());
        let hex: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        let uid =
            format!("{}-{}-4{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32));
        metadata.with("uid", uid).with("resourceVersion", "1").with("creationTimestamp", self.now.as_str())
    }

    fn namespace(&self, name: &str) -> Json {
        let labels = Json::object([("kubernetes.io/metadata.name", name.into())]);
        Json::object([
            ("kind", "Namespace".into()),
            ("apiVersion", "v1".into()),
            ("metadata", self.metadata("Namespace", "", name).with("labels", labels)),
            ("spec", Json::object([("finalizers", Json::strings(["kubernetes"]))])),
            ("status", Json::object([("phase", "Active".into())])),
        ])
    }

    fn node(&self, node: &WorldNode) -> Json {
        let mut object = self::node(node, &self.now);
        object.set("metadata", self.metadata("Node", "", &node.name).with("labels", labels(node)));
        object
    }

    fn service(&self, namespace: &str, name: &str, port_name: &str, port: u64) -> Json {
        let port =
            Json::object([("name", port_name.into()), ("protocol", "TCP".into()), ("port", port.into())]);
        Json::object([
            ("kind", "Service".into()),
            ("apiVersion", "v1".into()),
            ("metadata", self.metadata("Service", namespace, name)),
            ("spec", Json::object([("ports", vec![port].into()), ("type", "ClusterIP".into())])),
            ("status", Json::object([("loadBalancer", Json::Object(Vec::new()))])),
        ])
    }

    fn static_pod(&self, component: &str, node: &WorldNode) -> Json {
        let name = format!("{component}-{}", node.name);
        let metadata = self
            .metadata("Pod", "kube-system", &name)
            .with("annotations", Json::object([("kubernetes.io/config.mirror", "".into())]));
        self.pod(metadata, component, node, None)
    }

    fn proxy_pod(&self, node: &WorldNode) -> Json {
        let metadata = self.metadata("Pod", "kube-system", &format!("kube-proxy-{}", node.name));
        self.pod(metadata, "kube-proxy", node, Some("kube-proxy"))
    }

    fn pod(&self, metadata: Json, component: &str, node: &WorldNode, account: Option<&str>) -> Json {
        let container = Json::object([
            ("name", component.into()),
            ("image", format!("registry.k8s.io/{component}").into()),
        ]);
        let mut spec = Json::object([("containers", vec![container].into())]);
        if let Some(account) = account {
            let source = Json::object([("name", account.into())]);
            let volume = Json::object([("name", account.into()), ("configMap", source)]);
            spec = Json::object([("volumes", vec![volume].into())])
                .with("containers", spec.list("containers").to_vec())
                .with("serviceAccountName", account);
        }
        spec = spec.with("nodeName", node.name.as_str()).with("hostNetwork", true);
        let status = Json::object([
            ("phase", "Running".into()),
            ("hostIP", node.address.to_string().into()),
            ("podIP", node.address.to_string().into()),
        ]);
        Json::object([
            ("kind", "Pod".into()),
            ("apiVersion", "v1".into()),
            ("metadata", metadata),
            ("spec", spec),
            ("status", status),
        ])
    }
}

fn labels(node: &WorldNode) -> Json {
    let labels = Json::object([("kubernetes.io/hostname", node.name.as_str().into())]);
    if node.control_plane { labels.with("node-role.kubernetes.io/control-plane", "") } else { labels }
}

/// A Node object without its metadata's content.
fn node(node: &WorldNode, now: &str) -> Json {
    let address =
        |kind: &str, address: String| Json::object([("type", kind.into()), ("address", address.into())]);
    let ready = Json::object([
        ("type", "Ready".into()),
        ("status", "True".into()),
        ("lastHeartbeatTime", now.into()),
        ("lastTransitionTime", now.into()),
        ("reason", "KubeletReady".into()),
        ("message", "kubelet is posting ready status".into()),
    ]);
    let status = Json::object([
        ("conditions", vec![ready].into()),
        (
            "addresses",
            vec![address("InternalIP", node.address.to_string()), address("Hostname", node.name.clone())]
                .into(),
        ),
        ("daemonEndpoints", Json::object([("kubeletEndpoint", Json::object([("Port", 10250.into())]))])),
        (
            "nodeInfo",
            Json::object([
                ("machineID", "".into()),
                ("systemUUID", "".into()),
                ("bootID", "".into()),
                ("kernelVersion", "".into()),
                ("osImage", "".into()),
                ("containerRuntimeVersion", "".into()),
                ("kubeletVersion", KUBERNETES_VERSION.into()),
                ("kubeProxyVersion", "".into()),
                ("operatingSystem", "linux".into()),
                ("architecture", "amd64".into()),
            ]),
        ),
    ]);
    Json::object([
        ("kind", "Node".into()),
        ("apiVersion", "v1".into()),
        ("metadata", Json::Null),
        ("spec", Json::Object(Vec::new())),
        ("status", status),
    ])
}
