//! Three members of a real etcd on the generated certificates, peer TLS and all, asked
//! through the real etcdctl.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::tools::require;
use common::{answer, argument, text};

/// A member that ends with the test.
struct Member {
    child: Child,
    log: PathBuf,
}

impl Drop for Member {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_ports<const N: usize>() -> [u16; N] {
    let held: Vec<TcpListener> = (0..N).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    std::array::from_fn(|i| held[i].local_addr().unwrap().port())
}

fn start(root: &Path, node: &str, client: u16, peer: u16, cluster: &str) -> Member {
    let pki = |file: &str| root.join(node).join("etc/kubernetes/pki/etcd").join(file);
    let log = root.join(format!("{node}.log"));
    let mut command = Command::new("etcd");
    command.args(["--name", node, "--initial-cluster", cluster, "--initial-cluster-state", "new"]);
    for (flag, file) in [
        ("--cert-file", "server.crt"),
        ("--key-file", "server.key"),
        ("--trusted-ca-file", "ca.crt"),
        ("--peer-cert-file", "peer.crt"),
        ("--peer-key-file", "peer.key"),
        ("--peer-trusted-ca-file", "ca.crt"),
    ] {
        command.arg(flag).arg(pki(file));
    }
    command.args([
        "--client-cert-auth",
        "--peer-client-cert-auth",
        "--logger",
        "zap",
        "--log-outputs",
        "stderr",
    ]);
    for flag in ["--listen-client-urls", "--advertise-client-urls"] {
        command.args([flag, &format!("https://127.0.0.1:{client}")]);
    }
    for flag in ["--listen-peer-urls", "--initial-advertise-peer-urls"] {
        command.args([flag, &format!("https://127.0.0.1:{peer}")]);
    }
    let child = command
        .arg("--data-dir")
        .arg(root.join(format!("{node}.data")))
        .stdout(Stdio::null())
        .stderr(File::create(&log).unwrap())
        .spawn()
        .unwrap();
    Member { child, log }
}

fn etcdctl(root: &Path, endpoints: &str, arguments: &[&str]) -> std::process::Output {
    let pki = root.join("cp1/etc/kubernetes/pki/etcd");
    Command::new("etcdctl")
        .env("ETCDCTL_API", "3")
        .args(["--endpoints", endpoints, "--command-timeout", "5s"])
        .arg("--cacert")
        .arg(pki.join("ca.crt"))
        .arg("--cert")
        .arg(pki.join("healthcheck-client.crt"))
        .arg("--key")
        .arg(pki.join("healthcheck-client.key"))
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn three_members_talk_over_the_generated_certificates() {
    require("etcd", "etcd-server");
    require("etcdctl", "etcd-client");
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    answer(&[
        "pki",
        "create",
        argument(root),
        "--layout",
        "kubeadm",
        "--key",
        "p256",
        "--control-plane",
        "cp1=10.0.0.10",
        "--control-plane",
        "cp2=10.0.0.11",
        "--control-plane",
        "cp3=10.0.0.12",
    ]);
    let [a, b, c, pa, pb, pc] = free_ports::<6>();
    let cluster = format!("cp1=https://127.0.0.1:{pa},cp2=https://127.0.0.1:{pb},cp3=https://127.0.0.1:{pc}");
    let members = [("cp1", a, pa), ("cp2", b, pb), ("cp3", c, pc)]
        .map(|(node, client, peer)| start(root, node, client, peer, &cluster));
    let endpoints = [a, b, c].map(|port| format!("https://127.0.0.1:{port}")).join(",");
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let health = etcdctl(root, &endpoints, &["endpoint", "health"]);
        let said = text(&health.stdout) + &text(&health.stderr);
        if health.status.success() && said.matches("is healthy").count() == 3 {
            break;
        }
        if Instant::now() > deadline {
            let logs: Vec<String> = members
                .iter()
                .map(|m| {
                    std::fs::read_to_string(&m.log)
                        .unwrap_or_default()
                        .lines()
                        .rev()
                        .take(5)
                        .collect::<Vec<_>>()
                        .join("\n")
                })
                .collect();
            panic!("not healthy: {said}\n{}", logs.join("\n---\n"));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    let put = etcdctl(root, &endpoints, &["put", "seal", "dojang"]);
    assert!(put.status.success(), "{}", text(&put.stderr));
    let read = etcdctl(root, &format!("https://127.0.0.1:{c}"), &["get", "seal", "--print-value-only"]);
    assert_eq!(text(&read.stdout).trim(), "dojang");
    // The gateway dials its own member with the serving certificate; without clientAuth in
    // it the log would fill with refusals.
    for member in &members {
        let log = std::fs::read_to_string(&member.log).unwrap();
        assert!(!log.contains("incompatible key usage"), "{log}");
    }
}
