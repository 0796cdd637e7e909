//! The two sides of a connection, as plain data.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use time::OffsetDateTime;

use super::Offer;
use crate::access::World;
use crate::blueprint::{HostName, ServerStyle};
use crate::trust::Roots;
use crate::wire::Side;

/// A certificate and the key that is presented with it. They need not match.
#[derive(Clone)]
pub struct Credential {
    /// DER, leaf first, as it is to go over the wire.
    pub chain: Vec<Vec<u8>>,
    /// The private key, DER: PKCS#8, PKCS#1 or SEC1.
    pub key: Vec<u8>,
}

impl fmt::Debug for Credential {
    /// Without the key.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Credential({} certificates)", self.chain.len())
    }
}

/// The side that dials.
#[derive(Debug, Clone)]
pub struct ClientSide {
    /// Its component, `@NODE` behind it where several nodes have one: `admin`,
    /// `kubelet@node01`. It decides in whose words the outcome is told: `admin` and
    /// `super-admin` use kubectl.
    pub name: String,
    /// The address that an etcd member takes it to come from; loopback if unknown.
    pub address: Option<IpAddr>,
    /// What it presents, if it has anything.
    pub credential: Option<Credential>,
    /// Whom it trusts; `None`: it does not verify the server (`InsecureSkipVerify`).
    pub roots: Option<Arc<Roots>>,
    /// The name or address that it asks for.
    pub server_name: HostName,
    /// Method and path of its request: `GET /api/v1/nodes`.
    pub request: String,
    /// Headers that it sends besides.
    pub headers: Vec<(String, String)>,
}

/// The front proxies that a server believes.
#[derive(Debug, Clone)]
pub struct RequestHeader {
    /// `--requestheader-client-ca-file`
    pub roots: Arc<Roots>,
    /// `--requestheader-allowed-names`; empty allows any.
    pub allowed_names: Vec<String>,
}

/// The side that is dialled.
#[derive(Debug, Clone)]
pub struct ServerSide {
    /// Its component and node: `kube-apiserver@cp1`.
    pub name: String,
    /// How it meets a client's certificate.
    pub style: ServerStyle,
    /// The port that it has in a cluster, for messages; the lab listens elsewhere.
    pub port: u16,
    /// What it presents.
    pub credential: Credential,
    /// What it verifies clients with. Without it, it asks for no certificate; an etcd with
    /// `--client-cert-auth` and no `--trusted-ca-file` has an empty one.
    pub client_roots: Option<Arc<Roots>>,
    /// The front proxies it believes; only kube-apiserver has any.
    pub request_header: Option<RequestHeader>,
    /// What it answers from.
    pub world: Arc<World>,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum Version {
    /// TLS 1.2 (RFC 5246).
    #[serde(rename = "1.2")]
    Tls12,
    /// TLS 1.3 (RFC 8446).
    #[serde(rename = "1.3")]
    Tls13,
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        })
    }
}

/// How to connect.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The one version that the client offers; the server takes both.
    pub version: Version,
    /// The present, by which both sides judge.
    pub now: OffsetDateTime,
    /// How long the whole connection may take.
    pub timeout: Duration,
    /// What the ends offer otherwise than usual.
    pub offer: Offer,
    /// Whether every byte is kept.
    pub record: bool,
}

impl Options {
    /// TLS 1.3 at this moment, within 5 s, not recorded.
    #[must_use]
    pub fn at(now: OffsetDateTime) -> Self {
        Self {
            version: Version::Tls13,
            now,
            timeout: Duration::from_secs(5),
            offer: Offer::default(),
            record: false,
        }
    }
}

/// What keeps the lab from making a connection at all.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// The private key cannot be used.
    #[error(
        "the {side}'s private key cannot be used ({reason}); it must be an RSA key of 2048 to 8192 bits, an ECDSA key on P-256, P-384 or P-521, or an Ed25519 key, unencrypted, in DER"
    )]
    Key {
        /// Whose.
        side: Side,
        /// What the TLS library says.
        reason: String,
    },
    /// There is a key but no certificate.
    #[error("the {0} has a private key but no certificate to present with it")]
    EmptyChain(Side),
    /// The request is none.
    #[error("`{request}` is no HTTP request ({reason}); write METHOD PATH, as in `GET /api/v1/nodes`")]
    Request {
        /// What was given.
        request: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no such cipher suite or group in this version.
    #[error("there is no {what} `{name}` in {version} here; there are {}", known.join(", "))]
    Offer {
        /// `cipher suite` or `group`.
        what: &'static str,
        /// What was given.
        name: String,
        /// The version.
        version: Version,
        /// What there is.
        known: Vec<String>,
    },
    /// TLS 1.2 has no HelloRetryRequest.
    #[error("TLS 1.2 has no key shares in its ClientHello and so no HelloRetryRequest; use TLS 1.3")]
    NoRetry,
    /// The TLS library would not take the settings.
    #[error("the {side}'s TLS settings were not accepted: {source}")]
    Settings {
        /// Whose.
        side: Side,
        /// Its words.
        source: rustls::Error,
    },
    /// The loopback connection could not be made.
    #[error("no connection over the loopback interface (127.0.0.1): {0}")]
    Connection(#[from] io::Error),
    /// The connection broke for no reason that either side gave.
    #[error("the connection broke off on the {side}'s side: {reason}")]
    Broken {
        /// Where it was noticed.
        side: Side,
        /// What was noticed.
        reason: String,
    },
    /// It took too long.
    #[error("the connection did not end within {0:?}; is the machine very busy?")]
    TimedOut(Duration),
}
