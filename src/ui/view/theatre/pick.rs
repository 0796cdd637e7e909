//! The faults of a connection, to compare it with one.

use ratatui::Frame;
use ratatui::layout::Position;

use super::super::super::model::Model;
use super::super::super::theatre::Pick;
use super::super::lines::Body;
use super::super::popup::Popup;
use super::{Look, Spot, Target};
use crate::text::truncate;

/// The widest list.
const WIDEST: u16 = 84;

fn body(pick: &Pick, columns: u16, look: Look) -> Body {
    let theme = look.theme;
    let columns = usize::from(columns);
    let mut body = Body::default();
    for (at, (id, [english, korean])) in pick.faults.iter().enumerate() {
        let is_chosen = at == pick.chosen;
        let pointer = if is_chosen { theme.glyph.pointer } else { " " };
        let style = if is_chosen { theme.focus() } else { theme.text() };
        let title = look.language.pick(english, korean);
        let title = truncate(title, columns.saturating_sub(8));
        body.line([(format!("{pointer} {id:<4}  "), style), (title, style)]);
    }
    body
}

fn place(model: &Model, pick: &Pick) -> Popup {
    Popup::place(model.size, WIDEST, |_| pick.faults.len())
}

fn scroll(popup: Popup, pick: &Pick) -> usize {
    let rows = usize::from(popup.inside.height);
    (pick.chosen + 1).saturating_sub(rows).min(popup.end(pick.faults.len()))
}

/// Draws it over the rest.
pub(super) fn draw(model: &Model, pick: &Pick, frame: &mut Frame<'_>, look: Look) {
    let popup = place(model, pick);
    let title = look.pick("Compare with a fault", "고장 난 실행과 비교하기");
    popup.draw(frame, title, &body(pick, popup.inside.width, look), scroll(popup, pick), look);
}

/// The fault at a place.
pub(super) fn hit(model: &Model, pick: &Pick, at: Position, _: Look) -> Target {
    let popup = place(model, pick);
    if !popup.contains(at.x, at.y) {
        return Target::Outside;
    }
    if !popup.inside.contains(at) {
        return Target::Nothing;
    }
    let fault = usize::from(at.y - popup.inside.y) + scroll(popup, pick);
    if fault < pick.faults.len() { Target::Theatre(Spot::Fault(fault)) } else { Target::Nothing }
}
