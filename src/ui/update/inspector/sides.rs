//! The other sides of an open thing: its chain, its time line, its words, what a cluster
//! makes of it, and another beside it.

use super::super::Effect;
use crate::audit::Finding;
use crate::ui::inspector::{self, ClusterView, Comparison, Inspector, Shown};
use crate::ui::model::Model;
use crate::x509::Kind;

/// The way to the root, or back.
pub(in crate::ui::update) fn chain(model: &mut Model) {
    let Some(inspector) = &mut model.inspector else { return };
    let Some(page) = &inspector.page else { return };
    inspector.shown = match inspector.shown {
        Shown::Chain { .. } => Shown::Panes,
        _ => Shown::Chain { links: inspector::chain(&inspector.entries, page.entry), chosen: 0 },
    };
}

/// The time line, or back.
pub(in crate::ui::update) fn bars(model: &mut Model) {
    let Some(inspector) = &mut model.inspector else { return };
    if inspector.is_list() {
        inspector.bars = !inspector.bars;
        inspector.chosen = inspector.chosen.min(inspector.count().saturating_sub(1));
        return;
    }
    inspector.shown = match inspector.shown {
        Shown::Bars(_) => Shown::Panes,
        _ => Shown::Bars(0),
    };
}

/// The words for a field, or back.
pub(in crate::ui::update) fn words(model: &mut Model) {
    if let Some(inspector) = &mut model.inspector {
        inspector.shown = match inspector.shown {
            Shown::Words(_) => Shown::Panes,
            _ => Shown::Words(0),
        };
    }
}

/// What a cluster makes of it, or back.
pub(in crate::ui::update) fn kubernetes(model: &mut Model) -> Vec<Effect> {
    let run = model.run + 1;
    let Some(inspector) = &mut model.inspector else { return Vec::new() };
    if matches!(inspector.shown, Shown::Kubernetes(_)) {
        inspector.shown = Shown::Panes;
        return Vec::new();
    }
    let (Some(view), Some(entry)) = (ClusterView::of(inspector, run), inspector.entry()) else {
        return Vec::new();
    };
    let name = entry.holding.name.clone();
    // What lies in no file is looked at together with what was found beside it.
    let beside = inspector.entries.iter().map(|entry| &entry.holding);
    let beside = beside.filter(|other| other.name == name && other.item.kind == Kind::Certificate);
    let certificates = beside.map(|other| other.item.der.clone()).collect();
    let effect = Effect::Check { run, file: entry.holding.file.clone(), name, certificates };
    inspector.shown = Shown::Kubernetes(Box::new(view));
    model.run = run;
    vec![effect]
}

/// Takes what is wrong with a file; whether it was waited for.
pub(in crate::ui::update) fn checked(model: &mut Model, run: u64, findings: Vec<Finding>) -> bool {
    match model.inspector.as_mut().map(|inspector| &mut inspector.shown) {
        Some(Shown::Kubernetes(view)) if view.run == run => {
            view.findings = Some(findings);
            true
        }
        _ => false,
    }
}

/// Asks for the other one of a comparison.
pub(in crate::ui::update) fn compare(model: &mut Model) {
    let Some(inspector) = &mut model.inspector else { return };
    inspector.picks = true;
    // One that is likely meant: the next of the same kind.
    if let Some(page) = &inspector.page {
        let at = page.entry;
        let kind = |at: usize| inspector.entries.get(at).map(|entry| entry.holding.item.kind);
        let next = (at + 1..inspector.entries.len()).find(|other| kind(*other) == kind(at));
        inspector.chosen = next.unwrap_or(at);
    }
}

/// Puts another beside the open one.
pub(super) fn put_beside(inspector: &mut Inspector, other: usize) {
    let (Some(entry), Some(page)) = (inspector.entries.get(other), &inspector.page) else { return };
    let document = entry.holding.item.document();
    let comparison = Comparison::of(&page.document, &document, other);
    inspector.shown = Shown::Comparison(Box::new(comparison));
    inspector.picks = false;
}

/// Changes what is shown of a comparison.
pub(in crate::ui::update) fn comparison(model: &mut Model, change: impl FnOnce(&mut Comparison)) {
    if let Some(Shown::Comparison(found)) = model.inspector.as_mut().map(|inspector| &mut inspector.shown) {
        change(found);
    }
}
