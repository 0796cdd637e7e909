//! Faults: a healthy request made faulty on a copy, by naming what is to be different; and
//! the catalogue of those that happen in real clusters.

mod catalogue;

mod edit;
mod message;

pub use catalogue::{Catalogue, CatalogueError, Fault, Making, Said, Teller, UnknownFault, Words};
pub use edit::Edit;
pub use message::{Found, Message};

use serde::Deserialize;

use time::{Duration, OffsetDateTime};

use crate::blueprint::{HostName, Subject, Usage};
use crate::pki::{self, AuthorityRequest, LeafRequest};

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
    /// Another artifact's certificate and key in the place of this one's: two flags
    /// swapped, or one file used twice; `authority` is the one that signed this one.
    /// Nothing else is changed then.
    #[serde(default)]
    pub instead: Option<String>,
    /// A key that is not the certificate's.
    #[serde(default)]
    pub key: Option<KeyChange>,
    /// An authority whose keyUsage lacks keyCertSign.
    #[serde(default)]
    pub no_cert_sign: bool,
}

/// Which key lies beside a changed certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyChange {
    /// One of another pair.
    Other,
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
    /// It begins now and ends in thirty days, as `openssl x509 -req` without `-days` has it.
    Month,
}

/// The basicConstraints of a changed authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BasicConstraints {
    /// No such extension, and no keyUsage: the lecture's commands under OpenSSL 3.2.
    Absent,
    /// `CA:FALSE`.
    False,
}

impl Change {
    /// Whether nothing but the key beside the certificate is different.
    #[must_use]
    pub fn is_of_the_key_alone(&self) -> bool {
        let rest = Self { key: None, ..self.clone() };
        self.key.is_some() && rest == Self { artifact: self.artifact.clone(), ..Self::default() }
    }

    /// Makes a healthy leaf request faulty. Names that are neither DNS names nor addresses
    /// are taken as DNS names, since a fault may be just that.
    pub fn apply_to_leaf(&self, request: &mut LeafRequest, now: OffsetDateTime) {
        if let Some(subject) = &self.subject {
            request.subject = subject.clone();
        }
        if let Some(usages) = &self.usages {
            request.usages.clone_from(usages);
        }
        if let Some(names) = &self.names {
            let name = |text: &String| text.parse().unwrap_or_else(|_| HostName::Dns(text.clone()));
            request.names = names.iter().map(name).collect();
        }
        if let Some(validity) = self.validity {
            (request.not_before, request.not_after) = validity.span(now);
        }
        request.version_1 |= self.version_1;
    }

    /// Makes a healthy authority request faulty.
    pub fn apply_to_authority(&self, request: &mut AuthorityRequest, now: OffsetDateTime) {
        if let Some(subject) = &self.subject {
            request.subject = subject.clone();
        }
        if let Some(validity) = self.validity {
            (request.not_before, request.not_after) = validity.span(now);
        }
        match self.basic_constraints {
            Some(BasicConstraints::Absent) => request.basic_constraints = pki::BasicConstraints::Absent,
            Some(BasicConstraints::False) => request.basic_constraints = pki::BasicConstraints::NotAuthority,
            None => {}
        }
        request.may_sign &= !self.no_cert_sign;
        request.version_1 |= self.version_1;
    }
}

impl Validity {
    /// A month that ended yesterday, or one that begins tomorrow.
    fn span(self, now: OffsetDateTime) -> (OffsetDateTime, OffsetDateTime) {
        let (day, month) = (Duration::days(1), Duration::days(30));
        match self {
            Self::Expired => (now - day - month, now - day),
            Self::NotYetValid => (now + day, now + day + month),
            Self::Month => (now, now + month),
        }
    }
}
