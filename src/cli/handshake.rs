//! `dojang handshake`: one connection, told from both sides, message by message.

mod args;
mod export;
mod listen;
mod real;

use std::borrow::Cow;
use std::net::{Ipv4Addr, SocketAddr};

use serde::Serialize;

pub(super) use args::{HandshakeArgs, JSON};

use self::export::{End, Exported, export};
use super::args::Global;
use super::error::CliError;
use super::lab::tell;
use super::output::{Output, Tone};
use super::signals::cancel_on_signal;
use super::transcript::{TranscriptDocument, print_ladder};
use super::verify::{OpinionDocument, print_opinions};
use crate::handshake::Event;
use crate::lab::{
    AlertView, Cancel, ConnectionOutcome, ConnectionView, Manner, Offer, Opinions, tls_version,
};
use crate::text::{Language, escape, particle};
use crate::trust::{Outcome, Verdict};
use crate::wire::{Transcript, decode};

/// The client's port in a capture: the first of those that are for anyone (RFC 6335).
const CLIENT_PORT: u16 = 49152;

pub(super) fn run(output: &Output, global: &Global, asked: &HandshakeArgs) -> Result<u8, CliError> {
    match (&asked.listen.listen, &asked.second) {
        (Some(address), _) => listen::run(output, global, asked, address),
        (None, None) => real::run(output, global, asked),
        (None, Some(server)) => between(output, global, asked, (&asked.first, server)),
    }
}

/// What the ends offer otherwise than usual.
fn offer(asked: &HandshakeArgs) -> Result<Offer, CliError> {
    let version = tls_version(asked.tls.as_deref().unwrap_or("1.3"))?;
    Offer::new(version, asked.suite.as_deref(), asked.group.as_deref(), asked.retry)
        .map_err(|error| CliError::Usage(error.to_string()))
}

/// A connection between two components.
fn between(
    output: &Output,
    global: &Global,
    asked: &HandshakeArgs,
    ends: (&str, &str),
) -> Result<u8, CliError> {
    asked.without_real_server()?;
    let fault = asked.fault.as_deref().map(super::faults::made).transpose()?;
    let making = fault.as_ref().map(|(_, making)| making);
    let (lab, mut connection) = super::faults::stage(output, global, ends, making)?;
    if let Some(request) = &asked.request {
        connection.request.clone_from(request);
    }
    let cancel = Cancel::default();
    cancel_on_signal(&cancel);
    let manner = Manner { tls: tls_version(asked.tls.as_deref().unwrap_or("1.3"))?, offer: offer(asked)? };
    let mut view = match making {
        Some(making) => lab.connect_made(&connection, manner, making, &cancel)?,
        None => lab.connect(&connection, manner, &cancel)?,
    };
    tell(&lab);
    for opinions in view.outcome.iter_mut().flat_map(ConnectionOutcome::opinions_mut) {
        opinions.settle();
    }
    let Some(outcome) = &view.outcome else {
        return Err(CliError::Machine("the connection had no outcome".into()));
    };
    let transcript = outcome.recording.as_deref().map(decode).unwrap_or_default();
    if let Some(recording) = &outcome.recording {
        let end = |name, port| End { name, address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)) };
        let (client, server) = (end(&view.client, CLIENT_PORT), end(&view.server, view.port));
        export(asked, &[Exported { client, server, recording, transcript: &transcript }])?;
    }
    let yes = matches!(outcome.response, Some((status, _)) if status < 300);
    if output.json {
        let fault = fault.as_ref().map(|(fault, _)| fault.id.as_str());
        let transcript = TranscriptDocument::new(&transcript, output.language);
        output.document(&HandshakeDocument::new(&view, outcome, fault, transcript))?;
    } else {
        print_connection(output, &view, outcome, &transcript)?;
    }
    Ok(u8::from(!yes))
}

#[derive(Serialize)]
struct HandshakeDocument<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'a str>,
    client: &'a str,
    server: &'a str,
    request: &'a str,
    outcome: &'a str,
    server_verdict: Option<VerdictDocument<'a>>,
    client_verdict: Option<VerdictDocument<'a>>,
    events: Vec<EventDocument<'a>>,
    alert: Option<&'a AlertView>,
    identity: Option<IdentityDocument<'a>>,
    decision: Option<&'a str>,
    response: Option<ResponseDocument<'a>>,
    client_prints: Option<&'a str>,
    server_logs: Option<&'a str>,
    micros: u64,
    http: Option<ResponseDocument<'a>>,
    #[serde(flatten)]
    transcript: TranscriptDocument<'a>,
}

#[derive(Serialize)]
struct EventDocument<'a> {
    who: Cow<'a, str>,
    what: Cow<'a, str>,
}

impl EventDocument<'_> {
    fn of(event: &Event) -> Self {
        Self { who: event.side.to_string().into(), what: event.step.to_string().into() }
    }
}

#[derive(Serialize)]
struct IdentityDocument<'a> {
    user: &'a str,
    groups: &'a [String],
}

#[derive(Serialize)]
struct ResponseDocument<'a> {
    status: u16,
    body: &'a str,
}

#[derive(Serialize)]
struct VerdictDocument<'a> {
    accepted: bool,
    message: Option<String>,
    checks: Vec<CheckDocument>,
    webpki: Option<OpinionDocument<'a>>,
    openssl: Option<OpinionDocument<'a>>,
}

#[derive(Serialize)]
struct CheckDocument {
    rule: &'static str,
    outcome: &'static str,
    evidence: String,
}

impl<'a> VerdictDocument<'a> {
    fn new(verdict: &Verdict, opinions: Option<&'a Opinions>) -> Self {
        let check = |check: &crate::trust::Check| CheckDocument {
            rule: check.rule.name(),
            outcome: outcome_word(check.outcome),
            evidence: check.evidence.clone(),
        };
        Self {
            accepted: verdict.is_accepted(),
            message: verdict.refusal.as_ref().map(|refusal| refusal.message.clone()),
            checks: verdict.checks.iter().map(check).collect(),
            webpki: opinions.map(|opinions| (&opinions.webpki).into()),
            openssl: opinions.and_then(|opinions| opinions.openssl.as_ref()).map(Into::into),
        }
    }
}

impl<'a> HandshakeDocument<'a> {
    fn new(
        view: &'a ConnectionView,
        outcome: &'a ConnectionOutcome,
        fault: Option<&'a str>,
        transcript: TranscriptDocument<'a>,
    ) -> Self {
        let judged = |verdict: &Option<Verdict>, opinions: &'a Option<Opinions>| {
            verdict.as_ref().map(|verdict| VerdictDocument::new(verdict, opinions.as_ref()))
        };
        let response =
            || outcome.response.as_ref().map(|(status, body)| ResponseDocument { status: *status, body });
        Self {
            fault,
            client: &view.client,
            server: &view.server,
            request: &view.request,
            outcome: &outcome.outcome,
            server_verdict: judged(&outcome.server_verdict, &outcome.server_opinions),
            client_verdict: judged(&outcome.client_verdict, &outcome.client_opinions),
            events: outcome
                .events
                .iter()
                .map(|(who, what)| EventDocument { who: who.into(), what: what.into() })
                .collect(),
            alert: outcome.alert.as_ref(),
            identity: outcome.identity.as_ref().map(|(user, groups)| IdentityDocument { user, groups }),
            decision: outcome.decision.as_deref(),
            response: response(),
            client_prints: outcome.client_prints.as_deref(),
            server_logs: outcome.server_logs.as_deref(),
            micros: outcome.micros,
            http: response(),
            transcript,
        }
    }
}

pub(super) const fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "pass",
        Outcome::Fail => "fail",
        Outcome::NotReached => "not-reached",
    }
}

fn print_connection(
    output: &Output,
    view: &ConnectionView,
    outcome: &ConnectionOutcome,
    transcript: &Transcript,
) -> Result<(), CliError> {
    let language = output.language;
    let arrow = if output.ascii { "->" } else { "→" };
    let title = format!("{} {arrow} {}:{}", view.client, view.server, view.port);
    output.line(&output.tone(Tone::Strong, &title))?;
    let none = language.pick("no certificate", "인증서 없음");
    let shows = view.client_subject.as_deref().unwrap_or(none);
    let heading = |english, korean| language.pick(english, korean);
    output.line(&format!("  {}  {}", heading("client shows ", "클라이언트 제시"), escape(shows)))?;
    output.line(&format!(
        "  {}  {}",
        heading("server shows ", "서버 제시      "),
        escape(&view.server_subject)
    ))?;
    output.line(&format!("  {}  {}", heading("asked for    ", "부른 이름      "), view.server_name))?;
    output.line("")?;
    for (who, what) in &outcome.events {
        output.line(&format!("  {who:6}  {}", escape(what)))?;
    }
    if let Some(alert) = outcome.alert.as_ref().filter(|alert| alert.sent != alert.go) {
        let told = match language {
            Language::En => format!("a Go {} sends {} in place of {}", alert.from, alert.go, alert.sent),
            Language::Ko => {
                let particle = particle(&alert.go, "을", "를");
                format!("Go {}라면 {} 대신 {}{particle} 보내요", alert.from, alert.sent, alert.go)
            }
        };
        output.line(&format!("  {:6}  {}", "", output.tone(Tone::Quiet, &told)))?;
    }
    if !transcript.messages.is_empty() {
        output.line("")?;
        output.line(&output.tone(Tone::Strong, heading("on the wire", "오간 메시지")))?;
        print_ladder(output, transcript, "  ")?;
    }
    let verdicts = [
        (
            heading("the client judges the server", "클라이언트가 본 서버"),
            &outcome.server_verdict,
            &outcome.server_opinions,
        ),
        (
            heading("the server judges the client", "서버가 본 클라이언트"),
            &outcome.client_verdict,
            &outcome.client_opinions,
        ),
    ];
    for (title, verdict, opinions) in verdicts {
        let Some(verdict) = verdict else { continue };
        output.line("")?;
        print_verdict(output, title, verdict)?;
        if let Some(Opinions { webpki, openssl: Some(openssl), .. }) = opinions {
            print_opinions(output, [webpki, openssl], "  ")?;
        }
    }
    output.line("")?;
    if let Some((user, groups)) = &outcome.identity {
        output.line(&format!("  {}  {}", heading("user    ", "사용자  "), escape(user)))?;
        output.line(&format!("  {}  {}", heading("groups  ", "그룹    "), escape(&groups.join(" "))))?;
    }
    if let Some(decision) = &outcome.decision {
        output.line(&format!("  {}  {}", heading("decision", "인가    "), escape(decision)))?;
    }
    let good = matches!(outcome.response, Some((status, _)) if status < 300);
    output.line(&format!("{} {}  {}", output.mark(good), view.request, outcome.outcome))?;
    let printed = [
        (heading("the client prints", "클라이언트 출력"), &outcome.client_prints),
        (heading("the server logs  ", "서버 로그      "), &outcome.server_logs),
    ];
    for (title, text) in printed {
        if let Some(text) = text {
            output.line(&format!("  {title}  {}", escape(text)))?;
        }
    }
    Ok(())
}

/// A verdict, check by check.
fn print_verdict(output: &Output, title: &str, verdict: &Verdict) -> Result<(), CliError> {
    let mark = output.mark(verdict.is_accepted());
    output.line(&format!("{mark} {}", output.tone(Tone::Strong, title)))?;
    for check in &verdict.checks {
        let mark = match check.outcome {
            Outcome::Pass => output.mark(true),
            Outcome::Fail => output.mark(false),
            Outcome::NotReached => output.made(false),
        };
        let line = format!("  {mark} {:20} {}", check.rule.name(), escape(&check.evidence));
        output.line(line.trim_end())?;
    }
    if let Some(refusal) = &verdict.refusal {
        output.line(&format!("    {}", output.tone(Tone::Bad, &escape(&refusal.message))))?;
    }
    Ok(())
}
