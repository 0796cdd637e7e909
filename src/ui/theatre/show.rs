//! How a show goes: what stands on which line, what is pointed at, and when the next line
//! is due.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::align::{self, Row, differences};
use super::{Beat, Line, Page, Pairing, Pane, SPEEDS, Show, Stage};
use crate::lab::{Play, PlayRequest, Tls, Variant};
use crate::wire::{Field, Kind, Message};

/// The speed at first.
const FIRST_SPEED: usize = 2;
/// No beat comes sooner than this or later than that after the one before, at the first
/// speed: what came in one record would not be seen one by one, and a pause would bore.
const GAPS: (Duration, Duration) = (Duration::from_millis(350), Duration::from_millis(1800));

impl Show {
    /// A connection, before it has been played.
    pub(in crate::ui) fn new(play: Arc<Play>, request: Option<PlayRequest>) -> Self {
        let mut show = Self {
            stages: vec![Stage::new(play)],
            requests: vec![request],
            pairing: None,
            front: 0,
            outside: false,
            rows: Vec::new(),
            chosen: 0,
            shown: 1,
            clock: None,
            speed: FIRST_SPEED,
            page: Page::Ladder,
            open: Pane::Ladder,
            pane: Pane::Ladder,
            field: 0,
            byte: 0,
            scrolls: [0; 3],
            differs: HashMap::new(),
            pick: None,
        };
        show.lay();
        show
    }

    /// Puts another connection beside it.
    pub(in crate::ui) fn beside(&mut self, pairing: Pairing, play: Arc<Play>, request: PlayRequest) {
        self.alone();
        self.stages.push(Stage::new(play));
        self.requests.push(Some(request));
        self.pairing = Some(pairing);
        let anchor = self.anchor();
        self.lay();
        self.point_at(anchor);
        self.shown = self.rows.len();
    }

    /// Takes the other one away.
    pub(in crate::ui) fn alone(&mut self) {
        let was_whole = self.shown >= self.rows.len();
        let anchor = self.anchor();
        if self.front > 0 {
            self.front = 0;
        }
        self.stages.truncate(1);
        self.requests.truncate(1);
        self.pairing = None;
        self.lay();
        self.point_at(anchor);
        if was_whole {
            self.shown = self.rows.len();
        }
    }

    /// Lays out the lines anew.
    fn lay(&mut self) {
        let count = |stage: &Stage| stage.beats(self.outside).len();
        self.rows = match (self.stages.as_slice(), self.pairing) {
            ([first, second, ..], Some(Pairing::Runs)) => align::aligned(first, second, self.outside),
            ([first, second, ..], _) => align::beside(count(first), count(second)),
            ([first], _) => align::single(count(first)),
            ([], _) => Vec::new(),
        };
        self.shown = self.shown.clamp(1, self.rows.len().max(1));
        self.choose(self.chosen);
    }

    /// Changes between what anyone on the way sees and what the peers do, at the same place
    /// of the wire.
    pub(in crate::ui) fn turn(&mut self) {
        let is_whole = self.shown >= self.rows.len();
        let here = self.stages.first().and_then(|stage| {
            let (_, message) = self.message()?;
            let record = message.pieces.first()?.record;
            let other = stage.messages(!self.outside);
            other.iter().position(|message| message.pieces.iter().any(|piece| piece.record == record))
        });
        self.outside = !self.outside;
        self.lay();
        let beats = self.stages.get(self.front).map(|stage| stage.beats(self.outside)).unwrap_or_default();
        let beat = here.and_then(|at| beats.iter().position(|beat| *beat == Beat::Message(at)));
        self.point_at(beat);
        if is_whole {
            self.shown = self.rows.len();
        }
    }

    /// The beat that is pointed at, by its place in the front stage.
    fn anchor(&self) -> Option<usize> {
        self.rows.get(self.chosen)?.beats.get(self.front).copied().flatten()
    }

    fn point_at(&mut self, beat: Option<usize>) {
        let front = self.front;
        let is_it = |row: &Row| beat.is_some() && row.beats.get(front).copied().flatten() == beat;
        let at = self.rows.iter().position(is_it).unwrap_or(self.chosen);
        self.shown = self.shown.max(at + 1).min(self.rows.len().max(1));
        self.choose(at);
    }

    /// Points at a line, at its message's beginning.
    pub(in crate::ui) fn choose(&mut self, row: usize) {
        self.chosen = row.min(self.shown.saturating_sub(1)).min(self.rows.len().saturating_sub(1));
        (self.field, self.byte) = (0, 0);
        (self.scrolls[1], self.scrolls[2]) = (0, 0);
        let both = self.message().map(|(_, message)| message).zip(self.twin());
        self.differs = both.map(|(message, twin)| differences(message, twin)).unwrap_or_default();
        // What the step of a comparison is about is pointed at from the beginning.
        let first = self.differs.keys().copied().filter(|at| *at < usize::MAX).min();
        if let Some(first) = first {
            self.choose_field(first);
        }
    }

    /// What stands on a line: the stage and the beat, the front's before the other's.
    pub(in crate::ui) fn beat(&self, row: usize) -> Option<(usize, Beat)> {
        let row = self.rows.get(row)?;
        [self.front, 1 - self.front.min(1)].into_iter().find_map(|stage| {
            let at = row.beats.get(stage).copied().flatten()?;
            let beats = self.stages.get(stage)?;
            let beat = if self.outside { Beat::Message(at) } else { *beats.beats.get(at)? };
            Some((stage, beat))
        })
    }

    /// The beat of a stage on a line.
    pub(in crate::ui) fn beat_of(&self, stage: usize, row: usize) -> Option<Beat> {
        let at = self.rows.get(row)?.beats.get(stage).copied().flatten()?;
        let known = self.stages.get(stage)?;
        if self.outside { Some(Beat::Message(at)) } else { known.beats.get(at).copied() }
    }

    /// The message that is pointed at, and its stage.
    pub(in crate::ui) fn message(&self) -> Option<(usize, &Message)> {
        self.message_on(self.chosen)
    }

    /// The message of a line.
    fn message_on(&self, row: usize) -> Option<(usize, &Message)> {
        let (stage, beat) = self.beat(row)?;
        let Beat::Message(at) = beat else { return None };
        Some((stage, self.stages.get(stage)?.messages(self.outside).get(at)?))
    }

    /// The message in the other run that answers to the one that is pointed at.
    pub(in crate::ui) fn twin(&self) -> Option<&Message> {
        if self.pairing != Some(Pairing::Runs) {
            return None;
        }
        let (stage, _) = self.beat(self.chosen)?;
        let other = 1 - stage.min(1);
        let Beat::Message(at) = self.beat_of(other, self.chosen)? else { return None };
        self.stages.get(other)?.messages(self.outside).get(at)
    }

    /// The certificate that is pointed at, or the first of the chosen message; and whose it is.
    pub(in crate::ui) fn certificate(&self) -> Option<(String, &[u8])> {
        let (stage, message) = self.message()?;
        let at_cursor = self.field().and_then(|field| message.certificate_at(field.range.start));
        let der = at_cursor.or_else(|| message.certificates().into_iter().next())?;
        Some((self.stages.get(stage)?.name(message.from).to_owned(), der))
    }

    /// The lines of the chosen message's fields.
    pub(in crate::ui) fn lines(&self) -> Vec<Line<'_>> {
        let Some((_, message)) = self.message() else { return Vec::new() };
        let fields = message.outline().into_iter().enumerate();
        let fields = fields.map(|(at, (depth, field))| Line::Field(depth, field, at));
        fields.chain(message.facts.iter().map(Line::Fact)).collect()
    }

    /// The field that is pointed at.
    pub(in crate::ui) fn field(&self) -> Option<&Field> {
        let (_, message) = self.message()?;
        message.outline().get(self.field).map(|(_, field)| *field)
    }

    /// Points at a field, and so at its first byte.
    pub(in crate::ui) fn choose_field(&mut self, field: usize) {
        self.field = field.min(self.lines().len().saturating_sub(1));
        if let Some(found) = self.field() {
            self.byte = found.range.start;
        }
    }

    /// Points at a byte, and so at the innermost field around it.
    pub(in crate::ui) fn choose_byte(&mut self, byte: usize) {
        let Some((_, message)) = self.message() else { return };
        let byte = byte.min(message.bytes.len().saturating_sub(1));
        let innermost = message.around(byte).last().map(|field| std::ptr::from_ref::<Field>(field));
        let outline = message.outline();
        let at = outline.iter().position(|(_, field)| Some(std::ptr::from_ref::<Field>(field)) == innermost);
        (self.byte, self.field) = (byte, at.unwrap_or(self.field));
    }

    /// Opens the chosen line one level deeper; whether there was one.
    pub(in crate::ui) fn deepen(&mut self) -> bool {
        let has_bytes = self.message().is_some();
        let next = match self.pane {
            Pane::Ladder => Pane::Fields,
            Pane::Fields if has_bytes => Pane::Bytes,
            Pane::Fields | Pane::Bytes => return false,
        };
        self.pane = next;
        self.open = self.open.max(next);
        true
    }

    /// Closes the deepest level; whether there was one.
    pub(in crate::ui) fn close(&mut self) -> bool {
        let before = match self.open {
            Pane::Ladder => return false,
            Pane::Fields => Pane::Ladder,
            Pane::Bytes => Pane::Fields,
        };
        self.open = before;
        self.pane = self.pane.min(before);
        true
    }

    /// When the next line is due after the last one that is shown; none at the end.
    pub(in crate::ui) fn gap(&self) -> Option<Duration> {
        if self.shown >= self.rows.len() {
            return None;
        }
        let at = |row: usize| {
            let before = (0..=row).rev().find_map(|row| self.message_on(row));
            before.map_or(Duration::ZERO, |(_, message)| message.at)
        };
        let real = at(self.shown).saturating_sub(at(self.shown.saturating_sub(1)));
        let slower = SPEEDS.get(self.speed).copied().unwrap_or(1000);
        let first = SPEEDS.get(FIRST_SPEED).copied().unwrap_or(1000);
        let bound = |gap: Duration| gap * slower / first.max(1);
        Some(real.saturating_mul(slower).clamp(bound(GAPS.0), bound(GAPS.1)))
    }

    /// The version of TLS that a stage speaks, as a request names it.
    pub(in crate::ui) fn tls(&self, stage: usize) -> Tls {
        let is_12 = self.stages.get(stage).is_some_and(|stage| !stage.is_13());
        if is_12 { Tls::Tls12 } else { Tls::Tls13 }
    }

    /// Whether the connection on a stage is known to be healthy.
    pub(in crate::ui) fn is_healthy(&self, stage: usize) -> bool {
        match self.requests.get(stage).and_then(Option::as_ref).map(|known| &known.variant) {
            Some(Variant::Fault(_)) => false,
            Some(Variant::Healthy) => true,
            _ => self.stages.get(stage).is_some_and(|stage| !stage.play.is_refused() && is_answered(stage)),
        }
    }
}

/// Whether the request was answered otherwise than with a refusal.
fn is_answered(stage: &Stage) -> bool {
    let data = stage.transcript.messages.iter().filter(|message| message.kind == Kind::ApplicationData);
    let mut answers = data.filter(|message| message.from == crate::wire::Side::Server);
    answers.next().is_some_and(|message| message.bytes.get(9..10).is_some_and(|status| status == b"2"))
}
