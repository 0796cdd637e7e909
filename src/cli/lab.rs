//! The commands that work on a lab: walk, lessons, matrix, pki commands.

use std::path::Path;

use serde::Serialize;

use super::args::{Global, SpecArgs};
use super::error::CliError;
use super::output::{Output, Tone, complain};
use super::signals::cancel_on_signal;
use crate::clock::Clock;
use crate::handshake::HandshakeError;
use crate::lab::{Cancel, Directory, Lab, LabError, LabOptions, tls_version};
use crate::lesson::Lesson;
use crate::text::{Language, escape};

/// Opens the lab of a command.
pub(super) fn open(
    output: &Output,
    global: &Global,
    temporary: bool,
    spec: Option<&SpecArgs>,
) -> Result<Lab, CliError> {
    let lab = Lab::open(options(global, temporary, spec)?)?;
    tell(&lab);
    if !output.json {
        for problem in &lab.curriculum().problems {
            complain(problem);
        }
    }
    Ok(lab)
}

/// How a command opens its lab.
pub(super) fn options(
    global: &Global,
    temporary: bool,
    spec: Option<&SpecArgs>,
) -> Result<LabOptions, CliError> {
    let directory = match &global.dir {
        Some(directory) => Directory::At(directory.clone()),
        None if temporary => Directory::Temporary,
        None => Directory::Default,
    };
    let spec = spec.filter(|args| !args.is_empty()).map(SpecArgs::spec).transpose()?;
    if let Some(lessons) = &global.lessons
        && !lessons.is_dir()
    {
        return Err(CliError::Usage(format!(
            "{} is no directory of lessons: name one that holds folders such as 01-first",
            lessons.display()
        )));
    }
    Ok(LabOptions {
        directory,
        spec,
        clock: global.now.unwrap_or(Clock::System),
        lessons: global.lessons.clone(),
    })
}

impl From<LabError> for CliError {
    fn from(error: LabError) -> Self {
        match error {
            LabError::Workspace(error) => error.into(),
            LabError::Handshake(HandshakeError::Request { .. })
            | LabError::Component(_)
            | LabError::Lesson(_)
            | LabError::Fault(_)
            | LabError::Step { .. }
            | LabError::NotStarted(_)
            | LabError::Name(_)
            | LabError::File { .. }
            | LabError::Request(_) => Self::Usage(error.to_string()),
            LabError::Handshake(_)
            | LabError::Progress(_)
            | LabError::Journal(_)
            | LabError::Server(_)
            | LabError::Machine(_) => Self::Machine(error.to_string()),
        }
    }
}

/// Tells what was set aside: nothing is done behind the user's back.
pub(super) fn tell(lab: &Lab) {
    for notice in lab.take_notices() {
        complain(&notice);
    }
}

/// The lessons of these names, all if there are none.
fn chosen<'a>(lab: &'a Lab, names: &[String]) -> Result<Vec<&'a Lesson>, CliError> {
    if names.is_empty() {
        return Ok(lab.curriculum().lessons.iter().collect());
    }
    Ok(names.iter().map(|name| lab.lesson(name)).collect::<Result<_, _>>()?)
}

pub(super) fn walk(
    output: &Output,
    global: &Global,
    names: &[String],
    spec: &SpecArgs,
) -> Result<u8, CliError> {
    let cancel = Cancel::default();
    cancel_on_signal(&cancel);
    let lab = open(output, global, true, Some(spec))?;
    let lessons = chosen(&lab, names)?;
    let mut failed = Ok(());
    let report = lab.walk(&lessons, output.language, &cancel, |row| {
        if output.json || failed.is_err() {
            return;
        }
        let line = format!("{} {:16} {:22} {:8} ", output.mark(row.ok), row.lesson, row.step, row.kind);
        failed = match row.ok {
            true => output.line(&format!("{line}{}", escape(&row.observed))),
            false => output.line(&format!(
                "{line}{} {}, {} {}",
                output.language.pick("expected", "예상"),
                escape(&row.expected),
                output.language.pick("observed", "실제"),
                escape(&row.observed)
            )),
        };
    })?;
    failed?;
    let status = u8::from(report.failed > 0);
    if output.json {
        output.document(&report)?;
        return Ok(status);
    }
    output.line(&match output.language {
        Language::En => format!(
            "{} lessons, {} steps: {} files made, {} connections, {} failed, {} skipped",
            report.lessons, report.steps, report.artifacts, report.handshakes, report.failed, report.skipped
        ),
        Language::Ko => format!(
            "레슨 {}개, 단계 {}개: 파일 {}개 생성, 연결 {}번, 실패 {}개, 건너뜀 {}개",
            report.lessons, report.steps, report.artifacts, report.handshakes, report.failed, report.skipped
        ),
    })?;
    Ok(status)
}

#[derive(Serialize)]
struct LessonRow<'a> {
    number: usize,
    id: &'a str,
    title: &'a str,
    aim: &'a str,
    minutes: u32,
    steps: usize,
    done: usize,
}

pub(super) fn list(output: &Output, global: &Global) -> Result<u8, CliError> {
    let lab = match open(output, global, false, None) {
        // Another dojang is at work here: the lessons are the same without its progress.
        Err(CliError::Machine(_)) if global.dir.is_none() => open(output, global, true, None)?,
        other => other?,
    };
    let progress = lab.progress();
    let rows: Vec<LessonRow<'_>> = lab
        .curriculum()
        .lessons
        .iter()
        .map(|lesson| LessonRow {
            number: lesson.number,
            id: &lesson.id,
            title: lesson.title.get(output.language),
            aim: lesson.aim.get(output.language),
            minutes: lesson.minutes,
            steps: lesson.steps.len(),
            done: progress.done_of(lesson),
        })
        .collect();
    if output.json {
        return output.document(&rows);
    }
    let minutes = output.language.pick("min", "분");
    for row in &rows {
        let mark = output.made(row.done == row.steps);
        let id = output.tone(Tone::Strong, &format!("{:18}", row.id));
        let counts = format!("{:2} {minutes}  {:2}/{:<2}", row.minutes, row.done, row.steps);
        output.line(&format!("{mark} {:2} {id} {counts}  {}", row.number, row.title))?;
    }
    Ok(0)
}

#[derive(Serialize)]
struct ProblemRow {
    file: String,
    line: usize,
    message: String,
}

pub(super) fn check(output: &Output, global: &Global, directory: Option<&Path>) -> Result<u8, CliError> {
    let mut global = global.clone();
    if let Some(directory) = directory {
        global.lessons = Some(directory.to_owned());
    }
    // What is wrong is told below, once.
    let quiet = Output { json: true, ..output.clone() };
    let cancel = Cancel::default();
    cancel_on_signal(&cancel);
    let lab = open(&quiet, &global, true, None)?;
    let problems = lab.check_lessons(&cancel)?;
    let status = u8::from(!problems.is_empty());
    if output.json {
        let rows: Vec<ProblemRow> = problems
            .into_iter()
            .map(|p| ProblemRow { file: p.file, line: p.line, message: p.message })
            .collect();
        output.document(&rows)?;
        return Ok(status);
    }
    for problem in &problems {
        output.line(&format!("{} {}", output.mark(false), escape(&problem.to_string())))?;
    }
    if problems.is_empty() {
        let count = lab.curriculum().lessons.len();
        output.line(&match output.language {
            Language::En => format!("{} {count} lessons, nothing wrong", output.mark(true)),
            Language::Ko => format!("{} 레슨 {count}개, 문제없어요", output.mark(true)),
        })?;
    }
    Ok(status)
}

#[derive(Serialize)]
struct MatrixDocument<'a> {
    connections: usize,
    refused: usize,
    results: &'a [crate::lab::MatrixRow],
}

pub(super) fn matrix(output: &Output, global: &Global, version: &str) -> Result<u8, CliError> {
    let lab = open(output, global, false, None)?;
    let cancel = Cancel::default();
    cancel_on_signal(&cancel);
    let mut failed = Ok(());
    let rows = lab.matrix(tls_version(version)?, &cancel, |row| {
        if output.json || failed.is_err() {
            return;
        }
        let user = row.user.as_deref().unwrap_or("-");
        failed = output.line(&format!(
            "{} {:24} {:20} {:5}  {:17} {:32} {:5.1} ms",
            output.mark(row.ok),
            row.client,
            row.server,
            row.port,
            row.outcome,
            escape(user),
            row.micros as f64 / 1000.0
        ));
    })?;
    failed?;
    tell(&lab);
    let refused = rows.iter().filter(|row| !row.ok).count();
    if output.json {
        output.document(&MatrixDocument { connections: rows.len(), refused, results: &rows })?;
    } else {
        output.line(&match output.language {
            Language::En => format!("{} connections, {refused} refused", rows.len()),
            Language::Ko => format!("연결 {}개, 거부 {refused}개", rows.len()),
        })?;
    }
    Ok(u8::from(refused > 0))
}

/// How others make an artifact, for copying.
pub(super) fn commands(output: &Output, global: &Global, artifact: &str) -> Result<u8, CliError> {
    let store = super::pki::store(global, None)?;
    let plan = super::pki::plan_or_default(&store)?;
    // Key pairs and kubeconfigs go by their own names; of what is none of these, the
    // nearest certificate is told.
    let mut recipes = crate::pki::recipe::recipes(&plan, artifact);
    if recipes.is_empty() {
        let id = crate::blueprint::resolve_certificate(&plan, artifact)?;
        recipes = crate::pki::recipe::recipes(&plan, &id);
    }
    if output.json {
        let rows: Vec<CommandsRow> = recipes
            .into_iter()
            .map(|recipe| CommandsRow {
                tool: recipe.tool.name(),
                note: match output.language {
                    Language::En => recipe.note_en,
                    Language::Ko => recipe.note_ko,
                },
                lines: recipe.lines,
            })
            .collect();
        return output.document(&rows);
    }
    for (index, recipe) in recipes.iter().enumerate() {
        if index > 0 {
            output.line("")?;
        }
        output.line(&output.tone(Tone::Strong, &format!("# {}", recipe.tool.name())))?;
        let note = match output.language {
            Language::En => &recipe.note_en,
            Language::Ko => &recipe.note_ko,
        };
        for line in note.iter().flat_map(|note| crate::text::wrap(note, 76)) {
            output.line(&output.tone(Tone::Quiet, &format!("# {line}")))?;
        }
        for line in &recipe.lines {
            output.line(line)?;
        }
    }
    Ok(0)
}

#[derive(Serialize)]
struct CommandsRow {
    tool: &'static str,
    lines: Vec<String>,
    note: Option<String>,
}
