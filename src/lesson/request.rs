//! A request to the lesson's own cluster: what a step of kind `request` declares.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Expect;
use crate::blueprint::{HostName, Subject};

/// A request to an API server that holds the objects of a new cluster and those that the
/// earlier requests of the lesson have made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Who asks: a component (`admin`); `csr/NAME`, with the certificate that the CSR of this
    /// name was given; `token/ID.SECRET`, with a token; `anonymous`.
    pub client: String,
    /// The command that a learner would type for it.
    pub command: String,
    /// Method and path.
    pub request: String,
    /// The object that is sent: YAML, for `PATCH` too (a merge patch). `{csr}` stands for the
    /// request that `csr` describes, in base64.
    #[serde(default)]
    pub body: Option<String>,
    /// What the CSR in the body asks for; it is signed with a new key.
    #[serde(default)]
    pub csr: Option<Asked>,
    /// The parts of the answer that are shown, by dotted path: `status.conditions`.
    #[serde(default)]
    pub shows: Vec<String>,
    /// Fields of the certificate in the answer's `status.certificate`, and what they must hold.
    #[serde(default)]
    pub certificate: BTreeMap<String, String>,
    /// What it comes to; its outcome is the HTTP status.
    pub expect: Expect,
}

/// What a CSR asks for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Whom the certificate is for.
    pub subject: Subject,
    /// The DNS names and addresses that it is to hold.
    #[serde(default)]
    pub names: Vec<HostName>,
}

impl Request {
    /// Method and path of the request.
    #[must_use]
    pub fn line(&self) -> (&str, &str) {
        self.request.split_once(' ').unwrap_or(("GET", &self.request))
    }
}
