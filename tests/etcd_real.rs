//! Real etcd beside `dojang serve`: one that takes up a snapshot of the lab's own, and members run
//! by `serve --etcd real`, with what they hold and how they end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use common::served::{NODES, Served, until};
use common::tools::require;
use common::{answer, argument, command, text};
use serde_json::Value;

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
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
