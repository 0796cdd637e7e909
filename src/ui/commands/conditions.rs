//! What must hold for a command besides the situation.

use super::super::browser::TrialState;
use super::super::model::{Focus, Model, State};
use super::super::theatre::{Page, Pane, Show};
use crate::lab::Panel;
use crate::lesson::Action;

pub(super) fn always(_: &Model) -> bool {
    true
}

pub(super) fn serves(model: &Model) -> bool {
    model.live.as_ref().is_some_and(|live| live.opened().is_some())
}

pub(super) fn does(model: &Model, wanted: fn(&Action) -> bool) -> bool {
    model.step().is_some_and(|step| wanted(&step.action)) && !failed(model)
}

pub(super) fn failed(model: &Model) -> bool {
    model.study.as_ref().is_some_and(|study| matches!(study.state, State::Failed(_)))
}

pub(super) fn makes(model: &Model) -> bool {
    does(model, |action| matches!(action, Action::Make { .. }))
}

pub(super) fn looks(model: &Model) -> bool {
    does(model, |action| matches!(action, Action::Look { .. }))
}

pub(super) fn connects(model: &Model) -> bool {
    does(model, |action| matches!(action, Action::Connect(_)))
}

pub(super) fn breaks(model: &Model) -> bool {
    does(model, |action| matches!(action, Action::Break(_)))
}

pub(super) fn runs(model: &Model) -> bool {
    does(model, |action| matches!(action, Action::Run(_)))
}

pub(super) fn asks(model: &Model) -> bool {
    does(model, |action| matches!(action, Action::Request(_)))
}

pub(super) fn has_panels(model: &Model) -> bool {
    model.study.as_ref().is_some_and(|study| !study.panels.is_empty())
}

pub(super) fn has_tools(model: &Model) -> bool {
    let Some(study) = &model.study else {
        return false;
    };
    matches!(study.shown(), Some(Panel::Commands(tools)) if tools.len() > 1)
}

pub(super) fn can_copy(model: &Model) -> bool {
    super::super::update::copyable(model).is_some()
}

pub(super) fn is_last(model: &Model) -> bool {
    model
        .study
        .as_ref()
        .zip(model.lesson())
        .is_some_and(|(study, lesson)| study.step + 1 >= lesson.steps.len())
}

pub(super) fn not_last(model: &Model) -> bool {
    !is_last(model)
}

/// Whether something holds of the connection that is shown.
pub(super) fn shows(model: &Model, holds: fn(&Show) -> bool) -> bool {
    let show = model.theatre.as_ref().and_then(|theatre| theatre.show.as_ref());
    show.is_some_and(|show| show.page == Page::Ladder && holds(show))
}

pub(super) fn plays_certificate(model: &Model) -> bool {
    shows(model, |show| show.certificate().is_some())
}

pub(super) fn is_playing(model: &Model) -> bool {
    shows(model, |show| show.clock.is_some())
}

pub(super) fn is_still(model: &Model) -> bool {
    shows(model, |show| show.clock.is_none())
}

pub(super) fn beside_fields(model: &Model) -> bool {
    shows(model, |show| show.pane == Pane::Fields)
}

pub(super) fn on_ladder(model: &Model) -> bool {
    shows(model, |show| show.pane == Pane::Ladder)
}

pub(super) fn in_fields(model: &Model) -> bool {
    shows(model, |show| show.pane == Pane::Fields && show.message().is_some())
}

pub(super) fn in_bytes(model: &Model) -> bool {
    shows(model, |show| show.pane == Pane::Bytes)
}

pub(super) fn has_two(model: &Model) -> bool {
    shows(model, |show| show.open > Pane::Ladder || show.stages.len() > 1)
}

pub(super) fn on_keys(model: &Model) -> bool {
    !shows(model, |_| true)
}

pub(super) fn on_page(model: &Model) -> bool {
    shows(model, |_| true)
}

pub(super) fn can_play(model: &Model) -> bool {
    super::super::update::can_play(model)
}

pub(super) fn has_decisive(model: &Model) -> bool {
    super::super::view::has_decisive(model)
}

pub(super) fn trial(model: &Model) -> Option<&TrialState> {
    Some(&model.browser.as_ref()?.page.as_ref()?.state)
}

pub(super) fn has_trial(model: &Model) -> bool {
    trial(model).is_some_and(|state| !matches!(state, TrialState::Explained))
}

pub(super) fn is_whole(model: &Model) -> bool {
    matches!(trial(model), Some(TrialState::Healthy))
}

pub(super) fn is_broken(model: &Model) -> bool {
    matches!(trial(model), Some(TrialState::Broken))
}

pub(super) fn trial_failed(model: &Model) -> bool {
    matches!(trial(model), Some(TrialState::Failed(_)))
}

pub(super) fn scrolls(model: &Model) -> bool {
    super::super::view::can_scroll(model)
}

pub(super) fn points(model: &Model) -> bool {
    model.study.as_ref().is_none_or(|study| study.focus == Focus::Text)
}

pub(super) fn scrolls_panel(model: &Model) -> bool {
    !points(model) && scrolls(model)
}
