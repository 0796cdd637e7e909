//! The list of what there is to read: whose it is, what it is, how long it lasts, where it
//! lies.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::super::super::inspector::{Entry, Inspector};
use super::super::super::model::Model;
use super::super::lines::{paint, paint_thumb, safe};
use super::super::{Look, look, rect};
use super::{InspectorSpot, bars, first_row, fit, kind_word, left, place_of};
use crate::text::{truncate, width};

/// Columns of the kinds, and of the time that is left.
const KIND: usize = 6;
const LEFT: usize = 22;
/// Columns that the end of a file's name needs to be worth a place beside it.
const LEAST_NAME: usize = 18;

/// The list without the column of its thumb.
fn place(body: Rect) -> Rect {
    rect(body.x, body.y, body.width.saturating_sub(2), body.height)
}

/// Draws the list, as lines or as bars.
pub(super) fn draw(model: &Model, inspector: &Inspector, frame: &mut Frame<'_>, body: Rect) {
    let look = look(model);
    if inspector.entries.is_empty() {
        let said = match inspector.now {
            None => look.pick("Looking…", "찾고 있어요…"),
            Some(_) => look.pick(
                "No certificate yet: the lessons make them.",
                "아직 인증서가 없어요. 레슨에서 하나씩 만들어요.",
            ),
        };
        let line = Line::styled(truncate(said, usize::from(body.width)), look.theme.dim());
        paint(frame, body, &[line], 0);
        return;
    }
    if inspector.bars {
        let all: Vec<usize> = (0..inspector.count()).collect();
        bars::draw(model, inspector, &all, inspector.chosen, frame, body);
        return;
    }
    let area = place(body);
    let rows = usize::from(area.height);
    let first = first_row(inspector.chosen, inspector.entries.len(), rows);
    let entries = inspector.entries.iter().enumerate().skip(first).take(rows);
    let lines: Vec<Line<'static>> = entries
        .map(|(at, entry)| row(inspector, entry, at == inspector.chosen, usize::from(area.width), look))
        .collect();
    paint(frame, area, &lines, 0);
    paint_thumb(frame, area.right() + 1, area, inspector.entries.len(), first, look);
}

fn row(inspector: &Inspector, entry: &Entry, is_chosen: bool, columns: usize, look: Look) -> Line<'static> {
    let theme = look.theme;
    let pointer = if is_chosen { theme.glyph.pointer } else { " " };
    let (lead_style, text) =
        if is_chosen { (theme.focus(), theme.bold()) } else { (theme.dim(), theme.text()) };
    let (left, left_style) = left(entry, inspector.now, look);
    let kind = fit(kind_word(entry, look), KIND);
    let kind_style = if entry.is_authority { theme.seal() } else { theme.dim() };
    // What is left is shared by the name and the file; the file is told only with room.
    let rest = columns.saturating_sub(2 + KIND + LEFT + 2);
    let names = if rest >= 36 { rest / 2 } else { rest };
    let title = if entry.title.is_empty() { place_of(entry) } else { safe(&entry.title) };
    let mut spans = vec![
        Span::styled(format!("{pointer} "), lead_style),
        Span::styled(fit(&title, names), text),
        Span::raw("  "),
        Span::styled(kind, kind_style),
        Span::styled(fit(&left, LEFT), left_style),
    ];
    if names < rest {
        spans.push(Span::styled(file(entry, rest - names), theme.code()));
    }
    Line::from(spans)
}

/// Its file, and the end of where in it.
fn file(entry: &Entry, columns: usize) -> String {
    let name = safe(&entry.holding.name);
    let Some(at) = &entry.holding.item.at else { return start_cut(&name, columns) };
    let at = safe(at.rsplit('.').next().unwrap_or(at));
    let room = columns.saturating_sub(width(&at) + 1);
    if room < LEAST_NAME {
        return start_cut(&name, columns);
    }
    truncate(&format!("{} {at}", start_cut(&name, room)), columns)
}

/// A path cut at its beginning: its end tells more.
fn start_cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut rest = text.chars();
    while width(rest.as_str()) + 1 > columns && rest.next().is_some() {}
    format!("…{}", rest.as_str())
}

/// What lies at a place.
pub(super) fn hit(inspector: &Inspector, body: Rect, at: Position) -> Option<InspectorSpot> {
    let count = inspector.count();
    if inspector.bars {
        return bars::hit(count, inspector.chosen, body, at).map(InspectorSpot::Entry);
    }
    let area = place(body);
    let line = usize::from(at.y.checked_sub(area.y)?);
    let entry = line + first_row(inspector.chosen, count, usize::from(area.height));
    (entry < count && area.contains(at)).then_some(InspectorSpot::Entry(entry))
}
