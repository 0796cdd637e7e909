//! The handshake theatre: what the screen knows of the connection that is shown in it.

use std::collections::HashMap;

use crate::lab::{Cancel, Edge, PlayRequest};
use crate::wire::{Fact, Field, Kind, Message, Transcript};

mod align;
mod show;
mod stage;

pub(super) use align::{Mark, Row};
pub(super) use stage::{Beat, Stage, content_type_name, is_fatal};

/// What can be done in the theatre alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// Show the connection that was just made, or the list of all.
    Open,
    /// Play the connection that is pointed at.
    Choose,
    /// Play, or stop playing.
    Play,
    /// So many beats further.
    Step(isize),
    /// One level deeper: a line, its fields, its bytes.
    Deeper,
    /// The pane beside; in the bytes, the byte beside.
    Aside(isize),
    /// Faster or slower.
    Speed(isize),
    /// As anyone on the way sees it, or as the peers do.
    Outside,
    /// TLS 1.2 beside 1.3.
    Versions,
    /// A healthy run beside a faulty one.
    Compare,
    /// The keys.
    Keys,
}

/// The theatre.
#[derive(Debug, Default)]
pub(super) struct Theatre {
    /// The connections to choose from.
    pub(super) programme: Option<Programme>,
    /// The one that is shown.
    pub(super) show: Option<Show>,
    /// The one that is being made.
    pub(super) waiting: Option<Waiting>,
}

/// The connections of the cluster.
#[derive(Debug, Default)]
pub(super) struct Programme {
    /// The run that brings them.
    pub(super) run: u64,
    /// Them.
    pub(super) edges: Vec<Edge>,
    /// The one that is pointed at.
    pub(super) chosen: usize,
    /// Lines that the list is scrolled by.
    pub(super) scroll: usize,
}

/// A connection that is being made.
#[derive(Debug)]
pub(super) struct Waiting {
    /// Its run.
    pub(super) run: u64,
    /// Raised to stop it.
    pub(super) cancel: Cancel,
    /// What is to be shown.
    pub(super) request: PlayRequest,
    /// Beside the one that is shown; alone if none.
    pub(super) pairing: Option<Pairing>,
}

/// Why two connections are shown beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pairing {
    /// They speak two versions of TLS.
    Versions,
    /// One of them is faulty, and their differences are marked.
    Runs,
}

/// The page that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    /// The messages.
    Ladder,
    /// The keys: which is pointed at.
    Keys(usize),
}

/// Where keys go, and how deep the chosen message is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pane {
    /// The messages, a line each.
    Ladder,
    /// The chosen one's fields.
    Fields,
    /// Its bytes.
    Bytes,
}

/// A fault to compare with, to be chosen.
#[derive(Debug)]
pub(super) struct Pick {
    /// Faults of this connection: id, and title in English and Korean.
    pub(super) faults: Vec<(String, [String; 2])>,
    /// The one that is pointed at.
    pub(super) chosen: usize,
}

/// A connection on the stage.
#[derive(Debug)]
pub(super) struct Show {
    /// It, and the one beside it.
    pub(super) stages: Vec<Stage>,
    /// How each can be made again; none if it came from elsewhere.
    pub(super) requests: Vec<Option<PlayRequest>>,
    /// Why there are two.
    pub(super) pairing: Option<Pairing>,
    /// The one that keys are about.
    pub(super) front: usize,
    /// Whether it is seen as anyone on the way sees it.
    pub(super) outside: bool,
    /// What stands beside each other, line by line.
    pub(super) rows: Vec<Row>,
    /// The line that is pointed at.
    pub(super) chosen: usize,
    /// How many lines have been played.
    pub(super) shown: usize,
    /// The run of the next beat, while it plays.
    pub(super) clock: Option<u64>,
    /// Which of [`SPEEDS`].
    pub(super) speed: usize,
    /// The page.
    pub(super) page: Page,
    /// How deep the chosen message is opened.
    pub(super) open: Pane,
    /// Where keys go.
    pub(super) pane: Pane,
    /// The field, or what follows from them, that is pointed at.
    pub(super) field: usize,
    /// The byte that is pointed at.
    pub(super) byte: usize,
    /// Lines that each pane is scrolled by.
    pub(super) scrolls: [usize; 3],
    /// The fields of the chosen message that are not the same in the other run, by their
    /// place in the outline, and what stands there.
    pub(super) differs: HashMap<usize, Option<String>>,
    /// A fault to compare with is being chosen.
    pub(super) pick: Option<Pick>,
}

/// How many times slower than it was it is played.
pub(super) const SPEEDS: [u32; 5] = [4000, 2000, 1000, 500, 250];

/// A line of the fields.
#[derive(Debug, Clone, Copy)]
pub(super) enum Line<'a> {
    /// A field, how deep it lies and its place in the outline.
    Field(usize, &'a Field, usize),
    /// What follows from the message.
    Fact(&'a Fact),
}

/// A message's name as the RFCs' prose writes it: `ClientHello`.
pub(super) fn message_name(kind: Kind) -> String {
    let mut name = String::new();
    for word in kind.name().split('_') {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

/// The messages that a key protected, by their places.
pub(super) fn messages_under(transcript: &Transcript, records: &[usize]) -> Vec<usize> {
    let is_in = |message: &Message| message.pieces.iter().any(|piece| records.contains(&piece.record));
    let messages = transcript.messages.iter().enumerate();
    messages.filter(|(_, message)| is_in(message)).map(|(at, _)| at).collect()
}
