//! The life of a certificate: issued, signed from a CSR, renewed, revoked.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs;
use std::process::Command;

use common::{answer, argument, dojang, text};
use dojang::trust::{Certificate, pem_certificates};

/// A cluster with P-256 keys, and the certificate of one of its files.
fn cluster(arguments: &[&str]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let mut all = vec!["pki", "create", argument(directory.path()), "--key", "p256"];
    all.extend(arguments);
    answer(&all);
    directory
}

fn certificate(pem: &[u8]) -> Certificate {
    Certificate::parse(&pem_certificates(pem)[0]).unwrap()
}

fn openssl(arguments: &[&str]) -> String {
    common::tools::require("openssl", "openssl");
    let output = Command::new("openssl").args(arguments).output().unwrap();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

#[test]
fn one_more_certificate_is_issued_and_never_overwritten() {
    let directory = cluster(&[]);
    let root = argument(directory.path());
    let issue = ["pki", "issue", "jane", "--group", "dev", "--group", "ops", "--days", "60", "--dir", root];
    answer(&issue);
    let file = directory.path().join("jane.crt");
    let jane = certificate(&fs::read(&file).unwrap());
    assert_eq!(jane.subject().organizations(), ["dev", "ops"]);
    assert_eq!(jane.subject().common_name(), "jane");
    let ca = directory.path().join("ca.crt");
    answer(&["verify", "--ca", argument(&ca), "--purpose", "client", argument(&file)]);
    answer(&["check", root]);
    let again = dojang(&issue);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("jane.key is there already"));
    assert_eq!(dojang(&["pki", "issue", "../jane", "--dir", root]).status.code(), Some(2));
}

#[test]
fn signing_keeps_the_whole_subject_and_the_names() {
    let directory = cluster(&[]);
    let at = |name: &str| argument(&directory.path().join(name)).to_owned();
    let subject = "/O=a/O=b/O=c/OU=unit/L=Seoul/CN=many";
    let made = openssl(&[
        "req",
        "-new",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        &at("m.key"),
        "-subj",
        subject,
        "-addext",
        "subjectAltName=DNS:many,IP:10.1.2.3",
        "-out",
        &at("m.csr"),
    ]);
    let sign = ["pki", "sign", &at("m.csr"), "--usage", "server", "--dir", argument(directory.path())];
    let pem = answer(&sign);
    let signed = certificate(pem.as_bytes());
    assert_eq!(signed.subject().in_order(), "O=a, O=b, O=c, OU=unit, L=Seoul, CN=many", "{made}");
    assert_eq!(signed.dns_names(), ["many"]);
    fs::write(at("m.crt"), pem).unwrap();
    answer(&["verify", "--ca", &at("ca.crt"), "--ip", "10.1.2.3", &at("m.crt")]);

    // A CSR that was tampered with proves nothing.
    let der = openssl(&["req", "-in", &at("m.csr"), "-outform", "DER", "-out", &at("m.der")]);
    let mut bytes = fs::read(at("m.der")).unwrap_or_else(|_| panic!("{der}"));
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(at("m.der"), bytes).unwrap();
    let refused = dojang(&["pki", "sign", &at("m.der"), "--dir", argument(directory.path())]);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused.stderr));
    let garbage = dojang(&["pki", "sign", &at("ca.key"), "--dir", argument(directory.path())]);
    assert_eq!(garbage.status.code(), Some(2), "{}", text(&garbage.stderr));
}

#[test]
fn renewing_copies_what_was_mistakes_included() {
    for layout in ["lecture", "kubeadm"] {
        let directory = cluster(&["--layout", layout]);
        let root = argument(directory.path());
        answer(&["faults", "make", "F04", "--dir", root]);
        answer(&["faults", "make", "F13", "--dir", root]);
        let renewed = answer(&["pki", "renew", "--dir", root]);
        assert_eq!(renewed.lines().filter(|line| line.starts_with('✓')).count(), 11, "{renewed}");
        // The API server is well again; the admin is in no group still.
        let admin = dojang(&["handshake", "admin", "kube-apiserver", "--dir", root]);
        assert_eq!(admin.status.code(), Some(1));
        assert!(text(&admin.stdout).contains("403"), "{}", text(&admin.stdout));
        answer(&["handshake", "kube-scheduler", "kube-apiserver", "--dir", root]);
        answer(&["handshake", "kube-apiserver", "etcd", "--dir", root]);
        let ca = dojang(&["pki", "renew", "ca", "--dir", root]);
        assert_eq!(ca.status.code(), Some(2));
        // What was renewed is kept by the next run.
        let again = answer(&["pki", "create", root]);
        assert!(again.contains(" 0 files made"), "{again}");
    }
}

#[test]
fn a_revoked_certificate_is_listed_and_taken_all_the_same() {
    let directory = cluster(&[]);
    let root = argument(directory.path());
    for id in ["admin", "scheduler", "admin"] {
        answer(&["pki", "revoke", id, "--dir", root]);
    }
    let at = |name: &str| argument(&directory.path().join(name)).to_owned();
    let list = openssl(&["crl", "-in", &at("ca.crl"), "-noout", "-text", "-CAfile", &at("ca.crt")]);
    assert!(list.contains("verify OK"), "{list}");
    assert_eq!(list.matches("Serial Number:").count(), 2, "{list}");
    let check =
        ["verify", "-CAfile", &at("ca.crt"), "-CRLfile", &at("ca.crl"), "-crl_check", &at("admin.crt")];
    // A kubeadm CA may not sign lists.
    assert!(openssl(&check).contains("key usage does not include CRL signing"));
    answer(&["handshake", "admin", "kube-apiserver", "--dir", root]);
}
