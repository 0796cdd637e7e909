//! The cluster that answers, on the workspace's certificates.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use super::engine::{Lab, Making};
use super::{Joining, LabError};
use crate::access::World;
use crate::blueprint::{Places, Server, ServerStyle};
use crate::cluster::{AccountKey, Anchors, Cluster, Settings, Signer, empty_world, journal_name};
use crate::handshake::{Credential, Presented, ServerSide};
use crate::pki::{KubeconfigContent, PrivateKey, pem, write_kubeconfig};
use crate::trust::{Certificate, Roots};
use crate::workspace::{Cancel, Secrecy, Selection, WorkspaceError, authority_chain, credential};

/// Whom the API server believes as a front proxy (`--requestheader-allowed-names`).
const FRONT_PROXY: &str = "front-proxy-client";
/// The directory of the kubeconfigs that reach the serving cluster.
const KUBECONFIGS: &str = "serve";

/// What stands behind the API server.
#[derive(Debug, Clone, Default)]
pub struct Controllers {
    /// Nothing: no controllers, and no objects but what the API server makes by itself.
    pub bare: bool,
    /// How long certificates live at most that are asked for by CSRs
    /// (`--cluster-signing-duration`); a year unless said otherwise.
    pub signing: Option<time::Duration>,
    /// The nodes that join.
    pub joining: Vec<Joining>,
}

/// A cluster ready to serve.
#[derive(Debug)]
pub struct Ready {
    /// The cluster.
    pub cluster: Arc<Cluster>,
    /// What its API server presents.
    pub presented: Arc<Presented>,
    /// What etcd's log says as the API server comes up, with the member's name.
    pub logs: Vec<(String, String)>,
    /// The nodes that join.
    pub joining: Vec<Joining>,
}

/// A kubeconfig that reaches the serving cluster.
#[derive(Debug, Clone)]
pub struct Reaching {
    /// The component: `admin`, `kubelet@node01`.
    pub client: String,
    /// Where it lies.
    pub path: PathBuf,
}

impl Lab {
    /// Makes what is missing of the workspace, and opens its cluster: an API server alone
    /// (`bare`), or with a controller manager and the objects of a new cluster. Objects that
    /// were stored before are there again.
    ///
    /// # Errors
    /// An artifact cannot be made or read, or the objects' file cannot.
    pub fn cluster(&self, asked: Controllers, cancel: &Cancel) -> Result<Ready, LabError> {
        let bare = asked.bare;
        self.serving()?;
        match self.making()? {
            Making::Own => self.make_missing(cancel)?,
            Making::Beside(_guard) => self.make_missing(cancel)?,
            // Whoever is at work here makes what is missing; what is not there is told below.
            Making::Others => {}
        }
        let server = self.api_server()?;
        let started = self.start(server)?;
        let logs = if bare { Vec::new() } else { self.reach_etcd(cancel)? };
        let settings = Settings { anchors: started.anchors, ..self.cluster_settings(bare, asked.signing)? };
        let journal = self.store().path(&self.store().own(journal_name(bare)));
        let (cluster, notices) = Cluster::open(settings, Some(&journal))?;
        self.notice(notices);
        let presented = Presented::new(&started.serving)?;
        Ok(Ready { cluster, presented, logs, joining: asked.joining })
    }

    /// How the workspace's cluster is set up, on artifacts that are there.
    pub(super) fn cluster_settings(
        &self,
        bare: bool,
        signing: Option<time::Duration>,
    ) -> Result<Settings, LabError> {
        let server = self.api_server()?;
        let account = self.plan.key_pairs.iter().find(|pair| pair.id == "sa");
        let account = account.and_then(|pair| pair.places.first());
        let accounts = match account {
            Some(place) => {
                self.store().read(&place.private)?.map(|text| PrivateKey::from_pem(&text)).transpose()?
            }
            None => None,
        };
        let issuer = format!("https://kubernetes.default.svc.{}", self.plan.spec.dns_domain);
        let world = World::of_plan(&self.plan, self.now());
        Ok(Settings {
            clock: self.clock,
            bare,
            server_address: self.plan.spec.endpoint().to_string(),
            service_address: self.plan.spec.service_address(),
            anchors: self.anchors(server)?,
            accounts: accounts.map(|key| AccountKey::new(key, issuer)),
            signer: self.signer(&server.client_authority)?.map(|own| match signing {
                Some(lifetime) => own.lasting(lifetime),
                None => own,
            }),
            objects: world.objects,
        })
    }

    /// Makes what is not there. What is there is served as it stands: a fault in it is to be seen.
    fn make_missing(&self, cancel: &Cancel) -> Result<(), LabError> {
        let mut missing: Vec<String> = Vec::new();
        let lacks = |path: &str| -> Result<bool, LabError> { Ok(self.store().read(path)?.is_none()) };
        for authority in &self.plan.authorities {
            if lacks(&authority.place.certificate)? {
                // All that it vouched for is none of the new one's.
                self.make(&Selection::All, cancel, &|_| ())?;
                return Ok(());
            }
        }
        for leaf in &self.plan.certificates {
            let kubeconfigs = self.plan.kubeconfigs.iter().filter(|own| own.certificate == leaf.id());
            let mut paths: Vec<&str> = kubeconfigs.map(|own| own.path.as_str()).collect();
            match &leaf.places {
                Places::Files(place) => paths.extend([place.certificate.as_str(), &place.key]),
                Places::Kubeconfig(path) => paths.push(path),
            }
            for path in paths {
                if lacks(path)? && !missing.contains(&leaf.id()) {
                    missing.push(leaf.id());
                }
            }
        }
        for pair in &self.plan.key_pairs {
            if let Some(place) = pair.places.first()
                && lacks(&place.private)?
            {
                missing.push(pair.id.clone());
            }
        }
        if !missing.is_empty() {
            self.make(&Selection::Only(missing), cancel, &|_| ())?;
        }
        Ok(())
    }

    /// Writes a kubeconfig for each identity that has a certificate for the API server: it
    /// reaches the one at this address, and verifies it by a name of its certificate.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn write_reaching(&self, address: SocketAddr) -> Result<Vec<Reaching>, LabError> {
        let server = self.api_server()?;
        let authority = self.pem_of(&server.client_authority)?;
        let name = self.verified_name(server, address)?;
        let mut written = Vec::new();
        let clients =
            self.plan.connections.iter().filter(|one| one.server.style == ServerStyle::KubeApiserver);
        let mut seen: Vec<&str> = Vec::new();
        for connection in clients {
            let Some(id) = connection.credential.as_deref().filter(|id| !seen.contains(id)) else { continue };
            seen.push(id);
            let client = connection.client_name();
            let own = credential(self.store(), &self.plan, id)?;
            let certificate: String = own.chain.iter().map(|der| pem("CERTIFICATE", der)).collect();
            let text = write_kubeconfig(&KubeconfigContent {
                cluster: &self.plan.spec.name,
                server: &format!("https://{address}"),
                server_name: name.as_deref(),
                user: &client,
                authority: authority.as_bytes(),
                certificate: certificate.as_bytes(),
                key: own.key.to_pem().as_bytes(),
            });
            let path = format!("{KUBECONFIGS}/{client}.kubeconfig");
            self.serving()?.write(&path, text.as_bytes(), Secrecy::Private)?;
            written.push(Reaching { client, path: self.store().path(&path) });
        }
        Ok(written)
    }

    /// The etcd members of the cluster, as they serve beside its API server.
    ///
    /// # Errors
    /// A certificate or a CA cannot be read.
    pub fn companions(&self) -> Result<Vec<ServerSide>, LabError> {
        let world = Arc::new(empty_world());
        let is_etcd = |server: &&Server| matches!(server.style, ServerStyle::Etcd | ServerStyle::EtcdPeer);
        let beside = self.plan.servers.iter().filter(is_etcd);
        let side = |server: &Server| -> Result<ServerSide, LabError> {
            Ok(ServerSide {
                name: format!("{}@{}", server.kind, server.node),
                style: server.style,
                port: server.port,
                credential: self.shown_by(server)?,
                client_roots: self.anchors(server)?.clients,
                request_header: None,
                world: Arc::clone(&world),
            })
        };
        beside.map(side).collect()
    }

    /// Where the log lines of all components of the serving cluster lie.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.store().path(&format!("{KUBECONFIGS}/components.log"))
    }

    /// Where the serving cluster's audit log lies.
    #[must_use]
    pub fn audit_file(&self) -> PathBuf {
        self.store().path(&format!("{KUBECONFIGS}/audit.log"))
    }

    /// The first API server of the plan.
    pub(super) fn api_server(&self) -> Result<&Server, LabError> {
        let found = self.plan.servers.iter().find(|server| server.style == ServerStyle::KubeApiserver);
        found.ok_or_else(|| WorkspaceError::Unknown("kube-apiserver".into()).into())
    }

    fn shown_by(&self, server: &Server) -> Result<Credential, LabError> {
        let own = credential(self.store(), &self.plan, &server.certificate)?;
        Ok(Credential { chain: own.chain, key: own.key.der().to_vec() })
    }

    fn anchors(&self, server: &Server) -> Result<Anchors, LabError> {
        let roots = |id: &str| -> Result<Arc<Roots>, LabError> {
            Ok(Arc::new(Roots::from_der(authority_chain(self.store(), &self.plan, id)?)))
        };
        Ok(Anchors {
            clients: Some(roots(&server.client_authority)?),
            front_proxies: server.request_header_authority.as_deref().map(roots).transpose()?,
            allowed_names: vec![FRONT_PROXY.into()],
        })
    }

    /// The CA that signs CSRs; none where its key is not here.
    fn signer(&self, id: &str) -> Result<Option<Signer>, LabError> {
        let place = self.plan.authority(id).map(|authority| authority.place.key.as_str());
        let key = place.map(|path| self.store().read(path)).transpose()?.flatten();
        let Some(key) = key.map(|text| PrivateKey::from_pem(&text)).transpose()? else { return Ok(None) };
        let chain = authority_chain(self.store(), &self.plan, id)?;
        Ok(chain.into_iter().next().map(|certificate| Signer::new(certificate, key)))
    }

    fn pem_of(&self, id: &str) -> Result<String, LabError> {
        let chain = authority_chain(self.store(), &self.plan, id)?;
        Ok(chain.iter().map(|der| pem("CERTIFICATE", der)).collect())
    }

    /// A name by which the certificate can be verified at an address that is not in it.
    pub(super) fn verified_name(
        &self,
        server: &Server,
        address: SocketAddr,
    ) -> Result<Option<String>, LabError> {
        let own = credential(self.store(), &self.plan, &server.certificate)?;
        let leaf = own.chain.first().and_then(|der| Certificate::parse(der).ok());
        Ok(leaf.filter(|leaf| !leaf.ip_addresses().contains(&address.ip())).and_then(|leaf| {
            let names = leaf.dns_names();
            let preferred = names.iter().find(|name| *name == "kubernetes");
            let address = || leaf.ip_addresses().first().map(ToString::to_string);
            preferred.or_else(|| names.first()).cloned().or_else(address)
        }))
    }
}
