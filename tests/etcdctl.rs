//! The etcd of `dojang serve` for a real `etcdctl`: what it prints and how it ends, one row a
//! command; that the API server and etcd hold the same; that a copy of it serves a real etcd; and
//! real members run by `serve --etcd real`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use common::tools::require;
use common::{answer, argument, command, text};
use serde_json::Value;
use tempfile::TempDir;

const NODES: [&str; 3] = ["cp1", "cp2", "cp3"];

/// A serving cluster of three control planes, which ends with it.
struct Served {
    directory: TempDir,
    child: Child,
    document: Value,
}

impl Served {
    fn new(more: &[&str]) -> Self {
        require("etcdctl", "etcd-client");
        let directory = tempfile::tempdir().unwrap();
        let mut create =
            vec!["pki", "create", argument(directory.path()), "--layout", "kubeadm", "--key", "p256"];
        for node in ["cp1=10.0.0.10", "cp2=10.0.0.11", "cp3=10.0.0.12"] {
            create.extend(["--control-plane", node]);
        }
        answer(&create);
        Self::on(directory, more)
    }

    fn on(directory: TempDir, more: &[&str]) -> Self {
        let mut arguments = vec!["serve", "--listen", "127.0.0.1:0", "--format", "json", "--dir"];
        arguments.push(argument(directory.path()));
        arguments.extend(more);
        let log = fs::File::create(directory.path().join("log")).unwrap();
        let mut child = command(&arguments).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut announced = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while serde_json::from_str::<Value>(&announced).is_err() {
            let line = lines.next().unwrap_or_else(|| {
                panic!("it ended: {}", fs::read_to_string(directory.path().join("log")).unwrap())
            });
            announced += &(line.unwrap() + "\n");
        }
        Self { document: serde_json::from_str(&announced).unwrap(), directory, child }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap()
    }

    fn address(&self, name: &str) -> String {
        let servers = self.document["servers"].as_array().unwrap();
        let found = servers.iter().find(|own| own["name"] == name).unwrap_or_else(|| panic!("{name}"));
        found["address"].as_str().unwrap().to_owned()
    }

    fn pki(&self, file: &str) -> PathBuf {
        self.directory.path().join("cp1/etc/kubernetes/pki").join(file)
    }

    /// etcdctl, as the owner of a certificate (`etcd/healthcheck-client`), of one member.
    fn etcdctl_as(&self, certificate: Option<&str>, member: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("etcdctl");
        command.env("ETCDCTL_API", "3").args(["--command-timeout", "5s", "--endpoints"]);
        command.arg(self.address(&format!("etcd@{member}")));
        command.arg("--cacert").arg(self.pki("etcd/ca.crt"));
        if let Some(certificate) = certificate {
            command.arg("--cert").arg(self.pki(&format!("{certificate}.crt")));
            command.arg("--key").arg(self.pki(&format!("{certificate}.key")));
        }
        command.args(arguments);
        command
    }

    fn etcdctl(&self, arguments: &[&str]) -> Command {
        self.etcdctl_as(Some("etcd/healthcheck-client"), "cp1", arguments)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.etcdctl(arguments).output().unwrap()
    }

    /// What etcdctl prints, which must go well.
    fn prints(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    fn put(&self, key: &str, value: &str) -> Output {
        let mut child = self
            .etcdctl(&["put", key])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(value.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    fn kubeconfig(&self) -> PathBuf {
        let all = self.document["kubeconfigs"].as_array().unwrap();
        let admin = all.iter().find(|own| own["client"] == "super-admin").unwrap();
        admin["path"].as_str().unwrap().into()
    }

    fn kubectl(&self, arguments: &[&str]) -> Output {
        Command::new("kubectl")
            .arg("--kubeconfig")
            .arg(self.kubeconfig())
            .args(arguments)
            .env("KUBECACHEDIR", self.directory.path().join("kubecache"))
            .output()
            .expect("kubectl is needed: tests/run installs it")
    }

    /// Ends it with a signal, and gives the directory back.
    fn end(mut self, signal: &str) -> TempDir {
        let process = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
        self.child.wait().unwrap();
        std::mem::replace(&mut self.directory, tempfile::tempdir().unwrap())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "in a minute: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// What a row expects on standard output.
enum Says {
    /// This, to the letter.
    This(&'static str),
    /// Each of these somewhere.
    Has(&'static [&'static str]),
    /// On standard error, with exit status 1: the last line.
    Fails(&'static str),
}
use Says::{Fails, Has, This};

#[test]
fn etcdctl_gets_the_answers_of_a_real_one() {
    let served = Served::new(&[]);
    let rows: &[(&[&str], Says)] = &[
        (&["endpoint", "health"], This("")),
        (
            &["member", "list", "-w", "table"],
            Has(&["| started |  cp1 | https://127.0.0.1:", "|  cp2 |", "|  cp3 |"]),
        ),
        (&["endpoint", "status", "-w", "table"], Has(&[" 3.5.30 |", "true |      false |"])),
        (&["endpoint", "hashkv"], Has(&["127.0.0.1:"])),
        (&["alarm", "list"], This("")),
        (&["defrag"], Has(&["Finished defragmenting etcd member"])),
        (
            &["get", "/registry/minions/", "--prefix", "--keys-only"],
            This("/registry/minions/cp1\n\n/registry/minions/cp2\n\n/registry/minions/cp3\n\n"),
        ),
        (
            &[
                "get",
                "/registry/namespaces/",
                "--prefix",
                "--keys-only",
                "--limit",
                "1",
                "--order",
                "DESCEND",
            ],
            This("/registry/namespaces/kube-system\n\n"),
        ),
        (
            &["get", "/registry/namespaces/default", "--print-value-only"],
            Has(&["k8s\0\n\u{f}\n\u{2}v1\u{12}\tNamespace"]),
        ),
        (
            &["get", "/registry/services/specs/default/kubernetes", "--print-value-only"],
            Has(&["Service", "10.96.0.1"]),
        ),
        (&["get", "nothing"], This("")),
        (&["put", "foo", "bar"], This("OK\n")),
        (&["get", "foo"], This("foo\nbar\n")),
        (&["put", "foo", "baz", "--prev-kv"], This("OK\nfoo\nbar\n")),
        (&["put", "foo", "--ignore-value", "--prev-kv"], This("OK\nfoo\nbaz\n")),
        (&["put", "none", "--ignore-value"], Fails("Error: etcdserver: key not found")),
        (&["put", "foo", "x", "--lease", "77"], Fails("Error: etcdserver: requested lease not found")),
        (&["put", "", "x"], Fails("Error: etcdserver: key is not provided")),
        (&["get", "foo", "-w", "fields"], Has(&["\"Version\" : 3", "\"Value\" : \"baz\"", "\"Count\" : 1"])),
        (&["get", "fo", "fop"], This("foo\nbaz\n")),
        (
            &["get", "foo", "--rev", "1"],
            Fails("Error: etcdserver: mvcc: required revision has been compacted"),
        ),
        (
            &["get", "foo", "--rev", "999999"],
            Fails("Error: etcdserver: mvcc: required revision is a future revision"),
        ),
        (&["compact", "999999"], Fails("Error: etcdserver: mvcc: required revision is a future revision")),
        (&["compact", "1"], Fails("Error: etcdserver: mvcc: required revision has been compacted")),
        (&["del", "foo", "--prev-kv"], This("1\nfoo\nbaz\n")),
        (&["del", "foo"], This("0\n")),
        (
            &["lease", "revoke", "77"],
            Fails("Error: failed to revoke lease (etcdserver: requested lease not found)"),
        ),
        (&["lease", "timetolive", "77"], This("lease 0000000000000077 already expired\n")),
        (&["lease", "list"], This("found 0 leases\n")),
        (&["user", "list"], This("")),
        (
            &["member", "add", "cp4", "--peer-urls", "https://127.0.0.1:1"],
            Fails(
                "Error: rpc error: code = Unimplemented desc = dojang: MemberAdd is not played here; `dojang serve --etcd real` runs a real etcd",
            ),
        ),
        (
            &["put", "/registry/configmaps/default/x", "garbage"],
            Fails(
                "Error: rpc error: code = FailedPrecondition desc = dojang: the API server could not read this value (expected value at line 1 column 1); a real etcd would store it all the same, and the API server would fail on it",
            ),
        ),
    ];
    let mut wrong = Vec::new();
    for (arguments, says) in rows {
        let output = served.run(arguments);
        let (printed, complaint) = (text(&output.stdout), text(&output.stderr));
        let shown = arguments.iter().map(|own| own.chars().take(60).collect::<String>()).collect::<Vec<_>>();
        let told = format!("{shown:?}: {:?}\n{printed}\n{complaint}", output.status.code());
        let is_right = match says {
            This(expected) => output.status.success() && printed == *expected,
            Has(parts) => output.status.success() && parts.iter().all(|part| printed.contains(part)),
            Fails(expected) => {
                output.status.code() == Some(1) && complaint.trim_end().lines().last() == Some(expected)
            }
        };
        if !is_right {
            wrong.push(told);
        }
    }
    let long = served.put("long", &"x".repeat(1_700_000));
    if !text(&long.stderr).ends_with("Error: etcdserver: request is too large\n") {
        wrong.push(text(&long.stderr));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n---\n"));
}

#[test]
fn the_api_server_and_etcd_hold_the_same() {
    let served = Served::new(&[]);
    let watched = served.directory.path().join("watched");
    let mut watch = served
        .etcdctl(&["watch", "/registry/secrets/", "--prefix"])
        .stdout(fs::File::create(&watched).unwrap())
        .spawn()
        .unwrap();
    // A transaction is one revision; its second branch is not taken.
    let mut txn = served.etcdctl(&["txn"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    txn.stdin.take().unwrap().write_all(b"mod(\"a\") = \"0\"\n\nput a 1\nput b 2\n\nput a 3\n\n").unwrap();
    assert_eq!(text(&txn.wait_with_output().unwrap().stdout), "SUCCESS\n\nOK\n\nOK\n");
    let fields = served.prints(&["get", "a", "c", "-w", "fields"]);
    let revisions: Vec<&str> = fields.lines().filter(|line| line.starts_with("\"ModRevision\"")).collect();
    assert!(revisions.len() == 2 && revisions[0] == revisions[1], "{fields}");

    // What kubectl makes is in etcd, at the revision that kubectl shows, in the clear.
    let made = served.kubectl(&["create", "secret", "generic", "mine", "--from-literal=password=hunter2"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    let version = served.kubectl(&["get", "secret", "mine", "-o", "jsonpath={.metadata.resourceVersion}"]);
    let stored = served.prints(&["get", "/registry/secrets/default/mine", "-w", "fields"]);
    assert!(stored.contains(&format!("\"ModRevision\" : {}", text(&version.stdout))), "{stored}");
    assert!(stored.contains(r"k8s\x00\n\f\n\x02v1\x12\x06Secret") && stored.contains("hunter2"), "{stored}");

    // What etcdctl writes is what the API server has; what it deletes is gone.
    let own = r#"{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"own","namespace":"default"},"data":{"k":"v"}}"#;
    assert_eq!(text(&served.put("/registry/configmaps/default/own", own).stdout), "OK\n");
    let read = served.kubectl(&["get", "configmap", "own", "-o", "jsonpath={.data.k}"]);
    assert_eq!(text(&read.stdout), "v", "{}", text(&read.stderr));
    assert_eq!(served.prints(&["del", "/registry/secrets/default/mine"]), "1\n");
    let gone = served.kubectl(&["get", "secret", "mine"]);
    assert_eq!(text(&gone.stderr), "Error from server (NotFound): secrets \"mine\" not found\n");
    until("the watch tells both", || {
        let told = fs::read_to_string(&watched)
            .unwrap_or_else(|_| String::from_utf8_lossy(&fs::read(&watched).unwrap()).into_owned());
        told.starts_with("PUT\n/registry/secrets/default/mine\n")
            && told.ends_with("DELETE\n/registry/secrets/default/mine\n\n")
    });
    watch.kill().unwrap();
    watch.wait().unwrap();

    // A lease takes its keys along.
    let granted = served.prints(&["lease", "grant", "2"]);
    let lease = granted.split(' ').nth(1).unwrap();
    assert_eq!(served.prints(&["put", "short", "1", "--lease", lease]), "OK\n");
    assert!(served.prints(&["lease", "timetolive", lease, "--keys"]).contains("attached keys([short])"));
    until("the key goes with its lease", || served.prints(&["get", "short"]).is_empty());

    // Every member has the same, and so has the next run.
    let other = served.etcdctl_as(Some("apiserver-etcd-client"), "cp3", &["get", "b"]).output().unwrap();
    assert_eq!(text(&other.stdout), "b\n2\n");
    let again = Served::on(served.end("-KILL"), &[]);
    assert_eq!(again.prints(&["get", "a", "c"]), "a\n1\nb\n2\n");
    assert!(!again.log().contains("set aside"), "{}", again.log());
}

#[test]
fn whom_the_ca_of_etcd_does_not_vouch_for_is_refused_in_tls() {
    let served = Served::new(&[]);
    for (certificate, why) in [
        (None, "tls: client didn't provide a certificate"),
        (
            Some("apiserver-kubelet-client"),
            "tls: failed to verify certificate: x509: certificate signed by unknown authority",
        ),
    ] {
        let refused = served.etcdctl_as(certificate, "cp2", &["endpoint", "health"]).output().unwrap();
        assert_eq!(refused.status.code(), Some(1), "{certificate:?}");
        assert!(text(&refused.stderr).contains("is unhealthy"), "{}", text(&refused.stderr));
        let line = "etcd@cp2: \"msg\":\"rejected connection on client endpoint\"";
        assert!(
            served.log().lines().any(|own| own.starts_with(line) && own.contains(why)),
            "{}",
            served.log()
        );
    }
    // curl is let in by the same port.
    let health = Command::new("curl")
        .args(["-s", "--cacert"])
        .arg(served.pki("etcd/ca.crt"))
        .arg("--cert")
        .arg(served.pki("etcd/healthcheck-client.crt"))
        .arg("--key")
        .arg(served.pki("etcd/healthcheck-client.key"))
        .arg(format!("https://{}/health", served.address("etcd@cp1")))
        .output()
        .unwrap();
    assert_eq!(text(&health.stdout), r#"{"health":"true","reason":""}"#);
}

#[test]
fn a_real_etcd_takes_up_a_snapshot() {
    require("etcd", "etcd-server");
    let served = Served::new(&[]);
    assert_eq!(served.prints(&["put", "gone", "1"]), "OK\n");
    assert_eq!(served.prints(&["del", "gone"]), "1\n");
    let (copy, data) = (served.directory.path().join("copy.db"), served.directory.path().join("restored"));
    served.prints(&["snapshot", "save", argument(&copy)]);
    let local = |arguments: &[&str]| {
        let output = Command::new("etcdctl").env("ETCDCTL_API", "3").args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    let status = local(&["snapshot", "status", argument(&copy), "-w", "json"]);
    let status: Value = serde_json::from_str(&status).unwrap();
    let now = served.prints(&["get", "gone", "-w", "json"]);
    let now: Value = serde_json::from_str(&now).unwrap();
    assert_eq!(status["revision"], now["header"]["revision"]);
    local(&["snapshot", "restore", argument(&copy), "--data-dir", argument(&data)]);
    let (client, peer) =
        (format!("http://127.0.0.1:{}", free_port()), format!("http://127.0.0.1:{}", free_port()));
    let mut etcd = Command::new("etcd")
        .args([
            "--data-dir",
            argument(&data),
            "--listen-client-urls",
            &client,
            "--advertise-client-urls",
            &client,
        ])
        .args(["--listen-peer-urls", &peer])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let ask = |arguments: &[&str]| {
        let mut command = Command::new("etcdctl");
        let output = command.env("ETCDCTL_API", "3").args(["--endpoints", &client]).args(arguments).output();
        text(&output.unwrap().stdout)
    };
    until("the restored etcd answers", || {
        !ask(&["get", "/registry/", "--prefix", "--limit", "1"]).is_empty()
    });
    let everything = ["get", "", "--prefix", "-w", "fields"];
    let values = |all: String| -> Vec<String> {
        all.lines()
            .filter(|line| ["\"Key\"", "\"Val"].iter().any(|own| line.starts_with(own)))
            .map(str::to_owned)
            .collect()
    };
    let (theirs, ours) = (values(ask(&everything)), values(served.prints(&everything)));
    etcd.kill().unwrap();
    etcd.wait().unwrap();
    assert!(ours.len() > 300 && theirs == ours, "{} and {}", theirs.len(), ours.len());
}

fn lives(process: u64) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    status.contains("State:") && !status.contains("State:\tZ")
}

#[test]
fn real_members_hold_what_the_api_server_stores_and_end_with_it() {
    require("etcd", "etcd-server");
    let served = Served::new(&["--etcd", "real"]);
    let members = served.document["etcd"].as_array().unwrap().clone();
    let names: Vec<&str> = members.iter().map(|own| own["name"].as_str().unwrap()).collect();
    assert_eq!(names, NODES);
    let processes: Vec<u64> = members.iter().map(|own| own["process"].as_u64().unwrap()).collect();
    for flag in [
        "--client-cert-auth=true",
        "--peer-client-cert-auth=true",
        "--trusted-ca-file=/",
        "--peer-key-file=/",
    ] {
        assert!(members.iter().all(|own| own["command"].as_str().unwrap().contains(flag)), "{members:?}");
    }
    let endpoints: Vec<&str> = members.iter().map(|own| own["address"].as_str().unwrap()).collect();
    let endpoints = endpoints.join(",");
    let etcdctl = |served: &Served, arguments: &[&str]| {
        let pki = |file: &str| served.pki(&format!("etcd/{file}"));
        Command::new("etcdctl")
            .env("ETCDCTL_API", "3")
            .args(["--endpoints", &endpoints, "--cacert"])
            .arg(pki("ca.crt"))
            .arg("--cert")
            .arg(pki("healthcheck-client.crt"))
            .arg("--key")
            .arg(pki("healthcheck-client.key"))
            .args(arguments)
            .output()
            .unwrap()
    };
    let health = etcdctl(&served, &["endpoint", "health"]);
    assert!(health.status.success(), "{}", text(&health.stderr));
    let prints = |arguments: &[&str]| text(&etcdctl(&served, arguments).stdout);
    assert_eq!(prints(&["member", "list"]).matches("started").count(), 3);
    let made = served.kubectl(&["create", "secret", "generic", "mine", "--from-literal=password=hunter2"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    until("etcd has the secret", || {
        prints(&["get", "/registry/secrets/default/mine", "-w", "fields"]).contains("hunter2")
    });
    prints(&["del", "/registry/secrets/default/mine"]);
    until("the API server has lost it", || !served.kubectl(&["get", "secret", "mine"]).status.success());
    prints(&["put", "foo", "bar"]);
    prints(&["put", "/registry/configmaps/default/x", "garbage"]);
    until("what cannot be read is told", || {
        served.log().contains("/registry/configmaps/default/x: the API server keeps what it had")
    });
    // Killed, it leaves no members behind, and the next run has all again.
    let directory = served.end("-KILL");
    until("no member is left", || !processes.iter().any(|own| lives(*own)));
    let again = Served::on(directory, &[]);
    assert_eq!(again.prints(&["get", "foo"]), "foo\nbar\n");
    drop(again);
}

#[test]
fn a_member_that_does_not_start_is_told_with_its_words() {
    require("etcd", "etcd-server");
    let directory = tempfile::tempdir().unwrap();
    let root = argument(directory.path());
    answer(&["pki", "create", root, "--layout", "lecture", "--key", "p256"]);
    // The lecture's slide: the certificate of one pair, and the key of another.
    let manifest = directory.path().join("etcd.yaml");
    let healthy = fs::read_to_string(&manifest).unwrap();
    let broken = healthy.replace(
        "peer-key-file=/etc/kubernetes/pki/etcdpeer1.key",
        "peer-key-file=/etc/kubernetes/pki/etcdserver.key",
    );
    assert_ne!(healthy, broken);
    fs::write(&manifest, broken).unwrap();
    let serve = ["serve", "--etcd", "real", "--listen", "127.0.0.1:0", "--dir", root];
    let refused = common::dojang(&serve);
    assert_eq!(refused.status.code(), Some(3), "{}", text(&refused.stdout));
    let said = text(&refused.stderr);
    assert!(said.contains("etcd cp1") && said.contains("has ended (exit status: 1); its log, "), "{said}");
    assert!(said.contains("tls: private key does not match public key"), "{said}");
    // Mended, three members run on the one pair of the lecture, and end on Ctrl-C.
    fs::write(&manifest, healthy).unwrap();
    let served = Served::on(directory, &["--etcd", "real"]);
    let processes: Vec<u64> = served.document["etcd"]
        .as_array()
        .unwrap()
        .iter()
        .map(|own| own["process"].as_u64().unwrap())
        .collect();
    assert_eq!(processes.len(), 3);
    let _directory = served.end("-INT");
    assert!(!processes.iter().any(|own| lives(*own)), "they have ended before it has");
}

#[test]
fn without_etcd_on_the_path_the_package_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let root = argument(directory.path());
    answer(&["pki", "create", root, "--key", "p256"]);
    let serve = ["serve", "--etcd", "real", "--listen", "127.0.0.1:0", "--dir", root];
    let output = command(&serve).env("PATH", "/proc/nowhere").output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("apt install etcd-server"), "{}", text(&output.stderr));
}
