//! The rules of authentication, NodeRestriction, admission and the Certificates API, asked
//! through the API server: one row a rule.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "common/cluster.rs"]
mod bench;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bench::{ADMIN, Bench};
use dojang::access::Json;
use dojang::blueprint::{KeyAlgorithm, Subject};
use dojang::cluster::{Request, Response};
use dojang::pki::{self, PrivateKey};

const OBJECTS: &str = include_str!("fixtures/kube-apiserver/objects.yaml");
const NODE: &str = "/O=system:nodes/CN=system:node:node01";
const JSON: &str = "application/json";

fn body(response: &Response) -> Json {
    serde_json::from_str(&response.text()).unwrap_or_else(|error| panic!("{error}: {}", response.text()))
}

fn bench() -> Bench {
    let bench = Bench::new(true, None);
    bench.apply(OBJECTS);
    bench
}

fn send(bench: &Bench, who: &str, method: &str, path: &str, body: &str) -> Response {
    let media = match method {
        "PATCH" => "application/strategic-merge-patch+json",
        _ => JSON,
    };
    bench.ask(who, &Request::new(method, path).with_body(media, body))
}

const WHO: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

fn who(bench: &Bench, subject: &str, headers: &[(&str, &str)]) -> String {
    let mut request = Request::new("POST", WHO).with_body(JSON, "{}");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let response = bench.ask(subject, &request);
    let answer = body(&response);
    match response.status {
        201 => format!(
            "{} [{}]",
            answer.text("status.userInfo.username"),
            answer.texts("status.userInfo.groups").join(" ")
        ),
        status => format!("{status} {}", answer.text("message")),
    }
}

#[test]
fn a_certificates_subject_is_its_identity() {
    let bench = bench();
    for (subject, expected) in [
        ("/O=system:masters/CN=kube-admin", "kube-admin [system:masters system:authenticated]"),
        ("/OU=system:masters/CN=kube-admin", "kube-admin [system:authenticated]"),
        ("/CN=system:masters", "system:masters [system:authenticated]"),
        ("/O=system:masters,/CN=x", "x [system:masters, system:authenticated]"),
        ("/O=a/O=b/CN=x", "x [a b system:authenticated]"),
        ("/CN=system:node:node01", "system:node:node01 [system:authenticated]"),
        ("/O=system:nodes/CN=system:node", "system:node [system:nodes system:authenticated]"),
    ] {
        assert_eq!(who(&bench, subject, &[]), expected);
    }
    // Nobody: anonymous may not even ask who it is.
    let refused = who(&bench, "", &[]);
    assert!(
        refused.starts_with(
            "403 selfsubjectreviews.authentication.k8s.io is forbidden: User \"system:anonymous\""
        ),
        "{refused}"
    );
    // One that the CA does not vouch for.
    let other = Bench::new(true, None);
    let response = bench.cluster.handle(&other.chain(ADMIN), &Request::new("GET", "/version"));
    assert_eq!((response.status, body(&response).text("message")), (401, "Unauthorized"));
    assert!(response.error.unwrap().contains("failed: x509: certificate signed by unknown authority"));
    // Headers of a front proxy that is none are nobody's.
    assert_eq!(who(&bench, "/CN=x", &[("X-Remote-User", "alice")]), "x [system:authenticated]");
    // Speaking for others.
    assert_eq!(who(&bench, ADMIN, &[("Impersonate-User", "bob")]), "bob [system:authenticated]");
    assert_eq!(
        who(&bench, ADMIN, &[("Impersonate-User", "bob"), ("Impersonate-Group", "dev")]),
        "bob [dev system:authenticated]"
    );
    assert_eq!(
        who(&bench, ADMIN, &[("Impersonate-User", "system:serviceaccount:dev:app")]),
        "system:serviceaccount:dev:app [system:serviceaccounts system:serviceaccounts:dev system:authenticated]"
    );
    assert_eq!(
        who(&bench, "/CN=jane", &[("Impersonate-User", "bob")]),
        "403 users \"bob\" is forbidden: User \"jane\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope"
    );
}

#[test]
fn tokens_identify_their_holders() {
    let bench = bench();
    let asked = send(
        &bench,
        ADMIN,
        "POST",
        "/api/v1/namespaces/dev/serviceaccounts/app/token",
        r#"{"spec":{"expirationSeconds":3600}}"#,
    );
    assert_eq!(asked.status, 201, "{}", asked.text());
    let token = body(&asked).text("status.token").to_owned();
    let bearer = |token: &str| format!("Bearer {token}");
    let expected = "system:serviceaccount:dev:app [system:serviceaccounts system:serviceaccounts:dev system:authenticated]";
    assert_eq!(who(&bench, "", &[("Authorization", &bearer(&token))]), expected);
    // The certificate wins over the token, the token over a certificate of nobody.
    assert_eq!(who(&bench, "/CN=x", &[("Authorization", &bearer(&token))]), "x [system:authenticated]");
    let other = Bench::new(true, None);
    let request = Request::new("POST", WHO).with_body(JSON, "{}").header("Authorization", &bearer(&token));
    let response = bench.cluster.handle(&other.chain("/CN=x"), &request);
    assert_eq!(body(&response).text("status.userInfo.username"), "system:serviceaccount:dev:app");
    // A token that was changed, and one whose account is gone.
    let forged = token.replacen("eyJ", "eyK", 1);
    assert_eq!(who(&bench, "", &[("Authorization", &bearer(&forged))]), "401 Unauthorized");
    let review = Json::object([("spec", Json::object([("token", token.as_str().into())]))]).compact();
    let reviewed = body(&send(&bench, ADMIN, "POST", "/apis/authentication.k8s.io/v1/tokenreviews", &review));
    assert_eq!(reviewed.at("status.authenticated"), Some(&Json::Bool(true)));
    send(&bench, ADMIN, "DELETE", "/api/v1/namespaces/dev/serviceaccounts/app", "");
    assert_eq!(who(&bench, "", &[("Authorization", &bearer(&token))]), "401 Unauthorized");
    // Too short a life.
    let short = send(
        &bench,
        ADMIN,
        "POST",
        "/api/v1/namespaces/dev/serviceaccounts/other/token",
        r#"{"spec":{"expirationSeconds":10}}"#,
    );
    assert!(
        body(&short).text("message").ends_with("may not specify a duration less than 10 minutes"),
        "{}",
        short.text()
    );

    // Bootstrap tokens are secrets of kube-system.
    let secret = r#"{"metadata":{"name":"bootstrap-token-abcdef"},"type":"bootstrap.kubernetes.io/token","stringData":{
        "token-id":"abcdef","token-secret":"0123456789abcdef","usage-bootstrap-authentication":"true",
        "auth-extra-groups":"system:bootstrappers:kubeadm:default-node-token"}}"#;
    assert_eq!(send(&bench, ADMIN, "POST", "/api/v1/namespaces/kube-system/secrets", secret).status, 201);
    assert_eq!(
        who(&bench, "", &[("Authorization", "Bearer abcdef.0123456789abcdef")]),
        "system:bootstrap:abcdef [system:bootstrappers system:bootstrappers:kubeadm:default-node-token system:authenticated]"
    );
    assert_eq!(who(&bench, "", &[("Authorization", "Bearer abcdef.0123456789abcdee")]), "401 Unauthorized");
}

#[test]
fn a_node_writes_what_is_its_own() {
    let bench = bench();
    let nodes = "/api/v1/nodes";
    let mirror = |node: &str, annotation: &str| {
        format!(
            r#"{{"metadata":{{"name":"m","annotations":{{{annotation}}}}},"spec":{{"nodeName":"{node}","containers":[{{"name":"c","image":"x"}}]}}}}"#
        )
    };
    let config = r#""kubernetes.io/config.mirror":"x""#;
    for (method, path, sent, expected) in [
        (
            "POST",
            nodes,
            r#"{"metadata":{"name":"other"}}"#.to_owned(),
            "nodes \"other\" is forbidden: node \"node01\" is not allowed to modify node \"other\"",
        ),
        ("PATCH", "/api/v1/nodes/node01", r#"{"metadata":{"labels":{"foo":"bar"}}}"#.into(), ""),
        (
            "PATCH",
            "/api/v1/nodes/node01",
            r#"{"metadata":{"labels":{"kubelet.kubernetes.io/x":"y"}}}"#.into(),
            "",
        ),
        (
            "PATCH",
            "/api/v1/nodes/node01",
            r#"{"metadata":{"labels":{"node-role.kubernetes.io/control-plane":""}}}"#.into(),
            "nodes \"node01\" is forbidden: is not allowed to modify labels: node-role.kubernetes.io/control-plane",
        ),
        // Taints are replaced as a whole, and this takes that of a new node away.
        (
            "PATCH",
            "/api/v1/nodes/node01",
            r#"{"spec":{"taints":[]}}"#.into(),
            "nodes \"node01\" is forbidden: node \"node01\" is not allowed to modify taints",
        ),
        (
            "PATCH",
            "/api/v1/nodes/node01",
            r#"{"spec":{"taints":[{"key":"k","effect":"NoSchedule"}]}}"#.into(),
            "nodes \"node01\" is forbidden: node \"node01\" is not allowed to modify taints",
        ),
        (
            "PATCH",
            "/api/v1/nodes/node02/status",
            r#"{"status":{}}"#.into(),
            "nodes \"node02\" is forbidden: node \"node01\" is not allowed to modify node \"node02\"",
        ),
        (
            "POST",
            "/api/v1/namespaces/dev/pods",
            mirror("node01", ""),
            "pods \"m\" is forbidden: pod does not have \"kubernetes.io/config.mirror\" annotation, node \"node01\" can only create mirror pods",
        ),
        (
            "POST",
            "/api/v1/namespaces/dev/pods",
            mirror("node02", config),
            "pods \"m\" is forbidden: node \"node01\" can only create pods with spec.nodeName set to itself",
        ),
        (
            "DELETE",
            "/api/v1/namespaces/dev/pods/db",
            String::new(),
            "pods \"db\" is forbidden: node \"node01\" can only delete pods with spec.nodeName set to itself",
        ),
        (
            "POST",
            "/api/v1/namespaces/dev/serviceaccounts/app/token",
            "{}".into(),
            "serviceaccounts \"app\" is forbidden: node requested token not bound to a pod",
        ),
        (
            "DELETE",
            "/api/v1/nodes/node01",
            String::new(),
            "nodes \"node01\" is forbidden: User \"system:node:node01\" cannot delete resource \"nodes\" in API group \"\" at the cluster scope",
        ),
        (
            "POST",
            "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases",
            r#"{"metadata":{"name":"node02"}}"#.into(),
            "leases.coordination.k8s.io \"node02\" is forbidden: can only access node lease with the same name as the requesting node",
        ),
    ] {
        let response = send(&bench, NODE, method, path, &sent);
        let answer = body(&response);
        if expected.is_empty() {
            assert_eq!(response.status, 200, "{method} {path} {sent}: {}", response.text());
        } else {
            assert_eq!((response.status, answer.text("message")), (403, expected), "{method} {path} {sent}");
        }
    }
    let path = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    let response = send(
        &bench,
        NODE,
        "POST",
        path,
        &csr("n", "kubernetes.io/kubelet-serving", &["system:nodes"], "system:node:node02", "server auth"),
    );
    assert_eq!(
        body(&response).text("message"),
        "certificatesigningrequests.certificates.k8s.io \"n\" is forbidden: can only create a node CSR with CN=system:node:node01"
    );
}

/// A CSR object.
fn csr(name: &str, signer: &str, organizations: &[&str], common_name: &str, usages: &str) -> String {
    let key = PrivateKey::generate(KeyAlgorithm::P256).unwrap();
    let mut subject = Subject::named(common_name);
    subject.organizations = organizations.iter().map(|&own| own.to_owned()).collect();
    let pem = pki::pem("CERTIFICATE REQUEST", &pki::leaf_csr(&subject, &[], &key).unwrap());
    let usages = Json::strings(usages.split(',')).compact();
    format!(
        r#"{{"metadata":{{"name":"{name}"}},"spec":{{"request":"{}","signerName":"{signer}","usages":{usages}}}}}"#,
        STANDARD.encode(pem)
    )
}

#[test]
fn certificates_are_asked_for_approved_and_signed() {
    let bench = Bench::new(false, None);
    let path = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    let client = "kubernetes.io/kube-apiserver-client";
    for (sent, expected) in [
        (
            csr("a", client, &["system:masters"], "x", "client auth"),
            "is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed",
        ),
        (
            csr("a", "kubernetes.io/legacy-unknown", &[], "x", "client auth"),
            "the legacy signerName is not allowed via this API version",
        ),
        (
            csr("a", client, &[], "x", "client auth,client auth"),
            "spec.usages[1]: Duplicate value: \"client auth\"",
        ),
        (
            csr("a", "nodomain", &[], "x", "client auth"),
            "must be a fully qualified domain and path of the form 'example.com/signer-name'",
        ),
    ] {
        let response = send(&bench, ADMIN, "POST", path, &sent);
        assert!(body(&response).text("message").ends_with(expected), "{}", response.text());
    }
    let state = |name: &str| {
        let object = body(&send(&bench, ADMIN, "GET", &format!("{path}/{name}"), ""));
        let conditions: Vec<String> = object
            .list("status.conditions")
            .iter()
            .map(|own| format!("{} {}", own.text("type"), own.text("message")))
            .collect();
        (conditions.join("; "), !object.text("status.certificate").is_empty())
    };
    let decide = |who: &str, name: &str, kind: &str| {
        let mut object = body(&send(&bench, ADMIN, "GET", &format!("{path}/{name}"), ""));
        let mut conditions = object.list("status.conditions").to_vec();
        conditions.push(Json::object([
            ("type", kind.into()),
            ("status", "True".into()),
            ("message", "m".into()),
        ]));
        object.path_mut(&["status"]).set("conditions", conditions);
        send(&bench, who, "PUT", &format!("{path}/{name}/approval"), &object.compact())
    };
    for (name, sent, expected, is_issued) in [
        ("user", csr("user", client, &["dev"], "jane", "client auth,digital signature"), "Approved m", true),
        (
            "server",
            csr("server", client, &[], "jane", "server auth"),
            "Approved m; Failed invalid usage for client certificate: server auth",
            false,
        ),
        (
            "none",
            csr("none", client, &[], "jane", "digital signature"),
            "Approved m; Failed missing required usage for client certificate: client auth",
            false,
        ),
        (
            "serving",
            csr(
                "serving",
                "kubernetes.io/kubelet-serving",
                &["system:nodes"],
                "system:node:n",
                "digital signature,server auth",
            ),
            "Approved m; Failed DNS or IP subjectAltName is required",
            false,
        ),
        (
            "group",
            csr(
                "group",
                "kubernetes.io/kubelet-serving",
                &["nodes"],
                "system:node:n",
                "digital signature,server auth",
            ),
            "Approved m; Failed subject organization is not system:nodes",
            false,
        ),
        ("other", csr("other", "example.com/own", &[], "x", "client auth"), "Approved m", false),
    ] {
        let response = send(&bench, ADMIN, "POST", path, &sent);
        assert_eq!(response.status, 201, "{name}: {}", response.text());
        assert_eq!(state(name), (String::new(), false), "{name} before");
        assert_eq!(decide(ADMIN, name, "Approved").status, 200, "{name}");
        assert_eq!(state(name), (expected.to_owned(), is_issued), "{name}");
    }
    // What is decided stays, and one decision excludes the other.
    let response = decide(ADMIN, "user", "Denied");
    assert!(
        body(&response).text("message").contains("Approved and Denied conditions are mutually exclusive"),
        "{}",
        response.text()
    );

    // A kubelet's own renewal is approved by itself; a stranger's is not.
    let kubelet = "kubernetes.io/kube-apiserver-client-kubelet";
    let usages = "digital signature,client auth";
    let sent = csr("renewal", kubelet, &["system:nodes"], "system:node:node01", usages);
    assert_eq!(send(&bench, NODE, "POST", path, &sent).status, 201);
    assert_eq!(
        state("renewal"),
        ("Approved Auto approving self kubelet client certificate after SubjectAccessReview.".into(), true)
    );
    let sent = csr("stranger", kubelet, &["system:nodes"], "system:node:node03", usages);
    assert_eq!(send(&bench, ADMIN, "POST", path, &sent).status, 201);
    let (conditions, _) = state("stranger");
    assert_eq!(conditions, "Approved Auto approving kubelet client certificate after SubjectAccessReview.");

    // Approving takes a permission for the signer besides that for the approval.
    bench.apply(
        r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: approver}
rules: [{apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests/approval], verbs: [update]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: approver}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: approver}
subjects: [{kind: User, apiGroup: rbac.authorization.k8s.io, name: bob}]
"#,
    );
    send(&bench, ADMIN, "POST", path, &csr("mine", client, &[], "jane", "client auth"));
    assert_eq!(
        body(&decide("/CN=bob", "mine", "Approved")).text("message"),
        "certificatesigningrequests.certificates.k8s.io \"mine\" is forbidden: user not permitted to approve requests with signerName \"kubernetes.io/kube-apiserver-client\""
    );
}

#[test]
fn objects_that_make_no_sense_are_refused_in_the_api_servers_words() {
    let bench = bench();
    let pods = "/api/v1/namespaces/dev/pods";
    let roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/dev/roles";
    let bindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/dev/rolebindings";
    for (method, path, sent, status, expected) in [
        (
            "POST",
            "/api/v1/namespaces/nope/configmaps",
            r#"{"metadata":{"name":"x"}}"#,
            404,
            "namespaces \"nope\" not found",
        ),
        (
            "POST",
            "/api/v1/namespaces/dev/configmaps",
            r#"{"metadata":{}}"#,
            422,
            "ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required",
        ),
        (
            "POST",
            "/api/v1/namespaces/dev/configmaps",
            r#"{"metadata":{"name":"x","namespace":"other"}}"#,
            400,
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
        (
            "PUT",
            "/api/v1/namespaces/dev/configmaps/app-config",
            r#"{"metadata":{"name":"x"}}"#,
            400,
            "the name of the object (x) does not match the name on the URL (app-config)",
        ),
        (
            "PUT",
            "/api/v1/namespaces/dev/configmaps/nope",
            r#"{"metadata":{"name":"nope"}}"#,
            404,
            "configmaps \"nope\" not found",
        ),
        (
            "POST",
            "/api/v1/namespaces/dev/configmaps",
            r#"{"apiVersion":"v1","kind":"Wat","metadata":{"name":"x"}}"#,
            400,
            "Wat in version \"v1\" cannot be handled as a ConfigMap: no kind \"Wat\" is registered for version \"v1\" in scheme \"k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30\"",
        ),
        (
            "POST",
            pods,
            r#"{"metadata":{"name":"x"},"spec":{"serviceAccountName":"nope","containers":[{"name":"c","image":"i"}]}}"#,
            403,
            "pods \"x\" is forbidden: error looking up service account dev/nope: serviceaccount \"nope\" not found",
        ),
        (
            "POST",
            pods,
            r#"{"metadata":{"name":"x"},"spec":{"serviceAccountName":"app","containers":[]}}"#,
            422,
            "Pod \"x\" is invalid: spec.containers: Required value",
        ),
        (
            "POST",
            roles,
            r#"{"metadata":{"name":"x"},"rules":[{"apiGroups":[""],"resources":["pods"]}]}"#,
            422,
            "Role \"x\" is invalid: rules[0].verbs: Required value: verbs must contain at least one value",
        ),
        (
            "POST",
            bindings,
            r#"{"metadata":{"name":"x"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Nope","name":"r"}}"#,
            422,
            "RoleBinding \"x\" is invalid: roleRef.kind: Unsupported value: \"Nope\": supported values: \"ClusterRole\", \"Role\"",
        ),
        (
            "DELETE",
            "/api/v1/namespaces/default",
            "",
            403,
            "namespaces \"default\" is forbidden: this namespace may not be deleted",
        ),
        (
            "DELETE",
            "/api/v1/namespaces/dev/configmaps/app-config",
            r#"{"preconditions":{"uid":"u"}}"#,
            409,
            "",
        ),
        ("GET", "/api/v1/pods?labelSelector=a%20b", "", 400, ""),
        ("GET", "/api/v1/nodes?fieldSelector=spec.x=1", "", 400, "field label not supported: spec.x"),
        ("DELETE", "/version", "", 405, ""),
    ] {
        let response = send(&bench, ADMIN, method, path, sent);
        assert_eq!(response.status, status, "{method} {path} {sent}: {}", response.text());
        if !expected.is_empty() {
            let message = body(&response).text("message").to_owned();
            // Kinds carry their group in the words of a refusal.
            let message =
                message.replacen(".rbac.authorization.k8s.io \"x\" is invalid", " \"x\" is invalid", 1);
            assert_eq!(message, expected, "{method} {path} {sent}");
        }
    }
}

#[tokio::test]
async fn a_watch_tells_what_happens_to_what_it_selects() {
    use dojang::cluster::Body;
    let bench = bench();
    let path = "/api/v1/namespaces/dev/configmaps";
    let list = body(&send(&bench, ADMIN, "GET", path, ""));
    let since = list.text("metadata.resourceVersion").to_owned();
    let watch = format!("{path}?watch=true&labelSelector=a=b&timeoutSeconds=1&resourceVersion={since}");
    let response = bench.ask(ADMIN, &Request::new("GET", &watch));
    let Body::Watch(mut watch) = response.body else { panic!("no watch") };
    send(&bench, ADMIN, "POST", path, r#"{"metadata":{"name":"x"}}"#);
    send(&bench, ADMIN, "PATCH", &format!("{path}/x"), r#"{"metadata":{"labels":{"a":"b"}}}"#);
    send(&bench, ADMIN, "PATCH", &format!("{path}/x"), r#"{"data":{"k":"v"}}"#);
    send(&bench, ADMIN, "PATCH", &format!("{path}/x"), r#"{"metadata":{"labels":{"a":null}}}"#);
    send(&bench, ADMIN, "DELETE", &format!("{path}/x"), "");
    let mut told = Vec::new();
    while let Some(line) = watch.next().await {
        let event: Json = serde_json::from_slice(&line).unwrap();
        told.push(format!("{} {}", event.text("type"), event.text("object.metadata.name")));
    }
    assert_eq!(told, ["ADDED x", "MODIFIED x", "DELETED x"]);
    let old = bench.ask(ADMIN, &Request::new("GET", &format!("{path}?watch=true&timeoutSeconds=1")));
    let Body::Watch(mut watch) = old.body else { panic!("no watch") };
    assert!(String::from_utf8(watch.next().await.unwrap()).unwrap().contains("\"ADDED\""));
}
