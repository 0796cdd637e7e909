//! What was just said, how far long work is, and the keys that matter now.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::text::truncate;

use super::super::commands::{self, Entry};
use super::super::model::{Model, State};
use super::super::theme::Theme;
use super::lines::safe;
use super::look;

/// Draws the two lowest lines.
pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, notice: Rect, keys: Rect) {
    let said = said(model, usize::from(notice.width));
    frame.buffer_mut().set_line(notice.x, notice.y, &said, notice.width);
    frame.buffer_mut().set_line(keys.x, keys.y, &key_line(model, usize::from(keys.width)), keys.width);
}

fn said(model: &Model, columns: usize) -> Line<'static> {
    let look = look(model);
    let theme = look.theme;
    if let Some(notice) = &model.notice {
        let (glyph, style) =
            if notice.wrong { (theme.glyph.fail, theme.fail()) } else { (theme.glyph.pointer, theme.mark()) };
        let text = truncate(&safe(&notice.text), columns.saturating_sub(2));
        return Line::from(vec![Span::styled(format!("{glyph} "), style), Span::raw(text)]);
    }
    let Some(State::Working { progress, .. }) = model.study.as_ref().map(|study| &study.state) else {
        return Line::default();
    };
    let Some(progress) = progress else {
        return Line::styled(look.pick("Working…", "하고 있어요…"), theme.mark());
    };
    let long = (columns / 3).min(30);
    let done = long * progress.done.min(progress.total) / progress.total.max(1);
    let count = format!(" {}/{}  ", progress.done, progress.total);
    let what = truncate(&safe(&progress.what), columns.saturating_sub(long + count.len()));
    Line::from(vec![
        Span::styled(theme.glyph.heavy.repeat(done), theme.seal()),
        Span::styled(theme.glyph.rule.repeat(long - done), theme.dim()),
        Span::styled(count, theme.bold()),
        Span::raw(what),
    ])
}

/// The keys of a command as they are written.
pub(super) fn shown(entry: &Entry, theme: Theme) -> String {
    entry.shown.replace("{arrows}", theme.glyph.arrows).replace("{sides}", theme.glyph.sides)
}

/// As many keys as fit, the most important first; how to leave and to get help always.
fn key_line(model: &Model, columns: usize) -> Line<'static> {
    let look = look(model);
    let entries = commands::footer(model);
    let spans_of = |entry: &Entry| {
        [
            Span::styled(shown(entry, look.theme), look.theme.key()),
            Span::styled(format!(" {}", entry.label(look.language, look.theme)), look.theme.text()),
        ]
    };
    let wide = |entry: &Entry| spans_of(entry).iter().map(Span::width).sum::<usize>() + 3;
    let is_fixed = |entry: &Entry| entry.footer >= 9 || entry.footer == 1;
    let mut room =
        columns + 3 - entries.iter().filter(|e| is_fixed(e)).map(|e| wide(e)).sum::<usize>().min(columns);
    let mut spans = Vec::new();
    for entry in entries {
        if !is_fixed(entry) {
            let Some(left) = room.checked_sub(wide(entry)) else {
                continue;
            };
            room = left;
        }
        if !spans.is_empty() {
            spans.push(Span::raw("   "));
        }
        spans.extend(spans_of(entry));
    }
    Line::from(spans)
}
