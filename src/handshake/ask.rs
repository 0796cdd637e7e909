//! One request to a server that listens: a client's half alone, over TLS, judged by Go's rules.

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::client::Client;
use super::record::Record;
use super::tap::Tap;
use super::{ClientSide, HandshakeError, Options, Side};

/// What a request came to, seen from the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// It was answered with this status.
    Answered(u16),
    /// The client would not have the server; Go's words.
    RefusedByClient(String),
    /// The server would not have the client; what a Go client reads of its alert.
    RefusedByServer(String),
    /// The connection broke; what was noticed.
    Broken(String),
}

/// Asks over a connection that is there, with a body of JSON if there is one.
///
/// # Errors
/// The key or the request cannot be used, or the time was up.
pub async fn ask(
    stream: TcpStream,
    side: &ClientSide,
    body: Option<&str>,
    options: &Options,
) -> Result<Asked, HandshakeError> {
    stream.set_nodelay(true)?;
    let port = stream.peer_addr()?.port();
    let record = Record::default();
    record.notes().offered = Some(options.version);
    let client = Client::new(side, port, options, &record, None)?.with_json(body);
    let asking = client.run(Tap::on_one(stream, Side::Client, None));
    timeout(options.timeout, asking).await.map_err(|_| HandshakeError::TimedOut(options.timeout))?;
    let notes = std::mem::take(&mut *record.notes());
    if let Some(status) = notes.status {
        return Ok(Asked::Answered(status));
    }
    if let Some(refusal) = &notes.client.refusal {
        return Ok(Asked::RefusedByClient(refusal.message.clone()));
    }
    Ok(match notes.alert() {
        Some(alert) => Asked::RefusedByServer(format!("remote error: tls: {}", alert.sent.go_name())),
        None => Asked::Broken(notes.client.broken.unwrap_or_default()),
    })
}
