//! Lessons that are begun anew, and lessons that have changed.

use super::super::ProgressView;
use super::super::model::{Model, Notice};
use super::{Effect, enter, over, stop_work, tell};
use crate::lesson::Lesson;
use crate::text::Language;

/// Forgets what was done in the chosen lesson if it was asked before, else asks.
pub(super) fn reset(model: &mut Model, armed: Option<usize>) -> Vec<Effect> {
    let Some(lesson) = model.lessons.get(model.selected) else {
        return Vec::new();
    };
    let (number, id) = (lesson.number, lesson.id.clone());
    if armed != Some(model.selected) {
        model.armed = Some(model.selected);
        let text = match model.language {
            Language::En => format!("R again resets lesson {number}: progress goes, files stay."),
            Language::Ko => format!("R을 또 누르면 레슨 {number} 진도를 지워요. 파일은 남아요."),
        };
        model.notice = Some(Notice { wrong: false, text });
        return Vec::new();
    }
    model.progress.done.retain(|(lesson, _)| *lesson != id);
    if model.progress.resume.as_ref().is_some_and(|(lesson, _)| *lesson == id) {
        model.progress.resume = None;
    }
    let text = match model.language {
        Language::En => format!("Lesson {number} starts from its beginning."),
        Language::Ko => format!("레슨 {number}: 처음부터 다시 시작해요."),
    };
    tell(model, text);
    vec![Effect::Reset(id)]
}

/// Takes changed lessons, and stays at the same step if it is still there.
pub(super) fn changed(model: &mut Model, lessons: Vec<Lesson>, progress: ProgressView) -> Vec<Effect> {
    let place = model.lesson().zip(model.step()).map(|(lesson, step)| (lesson.id.clone(), step.id.clone()));
    let selected = model.lessons.get(model.selected).map(|lesson| lesson.id.clone());
    model.lessons = lessons;
    model.progress.done = progress.done;
    let find = |id: &String| model.lessons.iter().position(|lesson| lesson.id == *id);
    let to = place.as_ref().and_then(|(lesson, step)| {
        let at = find(lesson)?;
        let steps = &model.lessons.get(at)?.steps;
        let step = steps.iter().position(|known| known.id == *step);
        (!steps.is_empty()).then_some((at, step.unwrap_or(0)))
    });
    model.selected = selected.as_ref().and_then(find).unwrap_or(0);
    let effects = match to {
        Some((lesson, step)) => {
            stop_work(model);
            enter(model, lesson, step)
        }
        None => {
            stop_work(model);
            model.study = None;
            Vec::new()
        }
    };
    over::renew(model);
    tell(model, model.language.pick("The lessons were read anew.", "레슨을 다시 읽었어요."));
    effects
}
