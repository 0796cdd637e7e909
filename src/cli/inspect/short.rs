//! One line for each thing: name, issuer, days left, usages.

use time::OffsetDateTime;

use super::gather::Source;
use super::{days_left, report};
use crate::cli::error::CliError;
use crate::cli::output::{Output, Tone};
use crate::text::escape;
use crate::x509::{Document, Item, Kind};

pub(super) fn print(output: &Output, sources: &[Source], now: OffsetDateTime) -> Result<(), CliError> {
    let mut text = String::new();
    for source in sources {
        let name = escape(&source.name);
        for item in &source.items {
            let at = item.at.as_deref().map(|at| format!(" {at}")).unwrap_or_default();
            text.push_str(&format!("{name}{at}: {}\n", line(output, item, now)));
        }
        for problem in &source.problems {
            text.push_str(&format!("{name}: {}\n", output.tone(Tone::Bad, &report::problem(problem))));
        }
    }
    output.line(text.trim_end_matches('\n'))
}

fn line(output: &Output, item: &Item, now: OffsetDateTime) -> String {
    let document = &item.document();
    let issued = || {
        if document.value("issuer") == document.value("subject") { "self" } else { document.value("issuer") }
    };
    match document.kind {
        Kind::Certificate => {
            let name = match document.value("subject") {
                "" => document.value("subjectAltName"),
                subject => subject,
            };
            let parts = [
                name.to_owned(),
                format!("issuer {}", issued()),
                left(output, document, now),
                usages(document),
            ];
            joined(&parts)
        }
        Kind::CertificateRequest => joined(&[
            document.value("subject").to_owned(),
            "CSR".to_owned(),
            document.value("publicKey").to_owned(),
        ]),
        Kind::RevocationList => {
            let count = document.field("revokedCertificates").map_or("0", |field| field.value.as_str());
            joined(&[
                document.value("issuer").to_owned(),
                format!("CRL, {count} revoked"),
                left(output, document, now),
            ])
        }
        Kind::PrivateKey => format!("private key, {}", document.value("publicKey")),
        Kind::PublicKey => format!("public key, {}", document.value("publicKey")),
        Kind::Pkcs7 | Kind::Pkcs12 | Kind::Unknown => "ASN.1 of no known kind".to_owned(),
    }
}

fn joined(parts: &[String]) -> String {
    parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join("; ")
}

fn left(output: &Output, document: &Document, now: OffsetDateTime) -> String {
    match days_left(document, now) {
        None => String::new(),
        Some(days) if days < 0 => output.tone(Tone::Bad, &format!("expired {} days ago", -days)),
        Some(days) => format!("{days} days left"),
    }
}

/// What it may be used for, in the field's words.
fn usages(document: &Document) -> String {
    let extended = document.value("extendedKeyUsage");
    let extended = extended.strip_prefix("critical, ").unwrap_or(extended);
    if document.value("basicConstraints").contains("CA:TRUE") {
        return if extended.is_empty() { "CA".to_owned() } else { format!("CA, {extended}") };
    }
    extended.to_owned()
}
