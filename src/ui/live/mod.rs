//! The cluster alive: what is shown of it, and where the user is.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::lab::{Cancel, LiveStep, Opened, Permissions, Progress};

mod entry;

pub(super) use entry::{Entry, Outcome};

/// How many happenings are kept; older ones go.
const KEPT: usize = 500;
/// In so many beats a request has travelled its lane.
pub(super) const BEATS: usize = 5;

/// What can be done with the cluster that is alive alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// Open it: it begins to serve.
    Open,
    /// Open or close the list of requests to play.
    Asks,
    /// Play the request that is pointed at.
    Play,
    /// Play the next of the list.
    Next,
    /// The line of the next identity, or with -1 of the one before.
    Line(isize),
    /// Copy that line.
    CopyLine,
    /// The permission matrix, or back from it.
    Matrix,
    /// The cell so many columns further.
    Aside(isize),
}

/// A part of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pane {
    /// Who calls whom.
    Map,
    /// What happened.
    List,
    /// Who came, and who said what.
    Why,
    /// The log, and the audit event.
    Log,
}

impl Pane {
    pub(super) const ALL: [Self; 4] = [Self::Map, Self::List, Self::Why, Self::Log];

    /// Its place among all.
    pub(super) fn index(self) -> usize {
        Self::ALL.iter().position(|pane| *pane == self).unwrap_or(0)
    }
}

/// How far the cluster is.
#[derive(Debug)]
pub(super) enum Stage {
    /// What it needs is made.
    Making(Option<Progress>),
    /// It serves.
    Open(Box<Opened>),
    /// It does not: one sentence.
    Failed(String),
}

/// The permission matrix.
#[derive(Debug)]
pub(super) struct Matrix {
    /// The run whose outcome it waits for.
    pub(super) run: u64,
    /// What it holds, once it is there.
    pub(super) permissions: Option<Box<Permissions>>,
    /// The cell that is pointed at.
    pub(super) row: usize,
    pub(super) column: usize,
}

/// The whole of it.
#[derive(Debug)]
pub(super) struct Live {
    /// The run that it belongs to.
    pub(super) run: u64,
    /// Raised to stop it.
    pub(super) cancel: Cancel,
    /// How far it is.
    pub(super) stage: Stage,
    /// What happened, the oldest first.
    pub(super) entries: VecDeque<Entry>,
    /// How much was missed.
    pub(super) missed: u64,
    /// The entry that is pointed at.
    pub(super) chosen: usize,
    /// The pane that keys go to.
    pub(super) pane: Pane,
    /// Lines that each pane is scrolled by.
    pub(super) scrolls: [usize; 4],
    /// Whose line to paste is shown.
    pub(super) line: usize,
    /// The request that is pointed at, while the list of them is open.
    pub(super) asks: Option<usize>,
    /// The request that comes next.
    pub(super) next: usize,
    /// The beat that is waited for.
    pub(super) clock: Option<u64>,
    /// The lanes on which something travels, and how far it is in beats.
    pub(super) travels: Vec<(usize, usize)>,
    /// The permission matrix, while it is open.
    pub(super) matrix: Option<Matrix>,
}

impl Live {
    pub(super) fn new(run: u64, cancel: Cancel) -> Self {
        Self {
            run,
            cancel,
            stage: Stage::Making(None),
            entries: VecDeque::new(),
            missed: 0,
            chosen: 0,
            pane: Pane::Map,
            scrolls: [0; 4],
            line: 0,
            asks: None,
            next: 0,
            clock: None,
            travels: Vec::new(),
            matrix: None,
        }
    }

    /// The cluster, if it serves.
    pub(super) fn opened(&self) -> Option<&Opened> {
        if let Stage::Open(opened) = &self.stage { Some(opened) } else { None }
    }

    /// The entry that is pointed at.
    pub(super) fn entry(&self) -> Option<&Entry> {
        self.entries.get(self.chosen)
    }

    /// The newest entry of a lane.
    pub(super) fn last_of(&self, lane: usize) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| entry.lane == Some(lane))
    }

    /// Takes what happened; whether something begins to travel.
    pub(super) fn take(&mut self, step: LiveStep) -> bool {
        match step {
            LiveStep::Making(progress) => self.stage = Stage::Making(Some(progress)),
            LiveStep::Opened(opened) => self.stage = Stage::Open(opened),
            LiveStep::Happened(happened, missed) => {
                self.missed = self.missed.saturating_add(missed);
                let Stage::Open(opened) = &self.stage else { return false };
                // Who looks at the newest goes on doing so.
                let follows = self.chosen + 1 >= self.entries.len();
                for happening in happened {
                    let entry = Entry::of(Arc::clone(&happening), opened);
                    if let Some(lane) = entry.lane {
                        self.travels.retain(|(other, _)| *other != lane);
                        self.travels.push((lane, 0));
                    }
                    if self.entries.len() >= KEPT {
                        self.entries.pop_front();
                        self.chosen = self.chosen.saturating_sub(1);
                    }
                    self.entries.push_back(entry);
                }
                if follows {
                    self.choose(self.entries.len().saturating_sub(1));
                }
                return !self.travels.is_empty();
            }
            LiveStep::Reread(_) => {}
        }
        false
    }

    /// Points at an entry.
    pub(super) fn choose(&mut self, entry: usize) {
        self.chosen = entry.min(self.entries.len().saturating_sub(1));
        self.scroll_to(Pane::Why, |_| 0);
        self.scroll_to(Pane::Log, |_| 0);
    }

    /// Scrolls a pane.
    pub(super) fn scroll_to(&mut self, pane: Pane, to: impl FnOnce(usize) -> usize) {
        if let Some(scroll) = self.scrolls.get_mut(pane.index()) {
            *scroll = to(*scroll);
        }
    }

    /// One beat further; whether anything still travels.
    pub(super) fn beat(&mut self) -> bool {
        for (_, beat) in &mut self.travels {
            *beat += 1;
        }
        self.travels.retain(|(_, beat)| *beat < BEATS);
        !self.travels.is_empty()
    }

    /// How far what is on a lane has travelled, in beats.
    pub(super) fn travelled(&self, lane: usize) -> usize {
        self.travels.iter().find(|(own, _)| *own == lane).map_or(BEATS, |(_, beat)| *beat)
    }
}
