//! One step done: what it declares, what really happens, and what there is to see.

use super::change::Changed;
use super::connect::{Circumstances, Tls, tls_version};
use super::engine::Lab;
use super::{ArtifactView, Cancel, ConnectionView, LabError, Panel, Progress, StepReport};
use crate::blueprint::{Connection, resolve_certificate};
use crate::fault::Change;
use crate::handshake::{ClientSide, ServerSide};
use crate::lesson::{Action, Connect, Expect, Lesson, Question, Show, Step};
use crate::workspace::{Selection, authority_chain};

impl Lab {
    /// Does a step.
    ///
    /// # Errors
    /// It names what the cluster does not have, an artifact cannot be made or read, the
    /// machine cannot run a connection, or it was cancelled. An outcome other than the
    /// declared one is no error.
    pub fn perform(
        &self,
        lesson: &Lesson,
        step: &Step,
        cancel: &Cancel,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<StepReport, LabError> {
        match &step.action {
            Action::Read => self.read(step),
            Action::Predict(question) | Action::Recall(question) => {
                self.question(lesson, step, question, cancel)
            }
            Action::Make { artifacts } => self.make_step(step, artifacts, cancel, progress),
            Action::Look { artifact, expect } => {
                let id = resolve_certificate(&self.plan, artifact)?;
                let made_first = self.missing(std::slice::from_ref(&id));
                self.make(&Selection::Only(vec![id.clone()]), cancel, progress)?;
                let mut focus: Vec<String> = expect.keys().cloned().collect();
                for show in &step.show {
                    if let Show::Artifact { id: shown, focus: fields } = show
                        && resolve_certificate(&self.plan, shown)? == id
                    {
                        focus.extend(fields.iter().cloned());
                    }
                }
                let view = self.artifact(&id, &focus)?;
                let written = |value: &dyn Fn(&str) -> String| {
                    let each = expect.keys().map(|name| format!("{name}={}", value(name)));
                    each.collect::<Vec<_>>().join("; ")
                };
                let seen = |name: &str| {
                    let field = view.fields.iter().find(|f| f.name == name);
                    field.map_or_else(|| "-".to_owned(), |f| f.value.clone())
                };
                let expected = written(&|name| expect.get(name).cloned().unwrap_or_default());
                let observed = written(&seen);
                let panels = self.around(step, vec![Panel::Artifact(view.clone())])?;
                let ok = expected == observed;
                Ok(StepReport { ok, expected, observed, artifacts: 0, made_first, panels })
            }
            Action::Connect(connect) => {
                let tried = self.tried(connect, None, cancel)?;
                self.judged(step, &connect.expect, tried)
            }
            Action::Break(broken) => {
                let tried = self.tried(&broken.connect, Some(&broken.change), cancel)?;
                self.judged(step, &broken.connect.expect, tried)
            }
            Action::Run(run) => self.run_step(step, run, cancel),
            Action::Request(request) => self.request_step(lesson, step, request, cancel),
        }
    }

    fn read(&self, step: &Step) -> Result<StepReport, LabError> {
        let panels = self.panels(step)?;
        let (expected, observed) = ("read".into(), "read".into());
        Ok(StepReport { expected, observed, ok: true, artifacts: 0, made_first: Vec::new(), panels })
    }

    /// A question about a later step is answered by doing that step.
    fn question(
        &self,
        lesson: &Lesson,
        step: &Step,
        question: &Question,
        cancel: &Cancel,
    ) -> Result<StepReport, LabError> {
        let answer = |number: usize| format!("answer {number}");
        let expected = answer(question.answer);
        let observed = match &question.of {
            None => expected.clone(),
            Some(of) => {
                let outcome = self.outcome_of(lesson, of, cancel)?;
                let place = question.outcomes.iter().position(|choice| *choice == outcome);
                place.map_or_else(|| format!("{of} comes to {outcome}"), |place| answer(place + 1))
            }
        };
        let panels = self.panels(step)?;
        let ok = expected == observed;
        Ok(StepReport { ok, expected, observed, artifacts: 0, made_first: Vec::new(), panels })
    }

    fn outcome_of(&self, lesson: &Lesson, id: &str, cancel: &Cancel) -> Result<String, LabError> {
        let unknown = || LabError::Step { lesson: lesson.id.clone(), step: id.to_owned() };
        let (_, step) = lesson.step(id).ok_or_else(unknown)?;
        let tried = match &step.action {
            Action::Connect(connect) => self.tried(connect, None, cancel)?,
            Action::Break(broken) => self.tried(&broken.connect, Some(&broken.change), cancel)?,
            Action::Request(_) => return self.status_of(lesson, step, cancel),
            _ => return Err(unknown()),
        };
        Ok(tried.view.outcome.map(|outcome| outcome.outcome).unwrap_or_default())
    }

    fn make_step(
        &self,
        step: &Step,
        artifacts: &[String],
        cancel: &Cancel,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<StepReport, LabError> {
        let ids =
            artifacts.iter().map(|id| resolve_certificate(&self.plan, id)).collect::<Result<Vec<_>, _>>()?;
        let made_first = self.missing(&ids);
        let made = self.make(&Selection::Only(ids.clone()), cancel, progress)?;
        let views = ids.iter().map(|id| self.artifact(id, &[])).collect::<Result<Vec<_>, _>>()?;
        let there: Vec<&str> = views.iter().filter(|v| v.made).map(|v| v.id.as_str()).collect();
        let expected = format!("made {}", ids.join(", "));
        let observed = format!("made {}", there.join(", "));
        // What was made stands before the commands that would have made it, behind the
        // overview that the step is about.
        let shown = self.around(step, Vec::new())?;
        let (commands, mut panels): (Vec<Panel>, Vec<Panel>) =
            shown.into_iter().partition(|panel| matches!(panel, Panel::Commands(_)));
        let is_shown = |panels: &[Panel], id: &str| {
            panels.iter().any(|panel| matches!(panel, Panel::Artifact(view) if view.id == id))
        };
        for view in views {
            if !is_shown(&panels, &view.id) {
                panels.push(Panel::Artifact(view));
            }
        }
        panels.extend(commands);
        let ok = expected == observed;
        Ok(StepReport { ok, expected, observed, artifacts: made.written, made_first, panels })
    }

    /// Of what these artifacts need to be made, what is not there: their authorities.
    fn missing(&self, ids: &[String]) -> Vec<String> {
        let mut missing: Vec<String> = Vec::new();
        for leaf in ids.iter().filter_map(|id| self.plan.certificate(id)) {
            let authority = &leaf.authority;
            let is_known = ids.contains(authority) || missing.contains(authority);
            if !is_known && authority_chain(self.store(), &self.plan, authority).is_err() {
                missing.push(authority.clone());
            }
        }
        missing
    }

    pub(super) fn connection(&self, connect: &Connect) -> Result<(Connection, Tls), LabError> {
        let mut connection = self.plan.connect(&connect.client, &connect.server)?;
        if let Some(request) = &connect.request {
            connection.request.clone_from(request);
        }
        if let Some(name) = &connect.name {
            connection.server_name = name.parse().map_err(|_| LabError::Name(name.clone()))?;
        }
        let tls = connect.tls.as_deref().map_or(Ok(Tls::Tls13), tls_version)?;
        Ok((connection, tls))
    }

    /// Makes what a connection needs, then makes the connection, on a changed copy if there
    /// is a change.
    pub(super) fn tried(
        &self,
        connect: &Connect,
        change: Option<&Change>,
        cancel: &Cancel,
    ) -> Result<Tried, LabError> {
        let (connection, tls) = self.connection(connect)?;
        let made_first = self.make_for(&connection, change, cancel)?;
        let changed = change.map(|change| self.change(change)).transpose()?;
        let view = self.connect_under(&connection, tls, &circumstances(connect, changed.as_ref()))?;
        let changed = changed.as_ref().map(|changed| self.changed_artifact(changed)).transpose()?;
        Ok(Tried { view, changed, made_first })
    }

    /// Both sides of a step's connection, ready to be run, against real clients and servers
    /// too; what they need is made.
    ///
    /// # Errors
    /// As [`Lab::perform`].
    pub fn sides_of(
        &self,
        step: &Step,
        cancel: &Cancel,
    ) -> Result<Option<(ClientSide, ServerSide)>, LabError> {
        let (connect, change) = match &step.action {
            Action::Connect(connect) => (connect, None),
            Action::Break(broken) => (&broken.connect, Some(&broken.change)),
            _ => return Ok(None),
        };
        let (connection, _) = self.connection(connect)?;
        self.make_for(&connection, change, cancel)?;
        let changed = change.map(|change| self.change(change)).transpose()?;
        let circumstances = circumstances(connect, changed.as_ref());
        self.sides_under(&connection, &circumstances).map(Some)
    }

    /// A connection held against what was declared.
    fn judged(&self, step: &Step, expect: &Expect, tried: Tried) -> Result<StepReport, LabError> {
        let Tried { view, changed, made_first } = tried;
        let (expected, observed) = compare(expect, &view);
        let mut first = vec![Panel::Connection(Box::new(view))];
        first.extend(changed.map(Panel::Artifact));
        let panels = self.around(step, first)?;
        Ok(StepReport { ok: expected == observed, expected, observed, artifacts: 0, made_first, panels })
    }

    /// What happened, then what else the step shows and has not been shown by it.
    pub(super) fn around(&self, step: &Step, first: Vec<Panel>) -> Result<Vec<Panel>, LabError> {
        let mut panels = first;
        for show in &step.show {
            let panel = self.panel(show)?;
            let same = |shown: &Panel| match (shown, &panel) {
                (Panel::Artifact(a), Panel::Artifact(b)) => a.id == b.id,
                (Panel::Connection(_), Panel::Connection(_)) => true,
                _ => false,
            };
            if !panels.iter().any(same) {
                panels.push(panel);
            }
        }
        Ok(panels)
    }
}

fn circumstances<'a>(connect: &Connect, changed: Option<&'a Changed>) -> Circumstances<'a> {
    Circumstances { changed, verify: connect.verify, without_client_authority: !connect.client_auth }
}

/// A connection that was made, and what for.
pub(super) struct Tried {
    pub(super) view: ConnectionView,
    /// The changed artifact, before and after.
    changed: Option<ArtifactView>,
    /// What was made for it.
    made_first: Vec<String>,
}

/// What was declared and what happened, in the same words: equal if they agree.
fn compare(expect: &Expect, view: &ConnectionView) -> (String, String) {
    let Some(outcome) = &view.outcome else { return (expect.outcome.clone(), "nothing".into()) };
    let mut expected = vec![expect.outcome.clone()];
    let mut observed = vec![outcome.outcome.clone()];
    if let Some(user) = &expect.user {
        let seen = outcome.identity.as_ref().map_or("nobody", |(user, _)| user);
        expected.push(format!("user {user}"));
        observed.push(format!("user {seen}"));
    }
    if let Some(groups) = &expect.groups {
        let seen = outcome.identity.as_ref().map(|(_, groups)| groups.join(" ")).unwrap_or_default();
        expected.push(format!("groups {}", groups.join(" ")));
        observed.push(format!("groups {seen}"));
    }
    if let Some(message) = &expect.message {
        let words = said(outcome);
        expected.push(format!("saying {message:?}"));
        let heard = words.iter().any(|text| text.contains(message.as_str()));
        observed.push(match heard {
            true => format!("saying {message:?}"),
            false => format!("saying {:?}", words.join(" | ")),
        });
    }
    (expected.join(", "), observed.join(", "))
}

/// Everything that the parties said, to the letter.
fn said(outcome: &super::ConnectionOutcome) -> Vec<String> {
    let refusal = |verdict: &Option<crate::trust::Verdict>| {
        verdict.as_ref().and_then(|v| v.refusal.as_ref()).map(|refusal| refusal.message.clone())
    };
    let body = outcome.response.as_ref().map(|(_, body)| {
        // The message of a Status, as kubectl prints it, not as JSON escapes it.
        let message = serde_json::from_str::<serde_json::Value>(body).ok();
        let message = message.as_ref().and_then(|json| json.get("message")).and_then(|m| m.as_str());
        message.unwrap_or(body).to_owned()
    });
    [
        outcome.client_prints.clone(),
        outcome.server_logs.clone(),
        refusal(&outcome.server_verdict),
        refusal(&outcome.client_verdict),
        outcome.decision.clone(),
        body,
    ]
    .into_iter()
    .flatten()
    .collect()
}
