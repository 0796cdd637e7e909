//! The ladder: two lifelines, and what goes between them, a line each.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::super::super::theatre::{Beat, Mark, Pairing, Pane, Show, Stage};
use super::super::lines::safe;
use super::{Look, below, is_compared, words};
use crate::text::{truncate, width};
use crate::wire::{Kind, Message, Side, version_name};

/// From so many columns on, the time of each message stands before it.
const WITH_TIME: usize = 64;
/// Columns of the time.
const TIME: usize = 10;
/// From so many columns between the lifelines on, a message's size is told, and from so many
/// what it was under, in words: the line and its glyph say it in any case.
const WITH_SIZE: usize = 32;
const WITH_WORD: usize = 42;

/// Draws the ladder of a stage.
pub(super) fn draw(show: &Show, stage: usize, frame: &mut Frame<'_>, area: Rect, look: Look) {
    let Some(known) = show.stages.get(stage) else { return };
    let columns = usize::from(area.width);
    let heads = heads(show, stage, known, columns, look);
    frame.buffer_mut().set_line(area.x, area.y, &heads, area.width);
    let rows = below(area);
    let [scroll, ..] = show.scrolls;
    for (row, y) in (scroll..).zip(rows.y..rows.bottom()) {
        let line = line(show, (stage, known), row, columns, look);
        frame.buffer_mut().set_line(area.x, y, &line, area.width);
    }
    super::thumb(frame, area, show.rows.len(), scroll, look);
}

/// Columns before the first lifeline.
fn before(show: &Show, columns: usize) -> usize {
    let time = if columns >= WITH_TIME { TIME } else { 0 };
    usize::from(is_compared(show)) + 1 + time
}

/// The names over the lifelines; of two stages also what tells them apart.
fn heads(show: &Show, stage: usize, known: &Stage, columns: usize, look: Look) -> Line<'static> {
    let theme = look.theme;
    let is_focus = show.pane == Pane::Ladder && show.front == stage;
    let style = if is_focus && show.stages.len() > 1 { theme.focus() } else { theme.bold() };
    let what = match show.pairing {
        None => String::new(),
        Some(Pairing::Versions) => known.transcript.version.map(version_name).unwrap_or_default(),
        Some(Pairing::Runs) if show.is_healthy(stage) => look.pick("healthy", "정상").to_owned(),
        Some(Pairing::Runs) => look.pick("faulty", "고장").to_owned(),
    };
    let start = before(show, columns);
    let room = columns.saturating_sub(start + width(&what) + 4);
    let client = truncate(&safe(known.name(Side::Client)), room.div_ceil(2));
    let server = truncate(&safe(known.name(Side::Server)), room.saturating_sub(width(&client)));
    let pad = columns.saturating_sub(start + width(&client) + width(&server) + width(&what));
    let lead = if is_focus { theme.glyph.pointer } else { " " };
    let lead = format!("{}{lead}", " ".repeat(start.saturating_sub(1)));
    Line::from(vec![
        Span::styled(lead, theme.focus()),
        Span::styled(client, style),
        Span::raw(" ".repeat(pad / 2)),
        Span::styled(what, theme.mark()),
        Span::raw(" ".repeat(pad - pad / 2)),
        Span::styled(server, style),
    ])
}

/// One line.
fn line(
    show: &Show,
    (stage, known): (usize, &Stage),
    row: usize,
    columns: usize,
    look: Look,
) -> Line<'static> {
    let theme = look.theme;
    let inside = columns.saturating_sub(before(show, columns) + 2);
    let is_played = row < show.shown;
    let beat = if is_played { show.beat_of(stage, row) } else { None };
    let is_chosen = row == show.chosen && is_played && row < show.rows.len();
    let mut spans = Vec::new();
    if is_compared(show) {
        let mark = show.rows.get(row).filter(|_| is_played).map_or(Mark::Same, |row| row.mark);
        let glyph = if mark == Mark::Same { " " } else { theme.glyph.unequal };
        spans.push(Span::styled(glyph, theme.mark()));
    }
    let pointer = if is_chosen { theme.glyph.pointer } else { " " };
    spans.push(Span::styled(pointer, theme.focus()));
    let message = match beat {
        Some(Beat::Message(at)) => known.messages(show.outside).get(at),
        _ => None,
    };
    if columns >= WITH_TIME {
        let time = message.map(|message| words::time(message.at)).unwrap_or_default();
        spans.push(Span::styled(format!("{time:>9} "), theme.dim()));
    }
    let bar = || Span::styled(theme.glyph.bar, theme.dim());
    spans.push(bar());
    match (beat, message) {
        (_, Some(message)) => arrow(&mut spans, message, show.outside, is_chosen, inside, look),
        (Some(beat), None) => note(&mut spans, words::beat(known, beat, look), is_chosen, inside, look),
        (None, None) => {
            let is_missing = is_played && is_compared(show) && row < show.rows.len();
            let text = if is_missing { look.pick("not in this run", "이 실행에는 없음") } else { "" };
            let text = truncate(text, inside.saturating_sub(4));
            let pad = inside.saturating_sub(width(&text) + 3);
            spans.push(Span::styled(format!("   {text}{}", " ".repeat(pad)), theme.dim()));
        }
    }
    spans.push(bar());
    Line::from(spans)
}

/// What a side makes of it, at its lifeline.
fn note(
    spans: &mut Vec<Span<'static>>,
    said: Option<(String, Style, Side)>,
    is_chosen: bool,
    inside: usize,
    look: Look,
) {
    let Some((text, style, side)) = said else { return };
    let text = truncate(&text, inside.saturating_sub(2));
    let pad = " ".repeat(inside.saturating_sub(width(&text) + 1));
    let style = if is_chosen { style.add_modifier(Modifier::REVERSED) } else { style };
    let text = Span::styled(text, style);
    match side {
        Side::Client => spans.extend([Span::raw(" "), text, Span::styled(pad, look.theme.text())]),
        Side::Server => spans.extend([Span::styled(pad, look.theme.text()), text, Span::raw(" ")]),
    }
}

/// A message on its way: `── ▫ ClientHello … ── clear 256 B ─>`.
fn arrow(
    spans: &mut Vec<Span<'static>>,
    message: &Message,
    outside: bool,
    is_chosen: bool,
    inside: usize,
    look: Look,
) {
    let theme = look.theme;
    let (glyph, word, style) = words::cover(message.protection, outside, look);
    let is_closed = glyph == theme.glyph.closed;
    let line = if is_closed { theme.glyph.heavy } else { theme.glyph.rule };
    let rule = |count: usize| Span::styled(line.repeat(count), style);
    // Both ends, the glyph between blanks and the blank behind.
    let room = inside.saturating_sub(8);
    let bytes = words::size(message.bytes.len());
    // Of an alert, which one it is matters most.
    let wants = match message.kind {
        Kind::Alert => room.saturating_sub(width(&message.summary) / 2),
        _ => room,
    };
    let tail = match wants {
        WITH_WORD.. => format!("{word}, {bytes}"),
        WITH_SIZE..WITH_WORD => bytes,
        _ => String::new(),
    };
    let taken = if tail.is_empty() { 0 } else { width(&tail) + 2 };
    let room = room.saturating_sub(taken);
    let name = truncate(&words::name(message, outside), room);
    let left = room.saturating_sub(width(&name) + 2);
    let summary = if left >= 8 { truncate(&safe(&message.summary), left) } else { String::new() };
    let said = width(&name) + if summary.is_empty() { 0 } else { width(&summary) + 2 };
    let name_style = words::name_style(message, look);
    let name_style = if is_chosen { name_style.add_modifier(Modifier::REVERSED) } else { name_style };
    let to_server = message.from == Side::Client;
    if to_server {
        spans.push(rule(2));
    } else {
        spans.extend([Span::styled("<", style), rule(1)]);
    }
    spans.push(Span::styled(format!(" {glyph} "), style));
    spans.push(Span::styled(name, name_style));
    if !summary.is_empty() {
        spans.push(Span::styled(format!("  {summary}"), theme.text()));
    }
    spans.push(Span::raw(" "));
    // Two at the beginning, the glyph between blanks, a blank behind, two at the end.
    let fill = inside.saturating_sub(2 + 3 + said + 1 + taken + 2);
    spans.push(rule(fill));
    if !tail.is_empty() {
        spans.push(Span::styled(format!(" {tail} "), style));
    }
    if to_server {
        spans.extend([rule(1), Span::styled(">", style)]);
    } else {
        spans.push(rule(2));
    }
}
