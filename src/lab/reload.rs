//! Files that components read again while they serve, each as the real one does it: at once, at
//! every handshake, or only when it is started (apiserver/pkg/server/dynamiccertificates, etcd's
//! client/pkg/transport).

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use time::OffsetDateTime;

use super::engine::Lab;
use super::{LabError, Ready};
use crate::blueprint::{Places, Server, ServerStyle};
use crate::cluster::{Cluster, Kubelet, Signer, klog};
use crate::handshake::{Credential, Presented, ServerSide};
use crate::pki::PrivateKey;
use crate::text::{Language, escape, quote};
use crate::trust::Roots;
use crate::workspace::pem_certificates;
use crate::x509;

/// What a component did about a file that has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reread {
    /// The component: `kube-apiserver`, `kubelet@node01`.
    pub component: String,
    /// The files.
    pub files: Vec<String>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is used from now on; the log's words.
    Taken(String),
    /// It does not serve, and what was there before is used on; the log's words.
    Kept(String),
    /// It is looked at when the component is started, and not before.
    NeedsRestart,
}

impl Reread {
    /// The line of the component's log; of one that has to be started anew first, what the lab
    /// says of it.
    #[must_use]
    pub fn line(&self, now: OffsetDateTime) -> String {
        match &self.outcome {
            Outcome::Taken(text) => klog('I', now, "dynamic_serving_content.go:135", text),
            Outcome::Kept(text) => klog('E', now, "dynamic_serving_content.go:211", text),
            Outcome::NeedsRestart => {
                format!(
                    "(not read: {} looks at {} when it is started)",
                    self.component,
                    self.files.join(", ")
                )
            }
        }
    }

    /// What happened, for people.
    #[must_use]
    pub fn sentence(&self, language: Language) -> String {
        let (component, files) = (&self.component, escape(&self.files.join(", ")).into_owned());
        match (&self.outcome, language) {
            (Outcome::Taken(_), Language::En) => format!("{component} read {files} again"),
            (Outcome::Taken(_), Language::Ko) => format!("{component}: {files} 파일을 다시 읽었어요"),
            (Outcome::Kept(_), Language::En) => {
                format!("{component} cannot use {files} as it is now, and goes on with what it had")
            }
            (Outcome::Kept(_), Language::Ko) => {
                format!("{component}: 지금의 {files} 파일은 쓸 수 없어서 전에 읽은 것을 계속 써요")
            }
            (Outcome::NeedsRestart, Language::En) => {
                format!(
                    "{component} reads {files} only when it is started: stop dojang serve and run it again"
                )
            }
            (Outcome::NeedsRestart, Language::Ko) => format!(
                "{component}: {files} 파일은 시작할 때만 읽어요. dojang serve를 멈추고 다시 실행하세요"
            ),
        }
    }
}

/// Who is told of a change.
enum Target {
    Presented(Arc<Presented>),
    Clients,
    FrontProxies,
    Signer,
    KubeletClient(Option<Arc<Roots>>),
    Kubelet(Arc<Kubelet>),
    KubeletClients(Arc<Kubelet>),
    /// etcd reads its pair at every handshake: one that does not read fails them.
    Etcd(Arc<RwLock<ServerSide>>),
    /// Looked at when the component starts.
    AtStart,
}

/// A file or pair that is watched.
struct Watched {
    component: String,
    files: Vec<String>,
    paths: Vec<PathBuf>,
    seen: Vec<Stamp>,
    target: Target,
}

/// By what a changed file is known.
type Stamp = Option<(u64, u64, i64, i64)>;

fn stamp(path: &PathBuf) -> Stamp {
    let own = std::fs::metadata(path).ok()?;
    Some((own.ino(), own.len(), own.mtime(), own.mtime_nsec()))
}

/// Every file that the components of a serving cluster read.
pub struct Files {
    watched: Vec<Watched>,
    cluster: Arc<Cluster>,
}

impl Lab {
    /// Begins to watch what a serving cluster reads.
    ///
    /// # Errors
    /// An authority cannot be read.
    pub(super) fn files(
        &self,
        ready: &Ready,
        kubelets: &[Arc<Kubelet>],
        etcd: &[Arc<RwLock<ServerSide>>],
    ) -> Result<Files, LabError> {
        let Ready { cluster, presented, .. } = ready;
        let mut all = Files { watched: Vec::new(), cluster: Arc::clone(cluster) };
        let server = self.api_server()?;
        let api = server.component.as_str();
        let mut add = |component: &str, files: Vec<String>, target: Target| {
            let paths: Vec<PathBuf> = files.iter().map(|file| self.store().path(file)).collect();
            let seen = paths.iter().map(stamp).collect();
            all.watched.push(Watched { component: component.to_owned(), files, paths, seen, target });
        };
        add(api, self.pair(&server.certificate), Target::Presented(Arc::clone(presented)));
        add(api, self.authority_file(&server.client_authority, &server.node), Target::Clients);
        if let Some(front) = &server.request_header_authority {
            add(api, self.authority_file(front, &server.node), Target::FrontProxies);
        }
        if let Some(authority) = self.plan.authority(&server.client_authority) {
            let files = vec![authority.place.certificate.clone(), authority.place.key.clone()];
            add("kube-controller-manager", files, Target::Signer);
        }
        if let Some((id, roots)) = self.kubelet_client()? {
            add(api, self.pair(&id), Target::KubeletClient(roots));
        }
        let accounts = self.plan.key_pairs.iter().find(|pair| pair.id == "sa");
        if let Some(place) = accounts.and_then(|pair| pair.places.first()) {
            add(api, vec![place.private.clone()], Target::AtStart);
        }
        for kubelet in kubelets {
            let Some(server) = self.server_of(ServerStyle::Kubelet, kubelet.node()) else { continue };
            let name = kubelet.name();
            add(&name, self.pair(&server.certificate), Target::Kubelet(Arc::clone(kubelet)));
            let clients = self.authority_file(&server.client_authority, &server.node);
            add(&name, clients, Target::KubeletClients(Arc::clone(kubelet)));
            let own = format!("kubelet-client@{}", server.node);
            let planned = self.plan.certificate(&own).map(|own| own.file().to_owned());
            add(&name, planned.into_iter().collect(), Target::AtStart);
        }
        for side in etcd {
            let own = side.read().unwrap_or_else(PoisonError::into_inner).clone();
            let node = own.name.split_once('@').map_or("", |(_, node)| node);
            let Some(server) = self.server_of(own.style, node) else { continue };
            add(&own.name, self.pair(&server.certificate), Target::Etcd(Arc::clone(side)));
            add(&own.name, self.authority_file(&server.client_authority, node), Target::AtStart);
        }
        Ok(all)
    }

    pub(super) fn server_of(&self, style: ServerStyle, node: &str) -> Option<&Server> {
        self.plan.servers.iter().find(|server| server.style == style && server.node == node)
    }

    /// The files of a leaf: certificate and key.
    fn pair(&self, id: &str) -> Vec<String> {
        match self.plan.certificate(id).map(|leaf| &leaf.places) {
            Some(Places::Files(place)) => vec![place.certificate.clone(), place.key.clone()],
            Some(Places::Kubeconfig(path)) => vec![path.clone()],
            None => Vec::new(),
        }
    }

    /// The file of an authority, on that node where it has one of its own.
    pub(super) fn authority_file(&self, id: &str, node: &str) -> Vec<String> {
        let Some(authority) = self.plan.authority(id) else { return Vec::new() };
        let on_node = format!("{node}/");
        let copy = authority.copies.iter().find(|copy| copy.certificate.starts_with(&on_node));
        vec![copy.map_or_else(|| authority.place.certificate.clone(), |copy| copy.certificate.clone())]
    }
}

impl Files {
    /// Looks whether a file has changed since it was last looked at, and lets who reads it do so.
    pub fn look(&mut self) -> Vec<Reread> {
        let mut all = Vec::new();
        for watched in &mut self.watched {
            let now: Vec<Stamp> = watched.paths.iter().map(stamp).collect();
            if now == watched.seen {
                continue;
            }
            watched.seen = now;
            let outcome = watched.read(&self.cluster);
            all.push(Reread { component: watched.component.clone(), files: watched.files.clone(), outcome });
        }
        all
    }
}

impl Watched {
    fn read(&self, cluster: &Cluster) -> Outcome {
        let name = |kind: &str| {
            let paths: Vec<String> = self.paths.iter().map(|path| path.display().to_string()).collect();
            format!("{kind}::{}", paths.join("::"))
        };
        let taken =
            |what: &str, kind: &str| Outcome::Taken(format!("{} name={}", quote(what), quote(&name(kind))));
        let failed = |why: &str| {
            Outcome::Kept(format!("\"Unhandled Error\" err={}", quote(&format!("key failed with : {why}"))))
        };
        let settled = |result: Result<(), String>, what: &str, kind: &str| match result {
            Ok(()) => taken(what, kind),
            Err(why) => failed(&why),
        };
        const PAIR: &str = "Loaded a new cert/key pair";
        const BUNDLE: &str = "Loaded a new CA Bundle and Verifier";
        match &self.target {
            Target::Presented(presented) => {
                let result = self
                    .pair("serving-cert")
                    .and_then(|own| presented.replace(&own).map_err(|error| error.to_string()));
                settled(result, PAIR, "serving-cert")
            }
            Target::KubeletClient(roots) => {
                let result =
                    self.pair("kubelet-client").map(|own| cluster.meet_kubelets(Some(own), roots.clone()));
                settled(result, PAIR, "kubelet-client")
            }
            Target::Clients => {
                let result = self.bundle("client-ca-bundle").map(|roots| {
                    let anchors = (*cluster.anchors()).clone();
                    cluster.trust(crate::cluster::Anchors { clients: Some(roots), ..anchors });
                });
                settled(result, BUNDLE, "client-ca-bundle")
            }
            Target::FrontProxies => {
                let result = self.bundle("request-header").map(|roots| {
                    let anchors = (*cluster.anchors()).clone();
                    cluster.trust(crate::cluster::Anchors { front_proxies: Some(roots), ..anchors });
                });
                settled(result, BUNDLE, "request-header")
            }
            Target::Signer => {
                let result = self.signer().map(|signer| cluster.sign_with(signer));
                settled(result, PAIR, "csr-controller")
            }
            Target::Kubelet(kubelet) => {
                let result = self
                    .pair("kubelet-server-cert-files")
                    .and_then(|own| kubelet.present(Some(&own)).map_err(|error| error.to_string()));
                settled(result, PAIR, "kubelet-server-cert-files")
            }
            Target::KubeletClients(kubelet) => {
                let result = self.bundle("client-ca-bundle").map(|roots| kubelet.trust(Some(roots)));
                settled(result, BUNDLE, "client-ca-bundle")
            }
            Target::Etcd(side) => match self.pair("etcd") {
                Ok(own) => {
                    let mut side = side.write().unwrap_or_else(PoisonError::into_inner);
                    side.credential = own;
                    Outcome::Taken("\"msg\":\"read at the next handshake\"".into())
                }
                Err(why) => Outcome::Kept(format!(
                    "\"msg\":\"failed to create peer certificate\",\"error\":{}",
                    serde_json::Value::from(why)
                )),
            },
            Target::AtStart => Outcome::NeedsRestart,
        }
    }

    fn contents(&self, place: usize) -> Result<Vec<u8>, String> {
        let path = self.paths.get(place).ok_or("no such file")?;
        std::fs::read(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => format!("open {}: no such file or directory", path.display()),
            _ => format!("open {}: {error}", path.display()),
        })
    }

    /// A certificate and its key, as `tls.X509KeyPair` takes them.
    fn pair(&self, kind: &str) -> Result<Credential, String> {
        let (certificate, key) = (self.contents(0)?, self.contents(1)?);
        if certificate.is_empty() || key.is_empty() {
            let paths: Vec<String> = self.paths.iter().map(|path| path.display().to_string()).collect();
            let name = format!("{kind}::{}", paths.join("::"));
            return Err(format!("missing content for serving cert {}", quote(&name)));
        }
        let chain = pem_certificates(&certificate);
        let leaf = chain.first().ok_or("tls: failed to find any PEM data in certificate input")?;
        let key = PrivateKey::from_pem(&key).map_err(|_| "tls: failed to find any PEM data in key input")?;
        let public = x509::public_key_info(leaf).map_err(|error| error.to_string())?;
        if public != key.public_key_info() {
            return Err("tls: private key does not match public key".into());
        }
        Ok(Credential { chain, key: key.der().to_vec() })
    }

    fn bundle(&self, kind: &str) -> Result<Arc<Roots>, String> {
        let bytes = self.contents(0)?;
        let name = quote(&format!(
            "{kind}::{}",
            self.paths.first().map(|own| own.display().to_string()).unwrap_or_default()
        ))
        .clone();
        if bytes.is_empty() {
            return Err(format!("missing content for CA bundle {name}"));
        }
        let certificates = pem_certificates(&bytes);
        if certificates.is_empty() {
            return Err(format!(
                "error loading CA bundle for {name}: data does not contain any valid RSA or ECDSA certificates"
            ));
        }
        Ok(Arc::new(Roots::from_der(certificates)))
    }

    fn signer(&self) -> Result<Signer, String> {
        let Credential { chain, .. } = self.pair("csr-controller")?;
        let key = PrivateKey::from_pem(&self.contents(1)?).map_err(|error| error.to_string())?;
        let certificate = chain.into_iter().next().ok_or("no certificate")?;
        Ok(Signer::new(certificate, key))
    }
}
