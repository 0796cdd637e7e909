//! The API server's port: TLS, HTTP/2 and HTTP/1.1, bounded in connections, sizes and time
//! (apiserver/pkg/server/secure_serving.go).

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use time::OffsetDateTime;
use tokio::io::{AsyncWriteExt as _, copy, sink};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant as Moment, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::exchange::{HttpBody, over_http, whole};
use super::failure::Failure;
use super::feed::Happening;
use super::guests::{Guests, Place};
use super::log::{Answered, Told};
use super::message::{Request, Response};
use super::{Anchors, Cluster, uid};
use crate::handshake::{HandshakeError, Presented, asking_config, in_gos_words};
use crate::trust::Sent;

/// How many clients are connected at a time, unless it is said: where another one comes, one
/// that does nothing leaves.
pub const CONNECTIONS: usize = 4096;
/// How many requests of one client run at a time (`--http2-max-streams-per-connection`).
const STREAMS: u32 = 100;
/// How many requests write at a time: they wait for the disk together.
const WRITERS: usize = 64;
/// The largest head of a request, in bytes.
const LARGEST_HEAD: usize = 64 * 1024;
/// How long what is being answered may take when the server stops.
const PARTING: Duration = Duration::from_secs(2);

/// Why a server does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {}", reason(source))]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Its certificate or key does not serve.
    #[error(transparent)]
    Tls(#[from] HandshakeError),
    /// A bootstrap token could not be stored.
    #[error(
        "no bootstrap token could be made for a node that is to join: {0}; make room on the disk, then start it again"
    )]
    Token(String),
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "something else listens there; use another with --listen, port 0 for any".into()
        }
        io::ErrorKind::PermissionDenied => "permission denied; use a port above 1023 with --listen".into(),
        io::ErrorKind::AddrNotAvailable => {
            "this machine has no such address; use one of its own with --listen".into()
        }
        _ => error.to_string(),
    }
}

/// An API server that listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    connections: usize,
    patience: Patience,
}

/// What an API server serves with.
pub struct Serving {
    /// The cluster.
    pub cluster: Arc<Cluster>,
    /// What it presents.
    pub presented: Arc<Presented>,
    /// Whom it tells what happens.
    pub listener: Listener,
}

/// How long a server waits for a client.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the end of its handshake.
    pub handshake: Duration,
    /// For the head of a request, and for a sign of life on HTTP/2.
    pub head: Duration,
    /// For the body of a request.
    pub body: Duration,
    /// For all of a request, until its answer has been read (`--request-timeout`).
    pub request: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let (handshake, request) = (Duration::from_secs(10), Duration::from_secs(60));
        Self { handshake, head: request / 2, body: request / 2, request }
    }
}

/// Who is told what happens, while it happens: it must not wait.
pub type Listener = Arc<dyn Fn(&Told<'_>) + Send + Sync>;

impl Server {
    /// Listens.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn bind(address: SocketAddr) -> Result<Self, ServerError> {
        let error = |source| ServerError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(error)?;
        let address = listener.local_addr().map_err(error)?;
        Ok(Self { listener, address, connections: CONNECTIONS, patience: Patience::default() })
    }

    /// This server with so many clients connected at a time.
    #[must_use]
    pub const fn at_most(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// This server with so much patience.
    #[must_use]
    pub const fn patient(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until it is told to stop; then what is being answered has a moment to end.
    ///
    /// # Errors
    /// The TLS settings do not serve.
    pub async fn run(self, serving: Serving, stop: impl Future<Output = ()>) -> Result<(), ServerError> {
        let Anchors { clients, front_proxies, .. } = &*serving.cluster.anchors();
        let hints: Vec<_> = clients.as_deref().into_iter().chain(front_proxies.as_deref()).collect();
        let config = asking_config(serving.presented, &hints, &[b"h2", b"http/1.1"])?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let patience = self.patience;
        let guests = Guests::new(self.connections, patience.request);
        let writers = Arc::new(Semaphore::new(WRITERS));
        let (phase, _) = watch::channel(Phase::Open);
        let mut stop = std::pin::pin!(stop);
        let mut tidy = tokio::time::interval(patience.request / 12);
        loop {
            let accepted = tokio::select! {
                () = &mut stop => break,
                _ = tidy.tick() => {
                    guests.tidy();
                    continue;
                }
                accepted = self.listener.accept() => accepted,
            };
            let Ok((stream, from)) = accepted else {
                // No file handles, most likely: others end meanwhile.
                sleep(Duration::from_millis(50)).await;
                continue;
            };
            let acceptor = acceptor.clone();
            let place = guests.admit();
            let client = Client {
                cluster: Arc::clone(&serving.cluster),
                listener: Arc::clone(&serving.listener),
                writers: Arc::clone(&writers),
                from,
                chain: Sent::default(),
                patience,
                place: Arc::clone(&place),
                phase: phase.subscribe(),
            };
            let mut ending = phase.subscribe();
            tokio::spawn(async move {
                tokio::select! {
                    () = connection(stream, acceptor, client) => {}
                    () = place.left() => {}
                    _ = ending.wait_for(|phase| *phase == Phase::Over) => {}
                }
            });
        }
        drop(self.listener);
        let _ = phase.send(Phase::Ending);
        let until = Moment::now() + PARTING;
        while guests.count() > 0 && Moment::now() < until {
            sleep(Duration::from_millis(5)).await;
        }
        let _ = phase.send(Phase::Over);
        Ok(())
    }
}

/// How far the server is with its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It serves.
    Open,
    /// What has been asked is answered; nothing more is.
    Ending,
    /// Nothing is answered any more.
    Over,
}

/// Returns when the server is to stop.
pub(super) async fn ending(mut phase: watch::Receiver<Phase>) {
    // A server that is gone has stopped, too.
    let _ = phase.wait_for(|phase| *phase != Phase::Open).await;
}

/// Who is at the other end of a connection.
struct Client {
    cluster: Arc<Cluster>,
    listener: Listener,
    writers: Arc<Semaphore>,
    from: SocketAddr,
    /// The certificates that it presented.
    chain: Sent,
    patience: Patience,
    place: Arc<Place>,
    phase: watch::Receiver<Phase>,
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, client: Client) {
    // Small answers would wait for acknowledgements otherwise.
    let _ = stream.set_nodelay(true);
    let handshake = async {
        let mut first = [0_u8; 1];
        let is_plain = matches!(stream.peek(&mut first).await, Ok(1))
            && first.first().is_some_and(u8::is_ascii_alphabetic);
        if is_plain { Err(stream) } else { Ok(acceptor.accept(stream).into_fallible().await) }
    };
    let shaken = tokio::select! {
        shaken = timeout(client.patience.handshake, handshake) => shaken,
        () = ending(client.phase.clone()) => return,
    };
    match shaken {
        Ok(Ok(Ok(stream))) => serve(stream, client).await,
        Ok(Ok(Err((error, mut stream)))) => {
            client.tell(&Told::Handshake { from: client.from, error: &in_gos_words(&error) });
            // Closing with unread data would lose the alert on the way.
            let _ = stream.shutdown().await;
            let _ = timeout(Duration::from_millis(500), copy(&mut stream, &mut sink())).await;
        }
        Ok(Err(stream)) => plain(stream, client.patience.head).await,
        Err(_) => {}
    }
}

/// What Go's server says to a client without TLS (net/http/server.go).
async fn plain(mut stream: TcpStream, patience: Duration) {
    let answer = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
    let _ = timeout(patience, stream.write_all(answer)).await;
    let _ = stream.shutdown().await;
    let _ = timeout(Duration::from_millis(500), copy(&mut stream, &mut sink())).await;
}

async fn serve(stream: TlsStream<TcpStream>, mut client: Client) {
    let (_, session) = stream.get_ref();
    let is_h2 = session.alpn_protocol() == Some(b"h2");
    let certificates = session.peer_certificates().unwrap_or_default();
    client.chain = Sent::parse(certificates);
    client.place.welcome();
    let (phase, head) = (client.phase.clone(), client.patience.head);
    let client = Arc::new(client);
    let service = service_fn(move |request| {
        let client = Arc::clone(&client);
        async move { Ok::<_, Infallible>(client.answer(request).await) }
    });
    let stream = TokioIo::new(stream);
    // An error is the client's hanging up, or its breaking the protocol. When the server stops,
    // the client hears of it and asks for nothing more.
    if is_h2 {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .keep_alive_interval(head)
            .keep_alive_timeout(head);
        let mut connection = std::pin::pin!(builder.serve_connection(stream, service));
        tokio::select! {
            _ = connection.as_mut() => return,
            () = ending(phase) => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    } else {
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(head).max_buf_size(LARGEST_HEAD);
        let mut connection = std::pin::pin!(builder.serve_connection(stream, service));
        tokio::select! {
            _ = connection.as_mut() => return,
            () = ending(phase) => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    }
}

impl Client {
    fn tell(&self, told: &Told<'_>) {
        (self.listener)(told);
        self.cluster.feed().tell(|| Happening::of_api_server(told));
    }

    async fn answer(&self, request: hyper::Request<Incoming>) -> hyper::Response<HttpBody> {
        let (received, started) = (OffsetDateTime::now_utc(), Instant::now());
        let visit = self.place.visit();
        let (head, body) = request.into_parts();
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
        let headers = head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let mut request =
            Request { method: head.method.to_string(), target, headers: headers.collect(), body: Vec::new() };
        let response = match timeout(self.patience.body, whole(body, &visit)).await {
            Ok(Ok(body)) => {
                request.body = body;
                self.handle(&request).await
            }
            Ok(Err(failure)) => failure.response(),
            Err(_) => Failure::bad_request("the body of the request did not arrive in time").response(),
        };
        let audit_id = uid();
        self.tell(&Told::Answered(Answered {
            request: &request,
            response: &response,
            from: self.from,
            chain: &self.chain,
            audit_id: &audit_id,
            received,
            took: started.elapsed(),
        }));
        over_http(response, &audit_id, visit, self.phase.clone())
    }

    async fn handle(&self, request: &Request) -> Response {
        let answer = || self.cluster.handle(&self.chain, request);
        if matches!(request.method.as_str(), "GET" | "HEAD") {
            answer()
        } else {
            let _turn = self.writers.acquire().await;
            // It waits for the disk.
            tokio::task::block_in_place(answer)
        }
    }
}
