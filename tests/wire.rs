//! `dojang handshake` on the wire: real clients, real servers, and what comes of forcing it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::tools::require;
use common::{answer, argument, command, dojang, text};
use dojang::blueprint::{ClusterSpec, KeyAlgorithm};
use dojang::clock::Clock;
use dojang::fault::Catalogue;
use dojang::lab::{Cancel, Directory, Lab, LabOptions, Tls};
use dojang::wire::{AlertNumber, Kind, decode};
use serde_json::Value;

/// A process that ends with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until something listens there.
fn listens(port: u16) {
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed() < Duration::from_secs(20), "nothing listens on {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The lab's artifacts in a flat directory.
fn cluster(root: &Path) -> &str {
    let root = argument(root);
    answer(&["pki", "create", root, "--key", "p256"]);
    root
}

fn messages(document: &Value) -> &[Value] {
    document["messages"].as_array().unwrap()
}

/// Nothing of it was left undecoded.
fn assert_decoded(document: &Value) {
    for message in messages(document) {
        assert!(message.get("problem").is_none(), "{message:#}");
    }
}

/// The names of the messages, `>` before the client's and `<` before the server's.
fn told(document: &Value) -> Vec<String> {
    let row = |message: &Value| {
        let arrow = if message["from"] == "client" { ">" } else { "<" };
        format!("{arrow} {}", message["type"].as_str().unwrap())
    };
    messages(document).iter().map(row).collect()
}

/// The numbers of the handshake messages of each connection that tshark finds in a capture,
/// by the port of their sender.
fn tshark(capture: &Path, server_port: u16) -> Vec<(Vec<u64>, Vec<u64>)> {
    require("tshark", "tshark");
    let mut command = Command::new("tshark");
    command.env("HOME", capture.parent().unwrap()).env("LC_ALL", "C.UTF-8").arg("-r").arg(capture);
    command.args(["-d", &format!("tcp.port=={server_port},tls"), "-Y", "tls", "-T", "fields"]);
    command.args(["-e", "tcp.stream", "-e", "tcp.srcport", "-e", "tls.handshake.type"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let mut found: Vec<(Vec<u64>, Vec<u64>)> = Vec::new();
    for line in text(&output.stdout).lines() {
        let [stream, port, types] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let stream: usize = stream.parse().unwrap();
        found.resize(found.len().max(stream + 1), Default::default());
        let side = if port == server_port.to_string() { &mut found[stream].1 } else { &mut found[stream].0 };
        side.extend(types.split(',').filter_map(|number| number.parse::<u64>().ok()));
    }
    found
}

/// The same of a document.
fn numbers(document: &Value) -> (Vec<u64>, Vec<u64>) {
    let of = |side: &str| {
        let own = messages(document).iter().filter(|message| message["from"] == side);
        own.filter_map(|message| {
            let first = &message["fields"].as_array()?.first()?;
            let number = first["value"].as_str()?.rsplit_once('(')?.1.trim_end_matches(')').parse().ok();
            number.filter(|_| first["name"] == "msg_type")
        })
        .collect()
    };
    (of("client"), of("server"))
}

/// openssl without the extended master secret of TLS 1.2.
fn without_ems(directory: &Path) -> std::path::PathBuf {
    let path = directory.join("no-ems.cnf");
    let text = "openssl_conf = init\n[init]\nssl_conf = ssl\n[ssl]\nsystem_default = all\n[all]\n\
                Options = -ExtendedMasterSecret\n";
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn real_clients_are_recorded_to_the_last_message() {
    for (tool, package) in [("curl", "curl"), ("openssl", "openssl"), ("kubectl", "kubernetes-client")] {
        require(tool, package);
    }
    let directory = tempfile::tempdir().unwrap();
    let root = cluster(directory.path());
    let file = |name: &str| directory.path().join(name);
    let (port, capture) = (free_port(), file("clients.pcapng"));
    let mut listen = command(&["handshake", "kube-apiserver", "--dir", root, "--format", "json"]);
    listen.args(["--listen", &port.to_string(), "--pcapng", argument(&capture)]);
    let mut listening = listen.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It says when it listens; dialling to see would be a connection.
    let mut first = [0; 16];
    listening.stderr.as_mut().unwrap().read_exact(&mut first).unwrap();
    let url = format!("https://127.0.0.1:{port}/version");
    let run = |program: &str, arguments: &[&str], environment: &[(&str, &Path)]| {
        let mut command = Command::new(program);
        command.args(arguments).envs(environment.iter().copied()).stdin(Stdio::null());
        let output = command.current_dir(directory.path()).output().unwrap();
        text(&output.stdout) + &text(&output.stderr)
    };
    let pair = ["--cert", "admin.crt", "--key", "admin.key"];
    let said = run("curl", &[&["-sk", &url][..], &pair].concat(), &[]);
    assert!(said.contains("gitVersion"), "{said}");
    let said = run("curl", &["-sk", "--tls-max", "1.2", &url], &[]);
    assert!(said.contains("gitVersion"), "{said}");
    // A group for which no key share was sent first.
    let dialled = format!("127.0.0.1:{port}");
    let retried = ["s_client", "-connect", &dialled, "-groups", "X448:P-384", "-CAfile", "ca.crt"];
    let said = run("openssl", &retried, &[]);
    assert!(said.contains("Server Temp Key: ECDH, secp384r1"), "{said}");
    let ems = without_ems(directory.path());
    let old = ["s_client", "-connect", &dialled, "-tls1_2", "-cert", "admin.crt", "-key", "admin.key"];
    let said = run("openssl", &old, &[("OPENSSL_CONF", &ems)]);
    assert!(said.contains("Extended master secret: no"), "{said}");
    let server = format!("--server=https://127.0.0.1:{port}");
    let name = "--tls-server-name=kubernetes";
    let said = run(
        "kubectl",
        &["--kubeconfig=admin.kubeconfig", &server, name, "get", "--raw", "/version"],
        &[("HOME", directory.path())],
    );
    assert!(said.contains("gitVersion"), "{said}");

    // Ctrl-C ends it. How many connections kubectl makes depends on its version.
    let interrupt = Command::new("kill").args(["-INT", &listening.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    let output = listening.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let documents: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    documents.iter().for_each(assert_decoded);
    let outcomes: Vec<&str> = documents.iter().map(|d| d["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes[..4], ["200", "200", "finished", "finished"]);
    assert!(outcomes.len() > 4 && outcomes[4..].iter().all(|outcome| *outcome == "200"), "{outcomes:?}");
    assert_eq!(documents[0]["identity"]["user"], "kube-admin");
    assert_eq!(documents[1]["tls"], "TLS 1.2");
    assert_eq!(told(&documents[2])[1], "< hello_retry_request");
    assert_eq!(documents[4]["server_name"], "kubernetes");
    for document in &documents {
        let facts = messages(document).iter().flat_map(|message| message["facts"].as_array().unwrap());
        let right = facts.filter(|fact| fact["name"] == "verify_data" && fact["value"] == "right").count();
        assert_eq!(right, 2, "{}", document["number"]);
    }
    let seen = tshark(&capture, port);
    let own: Vec<_> = documents.iter().map(numbers).collect();
    assert_eq!(own, seen);
}

/// Starts openssl's server, and gives its port.
fn s_server(directory: &Path, arguments: &[&str], config: Option<&Path>) -> (Process, u16) {
    require("openssl", "openssl");
    let port = free_port();
    let mut server = Command::new("openssl");
    server.args(["s_server", "-accept", &format!("127.0.0.1:{port}"), "-cert", "apiserver.crt"]);
    server.args(["-key", "apiserver.key", "-CAfile", "ca.crt", "-naccept", "20", "-quiet"]).args(arguments);
    server.envs(config.map(|path| ("OPENSSL_CONF", path)));
    server.current_dir(directory).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let process = Process(server.spawn().unwrap());
    listens(port);
    (process, port)
}

/// `dojang handshake` with a real server: the exit status and the document.
fn dial(port: u16, arguments: &[&str]) -> (i32, Value) {
    let address = format!("127.0.0.1:{port}");
    let output = dojang(&[&["handshake", &address, "--format", "json"], arguments].concat());
    let document = serde_json::from_slice(&output.stdout);
    let document = document.unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
    (output.status.code().unwrap(), document)
}

#[test]
fn openssls_server_is_met_and_read_to_the_last_message() {
    let directory = tempfile::tempdir().unwrap();
    cluster(directory.path());
    let file = |name: &str| argument(&directory.path().join(name)).to_owned();
    let (ca, certificate, key, capture) =
        (file("ca.crt"), file("admin.crt"), file("admin.key"), file("server.pcapng"));
    let whole = ["--ca", &ca, "--cert", &certificate, "--key", &key, "--servername", "kubernetes"];
    let written = ["--pcapng", &capture];
    let ems = without_ems(directory.path());
    for (arguments, config, tls) in [
        (&["-Verify", "1", "-verify_return_error"][..], None, "TLS 1.3"),
        (&["-Verify", "1", "-tls1_2"], None, "TLS 1.2"),
        (&["-Verify", "1", "-tls1_2"], Some(ems.as_path()), "TLS 1.2"),
        (&["-Verify", "1", "-groups", "P-384"], None, "TLS 1.3"),
    ] {
        let (_server, port) = s_server(directory.path(), arguments, config);
        let (status, document) = dial(port, &[&whole[..], &written].concat());
        assert_eq!((status, document["outcome"].as_str()), (0, Some("finished")), "{arguments:?}");
        assert_decoded(&document);
        assert_eq!(document["tls"], tls);
        assert_eq!(document["server_verdict"]["accepted"], true);
        assert!(told(&document).contains(&"> certificate_verify".to_owned()), "{:?}", told(&document));
        assert_eq!(tshark(Path::new(&capture), port), [numbers(&document)], "{arguments:?}");
        // Nothing but the handshake and a clean end.
        assert!(!told(&document).contains(&"> application_data".to_owned()));
        let last = messages(&document).iter().rfind(|message| message["from"] == "client").unwrap();
        assert_eq!(last["summary"], "warning close_notify (0)");

        // Without a certificate it is refused, with TLS 1.3 after it has finished.
        let (status, document) = dial(port, &[]);
        assert_eq!((status, document["outcome"].as_str()), (1, Some("refused-by-server")), "{arguments:?}");
        assert_decoded(&document);
        assert_eq!(document["server_verdict"], Value::Null);
        // By a name that the certificate does not have.
        let (status, document) = dial(port, &["--ca", &ca, "--servername", "other"]);
        assert_eq!((status, document["outcome"].as_str()), (1, Some("refused-by-client")));
        // What a server of TLS 1.3 says to that is under a key that this client never had.
        let unread = messages(&document).iter().filter(|message| message.get("problem").is_some());
        assert!(unread.clone().count() <= 1 && unread.clone().all(|message| message["from"] == "server"));
        assert_eq!(document["alert"]["sent"], "bad_certificate");
    }
}

#[test]
fn a_real_etcd_is_met_and_read_to_the_last_message() {
    require("etcd", "etcd-server");
    let directory = tempfile::tempdir().unwrap();
    cluster(directory.path());
    let file = |name: &str| argument(&directory.path().join(name)).to_owned();
    let (port, peer) = (free_port(), free_port());
    let mut etcd = Command::new("etcd");
    etcd.current_dir(directory.path()).args([
        "--data-dir",
        "data",
        "--client-cert-auth",
        "--trusted-ca-file",
    ]);
    etcd.args(["ca.crt", "--cert-file", "etcdserver.crt", "--key-file", "etcdserver.key"]);
    for flag in ["--listen-client-urls", "--advertise-client-urls"] {
        etcd.args([flag, &format!("https://127.0.0.1:{port}")]);
    }
    etcd.args(["--listen-peer-urls", &format!("http://127.0.0.1:{peer}")]);
    let _etcd = Process(etcd.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    listens(port);
    let (ca, capture) = (file("ca.crt"), file("etcd.pcapng"));
    let (certificate, key) = (file("apiserver-etcd-client.crt"), file("apiserver-etcd-client.key"));
    let presents = ["--ca", &ca, "--cert", &certificate, "--key", &key, "--alpn", "h2", "--pcapng", &capture];
    for tls in ["1.3", "1.2"] {
        let (status, document) = dial(port, &[&presents[..], &["--tls", tls]].concat());
        assert_eq!((status, document["outcome"].as_str()), (0, Some("finished")), "{document:#}");
        assert_decoded(&document);
        assert_eq!(document["alpn"], "h2");
        assert_eq!(tshark(Path::new(&capture), port), [numbers(&document)]);
        let (status, document) = dial(port, &["--ca", &ca, "--tls", tls]);
        assert_eq!((status, document["outcome"].as_str()), (1, Some("refused-by-server")), "{document:#}");
        assert_decoded(&document);
    }
}

/// A server that answers the first bytes with these, or never.
fn stub(reply: Option<&'static [u8]>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut buffer = [0; 4096];
        let _ = stream.read(&mut buffer);
        match reply {
            Some(reply) => drop(stream.write_all(reply)),
            None => std::thread::sleep(Duration::from_secs(30)),
        }
    });
    port
}

#[test]
fn who_speaks_no_tls_is_told_in_one_sentence() {
    let run = |port: u16, more: &[&str]| {
        let address = format!("127.0.0.1:{port}");
        let output = dojang(&[&["handshake", &address], more].concat());
        let said = text(&output.stderr);
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
        (output.status.code().unwrap(), said)
    };
    let (status, said) = run(stub(Some(b"HTTP/1.1 400 Bad Request\r\n\r\n")), &[]);
    assert_eq!(status, 3);
    assert!(said.contains("HTTP without TLS") && said.contains("name the port where it does"), "{said}");
    let (status, said) = run(stub(Some(b"SSH-2.0-OpenSSH_9.2\r\n")), &[]);
    assert!(status == 3 && said.contains("SSH"), "{said}");
    let (status, said) = run(stub(Some(b"")), &[]);
    assert!(status == 3 && said.contains("without a word of why"), "{said}");
    let (status, said) = run(stub(None), &["--timeout", "1"]);
    assert!(status == 3 && said.contains("said nothing within 1 s"), "{said}");
    let (status, said) = run(free_port(), &[]);
    assert!(status == 3 && said.contains("see that a server listens there"), "{said}");
    for (arguments, word) in [
        (&["handshake", "admin"][..], "HOST:PORT"),
        (&["handshake", "127.0.0.1:1", "--suite", "x"], "--suite is for two components"),
        (&["handshake", "admin", "etcd", "--ca", "x"], "--ca is for a real server"),
        (&["handshake", "etcd", "--listen", "nowhere"], "ADDRESS:PORT"),
    ] {
        let output = dojang(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(word), "{}", text(&output.stderr));
    }
}

#[test]
fn suites_groups_and_retries_are_forced_and_written_down() {
    let directory = tempfile::tempdir().unwrap();
    let root = cluster(directory.path());
    let keys = directory.path().join("keys.log");
    let shake = |arguments: &[&str]| -> Value {
        let all = [&["handshake", "admin", "kube-apiserver", "--dir", root, "--format", "json"], arguments];
        serde_json::from_str(&answer(&all.concat())).unwrap()
    };
    let keylog = ["--keylog", argument(&keys)];
    let document = shake(
        &[&["--suite", "TLS13_CHACHA20_POLY1305_SHA256", "--group", "secp384r1"][..], &keylog].concat(),
    );
    assert_eq!(document["cipher_suite"], "TLS_CHACHA20_POLY1305_SHA256");
    assert_eq!(document["group"], "secp384r1");
    assert_eq!(document["http"]["status"], 200);
    assert_decoded(&document);
    let document = shake(&[&["--retry"][..], &keylog].concat());
    assert_eq!(told(&document)[..2], ["> client_hello", "< hello_retry_request"]);
    assert_decoded(&document);
    let suite = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";
    let document = shake(&[&["--tls", "1.2", "--suite", suite][..], &keylog].concat());
    assert_eq!((document["tls"].as_str(), document["cipher_suite"].as_str()), (Some("TLS 1.2"), Some(suite)));
    assert_decoded(&document);
    let log = std::fs::read_to_string(&keys).unwrap();
    assert_eq!(log.lines().filter(|line| line.starts_with("CLIENT_TRAFFIC_SECRET_0 ")).count(), 2, "{log}");
    assert_eq!(log.lines().filter(|line| line.starts_with("CLIENT_RANDOM ")).count(), 1, "{log}");
    assert_eq!(std::fs::metadata(&keys).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn every_refused_handshake_is_read_to_its_alert() {
    let mut spec = ClusterSpec { key: KeyAlgorithm::P256, ..ClusterSpec::default() };
    // Two etcd members, so that they can be faulty to each other.
    spec.control_planes.push("cp2=10.0.0.11".parse().unwrap());
    let options =
        LabOptions { directory: Directory::Temporary, spec: Some(spec), clock: Clock::System, lessons: None };
    let lab = Lab::open(options).unwrap();
    let mut refused = 0;
    for fault in &Catalogue::embedded().unwrap().faults {
        let Some(making) = &fault.make else { continue };
        let connection = lab.connection_of(making).unwrap();
        for tls in [Tls::Tls12, Tls::Tls13] {
            let view = lab.connect_made(&connection, tls, making, &Cancel::default()).unwrap();
            let outcome = view.outcome.unwrap();
            let Some(recording) = &outcome.recording else {
                // A program that does not start, or tells what it is told: no connection.
                continue;
            };
            let transcript = decode(recording);
            for message in &transcript.messages {
                assert_eq!(message.problem, None, "{} {}: {message:?}", fault.id, message.kind);
            }
            let Some(alert) = &outcome.alert else { continue };
            let fatal = transcript.messages.iter().filter(|m| m.kind == Kind::Alert && m.bytes[1] != 0);
            let fatal: Vec<_> = fatal.map(|m| (m.from.to_string(), AlertNumber(m.bytes[1]).name())).collect();
            assert_eq!(fatal, [(alert.from.clone(), alert.sent.clone())], "{}", fault.id);
            refused += 1;
        }
    }
    assert!(refused >= 10, "{refused}");
}
