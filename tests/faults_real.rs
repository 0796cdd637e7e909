//! The catalogue of faults held against real programs: on the same files curl, openssl,
//! kubectl and etcd refuse where the catalogue says so, in its words.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;
#[path = "common/real.rs"]
mod real;

use std::process::{Command, Output};

use common::text;
use common::tools::require;
use dojang::fault::{Catalogue, Fault};
use dojang::handshake::connect;
use real::{Etcd, Scene, bounded, has_kubectl, lab, options, s_server, said};

/// A server certificate that its clients refuse: what each of them says.
struct Refused {
    id: &'static str,
    /// The name that the server is asked for by, where it is not the connection's own.
    name: Option<&'static str>,
    /// `None`: it accepts.
    curl: Option<&'static str>,
    openssl: &'static str,
}

const fn refused(id: &'static str, curl: &'static str, openssl: &'static str) -> Refused {
    Refused { id, name: None, curl: Some(curl), openssl }
}

const NO_NAME: &str = "no alternative certificate subject name matches target host name";
const REFUSED_BY_CLIENT: [Refused; 13] = [
    refused("F01", "invalid CA certificate", "invalid CA certificate"),
    refused("F02", "invalid CA certificate", "key usage does not include certificate signing"),
    refused("F03", "does not match target host name", "64 (IP address mismatch)"),
    Refused { name: Some("localhost"), ..refused("F10", NO_NAME, "62 (hostname mismatch)") },
    Refused { curl: None, ..refused("F11", "", "64 (IP address mismatch)") },
    refused("F12", NO_NAME, "64 (IP address mismatch)"),
    refused("F13", "certificate has expired", "certificate has expired"),
    refused("F14", "certificate is not yet valid", "9 (certificate is not yet valid)"),
    refused("F15", "unable to get local issuer certificate", "21 (unable to verify the first certificate)"),
    refused("F16", "unable to get local issuer certificate", "21 (unable to verify the first certificate)"),
    refused("F17", "unsuitable certificate purpose", "26 (unsuitable certificate purpose)"),
    refused("F25", "unable to get local issuer certificate", "21 (unable to verify the first certificate)"),
    refused("F44", "certificate has expired", "10 (certificate has expired)"),
];

/// A client certificate that TLS lets pass, or not: the status, or the alert's name.
const ANSWERED: [(&str, &str); 8] = [
    ("F04", "403"),
    ("F05", "403"),
    ("F20", "401"),
    ("F31", "403"),
    ("F32", "403"),
    ("F33", "403"),
    ("F34", "403"),
    ("F40", "401"),
];
const REFUSED_BY_SERVER: [(&str, &str); 3] =
    [("F21", "alert certificate required"), ("F22", "alert unknown ca"), ("F23", "alert bad certificate")];

/// Whether the words are the catalogue's, where it has some of that program.
fn is_in_catalogue(fault: &Fault, who: &str, words: &str) -> bool {
    let mut of_it = fault.says.iter().filter(|said| said.who == who).peekable();
    of_it.peek().is_none() || of_it.any(|said| said.text.contains(words))
}

/// A sentence without the time in it, which has moved on.
fn timeless(text: &str) -> &str {
    text.split(": current time").next().unwrap_or(text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_clients_refuse_the_server_certificates() {
    let (lab, catalogue, kubectl) = (lab(), Catalogue::embedded().unwrap(), has_kubectl());
    let mut wrong = Vec::new();
    let mut by_kubectl = 0;
    for Refused { id, name, curl, openssl } in REFUSED_BY_CLIENT {
        let fault = catalogue.find(id).unwrap();
        let scene = Scene::of(&lab, fault, name);
        let (_serving, port) = s_server(&scene);
        let mut check = |what: &str, holds: bool, output: &Output| {
            if !holds {
                wrong.push(format!("{id}: {what}: {:?} {}", output.status.code(), text(&output.stderr)));
            }
        };
        let outputs = [scene.lab_serves(|port| scene.curl(port)).await, bounded(scene.curl(port))];
        for (output, whose) in outputs.iter().zip(["the lab", "s_server"]) {
            let holds = match curl {
                Some(words) => output.status.code() == Some(60) && text(&output.stderr).contains(words),
                None => output.status.success(),
            };
            check(&format!("curl at {whose}"), holds, output);
        }
        let words = curl.unwrap_or_default();
        check("the catalogue has other words of curl", is_in_catalogue(fault, "curl", words), &outputs[0]);
        let output = scene.lab_serves(|port| scene.s_client(port)).await;
        let codes: Vec<String> =
            said(&output).lines().filter(|l| l.contains("erif")).map(str::to_owned).collect();
        check(&format!("openssl {codes:?}"), codes.iter().any(|line| line.contains(openssl)), &output);
        let known = is_in_catalogue(fault, "openssl", openssl);
        check("the catalogue has other words of openssl", known, &output);
        if kubectl && scene.client.name == "admin" {
            let report = connect(&scene.client, &scene.server, &options()).await.unwrap();
            let expected = report.client_prints.unwrap();
            let outputs = [scene.lab_serves(|port| scene.kubectl(port)).await, bounded(scene.kubectl(port))];
            for (output, whose) in outputs.iter().zip(["the lab", "s_server"]) {
                let printed = text(&output.stderr);
                let last = printed.trim_end().lines().last().unwrap_or_default();
                check(&format!("kubectl at {whose}"), timeless(last) == timeless(&expected), output);
            }
            by_kubectl += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(!kubectl || by_kubectl >= 10, "{by_kubectl}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_clients_are_refused_by_the_servers() {
    let (lab, catalogue, kubectl) = (lab(), Catalogue::embedded().unwrap(), has_kubectl());
    for (id, status) in ANSWERED {
        let fault = catalogue.find(id).unwrap();
        assert_eq!(fault.make.as_ref().unwrap().outcome, status);
        let scene = Scene::of(&lab, fault, None);
        let output = scene.lab_serves(|port| scene.curl(port)).await;
        assert!(text(&output.stdout).ends_with(status), "{id}: {output:?}");
        let output = scene.lab_serves(|port| scene.s_client(port)).await;
        assert!(said(&output).contains(&format!("HTTP/1.1 {status} ")), "{id}: {}", said(&output));
        if kubectl && scene.client.name == "admin" {
            let report = connect(&scene.client, &scene.server, &options()).await.unwrap();
            let output = scene.lab_serves(|port| scene.kubectl(port)).await;
            let printed = text(&output.stderr);
            assert_eq!(printed.trim_end().lines().last(), report.client_prints.as_deref(), "{id}");
        }
    }
    let mut wrong = Vec::new();
    for (id, alert) in REFUSED_BY_SERVER {
        let scene = Scene::of(&lab, catalogue.find(id).unwrap(), None);
        // With TLS 1.3 they learn of it late, or not at all.
        let output = scene
            .lab_serves(|port| {
                let mut command = scene.curl(port);
                command.args(["--tls-max", "1.2"]);
                command
            })
            .await;
        // 98: curl sees that a certificate is what is missing.
        let refused = matches!(output.status.code(), Some(35 | 98));
        if !refused || !text(&output.stderr).contains(alert) {
            wrong.push(format!("{id}: {output:?}"));
        }
        let output = scene
            .lab_serves(|port| {
                let mut command = scene.s_client(port);
                command.arg("-tls1_2");
                command
            })
            .await;
        if output.status.success() || !said(&output).contains(alert) {
            wrong.push(format!("{id}: {}", text(&output.stderr)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pair_that_is_none_is_loaded_by_nobody() {
    let (lab, catalogue) = (lab(), Catalogue::embedded().unwrap());
    let fault = catalogue.find("F26").unwrap();
    let scene = Scene::of(&lab, fault, None);
    let mut command = scene.command("openssl");
    command.args(["s_server", "-accept", "127.0.0.1:0", "-cert", "s.crt", "-key", "s.key", "-www"]);
    let output = bounded(command);
    assert!(!output.status.success() && said(&output).contains("key values mismatch"), "{}", said(&output));
    // The server's pair in a client's hands.
    for name in ["crt", "key"] {
        let path = |side: &str| scene.files.path().join(format!("{side}.{name}"));
        std::fs::copy(path("s"), path("c")).unwrap();
    }
    // curl loads its pair once somebody is there.
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap().port();
    let output = bounded(scene.curl(port));
    assert_eq!(output.status.code(), Some(58), "{output:?}");
    assert!(text(&output.stderr).contains("(58) unable to set private key file: 'c.key' type PEM"));
    assert!(is_in_catalogue(fault, "curl", "(58) unable to set private key file: '"));
    let output = bounded(scene.s_client(port));
    assert!(!output.status.success() && said(&output).contains("key values mismatch"), "{}", said(&output));
    if has_kubectl() {
        let words = "tls: private key does not match public key";
        let read = |name: &str| std::fs::read(scene.files.path().join(name)).unwrap();
        let kubeconfig = dojang::pki::write_kubeconfig(&dojang::pki::KubeconfigContent {
            cluster: "c",
            server: "https://127.0.0.1:9",
            server_name: None,
            user: "u",
            authority: &read("ca.crt"),
            certificate: &read("c.crt"),
            key: &read("c.key"),
        });
        std::fs::write(scene.files.path().join("config"), kubeconfig).unwrap();
        // From within a kubeconfig the pair is loaded before anybody is dialled.
        let mut command = scene.command("kubectl");
        command.args(["--kubeconfig", "config", "--request-timeout=8s", "get", "--raw", "/version"]);
        let output = bounded(command);
        assert!(text(&output.stderr).contains(&format!("error: {words}")), "{output:?}");
        assert!(is_in_catalogue(fault, "kubectl", &format!("error: {words}")));
        // From files, only when the server asks for it.
        let healthy = Scene::of(&lab, catalogue.find("F04").unwrap(), None);
        std::fs::copy(healthy.files.path().join("s.key"), healthy.files.path().join("c.key")).unwrap();
        let output = healthy.lab_serves(|port| healthy.kubectl(port)).await;
        let last = format!("Unable to connect to the server: {words}");
        assert_eq!(text(&output.stderr).trim_end().lines().last(), Some(last.as_str()), "{output:?}");
        assert!(is_in_catalogue(fault, "kubectl", &last));
    }
    require("etcdctl", "etcd-client");
    let mut command = scene.command("etcdctl");
    command.env("ETCDCTL_API", "3").args(["--endpoints", "https://127.0.0.1:9", "--command-timeout", "2s"]);
    command.args(["--cacert", "ca.crt", "--cert", "c.crt", "--key", "c.key", "endpoint", "health"]);
    let output = bounded(command);
    assert!(is_in_catalogue(fault, "etcdctl", "Error: tls: private key does not match public key"));
    assert!(said(&output).contains("Error: tls: private key does not match public key"), "{}", said(&output));
}

/// What etcd's log says of a connection that it rejects: of 3.4, built by older Go, and later.
fn rejection(fault: &Fault, words: &str) -> String {
    let version = text(&Command::new("etcd").arg("--version").output().unwrap().stdout);
    let is_old = version.contains("etcd Version: 3.4.");
    let words = match (words.strip_prefix("x509: "), is_old) {
        (Some(_), true) => format!("tls: failed to verify client certificate: {words}"),
        (Some(_), false) => format!("tls: failed to verify certificate: {words}"),
        (None, _) => words.to_owned(),
    };
    let of_it = |said: &&dojang::fault::Said| said.who == "etcd" && said.text.contains(&words);
    let known = fault.says.iter().find(of_it).unwrap_or_else(|| panic!("{}: no {words:?}", fault.id));
    assert!(!is_old || known.version == "3.4.23" || !words.contains("x509: "), "{}", fault.id);
    words
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_etcd_refuses_in_the_catalogues_words() {
    require("etcd", "etcd-server");
    let (lab, catalogue) = (lab(), Catalogue::embedded().unwrap());
    // The certificates of these clients, at an etcd with nothing wrong about itself.
    for (id, words) in [
        ("F18", "tls: first record does not look like a TLS handshake"),
        ("F21", "tls: client didn't provide a certificate"),
        ("F22", "x509: certificate signed by unknown authority"),
    ] {
        let fault = catalogue.find(id).unwrap();
        let made = if id == "F18" { catalogue.find("F21").unwrap() } else { fault };
        let scene = Scene::of(&lab, made, None);
        let etcd = Etcd::start(scene.files.path(), "s.crt");
        etcd.logs(id, "serving client");
        let mut command = scene.curl(etcd.port);
        command.args(["--tls-max", "1.2"]);
        if id == "F18" {
            command = scene.command("curl");
            command.args(["-sS", "--max-time", "8", &format!("http://127.0.0.1:{}/health", etcd.port)]);
        }
        let output = bounded(command);
        match id {
            "F18" => assert_eq!(text(&output.stderr).trim_end(), "curl: (52) Empty reply from server"),
            _ => assert_eq!(output.status.code(), Some(35), "{id}: {output:?}"),
        }
        etcd.logs(id, &rejection(fault, words));
    }
    // etcd's own dialling of itself.
    let fault = catalogue.find("F23").unwrap();
    let scene = Scene::of(&lab, fault, None);
    let etcd = Etcd::start(scene.files.path(), "s.crt");
    etcd.logs("F23", &rejection(fault, "x509: certificate specifies an incompatible key usage"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_etcd_is_refused_or_does_not_start() {
    require("etcd", "etcd-server");
    require("etcdctl", "etcd-client");
    let (lab, catalogue) = (lab(), Catalogue::embedded().unwrap());
    let fault = catalogue.find("F25").unwrap();
    let scene = Scene::of(&lab, fault, None);
    let etcd = Etcd::start(scene.files.path(), "s.crt");
    etcd.logs("F25", "serving client");
    let output = bounded(scene.curl(etcd.port));
    assert_eq!(output.status.code(), Some(60), "{output:?}");
    // A client of Go's, as the API server is one.
    let mut command = scene.command("etcdctl");
    command.env("ETCDCTL_API", "3").args(["--command-timeout", "2s", "--dial-timeout", "2s"]);
    command.args(["--endpoints", &format!("https://127.0.0.1:{}", etcd.port), "--cacert", "ca.crt"]);
    command.args(["--cert", "c.crt", "--key", "c.key", "endpoint", "health"]);
    assert!(!bounded(command).status.success());
    etcd.logs("F25", &rejection(fault, "remote error: tls: bad certificate"));

    // Servers that do not load their files end, and say why.
    let mismatched = Scene::of(&lab, catalogue.find("F26").unwrap(), None);
    for (id, certificate, words) in [
        ("F26", "s.crt", "tls: private key does not match public key"),
        ("F27", "nope.crt", "open nope.crt: no such file or directory"),
    ] {
        let mut etcd = Etcd::start(mismatched.files.path(), certificate);
        let status = etcd.process.ends().unwrap_or_else(|| panic!("{id}: etcd goes on"));
        assert!(!status.success(), "{id}");
        etcd.logs(id, &format!("\"msg\":\"listener failed\",\"error\":\"{words}\""));
        let known = catalogue.find(id).unwrap().says.iter().find(|said| said.who == "etcd").unwrap();
        assert!(known.text.starts_with("\"msg\":\"listener failed\",\"error\":\""), "{id}");
    }
}
