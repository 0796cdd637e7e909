//! A lesson put together from its files, and every check that needs no lab.

use std::borrow::Cow;
use std::collections::BTreeSet;

use unicode_normalization::is_nfc;

use super::curriculum::{Checks, Problem, Report, is_slug};
use super::files::Files;
use super::mechanism::{self, Mechanism, WrittenStep};
use super::setting::setting;
use super::words::{self, Section, WrittenWords};
use super::{Action, Lesson, Question, Step, StepWords, Words};
use crate::text::{escape, nearest};

/// The words for what a connection comes to, as [`super::Expect::outcome`] writes them.
pub const OUTCOMES: [&str; 6] =
    ["200", "401", "403", "refused-by-client", "refused-by-server", "not-started"];
/// What else a request may come to.
const STATUSES: [&str; 4] = ["201", "404", "409", "422"];

const MECHANISM: &str = "lesson.toml";
const ENGLISH: &str = "en.md";
const KOREAN: &str = "ko.md";
/// The files of a lesson.
pub(super) const FILES: [&str; 3] = [MECHANISM, ENGLISH, KOREAN];

/// A lesson from its files; none if something is wrong that leaves a step without its
/// mechanism or its words.
pub(super) fn lesson(
    folder: &str,
    (number, id): (usize, &str),
    files: &Files,
    checks: Checks,
    problems: &mut Vec<Problem>,
) -> Option<Lesson> {
    let mut source = |name: &str| {
        let mut report = Report { file: format!("{folder}/{name}"), problems: &mut *problems };
        match files.get(name) {
            Some(Ok(text)) => clean(text, &mut report),
            Some(Err(error)) => {
                report.problem(error.line, error.why.as_str());
                None
            }
            None => {
                let what = if name == MECHANISM { "the lesson's mechanism" } else { "a translation" };
                report.problem(1, format!("{what} is missing"));
                None
            }
        }
    };
    let (mechanism_source, english, korean) = (source(MECHANISM), source(ENGLISH), source(KOREAN));
    let mut report = Report { file: format!("{folder}/{MECHANISM}"), problems };
    let mechanism = mechanism_source.and_then(|source| {
        let before = report.problems.len();
        let mechanism = mechanism::read(source, &mut report)?;
        steps(&mechanism, &mut report);
        (report.problems.len() == before).then_some(mechanism)
    });
    let mut spoken = |name: &str, source: Option<&str>| {
        report.file = format!("{folder}/{name}");
        let before = report.problems.len();
        let words = words::read(source?, &mut report);
        let mechanism = mechanism.as_ref()?;
        sections(mechanism, &words, &mut report);
        let steps = step_words(mechanism, &words, &mut report);
        let whole = report.problems.len() == before;
        if checks == Checks::All {
            for (section, words) in &steps {
                setting(section, words, &mut report);
            }
        }
        let lines: Vec<usize> = steps.iter().map(|(section, _)| section.line).collect();
        let steps: Vec<StepWords> = steps.into_iter().map(|(_, words)| words).collect();
        whole.then_some(Spoken { title: words.title, aim: words.aim, steps, lines })
    };
    let (english, korean) = (spoken(ENGLISH, english), spoken(KOREAN, korean));
    let (mechanism, english, korean) = (mechanism?, english?, korean?);
    if !same_choices(&english, &korean, &mut report) {
        return None;
    }
    Some(Lesson {
        id: id.to_owned(),
        number,
        minutes: mechanism.minutes,
        title: Words { en: english.title, ko: korean.title },
        aim: Words { en: english.aim, ko: korean.aim },
        steps: mechanism
            .steps
            .into_iter()
            .zip(english.steps.into_iter().zip(korean.steps))
            .map(|(step, (en, ko))| Step {
                id: step.id,
                line: step.line,
                action: step.action,
                show: step.show,
                words: Words { en, ko },
            })
            .collect(),
    })
}

/// One language's words, put in the steps' order.
struct Spoken {
    title: String,
    aim: String,
    steps: Vec<StepWords>,
    /// The line of each step's section.
    lines: Vec<usize>,
}

/// A file's text if it can be shown at all.
fn clean<'a>(text: &'a str, report: &mut Report<'_>) -> Option<&'a str> {
    let text = text.trim_start_matches('\u{feff}');
    let mut is_clean = true;
    for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !is_plain(text)) {
        if !is_nfc(text) {
            report.problem(line, "this line is not in Unicode NFC: save the file composed");
        }
        if let Cow::Owned(escaped) = escape(text) {
            let message = format!("a character that a terminal would obey or hide: `{escaped}`");
            report.problem(line, message);
            is_clean = false;
        }
    }
    is_clean.then_some(text)
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fn same_choices(english: &Spoken, korean: &Spoken, report: &mut Report<'_>) -> bool {
    let mut same = true;
    let pairs = english.steps.iter().zip(korean.steps.iter().zip(&korean.lines));
    for (en, (ko, line)) in pairs {
        let (there, here) = (en.choices.len(), ko.choices.len());
        if there != here {
            report.problem(*line, format!("there are {here} choices here and {there} in {ENGLISH}"));
            same = false;
        }
    }
    same
}

/// Checks of the mechanism alone.
fn steps(mechanism: &Mechanism, report: &mut Report<'_>) {
    let mut seen = BTreeSet::new();
    for (index, step) in mechanism.steps.iter().enumerate() {
        if !is_slug(&step.id) {
            report.problem(step.line, format!("the id `{}` is not words of a-z, 0-9 between `-`", step.id));
        }
        if !seen.insert(step.id.as_str()) {
            report.problem(step.line, format!("the id `{}` is there already", step.id));
        }
        if let Action::Make { artifacts } = &step.action
            && artifacts.is_empty()
        {
            report.problem(step.line, "this step makes nothing: name `artifacts`");
        }
        if let Action::Run(run) = &step.action {
            if run.lines.is_empty() {
                report.problem(step.line, "this step runs nothing: name `lines`");
            }
            for error in run.lines.iter().filter_map(|line| super::command_words(line).err()) {
                report.problem(step.line, error);
            }
            let names = run.files.iter().chain(run.write.keys());
            for name in names.filter(|name| name.contains('/') || name.starts_with('.')) {
                report.problem(step.line, format!("`{name}` is no plain file name"));
            }
        }
        if let Action::Request(request) = &step.action {
            let (_, path) = request.line();
            if !path.starts_with('/') {
                report.problem(step.line, "`request` is a method and a path: \"GET /api/v1/nodes\"");
            }
            if request.body.as_ref().is_some_and(|body| body.contains("{csr}")) != request.csr.is_some() {
                report.problem(step.line, "`{csr}` in the body and `csr` need each other");
            }
        }
        if let Some(expect) = step.action.expected() {
            outcome(&expect.outcome, step.line, report);
        }
        if let Action::Connect(connect) | Action::Break(super::Break { connect, .. }) = &step.action
            && !matches!(connect.tls.as_deref(), None | Some("1.2" | "1.3"))
        {
            report.problem(step.line, "`tls` is \"1.2\" or \"1.3\"");
        }
        if let Some(question) = step.action.question() {
            let later = mechanism.steps.get(index + 1..).unwrap_or_default();
            prediction(question, later, step.line, report);
        }
    }
}

fn outcome(given: &str, line: usize, report: &mut Report<'_>) {
    if !OUTCOMES.contains(&given) && !STATUSES.contains(&given) {
        let hint =
            nearest(given, OUTCOMES).map_or_else(String::new, |near| format!(": did you mean `{near}`?"));
        report
            .problem(line, format!("there is no outcome `{given}`{hint}; there are {}", OUTCOMES.join(", ")));
    }
}

/// A question about a later step: the right choice stands for what that step declares.
fn prediction(question: &Question, later: &[WrittenStep], line: usize, report: &mut Report<'_>) {
    if question.answer == 0 {
        report.problem(line, "`answer` counts from 1");
    }
    for given in &question.outcomes {
        outcome(given, line, report);
    }
    let Some(of) = &question.of else {
        if !question.outcomes.is_empty() {
            report.problem(line, "`outcomes` needs `of`: the step whose outcome the choices are about");
        }
        return;
    };
    let Some(expect) = later.iter().find(|step| step.id == *of).and_then(|step| step.action.expected())
    else {
        report.problem(line, format!("`of` names no later connect or break step: `{of}`"));
        return;
    };
    let right = question.answer.checked_sub(1).and_then(|index| question.outcomes.get(index));
    if right != Some(&expect.outcome) {
        let message = format!("the answer must stand for `{}`, which `{of}` comes to", expect.outcome);
        report.problem(line, message);
    } else if question.outcomes.iter().filter(|given| **given == expect.outcome).count() > 1 {
        report.problem(line, format!("two choices stand for `{}`: only one can be right", expect.outcome));
    }
}

/// The sections are the steps, in the same order.
fn sections(mechanism: &Mechanism, words: &WrittenWords, report: &mut Report<'_>) {
    let ids: Vec<&str> = mechanism.steps.iter().map(|step| step.id.as_str()).collect();
    let mut found: Vec<&str> = Vec::new();
    for section in &words.sections {
        let id = section.id.as_str();
        if found.contains(&id) {
            report.problem(section.line, format!("the section `{id}` is there already"));
        } else if ids.contains(&id) {
            let wanted = ids.iter().find(|wanted| !found.contains(wanted) && has(words, wanted));
            if let Some(wanted) = wanted
                && *wanted != id
            {
                let message =
                    format!("the section `{id}` is out of order: in lesson.toml `{wanted}` is next");
                report.problem(section.line, message);
            }
        } else {
            let hint = nearest(id, ids.iter().copied())
                .map_or_else(String::new, |n| format!(": did you mean `{n}`?"));
            report.problem(section.line, format!("the section `{id}` is no step of lesson.toml{hint}"));
        }
        found.push(id);
    }
    for step in &mechanism.steps {
        if !has(words, &step.id) {
            let message = format!("no section `## {}: …` for the step at {MECHANISM}:{}", step.id, step.line);
            report.problem(words.last_line, message);
        }
    }
}

fn has(words: &WrittenWords, id: &str) -> bool {
    words.sections.iter().any(|section| section.id == id)
}

/// The words of each step, in the steps' order.
fn step_words(
    mechanism: &Mechanism,
    words: &WrittenWords,
    report: &mut Report<'_>,
) -> Vec<(Section, StepWords)> {
    let mut out = Vec::new();
    for step in &mechanism.steps {
        let Some(section) = words.sections.iter().find(|section| section.id == step.id) else {
            continue;
        };
        let mut section = section.clone();
        let mut choices = Vec::new();
        if let Some(question) = step.action.question() {
            choices = words::take_choices(&mut section.text, report);
            question_words(question, &choices, &section, report);
        }
        let words = StepWords {
            title: section.title.clone(),
            text: section.text.text.clone(),
            choices,
            after: section.after.as_ref().map(|after| after.text.clone()).unwrap_or_default(),
        };
        out.push((section, words));
    }
    out
}

fn question_words(question: &Question, choices: &[String], section: &Section, report: &mut Report<'_>) {
    let line = section.line;
    if choices.len() < 2 {
        report.problem(
            line,
            "a question needs two choices or more: a list `1. …`, `2. …` at the end of its text",
        );
    } else if question.answer > choices.len() {
        let message = format!("the answer is choice {}, and there are {}", question.answer, choices.len());
        report.problem(line, message);
    }
    if question.of.is_some() && question.outcomes.len() != choices.len() {
        let message = format!(
            "there are {} choices and {} `outcomes`: one for each",
            choices.len(),
            question.outcomes.len()
        );
        report.problem(line, message);
    }
    if section.after.is_none() {
        report.problem(line, "a question needs an explanation, after a line `---`");
    }
}
