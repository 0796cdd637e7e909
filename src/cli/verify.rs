//! `dojang verify`: the verdict on anyone's certificate.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::args::{Global, clock};
use super::error::CliError;
use super::handshake::outcome_word;
use super::inspect::bytes;
use super::output::{Output, Tone};
use crate::clock::{Clock, rfc3339};
use crate::text::escape;
use crate::trust::opinion::{Inquiry, Opinion, openssl, webpki};
use crate::trust::{Certificate, Outcome, Purpose, Question, Roots, Sent, Verdict, pem_certificates, verify};

pub(super) const JSON: &str = "\
With --format json one document: {verdict: accepted or refused, message: Go's text or null, time, checks:
[{id, outcome: pass, fail or not-reached, evidence}], paths: [{certificates, outcome: accepted or dropped,
rule, reason}], webpki: {verdict, message}, openssl: {verdict: accepted, refused, absent or silent, message}}.
Exit status: 0 accepted, 1 refused.";

/// What is asked of a certificate.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// A file of trusted certificates, any number of times; what does not parse is skipped
    #[arg(long, required = true, value_name = "FILE")]
    ca: Vec<PathBuf>,
    /// A file of intermediates, any number of times; it may be empty
    #[arg(long, value_name = "FILE")]
    intermediates: Vec<PathBuf>,
    /// What the certificate is for [default: server if a name is asked for, else any]
    #[arg(long, value_enum, hide_possible_values = true, value_name = "server|client|any")]
    purpose: Option<PurposeArg>,
    /// The DNS name, or address, by which it is called
    #[arg(long, value_name = "NAME", conflicts_with = "ip", allow_hyphen_values = true)]
    name: Option<String>,
    /// The address by which it is called
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<IpAddr>,
    /// When (RFC 3339) [default: now]
    #[arg(long, value_name = "TIME", value_parser = clock)]
    time: Option<Clock>,
    /// The certificate, PEM or DER; further ones in the file are intermediates; - reads
    /// standard input
    #[arg(value_name = "CERT")]
    certificate: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PurposeArg {
    Server,
    Client,
    Any,
}

#[derive(Serialize)]
struct Document<'a> {
    verdict: &'static str,
    message: Option<&'a str>,
    time: String,
    checks: Vec<CheckDocument<'a>>,
    paths: Vec<PathDocument<'a>>,
    webpki: OpinionDocument<'a>,
    openssl: OpinionDocument<'a>,
}

#[derive(Serialize)]
struct CheckDocument<'a> {
    id: &'static str,
    outcome: &'static str,
    evidence: &'a str,
}

#[derive(Serialize)]
struct PathDocument<'a> {
    certificates: Vec<&'a str>,
    outcome: &'static str,
    rule: Option<&'static str>,
    reason: Option<&'a str>,
}

/// Another verifier's opinion.
#[derive(Serialize)]
pub(super) struct OpinionDocument<'a> {
    verdict: &'static str,
    message: Option<&'a str>,
}

impl<'a> From<&'a Opinion> for OpinionDocument<'a> {
    fn from(opinion: &'a Opinion) -> Self {
        Self { verdict: opinion.word(), message: opinion.message() }
    }
}

pub(super) fn run(output: &Output, global: &Global, asked: &VerifyArgs) -> Result<u8, CliError> {
    let mut chain = certificates(&asked.certificate)?;
    if chain.is_empty() {
        return Err(CliError::Usage(format!(
            "{} holds no certificate in PEM or DER: name the file of a certificate, for example a .crt",
            asked.certificate.display()
        )));
    }
    for path in &asked.intermediates {
        chain.extend(certificates(path)?);
    }
    let mut trusted = Vec::new();
    for path in &asked.ca {
        trusted.extend(certificates(path)?);
    }
    let roots = Roots::from_der(&trusted);
    let address = asked.ip.map(|address| address.to_string());
    let name = asked.name.as_deref().or(address.as_deref());
    let purpose = match asked.purpose {
        Some(PurposeArg::Server) => Purpose::Server,
        Some(PurposeArg::Client) => Purpose::Client,
        None if name.is_some() => Purpose::Server,
        Some(PurposeArg::Any) | None => Purpose::Any,
    };
    let time = asked.time.or(global.now).unwrap_or(Clock::System).now();
    let verdict = verify(&Question { chain: &Sent::parse(&chain), roots: &roots, purpose, name, time });
    let inquiry = Inquiry { chain: &chain, roots: &trusted, purpose, name, time };
    let told = Told { verdict: &verdict, time: rfc3339(time), others: [webpki(&inquiry), openssl(&inquiry)] };
    if output.json {
        output.document(&told.document())?;
    } else {
        told.print(output)?;
        if roots.is_empty() {
            let none = output.language.pick(
                "  no certificate that Go takes is in the --ca files, so nobody is trusted",
                "  --ca 파일에 Go가 받아들이는 인증서가 없어서 아무도 신뢰하지 않아요",
            );
            output.line(none)?;
        }
    }
    Ok(u8::from(!verdict.is_accepted()))
}

/// The certificates of a file: bare DER, else every PEM block, else whatever bytes begin
/// as DER does, for the parser to say what is wrong with them.
pub(super) fn certificates(path: &Path) -> Result<Vec<Vec<u8>>, CliError> {
    let bytes = bytes(path, "name a file of certificates in PEM or DER, for example ca.crt")?;
    if Certificate::parse(&bytes).is_ok() {
        return Ok(vec![bytes]);
    }
    let blocks = pem_certificates(&bytes);
    if blocks.is_empty() && bytes.first() == Some(&0x30) {
        return Ok(vec![bytes]);
    }
    Ok(blocks)
}

struct Told<'a> {
    verdict: &'a Verdict,
    time: String,
    others: [Opinion; 2],
}

impl Told<'_> {
    fn document(&self) -> Document<'_> {
        let [webpki, openssl] = &self.others;
        let checks = self.verdict.checks.iter().map(|check| CheckDocument {
            id: check.rule.name(),
            outcome: outcome_word(check.outcome),
            evidence: &check.evidence,
        });
        let paths = self.verdict.paths.iter().map(|path| PathDocument {
            certificates: path.certificates.iter().map(|certificate| certificate.name.as_str()).collect(),
            outcome: if path.dropped.is_some() { "dropped" } else { "accepted" },
            rule: path.dropped.as_ref().map(|dropped| dropped.rule.name()),
            reason: path.dropped.as_ref().map(|dropped| dropped.reason.as_str()),
        });
        Document {
            verdict: if self.verdict.is_accepted() { "accepted" } else { "refused" },
            message: self.verdict.refusal.as_ref().map(|refusal| refusal.message.as_str()),
            time: self.time.clone(),
            checks: checks.collect(),
            paths: paths.collect(),
            webpki: webpki.into(),
            openssl: openssl.into(),
        }
    }

    fn print(&self, output: &Output) -> Result<(), CliError> {
        let pick = |english, korean| output.language.pick(english, korean);
        for check in &self.verdict.checks {
            let mark = match check.outcome {
                Outcome::Pass => output.mark(true),
                Outcome::Fail => output.mark(false),
                Outcome::NotReached => output.made(false),
            };
            output.line(
                format!("{mark} {:20} {}", check.rule.name(), short(output, &check.evidence)).trim_end(),
            )?;
        }
        output.line("")?;
        let arrow = if output.ascii { " <- " } else { " ← " };
        for path in &self.verdict.paths {
            let names: Vec<_> =
                path.certificates.iter().map(|certificate| escape(&certificate.name)).collect();
            let line = format!("{} {}", output.mark(path.dropped.is_none()), names.join(arrow));
            output.line(&line)?;
            if let Some(dropped) = &path.dropped {
                output.line(&format!("    {}: {}", dropped.rule.name(), short(output, &dropped.reason)))?;
            }
        }
        if !self.verdict.paths.is_empty() {
            output.line("")?;
        }
        let accepted = pick("accepted", "받아들여요");
        let go = match &self.verdict.refusal {
            None => accepted.to_owned(),
            Some(refusal) => output.tone(Tone::Bad, &escape(&refusal.message)),
        };
        output.line(&format!("{} Go       {go}", output.mark(self.verdict.is_accepted())))?;
        let [webpki, openssl] = &self.others;
        print_opinions(output, [webpki, openssl], "")
    }
}

/// What webpki and OpenSSL say, a line each.
pub(super) fn print_opinions(output: &Output, opinions: [&Opinion; 2], indent: &str) -> Result<(), CliError> {
    let pick = |english, korean| output.language.pick(english, korean);
    for (name, opinion) in ["webpki", "OpenSSL"].into_iter().zip(opinions) {
        let (mark, words) = match opinion {
            Opinion::Accepted => (output.mark(true), pick("accepted", "받아들여요").to_owned()),
            Opinion::Refused(message) => (output.mark(false), short(output, message)),
            Opinion::Absent => {
                (output.made(false), pick("not installed here", "설치되어 있지 않아요").to_owned())
            }
            Opinion::Silent(message) => (output.made(false), short(output, message)),
        };
        output.line(&format!("{indent}{mark} {name:8} {words}"))?;
    }
    Ok(())
}

/// How much of a fact is shown: a certificate may hold ten thousand names.
const MOST: usize = 1000;

/// A text made safe, and cut where it is endless; JSON has all of it.
fn short(output: &Output, text: &str) -> String {
    let more = if output.ascii { "..." } else { "…" };
    match text.char_indices().nth(MOST) {
        None => escape(text).into_owned(),
        Some((end, _)) => format!("{}{more}", escape(text.get(..end).unwrap_or_default())),
    }
}
