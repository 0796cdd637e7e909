//! What a certificate says of itself.

use std::fs;

use super::{Plant, plant};
use crate::common::{answer, argument};
use crate::made::{Layout, authority, base64, edit, key, leaf, openssl, resign, version_one};

pub(crate) const PLANTED: &[Plant] = &[
    plant("expired", Layout::Kubeadm, "cp1/etc/kubernetes/pki/apiserver.crt", "notAfter 20", |root| {
        resign(
            root,
            "cp1/etc/kubernetes/pki/ca",
            "cp1/etc/kubernetes/pki/apiserver",
            "/CN=kube-apiserver",
            "subjectAltName=DNS:cp1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:10.96.0.1,IP:10.0.0.10\nextendedKeyUsage=serverAuth",
            &["-days", "-1"],
        );
    }),
    plant("expired-authority", Layout::Lecture, "ca.crt", "notAfter 20", |root| {
        answer(&["faults", "make", "F44", "--dir", argument(root)]);
    }),
    plant("expired-client", Layout::Lecture, "admin.crt", "notAfter 20", |root| {
        resign(
            root,
            "ca",
            "admin",
            "/O=system:masters/CN=kube-admin",
            "extendedKeyUsage=clientAuth",
            &["-days", "-1"],
        );
    }),
    plant("expired-kubelet", Layout::Lecture, "kubelet-client-node01.crt", "notAfter 20", |root| {
        resign(
            root,
            "ca",
            "kubelet-client-node01",
            "/O=system:nodes/CN=system:node:node01",
            "extendedKeyUsage=clientAuth",
            &["-days", "-1"],
        );
    }),
    plant("not-yet-valid", Layout::Lecture, "apiserver.crt", "notBefore 20", |root| {
        answer(&["faults", "make", "F14", "--dir", argument(root)]);
    }),
    plant("expires-soon", Layout::Kubeadm, "cp1/etc/kubernetes/pki/apiserver.crt", "days left", |root| {
        resign(
            root,
            "cp1/etc/kubernetes/pki/ca",
            "cp1/etc/kubernetes/pki/apiserver",
            "/CN=kube-apiserver",
            "subjectAltName=DNS:cp1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:10.96.0.1,IP:10.0.0.10\nextendedKeyUsage=serverAuth",
            &["-days", "10"],
        );
    }),
    plant("thirty-days", Layout::Kubeadm, "cp1/etc/kubernetes/pki/apiserver.crt", "notBefore", |root| {
        resign(
            root,
            "cp1/etc/kubernetes/pki/ca",
            "cp1/etc/kubernetes/pki/apiserver",
            "/CN=kube-apiserver",
            "subjectAltName=DNS:cp1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:10.96.0.1,IP:10.0.0.10\nextendedKeyUsage=serverAuth",
            &[],
        );
    }),
    plant(
        "outlives-authority",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/pki/apiserver.crt",
        "of cp1/etc/kubernetes/pki/ca.crt",
        |root| {
            resign(
                root,
                "cp1/etc/kubernetes/pki/ca",
                "cp1/etc/kubernetes/pki/apiserver",
                "/CN=kube-apiserver",
                "subjectAltName=DNS:cp1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:10.96.0.1,IP:10.0.0.10\nextendedKeyUsage=serverAuth",
                &["-days", "9000"],
            );
        },
    ),
    plant("version-one", Layout::Lecture, "admin.crt", "version 1", |root| {
        version_one(root, "admin");
    }),
    plant("ca-constraints", Layout::Lecture, "ca.crt", "no basicConstraints", |root| {
        answer(&["faults", "make", "F01", "--dir", argument(root)]);
    }),
    plant("ca-key-usage", Layout::Lecture, "ca.crt", "keyUsage digitalSignature", |root| {
        answer(&["faults", "make", "F02", "--dir", argument(root)]);
    }),
    plant(
        "ca-as-leaf",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/pki/etcd/server.crt",
        "CA:TRUE, CN=etcd-ca",
        |root| {
            fs::copy(
                root.join("cp1/etc/kubernetes/pki/etcd/ca.crt"),
                root.join("cp1/etc/kubernetes/pki/etcd/server.crt"),
            )
            .unwrap();
            fs::copy(
                root.join("cp1/etc/kubernetes/pki/etcd/ca.key"),
                root.join("cp1/etc/kubernetes/pki/etcd/server.key"),
            )
            .unwrap();
        },
    ),
    plant("path-length", Layout::Kubeadm, "extra/low-ca.crt", "which has pathlen:0", |root| {
        authority(root, "extra/top-ca", "/CN=top", &["basicConstraints=critical,CA:TRUE,pathlen:0"]);
        key(root, "extra/low-ca.key");
        openssl(root, &["req", "-new", "-key", "extra/low-ca.key", "-subj", "/CN=low", "-out", "low.csr"]);
        fs::write(root.join("e"), "basicConstraints=critical,CA:TRUE").unwrap();
        openssl(
            root,
            &[
                "x509",
                "-req",
                "-in",
                "low.csr",
                "-CA",
                "extra/top-ca.crt",
                "-CAkey",
                "extra/top-ca.key",
                "-CAcreateserial",
                "-extfile",
                "e",
                "-out",
                "extra/low-ca.crt",
            ],
        );
    }),
    plant("weak-key", Layout::Lecture, "admin.crt", "RSA 1024", |root| {
        openssl(root, &["genrsa", "-out", "admin.key", "1024"]);
        resign(
            root,
            "ca",
            "admin",
            "/O=system:masters/CN=kube-admin",
            "extendedKeyUsage=clientAuth",
            &["-days", "365"],
        );
    }),
    plant("weak-signature", Layout::Lecture, "admin.crt", "ECDSA-SHA1", |root| {
        resign(
            root,
            "ca",
            "admin",
            "/O=system:masters/CN=kube-admin",
            "extendedKeyUsage=clientAuth",
            &["-sha1", "-days", "365"],
        );
    }),
    plant("weak-signature", Layout::Lecture, "jane.crt", "MD5-RSA", |root| {
        openssl(
            root,
            &[
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-keyout",
                "old-ca.key",
                "-subj",
                "/CN=old",
                "-out",
                "old-ca.crt",
            ],
        );
        leaf(root, "old-ca", "jane", "/CN=jane", "extendedKeyUsage=clientAuth", &["-md5", "-days", "365"]);
    }),
    plant("unknown-critical", Layout::Lecture, "admin.crt", "1.2.3.4", |root| {
        resign(
            root,
            "ca",
            "admin",
            "/O=system:masters/CN=kube-admin",
            "extendedKeyUsage=clientAuth\n1.2.3.4=critical,DER:0500",
            &["-days", "365"],
        );
    }),
    plant("duplicate-serial", Layout::Lecture, "jane.crt", "serial 77, as jack.crt", |root| {
        leaf(
            root,
            "ca",
            "jack",
            "/CN=jack",
            "extendedKeyUsage=clientAuth",
            &["-set_serial", "77", "-days", "365"],
        );
        leaf(
            root,
            "ca",
            "jane",
            "/CN=jane",
            "extendedKeyUsage=clientAuth",
            &["-set_serial", "77", "-days", "365"],
        );
    }),
    plant("expired-authority", Layout::Kubeadm, "cp1/etc/kubernetes/admin.conf", "notAfter 20", |root| {
        openssl(
            root,
            &[
                "req",
                "-new",
                "-key",
                "cp1/etc/kubernetes/pki/sa.key",
                "-subj",
                "/CN=kubernetes",
                "-out",
                "gone.csr",
            ],
        );
        openssl(
            root,
            &[
                "x509",
                "-req",
                "-in",
                "gone.csr",
                "-signkey",
                "cp1/etc/kubernetes/pki/sa.key",
                "-days",
                "-1",
                "-out",
                "gone.crt",
            ],
        );
        let pem = fs::read(root.join("gone.crt")).unwrap();
        let text = fs::read_to_string(root.join("cp1/etc/kubernetes/admin.conf")).unwrap();
        let old = text.lines().find(|line| line.contains("certificate-authority-data")).unwrap();
        let new = format!("    certificate-authority-data: {}", base64(&pem));
        fs::write(root.join("cp1/etc/kubernetes/admin.conf"), text.replace(old, &new)).unwrap();
        fs::remove_file(root.join("gone.crt")).unwrap();
    }),
    plant(
        "ca-as-leaf",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/manifests/kube-apiserver.yaml",
        "--tls-cert-file=/etc/kubernetes/pki/ca.crt",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/manifests/kube-apiserver.yaml"),
                "--tls-cert-file=/etc/kubernetes/pki/apiserver.crt",
                "--tls-cert-file=/etc/kubernetes/pki/ca.crt",
            );
        },
    ),
];
