//! Every row of `fixtures/verifiers.toml` made by the one encoder and judged: Go's verdict
//! and message by `trust`, the alert that its kind leads to, webpki's error by webpki, and
//! OpenSSL's first error by OpenSSL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cases;
mod plan;

use cases::{Case, Proof};
use dojang::trust::opinion::{Inquiry, Opinion, Revocation, openssl, variant, webpki_error};
use dojang::trust::{Purpose, Question, RefusalKind, Roots, Sent, verify};
use serde::Deserialize;
use time::OffsetDateTime;
use time::macros::datetime;

/// When everything is judged.
const NOW: OffsetDateTime = datetime!(2027-01-02 00:00 UTC);

#[derive(Deserialize)]
struct Table {
    row: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    side: Side,
    fault: String,
    #[serde(default = "ok")]
    webpki: String,
    #[serde(default, rename = "webpki_alert")]
    _webpki_alert: String,
    #[serde(default = "ok")]
    openssl: String,
    #[serde(default)]
    go: String,
    #[serde(default)]
    go_alert: String,
}

fn ok() -> String {
    "ok".to_owned()
}

/// What is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Side {
    /// A server's certificate.
    S,
    /// A client's.
    C,
}

impl Side {
    const fn purpose(self) -> Purpose {
        match self {
            Self::S => Purpose::Server,
            Self::C => Purpose::Client,
        }
    }
}

fn rows() -> Vec<Row> {
    let path = format!("{}/tests/fixtures/verifiers.toml", env!("CARGO_MANIFEST_DIR"));
    let table: Table = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(table.row.len(), 143);
    table.row
}

/// The rows that differ in what `judge` finds.
fn differing(judge: impl Fn(&Row, &Case) -> (String, String)) -> Vec<String> {
    rows()
        .iter()
        .filter_map(|row| {
            let (ours, theirs) = judge(row, &Case::make(&row.fault, row.side));
            let differs = ours != theirs;
            differs.then(|| format!("{:?} {}\n  ours   {ours}\n  theirs {theirs}", row.side, row.fault))
        })
        .collect()
}

/// What the peer of a Go program prints of the alert that this refusal leads to.
fn alert(side: Side, kind: RefusalKind) -> &'static str {
    match (side, kind) {
        (_, RefusalKind::Parse) => "error decoding message",
        (Side::S, _) | (_, RefusalKind::Other) => "bad certificate",
        (_, RefusalKind::UnknownAuthority) => "unknown certificate authority",
        (_, RefusalKind::Expired) => "expired certificate",
    }
}

#[test]
fn go_says_so_of_every_row() {
    let wrong = differing(|row, case| {
        let verdict = verify(&Question {
            chain: &Sent::parse(&case.chain),
            roots: &Roots::from_der(&case.roots),
            purpose: row.side.purpose(),
            name: case.name(row.side),
            time: NOW,
        });
        let ours = match verdict.refusal {
            Some(refusal) => format!("{} -> {}", refusal.message, alert(row.side, refusal.kind)),
            None => String::new(),
        };
        let theirs = match case.proof {
            // The chain is good; tests/handshake.rs holds the words for the key.
            Proof::OtherKey => String::new(),
            Proof::Good | Proof::ShortKey if row.go.is_empty() => String::new(),
            Proof::Good | Proof::ShortKey => format!("{} -> {}", row.go, row.go_alert),
        };
        (ours, theirs)
    });
    assert!(wrong.is_empty(), "{} rows differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn webpki_says_so_of_every_row() {
    let wrong = differing(|row, case| {
        let inquiry = Inquiry {
            chain: &case.chain,
            roots: &case.roots,
            purpose: row.side.purpose(),
            name: case.name(row.side),
            time: NOW,
        };
        let error = webpki_error(&inquiry, &Revocation { lists: case.lists.clone() }).unwrap();
        let ours = match error {
            Some(error) => variant(&error),
            None => case.proof.webpki().to_owned(),
        };
        (ours, row.webpki.clone())
    });
    assert!(wrong.is_empty(), "{} rows differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn openssl_says_so_of_every_row_without_revocation() {
    let installed = std::process::Command::new("openssl").arg("version").output();
    let version = String::from_utf8(installed.expect("this test needs openssl").stdout).unwrap();
    let wrong = differing(|row, case| {
        let inquiry = Inquiry {
            chain: &case.chain,
            roots: &case.roots,
            purpose: row.side.purpose(),
            name: case.name(row.side),
            time: NOW,
        };
        let theirs = if case.lists.is_empty() { row.openssl.clone() } else { ok() };
        let ours = match openssl(&inquiry) {
            Opinion::Accepted => ok(),
            Opinion::Refused(words) => brief(&words),
            other => panic!("{}: {other:?}", row.fault),
        };
        // The table says which; OpenSSL tells all that it finds.
        let first = theirs.split([';', '[']).next().unwrap().trim().to_owned();
        (ours, first)
    });
    // Another version than the recorded one may word it otherwise.
    if version.starts_with("OpenSSL 3.0.") {
        assert!(wrong.is_empty(), "{} rows differ:\n{}", wrong.len(), wrong.join("\n"));
    }
}

/// `error 10 at 0 depth lookup: certificate has expired; …` as `10@0 certificate has expired`.
fn brief(words: &str) -> String {
    let first = words.split("; ").next().unwrap();
    let Some(rest) = first.strip_prefix("error ") else { return first.to_owned() };
    let (number, rest) = rest.split_once(" at ").unwrap();
    let (depth, text) = rest.split_once(" depth lookup: ").unwrap();
    format!("{number}@{depth} {text}")
}
