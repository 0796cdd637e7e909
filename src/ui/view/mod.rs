//! Drawing: the model in, a frame out. One file for each region of the screen.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use crate::lab::Panel;
use crate::text::Language;

use super::commands::Command;
use super::model::{Focus, Model};
use super::overlay::Overlay;
use super::theme::Theme;

mod artifact;
mod chain;
mod cluster;
mod commands;
mod connection;
mod decisive;
mod diff;
mod drawing;
mod fault;
mod faults;
mod file;
mod find;
mod footer;
mod glossary;
mod header;
mod help;
mod home;
mod inspector;
mod ladder;
mod lines;
mod live;
mod map;
mod markdown;
mod panes;
mod popup;
mod request;
mod seal;
mod step;
mod terminal;
mod theatre;
mod too_small;
mod trust;
mod verdict;
mod verifiers;

pub(super) use decisive::{decisive_line, fault_decisive, fault_ends, has_decisive};
pub(super) use inspector::{InspectorSpot, inspector_end, inspector_room};

use decisive::fault_page;
use lines::Body;
pub(super) use live::{Spot as LiveSpot, ends as live_ends};
pub(super) use theatre::{
    Sight, Spot, bytes_in_row as theatre_bytes_in_row, is_wide as theatre_is_wide, sights as theatre_sights,
};

/// The smallest screen that holds everything: columns and rows.
pub(super) const MINIMUM: (u16, u16) = (60, 20);
/// From here on, text and panel stand side by side.
const SIDE_BY_SIDE: u16 = 80;
/// Wider than this helps nobody; the rest is margin.
const WIDEST: u16 = 168;
/// The widest running text.
const WIDEST_TEXT: u16 = 76;

/// What lies under a place of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// A lesson of the list.
    Lesson(usize),
    /// A choice of the question.
    Choice(usize),
    /// The tab of a panel.
    Panel(usize),
    /// The tab of a tool.
    Tool(usize),
    /// A panel, away from what can be chosen in it.
    Slot(usize),
    /// A place that was found.
    Found(usize),
    /// A fault of the list.
    Fault(usize),
    /// The tab of a fault's pane.
    FaultTab(usize),
    /// A pane of a fault's page.
    FaultPane(usize),
    /// Something in the inspector.
    Inspect(InspectorSpot),
    /// A command of the footer.
    Command(Command),
    /// Something of the theatre.
    Theatre(Spot),
    /// Something of the cluster alive.
    Live(LiveSpot),
    /// Beside what lies over the rest.
    Outside,
    /// Elsewhere in a pane.
    Pane(Focus),
    /// Nothing.
    Nothing,
}

impl Target {
    /// The pane that it belongs to.
    pub(super) fn pane(self) -> Option<Focus> {
        match self {
            Self::Pane(focus) => Some(focus),
            Self::Choice(_) => Some(Focus::Text),
            Self::Panel(_) | Self::Slot(_) | Self::Tool(_) => Some(Focus::Panel),
            Self::Lesson(_)
            | Self::Found(_)
            | Self::Theatre(_)
            | Self::Live(_)
            | Self::Fault(_)
            | Self::FaultTab(_)
            | Self::FaultPane(_)
            | Self::Inspect(_)
            | Self::Command(_)
            | Self::Outside
            | Self::Nothing => None,
        }
    }
}

/// What every region needs.
#[derive(Debug, Clone, Copy)]
struct Look {
    theme: Theme,
    language: Language,
}

impl Look {
    fn pick(self, en: &'static str, ko: &'static str) -> &'static str {
        self.language.pick(en, ko)
    }
}

fn look(model: &Model) -> Look {
    Look { theme: model.theme, language: model.language }
}

/// The screen's regions.
#[derive(Debug, Clone, Copy)]
struct Areas {
    header: Rect,
    body: Rect,
    notice: Rect,
    footer: Rect,
}

/// A rectangle that cannot lie outside: sides are clipped to the screen's.
fn rect(x: u16, y: u16, columns: u16, rows: u16) -> Rect {
    Rect { x, y, width: columns, height: rows }
}

/// Whether the screen is large enough.
fn is_large_enough((columns, rows): (u16, u16)) -> bool {
    columns >= MINIMUM.0 && rows >= MINIMUM.1
}

fn areas((columns, rows): (u16, u16)) -> Areas {
    let margin = match columns {
        0..100 => 1,
        100..140 => 2,
        _ => columns.saturating_sub(WIDEST) / 2,
    }
    .max(if columns < 100 { 1 } else { 2 });
    let inner = columns.saturating_sub(2 * margin);
    let air = u16::from(rows >= 24);
    let top = if rows >= 40 { 1 } else { 0 };
    let body = top + 2 + air;
    let end = rows.saturating_sub(2 + top);
    Areas {
        header: rect(margin, top, inner, 2),
        body: rect(margin, body, inner, end.saturating_sub(body)),
        notice: rect(margin, end, inner, 1),
        footer: rect(margin, end + 1, inner, 1),
    }
}

/// Draws everything.
pub(super) fn view(model: &Model, frame: &mut Frame<'_>) {
    draw(model, frame);
    if model.theme.is_ascii() {
        for cell in &mut frame.buffer_mut().content {
            if let Some((_, plain)) = IN_ASCII.iter().find(|(glyph, _)| *glyph == cell.symbol()) {
                cell.set_symbol(plain);
            }
        }
    }
}

/// Glyphs that words of the lessons may hold, for terminals that want ASCII.
const IN_ASCII: [(&str, &str); 8] =
    [("…", "."), ("·", "."), ("→", ">"), ("←", "<"), ("—", "-"), ("–", "-"), ("×", "x"), ("≠", "!")];

fn draw(model: &Model, frame: &mut Frame<'_>) {
    let size = (frame.area().width, frame.area().height);
    if !is_large_enough(size) {
        too_small::draw(model, frame);
        return;
    }
    let areas = areas(size);
    if let Some(inspector) = &model.inspector {
        inspector::draw(model, inspector, frame, areas);
    } else if let Some(live) = &model.live {
        live::draw(model, live, frame, areas);
    } else if let Some(theatre) = &model.theatre {
        theatre::draw(model, theatre, frame, areas);
    } else if let Some(browser) = &model.browser {
        match &browser.page {
            Some(page) => fault::draw(model, browser, page, frame, areas),
            None => faults::draw(model, browser, frame, areas),
        }
    } else if model.study.is_some() {
        header::draw(model, frame, areas.header);
        panes::draw(model, frame, areas.body);
    } else {
        home::draw(model, frame, areas);
    }
    footer::draw(model, frame, areas.notice, areas.footer);
    match &model.overlay {
        Some(Overlay::Find(find)) => find::draw(model, find, frame),
        Some(Overlay::Glossary(terms)) => glossary::draw(model, terms, frame),
        None => {}
    }
    if model.help.is_some() {
        help::draw(model, frame);
    }
}

/// Where the next letter goes, while letters are typed.
pub(super) fn cursor(model: &Model) -> Option<Position> {
    if model.help.is_some() || !is_large_enough(model.size) {
        return None;
    }
    if let (None, Some(inspector)) = (&model.overlay, &model.inspector) {
        return inspector::cursor(inspector, areas(model.size).notice);
    }
    match (&model.overlay, &model.browser) {
        (Some(Overlay::Find(find)), _) => find::cursor(model, find),
        (None, Some(browser)) if browser.page.is_none() => faults::cursor(model, browser, areas(model.size)),
        _ => None,
    }
}

/// Where scrolling the glossary ends.
pub(super) fn glossary_end(model: &Model) -> usize {
    if is_large_enough(model.size) { glossary::end(model) } else { usize::MAX }
}

/// Where scrolling a panel ends.
pub(super) fn panel_end(model: &Model, panel: usize) -> usize {
    if !is_large_enough(model.size) {
        return usize::MAX;
    }
    let panes = panes::layout(model, areas(model.size).body);
    let slot = panes::slots(model, panes).into_iter().find(|slot| slot.panel == panel);
    slot.map_or(0, |slot| slot.end())
}

/// Where scrolling ends, in lines, for each pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct ScrollEnds {
    /// The step's text.
    pub(super) text: usize,
    /// The shown panel.
    pub(super) panel: usize,
    /// The help.
    pub(super) help: usize,
}

/// Where scrolling ends now.
pub(super) fn scroll_ends(model: &Model) -> ScrollEnds {
    if !is_large_enough(model.size) {
        // Nothing is drawn: keep every position for when the window is large again.
        return ScrollEnds { text: usize::MAX, panel: usize::MAX, help: usize::MAX };
    }
    let (text, panel) = pane_ends(model);
    ScrollEnds { text, panel, help: if model.help.is_some() { help::scroll_end(model) } else { 0 } }
}

/// Where scrolling ends in the step's text and in its panel.
fn pane_ends(model: &Model) -> (usize, usize) {
    match &model.study {
        Some(study) => (text_end(model), panel_end(model, study.panel)),
        None => (0, 0),
    }
}

fn text_end(model: &Model) -> usize {
    let pane = panes::layout(model, areas(model.size).body).text;
    step::body(model, pane.width).lines.len().saturating_sub(usize::from(pane.height))
}

/// Whether what the focus is on is longer than its place.
pub(super) fn can_scroll(model: &Model) -> bool {
    if let Some((_, page)) = fault_page(model) {
        return fault_ends(model).get(page.pane).is_some_and(|end| *end > 0);
    }
    match &model.study {
        Some(study) if study.focus == Focus::Text => text_end(model) > 0,
        Some(study) => panel_end(model, study.panel) > 0,
        None => false,
    }
}

/// The rows of the pane that the focus is on.
pub(super) fn page(model: &Model) -> usize {
    let body = areas(model.size).body;
    if let Some(inspector) =
        model.inspector.as_ref().filter(|_| model.help.is_none() && model.overlay.is_none())
    {
        return inspector::rows(inspector, body);
    }
    if let Some((_, page)) = fault_page(model) {
        return usize::from(fault::rows(model, page, body));
    }
    let rows = match &model.study {
        Some(study) if model.help.is_none() && model.overlay.is_none() => {
            let panes = panes::layout(model, body);
            let slots = if study.focus == Focus::Panel { panes::slots(model, panes) } else { Vec::new() };
            let slot = slots.into_iter().find(|slot| slot.panel == study.panel);
            slot.map_or(panes.text.height, |slot| slot.area.height)
        }
        _ => body.height,
    };
    usize::from(rows)
}

/// First and last line of what was said of the step's outcome, and the rows there are.
pub(super) fn outcome_lines(model: &Model) -> (Option<(usize, usize)>, usize) {
    let pane = panes::layout(model, areas(model.size).body).text;
    let body = step::body(model, pane.width);
    (body.outcome.map(|first| (first, body.lines.len())), usize::from(pane.height))
}

/// First and last line of the choice that is pointed at.
pub(super) fn choice_lines(model: &Model) -> Option<(usize, usize)> {
    let pane = panes::layout(model, areas(model.size).body).text;
    let cursor = model.study.as_ref()?.cursor;
    let body = step::body(model, pane.width);
    let mut lines =
        body.hits.iter().filter(|(_, _, target)| *target == Target::Choice(cursor)).map(|hit| hit.0);
    let first = lines.next()?;
    Some((first, lines.next_back().unwrap_or(first)))
}

/// What lies at a place of the last frame.
pub(super) fn hit(model: &Model, column: u16, row: u16) -> Target {
    if !is_large_enough(model.size) {
        return Target::Nothing;
    }
    let areas = areas(model.size);
    if areas.footer.contains(Position { x: column, y: row }) {
        return footer::hit(model, areas.footer, column);
    }
    if model.help.is_some() {
        return if help::contains(model, column, row) { Target::Nothing } else { Target::Outside };
    }
    match &model.overlay {
        Some(Overlay::Find(find)) => return find::hit(model, find, column, row),
        Some(Overlay::Glossary(terms)) if glossary::contains(model, terms, column, row) => {
            return Target::Nothing;
        }
        Some(Overlay::Glossary(_)) => return Target::Outside,
        None => {}
    }
    if let Some(inspector) = &model.inspector {
        return inspector::hit(model, inspector, areas.body, column, row);
    }
    if let Some(live) = &model.live {
        return live::hit(model, live, areas, Position { x: column, y: row });
    }
    if let Some(theatre) = &model.theatre {
        return theatre::hit(model, theatre, Position { x: column, y: row });
    }
    if let Some(browser) = &model.browser {
        match &browser.page {
            Some(page) => fault::hit(model, page, areas.body, column, row),
            None => faults::hit(model, browser, areas, column, row),
        }
    } else if model.study.is_some() {
        panes::hit(model, areas.body, column, row)
    } else {
        home::hit(model, areas, column, row)
    }
}

/// A panel in lines of this width; the rows there are decide how much is drawn.
fn panel_body(panel: &Panel, tool: usize, (columns, rows): (u16, u16), look: Look) -> Body {
    let (columns, rows) = (usize::from(columns), usize::from(rows));
    match panel {
        Panel::Commands(tools) => commands::body(tools, tool, columns, look),
        Panel::Artifact(artifact) => artifact::body(artifact, columns, look),
        Panel::Connection(connection) => connection::body(connection, columns, look),
        Panel::Cluster(edges) if columns >= map::LEAST.0 && rows >= map::LEAST.1 => {
            map::body(edges, &[], columns, look)
        }
        Panel::Cluster(edges) => cluster::edges(edges, columns, look),
        Panel::Kinds(kinds) => cluster::kinds(kinds, columns, look),
        Panel::Chain(rungs) => chain::body(rungs, columns, look),
        Panel::File(view) => file::body(view, columns, look),
        Panel::Trust(holders) => trust::body(holders, columns, look),
        Panel::Terminal(view) => terminal::body(view, columns, look),
        Panel::Request(view) => request::body(view, columns, look),
    }
}

/// The column of the rule between the panes, and its rows.
#[cfg(test)]
pub(super) fn rule(model: &Model) -> Option<(u16, std::ops::Range<u16>)> {
    model.study.as_ref()?;
    let body = areas(model.size).body;
    panes::layout(model, body).rule.map(|x| (x, body.y..body.bottom()))
}
