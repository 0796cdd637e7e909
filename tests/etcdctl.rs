//! The etcd of `dojang serve` for a real `etcdctl`: what it prints and how it ends, one row a
//! command; that the API server and etcd hold the same; that a copy of it serves a real etcd; and
//! real members run by `serve --etcd real`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
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
    let long = "x".repeat(2 << 20);
    let rows: &[(&[&str], Says)] = &[
        (&["endpoint", "health"], This("")),
        (
            &["member", "list", "-w", "table"],
            Has(&["| started |  cp1 | https://127.0.0.1:", "|  cp2 |", "|  cp3 |"]),
        ),
        (&["endpoint", "status", "-w", "table"], Has(&["| 3.5.30 |", "true |      false |"])),
        (&["endpoint", "hashkv"], Has(&["127.0.0.1:"])),
        (&["alarm", "list"], This("")),
        (&["defrag"], Has(&["Finished defragmenting etcd member"])),
        (
            &["get", "/registry/minions/", "--prefix", "--keys-only"],
            This(
                "/registry/minions/cp1\n\n/registry/minions/cp2\n\n/registry/minions/cp3\n\n/registry/minions/node01\n\n/registry/minions/node02\n\n",
            ),
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
        (&["put", "long", &long], Fails("Error: etcdserver: request is too large")),
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
        (&["lease", "revoke", "77"], Fails("Error: context deadline exceeded")),
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
    for (arguments, says) in rows {
        let output = served.run(arguments);
        let (printed, complaint) = (text(&output.stdout), text(&output.stderr));
        let shown = arguments.iter().map(|own| own.chars().take(60).collect::<String>()).collect::<Vec<_>>();
        let told = format!("{shown:?}: {:?}\n{printed}\n{complaint}", output.status.code());
        match says {
            This(expected) => assert!(output.status.success() && printed == *expected, "{told}"),
            Has(parts) => {
                assert!(output.status.success() && parts.iter().all(|part| printed.contains(part)), "{told}");
            }
            Fails(expected) => {
                assert!(
                    output.status.code() == Some(1) && complaint.trim_end().lines().last() == Some(expected),
                    "{told}"
                );
            }
        }
    }
}
