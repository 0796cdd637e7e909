//! The side that is dialled.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, header};
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::server::NoServerSessionStorage;
use time::OffsetDateTime;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::client::PROTOCOL;
use super::judge::{ClientJudge, check_peer_address};
use super::key::Presenter;
use super::record::Record;
use super::stream::{Watched, hang_up};
use super::tap::{Tap, Tape};
use super::{HandshakeError, Options, ServerSide, Side, Step};
use crate::access::{
    Authentication, Authenticators, FrontProxy, HttpRequest, HttpResponse, ServerKind, authenticate, respond,
};
use crate::blueprint::ServerStyle;
use crate::text::quote;
use crate::trust::Sent;

/// A server ready to be dialled.
pub(super) struct Server<'a> {
    side: &'a ServerSide,
    config: Arc<ServerConfig>,
    now: OffsetDateTime,
    record: Record,
    pub(super) is_mismatched: bool,
}

impl<'a> Server<'a> {
    /// Prepares a server.
    ///
    /// # Errors
    /// The key cannot be used.
    pub(super) fn new(
        side: &'a ServerSide,
        options: &Options,
        record: &Record,
        tape: Option<&Tape>,
    ) -> Result<Self, HandshakeError> {
        let presenter = Presenter::new(Side::Server, Some(&side.credential), record)?;
        let is_mismatched = presenter.is_mismatched();
        let builder = ServerConfig::builder_with_provider(options.offer.provider(Side::Server))
            .with_safe_default_protocol_versions()
            .map_err(|source| HandshakeError::Settings { side: Side::Server, source })?;
        let builder = match client_judge(side, options.now, record) {
            Some(judge) => builder.with_client_cert_verifier(Arc::new(judge)),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_cert_resolver(Arc::new(presenter));
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        if let Some(tape) = tape {
            config.key_log = Arc::new(tape.clone());
        }
        Ok(Self { side, config: Arc::new(config), now: options.now, record: record.clone(), is_mismatched })
    }

    /// Speaks these protocols.
    pub(super) fn speaking(mut self, protocols: &[&[u8]]) -> Self {
        let config = Arc::make_mut(&mut self.config);
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        self
    }

    /// Makes the handshake; `None` where one of the two would not have the other.
    pub(super) async fn accept(&self, stream: Tap<TcpStream>) -> Option<TlsStream<Tap<TcpStream>>> {
        let acceptor = TlsAcceptor::from(Arc::clone(&self.config));
        match acceptor.accept(stream).into_fallible().await {
            Err((error, stream)) => {
                self.record.failed(Side::Server, &error);
                hang_up(stream).await;
                None
            }
            Ok(stream) => {
                self.record.finished(Side::Server, stream.get_ref().1);
                Some(stream)
            }
        }
    }

    /// Serves one connection, which etcd takes to come from `address`.
    pub(super) async fn run(&self, stream: Tap<TcpStream>, address: IpAddr) {
        let Some(stream) = self.accept(stream).await else { return };
        let presented = self.record.notes().server.presented.clone().unwrap_or_default();
        if self.takes_peer_from(address, &presented) {
            self.serve(stream, &presented).await;
        } else {
            self.record.say(Side::Server, Step::Closes);
            hang_up(stream).await;
        }
    }

    /// etcd's own check of a peer, after the handshake.
    fn takes_peer_from(&self, address: IpAddr, presented: &Sent) -> bool {
        if self.side.style != ServerStyle::EtcdPeer {
            return true;
        }
        let Some(leaf) = presented.leaf() else {
            return true;
        };
        match check_peer_address(leaf, address, quote) {
            Ok(()) => true,
            Err(message) => {
                self.record.notes().alternative_names = Some((
                    leaf.ip_addresses().iter().map(IpAddr::to_string).collect(),
                    leaf.dns_names().to_vec(),
                ));
                self.record.refuse(Side::Server, message, None);
                false
            }
        }
    }

    async fn serve(&self, stream: TlsStream<Tap<TcpStream>>, presented: &Sent) {
        let watched = TokioIo::new(Watched::new(stream, Side::Server, &self.record));
        let service = service_fn(|request: Request<Incoming>| {
            let response = self.answer(&request, presented);
            async move { response }
        });
        // An error has been noted by the stream, or is the client's hanging up.
        let _ = http1::Builder::new().keep_alive(false).serve_connection(watched, service).await;
    }

    fn answer(
        &self,
        request: &Request<Incoming>,
        presented: &Sent,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        self.record
            .say(Side::Server, Step::Request { method: request.method().to_string(), path: path.to_owned() });
        let request_read = HttpRequest { method: request.method().as_str(), path };
        let headers: Vec<(String, String)> = request
            .headers()
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.to_string(), value)
            })
            .collect();
        let authentication = self.authenticate(presented, &headers);
        let node = self.side.name.split_once('@').map_or("", |(_, node)| node);
        let kind = match self.side.style {
            ServerStyle::KubeApiserver => ServerKind::KubeApiserver,
            ServerStyle::Kubelet => ServerKind::Kubelet { node },
            ServerStyle::Etcd => ServerKind::EtcdClient,
            ServerStyle::EtcdPeer => ServerKind::EtcdPeer,
        };
        let answer = respond(kind, authentication, &request_read, &self.side.world);
        if let Some(identity) = &answer.identity {
            self.record.say(
                Side::Server,
                Step::Authenticated { user: identity.user.clone(), groups: identity.groups.clone() },
            );
        }
        self.record.say(Side::Server, Step::Response { status: answer.status });
        let response = over_http(&answer);
        self.record.notes().response = Some(answer);
        Ok(response)
    }

    /// etcd asks TLS alone; the others ask their authenticators.
    fn authenticate(&self, presented: &Sent, headers: &[(String, String)]) -> Authentication {
        if matches!(self.side.style, ServerStyle::Etcd | ServerStyle::EtcdPeer) {
            return Authentication::Anonymous;
        }
        let authenticators = Authenticators {
            client_roots: self.side.client_roots.as_deref(),
            front_proxy: self
                .side
                .request_header
                .as_ref()
                .map(|front| FrontProxy { roots: &front.roots, allowed_names: &front.allowed_names }),
            time: self.now,
        };
        let authenticated = authenticate(&authenticators, presented, headers);
        if let Some(verdict) = &authenticated.verdict {
            self.record.judged(Side::Server, verdict.clone());
        }
        if let Some(error) = &authenticated.error {
            let error = error.clone();
            self.record.say(Side::Server, Step::Unauthenticated { error });
        }
        let authentication = authenticated.authentication.clone();
        self.record.notes().authenticated = Some(authenticated);
        authentication
    }
}

/// How this server has rustls judge clients; `None`: it does not ask for certificates.
fn client_judge(side: &ServerSide, now: OffsetDateTime, record: &Record) -> Option<ClientJudge> {
    match side.style {
        ServerStyle::Etcd | ServerStyle::EtcdPeer => {
            side.client_roots.clone().map(|roots| ClientJudge::now(roots, now, record))
        }
        ServerStyle::KubeApiserver | ServerStyle::Kubelet => {
            let front = side.request_header.as_ref().map(|front| &*front.roots);
            let hints: Vec<_> = side.client_roots.as_deref().into_iter().chain(front).collect();
            (!hints.is_empty()).then(|| ClientJudge::later(now, &hints, record))
        }
    }
}

fn over_http(answer: &HttpResponse) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(answer.body.clone())));
    // The lab's own statuses are all statuses.
    *response.status_mut() =
        hyper::StatusCode::from_u16(answer.status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, header::HeaderValue::from_static(answer.content_type));
    response
}

/// The address that etcd sees.
pub(super) fn seen_address(given: Option<IpAddr>, real: SocketAddr) -> IpAddr {
    given.unwrap_or_else(|| real.ip())
}
