//! Who a client of `dojang serve` is, and what it may do: the tables of authentication, the Node
//! authorizer, NodeRestriction, impersonation and the kubelet's own authorization, row by row, over
//! HTTPS with certificates that openssl made.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;
#[path = "common/scratch.rs"]
mod served;

use std::fs;
use std::process::Command;

use common::text;
use serde_json::{Value, json};
use served::{Served, workspace};

const PKI: &str = "cp1/etc/kubernetes/pki";
const WHO: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

struct Bench {
    served: Served,
}

impl Bench {
    fn new(more: &[&str]) -> Self {
        Self { served: Served::on(workspace(&["--layout", "kubeadm"]), more) }
    }

    fn openssl(&self, arguments: &[&str]) {
        let directory = self.served.directory.path();
        let output = Command::new("openssl").args(arguments).current_dir(directory).output().unwrap();
        assert!(output.status.success(), "openssl {arguments:?}: {}", text(&output.stderr));
    }

    /// A certificate by one of the workspace's CAs: `NAME.crt`, `NAME.key`.
    fn issue(&self, name: &str, subject: &str, authority: &str, extensions: &str, days: &str) {
        let (key, csr, certificate) = (format!("{name}.key"), format!("{name}.csr"), format!("{name}.crt"));
        let (ca, ca_key) = (format!("{authority}.crt"), format!("{authority}.key"));
        self.openssl(&["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &key]);
        let names = "oid_section = own\n[own]\nkubernetesUid = 1.3.6.1.4.1.57683.2\n[req]\ndistinguished_name = dn\n[dn]\n";
        fs::write(self.served.path("names"), names).unwrap();
        self.openssl(&[
            "req", "-new", "-config", "names", "-key", &key, "-subj", subject, "-out", &csr, "-utf8",
        ]);
        fs::write(self.served.path("ext"), extensions).unwrap();
        let sign = ["x509", "-req", "-in", &csr, "-CA", &ca, "-CAkey", &ca_key, "-CAcreateserial"];
        self.openssl(&[&sign[..], &["-days", days, "-extfile", "ext", "-out", &certificate]].concat());
    }

    /// A client of the cluster's CA.
    fn client(&self, name: &str, subject: &str) {
        self.issue(name, subject, &format!("{PKI}/ca"), "extendedKeyUsage=clientAuth", "1");
    }

    /// A request to the API server: who (files of a certificate, empty for none), method, path,
    /// headers, body; the status and the answer.
    fn ask(&self, who: &str, method: &str, path: &str, headers: &[&str], body: &str) -> (u16, Value) {
        let authority = format!("{PKI}/ca.crt");
        let media = match method {
            "PATCH" => "Content-Type: application/strategic-merge-patch+json",
            _ => "Content-Type: application/json",
        };
        let (certificate, key) = (format!("{who}.crt"), format!("{who}.key"));
        let mut arguments = vec!["--cacert", &authority, "-X", method, "-H", media, "-w", "\n%{http_code}"];
        if !who.is_empty() {
            arguments.extend(["--cert", &certificate, "--key", &key]);
        }
        headers.iter().for_each(|header| arguments.extend(["-H", header]));
        if !body.is_empty() {
            arguments.extend(["-d", body]);
        }
        arguments.push(path);
        let (_, printed, complained) = self.served.curl(&self.served.address, "kubernetes", &arguments);
        let (answer, status) =
            printed.rsplit_once('\n').unwrap_or_else(|| panic!("{who} {path}: {complained}"));
        let answer = serde_json::from_str(answer).unwrap_or_else(|_| Value::from(answer));
        (status.parse().unwrap(), answer)
    }

    /// `USER [GROUPS]`, or the status and the message.
    fn who(&self, who: &str, headers: &[&str]) -> String {
        let (status, answer) = self.ask(who, "POST", WHO, headers, "{}");
        let info = &answer["status"]["userInfo"];
        match status {
            201 => {
                let groups = info["groups"].as_array().unwrap().iter().map(|group| group.as_str().unwrap());
                let mut told = format!(
                    "{} [{}]",
                    info["username"].as_str().unwrap(),
                    groups.collect::<Vec<_>>().join(" ")
                );
                if let Some(uid) = info["uid"].as_str() {
                    told += &format!(" uid={uid}");
                }
                if let Some(scopes) = info["extra"]["scopes"].as_array() {
                    told += &format!(" scopes={}", scopes[0].as_str().unwrap());
                }
                told
            }
            status => format!("{status} {}", answer["message"].as_str().unwrap_or_default()),
        }
    }

    fn as_root(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.ask("root", method, path, &[], &body.to_string());
        assert!((200..300).contains(&status), "{method} {path}: {answer}");
        answer
    }
}

/// The certificates of the table, and who they are.
#[test]
fn a_certificate_is_who_its_subject_says_or_nobody() {
    let bench = Bench::new(&[]);
    let ca = format!("{PKI}/ca");
    let client = "extendedKeyUsage=clientAuth";
    // Another CA of the same name.
    bench.openssl(&[
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        "other.key",
        "-out",
        "other.crt",
        "-subj",
        "/CN=kubernetes",
    ]);
    let unknown = "failed: x509: certificate signed by unknown authority";
    for (subject, authority, extensions, expected, log) in [
        (
            "/O=system:masters/CN=kube-admin",
            ca.as_str(),
            client,
            "kube-admin [system:masters system:authenticated]",
            "",
        ),
        (
            "/O=system:masters/CN=kube-admin",
            &ca,
            "basicConstraints=CA:FALSE",
            "kube-admin [system:masters system:authenticated]",
            "",
        ),
        (
            "/O=system:masters/CN=kube-admin",
            &ca,
            "extendedKeyUsage=serverAuth",
            "401 Unauthorized",
            "failed: x509: certificate specifies an incompatible key usage",
        ),
        ("/OU=system:masters/CN=kube-admin", &ca, client, "kube-admin [system:authenticated]", ""),
        ("/CN=system:masters", &ca, client, "system:masters [system:authenticated]", ""),
        ("/O=system:masters,/CN=x", &ca, client, "x [system:masters, system:authenticated]", ""),
        ("/O=b/O=a/CN=x", &ca, client, "x [b a system:authenticated]", ""),
        ("/CN=first/CN=second", &ca, client, "second [system:authenticated]", ""),
        ("/CN=x/kubernetesUid=u-1", &ca, client, "x [system:authenticated] uid=u-1", ""),
        (
            "/CN=x/kubernetesUid=u-1/kubernetesUid=u-2",
            &ca,
            client,
            "401 Unauthorized",
            "expected 1 UID, but found multiple: [u-1 u-2]",
        ),
        // The chain is good, and the name is none: only the front proxy's verifier had something to say.
        (
            "/O=system:masters",
            &ca,
            client,
            "401 Unauthorized",
            "err=\"x509: certificate signed by unknown authority\"",
        ),
        ("/CN=x", "other", client, "401 Unauthorized", unknown),
        ("/CN=x", "cp1/etc/kubernetes/pki/etcd/ca", client, "401 Unauthorized", unknown),
        ("/CN=system:node:node01", &ca, client, "system:node:node01 [system:authenticated]", ""),
        (
            "/O=system:nodes/CN=system:node",
            &ca,
            client,
            "system:node [system:nodes system:authenticated]",
            "",
        ),
        (
            "/O=system:nodes/CN=system:node:",
            &ca,
            client,
            "system:node: [system:nodes system:authenticated]",
            "",
        ),
    ] {
        bench.issue("x", subject, authority, extensions, "1");
        assert_eq!(bench.who("x", &[]), expected, "{subject} {authority} {extensions}");
        if !log.is_empty() {
            bench.served.logs(log);
        }
    }
    // One that ends as it is made.
    bench.issue("x", "/CN=x", &ca, client, "0");
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!(bench.who("x", &[]), "401 Unauthorized");
    bench.served.logs("failed: x509: certificate has expired or is not yet valid: current time ");
    // The CA's own certificate has no usages, and so serves as a client's.
    assert_eq!(bench.who(&ca, &[]), "kubernetes [system:authenticated]");
    // A refusal tells nothing: the whole body.
    let (status, body) = bench.ask("x", "GET", "/version", &[], "");
    assert_eq!(status, 401);
    assert_eq!(
        body,
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "Unauthorized", "reason": "Unauthorized", "code": 401})
    );
    // Nobody at all.
    let (status, body) = bench.ask("", "GET", "/api/v1/namespaces", &[], "");
    assert_eq!(status, 403);
    assert_eq!(
        body["message"],
        "namespaces is forbidden: User \"system:anonymous\" cannot list resource \"namespaces\" in API group \"\" at the cluster scope"
    );
    assert_eq!(body["details"], json!({"kind": "namespaces"}));
    assert_eq!(bench.ask("", "GET", "/version", &[], "").0, 200);
    assert_eq!(bench.ask("", "GET", "/healthz", &[], "").1, "ok");
    let (_, body) = bench.ask("", "GET", "/metrics", &[], "");
    assert_eq!(body["message"], "forbidden: User \"system:anonymous\" cannot get path \"/metrics\"");
}

#[test]
fn a_front_proxy_speaks_for_others_if_it_is_one() {
    let bench = Bench::new(&[]);
    let proxies = format!("{PKI}/front-proxy-ca");
    let client = "extendedKeyUsage=clientAuth";
    let alice =
        ["X-Remote-User: alice", "X-Remote-Group: dev", "X-Remote-Group: ops", "X-Remote-Extra-Scopes: view"];
    bench.issue("proxy", "/CN=front-proxy-client", &proxies, client, "1");
    bench.issue("other", "/CN=other", &proxies, client, "1");
    bench.issue("server", "/CN=front-proxy-client", &proxies, "extendedKeyUsage=serverAuth", "1");
    bench.client("impostor", "/CN=front-proxy-client");
    for (who, headers, expected, log) in [
        ("proxy", &alice[..], "alice [dev ops system:authenticated] scopes=view", ""),
        ("proxy", &[], "401 Unauthorized", "failed: x509: certificate signed by unknown authority"),
        ("proxy", &alice[1..], "401 Unauthorized", ""),
        (
            "proxy",
            &["X-Remote-User: alice", "X-Remote-Group: system:masters"],
            "alice [system:masters system:authenticated]",
            "",
        ),
        (
            "other",
            &alice[..],
            "401 Unauthorized",
            "err=\"[x509: subject with cn=other is not in the allowed list, verifying certificate SN=",
        ),
        (
            "server",
            &alice[..],
            "401 Unauthorized",
            "err=\"[x509: certificate specifies an incompatible key usage, ",
        ),
        ("impostor", &alice[..], "front-proxy-client [system:authenticated]", ""),
        (
            "",
            &alice[..],
            "403 selfsubjectreviews.authentication.k8s.io is forbidden: User \"system:anonymous\" cannot create resource \"selfsubjectreviews\" in API group \"authentication.k8s.io\" at the cluster scope",
            "",
        ),
    ] {
        assert_eq!(bench.who(who, headers), expected, "{who} {headers:?}");
        if !log.is_empty() {
            bench.served.logs(log);
        }
    }
    // Without a list of names any certificate of that CA speaks for others.
    let manifest = "cp1/etc/kubernetes/manifests/kube-apiserver.yaml";
    let text = fs::read_to_string(bench.served.path(manifest)).unwrap();
    let lines: Vec<&str> =
        text.lines().filter(|line| !line.contains("--requestheader-allowed-names")).collect();
    fs::write(bench.served.path(manifest), lines.join("\n") + "\n").unwrap();
    let bench = Bench { served: Served::on(bench.served.end(), &[]) };
    assert_eq!(bench.who("other", &alice), "alice [dev ops system:authenticated] scopes=view");
}

#[test]
fn tokens_come_after_certificates_and_before_nobody() {
    let bench = Bench::new(&[]);
    bench.client("root", "/O=system:masters/CN=root");
    bench.client("x", "/CN=x");
    bench.issue("bad", "/CN=bad", "cp1/etc/kubernetes/pki/etcd/ca", "extendedKeyUsage=clientAuth", "1");
    let accounts = "/api/v1/namespaces/default/serviceaccounts";
    bench.as_root("POST", accounts, &json!({"metadata": {"name": "app"}}));
    let asked = bench.as_root("POST", &format!("{accounts}/app/token"), &json!({"spec": {}}));
    let token = asked["status"]["token"].as_str().unwrap().to_owned();
    let uid = bench.as_root("GET", &format!("{accounts}/app"), &Value::Null)["metadata"]["uid"]
        .as_str()
        .unwrap()
        .to_owned();
    let other =
        bench.as_root("POST", &format!("{accounts}/app/token"), &json!({"spec": {"audiences": ["vault"]}}));
    let bootstrap = json!({"metadata": {"name": "bootstrap-token-abcdef"}, "type": "bootstrap.kubernetes.io/token", "stringData": {
        "token-id": "abcdef", "token-secret": "0123456789abcdef", "usage-bootstrap-authentication": "true",
        "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token"}});
    bench.as_root("POST", "/api/v1/namespaces/kube-system/secrets", &bootstrap);
    let bearer = |token: &str| format!("Authorization: Bearer {token}");
    let (head, tail) = token.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", tail.chars().rev().collect::<String>());
    let account = format!(
        "system:serviceaccount:default:app [system:serviceaccounts system:serviceaccounts:default system:authenticated] uid={uid}"
    );
    for (who, token, expected, log) in [
        ("", token.as_str(), account.as_str(), ""),
        ("x", &token, "x [system:authenticated]", ""),
        ("bad", &token, &account, ""),
        (
            "",
            &forged,
            "401 Unauthorized",
            "err=\"[invalid bearer token, go-jose/go-jose: error in cryptographic primitive]\"",
        ),
        (
            "",
            other["status"]["token"].as_str().unwrap(),
            "401 Unauthorized",
            "token audiences [\\\"vault\\\"] is invalid for the target audiences [\\\"https://kubernetes.default.svc.cluster.local\\\"]",
        ),
        ("", "nonsense", "401 Unauthorized", "err=\"invalid bearer token\""),
        ("", "a.b.c", "401 Unauthorized", "err=\"invalid bearer token\""),
        (
            "bad",
            "nonsense",
            "401 Unauthorized",
            "err=\"[invalid bearer token, x509: certificate signed by unknown authority, verifying certificate SN=",
        ),
        ("x", "nonsense", "x [system:authenticated]", ""),
        (
            "",
            "abcdef.0123456789abcdef",
            "system:bootstrap:abcdef [system:bootstrappers system:bootstrappers:kubeadm:default-node-token system:authenticated]",
            "",
        ),
        ("", "abcdef.0123456789abcdeg", "401 Unauthorized", ""),
        ("", "ghijkl.0123456789abcdef", "401 Unauthorized", ""),
    ] {
        assert_eq!(bench.who(who, &[&bearer(token)]), expected, "{who} {token}");
        if !log.is_empty() {
            bench.served.logs(log);
        }
    }
    // It is gone with its account.
    bench.as_root("DELETE", &format!("{accounts}/app"), &json!({}));
    assert_eq!(bench.who("", &[&bearer(&token)]), "401 Unauthorized");
    bench.served.logs("[invalid bearer token, serviceaccounts \\\"app\\\" not found]");
}

#[test]
fn speaking_for_others_takes_a_permission_for_each() {
    let bench = Bench::new(&[]);
    bench.client("root", "/O=system:masters/CN=root");
    bench.client("boss", "/CN=boss");
    let rbac = "/apis/rbac.authorization.k8s.io/v1";
    let rule = |group: &str, resource: &str, names: &[&str]| json!({"apiGroups": [group], "resources": [resource], "resourceNames": names, "verbs": ["impersonate"]});
    let rules = [
        rule("", "users", &["bob"]),
        rule("", "groups", &["dev"]),
        rule("", "serviceaccounts", &["default"]),
        rule("authentication.k8s.io", "uids", &["u-1"]),
        rule("authentication.k8s.io", "userextras/scopes", &["view"]),
    ];
    bench.as_root(
        "POST",
        &format!("{rbac}/clusterroles"),
        &json!({"metadata": {"name": "acting"}, "rules": rules}),
    );
    let binding = json!({"metadata": {"name": "acting"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "acting"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "boss"}]});
    bench.as_root("POST", &format!("{rbac}/clusterrolebindings"), &binding);
    let bob = "Impersonate-User: bob";
    for (who, headers, expected) in [
        ("root", &["Impersonate-User: anyone"][..], "anyone [system:authenticated]"),
        (
            "root",
            &["Impersonate-User: system:serviceaccount:dev:app"],
            "system:serviceaccount:dev:app [system:serviceaccounts system:serviceaccounts:dev system:authenticated]",
        ),
        (
            "root",
            &["Impersonate-User: system:serviceaccount:dev:app:x"],
            "system:serviceaccount:dev:app:x [system:authenticated]",
        ),
        (
            "root",
            &[
                "Impersonate-User: x",
                "Impersonate-Group: system:unauthenticated",
                "Impersonate-Group: system:masters",
            ],
            "x [system:unauthenticated system:masters]",
        ),
        ("boss", &[bob], "bob [system:authenticated]"),
        (
            "boss",
            &[bob, "Impersonate-Group: dev", "Impersonate-Uid: u-1", "Impersonate-Extra-Scopes: view"],
            "bob [dev system:authenticated] uid=u-1 scopes=view",
        ),
        (
            "boss",
            &["Impersonate-User: system:serviceaccount:kube-system:default"],
            "system:serviceaccount:kube-system:default [system:serviceaccounts system:serviceaccounts:kube-system system:authenticated]",
        ),
        (
            "boss",
            &["Impersonate-User: alice"],
            "403 users \"alice\" is forbidden: User \"boss\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope",
        ),
        (
            "boss",
            &["Impersonate-User: system:serviceaccount:dev:app"],
            "403 serviceaccounts \"app\" is forbidden: User \"boss\" cannot impersonate resource \"serviceaccounts\" in API group \"\" in the namespace \"dev\"",
        ),
        (
            "boss",
            &[bob, "Impersonate-Group: system:masters"],
            "403 groups \"system:masters\" is forbidden: User \"boss\" cannot impersonate resource \"groups\" in API group \"\" at the cluster scope",
        ),
        (
            "boss",
            &[bob, "Impersonate-Uid: u-2"],
            "403 uids.authentication.k8s.io \"u-2\" is forbidden: User \"boss\" cannot impersonate resource \"uids\" in API group \"authentication.k8s.io\" at the cluster scope",
        ),
        (
            "boss",
            &[bob, "Impersonate-Extra-Scopes: admin"],
            "403 userextras.authentication.k8s.io \"admin\" is forbidden: User \"boss\" cannot impersonate resource \"userextras/scopes\" in API group \"authentication.k8s.io\" at the cluster scope",
        ),
        (
            "root",
            &["Impersonate-Group: dev"],
            "400 requested &user.DefaultInfo{Name:\"\", UID:\"\", Groups:[]string{\"dev\"}, Extra:map[string][]string(nil)} without impersonating a user name",
        ),
    ] {
        assert_eq!(bench.who(who, headers), expected, "{who} {headers:?}");
    }
}

#[test]
fn nobody_gives_away_more_than_they_have() {
    let bench = Bench::new(&[]);
    bench.client("root", "/O=system:masters/CN=root");
    bench.client("maker", "/CN=maker");
    let rbac = "/apis/rbac.authorization.k8s.io/v1";
    let roles = format!("{rbac}/namespaces/default/roles");
    let bindings = format!("{rbac}/namespaces/default/rolebindings");
    let reference =
        |kind: &str, name: &str| json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name});
    let rule = |resource: &str, verbs: &[&str]| json!({"apiGroups": ["", "rbac.authorization.k8s.io"], "resources": [resource], "verbs": verbs});
    let role = |name: &str, rules: &[Value]| json!({"metadata": {"name": name}, "rules": rules});
    let binding = |name: &str, to: Value| json!({"metadata": {"name": name}, "roleRef": to, "subjects": [reference("User", "maker")]});
    let own = [
        rule("roles", &["create", "update"]),
        rule("rolebindings", &["create"]),
        rule("pods", &["get", "list"]),
    ];
    bench.as_root("POST", &roles, &role("maker", &own));
    bench.as_root("POST", &roles, &role("more", &[rule("secrets", &["get"])]));
    bench.as_root("POST", &bindings, &binding("maker", reference("Role", "maker")));
    let asked = |path: &str, body: &Value| {
        let (status, answer) = bench.ask("maker", "POST", path, &[], &body.to_string());
        (status, answer["message"].as_str().unwrap_or_default().to_owned())
    };
    let (status, said) = asked(&roles, &role("same", &[rule("pods", &["get"])]));
    assert_eq!(status, 201, "{said}");
    let (status, said) = asked(&roles, &role("greater", &[rule("pods", &["get", "delete"])]));
    assert_eq!(status, 403);
    assert!(said.contains("user \"maker\" (groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:"), "{said}");
    assert_eq!(asked(&bindings, &binding("same", reference("Role", "maker"))).0, 201);
    let (status, said) = asked(&bindings, &binding("greater", reference("Role", "more")));
    assert_eq!(status, 403);
    assert!(said.contains("is attempting to grant RBAC permissions not currently held"), "{said}");
    // `escalate` and `bind` let them.
    let further = [rule("roles", &["escalate", "bind"])];
    bench.as_root("POST", &roles, &role("further", &further));
    bench.as_root("POST", &bindings, &binding("further", reference("Role", "further")));
    let asked = |path: &str, body: &Value| bench.ask("maker", "POST", path, &[], &body.to_string());
    assert_eq!(asked(&roles, &role("greater", &[rule("pods", &["get", "delete"])])).0, 201);
    assert_eq!(asked(&bindings, &binding("greater", reference("Role", "more"))).0, 201);
    // Rules of labelled roles go into aggregated ones.
    let labelled = json!({"metadata": {"name": "widgets", "labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}},
        "rules": [{"apiGroups": ["example.com"], "resources": ["widgets"], "verbs": ["get"]}]});
    bench.as_root("POST", &format!("{rbac}/clusterroles"), &labelled);
    let view = bench.as_root("GET", &format!("{rbac}/clusterroles/view"), &Value::Null);
    assert!(view["rules"].as_array().unwrap().iter().any(|rule| rule["resources"][0] == "widgets"), "{view}");
}

#[test]
fn a_node_reads_and_writes_what_is_its_own() {
    let bench = Bench::new(&[]);
    bench.client("root", "/O=system:masters/CN=root");
    bench.client("node", "/O=system:nodes/CN=system:node:node01");
    bench.client("nameless", "/O=system:nodes/CN=system:node:");
    let dev = "/api/v1/namespaces/dev";
    bench.as_root("POST", "/api/v1/namespaces", &json!({"metadata": {"name": "dev"}}));
    for name in ["mounted", "other"] {
        bench.as_root("POST", &format!("{dev}/secrets"), &json!({"metadata": {"name": name}}));
    }
    bench.as_root("POST", &format!("{dev}/serviceaccounts"), &json!({"metadata": {"name": "app"}}));
    let claim = json!({"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    bench.as_root("POST", &format!("{dev}/persistentvolumeclaims"), &claim);
    let pod = |name: &str, node: &str| {
        json!({"metadata": {"name": name}, "spec": {"nodeName": node, "serviceAccountName": "app", "automountServiceAccountToken": false,
            "containers": [{"name": "c", "image": "x"}], "volumes": [
                {"name": "s", "secret": {"secretName": "mounted"}}, {"name": "d", "persistentVolumeClaim": {"claimName": "data"}},
                {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "t", "audience": "vault"}}]}}]}})
    };
    let own = bench.as_root("POST", &format!("{dev}/pods"), &pod("own", "node01"))["metadata"]["uid"].clone();
    let others = bench.as_root("POST", &format!("{dev}/pods"), &json!({"metadata": {"name": "others"}, "spec": {"nodeName": "node02",
        "serviceAccountName": "app", "automountServiceAccountToken": false, "containers": [{"name": "c", "image": "x"}]}}))["metadata"]["uid"].clone();
    let uid = bench.as_root("GET", "/api/v1/nodes/node01", &Value::Null)["metadata"]["uid"].clone();
    let mirror = |change: &dyn Fn(&mut Value)| {
        let mut pod = json!({"metadata": {"name": "m", "annotations": {"kubernetes.io/config.mirror": "x"}, "ownerReferences": [
            {"apiVersion": "v1", "kind": "Node", "name": "node01", "uid": uid, "controller": true}]},
            "spec": {"nodeName": "node01", "containers": [{"name": "c", "image": "x"}]}});
        change(&mut pod);
        pod
    };
    let (pods, leases) =
        (format!("{dev}/pods"), "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases");
    let token = |uid: &Value, name: &str, audiences: Value| json!({"spec": {"audiences": audiences, "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": name, "uid": uid}}});
    let tokens = format!("{dev}/serviceaccounts/app/token");
    let cannot = "User \"system:node:node01\" cannot";
    let no_path = "no relationship found between node 'node01' and this object";
    let mut wrong = Vec::new();
    let rows: Vec<(&str, String, Value, u16, String)> = vec![
        // The Node authorizer.
        ("GET", format!("{dev}/secrets/mounted"), Value::Null, 200, String::new()),
        ("GET", format!("{dev}/secrets?fieldSelector=metadata.name%3Dmounted"), Value::Null, 200, String::new()),
        ("GET", format!("{dev}/secrets/other"), Value::Null, 403, format!("secrets \"other\" is forbidden: {cannot} get resource \"secrets\" in API group \"\" in the namespace \"dev\": {no_path}")),
        ("GET", format!("{dev}/secrets"), Value::Null, 403, format!("secrets is forbidden: {cannot} list resource \"secrets\" in API group \"\" in the namespace \"dev\": No Object name found")),
        ("GET", "/api/v1/secrets".into(), Value::Null, 403, "can only read namespaced object of this type".into()),
        ("DELETE", format!("{dev}/secrets/mounted"), Value::Null, 403, "can only read resources of this type".into()),
        ("GET", format!("{dev}/persistentvolumeclaims/data"), Value::Null, 200, String::new()),
        ("GET", format!("{dev}/persistentvolumeclaims"), Value::Null, 403, "can only get individual resources of this type".into()),
        ("GET", "/api/v1/nodes/node01".into(), Value::Null, 200, String::new()),
        ("GET", "/api/v1/nodes/node02".into(), Value::Null, 403, "node 'node01' cannot read 'node02', only its own Node object".into()),
        ("GET", "/api/v1/nodes".into(), Value::Null, 403, "node 'node01' cannot read all nodes, only its own Node object".into()),
        ("GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dnode01".into(), Value::Null, 200, String::new()),
        ("GET", "/api/v1/pods".into(), Value::Null, 403, "can only list/watch pods with spec.nodeName field selector".into()),
        ("GET", format!("{pods}/others"), Value::Null, 403, no_path.into()),
        ("GET", format!("{leases}/node02"), Value::Null, 403, "can only access node lease with the same name as the requesting node".into()),
        ("GET", leases.into(), Value::Null, 403, "can only get, create, update, patch, or delete a node lease".into()),
        ("POST", leases.replace("kube-node-lease", "dev"), json!({"metadata": {"name": "node01"}}), 403, "can only access leases in the \"kube-node-lease\" system namespace".into()),
        ("GET", "/api/v1/services".into(), Value::Null, 200, String::new()),
        ("GET", "/api/v1/namespaces".into(), Value::Null, 403, format!("namespaces is forbidden: {cannot} list resource \"namespaces\" in API group \"\" at the cluster scope")),
        // NodeRestriction.
        ("PATCH", "/api/v1/nodes/node02".into(), json!({"metadata": {"labels": {"a": "b"}}}), 403, "nodes \"node02\" is forbidden: node \"node01\" is not allowed to modify node \"node02\"".into()),
        ("PATCH", "/api/v1/nodes/node01".into(), json!({"metadata": {"labels": {"a": "b", "topology.kubernetes.io/zone": "z", "x.node.kubernetes.io/y": "z"}}}), 200, String::new()),
        ("PATCH", "/api/v1/nodes/node01".into(), json!({"metadata": {"labels": {"b.node-restriction.kubernetes.io/x": "y", "a.k8s.io/x": "y"}}}), 403, "nodes \"node01\" is forbidden: is not allowed to modify labels: a.k8s.io/x, b.node-restriction.kubernetes.io/x".into()),
        ("PATCH", "/api/v1/nodes/node01".into(), json!({"spec": {"taints": [{"key": "k", "effect": "NoSchedule"}]}}), 403, "node \"node01\" is not allowed to modify taints".into()),
        ("PATCH", "/api/v1/nodes/node01".into(), json!({"spec": {"configSource": {"configMap": {"name": "x"}}}}), 403, "node \"node01\" is not allowed to update configSource to a new non-nil configSource".into()),
        ("PATCH", "/api/v1/nodes/node01".into(), json!({"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "x", "uid": "u"}]}}), 403, "node \"node01\" is not allowed to modify ownerReferences".into()),
        ("POST", pods.clone(), mirror(&|pod| pod["metadata"]["annotations"] = json!({})), 403, "pods \"m\" is forbidden: pod does not have \"kubernetes.io/config.mirror\" annotation, node \"node01\" can only create mirror pods".into()),
        ("POST", pods.clone(), mirror(&|pod| pod["spec"]["nodeName"] = "node02".into()), 403, "node \"node01\" can only create pods with spec.nodeName set to itself".into()),
        ("POST", pods.clone(), mirror(&|pod| pod["metadata"]["ownerReferences"] = json!([])), 403, "node \"node01\" can only create pods with an owner reference set to itself".into()),
        ("POST", pods.clone(), mirror(&|pod| pod["metadata"]["ownerReferences"][0]["name"] = "node02".into()), 403, "with an owner reference set to itself".into()),
        ("POST", pods.clone(), mirror(&|pod| pod["metadata"]["ownerReferences"][0]["controller"] = false.into()), 403, "with a controller owner reference set to itself".into()),
        ("POST", pods.clone(), mirror(&|pod| pod["metadata"]["ownerReferences"][0]["blockOwnerDeletion"] = true.into()), 403, "node \"node01\" must not set blockOwnerDeletion on an owner reference".into()),
        ("POST", pods.clone(), mirror(&|pod| pod["metadata"]["ownerReferences"][0]["uid"] = "u".into()), 403, format!("node node01 UID mismatch: expected u got {}", uid.as_str().unwrap())),
        ("POST", pods.clone(), mirror(&|pod| pod["spec"]["serviceAccountName"] = "app".into()), 403, "node \"node01\" can not create pods that reference a service account".into()),
        ("POST", pods.clone(), mirror(&|pod| pod["spec"]["imagePullSecrets"] = json!([{"name": "x"}])), 403, "node \"node01\" can not create pods that reference secrets".into()),
        ("POST", pods.clone(), mirror(&|pod| pod["spec"]["containers"][0]["envFrom"] = json!([{"configMapRef": {"name": "x"}}])), 403, "node \"node01\" can not create pods that reference configmaps".into()),
        ("POST", pods.clone(), mirror(&|pod| pod["spec"]["volumes"] = json!([{"name": "v", "persistentVolumeClaim": {"claimName": "x"}}])), 403, "node \"node01\" can not create pods that reference persistentvolumeclaims".into()),
        ("POST", pods.clone(), mirror(&|_| ()), 201, String::new()),
        ("DELETE", format!("{pods}/others"), Value::Null, 403, "pods \"others\" is forbidden: node \"node01\" can only delete pods with spec.nodeName set to itself".into()),
        ("PATCH", format!("{pods}/others/status"), json!({"status": {"phase": "Failed"}}), 403, "node \"node01\" can only update pod status for pods with spec.nodeName set to itself".into()),
        ("PATCH", format!("{pods}/own/status"), json!({"metadata": {"labels": {"a": "b"}}}), 403, "node \"node01\" cannot update labels through pod status".into()),
        ("PATCH", format!("{pods}/own/status"), json!({"status": {"phase": "Running"}}), 200, String::new()),
        ("POST", format!("{pods}/others/eviction"), json!({"metadata": {"name": "others"}}), 403, "pods \"others\" is forbidden: node node01 can only evict pods with spec.nodeName set to itself".into()),
        ("PATCH", format!("{dev}/persistentvolumeclaims/data/status"), json!({"status": {"phase": "Bound"}}), 403, "node \"node01\" is not allowed to update fields other than status.capacity and status.conditions".into()),
        ("PATCH", format!("{dev}/persistentvolumeclaims/data/status"), json!({"status": {"capacity": {"storage": "2Gi"}}}), 200, String::new()),
        ("POST", tokens.clone(), json!({"spec": {}}), 403, "serviceaccounts \"app\" is forbidden: node requested token not bound to a pod".into()),
        ("POST", tokens.clone(), token(&Value::Null, "own", json!([])), 403, "node requested token with a pod binding without a uid".into()),
        ("POST", tokens.clone(), token(&own, "nowhere", json!([])), 404, "pods \"nowhere\" not found".into()),
        ("POST", tokens.clone(), token(&others, "own", json!([])), 403, "does not match the UID in record. The object might have been deleted and then recreated".into()),
        ("POST", tokens.clone(), token(&others, "others", json!([])), 403, "node requested token bound to a pod scheduled on a different node".into()),
        ("POST", tokens.clone(), token(&own, "own", json!(["vault", "x"])), 403, "node may only request 0 or 1 audiences".into()),
        ("POST", tokens.clone(), token(&own, "own", json!(["x"])), 403, "audience \"x\" not found in pod spec volume, system:node:node01 is not authorized to request tokens for this audience".into()),
        ("POST", tokens.clone(), token(&own, "own", json!(["vault"])), 201, String::new()),
        ("POST", tokens, token(&own, "own", json!([])), 201, String::new()),
        ("POST", leases.into(), json!({"metadata": {"name": "node03"}}), 403, "leases.coordination.k8s.io \"node03\" is forbidden: can only access node lease with the same name as the requesting node".into()),
        ("POST", "/apis/storage.k8s.io/v1/csinodes".into(), json!({"metadata": {"name": "node03"}, "spec": {"drivers": []}}), 403, "csinodes.storage.k8s.io \"node03\" is forbidden: can only access CSINode with the same name as the requesting node".into()),
    ];
    for (method, path, body, status, expected) in &rows {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (code, answer) = bench.ask("node", method, path, &[], &body);
        let said = answer["message"].as_str().unwrap_or_default();
        if code != *status || !said.ends_with(expected.as_str()) {
            wrong.push(format!("{method} {path} {body}\n  {code} {said}\n  expected {status} {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}\n{} of {} differ", wrong.join("\n"), wrong.len(), rows.len());
    // A node without a name is none that is known.
    let (_, answer) = bench.ask("nameless", "GET", "/api/v1/nodes/node01", &[], "");
    assert!(
        answer["message"].as_str().unwrap().ends_with(": unknown node for user \"system:node:\""),
        "{answer}"
    );
}

#[test]
fn a_kubelet_asks_back_for_each_of_its_paths() {
    let bench = Bench::new(&[]);
    bench.client("x", "/CN=x");
    bench.client("monitor", "/O=system:monitoring/CN=monitor");
    let kubelet = |who: &str, method: &str, path: &str| {
        let (certificate, key) = (format!("{who}.crt"), format!("{who}.key"));
        let credential = ["--cert", certificate.as_str(), "--key", key.as_str()];
        let credential: &[&str] = if who.is_empty() { &[] } else { &credential };
        let arguments = [&["-k", "-X", method, "-w", " %{http_code}"][..], credential, &[path]].concat();
        bench.served.curl(&bench.served.servers["kubelet@node01"], "node01", &arguments).1
    };
    for (method, path, verb, subresources) in [
        ("GET", "/stats/summary", "get", "stats"),
        ("GET", "/metrics", "get", "metrics"),
        ("GET", "/metrics/cadvisor", "get", "metrics"),
        ("GET", "/logs/syslog", "get", "log"),
        ("POST", "/checkpoint/a/b/c", "create", "checkpoint"),
        ("GET", "/pods", "get", "pods proxy"),
        ("GET", "/runningpods/", "get", "pods proxy"),
        ("GET", "/healthz", "get", "healthz proxy"),
        ("GET", "/configz", "get", "configz proxy"),
        ("POST", "/exec/a/b/c", "create", "proxy"),
        ("POST", "/run/a/b/c", "create", "proxy"),
        ("PUT", "/attach/a/b/c", "update", "proxy"),
        ("DELETE", "/portForward/a/b", "delete", "proxy"),
        ("PATCH", "/anything", "patch", "proxy"),
        ("GET", "/containerLogs/a/b/c", "get", "proxy"),
    ] {
        let expected =
            format!("Forbidden (user=x, verb={verb}, resource=nodes, subresource(s)=[{subresources}]) 403");
        assert_eq!(kubelet("x", method, path), expected);
    }
    assert!(kubelet("monitor", "GET", "/metrics").ends_with(" 200"));
    assert_eq!(kubelet("", "GET", "/pods"), "Unauthorized 401");
    let client = format!("{PKI}/apiserver-kubelet-client");
    assert!(kubelet(&client, "GET", "/pods").ends_with(" 200"));
}

/// What `kubeadm init` binds, asked of `can-i`.
#[test]
fn the_bindings_of_kubeadm_grant_what_they_are_for() {
    let directory = workspace(&["--layout", "kubeadm"]);
    let join = "system:bootstrappers:kubeadm:default-node-token";
    for (user, group, question, expected) in [
        (
            "x",
            "kubeadm:cluster-admins",
            &["*", "*"][..],
            "ClusterRoleBinding \"kubeadm:cluster-admins\" of ClusterRole \"cluster-admin\"",
        ),
        (
            "kube-apiserver-kubelet-client",
            "",
            &["get", "nodes/n", "--subresource=proxy"],
            "ClusterRoleBinding \"kubeadm:apiserver-kubelet-client\" of ClusterRole \"system:kubelet-api-admin\"",
        ),
        (
            "x",
            join,
            &["create", "csr"],
            "ClusterRoleBinding \"kubeadm:kubelet-bootstrap\" of ClusterRole \"system:node-bootstrapper\"",
        ),
        (
            "x",
            join,
            &["create", "csr", "--subresource=nodeclient"],
            "ClusterRoleBinding \"kubeadm:node-autoapprove-bootstrap\"",
        ),
        (
            "system:node:n",
            "system:nodes",
            &["create", "csr", "--subresource=selfnodeclient"],
            "ClusterRoleBinding \"kubeadm:node-autoapprove-certificate-rotation\"",
        ),
        (
            "x",
            join,
            &["get", "nodes/n"],
            "ClusterRoleBinding \"kubeadm:get-nodes\" of ClusterRole \"kubeadm:get-nodes\"",
        ),
        ("x", join, &["list", "nodes"], ""),
        (
            "system:serviceaccount:kube-system:kube-proxy",
            "",
            &["watch", "endpointslices"],
            "ClusterRoleBinding \"kubeadm:node-proxier\" of ClusterRole \"system:node-proxier\"",
        ),
        ("system:kube-proxy", "", &["list", "services"], "ClusterRoleBinding \"system:node-proxier\""),
        ("system:kube-scheduler", "", &["list", "nodes"], "ClusterRoleBinding \"system:kube-scheduler\""),
        ("system:kube-scheduler", "", &["list", "secrets"], ""),
        (
            "system:kube-controller-manager",
            "",
            &["list", "secrets"],
            "ClusterRoleBinding \"system:kube-controller-manager\"",
        ),
        ("system:kube-controller-manager", "", &["delete", "pods/x", "-n", "dev"], ""),
        ("x", "system:monitoring", &["get", "/metrics/slis"], "ClusterRoleBinding \"system:monitoring\""),
        (
            "system:serviceaccount:dev:x",
            "",
            &["get", "/openid/v1/jwks"],
            "ClusterRoleBinding \"system:service-account-issuer-discovery\"",
        ),
        ("x", "system:nodes", &["get", "nodes"], ""),
        ("x", "system:masters", &["*", "*"], "system:masters"),
    ] {
        let mut arguments = vec!["can-i", "--dir", common::argument(directory.path()), "--as", user];
        if !group.is_empty() {
            arguments.extend(["--as-group", group]);
        }
        arguments.extend(question);
        let output = common::dojang(&arguments);
        let said = text(&output.stdout);
        assert_eq!(output.status.code(), Some(i32::from(expected.is_empty())), "{user} {question:?}: {said}");
        assert!(said.contains(expected), "{user} {question:?}: {said}");
    }
}
