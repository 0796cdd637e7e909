//! Components by their names: `admin`, `kubelet@node01`; any client towards any server.

use super::plan::{at, split};
use super::{Connection, HostName, Plan, Server, ServerStyle, Usage};
use crate::text::nearest;

/// A component that a cluster does not have. Each message says what there is.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ComponentError {
    /// No such component.
    #[error("there is no {role} `{given}`{hint}; the {role}s are {choices}")]
    Component {
        /// What was written.
        given: String,
        /// `client`, `server` or `certificate`.
        role: &'static str,
        /// What there is.
        choices: String,
        /// `: did you mean …?`
        hint: String,
    },
    /// The component has no such node.
    #[error("`{component}` has no node `{given}`{hint}; its nodes are {choices}")]
    Node {
        /// The component.
        component: String,
        /// What was written.
        given: String,
        /// What there is.
        choices: String,
        /// `: did you mean …?`
        hint: String,
    },
}

/// A client that shows no certificate.
const ANONYMOUS: &str = "anonymous";

/// The certificates of a plan by id, with the nearest right one for an unknown id.
///
/// # Errors
/// There is no such certificate or authority.
pub fn resolve_certificate(plan: &Plan, id: &str) -> Result<String, ComponentError> {
    if let Some(authority) = plan.authority(id) {
        return Ok(authority.id.clone());
    }
    if let Some(certificate) = plan.certificate(id) {
        return Ok(certificate.id());
    }
    let mut kinds: Vec<&str> = plan.authorities.iter().map(|a| a.id.as_str()).collect();
    for certificate in &plan.certificates {
        if !kinds.contains(&certificate.kind.as_str()) {
            kinds.push(&certificate.kind);
        }
    }
    let (kind, node) = split(id);
    if let (true, Some(node)) = (kinds.contains(&kind), node) {
        let nodes = plan.certificates.iter().filter(|c| c.kind == kind).filter_map(|c| c.node.as_deref());
        return Err(no_node(kind, node, nodes.collect()));
    }
    Err(unknown(kind, "certificate", &kinds))
}

/// The component and node of a client's name.
///
/// # Errors
/// There is no such client.
pub fn resolve_client(plan: &Plan, name: &str) -> Result<(String, Option<String>), ComponentError> {
    let (component, node) = split(name);
    if component == ANONYMOUS {
        return Ok((component.to_owned(), None));
    }
    let mut clients: Vec<&str> = Vec::new();
    let certificates = plan.certificates.iter().filter(|c| c.usages.contains(&Usage::Client));
    for holder in certificates.map(|c| c.holder.as_str()) {
        if !clients.contains(&holder) {
            clients.push(holder);
        }
    }
    if !clients.contains(&component) {
        clients.push(ANONYMOUS);
        return Err(unknown(component, "client", &clients));
    }
    if let Some(node) = node {
        let connections = plan.connections.iter().filter(|c| c.client == component);
        let nodes: Vec<&str> = connections.filter_map(|c| c.client_node.as_deref()).collect();
        if !nodes.contains(&node) {
            return Err(no_node(component, node, nodes));
        }
    }
    Ok((component.to_owned(), node.map(str::to_owned)))
}

/// The server of this name; without `@NODE`, the first.
///
/// # Errors
/// There is no such server.
pub fn resolve_server<'a>(plan: &'a Plan, name: &str) -> Result<&'a Server, ComponentError> {
    let (component, node) = split(name);
    let of_component: Vec<&Server> = plan.servers.iter().filter(|s| s.component == component).collect();
    if of_component.is_empty() {
        let mut servers: Vec<&str> = plan.servers.iter().map(|s| s.component.as_str()).collect();
        servers.dedup();
        return Err(unknown(component, "server", &servers));
    }
    let found = of_component.iter().find(|server| node.is_none_or(|node| server.node == node));
    found.copied().ok_or_else(|| {
        no_node(component, node.unwrap_or_default(), of_component.iter().map(|s| s.node.as_str()).collect())
    })
}

impl Plan {
    /// The connection from a client to a server: the blueprint's own, or, where a cluster
    /// has none, the one that would come about if that client dialled that server with the
    /// certificate and the CA it has.
    ///
    /// # Errors
    /// There is no such client or server.
    pub fn connect(&self, client: &str, server: &str) -> Result<Connection, ComponentError> {
        let (component, node) = resolve_client(self, client)?;
        let to = resolve_server(self, server)?;
        let (_, to_node) = split(server);
        let known = self.connections.iter().find(|c| {
            c.client == component
                && c.server.component == to.component
                && node.as_ref().is_none_or(|node| c.client_node.as_ref() == Some(node))
                && to_node.is_none_or(|node| c.server.node == node)
        });
        if let Some(known) = known {
            return Ok(known.clone());
        }
        let usual = self.connections.iter().find(|c| {
            c.client == component && node.as_ref().is_none_or(|node| c.client_node.as_ref() == Some(node))
        });
        let own = self.certificates.iter().find(|c| {
            c.holder == component
                && c.usages.contains(&Usage::Client)
                && (node.is_none() || c.node.is_none() || c.node == node)
        });
        Ok(Connection {
            client: component,
            client_node: node.or_else(|| usual.and_then(|c| c.client_node.clone())),
            client_address: usual.and_then(|c| c.client_address),
            credential: usual.and_then(|c| c.credential.clone()).or_else(|| own.map(super::Certificate::id)),
            trusts: Some(usual.and_then(|c| c.trusts.clone()).unwrap_or_else(|| "ca".into())),
            server_name: HostName::Ip(to.address),
            request: usual_request(to).to_owned(),
            server: to.clone(),
        })
    }
}

fn usual_request(server: &Server) -> &'static str {
    match server.style {
        ServerStyle::KubeApiserver => "GET /api/v1/nodes",
        ServerStyle::Kubelet => "GET /pods",
        ServerStyle::Etcd | ServerStyle::EtcdPeer => "GET /version",
    }
}

fn hint(given: &str, choices: &[&str]) -> String {
    nearest(given, choices.iter().copied())
        .map_or_else(String::new, |near| format!(": did you mean `{near}`?"))
}

fn unknown(given: &str, role: &'static str, choices: &[&str]) -> ComponentError {
    ComponentError::Component {
        given: given.to_owned(),
        role,
        choices: choices.join(", "),
        hint: hint(given, choices),
    }
}

fn no_node(component: &str, given: &str, mut nodes: Vec<&str>) -> ComponentError {
    nodes.dedup();
    let shown: Vec<&str> = nodes.iter().copied().take(8).collect();
    let more = if nodes.len() > shown.len() { ", …" } else { "" };
    ComponentError::Node {
        component: component.to_owned(),
        given: given.to_owned(),
        choices: format!("{}{more}", shown.join(", ")),
        hint: hint(given, &nodes),
    }
}

impl Connection {
    /// The client as it is named on the command line.
    #[must_use]
    pub fn client_name(&self) -> String {
        at(&self.client, self.client_node.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ClusterSpec, plan};

    #[test]
    fn names_find_their_connection() {
        let plan = plan(ClusterSpec::default()).unwrap();
        let c = plan.connect("kubelet@node02", "kube-apiserver").unwrap();
        assert_eq!(c.credential.as_deref(), Some("kubelet-client@node02"));
        assert_eq!(c.request, "GET /api/v1/nodes/node02");
        assert_eq!(plan.connect("etcd", "etcd").unwrap().server.kind, "etcd");
        let odd = plan.connect("kube-scheduler", "etcd").unwrap();
        assert_eq!(odd.credential.as_deref(), Some("scheduler"));
        assert!(plan.connect("anonymous", "kube-apiserver").unwrap().credential.is_none());
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest() {
        let plan = plan(ClusterSpec::default()).unwrap();
        let error = |a, b| plan.connect(a, b).unwrap_err().to_string();
        assert!(error("amdin", "etcd").contains("did you mean `admin`?"));
        assert!(error("admin", "kube-apisever").contains("did you mean `kube-apiserver`?"));
        assert!(error("kubelet@node1", "kube-apiserver").contains("did you mean `node01`?"));
        assert!(error("admin", "kubelet@node9").contains("node01"));
    }
}
