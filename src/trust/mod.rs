//! Verdicts by Go's rules: what `crypto/x509`, and so every Kubernetes component, makes
//! of a chain.
//!
//! [`verify`] is given what a peer sent, the roots, the purpose, a name and a time, and
//! gives a [`Verdict`]: the ordered checks with their evidence, and Go's message to the
//! letter when one of them failed.

use time::OffsetDateTime;

mod address;
mod certificate;
mod chain;
mod constraints;
mod curve;
mod der;
mod extensions;
mod hostname;
mod key;
mod mailbox;
mod ml_dsa;
mod modular;
mod name;
pub mod opinion;
mod path;
mod policy;
mod report;
mod roots;
mod sent;
mod signature;
mod subtrees;
mod uri;

pub use certificate::{Certificate, ParseError};
pub use chain::SIGNATURE_CHECKS;
pub use curve::Curve;
pub use extensions::{BasicConstraints, Extension, KeyUsage};
pub use key::KeyAlgorithm;
pub use ml_dsa::ParameterSet;
pub use name::{Attribute, AttributeValue, Name};
pub use path::{BrokenAt, Dropped, Path, PathCertificate};
pub use report::verify;
pub use roots::pem_certificates;
pub use sent::Sent;

/// What the presented leaf is to be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The leaf is a server's, judged by a client (`serverAuth`).
    Server,
    /// The leaf is a client's, judged by a server (`clientAuth`).
    Client,
    /// Nothing in particular: no usage is asked for (Go's `ExtKeyUsageAny`).
    Any,
}

/// The trusted certificates, parsed once as Go's `AppendCertsFromPEM` does: what does
/// not parse is skipped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roots {
    certificates: Vec<Certificate>,
}

/// How one check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The rule holds.
    Pass,
    /// The rule is broken; this is what decided.
    Fail,
    /// An earlier check failed first.
    NotReached,
}

/// The named rules, in the order in which Go comes to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The bytes are a certificate that Go's parser takes.
    Parse,
    /// No critical extension of the leaf is unknown.
    CriticalExtensions,
    /// The leaf is inside its validity.
    Validity,
    /// The name that was asked for is among the SANs.
    Name,
    /// Some trusted authority's name and signature stand behind the leaf.
    Issuer,
    /// Every issuer may sign certificates (basicConstraints, keyCertSign).
    Authority,
    /// No critical extension of an issuer is unknown.
    IssuerExtensions,
    /// Every issuer is inside its validity.
    IssuerValidity,
    /// The chain is no longer than its authorities allow.
    PathLength,
    /// The chain's certificate policies are valid (RFC 9618).
    Policies,
    /// The chain may be used for this purpose (EKU).
    Usage,
    /// The chain's name constraints allow the leaf's names.
    NameConstraints,
}

impl Rule {
    /// Every rule, in order: what a verdict lists.
    pub const ALL: [Self; 12] = [
        Self::Parse,
        Self::CriticalExtensions,
        Self::Validity,
        Self::Name,
        Self::Issuer,
        Self::Authority,
        Self::IssuerExtensions,
        Self::IssuerValidity,
        Self::PathLength,
        Self::Policies,
        Self::Usage,
        Self::NameConstraints,
    ];

    /// The rule's name, as JSON and plain text write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::CriticalExtensions => "critical-extensions",
            Self::Validity => "validity",
            Self::Name => "name",
            Self::Issuer => "issuer",
            Self::Authority => "authority",
            Self::IssuerExtensions => "issuer-extensions",
            Self::IssuerValidity => "issuer-validity",
            Self::PathLength => "path-length",
            Self::Policies => "policies",
            Self::Usage => "usage",
            Self::NameConstraints => "name-constraints",
        }
    }
}

/// One check of a verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The rule.
    pub rule: Rule,
    /// How it ended.
    pub outcome: Outcome,
    /// What was looked at, as short facts: `notAfter 2027-11-23T19:51:21Z`.
    pub evidence: String,
}

/// What Go makes of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The checks, in Go's order.
    pub checks: Vec<Check>,
    /// Go's error as it prints it (`x509: …`), if the chain was refused.
    pub refusal: Option<Refusal>,
    /// Subjects of the accepted path, leaf first; empty if refused.
    pub path: Vec<String>,
    /// Every path that was tried, in order, and why it was dropped if it was.
    pub paths: Vec<Path>,
}

impl Verdict {
    /// Whether the chain was accepted.
    #[must_use]
    pub const fn is_accepted(&self) -> bool {
        self.refusal.is_none()
    }

    /// The check that decided against the chain, if it was refused.
    #[must_use]
    pub fn failed(&self) -> Option<&Check> {
        self.checks.iter().find(|check| check.outcome == Outcome::Fail)
    }
}

/// Why a chain was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The kind of Go error, which decides the alert.
    pub kind: RefusalKind,
    /// Go's text: `x509: certificate signed by unknown authority …`.
    pub message: String,
}

/// The kinds of Go error that a TLS peer tells apart when it picks an alert
/// (`crypto/tls` `processCertsFromClient`, `verifyServerCertificate`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// It could not be parsed: `decode_error`.
    Parse,
    /// `x509.UnknownAuthorityError`.
    UnknownAuthority,
    /// `x509.CertificateInvalidError{Expired}`.
    Expired,
    /// Anything else (`bad_certificate`).
    Other,
}

/// One question to [`verify`].
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What the peer sent.
    pub chain: &'a Sent,
    /// Who is trusted.
    pub roots: &'a Roots,
    /// What for.
    pub purpose: Purpose,
    /// The DNS name or address that was asked for; `None` checks no name.
    pub name: Option<&'a str>,
    /// When.
    pub time: OffsetDateTime,
}
