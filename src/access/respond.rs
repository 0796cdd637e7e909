//! The answers of kube-apiserver, kubelet and etcd.

mod api_server;
mod etcd;
mod kubelet;

pub use api_server::serve_path;
pub use kubelet::{kubelet_answer, kubelet_forbids, questions as kubelet_questions};

use super::decision::Decision;
use super::identity::Identity;
use super::json::Json;
use super::world::World;

/// Which server is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerKind<'a> {
    /// kube-apiserver, port 6443.
    KubeApiserver,
    /// The kubelet of a node, port 10250.
    Kubelet {
        /// The node's name: it is part of what the kubelet asks the API server.
        node: &'a str,
    },
    /// etcd for its clients, port 2379.
    EtcdClient,
    /// etcd for its other members, port 2380.
    EtcdPeer,
}

/// What the server made of the client's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authentication {
    /// An authenticator knows the client.
    Identified(Identity),
    /// No authenticator had an opinion: no certificate, or one without a name.
    Anonymous,
    /// An authenticator refused the credential.
    Refused,
}

/// A request: its method and target (path, and query after `?`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpRequest<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// `/api/v1/nodes?limit=500`
    pub path: &'a str,
}

impl HttpRequest<'_> {
    /// The path without its query.
    fn bare_path(&self) -> &str {
        self.path.split_once('?').map_or(self.path, |(path, _)| path)
    }

    /// Whether the query has this key.
    fn asks(&self, key: &str) -> bool {
        let query = self.path.split_once('?').map_or("", |(_, query)| query);
        query.split('&').any(|pair| pair.split('=').next() == Some(key))
    }
}

/// An answer, and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// The media type of the body.
    pub content_type: &'static str,
    /// The body, as it goes over the wire.
    pub body: String,
    /// Who the server took the client for; `None` when it was refused, and for
    /// etcd, which asks for a certificate but for no name.
    pub identity: Option<Identity>,
    /// How the request was authorized, where it came to that.
    pub decision: Option<Decision>,
}

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

impl HttpResponse {
    /// Plain text.
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self { status, content_type: TEXT, body: body.into(), identity: None, decision: None }
    }

    /// Indented, as kube-apiserver answers curl.
    fn json(status: u16, body: &Json) -> Self {
        Self { content_type: JSON, ..Self::text(status, body.pretty()) }
    }

    /// Go's `http.NotFound`.
    fn page_not_found() -> Self {
        Self::text(404, "404 page not found\n")
    }

    /// The honest answer where a real server does what this lab does not play.
    fn not_played(what: &str) -> Self {
        Self::text(501, format!("this lab does not play {what}; a real cluster does\n"))
    }

    fn by(mut self, identity: &Identity, decision: Decision) -> Self {
        self.identity = Some(identity.clone());
        self.decision = Some(decision);
        self
    }
}

/// Answers a request as the real server would, from a simulated cluster.
pub fn respond(
    server: ServerKind<'_>,
    authentication: Authentication,
    request: &HttpRequest<'_>,
    world: &World,
) -> HttpResponse {
    match server {
        ServerKind::KubeApiserver => api_server::respond(authentication, request, world),
        ServerKind::Kubelet { node } => kubelet::respond(node, authentication, request, world),
        // Over TLS with client certificates nobody gets here without one.
        ServerKind::EtcdClient => etcd::client(request),
        ServerKind::EtcdPeer => etcd::peer(request),
    }
}
