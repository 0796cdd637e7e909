//! Faults: a healthy request made faulty on a copy, by naming what is to be different.

use serde::Deserialize;

use crate::blueprint::{Subject, Usage};

/// A change of an artifact on a copy: what is left out stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Change {
    /// The artifact's id.
    pub artifact: String,
    /// Another subject.
    #[serde(default)]
    pub subject: Option<Subject>,
    /// Other usages.
    #[serde(default)]
    pub usages: Option<Vec<Usage>>,
    /// Other SANs.
    #[serde(default)]
    pub names: Option<Vec<String>>,
    /// Signed by another authority of the same name (`same-name`), of another name
    /// (`other-name`), or by itself (`self`).
    #[serde(default)]
    pub signer: Option<Signer>,
    /// `expired` or `not-yet-valid`.
    #[serde(default)]
    pub validity: Option<Validity>,
    /// X.509 version 1: no extensions, as `openssl x509 -req` without `-extfile` makes it
    /// before OpenSSL 3.2.
    #[serde(default)]
    pub version_1: bool,
    /// An authority without basicConstraints (`absent`), or with CA:FALSE (`false`).
    #[serde(default)]
    pub basic_constraints: Option<BasicConstraints>,
}

/// Who signs a changed certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signer {
    /// An authority with the same subject and another key.
    SameName,
    /// An authority with another subject.
    OtherName,
    /// The certificate's own key.
    #[serde(rename = "self")]
    Itself,
}

/// When a changed certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Validity {
    /// It ended yesterday.
    Expired,
    /// It begins tomorrow.
    NotYetValid,
}

/// The basicConstraints of a changed authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BasicConstraints {
    /// No such extension.
    Absent,
    /// `CA:FALSE`.
    False,
}
