//! The API server as the client of kubelets: `kubectl logs` and `exec` go through it
//! (pkg/registry/core/pod/rest, pkg/kubelet/client).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::timeout;

use crate::access::Json;
use crate::blueprint::HostName;
use crate::handshake::{Caller, Credential, call};
use crate::text::quote;
use crate::trust::Roots;

use super::Cluster;
use super::conditions::address;
use super::failure::{Answer, Failure};
use super::kubelet::{dial_words, whole};
use super::message::Response;

/// How long a kubelet has for its answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How the API server reaches kubelets.
#[derive(Debug, Default)]
pub(super) struct Kubelets {
    /// `--kubelet-client-certificate` and `--kubelet-client-key`
    credential: Option<Credential>,
    /// `--kubelet-certificate-authority`; without it kubelets are not verified.
    roots: Option<Arc<Roots>>,
    /// Where the kubelets of these nodes listen.
    listening: HashMap<String, SocketAddr>,
}

impl Cluster {
    /// Meets kubelets with this from now on, and has their certificates from these authorities;
    /// without any, it does not verify them.
    pub fn meet_kubelets(&self, credential: Option<Credential>, roots: Option<Arc<Roots>>) {
        let mut kubelets = self.kubelets.write().unwrap_or_else(PoisonError::into_inner);
        kubelets.credential = credential;
        kubelets.roots = roots;
    }

    /// The kubelet of a node listens there: in the lab, the node's own address leads nowhere.
    pub fn kubelet_listens(&self, node: &str, address: SocketAddr) {
        let mut kubelets = self.kubelets.write().unwrap_or_else(PoisonError::into_inner);
        kubelets.listening.insert(node.to_owned(), address);
    }

    /// What the kubelet of a node answers to the API server; `None` where no kubelets are played.
    pub(super) fn ask_kubelet(&self, node: &str, method: &str, path: &str) -> Option<Answer> {
        let kubelets = self.kubelets.read().unwrap_or_else(PoisonError::into_inner);
        if kubelets.listening.is_empty() {
            return None;
        }
        let object = self.read().get(("", "nodes"), "", node);
        let Some(object) = object else { return Some(Err(Failure::not_found("", "nodes", node))) };
        let host = address(&object, "InternalIP");
        let port = object.at("status.daemonEndpoints.kubeletEndpoint.Port").and_then(Json::as_integer);
        let named = host.parse().unwrap_or_else(|_| HostName::Dns(node.to_owned()));
        let url = format!("https://{}{path}", authority(&named, port.unwrap_or(10250)));
        let failed = |why: &str| {
            let (first, rest) = method.split_at_checked(1).unwrap_or_default();
            Failure::unknown(format!("{first}{} {}: {why}", rest.to_ascii_lowercase(), quote(&url)))
        };
        let Some(address) = kubelets.listening.get(node).copied() else {
            let there = authority(&named, port.unwrap_or(10250));
            return Some(Err(failed(&format!("dial tcp {there}: connect: connection refused"))));
        };
        let caller = Caller {
            credential: kubelets.credential.clone(),
            roots: kubelets.roots.clone(),
            server_name: named,
            protocols: vec!["http/1.1".into()],
            version: None,
        };
        drop(kubelets);
        let handle =
            Handle::try_current().ok().filter(|own| own.runtime_flavor() == RuntimeFlavor::MultiThread)?;
        let work = async {
            let answer = timeout(TIMEOUT, self.exchange(address, &caller, method, path)).await;
            answer.unwrap_or_else(|_| Err("context deadline exceeded".into()))
        };
        let answer = tokio::task::block_in_place(|| handle.block_on(work));
        Some(match answer {
            Ok((status @ ..=299, body)) => Ok(Response::new(status, "text/plain", body)),
            Ok((status, body)) => Err(Failure::of_server(status, String::from_utf8_lossy(&body).trim_end())),
            Err(why) => Err(failed(&why)),
        })
    }

    async fn exchange(
        &self,
        address: SocketAddr,
        caller: &Caller,
        method: &str,
        path: &str,
    ) -> Result<(u16, Vec<u8>), String> {
        let stream = TcpStream::connect(address).await.map_err(|error| dial_words(address, &error))?;
        let stream = call(stream, caller, self.now()).await?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
        // It ends with the answer.
        tokio::spawn(connection);
        let request = hyper::Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, address.to_string())
            .header(header::USER_AGENT, "Go-http-client/1.1")
            .body(Empty::<Bytes>::new().boxed())
            .map_err(|error| error.to_string())?;
        let response = sender.send_request(request).await.map_err(|_| "EOF".to_owned())?;
        let status = response.status().as_u16();
        Ok((status, whole(response.into_body()).await?))
    }
}

fn authority(host: &HostName, port: i64) -> String {
    match host {
        HostName::Ip(std::net::IpAddr::V6(address)) => format!("[{address}]:{port}"),
        host => format!("{host}:{port}"),
    }
}
