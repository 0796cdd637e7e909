//! `lesson.toml`, as it is written.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::curriculum::Report;
use super::{Action, Break, Connect, Question, Request, Run, Show};
use crate::fault::Change;
use crate::text::nearest;

/// The kinds of step.
const KINDS: [&str; 9] = ["read", "predict", "make", "look", "connect", "break", "run", "request", "recall"];

/// How many steps a lesson may have: far more than anyone would sit through. Each is
/// looked for among all sections.
pub(super) const MOST_STEPS: usize = 100;

/// A lesson's mechanism.
#[derive(Debug, Default)]
pub(super) struct Mechanism {
    pub(super) minutes: u32,
    pub(super) steps: Vec<WrittenStep>,
}

/// One `[[step]]`.
#[derive(Debug)]
pub(super) struct WrittenStep {
    pub(super) line: usize,
    pub(super) id: String,
    pub(super) action: Action,
    pub(super) show: Vec<Show>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Make {
    artifacts: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Look {
    artifact: String,
    #[serde(default)]
    expect: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {}

/// Why a step does not read.
enum Fault {
    Toml(Error),
    Ours(Range<usize>, String),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Toml(error)
    }
}

/// Reads `lesson.toml`; what is wrong goes to the report. A step that does not read is
/// left out, a file that is no TOML has none.
pub(super) fn read(source: &str, report: &mut Report<'_>) -> Option<Mechanism> {
    let ends: Vec<usize> = source.match_indices('\n').map(|(at, _)| at).collect();
    let line_of = |span: Option<Range<usize>>| line_of(&ends, span.map_or(0, |span| span.start));
    let document = match DeTable::parse(source) {
        Ok(document) => document.into_inner(),
        Err(error) => {
            report.problem(line_of(error.span()), error.message());
            return None;
        }
    };
    let mut mechanism = Mechanism::default();
    for (key, value) in document {
        let span = value.span();
        match (key.get_ref().as_ref(), value.into_inner()) {
            ("minutes", value) => {
                match u32::deserialize(Spanned::new(span.clone(), value).into_deserializer()) {
                    Ok(minutes) => mechanism.minutes = minutes,
                    Err(error) => {
                        report.problem(line_of(Some(span)), format!("minutes: {}", error.message()))
                    }
                }
            }
            ("step", DeValue::Array(steps)) => {
                if let Some(first) = steps.get(MOST_STEPS) {
                    let message =
                        format!("a lesson has at most {MOST_STEPS} steps, and this has {}", steps.len());
                    report.problem(line_of(Some(first.span())), message);
                }
                for value in steps.into_iter().take(MOST_STEPS) {
                    let span = value.span();
                    let line = line_of(Some(span));
                    match step(value, line) {
                        Ok(step) => mechanism.steps.push(step),
                        Err(Fault::Toml(error)) => {
                            let line = error.span().map_or(line, |span| line_of(Some(span)));
                            report.problem(line, error.message());
                        }
                        Err(Fault::Ours(span, message)) => report.problem(line_of(Some(span)), message),
                    }
                }
            }
            (other, _) => {
                let line = line_of(Some(key.span()));
                report.problem(line, format!("unknown key `{other}`; a lesson has `minutes` and `[[step]]`"));
            }
        }
    }
    if mechanism.minutes == 0 {
        report.problem(1, "no `minutes`: how long does the lesson take?");
    }
    if mechanism.steps.is_empty() {
        report.problem(1, "no `[[step]]`");
    }
    Some(mechanism)
}

fn step(value: Spanned<DeValue<'_>>, line: usize) -> Result<WrittenStep, Fault> {
    let span = value.span();
    let DeValue::Table(mut table) = value.into_inner() else {
        return Err(Fault::Ours(span, "a step is a table: `[[step]]`".into()));
    };
    let mut take = |key: &str| {
        table.remove(key).ok_or_else(|| Fault::Ours(span.clone(), format!("this step has no `{key}`")))
    };
    let id = String::deserialize(take("id")?.into_deserializer())?;
    let kind = Spanned::<String>::deserialize(take("kind")?.into_deserializer())?;
    let show = match take("show") {
        Ok(show) => Vec::<Show>::deserialize(show.into_deserializer())?,
        Err(_) => Vec::new(),
    };
    let change = if kind.get_ref() == "break" { Some(take("change")?) } else { None };
    let rest = || Spanned::new(span.clone(), DeValue::Table(table)).into_deserializer();
    let action = match kind.get_ref().as_str() {
        "read" => Read::deserialize(rest()).map(|Read {}| Action::Read)?,
        "predict" => Action::Predict(Question::deserialize(rest())?),
        "recall" => Action::Recall(Question::deserialize(rest())?),
        "make" => Make::deserialize(rest()).map(|Make { artifacts }| Action::Make { artifacts })?,
        "look" => {
            Look::deserialize(rest()).map(|Look { artifact, expect }| Action::Look { artifact, expect })?
        }
        "connect" => Action::Connect(Connect::deserialize(rest())?),
        "run" => Action::Run(Run::deserialize(rest())?),
        "request" => Action::Request(Request::deserialize(rest())?),
        "break" => {
            let connect = Connect::deserialize(rest())?;
            let change = change.map(|change| Change::deserialize(change.into_deserializer())).transpose()?;
            Action::Break(Break { change: change.unwrap_or_default(), connect })
        }
        other => {
            let hint =
                nearest(other, KINDS).map_or_else(String::new, |near| format!(": did you mean `{near}`?"));
            let message = format!("there is no kind `{other}`{hint}; the kinds are {}", KINDS.join(", "));
            return Err(Fault::Ours(kind.span(), message));
        }
    };
    Ok(WrittenStep { line, id, action, show })
}

/// The line, from 1, of a place in a text whose lines end at these places.
fn line_of(ends: &[usize], offset: usize) -> usize {
    ends.partition_point(|end| *end < offset) + 1
}
