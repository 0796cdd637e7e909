//! `dojang serve` for real clients: kubectl's recorded session, the life of a new user's
//! certificate, curl, and what a restart and a `kill -9` leave behind.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use common::session::{Served, kubeconfig, kubeconfig_of, kubectl, kubectl_serves, run};
use common::{argument, command, text};
use serde_json::Value;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/kube-apiserver");

/// Output without what differs from run to run: ages, times, hashes, runs of spaces.
fn settled(output: &str) -> String {
    let word = |word: &str| {
        let is_age = word.ends_with(['s', 'm', 'h', 'd'])
            && word.starts_with(|c: char| c.is_ascii_digit())
            && word.chars().all(|c| c.is_ascii_digit() || "smhd".contains(c));
        if is_age {
            return "AGE".to_owned();
        }
        match () {
            () if word.contains("X509SHA256=") => "HASH".to_owned(),
            () if word.len() == 20 && word.ends_with('Z') && word.contains('T') => "TIME".to_owned(),
            () => word.to_owned(),
        }
    };
    let line = |line: &str| line.split_whitespace().map(word).collect::<Vec<_>>().join(" ");
    output.trim().lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn kubectl_is_answered_as_it_was_by_kube_apiserver() {
    if !kubectl_serves() {
        return;
    }
    let served = Served::new(true);
    served.kubectl_answers("super-admin", &["apply", "-f", &format!("{FIXTURES}/objects.yaml")]);
    // What the recorded HTTP exchanges had changed before.
    let exchange = fs::read_to_string(format!("{FIXTURES}/http/csr-create.txt")).unwrap();
    let csr = exchange.lines().find_map(|line| line.strip_prefix("# {")).unwrap().trim_end();
    fs::write(served.path("jane.json"), format!("{{{csr}")).unwrap();
    let recorder = kubeconfig_of(&served, "recorder", "/O=system:masters/CN=kubernetes-super-admin");
    let created =
        kubectl(&recorder, served.directory.path(), &["create", "-f", argument(&served.path("jane.json"))]);
    assert!(created.status.success(), "{}", text(&created.stderr));
    served.kubectl_answers("super-admin", &["certificate", "approve", "jane"]);
    served.kubectl_answers("super-admin", &["delete", "cm", "other-config", "-n", "dev"]);

    let recorded = fs::read_to_string(format!("{FIXTURES}/kubectl.jsonl")).unwrap();
    let mut kubeconfigs: BTreeMap<String, PathBuf> = BTreeMap::new();
    let (mut asked, mut wrong) = (0, Vec::new());
    for line in recorded.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let (name, subject) = (row["identity"].as_str().unwrap(), row["subject"].as_str().unwrap());
        let kubeconfig = kubeconfigs
            .entry(name.to_owned())
            .or_insert_with(|| kubeconfig_of(&served, &format!("test-{name}"), subject));
        let arguments: Vec<&str> =
            row["args"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
        let output = kubectl(kubeconfig, served.directory.path(), &arguments);
        asked += 1;
        for (what, ours, theirs) in
            [("stdout", &output.stdout, &row["stdout"]), ("stderr", &output.stderr, &row["stderr"])]
        {
            let (ours, theirs) = (settled(&text(ours)), settled(theirs.as_str().unwrap()));
            if ours != theirs {
                wrong.push(format!("{name} {arguments:?} {what}:\n--- theirs\n{theirs}\n--- ours\n{ours}"));
            }
        }
        if output.status.code().map(i64::from) != row["exit"].as_i64() {
            wrong.push(format!("{name} {arguments:?}: {}", output.status));
        }
    }
    assert_eq!(asked, 124);
    assert!(wrong.is_empty(), "{}\n{} differ", wrong.join("\n"), wrong.len());
}

/// The exam's task: a new user, from the key to what it may do, and only there.
#[test]
fn a_new_user_gets_a_certificate_and_may_do_what_a_role_says() {
    if !kubectl_serves() {
        return;
    }
    let served = Served::new(false);
    let directory = served.directory.path();
    served.kubectl_answers("super-admin", &["create", "namespace", "dev"]);
    run("openssl", directory, &["genrsa", "-out", "jane.key", "2048"]);
    run(
        "openssl",
        directory,
        &["req", "-new", "-key", "jane.key", "-subj", "/CN=jane/O=dev", "-out", "jane.csr"],
    );
    let encoded = Command::new("base64").args(["-w0", "jane.csr"]).current_dir(directory).output().unwrap();
    let object = |name: &str, usage: &str| {
        format!(
            "apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {{name: {name}}}\nspec:\n  \
             request: {}\n  signerName: kubernetes.io/kube-apiserver-client\n  expirationSeconds: 86400\n  usages: [{usage}]\n",
            text(&encoded.stdout)
        )
    };
    fs::write(served.path("jane.yaml"), object("jane", "client auth")).unwrap();
    fs::write(served.path("wrong.yaml"), object("wrong", "server auth")).unwrap();
    for name in ["jane.yaml", "wrong.yaml"] {
        served.kubectl_answers("super-admin", &["apply", "-f", argument(&served.path(name))]);
    }
    let state =
        |name: &str| settled(&served.kubectl_answers("super-admin", &["get", "csr", name, "--no-headers"]));
    assert!(state("jane").ends_with("Pending"), "{}", state("jane"));
    served.kubectl_answers("super-admin", &["certificate", "approve", "jane", "wrong"]);
    assert!(state("jane").ends_with("Approved,Issued"), "{}", state("jane"));
    assert!(state("wrong").ends_with("Approved,Failed"), "{}", state("wrong"));
    let why = ["get", "csr", "wrong", "-o", "jsonpath={.status.conditions[?(@.type=='Failed')].message}"];
    assert_eq!(
        served.kubectl_answers("super-admin", &why),
        "invalid usage for client certificate: server auth"
    );

    let certificate = served
        .kubectl_answers("super-admin", &["get", "csr", "jane", "-o", "jsonpath={.status.certificate}"]);
    fs::write(served.path("jane.b64"), certificate).unwrap();
    let decoded = Command::new("base64").args(["-d", "jane.b64"]).current_dir(directory).output().unwrap();
    fs::write(served.path("jane.crt"), decoded.stdout).unwrap();
    run("openssl", directory, &["verify", "-purpose", "sslclient", "-CAfile", "ca.crt", "jane.crt"]);
    let jane = kubeconfig(&served, "jane", "jane.crt", "jane.key");
    let ask = |arguments: &[&str]| kubectl(&jane, directory, arguments);
    let who = text(
        &ask(&["auth", "whoami", "-o", "jsonpath={.status.userInfo.username} {.status.userInfo.groups}"])
            .stdout,
    );
    assert_eq!(who, r#"jane ["dev","system:authenticated"]"#);
    let output = ask(&["get", "pods", "-n", "dev"]);
    assert_eq!(
        text(&output.stderr),
        "Error from server (Forbidden): pods is forbidden: User \"jane\" cannot list resource \"pods\" in API group \"\" in the namespace \"dev\"\n"
    );
    served.kubectl_answers(
        "super-admin",
        &["create", "role", "reader", "--verb=get,list,watch", "--resource=pods", "-n", "dev"],
    );
    served.kubectl_answers(
        "super-admin",
        &["create", "rolebinding", "jane", "--role=reader", "--user=jane", "-n", "dev"],
    );
    assert!(ask(&["get", "pods", "-n", "dev"]).status.success());
    assert!(!ask(&["get", "pods", "-n", "default"]).status.success());
    assert_eq!(text(&ask(&["auth", "can-i", "delete", "pods", "-n", "dev"]).stdout), "no\n");
    // `can-i` knows what was just made.
    let same =
        common::answer(&["can-i", "get", "pods", "-n", "dev", "--as", "jane", "--dir", argument(directory)]);
    assert!(same.contains("RoleBinding \"jane/dev\" of Role \"reader\" to User \"jane\""), "{same}");

    // Nobody gives away more than they have.
    served.kubectl_answers(
        "super-admin",
        &["create", "role", "maker", "--verb=create", "--resource=roles", "-n", "dev"],
    );
    served.kubectl_answers(
        "super-admin",
        &["create", "rolebinding", "maker", "--role=maker", "--user=jane", "-n", "dev"],
    );
    let output = ask(&["create", "role", "more", "--verb=get,delete", "--resource=pods", "-n", "dev"]);
    assert_eq!(
        text(&output.stderr),
        "Error from server (Forbidden): roles.rbac.authorization.k8s.io \"more\" is forbidden: user \"jane\" (groups=[\"dev\" \"system:authenticated\"]) \
         is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"delete\"]}\n"
    );
}

#[test]
fn the_lab_cluster_has_nodes_accounts_and_tokens() {
    if !kubectl_serves() {
        return;
    }
    let served = Served::new(false);
    let nodes = settled(&served.kubectl_answers("admin", &["get", "nodes"]));
    assert!(nodes.contains("cp1 Ready control-plane"), "{nodes}");
    let pods = settled(&served.kubectl_answers("admin", &["get", "pods", "-n", "kube-system"]));
    assert!(pods.contains("kube-apiserver-cp1 1/1 Running 0 AGE"), "{pods}");
    assert!(served.kubectl("kubelet@node01", &["get", "node", "node01"]).status.success());
    assert!(
        served
            .kubectl("kubelet@node01", &["get", "lease", "node01", "-n", "kube-node-lease"])
            .status
            .success()
    );
    assert!(!served.kubectl("kubelet@node01", &["get", "node", "node02"]).status.success());
    // A controller manager has filled aggregated roles in, and made each namespace's account.
    let rules =
        served.kubectl_answers("admin", &["get", "clusterrole", "view", "-o", "jsonpath={.rules[*].verbs}"]);
    assert!(rules.contains("list"), "{rules}");
    served.kubectl_answers("admin", &["create", "namespace", "dev"]);
    served.kubectl_answers("admin", &["get", "serviceaccount", "default", "-n", "dev"]);
    served.kubectl_answers("admin", &["run", "web", "--image=nginx", "-n", "dev"]);
    let token = served.kubectl_answers("admin", &["create", "token", "default", "-n", "dev"]);
    let who = ["auth", "whoami", "--token", token.trim(), "-o", "jsonpath={.status.userInfo.username}"];
    let anonymous = served.path("anonymous.kubeconfig");
    let own = fs::read_to_string(&served.kubeconfigs["admin"]).unwrap();
    let without: Vec<&str> = own.lines().filter(|line| !line.contains("client-")).collect();
    fs::write(&anonymous, without.join("\n")).unwrap();
    let output = kubectl(&anonymous, served.directory.path(), &who);
    assert_eq!(text(&output.stdout), "system:serviceaccount:dev:default", "{}", text(&output.stderr));
    // One that goes takes all that is in it along.
    served.kubectl_answers("admin", &["delete", "namespace", "dev", "--timeout=20s"]);
    assert!(!served.kubectl("admin", &["get", "namespace", "dev"]).status.success());
}

/// Kinds that kubectl makes through its typed clients, in protobuf.
#[test]
fn objects_of_typed_clients_are_stored_as_they_were_sent() {
    if !kubectl_serves() {
        return;
    }
    let served = Served::new(true);
    let admin = |arguments: &[&str]| served.kubectl_answers("super-admin", arguments);
    for (create, what, expected) in [
        (
            "deployment web --image=nginx:1 --replicas=2 --port=80",
            "deployment/web {.spec.replicas} {.spec.template.spec.containers[0].image} {.spec.selector.matchLabels.app} {.spec.template.spec.containers[0].ports[0].containerPort}",
            "2 nginx:1 web 80",
        ),
        (
            "job once --image=busybox -- date",
            "job/once {.spec.template.spec.containers[0].command[0]} {.spec.backoffLimit}",
            "date 6",
        ),
        (
            "cronjob often --image=busybox --schedule=*/5_*_*_*_*",
            "cronjob/often {.spec.schedule} {.spec.concurrencyPolicy}",
            "*/5 * * * * Allow",
        ),
        (
            "service clusterip web --tcp=80:8080",
            "service/web {.spec.ports[0].targetPort} {.spec.type} {.spec.selector.app}",
            "8080 ClusterIP web",
        ),
        ("quota few --hard=pods=2,cpu=1", "quota/few {.spec.hard.pods} {.spec.hard.cpu}", "2 1"),
        (
            "poddisruptionbudget web --selector=app=web --min-available=50%",
            "pdb/web {.spec.minAvailable} {.spec.selector.matchLabels.app}",
            "50% web",
        ),
        (
            "priorityclass high --value=1000 --description=d",
            "priorityclass/high {.value} {.preemptionPolicy}",
            "1000 PreemptLowerPriority",
        ),
        (
            "ingress web --rule=a.example/b*=web:80",
            "ingress/web {.spec.rules[0].host} {.spec.rules[0].http.paths[0].path} {.spec.rules[0].http.paths[0].backend.service.port.number}",
            "a.example /b 80",
        ),
        ("secret generic s --from-literal=a=b", "secret/s {.data.a} {.type}", "Yg== Opaque"),
        ("configmap c --from-literal=a=b", "configmap/c {.data.a}", "b"),
    ] {
        let words: Vec<String> = create.split(' ').map(|word| word.replace('_', " ")).collect();
        let mut arguments = vec!["create"];
        arguments.extend(words.iter().map(String::as_str));
        admin(&arguments);
        let (object, path) = what.split_once(' ').unwrap();
        assert_eq!(admin(&["get", object, "-o", &format!("jsonpath={path}")]), expected, "{create}");
    }
    admin(&["scale", "deployment", "web", "--replicas=3"]);
    admin(&["set", "image", "deployment/web", "nginx=nginx:2"]);
    admin(&[
        "patch",
        "deployment",
        "web",
        "--type=json",
        "-p",
        r#"[{"op":"add","path":"/metadata/labels/x","value":"y"}]"#,
    ]);
    let path = "jsonpath={.spec.replicas} {.spec.template.spec.containers[0].image} {.metadata.labels.x} {.metadata.generation}";
    assert_eq!(admin(&["get", "deployment", "web", "-o", path]), "3 nginx:2 y 3");
    let all = settled(&admin(&["get", "all"]));
    assert!(all.contains("deployment.apps/web 0/3 0 0 AGE"), "{all}");
    let told = served.kubectl("super-admin", &["expose", "deployment", "web", "--port=80"]);
    assert!(text(&told.stderr).contains("services \"web\" already exists"), "{}", text(&told.stderr));
}

#[test]
fn kubelets_and_etcd_meet_clients_as_the_real_ones_do() {
    let served = Served::new(false);
    let directory = served.directory.path();
    let curl = |server: &str, host: &str, credential: Option<&str>, path: &str| {
        let mut curl = Command::new("curl");
        curl.args([
            "-s",
            "--cacert",
            "ca.crt",
            "--connect-to",
            &format!("{host}:443:{}", served.servers[server]),
        ]);
        if let Some(name) = credential {
            curl.args(["--cert", &format!("{name}.crt"), "--key", &format!("{name}.key")]);
        }
        let url = format!("https://{host}{path}");
        let output =
            curl.args(["-w", " %{http_code}", &url]).current_dir(directory).output().expect("curl is needed");
        (output.status.code(), text(&output.stdout))
    };
    let (_, pods) = curl("kubelet@node01", "node01", Some("apiserver-kubelet-client"), "/pods");
    assert!(pods.contains("kube-proxy-node01") && pods.ends_with(" 200"), "{pods}");
    let (_, refused) = curl("kubelet@node01", "node01", None, "/pods");
    assert_eq!(refused, "Unauthorized 401");
    let (_, refused) = curl("kubelet@node01", "node01", Some("scheduler"), "/exec/a/b/c");
    assert_eq!(
        refused,
        "Forbidden (user=system:kube-scheduler, verb=get, resource=nodes, subresource(s)=[proxy]) 403"
    );
    let (_, health) = curl("etcd@cp1", "localhost", Some("apiserver-etcd-client"), "/health");
    assert!(health.contains("\"health\":\"true\""), "{health}");
    // etcd refuses inside TLS: there is no answer at all.
    let (status, answer) = curl("etcd@cp1", "localhost", None, "/health");
    assert_ne!(status, Some(0));
    assert_eq!(answer, " 000");
}

#[test]
fn the_log_says_why_and_the_audit_log_says_what() {
    let served = Served::new(true);
    let directory = served.directory.path();
    run(
        "openssl",
        directory,
        &[
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "x.key", "-out", "x.crt", "-subj",
            "/CN=x",
        ],
    );
    let curl = |certificate: &str, key: &str, path: &str| {
        let url = format!("https://{}{path}", served.address);
        let arguments = ["-s", "-k", "--cert", certificate, "--key", key, &url];
        text(&Command::new("curl").args(arguments).current_dir(directory).output().unwrap().stdout)
    };
    let refused: Value = serde_json::from_str(&curl("x.crt", "x.key", "/version")).unwrap();
    assert_eq!((&refused["code"], &refused["message"]), (&401.into(), &"Unauthorized".into()));
    curl("scheduler.crt", "scheduler.key", "/api/v1/namespaces/default/secrets/x");
    let log = fs::read_to_string(served.path("log")).unwrap();
    assert!(
        log.contains("authentication.go:75] \"Unable to authenticate the request\" err=\"[x509:"),
        "{log}"
    );
    let audit = fs::read_to_string(served.path("serve/audit.log")).unwrap();
    let last: Value = serde_json::from_str(audit.lines().last().unwrap()).unwrap();
    assert_eq!(last["user"]["username"], "system:kube-scheduler");
    assert_eq!(last["objectRef"]["resource"], "secrets");
    assert_eq!(last["responseStatus"]["code"], 403);
    assert_eq!(last["annotations"]["authorization.k8s.io/decision"], "forbid");
}

#[test]
fn clients_that_stop_or_talk_nonsense_leave_it_serving() {
    use std::io::Write as _;
    use std::net::TcpStream;
    let served = Served::new(true);
    let mut stalled = Vec::new();
    for number in 0..400_u32 {
        let mut stream = TcpStream::connect(&served.address).unwrap();
        let sent: &[u8] = match number % 4 {
            // The beginning of a ClientHello, and nothing more.
            0 => &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3],
            1 => &[],
            2 => &[0x80, 0xff, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
            _ => &[0x16, 3, 1, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0],
        };
        stream.write_all(sent).unwrap();
        stalled.push(stream);
    }
    let version = Command::new("curl")
        .args(["-s", "-k", "--max-time", "20", &format!("https://{}/version", served.address)])
        .output()
        .expect("curl is needed");
    assert!(text(&version.stdout).contains("v1.36.2"), "{}", text(&version.stderr));
    // A body that is too large, and one that never comes.
    let big = served.path("big");
    fs::write(&big, vec![b' '; 4 * 1024 * 1024]).unwrap();
    let sent = Command::new("curl")
        .args(["-s", "--cacert", "ca.crt", "--cert", "admin.crt", "--key", "admin.key", "--connect-to"])
        .arg(format!("kubernetes:443:{}", served.address))
        .args(["-H", "Content-Type: application/json", "--data-binary", "@big", "-w", "%{http_code}"])
        .arg("https://kubernetes/api/v1/namespaces")
        .current_dir(served.directory.path())
        .output()
        .unwrap();
    let answer = text(&sent.stdout);
    assert!(
        answer.contains("Request entity too large: limit is 3145728") && answer.ends_with("413"),
        "{answer}"
    );
    drop(stalled);
    assert!(served.end("-INT").path().exists());
}

#[test]
fn what_was_accepted_survives_a_kill_and_a_damaged_file_is_set_aside() {
    let served = Served::new(true);
    let admin = served.path("admin.crt");
    let curl = |served: &Served, arguments: &[&str]| {
        let output = Command::new("curl")
            .args(["-s", "--cacert", "ca.crt", "--cert", "admin.crt", "--key", "admin.key", "--connect-to"])
            .arg(format!("kubernetes:443:{}", served.address))
            .args(arguments)
            .current_dir(served.directory.path())
            .output()
            .expect("curl is needed");
        text(&output.stdout)
    };
    assert!(admin.exists());
    let maps = "https://kubernetes/api/v1/namespaces/default/configmaps";
    for number in 0..20 {
        let body = format!(r#"{{"metadata":{{"name":"m{number}"}},"data":{{"k":"v"}}}}"#);
        let answer =
            curl(&served, &["-X", "POST", "-H", "Content-Type: application/json", "-d", &body, maps]);
        assert!(answer.contains("\"uid\""), "{answer}");
    }
    let served = Served::on(served.end("-KILL"), true);
    let list: Value = serde_json::from_str(&curl(&served, &[maps])).unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 20);
    let answer: Value =
        serde_json::from_str(&curl(&served, &["-X", "DELETE", &format!("{maps}/m0")])).unwrap();
    assert_eq!(answer["status"], "Success");

    // A client without TLS, and one that nobody knows.
    let plain = Command::new("curl").args(["-s", &format!("http://{}/", served.address)]).output().unwrap();
    assert_eq!(text(&plain.stdout), "Client sent an HTTP request to an HTTPS server.\n");
    let anonymous = ["-s", "-k", &format!("https://{}/version", served.address)];
    let anonymous = Command::new("curl").args(anonymous).output().unwrap();
    assert!(text(&anonymous.stdout).contains("v1.36.2"));

    let directory = served.end("-INT");
    let journal = directory.path().join(".dojang/bare-cluster.log");
    let mut bytes = fs::read(&journal).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x20;
    // A write that did not end.
    bytes.extend(b"0123 {\"revision\":");
    fs::write(&journal, bytes).unwrap();
    let mut child =
        command(&["serve", "--bare", "--listen", "127.0.0.1:0", "--dir", argument(directory.path())])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with("kube-apiserver listens on"));
    child.kill().unwrap();
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    child.wait().unwrap();
    assert!(told.contains("1 lines of") && told.contains("was set aside as"), "{told}");
}
