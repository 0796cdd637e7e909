//! The cluster alive: where its panes are, and what lies in them.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::super::live::{Live, Pane, Stage};
use super::super::model::Model;
use super::lines::{Body, paint, paint_thumb};
use super::{Areas, Look, Target, areas, header, is_large_enough, look, rect};
use crate::text::{truncate, width};

mod asks;
mod lanes;
mod list;
mod matrix;
mod why;

/// From so many columns on, all panes are seen.
const ALL_PANES: u16 = 100;
/// Rows of the strip below a pane that is alone.
const STRIP: u16 = 3;
/// Columns between two panes: a blank, the rule, a blank.
const GAP: u16 = 3;

/// What lies under a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Spot {
    /// A pane.
    Pane(Pane),
    /// Something that happened.
    Entry(usize),
    /// A lane of the map.
    Lane(usize),
    /// A request to play.
    Ask(usize),
    /// The line to paste.
    Line,
    /// A cell of the permission matrix.
    Cell(usize, usize),
}

/// A pane and its place, its title's row left out.
type Place = (Pane, Rect);

/// Where everything is.
struct Places {
    /// The panes that are seen, with the row of the title above each.
    panes: Vec<Place>,
    /// The row of tabs, where one pane is seen.
    tabs: Option<Rect>,
    /// The rule over the strip, and the strip, where one pane is seen.
    strip: Option<(Rect, Rect)>,
    /// The column of the rule between the panes.
    rule: Option<u16>,
}

fn places(live: &Live, body: Rect) -> Places {
    if body.width < ALL_PANES {
        let columns = body.width.saturating_sub(1);
        let tabs = Some(rect(body.x, body.y, body.width, 1));
        if matches!(live.pane, Pane::Why | Pane::Log) {
            // They say more than the strip would.
            let pane = rect(body.x, body.y + 2, columns, body.height.saturating_sub(2));
            return Places { panes: vec![(live.pane, pane)], tabs, strip: None, rule: None };
        }
        let rows = body.height.saturating_sub(STRIP + 3);
        // One column is left for the mark of where in the whole it is.
        let pane = rect(body.x, body.y + 2, columns, rows);
        let rule = rect(body.x, body.bottom().saturating_sub(STRIP + 1), body.width, 1);
        return Places {
            panes: vec![(live.pane, pane)],
            tabs,
            strip: Some((rule, rect(body.x, rule.y + 1, body.width, STRIP))),
            rule: None,
        };
    }
    let left = (body.width - GAP) * 54 / 100;
    let right = body.width - GAP - left;
    let wanted = u16::try_from(lanes::rows(live)).unwrap_or(u16::MAX) + 1;
    let map = wanted.min((body.height * 3 / 4).max(8)).min(body.height.saturating_sub(5));
    let log = (body.height / 4).clamp(6, 16);
    let x = body.x + left + GAP;
    let below = |x: u16, y: u16, columns: u16, rows: u16| {
        rect(x, y + 1, columns.saturating_sub(1), rows.saturating_sub(1))
    };
    Places {
        panes: vec![
            (Pane::Map, below(body.x, body.y, left, map)),
            (Pane::List, below(body.x, body.y + map + 1, left, body.height.saturating_sub(map + 1))),
            (Pane::Why, below(x, body.y, right, body.height.saturating_sub(log + 1))),
            (Pane::Log, below(x, body.bottom().saturating_sub(log), right, log)),
        ],
        tabs: None,
        strip: None,
        rule: Some(body.x + left + 1),
    }
}

fn title(pane: Pane, look: Look) -> &'static str {
    match pane {
        Pane::Map => look.pick("Who calls whom", "누가 누구를 부르나"),
        Pane::List => look.pick("Requests", "요청"),
        Pane::Why => look.pick("Who, and why", "누구이고 왜"),
        Pane::Log => look.pick("Log, audit", "로그와 감사"),
    }
}

fn content(live: &Live, (pane, area): Place, is_alone: bool, look: Look) -> Body {
    let columns = usize::from(area.width);
    match pane {
        Pane::Map => lanes::body(live, is_alone, columns, look),
        Pane::List => list::body(live, columns, look),
        Pane::Why => why::body(live, columns, look),
        Pane::Log => why::log(live, columns, look),
    }
}

/// Where a pane's window begins and ends, in lines scrolled by: the least and the most.
fn window(live: &Live, pane: Pane, body: &Body, rows: usize) -> (usize, usize) {
    let most = body.lines.len().saturating_sub(rows);
    let seen = match pane {
        // What is pointed at is seen.
        Pane::List => body.hits.iter().find(|(.., target)| *target == Target::Live(Spot::Entry(live.chosen))),
        Pane::Map => {
            let lane = live.entry().and_then(|entry| entry.lane);
            body.hits
                .iter()
                .find(|(.., target)| lane.is_some_and(|lane| *target == Target::Live(Spot::Lane(lane))))
        }
        Pane::Why | Pane::Log => return (0, most),
    };
    match seen {
        Some((line, ..)) => ((line + 1).saturating_sub(rows), (*line).min(most)),
        None => (0, 0),
    }
}

/// How far each pane may be scrolled: the least and the most, in lines.
pub(in crate::ui) fn ends(model: &Model) -> Option<[(usize, usize); 4]> {
    let live = model.live.as_ref()?;
    if !is_large_enough(model.size) {
        return None;
    }
    let look = look(model);
    let places = places(live, areas(model.size).body);
    // A pane that is not seen stays where it is.
    let mut ends = live.scrolls.map(|scroll| (scroll, scroll));
    let is_alone = places.tabs.is_some();
    for (pane, area) in places.panes {
        let body = content(live, (pane, area), is_alone, look);
        if let Some(end) = ends.get_mut(pane.index()) {
            *end = window(live, pane, &body, usize::from(area.height));
        }
    }
    Some(ends)
}

/// Draws it.
pub(super) fn draw(model: &Model, live: &Live, frame: &mut Frame<'_>, areas: Areas) {
    let look = look(model);
    let theme = look.theme;
    let state = match &live.stage {
        Stage::Making(_) => Line::styled(look.pick("starting", "시작하는 중"), theme.mark()),
        Stage::Open(opened) => Line::from(vec![
            Span::styled(format!("{} ", theme.glyph.started), theme.pass()),
            Span::styled(format!("https://{}", opened.address), theme.code()),
        ]),
        Stage::Failed(_) => Line::styled(look.pick("stopped", "멈춤"), theme.fail()),
    };
    let name = if live.matrix.is_some() {
        look.pick("Who may do what", "누가 무엇을 할 수 있나")
    } else {
        look.pick("The cluster alive", "살아 있는 클러스터")
    };
    header::place(model, frame, areas.header, name, state, (usize::from(live.opened().is_some()), 1));
    match (&live.stage, &live.matrix) {
        (Stage::Open(_), Some(matrix)) => matrix::draw(matrix, frame, areas.body, look),
        (Stage::Open(_), None) => panes(live, frame, areas.body, look),
        (stage, _) => waiting(stage, frame, areas.body, look),
    }
    if let Some(at) = live.asks {
        asks::draw(model, live, at, frame, look);
    }
}

/// What is said while it does not serve.
fn waiting(stage: &Stage, frame: &mut Frame<'_>, area: Rect, look: Look) {
    let theme = look.theme;
    let columns = usize::from(area.width);
    let mut body = Body::default();
    match stage {
        Stage::Making(progress) => {
            let said = look.pick("The cluster is being opened…", "클러스터를 여는 중이에요…");
            body.say(said, theme.mark(), columns);
            if let Some(progress) = progress {
                let count = format!("{}/{}  ", progress.done, progress.total);
                let what = super::lines::safe(&progress.what);
                body.flow(&[(count, theme.bold())], &[(what, theme.text())], columns);
            }
        }
        Stage::Failed(error) => {
            let error = (super::lines::safe(error), theme.text());
            body.flow(&[(format!("{} ", theme.glyph.fail), theme.fail())], &[error], columns);
        }
        Stage::Open(_) => {}
    }
    paint(frame, area, &body.lines, 0);
}

fn panes(live: &Live, frame: &mut Frame<'_>, area: Rect, look: Look) {
    let theme = look.theme;
    let places = places(live, area);
    if let Some(row) = places.tabs {
        let mut x = row.x;
        for (tab, columns) in tabs(look) {
            let is_shown = tab == live.pane;
            let (lead, style) =
                if is_shown { (theme.glyph.pointer, theme.focus()) } else { (" ", theme.dim()) };
            frame.buffer_mut().set_string(x, row.y, format!("{lead} {}", title(tab, look)), style);
            x = x.saturating_add(columns);
        }
    }
    for (pane, area) in &places.panes {
        if places.tabs.is_none() {
            let is_focus = *pane == live.pane;
            let (lead, style) =
                if is_focus { (theme.glyph.pointer, theme.focus()) } else { (" ", theme.bold()) };
            let text = format!("{lead} {}", title(*pane, look));
            frame.buffer_mut().set_string(area.x, area.y - 1, text, style);
        }
        let body = content(live, (*pane, *area), places.tabs.is_some(), look);
        let scroll = live.scrolls.get(pane.index()).copied().unwrap_or(0);
        paint(frame, *area, &body.lines, scroll);
        paint_thumb(frame, area.right(), *area, body.lines.len(), scroll, look);
    }
    if let Some(x) = places.rule {
        for y in area.y..area.bottom() {
            frame.buffer_mut().set_string(x, y, theme.glyph.bar, theme.dim());
        }
    }
    if let Some((rule, area)) = places.strip {
        let text = theme.glyph.rule.repeat(usize::from(rule.width));
        frame.buffer_mut().set_string(rule.x, rule.y, text, theme.dim());
        let body = why::strip(live, usize::from(area.width), look);
        paint(frame, area, &body.lines, 0);
    }
}

/// The tabs, each with the columns that it takes.
fn tabs(look: Look) -> impl Iterator<Item = (Pane, u16)> {
    Pane::ALL.into_iter().map(move |pane| {
        let columns = width(title(pane, look)) + 3;
        (pane, u16::try_from(columns).unwrap_or(u16::MAX))
    })
}

/// What lies at a place.
pub(super) fn hit(model: &Model, live: &Live, areas: Areas, at: Position) -> Target {
    let look = look(model);
    if live.opened().is_none() {
        return Target::Nothing;
    }
    if let Some(matrix) = &live.matrix {
        return matrix::hit(matrix, areas.body, at, look);
    }
    if live.asks.is_some() {
        return asks::hit(model, live, at, look);
    }
    let places = places(live, areas.body);
    if let Some(row) = places.tabs.filter(|row| row.contains(at)) {
        let mut x = row.x;
        for (pane, columns) in tabs(look) {
            if (x..x.saturating_add(columns)).contains(&at.x) {
                return Target::Live(Spot::Pane(pane));
            }
            x = x.saturating_add(columns);
        }
    }
    let is_alone = places.tabs.is_some();
    for (pane, area) in places.panes {
        if area.contains(at) {
            let body = content(live, (pane, area), is_alone, look);
            let scroll = live.scrolls.get(pane.index()).copied().unwrap_or(0);
            return body.at(area, scroll, at).unwrap_or(Target::Live(Spot::Pane(pane)));
        }
    }
    Target::Nothing
}

/// A text cut to a width and padded to it.
fn fixed(text: &str, columns: usize) -> String {
    let text = truncate(text, columns);
    let pad = columns.saturating_sub(width(&text));
    format!("{text}{}", " ".repeat(pad))
}
