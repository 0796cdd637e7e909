//! Where the user is: what is scrolled, pointed at and in focus, always inside what there is.

use super::super::model::{Focus, Mode, Model, Study};
use super::super::view;
use super::{faults, inspector, live, over, theatre};

pub(super) fn switch_pane(model: &mut Model, forward: bool) {
    if inspector::switch_pane(model, forward) {
        return;
    }
    if model.browser.is_some() {
        faults::switch_pane(model, forward);
        return;
    }
    if let Some(study) = &mut model.study {
        let count = study.panels.len();
        // The panes in a ring: the text, then each panel.
        let at = if study.focus == Focus::Text { 0 } else { study.panel + 1 };
        let to = if forward { at + 1 } else { at + count } % (count + 1);
        match to.checked_sub(1) {
            None => study.focus = Focus::Text,
            Some(panel) => show_panel(study, panel),
        }
    }
    settle(model);
}

pub(super) fn show_panel(study: &mut Study, panel: usize) {
    let (kept, left) = (study.scroll_of(panel), study.panel);
    if left != panel {
        let scroll = std::mem::replace(&mut study.panel_scroll, kept);
        study.panel = panel;
        study.set_scroll(left, scroll);
    }
    study.focus = Focus::Panel;
}

pub(super) fn stepped(at: usize, by: isize) -> usize {
    at.saturating_add_signed(by)
}

/// Points elsewhere, or scrolls where there is nothing to point at.
pub(super) fn move_by(model: &mut Model, lines: isize) {
    if model.help.is_none() && (over::page_by(model, lines) || inspector::page_by(model, lines)) {
        return;
    }
    if model.help.is_none() && live::move_by(model, lines) {
        return;
    }
    if model.help.is_none() && (theatre::move_by(model, lines) || faults::page_by(model, lines)) {
        return;
    }
    let is_question = model.mode() == Mode::Question;
    let choices = model.step().map_or(0, |step| step.words.get(model.language).choices.len());
    match &mut model.study {
        Some(study) if model.help.is_none() && is_question && study.focus == Focus::Text => {
            study.cursor = stepped(study.cursor, lines).min(choices.saturating_sub(1));
            if let Some((first, last)) = view::choice_lines(model) {
                let room = view::page(model);
                if let Some(study) = &mut model.study {
                    study.text_scroll = study
                        .text_scroll
                        .clamp((last + 1).saturating_sub(room), first.max(last.saturating_sub(room)));
                }
            }
        }
        _ => page_by(model, lines),
    }
}

/// Scrolls what the focus is on; on the list, chooses.
pub(super) fn page_by(model: &mut Model, lines: isize) {
    if let Some(scroll) = &mut model.help {
        *scroll = stepped(*scroll, lines);
    } else if model.overlay.is_some() {
        over::page_by(model, lines);
    } else if model.inspector.is_some() {
        inspector::page_by(model, lines);
    } else if model.live.is_some() {
        live::move_by(model, lines);
    } else if model.theatre.is_some() {
        theatre::move_by(model, lines);
    } else if model.browser.is_some() {
        faults::page_by(model, lines);
    } else if let Some(study) = &mut model.study {
        match study.focus {
            Focus::Text => study.text_scroll = stepped(study.text_scroll, lines),
            Focus::Panel => study.panel_scroll = stepped(study.panel_scroll, lines),
        }
    } else {
        model.selected = stepped(model.selected, lines).min(model.lessons.len().saturating_sub(1));
    }
    settle(model);
}

/// Scrolls the shown panel so that the check that decided is seen.
pub(super) fn show_decisive(model: &mut Model) {
    let found = view::decisive_line(model);
    if let (Some((decisive, rows)), Some(study)) = (found, &mut model.study) {
        study.panel_scroll = decisive.scroll(rows);
    }
    settle(model);
}

/// Jumps to the check that decided.
pub(super) fn to_decisive(model: &mut Model) {
    if model.browser.is_some() {
        faults::decisive(model);
        return;
    }
    if let Some(study) = &mut model.study {
        study.focus = Focus::Panel;
    }
    show_decisive(model);
}

/// Brings every position back into what there is.
pub(super) fn settle(model: &mut Model) {
    if let Some(study) = &mut model.study {
        study.panel = study.panel.min(study.panels.len().saturating_sub(1));
        if study.panels.is_empty() {
            study.focus = Focus::Text;
        }
    }
    over::settle_glossary(model);
    inspector::settle(model);
    let ends = view::fault_ends(model);
    if let Some(page) = model.browser.as_mut().and_then(|browser| browser.page.as_mut()) {
        for (scroll, end) in page.scrolls.iter_mut().zip(ends) {
            *scroll = (*scroll).min(end);
        }
    }
    let ends = view::scroll_ends(model);
    if let Some(scroll) = &mut model.help {
        *scroll = (*scroll).min(ends.help);
    }
    if let Some(study) = &mut model.study {
        study.text_scroll = study.text_scroll.min(ends.text);
        study.panel_scroll = study.panel_scroll.min(ends.panel);
    }
}
