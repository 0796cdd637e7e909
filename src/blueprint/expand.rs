//! From the blueprint and a spec to the plan.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use super::plan::at;
use super::source::{
    Blueprint, BlueprintError, CertificateEntry, ConnectionEntry, Dials, FileEntry, KubeconfigServer, Per,
    Reaches,
};
use super::{
    Authorities, Authority, AuthorityPlace, Certificate, ClusterSpec, ConfigFile, Connection, HostName,
    KeyAlgorithm, KeyPair, KeyPairPlace, Kubeconfig, Layout, Node, PairPlace, Places, Plan, Server, Subject,
    files,
};

/// Every part of the cluster that `spec` asks for.
///
/// # Errors
/// The blueprint does not read or contradicts itself; a test holds that the embedded one
/// does neither.
pub fn plan(spec: ClusterSpec) -> Result<Plan, BlueprintError> {
    let blueprint = Blueprint::embedded()?;
    let mut plan = Plan {
        spec: Arc::new(spec),
        authorities: Vec::new(),
        certificates: Vec::new(),
        key_pairs: Vec::new(),
        kubeconfigs: Vec::new(),
        files: Vec::new(),
        servers: Vec::new(),
        connections: Vec::new(),
        index: HashMap::new(),
    };
    let expand = Expand { blueprint: &blueprint, spec: &plan.spec.clone() };
    plan.authorities = expand.authorities();
    plan.key_pairs = expand.key_pairs();
    plan.kubeconfigs = expand.kubeconfigs()?;
    plan.set_certificates(expand.certificates(&plan.kubeconfigs)?);
    plan.servers = expand.servers(&plan)?;
    plan.connections = expand.connections(&plan)?;
    plan.files = expand.files(&plan)?;
    Ok(plan)
}

/// What an entry is expanded for: one node, or the cluster.
#[derive(Clone, Copy)]
struct Scope<'a> {
    node: Option<&'a Node>,
    index: usize,
}

impl Scope<'_> {
    fn name(&self) -> Option<String> {
        self.node.map(|node| node.name.clone())
    }
}

struct Expand<'a> {
    blueprint: &'a Blueprint,
    spec: &'a ClusterSpec,
}

impl Expand<'_> {
    fn layout(&self) -> Layout {
        self.spec.layout
    }

    fn scopes(&self, per: Per) -> Vec<Scope<'_>> {
        let of = |nodes: Vec<_>| {
            nodes
                .into_iter()
                .enumerate()
                .map(|(index, node)| Scope { node: Some(node), index: index + 1 })
                .collect()
        };
        match per {
            Per::Cluster => vec![Scope { node: None, index: 1 }],
            Per::FirstControlPlane => of(self.spec.control_planes.iter().take(1).collect()),
            Per::ControlPlane => of(self.spec.control_planes.iter().collect()),
            Per::Node => of(self.spec.nodes().collect()),
        }
    }

    /// A path or text with the scope's own values in it.
    fn fill(&self, text: &str, scope: Scope<'_>) -> String {
        if !text.contains('{') {
            return text.to_owned();
        }
        let (node, address) =
            scope.node.map(|node| (node.name.clone(), node.address.to_string())).unwrap_or_default();
        text.replace("{node}", &node)
            .replace("{address}", &address)
            .replace("{index}", &scope.index.to_string())
            .replace("{cluster}", &self.spec.name)
            .replace("{domain}", &self.spec.dns_domain)
    }

    /// A path in the workspace: in the kubeadm layout below the node's own directory.
    fn place(&self, path: &str, scope: Scope<'_>) -> String {
        let path = self.fill(path, scope);
        match (self.layout(), scope.node) {
            (Layout::Kubeadm, Some(node)) => match path.strip_prefix("extra/") {
                Some(rest) => format!("extra/{}/{rest}", node.name),
                None => format!("{}/{path}", node.name),
            },
            _ => path,
        }
    }

    fn first_control_plane(&self) -> Scope<'_> {
        Scope { node: self.spec.control_planes.first(), index: 1 }
    }

    /// The authority that stands for this one: with one authority, always `ca`.
    fn authority<'b>(&self, id: &'b str) -> &'b str {
        match self.spec.authorities {
            Authorities::One => "ca",
            Authorities::Three => id,
        }
    }

    fn authorities(&self) -> Vec<Authority> {
        let three = self.spec.authorities == Authorities::Three;
        let entries = self.blueprint.authority.iter().filter(|entry| three || !entry.only_with_three);
        entries
            .map(|entry| {
                let shape = entry.shape(self.layout());
                let pair = |scope| pair(&self.place(&shape.file, scope));
                let kubeadm = self.layout() == Layout::Kubeadm;
                let mut copies = Vec::new();
                if kubeadm {
                    for scope in self.scopes(Per::ControlPlane).into_iter().skip(1) {
                        let PairPlace { key, certificate } = pair(scope);
                        copies.push(AuthorityPlace { certificate, key: Some(key) });
                    }
                    for node in self.spec.workers.iter().filter(|_| shape.on_workers) {
                        let scope = Scope { node: Some(node), index: 0 };
                        let certificate = pair(scope).certificate;
                        copies.push(AuthorityPlace { certificate, key: None });
                    }
                }
                Authority {
                    id: entry.id.clone(),
                    subject: Subject::named(&shape.common_name),
                    dns_names: if kubeadm { vec![shape.common_name.clone()] } else { Vec::new() },
                    key: self.spec.key,
                    days: self.spec.ca_days,
                    csr: self.csr(&entry.id, &shape.file, Scope { node: None, index: 1 }),
                    place: pair(self.first_control_plane()),
                    copies,
                }
            })
            .collect()
    }

    /// Beside the certificate in the lecture's layout, below `extra/` in kubeadm's, which
    /// keeps no CSRs.
    fn csr(&self, id: &str, file: &str, scope: Scope<'_>) -> String {
        match self.layout() {
            Layout::Lecture => format!("{}.csr", self.fill(file, scope)),
            Layout::Kubeadm => self.place(&format!("extra/{id}.csr"), scope),
        }
    }

    fn key_pairs(&self) -> Vec<KeyPair> {
        self.blueprint
            .key_pair
            .iter()
            .map(|entry| {
                let file = &entry.shape(self.layout()).file;
                let scopes = match self.layout() {
                    Layout::Lecture => self.scopes(Per::Cluster),
                    Layout::Kubeadm => self.scopes(Per::ControlPlane),
                };
                let places = scopes.into_iter().map(|scope| {
                    let path = self.place(file, scope);
                    KeyPairPlace { private: format!("{path}.key"), public: format!("{path}.pub") }
                });
                KeyPair {
                    id: entry.id.clone(),
                    key: match self.spec.key {
                        KeyAlgorithm::Ed25519 => KeyAlgorithm::P256,
                        key => key,
                    },
                    places: places.collect(),
                }
            })
            .collect()
    }

    fn certificates(&self, kubeconfigs: &[Kubeconfig]) -> Result<Vec<Certificate>, BlueprintError> {
        let paths: HashMap<(&str, Option<&str>), &str> =
            kubeconfigs.iter().map(|k| ((k.kind.as_str(), k.node.as_deref()), k.path.as_str())).collect();
        let mut certificates = Vec::new();
        for entry in &self.blueprint.certificate {
            let shape = entry.shape(self.layout());
            for scope in self.scopes(shape.per) {
                let path = |file: &String| Places::Files(pair(&self.place(file, scope)));
                let places = match (&shape.file, &shape.kubeconfig) {
                    (Some(file), _) => path(file),
                    (None, Some(kind)) => paths
                        .get(&(kind.as_str(), scope.node.map(|node| node.name.as_str())))
                        .map(|path| Places::Kubeconfig((*path).to_owned()))
                        .ok_or_else(|| BlueprintError::Unknown(format!("kubeconfig {kind}")))?,
                    (None, None) => return Err(BlueprintError::Unknown(format!("a place for {}", entry.id))),
                };
                certificates.push(Certificate {
                    kind: entry.id.clone(),
                    node: scope.name(),
                    holder: entry.holder.clone(),
                    authority: self.authority(&entry.authority).to_owned(),
                    subject: Subject {
                        common_name: self.fill(&shape.common_name, scope),
                        organizations: shape.organizations.clone(),
                        organizational_units: Vec::new(),
                    },
                    usages: entry.usages.clone(),
                    names: self.names(entry, scope),
                    key: self.spec.key,
                    days: self.spec.days,
                    csr: self.csr(&entry.id, shape.file.as_deref().unwrap_or(&entry.id), scope),
                    places,
                });
            }
        }
        Ok(certificates)
    }

    /// The SANs, ordered as kubeadm's `RemoveDuplicateAltNames` leaves them: DNS names
    /// sorted, then addresses as they came, each once (util/pkiutil/pki_helpers.go).
    fn names(&self, entry: &CertificateEntry, scope: Scope<'_>) -> Vec<HostName> {
        let nodes: Vec<&Node> = match scope.node {
            Some(node) => vec![node],
            None => self.spec.control_planes.iter().collect(),
        };
        let mut given: Vec<HostName> = Vec::new();
        for name in &entry.names {
            match name.as_str() {
                "{node}" => given.extend(nodes.iter().map(|node| HostName::Dns(node.name.clone()))),
                "{address}" => given.extend(nodes.iter().map(|node| HostName::Ip(node.address))),
                "{service}" => given.extend(self.spec.service_address().map(HostName::Ip)),
                "{endpoint}" => {
                    given.extend(self.spec.control_plane_endpoint.iter().map(|e| e.host.clone()));
                }
                "{api-sans}" => given.extend(self.spec.api_sans.iter().cloned()),
                other => {
                    let name = self.fill(other, scope);
                    given.push(name.parse::<IpAddr>().map_or(HostName::Dns(name), HostName::Ip));
                }
            }
        }
        let dns: BTreeSet<&HostName> = given.iter().filter(|n| matches!(n, HostName::Dns(_))).collect();
        let mut names: Vec<HostName> = dns.into_iter().cloned().collect();
        for name in &given {
            if matches!(name, HostName::Ip(_)) && !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    fn kubeconfigs(&self) -> Result<Vec<Kubeconfig>, BlueprintError> {
        let mut kubeconfigs = Vec::new();
        for entry in &self.blueprint.kubeconfig {
            let certificate = self
                .blueprint
                .certificate
                .iter()
                .find(|c| c.id == entry.certificate)
                .ok_or_else(|| BlueprintError::Unknown(entry.certificate.clone()))?;
            let shape = certificate.shape(self.layout());
            for scope in self.scopes(shape.per) {
                let local = scope.node.filter(|_| entry.server == KubeconfigServer::Local);
                let server = match local {
                    Some(node) => {
                        super::Endpoint { host: HostName::Ip(node.address), port: super::API_SERVER_PORT }
                    }
                    None => self.spec.endpoint(),
                };
                kubeconfigs.push(Kubeconfig {
                    kind: entry.id.clone(),
                    node: scope.name(),
                    certificate: at(&entry.certificate, scope.node.map(|n| n.name.as_str())),
                    user: self.fill(&shape.common_name, scope),
                    server: format!("https://{server}"),
                    path: self.place(entry.shape(self.layout()), scope),
                });
            }
        }
        Ok(kubeconfigs)
    }

    fn servers(&self, plan: &Plan) -> Result<Vec<Server>, BlueprintError> {
        let mut servers = Vec::new();
        for entry in &self.blueprint.server {
            let per = if entry.component == "kubelet" { Per::Node } else { Per::ControlPlane };
            for scope in self.scopes(per) {
                let Some(node) = scope.node else { continue };
                let certificate = plan
                    .certificate(&at(&entry.certificate, Some(&node.name)))
                    .ok_or_else(|| BlueprintError::Unknown(entry.certificate.clone()))?;
                servers.push(Server {
                    kind: entry.id.clone(),
                    component: entry.component.clone(),
                    node: node.name.clone(),
                    address: node.address,
                    style: entry.style,
                    port: entry.port,
                    certificate: certificate.id(),
                    client_authority: self.authority(&entry.client_authority).to_owned(),
                    request_header_authority: entry
                        .request_header_authority
                        .as_deref()
                        .map(|id| self.authority(id).to_owned()),
                });
            }
        }
        Ok(servers)
    }

    fn connections(&self, plan: &Plan) -> Result<Vec<Connection>, BlueprintError> {
        let mut connections = Vec::new();
        for entry in &self.blueprint.connection {
            for scope in self.scopes(client_scope(entry, plan)) {
                let reached = plan.servers.iter().filter(|server| server.kind == entry.server);
                let same = |server: &&Server| scope.node.is_none_or(|node| node.name == server.node);
                let reached: Vec<&Server> = match entry.servers {
                    Reaches::First => reached.take(1).collect(),
                    Reaches::SameNode => reached.filter(same).collect(),
                    Reaches::Every => reached.collect(),
                    Reaches::Others => reached.filter(|server| !same(server)).collect(),
                };
                for server in reached {
                    connections.push(self.connection(entry, scope, server, plan)?);
                }
            }
        }
        Ok(connections)
    }

    fn connection(
        &self,
        entry: &ConnectionEntry,
        scope: Scope<'_>,
        server: &Server,
        plan: &Plan,
    ) -> Result<Connection, BlueprintError> {
        let node = scope.node.map(|node| node.name.as_str());
        let credential = plan
            .certificate(&at(&entry.credential, node))
            .ok_or_else(|| BlueprintError::Unknown(entry.credential.clone()))?;
        let verifies = entry.trusts_in_kubeadm || self.layout() == Layout::Lecture;
        Ok(Connection {
            client: entry.client.clone(),
            client_node: scope.name().filter(|_| has_nodes(&entry.client, &entry.credential, plan)),
            client_address: scope.node.map(|node| node.address),
            server: server.clone(),
            credential: Some(credential.id()),
            trusts: verifies.then(|| self.authority(&entry.trusts).to_owned()),
            server_name: match entry.dials {
                Dials::Endpoint => self.spec.endpoint().host,
                Dials::Local | Dials::Address => HostName::Ip(server.address),
                Dials::Loopback => HostName::Ip(IpAddr::from([127, 0, 0, 1])),
            },
            request: self.fill(&entry.request, scope),
        })
    }

    fn files(&self, plan: &Plan) -> Result<Vec<ConfigFile>, BlueprintError> {
        let mut written = Vec::new();
        for entry in &self.blueprint.file {
            let once = entry.once_in_lecture && self.layout() == Layout::Lecture;
            for scope in self.scopes(entry.per).into_iter().take(if once { 1 } else { usize::MAX }) {
                let Some(node) = scope.node else { continue };
                written.push(ConfigFile {
                    kind: entry.id.clone(),
                    node: scope.name(),
                    path: self.place(self.file_name(entry, scope), scope),
                    text: files::render(self.blueprint, entry, plan, node)?,
                });
            }
        }
        Ok(written)
    }

    fn file_name<'b>(&self, entry: &'b FileEntry, scope: Scope<'_>) -> &'b str {
        match (&entry.lecture_further, self.layout()) {
            (Some(further), Layout::Lecture) if scope.index > 1 => further,
            _ => entry.shape(self.layout()),
        }
    }
}

/// A client that has a node of its own is there once for each; the others once.
fn client_scope(entry: &ConnectionEntry, plan: &Plan) -> Per {
    match entry.client.as_str() {
        "kubelet" => Per::Node,
        "kube-apiserver" | "etcd" => Per::ControlPlane,
        _ => {
            let per_node = plan.certificates.iter().any(|c| c.kind == entry.credential && c.node.is_some());
            match entry.servers {
                Reaches::SameNode if per_node => Per::ControlPlane,
                _ => Per::FirstControlPlane,
            }
        }
    }
}

/// Whether a client goes by its node: a server does always, the others where several
/// nodes have one.
fn has_nodes(client: &str, credential: &str, plan: &Plan) -> bool {
    let is_server = plan.servers.iter().any(|server| server.component == client);
    is_server
        || plan.certificates.iter().filter(|c| c.kind == credential && c.node.is_some()).nth(1).is_some()
}

fn pair(path: &str) -> PairPlace {
    PairPlace { key: format!("{path}.key"), certificate: format!("{path}.crt") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kubeadm(change: fn(&mut ClusterSpec)) -> Plan {
        let mut spec = ClusterSpec {
            layout: Layout::Kubeadm,
            authorities: Authorities::Three,
            ..ClusterSpec::default()
        };
        change(&mut spec);
        spec.check().unwrap();
        plan(spec).unwrap()
    }

    #[test]
    fn one_node_of_the_lecture_has_its_44_files() {
        let spec = ClusterSpec { workers: Vec::new(), ..ClusterSpec::default() };
        let plan = plan(spec).unwrap();
        let mut paths: Vec<String> = Vec::new();
        for authority in &plan.authorities {
            paths.extend(
                [&authority.place.key, &authority.csr, &authority.place.certificate].map(Clone::clone),
            );
        }
        for certificate in &plan.certificates {
            let Places::Files(place) = &certificate.places else { panic!() };
            paths.extend([&place.key, &certificate.csr, &place.certificate].map(Clone::clone));
        }
        paths.extend(plan.kubeconfigs.iter().map(|k| k.path.clone()));
        paths.extend(
            plan.key_pairs.iter().flat_map(|k| [k.places[0].private.clone(), k.places[0].public.clone()]),
        );
        paths.extend(plan.files.iter().filter(|f| f.kind == "openssl-cnf").map(|f| f.path.clone()));
        paths.retain(|path| !path.starts_with("extra/"));
        assert_eq!(paths.len(), 44, "{paths:#?}");
        assert!(
            paths.contains(&"etcdpeer1.key".to_owned())
                && paths.contains(&"kubelet-client-cp1.csr".to_owned())
        );
    }

    #[test]
    fn kubeadm_s_control_plane_has_its_22_files_and_5_kubeconfigs() {
        let plan = kubeadm(|_| ());
        let pki: Vec<&str> = plan
            .authorities
            .iter()
            .map(|a| &a.place)
            .chain(plan.certificates.iter().filter_map(|c| match &c.places {
                Places::Files(place) => Some(place),
                Places::Kubeconfig(_) => None,
            }))
            .flat_map(|place| [place.key.as_str(), place.certificate.as_str()])
            .chain(
                plan.key_pairs
                    .iter()
                    .flat_map(|k| [k.places[0].private.as_str(), k.places[0].public.as_str()]),
            )
            .filter(|path| path.starts_with("cp1/etc/kubernetes/pki/"))
            .collect();
        assert_eq!(pki.len(), 22, "{pki:#?}");
        let confs = plan.kubeconfigs.iter().filter(|k| k.path.starts_with("cp1/etc/kubernetes/"));
        assert_eq!(confs.count(), 5);
        assert_eq!(plan.authority("ca").unwrap().copies[0].certificate, "node01/etc/kubernetes/pki/ca.crt");
        assert!(
            plan.file("kube-apiserver-manifest")
                .unwrap()
                .text
                .contains("--client-ca-file=/etc/kubernetes/pki/ca.crt")
        );
    }

    #[test]
    fn every_further_control_plane_is_whole() {
        let plan = kubeadm(|spec| {
            spec.control_planes.push("cp2=10.0.0.11".parse().unwrap());
            spec.control_planes.push("cp3=fd00::12".parse().unwrap());
        });
        assert_eq!(plan.connections.iter().filter(|c| c.server.kind == "etcd-peer").count(), 6);
        let manifest = &plan.file("etcd-manifest@cp2").unwrap().text;
        assert!(manifest.contains("cp3=https://[fd00::12]:2380"), "{manifest}");
        assert!(manifest.contains("--peer-cert-file=/etc/kubernetes/pki/etcd/peer.crt"));
        assert!(!manifest.contains('{'), "{manifest}");
        assert!(plan.certificate("super-admin@cp2").is_none());
    }

    #[test]
    fn every_connection_has_its_parts() {
        for layout in [Layout::Lecture, Layout::Kubeadm] {
            for authorities in [Authorities::One, Authorities::Three] {
                let plan = plan(ClusterSpec { layout, authorities, ..ClusterSpec::default() }).unwrap();
                for connection in &plan.connections {
                    let credential = connection.credential.as_deref().unwrap();
                    assert!(plan.certificate(credential).is_some(), "{credential}");
                    assert!(plan.authority(&connection.server.client_authority).is_some());
                    assert!(!connection.request.contains('{'), "{}", connection.request);
                }
                assert!(plan.connections.len() >= 13, "{}", plan.connections.len());
                for file in &plan.files {
                    assert!(
                        !file.text.contains("{authority") && !file.text.contains("{key"),
                        "{}",
                        file.text
                    );
                }
            }
        }
    }
}
