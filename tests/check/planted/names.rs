//! Subjects and authorities.

use std::fs;

use super::{Plant, plant};
use crate::common::{answer, argument};
use crate::made::{Layout, authority, edit, leaf, resign};

pub(crate) const PLANTED: &[Plant] = &[
    plant("group-spelling", Layout::Lecture, "odd.crt", "O=`SYSTEM:NODES`, not `system:nodes`", |root| {
        leaf(
            root,
            "ca",
            "odd",
            "/O=SYSTEM:NODES/CN=system:node:node01",
            "extendedKeyUsage=clientAuth",
            &["-days", "365"],
        );
    }),
    plant(
        "group-spelling",
        Layout::Lecture,
        "odd.crt",
        "O=`system:masters,`, not `system:masters`",
        |root| {
            leaf(
                root,
                "ca",
                "odd",
                "/O=system:masters,/CN=jane",
                "extendedKeyUsage=clientAuth",
                &["-days", "365"],
            );
        },
    ),
    plant("group-spelling", Layout::Lecture, "odd.crt", "O=`system:node`, not `system:nodes`", |root| {
        leaf(
            root,
            "ca",
            "odd",
            "/O=system:node/CN=system:node:node01",
            "extendedKeyUsage=clientAuth",
            &["-days", "365"],
        );
    }),
    plant("user-spelling", Layout::Lecture, "odd.crt", "not `system:kube-scheduler`", |root| {
        leaf(
            root,
            "ca",
            "odd",
            "/CN=system:Kube-Scheduler",
            "extendedKeyUsage=clientAuth",
            &["-days", "365"],
        );
    }),
    plant("user-spelling", Layout::Lecture, "odd.crt", "not `system:kube-controller-manager`", |root| {
        leaf(
            root,
            "ca",
            "odd",
            "/CN=system:kube-contoller-manager",
            "extendedKeyUsage=clientAuth",
            &["-days", "365"],
        );
    }),
    plant("group-in-ou", Layout::Lecture, "odd.crt", "OU=`system:masters`", |root| {
        leaf(
            root,
            "ca",
            "odd",
            "/OU=system:masters/CN=jane",
            "extendedKeyUsage=clientAuth",
            &["-days", "365"],
        );
    }),
    plant("group-in-cn", Layout::Lecture, "odd.crt", "CN=`system:masters`", |root| {
        leaf(root, "ca", "odd", "/CN=system:masters", "extendedKeyUsage=clientAuth", &["-days", "365"]);
    }),
    plant("node-spelling", Layout::Lecture, "odd.crt", "not `system:node:node01`", |root| {
        leaf(
            root,
            "ca",
            "odd",
            "/O=system:nodes/CN=system:node:Node01",
            "extendedKeyUsage=clientAuth",
            &["-days", "365"],
        );
    }),
    plant("node-without-group", Layout::Lecture, "odd.crt", "CN=`system:node:node01`", |root| {
        leaf(root, "ca", "odd", "/CN=system:node:node01", "extendedKeyUsage=clientAuth", &["-days", "365"]);
    }),
    plant("other-node", Layout::Lecture, "kubelet-client-node07.crt", "not `system:node:node07`", |root| {
        leaf(
            root,
            "ca",
            "kubelet-client-node07",
            "/O=system:nodes/CN=system:node:node02",
            "extendedKeyUsage=clientAuth",
            &["-days", "365"],
        );
    }),
    plant("needless-masters", Layout::Lecture, "odd.crt", "O=system:masters, CN=jane", |root| {
        leaf(
            root,
            "ca",
            "odd",
            "/O=system:masters/CN=jane",
            "extendedKeyUsage=clientAuth",
            &["-days", "365"],
        );
    }),
    plant(
        "other-node",
        Layout::Kubeadm,
        "node01/etc/kubernetes/kubelet.conf",
        "not `O=system:nodes, CN=system:node:node01`",
        |root| {
            fs::copy(
                root.join("node02/etc/kubernetes/kubelet.conf"),
                root.join("node01/etc/kubernetes/kubelet.conf"),
            )
            .unwrap();
        },
    ),
    plant(
        "other-subject",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/pki/apiserver-kubelet-client.crt",
        "`CN=apiserver`, not `CN=kube-apiserver-kubelet-client`",
        |root| {
            resign(
                root,
                "cp1/etc/kubernetes/pki/ca",
                "cp1/etc/kubernetes/pki/apiserver-kubelet-client",
                "/CN=apiserver",
                "extendedKeyUsage=clientAuth",
                &["-days", "365"],
            );
        },
    ),
    plant(
        "other-node",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/kubelet.conf",
        "not `system:node:cp1`",
        |root| {
            fs::copy(
                root.join("node02/etc/kubernetes/kubelet.conf"),
                root.join("cp1/etc/kubernetes/kubelet.conf"),
            )
            .unwrap();
            fs::remove_file(root.join("cluster.toml")).unwrap();
        },
    ),
    plant("unknown-ca", Layout::Kubeadm, "cp1/etc/kubernetes/pki/apiserver.crt", "issuer CN=gone", |root| {
        authority(root, "gone", "/CN=gone", &[]);
        resign(
            root,
            "gone",
            "cp1/etc/kubernetes/pki/apiserver",
            "/CN=kube-apiserver",
            "subjectAltName=DNS:cp1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:10.96.0.1,IP:10.0.0.10\nextendedKeyUsage=serverAuth",
            &["-days", "365"],
        );
        fs::remove_file(root.join("gone.crt")).unwrap();
        fs::remove_file(root.join("gone.key")).unwrap();
    }),
    plant(
        "same-name-ca",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/pki/apiserver.crt",
        "issuer CN=kubernetes: the name is encoded otherwise",
        |root| {
            authority(root, "gone", "/CN=kubernetes", &[]);
            resign(
                root,
                "gone",
                "cp1/etc/kubernetes/pki/apiserver",
                "/CN=kube-apiserver",
                "subjectAltName=DNS:cp1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:10.96.0.1,IP:10.0.0.10\nextendedKeyUsage=serverAuth",
                &["-days", "365"],
            );
            fs::remove_file(root.join("gone.crt")).unwrap();
            fs::remove_file(root.join("gone.key")).unwrap();
        },
    ),
    plant("same-name-ca", Layout::Lecture, "apiserver.crt", "issuer CN=KUBERNETES-CA: another key", |root| {
        answer(&["faults", "make", "F16", "--dir", argument(root)]);
    }),
    plant(
        "wrong-ca",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/pki/front-proxy-client.crt",
        "signed by cp1/etc/kubernetes/pki/ca.crt, verified with cp1/etc/kubernetes/pki/front-proxy-ca.crt",
        |root| {
            resign(
                root,
                "cp1/etc/kubernetes/pki/ca",
                "cp1/etc/kubernetes/pki/front-proxy-client",
                "/CN=front-proxy-client",
                "extendedKeyUsage=clientAuth",
                &["-days", "365"],
            );
        },
    ),
    plant(
        "etcd-wrong-ca",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/pki/apiserver-etcd-client.crt",
        "verified with cp1/etc/kubernetes/pki/etcd/ca.crt",
        |root| {
            resign(
                root,
                "cp1/etc/kubernetes/pki/ca",
                "cp1/etc/kubernetes/pki/apiserver-etcd-client",
                "/CN=kube-apiserver-etcd-client",
                "extendedKeyUsage=clientAuth",
                &["-days", "365"],
            );
        },
    ),
    plant(
        "etcd-ca-file",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/manifests/kube-apiserver.yaml",
        "kube-apiserver --etcd-cafile=/etc/kubernetes/pki/ca.crt",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/manifests/kube-apiserver.yaml"),
                "--etcd-cafile=/etc/kubernetes/pki/etcd/ca.crt",
                "--etcd-cafile=/etc/kubernetes/pki/ca.crt",
            );
        },
    ),
    plant(
        "etcd-wrong-ca",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/manifests/etcd.yaml",
        "etcd --trusted-ca-file=/etc/kubernetes/pki/ca.crt",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/manifests/etcd.yaml"),
                "- --trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt",
                "- --trusted-ca-file=/etc/kubernetes/pki/ca.crt",
            );
        },
    ),
    plant(
        "wrong-ca",
        Layout::Kubeadm,
        "cp1/var/lib/kubelet/config.yaml",
        "kubelet authentication.x509.clientCAFile",
        |root| {
            edit(
                &root.join("cp1/var/lib/kubelet/config.yaml"),
                "/etc/kubernetes/pki/ca.crt",
                "/etc/kubernetes/pki/front-proxy-ca.crt",
            );
        },
    ),
    plant(
        "self-signed-kubelet",
        Layout::Kubeadm,
        "node01/var/lib/kubelet/pki/kubelet.crt",
        "issuer CN=node01-ca@1700000000",
        |root| {
            authority(root, "node01/var/lib/kubelet/pki/own-ca", "/CN=node01-ca@1700000000", &[]);
            resign(
                root,
                "node01/var/lib/kubelet/pki/own-ca",
                "node01/var/lib/kubelet/pki/kubelet",
                "/CN=node01@1700000000",
                "subjectAltName=DNS:node01\nextendedKeyUsage=serverAuth",
                &["-days", "365"],
            );
        },
    ),
    plant("unused-ca", Layout::Kubeadm, "extra/new-ca.crt", "CN=new", |root| {
        authority(root, "extra/new-ca", "/CN=new", &[]);
    }),
    plant(
        "ca-copies-differ",
        Layout::KubeadmThree,
        "b/etc/kubernetes/pki/ca.crt",
        "another key than a/etc/kubernetes/pki/ca.crt",
        |root| {
            authority(root, "b/etc/kubernetes/pki/ca", "/CN=kubernetes", &[]);
        },
    ),
    plant(
        "front-proxy-open",
        Layout::Lecture,
        "kube-apiserver.yaml",
        "--requestheader-client-ca-file=/etc/kubernetes/pki/ca.crt",
        |root| {
            edit(
                &root.join("kube-apiserver.yaml"),
                "    - --requestheader-allowed-names=front-proxy-client\n",
                "",
            );
        },
    ),
    plant(
        "front-proxy-shared",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/pki/front-proxy-ca.crt",
        "the same key as cp1/etc/kubernetes/pki/ca.crt",
        |root| {
            fs::copy(
                root.join("cp1/etc/kubernetes/pki/ca.crt"),
                root.join("cp1/etc/kubernetes/pki/front-proxy-ca.crt"),
            )
            .unwrap();
        },
    ),
    plant(
        "front-proxy-names",
        Layout::Lecture,
        "kube-apiserver.yaml",
        "--client-ca-file=/etc/kubernetes/pki/ca.crt",
        |root| {
            let _ = root;
        },
    ),
    plant(
        "front-proxy-cn",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/manifests/kube-apiserver.yaml",
        "CN=front-proxy-client",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/manifests/kube-apiserver.yaml"),
                "allowed-names=front-proxy-client",
                "allowed-names=aggregator",
            );
        },
    ),
];
