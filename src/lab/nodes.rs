//! The kubelets of a serving cluster: those of the workspace's nodes, and those that join.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::engine::Lab;
use super::{LabError, Ready};
use crate::blueprint::{HostName, Node, Server, ServerStyle, joining, next_address};
use crate::cluster::{
    Api, Cluster, CompanionListener, Joined, Kubelet, KubeletPort, KubeletSettings, bootstrap_kubeconfig,
};
use crate::handshake::{self, Credential};
use crate::trust::Roots;
use crate::workspace::{Secrecy, authority_chain, credential, pem_certificates};

/// The most kubelets that are played: each takes a port.
const MOST: usize = 64;

/// The id of the certificate that the API server shows to kubelets, and the authorities that it
/// has theirs from; without any, it does not verify them.
pub(super) type KubeletClient = (String, Option<Arc<Roots>>);

/// Kubelets that listen.
pub struct Nodes {
    ports: Vec<KubeletPort>,
    joined: Vec<Joined>,
}

impl std::fmt::Debug for Nodes {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.addresses()).finish()
    }
}

impl Nodes {
    /// What each is called, and where it listens.
    pub fn addresses(&self) -> impl Iterator<Item = (String, SocketAddr)> {
        self.ports.iter().map(|port| (port.kubelet().name(), port.address()))
    }

    /// The kubelets.
    #[must_use]
    pub fn kubelets(&self) -> Vec<Arc<Kubelet>> {
        self.ports.iter().map(|port| Arc::clone(port.kubelet())).collect()
    }

    /// Lets them serve and live until the tasks are aborted, and tell what their logs say.
    #[must_use]
    pub(super) fn run(self, told: &CompanionListener) -> Vec<tokio::task::JoinHandle<()>> {
        for port in &self.ports {
            port.kubelet().tell(told);
        }
        let ports = self.ports.into_iter().map(|port| tokio::spawn(port.run()));
        let joined: Vec<_> = self.joined.into_iter().map(|joined| tokio::spawn(joined.run())).collect();
        ports.chain(joined).collect()
    }
}

/// A node that is to join: its name, and its address if that is not the next free one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joining {
    /// The name.
    pub name: String,
    /// The address.
    pub address: Option<IpAddr>,
}

impl std::str::FromStr for Joining {
    type Err = crate::blueprint::SpecError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let has_address = text.contains('=');
        // A name alone: any address does until the next free one is known.
        let node: Node = if has_address { text.parse() } else { format!("{text}=192.0.2.1").parse() }?;
        Ok(Self { name: node.name, address: has_address.then_some(node.address) })
    }
}

impl Lab {
    /// Lets the kubelets of the cluster's nodes listen beside the API server at this address, and
    /// those that join.
    ///
    /// # Errors
    /// A certificate cannot be read, a name is taken, or an address cannot be listened on.
    pub(super) async fn nodes(
        &self,
        ready: &Ready,
        address: SocketAddr,
        any_port: bool,
    ) -> Result<Nodes, LabError> {
        let Ready { cluster, joining, .. } = ready;
        let mut nodes = Nodes { ports: Vec::new(), joined: Vec::new() };
        let planned = self.plan.servers.iter().filter(|server| server.style == ServerStyle::Kubelet);
        for server in planned.take(MOST) {
            let kubelet = self.kubelet(cluster, &server.node, server.address, address)?;
            kubelet.trust(Some(self.roots_on(server)?));
            kubelet.present(Some(&self.credential(&server.certificate)?))?;
            let own = format!("kubelet-client@{}", server.node);
            kubelet.identify(self.credential(&own).ok());
            nodes.ports.push(KubeletPort::bind(address.ip(), any_port, kubelet).await?);
        }
        for (place, one) in (1..).zip(joining) {
            if self.plan.servers.iter().any(|server| server.node == one.name) {
                return Err(LabError::Request(format!(
                    "`{}` is a node of this cluster already: let one of another name join",
                    one.name
                )));
            }
            if nodes.ports.len() >= MOST {
                return Err(LabError::Request(format!(
                    "this lab plays at most {MOST} kubelets: let fewer join"
                )));
            }
            let own = one.address.unwrap_or_else(|| next_address(&self.plan.spec, place));
            let kubelet = self.kubelet(cluster, &one.name, own, address)?;
            kubelet.trust(Some(self.api_roots()?));
            let port = KubeletPort::bind(address.ip(), any_port, Arc::clone(&kubelet)).await?;
            nodes.joined.push(self.join(cluster, kubelet, address)?);
            nodes.ports.push(port);
        }
        for port in &nodes.ports {
            cluster.kubelet_listens(port.kubelet().node(), port.address());
        }
        if let Some((id, roots)) = self.kubelet_client()? {
            cluster.meet_kubelets(self.credential(&id).ok(), roots);
        }
        Ok(nodes)
    }

    fn kubelet(
        &self,
        cluster: &Cluster,
        node: &str,
        own: IpAddr,
        address: SocketAddr,
    ) -> Result<Arc<Kubelet>, LabError> {
        let feed = cluster.feed().clone();
        let (node, api) = (node.to_owned(), self.api(address)?);
        Ok(Kubelet::new(KubeletSettings { node, address: own, api, clock: self.clock, feed }))
    }

    /// The API server as a kubelet reaches it.
    fn api(&self, address: SocketAddr) -> Result<Api, LabError> {
        let name = self.verified_name(self.api_server()?, address)?;
        let name = name.and_then(|name| name.parse().ok()).unwrap_or(HostName::Ip(address.ip()));
        Ok(Api { address, name, roots: self.api_roots()? })
    }

    fn api_roots(&self) -> Result<Arc<Roots>, LabError> {
        let chain = authority_chain(self.store(), &self.plan, &self.api_server()?.client_authority)?;
        Ok(Arc::new(Roots::from_der(chain)))
    }

    /// The authority that a server verifies clients with, as it lies on its own node.
    fn roots_on(&self, server: &Server) -> Result<Arc<Roots>, LabError> {
        let file = self.authority_file(&server.client_authority, &server.node).into_iter().next();
        let bytes = file.map(|file| self.store().read(&file)).transpose()?.flatten().unwrap_or_default();
        Ok(Arc::new(Roots::from_der(pem_certificates(&bytes))))
    }

    fn credential(&self, id: &str) -> Result<Credential, LabError> {
        let own = credential(self.store(), &self.plan, id)?;
        Ok(handshake::Credential { chain: own.chain, key: own.key.der().to_vec() })
    }

    /// The certificate that the API server shows to kubelets, and the authority that it has
    /// theirs from, if it verifies them.
    pub(super) fn kubelet_client(&self) -> Result<Option<KubeletClient>, LabError> {
        let meets = |one: &&crate::blueprint::Connection| {
            one.server.style == ServerStyle::Kubelet && one.client == "kube-apiserver"
        };
        let Some(connection) = self.plan.connections.iter().find(meets) else { return Ok(None) };
        let Some(id) = connection.credential.clone() else { return Ok(None) };
        let roots = connection.trusts.as_deref().map(|id| authority_chain(self.store(), &self.plan, id));
        let roots = roots.transpose()?.map(|chain| Arc::new(Roots::from_der(chain)));
        Ok(Some((id, roots)))
    }

    /// Lets a kubelet join. Its first time, it gets a bootstrap token, as `kubeadm token create`
    /// and `kubeadm join` do it.
    fn join(
        &self,
        cluster: &Arc<Cluster>,
        kubelet: Arc<Kubelet>,
        address: SocketAddr,
    ) -> Result<Joined, LabError> {
        let serving = self.serving()?;
        let places = joining(self.plan.spec.layout, kubelet.node())?;
        let joined = Joined::new(kubelet, Arc::new(serving.clone()), places.clone());
        if !joined.has_joined()? {
            let token = cluster.create_bootstrap_token()?;
            let text = bootstrap_kubeconfig(&self.api(address)?, &token);
            serving.write(&places.bootstrap, text.as_bytes(), Secrecy::Private)?;
        }
        Ok(joined)
    }
}
