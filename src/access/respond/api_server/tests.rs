//! Against exchanges recorded from kube-apiserver 1.36.2.

use super::super::{Authentication, HttpRequest, ServerKind, respond};
use super::*;
use crate::access::identity::CREDENTIAL_ID;
use crate::access::world::WorldNode;
use time::macros::datetime;

macro_rules! recorded {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/fixtures/kube-apiserver/http/", $name, ".txt"))
    };
}

fn world() -> World {
    let node = |name: &str, last: u8, control_plane: bool| WorldNode {
        name: name.to_owned(),
        address: [10, 0, 0, last].into(),
        control_plane,
    };
    let nodes = [node("cp1", 10, true), node("node01", 21, false)];
    World::new(&nodes, "127.0.0.1:16443", datetime!(2026-11-23 19:54:40 UTC))
}

/// Whom the recording calls by the names of its certificates' files.
fn authentication(name: &str) -> Authentication {
    let identity = match name {
        "-" => return Authentication::Anonymous,
        "super-admin" => {
            let mut admin = Identity::named("kubernetes-super-admin", &["system:masters"]);
            let hash = "X509SHA256=fcad582a586bd01d9981a3b93056b94d62a0e12762a96f1b35bc45ddf0a2c502";
            admin.extra = vec![(CREDENTIAL_ID.to_owned(), vec![hash.to_owned()])];
            admin
        }
        "kubelet" => Identity::named("system:node:cp1", &["system:nodes"]),
        other => panic!("{other} is nobody in the recording"),
    };
    Authentication::Identified(identity)
}

#[test]
fn answers_are_the_recorded_ones() {
    for recorded in [
        recorded!("anonymous-forbidden"),
        recorded!("bad-limit"),
        recorded!("discovery-api"),
        recorded!("discovery-api-v1"),
        recorded!("discovery-apis"),
        recorded!("discovery-certificates-v1"),
        recorded!("forbidden-cluster"),
        recorded!("forbidden-named"),
        recorded!("forbidden-path"),
        recorded!("healthz"),
        recorded!("livez-verbose"),
        recorded!("method-not-allowed"),
        recorded!("node-missing"),
        recorded!("selfsubjectreview"),
        recorded!("unknown-group"),
        recorded!("unknown-path"),
        recorded!("version"),
    ] {
        let recorded = recorded.replace("\r\n", "\n");
        let mut sections = recorded.splitn(3, "\n\n");
        let asked = sections.next().unwrap();
        let head = sections.next().unwrap();
        let body = sections.next().unwrap();
        let mut lines = asked.lines();
        let name = lines.next().unwrap().strip_prefix("# identity: ").unwrap();
        let (method, path) = lines.next().unwrap()[2..].split_once(' ').unwrap();
        let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
        let header = |key: &str| head.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));

        let request = HttpRequest { method, path };
        let response = respond(ServerKind::KubeApiserver, authentication(name), &request, &world());
        assert_eq!(response.status, status, "{asked}");
        assert_eq!(Some(response.content_type), header("Content-Type"), "{asked}");
        assert_eq!(response.body.trim(), body.trim(), "{asked}");
        if let Some(length) = header("Content-Length") {
            assert_eq!(response.body.len().to_string(), length, "{asked}");
        }
    }
}

fn get(authentication: Authentication, path: &str) -> HttpResponse {
    let request = HttpRequest { method: "GET", path };
    respond(ServerKind::KubeApiserver, authentication, &request, &world())
}

#[test]
fn a_refused_certificate_is_401_even_for_version() {
    let response = get(Authentication::Refused, "/version");
    assert_eq!(response.status, 401);
    assert_eq!(
        response.body,
        "{\n  \"kind\": \"Status\",\n  \"apiVersion\": \"v1\",\n  \"metadata\": {},\n  \
         \"status\": \"Failure\",\n  \"message\": \"Unauthorized\",\n  \
         \"reason\": \"Unauthorized\",\n  \"code\": 401\n}"
    );
    assert_eq!((response.identity, response.decision), (None, None));
}

#[test]
fn paths_that_a_resource_does_not_have() {
    let status = |method: &str, path: &str| {
        let request = HttpRequest { method, path };
        respond(ServerKind::KubeApiserver, authentication("super-admin"), &request, &world()).status
    };
    assert_eq!(status("GET", "/api/v1/pods/web"), 404);
    assert_eq!(status("GET", "/api/v1/namespaces/dev/nodes"), 404);
    assert_eq!(status("POST", "/api/v1/pods"), 405);
    assert_eq!(status("DELETE", "/api/v1/pods"), 405);
    assert_eq!(status("POST", "/api/v1/nodes/node01"), 405);
    assert_eq!(status("POST", "/api/v1/namespaces"), 400);
    assert_eq!(status("GET", "/api/v1/watch"), 500);
}

#[test]
fn objects_are_served_to_those_who_may() {
    let admin = || authentication("super-admin");
    let nodes = get(admin(), "/api/v1/nodes");
    assert_eq!(nodes.status, 200);
    assert!(
        nodes.body.starts_with("{\n  \"kind\": \"NodeList\",\n  \"apiVersion\": \"v1\",\n  \"metadata\": {")
    );
    let list: Json = serde_json::from_str(&nodes.body).unwrap();
    let names: Vec<&str> = list.list("items").iter().map(|node| node.text("metadata.name")).collect();
    assert_eq!(names, ["cp1", "node01"]);
    assert_eq!(get(admin(), "/api/v1/nodes/node01").status, 200);
    assert_eq!(get(admin(), "/api/v1/namespaces/kube-system").status, 200);
    let pods = get(admin(), "/api/v1/pods?fieldSelector=spec.nodeName%3Dnode01");
    let list: Json = serde_json::from_str(&pods.body).unwrap();
    assert_eq!(list.list("items").len(), 1);
    let secrets = get(admin(), "/api/v1/namespaces/default/secrets");
    assert!(secrets.body.ends_with("\"items\": []\n}"));

    let proxy = Authentication::Identified(Identity::named("system:kube-proxy", &[] as &[&str]));
    assert_eq!(get(proxy.clone(), "/api/v1/services").status, 200);
    assert_eq!(get(proxy, "/api/v1/pods").status, 403);
}

#[test]
fn kubelets_ask_the_api_server() {
    let ask = |authentication: Authentication, method: &str, path: &str| {
        let request = HttpRequest { method, path };
        respond(ServerKind::Kubelet { node: "node01" }, authentication, &request, &world())
    };
    let client =
        || Authentication::Identified(Identity::named("kube-apiserver-kubelet-client", &[] as &[&str]));
    let pods = ask(client(), "GET", "/pods");
    assert_eq!(pods.status, 200);
    assert!(pods.body.contains("kube-proxy-node01"));
    assert_eq!(ask(client(), "GET", "/healthz").body, "ok");
    assert_eq!(ask(client(), "GET", "/containerLogs/kube-system/kube-proxy-node01/kube-proxy").status, 200);
    assert_eq!(ask(client(), "GET", "/containerLogs/default/web/c").body, "pod \"web\" does not exist");

    let jane = || Authentication::Identified(Identity::named("jane", &["dev"]));
    let forbidden = ask(jane(), "GET", "/pods");
    assert_eq!(forbidden.status, 403);
    assert_eq!(
        forbidden.body,
        "Forbidden (user=jane, verb=get, resource=nodes, subresource(s)=[pods proxy])"
    );
    assert_eq!(
        ask(jane(), "POST", "/exec/default/web/c?command=id").body,
        "Forbidden (user=jane, verb=create, resource=nodes, subresource(s)=[proxy])"
    );
    for refused in [Authentication::Anonymous, Authentication::Refused] {
        let response = ask(refused, "GET", "/pods");
        assert_eq!((response.status, response.body.as_str()), (401, "Unauthorized"));
    }
}
