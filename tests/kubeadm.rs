//! The kubeadm layout against what kubeadm 1.36.2 itself made from the same cluster:
//! everything equal but keys, serial numbers, times and key identifiers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use time::Duration;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer, X509Certificate};

const DOJANG: &str = env!("CARGO_BIN_EXE_dojang");

/// The options that say what `tests/fixtures/kubeadm-1.36.2/kubeadm.yaml` says.
fn create(directory: &Path, key: &str) {
    let output = Command::new(DOJANG)
        .args(["pki", "create", "--layout", "kubeadm", "--name", "lab", "--key", key])
        .args(["--control-plane", "cp1=10.0.0.10", "--control-plane-endpoint", "127.0.0.1:16443"])
        .args(["--api-san", "127.0.0.1", "--api-san", "localhost", "--api-san", "cp1"])
        .args(["--service-cidr", "10.96.0.0/12", "--dns-domain", "cluster.local"])
        .arg(directory)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn recorded(key: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/kubeadm-1.36.2").join(key)
}

/// The certificate in a PEM file, or the client's inside a kubeconfig.
fn certificate(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let pem = match dojang::x509::read_kubeconfig(&String::from_utf8_lossy(&bytes)) {
        Ok((certificate, _)) => certificate,
        Err(_) => bytes,
    };
    CertificateDer::from_pem_slice(&pem).unwrap().to_vec()
}

/// All that must be equal, as lines.
fn fixed_fields(der: &[u8]) -> Vec<String> {
    let (rest, certificate) = X509Certificate::from_der(der).unwrap();
    assert!(rest.is_empty());
    let tbs = &certificate.tbs_certificate;
    let mut lines = vec![
        format!("version {:?}", tbs.version),
        format!("signature {:?}", certificate.signature_algorithm),
        format!("issuer {:02x?}", tbs.issuer.as_raw()),
        format!("subject {:02x?}", tbs.subject.as_raw()),
        format!("key {:?}", tbs.subject_pki.algorithm),
        format!("key length {}", tbs.subject_pki.subject_public_key.data.len()),
        format!("serial fits 63 bits {}", tbs.raw_serial().len() <= 8),
        format!("unique ids {:?} {:?}", tbs.issuer_uid, tbs.subject_uid),
    ];
    for extension in tbs.extensions() {
        let value = match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => format!("ski of {}", id.0.len()),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                assert!(id.authority_cert_issuer.is_none() && id.authority_cert_serial.is_none());
                format!("aki of {}", id.key_identifier.as_ref().unwrap().0.len())
            }
            _ => format!("{:02x?}", extension.value),
        };
        lines.push(format!("{} critical {} {value}", extension.oid, extension.critical));
    }
    lines
}

/// Lifetime, and how long after the CA's it begins.
fn times(der: &[u8], authority: &[u8]) -> (Duration, Duration) {
    let (_, certificate) = X509Certificate::from_der(der).unwrap();
    let (_, authority) = X509Certificate::from_der(authority).unwrap();
    let from = certificate.validity().not_before.to_datetime();
    (
        certificate.validity().not_after.to_datetime() - from,
        from - authority.validity().not_before.to_datetime(),
    )
}

const FILES: &[(&str, &str, &str)] = &[
    ("ca.crt", "pki/ca.crt", "ca.crt"),
    ("apiserver.crt", "pki/apiserver.crt", "ca.crt"),
    ("apiserver-kubelet-client.crt", "pki/apiserver-kubelet-client.crt", "ca.crt"),
    ("apiserver-etcd-client.crt", "pki/apiserver-etcd-client.crt", "etcd/ca.crt"),
    ("front-proxy-ca.crt", "pki/front-proxy-ca.crt", "front-proxy-ca.crt"),
    ("front-proxy-client.crt", "pki/front-proxy-client.crt", "front-proxy-ca.crt"),
    ("etcd/ca.crt", "pki/etcd/ca.crt", "etcd/ca.crt"),
    ("etcd/server.crt", "pki/etcd/server.crt", "etcd/ca.crt"),
    ("etcd/peer.crt", "pki/etcd/peer.crt", "etcd/ca.crt"),
    ("etcd/healthcheck-client.crt", "pki/etcd/healthcheck-client.crt", "etcd/ca.crt"),
    ("kubeconfig/admin.crt", "admin.conf", "ca.crt"),
    ("kubeconfig/super-admin.crt", "super-admin.conf", "ca.crt"),
    ("kubeconfig/controller-manager.crt", "controller-manager.conf", "ca.crt"),
    ("kubeconfig/scheduler.crt", "scheduler.conf", "ca.crt"),
    ("kubeconfig/kubelet.crt", "kubelet.conf", "ca.crt"),
];

fn equals_kubeadm(key: &str, recording: &str) {
    let directory = tempfile::tempdir().unwrap();
    create(directory.path(), key);
    let node = directory.path().join("cp1/etc/kubernetes");
    let recorded = recorded(recording);
    for (theirs, ours, authority) in FILES {
        let their = certificate(&recorded.join(theirs));
        let our = certificate(&node.join(ours));
        assert_eq!(fixed_fields(&our), fixed_fields(&their), "{theirs} with {key}");
        let (their_life, their_start) = times(&their, &certificate(&recorded.join(authority)));
        let (our_life, our_start) = times(&our, &certificate(&node.join("pki").join(authority)));
        assert_eq!(our_life, their_life, "lifetime of {theirs}");
        assert!((our_start - their_start).abs() < Duration::minutes(1), "start of {theirs}");
        if theirs.starts_with("kubeconfig/") {
            assert_eq!(our_start, Duration::ZERO, "a kubeconfig's client begins with its CA");
        }
    }
    let count = |directory: &Path| {
        fs::read_dir(directory).unwrap().filter(|e| e.as_ref().unwrap().path().is_file()).count()
    };
    assert_eq!(count(&node.join("pki")) + count(&node.join("pki/etcd")), 22, "files of pki/");
}

#[test]
fn rsa_certificates_equal_kubeadm_s() {
    equals_kubeadm("rsa-2048", "rsa-2048");
}

#[test]
fn p256_certificates_equal_kubeadm_s() {
    equals_kubeadm("p256", "p256");
}

#[test]
fn the_kubeconfig_has_kubeadm_s_shape() {
    let directory = tempfile::tempdir().unwrap();
    create(directory.path(), "p256");
    let shape = |text: &str| -> Vec<String> {
        let keep = |line: &str| match line.split_once("-data: ") {
            Some((key, _)) => format!("{key}-data"),
            None => line.to_owned(),
        };
        text.lines().map(keep).collect()
    };
    let theirs = fs::read_to_string(recorded("rsa-2048").join("kubeconfig/admin.conf")).unwrap();
    let ours = fs::read_to_string(directory.path().join("cp1/etc/kubernetes/admin.conf")).unwrap();
    assert_eq!(shape(&ours), shape(&theirs));
}
