//! The open step done: answered, performed, and what came of it shown.

use super::super::model::{Focus, Model, State};
use super::super::view;
use super::position::{self, settle};
use super::{Effect, opinions, record, tell};
use crate::lab::{Cancel, Panel, StepReport};

/// Takes what the step came to.
pub(super) fn performed(model: &mut Model, result: Result<StepReport, String>) -> Vec<Effect> {
    let language = model.language;
    let Some(study) = &mut model.study else {
        return Vec::new();
    };
    let cancelled = matches!(&study.state, State::Working { cancel, .. } if cancel.is_cancelled());
    match result {
        Ok(report) => {
            if !report.panels.is_empty() {
                study.panels.clone_from(&report.panels);
                study.loading = false;
                study.panel =
                    study.panels.iter().position(|p| matches!(p, Panel::Connection(_))).unwrap_or(0);
                study.panel_scroll = 0;
                study.other_scrolls.clear();
            }
            let ok = report.ok;
            study.state = State::Done(Box::new(report));
            show_outcome(model);
            position::show_decisive(model);
            let mut effects = opinions::ask_of_study(model);
            if ok {
                effects.extend(record(model, None));
            }
            effects
        }
        Err(_) if cancelled => {
            study.state = State::Ready;
            tell(
                model,
                language
                    .pick("Cancelled; nothing half made is kept.", "취소했어요. 만들다 만 것은 남지 않아요."),
            );
            Vec::new()
        }
        Err(error) => {
            study.state = State::Failed(error);
            show_outcome(model);
            Vec::new()
        }
    }
}

/// Scrolls the text so that what was just said of the step is seen.
pub(super) fn show_outcome(model: &mut Model) {
    let (anchor, room) = view::outcome_lines(model);
    if let Some(study) = &mut model.study {
        study.focus = Focus::Text;
        if let Some((first, last)) = anchor
            && last > study.text_scroll + room
        {
            study.text_scroll = first;
        }
    }
    settle(model);
}

pub(super) fn answer(model: &mut Model, choice: usize) -> Vec<Effect> {
    let count = model.step().map_or(0, |step| step.words.get(model.language).choices.len());
    let Some(study) = model.study.as_mut().filter(|_| choice < count) else {
        return Vec::new();
    };
    study.cursor = choice;
    study.state = State::Answered(choice);
    show_outcome(model);
    record(model, Some(choice + 1))
}

pub(super) fn perform(model: &mut Model) -> Vec<Effect> {
    let (Some(lesson), Some(step)) = (model.lesson(), model.step()) else {
        return Vec::new();
    };
    let (lesson, step) = (lesson.id.clone(), step.id.clone());
    let cancel = Cancel::default();
    model.run += 1;
    let run = model.run;
    let Some(study) = &mut model.study else {
        return Vec::new();
    };
    study.run = run;
    study.loading = false;
    study.state = State::Working { cancel: cancel.clone(), progress: None };
    vec![Effect::Perform { run, lesson, step, cancel }]
}
