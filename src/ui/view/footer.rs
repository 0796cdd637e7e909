//! What was just said, how far long work is, and the keys that matter now.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::text::{truncate, width};

use super::super::commands::{self, Entry};
use super::super::model::{Model, State};
use super::super::theme::Theme;
use super::lines::safe;
use super::{Target, look};

/// Columns between two keys.
const GAP: usize = 3;

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
    if model.inspector.is_some() {
        return super::inspector::sought(model, columns).unwrap_or_default();
    }
    if model.theatre.as_ref().is_some_and(|theatre| theatre.waiting.is_some()) {
        return Line::styled(look.pick("Connecting…", "연결하고 있어요…"), theme.mark());
    }
    if let Some(browser) = &model.browser {
        let page = browser.page.as_ref();
        let told = page.and_then(|page| super::fault::progress(page, look.language));
        return told
            .map_or_else(Line::default, |(what, done, total)| bar(&what, done, total, columns, theme));
    }
    let Some(State::Working { progress, .. }) = model.study.as_ref().map(|study| &study.state) else {
        return Line::default();
    };
    let Some(progress) = progress else {
        return Line::styled(look.pick("Working…", "하고 있어요…"), theme.mark());
    };
    bar(&progress.what, progress.done, progress.total, columns, theme)
}

/// How far work is: a bar, numbers, what is being done.
fn bar(what: &str, done: usize, total: usize, columns: usize, theme: Theme) -> Line<'static> {
    let long = (columns / 3).min(30);
    let count = format!(" {done}/{total}  ");
    let done = long * done.min(total) / total.max(1);
    let what = truncate(&safe(what), columns.saturating_sub(long + count.len()));
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
fn fitting(model: &Model, columns: usize) -> Vec<(&'static Entry, usize)> {
    let look = look(model);
    let entries = commands::footer(model);
    let wide =
        |entry: &Entry| width(&shown(entry, look.theme)) + width(entry.label(look.language, look.theme)) + 1;
    let is_fixed = |entry: &Entry| entry.footer >= 9 || entry.footer == 1;
    let fixed = entries.iter().filter(|entry| is_fixed(entry)).map(|entry| wide(entry) + GAP).sum::<usize>();
    let mut room = columns + GAP - fixed.min(columns);
    let mut fits = Vec::new();
    for entry in entries {
        if !is_fixed(entry) {
            let Some(left) = room.checked_sub(wide(entry) + GAP) else {
                continue;
            };
            room = left;
        }
        fits.push((entry, wide(entry)));
    }
    fits
}

fn key_line(model: &Model, columns: usize) -> Line<'static> {
    let look = look(model);
    let mut spans = Vec::new();
    for (entry, _) in fitting(model, columns) {
        if !spans.is_empty() {
            spans.push(Span::raw(" ".repeat(GAP)));
        }
        spans.push(Span::styled(shown(entry, look.theme), look.theme.key()));
        spans.push(Span::styled(format!(" {}", entry.label(look.language, look.theme)), look.theme.text()));
    }
    Line::from(spans)
}

/// The command under a column of the keys.
pub(super) fn hit(model: &Model, area: Rect, column: u16) -> Target {
    let at = usize::from(column.saturating_sub(area.x));
    let mut x = 0;
    for (entry, wide) in fitting(model, usize::from(area.width)) {
        if (x..x + wide).contains(&at) {
            return Target::Command(entry.command);
        }
        x += wide + GAP;
    }
    Target::Nothing
}
