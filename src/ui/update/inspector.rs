//! The inspector: opened, gone through, searched, left.

use time::OffsetDateTime;

use super::super::inspector::{self, Entry, Inspector, Page, Pane, Shown};
use super::super::model::{Focus, Model, Notice};
use super::super::view;
use super::Effect;
use super::position::stepped;
use crate::lab::{ArtifactView, Holding, Panel, holdings_of};

mod menu;
mod pointer;
mod sides;

pub(super) use menu::{exported, offer};
pub(super) use pointer::{click, wheel};
pub(super) use sides::{bars, chain, checked, compare, comparison, kubernetes, words};

/// The certificate that a lesson shows now, if its bytes are known.
pub(in crate::ui) fn shown_certificate(model: &Model) -> Option<(&ArtifactView, &[u8])> {
    let study = model.study.as_ref()?;
    let is_certificate = |panel: &Panel| matches!(panel, Panel::Artifact(view) if view.der.is_some());
    // While the text is in focus, the first that is shown beside it.
    let shown = study.shown().filter(|panel| study.focus == Focus::Panel || is_certificate(panel));
    let panel = shown.or_else(|| study.panels.iter().find(|panel| is_certificate(panel)))?;
    match panel {
        Panel::Artifact(view) => Some((view, view.der.as_deref()?)),
        _ => None,
    }
}

/// Opens the inspector: on the certificate that is shown, else on the list.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    if let Some(seen) = model.theatre.as_ref().and_then(|theatre| theatre.show.as_ref()) {
        let Some((name, der)) = seen.certificate().map(|(name, der)| (name, der.to_vec())) else {
            return Vec::new();
        };
        return show(model, &name, &der);
    }
    if let Some((view, der)) = shown_certificate(model) {
        let (name, der) = (view.path.clone(), der.to_vec());
        return show(model, &name, &der);
    }
    model.run += 1;
    model.inspector = Some(Inspector::list(model.run));
    vec![Effect::Gather { run: model.run }]
}

/// Opens the inspector on what these bytes hold, wherever they come from; the name is that of
/// their file, or says where they were seen.
pub(in crate::ui) fn show(model: &mut Model, name: &str, bytes: &[u8]) -> Vec<Effect> {
    let Some(inspector) = Inspector::of(model.run + 1, holdings_of(name, bytes, None)) else {
        let text = model.language.pick("Nothing in it can be shown.", "보여 줄 수 있는 것이 없어요.");
        model.notice = Some(Notice { wrong: true, text: text.to_owned() });
        return Vec::new();
    };
    model.run += 1;
    model.inspector = Some(inspector);
    follow(model);
    vec![Effect::Gather { run: model.run }]
}

/// Opens the inspector on what the user named, and on nothing else.
pub(in crate::ui) fn given(model: &mut Model, holdings: Vec<Holding>, now: OffsetDateTime) {
    model.run += 1;
    model.inspector = Some(Inspector::given(model.run, holdings, now));
    follow(model);
}

/// Takes what the workspace holds; whether it was waited for.
pub(super) fn gathered(model: &mut Model, run: u64, now: OffsetDateTime, entries: Vec<Entry>) -> bool {
    let Some(inspector) = model.inspector.as_mut().filter(|inspector| inspector.run == run) else {
        return false;
    };
    inspector.gathered(now, entries);
    true
}

fn page(model: &mut Model) -> Option<&mut Page> {
    model.inspector.as_mut()?.page.as_mut()
}

/// Scrolls the panes so that the cursor is seen in each.
fn follow(model: &mut Model) {
    let (rows, columns) = view::inspector_room(model);
    if let Some(page) = page(model) {
        page.follow(rows, columns);
    }
}

/// Keeps everything inside of what there is.
pub(super) fn settle(model: &mut Model) {
    let (rows, columns) = view::inspector_room(model);
    let end = view::inspector_end(model);
    let Some(inspector) = &mut model.inspector else { return };
    match &mut inspector.shown {
        Shown::Words(scroll) => *scroll = (*scroll).min(end),
        Shown::Kubernetes(view) => view.scroll = view.scroll.min(end),
        _ => {}
    }
    if let Some(page) = &mut inspector.page {
        page.clamp(rows, columns);
    }
}

/// Points elsewhere, or scrolls; whether the inspector is open.
pub(super) fn page_by(model: &mut Model, lines: isize) -> bool {
    let (_, columns) = view::inspector_room(model);
    let Some(inspector) = &mut model.inspector else { return false };
    let (is_list, count, line) = (inspector.is_list(), inspector.count(), inspector.line().len());
    let step = |at: usize, count: usize| stepped(at, lines).min(count.saturating_sub(1));
    if let Some(menu) = &mut inspector.menu {
        menu.chosen = step(menu.chosen, menu.offers.len());
    } else if is_list {
        inspector.chosen = step(inspector.chosen, count);
    } else {
        match &mut inspector.shown {
            Shown::Panes => {
                if let Some(page) = &mut inspector.page {
                    page.move_by(lines, columns);
                }
                follow(model);
            }
            Shown::Words(scroll) => *scroll = stepped(*scroll, lines),
            Shown::Kubernetes(view) => view.scroll = stepped(view.scroll, lines),
            Shown::Chain { links, chosen } => *chosen = step(*chosen, links.len()),
            Shown::Bars(chosen) => *chosen = step(*chosen, line),
            Shown::Comparison(found) => found.chosen = step(found.chosen, found.count()),
        }
    }
    settle(model);
    true
}

/// The next pane, or the one before; whether the inspector is open.
pub(super) fn switch_pane(model: &mut Model, forward: bool) -> bool {
    if let Some(page) = page(model) {
        let to = if forward { page.pane.index() + 1 } else { page.pane.index() + 2 } % 3;
        if let Some(pane) = Pane::ALL.get(to) {
            page.lead(*pane);
        }
    }
    follow(model);
    model.inspector.is_some()
}

/// Inwards or outwards.
pub(super) fn step(model: &mut Model, inwards: bool) {
    if let Some(page) = page(model) {
        page.step(inwards);
    }
    follow(model);
}

/// Takes what is pointed at, or this one.
pub(super) fn take(model: &mut Model, which: Option<usize>) -> Vec<Effect> {
    let Some(inspector) = &mut model.inspector else { return Vec::new() };
    if inspector.menu.is_some() {
        return menu::take(model, which);
    }
    if inspector.is_list() {
        inspector.chosen = which.unwrap_or(inspector.chosen);
        let chosen = inspector.chosen;
        if inspector.picks {
            sides::put_beside(inspector, chosen);
        } else {
            inspector.open(chosen);
        }
        follow(model);
        return Vec::new();
    }
    let line = inspector.line();
    let to = match &mut inspector.shown {
        Shown::Panes => {
            if let Some(page) = &mut inspector.page
                && !std::mem::take(&mut page.search.typing)
            {
                page.fold(None);
            }
            None
        }
        Shown::Chain { links, chosen } => {
            *chosen = which.unwrap_or(*chosen);
            links.get(*chosen).and_then(|link| link.entry)
        }
        Shown::Bars(chosen) => {
            *chosen = which.unwrap_or(*chosen);
            line.get(*chosen).copied()
        }
        Shown::Words(_) | Shown::Kubernetes(_) | Shown::Comparison(_) => None,
    };
    if let Some(to) = to {
        go(inspector, to);
    }
    follow(model);
    Vec::new()
}

/// Opens another one, to come back from it.
fn go(inspector: &mut Inspector, to: usize) {
    let from = inspector.page.as_ref().map(|page| page.entry);
    if inspector.open(to) && from != Some(to) {
        inspector.trail.extend(from);
    }
}

/// Opens the issuer.
pub(super) fn issuer(model: &mut Model) {
    let Some(inspector) = &mut model.inspector else { return };
    if let Some(to) = inspector.entry().and_then(|entry| entry.issuer) {
        go(inspector, to);
    }
    follow(model);
}

/// Whether letters are typed here.
pub(super) fn is_typing(model: &Model) -> bool {
    let page = model.inspector.as_ref().and_then(|inspector| inspector.page.as_ref());
    model.overlay.is_none() && page.is_some_and(|page| page.search.typing)
}

/// Begins to look for something.
pub(super) fn seek(model: &mut Model) {
    if let Some(page) = page(model) {
        page.seek();
    }
}

/// Changes what is looked for.
pub(super) fn edit(model: &mut Model, change: impl FnOnce(&mut String)) {
    if let Some(page) = page(model) {
        page.edit(change);
    }
    follow(model);
}

/// The next that was found, or the one before.
pub(super) fn next_hit(model: &mut Model, forward: bool) {
    if let Some(page) = page(model) {
        page.next_hit(forward);
    }
    follow(model);
}

/// One step out; whether the inspector was open.
pub(super) fn leave(model: &mut Model) -> bool {
    let Some(inspector) = &mut model.inspector else { return false };
    if inspector.menu.take().is_some() || std::mem::take(&mut inspector.picks) {
        return true;
    }
    if let Some(page) = &mut inspector.page {
        if page.search.typing || !page.search.query.is_empty() {
            page.search = inspector::Search::default();
            return true;
        }
        if !matches!(inspector.shown, Shown::Panes) {
            inspector.shown = Shown::Panes;
            return true;
        }
        if let Some(back) = inspector.trail.pop() {
            inspector.open(back);
            follow(model);
            return true;
        }
        let entry = page.entry;
        inspector.page = None;
        if inspector.has_list {
            inspector.chosen = entry;
            return true;
        }
    }
    model.inspector = None;
    true
}
