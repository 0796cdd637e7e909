//! The chosen message's bytes, in hexadecimal and as text; those of the chosen field stand
//! out.

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::super::super::theatre::{Pane, Show};
use super::{Look, below};
use crate::text::Language;

/// Columns of the offset.
const OFFSET: usize = 6;
/// The two sizes of a row: how many bytes.
const ROWS: [usize; 2] = [16, 8];

/// Columns of a row of so many bytes.
const fn wide(bytes: usize) -> usize {
    // Each byte takes three, a group of eight one more, and then its character.
    OFFSET + bytes * 3 + bytes / 8 + bytes
}

/// The columns that the bytes take of so many.
pub(super) fn columns(of: u16) -> u16 {
    let bytes = if usize::from(of) >= wide(16) * 2 { 16 } else { 8 };
    u16::try_from(wide(bytes)).unwrap_or(of)
}

/// How many bytes stand in a row of so many columns.
pub(super) fn in_row(columns: u16) -> usize {
    ROWS.into_iter().find(|bytes| wide(*bytes) <= usize::from(columns)).unwrap_or(8)
}

/// How a byte is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tone {
    /// It is pointed at.
    Cursor,
    /// It belongs to the chosen field.
    Chosen,
    /// It belongs to the field around that.
    Around,
    /// It is elsewhere.
    Else,
}

/// What stands out.
struct Marks {
    cursor: Option<usize>,
    chosen: Range<usize>,
    around: Range<usize>,
}

impl Marks {
    fn tone(&self, byte: usize) -> Tone {
        if self.cursor == Some(byte) {
            Tone::Cursor
        } else if self.chosen.contains(&byte) {
            Tone::Chosen
        } else if self.around.contains(&byte) {
            Tone::Around
        } else {
            Tone::Else
        }
    }
}

fn style(tone: Tone, look: Look) -> Style {
    let theme = look.theme;
    match tone {
        Tone::Cursor => theme.mark().add_modifier(Modifier::REVERSED | Modifier::UNDERLINED),
        Tone::Chosen => theme.focus().add_modifier(Modifier::REVERSED),
        Tone::Around => theme.text(),
        Tone::Else => theme.dim(),
    }
}

fn marks(show: &Show) -> Marks {
    let chosen = show.field().map_or(0..0, |field| field.range.clone());
    // The narrowest field around the chosen one.
    let around = show.message().and_then(|(_, message)| {
        let all = message.around(chosen.start);
        let is_wider = |range: &Range<usize>| range.len() > chosen.len();
        all.into_iter().rev().map(|field| field.range.clone()).find(is_wider)
    });
    Marks {
        cursor: (show.pane == Pane::Bytes).then_some(show.byte),
        around: around.unwrap_or(0..usize::MAX),
        chosen,
    }
}

/// Draws them.
pub(super) fn draw(show: &Show, frame: &mut Frame<'_>, area: Rect, look: Look) {
    let Some((_, message)) = show.message() else { return };
    let rows = below(area);
    let [_, _, scroll] = show.scrolls;
    let bytes = in_row(area.width);
    let marks = marks(show);
    let title = match (&show.field(), look.language) {
        (Some(field), Language::En) => format!("bytes {}-{}", field.range.start, last(&field.range)),
        (Some(field), Language::Ko) => format!("바이트 {}-{}", field.range.start, last(&field.range)),
        (None, language) => language.pick("bytes", "바이트").to_owned(),
    };
    super::title(frame, area, &title, show.pane == Pane::Bytes, look);
    for (row, y) in (scroll..).zip(rows.y..rows.bottom()) {
        let start = row * bytes;
        let end = message.bytes.len().min(start.saturating_add(bytes));
        let Some(content) = message.bytes.get(start..end).filter(|content| !content.is_empty()) else {
            break;
        };
        frame.buffer_mut().set_line(area.x, y, &line(content, start, bytes, &marks, look), area.width);
    }
    super::thumb(frame, area, message.bytes.len().div_ceil(bytes), scroll, look);
}

const fn last(range: &Range<usize>) -> usize {
    if range.end > range.start { range.end - 1 } else { range.start }
}

/// A row: where it begins, its bytes, its characters.
fn line(content: &[u8], start: usize, bytes: usize, marks: &Marks, look: Look) -> Line<'static> {
    let mut spans = vec![Span::styled(format!("{start:04x}  "), look.theme.dim())];
    if let Some(first) = spans.first_mut() {
        // A long message has longer offsets; the rest keeps its place.
        let text = format!("{start:x}");
        let text = if text.len() > OFFSET - 1 { text } else { format!("{text:0>4}") };
        first.content = format!("{text:<OFFSET$}").into();
    }
    let mut put = |text: String, tone: Tone| match spans.last_mut() {
        Some(span) if span.style == style(tone, look) => span.content.to_mut().push_str(&text),
        _ => spans.push(Span::styled(text, style(tone, look))),
    };
    for (at, byte) in (start..).zip(content) {
        let tone = marks.tone(at);
        put(format!("{byte:02x}"), tone);
        // The blank behind belongs to a field that goes on in the same row.
        let is_last = at + 1 == start + content.len();
        let joined = !is_last && marks.tone(at + 1) == tone && tone == Tone::Chosen;
        let blank = if (at + 1 - start).is_multiple_of(8) { "  " } else { " " };
        put(blank.to_owned(), if joined { tone } else { Tone::Around });
    }
    let missing = bytes.saturating_sub(content.len());
    put(" ".repeat(missing * 3 + bytes / 8 - content.len() / 8), Tone::Around);
    for (at, byte) in (start..).zip(content) {
        let shown = if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
        put(shown.to_string(), marks.tone(at));
    }
    Line::from(spans)
}

/// The byte in a row, at a column of the screen.
pub(super) fn hit(show: &Show, area: Rect, row: usize, column: u16) -> Option<usize> {
    let bytes = in_row(area.width);
    let x = usize::from(column.checked_sub(area.x)?);
    let text = wide(bytes) - bytes;
    let at = if x >= text {
        x - text
    } else {
        let x = x.checked_sub(OFFSET)?;
        // Eight bytes and the blank behind them.
        let group = x / 25;
        group * 8 + (x - group * 25).min(23) / 3
    };
    let byte = row * bytes + at;
    let length = show.message()?.1.bytes.len();
    (at < bytes && byte < length).then_some(byte)
}
