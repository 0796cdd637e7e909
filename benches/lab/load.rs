//! A client that asks an API server as fast as it answers, with a client certificate: the load
//! of the bench and of the tests.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// One identity, and the server that it asks.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) address: SocketAddr,
    name: ServerName<'static>,
    connector: TlsConnector,
}

/// A connection over HTTP/1.1 that is kept.
pub(crate) struct Line(http1::SendRequest<Full<Bytes>>);

impl Caller {
    /// Of a kubeconfig that `serve` writes.
    pub(crate) fn of(kubeconfig: &Path) -> Self {
        let text = std::fs::read_to_string(kubeconfig).unwrap();
        let word = |key: &str| {
            let line = text.lines().find_map(|line| line.trim().strip_prefix(key)).unwrap();
            line.trim().to_owned()
        };
        let pem = |key: &str| STANDARD.decode(word(key)).unwrap();
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(&pem("certificate-authority-data:")) {
            roots.add(root.unwrap()).unwrap();
        }
        let chain = pem("client-certificate-data:");
        let chain = CertificateDer::pem_slice_iter(&chain).collect::<Result<_, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_slice(&pem("client-key-data:")).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut config =
            builder.unwrap().with_root_certificates(roots).with_client_auth_cert(chain, key).unwrap();
        config.resumption = Resumption::disabled();
        Self {
            address: word("server: https://").parse().unwrap(),
            name: word("tls-server-name:").try_into().unwrap(),
            connector: TlsConnector::from(Arc::new(config)),
        }
    }

    /// A connection whose handshake is done.
    pub(crate) async fn dial(&self) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        self.connector.connect(self.name.clone(), stream).await
    }

    /// A connection to ask on.
    pub(crate) async fn line(&self) -> std::io::Result<Line> {
        let stream = TokioIo::new(self.dial().await?);
        let (sender, connection) = http1::handshake(stream).await.map_err(std::io::Error::other)?;
        tokio::spawn(connection);
        Ok(Line(sender))
    }
}

impl Line {
    /// One request, and its answer: status and body.
    pub(crate) async fn ask(&mut self, method: &str, path: &str, body: &str) -> hyper::Result<(u16, Bytes)> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "kubernetes")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(body.to_owned()))
            .unwrap();
        self.0.ready().await?;
        let response = self.0.send_request(request).await?;
        let status = response.status().as_u16();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }

    /// The body of an answer that is to be 200.
    pub(crate) async fn get(&mut self, path: &str) -> Bytes {
        let (status, body) = self.ask("GET", path, "").await.unwrap();
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        body
    }
}
