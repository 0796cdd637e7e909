//! A server of the cluster for real clients: `dojang handshake --listen`.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use super::args::HandshakeArgs;
use super::export::{End, Exported, export};
use super::real::AlertDocument;
use super::{EventDocument, IdentityDocument, ResponseDocument, VerdictDocument, print_verdict};
use crate::cli::args::Global;
use crate::cli::error::CliError;
use crate::cli::lab::{open, tell};
use crate::cli::output::{Output, Tone, complain};
use crate::cli::transcript::{TranscriptDocument, print_ladder};
use crate::handshake::{Options, Served, ServerSide, Step, serve};
use crate::lab::Cancel;
use crate::text::escape;
use crate::wire::{Transcript, decode};

/// A client is waited for no longer than this.
const PATIENCE: Duration = Duration::from_secs(30);
/// So many connections are served at the same time.
const MOST_AT_ONCE: usize = 64;
/// After so many connections it ends by itself.
const MOST: usize = 1000;

/// One connection that was served.
struct Connection {
    number: usize,
    from: SocketAddr,
    served: Served,
    transcript: Transcript,
}

#[derive(Serialize)]
struct Document<'a> {
    number: usize,
    from: String,
    server: &'a str,
    outcome: String,
    server_verdict: Option<VerdictDocument<'a>>,
    client_verdict: Option<VerdictDocument<'a>>,
    events: Vec<EventDocument<'a>>,
    alert: Option<AlertDocument>,
    identity: Option<IdentityDocument<'a>>,
    http: Option<ResponseDocument<'a>>,
    server_logs: Option<&'a str>,
    #[serde(flatten)]
    transcript: TranscriptDocument<'a>,
}

pub(super) fn run(
    output: &Output,
    global: &Global,
    asked: &HandshakeArgs,
    address: &str,
) -> Result<u8, CliError> {
    asked.without_real_server()?;
    let address = listening(address)?;
    let lab = open(output, global, false, None)?;
    let connection = lab.plan().connect("anonymous", &asked.first)?;
    let (_, server) = lab.sides_faulty(&connection, None, &Cancel::default())?;
    tell(&lab);
    let offer = super::offer(asked)?;
    let options = Options { timeout: PATIENCE, record: true, offer, ..Options::at(lab.now()) };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::Machine(error.to_string()))?;
    let served = runtime.block_on(listen(output, address, server, options, asked.listen.count))?;
    let (local, connections, name) = served;
    let exported: Vec<Exported<'_>> = connections
        .iter()
        .filter_map(|connection| {
            Some(Exported {
                client: End { name: "client", address: connection.from },
                server: End { name: &name, address: local },
                recording: connection.served.recording.as_ref()?,
                transcript: &connection.transcript,
            })
        })
        .collect();
    export(asked, &exported)?;
    if output.json {
        let documents: Vec<_> =
            connections.iter().map(|connection| connection.document(output, &name)).collect();
        output.document(&documents)?;
    }
    Ok(0)
}

/// The address to listen on; loopback if none is told.
fn listening(text: &str) -> Result<SocketAddr, CliError> {
    if let Ok(port) = text.strip_prefix(':').unwrap_or(text).parse() {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    text.parse().map_err(|_| {
        CliError::Usage(format!(
            "`{text}` is no address to listen on: write PORT or ADDRESS:PORT, as in 127.0.0.1:6443"
        ))
    })
}

async fn listen(
    output: &Output,
    address: SocketAddr,
    server: ServerSide,
    options: Options,
    count: Option<usize>,
) -> Result<(SocketAddr, Vec<Connection>, String), CliError> {
    let failed = |error: std::io::Error| {
        CliError::Machine(format!(
            "cannot listen on {address}: {error}; choose another port, or end what has it"
        ))
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let local = listener.local_addr().map_err(failed)?;
    let name = server.name.clone();
    complain(&match output.language {
        crate::text::Language::En => format!("{name} listens on {local}; Ctrl-C ends it"),
        crate::text::Language::Ko => format!("{name}: {local}에서 기다려요. Ctrl-C로 끝내요"),
    });
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let server = Arc::new(server);
    let most = count.unwrap_or(MOST).min(MOST);
    let mut running: JoinSet<Option<Connection>> = JoinSet::new();
    let (mut accepted, mut done) = (0, Vec::new());
    while done.len() < most {
        tokio::select! {
            taken = listener.accept(), if accepted < most && running.len() < MOST_AT_ONCE => {
                // A client that is gone already is none.
                let Ok((stream, from)) = taken else { continue };
                accepted += 1;
                running.spawn(one(stream, from, accepted, Arc::clone(&server), options));
            }
            Some(ended) = running.join_next(), if !running.is_empty() => {
                match ended {
                    Ok(Some(connection)) => {
                        if !output.json {
                            connection.print(output, &name)?;
                        }
                        done.push(connection);
                    }
                    // It could not be served: another may take its place.
                    _ => accepted -= 1,
                }
            }
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
        }
    }
    done.sort_by_key(|connection| connection.number);
    Ok((local, done, name))
}

async fn one(
    stream: TcpStream,
    from: SocketAddr,
    number: usize,
    server: Arc<ServerSide>,
    options: Options,
) -> Option<Connection> {
    let served = serve(stream, &server, &options).await.ok()?;
    let transcript = served.recording.as_ref().map(decode).unwrap_or_default();
    Some(Connection { number, from, served, transcript })
}

impl Connection {
    /// An HTTP status, or how it ended without one.
    fn outcome(&self) -> String {
        let Served { is_timed_out, response, alert, events, .. } = &self.served;
        match response {
            Some(response) => response.status.to_string(),
            None if *is_timed_out => "timed-out".to_owned(),
            None if alert.is_some() => "refused".to_owned(),
            None if events.iter().any(|event| matches!(event.step, Step::Finished { .. })) => {
                "finished".to_owned()
            }
            None => "broken".to_owned(),
        }
    }

    fn document<'a>(&'a self, output: &Output, server: &'a str) -> Document<'a> {
        let served = &self.served;
        let identity = served.response.as_ref().and_then(|response| response.identity.as_ref());
        Document {
            number: self.number,
            from: self.from.to_string(),
            server,
            outcome: self.outcome(),
            server_verdict: None,
            client_verdict: served.client_verdict.as_ref().map(|verdict| VerdictDocument::new(verdict, None)),
            events: served.events.iter().map(EventDocument::of).collect(),
            alert: served.alert.as_ref().map(AlertDocument::new),
            identity: identity
                .map(|identity| IdentityDocument { user: &identity.user, groups: &identity.groups }),
            http: served
                .response
                .as_ref()
                .map(|response| ResponseDocument { status: response.status, body: &response.body }),
            server_logs: served.server_log.as_ref().map(|log| log.line.as_str()),
            transcript: TranscriptDocument::new(&self.transcript, output.language),
        }
    }

    fn print(&self, output: &Output, server: &str) -> Result<(), CliError> {
        let language = output.language;
        let arrow = if output.ascii { "->" } else { "→" };
        let title = format!("{}  {} {arrow} {server}", self.number, self.from);
        output.line(&output.tone(Tone::Strong, &title))?;
        print_ladder(output, &self.transcript, "  ")?;
        if let Some(verdict) = &self.served.client_verdict {
            print_verdict(
                output,
                language.pick("the server judges the client", "서버가 본 클라이언트"),
                verdict,
            )?;
        }
        if let Some(identity) = self.served.response.as_ref().and_then(|response| response.identity.as_ref())
        {
            let user = language.pick("user", "사용자");
            output.line(&format!(
                "  {user}  {}  [{}]",
                escape(&identity.user),
                escape(&identity.groups.join(" "))
            ))?;
        }
        let outcome = self.outcome();
        let good = outcome.starts_with('2') || outcome == "finished";
        output.line(&format!("{} {outcome}", output.mark(good)))?;
        if let Some(log) = &self.served.server_log {
            output.line(&format!(
                "  {}  {}",
                language.pick("the server logs", "서버 로그"),
                escape(&log.line)
            ))?;
        }
        output.line("")
    }
}
