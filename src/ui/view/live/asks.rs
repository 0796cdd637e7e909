//! The ready-made requests, to choose one from.

use ratatui::Frame;
use ratatui::layout::Position;

use super::super::super::live::Live;
use super::super::super::model::Model;
use super::super::lines::{Body, safe};
use super::super::popup::Popup;
use super::{Look, Spot, Target, fixed};
use crate::text::{truncate, width};

/// The widest list.
const WIDEST: u16 = 110;

fn body(live: &Live, chosen: usize, columns: u16, look: Look) -> Body {
    let theme = look.theme;
    let columns = usize::from(columns);
    let mut body = Body::default();
    let asks = live.opened().map(|opened| opened.asks.as_slice()).unwrap_or_default();
    let words = |at: usize| asks.get(at).map_or("", |ask| ask.words.get(look.language).as_str());
    let longest = (0..asks.len()).map(|at| width(words(at))).max().unwrap_or(0);
    let said = longest.min(columns.saturating_sub(2));
    for (at, ask) in asks.iter().enumerate() {
        let is_chosen = at == chosen;
        let (pointer, style) =
            if is_chosen { (theme.glyph.pointer, theme.focus()) } else { (" ", theme.text()) };
        let request = truncate(&safe(&ask.request), columns.saturating_sub(said + 4));
        body.line([
            (format!("{pointer} {}", fixed(words(at), said)), style),
            (format!("  {request}"), if is_chosen { theme.code() } else { theme.dim() }),
        ]);
    }
    body
}

fn place(model: &Model, live: &Live) -> Popup {
    Popup::place(model.size, WIDEST, |_| live.opened().map_or(0, |opened| opened.asks.len()))
}

fn scroll(popup: Popup, live: &Live, chosen: usize) -> usize {
    let rows = usize::from(popup.inside.height);
    let count = live.opened().map_or(0, |opened| opened.asks.len());
    (chosen + 1).saturating_sub(rows).min(popup.end(count))
}

/// Draws it over the rest.
pub(super) fn draw(model: &Model, live: &Live, chosen: usize, frame: &mut Frame<'_>, look: Look) {
    let popup = place(model, live);
    let title = look.pick("Ready-made requests", "준비된 요청");
    let body = body(live, chosen, popup.inside.width, look);
    popup.draw(frame, title, &body, scroll(popup, live, chosen), look);
}

/// The request at a place.
pub(super) fn hit(model: &Model, live: &Live, at: Position, _: Look) -> Target {
    let popup = place(model, live);
    if !popup.contains(at.x, at.y) {
        return Target::Outside;
    }
    if !popup.inside.contains(at) {
        return Target::Nothing;
    }
    let ask = usize::from(at.y - popup.inside.y) + scroll(popup, live, live.asks.unwrap_or(0));
    let count = live.opened().map_or(0, |opened| opened.asks.len());
    if ask < count { Target::Live(Spot::Ask(ask)) } else { Target::Nothing }
}
