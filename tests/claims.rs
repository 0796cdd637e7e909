//! What the lessons say about curl and kubectl, held against curl and kubectl: every
//! connection of every lesson is made by the real clients too, on the same files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use dojang::blueprint::{ClusterSpec, HostName, KeyAlgorithm, ServerStyle};
use dojang::clock::Clock;
use dojang::handshake::{ClientSide, Options, Report, Served, ServerSide, Version, connect, serve_once};
use dojang::lab::{Cancel, Directory, Lab, LabOptions};
use dojang::lesson::{Lesson, Step};
use tokio::net::TcpListener;
use tokio::time::timeout;

fn lab() -> Lab {
    let spec = ClusterSpec { key: KeyAlgorithm::P256, ..ClusterSpec::default() };
    let options =
        LabOptions { directory: Directory::Temporary, spec: Some(spec), clock: Clock::System, lessons: None };
    Lab::open(options).unwrap()
}

fn options(version: Version) -> Options {
    Options { version, timeout: Duration::from_secs(10), ..Options::at(Clock::System.now()) }
}

fn write_pem(path: &Path, kind: &str, ders: &[Vec<u8>]) {
    use base64::Engine as _;
    let mut text = String::new();
    for der in ders {
        let body = base64::engine::general_purpose::STANDARD.encode(der);
        text += &format!("-----BEGIN {kind}-----\n");
        for line in body.as_bytes().chunks(64) {
            text += std::str::from_utf8(line).unwrap();
            text.push('\n');
        }
        text += &format!("-----END {kind}-----\n");
    }
    std::fs::write(path, text).unwrap();
}

/// The files of the client, as its user has them: `ca.crt`, `c.crt`, `c.key`.
fn files(client: &ClientSide, directory: &Path) {
    let roots = client.roots.iter().flat_map(|roots| roots.certificates()).map(|root| root.der().to_vec());
    write_pem(&directory.join("ca.crt"), "CERTIFICATE", &roots.collect::<Vec<_>>());
    if let Some(credential) = &client.credential {
        write_pem(&directory.join("c.crt"), "CERTIFICATE", &credential.chain);
        write_pem(&directory.join("c.key"), "PRIVATE KEY", std::slice::from_ref(&credential.key));
    }
}

/// The pair inside a kubeconfig, as the lab's kubeconfigs have it: what kubectl prints of a
/// pair that does not match is not what it prints of two files.
fn embed(directory: &Path) {
    use base64::Engine as _;
    let data = |name: &str| {
        base64::engine::general_purpose::STANDARD.encode(std::fs::read(directory.join(name)).unwrap())
    };
    let user = format!("{{client-certificate-data: {}, client-key-data: {}}}", data("c.crt"), data("c.key"));
    let text = format!("apiVersion: v1\nkind: Config\nusers: [{{name: user, user: {user}}}]\n");
    std::fs::write(directory.join("kubeconfig"), text).unwrap();
}

/// Runs a real client against our server: what came of its last connection.
async fn serve(server: &ServerSide, client: impl FnOnce(u16) -> Command) -> (Option<Served>, Output) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let mut command = client(listener.local_addr().unwrap().port());
    let mut running = tokio::task::spawn_blocking(move || command.output().expect("the client is needed"));
    let options = options(Version::Tls13);
    let mut last = None;
    let output = loop {
        let serving = serve_once(&listener, server, &options);
        tokio::pin!(serving);
        tokio::select! {
            served = &mut serving => last = Some(served.unwrap()),
            output = &mut running => {
                if let Ok(served) = timeout(Duration::from_millis(100), serving).await {
                    last = Some(served.unwrap());
                }
                break output.unwrap();
            }
        }
    };
    (last, output)
}

/// curl as the client of a connection, asking for the server by the name it goes by.
fn curl(client: &ClientSide, port: u16, directory: &Path) -> Command {
    let path = client.request.split_once(' ').unwrap().1;
    let mut command = Command::new("curl");
    command.current_dir(directory).args(["-sS", "--max-time", "5", "-w", "\n%{http_code}"]);
    match &client.roots {
        None => command.arg("-k"),
        Some(roots) if roots.certificates().is_empty() => &mut command,
        Some(_) => command.args(["--cacert", "ca.crt"]),
    };
    if client.credential.is_some() {
        command.args(["--cert", "c.crt", "--key", "c.key"]);
    }
    let host = match &client.server_name {
        HostName::Ip(IpAddr::V6(address)) => format!("[{address}]"),
        host => host.to_string(),
    };
    // The name is asked for, the loopback is dialled.
    command.args(["--connect-to", &format!("::127.0.0.1:{port}"), &format!("https://{host}:{port}{path}")]);
    command
}

/// What curl is known to do otherwise than a Go client, by the lessons' own words: it takes
/// the common name where there is no SAN, and a key pair that does not match it does not load.
fn curl_agrees(report: &Report, output: &Output) -> Result<(), String> {
    let printed = String::from_utf8_lossy(&output.stdout);
    let status: u16 = printed.trim_end().lines().last().and_then(|line| line.parse().ok()).unwrap_or(0);
    let code = output.status.code().unwrap_or(-1);
    let legacy = report
        .server_verdict
        .as_ref()
        .and_then(|verdict| verdict.refusal.as_ref())
        .is_some_and(|refusal| refusal.message.contains("relies on legacy Common Name"));
    use dojang::handshake::Outcome;
    let agrees = match report.outcome {
        Outcome::Answered(expected) => status == expected,
        Outcome::RefusedByClient if legacy => code == 0,
        Outcome::RefusedByClient => code == 60,
        // With TLS 1.3 it learns of it late: as a broken read or write.
        Outcome::RefusedByServer => matches!(code, 35 | 55 | 56),
    };
    agrees.then_some(()).ok_or_else(|| {
        format!(
            "{:?}, but curl: exit {code}, HTTP {status}: {}",
            report.outcome,
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

fn steps(lab: &Lab) -> Vec<(&Lesson, &Step)> {
    lab.curriculum()
        .lessons
        .iter()
        .flat_map(|lesson| lesson.steps.iter().map(move |step| (lesson, step)))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl_comes_to_what_the_lessons_show() {
    let lab = lab();
    let directory = tempfile::tempdir().unwrap();
    let (mut tried, mut wrong) = (0, Vec::new());
    for (lesson, step) in steps(&lab) {
        let Some((client, server)) =
            tokio::task::block_in_place(|| lab.sides_of(step, &Cancel::default())).unwrap()
        else {
            continue;
        };
        let report = connect(&client, &server, &options(Version::Tls13)).await.unwrap();
        // A pair that does not load is never served.
        if report.mismatched_key.is_some() || server.style == ServerStyle::EtcdPeer {
            continue;
        }
        files(&client, directory.path());
        let (_, output) = serve(&server, |port| curl(&client, port, directory.path())).await;
        tried += 1;
        if let Err(error) = curl_agrees(&report, &output) {
            wrong.push(format!("{}/{}: {error}", lesson.id, step.id));
        }
    }
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried >= 60, "{tried}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_prints_what_the_lessons_show() {
    let lab = lab();
    let directory = tempfile::tempdir().unwrap();
    let (mut tried, mut wrong) = (0, Vec::new());
    for (lesson, step) in steps(&lab) {
        let Some((client, server)) =
            tokio::task::block_in_place(|| lab.sides_of(step, &Cancel::default())).unwrap()
        else {
            continue;
        };
        let is_kubectl =
            ["admin", "super-admin"].contains(&client.name.as_str()) && client.credential.is_some();
        let is_get = client.request.starts_with("GET ");
        if !is_kubectl || !is_get || server.style != ServerStyle::KubeApiserver || client.roots.is_none() {
            continue;
        }
        let name = client.server_name.clone();
        // Without roots of its own, kubectl takes the machine's.
        if client.roots.as_ref().is_some_and(|roots| roots.certificates().is_empty()) {
            continue;
        }
        let report = connect(&client, &server, &options(Version::Tls13)).await.unwrap();
        if report.mismatched_key == Some(dojang::handshake::Side::Server) {
            continue;
        }
        files(&client, directory.path());
        let path = client.request.split_once(' ').unwrap().1.to_owned();
        embed(directory.path());
        let (_, output) = serve(&server, |port| {
            let mut command = Command::new("kubectl");
            command
                .current_dir(directory.path())
                .env("HOME", directory.path())
                .env("KUBECONFIG", "kubeconfig")
                .args(["--certificate-authority=ca.crt", "--user=user"])
                .args(["--request-timeout=5s", &format!("--tls-server-name={name}")])
                .arg(format!("--server=https://127.0.0.1:{port}"))
                .args(["get", "--raw", &path]);
            command
        })
        .await;
        tried += 1;
        let printed = String::from_utf8_lossy(&output.stderr);
        let printed = printed.trim_end().lines().last().filter(|line| !line.is_empty());
        if printed != report.client_prints.as_deref() {
            wrong.push(format!("{}/{}: {printed:?}, not {:?}", lesson.id, step.id, report.client_prints));
        }
    }
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried >= 10, "{tried}");
}
