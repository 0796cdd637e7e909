//! The inspector: opened, gone through, searched, left.

use time::OffsetDateTime;

use super::super::inspector::{self, Act, Comparison, Entry, Inspector, Menu, Page, Pane, Shown, stem};
use super::super::model::{Focus, Model, Notice};
use super::super::view::{self, InspectorSpot};
use super::Effect;
use super::position::stepped;
use crate::lab::{ArtifactView, Panel, holdings_of};
use crate::text::Language;
use crate::x509::Document;

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

/// Takes what the workspace holds; whether it was waited for.
pub(super) fn gathered(model: &mut Model, run: u64, now: OffsetDateTime, entries: Vec<Entry>) -> bool {
    let Some(inspector) = model.inspector.as_mut().filter(|inspector| inspector.run == run) else {
        return false;
    };
    inspector.gathered(now, entries);
    true
}

/// Tells what an export came to.
pub(super) fn exported(model: &mut Model, result: Result<String, String>) {
    let (wrong, text) = match (result, model.language) {
        (Ok(path), Language::En) => (false, format!("Written to {path}")),
        (Ok(path), Language::Ko) => (false, format!("{path}에 저장했어요.")),
        (Err(error), _) => (true, error),
    };
    model.notice = Some(Notice { wrong, text });
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
    let end = view::words_end(model);
    let Some(inspector) = &mut model.inspector else { return };
    if let Shown::Words(scroll) = &mut inspector.shown {
        *scroll = (*scroll).min(end);
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
            Shown::Chain { links, chosen } => *chosen = step(*chosen, links.len()),
            Shown::Bars(chosen) => *chosen = step(*chosen, line),
            Shown::Comparison(found) => found.chosen = step(found.chosen, found.count()),
        }
    }
    settle(model);
    true
}

/// The wheel: scrolls the pane under it, else points elsewhere.
pub(super) fn wheel(model: &mut Model, pane: Option<Pane>, lines: isize) {
    let Some(pane) = pane else {
        page_by(model, lines.signum());
        return;
    };
    if let Some(scroll) = page(model).and_then(|page| page.scrolls.get_mut(pane.index())) {
        *scroll = stepped(*scroll, lines);
    }
    settle(model);
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
        return take_offer(model, which);
    }
    if inspector.is_list() {
        inspector.chosen = which.unwrap_or(inspector.chosen);
        let chosen = inspector.chosen;
        if inspector.picks {
            put_beside(inspector, chosen);
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
        Shown::Words(_) | Shown::Comparison(_) => None,
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

/// The way to the root, or back.
pub(super) fn chain(model: &mut Model) {
    let Some(inspector) = &mut model.inspector else { return };
    let Some(page) = &inspector.page else { return };
    inspector.shown = match inspector.shown {
        Shown::Chain { .. } => Shown::Panes,
        _ => Shown::Chain { links: inspector::chain(&inspector.entries, page.entry), chosen: 0 },
    };
}

/// The time line, or back.
pub(super) fn bars(model: &mut Model) {
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
pub(super) fn words(model: &mut Model) {
    if let Some(inspector) = &mut model.inspector {
        inspector.shown = match inspector.shown {
            Shown::Words(_) => Shown::Panes,
            _ => Shown::Words(0),
        };
    }
}

/// Asks for the other one of a comparison.
pub(super) fn compare(model: &mut Model) {
    let Some(inspector) = &mut model.inspector else { return };
    inspector.picks = true;
    // One that is likely meant: the next of the same kind.
    if let Some(page) = &inspector.page {
        let at = page.entry;
        let kind = |at: usize| inspector.entries.get(at).map(|entry| entry.holding.kind);
        let next = (at + 1..inspector.entries.len()).find(|other| kind(*other) == kind(at));
        inspector.chosen = next.unwrap_or(at);
    }
}

fn put_beside(inspector: &mut Inspector, other: usize) {
    let (Some(entry), Some(page)) = (inspector.entries.get(other), &inspector.page) else { return };
    let document = Document::claimed(entry.holding.kind, &entry.holding.der);
    let comparison = Comparison::of(&page.document, &document, other);
    inspector.shown = Shown::Comparison(Box::new(comparison));
    inspector.picks = false;
}

/// Changes what is shown of a comparison.
pub(super) fn comparison(model: &mut Model, change: impl FnOnce(&mut Comparison)) {
    if let Some(Shown::Comparison(found)) = model.inspector.as_mut().map(|inspector| &mut inspector.shown) {
        change(found);
    }
}

/// Offers what can be copied or exported.
pub(super) fn offer(model: &mut Model, offers: fn(&Entry, &Page, Language) -> Menu) {
    let language = model.language;
    let Some(inspector) = &mut model.inspector else { return };
    let found = inspector.entry().zip(inspector.page.as_ref());
    inspector.menu = found.map(|(entry, page)| offers(entry, page, language));
}

fn take_offer(model: &mut Model, which: Option<usize>) -> Vec<Effect> {
    let language = model.language;
    let Some(inspector) = &mut model.inspector else { return Vec::new() };
    let Some(mut menu) = inspector.menu.take() else { return Vec::new() };
    let at = which.unwrap_or(menu.chosen);
    if at >= menu.offers.len() {
        return Vec::new();
    }
    let (name, act) = menu.offers.swap_remove(at);
    match act {
        Act::Copy(text) => {
            let said = match language {
                Language::En => format!("Copied {name} (if the terminal allows it)."),
                Language::Ko => {
                    let particle = crate::text::particle(&name, "을", "를");
                    format!("{name}{particle} 복사했어요. (터미널이 허용할 때)")
                }
            };
            super::tell(model, said);
            vec![Effect::Copy(text)]
        }
        Act::Export(extension, bytes) => {
            let stem = inspector.entry().map(stem).unwrap_or_default();
            vec![Effect::Export { stem, extension, bytes }]
        }
    }
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

/// Points at what was clicked; opens it if it was pointed at already.
pub(super) fn click(model: &mut Model, spot: InspectorSpot) -> Vec<Effect> {
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
