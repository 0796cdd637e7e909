//! One thing that happened, as a line.

use std::sync::Arc;

use crate::access::{Attributes, Identity, Target};
use crate::cluster::{API_SERVER, Exchange, Happening, What};
use crate::lab::Opened;

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Outcome {
    /// It was answered with this status.
    Status(u16),
    /// The handshake failed.
    Handshake,
    /// Nothing was asked: a component did or said something.
    Told,
}

/// One thing that happened.
#[derive(Debug)]
pub(in crate::ui) struct Entry {
    /// What happened.
    pub(in crate::ui) happening: Arc<Happening>,
    /// The lane of the map that it is on: the clients' of the API server, then anybody
    /// else's, then the other servers'.
    pub(in crate::ui) lane: Option<usize>,
    /// Who: a user, a certificate's subject, an address, a component.
    pub(in crate::ui) who: String,
    /// `list pods`, `get nodes/node01`.
    pub(in crate::ui) what: String,
    /// How it ended.
    pub(in crate::ui) outcome: Outcome,
}

impl Entry {
    pub(super) fn of(happening: Arc<Happening>, opened: &Opened) -> Self {
        let (who, what, outcome) = match &happening.what {
            What::Answered(exchange) => (caller(exchange), asked(exchange), Outcome::Status(exchange.status)),
            What::Refused { from, why } => (from.ip().to_string(), why.clone(), Outcome::Handshake),
            What::Did(what) => (happening.component.clone(), what.clone(), Outcome::Told),
            What::Logged => {
                let line = happening.log.first().cloned().unwrap_or_default();
                (happening.component.clone(), line, Outcome::Told)
            }
        };
        let lane = lane(&happening, opened);
        Self { happening, lane, who, what, outcome }
    }

    /// The request, if it is one.
    pub(in crate::ui) fn exchange(&self) -> Option<&Exchange> {
        if let What::Answered(exchange) = &self.happening.what { Some(exchange) } else { None }
    }
}

/// Whom the server saw, or else who it was said to be.
fn caller(exchange: &Exchange) -> String {
    let identity = exchange.impersonator.as_ref().or(exchange.identity.as_ref());
    match (identity, &exchange.certificate) {
        (Some(identity), _) => identity.user.clone(),
        (None, Some(subject)) => subject.clone(),
        (None, None) => exchange.from.ip().to_string(),
    }
}

/// What was asked, as short as it can be said.
fn asked(exchange: &Exchange) -> String {
    match &exchange.attributes {
        Some(Attributes { verb, target: Target::Resource(resource) }) => {
            let name = match resource.name.as_str() {
                "" => String::new(),
                name => format!("/{name}"),
            };
            let part = match resource.subresource.as_str() {
                "" => String::new(),
                part => format!("/{part}"),
            };
            format!("{verb} {}{name}{part}", resource.resource)
        }
        Some(Attributes { verb, target: Target::Path(path) }) => format!("{verb} {path}"),
        None => format!("{} {}", exchange.method, exchange.target),
    }
}

fn lane(happening: &Happening, opened: &Opened) -> Option<usize> {
    if happening.component != API_SERVER {
        let asked = !matches!(happening.what, What::Did(_) | What::Logged);
        let server = opened.servers.iter().position(|(name, _)| *name == happening.component);
        return server.filter(|_| asked).map(|at| opened.clients.len() + 1 + at);
    }
    let others = opened.clients.len();
    match &happening.what {
        What::Answered(exchange) => {
            let identity = exchange.impersonator.as_ref().or(exchange.identity.as_ref());
            // Who only has a client's name, and other groups, is not that client.
            let is_same =
                |own: &Identity, seen: &Identity| own.user == seen.user && own.groups == seen.groups;
            let known = |seen| opened.clients.iter().position(|(_, own)| is_same(own, seen));
            Some(identity.and_then(known).unwrap_or(others))
        }
        What::Refused { .. } => Some(others),
        What::Did(_) | What::Logged => None,
    }
}
