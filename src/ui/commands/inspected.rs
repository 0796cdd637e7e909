//! What must hold for a command of the inspector besides the situation.

use super::super::inspector::{Inspector, Page, Pane};
use super::super::model::Model;
use super::conditions::points;

pub(super) fn points_at_certificate(model: &Model) -> bool {
    !points(model) && has_bytes(model)
}

pub(super) fn has_certificate(model: &Model) -> bool {
    points(model) && has_bytes(model)
}

fn has_bytes(model: &Model) -> bool {
    super::super::update::shown_certificate(model).is_some()
}

fn page(model: &Model) -> Option<&Page> {
    model.inspector.as_ref()?.page.as_ref()
}

pub(super) fn leads_fields(model: &Model) -> bool {
    page(model).is_some_and(|page| page.pane == Pane::Fields)
}

pub(super) fn has_hits(model: &Model) -> bool {
    page(model).is_some_and(|page| !page.search.hits.is_empty())
}

pub(super) fn has_field(model: &Model) -> bool {
    page(model).is_some_and(|page| page.row().is_some())
}

pub(super) fn has_issuer(model: &Model) -> bool {
    let entry = model.inspector.as_ref().and_then(Inspector::entry);
    entry.is_some_and(|entry| entry.issuer.is_some() && !entry.is_root())
}
