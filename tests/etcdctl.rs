//! The etcd of `dojang serve` for a real `etcdctl`: what it prints and how it ends, one row a
//! command; that the API server and etcd hold the same; and who is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use common::served::{Served, until};
use common::text;

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
