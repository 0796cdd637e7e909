//! A kubelet's port: TLS that asks for a client certificate, and HTTP behind it
//! (pkg/kubelet/server/server.go).

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, header};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncWriteExt as _, copy, sink};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::{Kubelet, get};
use crate::access::{HttpRequest, HttpResponse};
use crate::cluster::feed::Happening;
use crate::cluster::server::ServerError;
use crate::handshake::asking_config;
use crate::trust::Sent;

/// The port of a kubelet.
const PORT: u16 = 10250;
/// How many clients are served at a time.
const CONNECTIONS: usize = 256;
/// How long a client has for its handshake, and for its request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// `fatal`, `internal_error` in a record of TLS (RFC 8446 section 6): what Go's server sends that
/// has no certificate, and the TLS library has no way to.
const INTERNAL_ERROR: [u8; 7] = [21, 3, 3, 0, 2, 2, 80];

/// A kubelet that listens.
pub struct KubeletPort {
    listener: TcpListener,
    address: SocketAddr,
    kubelet: Arc<Kubelet>,
}

impl KubeletPort {
    /// Listens on a kubelet's usual port, or on any free one if that is taken or `any_port` is
    /// asked for.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn bind(host: IpAddr, any_port: bool, kubelet: Arc<Kubelet>) -> Result<Self, ServerError> {
        let free = SocketAddr::new(host, 0);
        let error = |source| ServerError::Listen { address: free, source };
        let usual = if any_port { None } else { TcpListener::bind(SocketAddr::new(host, PORT)).await.ok() };
        let listener = match usual {
            Some(listener) => listener,
            None => TcpListener::bind(free).await.map_err(error)?,
        };
        let address = listener.local_addr().map_err(error)?;
        Ok(Self { listener, address, kubelet })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The kubelet.
    #[must_use]
    pub const fn kubelet(&self) -> &Arc<Kubelet> {
        &self.kubelet
    }

    /// Serves until it is dropped.
    pub async fn run(self) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let Ok((stream, from)) = self.listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let kubelet = Arc::clone(&self.kubelet);
            tokio::spawn(async move {
                kubelet.connection(stream, from).await;
                drop(place);
            });
        }
    }
}

impl Kubelet {
    async fn connection(self: Arc<Self>, mut stream: TcpStream, from: SocketAddr) {
        let _ = stream.set_nodelay(true);
        let failed = |why: &str| {
            self.log('I', "log.go:245", &format!("http: TLS handshake error from {from}: {why}"));
        };
        let Some(presented) = get(&self.presented) else {
            // The client says what it wants first.
            let mut first = [0_u8; 1];
            if matches!(timeout(TIMEOUT, stream.peek(&mut first)).await, Ok(Ok(1))) {
                failed("no serving certificate available for the kubelet");
                let _ = stream.write_all(&INTERNAL_ERROR).await;
                hang_up(stream).await;
            }
            return;
        };
        let roots = get(&self.clients);
        let hints: Vec<_> = roots.as_deref().into_iter().collect();
        let Ok(config) = asking_config(presented, &hints, &[b"http/1.1"]) else { return };
        let acceptor = TlsAcceptor::from(Arc::new(config));
        match timeout(TIMEOUT, acceptor.accept(stream).into_fallible()).await {
            Ok(Ok(stream)) => {
                let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
                let sent = Arc::new(Sent::parse(certificates));
                let service = service_fn(|request: Request<Incoming>| {
                    let (kubelet, sent) = (Arc::clone(&self), Arc::clone(&sent));
                    async move { Ok::<_, Infallible>(kubelet.over_http(from, &sent, &request).await) }
                });
                let mut builder = http1::Builder::new();
                builder.timer(TokioTimer::new()).header_read_timeout(TIMEOUT);
                // An error is the client's hanging up.
                let _ = builder.serve_connection(TokioIo::new(stream), service).await;
            }
            Ok(Err((error, stream))) => {
                failed(&go_words(&error));
                hang_up(stream).await;
            }
            Err(_) => failed("EOF"),
        }
    }

    async fn over_http(
        &self,
        from: SocketAddr,
        sent: &Sent,
        request: &Request<Incoming>,
    ) -> Response<Full<Bytes>> {
        let began = Instant::now();
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let headers: Vec<(String, String)> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let asked = HttpRequest { method: request.method().as_str(), path };
        let answer = self.answer(sent, &headers, &asked).await;
        self.feed.tell(|| Happening::of_kubelet(&self.name(), from, sent, &asked, &answer, began.elapsed()));
        let HttpResponse { status, content_type, body, .. } = answer;
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() =
            hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        response
    }
}

/// A handshake's failure as Go's server words it, where that differs.
fn go_words(error: &std::io::Error) -> String {
    match error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::AlertReceived(alert)) => {
            format!("remote error: tls: {}", crate::handshake::AlertNumber::from(*alert).go_name())
        }
        _ if error.kind() == std::io::ErrorKind::UnexpectedEof => "EOF".into(),
        _ => error.to_string(),
    }
}

/// Closing with unread data would lose the alert on the way.
async fn hang_up(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    let _ = timeout(Duration::from_millis(500), copy(&mut stream, &mut sink())).await;
}
