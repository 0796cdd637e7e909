//! What the screen knows. Only [`super::update`] changes it.

use crate::lab::{Cancel, Panel, Progress, StepReport};
use crate::lesson::{Action, Lesson, Question, Step};
use crate::text::Language;

use super::ProgressView;
use super::browser::Browser;
use super::inspector::{Inspector, Shown};
use super::live::{Live, Stage};
use super::overlay::Overlay;
use super::theatre::Theatre;
use super::theme::Theme;

/// Everything that is drawn.
#[derive(Debug)]
pub(super) struct Model {
    /// The curriculum.
    pub(super) lessons: Vec<Lesson>,
    /// What is done.
    pub(super) progress: ProgressView,
    /// The language shown.
    pub(super) language: Language,
    /// Colours and glyphs.
    pub(super) theme: Theme,
    /// Columns and rows.
    pub(super) size: (u16, u16),
    /// The lesson that is chosen on the list.
    pub(super) selected: usize,
    /// The lesson that is open; none shows the list.
    pub(super) study: Option<Study>,
    /// The handshake theatre, while it is open: over the list and over the lesson.
    pub(super) theatre: Option<Theatre>,
    /// The fault browser, while it is open: over the list and over the lesson.
    pub(super) browser: Option<Browser>,
    /// The cluster alive, while it is open: over the list and over the lesson.
    pub(super) live: Option<Live>,
    /// The inspector, while it is open: over all of these.
    pub(super) inspector: Option<Inspector>,
    /// How far the help is scrolled, while it is open.
    pub(super) help: Option<usize>,
    /// What lies over the rest.
    pub(super) overlay: Option<Overlay>,
    /// The lesson that is reset if the same key comes once more.
    pub(super) armed: Option<usize>,
    /// One line for the user, until the next key.
    pub(super) notice: Option<Notice>,
    /// Whether the mouse is listened to.
    pub(super) mouse: bool,
    /// The number of the newest run of an effect.
    pub(super) run: u64,
    /// Whether something changed since the last frame.
    pub(super) redraw: bool,
}

/// One line for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Notice {
    /// Whether something went wrong.
    pub(super) wrong: bool,
    /// What.
    pub(super) text: String,
}

/// An open lesson.
#[derive(Debug)]
pub(super) struct Study {
    /// Its index.
    pub(super) lesson: usize,
    /// The step's index.
    pub(super) step: usize,
    /// The run whose outcome this step waits for.
    pub(super) run: u64,
    /// What stands beside the text.
    pub(super) panels: Vec<Panel>,
    /// Whether the panels are still being read.
    pub(super) loading: bool,
    /// The panel that is shown.
    pub(super) panel: usize,
    /// Where keys go.
    pub(super) focus: Focus,
    /// Lines that the text is scrolled by.
    pub(super) text_scroll: usize,
    /// Lines that the panel is scrolled by.
    pub(super) panel_scroll: usize,
    /// Lines that the other panels are scrolled by, by index.
    pub(super) other_scrolls: Vec<usize>,
    /// The tool whose commands are shown.
    pub(super) tool: usize,
    /// The choice that is pointed at, from 0.
    pub(super) cursor: usize,
    /// How far the step is.
    pub(super) state: State,
}

/// Where keys go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Focus {
    /// The step's text.
    Text,
    /// The shown panel.
    Panel,
}

/// How far a step is.
#[derive(Debug, Clone)]
pub(super) enum State {
    /// Nothing was done yet.
    Ready,
    /// It is being done.
    Working {
        /// Raised to stop it.
        cancel: Cancel,
        /// How far it is.
        progress: Option<Progress>,
    },
    /// The question was answered with this choice, from 0.
    Answered(usize),
    /// It was done.
    Done(Box<StepReport>),
    /// It could not be done: one sentence.
    Failed(String),
}

/// Which of the screen's situations it is: decides what keys mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// The help is open.
    Help,
    /// Something to look for is being typed.
    Find,
    /// The list of all lessons and steps is open.
    Jump,
    /// The glossary is open.
    Glossary,
    /// The list of connections to play.
    Programme,
    /// A handshake is shown.
    Theatre,
    /// A fault to compare it with is being chosen.
    Pick,
    /// A filter of the faults is being typed.
    Filter,
    /// The list of faults.
    Faults,
    /// The page of a fault.
    Fault,
    /// The cluster alive.
    Live,
    /// A request to play there is being chosen.
    Asks,
    /// Who may do what there.
    Matrix,
    /// It does not serve.
    Unserved,
    /// What of a certificate can be copied or exported.
    Offers,
    /// The list of certificates.
    Shelf,
    /// Something to look for in a certificate is being typed.
    Seek,
    /// A certificate: its fields, its tree, its bytes.
    Inspect,
    /// The words for one of its fields.
    Words,
    /// Its way to its root.
    Chain,
    /// It and its issuers on a time line.
    Bars,
    /// It beside another.
    Compare,
    /// What a cluster makes of it.
    Kubernetes,
    /// The list of lessons.
    Home,
    /// A question waits for its answer.
    Question,
    /// A step waits to be done.
    Ready,
    /// A step is being done.
    Working,
    /// A step is done, or was only to be read.
    After,
}

impl Mode {
    /// Whether keys are letters of something that is typed.
    pub(super) const fn is_typing(self) -> bool {
        matches!(self, Self::Find | Self::Filter | Self::Seek)
    }
}

impl Model {
    /// The open step.
    pub(super) fn step(&self) -> Option<&Step> {
        let study = self.study.as_ref()?;
        self.lessons.get(study.lesson)?.steps.get(study.step)
    }

    /// The open lesson.
    pub(super) fn lesson(&self) -> Option<&Lesson> {
        self.lessons.get(self.study.as_ref()?.lesson)
    }

    /// The question of the open step.
    pub(super) fn question(&self) -> Option<&Question> {
        match &self.step()?.action {
            Action::Predict(question) | Action::Recall(question) => Some(question),
            _ => None,
        }
    }

    /// The situation.
    pub(super) fn mode(&self) -> Mode {
        if self.help.is_some() { Mode::Help } else { self.mode_under_help() }
    }

    /// The situation without the help.
    pub(super) fn mode_under_help(&self) -> Mode {
        match &self.overlay {
            Some(Overlay::Find(find)) if find.typing => return Mode::Find,
            Some(Overlay::Find(_)) => return Mode::Jump,
            Some(Overlay::Glossary(_)) => return Mode::Glossary,
            None => {}
        }
        if let Some(inspector) = &self.inspector {
            return Self::inspector_mode(inspector);
        }
        if let Some(live) = &self.live {
            return match &live.stage {
                _ if live.matrix.is_some() => Mode::Matrix,
                _ if live.asks.is_some() => Mode::Asks,
                Stage::Failed(_) => Mode::Unserved,
                Stage::Making(_) | Stage::Open(_) => Mode::Live,
            };
        }
        if let Some(theatre) = &self.theatre {
            return match &theatre.show {
                Some(show) if show.pick.is_some() => Mode::Pick,
                Some(_) => Mode::Theatre,
                None => Mode::Programme,
            };
        }
        match &self.browser {
            Some(browser) if browser.page.is_some() => return Mode::Fault,
            Some(browser) if browser.typing => return Mode::Filter,
            Some(_) => return Mode::Faults,
            None => {}
        }
        let Some(study) = &self.study else {
            return Mode::Home;
        };
        match (&study.state, self.step().map(|step| &step.action)) {
            (State::Working { .. }, _) => Mode::Working,
            (State::Answered(_) | State::Done(_), _) | (_, Some(Action::Read) | None) => Mode::After,
            (_, Some(Action::Predict(_) | Action::Recall(_))) => Mode::Question,
            _ => Mode::Ready,
        }
    }

    fn inspector_mode(inspector: &Inspector) -> Mode {
        let typing = inspector.page.as_ref().is_some_and(|page| page.search.typing);
        match &inspector.shown {
            _ if inspector.menu.is_some() => Mode::Offers,
            _ if inspector.is_list() => Mode::Shelf,
            Shown::Panes if typing => Mode::Seek,
            Shown::Panes => Mode::Inspect,
            Shown::Words(_) => Mode::Words,
            Shown::Chain { .. } => Mode::Chain,
            Shown::Bars(_) => Mode::Bars,
            Shown::Comparison(_) => Mode::Compare,
            Shown::Kubernetes(_) => Mode::Kubernetes,
        }
    }

    /// Whether a step is done.
    pub(super) fn is_done(&self, lesson: &Lesson, step: &Step) -> bool {
        // The set is keyed by owned pairs; a lookup is rare enough to build one.
        self.progress.done.contains(&(lesson.id.clone(), step.id.clone()))
    }

    /// How many steps of a lesson are done.
    pub(super) fn done_steps(&self, lesson: &Lesson) -> usize {
        lesson.steps.iter().filter(|step| self.is_done(lesson, step)).count()
    }

    /// The step to open a lesson at: where it was left, else the first that is not done.
    pub(super) fn resume_step(&self, index: usize) -> usize {
        let Some(lesson) = self.lessons.get(index) else {
            return 0;
        };
        let left = self
            .progress
            .resume
            .as_ref()
            .filter(|(id, _)| *id == lesson.id)
            .and_then(|(_, step)| lesson.steps.iter().position(|s| s.id == *step));
        left.or_else(|| lesson.steps.iter().position(|step| !self.is_done(lesson, step))).unwrap_or(0)
    }

    /// Minutes that the steps which are not done take, rounded up for each lesson.
    pub(super) fn minutes_left(&self) -> usize {
        let left = |lesson: &Lesson| {
            let (minutes, steps) = (lesson.minutes as usize, lesson.steps.len());
            (minutes * (steps - self.done_steps(lesson))).div_ceil(steps.max(1))
        };
        self.lessons.iter().map(left).sum()
    }

    /// The lesson to go on with.
    pub(super) fn next_lesson(&self) -> Option<usize> {
        let unfinished = |lesson: &Lesson| self.done_steps(lesson) < lesson.steps.len();
        let left =
            self.progress.resume.as_ref().and_then(|(id, _)| self.lessons.iter().position(|l| l.id == *id));
        left.filter(|index| self.lessons.get(*index).is_some_and(unfinished))
            .or_else(|| self.lessons.iter().position(unfinished))
    }
}

impl Study {
    /// The shown panel.
    pub(super) fn shown(&self) -> Option<&Panel> {
        self.panels.get(self.panel)
    }

    /// Lines that a panel is scrolled by.
    pub(super) fn scroll_of(&self, panel: usize) -> usize {
        if panel == self.panel {
            self.panel_scroll
        } else {
            self.other_scrolls.get(panel).copied().unwrap_or(0)
        }
    }

    /// Scrolls a panel, whether it is the one in focus or not.
    pub(super) fn set_scroll(&mut self, panel: usize, scroll: usize) {
        if panel == self.panel {
            self.panel_scroll = scroll;
            return;
        }
        if self.other_scrolls.len() <= panel {
            self.other_scrolls.resize(panel + 1, 0);
        }
        if let Some(kept) = self.other_scrolls.get_mut(panel) {
            *kept = scroll;
        }
    }
}
