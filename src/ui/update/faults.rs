//! The fault browser: opened, filtered, one page after another, broken and mended.

use super::super::browser::{Browser, MAP, PANES, Page, TrialState};
use super::super::model::Model;
use super::super::view;
use super::position::{settle, stepped};
use super::{Effect, opinions};
use crate::lab::{Cancel, Trial, TrialStep};
use crate::text::Language;

/// Opens the browser.
pub(super) fn open(model: &mut Model) {
    model.browser.get_or_insert_with(Browser::open);
}

/// Begins to type a filter.
pub(super) fn filter(model: &mut Model) {
    if let Some(browser) = &mut model.browser {
        browser.typing = true;
    }
}

/// Changes the filter.
pub(super) fn edit(model: &mut Model, change: impl FnOnce(&mut Browser)) {
    let language = model.language;
    if let Some(browser) = &mut model.browser {
        change(browser);
        browser.chosen = 0;
        browser.renew(language);
    }
}

/// Whether letters are typed here.
pub(super) fn is_typing(model: &Model) -> bool {
    model.overlay.is_none() && model.browser.as_ref().is_some_and(|browser| browser.typing)
}

/// Opens the page of the fault that is pointed at, or of this one among those shown.
pub(super) fn open_page(model: &mut Model, which: Option<usize>) -> Vec<Effect> {
    stop(model);
    model.run += 1;
    let run = model.run;
    let Some(browser) = &mut model.browser else { return Vec::new() };
    if let Some(which) = which {
        browser.chosen = which;
    }
    browser.typing = false;
    let Some(at) = browser.pointed() else { return Vec::new() };
    let is_made = browser.faults.get(at).is_some_and(|fault| fault.make.is_some());
    browser.page = Some(Page::of(at, run, TrialState::Explained));
    settle(model);
    if is_made { begin(model, false) } else { Vec::new() }
}

/// The page so many faults further.
pub(super) fn go(model: &mut Model, faults: isize) -> Vec<Effect> {
    let Some(browser) = &model.browser else { return Vec::new() };
    let (at, count) = (browser.chosen, browser.shown.len());
    let Some(to) = at.checked_add_signed(faults).filter(|to| *to < count) else {
        let (en, ko) = if faults < 0 {
            ("This is the first fault.", "첫 번째 고장이에요.")
        } else {
            ("This is the last fault.", "마지막 고장이에요.")
        };
        super::tell(model, model.language.pick(en, ko));
        return Vec::new();
    };
    open_page(model, Some(to))
}

/// Breaks what is whole, or mends what is broken.
pub(super) fn turn(model: &mut Model) -> Vec<Effect> {
    let Some(page) = model.browser.as_ref().and_then(|browser| browser.page.as_ref()) else {
        return Vec::new();
    };
    let breaks = matches!(page.state, TrialState::Healthy);
    let effects = begin(model, breaks);
    if let Some(page) = page_mut(model)
        && page.pane == 0
    {
        // So that the map is seen turning.
        page.show(MAP);
    }
    settle(model);
    effects
}

/// Runs every connection, with the fault or without.
fn begin(model: &mut Model, is_broken: bool) -> Vec<Effect> {
    model.run += 1;
    let run = model.run;
    let Some(browser) = &mut model.browser else { return Vec::new() };
    let Some(making) = browser.fault().and_then(|fault| fault.make.clone()) else { return Vec::new() };
    let Some(page) = &mut browser.page else { return Vec::new() };
    let cancel = Cancel::default();
    page.run = run;
    page.trial = None;
    page.broken.clear();
    if !is_broken {
        page.healthy.clear();
    }
    page.state = TrialState::Working { cancel: cancel.clone(), is_broken, progress: None };
    vec![Effect::Try { run, making: Box::new(making), is_broken, cancel }]
}

fn page_mut(model: &mut Model) -> Option<&mut Page> {
    model.browser.as_mut()?.page.as_mut()
}

/// The open page, if this run is the one that it waits for.
pub(super) fn current(model: &mut Model, run: u64) -> Option<&mut Page> {
    page_mut(model).filter(|page| page.run == run)
}

/// Takes a step of a trial; whether anything changed.
pub(super) fn stepped_on(model: &mut Model, run: u64, step: TrialStep) -> bool {
    let Some(page) = current(model, run) else { return false };
    match step {
        TrialStep::Making(now) => {
            if let TrialState::Working { progress, .. } = &mut page.state {
                *progress = Some(now);
            }
        }
        TrialStep::Edges(edges) => {
            if let TrialState::Working { progress, .. } = &mut page.state {
                *progress = None;
            }
            page.edges = edges;
        }
        TrialStep::Connected(at, row) => page.connected(at, row),
    }
    true
}

/// Takes the end of a trial.
pub(super) fn tried(model: &mut Model, run: u64, result: Result<Box<Trial>, String>) -> Vec<Effect> {
    let Some(page) = current(model, run) else { return Vec::new() };
    let is_broken = matches!(page.state, TrialState::Working { is_broken: true, .. });
    match result {
        Ok(trial) => {
            page.trial = Some(trial);
            page.state = if is_broken { TrialState::Broken } else { TrialState::Healthy };
        }
        Err(error) => page.state = TrialState::Failed(error),
    }
    model.redraw = true;
    settle(model);
    focus_on_decisive(model, 3);
    opinions::ask_of_page(model)
}

/// Scrolls a pane so that what decided is seen.
fn focus_on_decisive(model: &mut Model, pane: usize) {
    let found = view::fault_decisive(model, pane);
    if let (Some((decisive, rows)), Some(page)) = (found, page_mut(model))
        && let Some(scroll) = page.scrolls.get_mut(pane)
    {
        *scroll = decisive.scroll(rows);
    }
    settle(model);
}

/// Jumps to what decided.
pub(super) fn decisive(model: &mut Model) {
    if let Some(page) = page_mut(model) {
        page.show(PANES - 1);
    }
    focus_on_decisive(model, PANES - 1);
}

/// The next pane, or the one before.
pub(super) fn switch_pane(model: &mut Model, forward: bool) {
    if let Some(page) = page_mut(model).filter(|page| page.has_trial()) {
        let to = if forward { page.pane + 1 } else { page.pane + PANES - 1 } % PANES;
        page.show(to);
    }
    settle(model);
}

/// Points elsewhere on the list, or scrolls the page; whether the browser is open.
pub(super) fn page_by(model: &mut Model, lines: isize) -> bool {
    let Some(browser) = &mut model.browser else { return false };
    match &mut browser.page {
        Some(page) => {
            let pane = page.pane;
            if let Some(scroll) = page.scrolls.get_mut(pane) {
                *scroll = stepped(*scroll, lines);
            }
        }
        None => {
            browser.chosen = stepped(browser.chosen, lines).min(browser.shown.len().saturating_sub(1));
        }
    }
    settle(model);
    true
}

/// Scrolls a pane, whether it is the one in focus or not.
pub(super) fn scroll(model: &mut Model, pane: usize, lines: isize) {
    if let Some(scroll) = page_mut(model).and_then(|page| page.scrolls.get_mut(pane)) {
        *scroll = stepped(*scroll, lines);
    }
    settle(model);
}

/// Points at a pane.
pub(super) fn show(model: &mut Model, pane: usize) {
    if let Some(page) = page_mut(model).filter(|page| pane == 0 || page.has_trial()) {
        page.show(pane);
    }
    settle(model);
}

/// Points at a fault of the list; opens it if it was pointed at already.
pub(super) fn click(model: &mut Model, fault: usize) -> Vec<Effect> {
    let Some(browser) = &mut model.browser else { return Vec::new() };
    if browser.chosen == fault {
        return open_page(model, None);
    }
    browser.chosen = fault;
    Vec::new()
}

/// One step out: the filter, the page, the browser; whether it was open.
pub(super) fn leave(model: &mut Model) -> bool {
    stop(model);
    let language = model.language;
    let Some(browser) = &mut model.browser else { return false };
    if browser.page.take().is_some() {
        return true;
    }
    if std::mem::take(&mut browser.typing) || !browser.query.is_empty() {
        let pointed = browser.pointed();
        browser.query.clear();
        browser.renew(language);
        browser.chosen = pointed.unwrap_or(0);
        return true;
    }
    model.browser = None;
    true
}

/// Asks a trial that is under way to stop.
pub(super) fn stop(model: &Model) {
    let page = model.browser.as_ref().and_then(|browser| browser.page.as_ref());
    if let Some(Page { state: TrialState::Working { cancel, .. }, .. }) = page {
        cancel.cancel();
    }
}

/// What there is to copy: the commands that find the fault.
pub(super) fn copyable(model: &Model) -> Option<(String, String)> {
    let fault = model.browser.as_ref()?.fault()?;
    if fault.diagnose.is_empty() {
        return None;
    }
    let what = match model.language {
        Language::En => format!("the commands that find {}", fault.id),
        Language::Ko => format!("{} 진단 명령", fault.id),
    };
    Some((what, fault.diagnose.iter().map(|line| format!("{line}\n")).collect()))
}
