//! Two things beside each other: the same, changed, only here; below them the field that is
//! pointed at in full, its bytes on demand.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::super::super::inspector::{Comparison, Inspector, Pair};
use super::super::super::model::Model;
use super::super::lines::{Body, Piece, paint, paint_thumb, safe};
use super::super::{Look, look, rect};
use super::{InspectorSpot, first_row, fit, place_of, rule};
use crate::x509::Standing;

/// Rows above the list: how much differs, and the headings.
const ABOVE: u16 = 2;
/// The widest column of names.
const WIDEST_NAME: usize = 28;

struct Places {
    list: Rect,
    detail: Rect,
}

fn places(body: Rect) -> Places {
    let detail = (body.height * 2 / 5).clamp(5, 18);
    let rows = body.height.saturating_sub(ABOVE + detail + 1);
    Places {
        list: rect(body.x, body.y + ABOVE, body.width.saturating_sub(2), rows),
        detail: rect(body.x, body.y + ABOVE + rows + 1, body.width, detail),
    }
}

/// The columns of the names, and of each side.
fn columns(width: u16) -> (usize, usize) {
    let all = usize::from(width);
    let names = WIDEST_NAME.min(all * 3 / 10);
    (names, all.saturating_sub(names + 4 + 2) / 2)
}

fn mark(standing: Standing, look: Look) -> (&'static str, Style, &'static str) {
    let theme = look.theme;
    match standing {
        Standing::Same => ("=", theme.dim(), look.pick("same", "같음")),
        Standing::Changed => ("~", theme.mark(), look.pick("changed", "다름")),
        Standing::First => ("<", theme.fail(), look.pick("only in the first", "앞에만 있음")),
        Standing::Second => (">", theme.pass(), look.pick("only in the second", "뒤에만 있음")),
    }
}

/// Draws it.
pub(super) fn draw(
    model: &Model,
    inspector: &Inspector,
    found: &Comparison,
    frame: &mut Frame<'_>,
    body: Rect,
) {
    let look = look(model);
    let theme = look.theme;
    let places = places(body);
    let mut above = Body::default();
    let counts = [Standing::Changed, Standing::First, Standing::Second, Standing::Same];
    let mut pieces: Vec<Piece> = Vec::new();
    for standing in counts {
        let (glyph, style, word) = mark(standing, look);
        pieces.push((format!("{glyph} {} {word}   ", found.fields(standing)), style));
    }
    above.line(pieces);
    let (names, side) = columns(places.list.width);
    let named = |entry: Option<usize>| {
        entry.and_then(|at| inspector.entries.get(at)).map(place_of).unwrap_or_default()
    };
    let first = named(inspector.page.as_ref().map(|page| page.entry));
    above.line([
        (" ".repeat(names + 4), theme.dim()),
        (fit(&format!("< {first}"), side), theme.code()),
        ("  ".to_owned(), theme.dim()),
        (fit(&format!("> {}", named(Some(found.other))), side), theme.code()),
    ]);
    paint(frame, rect(body.x, body.y, body.width, ABOVE), &above.lines, 0);
    let rows = usize::from(places.list.height);
    let first = first_row(found.chosen, found.count(), rows);
    let pairs = (first..found.count()).take(rows).filter_map(|at| Some((at, found.pair(at)?)));
    let lines: Vec<Line<'static>> =
        pairs.map(|(at, pair)| row(pair, at == found.chosen, names, side, look)).collect();
    paint(frame, places.list, &lines, 0);
    paint_thumb(frame, places.list.right() + 1, places.list, found.count(), first, look);
    rule(frame, body.x, places.detail.y.saturating_sub(1), body.width, look);
    if let Some(pair) = found.pair(found.chosen) {
        let lines = told(pair, found.with_bytes, usize::from(places.detail.width), look).lines;
        paint(frame, places.detail, &lines, 0);
    }
}

fn row(pair: &Pair, is_chosen: bool, names: usize, side: usize, look: Look) -> Line<'static> {
    let theme = look.theme;
    let (glyph, style, _) = mark(pair.standing, look);
    let pointer = if is_chosen { theme.glyph.pointer } else { " " };
    let name = fit(&format!("{}{}", "  ".repeat(pair.depth.min(6)), safe(&pair.name)), names);
    let value = match pair.standing {
        Standing::Same => theme.dim(),
        _ => theme.text(),
    };
    let value = if is_chosen { theme.bold() } else { value };
    let [first, second] = pair
        .sides
        .each_ref()
        .map(|one| fit(&one.as_ref().map(|one| safe(&one.value)).unwrap_or_else(|| "-".to_owned()), side));
    Line::from(vec![
        Span::styled(format!("{pointer} "), theme.focus()),
        Span::styled(format!("{glyph} "), style),
        Span::styled(name, if is_chosen { theme.focus() } else { theme.code() }),
        Span::styled(first, value),
        Span::raw("  "),
        Span::styled(second, value),
    ])
}

/// One field in full.
fn told(pair: &Pair, with_bytes: bool, columns: usize, look: Look) -> Body {
    let theme = look.theme;
    let mut body = Body::default();
    let (glyph, style, word) = mark(pair.standing, look);
    let heading = [(format!("{}  ", safe(&pair.name)), theme.mark()), (format!("{glyph} {word}"), style)];
    body.flow(&[], &heading, columns);
    let [first, second] = pair.sides.each_ref().map(Option::as_ref);
    let is_same = pair.standing == Standing::Same;
    let both = [("<", first, second), (">", second.filter(|_| !is_same), first)];
    for (sign, side, other) in both {
        let Some(side) = side else { continue };
        let sign = if is_same { "=" } else { sign };
        let lead = [(format!("{sign} "), theme.key())];
        body.flow(&lead, &[(safe(&side.value), theme.text())], columns);
        if !with_bytes || side.bytes.is_empty() {
            continue;
        }
        let (offset, length) = side.place.unwrap_or_default();
        let other = other.map(|other| other.bytes.as_slice()).unwrap_or_default();
        let mut pieces: Vec<Piece> = vec![(format!("{offset}+{length}:"), theme.dim())];
        for (at, byte) in side.bytes.iter().enumerate() {
            let differs = !is_same && other.get(at) != Some(byte);
            let style = if differs { theme.mark().add_modifier(Modifier::UNDERLINED) } else { theme.dim() };
            pieces.push((" ".to_owned(), theme.dim()));
            pieces.push((format!("{byte:02x}"), style));
        }
        if side.bytes.len() < length {
            pieces.push((" …".to_owned(), theme.dim()));
        }
        body.flow(&[("  ".to_owned(), theme.dim())], &pieces, columns);
    }
    if !with_bytes {
        body.say(look.pick("b: bytes", "b: 바이트"), theme.dim(), columns);
    }
    body
}

/// What lies at a place.
pub(super) fn hit(found: &Comparison, body: Rect, at: Position) -> Option<InspectorSpot> {
    let area = places(body).list;
    let line = usize::from(at.y.checked_sub(area.y)?);
    let row = line + first_row(found.chosen, found.count(), usize::from(area.height));
    (row < found.count() && area.contains(at)).then_some(InspectorSpot::Line(row))
}
