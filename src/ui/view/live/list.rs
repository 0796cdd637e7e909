//! What happened, one line each.

use super::super::super::live::{Live, Outcome};
use super::super::lines::{Body, safe};
use super::lanes::outcome;
use super::{Look, Spot, Target, fixed};
use crate::text::truncate;

/// Columns of the time: `12:34:56`.
const TIME: usize = 8;
/// Columns of what it came to.
const OUTCOME: usize = 6;
/// From here on, the time is told.
const WITH_TIME: usize = 72;

/// The list, the oldest first.
pub(super) fn body(live: &Live, columns: usize, look: Look) -> Body {
    let theme = look.theme;
    let mut body = Body::default();
    if live.entries.is_empty() {
        let said = look.pick(
            "Nothing has happened yet. Enter plays a ready-made request, or paste the line in another terminal and run kubectl.",
            "아직 아무 일도 없어요. Enter로 준비된 요청을 보내거나, 다른 터미널에 한 줄을 붙여 넣고 kubectl을 실행해 보세요.",
        );
        body.say(said, theme.dim(), columns);
    }
    let with_time = columns >= WITH_TIME;
    let time = if with_time { TIME + 2 } else { 0 };
    let who = (columns.saturating_sub(time + OUTCOME + 4) / 2).min(40);
    let what = columns.saturating_sub(time + OUTCOME + who + 6);
    for (at, entry) in live.entries.iter().enumerate() {
        let is_chosen = at == live.chosen;
        let (lead, style) =
            if is_chosen { (theme.glyph.pointer, theme.focus()) } else { (" ", theme.text()) };
        let (came_to, came_style) = outcome(entry.outcome, look);
        let moment = entry.happening.at;
        let clock = match with_time {
            true => format!("{:02}:{:02}:{:02}  ", moment.hour(), moment.minute(), moment.second()),
            false => String::new(),
        };
        let style = if is_chosen { style } else { theme.text() };
        let what_style = match entry.outcome {
            Outcome::Told => theme.dim(),
            _ if is_chosen => theme.bold(),
            _ => theme.text(),
        };
        body.hits.push((body.lines.len(), 0..columns, Target::Live(Spot::Entry(at))));
        body.line([
            (format!("{lead} "), style),
            (clock, theme.dim()),
            (fixed(&came_to, OUTCOME), came_style),
            (format!(" {} ", fixed(&safe(&entry.who), who)), style),
            (truncate(&safe(&entry.what), what), what_style),
        ]);
    }
    body
}
