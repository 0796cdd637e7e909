//! What the mouse does.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::super::commands::Command;
use super::super::model::{Focus, Mode, Model};
use super::super::view::{self, Target};
use super::position::{page_by, settle, show_panel, stepped};
use super::{Effect, answer, run};

pub(super) fn mouse(model: &mut Model, event: MouseEvent) -> Vec<Effect> {
    let target = view::hit(model, event.column, event.row);
    match event.kind {
        MouseEventKind::ScrollDown | MouseEventKind::ScrollUp => {
            let lines = if event.kind == MouseEventKind::ScrollDown { 3 } else { -3 };
            if model.study.is_some() && model.help.is_none() {
                let Some(pane) = target.pane() else {
                    return Vec::new();
                };
                if let Some(study) = &mut model.study {
                    let scroll =
                        if pane == Focus::Text { &mut study.text_scroll } else { &mut study.panel_scroll };
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
            Target::Choice(choice) if model.mode() == Mode::Question => {
                let Some(study) = &mut model.study else {
                    return Vec::new();
                };
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
                let Some((pane, study)) = target.pane().zip(model.study.as_mut()) else {
                    return Vec::new();
                };
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
