//! What the mouse does in the inspector.

use super::super::Effect;
use super::super::position::stepped;
use super::{follow, page, page_by, settle, take};
use crate::ui::inspector::{Pane, Shown};
use crate::ui::model::Model;
use crate::ui::view::InspectorSpot;

/// The wheel: scrolls the pane under it, else points elsewhere.
pub(in crate::ui::update) fn wheel(model: &mut Model, pane: Option<Pane>, lines: isize) {
    let Some(pane) = pane else {
        page_by(model, lines.signum());
        return;
    };
    if let Some(scroll) = page(model).and_then(|page| page.scrolls.get_mut(pane.index())) {
        *scroll = stepped(*scroll, lines);
    }
    settle(model);
}

/// Points at what was clicked; opens it if it was pointed at already.
pub(in crate::ui::update) fn click(model: &mut Model, spot: InspectorSpot) -> Vec<Effect> {
    let Some(inspector) = &mut model.inspector else { return Vec::new() };
    match spot {
        InspectorSpot::Offer(at) => return take(model, Some(at)),
        InspectorSpot::Away => inspector.menu = None,
        InspectorSpot::Entry(at) if at == inspector.chosen => return take(model, None),
        InspectorSpot::Entry(at) => inspector.chosen = at,
        InspectorSpot::Line(at) => match &mut inspector.shown {
            Shown::Chain { chosen, .. } | Shown::Bars(chosen) if *chosen != at => *chosen = at,
            Shown::Comparison(found) => found.chosen = at,
            _ => return take(model, Some(at)),
        },
        InspectorSpot::Field(_)
        | InspectorSpot::Node(_)
        | InspectorSpot::Byte(_)
        | InspectorSpot::Pane(_) => {
            let Some(page) = &mut inspector.page else { return Vec::new() };
            match spot {
                InspectorSpot::Field(row) if page.pane == Pane::Fields && page.field == Some(row) => {
                    page.fold(None);
                }
                InspectorSpot::Field(row) => {
                    page.lead(Pane::Fields);
                    page.select_field(row);
                }
                InspectorSpot::Node(node) => {
                    page.lead(Pane::Tree);
                    page.select_node(node);
                }
                InspectorSpot::Byte(byte) => {
                    page.lead(Pane::Bytes);
                    page.select_byte(byte);
                }
                InspectorSpot::Pane(pane) => page.lead(pane),
                _ => {}
            }
            follow(model);
        }
    }
    Vec::new()
}
