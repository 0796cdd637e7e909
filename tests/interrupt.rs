//! A run that is cut off at any moment: no partial file, no key readable by others, and the
//! next run completes it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::sound::{Moments, files, is_sound};
use common::{answer, argument, command, text};

#[test]
fn a_kill_at_any_moment_of_pki_create_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let whole = directory.path().join("whole");
    let options = ["--key", "p256", "--workers", "12"];
    let create = |root: &Path| {
        let mut arguments = vec!["pki", "create", argument(root)];
        arguments.extend(options);
        command(&arguments)
    };
    // The quickest of a few: on a busy machine one alone may take many times as long.
    let times = (0..5).map(|_| {
        let _ = fs::remove_dir_all(&whole);
        let begun = Instant::now();
        assert!(create(&whole).output().unwrap().status.success());
        begun.elapsed().as_micros()
    });
    let whole_time = u64::try_from(times.min().unwrap()).unwrap().max(2000);
    let mut expected = Vec::new();
    files(&whole, &mut expected);
    let mut expected: Vec<PathBuf> =
        expected.iter().map(|p| p.strip_prefix(&whole).unwrap().to_owned()).collect();
    expected.sort();
    let mut moments = Moments(20_261_123);
    let mut cut = 0;
    for round in 0..50 {
        let root = directory.path().join(format!("cut{round}"));
        let mut child = create(&root).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        sleep(Duration::from_micros(moments.next(whole_time)));
        child.kill().unwrap();
        let status = child.wait().unwrap();
        cut += usize::from(!status.success());
        if root.exists() {
            is_sound(&root);
        }
        let keys_before = fs::read(root.join("ca.key")).ok();
        let again = create(&root).output().unwrap();
        assert!(again.status.success(), "round {round}: {}", text(&again.stderr));
        is_sound(&root);
        let mut found = Vec::new();
        files(&root, &mut found);
        let mut found: Vec<PathBuf> =
            found.iter().map(|p| p.strip_prefix(&root).unwrap().to_owned()).collect();
        found.sort();
        assert_eq!(found, expected, "round {round}");
        if let Some(before) = keys_before {
            assert_eq!(fs::read(root.join("ca.key")).unwrap(), before, "the CA's key was replaced");
        }
        fs::remove_dir_all(&root).unwrap();
    }
    assert!(cut >= 25, "only {cut} of 50 runs were cut off: the moments are badly spread");
}

#[test]
fn ctrl_c_keeps_what_is_finished_and_the_next_run_completes_it() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("lab");
    let mut child = command(&["pki", "create", argument(&root), "--key", "rsa-3072"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !root.join("ca.key").exists() {
        assert!(Instant::now() < deadline, "no key after a minute");
        sleep(Duration::from_millis(2));
    }
    let interrupted =
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let output = {
        let status = child.wait().unwrap();
        let mut said = String::new();
        std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut said).unwrap();
        (status, said)
    };
    assert_eq!(output.0.code(), Some(130), "{}", output.1);
    assert!(output.1.contains("what was finished is kept, and the next run completes it"), "{}", output.1);
    is_sound(&root);
    let key = fs::read(root.join("ca.key")).unwrap();
    assert!(!root.join("openssl.cnf").exists(), "it was finished before it was interrupted");
    let said = answer(&["pki", "create", argument(&root)]);
    assert!(!said.contains("set aside"), "{said}");
    assert_eq!(fs::read(root.join("ca.key")).unwrap(), key, "the CA's key was replaced");
    assert!(root.join("openssl.cnf").exists());
    is_sound(&root);
}

#[test]
fn keys_are_private_whatever_the_umask() {
    let directory = tempfile::tempdir().unwrap();
    for umask in ["000", "022", "077"] {
        let root = directory.path().join(umask);
        let script =
            format!("umask {umask}; exec {} pki create {} --key p256", common::DOJANG, argument(&root));
        assert!(std::process::Command::new("sh").args(["-c", &script]).output().unwrap().status.success());
        is_sound(&root);
        assert_eq!(fs::metadata(&root).unwrap().permissions().mode() & 0o777, 0o700);
    }
}

#[test]
fn two_at_once_do_not_mix() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("lab");
    let mut first = command(&["pki", "create", argument(&root), "--key", "rsa-4096"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while !root.join("cluster.toml").exists() {
        assert!(Instant::now() < deadline);
        sleep(Duration::from_millis(1));
    }
    let second = command(&["pki", "create", argument(&root)]).output().unwrap();
    assert_eq!(second.status.code(), Some(3), "{}", text(&second.stderr));
    assert!(text(&second.stderr).contains("in use by another dojang"), "{}", text(&second.stderr));
    first.kill().unwrap();
    first.wait().unwrap();
    // The killed one's lock is gone with it.
    let listed = answer(&["pki", "list", argument(&root)]);
    assert!(listed.contains("ca.crt"), "{listed}");
    assert!(dojang_reset(&root).contains("afresh"));
}

/// `walk` works in a directory of passing use, with private keys in it: gone however it ends.
#[test]
fn a_walk_that_is_cut_off_leaves_no_keys_behind() {
    let directory = tempfile::tempdir().unwrap();
    let walk = || {
        let mut walk = command(&["walk", "--key", "p256"]);
        walk.env("TMPDIR", directory.path()).stdout(Stdio::piped()).stderr(Stdio::null());
        walk.spawn().unwrap()
    };
    let has_keys = || fs::read_dir(directory.path()).unwrap().next().is_some();
    let mut moments = Moments(20_261_125);
    for signal in ["INT", "TERM", "HUP", "PIPE"] {
        let mut child = walk();
        let deadline = Instant::now() + Duration::from_secs(30);
        while !has_keys() {
            assert!(Instant::now() < deadline, "walk makes nothing");
            sleep(Duration::from_millis(1));
        }
        sleep(Duration::from_micros(moments.next(100_000)));
        if signal == "PIPE" {
            // Whoever read its output is gone.
            drop(child.stdout.take());
        } else {
            let id = child.id().to_string();
            assert!(std::process::Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        }
        let mut printed = Vec::new();
        if let Some(mut stdout) = child.stdout.take() {
            std::io::Read::read_to_end(&mut stdout, &mut printed).unwrap();
        }
        child.wait().unwrap();
        let left: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|e| e.unwrap().path()).collect();
        assert!(left.is_empty(), "after {signal}: {left:?}");
    }
}

fn dojang_reset(root: &Path) -> String {
    answer(&["reset", "--yes", "--dir", argument(root)])
}
