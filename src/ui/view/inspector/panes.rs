//! One certificate: what it says, its elements, its bytes; below them the words for what is
//! pointed at. Wide windows show all three panes, narrow ones two or one.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

use super::super::super::inspector::{Inspector, Page, Pane};
use super::super::super::model::Model;
use super::super::lines::{paint, paint_thumb};
use super::super::{Look, look, rect};
use super::{InspectorSpot, bytes, detail, fields, rule, tree};
use crate::text::Language;

/// From here on, all three stand side by side.
const THREE: u16 = 112;
/// From here on, two do.
const TWO: u16 = 76;
/// From here on, a row of bytes has sixteen.
const SIXTEEN: u16 = 150;
/// Columns of a row of eight bytes, and of sixteen.
const EIGHT_COLUMNS: u16 = 39;
const SIXTEEN_COLUMNS: u16 = 73;
/// Columns between two panes: a blank, a bar, a blank.
const BETWEEN: u16 = 3;

struct Places {
    /// The panes that are seen, each with its heading's row.
    seen: Vec<(Pane, Rect)>,
    detail: Rect,
    per_row: usize,
}

fn places(page: &Page, body: Rect) -> Places {
    let detail = match body.height {
        0..18 => 5,
        18..26 => 6,
        26..40 => 10,
        _ => body.height / 3,
    };
    let rows = body.height.saturating_sub(detail + 1);
    let below = rect(body.x, body.y + rows + 1, body.width, detail);
    let per_row = if body.width >= SIXTEEN { 16 } else { 8 };
    // With the column of the thumb.
    let wide = 1 + if body.width >= SIXTEEN { SIXTEEN_COLUMNS } else { EIGHT_COLUMNS };
    let place = |x: u16, columns: u16| rect(x, body.y, columns.saturating_sub(1), rows);
    let rest = body.width.saturating_sub(wide + BETWEEN);
    let seen = if body.width >= THREE {
        let first = rest.saturating_sub(BETWEEN) * 13 / 25;
        let second = rest.saturating_sub(BETWEEN + first);
        vec![
            (Pane::Fields, place(body.x, first)),
            (Pane::Tree, place(body.x + first + BETWEEN, second)),
            (Pane::Bytes, place(body.x + first + second + 2 * BETWEEN, wide)),
        ]
    } else if body.width >= TWO {
        let first = if page.beside == Pane::Bytes { rest } else { body.width.saturating_sub(BETWEEN) / 2 };
        let second = body.width.saturating_sub(BETWEEN + first);
        vec![(Pane::Fields, place(body.x, first)), (page.beside, place(body.x + first + BETWEEN, second))]
    } else {
        vec![(page.pane, place(body.x, body.width))]
    };
    Places { seen, detail: below, per_row }
}

/// A pane without its heading.
fn inside(area: Rect) -> Rect {
    rect(area.x, area.y + 1, area.width, area.height.saturating_sub(1))
}

/// Rows that each pane has, and bytes that a row of them has.
pub(super) fn room(page: &Page, body: Rect) -> ([usize; 3], usize) {
    let places = places(page, body);
    let rows = places.seen.first().map_or(1, |(_, area)| usize::from(inside(*area).height));
    ([rows; 3], places.per_row)
}

/// Draws all of it.
pub(super) fn draw(model: &Model, inspector: &Inspector, frame: &mut Frame<'_>, body: Rect) {
    let Some(page) = &inspector.page else { return };
    let look = look(model);
    let places = places(page, body);
    for (at, (pane, area)) in places.seen.iter().enumerate() {
        heading(page, *pane, *area, places.seen.len(), frame, look);
        let inside = inside(*area);
        let (lines, count) = match pane {
            Pane::Fields => (fields::lines(page, inside, look), page.visible.len()),
            Pane::Tree => (tree::lines(page, inside, look), page.document.tree.nodes.len()),
            Pane::Bytes => {
                let count = page.document.der.len().div_ceil(places.per_row);
                (bytes::lines(page, inside, places.per_row, look), count)
            }
        };
        paint(frame, inside, &lines, 0);
        let scroll = page.scrolls.get(pane.index()).copied().unwrap_or(0);
        paint_thumb(frame, inside.right(), inside, count, scroll, look);
        if at + 1 < places.seen.len() {
            for y in area.y..area.bottom() {
                let x = area.right() + 2;
                frame.buffer_mut().set_string(x, y, look.theme.glyph.bar, look.theme.dim());
            }
        }
    }
    rule(frame, body.x, places.detail.y.saturating_sub(1), body.width, look);
    let columns = usize::from(places.detail.width);
    let mut lines = detail::body(page, columns, false, look).lines;
    let rows = usize::from(places.detail.height);
    if lines.len() > rows {
        lines.truncate(rows.saturating_sub(1));
        let more = look.pick("x: all of it", "x: 전체 설명");
        lines.push(Line::styled(format!("… {more}"), look.theme.dim()));
    }
    paint(frame, places.detail, &lines, 0);
}

/// The pane's name; where not all are seen, those that Tab leads to.
fn heading(page: &Page, pane: Pane, area: Rect, seen: usize, frame: &mut Frame<'_>, look: Look) {
    let theme = look.theme;
    let name = |pane| match pane {
        Pane::Fields => look.pick("Fields", "필드"),
        Pane::Tree => "ASN.1",
        Pane::Bytes => look.pick("Bytes", "바이트"),
    };
    let style = |is_lead: bool| if is_lead { theme.focus() } else { theme.dim() };
    let mut pieces = vec![(name(pane).to_owned(), style(page.pane == pane))];
    let others: Vec<Pane> = match (seen, pane) {
        (2, Pane::Tree) => vec![Pane::Bytes],
        (2, Pane::Bytes) => vec![Pane::Tree],
        (1, pane) => Pane::ALL.into_iter().filter(|other| *other != pane).collect(),
        _ => Vec::new(),
    };
    if others.is_empty() {
        pieces.extend(facts(page, pane, look).map(|text| (format!("  {text}"), theme.dim())));
    }
    pieces.extend(others.into_iter().map(|other| (format!("   {}", name(other)), theme.dim())));
    let mut body = super::super::lines::Body::default();
    body.line(pieces);
    paint(frame, rect(area.x, area.y, area.width, 1), &body.lines, 0);
}

/// How much there is of it.
fn facts(page: &Page, pane: Pane, look: Look) -> Option<String> {
    match pane {
        Pane::Fields => None,
        Pane::Tree => Some(elements(page.document.tree.nodes.len(), look)),
        Pane::Bytes => Some(format!("{} B", page.document.der.len())),
    }
}

fn elements(count: usize, look: Look) -> String {
    match look.language {
        Language::En => format!("{count} elements"),
        Language::Ko => format!("요소 {count}개"),
    }
}

/// What lies at a place.
pub(super) fn hit(inspector: &Inspector, body: Rect, at: Position) -> Option<InspectorSpot> {
    let page = inspector.page.as_ref()?;
    let places = places(page, body);
    let (pane, area) = places.seen.into_iter().find(|(_, area)| area.contains(at))?;
    let inside = inside(area);
    let line = usize::from(at.y.checked_sub(inside.y)?);
    let row = line + page.scrolls.get(pane.index()).copied().unwrap_or(0);
    let found = match pane {
        Pane::Fields => page.visible.get(row).map(|row| InspectorSpot::Field(*row)),
        Pane::Tree => (row < page.document.tree.nodes.len()).then_some(InspectorSpot::Node(row)),
        Pane::Bytes => bytes::byte_at(page, row, usize::from(at.x.checked_sub(inside.x)?), places.per_row)
            .map(InspectorSpot::Byte),
    };
    Some(found.unwrap_or(InspectorSpot::Pane(pane)))
}
