//! Real programs put in the place of either side of a faulty connection of the lab's.

use std::fs::File;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use dojang::blueprint::{ClusterSpec, HostName, KeyAlgorithm};
use dojang::clock::Clock;
use dojang::fault::Fault;
use dojang::handshake::{ClientSide, Options, ServerSide, serve_once};
use dojang::lab::{Cancel, Directory, Lab, LabOptions};
use tokio::net::TcpListener;

use crate::common::text;

/// No program takes longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The lab with one fault on the connection that shows it, and the files of both sides.
pub(crate) struct Scene {
    pub(crate) client: ClientSide,
    pub(crate) server: ServerSide,
    pub(crate) files: tempfile::TempDir,
}

pub(crate) fn lab() -> Lab {
    let spec = ClusterSpec { key: KeyAlgorithm::P256, ..ClusterSpec::default() };
    let options =
        LabOptions { directory: Directory::Temporary, spec: Some(spec), clock: Clock::System, lessons: None };
    Lab::open(options).unwrap()
}

pub(crate) fn pem(kind: &str, ders: &[Vec<u8>]) -> String {
    ders.iter().map(|der| dojang::pki::pem(kind, der)).collect()
}

impl Scene {
    pub(crate) fn of(lab: &Lab, fault: &Fault, name: Option<&str>) -> Self {
        let making = fault.make.as_ref().unwrap();
        let mut connection = lab.plan().connect(&making.client, &making.server).unwrap();
        if making.without_certificate {
            connection.credential = None;
        }
        let sides = || lab.sides_faulty(&connection, making.change.as_ref(), &Cancel::default());
        let (mut client, server) = tokio::task::block_in_place(sides).unwrap();
        if let Some(name) = name {
            client.server_name = name.parse().unwrap();
        }
        let files = tempfile::tempdir().unwrap();
        let write = |name: &str, text: String| std::fs::write(files.path().join(name), text).unwrap();
        let roots = |roots: &Option<_>| -> Vec<Vec<u8>> {
            let roots: Option<&std::sync::Arc<dojang::trust::Roots>> = roots.as_ref();
            roots.iter().flat_map(|roots| roots.certificates()).map(|root| root.der().to_vec()).collect()
        };
        write("ca.crt", pem("CERTIFICATE", &roots(&client.roots)));
        write("client-ca.crt", pem("CERTIFICATE", &roots(&server.client_roots)));
        write("s.crt", pem("CERTIFICATE", &server.credential.chain));
        write("s.key", pem("PRIVATE KEY", std::slice::from_ref(&server.credential.key)));
        if let Some(credential) = &client.credential {
            write("c.crt", pem("CERTIFICATE", &credential.chain));
            write("c.key", pem("PRIVATE KEY", std::slice::from_ref(&credential.key)));
        }
        let (method, path) = client.request.split_once(' ').unwrap();
        write("request", format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        Self { client, server, files }
    }

    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.files.path()).env("HOME", self.files.path());
        command
    }

    /// curl asks for the server by its name and dials the loopback.
    pub(crate) fn curl(&self, port: u16) -> Command {
        let path = self.client.request.split_once(' ').unwrap().1;
        let mut command = self.command("curl");
        command.args(["-sS", "--max-time", "8", "-w", "\n%{http_code}"]);
        match self.client.roots {
            None => command.arg("-k"),
            Some(_) => command.args(["--cacert", "ca.crt"]),
        };
        if self.client.credential.is_some() {
            command.args(["--cert", "c.crt", "--key", "c.key"]);
        }
        let host = match &self.client.server_name {
            HostName::Ip(IpAddr::V6(address)) => format!("[{address}]"),
            host => host.to_string(),
        };
        command.args(["--connect-to", &format!("::127.0.0.1:{port}")]);
        command.arg(format!("https://{host}:{port}{path}"));
        command
    }

    /// openssl goes on after a certificate that it does not like, and says so at the end.
    pub(crate) fn s_client(&self, port: u16) -> Command {
        let mut command = self.command("openssl");
        command.args(["s_client", "-ign_eof", "-CAfile", "ca.crt", "-connect"]);
        command.arg(format!("127.0.0.1:{port}"));
        let name = self.client.server_name.to_string();
        match self.client.server_name {
            HostName::Ip(_) => command.args(["-verify_ip", &name]),
            HostName::Dns(_) => command.args(["-verify_hostname", &name]),
        };
        if self.client.credential.is_some() {
            command.args(["-cert", "c.crt", "-key", "c.key"]);
        }
        command.stdin(File::open(self.files.path().join("request")).unwrap());
        command
    }

    pub(crate) fn kubectl(&self, port: u16) -> Command {
        let mut command = self.command("kubectl");
        command
            .env("KUBECONFIG", "/dev/null")
            .args(["--certificate-authority=ca.crt", "--client-certificate=c.crt", "--client-key=c.key"])
            .args(["--request-timeout=8s", &format!("--tls-server-name={}", self.client.server_name)])
            .arg(format!("--server=https://127.0.0.1:{port}"))
            .args(["get", "--raw", self.client.request.split_once(' ').unwrap().1]);
        command
    }

    /// What a real client makes of the lab's server.
    pub(crate) async fn lab_serves(&self, client: impl FnOnce(u16) -> Command) -> Output {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let command = client(listener.local_addr().unwrap().port());
        let mut running = tokio::task::spawn_blocking(move || bounded(command));
        let options = options();
        loop {
            tokio::select! {
                served = serve_once(&listener, &self.server, &options) => drop(served.unwrap()),
                output = &mut running => return output.unwrap(),
            }
        }
    }
}

pub(crate) fn options() -> Options {
    Options { timeout: PATIENCE, ..Options::at(Clock::System.now()) }
}

/// A program's output, if it ends in time.
pub(crate) fn bounded(mut command: Command) -> Output {
    let mut child = Process(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let read = |from: Option<Box<dyn std::io::Read + Send>>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            from.unwrap().read_to_end(&mut bytes).map(|_| bytes).unwrap()
        })
    };
    let stdout = read(child.0.stdout.take().map(|out| Box::new(out) as _));
    let stderr = read(child.0.stderr.take().map(|out| Box::new(out) as _));
    let status = child.ends().unwrap_or_else(|| panic!("{command:?} does not end"));
    Output { status, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
}

/// A process that ends with the test.
pub(crate) struct Process(pub(crate) Child);

impl Process {
    pub(crate) fn ends(&mut self) -> Option<std::process::ExitStatus> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.0.try_wait().unwrap() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// openssl in the server's place, on the same pair: its process and port.
pub(crate) fn s_server(scene: &Scene) -> (Process, u16) {
    let mut command = scene.command("openssl");
    command.args(["s_server", "-accept", "127.0.0.1:0", "-cert", "s.crt", "-key", "s.key", "-www"]);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if let Some(port) = line.strip_prefix("ACCEPT 127.0.0.1:") {
                let _ = send.send(port.trim().parse::<u16>().unwrap());
            }
        }
    });
    let process = Process(child);
    (process, receive.recv_timeout(PATIENCE).expect("openssl s_server does not listen"))
}

pub(crate) fn said(output: &Output) -> String {
    text(&output.stdout) + &text(&output.stderr)
}

/// Whether there is a kubectl of 1.26 or newer; says loudly if not.
pub(crate) fn has_kubectl() -> bool {
    let version = Command::new("kubectl").args(["version", "--client", "-o", "json"]).output();
    let version = version.ok().and_then(|out| serde_json::from_slice::<serde_json::Value>(&out.stdout).ok());
    let minor = version.as_ref().and_then(|version| version["clientVersion"]["minor"].as_str());
    let digits = minor.map(|minor| minor.trim_end_matches(|c: char| !c.is_ascii_digit()));
    let is_there = digits.and_then(|digits| digits.parse::<u32>().ok()).is_some_and(|minor| minor >= 26);
    if !is_there {
        // Past the capture of the test's own output.
        let _ = writeln!(std::io::stderr(), "NOT TESTED: kubectl, since there is none of 1.26 or newer here");
    }
    is_there
}

/// A real etcd on the scene's files.
pub(crate) struct Etcd {
    pub(crate) process: Process,
    pub(crate) log: PathBuf,
    pub(crate) port: u16,
}

impl Etcd {
    pub(crate) fn start(directory: &Path, certificate: &str) -> Self {
        let held: Vec<std::net::TcpListener> =
            (0..2).map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let [port, peer] = [&held[0], &held[1]].map(|held| held.local_addr().unwrap().port());
        drop(held);
        let (log, data) = (directory.join("log"), directory.join("data"));
        let (url, peer) = (format!("https://127.0.0.1:{port}"), format!("http://127.0.0.1:{peer}"));
        let mut command = Command::new("etcd");
        command.current_dir(directory).args(["--cert-file", certificate, "--key-file", "s.key"]);
        command.args(["--trusted-ca-file", "client-ca.crt", "--client-cert-auth"]);
        command.args(["--listen-client-urls", &url, "--advertise-client-urls", &url]);
        command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
        command.args(["--initial-cluster", &format!("default={peer}"), "--logger", "zap"]);
        command.args(["--log-outputs", "stderr", "--data-dir"]).arg(data).stdin(Stdio::null());
        let child = command.stdout(Stdio::null()).stderr(File::create(&log).unwrap()).spawn().unwrap();
        Self { process: Process(child), log, port }
    }

    /// Waits until the log says this.
    pub(crate) fn logs(&self, id: &str, words: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = std::fs::read_to_string(&self.log).unwrap();
            if log.contains(words) {
                return;
            }
            assert!(Instant::now() < deadline, "{id}: etcd does not log {words:?}:\n{log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
