//! OpenSSL's opinion of the chains on the screen: asked for when they are shown, in the
//! background, since it is a process.

use std::sync::Arc;

use super::super::model::Model;
use super::{Effect, faults};
use crate::lab::{Opinions, Panel};
use crate::trust::opinion::Opinion;

/// Every opinion in a panel, in order.
fn of_panel(panel: &mut Panel) -> Vec<&mut Opinions> {
    match panel {
        Panel::Connection(view) => {
            view.outcome.iter_mut().flat_map(|outcome| outcome.opinions_mut()).collect()
        }
        Panel::Chain(chain) => chain.judged.iter_mut().map(|(_, opinions)| opinions).collect(),
        _ => Vec::new(),
    }
}

/// Those of the open lesson.
fn of_study(model: &mut Model) -> Vec<&mut Opinions> {
    let panels = model.study.iter_mut().flat_map(|study| &mut study.panels);
    panels.flat_map(of_panel).collect()
}

/// Those of the open fault.
fn of_page(model: &mut Model) -> Vec<&mut Opinions> {
    let trial = model.browser.as_mut().and_then(|browser| browser.page.as_mut()?.trial.as_mut());
    let outcome = trial.and_then(|trial| trial.connection.outcome.as_mut());
    outcome.into_iter().flat_map(|outcome| outcome.opinions_mut()).collect()
}

fn ask(run: u64, opinions: &[&mut Opinions]) -> Vec<Effect> {
    let unasked = opinions.iter().filter(|opinions| opinions.openssl.is_none());
    let cases: Vec<_> = unasked.map(|opinions| Arc::clone(&opinions.case)).collect();
    if cases.is_empty() { Vec::new() } else { vec![Effect::AskOpenssl { run, cases }] }
}

/// Asks for what the open lesson shows.
pub(super) fn ask_of_study(model: &mut Model) -> Vec<Effect> {
    let run = model.study.as_ref().map_or(0, |study| study.run);
    ask(run, &of_study(model))
}

/// Asks for what the open fault shows.
pub(super) fn ask_of_page(model: &mut Model) -> Vec<Effect> {
    let run = model.browser.as_ref().and_then(|browser| browser.page.as_ref()).map_or(0, |page| page.run);
    ask(run, &of_page(model))
}

/// Takes the answers, in the order of the questions; whether anybody waits for them.
pub(super) fn answered(model: &mut Model, run: u64, answers: Vec<Opinion>) -> bool {
    let asked = if faults::current(model, run).is_some() {
        of_page(model)
    } else if super::current(model, run).is_some() {
        of_study(model)
    } else {
        return false;
    };
    let unasked = asked.into_iter().filter(|opinions| opinions.openssl.is_none());
    for (opinions, answer) in unasked.zip(answers) {
        opinions.openssl = Some(answer);
    }
    true
}
