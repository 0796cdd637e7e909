//! What came of a connection.

use std::fmt;
use std::time::Duration;

use super::{Alert, AlertNumber, Side, Version};
use crate::access::{Decision, HttpResponse, Identity};
use crate::trust::Verdict;
use crate::wire::Recording;

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// With an HTTP answer of this status; 401 and 403 among them.
    Answered(u16),
    /// The client would not have the server's certificate or signature.
    RefusedByClient,
    /// The server would not have the client, in TLS.
    RefusedByServer,
}

/// One thing that happened, on one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Where.
    pub side: Side,
    /// What.
    pub step: Step,
}

impl fmt::Display for Event {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.side, self.step)
    }
}

/// What happens on a side, in the field's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The client dials and offers a version.
    Dials {
        /// The name or address that it asks for.
        server_name: String,
        /// What it offers.
        version: Version,
    },
    /// The server reads a ClientHello.
    ClientHello {
        /// The name in it (SNI); addresses are not sent.
        server_name: Option<String>,
    },
    /// The client reads a CertificateRequest.
    CertificateRequest {
        /// Subjects of the authorities that the server names; a hint.
        authorities: Vec<String>,
    },
    /// It sends its certificate.
    Presents {
        /// The leaf's subject; `None` if it does not parse.
        subject: Option<String>,
        /// How many certificates there are, leaf included.
        certificates: usize,
    },
    /// It was asked for a certificate and sends none.
    PresentsNothing,
    /// It accepts the other side's certificate.
    ChainAccepted {
        /// Subjects of the path, leaf first.
        path: Vec<String>,
    },
    /// It takes the certificate unseen: kube-apiserver and kubelets verify later, over
    /// HTTP; a client without roots never.
    ChainNotVerified,
    /// It refuses the other side in TLS, or would not serve it afterwards.
    Refuses {
        /// Go's words.
        message: String,
    },
    /// The other side signed the handshake (CertificateVerify; a server in TLS 1.2:
    /// ServerKeyExchange): it has the private key.
    KeyProven,
    /// Its handshake is finished.
    Finished {
        /// The version.
        version: Version,
        /// The cipher suite, by its IANA name.
        cipher_suite: String,
    },
    /// It sends an alert.
    AlertSent(AlertNumber),
    /// An alert arrives.
    AlertReceived(AlertNumber),
    /// It closes the connection without a word of why.
    Closes,
    /// The server gets an HTTP request, or the client sends it.
    Request {
        /// `GET`
        method: String,
        /// Path and query.
        path: String,
    },
    /// The server knows who asks.
    Authenticated {
        /// The user.
        user: String,
        /// The groups.
        groups: Vec<String>,
    },
    /// The server does not believe the credential.
    Unauthenticated {
        /// Why, as its log has it.
        error: String,
    },
    /// The answer is sent, or arrives.
    Response {
        /// The status code.
        status: u16,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dials { server_name, version } => write!(out, "dials {server_name}, offers {version}"),
            Self::ClientHello { server_name } => match server_name {
                Some(name) => write!(out, "reads ClientHello, server_name {name}"),
                None => out.write_str("reads ClientHello, no server_name"),
            },
            Self::CertificateRequest { authorities } if authorities.is_empty() => {
                out.write_str("reads CertificateRequest, no authorities named")
            }
            Self::CertificateRequest { authorities } => {
                write!(out, "reads CertificateRequest, authorities {}", authorities.join("; "))
            }
            Self::Presents { subject, certificates } => {
                let subject = subject.as_deref().unwrap_or("that does not parse");
                match certificates {
                    0 | 1 => write!(out, "presents the certificate {subject}"),
                    more => write!(out, "presents the certificate {subject} and {} more", more - 1),
                }
            }
            Self::PresentsNothing => out.write_str("has no certificate to present"),
            Self::ChainAccepted { path } => {
                write!(out, "accepts the certificate: {}", path.join(" ← "))
            }
            Self::ChainNotVerified => out.write_str("takes the certificate without verifying it"),
            Self::Refuses { message } => write!(out, "refuses: {message}"),
            Self::KeyProven => out.write_str("the signature is good: the other side has the private key"),
            Self::Finished { version, cipher_suite } => {
                write!(out, "handshake finished, {version}, {cipher_suite}")
            }
            Self::AlertSent(alert) => write!(out, "sends alert {alert}"),
            Self::AlertReceived(alert) => write!(out, "receives alert {alert}"),
            Self::Closes => out.write_str("closes the connection"),
            Self::Request { method, path } => write!(out, "{method} {path}"),
            Self::Authenticated { user, groups } => {
                write!(out, "user {user}, groups [{}]", groups.join(" "))
            }
            Self::Unauthenticated { error } => write!(out, "not authenticated: {error}"),
            Self::Response { status } => write!(out, "HTTP {status}"),
        }
    }
}

/// A line of a server's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerLog {
    /// The line without time and place, which vary.
    pub line: String,
    /// From which `-v` on it is written; 0 is always.
    pub verbosity: u8,
}

/// One connection, from both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The version, once a side has finished its handshake.
    pub version: Option<Version>,
    /// The cipher suite likewise, by its IANA name.
    pub cipher_suite: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// What the client made of the server's certificate; `None` if it did not verify.
    pub server_verdict: Option<Verdict>,
    /// What the server made of the client's certificate, in TLS or over HTTP; `None` if
    /// it saw none or did not come to it.
    pub client_verdict: Option<Verdict>,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// The alert that ended it.
    pub alert: Option<Alert>,
    /// The answer as the server gave it, with the identity and the decision.
    pub response: Option<HttpResponse>,
    /// The side whose certificate and private key do not belong together. A Go program
    /// does not start with such a pair: `tls: private key does not match public key`.
    pub mismatched_key: Option<Side>,
    /// What the client's program prints if it did not get what it asked for.
    pub client_prints: Option<String>,
    /// What the server's log says.
    pub server_log: Option<ServerLog>,
    /// How long it took, from dialling to the end of both sides.
    pub elapsed: Duration,
    /// Every byte of it, if that was asked for.
    pub recording: Option<Recording>,
}

impl Report {
    /// Who the server took the client for, if it came to that.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.response.as_ref()?.identity.as_ref()
    }

    /// How the request was authorized, if it came to that.
    #[must_use]
    pub fn decision(&self) -> Option<&Decision> {
        self.response.as_ref()?.decision.as_ref()
    }
}

/// One connection of a client that is not ours, from the server's side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Whether it was cut off because the time was up.
    pub is_timed_out: bool,
    /// What the server made of the client's certificate.
    pub client_verdict: Option<Verdict>,
    /// What happened on the server's side, in order.
    pub events: Vec<Event>,
    /// The alert that ended it.
    pub alert: Option<Alert>,
    /// The answer, if it came to that.
    pub response: Option<HttpResponse>,
    /// What the server's log says.
    pub server_log: Option<ServerLog>,
    /// Every byte of it, if that was asked for.
    pub recording: Option<Recording>,
}
