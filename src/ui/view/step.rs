//! The step's text: what it says, the choices of a question, and what it came to.

use crate::lab::{Panel, StepReport, TerminalLine};
use crate::lesson::{Action, Step};
use crate::text::{Language, width};

use super::super::commands;
use super::super::model::{Mode, Model, State, Study};
use super::super::words;
use super::lines::{Body, safe};
use super::{Look, Target, look, markdown, seal};

/// The text in lines of this width.
pub(super) fn body(model: &Model, columns: u16) -> Body {
    let columns = usize::from(columns);
    let (Some(study), Some(step)) = (&model.study, model.step()) else {
        return Body::default();
    };
    let look = look(model);
    let words = step.words.get(look.language);
    let mut body = Body::default();
    body.flow(&[], &markdown::inline(&words.title, look.theme.bold(), look), columns);
    body.gap();
    body.append(markdown::body(&words.text, columns, look));
    if let Some(question) = model.question() {
        body.gap();
        choices(&mut body, step, study, question.answer, columns, look);
    }
    if matches!(study.state, State::Answered(_) | State::Done(_) | State::Failed(_)) {
        body.gap();
        body.outcome = Some(body.lines.len());
    }
    let theme = look.theme;
    match &study.state {
        State::Ready | State::Working { .. } => {}
        State::Answered(choice) => {
            let right = model.question().map_or(0, |question| question.answer);
            if choice + 1 == right {
                let text = format!("{} {}", theme.glyph.pass, look.pick("Right.", "맞았어요."));
                body.say(&text, theme.pass(), columns);
            } else {
                let text = match look.language {
                    Language::En => format!("{} Not so: it is {right}.", theme.glyph.fail),
                    Language::Ko => format!("{} 아니에요. 답은 {right}번이에요.", theme.glyph.fail),
                };
                body.say(&text, theme.fail(), columns);
            }
        }
        State::Done(report) => outcome(&mut body, report, columns, look),
        State::Failed(error) => {
            body.flow(
                &[(format!("{} ", theme.glyph.fail), theme.fail())],
                &[
                    (look.pick("This could not be done: ", "하지 못했어요: ").to_owned(), theme.bold()),
                    (safe(error), theme.text()),
                ],
                columns,
            );
        }
    }
    if matches!(study.state, State::Answered(_) | State::Done(_)) && !words.after.trim().is_empty() {
        body.gap();
        body.append(markdown::body(&words.after, columns, look));
    }
    if model.mode() == Mode::Ready
        && let Some(entry) = commands::primary(model)
    {
        body.gap();
        let shown = super::footer::shown(entry, theme);
        body.flow(
            &[],
            &[
                (format!("{} ", theme.glyph.pointer), theme.key()),
                (shown, theme.key()),
                (format!(" {}", entry.label(look.language, theme)), theme.bold()),
            ],
            columns,
        );
    }
    body
}

fn choices(body: &mut Body, step: &Step, study: &Study, right: usize, columns: usize, look: Look) {
    let theme = look.theme;
    let answered = match study.state {
        State::Answered(choice) => Some(choice),
        _ => None,
    };
    for (at, choice) in step.words.get(look.language).choices.iter().enumerate() {
        let (glyph, style) = match answered {
            Some(_) if at + 1 == right => (theme.glyph.pass, theme.pass()),
            Some(chosen) if chosen == at => (theme.glyph.fail, theme.fail()),
            None if study.cursor == at => (theme.glyph.pointer, theme.focus()),
            Some(_) | None => (" ", theme.text()),
        };
        let number = (format!("{}  ", at + 1), if style == theme.text() { theme.dim() } else { style });
        let is_pointed_at = answered.is_none() && study.cursor == at;
        let base = if is_pointed_at { theme.bold() } else { theme.text() };
        let pieces = markdown::inline(choice, base, look);
        let first = body.lines.len();
        body.flow(&[(format!("{glyph} "), style), number], &pieces, columns);
        for line in first..body.lines.len() {
            body.hits.push((line, 0..columns, Target::Choice(at)));
        }
    }
}

/// What the step came to: in a word, then what was printed.
fn outcome(body: &mut Body, report: &StepReport, columns: usize, look: Look) {
    let theme = look.theme;
    let connection = report.panels.iter().find_map(|panel| match panel {
        Panel::Connection(connection) => connection.outcome.as_ref().map(|outcome| (connection, outcome)),
        _ => None,
    });
    if let Some((connection, outcome)) = connection {
        super::connection::headline(body, &outcome.outcome, columns, look);
        if let Some(printed) = &outcome.client_prints {
            body.gap();
            let says = match look.language {
                Language::En => format!("{} prints:", safe(&connection.client)),
                Language::Ko => format!("{} 출력:", safe(&connection.client)),
            };
            body.say(&says, theme.dim(), columns);
            body.quote(printed, look.theme.text(), columns, look);
        }
        if report.ok {
            return;
        }
        body.gap();
    }
    let (glyph, style) =
        if report.ok { (theme.glyph.pass, theme.pass()) } else { (theme.glyph.fail, theme.fail()) };
    let seal = if is_signed(report) { seal::lines(look) } else { Vec::new() };
    let indent = seal.iter().map(|line| width(line) + 2).max().unwrap_or(0);
    let mut beside = Body::default();
    let room = columns.saturating_sub(indent);
    beside.flow(
        &[(format!("{glyph} "), style)],
        &[(safe(&words::report(report, look.language)), theme.bold())],
        room,
    );
    if !report.made_first.is_empty() {
        let first = look.pick("Made first for this step: ", "먼저 만들었어요: ");
        let ids = safe(&report.made_first.join(", "));
        beside.flow(&[], &[(first.to_owned(), theme.dim()), (ids, theme.code())], room);
    }
    body.append(seal::beside(&seal, beside, look));
}

/// Whether something was signed: by this lab, or by openssl.
fn is_signed(report: &StepReport) -> bool {
    let signs = |line: &TerminalLine| {
        let mut words = line.command.split_whitespace();
        let is = |word: &str| line.command.split_whitespace().any(|part| part == word);
        line.status == Some(0)
            && words.next() == Some("openssl")
            && match words.next() {
                Some("x509") => is("-req") || is("-CA") || is("-signkey"),
                Some("req") => is("-x509") || is("-CA"),
                Some("ca") => true,
                _ => false,
            }
    };
    let ran = |panel: &Panel| matches!(panel, Panel::Terminal(view) if view.lines.iter().any(signs));
    // The cluster signs as soon as a CSR is approved.
    let approved = |panel: &Panel| match panel {
        Panel::Request(view) => view.request.starts_with("PATCH") && view.request.ends_with("/approval"),
        _ => false,
    };
    let has_signed = |panel: &Panel| ran(panel) || approved(panel);
    report.ok && (report.artifacts > 0 || report.panels.iter().any(has_signed))
}

/// What a kind of step is marked with on the list.
pub(super) fn kind(action: &Action, language: Language) -> &'static str {
    words::kind(action, language)
}
