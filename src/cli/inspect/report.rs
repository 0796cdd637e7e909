//! The full report, for people.

use std::path::Path;

use time::OffsetDateTime;

use super::gather::Source;
use super::{Owners, days_left};
use crate::audit::Finding;
use crate::cli::check;
use crate::cli::error::CliError;
use crate::cli::output::{Output, Tone};
use crate::lab::{self, Meaning, meaning};
use crate::text::{Language, escape};
use crate::x509::{Document, Field, Item, Kind, Problem, explanation, flaw_words};

/// How much of a value is shown; JSON has all of it.
const MOST: usize = 4000;

pub(super) fn print(
    output: &Output,
    sources: &[Source],
    now: OffsetDateTime,
    explain: bool,
) -> Result<(), CliError> {
    let owners = Owners::of(sources);
    let mut first = true;
    for source in sources {
        for item in &source.items {
            if !first {
                output.line("")?;
            }
            first = false;
            output.line(&title(output, source, item))?;
            let mut lines = Vec::new();
            let document = item.document();
            fields(output, &document, explain, &mut lines);
            facts(output, &owners, &document, now, &mut lines);
            for line in lines {
                output.line(&format!("  {line}"))?;
            }
        }
        for problem in &source.problems {
            let text = format!("{}: {}", escape(&source.name), self::problem(problem));
            output.line(&format!("{} {text}", output.mark(false)))?;
        }
        for finding in findings(source, now) {
            check::one(output, &finding)?;
        }
    }
    Ok(())
}

/// `ca.crt (Secret default/web tls.crt): certificate`.
pub(super) fn title(output: &Output, source: &Source, item: &Item) -> String {
    let what = match item.kind {
        Kind::Certificate => output.language.pick("certificate", "인증서"),
        Kind::CertificateRequest => {
            output.language.pick("certificate signing request", "인증서 서명 요청(CSR)")
        }
        Kind::RevocationList => output.language.pick("certificate revocation list", "인증서 폐기 목록(CRL)"),
        Kind::PrivateKey => output.language.pick("private key", "개인 키"),
        Kind::PublicKey => output.language.pick("public key", "공개 키"),
        Kind::Pkcs7 | Kind::Pkcs12 | Kind::Unknown => {
            output.language.pick("ASN.1 of no known kind", "알려지지 않은 종류의 ASN.1")
        }
    };
    let at = item.at.as_deref().map(|at| format!(" ({at})")).unwrap_or_default();
    output.tone(Tone::Strong, &format!("{}{at}: {what}", escape(&source.name)))
}

/// A part that does not read, in a line.
pub(super) fn problem(problem: &Problem) -> String {
    match &problem.at {
        Some(at) => format!("{at}: {}", problem.why),
        None => problem.why.clone(),
    }
}

fn cut(output: &Output, value: &str, most: usize) -> String {
    let more = if output.ascii { "..." } else { "…" };
    match value.char_indices().nth(most) {
        None => value.to_owned(),
        Some((end, _)) => format!("{}{more}", value.get(..end).unwrap_or_default()),
    }
}

fn fields(output: &Output, document: &Document, explain: bool, lines: &mut Vec<String>) {
    let width = document.fields.iter().map(|field| field.name.chars().count().min(28)).max().unwrap_or(0);
    for field in &document.fields {
        let place = if explain { place(field) } else { String::new() };
        let value = match field.name.as_ref() {
            // Nobody reads a signature.
            "signatureValue" if !explain => cut(output, &field.value, 59),
            _ => cut(output, &field.value, MOST),
        };
        lines.push(format!("{:width$}  {}{place}", field.name, value).trim_end().to_owned());
        if explain {
            parts(output, field, lines);
            words(output, field, lines);
        }
        // A mark stands with its part where the parts are shown, else with the field.
        let inner = if explain { Vec::new() } else { field.all().skip(1).collect() };
        let flaws = std::iter::once(field).chain(inner).flat_map(|part| {
            let name = if part.name == field.name { String::new() } else { format!("{}: ", part.name) };
            part.flaws.iter().map(move |flaw| (name.clone(), *flaw))
        });
        let mut said = Vec::new();
        for (name, flaw) in flaws {
            let line = format!("    {} {name}{}", bang(output), flaw_words(flaw).get(output.language));
            if !said.contains(&line) && said.len() < 20 {
                said.push(line);
            }
        }
        lines.extend(said);
    }
}

fn bang(output: &Output) -> String {
    output.tone(Tone::Bad, "!")
}

fn place(field: &Field) -> String {
    field.range.as_ref().map(|range| format!("  [{}+{}]", range.start, range.len())).unwrap_or_default()
}

/// The parts of a field, each with its place.
fn parts(output: &Output, field: &Field, lines: &mut Vec<String>) {
    const DEEPEST: usize = 8;
    let mut stack: Vec<(&Field, usize)> = field.parts.iter().rev().map(|part| (part, 1)).collect();
    while let Some((part, depth)) = stack.pop() {
        let indent = "  ".repeat(depth + 1);
        lines.push(format!("{indent}{}: {}{}", part.name, cut(output, &part.value, MOST), place(part)));
        for flaw in &part.flaws {
            lines.push(format!("{indent}  {} {}", bang(output), flaw_words(*flaw).get(output.language)));
        }
        if depth < DEEPEST {
            stack.extend(part.parts.iter().rev().map(|inner| (inner, depth + 1)));
        }
    }
}

/// What there is to know of a field.
fn words(output: &Output, field: &Field, lines: &mut Vec<String>) {
    let Some(known) = explanation(field) else { return };
    let language = output.language;
    let heads = language
        .pick(["what it is", "Kubernetes", "what goes wrong"], ["무엇인가", "Kubernetes", "잘못되면"]);
    let faults =
        if known.faults.is_empty() { String::new() } else { format!(" ({})", known.faults.join(", ")) };
    let said = [known.what, known.kubernetes, known.wrong].map(|words| words.get(language));
    for (index, (head, said)) in heads.into_iter().zip(said).enumerate() {
        let faults = if index == 2 { faults.as_str() } else { "" };
        lines.push(output.tone(Tone::Quiet, &format!("    {head}: {said}{faults}")));
    }
}

/// What is worked out: time left, the pin, whose key it is, what a cluster makes of it.
fn facts(
    output: &Output,
    owners: &Owners,
    document: &Document,
    now: OffsetDateTime,
    lines: &mut Vec<String>,
) {
    let language = output.language;
    let mut fact = |name: &str, value: String| lines.push(format!("{name}: {value}"));
    if let Some(days) = days_left(document, now) {
        fact(
            language.pick("time left", "남은 기간"),
            match (days < 0, language) {
                (true, Language::En) => output.tone(Tone::Bad, &format!("expired {} days ago", -days)),
                (true, Language::Ko) => output.tone(Tone::Bad, &format!("{}일 전에 만료됐어요", -days)),
                (false, Language::En) => format!("{days} days"),
                (false, Language::Ko) => format!("{days}일"),
            },
        );
    }
    if let Some(pin) = document.pin() {
        fact(
            language
                .pick("key pin (--discovery-token-ca-cert-hash)", "키 핀(--discovery-token-ca-cert-hash)"),
            pin.to_owned(),
        );
    }
    let certificates = owners.matches(document);
    if !certificates.is_empty() {
        fact(language.pick("it belongs to", "짝이 되는 것"), escape(&certificates.join(", ")).into_owned());
    } else if matches!(document.kind, Kind::PrivateKey | Kind::PublicKey) && !owners.0.is_empty() {
        fact(
            language.pick("it belongs to", "짝이 되는 것"),
            language.pick("none of the certificates here", "여기에는 없어요").to_owned(),
        );
    }
    if matches!(document.kind, Kind::Certificate | Kind::CertificateRequest) {
        cluster(output, &meaning(document), lines);
    }
}

/// What a cluster makes of it.
fn cluster(output: &Output, meaning: &Meaning, lines: &mut Vec<String>) {
    let language = output.language;
    if let Some(refused) = &meaning.refused {
        let head = language.pick("a cluster refuses it", "클러스터가 거부해요");
        lines.push(format!("{} {head}: {refused}", output.mark(false)));
    }
    if let Some(identity) = &meaning.identity {
        let head = language.pick("to the API server", "API 서버에게는");
        lines.push(format!("{head}: user {}, groups {}", identity.user, identity.groups.join(", ")));
        if let Some(uid) = &identity.uid {
            lines.push(format!("  uid {uid}"));
        }
        lines.extend(identity.credential_id.iter().map(|id| format!("  credential-id {id}")));
        if let Some(node) = &identity.node {
            let head = language.pick("to the Node authorizer", "Node 인가자에게는");
            lines.push(format!("{head}: node {node}"));
        }
    }
    let uses = [
        (meaning.client, language.pick("a client", "클라이언트")),
        (meaning.server, language.pick("a server", "서버")),
        (meaning.authority, language.pick("a CA", "CA")),
    ];
    let uses: Vec<&str> = uses.into_iter().filter(|(holds, _)| *holds).map(|(_, name)| name).collect();
    if !uses.is_empty() {
        let head = language.pick("it may serve as", "쓸 수 있는 곳");
        lines.push(format!("{head}: {}", uses.join(", ")));
    }
    for role in &meaning.roles {
        let head = language.pick("in the blueprint", "설계도에서는");
        lines.push(format!("{head}: {} ({}), {}: {}", role.artifact, role.component, role.layout, role.file));
        lines.extend(role.flags.iter().map(|flag| format!("  {flag}")));
    }
}

/// What `dojang check` says of a source.
pub(super) fn findings(source: &Source, now: OffsetDateTime) -> Vec<Finding> {
    let path = Path::new(&source.name);
    let certificates = source.items.iter().filter(|item| item.kind == Kind::Certificate);
    let certificates: Vec<&[u8]> = certificates.map(|item| item.der.as_slice()).collect();
    lab::findings(&source.name, path.is_file().then_some(path), &certificates, now)
}
