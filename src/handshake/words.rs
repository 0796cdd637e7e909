//! What the programs of a real cluster print and log about a connection.

use std::net::{IpAddr, SocketAddr};

use super::record::{Notes, Refusal};
use super::report::ServerLog;
use super::{ClientSide, ServerSide, Side};
use crate::blueprint::{HostName, ServerStyle};
use crate::text::quote;

/// `host:port`, with brackets around an IPv6 address.
pub(super) fn authority(host: &HostName, port: u16) -> String {
    match host {
        HostName::Ip(IpAddr::V6(address)) => format!("[{address}]:{port}"),
        host => format!("{host}:{port}"),
    }
}

/// What Go refuses to load: `tls.X509KeyPair`.
const MISMATCH: &str = "tls: private key does not match public key";

/// What a server logs of a serving pair that does not match, before it ends: kube-apiserver
/// 1.36, etcd 3.5. The kubelet's own words around Go's are not recorded.
pub fn does_not_start(style: ServerStyle) -> String {
    match style {
        ServerStyle::KubeApiserver => format!("\"command failed\" err=\"{MISMATCH}\""),
        ServerStyle::Etcd => format!("\"msg\":\"listener failed\",\"error\":\"{MISMATCH}\""),
        ServerStyle::EtcdPeer => {
            format!("\"msg\":\"creating peer listener failed\",\"error\":\"{MISMATCH}\"")
        }
        ServerStyle::Kubelet => MISMATCH.to_owned(),
    }
}

/// The program that a client speaks through.
enum Program {
    /// kubectl, with an administrator's kubeconfig.
    Kubectl,
    /// Any other client of the Kubernetes API: client-go, net/http.
    ClientGo,
    /// A client of etcd: gRPC.
    Grpc,
    /// An etcd member's probe of another one.
    Member,
}

fn program(client: &ClientSide, server: &ServerSide) -> Program {
    let component = client.name.split('@').next().unwrap_or_default();
    match (server.style, component) {
        (ServerStyle::Etcd, _) => Program::Grpc,
        (ServerStyle::EtcdPeer, _) => Program::Member,
        (_, "admin" | "super-admin") => Program::Kubectl,
        _ => Program::ClientGo,
    }
}

/// What the client's program prints about a failure; nothing if it was served.
pub(super) fn client_prints(
    client: &ClientSide,
    server: &ServerSide,
    notes: &Notes,
    mismatched_key: Option<Side>,
) -> Option<String> {
    let program = program(client, server);
    if mismatched_key == Some(Side::Client) {
        // It does not even dial.
        // kubectl's pair lies in its kubeconfig (`client-certificate-data`); given as files it
        // would dial first, and print `Unable to connect to the server: …`.
        return Some(match program {
            Program::Kubectl => format!("error: {MISMATCH}"),
            _ => MISMATCH.to_owned(),
        });
    }
    match failure(notes) {
        Some(failure) => Some(transport_words(&program, client, server, notes, &failure)),
        None => answer_words(&program, notes),
    }
}

/// Go's error on the client's side, if the connection failed.
pub(super) fn failure(notes: &Notes) -> Option<String> {
    if let Some(refusal) = &notes.client.refusal {
        return Some(refusal.message.clone());
    }
    let refusal = notes.server.refusal.as_ref()?;
    Some(match alert_words(refusal) {
        Some(words) => words,
        // The connection just ends.
        None => "EOF".to_owned(),
    })
}

/// How Go prints an alert that came from the other side.
fn alert_words(refusal: &Refusal) -> Option<String> {
    let alert = refusal.go_alert?;
    Some(format!("remote error: tls: {}", alert.go_name()))
}

fn transport_words(
    program: &Program,
    client: &ClientSide,
    server: &ServerSide,
    notes: &Notes,
    failure: &str,
) -> String {
    match program {
        Program::Kubectl => format!("Unable to connect to the server: {failure}"),
        Program::ClientGo => {
            let (method, path) = client.request.trim().split_once(' ').unwrap_or(("GET", "/"));
            let url = format!("https://{}{}", authority(&client.server_name, server.port), path.trim());
            format!("{} {}: {failure}", go_method(method), quote(&url))
        }
        Program::Grpc => {
            // With TLS 1.3 the client's handshake was over when the alert came.
            let is_late = notes.client.refusal.is_none() && notes.client.finished.is_some();
            let stage = if is_late {
                "error reading server preface"
            } else {
                "transport: authentication handshake failed"
            };
            format!("connection error: desc = {}", quote(&format!("{stage}: {failure}")))
        }
        Program::Member => failure.to_owned(),
    }
}

/// Go's `url.Error` writes `Get`, not `GET`.
fn go_method(method: &str) -> String {
    let lower = method.to_ascii_lowercase();
    let (first, rest) = lower.split_at_checked(1).unwrap_or((&lower, ""));
    format!("{}{rest}", first.to_ascii_uppercase())
}

/// What the client's program makes of an answer that is no success.
fn answer_words(program: &Program, notes: &Notes) -> Option<String> {
    let response = notes.response.as_ref()?;
    if response.status < 400 {
        return None;
    }
    let status: serde_json::Value = serde_json::from_str(&response.body).unwrap_or_default();
    let field = |name: &str| status.get(name).and_then(serde_json::Value::as_str);
    match (program, response.status) {
        (Program::Kubectl, 401) => {
            Some(format!("error: You must be logged in to the server ({})", field("message")?))
        }
        (Program::Kubectl, _) => {
            Some(format!("Error from server ({}): {}", field("reason")?, field("message")?))
        }
        _ => {
            let message = field("message").unwrap_or_else(|| response.body.trim_end());
            Some(message.to_owned())
        }
    }
}

/// What the server's log says about a connection that came from `from`.
pub(super) fn server_log(server: &ServerSide, from: SocketAddr, notes: &Notes) -> Option<ServerLog> {
    let always = |line: String| Some(ServerLog { line, verbosity: 0 });
    // The server's own error, or the alert that came from the client.
    let failure = notes.server.refusal.as_ref().map(|refusal| refusal.message.clone()).or_else(|| {
        let refusal = notes.client.refusal.as_ref();
        let own = refusal.and_then(alert_words);
        own.or_else(|| {
            let alert = notes.server.received?;
            Some(format!("remote error: tls: {}", alert.go_name()))
        })
    });
    if let Some(failure) = failure {
        return match server.style {
            ServerStyle::Etcd | ServerStyle::EtcdPeer => {
                always(rejected_connection(server, from, notes, &failure))
            }
            // kube-apiserver hides these below -v=5 (secure_serving.go).
            style => Some(ServerLog {
                line: format!("http: TLS handshake error from {from}: {failure}"),
                verbosity: if style == ServerStyle::KubeApiserver { 5 } else { 0 },
            }),
        };
    }
    let error = notes.authenticated.as_ref()?.error.as_ref()?;
    let message = match server.style {
        ServerStyle::Kubelet => "Unable to authenticate the request due to an error",
        _ => "Unable to authenticate the request",
    };
    always(format!("{} err={}", quote(message), quote(error)))
}

/// etcd's warning (`server/embed/config_logging.go`).
fn rejected_connection(server: &ServerSide, from: SocketAddr, notes: &Notes, failure: &str) -> String {
    let json = |text: &str| serde_json::Value::from(text).to_string();
    let endpoint = match server.style {
        ServerStyle::EtcdPeer => "peer",
        _ => "client",
    };
    let server_name = notes.requested_name.as_deref().unwrap_or_default();
    let names = notes.alternative_names.as_ref().map_or_else(String::new, |(addresses, names)| {
        format!(
            "\"ip-addresses\":{},\"dns-names\":{},",
            serde_json::Value::from(addresses.clone()),
            serde_json::Value::from(names.clone())
        )
    });
    format!(
        "\"msg\":\"rejected connection on {endpoint} endpoint\",\"remote-addr\":{},\
         \"server-name\":{},{names}\"error\":{}",
        json(&from.to_string()),
        json(server_name),
        json(failure)
    )
}
