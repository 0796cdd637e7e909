//! The screen at rest: one step, done, drawn without a terminal. For timings and for tests
//! that look at every step.

use std::convert::Infallible;
use std::sync::Arc;

use crossterm::event::KeyCode;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use super::model::{Model, State};
use super::run::model_of;
use super::update::{Msg, enter, given, show, update};
use super::view::view;
use super::{Engine, Options};
use crate::lab::{Cancel, Holding, Play};
use crate::lesson::Action;

/// One step of a lesson as it stands after it was done.
pub struct Still {
    model: Model,
    terminal: Terminal<TestBackend>,
}

impl Still {
    /// Does a step and keeps the screen that shows it, of this many columns and rows; none
    /// if there is no such step or it cannot be done.
    pub fn of<E: Engine>(
        engine: &E,
        options: &Options,
        lesson: &str,
        step: &str,
        size: (u16, u16),
    ) -> Option<Self> {
        let mut model = model_of(engine, options);
        model.size = size;
        let lesson_index = model.lessons.iter().position(|l| l.id == lesson)?;
        let (step_index, _) = model.lessons.get(lesson_index)?.step(step)?;
        let report = engine.perform(lesson, step, &Cancel::default(), &|_| ()).ok()?;
        enter(&mut model, lesson_index, step_index);
        let is_read = model.step().is_some_and(|step| step.action == Action::Read);
        let question = model.question().map(|question| question.answer);
        let run = model.run;
        match (question, &mut model.study) {
            (Some(answer), Some(study)) => {
                study.state = State::Answered(answer.saturating_sub(1));
                update(&mut model, Msg::Panels(run, report.panels));
            }
            (None, Some(_)) if is_read => drop(update(&mut model, Msg::Panels(run, report.panels))),
            _ => drop(update(&mut model, Msg::Performed(run, Ok(report)))),
        }
        let Ok(terminal) = Terminal::new(TestBackend::new(size.0, size.1));
        Some(Self { model, terminal })
    }

    /// The theatre with a recorded connection, all of it played and its first message open
    /// down to the bytes.
    pub fn of_play<E: Engine>(engine: &E, options: &Options, play: Play, size: (u16, u16)) -> Self {
        let mut model = model_of(engine, options);
        model.size = size;
        show(&mut model, Arc::new(play));
        for key in [KeyCode::End, KeyCode::Home, KeyCode::Enter, KeyCode::Enter] {
            update(&mut model, Msg::Key(key.into()));
        }
        let Ok(terminal) = Terminal::new(TestBackend::new(size.0, size.1));
        Self { model, terminal }
    }

    /// The inspector on what was found somewhere.
    pub fn of_holdings<E: Engine>(
        engine: &E,
        options: &Options,
        holdings: Vec<Holding>,
        size: (u16, u16),
    ) -> Self {
        let mut model = model_of(engine, options);
        model.size = size;
        given(&mut model, holdings, engine.now());
        let Ok(terminal) = Terminal::new(TestBackend::new(size.0, size.1));
        Self { model, terminal }
    }

    /// Presses a key; nothing is done outside because of it.
    pub fn press(&mut self, key: KeyCode) {
        update(&mut self.model, Msg::Key(key.into()));
    }

    /// Draws it whole, as if every cell had changed, and gives what stands there.
    ///
    /// # Errors
    /// None: nothing can fail without a terminal.
    pub fn draw(&mut self) -> Result<&Buffer, Infallible> {
        self.terminal.clear()?;
        self.terminal.draw(|frame| view(&self.model, frame))?;
        Ok(self.terminal.backend().buffer())
    }
}
