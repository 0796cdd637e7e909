//! What both sides note while a connection runs.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::{CommonState, ProtocolVersion};

use super::alert::alert_of;
use super::{Alert, AlertNumber, Event, Side, Step, Version};
use crate::access::{Authenticated, HttpResponse};
use crate::trust::{Sent, Verdict};

/// Why a side refuses the other one.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    /// Go's whole error: `tls: failed to verify certificate: x509: …`.
    pub(super) message: String,
    /// The alert that Go sends with it; `None` if it only closes.
    pub(super) go_alert: Option<AlertNumber>,
}

/// What is noted of one side.
#[derive(Debug, Default)]
pub(super) struct SideNotes {
    /// What the other side presented to it.
    pub(super) presented: Option<Arc<Sent>>,
    /// What it made of that.
    pub(super) verdict: Option<Verdict>,
    /// Why it refused.
    pub(super) refusal: Option<Refusal>,
    /// The alert that it received.
    pub(super) received: Option<AlertNumber>,
    /// The alert that it sent, as far as that is known here.
    pub(super) sent: Option<AlertNumber>,
    /// How it finished its handshake.
    pub(super) finished: Option<(Version, String)>,
    /// An error that neither it nor the other side meant.
    pub(super) broken: Option<String>,
}

/// All notes of one connection.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) events: Vec<Event>,
    pub(super) client: SideNotes,
    pub(super) server: SideNotes,
    /// The one version that the client offers, where it is ours.
    pub(super) offered: Option<Version>,
    /// What the client will do once it has accepted the server: it chooses its
    /// certificate when it is asked for one, but sends it only then.
    pub(super) held: Option<Step>,
    /// The SNI that the server read.
    pub(super) requested_name: Option<String>,
    /// How the server authenticated the request.
    pub(super) authenticated: Option<Authenticated>,
    /// Its answer.
    pub(super) response: Option<HttpResponse>,
    /// The addresses in the client's certificate, where an etcd member refused it for
    /// them.
    pub(super) alternative_names: Option<(Vec<String>, Vec<String>)>,
    /// The status that the client read.
    pub(super) status: Option<u16>,
}

impl Notes {
    pub(super) fn side(&self, side: Side) -> &SideNotes {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }

    fn side_mut(&mut self, side: Side) -> &mut SideNotes {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// The alert that ended the connection, if one did.
    pub(super) fn alert(&self) -> Option<Alert> {
        [Side::Server, Side::Client].into_iter().find_map(|from| {
            let sender = self.side(from);
            let sent = self.side(from.other()).received.or(sender.sent)?;
            let go = sender.refusal.as_ref().and_then(|refusal| refusal.go_alert);
            Some(Alert { from, sent, go: go.unwrap_or(sent) })
        })
    }
}

/// The notes, shared by both sides and what they hand to rustls.
#[derive(Debug, Clone, Default)]
pub(super) struct Record(Arc<Mutex<Notes>>);

impl Record {
    pub(super) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a step.
    pub(super) fn say(&self, side: Side, step: Step) {
        self.notes().events.push(Event { side, step });
    }

    /// Notes a step that the client takes once it has accepted the server.
    pub(super) fn hold(&self, step: Step) {
        self.notes().held = Some(step);
    }

    /// Notes that a side has seen the other's private key at work.
    pub(super) fn key_proven(&self, side: Side) {
        self.say(side, Step::KeyProven);
        if side == Side::Client {
            let held = self.notes().held.take();
            held.into_iter().for_each(|step| self.say(side, step));
        }
    }

    /// Notes what the other side presented to a side.
    pub(super) fn presented(&self, side: Side, sent: Sent) -> Arc<Sent> {
        let sent = Arc::new(sent);
        self.notes().side_mut(side).presented = Some(Arc::clone(&sent));
        sent
    }

    /// Notes what a side made of a chain.
    pub(super) fn judged(&self, side: Side, verdict: Verdict) {
        self.notes().side_mut(side).verdict = Some(verdict);
    }

    /// Notes that a side refuses the other.
    pub(super) fn refuse(&self, side: Side, message: String, go_alert: Option<AlertNumber>) {
        self.say(side, Step::Refuses { message: message.clone() });
        self.notes().side_mut(side).refusal = Some(Refusal { message, go_alert });
    }

    /// Notes that a side's handshake is finished.
    pub(super) fn finished(&self, side: Side, connection: &CommonState) {
        let version = match connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => Version::Tls12,
            _ => Version::Tls13,
        };
        let cipher_suite = connection
            .negotiated_cipher_suite()
            .and_then(|suite| suite.suite().as_str())
            .unwrap_or_default()
            .replace("TLS13_", "TLS_");
        self.notes().side_mut(side).finished = Some((version, cipher_suite.clone()));
        self.say(side, Step::Finished { version, cipher_suite });
    }

    /// Notes an error that ended a side's connection: an alert that came in, a refusal
    /// that goes out, or something that nobody meant. Only the first one counts.
    pub(super) fn failed(&self, side: Side, error: &io::Error) {
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
        let Some(cause) = cause else {
            let mut notes = self.notes();
            let broken = &mut notes.side_mut(side).broken;
            broken.get_or_insert_with(|| error.to_string());
            return;
        };
        if let rustls::Error::AlertReceived(description) = cause {
            let alert = AlertNumber::from(*description);
            if self.notes().side_mut(side).received.replace(alert).is_none() {
                self.say(side, Step::AlertReceived(alert));
            }
            return;
        }
        if self.notes().side(side).sent.is_some() {
            return;
        }
        let alert = alert_of(cause);
        if self.notes().side(side).refusal.is_none() {
            let (message, go_alert) = self.own_refusal(cause, alert);
            self.refuse(side, message, go_alert);
        }
        if let Some(alert) = alert {
            self.notes().side_mut(side).sent = Some(alert);
            self.say(side, Step::AlertSent(alert));
        }
    }

    /// What rustls refuses before any verifier is asked.
    fn own_refusal(
        &self,
        cause: &rustls::Error,
        alert: Option<AlertNumber>,
    ) -> (String, Option<AlertNumber>) {
        match cause {
            rustls::Error::NoCertificatesPresented => (
                "tls: client didn't provide a certificate".to_owned(),
                // TLS 1.2 has no alert of its own for this.
                Some(match self.notes().offered {
                    Some(Version::Tls12) => AlertNumber::HANDSHAKE_FAILURE,
                    _ => AlertNumber::CERTIFICATE_REQUIRED,
                }),
            ),
            other => (format!("tls: {other}"), alert),
        }
    }
}
