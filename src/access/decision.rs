//! Whether a request is allowed, by whom, and in which words.

use std::fmt;

use super::attributes::{Attributes, Target};
use super::identity::Identity;
use super::node::{self, NodeOpinion};
use super::policy::Policy;
use super::rbac::Grant;
use crate::text::quote;

/// Who decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authorizer {
    /// Membership of `system:masters`, before any configured authorizer.
    SystemMasters,
    /// The Node authorizer.
    Node,
    /// RBAC.
    Rbac,
    /// Nobody allowed it.
    None,
}

impl Authorizer {
    /// Its word in machine-readable answers; `None` where nobody allowed it.
    #[must_use]
    pub const fn word(self) -> Option<&'static str> {
        match self {
            Self::SystemMasters => Some("system:masters"),
            Self::Node => Some("node"),
            Self::Rbac => Some("rbac"),
            Self::None => None,
        }
    }
}

impl fmt::Display for Authorizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SystemMasters => "system:masters",
            Self::Node => "Node authorizer",
            Self::Rbac => "RBAC",
            Self::None => "no authorizer allows it",
        })
    }
}

/// What one authorizer said, in the order asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opinion {
    /// Who.
    pub authorizer: Authorizer,
    /// Whether it allowed the request; otherwise it had no opinion.
    pub allowed: bool,
    /// Its reason; often empty.
    pub reason: String,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether the request goes on.
    pub allowed: bool,
    /// What `status.reason` of a SubjectAccessReview holds, and what a 403 ends
    /// with; often empty.
    pub reason: String,
    /// Who decided.
    pub by: Authorizer,
    /// Everybody who was asked, in order.
    pub opinions: Vec<Opinion>,
    /// Every binding that allows the request; the first one is the reason.
    /// A real API server names whichever it meets first, in random order.
    pub grants: Vec<Grant>,
}

/// Judges a request as kube-apiserver with `--authorization-mode=Node,RBAC`:
/// `system:masters` first, then Node, then RBAC; the first to allow wins
/// (pkg/kubeapiserver/authorizer/reload.go, authorization/union).
pub fn authorize(identity: &Identity, attributes: &Attributes, policy: &Policy) -> Decision {
    let mut opinions = Vec::new();
    let mut say = |authorizer: Authorizer, allowed: bool, reason: String| {
        opinions.push(Opinion { authorizer, allowed, reason });
    };
    let mut grants = Vec::new();

    let master = identity.in_group("system:masters");
    say(Authorizer::SystemMasters, master, String::new());
    let mut by = if master { Authorizer::SystemMasters } else { Authorizer::None };

    if by == Authorizer::None {
        match node::authorize(&policy.graph, identity, attributes) {
            NodeOpinion::NotANode => say(Authorizer::Node, false, String::new()),
            NodeOpinion::Silent(reason) => say(Authorizer::Node, false, reason),
            NodeOpinion::Allow => {
                by = Authorizer::Node;
                say(Authorizer::Node, true, String::new());
            }
        }
    }
    if by == Authorizer::None {
        let (found, errors) = policy.rbac.grants(identity, attributes);
        let reason = match (found.first(), errors.as_slice()) {
            (Some(grant), _) => format!("RBAC: allowed by {grant}"),
            (None, []) => String::new(),
            (None, [error]) => format!("RBAC: {error}"),
            (None, errors) => format!("RBAC: [{}]", errors.join(", ")),
        };
        if !found.is_empty() {
            by = Authorizer::Rbac;
        }
        say(Authorizer::Rbac, !found.is_empty(), reason);
        grants = found;
    }

    let allowed = by != Authorizer::None;
    let reasons: Vec<&str> = opinions
        .iter()
        .filter(|opinion| opinion.allowed == allowed && !opinion.reason.is_empty())
        .map(|opinion| opinion.reason.as_str())
        .collect();
    Decision { allowed, reason: reasons.join("\n"), by, opinions, grants }
}

/// The message of a 403: who cannot do what, and the reason if there is one
/// (apiserver/pkg/endpoints/handlers/responsewriters/errors.go).
pub fn forbidden_message(identity: &Identity, attributes: &Attributes, reason: &str) -> String {
    let user = quote(&identity.user);
    let verb = &attributes.verb;
    let (what, message) = match &attributes.target {
        Target::Path(path) => (String::new(), format!("User {user} cannot {verb} path {}", quote(path))),
        Target::Resource(resource) => {
            let scope = match resource.namespace.as_str() {
                "" => "at the cluster scope".to_owned(),
                namespace => format!("in the namespace {}", quote(namespace)),
            };
            let what = match resource.group.as_str() {
                "" => resource.resource.clone(),
                group => format!("{}.{group}", resource.resource),
            };
            let what = match resource.name.as_str() {
                "" => format!("{what} is "),
                name => format!("{what} {} is ", quote(name)),
            };
            let message = format!(
                "User {user} cannot {verb} resource {} in API group {} {scope}",
                quote(&resource.combined()),
                quote(&resource.group)
            );
            (what, message)
        }
    };
    let message = message.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let end = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    format!("{what}forbidden: {message}{end}")
}
