//! Handshakes whose connection is then somebody else's: a server that meets a client as the lab's
//! do, and a client that meets a server.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::client::server_name;
use super::dial::{Caller, config};
use super::record::Record;
use super::server::Server;
use super::stream::hang_up;
use super::tap::Tap;
use super::words::server_log;
use super::{HandshakeError, Options, ServerLog, ServerSide, Side};

/// A connection after its handshake.
pub trait Secured: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Secured for T {}

/// A client's connection, as a server met it.
pub struct Admitted {
    /// The connection; `None` if one of the two would not have the other.
    pub stream: Option<Box<dyn Secured>>,
    /// Whether both speak HTTP/2 (ALPN).
    pub is_http2: bool,
    /// The client's own certificate, DER.
    pub leaf: Option<Vec<u8>>,
    /// Where the client is.
    pub from: SocketAddr,
    /// What the server's log says.
    pub server_log: Option<ServerLog>,
}

/// Makes the handshake of a server with a client that is not ours; the server speaks these
/// protocols.
///
/// # Errors
/// The key cannot be used, the connection is gone, or the time was up.
pub async fn admit(
    stream: TcpStream,
    side: &ServerSide,
    options: &Options,
    protocols: &[&[u8]],
) -> Result<Admitted, HandshakeError> {
    let record = Record::default();
    let server = Server::new(side, options, &record, None)?.speaking(protocols);
    let from = stream.peer_addr()?;
    stream.set_nodelay(true)?;
    let stream = Tap::on_both(stream, Side::Server, None);
    let accepted = timeout(options.timeout, server.accept(stream)).await;
    let accepted = accepted.map_err(|_| HandshakeError::TimedOut(options.timeout))?;
    let is_http2 = accepted.as_ref().is_some_and(|own| own.get_ref().1.alpn_protocol() == Some(b"h2"));
    let certificates = accepted.as_ref().and_then(|own| own.get_ref().1.peer_certificates());
    let leaf = certificates.and_then(|all| all.first()).map(|der| der.to_vec());
    let notes = std::mem::take(&mut *record.notes());
    let stream = accepted.map(|stream| -> Box<dyn Secured> { Box::new(stream) });
    Ok(Admitted { stream, is_http2, leaf, from, server_log: server_log(side, from, &notes) })
}

/// Makes the handshake of a client with a server, which goes by Go's rules; the connection.
///
/// # Errors
/// The key cannot be used, the time was up, or one of the two would not have the other.
pub async fn secure(
    stream: TcpStream,
    caller: &Caller,
    options: &Options,
) -> Result<Box<dyn Secured>, HandshakeError> {
    stream.set_nodelay(true)?;
    let record = Record::default();
    let connector = TlsConnector::from(Arc::new(config(caller, options, &record, None)?));
    let work = connector.connect(server_name(&caller.server_name), stream).into_fallible();
    match timeout(options.timeout, work).await {
        Err(_) => Err(HandshakeError::TimedOut(options.timeout)),
        Ok(Ok(stream)) => Ok(Box::new(stream)),
        Ok(Err((error, stream))) => {
            hang_up(stream).await;
            // Go's words, if it was this side that refused.
            let refusal = record.notes().client.refusal.as_ref().map(|own| own.message.clone());
            let reason = refusal.unwrap_or_else(|| error.to_string());
            Err(HandshakeError::Broken { side: Side::Client, reason })
        }
    }
}
