//! A handshake with a server that is not ours, and nothing but that.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::client::server_name;
use super::judge::ServerJudge;
use super::key::{PROVIDER, Presenter};
use super::record::{Notes, Record};
use super::stream::hang_up;
use super::tap::{Tap, Tape};
use super::{Alert, AlertNumber, Credential, Event, HandshakeError, Options, Side, Step, Version};
use crate::blueprint::HostName;
use crate::trust::{Roots, Verdict};
use crate::wire::{Kind, Recording, Transcript, decode};

/// How long a server may take to refuse a client that has finished: with TLS 1.3 that is
/// the first moment at which it has seen the client's certificate.
const AFTERTHOUGHT: Duration = Duration::from_millis(500);

/// Who dials a server that is not ours, and how.
#[derive(Debug, Clone)]
pub struct Caller {
    /// What it presents if it is asked.
    pub credential: Option<Credential>,
    /// Whom it trusts; `None`: it does not verify the server.
    pub roots: Option<Arc<Roots>>,
    /// The name or address that it asks for, and judges by.
    pub server_name: HostName,
    /// The protocols that it offers (ALPN), the dearest first.
    pub protocols: Vec<String>,
    /// The one version that it offers; both if there is none.
    pub version: Option<Version>,
}

/// How a handshake with a server ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// Both ends finished, and neither objected.
    Finished,
    /// The client would not have the server; Go's words.
    RefusedByClient(String),
    /// The server would not have the client: the alert tells why.
    RefusedByServer,
    /// The connection broke, or the server spoke something else; what was noticed.
    Broken(String),
    /// The server did not answer in time.
    TimedOut,
}

/// A handshake, seen from the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialled {
    /// How it ended.
    pub ended: Ended,
    /// What the client made of the server's certificate; `None` if it did not verify it.
    pub verdict: Option<Verdict>,
    /// What happened on the client's side, in order.
    pub events: Vec<Event>,
    /// The alert that ended it.
    pub alert: Option<Alert>,
    /// Every byte of it.
    pub recording: Recording,
    /// What those bytes say.
    pub transcript: Transcript,
}

/// Makes a handshake over a connection that is there, closes it cleanly, and sends nothing
/// else.
///
/// # Errors
/// The key or the settings cannot be used. What the server does is no error.
pub async fn dial(stream: TcpStream, caller: &Caller, options: &Options) -> Result<Dialled, HandshakeError> {
    stream.set_nodelay(true)?;
    let record = Record::default();
    record.notes().offered = caller.version;
    let tape = Tape::new(options.now);
    let config = config(caller, options, &record, Some(&tape))?;
    let version = caller.version.unwrap_or(Version::Tls13);
    record.say(Side::Client, Step::Dials { server_name: caller.server_name.to_string(), version });
    let tap = Tap::on_both(stream, Side::Client, Some(&tape));
    let work = shake(tap, TlsConnector::from(Arc::new(config)), caller, &record);
    let is_in_time = timeout(options.timeout, work).await.is_ok();
    let notes = std::mem::take(&mut *record.notes());
    let recording = tape.take();
    let transcript = decode(&recording);
    let alert = notes.alert().or_else(|| last_word(&transcript));
    Ok(Dialled {
        ended: ended(&notes, alert.as_ref(), is_in_time),
        alert,
        verdict: notes.client.verdict,
        events: notes.events,
        recording,
        transcript,
    })
}

/// The alert of a server that hung up while the client still wrote: the TLS library has
/// stopped at the write and has not read it.
fn last_word(transcript: &Transcript) -> Option<Alert> {
    let of_server = transcript.messages.iter().filter(|message| message.from == Side::Server);
    let alerts = of_server.filter(|message| message.kind == Kind::Alert && message.problem.is_none());
    let mut numbers = alerts.filter_map(|message| message.bytes.get(1).copied().map(AlertNumber));
    let sent = numbers.find(|number| *number != AlertNumber::CLOSE_NOTIFY)?;
    Some(Alert { from: Side::Server, sent, go: sent })
}

/// How a caller shakes hands, its secrets kept on the tape.
pub(super) fn config(
    caller: &Caller,
    options: &Options,
    record: &Record,
    tape: Option<&Tape>,
) -> Result<ClientConfig, HandshakeError> {
    let presenter = Presenter::new(Side::Client, caller.credential.as_ref(), record)?;
    let judge = ServerJudge::new(caller.roots.clone(), caller.server_name.to_string(), options.now, record);
    let versions = match caller.version {
        Some(Version::Tls12) => vec![&TLS12],
        Some(Version::Tls13) => vec![&TLS13],
        None => vec![&TLS13, &TLS12],
    };
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&PROVIDER))
        .with_protocol_versions(&versions)
        .map_err(|source| HandshakeError::Settings { side: Side::Client, source })?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(judge))
        .with_client_cert_resolver(Arc::new(presenter));
    config.resumption = Resumption::disabled();
    config.alpn_protocols = caller.protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    if let Some(tape) = tape {
        config.key_log = Arc::new(tape.clone());
    }
    Ok(config)
}

async fn shake(stream: Tap<TcpStream>, connector: TlsConnector, caller: &Caller, record: &Record) {
    match connector.connect(server_name(&caller.server_name), stream).into_fallible().await {
        Err((error, stream)) => {
            record.failed(Side::Client, &error);
            hang_up(stream).await;
        }
        Ok(stream) => {
            record.finished(Side::Client, stream.get_ref().1);
            part(stream, record).await;
        }
    }
}

/// Waits for a refusal, then closes. Whatever else the server says first shows that it took
/// the client.
async fn part(mut stream: TlsStream<Tap<TcpStream>>, record: &Record) {
    let began = Instant::now();
    let mut buffer = [0; 1024];
    if let Ok(Err(error)) = timeout(AFTERTHOUGHT, stream.read(&mut buffer)).await {
        record.failed(Side::Client, &error);
    }
    // The close_notify; the other end may be gone already, which is as good.
    let _ = stream.shutdown().await;
    let (tap, _) = stream.into_inner();
    if began.elapsed() < AFTERTHOUGHT * 2 {
        hang_up(tap).await;
    }
}

fn ended(notes: &Notes, alert: Option<&Alert>, is_in_time: bool) -> Ended {
    if let Some(refusal) = &notes.client.refusal {
        return Ended::RefusedByClient(refusal.message.clone());
    }
    if alert.is_some_and(|alert| alert.from == Side::Server) {
        return Ended::RefusedByServer;
    }
    match (&notes.client.finished, &notes.client.broken) {
        (Some(_), _) => Ended::Finished,
        (None, _) if !is_in_time => Ended::TimedOut,
        (None, broken) => Ended::Broken(broken.clone().unwrap_or_default()),
    }
}
