//! A bare cluster against what kube-apiserver 1.36.2 answered, in the order in which it was
//! asked: its objects, every access review, every recorded HTTP exchange.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "common/cluster.rs"]
mod bench;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bench::{ADMIN, Bench};
use dojang::access::Json;
use dojang::cluster::{Request, Response};

const REVIEWS: &str = include_str!("fixtures/kube-apiserver/access-reviews.jsonl");
const OBJECTS: &str = include_str!("fixtures/kube-apiserver/objects.yaml");

fn parsed(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn body(response: &Response) -> Json {
    parsed(&response.text())
}

fn bench() -> Bench {
    let bench = Bench::new(true, None);
    bench.apply(OBJECTS);
    bench
}

#[test]
fn every_recorded_review_is_answered_alike_through_the_api() {
    let bench = bench();
    let (mut rows, mut differing) = (0, Vec::new());
    for line in REVIEWS.lines() {
        let row = parsed(line);
        let mut spec =
            Json::object([("user", row.text("user").into()), ("groups", Json::strings(row.texts("groups")))]);
        for key in ["resourceAttributes", "nonResourceAttributes"] {
            if let Some(asked) = row.get(key) {
                spec.set(key, asked.clone());
            }
        }
        let review = Json::object([
            ("apiVersion", "authorization.k8s.io/v1".into()),
            ("kind", "SubjectAccessReview".into()),
            ("spec", spec),
        ]);
        let request = Request::new("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews")
            .with_body("application/json", review.compact());
        let response = bench.ask(ADMIN, &request);
        assert_eq!(response.status, 201, "{line}");
        let answer = body(&response);
        rows += 1;
        let same = answer.at("status.allowed") == row.get("allowed");
        // Where several bindings grant the same, the API server names whichever its informer's
        // map yields first, and that varies from one question to the next.
        let reason = answer.text("status.reason");
        let expected = row.text("reason");
        let tied = reason.starts_with("RBAC: allowed by") && expected.starts_with("RBAC: allowed by");
        if !same || (reason != expected && !tied) {
            differing.push(format!("{line}\n  ours: {}", answer.get("status").unwrap().compact()));
        }
    }
    assert_eq!(rows, 2997);
    assert!(differing.is_empty(), "{}\n{} differ", differing.join("\n"), differing.len());
}

/// A recorded exchange.
struct Exchange {
    name: String,
    identity: String,
    request: Request,
    status: u16,
    content_type: String,
    body: String,
}

fn exchange(path: &Path) -> Exchange {
    let text = fs::read_to_string(path).unwrap().replace("\r\n", "\n");
    let (asked, answer) = text.split_once("\n\n").unwrap();
    let mut lines = asked.lines().map(|line| line.strip_prefix("# ").unwrap_or_default());
    let identity = lines.next().unwrap().strip_prefix("identity: ").unwrap().to_owned();
    let (method, target) = lines.next().unwrap().split_once(' ').unwrap();
    let mut request = Request::new(method, target).header("User-Agent", "curl/7.88.1");
    for line in lines {
        match line.split_once(": ") {
            Some((name, value)) if !line.starts_with('{') => request = request.header(name, value),
            _ => request.body = line.as_bytes().to_vec(),
        }
    }
    let (head, body) = answer.split_once("\n\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let content_type = head
        .lines()
        .find_map(|line| line.split_once(": ").filter(|(name, _)| name.eq_ignore_ascii_case("content-type")))
        .unwrap()
        .1;
    Exchange {
        name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
        identity,
        request,
        status,
        content_type: content_type.trim().to_owned(),
        body: body.trim_start_matches('\n').to_owned(),
    }
}

/// Every path in a value with the type that is there; items of lists count together.
fn shape(value: &Json, path: &str, found: &mut BTreeMap<String, &'static str>) {
    let kind = match value {
        Json::Null => "null",
        Json::Bool(_) => "bool",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    };
    found.insert(path.to_owned(), kind);
    for (key, value) in value.fields() {
        shape(value, &format!("{path}.{key}"), found);
    }
    if let Json::Array(items) = value {
        for item in items {
            shape(item, &format!("{path}[]"), found);
        }
    }
}

fn same_shape(theirs: &Json, ours: &Json) -> Vec<String> {
    let (mut one, mut other) = (BTreeMap::new(), BTreeMap::new());
    shape(theirs, "", &mut one);
    shape(ours, "", &mut other);
    let mut wrong: Vec<String> = one
        .iter()
        .filter(|(path, kind)| other.get(*path) != Some(kind))
        .map(|(path, _)| format!("  - {path}"))
        .collect();
    wrong.extend(other.keys().filter(|path| !one.contains_key(*path)).map(|path| format!("  + {path}")));
    wrong
}

#[test]
fn every_recorded_exchange_is_answered_alike() {
    let bench = bench();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/kube-apiserver/http");
    let mut exchanges: Vec<Exchange> =
        fs::read_dir(directory).unwrap().map(|entry| exchange(&entry.unwrap().path())).collect();
    // What changes something comes in the order in which it was recorded.
    let order = ["csr-create", "csr-table", "csr-approved", "csr-table-approved", "delete"];
    exchanges.sort_by_key(|one| (order.iter().position(|name| *name == one.name), one.name.clone()));
    assert_eq!(exchanges.len(), 43);
    let mut wrong = Vec::new();
    for one in &exchanges {
        if one.name == "csr-approved" {
            approve(&bench);
        }
        let (identity, impersonated) = match one.identity.split_once(", Impersonate-User: ") {
            Some((identity, user)) => (identity, Some(user)),
            None => (one.identity.as_str(), None),
        };
        let subject = match identity {
            "-" => "",
            "super-admin" => ADMIN,
            "scheduler" => "/CN=system:kube-scheduler",
            "kubelet" => "/O=system:nodes/CN=system:node:cp1",
            other => panic!("{other}"),
        };
        let mut request = one.request.clone();
        if let Some(user) = impersonated {
            request = request.header("Impersonate-User", user);
        }
        let response = bench.ask(subject, &request);
        let mut faults = Vec::new();
        if response.status != one.status {
            faults.push(format!("  status {} instead of {}", response.status, one.status));
        }
        if response.content_type != one.content_type {
            faults.push(format!("  {} instead of {}", response.content_type, one.content_type));
        }
        if one.content_type.starts_with("text/plain") {
            if response.text().trim() != one.body.trim() {
                faults.push(format!("  {}", response.text()));
            }
        } else {
            let (theirs, ours) = (parsed(&one.body), body(&response));
            if one.status >= 400 && response.text().trim() != one.body.trim() {
                faults.push(format!("  {}", ours.compact()));
            }
            faults.extend(same_shape(&theirs, &ours));
            let is_fixed = one.name.starts_with("discovery") || one.name.starts_with("version");
            if is_fixed && !theirs.same_as(&ours) {
                faults.push("  differs".into());
            }
        }
        if !faults.is_empty() {
            wrong.push(format!("{}:\n{}", one.name, faults.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "{}\n{} of {} differ", wrong.join("\n"), wrong.len(), exchanges.len());
}

/// As `kubectl certificate approve jane`.
fn approve(bench: &Bench) {
    let path = "/apis/certificates.k8s.io/v1/certificatesigningrequests/jane";
    let mut csr = body(&bench.ask(ADMIN, &Request::new("GET", path)));
    let condition = parsed(
        r#"{"type":"Approved","status":"True","reason":"KubectlApprove",
            "message":"This CSR was approved by kubectl certificate approve.","lastUpdateTime":"2026-11-23T19:54:41Z"}"#,
    );
    csr.path_mut(&["status"]).set("conditions", vec![condition]);
    let request =
        Request::new("PUT", &format!("{path}/approval")).with_body("application/json", csr.compact());
    let response = bench.ask(ADMIN, &request);
    assert_eq!(response.status, 200, "{}", response.text());
}
