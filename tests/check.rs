//! `dojang check`: nothing on healthy clusters, and each fault by its rule.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use common::{answer, argument, dojang, text};
use serde_json::Value;

/// A cluster with P-256 keys.
fn cluster(arguments: &[&str]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let mut all = vec!["pki", "create", argument(directory.path()), "--key", "p256"];
    all.extend(arguments);
    answer(&all);
    directory
}

/// The exit status, and `rule path` of each finding that is more than a note.
fn findings(directory: &Path, arguments: &[&str]) -> (i32, Vec<String>) {
    let all = [&["check", argument(directory), "--format", "json"], arguments].concat();
    let output = dojang(&all);
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let keys: Vec<&str> = document.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["certificates", "directory", "findings", "keys", "kubeconfigs"]);
    let found = document["findings"].as_array().unwrap().iter().filter(|f| f["severity"] != "note");
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let found = found.map(|f| format!("{} {}", text(f, "rule"), text(f, "path"))).collect();
    (output.status.code().unwrap(), found)
}

#[test]
fn healthy_clusters_have_no_findings() {
    for arguments in [
        &["--layout", "lecture"][..],
        &["--layout", "lecture", "--authorities", "three"],
        &["--layout", "kubeadm"],
        &[
            "--layout",
            "kubeadm",
            "--control-plane",
            "a=10.0.0.1",
            "--control-plane",
            "b=10.0.0.2",
            "--workers",
            "2",
        ],
    ] {
        let directory = cluster(arguments);
        assert_eq!(findings(directory.path(), &[]), (0, vec![]), "{arguments:?}");
        // Without the plan, by file names and manifests alone.
        fs::remove_file(directory.path().join("cluster.toml")).unwrap();
        assert_eq!(findings(directory.path(), &[]), (0, vec![]), "{arguments:?}");
    }
}

#[test]
fn the_catalogue_s_faults_are_found() {
    for (fault, found) in [
        ("F01", "ca-constraints ca.crt"),
        ("F02", "ca-constraints ca.crt"),
        ("F03", "names apiserver.crt"),
        ("F04", "subject admin.crt"),
        ("F05", "subject admin.crt"),
        ("F10", "names apiserver.crt"),
        ("F11", "names etcdserver.crt"),
        ("F12", "names apiserver.crt"),
        ("F13", "expiry apiserver.crt"),
        ("F14", "expiry apiserver.crt"),
        ("F15", "wrong-ca apiserver.crt"),
        ("F16", "wrong-ca apiserver.crt"),
        ("F17", "usage apiserver.crt"),
        ("F20", "expiry admin.kubeconfig"),
        ("F22", "wrong-ca apiserver-etcd-client.crt"),
        ("F23", "usage etcdserver.crt"),
        ("F31", "subject apiserver-kubelet-client.crt"),
        ("F32", "subject cp1.kubeconfig"),
        ("F33", "subject cp1.kubeconfig"),
        ("F40", "expiry cp1.kubeconfig"),
        ("F44", "expiry ca.crt"),
    ] {
        let directory = cluster(&[]);
        answer(&["faults", "make", fault, "--dir", argument(directory.path())]);
        let (status, all) = findings(directory.path(), &[]);
        assert!(status == 1 && all.iter().any(|one| one == found), "{fault}: {all:?}");
    }
}

#[test]
fn keys_lie_where_they_should() {
    let directory = cluster(&["--layout", "kubeadm"]);
    let at = |path: &str| directory.path().join(path);
    let pki = "cp1/etc/kubernetes/pki";
    fs::copy(at(&format!("{pki}/ca.key")), at("node01/etc/kubernetes/pki/ca.key")).unwrap();
    fs::copy(at(&format!("{pki}/sa.key")), at(&format!("{pki}/apiserver.key"))).unwrap();
    fs::set_permissions(at(&format!("{pki}/etcd/server.key")), fs::Permissions::from_mode(0o644)).unwrap();
    fs::copy(at(&format!("{pki}/ca.crt")), at(&format!("{pki}/front-proxy-ca.crt"))).unwrap();
    fs::write(at(&format!("{pki}/etcd/peer.crt")), "-----BEGIN CERTIFICATE-----\nMII\n").unwrap();
    let (status, all) = findings(directory.path(), &[]);
    assert_eq!(status, 1);
    for expected in [
        "ca-key node01/etc/kubernetes/pki/ca.key",
        "key-pair cp1/etc/kubernetes/pki/apiserver.crt",
        "permissions cp1/etc/kubernetes/pki/etcd/server.key",
        "front-proxy-ca cp1/etc/kubernetes/pki/front-proxy-ca.crt",
        "wrong-ca cp1/etc/kubernetes/pki/front-proxy-client.crt",
        "key-pair cp1/etc/kubernetes/pki/front-proxy-ca.crt",
        "unreadable cp1/etc/kubernetes/pki/etcd/peer.crt",
    ] {
        assert!(all.iter().any(|one| one == expected), "{expected}: {all:#?}");
    }
}

#[test]
fn spelling_and_time_are_looked_at() {
    let directory = cluster(&[]);
    let soon = findings(directory.path(), &["--now", "2036-11-10T00:00:00Z"]).1;
    assert!(soon.contains(&"expiry admin.crt".to_owned()), "{soon:?}");

    common::tools::require("openssl", "openssl");
    let at = |name: &str| argument(&directory.path().join(name)).to_owned();
    for (subject, said) in [
        ("/O=SYSTEM:NODES/CN=system:node:node01", "the group is `system:nodes`"),
        ("/CN=system:masters", "it belongs in O"),
        ("/CN=system:Kube-Scheduler", "the user is `system:kube-scheduler`"),
        ("/CN=system:node:node01", "without O=system:nodes"),
    ] {
        let made = std::process::Command::new("openssl")
            .args(["req", "-x509", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
            .args(["-addext", "basicConstraints=CA:FALSE", "-days", "90", "-subj", subject])
            .args(["-CA", &at("ca.crt"), "-CAkey", &at("ca.key")])
            .args(["-keyout", &at("odd.key"), "-out", &at("odd.crt")])
            .output()
            .unwrap();
        if !made.status.success() {
            // OpenSSL 3.0 has no -CA for req: through a request.
            let key = at("odd.key");
            let csr = at("odd.csr");
            let run = |arguments: &[&str]| {
                let output = std::process::Command::new("openssl").args(arguments).output().unwrap();
                assert!(output.status.success(), "{}", text(&output.stderr));
            };
            run(&["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &key]);
            run(&["req", "-new", "-key", &key, "-subj", subject, "-out", &csr]);
            let (ca, ca_key, out) = (at("ca.crt"), at("ca.key"), at("odd.crt"));
            run(&["x509", "-req", "-in", &csr, "-CA", &ca, "-CAkey", &ca_key, "-days", "90", "-out", &out]);
        }
        let output = dojang(&["check", argument(directory.path()), "--lang", "en"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stdout).contains(said), "{subject}: {}", text(&output.stdout));
    }
}

#[test]
fn what_is_not_there_is_a_wrong_call() {
    assert_eq!(dojang(&["check", "/proc/nowhere"]).status.code(), Some(2));
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(findings(empty.path(), &[]), (0, vec![]));
}
