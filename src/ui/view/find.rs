//! The search: what is typed, and what was found; without a question all lessons and steps.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use crate::lesson::{Lesson, Step};
use crate::text::{truncate, width};

use super::super::model::Model;
use super::super::overlay::{Find, Found, plain};
use super::super::words;
use super::lines::{Body, paint, safe};
use super::popup::Popup;
use super::{Look, Target, look, rect};

/// The widest search.
const WIDEST: u16 = 92;
/// Rows above what was found: what is typed, and an empty one.
const TYPED_ROWS: u16 = 2;

/// The places, one or two lines each, and the lines of the one that is pointed at.
fn body(model: &Model, find: &Find, columns: u16) -> (Body, std::ops::Range<usize>) {
    let look = look(model);
    let columns = usize::from(columns);
    let mut body = Body::default();
    let mut chosen = 0..0;
    for (at, found) in find.found.iter().enumerate() {
        let Some(lesson) = model.lessons.get(found.lesson) else { continue };
        let first = body.lines.len();
        let is_chosen = at == find.chosen;
        match found.step.and_then(|step| Some((step, lesson.steps.get(step)?))) {
            Some((index, step)) => {
                step_row(&mut body, model, find, (lesson, index, step), is_chosen, columns, look);
            }
            None => lesson_row(&mut body, model, lesson, is_chosen, columns, look),
        }
        excerpt(&mut body, found, columns, look);
        for line in first..body.lines.len() {
            body.hits.push((line, 0..columns, Target::Found(at)));
        }
        if is_chosen {
            chosen = first..body.lines.len();
        }
    }
    if find.found.is_empty() {
        let nothing = look.pick("Nothing found; Esc closes.", "찾은 것이 없어요. Esc로 닫아요.");
        body.say(nothing, look.theme.dim(), columns);
    }
    (body, chosen)
}

/// A row: words on the left as far as there is room, a word on the right.
fn row(
    body: &mut Body,
    lead: (String, ratatui::style::Style),
    title: (&str, ratatui::style::Style),
    right: (String, ratatui::style::Style),
    columns: usize,
) {
    let room = columns.saturating_sub(width(&lead.0) + width(&right.0) + 2);
    let text = truncate(&safe(&plain(title.0)), room);
    let pad = " ".repeat(columns.saturating_sub(width(&lead.0) + width(&text) + width(&right.0)));
    body.line([lead, (text, title.1), (pad, right.1), right]);
}

fn lesson_row(body: &mut Body, model: &Model, lesson: &Lesson, is_chosen: bool, columns: usize, look: Look) {
    let theme = look.theme;
    let pointer = if is_chosen { theme.glyph.pointer } else { " " };
    let (done, count) = (model.done_steps(lesson), lesson.steps.len());
    let far = if done == count && count > 0 {
        (format!("{} {}", theme.glyph.pass, look.pick("done", "완료")), theme.pass())
    } else {
        (format!("{done}/{count}"), theme.dim())
    };
    let style = if is_chosen { theme.focus() } else { theme.bold() };
    row(
        body,
        (format!("{pointer} {:>2}  ", lesson.number), style),
        (lesson.title.get(look.language), style),
        far,
        columns,
    );
}

fn step_row(
    body: &mut Body,
    model: &Model,
    find: &Find,
    (lesson, index, step): (&Lesson, usize, &Step),
    is_chosen: bool,
    columns: usize,
    look: Look,
) {
    let theme = look.theme;
    let pointer = if is_chosen { theme.glyph.pointer } else { " " };
    let mark = if model.is_done(lesson, step) { theme.glyph.pass } else { theme.glyph.rest };
    // In the list a step stands under its lesson; alone, it says which that is.
    let number = if find.query.trim().is_empty() {
        format!("   {:>2}", index + 1)
    } else {
        format!("{:>5}", format!("{}.{}", lesson.number, index + 1))
    };
    let style = if is_chosen { theme.focus() } else { theme.text() };
    row(
        body,
        (format!("{pointer} {number} {mark} "), style),
        (&step.words.get(look.language).title, style),
        (words::kind(&step.action, look.language).to_owned(), theme.dim()),
        columns,
    );
}

fn excerpt(body: &mut Body, found: &Found, columns: usize, look: Look) {
    if let Some(text) = &found.excerpt {
        let text = truncate(&safe(text), columns.saturating_sub(10));
        body.line([(" ".repeat(10), look.theme.dim()), (text, look.theme.dim())]);
    }
}

fn place(model: &Model, find: &Find) -> Popup {
    // The same height whatever is found: nothing jumps while it is typed.
    let all: usize = model.lessons.iter().map(|lesson| lesson.steps.len() + 1).sum();
    Popup::place(model.size, WIDEST, |_| all.max(find.found.len()) + usize::from(TYPED_ROWS))
}

/// Where what was found stands.
fn list(popup: Popup) -> Rect {
    let inside = popup.inside;
    rect(inside.x, inside.y + TYPED_ROWS, inside.width, inside.height.saturating_sub(TYPED_ROWS))
}

/// How far the list is scrolled, so that what is pointed at is in its middle.
fn scroll(lines: usize, chosen: &std::ops::Range<usize>, rows: u16) -> usize {
    let rows = usize::from(rows);
    (chosen.end).saturating_sub(rows.div_ceil(2)).min(lines.saturating_sub(rows))
}

/// Where the next letter goes, while letters are typed.
pub(super) fn cursor(model: &Model, find: &Find) -> Option<Position> {
    let inside = place(model, find).inside;
    let at = u16::try_from(width(&shown(find, inside.width))).unwrap_or(0);
    find.typing.then_some(Position { x: inside.x + 2 + at, y: inside.y })
}

/// As much of the end of what is typed as fits.
fn shown(find: &Find, columns: u16) -> String {
    let room = usize::from(columns).saturating_sub(4);
    let mut text = safe(&find.query);
    while width(&text) > room {
        text.remove(0);
    }
    text
}

/// What lies at a place.
pub(super) fn hit(model: &Model, find: &Find, column: u16, row: u16) -> Target {
    let popup = place(model, find);
    if !popup.contains(column, row) {
        return Target::Outside;
    }
    let area = list(popup);
    if !area.contains(Position { x: column, y: row }) {
        return Target::Nothing;
    }
    let (body, chosen) = body(model, find, area.width);
    let line = usize::from(row - area.y) + scroll(body.lines.len(), &chosen, area.height);
    body.hits.into_iter().find(|(at, ..)| *at == line).map_or(Target::Nothing, |(.., target)| target)
}

/// Draws it over the rest.
pub(super) fn draw(model: &Model, find: &Find, frame: &mut Frame<'_>) {
    let look = look(model);
    let theme = look.theme;
    let popup = place(model, find);
    let mut above = Body::default();
    if find.typing {
        let mut pieces =
            vec![("/ ".to_owned(), theme.key()), (shown(find, popup.inside.width), theme.bold())];
        if find.query.is_empty() {
            let hint = look.pick(" a word of a lesson or step", " 레슨이나 단계에 나오는 말");
            pieces.push((hint.to_owned(), theme.dim()));
        }
        above.line(pieces);
    } else {
        let say = look.pick("Enter goes there, / searches.", "Enter로 이동하고, /로 찾아요.");
        above.say(say, theme.dim(), usize::from(popup.inside.width));
    }
    let title = if find.typing {
        look.pick("Find", "찾기")
    } else {
        look.pick("All lessons and steps", "모든 레슨과 단계")
    };
    popup.draw(frame, title, &above, 0, look);
    let area = list(popup);
    let (body, chosen) = body(model, find, area.width);
    let scroll = scroll(body.lines.len(), &chosen, area.height);
    paint(frame, area, &body.lines, scroll);
    super::lines::paint_thumb(frame, area.right() + 1, area, body.lines.len(), scroll, look);
}
