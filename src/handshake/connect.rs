//! Both sides together.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::client::Client;
use super::record::{Notes, Record};
use super::server::{Server, seen_address};
use super::tap::{Tap, Tape};
use super::words::{client_prints, server_log};
use super::{ClientSide, HandshakeError, Options, Outcome, Report, Served, ServerSide, Side};

/// Makes one real connection between two sides: TCP over loopback, TLS, one HTTP
/// request. Refusals are told in the report.
///
/// Both sides run in one task, one after the other as data comes, so that the order of
/// events is that of the wire.
///
/// # Errors
/// The lab could not make the connection: a key or request that cannot be used, no
/// loopback interface, or the time was up.
pub async fn connect(
    client: &ClientSide,
    server: &ServerSide,
    options: &Options,
) -> Result<Report, HandshakeError> {
    let start = Instant::now();
    let record = Record::default();
    record.notes().offered = Some(options.version);
    let tape = options.record.then(|| Tape::new(options.now));
    let dialling = Client::new(client, server.port, options, &record, tape.as_ref())?;
    let serving = Server::new(server, options, &record, tape.as_ref())?;
    let mismatched_key = if dialling.is_mismatched {
        Some(Side::Client)
    } else {
        serving.is_mismatched.then_some(Side::Server)
    };

    let both = async {
        let (dialled, accepted, from) = loopback().await?;
        let address = seen_address(client.address, from);
        tape.iter().for_each(Tape::begin);
        let dialled = Tap::on_one(dialled, Side::Client, tape.as_ref());
        let accepted = Tap::on_one(accepted, Side::Server, tape.as_ref());
        tokio::join!(dialling.run(dialled), serving.run(accepted, address));
        Ok::<_, HandshakeError>(SocketAddr::new(address, from.port()))
    };
    let from =
        timeout(options.timeout, both).await.map_err(|_| HandshakeError::TimedOut(options.timeout))??;

    let notes = std::mem::take(&mut *record.notes());
    let outcome = outcome(&notes)?;
    let finished = notes.client.finished.clone().or(notes.server.finished.clone());
    let (version, cipher_suite) = finished.unzip();
    Ok(Report {
        version,
        cipher_suite,
        outcome,
        alert: notes.alert(),
        client_prints: client_prints(client, server, &notes, mismatched_key),
        server_log: server_log(server, from, &notes),
        server_verdict: notes.client.verdict,
        client_verdict: notes.server.verdict,
        events: notes.events,
        response: notes.response,
        mismatched_key,
        elapsed: start.elapsed(),
        recording: tape.map(|tape| tape.take()),
    })
}

/// Serves the next connection on `listener`, whoever makes it: curl, openssl, kubectl.
///
/// # Errors
/// The key cannot be used, or nobody could be accepted. The time begins to run when
/// somebody dials.
pub async fn serve_once(
    listener: &TcpListener,
    server: &ServerSide,
    options: &Options,
) -> Result<Served, HandshakeError> {
    let (stream, _) = listener.accept().await?;
    serve(stream, server, options).await
}

/// Serves one connection that has been accepted: the handshake and one request.
///
/// # Errors
/// The key cannot be used, or the connection is gone. That the time was up is told in what
/// was served, which may be a part.
pub async fn serve(
    stream: TcpStream,
    server: &ServerSide,
    options: &Options,
) -> Result<Served, HandshakeError> {
    let record = Record::default();
    let tape = options.record.then(|| Tape::new(options.now));
    let serving = Server::new(server, options, &record, tape.as_ref())?;
    let from = stream.peer_addr()?;
    stream.set_nodelay(true)?;
    let stream = Tap::on_both(stream, Side::Server, tape.as_ref());
    let in_time = timeout(options.timeout, serving.run(stream, from.ip())).await;
    let notes = std::mem::take(&mut *record.notes());
    Ok(Served {
        is_timed_out: in_time.is_err(),
        alert: notes.alert(),
        server_log: server_log(server, from, &notes),
        client_verdict: notes.server.verdict,
        events: notes.events,
        response: notes.response,
        recording: tape.map(|tape| tape.take()),
    })
}

/// Both ends of a new connection over 127.0.0.1, and the dialler's address.
async fn loopback() -> Result<(TcpStream, TcpStream, SocketAddr), HandshakeError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let dialled = TcpStream::connect(listener.local_addr()?).await?;
    let own = dialled.local_addr()?;
    // Somebody else may have found the port meanwhile.
    let accepted = loop {
        let (accepted, from) = listener.accept().await?;
        if from == own {
            break accepted;
        }
    };
    dialled.set_nodelay(true)?;
    accepted.set_nodelay(true)?;
    Ok((dialled, accepted, own))
}

fn outcome(notes: &Notes) -> Result<Outcome, HandshakeError> {
    if notes.server.refusal.is_some() {
        return Ok(Outcome::RefusedByServer);
    }
    if notes.client.refusal.is_some() {
        return Ok(Outcome::RefusedByClient);
    }
    if let Some(status) = notes.status {
        return Ok(Outcome::Answered(status));
    }
    let (side, reason) = [Side::Client, Side::Server]
        .into_iter()
        .find_map(|side| Some((side, notes.side(side).broken.clone()?)))
        .unwrap_or_else(|| (Side::Client, "no answer came".to_owned()));
    Err(HandshakeError::Broken { side, reason })
}
