//! The plan's types. Paths are relative to the workspace, with `/` between.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{ClusterSpec, HostName, KeyAlgorithm};

/// Everything that one cluster is made of.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What was asked for.
    pub spec: Arc<ClusterSpec>,
    /// The authorities; the cluster's own is the first.
    pub authorities: Vec<Authority>,
    /// The leaf certificates.
    pub certificates: Vec<Certificate>,
    /// Bare key pairs.
    pub key_pairs: Vec<KeyPair>,
    /// The kubeconfigs.
    pub kubeconfigs: Vec<Kubeconfig>,
    /// The configuration files.
    pub files: Vec<ConfigFile>,
    /// The servers.
    pub servers: Vec<Server>,
    /// The connections.
    pub connections: Vec<Connection>,
    /// Where each certificate stands: by its id, and the first of each kind by that.
    pub(super) index: HashMap<String, usize>,
}

/// A subject's attributes that mean something to a cluster (RFC 4514 order of Go: O
/// before CN).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// CN: the user, in a client certificate.
    pub common_name: String,
    /// O: the groups, in a client certificate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub organizations: Vec<String>,
    /// OU: nothing to a cluster.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub organizational_units: Vec<String>,
}

impl Subject {
    /// A subject with nothing but a common name.
    #[must_use]
    pub fn named(common_name: impl Into<String>) -> Self {
        Self { common_name: common_name.into(), ..Self::default() }
    }

    /// The attributes in the order in which Go writes them: O, OU, CN.
    pub fn attributes(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let organizations = self.organizations.iter().map(|value| ("O", value.as_str()));
        let units = self.organizational_units.iter().map(|value| ("OU", value.as_str()));
        let name = Some(self.common_name.as_str()).filter(|name| !name.is_empty());
        organizations.chain(units).chain(name.map(|value| ("CN", value)))
    }
}

/// What a leaf may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Usage {
    /// serverAuth (1.3.6.1.5.5.7.3.1).
    Server,
    /// clientAuth (1.3.6.1.5.5.7.3.2).
    Client,
}

/// Where a key, its CSR and its certificate lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairPlace {
    /// The private key.
    pub key: String,
    /// The certificate.
    pub certificate: String,
}

/// One place of an authority on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityPlace {
    /// The certificate.
    pub certificate: String,
    /// The private key, where it belongs on that machine.
    pub key: Option<String>,
}

/// A certificate authority.
#[derive(Debug, Clone)]
pub struct Authority {
    /// `ca`, `etcd-ca`, `front-proxy-ca`.
    pub id: String,
    /// Its subject.
    pub subject: Subject,
    /// DNS SANs: kubeadm writes the common name there.
    pub dns_names: Vec<String>,
    /// The key's algorithm.
    pub key: KeyAlgorithm,
    /// Lifetime in days.
    pub days: u32,
    /// Where its CSR lies.
    pub csr: String,
    /// The original, with its key.
    pub place: PairPlace,
    /// The copies on other machines.
    pub copies: Vec<AuthorityPlace>,
}

/// Where a leaf lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Places {
    /// In files of their own.
    Files(PairPlace),
    /// Inside this kubeconfig.
    Kubeconfig(String),
}

/// A leaf certificate.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// What it is: `apiserver`, `kubelet-client`, …
    pub kind: String,
    /// The node it is for; none if the cluster has one.
    pub node: Option<String>,
    /// The component that holds its key.
    pub holder: String,
    /// The authority that signs it.
    pub authority: String,
    /// Its subject.
    pub subject: Subject,
    /// Its extended key usages, in order.
    pub usages: Vec<Usage>,
    /// Its SANs as they are written: DNS names, then addresses.
    pub names: Vec<HostName>,
    /// The key's algorithm.
    pub key: KeyAlgorithm,
    /// Lifetime in days.
    pub days: u32,
    /// Where its CSR lies.
    pub csr: String,
    /// Where its key and it lie.
    pub places: Places,
}

impl Certificate {
    /// Its one name: `apiserver`, or `kubelet-client@node01`.
    #[must_use]
    pub fn id(&self) -> String {
        at(&self.kind, self.node.as_deref())
    }

    /// The file that holds the certificate: its own, or the kubeconfig.
    #[must_use]
    pub fn file(&self) -> &str {
        match &self.places {
            Places::Files(place) => &place.certificate,
            Places::Kubeconfig(path) => path,
        }
    }
}

/// A bare key pair: the service accounts'.
#[derive(Debug, Clone)]
pub struct KeyPair {
    /// `sa`.
    pub id: String,
    /// The key's algorithm (with Ed25519 certificates it stays P-256: kube-apiserver
    /// signs tokens with RSA or ECDSA only).
    pub key: KeyAlgorithm,
    /// Where private and public key lie; the first is the original.
    pub places: Vec<KeyPairPlace>,
}

/// One place of a key pair.
#[derive(Debug, Clone)]
pub struct KeyPairPlace {
    /// The private key.
    pub private: String,
    /// The public key.
    pub public: String,
}

/// A kubeconfig.
#[derive(Debug, Clone)]
pub struct Kubeconfig {
    /// What it is: `admin`, `kubelet`, …
    pub kind: String,
    /// The node it is for.
    pub node: Option<String>,
    /// The id of the certificate in it.
    pub certificate: String,
    /// The user's name in it: the certificate's common name.
    pub user: String,
    /// `https://HOST:PORT`.
    pub server: String,
    /// Where it lies.
    pub path: String,
}

/// How a configuration file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileFormat {
    /// A static pod's manifest.
    Manifest,
    /// A systemd unit.
    Unit,
    /// A KubeletConfiguration.
    Kubelet,
    /// An `openssl.cnf` with the API server's `[alt_names]`.
    Openssl,
}

/// A configuration file.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    /// What it is.
    pub kind: String,
    /// The node it is for.
    pub node: Option<String>,
    /// Where it lies.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// How a server meets a client's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerStyle {
    /// Any in TLS, judged over HTTP: 401, 403.
    KubeApiserver,
    /// Likewise, authorized by the API server.
    Kubelet,
    /// Required and verified in TLS.
    Etcd,
    /// Likewise, and the dialling member's address must be among its SANs.
    EtcdPeer,
}

/// A server of the cluster.
#[derive(Debug, Clone)]
pub struct Server {
    /// The profile: `kube-apiserver`, `kubelet`, `etcd`, `etcd-peer`.
    pub kind: String,
    /// The component.
    pub component: String,
    /// The node it runs on.
    pub node: String,
    /// That node's address.
    pub address: std::net::IpAddr,
    /// How it meets a client's certificate.
    pub style: ServerStyle,
    /// The port it has in a cluster.
    pub port: u16,
    /// The id of the certificate that it presents.
    pub certificate: String,
    /// The authority that it verifies clients with.
    pub client_authority: String,
    /// The authority that it verifies front proxies with.
    pub request_header_authority: Option<String>,
}

impl Server {
    /// `kube-apiserver@cp1`.
    #[must_use]
    pub fn id(&self) -> String {
        at(&self.component, Some(&self.node))
    }
}

/// One TLS connection of the cluster.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The client's component.
    pub client: String,
    /// The client's node, where it has one.
    pub client_node: Option<String>,
    /// The client node's address, as an etcd peer sees it.
    pub client_address: Option<std::net::IpAddr>,
    /// The server.
    pub server: Server,
    /// The id of the certificate that the client presents, if any.
    pub credential: Option<String>,
    /// The authority that the client verifies the server with; none: it does not.
    pub trusts: Option<String>,
    /// The name or address that the client asks for.
    pub server_name: HostName,
    /// Method and path of the first request.
    pub request: String,
}

/// `KIND@NODE`, or `KIND`.
pub(super) fn at(kind: &str, node: Option<&str>) -> String {
    node.map_or_else(|| kind.to_owned(), |node| format!("{kind}@{node}"))
}

impl Plan {
    pub(super) fn set_certificates(&mut self, certificates: Vec<Certificate>) {
        self.index.clear();
        for (index, certificate) in certificates.iter().enumerate() {
            self.index.insert(certificate.id(), index);
            self.index.entry(certificate.kind.clone()).or_insert(index);
        }
        self.certificates = certificates;
    }

    /// The authority of this id.
    #[must_use]
    pub fn authority(&self, id: &str) -> Option<&Authority> {
        self.authorities.iter().find(|authority| authority.id == id)
    }

    /// The leaf of this id; without `@NODE` the first of its kind, and for any node the
    /// cluster's own where there is only that.
    #[must_use]
    pub fn certificate(&self, id: &str) -> Option<&Certificate> {
        let at = |id: &str| self.index.get(id).and_then(|index| self.certificates.get(*index));
        at(id).or_else(|| {
            let (kind, node) = split(id);
            node.and_then(|_| at(kind)).filter(|certificate| certificate.node.is_none())
        })
    }

    /// The kubeconfig of this id; without `@NODE`, the first of its kind.
    #[must_use]
    pub fn kubeconfig(&self, id: &str) -> Option<&Kubeconfig> {
        let (kind, node) = split(id);
        self.kubeconfigs.iter().find(|k| k.kind == kind && (node.is_none() || k.node.as_deref() == node))
    }

    /// The configuration file of this id; without `@NODE`, the first of its kind.
    #[must_use]
    pub fn file(&self, id: &str) -> Option<&ConfigFile> {
        let (kind, node) = split(id);
        self.files.iter().find(|f| f.kind == kind && (node.is_none() || f.node.as_deref() == node))
    }
}

/// `KIND@NODE` in its two parts.
pub(super) fn split(id: &str) -> (&str, Option<&str>) {
    id.split_once('@').map_or((id, None), |(kind, node)| (kind, Some(node)))
}
