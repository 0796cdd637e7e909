//! The generated files in the hands of openssl and kubectl.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::tools::require;
use common::{answer, argument, text};

fn verify(authority: &Path, purpose: &str, certificate: &Path) {
    let output = Command::new("openssl")
        .args(["verify", "-x509_strict", "-purpose", purpose, "-CAfile"])
        .arg(authority)
        .arg(certificate)
        .output()
        .unwrap();
    assert!(output.status.success(), "{purpose}: {}{}", text(&output.stdout), text(&output.stderr));
}

/// Every certificate of the kubeadm layout with its authority and purposes.
fn strict(key: &str) {
    let directory = tempfile::tempdir().unwrap();
    answer(&["pki", "create", argument(directory.path()), "--layout", "kubeadm", "--key", key]);
    let pki = directory.path().join("cp1/etc/kubernetes/pki");
    let conf = |name: &str| -> PathBuf {
        let text = fs::read_to_string(directory.path().join("cp1/etc/kubernetes").join(name)).unwrap();
        let (certificate, _) = dojang::x509::read_kubeconfig(&text).unwrap();
        let path = directory.path().join(format!("{name}.crt"));
        fs::write(&path, certificate).unwrap();
        path
    };
    let (ca, etcd, proxy) = (pki.join("ca.crt"), pki.join("etcd/ca.crt"), pki.join("front-proxy-ca.crt"));
    for authority in [&ca, &etcd, &proxy] {
        verify(authority, "any", authority);
    }
    verify(&ca, "sslserver", &pki.join("apiserver.crt"));
    verify(&ca, "sslserver", &directory.path().join("node01/var/lib/kubelet/pki/kubelet.crt"));
    verify(&ca, "sslclient", &pki.join("apiserver-kubelet-client.crt"));
    for name in
        ["admin.conf", "super-admin.conf", "scheduler.conf", "controller-manager.conf", "kubelet.conf"]
    {
        verify(&ca, "sslclient", &conf(name));
    }
    for purpose in ["sslserver", "sslclient"] {
        verify(&etcd, purpose, &pki.join("etcd/server.crt"));
        verify(&etcd, purpose, &pki.join("etcd/peer.crt"));
    }
    verify(&etcd, "sslclient", &pki.join("etcd/healthcheck-client.crt"));
    verify(&etcd, "sslclient", &pki.join("apiserver-etcd-client.crt"));
    verify(&proxy, "sslclient", &pki.join("front-proxy-client.crt"));
}

#[test]
fn openssl_verifies_every_certificate_strictly() {
    require("openssl", "openssl");
    for key in ["rsa-2048", "p256", "p384", "ed25519"] {
        strict(key);
    }
}

#[test]
fn kubectl_reads_every_kubeconfig() {
    require("kubectl", "kubernetes-client");
    let directory = tempfile::tempdir().unwrap();
    answer(&["pki", "create", argument(directory.path()), "--key", "p256"]);
    let mut read = 0;
    for entry in fs::read_dir(directory.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "kubeconfig") {
            continue;
        }
        let output = Command::new("kubectl")
            .args([
                "config",
                "view",
                "--minify",
                "-o",
                "jsonpath={.clusters[0].cluster.server} {.contexts[0].name}",
            ])
            .arg("--kubeconfig")
            .arg(&path)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}: {}", path.display(), text(&output.stderr));
        let said = text(&output.stdout);
        assert!(said.starts_with("https://10.0.0.10:6443 ") && said.ends_with("@dojang"), "{said}");
        read += 1;
    }
    assert_eq!(read, 7, "admin, controller-manager, scheduler, kube-proxy and three kubelets");
}

#[test]
fn openssl_reads_keys_and_requests() {
    require("openssl", "openssl");
    let directory = tempfile::tempdir().unwrap();
    for (key, layout) in [("rsa-2048", "lecture"), ("ed25519", "lecture"), ("p384", "kubeadm")] {
        let root = directory.path().join(format!("{key}-{layout}"));
        answer(&["pki", "create", argument(&root), "--layout", layout, "--key", key]);
        let (request, pair) = match layout {
            "lecture" => (root.join("apiserver.csr"), root.join("apiserver.key")),
            _ => (root.join("extra/cp1/apiserver.csr"), root.join("cp1/etc/kubernetes/pki/apiserver.key")),
        };
        let run = |arguments: &[&str], file: &Path| {
            let output = Command::new("openssl").args(arguments).arg("-in").arg(file).output().unwrap();
            assert!(output.status.success(), "{}", text(&output.stderr));
            text(&output.stdout) + &text(&output.stderr)
        };
        let said = run(&["req", "-noout", "-verify", "-text"], &request);
        assert!(said.contains("verify OK") && said.contains("DNS:kubernetes.default.svc"), "{said}");
        assert_eq!(run(&["req", "-noout", "-pubkey"], &request), run(&["pkey", "-pubout"], &pair));
    }
}
