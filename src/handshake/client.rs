//! The side that dials.

use std::sync::Arc;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request, Uri, header};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::judge::ServerJudge;
use super::key::Presenter;
use super::record::Record;
use super::stream::{Watched, hang_up};
use super::tap::{Tap, Tape};
use super::words::authority;
use super::{ClientSide, HandshakeError, Options, Side, Step, Version};
use crate::blueprint::HostName;

/// What both sides of this lab agree on in ALPN; kube-apiserver offers it after `h2`.
pub(super) const PROTOCOL: &[u8] = b"http/1.1";

/// A client ready to dial.
pub(super) struct Client {
    connector: TlsConnector,
    name: ServerName<'static>,
    /// How it is told in the record.
    server_name: String,
    version: Version,
    request: Request<Full<Bytes>>,
    record: Record,
    pub(super) is_mismatched: bool,
}

impl Client {
    /// Prepares a client for a server on `port`.
    ///
    /// # Errors
    /// The key cannot be used, or the request is none.
    pub(super) fn new(
        side: &ClientSide,
        port: u16,
        options: &Options,
        record: &Record,
        tape: Option<&Tape>,
    ) -> Result<Self, HandshakeError> {
        let presenter = Presenter::new(Side::Client, side.credential.as_ref(), record)?;
        let is_mismatched = presenter.is_mismatched();
        let judge = ServerJudge::new(side.roots.clone(), side.server_name.to_string(), options.now, record);
        let version = match options.version {
            Version::Tls12 => &TLS12,
            Version::Tls13 => &TLS13,
        };
        let mut config = ClientConfig::builder_with_provider(options.offer.provider(Side::Client))
            .with_protocol_versions(&[version])
            .map_err(|source| HandshakeError::Settings { side: Side::Client, source })?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(judge))
            .with_client_cert_resolver(Arc::new(presenter));
        // A resumed session shows and checks no certificate.
        config.resumption = Resumption::disabled();
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        if let Some(tape) = tape {
            config.key_log = Arc::new(tape.clone());
        }
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            name: server_name(&side.server_name),
            server_name: side.server_name.to_string(),
            version: options.version,
            request: request(side, port)?,
            record: record.clone(),
            is_mismatched,
        })
    }

    /// The same with a body of JSON.
    pub(super) fn with_json(mut self, body: Option<&str>) -> Self {
        if let Some(body) = body {
            let json = header::HeaderValue::from_static("application/json");
            self.request.headers_mut().insert(header::CONTENT_TYPE, json);
            *self.request.body_mut() = Full::new(Bytes::copy_from_slice(body.as_bytes()));
        }
        self
    }

    /// Makes the connection and asks.
    pub(super) async fn run(self, stream: Tap<TcpStream>) {
        self.record.say(Side::Client, Step::Dials { server_name: self.server_name, version: self.version });
        let connecting = self.connector.connect(self.name, stream).into_fallible();
        match connecting.await {
            Err((error, stream)) => {
                self.record.failed(Side::Client, &error);
                hang_up(stream).await;
            }
            Ok(stream) => {
                self.record.finished(Side::Client, stream.get_ref().1);
                ask(stream, self.request, &self.record).await;
            }
        }
    }
}

/// The name for rustls, which wants one for SNI; an address is not sent. What is neither
/// for rustls (a wildcard) is not sent either. The verdict goes by the name as given.
pub(super) fn server_name(name: &HostName) -> ServerName<'static> {
    const NOT_SENT: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    match name {
        HostName::Ip(address) => ServerName::from(*address),
        HostName::Dns(name) => {
            ServerName::try_from(name.clone()).unwrap_or_else(|_| ServerName::from(NOT_SENT))
        }
    }
}

fn request(side: &ClientSide, port: u16) -> Result<Request<Full<Bytes>>, HandshakeError> {
    let refuse = |reason: String| HandshakeError::Request { request: side.request.clone(), reason };
    let (method, path) =
        side.request.trim().split_once(' ').ok_or_else(|| refuse("there is no space in it".to_owned()))?;
    let method = Method::from_bytes(method.as_bytes()).map_err(|error| refuse(error.to_string()))?;
    let path = path.trim();
    if !path.starts_with('/') {
        return Err(refuse("the path does not begin with /".to_owned()));
    }
    let uri = Uri::try_from(path).map_err(|error| refuse(error.to_string()))?;
    let mut builder =
        Request::builder().method(method).uri(uri).header(header::HOST, authority(&side.server_name, port));
    for (name, value) in &side.headers {
        builder = builder.header(name, value);
    }
    builder.body(Full::default()).map_err(|error| refuse(error.to_string()))
}

/// Sends the request and reads the answer. Errors of the stream are noted as they come.
async fn ask(stream: TlsStream<Tap<TcpStream>>, request: Request<Full<Bytes>>, record: &Record) {
    record.say(
        Side::Client,
        Step::Request { method: request.method().to_string(), path: request.uri().to_string() },
    );
    let watched = TokioIo::new(Watched::new(stream, Side::Client, record));
    let Ok((mut sender, connection)) = http1::handshake(watched).await else {
        return;
    };
    let exchange = async {
        // An error has been noted by the stream, or is the server's hanging up.
        if let Ok(response) = sender.send_request(request).await {
            let status = response.status().as_u16();
            if response.into_body().collect().await.is_ok() {
                record.notes().status = Some(status);
                record.say(Side::Client, Step::Response { status });
            }
        }
        drop(sender);
    };
    let _ = tokio::join!(connection, exchange);
}
