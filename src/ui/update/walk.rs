//! From step to step, and out at the end.

use super::super::model::Model;
use super::{Effect, enter, record, tell};
use crate::lesson::Action;
use crate::text::Language;

/// The step that lies so many steps away.
pub(super) fn go(model: &mut Model, steps: isize) -> Vec<Effect> {
    let Some(study) = &model.study else {
        return Vec::new();
    };
    let (lesson, at) = (study.lesson, study.step);
    let count = model.lesson().map_or(0, |lesson| lesson.steps.len());
    let Some(to) = at.checked_add_signed(steps).filter(|to| *to < count) else {
        let (en, ko) = if steps < 0 {
            ("This is the first step.", "첫 단계예요.")
        } else {
            (
                "This is the last step; Enter finishes it, q leaves.",
                "마지막 단계예요. Enter로 마치고, q로 나가요.",
            )
        };
        tell(model, model.language.pick(en, ko));
        return Vec::new();
    };
    let mut effects = if steps > 0 { record_read(model) } else { Vec::new() };
    effects.extend(enter(model, lesson, to));
    effects
}

/// A step that is only to be read is done when it is left forwards.
fn record_read(model: &mut Model) -> Vec<Effect> {
    match model.step().map(|step| &step.action) {
        Some(Action::Read) => record(model, None),
        _ => Vec::new(),
    }
}

pub(super) fn go_on(model: &mut Model) -> Vec<Effect> {
    let Some((study, lesson)) = model.study.as_ref().zip(model.lesson()) else {
        return Vec::new();
    };
    if study.step + 1 < lesson.steps.len() {
        return go(model, 1);
    }
    let effects = record_read(model);
    let Some(study) = model.study.take() else {
        return effects;
    };
    model.progress.resume = None;
    let Some(lesson) = model.lessons.get(study.lesson) else {
        return effects;
    };
    let left = lesson.steps.len() - model.done_steps(lesson);
    let number = lesson.number;
    model.selected = if left == 0 { model.next_lesson().unwrap_or(study.lesson) } else { study.lesson };
    tell(
        model,
        match (model.language, left) {
            (Language::En, 0) => format!("Lesson {number} is done."),
            (Language::En, 1) => format!("One step of lesson {number} is left."),
            (Language::En, _) => format!("{left} steps of lesson {number} are left."),
            (Language::Ko, 0) => format!("레슨 {number}: 마쳤어요."),
            (Language::Ko, _) => format!("레슨 {number}: 안 한 단계가 {left}개 남았어요."),
        },
    );
    effects
}
