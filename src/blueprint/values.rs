//! What the flags of a node's components name: addresses, members, and the places of files.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::plan::at;
use super::source::Blueprint;
use super::{ClusterSpec, Layout, Node, Places, Plan};

/// Where the lecture's files lie on a machine.
pub(super) const PKI: &str = "/etc/kubernetes/pki";

/// The path that a file of the workspace has on its machine.
pub(super) fn on_node(plan: &Plan, node: &Node, path: &str) -> String {
    match plan.spec.layout {
        Layout::Lecture => format!("{PKI}/{}", path.strip_prefix("extra/").unwrap_or(path)),
        Layout::Kubeadm => format!("/{}", path.strip_prefix(&format!("{}/", node.name)).unwrap_or(path)),
    }
}

impl Plan {
    /// Where in the workspace a file may lie that a component on this node names by its absolute
    /// path; the first that is there.
    #[must_use]
    pub fn in_workspace(&self, node: &str, path: &str) -> Vec<String> {
        match self.spec.layout {
            Layout::Lecture => match path.strip_prefix(PKI).and_then(|rest| rest.strip_prefix('/')) {
                Some(name) => vec![name.to_owned(), format!("extra/{name}")],
                None => Vec::new(),
            },
            Layout::Kubeadm => vec![format!("{node}{path}"), path.trim_start_matches('/').to_owned()],
        }
    }
}

/// The members of etcd's initial cluster.
pub(super) fn members(spec: &ClusterSpec) -> String {
    let url = |node: &Node| format!("{}=https://{}:2380", node.name, url_host(node.address));
    spec.control_planes.iter().map(url).collect::<Vec<_>>().join(",")
}

/// An address as a URL writes it.
pub(super) fn url_host(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// The values that a flag may name, on one node.
pub(super) fn values(blueprint: &Blueprint, plan: &Plan, node: &Node) -> BTreeMap<String, String> {
    let spec = &plan.spec;
    let cidrs: Vec<String> = spec.service_cidrs.iter().map(ToString::to_string).collect();
    let mut values: BTreeMap<String, String> = [
        ("node", node.name.clone()),
        ("address", node.address.to_string()),
        ("address-url", url_host(node.address)),
        ("domain", spec.dns_domain.clone()),
        ("service-cidrs", cidrs.join(",")),
        ("members", members(spec)),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect();
    let on_node = |path: &str| self::on_node(plan, node, path);
    let first = spec.control_planes.first().map_or("", |node| node.name.as_str());
    let own = |path: &str| match path.strip_prefix(first).filter(|_| spec.layout == Layout::Kubeadm) {
        Some(rest) => format!("{}{rest}", node.name),
        None => path.to_owned(),
    };
    for id in ["ca", "etcd-ca", "front-proxy-ca"] {
        let authority = plan.authority(id).or_else(|| plan.authority("ca"));
        if let Some(authority) = authority {
            values.insert(format!("authority:{id}"), on_node(&own(&authority.place.certificate)));
        }
    }
    for kind in blueprint.certificate.iter().map(|entry| entry.id.as_str()) {
        let certificate = plan.certificate(&at(kind, Some(&node.name)));
        if let Some((certificate, Places::Files(place))) = certificate.map(|c| (c, &c.places)) {
            values.insert(format!("certificate:{}", certificate.kind), on_node(&place.certificate));
            values.insert(format!("key:{}", certificate.kind), on_node(&place.key));
        }
    }
    for pair in &plan.key_pairs {
        if let Some(place) = pair.places.first() {
            values.insert(format!("public:{}", pair.id), on_node(&own(&place.public)));
            values.insert(format!("private:{}", pair.id), on_node(&own(&place.private)));
        }
    }
    values
}
