//! The checks of lessons that need a cluster: known names, and declared outcomes that are
//! real ones.

use super::engine::Lab;
use super::walk::{CHECK, NO_ERROR};
use super::{Cancel, LabError};
use crate::blueprint::resolve_certificate;
use crate::lesson::{Action, Break, Connect, Curriculum, Lesson, Problem, Show, Step};
use crate::text::{Language, nearest};
use crate::x509::FIELD_NAMES;

impl Lab {
    /// Everything wrong with the lessons: what their reading found, every name that the
    /// cluster does not have, and every step whose outcome is not the declared one.
    ///
    /// # Errors
    /// It was cancelled.
    pub fn check_lessons(&self, cancel: &Cancel) -> Result<Vec<Problem>, LabError> {
        let curriculum = self.curriculum();
        let mut problems = match curriculum.problems.is_empty() && self.built_in() {
            true => Curriculum::embedded_checked().problems,
            false => curriculum.problems.clone(),
        };
        let sound: Vec<Lesson> =
            curriculum.lessons.iter().map(|lesson| self.sound_steps(lesson, &mut problems)).collect();
        let lessons: Vec<&Lesson> = sound.iter().collect();
        let report = self.walk(&lessons, Language::En, cancel, |_| ())?;
        for row in report.results.iter().filter(|row| !row.ok && row.kind != CHECK) {
            let Some(lesson) = sound.iter().find(|lesson| lesson.id == row.lesson) else { continue };
            let Some((_, step)) = lesson.step(&row.step) else { continue };
            let message = match row.expected == NO_ERROR {
                true => format!("step `{}` cannot be done: {}", row.step, row.observed),
                false => {
                    format!("step `{}` declares {} but comes to {}", row.step, row.expected, row.observed)
                }
            };
            problems.push(problem(lesson, step, message));
        }
        problems.sort();
        Ok(problems)
    }

    /// A lesson with those of its steps alone whose names are right, and which ask about no
    /// other; the others are problems, and nothing can come of them.
    fn sound_steps(&self, lesson: &Lesson, problems: &mut Vec<Problem>) -> Lesson {
        let mut wrong: Vec<&str> = Vec::new();
        for step in &lesson.steps {
            let found = self.unknown_names(step);
            if !found.is_empty() {
                wrong.push(&step.id);
            }
            problems.extend(found.into_iter().map(|message| problem(lesson, step, message)));
        }
        let is_sound = |step: &Step| {
            let of = step.action.question().and_then(|question| question.of.as_deref());
            !wrong.contains(&step.id.as_str()) && !of.is_some_and(|of| wrong.contains(&of))
        };
        let steps = lesson.steps.iter().filter(|step| is_sound(step)).cloned().collect();
        Lesson { steps, ..lesson.clone() }
    }

    /// What a step names and the cluster does not have, one sentence each.
    fn unknown_names(&self, step: &Step) -> Vec<String> {
        let mut found = Vec::new();
        match &step.action {
            Action::Make { artifacts } => {
                found.extend(artifacts.iter().filter_map(|id| self.unknown_artifact(id)));
            }
            Action::Look { artifact, expect } => {
                found.extend(self.unknown_artifact(artifact));
                found.extend(expect.keys().filter_map(|name| unknown_field(name)));
            }
            Action::Connect(connect) => found.extend(self.unknown_ends(connect)),
            Action::Break(Break { change, connect }) => {
                let artifacts = std::iter::once(&change.artifact).chain(&change.instead);
                found.extend(artifacts.filter_map(|id| self.unknown_artifact(id)));
                found.extend(self.unknown_ends(connect));
            }
            Action::Run(run) => {
                let unknown = |name: &String| self.run_file(name).err().map(|error| error.to_string());
                found.extend(run.files.iter().filter_map(unknown));
            }
            Action::Request(request) => {
                found.extend(self.unknown_client(&request.client));
                found.extend(request.certificate.keys().filter_map(|name| unknown_field(name)));
            }
            Action::Read | Action::Predict(_) | Action::Recall(_) => {}
        }
        for show in &step.show {
            match show {
                Show::Commands(id) | Show::Chain(id) | Show::Request(id) => {
                    found.extend(self.unknown_artifact(id))
                }
                Show::Artifact { id, focus } => {
                    found.extend(self.unknown_artifact(id));
                    found.extend(focus.iter().filter_map(|name| unknown_field(name)));
                }
                Show::Connection { client, server } => {
                    found.extend(self.plan().connect(client, server).err().map(|error| error.to_string()));
                }
                Show::File { name, focus } => {
                    found.extend(self.file(name, focus).err().map(|error| error.to_string()));
                }
                Show::Cluster | Show::Kinds | Show::Trust => {}
            }
        }
        found.sort();
        found.dedup();
        found
    }

    fn unknown_artifact(&self, id: &str) -> Option<String> {
        resolve_certificate(self.plan(), id).err().map(|error| error.to_string())
    }

    fn unknown_ends(&self, connect: &Connect) -> Option<String> {
        self.connection(connect).err().map(|error| error.to_string())
    }
}

/// An extension that has no name of its own goes by its object identifier.
fn unknown_field(name: &str) -> Option<String> {
    let is_identifier = name.contains('.') && name.chars().all(|c| c.is_ascii_digit() || c == '.');
    if is_identifier || FIELD_NAMES.contains(&name) {
        return None;
    }
    let hint =
        nearest(name, FIELD_NAMES).map_or_else(String::new, |near| format!(": did you mean `{near}`?"));
    Some(format!("there is no field `{name}`{hint}; the fields are {}", FIELD_NAMES.join(", ")))
}

fn problem(lesson: &Lesson, step: &Step, message: String) -> Problem {
    Problem { file: format!("{:02}-{}/lesson.toml", lesson.number, lesson.id), line: step.line, message }
}
