//! What a message changes, and what is to be done outside because of it. Pure: no clock, no
//! disk, no terminal.

use crate::text::Language;

use super::commands::{self, Command};
use super::inspector::{copies, exports};
use super::keys::keys_of;
use super::model::{Focus, Mode, Model, Notice, State, Study};
use super::view;

mod copy;
mod doing;
mod faults;
mod inspector;
mod lessons;
mod live;
mod message;
mod mouse;
mod opinions;
mod over;
mod position;
mod theatre;
mod walk;

pub(super) use copy::copyable;
use doing::{answer, perform, performed};
#[cfg(test)]
pub(super) use inspector::show as inspect;
pub(super) use inspector::{given, shown_certificate};
pub(super) use message::{Effect, Msg};
use mouse::mouse;
use position::{move_by, page_by, settle, switch_pane};
pub(super) use theatre::{can_play, show};
use walk::{go, go_on};

/// Takes a message into the model.
pub(super) fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(event) => {
            let mut effects = Vec::new();
            for key in keys_of(event, model.mode().is_typing()) {
                let armed = model.armed.take();
                if model.notice.take().is_some() {
                    model.redraw = true;
                }
                if let Some(command) = commands::find(model, key) {
                    model.redraw = true;
                    effects.extend(match command {
                        Command::Reset => lessons::reset(model, armed),
                        command => run(model, command),
                    });
                }
            }
            return effects;
        }
        Msg::Mouse(event) => return mouse(model, event),
        Msg::Resized(columns, rows) => {
            model.size = (columns, rows);
            settle(model);
            theatre::settle(model);
            live::settle(model);
        }
        Msg::Pasted(text) => match model.mode() {
            Mode::Find => over::edit(model, |find| text.chars().for_each(|c| find.push(c))),
            Mode::Seek => inspector::edit(model, |query| query.push_str(&text)),
            Mode::Filter => faults::edit(model, |browser| text.chars().for_each(|c| browser.push(c))),
            _ => return Vec::new(),
        },
        Msg::Background(light) => {
            if model.theme.is_light() == light {
                return Vec::new();
            }
            model.theme = model.theme.on(light);
        }
        Msg::Lessons(lessons, progress, problems) => {
            model.redraw = true;
            return lessons::changed(model, lessons, progress, &problems);
        }
        Msg::Resumed => {}
        Msg::Edges(run, edges) => {
            if !theatre::edges(model, run, edges) {
                return Vec::new();
            }
        }
        Msg::Played(run, result) => return theatre::played(model, run, result),
        Msg::Beat(run) => {
            return live::beat(model, run).unwrap_or_else(|| theatre::beat(model, run));
        }
        Msg::Live(run, step) => return live::step(model, run, *step),
        Msg::LiveEnded(run, result) => {
            live::ended(model, run, result);
            return Vec::new();
        }
        Msg::Asked(run, result) => {
            live::asked(model, run, result);
            return Vec::new();
        }
        Msg::Permissions(run, permissions) => {
            if !live::permissions(model, run, permissions) {
                return Vec::new();
            }
        }
        Msg::Panels(run, panels) => {
            let Some(study) = current(model, run) else {
                return Vec::new();
            };
            study.loading = false;
            study.panels = panels;
            settle(model);
            model.redraw = true;
            return opinions::ask_of_study(model);
        }
        Msg::Progressed(run, now) => {
            let Some(study) = current(model, run) else {
                return Vec::new();
            };
            let State::Working { progress, .. } = &mut study.state else {
                return Vec::new();
            };
            if progress.as_ref() == Some(&now) {
                return Vec::new();
            }
            *progress = Some(now);
        }
        Msg::Performed(run, result) => {
            if current(model, run).is_none() {
                return Vec::new();
            }
            model.redraw = true;
            return performed(model, result);
        }
        Msg::Opinions(run, answers) => {
            if !opinions::answered(model, run, answers) {
                return Vec::new();
            }
            settle(model);
        }
        Msg::TrialStep(run, step) => {
            if !faults::stepped_on(model, run, *step) {
                return Vec::new();
            }
        }
        Msg::Tried(run, result) => return faults::tried(model, run, result),
        Msg::Gathered(run, now, entries) => {
            if !inspector::gathered(model, run, now, entries) {
                return Vec::new();
            }
        }
        Msg::Checked(run, findings) => {
            if !inspector::checked(model, run, findings) {
                return Vec::new();
            }
            settle(model);
        }
        Msg::Exported(result) => inspector::exported(model, result),
        Msg::NotKept(text) => model.notice = Some(Notice { wrong: true, text }),
    }
    model.redraw = true;
    Vec::new()
}

/// The open lesson, if this run is the one that it waits for.
fn current(model: &mut Model, run: u64) -> Option<&mut Study> {
    model.study.as_mut().filter(|study| study.run == run)
}

fn tell(model: &mut Model, text: impl Into<String>) {
    model.notice = Some(Notice { wrong: false, text: text.into() });
}

/// Marks the open step as done, here and for the next time.
fn record(model: &mut Model, choice: Option<usize>) -> Vec<Effect> {
    let (Some(lesson), Some(step)) = (model.lesson(), model.step()) else {
        return Vec::new();
    };
    let (lesson, step) = (lesson.id.clone(), step.id.clone());
    model.progress.done.insert((lesson.clone(), step.clone()));
    vec![Effect::Record { lesson, step, choice }]
}

fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::Open => {
            let step = model.resume_step(model.selected);
            return enter(model, model.selected, step);
        }
        Command::Answer => {
            let cursor = model.study.as_ref().map_or(0, |study| study.cursor);
            return answer(model, cursor);
        }
        Command::Choose(choice) => return answer(model, choice),
        Command::Do => return perform(model),
        Command::GoOn => return go_on(model),
        Command::Previous => return go(model, -1),
        Command::Next => return go(model, 1),
        Command::Move(lines) => move_by(model, lines),
        Command::Half(halves) => {
            let half = isize::try_from(view::page(model) / 2).unwrap_or(1).max(1);
            page_by(model, halves.saturating_mul(half));
        }
        Command::Top => page_by(model, isize::MIN / 2),
        Command::Bottom => page_by(model, isize::MAX / 2),
        Command::Pane(forward) => {
            if !live::switch(model, forward) && !theatre::switch(model, forward) {
                switch_pane(model, forward);
            }
        }
        Command::Theatre(act) => return theatre::act(model, act),
        Command::Live(act) => return live::act(model, act),
        Command::Tool => {
            if let Some(study) = &mut model.study {
                study.tool += 1;
                study.panel_scroll = 0;
            }
        }
        Command::Copy if model.inspector.is_some() => inspector::offer(model, copies),
        Command::Export => inspector::offer(model, exports),
        Command::Copy => {
            if let Some((what, text)) = copyable(model) {
                tell(
                    model,
                    match model.language {
                        Language::En => format!("Copied {what} (if the terminal allows it)."),
                        Language::Ko => {
                            let particle = crate::text::particle(&what, "을", "를");
                            format!("{what}{particle} 복사했어요. (터미널이 허용할 때)")
                        }
                    },
                );
                return vec![Effect::Copy(text)];
            }
        }
        Command::Language => {
            model.language = model.language.other();
            model.progress.language = Some(model.language);
            over::renew(model);
            let language = model.language;
            if let Some(browser) = &mut model.browser {
                browser.renew(language);
            }
            if let Some(inspector) = &mut model.inspector {
                inspector.menu = None;
            }
            settle(model);
            return vec![Effect::SetLanguage(model.language)];
        }
        Command::Mouse => {
            model.mouse = !model.mouse;
            let (en, ko) = if model.mouse {
                (
                    "Mouse on: hold Shift to select text.",
                    "마우스를 켰어요. 글을 선택할 때는 Shift를 누르세요.",
                )
            } else {
                (
                    "Mouse off: the terminal selects text.",
                    "마우스를 껐어요. 터미널에서 바로 글을 선택할 수 있어요.",
                )
            };
            tell(model, model.language.pick(en, ko));
            return vec![Effect::Mouse(model.mouse)];
        }
        Command::Decisive => position::to_decisive(model),
        Command::Faults => faults::open(model),
        Command::OpenFault => return faults::open_page(model, None),
        Command::Filter => faults::filter(model),
        Command::NextFault(faults) => return faults::go(model, faults),
        Command::Turn => return faults::turn(model),
        Command::Find => over::find(model, true),
        Command::Jump => over::find(model, false),
        Command::GoThere => return over::go_there(model, None),
        Command::Inspect => return inspector::open(model),
        Command::Take => return inspector::take(model, None),
        Command::Inwards(inwards) => inspector::step(model, inwards),
        Command::Seek => inspector::seek(model),
        Command::NextHit(forward) => inspector::next_hit(model, forward),
        Command::Issuer => inspector::issuer(model),
        Command::Chain => inspector::chain(model),
        Command::Bars => inspector::bars(model),
        Command::Compare => inspector::compare(model),
        Command::Words => inspector::words(model),
        Command::Kubernetes => return inspector::kubernetes(model),
        Command::Bytes => inspector::comparison(model, |found| found.with_bytes = !found.with_bytes),
        Command::OnlyChanged => inspector::comparison(model, |found| found.show(!found.only_changed)),
        Command::Type(letter) if inspector::is_typing(model) => {
            inspector::edit(model, |query| query.push(letter));
        }
        Command::Erase if inspector::is_typing(model) => inspector::edit(model, |query| {
            query.pop();
        }),
        Command::EraseAll if inspector::is_typing(model) => inspector::edit(model, String::clear),
        Command::Type(letter) if faults::is_typing(model) => {
            faults::edit(model, |browser| browser.push(letter));
        }
        Command::Erase if faults::is_typing(model) => faults::edit(model, |browser| {
            browser.query.pop();
        }),
        Command::EraseAll if faults::is_typing(model) => {
            faults::edit(model, |browser| browser.query.clear());
        }
        Command::Type(letter) => over::edit(model, |find| find.push(letter)),
        Command::Erase => over::edit(model, |find| {
            find.query.pop();
        }),
        Command::EraseAll => over::edit(model, |find| find.query.clear()),
        Command::Glossary => over::glossary(model),
        Command::Reset => return lessons::reset(model, None),
        Command::Help => model.help = if model.help.is_some() { None } else { Some(0) },
        Command::Cancel => {
            if let Some(Study { state: State::Working { cancel, .. }, .. }) = &model.study {
                cancel.cancel();
                tell(model, model.language.pick("Stopping…", "멈추고 있어요…"));
            }
        }
        Command::Back | Command::Leave => return leave(model, command == Command::Leave),
        Command::Quit => return quit(model),
        Command::Suspend => return vec![Effect::Suspend],
    }
    Vec::new()
}

/// One step out: help, what lies over the rest, lesson, and with `quits` the screen.
fn leave(model: &mut Model, quits: bool) -> Vec<Effect> {
    if model.help.take().is_some() || model.overlay.take().is_some() {
        return Vec::new();
    }
    if inspector::leave(model) || live::leave(model) || theatre::leave(model) || faults::leave(model) {
        return Vec::new();
    }
    stop_work(model);
    match model.study.take() {
        Some(study) => model.selected = study.lesson,
        None if quits => return quit(model),
        None => {}
    }
    Vec::new()
}

fn quit(model: &mut Model) -> Vec<Effect> {
    stop_work(model);
    live::stop(model);
    theatre::stop(model);
    faults::stop(model);
    vec![Effect::Quit]
}

/// Asks work that is under way to stop.
pub(super) fn stop_work(model: &Model) {
    if let Some(Study { state: State::Working { cancel, .. }, .. }) = &model.study {
        cancel.cancel();
    }
}

/// Opens a step of a lesson.
pub(super) fn enter(model: &mut Model, lesson: usize, step: usize) -> Vec<Effect> {
    let Some(opened) = model.lessons.get(lesson) else {
        return Vec::new();
    };
    let Some(shown) = opened.steps.get(step) else {
        return Vec::new();
    };
    let (lesson_id, step_id) = (opened.id.clone(), shown.id.clone());
    model.run += 1;
    model.theatre = None;
    live::stop(model);
    model.live = None;
    model.selected = lesson;
    model.progress.resume = Some((lesson_id.clone(), step_id.clone()));
    model.study = Some(Study {
        lesson,
        step,
        run: model.run,
        panels: Vec::new(),
        loading: true,
        panel: 0,
        focus: Focus::Text,
        text_scroll: 0,
        panel_scroll: 0,
        other_scrolls: Vec::new(),
        tool: 0,
        cursor: 0,
        state: State::Ready,
    });
    model.redraw = true;
    vec![Effect::Panels { run: model.run, lesson: lesson_id, step: step_id }]
}
