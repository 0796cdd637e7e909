//! `dojang check`: nothing but notes on healthy clusters, and each planted fault by its id,
//! with the evidence.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

#[path = "check/made.rs"]
mod made;
#[path = "check/planted/mod.rs"]
mod planted;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use common::{answer, argument, dojang, text};
use made::{Layout, cluster, copy, edit, findings, leaf, notes, own};
use planted::{Plant, planted};
use serde_json::Value;

#[test]
fn healthy_clusters_have_notes_alone() {
    let unverified = |path: &str| format!("kubelet-unverified {path}");
    let manifest = |node: &str| unverified(&format!("{node}/etc/kubernetes/manifests/kube-apiserver.yaml"));
    let unit = |node: &str| unverified(&format!("extra/{node}/kube-apiserver.service"));
    let proxy = |file: &str| format!("front-proxy-names kube-apiserver.{file}");
    for (layout, expected) in [
        (Layout::Lecture, vec![proxy("service"), proxy("yaml")]),
        (Layout::LectureThree, vec![]),
        (Layout::Kubeadm, vec![manifest("cp1"), unit("cp1")]),
        (
            Layout::KubeadmThree,
            vec![manifest("a"), manifest("b"), manifest("c"), unit("a"), unit("b"), unit("c")],
        ),
    ] {
        let directory = copy(layout);
        let root = directory.path();
        assert_eq!(findings(root, &[]), (0, vec![]), "{layout:?}");
        assert_eq!(notes(root), expected, "{layout:?}");
        // Without the plan, by manifests and file names alone.
        fs::remove_file(root.join("cluster.toml")).unwrap();
        assert_eq!(findings(root, &[]), (0, vec![]), "{layout:?}");
        assert_eq!(notes(root), expected, "{layout:?}");
    }
}

#[test]
fn what_a_node_holds_is_healthy_by_itself() {
    let directory = copy(Layout::KubeadmThree);
    for part in ["a", "a/etc/kubernetes", "a/etc/kubernetes/pki", "a/etc/kubernetes/pki/etcd", "node01"] {
        let part = directory.path().join(part);
        if part.is_dir() {
            assert_eq!(findings(&part, &[]), (0, vec![]), "{}", part.display());
        }
    }
    for file in ["a/etc/kubernetes/admin.conf", "a/etc/kubernetes/pki/apiserver.crt"] {
        assert_eq!(findings(&directory.path().join(file), &[]), (0, vec![]), "{file}");
    }
}

#[test]
fn what_kubeadm_itself_made_is_healthy() {
    for algorithm in ["rsa-2048", "p256"] {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/kubeadm-1.36.2");
        let directory = tempfile::tempdir().unwrap();
        let made = directory.path().join("pki");
        let mut copying = std::process::Command::new("cp");
        copying.args(["-r", argument(&fixtures.join(algorithm)), argument(&made)]);
        assert!(copying.status().unwrap().success());
        // Its key was left out.
        let _ = fs::remove_file(made.join("kubeconfig/admin.conf"));
        // The day after it was made.
        let now = ["--now", "2026-11-26T00:00:00Z"];
        assert_eq!(findings(&made, &now), (0, vec![]), "{algorithm}");
    }
}

/// Plants each into a healthy cluster of its own, and wants its id, file and evidence.
fn are_found(planted: &[Plant]) {
    common::tools::require("openssl", "openssl");
    let mut wrong = Vec::new();
    let mut commands = BTreeSet::new();
    for plant in planted {
        let directory = copy(plant.layout);
        let root = directory.path();
        (plant.plant)(root);
        let all = own(root);
        let is_it = |finding: &&Value| {
            finding["id"] == plant.id
                && finding["path"] == plant.path
                && finding["evidence"].as_str().unwrap().contains(plant.evidence)
        };
        commands.extend(all.iter().filter_map(|finding| finding["command"].as_str().map(str::to_owned)));
        if all.iter().find(is_it).is_none() {
            let told = |finding: &Value| {
                format!("  {} {}: {}\n", finding["id"], finding["path"], finding["evidence"])
            };
            let told: String = all.iter().map(told).collect();
            wrong.push(format!("{} {} ({}) in\n{told}", plant.id, plant.path, plant.evidence));
        }
    }
    assert!(wrong.is_empty(), "{} not found:\n{}", wrong.len(), wrong.join("\n"));
    // A shell reads all that is told to be run.
    let script: Vec<String> = commands.into_iter().collect();
    let read = std::process::Command::new("sh").args(["-n", "-c", &script.join("\n")]).output().unwrap();
    assert!(read.status.success() && !script.is_empty(), "{}", text(&read.stderr));
}

#[test]
fn planted_faults_of_certificates_are_found() {
    are_found(planted::CERTIFICATES);
}

#[test]
fn planted_faults_of_files_and_keys_are_found() {
    are_found(planted::FILES);
}

#[test]
fn planted_faults_of_flags_are_found() {
    are_found(planted::FLAGS);
}

#[test]
fn planted_faults_of_kubeconfigs_are_found() {
    are_found(planted::KUBECONFIGS);
}

#[test]
fn planted_faults_of_names_and_authorities_are_found() {
    are_found(planted::NAMES);
}

#[test]
fn planted_faults_of_usages_and_sans_are_found() {
    are_found(planted::USAGES);
}

#[test]
fn everything_that_can_be_found_is_planted() {
    let ids: BTreeSet<&str> = planted().map(|plant| plant.id).collect();
    let untested: Vec<String> =
        dojang::audit::Id::ALL.iter().map(|id| id.name()).filter(|id| !ids.contains(id.as_str())).collect();
    // root reads everything.
    assert_eq!(untested, ["unreadable-file"]);
}

#[test]
fn the_catalogue_s_faults_are_found() {
    for (fault, found) in [
        ("F01", "ca-constraints ca.crt"),
        ("F02", "ca-key-usage ca.crt"),
        ("F03", "san-dropped apiserver.crt"),
        ("F04", "group-in-ou admin.crt"),
        ("F05", "group-spelling admin.crt"),
        ("F10", "missing-name apiserver.crt"),
        ("F11", "san-dropped etcdserver.crt"),
        ("F12", "missing-address apiserver.crt"),
        ("F13", "expired apiserver.crt"),
        ("F14", "not-yet-valid apiserver.crt"),
        ("F15", "unknown-ca apiserver.crt"),
        ("F16", "same-name-ca apiserver.crt"),
        ("F17", "no-server-auth apiserver.crt"),
        ("F20", "expired-client admin.kubeconfig"),
        ("F22", "unknown-ca apiserver-etcd-client.crt"),
        ("F23", "etcd-no-client-auth etcdserver.crt"),
        ("F31", "other-subject apiserver-kubelet-client.crt"),
        ("F32", "other-node cp1.kubeconfig"),
        ("F33", "node-without-group cp1.kubeconfig"),
        ("F40", "expired-kubelet cp1.kubeconfig"),
        ("F44", "expired-authority ca.crt"),
    ] {
        let directory = copy(Layout::Lecture);
        answer(&["faults", "make", fault, "--dir", argument(directory.path())]);
        let (status, all) = findings(directory.path(), &[]);
        assert!(status == 1 && all.iter().any(|one| one == found), "{fault}: {all:?}");
    }
}

#[test]
fn all_of_ten_faults_are_told_worst_first() {
    common::tools::require("openssl", "openssl");
    let directory = copy(Layout::Kubeadm);
    let root = directory.path();
    let chosen: Vec<_> = [
        "switched",
        "dangling-link",
        "flag-file",
        "kubelet-anonymous",
        "kubeconfig-context",
        "kubeconfig-http",
        "key-readable",
        "ca-key-elsewhere",
        "service-account-pair",
        "line-ends",
    ]
    .iter()
    .map(|id| planted().find(|plant| plant.id == *id && plant.layout == Layout::Kubeadm).unwrap())
    .collect();
    for plant in &chosen {
        (plant.plant)(root);
    }
    let all = own(root);
    for plant in &chosen {
        let found = all.iter().any(|finding| finding["id"] == plant.id && finding["path"] == plant.path);
        assert!(found, "{}: {all:#?}", plant.id);
    }
    let order = |finding: &Value| {
        ["error", "warning", "note"].iter().position(|severity| finding["severity"] == *severity).unwrap()
    };
    assert!(all.is_sorted_by_key(order));
}

#[test]
fn the_text_tells_evidence_fix_and_a_command_that_works() {
    let directory = copy(Layout::Kubeadm);
    let root = directory.path();
    let key = root.join("cp1/etc/kubernetes/pki/apiserver.key");
    made::mode(&key, 0o644);
    let arguments = ["check", argument(root), "--lang", "en", "--ascii", "--severity", "warning"];
    let output = dojang(&arguments);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stdout);
    let command = format!("chmod 600 {}", argument(&key));
    for said in [
        "warning (1)",
        "! warning cp1/etc/kubernetes/pki/apiserver.key: others may read this private key (key-readable)",
        "    mode 0644",
        "    -> let its owner alone read it",
        &format!("    $ {command}"),
        "0 errors, 1 warnings, 2 notes",
    ] {
        assert!(told.contains(said), "{said}\n{told}");
    }
    assert!(!told.contains("kubelet-unverified"));
    assert!(std::process::Command::new("sh").args(["-c", &command]).status().unwrap().success());
    assert_eq!(dojang(&arguments).status.code(), Some(0));
    let korean = dojang(&["check", argument(root), "--lang", "ko"]);
    assert!(text(&korean.stdout).contains("참고"));
}

#[test]
fn a_command_of_dojang_s_mends_what_it_stands_beside() {
    for (fault, id) in
        [("F13", "expired"), ("F10", "missing-name"), ("F05", "group-spelling"), ("F16", "same-name-ca")]
    {
        let directory = copy(Layout::Lecture);
        let root = directory.path();
        answer(&["faults", "make", fault, "--dir", argument(root)]);
        for finding in own(root).iter().filter(|finding| finding["severity"] != "note") {
            let Some(command) = finding["command"].as_str() else { continue };
            if !command.contains("dojang") {
                continue;
            }
            let path = format!("{}:{}", made::bin(), std::env::var("PATH").unwrap());
            let run =
                std::process::Command::new("sh").args(["-c", command]).env("PATH", path).output().unwrap();
            assert!(run.status.success(), "{command}: {}", text(&run.stderr));
        }
        assert!(!findings(root, &[]).1.iter().any(|one| one.starts_with(id)), "{fault}");
    }
}

#[test]
fn ends_that_are_near_are_told() {
    let directory = copy(Layout::Lecture);
    let at = |within: &str| findings(directory.path(), &["--expires-within", within]).1;
    assert!(at("30").is_empty());
    assert!(at("400").contains(&"expires-soon admin.crt".to_owned()));
    assert!(!at("400").contains(&"expires-soon ca.crt".to_owned()));
    let later = findings(directory.path(), &["--now", "2090-01-01T00:00:00Z", "--severity", "error"]).1;
    assert!(later.contains(&"expired-authority ca.crt".to_owned()), "{later:?}");
}

#[test]
fn a_kubeconfig_of_files_is_looked_at_alone() {
    let directory = tempfile::tempdir().unwrap();
    let lecture = cluster(Layout::Lecture);
    for file in ["ca.crt", "admin.crt", "admin.key", "scheduler.key"] {
        fs::copy(lecture.join(file), directory.path().join(file)).unwrap();
    }
    let path = directory.path().join("config");
    fs::write(&path, made::KUBECONFIG).unwrap();
    assert_eq!(findings(&path, &[]), (0, vec![]));
    edit(&path, "admin.key", "scheduler.key");
    assert_eq!(findings(&path, &[]).1, ["key-pair config"]);
    edit(&path, "scheduler.key", "nope.key");
    assert_eq!(findings(&path, &[]).1, ["kubeconfig-file config"]);
    edit(&path, "nope.key", "/nowhere/nope.key");
    assert_eq!(findings(&path, &[]).1, ["kubeconfig-file config"]);
}

#[test]
fn odd_directories_are_gone_through() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    assert_eq!(findings(root, &[]), (0, vec![]));
    assert_eq!(dojang(&["check", "/proc/nowhere"]).status.code(), Some(2));
    std::os::unix::fs::symlink(".", root.join("loop")).unwrap();
    std::os::unix::fs::symlink("b.crt", root.join("a.crt")).unwrap();
    std::os::unix::fs::symlink("a.crt", root.join("b.crt")).unwrap();
    fs::write(root.join("bytes.crt"), [0x30, 0x82, 0xff, 0xff, 0, 1, 2]).unwrap();
    fs::write(root.join("odd\u{1b}[2J.key"), "-----BEGIN PRIVATE KEY-----\n").unwrap();
    fs::write(root.join("nested.yaml"), format!("# kube-apiserver\nkind: Pod\na: {}", "[".repeat(100_000)))
        .unwrap();
    fs::write(root.join("zero.kubeconfig"), "kind: Config\nusers: 7\n").unwrap();
    let deep = (0..30).fold(root.to_owned(), |path, _| path.join("d"));
    fs::create_dir_all(&deep).unwrap();
    let (status, all) = findings(root, &[]);
    assert_eq!(status, 1);
    for expected in [
        "dangling-link a.crt",
        "unreadable bytes.crt",
        "unreadable odd\u{1b}[2J.key",
        "unreadable-manifest nested.yaml",
        "kubeconfig-unreadable zero.kubeconfig",
    ] {
        assert!(all.iter().any(|one| one == expected), "{expected}: {all:#?}");
    }
    assert!(all.iter().any(|one| one.starts_with("too-many d/d/")), "{all:#?}");
    let shown = dojang(&["check", argument(root), "--lang", "en"]).stdout;
    assert!(!shown.contains(&0x1b), "{}", text(&shown));
}

#[test]
fn rotated_files_of_a_kubelet_are_no_findings() {
    let directory = copy(Layout::Kubeadm);
    common::tools::require("openssl", "openssl");
    let pki = directory.path().join("node01/var/lib/kubelet/pki");
    leaf(
        directory.path(),
        "cp1/etc/kubernetes/pki/ca",
        "node01/var/lib/kubelet/pki/kubelet-client-2020-01-01-00-00-00",
        "/O=system:nodes/CN=system:node:node01",
        "extendedKeyUsage=clientAuth",
        &["-days", "365"],
    );
    for end in ["crt", "key"] {
        let old = pki.join(format!("kubelet-client-2020-01-01-00-00-00.{end}"));
        let pem = fs::read(&old).unwrap();
        fs::remove_file(&old).unwrap();
        let dated = pki.join("kubelet-client-2027-01-01-00-00-00.pem");
        let all = [fs::read(&dated).unwrap_or_default(), pem].concat();
        fs::write(&dated, all).unwrap();
        made::mode(&dated, 0o600);
    }
    fs::write(pki.join("kubelet-client-2020-01-01-00-00-00.pem"), "left over").unwrap();
    std::os::unix::fs::symlink(
        "kubelet-client-2027-01-01-00-00-00.pem",
        pki.join("kubelet-client-current.pem"),
    )
    .unwrap();
    assert_eq!(findings(directory.path(), &[]), (0, vec![]));
}
