//! Files, keys and requests.

use std::fs;

use super::{Plant, plant};
use crate::made::{Layout, edit, key, mode, openssl, resign};

pub(crate) const PLANTED: &[Plant] = &[
    plant("unreadable", Layout::Kubeadm, "cp1/etc/kubernetes/pki/etcd/peer.crt", "no end line", |root| {
        fs::write(root.join("cp1/etc/kubernetes/pki/etcd/peer.crt"), "-----BEGIN CERTIFICATE-----\nMII\n")
            .unwrap();
    }),
    plant(
        "unreadable",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/pki/apiserver.crt",
        "x509: malformed certificate",
        |root| {
            fs::write(
                root.join("cp1/etc/kubernetes/pki/apiserver.crt"),
                "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
            )
            .unwrap();
        },
    ),
    plant("not-pem", Layout::Kubeadm, "cp1/etc/kubernetes/pki/apiserver.crt", "the file is empty", |root| {
        fs::write(root.join("cp1/etc/kubernetes/pki/apiserver.crt"), "").unwrap();
    }),
    plant(
        "encrypted-key",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/pki/apiserver.key",
        "ENCRYPTED PRIVATE KEY",
        |root| {
            openssl(
                root,
                &[
                    "pkey",
                    "-in",
                    "cp1/etc/kubernetes/pki/apiserver.key",
                    "-aes256",
                    "-passout",
                    "pass:x",
                    "-out",
                    "locked",
                ],
            );
            fs::rename(root.join("locked"), root.join("cp1/etc/kubernetes/pki/apiserver.key")).unwrap();
        },
    ),
    plant(
        "unreadable-key",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/pki/apiserver.key",
        "no private key",
        |root| {
            fs::write(
                root.join("cp1/etc/kubernetes/pki/apiserver.key"),
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            )
            .unwrap();
        },
    ),
    plant(
        "switched",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/pki/front-proxy-client.crt",
        "PRIVATE KEY",
        |root| {
            fs::copy(
                root.join("cp1/etc/kubernetes/pki/front-proxy-client.key"),
                root.join("cp1/etc/kubernetes/pki/front-proxy-client.crt"),
            )
            .unwrap();
        },
    ),
    plant("switched", Layout::Lecture, "admin.crt", "CERTIFICATE REQUEST", |root| {
        fs::copy(root.join("admin.csr"), root.join("admin.crt")).unwrap();
    }),
    plant("switched", Layout::Lecture, "admin.key", "CERTIFICATE", |root| {
        fs::copy(root.join("admin.crt"), root.join("admin.key")).unwrap();
    }),
    plant("hidden-pem", Layout::Kubeadm, "cp1/etc/kubernetes/pki/ca.crt", "line 1", |root| {
        edit(&root.join("cp1/etc/kubernetes/pki/ca.crt"), "-----BEGIN", " -----BEGIN");
    }),
    plant(
        "pem-order",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/pki/apiserver.crt",
        "CN=kubernetes; CN=kube-apiserver",
        |root| {
            let both = [
                fs::read(root.join("cp1/etc/kubernetes/pki/ca.crt")).unwrap(),
                fs::read(root.join("cp1/etc/kubernetes/pki/apiserver.crt")).unwrap(),
            ]
            .concat();
            fs::write(root.join("cp1/etc/kubernetes/pki/apiserver.crt"), both).unwrap();
        },
    ),
    plant("pem-text", Layout::Lecture, "ca.crt", "line 1", |root| {
        edit(&root.join("ca.crt"), "-----BEGIN", "Certificate:\n-----BEGIN");
    }),
    plant("line-ends", Layout::Kubeadm, "cp1/etc/kubernetes/pki/sa.pub", "CRLF", |root| {
        edit(&root.join("cp1/etc/kubernetes/pki/sa.pub"), "\n", "\r\n");
    }),
    plant(
        "dangling-link",
        Layout::Kubeadm,
        "node01/var/lib/kubelet/pki/kubelet-client-current.pem",
        "-> gone.pem",
        |root| {
            std::os::unix::fs::symlink(
                "gone.pem",
                root.join("node01/var/lib/kubelet/pki/kubelet-client-current.pem"),
            )
            .unwrap();
        },
    ),
    plant("too-large", Layout::Kubeadm, "cp1/etc/kubernetes/pki/huge.pem", "2000000 bytes", |root| {
        fs::write(root.join("cp1/etc/kubernetes/pki/huge.pem"), vec![b'a'; 2_000_000]).unwrap();
    }),
    plant("too-many", Layout::Kubeadm, "cp1/etc/kubernetes/pki/roots.pem", "501 certificates", |root| {
        let ca = fs::read_to_string(root.join("cp1/etc/kubernetes/pki/ca.crt")).unwrap();
        fs::write(root.join("cp1/etc/kubernetes/pki/roots.pem"), ca.repeat(501)).unwrap();
    }),
    plant("backup", Layout::Kubeadm, "cp1/etc/kubernetes/pki/apiserver.crt.old", "mode 0644", |root| {
        fs::copy(
            root.join("cp1/etc/kubernetes/pki/apiserver.crt"),
            root.join("cp1/etc/kubernetes/pki/apiserver.crt.old"),
        )
        .unwrap();
    }),
    plant("backup-key", Layout::Kubeadm, "cp1/etc/kubernetes.bak/pki/ca.key", "mode 0600", |root| {
        fs::create_dir_all(root.join("cp1/etc/kubernetes.bak/pki")).unwrap();
        fs::copy(root.join("cp1/etc/kubernetes/pki/ca.key"), root.join("cp1/etc/kubernetes.bak/pki/ca.key"))
            .unwrap();
    }),
    plant("manifest-backup", Layout::Kubeadm, "cp1/etc/kubernetes/manifests/etcd.yaml.bak", "mode", |root| {
        fs::copy(
            root.join("cp1/etc/kubernetes/manifests/etcd.yaml"),
            root.join("cp1/etc/kubernetes/manifests/etcd.yaml.bak"),
        )
        .unwrap();
    }),
    plant("unreadable-manifest", Layout::Kubeadm, "cp1/etc/kubernetes/manifests/etcd.yaml", "", |root| {
        edit(&root.join("cp1/etc/kubernetes/manifests/etcd.yaml"), "  containers:", "	containers: [");
    }),
    plant(
        "key-pair",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/pki/apiserver.crt",
        "cp1/etc/kubernetes/pki/apiserver.key",
        |root| {
            fs::copy(
                root.join("cp1/etc/kubernetes/pki/sa.key"),
                root.join("cp1/etc/kubernetes/pki/apiserver.key"),
            )
            .unwrap();
        },
    ),
    plant(
        "key-pair",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/manifests/etcd.yaml",
        "--key-file=/etc/kubernetes/pki/etcd/peer.key",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/manifests/etcd.yaml"),
                "- --key-file=/etc/kubernetes/pki/etcd/server.key",
                "- --key-file=/etc/kubernetes/pki/etcd/peer.key",
            );
        },
    ),
    plant("key-pair", Layout::Lecture, "admin.kubeconfig", "client-key-data", |root| {
        let other = fs::read_to_string(root.join("scheduler.kubeconfig")).unwrap();
        let field =
            |text: &str| text.lines().find(|line| line.contains("client-key-data")).unwrap().to_owned();
        let own = fs::read_to_string(root.join("admin.kubeconfig")).unwrap();
        fs::write(root.join("admin.kubeconfig"), own.replace(&field(&own), &field(&other))).unwrap();
    }),
    plant(
        "service-account-pair",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/pki/sa.pub",
        "cp1/etc/kubernetes/pki/sa.key",
        |root| {
            fs::copy(root.join("cp1/etc/kubernetes/pki/ca.key"), root.join("cp1/etc/kubernetes/pki/sa.key"))
                .unwrap();
        },
    ),
    plant(
        "service-account-pair",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/manifests/kube-apiserver.yaml",
        "--service-account-signing-key-file=/etc/kubernetes/pki/ca.key",
        |root| {
            edit(
                &root.join("cp1/etc/kubernetes/manifests/kube-apiserver.yaml"),
                "signing-key-file=/etc/kubernetes/pki/sa.key",
                "signing-key-file=/etc/kubernetes/pki/ca.key",
            );
        },
    ),
    plant(
        "service-accounts-differ",
        Layout::KubeadmThree,
        "c/etc/kubernetes/pki/sa.pub",
        "another key than a/etc/kubernetes/pki/sa.pub",
        |root| {
            key(root, "c/etc/kubernetes/pki/sa.key");
            openssl(
                root,
                &[
                    "pkey",
                    "-in",
                    "c/etc/kubernetes/pki/sa.key",
                    "-pubout",
                    "-out",
                    "c/etc/kubernetes/pki/sa.pub",
                ],
            );
        },
    ),
    plant("key-readable", Layout::Kubeadm, "cp1/etc/kubernetes/pki/etcd/server.key", "mode 0644", |root| {
        mode(&root.join("cp1/etc/kubernetes/pki/etcd/server.key"), 0o644);
    }),
    plant("key-readable", Layout::Kubeadm, "cp1/etc/kubernetes/admin.conf", "mode 0644", |root| {
        mode(&root.join("cp1/etc/kubernetes/admin.conf"), 0o644);
    }),
    plant("writable", Layout::Kubeadm, "cp1/etc/kubernetes/pki/ca.crt", "mode 0666", |root| {
        mode(&root.join("cp1/etc/kubernetes/pki/ca.crt"), 0o666);
    }),
    plant("ca-key-elsewhere", Layout::Kubeadm, "node01/etc/kubernetes/pki/ca.key", "CN=kubernetes", |root| {
        fs::copy(root.join("cp1/etc/kubernetes/pki/ca.key"), root.join("node01/etc/kubernetes/pki/ca.key"))
            .unwrap();
    }),
    plant("ca-key-in-use", Layout::Lecture, "admin.crt", "the key of ca.crt", |root| {
        fs::copy(root.join("ca.key"), root.join("admin.key")).unwrap();
        resign(
            root,
            "ca",
            "admin",
            "/O=system:masters/CN=kube-admin",
            "extendedKeyUsage=clientAuth",
            &["-days", "365"],
        );
    }),
    plant("shared-key", Layout::Lecture, "scheduler.crt", "the same key as admin.crt", |root| {
        fs::copy(root.join("admin.key"), root.join("scheduler.key")).unwrap();
        resign(
            root,
            "ca",
            "scheduler",
            "/CN=system:kube-scheduler",
            "extendedKeyUsage=clientAuth",
            &["-days", "365"],
        );
    }),
    plant("request-subject", Layout::Lecture, "admin.crt", "in the CSR `CN=jane`", |root| {
        openssl(root, &["req", "-new", "-key", "admin.key", "-subj", "/CN=jane", "-out", "admin.csr"]);
    }),
    plant("request-key", Layout::Lecture, "admin.crt", "another public key", |root| {
        openssl(
            root,
            &[
                "req",
                "-new",
                "-key",
                "scheduler.key",
                "-subj",
                "/O=system:masters/CN=kube-admin",
                "-out",
                "admin.csr",
            ],
        );
    }),
    plant(
        "service-account-pair",
        Layout::Kubeadm,
        "cp1/etc/kubernetes/manifests/kube-controller-manager.yaml",
        "--service-account-private-key-file=/etc/kubernetes/pki/ca.key",
        |root| {
            fs::write(root.join("cp1/etc/kubernetes/manifests/kube-controller-manager.yaml"), "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - command:\n    - kube-controller-manager\n    - --cluster-signing-cert-file=/etc/kubernetes/pki/ca.crt\n    - --cluster-signing-key-file=/etc/kubernetes/pki/ca.key\n    - --root-ca-file=/etc/kubernetes/pki/ca.crt\n    - --service-account-private-key-file=/etc/kubernetes/pki/ca.key\n    - --kubeconfig=/etc/kubernetes/controller-manager.conf\n    volumeMounts:\n    - mountPath: /etc/kubernetes\n").unwrap();
        },
    ),
];
