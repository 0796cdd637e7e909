//! Kubeconfigs.

use std::fs;

use super::{Plant, plant};
use crate::made::{Layout, authority, base64, edit};

pub(crate) const PLANTED: &[Plant] = &[
    plant("kubeconfig-unreadable", Layout::Kubeadm, "cp1/etc/kubernetes/admin.conf", "", |root| {
        edit(&root.join("cp1/etc/kubernetes/admin.conf"), "users:", "users: [");
    }),
    plant(
        "kubeconfig-context",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/admin.conf",
        "current-context: nope",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/admin.conf"),
                "current-context: kubernetes-admin@dojang",
                "current-context: nope",
            );
        },
    ),
    plant("kubeconfig-context", Layout::Kubeadm, "cp1/etc/kubernetes/admin.conf", "is empty", |root| {
        edit(
            &root.join("cp1/etc/kubernetes/admin.conf"),
            "current-context: kubernetes-admin@dojang",
            "current-context: ''",
        );
    }),
    plant("kubeconfig-reference", Layout::Kubeadm, "cp1/etc/kubernetes/admin.conf", "user `jane`", |root| {
        edit(&root.join("cp1/etc/kubernetes/admin.conf"), "    user: kubernetes-admin", "    user: jane");
    }),
    plant(
        "kubeconfig-file",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/admin.conf",
        "client-key: none.key",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/admin.conf"),
                "client-key-data: ",
                "client-key: none.key\n    x: ",
            );
        },
    ),
    plant(
        "kubeconfig-data",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/admin.conf",
        "client-key-data: not base64",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/admin.conf"),
                "client-key-data: ",
                "client-key-data: '!'\n    x: ",
            );
        },
    ),
    plant("kubeconfig-half", Layout::Kubeadm, "cp1/etc/kubernetes/admin.conf", "no client-key", |root| {
        edit(&root.join("cp1/etc/kubernetes/admin.conf"), "client-key-data: ", "x: ");
    }),
    plant(
        "kubeconfig-switched",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/admin.conf",
        "client-certificate-data: PRIVATE KEY",
        |root| {
            edit(&root.join("cp1/etc/kubernetes/admin.conf"), "client-certificate-data", "hold");
            edit(&root.join("cp1/etc/kubernetes/admin.conf"), "client-key-data", "client-certificate-data");
            edit(&root.join("cp1/etc/kubernetes/admin.conf"), "hold", "client-key-data");
        },
    ),
    plant(
        "kubeconfig-no-credential",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/admin.conf",
        "user kubernetes-admin",
        |root| {
            edit(&root.join("cp1/etc/kubernetes/admin.conf"), "client-certificate-data", "x");
            edit(&root.join("cp1/etc/kubernetes/admin.conf"), "client-key-data", "y");
        },
    ),
    plant(
        "kubeconfig-http",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/admin.conf",
        "server: http://10.0.0.10:6443",
        |root| {
            edit(&root.join("cp1/etc/kubernetes/admin.conf"), "https://", "http://");
        },
    ),
    plant(
        "kubeconfig-insecure-and-ca",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/admin.conf",
        "insecure-skip-tls-verify: true",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/admin.conf"),
                "    server: ",
                "    insecure-skip-tls-verify: true\n    server: ",
            );
        },
    ),
    plant(
        "kubeconfig-insecure",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/admin.conf",
        "insecure-skip-tls-verify: true",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/admin.conf"),
                "certificate-authority-data: ",
                "insecure-skip-tls-verify: true\n    x: ",
            );
        },
    ),
    plant(
        "kubeconfig-no-ca",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/admin.conf",
        "server: https://10.0.0.10:6443",
        |root| {
            edit(&root.join("cp1/etc/kubernetes/admin.conf"), "certificate-authority-data: ", "x: ");
        },
    ),
    plant(
        "kubeconfig-server-name",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/admin.conf",
        "192.168.1.5 is no SAN",
        |root| {
            edit(&root.join("cp1/etc/kubernetes/admin.conf"), "10.0.0.10:6443", "192.168.1.5:6443");
        },
    ),
    plant(
        "kubeconfig-server-name",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/admin.conf",
        "api.example.org is no SAN",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/admin.conf"),
                "    server: ",
                "    tls-server-name: api.example.org\n    server: ",
            );
        },
    ),
    plant(
        "kubeconfig-token-and-certificate",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/admin.conf",
        "token, client-certificate",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/admin.conf"),
                "client-key-data: ",
                "token: abc\n    client-key-data: ",
            );
        },
    ),
    plant(
        "kubeconfig-data-and-file",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/admin.conf",
        "certificate-authority-data, certificate-authority",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/admin.conf"),
                "    server: ",
                "    certificate-authority: pki/ca.crt\n    server: ",
            );
        },
    ),
    plant("kubeconfig-password", Layout::Kubeadm, "cp1/etc/kubernetes/admin.conf", "username", |root| {
        edit(
            &root.join("cp1/etc/kubernetes/admin.conf"),
            "client-certificate-data: ",
            "username: jane\n    x: ",
        );
        edit(&root.join("cp1/etc/kubernetes/admin.conf"), "client-key-data", "y");
    }),
    plant(
        "kubeconfig-wrong-ca",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/admin.conf",
        "CN=etcd-ca; cp1/etc/kubernetes/pki/apiserver.crt was signed by CN=kubernetes",
        |root| {
            let pem = fs::read(root.join("cp1/etc/kubernetes/pki/etcd/ca.crt")).unwrap();
            let text = fs::read_to_string(root.join("cp1/etc/kubernetes/admin.conf")).unwrap();
            let old = text.lines().find(|line| line.contains("certificate-authority-data")).unwrap();
            let new = format!("    certificate-authority-data: {}", base64(&pem));
            fs::write(root.join("cp1/etc/kubernetes/admin.conf"), text.replace(old, &new)).unwrap();
        },
    ),
    plant(
        "kubeconfig-stale-ca",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/admin.conf",
        "CN=kubernetes: another key than",
        |root| {
            authority(root, "gone", "/CN=kubernetes", &[]);
            let pem = fs::read(root.join("gone.crt")).unwrap();
            let text = fs::read_to_string(root.join("cp1/etc/kubernetes/admin.conf")).unwrap();
            let old = text.lines().find(|line| line.contains("certificate-authority-data")).unwrap();
            let new = format!("    certificate-authority-data: {}", base64(&pem));
            fs::write(root.join("cp1/etc/kubernetes/admin.conf"), text.replace(old, &new)).unwrap();
            fs::remove_file(root.join("gone.crt")).unwrap();
            fs::remove_file(root.join("gone.key")).unwrap();
        },
    ),
    plant("kubeconfig-wrong-ca", Layout::Kubeadm, "cp1/etc/kubernetes/admin.conf", "CN=elsewhere", |root| {
        authority(root, "gone", "/CN=elsewhere", &[]);
        let pem = fs::read(root.join("gone.crt")).unwrap();
        let text = fs::read_to_string(root.join("cp1/etc/kubernetes/admin.conf")).unwrap();
        let old = text.lines().find(|line| line.contains("certificate-authority-data")).unwrap();
        let new = format!("    certificate-authority-data: {}", base64(&pem));
        fs::write(root.join("cp1/etc/kubernetes/admin.conf"), text.replace(old, &new)).unwrap();
        fs::remove_file(root.join("gone.crt")).unwrap();
        fs::remove_file(root.join("gone.key")).unwrap();
    }),
];
