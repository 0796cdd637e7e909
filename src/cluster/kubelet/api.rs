//! A kubelet's requests to the API server: real ones, each over a connection of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Method, Response, header};
use hyper_util::rt::TokioIo;
use time::OffsetDateTime;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::access::{Json, KUBERNETES_VERSION};
use crate::blueprint::HostName;
use crate::handshake::{Caller, Credential, call};
use crate::text::quote;
use crate::trust::Roots;

/// How long a request may take, but for a watch.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest answer that is read, in bytes.
const LARGEST: usize = 8 * 1024 * 1024;

/// The API server of a kubelet.
#[derive(Debug, Clone)]
pub struct Api {
    /// Where it listens.
    pub address: SocketAddr,
    /// The name that its certificate is verified by.
    pub name: HostName,
    /// Whom its certificate has to be from.
    pub roots: Arc<Roots>,
}

/// As whom the API server is asked.
#[derive(Debug, Clone)]
pub(super) enum Who {
    /// By a client certificate.
    Certificate(Credential),
    /// By a bearer token.
    Token(String),
}

/// What the API server answered.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Json,
}

impl Reply {
    /// The object, where there is one; else what the `Status` says.
    pub(super) fn object(self) -> Result<Json, String> {
        match (self.status, self.body.text("message")) {
            (200..=299, _) => Ok(self.body),
            // In the words of client-go's error.
            (401, _) => Err("Unauthorized".into()),
            (status, "") => Err(format!("the server responded with the status code {status}")),
            (_, message) => Err(message.to_owned()),
        }
    }
}

impl Api {
    /// Asks, and reads the whole answer.
    ///
    /// # Errors
    /// There is no answer; why, in Go's words.
    pub(super) async fn ask(
        &self,
        who: &Who,
        now: OffsetDateTime,
        (method, path): (&Method, &str),
        body: Option<&Json>,
    ) -> Result<Reply, String> {
        let work = async {
            let response = self.send(who, now, (method, path), body).await?;
            let status = response.status().as_u16();
            let body = whole(response.into_body()).await?;
            Ok(Reply { status, body: serde_json::from_slice(&body).unwrap_or_default() })
        };
        let answer = timeout(TIMEOUT, work).await;
        let answer = answer.unwrap_or_else(|_| Err("context deadline exceeded".to_owned()));
        answer.map_err(|why| self.error(method, path, &why))
    }

    /// Watches until `found` finds in an object what it looks for, or the server ends the watch.
    pub(super) async fn watch<T>(
        &self,
        who: &Who,
        now: OffsetDateTime,
        path: &str,
        mut found: impl FnMut(&Json) -> Option<T>,
    ) -> Result<Option<T>, String> {
        let error = |why: String| self.error(&Method::GET, path, &why);
        let response = timeout(TIMEOUT, self.send(who, now, (&Method::GET, path), None)).await;
        let response =
            response.unwrap_or_else(|_| Err("context deadline exceeded".to_owned())).map_err(error)?;
        if !response.status().is_success() {
            return Err(error(format!("the server responded with {}", response.status())));
        }
        let (mut body, mut pending) = (response.into_body(), Vec::new());
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| error("EOF".into()))?.into_data() else { continue };
            pending.extend_from_slice(&data);
            while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = pending.drain(..=end).collect();
                let event: Json = serde_json::from_slice(&line).unwrap_or_default();
                if let Some(found) = event.get("object").and_then(&mut found) {
                    return Ok(Some(found));
                }
            }
            if pending.len() > LARGEST {
                return Err(error("the event is too large".into()));
            }
        }
        Ok(None)
    }

    fn error(&self, method: &Method, path: &str, why: &str) -> String {
        let (first, rest) = method.as_str().split_at_checked(1).unwrap_or_default();
        let url = quote(&format!("https://{}{path}", self.address));
        format!("{first}{} {url}: {why}", rest.to_ascii_lowercase())
    }

    async fn send(
        &self,
        who: &Who,
        now: OffsetDateTime,
        (method, path): (&Method, &str),
        body: Option<&Json>,
    ) -> Result<Response<Incoming>, String> {
        let stream = TcpStream::connect(self.address).await;
        let stream = stream.map_err(|error| dial_words(self.address, &error))?;
        let caller = Caller {
            credential: match who {
                Who::Certificate(credential) => Some(credential.clone()),
                Who::Token(_) => None,
            },
            roots: Some(Arc::clone(&self.roots)),
            server_name: self.name.clone(),
            protocols: vec!["http/1.1".into()],
            version: None,
        };
        let stream = call(stream, &caller, now).await?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
        // It ends with the answer, or when the answer is dropped.
        tokio::spawn(connection);
        let agent = format!("kubelet/{KUBERNETES_VERSION} (linux/amd64) dojang");
        let mut request = hyper::Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.address.to_string())
            .header(header::USER_AGENT, agent)
            .header(header::ACCEPT, "application/json");
        if let Who::Token(token) = who {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = body.map(Json::compact).unwrap_or_default();
        if !body.is_empty() {
            let media = if *method == Method::PATCH {
                "application/strategic-merge-patch+json"
            } else {
                "application/json"
            };
            request = request.header(header::CONTENT_TYPE, media);
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(|error| error.to_string())?;
        sender.send_request(request).await.map_err(|_| "EOF".into())
    }
}

/// Go's words for a connection that could not be made.
pub(in crate::cluster) fn dial_words(address: SocketAddr, error: &std::io::Error) -> String {
    let why = match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "connect: connection refused".into(),
        std::io::ErrorKind::TimedOut => "i/o timeout".into(),
        _ => error.to_string(),
    };
    format!("dial tcp {address}: {why}")
}

/// The bytes of an answer, up to a bound.
pub(in crate::cluster) async fn whole(mut body: Incoming) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| "unexpected EOF".to_owned())?.into_data() else { continue };
        bytes.extend_from_slice(&data);
        if bytes.len() > LARGEST {
            return Err("the answer is too large".into());
        }
    }
    Ok(bytes)
}
