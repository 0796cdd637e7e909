//! A real etcd on the workspace's certificates: what its members are to be run with.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::LabError;
use super::engine::Lab;
use super::serving::shell_word;
use crate::blueprint::{HostName, Layout, Places, ServerStyle};
use crate::handshake::{Caller, Credential};
use crate::trust::Roots;
use crate::workspace::{WorkspaceError, authority_chain, credential};

/// A cluster of fewer cannot lose a member and go on.
const FEWEST: usize = 3;
/// Where the members' logs lie, beside the audit log.
const LOGS: &str = "serve";

/// A member of a real etcd.
#[derive(Debug, Clone)]
pub struct RealMember {
    /// Its name; that of its control plane, numbered where there are fewer of those than members.
    pub name: String,
    /// Where clients reach it.
    pub client: SocketAddr,
    /// What etcd is to be run with.
    pub arguments: Vec<String>,
    /// Where it keeps what it holds.
    pub data: PathBuf,
    /// Where it logs to.
    pub log: PathBuf,
}

impl Lab {
    /// How many members a real etcd has here: one a control plane, and three at least.
    #[must_use]
    pub fn real_members(&self) -> usize {
        self.plan.spec.control_planes.len().max(FEWEST)
    }

    /// The members of a real etcd at these addresses for clients and for each other. Each is run
    /// with the flags of its control plane's manifest, as it is on disk, but for what this machine
    /// has otherwise: addresses, names and directories.
    ///
    /// # Errors
    /// A manifest cannot be read.
    pub fn real_etcd(&self, addresses: &[(SocketAddr, SocketAddr)]) -> Result<Vec<RealMember>, LabError> {
        let nodes = &self.plan.spec.control_planes;
        let numbered = addresses.iter().enumerate().zip(nodes.iter().cycle());
        let named: Vec<_> = numbered
            .map(|((place, own), node)| {
                let round = place / nodes.len().max(1) + 1;
                let name = if round == 1 { node.name.clone() } else { format!("{}-{round}", node.name) };
                (name, node.name.as_str(), *own)
            })
            .collect();
        let cluster: Vec<String> =
            named.iter().map(|(name, _, (_, peer))| format!("{name}=https://{peer}")).collect();
        let cluster = cluster.join(",");
        let member = |(name, node, (client, peer)): (String, &str, (SocketAddr, SocketAddr))| {
            let data = self.absolute(&self.store().own(&format!("etcd/{name}")));
            let (client_url, peer_url) = (format!("https://{client}"), format!("https://{peer}"));
            let own = [
                ("--name", name.as_str()),
                ("--data-dir", &data.display().to_string()),
                ("--listen-client-urls", &client_url),
                ("--advertise-client-urls", &client_url),
                ("--listen-peer-urls", &peer_url),
                ("--initial-advertise-peer-urls", &peer_url),
                ("--initial-cluster", &cluster),
                ("--logger", "zap"),
                ("--log-outputs", "stderr"),
            ];
            let of_manifest = self.etcd_flags(node)?;
            // The metrics are on the port for clients, too, and this one is not free thrice.
            let kept = of_manifest.into_iter().filter(|(flag, _)| {
                flag != "--listen-metrics-urls" && own.iter().all(|(name, _)| name != flag)
            });
            let kept: Vec<String> = kept
                .map(|(flag, value)| {
                    let value = if flag.ends_with("-file") { self.in_workspace(node, &value) } else { value };
                    format!("{flag}={value}")
                })
                .collect();
            let arguments = own.iter().map(|(flag, value)| format!("{flag}={value}")).chain(kept);
            let log = self.absolute(&format!("{LOGS}/etcd-{name}.log"));
            Ok(RealMember { arguments: arguments.collect(), name, client, data, log })
        };
        named.into_iter().map(member).collect()
    }

    /// What the API server shows etcd, and whom it believes to be etcd, for a member on loopback.
    ///
    /// # Errors
    /// A certificate cannot be read.
    pub fn etcd_caller(&self) -> Result<Caller, LabError> {
        let found = self
            .plan
            .connections
            .iter()
            .find(|own| own.server.style == ServerStyle::Etcd && own.client == "kube-apiserver");
        let connection = found.ok_or_else(|| WorkspaceError::Unknown("etcd".into()))?;
        let own = connection.credential.as_deref().map(|id| credential(self.store(), &self.plan, id));
        let own = own.transpose()?;
        let roots = connection.trusts.as_deref().map(|id| authority_chain(self.store(), &self.plan, id));
        Ok(Caller {
            credential: own.map(|own| Credential { chain: own.chain, key: own.key.der().to_vec() }),
            roots: roots.transpose()?.map(|chain| Roots::from_der(chain).into()),
            server_name: HostName::Ip(std::net::Ipv4Addr::LOCALHOST.into()),
            protocols: vec!["h2".to_owned()],
            version: None,
        })
    }

    /// The line of etcdctl that reaches members at these addresses, to be pasted.
    #[must_use]
    pub fn etcdctl(&self, addresses: &[SocketAddr]) -> Option<String> {
        let mut of_etcd = self.plan.connections.iter().filter(|own| own.server.style == ServerStyle::Etcd);
        let connection = of_etcd.find(|own| own.client == "etcd-healthcheck")?;
        let authority = &self.plan.authority(connection.trusts.as_deref()?)?.place.certificate;
        let Places::Files(own) = &self.plan.certificate(connection.credential.as_deref()?)?.places else {
            return None;
        };
        let endpoints: Vec<String> = addresses.iter().map(|own| format!("https://{own}")).collect();
        let path = |relative: &str| shell_word(&self.absolute(relative).display().to_string());
        Some(format!(
            "etcdctl --endpoints={} --cacert={} --cert={} --key={}",
            endpoints.join(","),
            path(authority),
            path(&own.certificate),
            path(&own.key)
        ))
    }

    /// The flags of a control plane's etcd, as its manifest has them.
    fn etcd_flags(&self, node: &str) -> Result<Vec<(String, String)>, LabError> {
        let id = format!("etcd-manifest@{node}");
        let file = self.plan.file(&id).ok_or_else(|| WorkspaceError::Unknown(id.clone()))?;
        let bytes = self.store().read(&file.path)?.ok_or(WorkspaceError::Missing(id))?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let arguments = text.lines().filter_map(|line| line.trim_start().strip_prefix("- "));
        let arguments = arguments.map(|argument| argument.trim().trim_matches(['"', '\'']));
        let flags = arguments.filter(|argument| argument.starts_with("--"));
        let pair = |flag: &str| {
            let (name, value) = flag.split_once('=').unwrap_or((flag, "true"));
            (name.to_owned(), value.to_owned())
        };
        Ok(flags.map(pair).collect())
    }

    /// Where the workspace has a file of a node.
    fn in_workspace(&self, node: &str, path: &str) -> String {
        let candidates = match self.plan.spec.layout {
            Layout::Kubeadm => vec![format!("{node}{path}")],
            Layout::Lecture => {
                let name = path.rsplit('/').next().unwrap_or_default();
                vec![name.to_owned(), format!("extra/{name}")]
            }
        };
        let found = candidates.iter().map(|own| self.absolute(own)).find(|own| own.exists());
        // What is not there is for etcd to tell.
        found.map_or_else(|| path.to_owned(), |own| own.display().to_string())
    }

    fn absolute(&self, relative: &str) -> PathBuf {
        let path = self.store().path(relative);
        std::path::absolute(&path).unwrap_or(path)
    }
}
