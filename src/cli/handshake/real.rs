//! A handshake with a real server: `dojang handshake HOST:PORT`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::args::{HandshakeArgs, RealServerArgs};
use super::export::{End, Exported, export};
use super::{EventDocument, VerdictDocument, print_verdict};
use crate::blueprint::HostName;
use crate::cli::args::Global;
use crate::cli::error::CliError;
use crate::cli::inspect::bytes;
use crate::cli::output::{Output, Tone, complain};
use crate::cli::transcript::{TranscriptDocument, print_ladder};
use crate::cli::verify::certificates;
use crate::clock::Clock;
use crate::handshake::{Alert, Caller, Credential, Dialled, Ended, Options, dial};
use crate::lab::tls_version;
use crate::pki::PrivateKey;
use crate::text::escape;
use crate::trust::Roots;
use crate::wire::{Kind, Problem, Side};

#[derive(Serialize)]
struct Document<'a> {
    address: String,
    outcome: &'static str,
    problem: Option<&'a str>,
    server_verdict: Option<VerdictDocument<'a>>,
    client_verdict: Option<VerdictDocument<'a>>,
    events: Vec<EventDocument<'a>>,
    alert: Option<AlertDocument>,
    identity: Option<()>,
    http: Option<()>,
    #[serde(flatten)]
    transcript: TranscriptDocument<'a>,
}

/// An alert by its name and in Go's words.
#[derive(Serialize)]
pub(super) struct AlertDocument {
    from: Side,
    sent: String,
    go_prints: String,
}

impl AlertDocument {
    pub(super) fn new(alert: &Alert) -> Self {
        Self { from: alert.from, sent: alert.sent.name(), go_prints: alert.sent.go_name() }
    }
}

pub(super) fn run(output: &Output, global: &Global, asked: &HandshakeArgs) -> Result<u8, CliError> {
    asked.without_component()?;
    let (host, port) = target(&asked.first)?;
    let caller = caller(&asked.real, &host, asked.tls.as_deref())?;
    let now = global.now.unwrap_or(Clock::System).now();
    let patience = Duration::from_secs(asked.real.timeout);
    let options = Options { timeout: patience, ..Options::at(now) };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::Machine(error.to_string()))?;
    let (dialled, [own, other]) = runtime.block_on(async {
        let stream = connect(&asked.first, &host, port, patience).await?;
        let unreachable = |error: std::io::Error| CliError::Machine(error.to_string());
        let ends = [stream.local_addr().map_err(unreachable)?, stream.peer_addr().map_err(unreachable)?];
        let dialled =
            dial(stream, &caller, &options).await.map_err(|error| CliError::Usage(error.to_string()))?;
        Ok::<_, CliError>((dialled, ends))
    })?;
    let exported = Exported {
        client: End { name: "client", address: own },
        server: End { name: &host, address: other },
        recording: &dialled.recording,
        transcript: &dialled.transcript,
    };
    export(asked, &[exported])?;
    let told = Told { asked, caller: &caller, dialled: &dialled, address: other };
    let (outcome, problem, status) = told.outcome(output);
    if output.json {
        output.document(&told.document(output, outcome, problem.as_deref()))?;
    } else {
        told.print(output)?;
    }
    if let Some(problem) = problem {
        complain(&problem);
    }
    Ok(status)
}

/// Host and port of `HOST:PORT`; an IPv6 address stands in brackets.
fn target(text: &str) -> Result<(String, u16), CliError> {
    let split = text.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = split.ok_or_else(|| {
        CliError::Usage(format!(
            "`{text}` is one end of a connection: name the server as well (dojang handshake {text} kube-apiserver), \
             or a real server by HOST:PORT"
        ))
    })?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if host.is_empty() {
        return Err(CliError::Usage(format!(
            "there is no host in `{text}`: write HOST:PORT, as in 127.0.0.1:6443"
        )));
    }
    Ok((host.to_owned(), port))
}

fn caller(real: &RealServerArgs, host: &str, tls: Option<&str>) -> Result<Caller, CliError> {
    let name = real.servername.as_deref().unwrap_or(host);
    let server_name: HostName = name
        .to_ascii_lowercase()
        .parse()
        .map_err(|error| CliError::Usage(format!("`{name}` is no name to ask a server for: {error}")))?;
    let mut trusted = Vec::new();
    for path in &real.ca {
        trusted.extend(certificates(path)?);
    }
    let roots = (!real.ca.is_empty()).then(|| Arc::new(Roots::from_der(&trusted)));
    let credential = match (&real.cert, &real.key) {
        (Some(certificate), Some(key)) => {
            let chain = certificates(certificate)?;
            let shown = key.display();
            let key = PrivateKey::from_pem(&bytes(key, "name the file of a private key in PEM")?).map_err(
                |error| {
                    CliError::Usage(format!(
                        "{shown} is no private key to use ({error}): name one in PEM, not encrypted"
                    ))
                },
            )?;
            Some(Credential { chain, key: key.der().to_vec() })
        }
        _ => None,
    };
    let version = tls.map(tls_version).transpose()?;
    Ok(Caller { credential, roots, server_name, protocols: real.alpn.clone(), version })
}

/// Connects to the first of the host's addresses that takes it.
async fn connect(shown: &str, host: &str, port: u16, patience: Duration) -> Result<TcpStream, CliError> {
    let work = async {
        let addresses: Vec<SocketAddr> = lookup_host((host, port)).await?.take(8).collect();
        TcpStream::connect(addresses.as_slice()).await
    };
    match timeout(patience, work).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(CliError::Machine(format!(
            "cannot connect to {shown}: {error}; see that a server listens there and that the name and port are right"
        ))),
        Err(_) => Err(CliError::Machine(format!(
            "{shown} did not take the connection within {} s: a firewall may drop it, or the host is down",
            patience.as_secs()
        ))),
    }
}

struct Told<'a> {
    asked: &'a HandshakeArgs,
    caller: &'a Caller,
    dialled: &'a Dialled,
    address: SocketAddr,
}

impl Told<'_> {
    /// The word for how it ended, what is to be said of that, and the exit status.
    fn outcome(&self, output: &Output) -> (&'static str, Option<String>, u8) {
        let shown = &self.asked.first;
        let foreign = self.dialled.transcript.messages.iter().find_map(|message| match message.problem {
            Some(
                problem @ (Problem::PlainHttp
                | Problem::Ssh
                | Problem::Ssl2
                | Problem::NotTls
                | Problem::TooLong(_)),
            ) if message.from == Side::Server => Some(problem),
            _ => None,
        });
        if let Some(problem) = foreign {
            let words = problem.words(output.language);
            let say = format!("{shown} does not speak TLS here: {words}; name the port where it does");
            return ("broken", Some(say), 3);
        }
        match &self.dialled.ended {
            Ended::Finished => ("finished", None, 0),
            Ended::RefusedByClient(_) => ("refused-by-client", None, 1),
            Ended::RefusedByServer => ("refused-by-server", None, 1),
            Ended::TimedOut => {
                let said =
                    if self.dialled.recording.server.is_empty() { "said nothing" } else { "did not finish" };
                let say = format!(
                    "{shown} took the connection and {said} within {} s: it may speak no TLS, or be hanging",
                    self.asked.real.timeout
                );
                ("timed-out", Some(say), 3)
            }
            Ended::Broken(reason) => {
                let say = format!(
                    "{shown} ended the connection without a word of why ({reason}): it may speak no TLS, or not this \
                     version; try --tls 1.2, or see its log"
                );
                ("broken", Some(say), 3)
            }
        }
    }

    /// Whether a certificate of the server's has come.
    fn shows_certificate(&self) -> bool {
        let mut messages = self.dialled.transcript.messages.iter();
        messages.any(|message| message.from == Side::Server && message.kind == Kind::CERTIFICATE)
    }

    fn document<'a>(
        &'a self,
        output: &Output,
        outcome: &'static str,
        problem: Option<&'a str>,
    ) -> Document<'a> {
        let dialled = self.dialled;
        Document {
            address: self.address.to_string(),
            outcome,
            problem,
            server_verdict: dialled.verdict.as_ref().map(|verdict| VerdictDocument::new(verdict, None)),
            client_verdict: None,
            events: dialled.events.iter().map(EventDocument::of).collect(),
            alert: dialled.alert.as_ref().map(AlertDocument::new),
            identity: None,
            http: None,
            transcript: TranscriptDocument::new(&self.dialled.transcript, output.language),
        }
    }

    fn print(&self, output: &Output) -> Result<(), CliError> {
        let language = output.language;
        let arrow = if output.ascii { "->" } else { "→" };
        let title = format!("{arrow} {} ({})", escape(&self.asked.first), self.address);
        output.line(&output.tone(Tone::Strong, &title))?;
        output.line("")?;
        print_ladder(output, &self.dialled.transcript, "  ")?;
        output.line("")?;
        match &self.dialled.verdict {
            Some(verdict) => print_verdict(
                output,
                language.pick("the client judges the server", "클라이언트가 본 서버"),
                verdict,
            )?,
            None if self.caller.roots.is_none() && self.shows_certificate() => output.line(language.pick(
                "  nobody was verified: name the server's authority with --ca FILE",
                "  아무도 검증하지 않았어요. --ca FILE로 서버의 CA를 지정하세요",
            ))?,
            None => {}
        }
        let (good, line) = match &self.dialled.ended {
            Ended::Finished => {
                (true, language.pick("the handshake is finished", "핸드셰이크가 끝났어요").to_owned())
            }
            Ended::RefusedByClient(message) => (false, message.clone()),
            Ended::RefusedByServer => {
                let alert = self.dialled.alert.map(|alert| alert.sent.go_name()).unwrap_or_default();
                (false, format!("remote error: tls: {alert}"))
            }
            Ended::Broken(_) | Ended::TimedOut => return Ok(()),
        };
        output.line(&format!("{} {}", output.mark(good), escape(&line)))
    }
}
