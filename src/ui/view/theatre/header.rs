//! Whose connection it is and what was agreed on; below, how much of it has been played.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::super::theatre::{SPEEDS, Show};
use super::super::lines::safe;
use super::Look;
use crate::text::{truncate, width};
use crate::wire::{Side, group_name, suite_name, version_name};

/// From so many columns on, the speed is told.
const WITH_SPEED: usize = 70;

/// Draws the header.
pub(super) fn draw(show: &Show, frame: &mut Frame<'_>, area: Rect, look: Look) {
    let theme = look.theme;
    let Some(stage) = show.stages.get(show.front).or(show.stages.first()) else { return };
    let columns = usize::from(area.width);
    let [.., side] = theme.glyph.seal;
    let seal = format!("{side}{}{side}", theme.glyph.name);
    let played = format!("{}/{}", show.shown.min(show.rows.len()), show.rows.len());
    let slower = SPEEDS.get(show.speed).copied().unwrap_or(1000);
    let speed =
        if slower >= 1000 { format!("1 ms = {} s", slower / 1000) } else { format!("1 ms = {slower} ms") };
    let (state, style) = match show.clock {
        Some(_) => (format!("{} {}", theme.glyph.pointer, look.pick("playing", "재생 중")), theme.mark()),
        None => (look.pick("paused", "멈춤").to_owned(), theme.dim()),
    };
    let right = Line::from(vec![
        Span::styled(format!("{state}  "), style),
        Span::styled(if columns < WITH_SPEED { String::new() } else { format!("{speed}  ") }, theme.dim()),
        Span::styled(played, theme.text()),
    ]);
    let goes = if theme.is_ascii() { "->" } else { "→" };
    let ends = format!("{} {goes} {}", safe(stage.name(Side::Client)), safe(stage.name(Side::Server)));
    let room = columns.saturating_sub(right.width() + width(&seal) + 4);
    let ends = truncate(&ends, room);
    let transcript = &stage.transcript;
    let view = if show.outside {
        vec![look.pick("as an eavesdropper sees it", "엿듣는 쪽에서 본 모습").to_owned()]
    } else {
        let agreed = [
            transcript.version.map(version_name),
            transcript.cipher_suite.map(suite_name),
            transcript.group.map(group_name),
        ];
        agreed.into_iter().flatten().collect()
    };
    let mut left =
        vec![Span::styled(seal, theme.seal()), Span::raw("  "), Span::styled(ends.clone(), theme.bold())];
    let mut room = room.saturating_sub(width(&ends));
    for word in view {
        let Some(rest) = room.checked_sub(width(&word) + 2) else { break };
        room = rest;
        let style = if show.outside { theme.open() } else { theme.code() };
        left.push(Span::styled(format!("  {word}"), style));
    }
    let buffer = frame.buffer_mut();
    buffer.set_line(area.x, area.y, &Line::from(left), area.width);
    let x = area.right().saturating_sub(u16::try_from(right.width()).unwrap_or(0));
    buffer.set_line(x, area.y, &right, area.width);
    let done = columns * show.shown.min(show.rows.len()) / show.rows.len().max(1);
    let rule = Line::from(vec![
        Span::styled(theme.glyph.heavy.repeat(done), theme.seal()),
        Span::styled(theme.glyph.rule.repeat(columns.saturating_sub(done)), theme.dim()),
    ]);
    buffer.set_line(area.x, area.y + 1, &rule, area.width);
}
