//! `can-i` on every review that was recorded from kube-apiserver 1.36.2, in this process: the
//! command line is read, and answered, as the program does it.

use clap::Parser as _;

use super::*;
use crate::access::Json;
use crate::cli::args::{Cli, Command};

const OBJECTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/kube-apiserver/objects.yaml");
const REVIEWS: &str = include_str!("../../../tests/fixtures/kube-apiserver/access-reviews.jsonl");

/// The arguments that ask what a recorded review asked.
fn arguments(row: &Json) -> Vec<String> {
    let mut arguments = vec!["dojang".into(), "can-i".into(), format!("--objects={OBJECTS}")];
    arguments.push(format!("--as={}", row.text("user")));
    arguments.extend(row.texts("groups").iter().map(|group| format!("--as-group={group}")));
    if let Some(asked) = row.get("nonResourceAttributes") {
        arguments.extend([asked.text("verb").to_owned(), asked.text("path").to_owned()]);
        return arguments;
    }
    let asked = row.get("resourceAttributes").unwrap();
    let mut resource = asked.text("resource").to_owned();
    for (sign, key) in [('.', "group"), ('/', "name")] {
        if !asked.text(key).is_empty() {
            resource = format!("{resource}{sign}{}", asked.text(key));
        }
    }
    arguments.extend([asked.text("verb").to_owned(), resource]);
    for key in ["namespace", "subresource"] {
        if !asked.text(key).is_empty() {
            arguments.push(format!("--{key}={}", asked.text(key)));
        }
    }
    let terms: Vec<String> = asked
        .list("fieldSelector.requirements")
        .iter()
        .map(|term| format!("{}={}", term.text("key"), term.texts("values")[0]))
        .collect();
    if !terms.is_empty() {
        arguments.push(format!("--field-selector={}", terms.join(",")));
    }
    arguments
}

#[test]
fn every_recorded_review_is_answered_as_it_was() {
    let (mut policy, mut asked, mut wrong) = (None, 0, Vec::new());
    for line in REVIEWS.lines() {
        let row: Json = serde_json::from_str(line).unwrap();
        let cli = Cli::try_parse_from(arguments(&row)).unwrap_or_else(|error| panic!("{line}: {error}"));
        let Some(Command::CanI(question)) = cli.command else { panic!("{line}") };
        // The objects are the same in every row.
        let policy = policy.get_or_insert_with(|| question.policy(&cli.global).unwrap());
        let identity = question.identity(&cli.global).unwrap().unwrap();
        assert_eq!(identity.groups, row.texts("groups"), "{line}");
        let decision = authorize(&identity, &question.attributes(), policy);
        let answer = document(&identity, &decision);
        let same_answer = row.get("allowed") == Some(&Json::Bool(answer.decision == "allow"));
        // Where several bindings grant the same, the API server names one of them at random.
        let same_reason = answer.reason == row.text("reason")
            || decision.grants.iter().any(|grant| format!("RBAC: allowed by {grant}") == row.text("reason"));
        if !same_answer || !same_reason {
            wrong.push(format!("{line}\n  ours: {} {}", answer.decision, answer.reason));
        }
        asked += 1;
    }
    assert_eq!(asked, 2997);
    assert!(wrong.is_empty(), "{}\n{} differ", wrong.join("\n"), wrong.len());
}

#[test]
fn questions_that_nobody_recorded_are_answered_by_the_rules() {
    const OBJECTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/access/objects.yaml");
    const QUESTIONS: &str = include_str!("../../../tests/fixtures/access/questions.txt");
    let (mut policy, mut who, mut asked, mut wrong) =
        (None, std::collections::BTreeMap::new(), 0, Vec::new());
    for line in QUESTIONS.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let [name, question, expected, reason @ ..] = columns.as_slice() else {
            let (name, identity) = line.split_once(" = ").unwrap();
            let mut words = identity.split_whitespace();
            let user = format!("--as={}", words.next().unwrap());
            let groups = words.map(|group| format!("--as-group={group}"));
            who.insert(name, std::iter::once(user).chain(groups).collect::<Vec<_>>());
            continue;
        };
        let mut arguments = vec!["dojang".into(), "can-i".into(), format!("--objects={OBJECTS}")];
        arguments.extend(who[name].iter().cloned());
        arguments.extend(question.split(' ').map(str::to_owned));
        let cli = Cli::try_parse_from(arguments).unwrap_or_else(|error| panic!("{line}: {error}"));
        let Some(Command::CanI(question)) = cli.command else { panic!("{line}") };
        let policy = policy.get_or_insert_with(|| question.policy(&cli.global).unwrap());
        let identity = question.identity(&cli.global).unwrap().unwrap();
        let decision = authorize(&identity, &question.attributes(), policy);
        asked += 1;
        let reason = reason.first().copied().unwrap_or_default();
        // Of several bindings that grant the same, any may be named.
        let same_reason = decision.reason == reason
            || decision.grants.iter().any(|grant| format!("RBAC: allowed by {grant}") == reason);
        if decision.allowed != (*expected == "yes") || !same_reason {
            wrong.push(format!("{line}\n  ours: {} {}", decision.allowed, decision.reason));
        }
    }
    assert!(asked > 200, "{asked}");
    assert!(wrong.is_empty(), "{}\n{} of {asked} differ", wrong.join("\n"), wrong.len());
}
