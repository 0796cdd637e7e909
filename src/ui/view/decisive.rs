//! Where the check that decided stands: what the eye is led to first.

use crate::lab::{ConnectionView, Panel};

use super::super::browser::{Browser, PANES, Page};
use super::super::model::Model;
use super::lines::Decisive;
use super::{areas, fault, is_large_enough, panes};

/// The open fault with its page.
pub(super) fn fault_page(model: &Model) -> Option<(&Browser, &Page)> {
    let browser = model.browser.as_ref()?;
    Some((browser, browser.page.as_ref()?))
}

/// Where scrolling each pane of a fault's page ends.
pub(in crate::ui) fn fault_ends(model: &Model) -> [usize; PANES] {
    match fault_page(model).filter(|_| is_large_enough(model.size)) {
        Some((browser, page)) => fault::ends(model, browser, page, areas(model.size).body),
        None => [usize::MAX; PANES],
    }
}

/// The line that decided in a pane of a fault's page, and the rows that there are.
pub(in crate::ui) fn fault_decisive(model: &Model, pane: usize) -> Option<(Decisive, usize)> {
    let (browser, page) = fault_page(model)?;
    fault::decisive(model, browser, page, areas(model.size).body, pane)
}

/// The line that decided in the shown panel, and the rows that there are.
pub(in crate::ui) fn decisive_line(model: &Model) -> Option<(Decisive, usize)> {
    let study = model.study.as_ref()?;
    let panes = panes::layout(model, areas(model.size).body);
    let slot = panes::slots(model, panes).into_iter().find(|slot| slot.panel == study.panel)?;
    Some((slot.content.decisive?, usize::from(slot.area.height)))
}

/// Whether there is a check that decided to jump to.
pub(in crate::ui) fn has_decisive(model: &Model) -> bool {
    let failed = |view: &ConnectionView| {
        let verdicts =
            view.outcome.iter().flat_map(|outcome| [&outcome.server_verdict, &outcome.client_verdict]);
        verdicts.flatten().any(|verdict| !verdict.is_accepted())
    };
    match (fault_page(model), model.study.as_ref().and_then(|study| study.shown())) {
        (Some((_, page)), _) => page.trial.as_ref().is_some_and(|trial| failed(&trial.connection)),
        (None, Some(Panel::Connection(view))) => failed(view),
        (None, Some(Panel::Chain(chain))) => {
            chain.judged.as_ref().is_some_and(|(verdict, _)| !verdict.is_accepted())
        }
        _ => false,
    }
}
