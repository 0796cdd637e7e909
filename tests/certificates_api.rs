//! The Certificates API, rule by rule: what is refused and in which words, who may decide, what
//! each signer signs, and what its certificates hold.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[allow(dead_code)]
#[path = "common/cluster.rs"]
mod bench;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bench::{ADMIN, Bench};
use dojang::access::Json;
use dojang::blueprint::{HostName, KeyAlgorithm, Subject};
use dojang::cluster::{Request, Response};
use dojang::pki::{self, PrivateKey};
use dojang::trust::Certificate;
use time::{Duration, OffsetDateTime};

const PATH: &str = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
const CLIENT: &str = "kubernetes.io/kube-apiserver-client";
const KUBELET: &str = "kubernetes.io/kube-apiserver-client-kubelet";
const SERVING: &str = "kubernetes.io/kubelet-serving";
const JSON: &str = "application/json";

fn body(response: &Response) -> Json {
    serde_json::from_str(&response.text()).unwrap_or_else(|error| panic!("{error}: {}", response.text()))
}

fn send(bench: &Bench, who: &str, method: &str, path: &str, body: &str) -> Response {
    bench.ask(who, &Request::new(method, path).with_body(JSON, body))
}

/// What is asked for.
#[derive(Clone)]
struct Asked<'a> {
    signer: &'a str,
    organizations: &'a [&'a str],
    name: &'a str,
    sans: &'a [HostName],
    usages: &'a [&'a str],
    seconds: Option<i64>,
}

const USER: Asked<'static> = Asked {
    signer: CLIENT,
    organizations: &["dev"],
    name: "jane",
    sans: &[],
    usages: &["client auth"],
    seconds: None,
};

fn node<'a>(signer: &'a str, usages: &'a [&'a str], sans: &'a [HostName]) -> Asked<'a> {
    Asked { signer, organizations: &["system:nodes"], name: "system:node:n", sans, usages, seconds: None }
}

impl Asked<'_> {
    fn object(&self, name: &str) -> Json {
        let key = PrivateKey::generate(KeyAlgorithm::P256).unwrap();
        let mut subject = Subject::named(self.name);
        subject.organizations = self.organizations.iter().map(|&own| own.to_owned()).collect();
        let pem = pki::pem("CERTIFICATE REQUEST", &pki::leaf_csr(&subject, self.sans, &key).unwrap());
        let mut spec = Json::object([
            ("request", STANDARD.encode(pem).into()),
            ("signerName", self.signer.into()),
            ("usages", Json::strings(self.usages)),
        ]);
        if let Some(seconds) = self.seconds {
            spec.set("expirationSeconds", Json::integer(seconds));
        }
        Json::object([("metadata", Json::object([("name", name.into())])), ("spec", spec)])
    }
}

/// The CSR with one more condition.
fn with_condition(csr: &Json, kind: &str, status: &str) -> Json {
    let mut csr = csr.clone();
    let mut conditions = csr.list("status.conditions").to_vec();
    conditions.push(Json::object([("type", kind.into()), ("status", status.into()), ("reason", "r".into())]));
    csr.path_mut(&["status"]).set("conditions", conditions);
    csr
}

fn get(bench: &Bench, name: &str) -> Json {
    body(&send(bench, ADMIN, "GET", &format!("{PATH}/{name}"), ""))
}

fn put(bench: &Bench, name: &str, subresource: &str, object: &Json) -> Response {
    send(bench, ADMIN, "PUT", &format!("{PATH}/{name}{subresource}"), &object.compact())
}

fn approve(bench: &Bench, name: &str) {
    let response = put(bench, name, "/approval", &with_condition(&get(bench, name), "Approved", "True"));
    assert_eq!(response.status, 200, "{}", response.text());
}

/// Conditions in their order, and whether there is a certificate.
fn state(csr: &Json) -> String {
    let mut words: Vec<String> = csr
        .list("status.conditions")
        .iter()
        .map(|own| match own.text("type") {
            "Failed" => format!("Failed {}: {}", own.text("reason"), own.text("message")),
            kind => kind.to_owned(),
        })
        .collect();
    if !csr.text("status.certificate").is_empty() {
        words.push("Issued".into());
    }
    words.join(", ")
}

#[test]
fn what_makes_no_sense_is_refused_in_the_api_servers_words() {
    let bench = Bench::new(false, None);
    let edited = |edit: &dyn Fn(&mut Json)| {
        let mut object = USER.object("x");
        edit(&mut object);
        object
    };
    let request = |text: &str| {
        let text = STANDARD.encode(text);
        edited(&move |own| own.path_mut(&["spec"]).set("request", text.as_str()))
    };
    let key = PrivateKey::generate(KeyAlgorithm::P256).unwrap();
    let mut forged = pki::leaf_csr(&Subject::named("jane"), &[], &key).unwrap();
    *forged.last_mut().unwrap() ^= 1;
    for (what, object, expected) in [
        (
            "no PEM",
            request("hello"),
            "spec.request: Invalid value: \"aGVsbG8=\": PEM block type must be CERTIFICATE REQUEST",
        ),
        (
            "another PEM",
            request(&pki::pem("CERTIFICATE", &bench.authority)),
            "PEM block type must be CERTIFICATE REQUEST",
        ),
        (
            "another's signature",
            request(&pki::pem("CERTIFICATE REQUEST", &forged)),
            "spec.request: Invalid value: ",
        ),
        ("no usages", Asked { usages: &[], ..USER }.object("x"), "spec.usages: Required value"),
        (
            "an unknown usage",
            Asked { usages: &["client auth", "fly"], ..USER }.object("x"),
            "spec.usages[1]: Unsupported value: \"fly\": supported values: \"any\", \"cert sign\", \"client auth\", ",
        ),
        (
            "a usage twice",
            Asked { usages: &["client auth", "client auth"], ..USER }.object("x"),
            "spec.usages[1]: Duplicate value: \"client auth\"",
        ),
        ("no signer", Asked { signer: "", ..USER }.object("x"), "spec.signerName: Required value"),
        (
            "the legacy signer",
            Asked { signer: "kubernetes.io/legacy-unknown", ..USER }.object("x"),
            "spec.signerName: Invalid value: \"kubernetes.io/legacy-unknown\": the legacy signerName is not allowed via this API version",
        ),
        (
            "a signer without a domain",
            Asked { signer: "signer", ..USER }.object("x"),
            "must be a fully qualified domain and path of the form 'example.com/signer-name'",
        ),
        (
            "599 s",
            Asked { seconds: Some(599), ..USER }.object("x"),
            "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)",
        ),
        (
            "the masters' group",
            Asked { organizations: &["dev", "system:masters"], ..USER }.object("x"),
            "use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed",
        ),
    ] {
        let response = send(&bench, ADMIN, "POST", PATH, &object.compact());
        let message = body(&response).text("message").to_owned();
        assert!(
            response.status >= 400 && message.contains(expected),
            "{what}: {} {message}",
            response.status
        );
    }
    // Another signer is given what the group of masters asks for; 600 s are enough.
    let other = Asked { signer: "example.com/own", organizations: &["system:masters"], ..USER };
    for (name, asked) in [("other", other), ("short", Asked { seconds: Some(600), ..USER })] {
        let response = send(&bench, ADMIN, "POST", PATH, &asked.object(name).compact());
        assert_eq!(response.status, 201, "{name}: {}", response.text());
    }
}

#[test]
fn who_asked_is_the_servers_to_say_and_what_was_asked_stays() {
    let bench = Bench::new(false, None);
    let mut object = USER.object("jane");
    object.path_mut(&["spec"]).set("username", "kubernetes-admin");
    object.path_mut(&["spec"]).set("groups", Json::strings(["system:masters"]));
    let object = with_condition(&object, "Approved", "True");
    let response = send(&bench, ADMIN, "POST", PATH, &object.compact());
    assert_eq!(response.status, 201, "{}", response.text());
    let stored = get(&bench, "jane");
    assert_eq!(stored.text("spec.username"), "kubernetes-super-admin");
    assert_eq!(stored.texts("spec.groups"), ["system:masters", "system:authenticated"]);
    assert_eq!(state(&stored), "", "nobody approves by creating");
    let mut changed = stored.clone();
    changed.path_mut(&["spec"]).set("signerName", SERVING);
    assert_eq!(put(&bench, "jane", "", &changed).status, 200);
    assert_eq!(get(&bench, "jane").text("spec.signerName"), CLIENT);
}

#[test]
fn a_decision_is_made_through_the_approval_once_and_stays() {
    let bench = Bench::new(true, None);
    let fresh = |name: &str| {
        assert_eq!(send(&bench, ADMIN, "POST", PATH, &USER.object(name).compact()).status, 201);
        get(&bench, name)
    };
    let certificate = |text: &str, csr: &Json| {
        let mut csr = csr.clone();
        csr.path_mut(&["status"]).set("certificate", STANDARD.encode(text));
        csr
    };
    let good = pki::pem("CERTIFICATE", &bench.authority);
    let approved = {
        fresh("approved");
        approve(&bench, "approved");
        get(&bench, "approved")
    };
    let issued = {
        fresh("issued");
        assert_eq!(put(&bench, "issued", "/status", &certificate(&good, &get(&bench, "issued"))).status, 200);
        get(&bench, "issued")
    };
    let without = |csr: &Json| {
        let mut csr = csr.clone();
        csr.path_mut(&["status"]).set("conditions", Vec::new());
        csr
    };
    for (what, csr, subresource, object, expected) in [
        (
            "approved, then denied",
            "approved",
            "/approval",
            with_condition(&approved, "Denied", "True"),
            "status.conditions[1].type: Invalid value: \"Denied\": Approved and Denied conditions are mutually exclusive",
        ),
        (
            "approved twice",
            "approved",
            "/approval",
            with_condition(&approved, "Approved", "True"),
            "status.conditions[1].type: Duplicate value: \"Approved\"",
        ),
        (
            "approval taken back",
            "approved",
            "/approval",
            without(&approved),
            "status.conditions: Forbidden: updates may not remove a condition of type \"Approved\"",
        ),
        (
            "approved falsely",
            "a",
            "/approval",
            with_condition(&fresh("a"), "Approved", "False"),
            "status.conditions[0].status: Unsupported value: \"False\": supported values: \"True\"",
        ),
        (
            "a condition without a status",
            "b",
            "/approval",
            with_condition(&fresh("b"), "Approved", ""),
            "status.conditions[0].status: Required value",
        ),
        (
            "another's status",
            "c",
            "/approval",
            with_condition(&fresh("c"), "Seen", "Maybe"),
            "status.conditions[0].status: Unsupported value: \"Maybe\": supported values: \"False\", \"True\", \"Unknown\"",
        ),
        (
            "a condition without a type",
            "d",
            "/approval",
            with_condition(&fresh("d"), "", "True"),
            "status.conditions[0].type: Required value",
        ),
        (
            "approved through the status",
            "e",
            "/status",
            with_condition(&fresh("e"), "Approved", "True"),
            "status.conditions: Forbidden: updates may not add a condition of type \"Approved\"",
        ),
        (
            "another certificate",
            "issued",
            "/status",
            certificate(&format!("{good}{good}"), &issued),
            "status.certificate: Forbidden: updates may not modify existing certificate content",
        ),
        (
            "no certificate",
            "f",
            "/status",
            certificate("hello", &fresh("f")),
            "status.certificate: Invalid value: \"<certificate data>\": must contain at least one CERTIFICATE PEM block",
        ),
        (
            "something else",
            "g",
            "/status",
            certificate(&pki::pem("CERTIFICATE REQUEST", &bench.authority), &fresh("g")),
            "status.certificate: Invalid value: \"<certificate data>\": only CERTIFICATE PEM blocks are allowed, found \"CERTIFICATE REQUEST\"",
        ),
    ] {
        let response = put(&bench, csr, subresource, &object);
        let message = body(&response).text("message").to_owned();
        assert!(
            response.status == 422 && message.contains(expected),
            "{what}: {} {message}",
            response.status
        );
    }
    // The approval brings no certificate, and an update of the object neither decides nor issues.
    let csr = certificate(&good, &with_condition(&fresh("h"), "Approved", "True"));
    assert_eq!(put(&bench, "h", "", &csr).status, 200);
    assert_eq!(state(&get(&bench, "h")), "");
    let csr = certificate(&good, &with_condition(&get(&bench, "h"), "Denied", "True"));
    assert_eq!(put(&bench, "h", "/approval", &csr).status, 200);
    let denied = get(&bench, "h");
    assert_eq!(state(&denied), "Denied");
    for time in ["lastUpdateTime", "lastTransitionTime"] {
        assert!(!denied.list("status.conditions")[0].text(time).is_empty(), "{time}");
    }
}

#[test]
fn each_signer_signs_what_is_its_own() {
    let bench = Bench::new(false, None);
    let dns = [HostName::Dns("n".into())];
    let ip = [HostName::Ip("10.0.0.21".parse().unwrap())];
    let server: &[&str] = &["digital signature", "server auth"];
    let server_rsa: &[&str] = &["digital signature", "key encipherment", "server auth"];
    let client: &[&str] = &["digital signature", "client auth"];
    let refused = |why: &str| format!("Approved, Failed SignerValidationFailure: {why}");
    let serving_usages = "usages did not match [digital signature key encipherment server auth]";
    let client_usages = "usages did not match [client auth digital signature key encipherment]";
    let rows = [
        ("user", USER, "Approved, Issued".to_owned()),
        ("user, SANs kept", Asked { sans: &dns, ..USER }, "Approved, Issued".into()),
        (
            "user, all usages",
            Asked { usages: &["client auth", "digital signature", "key encipherment"], ..USER },
            "Approved, Issued".into(),
        ),
        (
            "user as a server",
            Asked { usages: &["client auth", "server auth"], ..USER },
            refused("invalid usage for client certificate: server auth"),
        ),
        (
            "user without client auth",
            Asked { usages: &["digital signature"], ..USER },
            refused("missing required usage for client certificate: client auth"),
        ),
        ("serving, DNS", node(SERVING, server, &dns), "Approved, Issued".into()),
        ("serving, IP", node(SERVING, server, &ip), "Approved, Issued".into()),
        ("serving, RSA", node(SERVING, server_rsa, &ip), "Approved, Issued".into()),
        ("serving, no name", node(SERVING, server, &[]), refused("DNS or IP subjectAltName is required")),
        (
            "serving, client too",
            node(SERVING, &["digital signature", "server auth", "client auth"], &ip),
            refused(serving_usages),
        ),
        ("serving, no signature", node(SERVING, &["server auth"], &ip), refused(serving_usages)),
        (
            "serving, another group",
            Asked { organizations: &["nodes"], ..node(SERVING, server, &ip) },
            refused("subject organization is not system:nodes"),
        ),
        (
            "serving, two groups",
            Asked { organizations: &["system:nodes", "x"], ..node(SERVING, server, &ip) },
            refused("subject organization is not system:nodes"),
        ),
        (
            "serving, another name",
            Asked { name: "n", ..node(SERVING, server, &ip) },
            refused("subject common name does not begin with system:node:"),
        ),
        ("kubelet", node(KUBELET, client, &[]), "Approved, Issued".into()),
        ("kubelet, DNS", node(KUBELET, client, &dns), refused("DNS subjectAltNames are not allowed")),
        ("kubelet, IP", node(KUBELET, client, &ip), refused("IP subjectAltNames are not allowed")),
        ("kubelet, server", node(KUBELET, server, &[]), refused(client_usages)),
        (
            "kubelet, another group",
            Asked { organizations: &[], ..node(KUBELET, client, &[]) },
            refused("subject organization is not system:nodes"),
        ),
        (
            "kubelet, another name",
            Asked { name: "n", ..node(KUBELET, client, &[]) },
            refused("subject common name does not begin with system:node:"),
        ),
        ("nobody's signer", Asked { signer: "example.com/own", ..USER }, "Approved".into()),
        ("nobody's signer of Kubernetes", Asked { signer: "kubernetes.io/own", ..USER }, "Approved".into()),
    ];
    for (place, (what, asked, expected)) in rows.into_iter().enumerate() {
        let name = format!("csr-{place}");
        let response = send(&bench, ADMIN, "POST", PATH, &asked.object(&name).compact());
        assert_eq!(response.status, 201, "{what}: {}", response.text());
        if state(&get(&bench, &name)).is_empty() {
            approve(&bench, &name);
        }
        assert_eq!(state(&get(&bench, &name)), expected, "{what}");
    }
}

#[test]
fn a_kubelets_client_certificate_is_approved_for_whom_it_may_be() {
    let bench = Bench::new(false, None);
    let client: &[&str] = &["digital signature", "client auth"];
    let own = "Auto approving self kubelet client certificate after SubjectAccessReview.";
    let first = "Auto approving kubelet client certificate after SubjectAccessReview.";
    for (what, who, asked, expected) in [
        ("its own", "/O=system:nodes/CN=system:node:n", node(KUBELET, client, &[]), own),
        (
            "a node's first",
            "/O=system:bootstrappers:kubeadm:default-node-token/CN=system:bootstrap:abcdef",
            node(KUBELET, client, &[]),
            first,
        ),
        (
            "one that the signer refuses",
            "/O=system:bootstrappers:kubeadm:default-node-token/CN=system:bootstrap:abcdef",
            node(KUBELET, &["client auth"], &[]),
            "",
        ),
        (
            "a serving one",
            "/O=system:nodes/CN=system:node:n",
            node(SERVING, &["digital signature", "server auth"], &[HostName::Dns("n".into())]),
            "",
        ),
        ("a user's", "/O=system:masters/CN=kubernetes-super-admin", USER, ""),
    ] {
        let mut object = asked.object("x");
        object.set("metadata", Json::object([("generateName", "csr-".into())]));
        let created = body(&send(&bench, who, "POST", PATH, &object.compact()));
        let csr = get(&bench, created.text("metadata.name"));
        let message = csr.list("status.conditions").first().map(|own| own.text("message").to_owned());
        assert_eq!(message.unwrap_or_default(), expected, "{what}: {}", created.compact());
        if !expected.is_empty() {
            assert_eq!(csr.list("status.conditions")[0].text("reason"), "AutoApproved");
        }
    }
}

fn issued(bench: &Bench, name: &str, asked: &Asked<'_>) -> Certificate {
    let response = send(bench, ADMIN, "POST", PATH, &asked.object(name).compact());
    assert_eq!(response.status, 201, "{}", response.text());
    approve(bench, name);
    let pem = STANDARD.decode(get(bench, name).text("status.certificate")).unwrap();
    Certificate::parse(&dojang::workspace::pem_certificates(&pem)[0]).unwrap()
}

#[test]
fn a_certificate_holds_what_was_asked_and_lives_as_long_as_it_may() {
    let bench = Bench::new(false, None);
    let sans = [HostName::Dns("web.dev".into())];
    let asked = Asked { sans: &sans, organizations: &["b", "a"], ..USER };
    let certificate = issued(&bench, "kept", &asked);
    assert_eq!(certificate.dns_names(), ["web.dev"]);
    assert!(!certificate.is_ca());
    // Go writes the name anew: all groups in one, before the user.
    let mut subject = Subject::named("jane");
    subject.organizations = vec!["b".into(), "a".into()];
    assert_eq!(certificate.subject().raw(), pki::name(&subject));
    let last = |oid: &str| certificate.extensions().iter().any(|own| own.oid == oid);
    assert!(!last("2.5.29.15"), "only client auth was asked for: there is no keyUsage");
    assert!(last("2.5.29.37") && last("2.5.29.19") && last("2.5.29.35"));

    let minutes = |span: Duration| span.whole_seconds() / 60;
    let authority = Certificate::parse(&bench.authority).unwrap();
    for (what, seconds, life) in [
        // The CA of the bench lives 30 days: a year is cut to that.
        ("a year", None, authority.not_after() - OffsetDateTime::now_utc()),
        ("10 min", Some(600), Duration::minutes(10)),
        ("an hour", Some(3600), Duration::hours(1)),
        ("7 h 59 min", Some(28_740), Duration::minutes(479)),
        ("8 h are cut by what they are dated back", Some(28_800), Duration::minutes(475)),
        ("a day", Some(86_400), Duration::minutes(1435)),
        ("ten years", Some(315_360_000), authority.not_after() - OffsetDateTime::now_utc()),
    ] {
        let name = format!("life-{}", seconds.unwrap_or_default());
        let now = OffsetDateTime::now_utc();
        let certificate = issued(&bench, &name, &Asked { seconds, ..USER });
        let (start, end) = (certificate.not_before() - now, certificate.not_after() - now);
        assert!((-5..=-4).contains(&minutes(start)), "{what}: {start}");
        assert!((minutes(life) - 1..=minutes(life) + 1).contains(&minutes(end)), "{what}: {end}");
    }
}
