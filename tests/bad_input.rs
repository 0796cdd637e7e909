//! Wrong calls and broken machines: one clear sentence, the right exit status, nothing lost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use common::{answer, argument, command, dojang, text};

/// The status and the one sentence on standard error.
fn refused(arguments: &[&str]) -> (i32, String) {
    let output = dojang(arguments);
    assert!(output.stdout.is_empty(), "{arguments:?} said {}", text(&output.stdout));
    let said = text(&output.stderr);
    assert!(!said.contains("panicked"), "{said}");
    (output.status.code().unwrap(), said.trim().to_owned())
}

fn create(extra: &[&str]) -> (i32, String) {
    let mut arguments = vec!["pki", "create", "/proc/nowhere/never"];
    arguments.extend(extra);
    refused(&arguments)
}

#[test]
fn impossible_clusters() {
    let cases: &[(&[&str], &str)] = &[
        (&["--key", "rsa-2047"], "did you mean `rsa-2048`"),
        (&["--layout", "kubadm"], "did you mean `kubeadm`"),
        (&["--authorities", "two"], "one, three"),
        (&["--worker", "node01"], "is not NAME=IP"),
        (&["--worker", "node01=10.0.0.256"], "is not an IP address"),
        (&["--worker", "Node_1=10.0.0.21"], "is not a DNS label"),
        (&["--worker", "a=10.0.0.21", "--worker", "a=10.0.0.22"], "two nodes are called `a`"),
        (&["--worker", "a=10.0.0.21", "--worker", "b=10.0.0.21"], "both have the address 10.0.0.21"),
        (&["--worker", "a=10.96.0.21"], "lies inside the service network"),
        (&["--worker", "a=127.0.0.1"], "cannot be a node's address"),
        (&["--service-cidr", "10.96.0.0"], "is not a CIDR"),
        (&["--service-cidr", "10.96.0.0/16,10.97.0.0/16"], "different families"),
        (&["--service-cidr", "10.96.0.0/31"], "too small"),
        (&["--days", "0"], "is no lifetime"),
        (&["--days", "900", "--ca-days", "100"], "would outlive"),
        (&["--workers", "1000000"], "more than this lab makes"),
        (&["--dns-domain", "cluster..local"], "is not a DNS name"),
        (&["--api-san", "bad name"], "is not a DNS name"),
        (&["--control-plane-endpoint", "lb:0"], "is not a DNS name"),
        (&["--name", "Lab_1"], "DNS label"),
    ];
    for (extra, expected) in cases {
        let (status, said) = create(extra);
        assert_eq!(status, 2, "{extra:?}: {said}");
        assert!(said.contains(expected), "{extra:?}: {said}");
    }
}

#[test]
fn unknown_names_are_answered_with_the_nearest() {
    let directory = tempfile::tempdir().unwrap();
    let dir = argument(directory.path());
    answer(&["pki", "create", dir, "--key", "p256"]);
    for (arguments, expected) in [
        (vec!["handshake", "amdin", "kube-apiserver"], "did you mean `admin`"),
        (vec!["handshake", "admin", "kube-apisever"], "did you mean `kube-apiserver`"),
        (vec!["handshake", "kubelet@node1", "kube-apiserver"], "did you mean `node01`"),
        (vec!["walk", "the-adnim"], "did you mean `the-admin`"),
        (vec!["pki", "commands", "apisever"], "did you mean `apiserver`"),
    ] {
        let mut all = arguments.clone();
        all.extend(["--dir", dir]);
        let (status, said) = refused(&all);
        assert_eq!(status, 2, "{said}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
    let (status, said) = refused(&["pki", "craete"]);
    assert_eq!(status, 2);
    assert!(said.contains("create"), "{said}");
}

#[test]
fn directories_that_do_not_serve() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "mine").unwrap();
    let (status, said) = refused(&["pki", "create", argument(&file)]);
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("is a file"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");

    let (status, said) = refused(&["pki", "list", argument(&directory.path().join("nothing"))]);
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("pki create"), "{said}");

    // A directory below which even root cannot make anything.
    let (status, said) = refused(&["pki", "create", "/proc/dojang"]);
    assert_eq!(status, 3, "{said}");
    assert!(said.contains("/proc/dojang"), "{said}");

    // A full disk: the device that always is.
    let output = std::process::Command::new("sh")
        .args([
            "-c",
            &format!("{} pki list {} > /dev/full", common::DOJANG, {
                let lab = directory.path().join("lab");
                answer(&["pki", "create", argument(&lab), "--key", "p256"]);
                lab.display().to_string()
            }),
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
}

#[test]
fn an_ordinary_user_s_read_only_directory() {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let root = directory.path().join("lab");
    let output = command(&["pki", "create", argument(&root), "--key", "p256"]).output().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    // Root writes where it likes; everybody else is told.
    if !output.status.success() {
        assert_eq!(output.status.code(), Some(3));
        assert!(text(&output.stderr).contains("permission denied"), "{}", text(&output.stderr));
    }
}

#[test]
fn corrupt_files_are_set_aside_and_told() {
    let directory = tempfile::tempdir().unwrap();
    let dir = argument(directory.path());
    answer(&["pki", "create", dir, "--key", "p256"]);
    let admin = fs::read(directory.path().join("admin.key")).unwrap();
    fs::write(directory.path().join("admin.key"), "garbage").unwrap();
    fs::write(
        directory.path().join("scheduler.crt"),
        "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    let said = answer(&["pki", "create", dir]);
    for name in ["admin.key", "scheduler.crt"] {
        assert!(said.contains(&format!("{name} was set aside as {name}.set-aside-")), "{said}");
    }
    let kept = fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().contains("admin.key.set-aside"));
    assert_eq!(fs::read(kept.unwrap()).unwrap(), b"garbage");
    assert_ne!(fs::read(directory.path().join("admin.key")).unwrap(), admin);
    assert_eq!(answer(&["pki", "create", dir]).matches("set aside").count(), 0);
}

#[test]
fn an_existing_ca_is_never_overwritten_without_force() {
    let directory = tempfile::tempdir().unwrap();
    let dir = argument(directory.path());
    answer(&["pki", "create", dir, "--key", "p256"]);
    let key = fs::read(directory.path().join("ca.key")).unwrap();
    let (status, said) = refused(&["pki", "create", dir, "--key", "p384"]);
    assert_eq!(status, 2);
    assert!(said.contains("--force") && said.contains("key = \"p256\""), "{said}");
    assert_eq!(fs::read(directory.path().join("ca.key")).unwrap(), key);
    let said = answer(&["pki", "create", dir, "--key", "p384", "--force"]);
    assert!(said.contains(".dojang/backup-"), "{said}");
    let backup = said.lines().find_map(|line| line.strip_prefix("The old files are in ")).unwrap();
    assert_eq!(fs::read(directory.path().join(backup).join("ca.key")).unwrap(), key);
    assert_ne!(fs::read(directory.path().join("ca.key")).unwrap(), key);
}

#[test]
fn files_of_other_tools_are_used_as_they_are() {
    common::tools::require("openssl", "openssl");
    let directory = tempfile::tempdir().unwrap();
    let script = "openssl genrsa -out ca.key 2048 2>/dev/null \
        && openssl req -x509 -new -key ca.key -subj /CN=KUBERNETES-CA -days 30 -out ca.crt \
        && openssl genrsa -traditional -out admin.key 2048 2>/dev/null \
        && openssl ecparam -genkey -name prime256v1 -out scheduler.key";
    let made =
        std::process::Command::new("sh").args(["-c", script]).current_dir(directory.path()).output().unwrap();
    assert!(made.status.success(), "{}", text(&made.stderr));
    let before = ["ca.key", "ca.crt", "admin.key", "scheduler.key"]
        .map(|f| fs::read(directory.path().join(f)).unwrap());
    let said = answer(&["pki", "create", argument(directory.path())]);
    assert!(!said.contains("set aside"), "{said}");
    let after = ["ca.key", "ca.crt", "admin.key", "scheduler.key"]
        .map(|f| fs::read(directory.path().join(f)).unwrap());
    assert!(before == after, "a file of another tool was changed");
    for certificate in ["admin.crt", "scheduler.crt"] {
        let verified = std::process::Command::new("openssl")
            .args(["verify", "-CAfile", "ca.crt", certificate])
            .current_dir(directory.path())
            .output()
            .unwrap();
        assert!(verified.status.success(), "{}", text(&verified.stderr));
    }
    // A CA without its key signs nothing, and says what to do.
    fs::remove_file(directory.path().join("ca.key")).unwrap();
    fs::remove_file(directory.path().join("kube-proxy.crt")).unwrap();
    let (status, said) = refused(&["pki", "create", argument(directory.path())]);
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("ca.crt is here without its key ca.key"), "{said}");
}

#[test]
fn what_is_no_certificate() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("notes.txt");
    fs::write(&file, "no certificate").unwrap();
    let (status, said) = refused(&["inspect", argument(&file)]);
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("holds no certificate"), "{said}");
    let (status, said) = refused(&["inspect", "/nonexistent.crt"]);
    assert_eq!(status, 2, "{said}");
    assert!(
        said.contains("does not exist: name a certificate, CSR, key or kubeconfig, a directory"),
        "{said}"
    );
    // Each command hints at what it takes itself.
    let calls: [(&[&str], &str); 4] = [
        (&["verify", "--ca", "/no.crt", "/no.crt"], "name a file of certificates in PEM or DER"),
        (
            &["can-i", "get", "pods", "--ca", "/no.crt", "--cert", "/no.crt"],
            "name the file of a CA certificate",
        ),
        (&["pki", "sign", "/no.csr"], "name the file of a CSR"),
        (&["inspect", "--password-file", "/no.txt", "/no.p12"], "write the password into a file"),
    ];
    for (arguments, hint) in calls {
        let (status, said) = refused(arguments);
        assert!(status == 2 && said.contains(" does not exist: ") && said.contains(hint), "{said}");
    }
    let (status, said) = refused(&["inspect", argument(directory.path())]);
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("holds no certificate"), "{said}");
}

#[test]
fn hostile_strings_reach_no_terminal() {
    common::tools::require("openssl", "openssl");
    let directory = tempfile::tempdir().unwrap();
    let script = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k -out c.crt \
        -utf8 -subj \"/CN=$(printf 'a\\033[2Jb\\342\\200\\256c')\" 2>/dev/null";
    assert!(
        std::process::Command::new("sh")
            .args(["-c", script])
            .current_dir(directory.path())
            .status()
            .unwrap()
            .success()
    );
    let said = answer(&["inspect", argument(&directory.path().join("c.crt"))]);
    assert!(!said.contains('\u{1b}') && !said.contains('\u{202e}'), "{said:?}");
    assert!(said.contains("\\u{1b}[2J"), "{said}");
}

#[test]
fn no_terminal_is_said_so() {
    let output = command(&[]).stdin(std::process::Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("terminal"), "{}", text(&output.stderr));
}

#[test]
fn help_man_and_completions_are_there() {
    assert!(answer(&["--help"]).contains("Exit status"));
    assert!(answer(&["man"]).contains(".TH dojang"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(answer(&["completions", shell]).contains("handshake"));
    }
}

#[test]
fn what_stands_in_files_reaches_no_terminal_as_a_command() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("01-a\u{1b}[2J");
    fs::create_dir(&folder).unwrap();
    let folder = directory.path().join("01-a");
    fs::create_dir(&folder).unwrap();
    let step = "minutes = 1\n[[step]]\nid = \"\\u001b[2J\"\nkind = \"\\u001b]0;x\"\n";
    fs::write(folder.join("lesson.toml"), step).unwrap();
    let kubeconfig = directory.path().join("a\u{1b}[2J.conf");
    fs::write(&kubeconfig, "kind: Config\n\u{1b}[2J: 1\n\u{1b}[2J: 2\n").unwrap();
    let lessons = argument(directory.path());
    for arguments in [
        vec!["--lessons", lessons, "lessons", "list"],
        vec!["lessons", "check", lessons],
        vec!["inspect", argument(&kubeconfig)],
    ] {
        let output = dojang(&arguments);
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(said.contains("u{1b}"), "{arguments:?}: {said}");
        assert!(!said.contains('\u{1b}'), "{arguments:?}: {said:?}");
    }
}
