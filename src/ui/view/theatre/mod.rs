//! The handshake theatre: where its panes are, and what lies in them.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use super::super::model::Model;
use super::super::theatre::{Page, Pairing, Pane, Show, Theatre};
use super::lines::paint_thumb;
use super::{Areas, Look, Target, areas, is_large_enough, look, rect};

mod bytes;
mod fields;
mod header;
mod keys;
mod ladder;
mod pick;
mod programme;
mod strip;
mod words;

/// From so many columns on, two ladders stand beside each other.
const TWO_LADDERS: u16 = 108;
/// From so many columns on, the ladder stays beside fields and bytes.
const THREE_PANES: u16 = 100;
/// From so many columns on, the fields stand beside the ladder from the beginning.
const WITH_FIELDS: u16 = 140;
/// From so many columns on there is room for two panes.
const TWO_PANES: u16 = 70;
/// Columns of the narrowest ladder, in which each name still stands whole.
const NARROW: u16 = 30;
/// Columns between two panes: a blank, the rule, a blank.
const GAP: u16 = 3;

/// What lies under a place of the theatre.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Spot {
    /// A line of a stage's ladder.
    Row(usize, usize),
    /// A line of the fields.
    Field(usize),
    /// A byte.
    Byte(usize),
    /// A key.
    Key(usize),
    /// A fault to compare with.
    Fault(usize),
    /// A connection of the list.
    Edge(usize),
    /// Elsewhere in a pane.
    Pane(Pane),
}

/// What is pointed at in a pane, how many lines it has and how many are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) struct Sight {
    /// The line that is pointed at.
    pub(in crate::ui) at: usize,
    /// All lines.
    pub(in crate::ui) count: usize,
    /// Those that are seen.
    pub(in crate::ui) rows: usize,
}

/// Where everything is.
#[derive(Debug, Default)]
struct Places {
    /// The ladders with their stages.
    ladders: Vec<(usize, Rect)>,
    fields: Option<Rect>,
    bytes: Option<Rect>,
    /// Where no more than one pane is: all of them.
    whole: Rect,
    /// The rule over the strip, and the strip.
    rule: Rect,
    strip: Rect,
}

/// Places the panes; the first row of each is its title.
fn places(show: &Show, body: Rect) -> Places {
    // A sentence takes more lines where they are short.
    let strip = if body.width < TWO_PANES || body.height >= 28 { 4 } else { 3 };
    let rows = body.height.saturating_sub(strip + 1);
    let whole = rect(body.x, body.y, body.width, rows);
    let mut places = Places {
        whole,
        rule: rect(body.x, body.y + rows, body.width, 1),
        strip: rect(body.x, body.y + rows + 1, body.width, strip),
        ..Places::default()
    };
    let columns = whole.width;
    let part = |x: u16, columns: u16| rect(whole.x + x, whole.y, columns, rows);
    let front = show.front;
    if show.open == Pane::Ladder && show.pairing.is_some() && columns >= TWO_LADDERS {
        let half = (columns - GAP) / 2;
        places.ladders = vec![(0, part(0, half)), (1, part(half + GAP, columns - half - GAP))];
        return places;
    }
    // The panes from left to right, each with the columns that it takes.
    let bytes = bytes::columns(columns);
    let panes: Vec<(Pane, u16)> = match show.open {
        Pane::Ladder | Pane::Fields if columns >= WITH_FIELDS => {
            vec![(Pane::Ladder, columns * 53 / 100), (Pane::Fields, 0)]
        }
        Pane::Ladder => vec![(Pane::Ladder, 0)],
        _ if columns < TWO_PANES => vec![(show.pane, 0)],
        Pane::Fields if columns < THREE_PANES => vec![(Pane::Ladder, NARROW), (Pane::Fields, 0)],
        Pane::Fields => vec![(Pane::Ladder, columns * 42 / 100), (Pane::Fields, 0)],
        Pane::Bytes if columns >= THREE_PANES => {
            let ladder = if columns >= WITH_FIELDS { 42 } else { NARROW };
            vec![(Pane::Ladder, ladder), (Pane::Fields, 0), (Pane::Bytes, bytes)]
        }
        Pane::Bytes if show.pane == Pane::Ladder => vec![(Pane::Ladder, NARROW), (Pane::Fields, 0)],
        Pane::Bytes => vec![(Pane::Fields, 0), (Pane::Bytes, bytes)],
    };
    let gaps = GAP * u16::try_from(panes.len().saturating_sub(1)).unwrap_or(0);
    let taken: u16 = panes.iter().map(|(_, columns)| *columns).sum();
    let rest = columns.saturating_sub(gaps + taken);
    let mut x = 0;
    for (pane, columns) in panes {
        let columns = if columns == 0 { rest } else { columns };
        let area = part(x, columns);
        match pane {
            Pane::Ladder => places.ladders.push((front, area)),
            Pane::Fields => places.fields = Some(area),
            Pane::Bytes => places.bytes = Some(area),
        }
        x += columns + GAP;
    }
    places
}

/// A pane without its title.
fn below(area: Rect) -> Rect {
    rect(area.x, area.y + 1, area.width, area.height.saturating_sub(1))
}

/// Whether two ladders stand beside each other.
pub(in crate::ui) fn is_wide(model: &Model) -> bool {
    is_large_enough(model.size) && areas(model.size).body.width >= TWO_LADDERS
}

/// How many bytes stand in a row.
pub(in crate::ui) fn bytes_in_row(model: &Model) -> usize {
    if !is_large_enough(model.size) {
        return bytes::in_row(0);
    }
    let body = areas(model.size).body;
    let show = model.theatre.as_ref().and_then(|theatre| theatre.show.as_ref());
    let area = show.and_then(|show| places(show, body).bytes);
    bytes::in_row(area.map_or(body.width, |area| area.width))
}

/// What is seen of each pane: the ladder (or the list, or the keys), the fields, the bytes.
pub(in crate::ui) fn sights(model: &Model) -> Option<[Sight; 3]> {
    if !is_large_enough(model.size) {
        return None;
    }
    let look = look(model);
    let body = areas(model.size).body;
    let none = Sight { at: 0, count: 0, rows: 0 };
    let theatre = model.theatre.as_ref()?;
    let Some(show) = &theatre.show else {
        let programme = theatre.programme.as_ref()?;
        return Some([programme::sight(programme, body, look), none, none]);
    };
    let places = places(show, body);
    let rows = |area: Option<Rect>| area.map_or(1, |area| usize::from(below(area).height));
    let first = match show.page {
        Page::Keys(at) => keys::sight(show, at, places.whole, look),
        Page::Ladder => Sight {
            at: show.chosen,
            count: show.rows.len(),
            rows: rows(places.ladders.first().map(|(_, area)| *area)),
        },
    };
    let fields = match show.message() {
        Some(_) => Sight { at: show.field, count: show.lines().len(), rows: rows(places.fields) },
        None => {
            let columns = places.fields.map_or(0, |area| area.width);
            let count = fields::told(show, usize::from(columns), look).lines.len();
            Sight { at: show.scrolls[1], count, rows: rows(places.fields) }
        }
    };
    let length = show.message().map_or(0, |(_, message)| message.bytes.len());
    let in_row = bytes::in_row(places.bytes.map_or(0, |area| area.width));
    let bytes = Sight { at: show.byte / in_row, count: length.div_ceil(in_row), rows: rows(places.bytes) };
    Some([first, fields, bytes])
}

/// Draws the theatre.
pub(super) fn draw(model: &Model, theatre: &Theatre, frame: &mut Frame<'_>, areas: Areas) {
    let look = look(model);
    let Some(show) = &theatre.show else {
        if let Some(programme) = &theatre.programme {
            programme::draw(programme, frame, areas, look);
        }
        return;
    };
    header::draw(show, frame, areas.header, look);
    let places = places(show, areas.body);
    if let Page::Keys(at) = show.page {
        keys::draw(show, at, frame, places.whole, look);
    } else {
        for (stage, area) in &places.ladders {
            ladder::draw(show, *stage, frame, *area, look);
        }
        if let Some(area) = places.fields {
            fields::draw(show, frame, area, look);
        }
        if let Some(area) = places.bytes {
            bytes::draw(show, frame, area, look);
        }
        rule(&places, frame, look);
    }
    strip::draw(show, frame, (places.rule, places.strip), look);
    if let Some(pick) = &show.pick {
        pick::draw(model, pick, frame, look);
    }
}

/// The rule between fields and bytes.
fn rule(places: &Places, frame: &mut Frame<'_>, look: Look) {
    // Beside a ladder its own lifeline is the rule.
    if let Some(area) = places.bytes.filter(|_| places.fields.is_some()) {
        for y in area.y..area.bottom() {
            let x = area.x.saturating_sub(2);
            frame.buffer_mut().set_string(x, y, look.theme.glyph.bar, look.theme.dim());
        }
    }
}

/// The title of a pane: bold, and marked where keys go to it.
fn title(frame: &mut Frame<'_>, area: Rect, text: &str, is_focus: bool, look: Look) {
    let theme = look.theme;
    let style = if is_focus { theme.focus() } else { theme.bold() };
    let lead = if is_focus { theme.glyph.pointer } else { " " };
    let text = crate::text::truncate(text, usize::from(area.width).saturating_sub(2));
    frame.buffer_mut().set_string(area.x, area.y, format!("{lead} {text}"), style);
}

/// The mark of where in the whole a pane is, in the column behind it.
fn thumb(frame: &mut Frame<'_>, area: Rect, count: usize, scroll: usize, look: Look) {
    paint_thumb(frame, area.right(), below(area), count, scroll, look);
}

/// What lies at a place.
pub(super) fn hit(model: &Model, theatre: &Theatre, at: Position) -> Target {
    let look = look(model);
    let body = areas(model.size).body;
    let spot = |spot: Option<Spot>| spot.map_or(Target::Nothing, Target::Theatre);
    let Some(show) = &theatre.show else {
        let programme = theatre.programme.as_ref();
        return spot(programme.and_then(|programme| programme::hit(programme, body, at, look)));
    };
    if let Some(pick) = &show.pick {
        return pick::hit(model, pick, at, look);
    }
    let places = places(show, body);
    if let Page::Keys(_) = show.page {
        return spot(keys::hit(show, places.whole, at, look));
    }
    let line = |area: Rect, scroll: usize| {
        below(area).contains(at).then(|| usize::from(at.y - below(area).y) + scroll)
    };
    let [first, second, third] = show.scrolls;
    for (stage, area) in places.ladders {
        if let Some(row) = line(area, first) {
            let is_there = row < show.shown && row < show.rows.len();
            let row = if is_there { Spot::Row(stage, row) } else { Spot::Pane(Pane::Ladder) };
            return Target::Theatre(row);
        }
    }
    if let Some((area, row)) = places.fields.and_then(|area| Some((area, line(area, second)?))) {
        let is_there = area.width > 0 && row < show.lines().len();
        return Target::Theatre(if is_there { Spot::Field(row) } else { Spot::Pane(Pane::Fields) });
    }
    if let Some((area, row)) = places.bytes.and_then(|area| Some((area, line(area, third)?))) {
        let byte = bytes::hit(show, area, row, at.x);
        return Target::Theatre(byte.map_or(Spot::Pane(Pane::Bytes), Spot::Byte));
    }
    Target::Nothing
}

/// Whether the differences of two runs are marked.
fn is_compared(show: &Show) -> bool {
    show.pairing == Some(Pairing::Runs)
}
