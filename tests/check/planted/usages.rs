//! What a certificate may be used for, and under which names.

use std::fs;

use super::{Plant, plant};
use crate::made::{Layout, edit, resign};

pub(crate) const PLANTED: &[Plant] = &[
    plant(
        "no-server-auth",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/pki/apiserver.crt",
        "without serverAuth",
        |root| {
            resign(
                root,
                "cp1/etc/kubernetes/pki/ca",
                "cp1/etc/kubernetes/pki/apiserver",
                "/CN=kube-apiserver",
                "subjectAltName=DNS:cp1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:10.96.0.1,IP:10.0.0.10\nextendedKeyUsage=clientAuth",
                &["-days", "365"],
            );
        },
    ),
    plant(
        "no-client-auth",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/pki/apiserver-etcd-client.crt",
        "without clientAuth",
        |root| {
            resign(
                root,
                "cp1/etc/kubernetes/pki/etcd/ca",
                "cp1/etc/kubernetes/pki/apiserver-etcd-client",
                "/CN=kube-apiserver-etcd-client",
                "extendedKeyUsage=serverAuth",
                &["-days", "365"],
            );
        },
    ),
    plant(
        "etcd-no-client-auth",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/pki/etcd/peer.crt",
        "without clientAuth",
        |root| {
            resign(
                root,
                "cp1/etc/kubernetes/pki/etcd/ca",
                "cp1/etc/kubernetes/pki/etcd/peer",
                "/CN=cp1",
                "subjectAltName=DNS:cp1,DNS:localhost,IP:10.0.0.10,IP:127.0.0.1,IP:::1\nextendedKeyUsage=serverAuth",
                &["-days", "365"],
            );
        },
    ),
    plant(
        "any-usage",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/pki/apiserver.crt",
        "no extendedKeyUsage",
        |root| {
            resign(
                root,
                "cp1/etc/kubernetes/pki/ca",
                "cp1/etc/kubernetes/pki/apiserver",
                "/CN=kube-apiserver",
                "subjectAltName=DNS:cp1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:10.96.0.1,IP:10.0.0.10",
                &["-days", "365"],
            );
        },
    ),
    plant("no-san", Layout::Kubeadm, "cp1/etc/kubernetes/pki/etcd/server.crt", "CN=cp1", |root| {
        fs::remove_file(root.join("extra/cp1/etcd-server.csr")).unwrap();
        resign(
            root,
            "cp1/etc/kubernetes/pki/etcd/ca",
            "cp1/etc/kubernetes/pki/etcd/server",
            "/CN=cp1",
            "extendedKeyUsage=serverAuth,clientAuth",
            &["-days", "365"],
        );
    }),
    plant(
        "san-dropped",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/pki/apiserver.crt",
        "subjectAltName in the CSR",
        |root| {
            resign(
                root,
                "cp1/etc/kubernetes/pki/ca",
                "cp1/etc/kubernetes/pki/apiserver",
                "/CN=kube-apiserver",
                "extendedKeyUsage=serverAuth",
                &["-days", "365"],
            );
        },
    ),
    plant(
        "missing-name",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/pki/apiserver.crt",
        "no DNS SAN kubernetes.default.svc.example.org (--service-account-issuer)",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/manifests/kube-apiserver.yaml"),
                "svc.cluster.local",
                "svc.example.org",
            );
        },
    ),
    plant(
        "missing-address",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/pki/apiserver.crt",
        "no IP SAN 10.0.0.99 (--advertise-address)",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/manifests/kube-apiserver.yaml"),
                "--advertise-address=10.0.0.10",
                "--advertise-address=10.0.0.99",
            );
        },
    ),
    plant(
        "missing-address",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/pki/apiserver.crt",
        "no IP SAN 10.32.0.1 (--service-cluster-ip-range)",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/manifests/kube-apiserver.yaml"),
                "10.96.0.0/12",
                "10.32.0.0/16",
            );
        },
    ),
    plant(
        "missing-address",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/pki/etcd/peer.crt",
        "10.0.0.11 (--initial-advertise-peer-urls)",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/manifests/etcd.yaml"),
                "--initial-advertise-peer-urls=https://10.0.0.10",
                "--initial-advertise-peer-urls=https://10.0.0.11",
            );
        },
    ),
    plant(
        "missing-address",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/pki/etcd/server.crt",
        "10.0.0.12 (kube-apiserver --etcd-servers)",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/manifests/kube-apiserver.yaml"),
                "--etcd-servers=https://127.0.0.1",
                "--etcd-servers=https://10.0.0.12",
            );
        },
    ),
    plant(
        "address-as-name",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/pki/apiserver.crt",
        "DNS:10.0.0.10",
        |root| {
            resign(
                root,
                "cp1/etc/kubernetes/pki/ca",
                "cp1/etc/kubernetes/pki/apiserver",
                "/CN=kube-apiserver",
                "subjectAltName=DNS:cp1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:10.96.0.1,DNS:10.0.0.10\nextendedKeyUsage=serverAuth",
                &["-days", "365"],
            );
        },
    ),
    plant("wildcard", Layout::Kubeadm, "cp1/etc/kubernetes/pki/apiserver.crt", "DNS:*.example.org", |root| {
        resign(
            root,
            "cp1/etc/kubernetes/pki/ca",
            "cp1/etc/kubernetes/pki/apiserver",
            "/CN=kube-apiserver",
            "subjectAltName=DNS:cp1,DNS:*.example.org,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:10.96.0.1,IP:10.0.0.10\nextendedKeyUsage=serverAuth",
            &["-days", "365"],
        );
    }),
];
