//! What the mouse does.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::super::commands::Command;
use super::super::model::{Focus, Mode, Model};
use super::super::view::{self, Target};
use super::position::{page_by, settle, show_panel, stepped};
use super::{Effect, answer, faults, inspector, lessons, live, over, run, theatre};

pub(super) fn mouse(model: &mut Model, event: MouseEvent) -> Vec<Effect> {
    let target = view::hit(model, event.column, event.row);
    match event.kind {
        MouseEventKind::ScrollDown | MouseEventKind::ScrollUp => {
            let lines = if event.kind == MouseEventKind::ScrollDown { 3 } else { -3 };
            let covered = model.help.is_some() || model.overlay.is_some() || model.inspector.is_some();
            if model.live.is_some() && !covered {
                let spot = if let Target::Live(spot) = target { Some(spot) } else { None };
                live::wheel(model, spot, lines);
                model.redraw = true;
                return Vec::new();
            }
            if model.theatre.is_some() && !covered {
                let spot = if let Target::Theatre(spot) = target { Some(spot) } else { None };
                theatre::wheel(model, spot, lines);
                model.redraw = true;
                return Vec::new();
            }
            let over = model.help.is_some() || model.overlay.is_some();
            let pane = match target {
                Target::Slot(panel) => Some((Focus::Panel, panel)),
                target => {
                    target.pane().map(|pane| (pane, model.study.as_ref().map_or(0, |study| study.panel)))
                }
            };
            if model.inspector.is_some() && !over {
                let pane = if let Target::Inspect(spot) = target { spot.pane() } else { None };
                inspector::wheel(model, pane, lines);
                model.redraw = true;
                return Vec::new();
            }
            if model.browser.is_some() && !over {
                if let Target::FaultPane(pane) = target {
                    faults::scroll(model, pane, lines);
                } else {
                    page_by(model, lines.signum());
                }
                model.redraw = true;
                return Vec::new();
            }
            match (pane, &mut model.study) {
                (Some((Focus::Text, _)), Some(study)) if !over => {
                    study.text_scroll = stepped(study.text_scroll, lines);
                    settle(model);
                }
                (Some((Focus::Panel, panel)), Some(study)) if !over => {
                    let to = stepped(study.scroll_of(panel), lines);
                    study.set_scroll(panel, to);
                    let end = view::panel_end(model, panel);
                    if let Some(study) = &mut model.study {
                        study.set_scroll(panel, to.min(end));
                    }
                }
                (None, Some(_)) if !over => return Vec::new(),
                _ => page_by(model, lines.signum()),
            }
        }
        MouseEventKind::Down(MouseButton::Left) => match target {
            Target::Command(command) => {
                model.redraw = true;
                model.notice = None;
                let armed = model.armed.take();
                return if command == Command::Reset {
                    lessons::reset(model, armed)
                } else {
                    run(model, command)
                };
            }
            Target::Found(found) => {
                model.redraw = true;
                return over::go_there(model, Some(found));
            }
            Target::Inspect(spot) => {
                model.redraw = true;
                return inspector::click(model, spot);
            }
            Target::Theatre(spot) => return theatre::click(model, spot),
            Target::Live(spot) => return live::click(model, spot),
            Target::Fault(fault) => {
                model.redraw = true;
                return faults::click(model, fault);
            }
            Target::FaultTab(pane) | Target::FaultPane(pane) => faults::show(model, pane),
            Target::Outside => {
                model.redraw = true;
                return run(model, Command::Back);
            }
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
            Target::Panel(panel) | Target::Slot(panel) => {
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
