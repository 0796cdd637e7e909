//! Kubelets that run beside a serving API server: they join, renew their certificates, and ask
//! back who their clients are; files that change while all this serves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;
#[path = "common/serving.rs"]
mod serving;

use std::fs;
use std::process::Stdio;

use common::{answer, argument, command, text};
use serving::{Cluster, link, shown, wait};

const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: default}
spec: {nodeName: node03, containers: [{name: c, image: nginx}]}
";

#[test]
fn a_node_joins_serves_once_it_is_approved_and_renews_its_certificate() {
    let arguments = ["--join", "node03", "--cluster-signing-duration", "10m", "--pace", "20"];
    let cluster = Cluster::new(&["--layout", "kubeadm"], &arguments);
    wait("the node is registered", || {
        let nodes = cluster.admin(&["get", "nodes"]);
        nodes.lines().any(|line| line.starts_with("node03 ") && line.contains("Ready")).then_some(())
    });
    // The first certificate: asked for with a token, approved by the controller, and the token's
    // kubeconfig is gone.
    let log = cluster.log();
    assert!(log.contains("Use the bootstrap credentials to request a cert"), "{log}");
    assert!(log.contains("\"Successfully registered node\" node=\"node03\""), "{log}");
    let requests = |wanted: &[&str]| -> Vec<String> {
        let all = cluster.admin(&["get", "csr"]);
        let is_wanted = |line: &&str| wanted.iter().all(|word| line.contains(word));
        all.lines().filter(is_wanted).map(str::to_owned).collect()
    };
    let first = requests(&["kube-apiserver-client-kubelet", "system:bootstrap:", "Approved,Issued"]);
    assert_eq!(first.len(), 1, "{first:?}");
    let name = first[0].split(' ').next().unwrap().to_owned();
    let message = cluster.admin(&["get", "csr", &name, "-o", "jsonpath={.status.conditions[0].message}"]);
    assert_eq!(message, "Auto approving kubelet client certificate after SubjectAccessReview.");
    let current = cluster.path("node03/var/lib/kubelet/pki/kubelet-client-current.pem");
    let first = link(&current);
    assert!(first.starts_with("kubelet-client-20"), "{first}");
    assert!(!cluster.path("node03/etc/kubernetes/bootstrap-kubelet.conf").exists());
    let kubeconfig = fs::read_to_string(cluster.path("node03/etc/kubernetes/kubelet.conf")).unwrap();
    assert!(kubeconfig.contains("kubelet-client-current.pem"), "{kubeconfig}");

    // Nobody approves serving certificates: until somebody does, there is none.
    cluster.apply(POD);
    let pending = wait("the kubelet asks for a serving certificate", || {
        requests(&["kubelet-serving", "system:node:node03", "Pending"]).pop()
    });
    let output = cluster.run("admin", &["logs", "web"]);
    let words = text(&output.stderr);
    assert!(!output.status.success());
    assert!(
        words.starts_with("Error from server: Get \"https://10.0.0.23:10250/containerLogs/default/web/c\": remote error: tls: internal error"),
        "{words}"
    );
    assert!(cluster.log().contains("no serving certificate available for the kubelet"));
    let mut watch = cluster.kubectl("admin", &["get", "csr", "-w"]);
    let watched = cluster.path("watched");
    let mut watching =
        watch.stdout(fs::File::create(&watched).unwrap()).stderr(Stdio::null()).spawn().unwrap();
    let name = pending.split(' ').next().unwrap();
    wait("the watch began", || fs::read_to_string(&watched).unwrap().contains(name).then_some(()));
    cluster.admin(&["certificate", "approve", name]);
    let served = wait("the kubelet serves", || {
        let output = cluster.run("admin", &["logs", "web"]);
        output.status.success().then(|| text(&output.stdout))
    });
    assert!(served.contains("container c of pod web does not run"), "{served}");
    wait("the watch shows it", || {
        let seen = fs::read_to_string(&watched).unwrap();
        seen.lines().any(|line| line.starts_with(name) && line.contains("Approved,Issued")).then_some(())
    });
    let _ = watching.kill();
    let _ = watching.wait();
    let certificate = shown(&cluster.servers["kubelet@node03"]);
    assert!(certificate.contains("O = system:nodes, CN = system:node:node03"), "{certificate}");

    // At 70 to 90 % of its life the client certificate is renewed, by the kubelet's own word.
    wait("the kubelet renews its certificate", || (link(&current) != first).then_some(()));
    let renewed = requests(&["kube-apiserver-client-kubelet", "system:node:node03", "Approved,Issued"]);
    let name = renewed[0].split(' ').next().unwrap();
    let message = cluster.admin(&["get", "csr", name, "-o", "jsonpath={.status.conditions[0].message}"]);
    assert_eq!(message, "Auto approving self kubelet client certificate after SubjectAccessReview.");
    let log = cluster.log();
    assert!(log.contains("kubernetes.io/kube-apiserver-client-kubelet: Certificate expiration is "), "{log}");
    assert!(log.contains(" for next certificate rotation"), "{log}");
}

#[test]
fn kubelets_ask_the_api_server_who_may_do_what() {
    let cluster = Cluster::new(&["--layout", "lecture"], &[]);
    let ask = |arguments: &[&str], path: &str| {
        let url = format!("https://node01{path}");
        cluster.curl("kubelet@node01", "node01", &[&["--cacert", "ca.crt"], arguments, &[&url]].concat()).1
    };
    let scheduler = ["--cert", "scheduler.crt", "--key", "scheduler.key"];
    // Every row of the table of paths, to somebody who may do nothing.
    for (method, verb, path, tried) in [
        ("GET", "get", "/stats/summary", "stats"),
        ("GET", "get", "/metrics", "metrics"),
        ("GET", "get", "/metrics/cadvisor", "metrics"),
        ("GET", "get", "/logs/", "log"),
        ("POST", "create", "/checkpoint/default/web/c", "checkpoint"),
        ("GET", "get", "/statusz", "statusz"),
        ("GET", "get", "/flagz", "configz"),
        ("GET", "get", "/pods", "pods proxy"),
        ("GET", "get", "/runningpods/", "pods proxy"),
        ("GET", "get", "/healthz", "healthz proxy"),
        ("GET", "get", "/configz", "configz proxy"),
        ("POST", "create", "/exec/default/web/c", "proxy"),
        ("GET", "get", "/exec/default/web/c", "proxy"),
        ("POST", "create", "/run/default/web/c", "proxy"),
        ("POST", "create", "/attach/default/web/c", "proxy"),
        ("POST", "create", "/portForward/default/web", "proxy"),
        ("GET", "get", "/containerLogs/default/web/c", "proxy"),
        ("PUT", "update", "/anything", "proxy"),
        ("PATCH", "patch", "/anything", "proxy"),
        ("DELETE", "delete", "/anything", "proxy"),
    ] {
        assert_eq!(
            ask(&[scheduler.as_slice(), &["-X", method]].concat(), path),
            format!(
                "Forbidden (user=system:kube-scheduler, verb={verb}, resource=nodes, subresource(s)=[{tried}]) 403"
            ),
            "{method} {path}"
        );
    }
    // A permission for the first subresource asked about is enough, and for the last one, too.
    cluster.apply(
        "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: health}
rules: [{apiGroups: [''], resources: [nodes/healthz], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: health}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: health}
subjects: [{kind: ServiceAccount, namespace: default, name: default}, {kind: User, apiGroup: rbac.authorization.k8s.io, name: 'system:kube-proxy'}]
",
    );
    let proxy = ["--cert", "kube-proxy.crt", "--key", "kube-proxy.key"];
    assert_eq!(ask(&proxy, "/healthz"), "ok 200");
    assert!(ask(&proxy, "/pods").ends_with(" 403"));
    let api = ["--cert", "apiserver-kubelet-client.crt", "--key", "apiserver-kubelet-client.key"];
    assert!(ask(&api, "/pods").contains("kube-proxy-node01"));
    // Nobody, somebody of another authority, a bad token: none of them is served.
    assert_eq!(ask(&[], "/healthz"), "Unauthorized 401");
    answer(&["pki", "create", argument(&cluster.path("other")), "--key", "p256", "--layout", "lecture"]);
    assert_eq!(
        ask(&["--cert", "other/admin.crt", "--key", "other/admin.key"], "/healthz"),
        "Unauthorized 401"
    );
    assert_eq!(ask(&["-H", "Authorization: Bearer abcdef.0123456789abcdef"], "/healthz"), "Unauthorized 401");
    assert!(
        cluster.log().contains("Unable to authenticate the request due to an error"),
        "{}",
        cluster.log()
    );
    // A good token: the API server says whose it is.
    let token = cluster.admin(&["create", "token", "default"]);
    let bearer = format!("Authorization: Bearer {}", token.trim());
    assert_eq!(ask(&["-H", &bearer], "/healthz"), "ok 200");
    assert!(
        ask(&["-H", &bearer], "/pods").starts_with("Forbidden (user=system:serviceaccount:default:default, ")
    );
    // And a good token goes before a bad certificate.
    let both = ["--cert", "other/admin.crt", "--key", "other/admin.key", "-H", &bearer];
    assert_eq!(ask(&both, "/healthz"), "ok 200");

    // All of this was asked of the API server, with the kubelet's own certificate.
    let audit = fs::read_to_string(cluster.path("serve/audit.log")).unwrap();
    for (resource, group) in
        [("tokenreviews", "authentication.k8s.io"), ("subjectaccessreviews", "authorization.k8s.io")]
    {
        let asked = audit.lines().any(|line| {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            event["user"]["username"] == "system:node:node01"
                && event["objectRef"]["resource"] == resource
                && event["objectRef"]["apiGroup"] == group
                && event["responseStatus"]["code"] == 201
        });
        assert!(asked, "{resource}");
    }

    // Without its binding the API server itself may not.
    cluster.admin(&["delete", "clusterrolebinding", "kubeadm:apiserver-kubelet-client"]);
    let output = cluster.run("admin", &["logs", "-n", "kube-system", "kube-proxy-node02"]);
    assert_eq!(
        text(&output.stderr),
        "Error from server (Forbidden): Forbidden (user=kube-apiserver-kubelet-client, verb=get, resource=nodes, subresource(s)=[proxy])\n"
    );
}

#[test]
fn files_change_under_a_cluster_that_serves() {
    let cluster = Cluster::new(&["--layout", "kubeadm"], &[]);
    let pki = "cp1/etc/kubernetes/pki";
    let told = |words: &str| {
        wait(words, || cluster.log().contains(words).then_some(()));
    };
    let healthy = |who: &str| assert!(cluster.run("admin", &["get", "nodes"]).status.success(), "{who}");
    // Others work beside it; a second one that serves does not.
    let second = cluster.dojang(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(3));
    assert!(
        text(&second.stderr).contains("a `dojang serve` serves the cluster in"),
        "{}",
        text(&second.stderr)
    );
    let reset = cluster.dojang(&["reset", "--yes"]);
    assert_eq!(reset.status.code(), Some(3), "{}", text(&reset.stderr));

    // A certificate that is broken is not taken, and one that is renewed is.
    let before = shown(&cluster.address);
    let file = cluster.path(&format!("{pki}/apiserver.crt"));
    fs::write(&file, "garbage").unwrap();
    told("key failed with : tls: failed to find any PEM data in certificate input");
    assert_eq!(shown(&cluster.address), before);
    healthy("with a broken file");
    fs::remove_file(&file).unwrap();
    told("apiserver.crt: no such file or directory");
    assert_eq!(cluster.dojang(&["pki", "create"]).status.code(), Some(0));
    let renewed = cluster.dojang(&["pki", "renew", "apiserver"]);
    assert_eq!(renewed.status.code(), Some(0), "{}", text(&renewed.stderr));
    wait("the new certificate is shown", || {
        let now = shown(&cluster.address);
        (!now.is_empty() && now != before).then_some(())
    });
    told("\"Loaded a new cert/key pair\" name=\"serving-cert::");
    healthy("with the new certificate");

    // A pair that is none.
    let key = cluster.path(&format!("{pki}/apiserver.key"));
    let good = fs::read(&key).unwrap();
    fs::copy(cluster.path(&format!("{pki}/apiserver-kubelet-client.key")), &key).unwrap();
    told("key failed with : tls: private key does not match public key");
    healthy("with the wrong key");
    fs::write(&key, good).unwrap();

    // CAs: one that does not read, and one that others are signed by.
    let ca = cluster.path(&format!("{pki}/ca.crt"));
    let good = fs::read_to_string(&ca).unwrap();
    fs::write(&ca, "garbage").unwrap();
    told("data does not contain any valid RSA or ECDSA certificates");
    healthy("with a broken CA");
    command(&["pki", "create", argument(&cluster.path("other")), "--key", "p256", "--layout", "kubeadm"])
        .output()
        .unwrap();
    let other = fs::read_to_string(cluster.path(&format!("other/{pki}/ca.crt"))).unwrap();
    fs::write(&ca, &other).unwrap();
    wait("clients are not believed any more", || {
        let output = cluster.run("admin", &["get", "nodes"]);
        text(&output.stderr).contains("must be logged in").then_some(())
    });
    fs::write(&ca, good).unwrap();
    wait("clients are believed again", || {
        cluster.run("admin", &["get", "nodes"]).status.success().then_some(())
    });

    // A kubelet and etcd read theirs again, and etcd its CA only at its start.
    for (server, id) in [("kubelet@node01", "kubelet-server@node01"), ("etcd@cp1", "etcd-server")] {
        let before = shown(&cluster.servers[server]);
        let renewed = cluster.dojang(&["pki", "renew", id]);
        assert_eq!(renewed.status.code(), Some(0), "{}", text(&renewed.stderr));
        wait(server, || {
            let now = shown(&cluster.servers[server]);
            (!now.is_empty() && now != before).then_some(())
        });
    }
    fs::write(cluster.path(&format!("{pki}/etcd/ca.crt")), other).unwrap();
    told("(not read: etcd@cp1 looks at cp1/etc/kubernetes/pki/etcd/ca.crt when it is started)");
}

#[test]
fn csrs_that_have_had_their_time_are_cleaned_up() {
    // Half a second is an hour.
    let cluster = Cluster::new(&["--layout", "lecture"], &["--pace", "7200"]);
    let request = base64(&fs::read(cluster.path("admin.csr")).unwrap());
    cluster.apply(&format!(
        "
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {{name: jane}}
spec: {{request: {request}, signerName: kubernetes.io/kubelet-serving, usages: [server auth]}}
"
    ));
    cluster.admin(&["certificate", "deny", "jane"]);
    wait("the request is gone", || cluster.admin(&["get", "csr"]).is_empty().then_some(()));
    let log = cluster.log();
    assert!(log.contains("Cleaning CSR as it is more than "), "{log}");
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
