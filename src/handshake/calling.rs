//! TLS as the clients of a cluster speak it, for connections that are used and not shown: they
//! judge the server by Go's rules, and tell in Go's words why there is no connection.

use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::version::{TLS12, TLS13};
use time::OffsetDateTime;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::client::server_name;
use super::judge::ServerJudge;
use super::key::{PROVIDER, Presenter};
use super::record::Record;
use super::stream::hang_up;
use super::words::failure;
use super::{Caller, HandshakeError, Side};

/// Makes a client's handshake over a connection that is there.
///
/// # Errors
/// In Go's words why not: `tls: failed to verify certificate: x509: …`, `remote error: tls: …`,
/// `EOF`.
pub async fn call(
    stream: TcpStream,
    caller: &Caller,
    now: OffsetDateTime,
) -> Result<TlsStream<TcpStream>, String> {
    // Small requests would wait for acknowledgements otherwise.
    let _ = stream.set_nodelay(true);
    let record = Record::default();
    let config = config(caller, now, &record).map_err(|error| error.to_string())?;
    let connector = TlsConnector::from(Arc::new(config));
    match connector.connect(server_name(&caller.server_name), stream).into_fallible().await {
        Ok(stream) => Ok(stream),
        Err((error, stream)) => {
            let why = why(&record, &error);
            hang_up(stream).await;
            Err(why)
        }
    }
}

fn why(record: &Record, error: &io::Error) -> String {
    record.failed(Side::Client, error);
    let notes = record.notes();
    match notes.client.received {
        Some(alert) => format!("remote error: tls: {}", alert.go_name()),
        None => failure(&notes).unwrap_or_else(|| match error.kind() {
            io::ErrorKind::UnexpectedEof => "EOF".to_owned(),
            io::ErrorKind::ConnectionReset => "read: connection reset by peer".to_owned(),
            _ => error.to_string(),
        }),
    }
}

fn config(caller: &Caller, now: OffsetDateTime, record: &Record) -> Result<ClientConfig, HandshakeError> {
    let presenter = Presenter::new(Side::Client, caller.credential.as_ref(), record)?;
    let judge = ServerJudge::new(caller.roots.clone(), caller.server_name.to_string(), now, record);
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&PROVIDER))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|source| HandshakeError::Settings { side: Side::Client, source })?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(judge))
        .with_client_cert_resolver(Arc::new(presenter));
    // A resumed session shows and checks no certificate.
    config.resumption = Resumption::disabled();
    config.alpn_protocols = caller.protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    Ok(config)
}
