//! Questions that no recording has, asked of the API server as SubjectAccessReviews. The same table
//! goes through `can-i` in `src/cli/can_i/tests.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "common/cluster.rs"]
mod bench;

use std::collections::BTreeMap;

use bench::{ADMIN, Bench};
use dojang::access::{FieldRequirement, Identity, Json};
use dojang::cluster::Request;

const OBJECTS: &str = include_str!("fixtures/access/objects.yaml");
const QUESTIONS: &str = include_str!("fixtures/access/questions.txt");
const REVIEWS: &str = "/apis/authorization.k8s.io/v1/subjectaccessreviews";

/// The review that asks a question.
fn review(who: &Identity, question: &str) -> Json {
    let mut words = question.split(' ');
    let (verb, what) = (words.next().unwrap(), words.next().unwrap());
    let mut spec = Json::object([("user", who.user.as_str().into()), ("groups", Json::strings(&who.groups))]);
    if what.starts_with('/') {
        spec.set("nonResourceAttributes", Json::object([("verb", verb.into()), ("path", what.into())]));
        return spec;
    }
    let (resource, name) = what.split_once('/').unwrap_or((what, ""));
    let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
    let mut asked = Json::object([("verb", verb.into()), ("resource", resource.into())]);
    asked.set("group", group);
    asked.set("name", name);
    while let Some(word) = words.next() {
        match word.split_once('=') {
            None if word == "-n" => asked.set("namespace", words.next().unwrap()),
            Some(("--subresource", part)) => asked.set("subresource", part),
            Some(("--field-selector", selector)) => {
                let terms = FieldRequirement::of_selector(selector).unwrap();
                let terms = terms.into_iter().map(|term| {
                    let operator = if term.equals { "In" } else { "NotIn" };
                    Json::object([
                        ("key", term.field.into()),
                        ("operator", operator.into()),
                        ("values", Json::strings([term.value])),
                    ])
                });
                let terms: Vec<Json> = terms.collect();
                asked.set("fieldSelector", Json::object([("requirements", terms.into())]));
            }
            _ => panic!("{question}"),
        }
    }
    spec.set("resourceAttributes", asked);
    spec
}

#[test]
fn the_api_server_answers_by_the_rules() {
    let bench = Bench::new(true, None);
    bench.apply(OBJECTS);
    let (mut who, mut asked, mut wrong) = (BTreeMap::new(), 0, Vec::new());
    for line in QUESTIONS.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let [name, question, expected, reason @ ..] = columns.as_slice() else {
            let (name, identity) = line.split_once(" = ").unwrap();
            let (user, groups) = identity.split_once(' ').unwrap_or((identity, ""));
            let groups: Vec<String> = groups.split_whitespace().map(str::to_owned).collect();
            who.insert(name, Identity::impersonated(user, &groups));
            continue;
        };
        let body = Json::object([("spec", review(&who[name], question))]).compact();
        let request = Request::new("POST", REVIEWS).with_body("application/json", body);
        let response = bench.ask(ADMIN, &request);
        let answer: Json = serde_json::from_str(&response.text()).unwrap();
        let allowed = answer.at("status.allowed") == Some(&Json::Bool(true));
        let (reason, given) = (reason.first().copied().unwrap_or_default(), answer.text("status.reason"));
        // Of several bindings that grant these, any may be named.
        let is_tie =
            reason.contains("\"system:discovery\"") && given.contains("\"system:public-info-viewer\"");
        asked += 1;
        if response.status != 201 || allowed != (*expected == "yes") || !(given == reason || is_tie) {
            wrong.push(format!("{line}\n  ours: {}", answer.get("status").unwrap_or(&answer).compact()));
        }
    }
    assert!(asked > 200, "{asked}");
    assert!(wrong.is_empty(), "{}\n{} of {asked} differ", wrong.join("\n"), wrong.len());
}

/// A review may carry the selector as a text, too.
#[test]
fn a_raw_selector_limits_a_review_as_requirements_do() {
    let bench = Bench::new(true, None);
    for (selector, expected) in [
        (r#"{"rawSelector":"spec.nodeName=n1"}"#, true),
        (r#"{"rawSelector":"status.phase!=Failed,spec.nodeName==n1"}"#, true),
        (r#"{"rawSelector":"spec.nodeName=n2"}"#, false),
        // One bad term makes the whole unreadable.
        (r#"{"rawSelector":"spec.nodeName=n1,x"}"#, false),
        (r#"{"requirements":[{"key":"spec.nodeName","operator":"In","values":["n1","n2"]}]}"#, false),
        (r#"{"requirements":[{"key":"spec.nodeName","operator":"Exists"}]}"#, false),
        (
            r#"{"requirements":[{"key":"x","operator":"Exists"},{"key":"spec.nodeName","operator":"In","values":["n1"]}]}"#,
            true,
        ),
    ] {
        let body = format!(
            r#"{{"spec":{{"user":"system:node:n1","groups":["system:nodes"],"resourceAttributes":
            {{"verb":"list","resource":"pods","fieldSelector":{selector}}}}}}}"#
        );
        let request = Request::new("POST", REVIEWS).with_body("application/json", body);
        let answer: Json = serde_json::from_str(&bench.ask(ADMIN, &request).text()).unwrap();
        assert_eq!(
            answer.at("status.allowed"),
            Some(&Json::Bool(expected)),
            "{selector}: {}",
            answer.compact()
        );
    }
}
