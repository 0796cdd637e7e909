//! Faults of the catalogue on the cluster that `dojang serve` runs: made in the files of a scratch
//! workspace, met by real kubectl and curl in the recorded words, told in the component's log, and
//! gone once the files are put back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;
#[path = "common/scratch.rs"]
mod served;

use std::fs;
use std::path::Path;

use common::{argument, text};
use dojang::fault::Catalogue;
use serde_json::Value;
use served::{Served, kubectl_serves, workspace};
use tempfile::TempDir;

const LECTURE: &[&str] = &[];
const KUBEADM: &[&str] = &["--layout", "kubeadm"];
const MEMBERS: &[&str] = &["--control-plane", "cp1=10.0.0.10", "--control-plane", "cp2=10.0.0.11"];

/// What a client does, and what comes of it.
enum Ask {
    /// kubectl as this component: arguments, and what it says on standard error.
    Kubectl(&'static str, &'static str, &'static str),
    /// curl to a server (the API server, if it has no name) by a host name: arguments, exit status,
    /// and what it prints or complains of.
    Curl(&'static str, &'static str, &'static str, &'static [i32], &'static str),
}
use Ask::{Curl, Kubectl};

struct Row {
    id: &'static str,
    layout: &'static [&'static str],
    asks: &'static [Ask],
    /// What the log says of it, in parts.
    log: &'static [&'static str],
}

const ADMIN: &str = "--cacert ca.crt --cert admin.crt --key admin.key";
/// With TLS 1.3 a client hears of its refusal in the middle of something else.
const REFUSED: &[i32] = &[35, 52, 55, 56];

const MET: [Row; 19] = [
    Row {
        id: "F04",
        layout: LECTURE,
        asks: &[
            Kubectl(
                "admin",
                "get nodes",
                "Error from server (Forbidden): nodes is forbidden: User \"kube-admin\" cannot list resource \"nodes\" in API group \"\" at the cluster scope",
            ),
            Curl("", "kubernetes", "/api/v1/nodes", &[0], "\"reason\": \"Forbidden\""),
        ],
        log: &[],
    },
    Row {
        id: "F05",
        layout: LECTURE,
        asks: &[Kubectl(
            "admin",
            "get nodes",
            "nodes is forbidden: User \"kube-admin\" cannot list resource \"nodes\"",
        )],
        log: &[],
    },
    Row {
        id: "F10",
        layout: LECTURE,
        asks: &[
            Kubectl(
                "admin",
                "get nodes --tls-server-name=localhost",
                "tls: failed to verify certificate: x509: certificate is valid for kubernetes, not localhost",
            ),
            Curl(
                "",
                "localhost",
                "/version",
                &[60],
                "curl: (60) SSL: no alternative certificate subject name matches target host name 'localhost'",
            ),
        ],
        log: &["http: TLS handshake error from 127.0.0.1:", "remote error: tls: bad certificate"],
    },
    Row {
        id: "F12",
        layout: LECTURE,
        asks: &[
            Kubectl(
                "admin",
                "get nodes --tls-server-name=127.0.0.1",
                "x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs",
            ),
            Curl(
                "",
                "127.0.0.1",
                "/version",
                &[60],
                "no alternative certificate subject name matches target host name '127.0.0.1'",
            ),
        ],
        log: &["remote error: tls: bad certificate"],
    },
    Row {
        id: "F13",
        layout: LECTURE,
        asks: &[
            Kubectl(
                "admin",
                "get nodes",
                "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time ",
            ),
            Curl("", "kubernetes", "/version", &[60], "certificate has expired"),
        ],
        log: &["remote error: tls: bad certificate"],
    },
    Row {
        id: "F14",
        layout: KUBEADM,
        asks: &[Kubectl("admin", "get nodes", " is before ")],
        log: &["remote error: tls: bad certificate"],
    },
    Row {
        id: "F15",
        layout: LECTURE,
        asks: &[
            Kubectl(
                "admin",
                "get nodes",
                "Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority",
            ),
            Curl("", "kubernetes", "/version", &[60], "unable to get local issuer certificate"),
        ],
        log: &["remote error: tls: bad certificate"],
    },
    Row {
        id: "F16",
        layout: LECTURE,
        asks: &[
            Kubectl(
                "admin",
                "get nodes",
                "while trying to verify candidate authority certificate \"KUBERNETES-CA\")",
            ),
            Curl("", "kubernetes", "/version", &[60], "curl: (60) SSL certificate problem:"),
        ],
        log: &["remote error: tls: bad certificate"],
    },
    Row {
        id: "F17",
        layout: LECTURE,
        asks: &[
            Kubectl("admin", "get nodes", "x509: certificate specifies an incompatible key usage"),
            Curl("", "kubernetes", "/version", &[60], "unsuitable certificate purpose"),
        ],
        log: &["remote error: tls: bad certificate"],
    },
    Row {
        id: "F20",
        layout: LECTURE,
        asks: &[
            Kubectl("admin", "get nodes", "You must be logged in to the server"),
            Kubectl(
                "admin",
                "get --raw /version",
                "error: You must be logged in to the server (Unauthorized)",
            ),
            Curl("", "kubernetes", "/version", &[0], "\"message\": \"Unauthorized\""),
        ],
        log: &[
            "\"Unable to authenticate the request\" err=\"[x509: ",
            "verifying certificate SN=",
            "failed: x509: certificate has expired or is not yet valid: current time ",
        ],
    },
    Row {
        id: "F23",
        layout: LECTURE,
        asks: &[Kubectl("admin", "get nodes -o name", "")],
        log: &[
            "rejected connection on client endpoint",
            "tls: failed to verify certificate: x509: certificate specifies an incompatible key usage",
        ],
    },
    Row {
        id: "F24",
        layout: MEMBERS,
        asks: &[Curl(
            "etcd-peer@cp2",
            "localhost",
            "-k --cert etcdpeer1.crt --key etcdpeer1.key /version",
            REFUSED,
            "",
        )],
        log: &[
            "rejected connection on peer endpoint",
            "tls: \\\"127.0.0.1\\\" does not match any of DNSNames [\\\"etcd-peer\\\"]",
        ],
    },
    Row {
        id: "F29",
        layout: KUBEADM,
        asks: &[Kubectl(
            "admin",
            "get --raw /api/v1/nodes",
            "Error from server (Forbidden): nodes is forbidden: User \"system:anonymous\" cannot list resource \"nodes\" in API group \"\" at the cluster scope",
        )],
        log: &[],
    },
    Row {
        id: "F31",
        layout: LECTURE,
        asks: &[Kubectl(
            "admin",
            "logs -n kube-system kube-proxy-node01",
            "Error from server (Forbidden): Forbidden (user=kube-apiserver, verb=get, resource=nodes, subresource(s)=[proxy])",
        )],
        log: &[],
    },
    Row {
        id: "F32",
        layout: LECTURE,
        asks: &[
            Kubectl(
                "kubelet@cp1",
                "get node cp1",
                "Error from server (Forbidden): nodes \"cp1\" is forbidden: User \"system:node:another\" cannot get resource \"nodes\" in API group \"\" at the cluster scope: node 'another' cannot read 'cp1', only its own Node object",
            ),
            Kubectl(
                "kubelet@cp1",
                "label node cp1 a=b",
                "node 'another' cannot read 'cp1', only its own Node object",
            ),
        ],
        log: &[],
    },
    Row {
        id: "F33",
        layout: KUBEADM,
        asks: &[Kubectl(
            "kubelet@cp1",
            "get node cp1",
            "Error from server (Forbidden): nodes \"cp1\" is forbidden: User \"system:node:cp1\" cannot get resource \"nodes\" in API group \"\" at the cluster scope\n",
        )],
        log: &[],
    },
    Row {
        id: "F34",
        layout: LECTURE,
        asks: &[Kubectl(
            "admin",
            "get nodes",
            "Error from server (Forbidden): nodes is forbidden: User \"jane\" cannot list resource \"nodes\" in API group \"\" at the cluster scope",
        )],
        log: &[],
    },
    Row {
        id: "F40",
        layout: KUBEADM,
        asks: &[Kubectl(
            "kubelet@cp1",
            "get --raw /version",
            "error: You must be logged in to the server (Unauthorized)",
        )],
        log: &["failed: x509: certificate has expired or is not yet valid"],
    },
    Row {
        id: "F03",
        layout: LECTURE,
        asks: &[Kubectl(
            "admin",
            "get nodes --tls-server-name=127.0.0.1",
            "because it doesn't contain any IP SANs",
        )],
        log: &["remote error: tls: bad certificate"],
    },
];

/// Those with which kube-apiserver does not come up: what its log says last, and what etcd's and its
/// own say before.
const NOT_STARTED: [(&str, &[&str], &[&str]); 8] = [
    (
        "F44",
        LECTURE,
        &[
            "x509: certificate has expired or is not yet valid",
            "\"command failed\" err=\"context deadline exceeded\"",
        ],
    ),
    (
        "F11",
        LECTURE,
        &[
            "x509: certificate relies on legacy Common Name field, use SANs instead",
            "\"command failed\" err=\"context deadline exceeded\"",
        ],
    ),
    (
        "F22",
        LECTURE,
        &[
            "rejected connection on client endpoint",
            "tls: failed to verify certificate: x509: certificate signed by unknown authority",
            "remote error: tls: unknown certificate authority",
            "\"command failed\" err=\"context deadline exceeded\"",
        ],
    ),
    (
        "F25",
        LECTURE,
        &[
            "authentication handshake failed: tls: failed to verify certificate: x509: certificate signed by unknown authority",
            "remote error: tls: bad certificate",
            "\"command failed\" err=\"context deadline exceeded\"",
        ],
    ),
    ("F26", KUBEADM, &["run.go:72] \"command failed\" err=\"tls: private key does not match public key\""]),
    (
        "F27",
        KUBEADM,
        &["\"command failed\" err=\"open /etc/kubernetes/pki/nope.crt: no such file or directory\""],
    ),
    (
        "F28",
        LECTURE,
        &[
            "\"command failed\" err=\"error loading CA bundle for \\\"client-ca-bundle::/etc/kubernetes/pki/ca.key\\\": data does not contain any valid RSA or ECDSA certificates\"",
        ],
    ),
    (
        "F30",
        KUBEADM,
        &[
            "\"command failed\" err=\"--requestheader-client-ca-file and --client-ca-file contain overlapping certificates; --requestheader-allowed-names must be specified",
        ],
    ),
];

/// Makes a fault in the files of a workspace; which were replaced, and where the healthy ones are.
fn make(id: &str, directory: &Path) -> Vec<(String, String)> {
    let made = common::answer(&["faults", "make", id, "--format", "json", "--dir", argument(directory)]);
    let made: Value = serde_json::from_str(&made).unwrap();
    let replaced =
        made["replaced"].as_array().unwrap().iter().map(|file| {
            (file["path"].as_str().unwrap().to_owned(), file["kept"].as_str().unwrap().to_owned())
        });
    replaced.collect()
}

/// Puts the healthy files back.
fn mend(directory: &Path, replaced: &[(String, String)]) {
    for (path, kept) in replaced {
        fs::rename(directory.join(kept), directory.join(path)).unwrap();
    }
}

/// Whether all is well on a workspace.
fn works(directory: TempDir) -> Result<(), String> {
    let served = Served::try_on(directory, &[]).map_err(|(_, log)| log)?;
    for (client, arguments) in [
        ("admin", &["get", "nodes", "-o", "name"][..]),
        ("kubelet@cp1", &["get", "node", "cp1"]),
        ("admin", &["logs", "-n", "kube-system", "kube-proxy-cp1"]),
    ] {
        let output = served.kubectl(client, arguments);
        if !output.status.success() {
            return Err(format!("{client} {arguments:?}: {}", text(&output.stderr)));
        }
    }
    Ok(())
}

fn met(row: &Row) -> Result<(), String> {
    let directory = workspace(row.layout);
    let replaced = make(row.id, directory.path());
    let served = Served::try_on(directory, &["-v", "5"]).map_err(|(_, log)| log)?;
    for ask in row.asks {
        match ask {
            Kubectl(client, arguments, expected) => {
                let arguments: Vec<&str> = arguments.split(' ').collect();
                let output = served.kubectl(client, &arguments);
                let said = text(&output.stderr);
                if output.status.code() != Some(i32::from(!expected.is_empty())) || !said.contains(expected) {
                    return Err(format!("kubectl {client} {arguments:?}: {} {said}", output.status));
                }
            }
            Curl(server, host, arguments, status, expected) => {
                let address = if server.is_empty() { &served.address } else { &served.servers[*server] };
                let arguments = match arguments.contains("--") {
                    true => (*arguments).to_owned(),
                    false => format!("{ADMIN} {arguments}"),
                };
                let arguments: Vec<&str> = arguments.split(' ').collect();
                let (code, printed, complained) = served.curl(address, host, &arguments);
                if !status.contains(&code) || !format!("{printed}{complained}").contains(expected) {
                    return Err(format!("curl {arguments:?}: {code} {printed}{complained}"));
                }
            }
        }
    }
    for words in row.log {
        served.logs(words);
    }
    let directory = served.end();
    mend(directory.path(), &replaced);
    works(directory).map_err(|why| format!("mended: {why}"))
}

#[test]
fn faults_are_met_by_kubectl_and_curl_in_the_recorded_words() {
    if !kubectl_serves() {
        return;
    }
    let failed: Vec<String> =
        MET.iter().filter_map(|row| met(row).err().map(|why| format!("{}: {why}", row.id))).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn an_api_server_that_does_not_start_says_why_and_ends() {
    let mut failed = Vec::new();
    for (id, layout, expected) in NOT_STARTED {
        let directory = workspace(layout);
        let replaced = make(id, directory.path());
        let (directory, log) = match Served::try_on(directory, &[]) {
            Ok(_) => {
                failed.push(format!("{id}: it starts"));
                continue;
            }
            Err(ended) => ended,
        };
        if !log.starts_with("exit status Some(1)") || !expected.iter().all(|words| log.contains(words)) {
            failed.push(format!("{id}: {log}"));
        }
        mend(directory.path(), &replaced);
        if let Err(why) = works(directory) {
            failed.push(format!("{id} mended: {why}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Faults of how it is asked, on a healthy cluster.
#[test]
fn faults_of_the_asking_are_met_in_the_recorded_words() {
    if !kubectl_serves() {
        return;
    }
    let served = Served::on(workspace(LECTURE), &[]);
    // F18: without TLS.
    let plain = format!("--server=http://{}", served.address);
    let output = served.kubectl("admin", &["get", "nodes", &plain]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(
        said.contains(
            "Error from server (BadRequest): the server rejected our request for an unknown reason"
        ),
        "{said}"
    );
    let curl = |url: &str| {
        let output = std::process::Command::new("curl").args(["-sS", url]).output().unwrap();
        (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
    };
    assert_eq!(
        curl(&format!("http://{}/", served.address)),
        (0, "Client sent an HTTP request to an HTTPS server.\n".into())
    );
    // F21: etcd refuses inside TLS who shows no certificate.
    let (status, ..) =
        served.curl(&served.servers["etcd@cp1"], "localhost", &["--cacert", "ca.crt", "/health"]);
    assert!(REFUSED.contains(&status), "{status}");
    served.logs("tls: client didn't provide a certificate");
    // F19: a kubeconfig that does not hold together.
    let directory = served.directory.path();
    make("F19", directory);
    let output = served::kubectl(&served.path("admin.kubeconfig"), directory, &["get", "nodes"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr).trim(),
        "error: client-key-data or client-key must be specified for kube-admin to use the clientCert authentication method."
    );
}

/// F36, F37 and F38: requests for certificates that come to nothing.
#[test]
fn requests_for_certificates_that_come_to_nothing_say_why() {
    if !kubectl_serves() {
        return;
    }
    let served = Served::on(workspace(LECTURE), &[]);
    let directory = served.directory.path();
    let run = |program: &str, arguments: &[&str]| {
        let output =
            std::process::Command::new(program).args(arguments).current_dir(directory).output().unwrap();
        assert!(output.status.success(), "{program}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    let request = |subject: &str| {
        run(
            "openssl",
            &[
                "req",
                "-new",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-keyout",
                "x.key",
                "-subj",
                subject,
                "-out",
                "x.csr",
            ],
        );
        run("base64", &["-w0", "x.csr"])
    };
    let good = request("/CN=jane");
    let masters = request("/O=system:masters/CN=jane");
    let certificate = run("base64", &["-w0", "ca.crt"]);
    let client = "signerName: kubernetes.io/kube-apiserver-client";
    let apply = |name: &str, request: &str, spec: &str| {
        let object = format!(
            "apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {{name: {name}}}\nspec:\n  request: {request}\n{spec}"
        );
        fs::write(served.path("x.yaml"), object).unwrap();
        let output =
            served.kubectl("admin", &["create", "--validate=false", "-f", argument(&served.path("x.yaml"))]);
        (output.status.code().unwrap(), text(&output.stderr))
    };
    // F38: what is malformed is not taken.
    for (request, spec, expected) in [
        (
            &good[..65],
            format!("  {client}\n  usages: [client auth]\n"),
            "illegal base64 data at input byte 64",
        ),
        (
            &certificate,
            format!("  {client}\n  usages: [client auth]\n"),
            "PEM block type must be CERTIFICATE REQUEST",
        ),
        (&good, format!("  {client}\n"), "spec.usages: Required value"),
        (
            &good,
            format!("  {client}\n  expirationSeconds: 599\n  usages: [client auth]\n"),
            "may not specify a duration less than 600 seconds (10 minutes)",
        ),
        (
            &masters,
            format!("  {client}\n  usages: [client auth]\n"),
            "use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed",
        ),
    ] {
        let (status, said) = apply("bad", request, &spec);
        assert_eq!(status, 1, "{expected}");
        assert!(said.contains(expected), "{expected}: {said}");
    }
    // F36: approved, and not signed; F37: approved, and nobody's to sign.
    for (name, signer, usage, conditions, message) in [
        (
            "wrong",
            "kubernetes.io/kube-apiserver-client",
            "server auth",
            "Approved,Failed",
            "invalid usage for client certificate: server auth",
        ),
        ("foreign", "example.com/custom", "client auth", "Approved", ""),
        ("right", "kubernetes.io/kube-apiserver-client", "client auth", "Approved,Issued", ""),
    ] {
        let (status, said) = apply(name, &good, &format!("  signerName: {signer}\n  usages: [{usage}]\n"));
        assert_eq!(status, 0, "{said}");
        served.answers("admin", &["certificate", "approve", name]);
        let row = served.answers("admin", &["get", "csr", name, "--no-headers"]);
        assert!(row.trim_end().ends_with(&format!(" {conditions}")), "{row}");
        let path = "jsonpath={.status.conditions[?(@.type=='Failed')].message}";
        assert_eq!(served.answers("admin", &["get", "csr", name, "-o", path]), message);
    }
}

/// What is expected here is what the catalogue tells.
#[test]
fn the_catalogue_has_the_words_that_are_met() {
    let catalogue = Catalogue::embedded().unwrap();
    for (id, words) in MET.iter().flat_map(|row| {
        let said = row.asks.iter().map(|ask| match ask {
            Kubectl(_, _, words) | Curl(_, _, _, _, words) => *words,
        });
        said.map(move |words| (row.id, words))
    }) {
        // A part of a sentence alone leads nowhere.
        if words.len() < 60 {
            continue;
        }
        let found = catalogue.find_message(words);
        assert!(
            found.iter().any(|found| found.faults.iter().any(|fault| fault.id == id)),
            "{id}: {words}: {:?}",
            found.iter().map(|found| &found.said.text).collect::<Vec<_>>()
        );
    }
}
