//! Machines, and the names and addresses by which they go.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::SpecError;

/// A machine of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Node {
    /// Its name: a DNS label.
    pub name: String,
    /// The address by which the others reach it.
    pub address: IpAddr,
}

impl FromStr for Node {
    type Err = SpecError;
    fn from_str(text: &str) -> Result<Self, SpecError> {
        let (name, address) = text.split_once('=').ok_or_else(|| SpecError::Node(text.into()))?;
        Ok(Self {
            name: label(name)?,
            address: address.parse().map_err(|_| SpecError::Address(address.into()))?,
        })
    }
}

/// A DNS name or an address, as a SAN holds them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum HostName {
    /// A DNS name, lower case; the first label may be `*`.
    Dns(String),
    /// An address.
    Ip(IpAddr),
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

impl From<HostName> for String {
    fn from(name: HostName) -> Self {
        name.to_string()
    }
}

impl TryFrom<String> for HostName {
    type Error = SpecError;
    fn try_from(text: String) -> Result<Self, SpecError> {
        text.parse()
    }
}

impl FromStr for HostName {
    type Err = SpecError;
    fn from_str(text: &str) -> Result<Self, SpecError> {
        if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse() {
            return Ok(Self::Ip(address));
        }
        let plain = text.strip_prefix("*.").unwrap_or(text);
        dns_name(plain)?;
        // Four numbers that are no address are a slip, not a name.
        if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            return Err(SpecError::Address(text.into()));
        }
        Ok(Self::Dns(text.to_owned()))
    }
}

/// A host and port.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Endpoint {
    /// The host.
    pub host: HostName,
    /// The port; 6443 unless given.
    pub port: u16,
}

/// The API server's port.
pub const API_SERVER_PORT: u16 = 6443;

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            HostName::Ip(IpAddr::V6(address)) => write!(f, "[{address}]:{}", self.port),
            host => write!(f, "{host}:{}", self.port),
        }
    }
}

impl From<Endpoint> for String {
    fn from(endpoint: Endpoint) -> Self {
        endpoint.to_string()
    }
}

impl TryFrom<String> for Endpoint {
    type Error = SpecError;
    fn try_from(text: String) -> Result<Self, SpecError> {
        text.parse()
    }
}

impl FromStr for Endpoint {
    type Err = SpecError;
    fn from_str(text: &str) -> Result<Self, SpecError> {
        if let Ok(host) = text.parse::<HostName>() {
            return Ok(Self { host, port: API_SERVER_PORT });
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(|| SpecError::Dns(text.into()))?;
        let port = port.parse().ok().filter(|port| *port > 0);
        Ok(Self { host: host.parse()?, port: port.ok_or_else(|| SpecError::Dns(text.into()))? })
    }
}

/// A DNS label (RFC 1123), as cluster and node names are.
pub(super) fn label(text: &str) -> Result<String, SpecError> {
    if is_label(text) { Ok(text.to_owned()) } else { Err(SpecError::Label(text.into())) }
}

/// A DNS name: labels with dots between.
pub(super) fn dns_name(text: &str) -> Result<(), SpecError> {
    if text.len() <= 253 && text.split('.').all(is_label) { Ok(()) } else { Err(SpecError::Dns(text.into())) }
}

fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}
