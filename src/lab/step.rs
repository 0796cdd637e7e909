//! One step done: what it declares, what really happens, and what there is to see.

use super::connect::{Tls, tls_version};
use super::engine::Lab;
use super::{Cancel, ConnectionView, LabError, Panel, Progress, StepReport};
use crate::blueprint::{Connection, resolve_certificate};
use crate::fault::Change;
use crate::lesson::{Action, Connect, Expect, Lesson, Question, Step};
use crate::workspace::Selection;

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
                self.make(&Selection::Only(vec![id.clone()]), cancel, progress)?;
                let focus: Vec<String> = expect.keys().cloned().collect();
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
                Ok(StepReport { ok: expected == observed, expected, observed, artifacts: 0, panels })
            }
            Action::Connect(connect) => {
                let (connection, tls) = self.connection(connect)?;
                self.make_for(&connection, None, cancel)?;
                let view = self.connect_changed(&connection, tls, None)?;
                self.judged(step, &connect.expect, view, Vec::new())
            }
            Action::Break(broken) => {
                let (view, changed) = self.broken(&broken.change, &broken.connect, cancel)?;
                self.judged(step, &broken.connect.expect, view, vec![Panel::Artifact(changed)])
            }
        }
    }

    fn read(&self, step: &Step) -> Result<StepReport, LabError> {
        let panels = self.panels(step)?;
        Ok(StepReport { expected: "read".into(), observed: "read".into(), ok: true, artifacts: 0, panels })
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
        Ok(StepReport { ok: expected == observed, expected, observed, artifacts: 0, panels })
    }

    fn outcome_of(&self, lesson: &Lesson, id: &str, cancel: &Cancel) -> Result<String, LabError> {
        let unknown = || LabError::Step { lesson: lesson.id.clone(), step: id.to_owned() };
        let (_, step) = lesson.step(id).ok_or_else(unknown)?;
        let view = match &step.action {
            Action::Connect(connect) => {
                let (connection, tls) = self.connection(connect)?;
                self.make_for(&connection, None, cancel)?;
                self.connect_changed(&connection, tls, None)?
            }
            Action::Break(broken) => self.broken(&broken.change, &broken.connect, cancel)?.0,
            _ => return Err(unknown()),
        };
        Ok(view.outcome.map(|outcome| outcome.outcome).unwrap_or_default())
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
        Ok(StepReport { ok: expected == observed, expected, observed, artifacts: made.written, panels })
    }

    fn connection(&self, connect: &Connect) -> Result<(Connection, Tls), LabError> {
        let mut connection = self.plan.connect(&connect.client, &connect.server)?;
        if let Some(request) = &connect.request {
            connection.request.clone_from(request);
        }
        let tls = connect.tls.as_deref().map_or(Ok(Tls::Tls13), tls_version)?;
        Ok((connection, tls))
    }

    fn broken(
        &self,
        change: &Change,
        connect: &Connect,
        cancel: &Cancel,
    ) -> Result<(ConnectionView, super::ArtifactView), LabError> {
        let (connection, tls) = self.connection(connect)?;
        self.make_for(&connection, Some(change), cancel)?;
        let changed = self.change(change)?;
        let view = self.connect_changed(&connection, tls, Some(&changed))?;
        Ok((view, self.changed_artifact(&changed)?))
    }

    /// A connection held against what was declared.
    fn judged(
        &self,
        step: &Step,
        expect: &Expect,
        view: ConnectionView,
        further: Vec<Panel>,
    ) -> Result<StepReport, LabError> {
        let (expected, observed) = compare(expect, &view);
        let mut first = vec![Panel::Connection(Box::new(view))];
        first.extend(further);
        let panels = self.around(step, first)?;
        Ok(StepReport { ok: expected == observed, expected, observed, artifacts: 0, panels })
    }

    /// What happened, then what else the step shows and has not been shown by it.
    fn around(&self, step: &Step, first: Vec<Panel>) -> Result<Vec<Panel>, LabError> {
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
