//! The list of lessons, under the seal.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::lesson::Lesson;
use crate::text::{Language, truncate, width};

use super::super::model::Model;
use super::super::overlay::plain;
use super::lines::{Body, paint, paint_thumb};
use super::{Areas, Look, Target, look, markdown, rect, seal, step};

/// From here on, the chosen lesson's steps stand beside the list.
const WITH_STEPS: u16 = 100;
/// Rows of the seal.
const SEAL_ROWS: u16 = 3;

struct Places {
    seal: Rect,
    list: Rect,
    /// What the chosen lesson is about.
    about: Rect,
    rule: Option<u16>,
}

fn places(model: &Model, areas: Areas) -> Places {
    let top = areas.header.y;
    let seal = rect(areas.header.x, top, areas.header.width, SEAL_ROWS);
    let y = top + SEAL_ROWS + 1;
    let rows = areas.notice.y.saturating_sub(y);
    let (x, columns) = (areas.body.x, areas.body.width);
    if model.size.0 >= WITH_STEPS {
        let list = (columns * 3 / 5).min(88);
        let about = x + list + 3;
        return Places {
            seal,
            list: rect(x, y, list, rows),
            about: rect(about, y, areas.body.right().saturating_sub(about), rows),
            rule: Some(x + list + 1),
        };
    }
    let aim = 3.min(rows);
    let wanted = u16::try_from(model.lessons.len()).unwrap_or(u16::MAX);
    let list = wanted.min(rows.saturating_sub(aim + 1));
    Places { seal, list: rect(x, y, columns, list), about: rect(x, y + list + 1, columns, aim), rule: None }
}

/// The first lesson that is seen.
fn first_row(model: &Model, rows: u16) -> usize {
    let rows = usize::from(rows);
    let end = model.lessons.len().saturating_sub(rows);
    (model.selected + 1).saturating_sub(rows.saturating_sub(1)).min(end)
}

/// Draws the list.
pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, areas: Areas) {
    let look = look(model);
    let places = places(model, areas);
    draw_seal(model, frame, places.seal, look);
    let columns = usize::from(places.list.width);
    let next = model.next_lesson();
    let lines: Vec<Line<'static>> = model
        .lessons
        .iter()
        .enumerate()
        .map(|(at, lesson)| row(model, at, lesson, next, columns, look))
        .collect();
    let first = first_row(model, places.list.height);
    paint(frame, places.list, &lines, first);
    paint_thumb(frame, places.list.right(), places.list, lines.len(), first, look);
    let about = about(model, places.about.width, places.rule.is_some(), look);
    if let Some(x) = places.rule {
        let rows = about.lines.len().max(lines.len()).min(usize::from(places.about.height));
        for (y, _) in (places.about.y..).zip(0..rows) {
            frame.buffer_mut().set_string(x, y, look.theme.glyph.bar, look.theme.dim());
        }
    }
    paint(frame, places.about, &about.lines, 0);
}

/// The seal, the name and how far the learner is.
fn draw_seal(model: &Model, frame: &mut Frame<'_>, area: Rect, look: Look) {
    let theme = look.theme;
    let seal = seal::boxed(look);
    let done =
        model.lessons.iter().filter(|l| !l.steps.is_empty() && model.done_steps(l) == l.steps.len()).count();
    let count = model.lessons.len();
    let far = match look.language {
        Language::En => format!("{done} of {count} lessons done"),
        Language::Ko => format!("레슨 {count}개 중 {done}개 완료"),
    };
    let left = match (model.minutes_left(), look.language) {
        (0, _) => String::new(),
        (minutes, Language::En) => format!(" {} {minutes} min left", theme.glyph.rest),
        (minutes, Language::Ko) => format!(" {} {minutes}분 남음", theme.glyph.rest),
    };
    let room = usize::from(area.width).saturating_sub(11);
    let mut second = vec![Span::styled(format!("{far}{left}"), theme.text())];
    // As much of a bar as there is room for.
    let steps: usize = model.lessons.iter().map(|lesson| lesson.steps.len()).sum();
    let steps_done: usize = model.lessons.iter().map(|lesson| model.done_steps(lesson)).sum();
    let long = room.saturating_sub(width(&far) + width(&left) + 2).min(30);
    if long >= 8 && steps > 0 {
        let full = long * steps_done / steps;
        second.push(Span::styled(format!("  {}", theme.glyph.heavy.repeat(full)), theme.seal()));
        second.push(Span::styled(theme.glyph.rule.repeat(long - full), theme.dim()));
    }
    let beside = [
        Line::from(vec![
            Span::styled("dojang  ", theme.bold()),
            Span::raw(look.pick("How a Kubernetes cluster uses TLS", "쿠버네티스 클러스터의 TLS")),
        ]),
        Line::from(second),
        next_step(model, room, look),
    ];
    for ((seal, line), y) in seal.into_iter().zip(beside).zip(area.y..area.bottom()) {
        frame.buffer_mut().set_string(area.x, y, seal, theme.seal());
        frame.buffer_mut().set_line(area.x + 11, y, &line, area.width.saturating_sub(11));
    }
}

/// Where to go on.
fn next_step(model: &Model, columns: usize, look: Look) -> Line<'static> {
    let theme = look.theme;
    let next = model.next_lesson().and_then(|at| {
        let lesson = model.lessons.get(at)?;
        let step = model.resume_step(at);
        Some((lesson.number, step + 1, lesson.steps.get(step)?))
    });
    let Some((lesson, number, step)) = next else {
        let all = look.pick("All lessons are done.", "모든 레슨을 마쳤어요.");
        return Line::styled(format!("{} {all}", theme.glyph.pass), theme.pass());
    };
    let lead = format!("{} {} {lesson}.{number}  ", theme.glyph.started, look.pick("Next", "다음"));
    let title = plain(&step.words.get(look.language).title);
    let title = truncate(&title, columns.saturating_sub(width(&lead)));
    Line::from(vec![Span::styled(lead, theme.mark()), Span::raw(title)])
}

/// One lesson: pointer, number, title, minutes, state.
fn row(
    model: &Model,
    at: usize,
    lesson: &Lesson,
    next: Option<usize>,
    columns: usize,
    look: Look,
) -> Line<'static> {
    let theme = look.theme;
    let is_selected = at == model.selected;
    let (done, count) = (model.done_steps(lesson), lesson.steps.len());
    let (glyph, state, style) = if done == count && count > 0 {
        (theme.glyph.pass, look.pick("done", "완료").to_owned(), theme.pass())
    } else if next == Some(at) {
        let far = if done > 0 { format!(" {done}/{count}") } else { String::new() };
        (theme.glyph.started, format!("{}{far}", look.pick("next", "다음")), theme.mark())
    } else if done > 0 {
        (theme.glyph.started, format!("{done}/{count}"), theme.text())
    } else {
        (theme.glyph.rest, look.pick("new", "시작 전").to_owned(), theme.dim())
    };
    let text: Style = if is_selected { theme.bold() } else { theme.text() };
    let pointer = if is_selected { theme.glyph.pointer } else { " " };
    let minutes = match look.language {
        Language::En => format!("{:>3} min", lesson.minutes),
        Language::Ko => format!("{:>3}분", lesson.minutes),
    };
    let state = format!("{glyph} {state}");
    let state = format!("{state}{}", " ".repeat(12usize.saturating_sub(width(&state))));
    let lead = format!("{pointer} {:>2}  ", lesson.number);
    let room = columns.saturating_sub(width(&lead) + width(&minutes) + width(&state) + 5);
    let title = truncate(lesson.title.get(look.language), room);
    let pad = " ".repeat(room.saturating_sub(width(&title)) + 2);
    let lead_style = if is_selected { theme.focus() } else { theme.dim() };
    Line::from(vec![
        Span::styled(lead, lead_style),
        Span::styled(title, text),
        Span::raw(pad),
        Span::styled(minutes, theme.dim()),
        Span::raw("   "),
        Span::styled(state, style),
    ])
}

/// The aim of the chosen lesson, and with room its steps.
fn about(model: &Model, columns: u16, with_steps: bool, look: Look) -> Body {
    let theme = look.theme;
    let columns = usize::from(columns);
    let mut body = Body::default();
    let Some(lesson) = model.lessons.get(model.selected) else {
        return body;
    };
    if !with_steps {
        body.say(lesson.aim.get(look.language), theme.dim(), columns);
        return body;
    }
    body.say(lesson.title.get(look.language), theme.bold(), columns);
    body.say(lesson.aim.get(look.language), theme.text(), columns);
    body.gap();
    for (at, step) in lesson.steps.iter().enumerate() {
        let done = model.is_done(lesson, step);
        let (glyph, style) =
            if done { (theme.glyph.pass, theme.pass()) } else { (theme.glyph.rest, theme.dim()) };
        let kind = step::kind(&step.action, look.language);
        let pad = " ".repeat(10usize.saturating_sub(width(kind)).max(1));
        body.flow(
            &[
                (format!("{glyph} "), style),
                (format!("{:>2}  ", at + 1), theme.dim()),
                (format!("{kind}{pad}"), theme.dim()),
            ],
            &markdown::inline(&step.words.get(look.language).title, theme.text(), look),
            columns,
        );
    }
    body
}

/// What lies at a place.
pub(super) fn hit(model: &Model, areas: Areas, column: u16, row: u16) -> Target {
    let list = places(model, areas).list;
    if !list.contains(ratatui::layout::Position { x: column, y: row }) {
        return Target::Nothing;
    }
    let lesson = usize::from(row - list.y) + first_row(model, list.height);
    if lesson < model.lessons.len() { Target::Lesson(lesson) } else { Target::Nothing }
}
