//! The life of a kubelet that joins: TLS bootstrap with a token, registration of its node, and
//! certificates that it keeps alive (pkg/kubelet/certificate/bootstrap, cmd/kubelet/app/server.go).

use std::sync::Arc;

use hyper::Method;
use serde::Deserialize;
use time::Duration;
use tokio::time::sleep;

use super::certificates::{Manager, Use, go};
use super::files::{Files, Pair};
use super::{Kubelet, get};
use crate::access::{Json, WorldNode};
use crate::blueprint::Joining;
use crate::text::quote;
use crate::workspace::{Secrecy, Serving};

/// How long a kubelet goes on without a good certificate before it ends, to be started again.
const EXIT_AFTER: Duration = Duration::minutes(5);
/// How long systemd waits before it starts a kubelet again (`RestartSec`).
const RESTART: std::time::Duration = std::time::Duration::from_secs(10);

/// A kubelet that joins, and where it keeps its files.
pub struct Joined {
    kubelet: Arc<Kubelet>,
    files: Files,
    places: Joining,
    /// The kubeconfig's cluster part: `https://ADDRESS:PORT` and the CA in PEM.
    server: String,
    authority: String,
}

impl Joined {
    /// A kubelet that keeps its files in these places.
    #[must_use]
    pub fn new(kubelet: Arc<Kubelet>, serving: Arc<Serving>, places: Joining) -> Self {
        let server = format!("https://{}", kubelet.api.address);
        let roots = kubelet.api.roots.certificates().iter();
        let authority = roots.map(|root| crate::pki::pem("CERTIFICATE", root.der())).collect();
        let files = Files { serving, directory: places.certificates.clone() };
        Self { kubelet, files, places, server, authority }
    }

    /// Whether it was here before: it needs no token then.
    ///
    /// # Errors
    /// Its kubeconfig cannot be read.
    pub fn has_joined(&self) -> Result<bool, crate::workspace::WorkspaceError> {
        Ok(self.files.serving.store().read(&self.places.kubeconfig)?.is_some())
    }

    /// Lives until it is dropped. It ends as the real one does, and is started again as systemd
    /// does it.
    pub async fn run(self) {
        loop {
            if let Err(why) = self.live().await {
                let text =
                    format!("\"command failed\" err={}", quote(&format!("failed to run Kubelet: {why}")));
                self.kubelet.log('E', "run.go:72", &text);
            }
            self.kubelet.identify(None);
            let _ = self.kubelet.present(None);
            sleep(RESTART).await;
        }
    }

    /// From start to end.
    async fn live(&self) -> Result<(), String> {
        let kubelet = &*self.kubelet;
        let token = self.credentials()?;
        let client = Manager { kubelet, files: &self.files, of: Use::Client, token: token.as_deref() };
        let serving = Manager { kubelet, files: &self.files, of: Use::Serving, token: None };
        if let Some(current) = self.files.current(Use::Serving.prefix()) {
            let _ = kubelet.present(Some(&current.credential));
        }
        let on_client = |pair: &Pair| {
            kubelet.identify(Some(pair.credential.clone()));
            self.settle();
        };
        let on_serving = |pair: &Pair| {
            // What was just made and signed can be presented.
            let _ = kubelet.present(Some(&pair.credential));
        };
        let known = async {
            self.register().await;
            serving.run(on_serving).await;
        };
        tokio::select! {
            () = client.run(on_client) => Ok(()),
            () = known => Ok(()),
            () = self.expiry() => Ok(()),
        }
    }

    /// What the kubelet starts with: its certificate if that is good, else a bootstrap token.
    fn credentials(&self) -> Result<Option<String>, String> {
        let store = self.files.serving.store();
        let now = self.kubelet.now();
        let has_kubeconfig =
            store.read(&self.places.kubeconfig).map_err(|error| error.to_string())?.is_some();
        if has_kubeconfig && let Some(current) = self.files.current(Use::Client.prefix()) {
            if now <= current.not_after {
                let text = "\"Current kubeconfig file contents are still valid, no bootstrap necessary\"";
                self.kubelet.log_at(2, "bootstrap.go:94", text);
                self.kubelet.identify(Some(current.credential));
                return Ok(None);
            }
            let why = format!(
                "part of the existing bootstrap client certificate in {} is expired: {}",
                self.places.kubeconfig,
                go(current.not_after)
            );
            self.kubelet.log('E', "bootstrap.go:266", &format!("\"Unhandled Error\" err={}", quote(&why)));
        }
        let path = store.path(&self.places.bootstrap).display().to_string();
        let text = store.read(&self.places.bootstrap).map_err(|error| error.to_string())?;
        let text = text.ok_or_else(|| {
            format!("unable to load bootstrap kubeconfig: stat {path}: no such file or directory")
        })?;
        let token = bootstrap_token(&String::from_utf8_lossy(&text));
        let token =
            token.ok_or_else(|| format!("unable to load bootstrap kubeconfig: {path} holds no token"))?;
        let text = "\"Use the bootstrap credentials to request a cert, and set kubeconfig to point to the certificate dir\"";
        self.kubelet.log_at(2, "bootstrap.go:101", text);
        Ok(Some(token))
    }

    /// The kubeconfig names the current certificate from now on, and the token has done its part.
    fn settle(&self) {
        let store = self.files.serving.store();
        let current = store.path(&self.files.current_path(Use::Client.prefix()));
        let current = std::path::absolute(&current).unwrap_or(current).display().to_string();
        let user = format!("    client-certificate: {current}\n    client-key: {current}\n");
        let text = kubeconfig(
            &self.server,
            &self.kubelet.api.name.to_string(),
            &self.authority,
            "default-auth",
            &user,
        );
        if let Err(error) =
            self.files.serving.write(&self.places.kubeconfig, text.as_bytes(), Secrecy::Private)
        {
            self.kubelet.log(
                'E',
                "bootstrap.go:120",
                &format!("\"Unhandled Error\" err={}", quote(&error.to_string())),
            );
            return;
        }
        let _ = std::fs::remove_file(store.path(&self.places.bootstrap));
    }

    /// Makes the node known, as soon as there is a certificate to do it with.
    async fn register(&self) {
        let kubelet = &*self.kubelet;
        while get(&kubelet.own).is_none() {
            sleep(std::time::Duration::from_millis(50)).await;
        }
        let node = WorldNode { name: kubelet.node.clone(), address: kubelet.address, control_plane: false };
        let log = |text: &str| {
            kubelet.log(
                'I',
                "kubelet_node_status.go:74",
                &format!("{} node={}", quote(text), quote(&kubelet.node)),
            );
        };
        loop {
            log("Attempting to register node");
            let object = node.object(&crate::clock::rfc3339(kubelet.now()));
            match kubelet.own_request((&Method::POST, "/api/v1/nodes"), Some(&object)).await {
                Ok(_) => break log("Successfully registered node"),
                Err(why) if why.contains("already exists") => break log("Node was previously registered"),
                Err(why) => {
                    let text = format!(
                        "\"Unable to register node with API server\" err={} node={}",
                        quote(&why),
                        quote(&kubelet.node)
                    );
                    kubelet.log('E', "kubelet_node_status.go:107", &text);
                }
            }
            sleep(std::time::Duration::from_secs(2)).await;
        }
        let lease = Json::object([
            ("kind", "Lease".into()),
            ("apiVersion", "coordination.k8s.io/v1".into()),
            ("metadata", Json::object([("name", kubelet.node.as_str().into())])),
        ]);
        let spec = Json::object([
            ("holderIdentity", kubelet.node.as_str().into()),
            ("leaseDurationSeconds", Json::integer(40)),
        ]);
        let path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
        // It may be there from before.
        let _ = kubelet.own_request((&Method::POST, path), Some(&lease.with("spec", spec))).await;
    }

    /// Ends when the client certificate has been expired for too long.
    async fn expiry(&self) {
        let kubelet = &*self.kubelet;
        loop {
            sleep(std::time::Duration::from_secs(1)).await;
            let Some(current) = self.files.current(Use::Client.prefix()) else { continue };
            if kubelet.now() > current.not_after + EXIT_AFTER {
                let text = "\"No valid client certificate is found and the server is responsive, exiting.\"";
                let since = go(current.not_after);
                let more =
                    format!("lastCertificateAvailabilityTime={} shutdownThreshold=\"5m0s\"", quote(&since));
                kubelet.log('E', "transport.go:147", &format!("{text} {more}"));
                return;
            }
        }
    }
}

fn kubeconfig(server: &str, name: &str, authority: &str, user: &str, credential: &str) -> String {
    use base64::Engine as _;
    let authority = base64::engine::general_purpose::STANDARD.encode(authority);
    format!(
        "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {authority}\n    server: {server}\n    tls-server-name: {name}\n  name: default-cluster\n\
         contexts:\n- context:\n    cluster: default-cluster\n    namespace: default\n    user: {user}\n  name: default-context\ncurrent-context: default-context\n\
         kind: Config\nusers:\n- name: {user}\n  user:\n{credential}"
    )
}

/// A kubeconfig with a bootstrap token, as `kubeadm join` writes it.
#[must_use]
pub fn bootstrap_kubeconfig(api: &super::Api, token: &str) -> String {
    let authority: String =
        api.roots.certificates().iter().map(|root| crate::pki::pem("CERTIFICATE", root.der())).collect();
    let server = format!("https://{}", api.address);
    kubeconfig(
        &server,
        &api.name.to_string(),
        &authority,
        "tls-bootstrap-token-user",
        &format!("    token: {token}\n"),
    )
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    users: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    user: User,
}

#[derive(Deserialize)]
struct User {
    token: Option<String>,
}

/// The token of a kubeconfig.
fn bootstrap_token(text: &str) -> Option<String> {
    let file: File = serde_saphyr::from_str(text).ok()?;
    file.users.into_iter().find_map(|named| named.user.token)
}
