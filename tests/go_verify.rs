//! Verdicts and messages held against what Go's `crypto/x509` answered, recorded with
//! Go 1.27.3.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use dojang::trust::{Certificate, Outcome, Purpose, Question, Roots, Rule, Sent, verify};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

#[derive(Deserialize)]
struct Case {
    case: serde_json::Value,
    purpose: String,
    name: Option<String>,
    time: String,
    tags: Vec<String>,
    leaf: String,
    intermediates: String,
    roots: String,
    accepted: bool,
    message: Option<String>,
}

/// The bytes of PEM blocks, whatever is in them.
fn blocks(pem: &str) -> Vec<Vec<u8>> {
    use base64::Engine as _;
    pem.split("-----BEGIN CERTIFICATE-----")
        .skip(1)
        .map(|block| {
            let body: String = block.split("-----END").next().unwrap().split_whitespace().collect();
            base64::engine::general_purpose::STANDARD.decode(body).unwrap()
        })
        .collect()
}

/// Counts the rows, those whose verdict agrees, and those whose message does.
fn measure(file: &str) -> (usize, usize, usize) {
    let path = format!("{}/tests/fixtures/go-verify/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let (mut rows, mut verdicts, mut messages) = (0, 0, 0);
    for line in text.lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        let mut chain = blocks(&case.leaf);
        chain.extend(blocks(&case.intermediates));
        let roots = Roots::from_pem(case.roots.as_bytes());
        let verdict = verify(&Question {
            chain: &Sent::parse(&chain),
            roots: &roots,
            purpose: match case.purpose.as_str() {
                "server" => Purpose::Server,
                "any" => Purpose::Any,
                _ => Purpose::Client,
            },
            name: case.name.as_deref(),
            time: OffsetDateTime::parse(&case.time, &Rfc3339).unwrap(),
        });
        let rules: Vec<Rule> = verdict.checks.iter().map(|check| check.rule).collect();
        assert_eq!(rules, Rule::ALL);
        let failed = verdict.checks.iter().filter(|check| check.outcome == Outcome::Fail);
        assert_eq!(failed.count(), usize::from(!verdict.is_accepted()));
        assert_eq!(verdict.path.is_empty(), !verdict.is_accepted());

        let ours = verdict.refusal.map(|refusal| refusal.message).unwrap_or_default();
        let theirs = case.message.unwrap_or_default();
        rows += 1;
        verdicts += usize::from(ours.is_empty() == case.accepted);
        messages += usize::from(ours == theirs);
        if ours != theirs {
            println!("{file} {} {:?}\n  ours   {ours}\n  theirs {theirs}", case.case, case.tags);
        }
    }
    println!("{file}: {rows} rows, {verdicts} verdicts and {messages} messages agree");
    (rows, verdicts, messages)
}

#[test]
fn recorded_chains_are_judged_as_go_judged_them() {
    assert_eq!(measure("cases.jsonl"), (700, 700, 700));
}

#[test]
fn recorded_mutants_are_judged_as_go_judged_them() {
    assert_eq!(measure("mutants.jsonl"), (300, 300, 300));
}

/// Chosen from 60,000: for each of Go's messages, chains whose names, constraints, policies,
/// strings, times, keys and signatures are odd by rule, or whose signed part had elements
/// taken out, doubled, exchanged or altered before it was signed anew.
#[test]
fn adversarial_chains_are_judged_as_go_judged_them() {
    assert_eq!(measure("adversarial.jsonl"), (1448, 1448, 1448));
}

#[test]
fn what_does_not_parse_is_no_root() {
    assert!(Certificate::parse(b"").is_err());
    assert!(Roots::from_pem(b"-----BEGIN CERTIFICATE-----\n").certificates().is_empty());
}
