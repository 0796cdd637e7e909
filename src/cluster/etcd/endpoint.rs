//! A member's port for clients: whoever has a certificate of its CA is let in, to gRPC over
//! HTTP/2, and to `/health` and `/version` over HTTP/1.1 (etcd server/embed/serve.go).

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue, USER_AGENT};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use time::OffsetDateTime;
use tokio::net::TcpStream;

use super::super::companions::CompanionListener;
use super::super::feed::{Exchange, Happening, What};
use super::Etcd;
use super::frame::{GRPC, HttpBody, outcome};
use super::service::Service;
use crate::access::{Authentication, HttpRequest, ServerKind, World, respond};
use crate::handshake::{Options, Secured, ServerSide, admit};
use crate::x509;

/// How long a client has for its handshake, and for the head of a request over HTTP/1.1.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a silent client is asked whether it is there (`--grpc-keepalive-interval` is 2 h;
/// a place is not kept for so long here), and how long it has to say so.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(20);
/// How many requests of one client run at a time.
const STREAMS: u32 = 100;

impl Etcd {
    /// Serves one connection of a member, up to its end.
    pub(in super::super) async fn answer(
        self: &Arc<Self>,
        stream: TcpStream,
        side: &ServerSide,
        told: &CompanionListener,
    ) {
        let options = Options { timeout: PATIENCE, ..Options::at(self.cluster.now()) };
        // An error is the client's hanging up, or its taking too long.
        let Ok(admitted) = admit(stream, side, &options, &[b"h2", b"http/1.1"]).await else { return };
        if let Some(log) = &admitted.server_log {
            told(&side.name, log);
        }
        let lines = admitted.server_log.into_iter().map(|log| log.line);
        let told = Teller { etcd: Arc::clone(self), name: side.name.clone(), from: admitted.from };
        let Some(stream) = admitted.stream else {
            let log: Vec<String> = lines.collect();
            let why = log.first().cloned().unwrap_or_default();
            told.tell(|| What::Refused { from: told.from, why }, log);
            return;
        };
        let subject = admitted.leaf.and_then(|leaf| x509::subject(&leaf).ok());
        let node = side.name.split_once('@').map_or("", |(_, node)| node);
        let member = self.members.iter().position(|own| own.name == node).unwrap_or_default();
        let service = Service { etcd: Arc::clone(self), member };
        if admitted.is_http2 {
            http_2(stream, Caller { service, told: Arc::new(told), subject }, Arc::clone(&side.world)).await;
        } else {
            http_1(stream, &side.world).await;
        }
    }
}

/// Tells the feed what happens at a member.
struct Teller {
    etcd: Arc<Etcd>,
    name: String,
    from: SocketAddr,
}

impl Teller {
    fn tell(&self, what: impl FnOnce() -> What, log: Vec<String>) {
        let at = OffsetDateTime::now_utc();
        let happening = || Happening { at, component: self.name.clone(), what: what(), log };
        self.etcd.cluster.feed().tell(happening);
    }
}

/// A client that was let in.
#[derive(Clone)]
struct Caller {
    service: Service,
    told: Arc<Teller>,
    /// The subject of its certificate.
    subject: Option<String>,
}

impl Caller {
    async fn answer(self, request: Request<Incoming>) -> Response<HttpBody> {
        let began = Instant::now();
        let target = request.uri().path().to_owned();
        let agent = request.headers().get(USER_AGENT).map(HeaderValue::as_bytes).unwrap_or_default();
        let user_agent = String::from_utf8_lossy(agent).into_owned();
        let response = self.service.answer(request).await;
        let Self { told, subject, .. } = self;
        let exchange = || Exchange {
            from: told.from,
            method: "POST".to_owned(),
            target,
            user_agent,
            attributes: None,
            certificate: subject,
            recognitions: Vec::new(),
            identity: None,
            impersonator: None,
            decision: None,
            status: response.status().as_u16(),
            message: outcome(response.headers()).map(|status| status.message),
            audit: String::new(),
            took: began.elapsed(),
        };
        told.tell(|| What::Answered(Box::new(exchange())), Vec::new());
        response
    }
}

async fn http_2(stream: Box<dyn Secured>, caller: Caller, world: Arc<World>) {
    let answer = service_fn(move |request: Request<Incoming>| {
        let (caller, world) = (caller.clone(), Arc::clone(&world));
        async move {
            let content = request.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
            let is_grpc = content.is_some_and(|content| content.starts_with(GRPC.as_bytes()));
            Ok::<_, Infallible>(if is_grpc { caller.answer(request).await } else { plain(&request, &world) })
        }
    });
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT);
    // An error is the client's hanging up, or its breaking the protocol.
    let _ = builder.serve_connection(TokioIo::new(stream), answer).await;
}

async fn http_1(stream: Box<dyn Secured>, world: &World) {
    let answer = service_fn(|request: Request<Incoming>| {
        let answer = plain(&request, world);
        async move { Ok::<_, Infallible>(answer) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    let _ = builder.serve_connection(TokioIo::new(stream), answer).await;
}

/// What is asked over HTTP alone.
fn plain(request: &Request<Incoming>, world: &World) -> Response<HttpBody> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let asked = HttpRequest { method: request.method().as_str(), path };
    let answer = respond(ServerKind::EtcdClient, Authentication::Anonymous, &asked, world);
    let mut response = Response::new(Full::new(Bytes::from(answer.body)).boxed_unsync());
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    response
}
