//! What is offered: a short list over the rest.

use ratatui::Frame;

use super::super::super::inspector::{Inspector, Menu};
use super::super::super::model::Model;
use super::super::lines::{Body, safe};
use super::super::popup::Popup;
use super::super::{Look, look};
use super::InspectorSpot;
use crate::text::truncate;

/// The widest list.
const WIDEST: u16 = 64;

fn body(menu: &Menu, columns: u16, look: Look) -> Body {
    let mut body = Body::default();
    for (at, (name, _)) in menu.offers.iter().enumerate() {
        let is_chosen = at == menu.chosen;
        let pointer = if is_chosen { look.theme.glyph.pointer } else { " " };
        let style = if is_chosen { look.theme.focus() } else { look.theme.text() };
        let name = truncate(&safe(name), usize::from(columns).saturating_sub(2));
        body.line([(format!("{pointer} {name}"), style)]);
    }
    body
}

fn place(model: &Model, menu: &Menu) -> Popup {
    Popup::place(model.size, WIDEST, |_| menu.offers.len())
}

/// Draws it, if anything is offered.
pub(super) fn draw(model: &Model, inspector: &Inspector, frame: &mut Frame<'_>) {
    let Some(menu) = &inspector.menu else { return };
    let look = look(model);
    let popup = place(model, menu);
    let (en, ko) = menu.title;
    popup.draw(frame, look.pick(en, ko), &body(menu, popup.inside.width, look), 0, look);
}

/// What lies at a place of it; none beside it.
pub(super) fn hit(model: &Model, inspector: &Inspector, column: u16, row: u16) -> Option<InspectorSpot> {
    let menu = inspector.menu.as_ref()?;
    let popup = place(model, menu);
    if !popup.contains(column, row) {
        return None;
    }
    let at = usize::from(row.saturating_sub(popup.inside.y)).min(menu.offers.len().saturating_sub(1));
    Some(InspectorSpot::Offer(at))
}
