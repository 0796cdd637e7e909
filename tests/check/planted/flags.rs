//! Manifests, units and kubelet configurations.

use std::fs;

use super::{Plant, plant};
use crate::made::{Layout, edit};

pub(crate) const PLANTED: &[Plant] = &[
    plant(
        "flag-file",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/manifests/kube-apiserver.yaml",
        "--tls-cert-file=/etc/kubernetes/pki/nope.crt",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/manifests/kube-apiserver.yaml"),
                "pki/apiserver.crt",
                "pki/nope.crt",
            );
        },
    ),
    plant(
        "flag-file",
        Layout::Kubeadm,
        "node01/var/lib/kubelet/config.yaml",
        "clientCAFile: /etc/kubernetes/pki/nope.crt",
        |root| {
            edit(&root.join("node01/var/lib/kubelet/config.yaml"), "pki/ca.crt", "pki/nope.crt");
        },
    ),
    plant(
        "flag-kind",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/manifests/kube-apiserver.yaml",
        "--client-ca-file=/etc/kubernetes/pki/apiserver.crt (CN=kube-apiserver)",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/manifests/kube-apiserver.yaml"),
                "--client-ca-file=/etc/kubernetes/pki/ca.crt",
                "--client-ca-file=/etc/kubernetes/pki/apiserver.crt",
            );
        },
    ),
    plant(
        "flag-kind",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/manifests/kube-apiserver.yaml",
        "--service-account-key-file=/etc/kubernetes/manifests/etcd.yaml",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/manifests/kube-apiserver.yaml"),
                "    - --service-account-key-file=/etc/kubernetes/pki/sa.pub\n",
                "    - --service-account-key-file=/etc/kubernetes/manifests/etcd.yaml\n    - --service-account-key-file=/etc/kubernetes/pki/sa.pub\n",
            );
        },
    ),
    plant(
        "flag-kind",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/manifests/kube-apiserver.yaml",
        "--etcd-cafile=/etc/kubernetes/pki/sa.key (PRIVATE KEY)",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/manifests/kube-apiserver.yaml"),
                "--etcd-cafile=/etc/kubernetes/pki/etcd/ca.crt",
                "--etcd-cafile=/etc/kubernetes/pki/sa.key",
            );
        },
    ),
    plant(
        "flag-mount",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/manifests/kube-apiserver.yaml",
        "--client-ca-file=/etc/kubernetes/pki/ca.crt",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/manifests/kube-apiserver.yaml"),
                "mountPath: /etc/kubernetes/pki",
                "mountPath: /etc/kubernetes/certs",
            );
        },
    ),
    plant(
        "no-client-ca",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/manifests/kube-apiserver.yaml",
        "no --client-ca-file",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/manifests/kube-apiserver.yaml"),
                "    - --client-ca-file=/etc/kubernetes/pki/ca.crt\n",
                "",
            );
        },
    ),
    plant(
        "always-allow",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/manifests/kube-apiserver.yaml",
        "--authorization-mode=AlwaysAllow",
        |root| {
            edit(&root.join("cp1/etc/kubernetes/manifests/kube-apiserver.yaml"), "Node,RBAC", "AlwaysAllow");
        },
    ),
    plant(
        "always-allow",
        Layout::Kubeadm,
        "node01/var/lib/kubelet/config.yaml",
        "authorization.mode: AlwaysAllow",
        |root| {
            edit(&root.join("node01/var/lib/kubelet/config.yaml"), "mode: Webhook", "mode: AlwaysAllow");
        },
    ),
    plant(
        "node-restriction",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/manifests/kube-apiserver.yaml",
        "no NodeRestriction",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/manifests/kube-apiserver.yaml"),
                "NodeRestriction",
                "NamespaceLifecycle",
            );
        },
    ),
    plant(
        "plain-etcd",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/manifests/kube-apiserver.yaml",
        "--etcd-servers=http://127.0.0.1:2379",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/manifests/kube-apiserver.yaml"),
                "etcd-servers=https",
                "etcd-servers=http",
            );
        },
    ),
    plant(
        "plain-etcd",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/manifests/etcd.yaml",
        "--listen-client-urls=http://0.0.0.0:2379",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/manifests/etcd.yaml"),
                "--listen-client-urls=https://127.0.0.1:2379,https://10.0.0.10:2379",
                "--listen-client-urls=http://0.0.0.0:2379",
            );
        },
    ),
    plant(
        "kubelet-unverified",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/manifests/kube-apiserver.yaml",
        "no --kubelet-certificate-authority",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/manifests/kube-apiserver.yaml"),
                "--kubelet-client",
                "--kubelet-client",
            );
        },
    ),
    plant(
        "old-tls",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/manifests/kube-apiserver.yaml",
        "VersionTLS10",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/manifests/kube-apiserver.yaml"),
                "    - --secure-port=6443\n",
                "    - --tls-min-version=VersionTLS10\n",
            );
        },
    ),
    plant(
        "etcd-open",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/manifests/etcd.yaml",
        "no --client-cert-auth, no --trusted-ca-file",
        |root| {
            edit(&root.join("cp1/etc/kubernetes/manifests/etcd.yaml"), "    - --client-cert-auth=true\n", "");
            edit(
                &root.join("cp1/etc/kubernetes/manifests/etcd.yaml"),
                "    - --trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt\n",
                "",
            );
        },
    ),
    plant(
        "etcd-no-ca",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/manifests/etcd.yaml",
        "no --peer-trusted-ca-file",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/manifests/etcd.yaml"),
                "    - --peer-trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt\n",
                "",
            );
        },
    ),
    plant(
        "etcd-client-auth-off",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/manifests/etcd.yaml",
        "--client-cert-auth=false",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/manifests/etcd.yaml"),
                "- --client-cert-auth=true",
                "- --client-cert-auth=false",
            );
        },
    ),
    plant(
        "kubelet-anonymous",
        Layout::Kubeadm,
        "node01/var/lib/kubelet/config.yaml",
        "authentication.anonymous.enabled: true",
        |root| {
            edit(
                &root.join("node01/var/lib/kubelet/config.yaml"),
                "anonymous:\n    enabled: false",
                "anonymous:\n    enabled: true",
            );
        },
    ),
    plant(
        "kubelet-no-client-ca",
        Layout::Kubeadm,
        "node01/var/lib/kubelet/config.yaml",
        "no authentication.x509.clientCAFile",
        |root| {
            edit(
                &root.join("node01/var/lib/kubelet/config.yaml"),
                "    clientCAFile: /etc/kubernetes/pki/ca.crt",
                "    x: y",
            );
        },
    ),
    plant(
        "kubelet-read-only-port",
        Layout::Kubeadm,
        "node01/var/lib/kubelet/config.yaml",
        "readOnlyPort: 10255",
        |root| {
            edit(
                &root.join("node01/var/lib/kubelet/config.yaml"),
                "serverTLSBootstrap: false",
                "readOnlyPort: 10255",
            );
        },
    ),
    plant(
        "signing-ca",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/manifests/kube-controller-manager.yaml",
        "--cluster-signing-cert-file=/etc/kubernetes/pki/front-proxy-ca.crt",
        |root| {
            fs::write(root.join("cp1/etc/kubernetes/manifests/kube-controller-manager.yaml"), "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - command:\n    - kube-controller-manager\n    - --cluster-signing-cert-file=/etc/kubernetes/pki/front-proxy-ca.crt\n    - --cluster-signing-key-file=/etc/kubernetes/pki/front-proxy-ca.key\n    - --root-ca-file=/etc/kubernetes/pki/ca.crt\n    - --service-account-private-key-file=/etc/kubernetes/pki/sa.key\n    - --kubeconfig=/etc/kubernetes/controller-manager.conf\n    volumeMounts:\n    - mountPath: /etc/kubernetes\n").unwrap();
        },
    ),
    plant(
        "root-ca",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/manifests/kube-controller-manager.yaml",
        "--root-ca-file=/etc/kubernetes/pki/front-proxy-ca.crt",
        |root| {
            fs::write(root.join("cp1/etc/kubernetes/manifests/kube-controller-manager.yaml"), "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - command:\n    - kube-controller-manager\n    - --cluster-signing-cert-file=/etc/kubernetes/pki/ca.crt\n    - --cluster-signing-key-file=/etc/kubernetes/pki/ca.key\n    - --root-ca-file=/etc/kubernetes/pki/front-proxy-ca.crt\n    - --service-account-private-key-file=/etc/kubernetes/pki/sa.key\n    - --kubeconfig=/etc/kubernetes/controller-manager.conf\n    volumeMounts:\n    - mountPath: /etc/kubernetes\n").unwrap();
        },
    ),
    plant(
        "flag-file",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/manifests/kube-controller-manager.yaml",
        "--service-account-private-key-file=/etc/kubernetes/pki/nope.key",
        |root| {
            fs::write(root.join("cp1/etc/kubernetes/manifests/kube-controller-manager.yaml"), "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - command:\n    - kube-controller-manager\n    - --cluster-signing-cert-file=/etc/kubernetes/pki/ca.crt\n    - --cluster-signing-key-file=/etc/kubernetes/pki/ca.key\n    - --root-ca-file=/etc/kubernetes/pki/ca.crt\n    - --service-account-private-key-file=/etc/kubernetes/pki/nope.key\n    - --kubeconfig=/etc/kubernetes/controller-manager.conf\n    volumeMounts:\n    - mountPath: /etc/kubernetes\n").unwrap();
        },
    ),
];
