//! What lies over the rest: opened, typed into, gone through, and left for a place.

use super::super::model::{Mode, Model};
use super::super::overlay::{Find, Overlay, Terms};
use super::super::view;
use super::position::{settle, stepped};
use super::{Effect, enter, stop_work};

/// Opens the search, or the list of all lessons and steps; the same again closes the list.
pub(super) fn find(model: &mut Model, typing: bool) {
    if !typing && model.mode() == Mode::Jump {
        model.overlay = None;
        return;
    }
    let at = match &model.study {
        Some(study) => (study.lesson, Some(study.step)),
        None => (model.selected, None),
    };
    model.overlay = Some(Overlay::Find(Find::open(typing, &model.lessons, Some(at), model.language)));
}

/// Opens or closes the glossary.
pub(super) fn glossary(model: &mut Model) {
    model.overlay = match model.overlay.take() {
        Some(Overlay::Glossary(_)) => None,
        _ => Some(Overlay::Glossary(Terms::of(model.step(), model.language))),
    };
}

/// Changes what is looked for.
pub(super) fn edit(model: &mut Model, change: impl FnOnce(&mut Find)) {
    if let Some(Overlay::Find(find)) = &mut model.overlay {
        change(find);
        find.chosen = 0;
        find.renew(&model.lessons, model.language);
    }
}

/// In another language, or with other lessons, other things are found.
pub(super) fn renew(model: &mut Model) {
    let fresh = match &mut model.overlay {
        Some(Overlay::Find(find)) => {
            find.renew(&model.lessons, model.language);
            None
        }
        Some(Overlay::Glossary(terms)) => Some(terms.scroll),
        None => None,
    };
    if let Some(scroll) = fresh {
        let terms = Terms::of(model.step(), model.language);
        model.overlay = Some(Overlay::Glossary(Terms { scroll, ..terms }));
    }
}

/// Points elsewhere, or scrolls; whether there was anything over the rest.
pub(super) fn page_by(model: &mut Model, lines: isize) -> bool {
    match &mut model.overlay {
        Some(Overlay::Find(find)) => {
            find.chosen = stepped(find.chosen, lines).min(find.found.len().saturating_sub(1));
        }
        Some(Overlay::Glossary(terms)) => {
            terms.scroll = stepped(terms.scroll, lines);
        }
        None => return false,
    }
    settle(model);
    true
}

/// Keeps the glossary's place inside what there is.
pub(super) fn settle_glossary(model: &mut Model) {
    if !matches!(model.overlay, Some(Overlay::Glossary(_))) {
        return;
    }
    let end = view::glossary_end(model);
    if let Some(Overlay::Glossary(terms)) = &mut model.overlay {
        terms.scroll = terms.scroll.min(end);
    }
}

/// Goes to the place that is pointed at, or to this one.
pub(super) fn go_there(model: &mut Model, which: Option<usize>) -> Vec<Effect> {
    let Some(Overlay::Find(find)) = &model.overlay else {
        return Vec::new();
    };
    let Some(found) = find.found.get(which.unwrap_or(find.chosen)) else {
        return Vec::new();
    };
    let (lesson, step) = (found.lesson, found.step);
    model.overlay = None;
    stop_work(model);
    let step = step.unwrap_or_else(|| model.resume_step(lesson));
    enter(model, lesson, step)
}
