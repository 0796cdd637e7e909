//! The fault browser: the list of the catalogue, and one fault's page with what came of it.

use unicode_normalization::UnicodeNormalization;

use crate::fault::{Catalogue, Fault, Said};
use crate::lab::{Cancel, Edge, MatrixRow, Progress, Trial};
use crate::text::Language;

/// The longest filter, in characters.
const LONGEST_QUERY: usize = 60;
/// What a page shows: its words, the map, the certificate, the connection.
pub(super) const PANES: usize = 4;
/// The map among them.
pub(super) const MAP: usize = 1;

/// The fault browser.
#[derive(Debug)]
pub(super) struct Browser {
    /// The whole catalogue.
    pub(super) faults: Vec<Fault>,
    /// Those that the filter lets through, by their place.
    pub(super) shown: Vec<usize>,
    /// The filter.
    pub(super) query: String,
    /// Whether keys are letters of the filter.
    pub(super) typing: bool,
    /// The one that is pointed at, among those shown.
    pub(super) chosen: usize,
    /// The page that is open.
    pub(super) page: Option<Page>,
}

/// One fault's page.
#[derive(Debug)]
pub(super) struct Page {
    /// The fault's place in the catalogue.
    pub(super) fault: usize,
    /// The run whose outcome it waits for.
    pub(super) run: u64,
    /// The pane that the focus is on.
    pub(super) pane: usize,
    /// The pane beside the words.
    pub(super) side: usize,
    /// Lines that each pane is scrolled by.
    pub(super) scrolls: [usize; PANES],
    /// Who talks to whom.
    pub(super) edges: Vec<Edge>,
    /// What each connection came to while all is well, by its place among the edges.
    pub(super) healthy: Vec<Option<MatrixRow>>,
    /// The same with the fault.
    pub(super) broken: Vec<Option<MatrixRow>>,
    /// What the last whole run came to.
    pub(super) trial: Option<Box<Trial>>,
    /// How far it is.
    pub(super) state: TrialState,
}

/// How far a page's trial is.
#[derive(Debug, Clone)]
pub(super) enum TrialState {
    /// There is none: the lab cannot make this fault.
    Explained,
    /// It runs.
    Working {
        /// Raised to stop it.
        cancel: Cancel,
        /// Whether with the fault.
        is_broken: bool,
        /// How far the cluster is made.
        progress: Option<Progress>,
    },
    /// All is well.
    Healthy,
    /// The fault is made.
    Broken,
    /// It could not be done: one sentence.
    Failed(String),
}

impl Browser {
    /// The whole catalogue.
    pub(super) fn open() -> Self {
        // That the catalogue reads is held by a test.
        let catalogue = Catalogue::embedded().ok();
        let whole = |catalogue: &Catalogue| -> Vec<Fault> {
            // What a fault lists itself, then what else was recorded of it.
            let with_all =
                |fault: &Fault| {
                    let mut fault = fault.clone();
                    let recorded: Vec<Said> =
                        catalogue.messages_of(&fault).map(|message| message.said.clone()).collect();
                    let known = fault.says.clone();
                    fault.says.extend(recorded.into_iter().filter(|said| {
                        !known.iter().any(|one| one.who == said.who && one.text == said.text)
                    }));
                    fault
                };
            catalogue.faults.iter().map(with_all).collect()
        };
        let faults = catalogue.as_ref().map(whole).unwrap_or_default();
        let shown = (0..faults.len()).collect();
        Self { faults, shown, query: String::new(), typing: false, chosen: 0, page: None }
    }

    /// The fault that is pointed at: its place in the catalogue.
    pub(super) fn pointed(&self) -> Option<usize> {
        self.shown.get(self.chosen).copied()
    }

    /// Takes a letter; one that cannot be seen is none.
    pub(super) fn push(&mut self, c: char) {
        if !c.is_control() && self.query.chars().count() < LONGEST_QUERY {
            self.query.push(c);
            // Some terminals send a syllable in its parts.
            self.query = self.query.nfc().collect();
        }
    }

    /// Looks again for what holds all words of the filter: in the id, the title, what is
    /// wrong and what is printed.
    pub(super) fn renew(&mut self, language: Language) {
        let words: Vec<String> = self.query.split_whitespace().map(str::to_lowercase).collect();
        let has_all = |fault: &Fault| {
            let said: String =
                fault.says.iter().map(|said| format!("{} {}\n", said.who, said.text)).collect();
            let text =
                format!("{} {} {} {said}", fault.id, fault.title.get(language), fault.what.get(language));
            let text = text.to_lowercase();
            words.iter().all(|word| text.contains(word.as_str()))
        };
        let found = self.faults.iter().enumerate().filter(|(_, fault)| has_all(fault));
        self.shown = found.map(|(at, _)| at).collect();
        // Other faults may speak of the one whose id is asked for.
        let is_asked = |at: &usize| {
            self.faults.get(*at).is_some_and(|fault| fault.id.eq_ignore_ascii_case(self.query.trim()))
        };
        let asked = self.shown.iter().position(is_asked);
        self.chosen = asked.unwrap_or(self.chosen).min(self.shown.len().saturating_sub(1));
    }

    /// The fault whose page is open.
    pub(super) fn fault(&self) -> Option<&Fault> {
        self.faults.get(self.page.as_ref()?.fault)
    }
}

impl Page {
    /// A page before anything was tried.
    pub(super) fn of(fault: usize, run: u64, state: TrialState) -> Self {
        Self {
            fault,
            run,
            pane: 0,
            side: MAP,
            scrolls: [0; PANES],
            edges: Vec::new(),
            healthy: Vec::new(),
            broken: Vec::new(),
            trial: None,
            state,
        }
    }

    /// Whether there is more than words.
    pub(super) fn has_trial(&self) -> bool {
        !matches!(self.state, TrialState::Explained)
    }

    /// What a connection came to last.
    pub(super) fn row(&self, at: usize) -> Option<&MatrixRow> {
        let row = |rows: &'_ [Option<MatrixRow>]| rows.get(at).and_then(Option::as_ref).is_some();
        let rows = if row(&self.broken) { &self.broken } else { &self.healthy };
        rows.get(at).and_then(Option::as_ref)
    }

    /// Takes what a connection came to.
    pub(super) fn connected(&mut self, at: usize, row: MatrixRow) {
        let is_broken = matches!(self.state, TrialState::Working { is_broken: true, .. });
        let rows = if is_broken { &mut self.broken } else { &mut self.healthy };
        if rows.len() <= at {
            rows.resize(at + 1, None);
        }
        if let Some(kept) = rows.get_mut(at) {
            *kept = Some(row);
        }
    }

    /// Points at a pane.
    pub(super) fn show(&mut self, pane: usize) {
        self.pane = pane;
        if pane > 0 {
            self.side = pane;
        }
    }
}
