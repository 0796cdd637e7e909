//! A connection that can be shown message by message: its bytes, and what each side made
//! of the other.

use std::sync::Arc;

use super::{Cancel, ConnectionView, Lab, LabError, Tls};
use crate::fault::{Catalogue, Making};
use crate::handshake::{Report, Step};
use crate::lesson::Action;
use crate::trust::Verdict;
use crate::wire::{Recording, Side};

/// A connection that was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Play {
    /// `kube-apiserver`.
    pub client: String,
    /// `etcd`.
    pub server: String,
    /// Its bytes and secrets.
    pub recording: Arc<Recording>,
    /// What each side made of the other, as far as it came to that; at most one for each.
    pub judgements: Vec<Judgement>,
}

impl Play {
    /// Whether a side refused the other one.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.judgements.iter().any(|judgement| judgement.refusal.is_some())
    }
}

/// What one side made of the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Who judged.
    pub by: Side,
    /// At which message.
    pub at: Moment,
    /// The checks, if a certificate was verified.
    pub verdict: Option<Verdict>,
    /// Go's words, where it refuses.
    pub refusal: Option<String>,
}

/// At which of the other side's messages a judgement falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Its Certificate.
    Certificate,
    /// Its signature: CertificateVerify, or a server's ServerKeyExchange in TLS 1.2.
    Signature,
    /// Its request: kube-apiserver and kubelets take any certificate in TLS and verify it
    /// over HTTP.
    Request,
}

impl Judgement {
    /// What both sides made of each other, in the order of the wire.
    pub(super) fn all_of(report: &Report) -> Vec<Self> {
        let verdicts = [(Side::Client, &report.server_verdict), (Side::Server, &report.client_verdict)];
        let judged = verdicts.into_iter().filter_map(|(by, verdict)| {
            let own = || report.events.iter().filter(|event| event.side == by).map(|event| &event.step);
            let refusal = own().find_map(|step| match step {
                Step::Refuses { message } => Some(message.clone()),
                _ => None,
            });
            if verdict.is_none() && refusal.is_none() {
                return None;
            }
            let is_later = by == Side::Server && own().any(|step| *step == Step::ChainNotVerified);
            let is_accepted = verdict.as_ref().is_some_and(|verdict| verdict.refusal.is_none());
            let at = match &refusal {
                _ if is_later => Moment::Request,
                Some(_) if is_accepted => Moment::Signature,
                _ => Moment::Certificate,
            };
            let of_verdict = verdict.as_ref().and_then(|verdict| verdict.refusal.as_ref());
            let refusal = refusal.or_else(|| of_verdict.map(|refusal| refusal.message.clone()));
            Some(Self { by, at, verdict: verdict.clone(), refusal })
        });
        judged.collect()
    }
}

/// Which connection is to be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scene {
    /// That of a lesson's step.
    Step {
        /// The lesson's id.
        lesson: String,
        /// The step's id.
        step: String,
    },
    /// One of the cluster that faults are tried on, which is like the learner's.
    Trial {
        /// The fault's id; the connection is the one that shows it.
        fault: String,
    },
    /// One of the cluster.
    Edge {
        /// The client.
        client: String,
        /// The server.
        server: String,
    },
}

/// What is otherwise than usual about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variant {
    /// Nothing that the scene does not say itself.
    Plain,
    /// Nothing at all: a step's own change is left out.
    Healthy,
    /// A fault of the catalogue, by its id.
    Fault(String),
}

/// A connection to be made and recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlayRequest {
    /// Which.
    pub scene: Scene,
    /// The version; the scene's own if none.
    pub tls: Option<Tls>,
    /// What is otherwise.
    pub variant: Variant,
}

impl Lab {
    /// Makes a connection to be shown message by message. Nothing in the workspace is
    /// changed, beyond what is missing being made.
    ///
    /// # Errors
    /// There is no such lesson, step, component or fault, what it needs cannot be made, the
    /// machine cannot run it, or it never starts.
    pub fn play(&self, request: &PlayRequest, cancel: &Cancel) -> Result<Play, LabError> {
        let view = match &request.scene {
            Scene::Step { lesson, step } => self.play_step((lesson, step), request, cancel)?,
            Scene::Trial { fault } => self.play_trial(fault, request, cancel)?,
            Scene::Edge { client, server } => self.play_edge((client, server), request, cancel)?,
        };
        let never = "this connection never starts: the program does not load its pair of files";
        view.play().ok_or_else(|| LabError::Request(never.to_owned()))
    }

    fn play_edge(
        &self,
        (client, server): (&str, &str),
        request: &PlayRequest,
        cancel: &Cancel,
    ) -> Result<ConnectionView, LabError> {
        let connection = self.plan.connect(client, server)?;
        let tls = request.tls.unwrap_or(Tls::Tls13);
        match &request.variant {
            Variant::Fault(id) => self.connect_made(&connection, tls, &making_of(id)?, cancel),
            Variant::Plain | Variant::Healthy => self.connect(&connection, tls, cancel),
        }
    }

    fn play_trial(
        &self,
        fault: &str,
        request: &PlayRequest,
        cancel: &Cancel,
    ) -> Result<ConnectionView, LabError> {
        let making = making_of(fault)?;
        let twin = self.twin(&making)?;
        let connection = twin.connection_of(&making)?;
        let tls = request.tls.unwrap_or(Tls::Tls13);
        match &request.variant {
            Variant::Fault(_) => twin.connect_made(&connection, tls, &making, cancel),
            Variant::Plain | Variant::Healthy => twin.connect(&connection, tls, cancel),
        }
    }

    fn play_step(
        &self,
        (lesson, step): (&str, &str),
        request: &PlayRequest,
        cancel: &Cancel,
    ) -> Result<ConnectionView, LabError> {
        let unknown = || LabError::Step { lesson: lesson.to_owned(), step: step.to_owned() };
        let found = self.lesson(lesson)?;
        let (_, found) = found.step(step).ok_or_else(unknown)?;
        let (connect, change) = match &found.action {
            Action::Connect(connect) => (connect, None),
            Action::Break(broken) => (&broken.connect, Some(&broken.change)),
            _ => return Err(unknown()),
        };
        let mut connect = connect.clone();
        if let Some(tls) = request.tls {
            connect.tls = Some(if tls == Tls::Tls12 { "1.2" } else { "1.3" }.to_owned());
        }
        let is_healthy = request.variant == Variant::Healthy;
        if is_healthy {
            (connect.name, connect.verify, connect.client_auth) = (None, None, true);
        }
        let tried = self.tried(&connect, change.filter(|_| !is_healthy), cancel)?;
        Ok(tried.view)
    }
}

/// How the lab makes a fault of the catalogue.
fn making_of(id: &str) -> Result<Making, LabError> {
    let catalogue = Catalogue::embedded().map_err(|error| LabError::Request(error.to_string()))?;
    let fault = catalogue.find(id)?;
    fault.make.clone().ok_or_else(|| LabError::Request(format!("{id} is explained only")))
}
