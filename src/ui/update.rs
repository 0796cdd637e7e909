//! What a message changes, and what is to be done outside because of it. Pure: no clock, no
//! disk, no terminal.

use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};

use crate::lab::{Panel, Progress, StepReport};
use crate::lesson::Action;
use crate::text::Language;

use super::commands::{self, Command};
use super::keys::keys_of;
use super::model::{Focus, Model, Notice, State, Study};
use super::view::{self, Target};
use super::{Cancel, words};

/// Something that happened.
#[derive(Debug)]
pub(super) enum Msg {
    /// A key.
    Key(KeyEvent),
    /// The mouse.
    Mouse(MouseEvent),
    /// The terminal has this many columns and rows now.
    Resized(u16, u16),
    /// The process goes on after it was stopped.
    Resumed,
    /// What stands beside a step.
    Panels(u64, Vec<Panel>),
    /// How far long work is.
    Progressed(u64, Progress),
    /// What a step came to.
    Performed(u64, Result<StepReport, String>),
    /// Something could not be kept: one sentence.
    NotKept(String),
}

/// Something to do outside.
#[derive(Debug)]
pub(super) enum Effect {
    /// Read what stands beside a step.
    Panels {
        /// The run.
        run: u64,
        /// The lesson's id.
        lesson: String,
        /// The step's id.
        step: String,
    },
    /// Do a step.
    Perform {
        /// The run.
        run: u64,
        /// The lesson's id.
        lesson: String,
        /// The step's id.
        step: String,
        /// Raised to stop it.
        cancel: Cancel,
    },
    /// Keep that a step is done.
    Record {
        /// The lesson's id.
        lesson: String,
        /// The step's id.
        step: String,
        /// The answer, from 1.
        choice: Option<usize>,
    },
    /// Keep the language.
    SetLanguage(Language),
    /// Put a text on the clipboard.
    Copy(String),
    /// Listen to the mouse or not.
    Mouse(bool),
    /// Give the terminal back to the shell for a while.
    Suspend,
    /// End.
    Quit,
}

/// Takes a message into the model.
pub(super) fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(event) => {
            let mut effects = Vec::new();
            for key in keys_of(event) {
                if model.notice.take().is_some() {
                    model.redraw = true;
                }
                if let Some(command) = commands::find(model, key) {
                    model.redraw = true;
                    effects.extend(run(model, command));
                }
            }
            return effects;
        }
        Msg::Mouse(event) => return mouse(model, event),
        Msg::Resized(columns, rows) => {
            model.size = (columns, rows);
            settle(model);
        }
        Msg::Resumed => {}
        Msg::Panels(run, panels) => {
            let Some(study) = current(model, run) else { return Vec::new() };
            study.loading = false;
            study.panels = panels;
            settle(model);
        }
        Msg::Progressed(run, now) => {
            let Some(study) = current(model, run) else { return Vec::new() };
            let State::Working { progress, .. } = &mut study.state else { return Vec::new() };
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
        Msg::NotKept(text) => model.notice = Some(Notice { wrong: true, text }),
    }
    model.redraw = true;
    Vec::new()
}

/// The open lesson, if this run is the one that it waits for.
fn current(model: &mut Model, run: u64) -> Option<&mut Study> {
    model.study.as_mut().filter(|study| study.run == run)
}

fn performed(model: &mut Model, result: Result<StepReport, String>) -> Vec<Effect> {
    let language = model.language;
    let Some(study) = &mut model.study else { return Vec::new() };
    let cancelled = matches!(&study.state, State::Working { cancel, .. } if cancel.is_cancelled());
    match result {
        Ok(report) => {
            if !report.panels.is_empty() {
                study.panels.clone_from(&report.panels);
                study.loading = false;
                study.panel = study.panels.iter().position(|p| matches!(p, Panel::Connection(_))).unwrap_or(0);
                study.panel_scroll = 0;
            }
            let ok = report.ok;
            study.state = State::Done(Box::new(report));
            show_outcome(model);
            if ok { record(model, None) } else { Vec::new() }
        }
        Err(_) if cancelled => {
            study.state = State::Ready;
            tell(model, language.pick("Cancelled; nothing half made is kept.", "취소했어요. 만들다 만 것은 남지 않아요."));
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
fn show_outcome(model: &mut Model) {
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

fn tell(model: &mut Model, text: impl Into<String>) {
    model.notice = Some(Notice { wrong: false, text: text.into() });
}

/// Marks the open step as done, here and for the next time.
fn record(model: &mut Model, choice: Option<usize>) -> Vec<Effect> {
    let (Some(lesson), Some(step)) = (model.lesson(), model.step()) else { return Vec::new() };
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
        Command::Pane(forward) => switch_pane(model, forward),
        Command::Tool => {
            if let Some(study) = &mut model.study {
                study.tool += 1;
                study.panel_scroll = 0;
            }
        }
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
            settle(model);
            return vec![Effect::SetLanguage(model.language)];
        }
        Command::Mouse => {
            model.mouse = !model.mouse;
            let (en, ko) = if model.mouse {
                ("Mouse on: hold Shift to select text.", "마우스를 켰어요. 글을 선택할 때는 Shift를 누르세요.")
            } else {
                ("Mouse off: the terminal selects text.", "마우스를 껐어요. 터미널에서 바로 글을 선택할 수 있어요.")
            };
            tell(model, model.language.pick(en, ko));
            return vec![Effect::Mouse(model.mouse)];
        }
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

/// One step out: help, lesson, and with `quits` the screen.
fn leave(model: &mut Model, quits: bool) -> Vec<Effect> {
    if model.help.take().is_some() {
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
    let Some(opened) = model.lessons.get(lesson) else { return Vec::new() };
    let Some(shown) = opened.steps.get(step) else { return Vec::new() };
    let (lesson_id, step_id) = (opened.id.clone(), shown.id.clone());
    model.run += 1;
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
        tool: 0,
        cursor: 0,
        state: State::Ready,
    });
    model.redraw = true;
    vec![Effect::Panels { run: model.run, lesson: lesson_id, step: step_id }]
}

/// The step that lies so many steps away.
fn go(model: &mut Model, steps: isize) -> Vec<Effect> {
    let Some(study) = &model.study else { return Vec::new() };
    let (lesson, at) = (study.lesson, study.step);
    let count = model.lesson().map_or(0, |lesson| lesson.steps.len());
    let Some(to) = at.checked_add_signed(steps).filter(|to| *to < count) else {
        let (en, ko) = if steps < 0 {
            ("This is the first step.", "첫 단계예요.")
        } else {
            ("This is the last step; Enter finishes it, q leaves.", "마지막 단계예요. Enter로 마치고, q로 나가요.")
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

fn go_on(model: &mut Model) -> Vec<Effect> {
    let Some((study, lesson)) = model.study.as_ref().zip(model.lesson()) else { return Vec::new() };
    if study.step + 1 < lesson.steps.len() {
        return go(model, 1);
    }
    let effects = record_read(model);
    let Some(study) = model.study.take() else { return effects };
    model.progress.resume = None;
    let Some(lesson) = model.lessons.get(study.lesson) else { return effects };
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

fn answer(model: &mut Model, choice: usize) -> Vec<Effect> {
    let count = model.step().map_or(0, |step| step.words.get(model.language).choices.len());
    let Some(study) = model.study.as_mut().filter(|_| choice < count) else { return Vec::new() };
    study.cursor = choice;
    study.state = State::Answered(choice);
    show_outcome(model);
    record(model, Some(choice + 1))
}

fn perform(model: &mut Model) -> Vec<Effect> {
    let (Some(lesson), Some(step)) = (model.lesson(), model.step()) else { return Vec::new() };
    let (lesson, step) = (lesson.id.clone(), step.id.clone());
    let cancel = Cancel::default();
    model.run += 1;
    let run = model.run;
    let Some(study) = &mut model.study else { return Vec::new() };
    study.run = run;
    study.loading = false;
    study.state = State::Working { cancel: cancel.clone(), progress: None };
    vec![Effect::Perform { run, lesson, step, cancel }]
}

fn switch_pane(model: &mut Model, forward: bool) {
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

fn show_panel(study: &mut Study, panel: usize) {
    if study.panel != panel {
        study.panel_scroll = 0;
    }
    study.panel = panel;
    study.focus = Focus::Panel;
}

fn stepped(at: usize, by: isize) -> usize {
    at.saturating_add_signed(by)
}

/// Points elsewhere, or scrolls where there is nothing to point at.
fn move_by(model: &mut Model, lines: isize) {
    let is_question = model.mode() == super::model::Mode::Question;
    let choices = model.step().map_or(0, |step| step.words.get(model.language).choices.len());
    match &mut model.study {
        Some(study) if model.help.is_none() && is_question && study.focus == Focus::Text => {
            study.cursor = stepped(study.cursor, lines).min(choices.saturating_sub(1));
            if let Some((first, last)) = view::choice_lines(model) {
                let room = view::page(model);
                if let Some(study) = &mut model.study {
                    study.text_scroll = study.text_scroll.clamp((last + 1).saturating_sub(room), first.max(last.saturating_sub(room)));
                }
            }
        }
        _ => page_by(model, lines),
    }
}

/// Scrolls what the focus is on; on the list, chooses.
fn page_by(model: &mut Model, lines: isize) {
    if let Some(scroll) = &mut model.help {
        *scroll = stepped(*scroll, lines);
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

/// Brings every position back into what there is.
fn settle(model: &mut Model) {
    if let Some(study) = &mut model.study {
        study.panel = study.panel.min(study.panels.len().saturating_sub(1));
        if study.panels.is_empty() {
            study.focus = Focus::Text;
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

fn mouse(model: &mut Model, event: MouseEvent) -> Vec<Effect> {
    let target = view::hit(model, event.column, event.row);
    match event.kind {
        MouseEventKind::ScrollDown | MouseEventKind::ScrollUp => {
            let lines = if event.kind == MouseEventKind::ScrollDown { 3 } else { -3 };
            if model.study.is_some() && model.help.is_none() {
                let Some(pane) = target.pane() else { return Vec::new() };
                if let Some(study) = &mut model.study {
                    let scroll = if pane == Focus::Text { &mut study.text_scroll } else { &mut study.panel_scroll };
                    *scroll = stepped(*scroll, lines);
                }
                settle(model);
            } else {
                page_by(model, lines.signum());
            }
        }
        MouseEventKind::Down(MouseButton::Left) => match target {
            Target::Lesson(lesson) if lesson == model.selected => {
                model.redraw = true;
                return run(model, Command::Open);
            }
            Target::Lesson(lesson) => model.selected = lesson,
            Target::Choice(choice) if model.mode() == super::model::Mode::Question => {
                let Some(study) = &mut model.study else { return Vec::new() };
                if study.cursor == choice && study.focus == Focus::Text {
                    model.redraw = true;
                    return answer(model, choice);
                }
                study.cursor = choice;
                study.focus = Focus::Text;
            }
            Target::Panel(panel) => {
                if let Some(study) = &mut model.study {
                    show_panel(study, panel);
                }
            }
            Target::Tool(tool) => {
                if let Some(study) = &mut model.study {
                    study.tool = tool;
                    study.panel_scroll = 0;
                }
            }
            target => {
                let Some((pane, study)) = target.pane().zip(model.study.as_mut()) else { return Vec::new() };
                if pane == Focus::Panel && study.panels.is_empty() {
                    return Vec::new();
                }
                study.focus = pane;
            }
        },
        _ => return Vec::new(),
    }
    model.redraw = true;
    Vec::new()
}

/// What `copy` would copy now: its name and the text.
pub(super) fn copyable(model: &Model) -> Option<(String, String)> {
    let study = model.study.as_ref()?;
    let commands = |panel: &Panel| match panel {
        Panel::Commands(tools) => {
            let tool = tools.get(study.tool.checked_rem(tools.len())?)?;
            let what = match model.language {
                Language::En => format!("the {} commands", tool.tool),
                Language::Ko => format!("{} 명령", tool.tool),
            };
            Some((what, format!("{}\n", tool.lines.join("\n"))))
        }
        Panel::Connection(connection) => {
            let text = connection.outcome.as_ref()?.client_prints.clone()?;
            let what = match model.language {
                Language::En => format!("what {} prints", connection.client),
                Language::Ko => format!("{} 출력", connection.client),
            };
            Some((what, text))
        }
        Panel::Artifact(artifact) => {
            let what = words::panel(panel, model.language);
            let fields = artifact.fields.iter().map(|field| format!("{}: {}\n", field.name, field.value)).collect();
            Some((what, fields))
        }
        Panel::Cluster(_) | Panel::Kinds(_) => None,
    };
    commands(study.shown()?)
}
