//! What happens in a cluster, for those who watch it while it happens: a screen, a test.
//!
//! A watcher that is too slow misses the oldest happenings and learns how many
//! ([`tokio::sync::broadcast`]); nobody ever waits for one. What must not be missed goes to a
//! [`super::Listener`]. While nobody watches nothing is made for the feed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::broadcast;

use super::Response;
use super::log::{Answered, Told};
use crate::access::{Attributes, Decision, HttpRequest, HttpResponse, Identity, Recognition};
use crate::handshake::{Served, Step};
use crate::trust::Sent;
use crate::x509;

/// How many happenings are kept for a watcher that is slow.
const KEPT: usize = 1024;
/// The verbosity of the log's lines in the feed: requests and failed handshakes are told.
const VERBOSITY: u8 = 5;

/// The name of the API server in the feed.
pub const API_SERVER: &str = "kube-apiserver";

/// Something that happened.
#[derive(Debug, Clone)]
pub struct Happening {
    /// When.
    pub at: OffsetDateTime,
    /// The component that it happened to: `kube-apiserver`, `kubelet@node01`, `etcd@cp1`.
    pub component: String,
    /// What.
    pub what: What,
    /// What that component's log says of it, line by line.
    pub log: Vec<String>,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum What {
    /// A request was answered.
    Answered(Box<Exchange>),
    /// A connection came to nothing: the handshake failed.
    Refused {
        /// Where the client is.
        from: SocketAddr,
        /// Why, in the component's words.
        why: String,
    },
    /// The component did something by itself: one sentence in the field's words.
    Did(String),
    /// It only wrote into its log.
    Logged,
}

/// A request and its answer: who came, how that was found out, what was decided and by whom.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Where the client is.
    pub from: SocketAddr,
    /// `GET`, `POST`, …
    pub method: String,
    /// Path, and query after `?`.
    pub target: String,
    /// What the client calls itself.
    pub user_agent: String,
    /// What is asked, as the authorizers see it; `None` where the path could not be read.
    pub attributes: Option<Attributes>,
    /// The subject of the certificate that the client presented.
    pub certificate: Option<String>,
    /// What each authenticator that was asked said.
    pub recognitions: Vec<Recognition>,
    /// Whom the server took the client for; `None` if for nobody (401).
    pub identity: Option<Identity>,
    /// Who asked to be taken for that one, where somebody did.
    pub impersonator: Option<Identity>,
    /// What every authorizer said; `None` where it did not come to that.
    pub decision: Option<Decision>,
    /// The status sent.
    pub status: u16,
    /// The message of the answer, if it is a refusal.
    pub message: Option<String>,
    /// The audit event, on one line.
    pub audit: String,
    /// How long the answer took.
    pub took: Duration,
}

/// Where happenings are told.
#[derive(Debug, Clone)]
pub struct Feed(broadcast::Sender<Arc<Happening>>);

impl Default for Feed {
    fn default() -> Self {
        Self(broadcast::Sender::new(KEPT))
    }
}

impl Feed {
    /// Watches: everything from now on.
    #[must_use]
    pub fn watch(&self) -> broadcast::Receiver<Arc<Happening>> {
        self.0.subscribe()
    }

    /// Tells what happened, if somebody watches.
    pub fn tell(&self, happening: impl FnOnce() -> Happening) {
        if self.0.receiver_count() > 0 {
            // The last watcher may have gone meanwhile.
            let _ = self.0.send(Arc::new(happening()));
        }
    }

    /// Tells that a component did something by itself: one sentence in the field's words.
    pub fn did(&self, component: &str, what: impl Into<String>) {
        self.tell(|| Happening {
            at: OffsetDateTime::now_utc(),
            component: component.to_owned(),
            what: What::Did(what.into()),
            log: Vec::new(),
        });
    }

    /// Tells what a component wrote into its log.
    pub fn logged(&self, component: &str, line: &str) {
        self.tell(|| Happening {
            at: OffsetDateTime::now_utc(),
            component: component.to_owned(),
            what: What::Logged,
            log: vec![line.to_owned()],
        });
    }
}

impl Happening {
    /// What the API server tells.
    pub(super) fn of_api_server(told: &Told<'_>) -> Self {
        let at = OffsetDateTime::now_utc();
        let what = match told {
            Told::Handshake { from, error } => What::Refused { from: *from, why: (*error).to_owned() },
            Told::Answered(answered) => What::Answered(Box::new(Exchange::of(answered))),
        };
        Self { at, component: API_SERVER.to_owned(), what, log: told.lines(VERBOSITY, at) }
    }

    /// A request that a kubelet answered.
    pub(super) fn of_kubelet(
        name: &str,
        from: SocketAddr,
        sent: &Sent,
        request: &HttpRequest<'_>,
        response: &HttpResponse,
        took: Duration,
    ) -> Self {
        let exchange = Exchange {
            from,
            method: request.method.to_owned(),
            target: request.path.to_owned(),
            user_agent: String::new(),
            attributes: None,
            certificate: sent.leaf().and_then(|leaf| x509::subject(leaf.der()).ok()),
            recognitions: Vec::new(),
            identity: response.identity.clone(),
            impersonator: None,
            decision: response.decision.clone(),
            status: response.status,
            message: (response.status >= 400).then(|| response.body.trim_end().to_owned()),
            audit: String::new(),
            took,
        };
        let what = What::Answered(Box::new(exchange));
        Self { at: OffsetDateTime::now_utc(), component: name.to_owned(), what, log: Vec::new() }
    }

    /// One connection of a companion's.
    pub(super) fn of_companion(name: &str, from: SocketAddr, served: &Served) -> Self {
        let log = served.server_log.as_ref().map(|log| log.line.clone());
        let what = match &served.response {
            Some(response) => What::Answered(Box::new(Exchange::of_companion(from, served, response))),
            None => What::Refused { from, why: log.clone().unwrap_or_default() },
        };
        let log = log.into_iter().collect();
        Self { at: OffsetDateTime::now_utc(), component: name.to_owned(), what, log }
    }
}

impl Exchange {
    fn of_companion(from: SocketAddr, served: &Served, response: &HttpResponse) -> Self {
        let request = served.events.iter().find_map(|event| match &event.step {
            Step::Request { method, path } => Some((method.clone(), path.clone())),
            _ => None,
        });
        let (method, target) = request.unwrap_or_default();
        let path = served.client_verdict.as_ref().and_then(|verdict| verdict.path.first());
        let message = (response.status >= 400).then(|| response.body.trim_end().to_owned());
        Self {
            from,
            method,
            target,
            user_agent: String::new(),
            attributes: None,
            certificate: path.cloned(),
            recognitions: Vec::new(),
            identity: response.identity.clone(),
            impersonator: None,
            decision: response.decision.clone(),
            status: response.status,
            message,
            audit: String::new(),
            took: Duration::ZERO,
        }
    }

    fn of(answered: &Answered<'_>) -> Self {
        let Answered { request, response, .. } = answered;
        Self {
            from: answered.from,
            method: request.method.clone(),
            target: request.target.clone(),
            user_agent: request.value("user-agent").to_owned(),
            attributes: answered.attributes(),
            certificate: answered.chain.leaf().and_then(|leaf| x509::subject(leaf.der()).ok()),
            recognitions: response.recognitions.clone(),
            identity: response.identity.clone(),
            impersonator: response.impersonator.clone(),
            decision: response.decision.clone(),
            status: response.status,
            message: message(response),
            audit: answered.audit().compact(),
            took: answered.took,
        }
    }
}

/// The message of a Status that says no.
fn message(response: &Response) -> Option<String> {
    if response.status < 400 {
        return None;
    }
    let text = response.text();
    let status = serde_json::from_str::<crate::access::Json>(&text).ok();
    let message = status.map(|status| status.text("message").to_owned());
    Some(message.unwrap_or_else(|| text.trim_end().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_made_while_nobody_watches_and_a_slow_watcher_learns_what_it_missed() {
        let feed = Feed::default();
        feed.tell(|| panic!("nobody watches"));
        let mut watcher = feed.watch();
        for number in 0..=KEPT {
            feed.did("kubelet@node01", format!("{number}"));
        }
        assert!(matches!(watcher.try_recv(), Err(broadcast::error::TryRecvError::Lagged(1))));
        assert!(matches!(&watcher.try_recv().unwrap().what, What::Did(text) if text == "1"));
    }
}
