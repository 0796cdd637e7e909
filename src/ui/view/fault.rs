//! One fault's page: its words, and beside them, or behind a tab, the map of the cluster
//! with its connections, the certificate before and after, and the connection that shows it.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use crate::fault::{Fault, Said};
use crate::text::{Language, truncate, width};

use super::super::browser::{Browser, MAP, PANES, Page, TrialState};
use super::super::commands;
use super::super::model::Model;
use super::lines::{Body, Decisive, paint, paint_thumb, safe};
use super::{Areas, Look, Target, WIDEST_TEXT, connection, diff, header, look, map, markdown, rect};

/// From here on, the words and another pane stand side by side.
const BESIDE: u16 = 110;

/// Where the panes are.
struct Places {
    tabs: Rect,
    /// The panes that are seen, with their places.
    seen: Vec<(usize, Rect)>,
    rule: Option<u16>,
}

fn places(model: &Model, page: &Page, body: Rect) -> Places {
    if !page.has_trial() {
        let columns = body.width.saturating_sub(2).min(WIDEST_TEXT);
        let words = rect(body.x + (body.width - columns) / 2, body.y, columns, body.height);
        return Places { tabs: Rect::ZERO, seen: vec![(0, words)], rule: None };
    }
    let below = |x: u16, columns: u16| rect(x, body.y + 2, columns, body.height.saturating_sub(2));
    if model.size.0 < BESIDE {
        let pane = below(body.x, body.width.saturating_sub(1));
        let tabs = rect(body.x, body.y, body.width, 1);
        return Places { tabs, seen: vec![(page.pane, pane)], rule: None };
    }
    let columns = (body.width.saturating_sub(3) * 2 / 5).min(WIDEST_TEXT);
    let x = body.x + columns + 3;
    let beside = body.right().saturating_sub(x);
    Places {
        tabs: rect(x, body.y, beside, 1),
        seen: vec![
            (0, rect(body.x, body.y, columns, body.height)),
            (page.side, below(x, beside.saturating_sub(1))),
        ],
        rule: Some(body.x + columns + 1),
    }
}

/// A pane's content in lines of this width.
fn content(model: &Model, browser: &Browser, page: &Page, pane: usize, area: Rect) -> Body {
    let look = look(model);
    let columns = usize::from(area.width);
    let Some(fault) = browser.faults.get(page.fault) else { return Body::default() };
    match pane {
        0 => words(model, fault, page, columns, look),
        MAP => map_pane(page, columns, usize::from(area.height), look),
        2 => match page.trial.as_ref().filter(|_| matches!(page.state, TrialState::Broken)) {
            Some(trial) => diff::body(trial, columns, look),
            None => waiting(page, columns, look),
        },
        _ => match &page.trial {
            Some(trial) => connection::body(&trial.connection, columns, look),
            None => waiting(page, columns, look),
        },
    }
}

/// What a pane says before there is anything to show.
fn waiting(page: &Page, columns: usize, look: Look) -> Body {
    let theme = look.theme;
    let mut body = Body::default();
    match &page.state {
        TrialState::Failed(error) => {
            body.flow(
                &[(format!("{} ", theme.glyph.fail), theme.fail())],
                &[
                    (look.pick("This could not be done: ", "하지 못했어요: ").to_owned(), theme.bold()),
                    (safe(error), theme.text()),
                ],
                columns,
            );
        }
        TrialState::Healthy => {
            let say = look.pick(
                "All is well. Enter breaks it, and shows the certificate before and after.",
                "아직 정상이에요. Enter로 고장 내면 인증서의 전과 후가 보여요.",
            );
            body.say(say, theme.text(), columns);
        }
        _ => body.say(look.pick("Working…", "하고 있어요…"), theme.dim(), columns),
    }
    body
}

/// The map, with what each connection came to.
fn map_pane(page: &Page, columns: usize, rows: usize, look: Look) -> Body {
    if page.edges.is_empty() {
        return waiting(page, columns, look);
    }
    let theme = look.theme;
    let rows_known: Vec<Option<bool>> =
        (0..page.edges.len()).map(|at| page.row(at).map(|row| row.ok)).collect();
    let works = rows_known.iter().filter(|row| **row == Some(true)).count();
    let broken = rows_known.iter().filter(|row| **row == Some(false)).count();
    let mut body = Body::default();
    let (works_word, broken_word) = (look.pick("work", "정상"), look.pick("broken", "끊김"));
    body.flow(
        &[],
        &[
            (format!("{} {works} {works_word}", theme.glyph.pass), theme.pass()),
            ("   ".to_owned(), theme.text()),
            (
                format!("{} {broken} {broken_word}", theme.glyph.fail),
                if broken > 0 { theme.fail() } else { theme.dim() },
            ),
        ],
        columns,
    );
    body.gap();
    let outcomes: Vec<Option<(bool, String)>> =
        (0..page.edges.len()).map(|at| page.row(at).map(|row| (row.ok, row.outcome.clone()))).collect();
    if columns < map::LEAST.0 || rows < map::LEAST.1 {
        map::list(&mut body, &page.edges, &outcomes, columns, look);
    } else {
        body.append(map::body(&page.edges, &outcomes, columns, look));
    }
    body
}

/// What is wrong, how it is made, what breaks, who prints what, how to find and mend it.
fn words(model: &Model, fault: &Fault, page: &Page, columns: usize, look: Look) -> Body {
    let theme = look.theme;
    let mut body = Body::default();
    body.append(markdown::body(fault.what.get(look.language), columns, look));
    let heading = |body: &mut Body, en, ko| {
        body.gap();
        body.say(look.pick(en, ko), theme.mark(), columns);
    };
    if page.has_trial()
        && let Some(entry) = commands::primary(model)
    {
        body.gap();
        let shown = super::footer::shown(entry, theme);
        let label = format!(" {}", entry.label(look.language, theme));
        let lead = [(format!("{} ", theme.glyph.pointer), theme.key()), (shown, theme.key())];
        body.flow(&lead, &[(label, theme.bold())], columns);
    }
    heading(&mut body, "How it is made", "만드는 방법");
    match &fault.make {
        None => {
            let say = look.pick(
                "Explained only: the lab does not play all that it takes.",
                "설명만 있어요. 이 고장에 필요한 것을 랩이 모두 흉내 내지는 않아요.",
            );
            body.say(&format!("{} {say}", theme.glyph.rest), theme.dim(), columns);
        }
        Some(making) => {
            for (what, fact) in making.facts(look.language) {
                let lead = [(format!("{} ", theme.glyph.bullet), theme.dim())];
                let pieces = [(format!("{}  ", safe(what)), theme.code()), (safe(&fact), theme.text())];
                body.flow(&lead, &pieces, columns);
            }
            let line = format!("dojang handshake {} {} --fault {}", making.client, making.server, fault.id);
            body.flow(&[("$ ".to_owned(), theme.dim())], &[(line, theme.code())], columns);
        }
    }
    if !fault.breaks.is_empty() {
        heading(&mut body, "What breaks", "끊기는 연결");
        for edge in &fault.breaks {
            let lead = [(format!("{} ", theme.glyph.fail), theme.fail())];
            body.flow(&lead, &[(safe(edge), theme.text())], columns);
        }
    }
    if !fault.says.is_empty() {
        heading(&mut body, "Who prints what", "누가 무엇을 출력하나");
        for Said { who, version, text } in &fault.says {
            let version = match version.as_str() {
                "reported" => look.pick("reported", "보고됨"),
                version => version,
            };
            let pieces = [(safe(who), theme.bold()), (format!("  {}", safe(version)), theme.dim())];
            body.flow(&[], &pieces, columns);
            body.quote(text, theme.text(), columns, look);
        }
    }
    if !fault.diagnose.is_empty() {
        heading(&mut body, "How to find it", "찾는 방법");
        for command in &fault.diagnose {
            body.flow(&[("$ ".to_owned(), theme.dim())], &[(safe(command), theme.code())], columns);
        }
    }
    heading(&mut body, "How to mend it", "고치는 방법");
    body.append(markdown::body(fault.mend.get(look.language), columns, look));
    body
}

/// A pane's name.
fn name(pane: usize, look: Look) -> &'static str {
    match pane {
        0 => look.pick("Fault", "고장"),
        MAP => look.pick("Map", "지도"),
        2 => look.pick("Certificate", "인증서"),
        _ => look.pick("Connection", "연결"),
    }
}

/// The tabs: words, columns from the row's beginning, the pane.
fn tabs(page: &Page, is_beside: bool, look: Look) -> Vec<(&'static str, std::ops::Range<usize>, usize)> {
    let mut x = 0;
    (usize::from(is_beside)..PANES)
        .map(|pane| {
            let name = name(pane, look);
            let columns = x..x + 2 + width(name);
            x = columns.end + 2;
            (name, columns, pane)
        })
        .filter(|_| page.has_trial())
        .collect()
}

/// Draws the page.
pub(super) fn draw(model: &Model, browser: &Browser, page: &Page, frame: &mut Frame<'_>, areas: Areas) {
    let look = look(model);
    let theme = look.theme;
    let Some(fault) = browser.faults.get(page.fault) else { return };
    let (glyph, word, style) = match &page.state {
        TrialState::Explained => (theme.glyph.rest, look.pick("explained only", "설명만"), theme.dim()),
        TrialState::Working { .. } => (theme.glyph.started, look.pick("working", "하는 중"), theme.mark()),
        TrialState::Healthy => (theme.glyph.pass, look.pick("all is well", "정상"), theme.pass()),
        TrialState::Broken => (theme.glyph.fail, look.pick("broken", "고장"), theme.fail()),
        TrialState::Failed(_) => (theme.glyph.fail, look.pick("not done", "하지 못함"), theme.fail()),
    };
    let right = Line::from(vec![
        Span::styled(format!("{}  ", fault.frequency_name(look.language)), theme.dim()),
        Span::styled(format!("{glyph} {word}"), style),
    ]);
    let title = format!("{}  {}", fault.id, fault.title.get(look.language));
    header::place(model, frame, areas.header, &title, right, (browser.chosen + 1, browser.shown.len()));
    let places = places(model, page, areas.body);
    if let Some(x) = places.rule {
        for y in areas.body.y..areas.body.bottom() {
            frame.buffer_mut().set_string(x, y, theme.glyph.bar, theme.dim());
        }
    }
    for (name, columns, pane) in tabs(page, places.rule.is_some(), look) {
        let (pointer, style) = match (pane == page.side || pane == page.pane, pane == page.pane) {
            (_, true) => (theme.glyph.pointer, theme.focus()),
            (true, false) if places.rule.is_some() => (theme.glyph.rest, theme.bold()),
            _ => (" ", theme.dim()),
        };
        let x = places.tabs.x.saturating_add(u16::try_from(columns.start).unwrap_or(u16::MAX));
        if x < places.tabs.right() {
            let room = places.tabs.right() - x;
            let name = truncate(name, usize::from(room).saturating_sub(2));
            let tab = Line::from(vec![Span::styled(format!("{pointer} "), style), Span::styled(name, style)]);
            frame.buffer_mut().set_line(x, places.tabs.y, &tab, room);
        }
    }
    for (pane, area) in places.seen {
        let body = content(model, browser, page, pane, area);
        let scroll = page.scrolls.get(pane).copied().unwrap_or(0);
        let scroll = scroll.min(body.lines.len().saturating_sub(usize::from(area.height)));
        paint(frame, area, &body.lines, scroll);
        let x = match places.rule {
            Some(x) if pane == 0 => x,
            _ => area.right() + u16::from(places.rule.is_none() && !page.has_trial()),
        };
        paint_thumb(frame, x, area, body.lines.len(), scroll, look);
    }
}

/// The place that a pane has, or would have.
fn place_of(model: &Model, page: &Page, body: Rect, pane: usize) -> Rect {
    let places = places(model, page, body);
    let seen = places.seen.iter().find(|(seen, _)| *seen == pane);
    // Every other pane would stand where the last one does.
    seen.or(places.seen.last()).map_or(Rect::ZERO, |(_, area)| *area)
}

/// Where scrolling each pane ends.
pub(super) fn ends(model: &Model, browser: &Browser, page: &Page, body: Rect) -> [usize; PANES] {
    std::array::from_fn(|pane| {
        let area = place_of(model, page, body, pane);
        let lines = content(model, browser, page, pane, area).lines.len();
        lines.saturating_sub(usize::from(area.height))
    })
}

/// The line that decided in a pane, and the rows that the pane has.
pub(super) fn decisive(
    model: &Model,
    browser: &Browser,
    page: &Page,
    body: Rect,
    pane: usize,
) -> Option<(Decisive, usize)> {
    let area = place_of(model, page, body, pane);
    let found = content(model, browser, page, pane, area).decisive?;
    Some((found, usize::from(area.height)))
}

/// The rows of the pane that the focus is on.
pub(super) fn rows(model: &Model, page: &Page, body: Rect) -> u16 {
    place_of(model, page, body, page.pane).height
}

/// What lies at a place.
pub(super) fn hit(model: &Model, page: &Page, body: Rect, column: u16, row: u16) -> Target {
    let places = places(model, page, body);
    let place = Position { x: column, y: row };
    if places.tabs.contains(place) {
        let x = usize::from(column - places.tabs.x);
        let tabs = tabs(page, places.rule.is_some(), look(model));
        let tab = tabs.into_iter().find(|(_, columns, _)| columns.contains(&x));
        return tab.map_or(Target::Nothing, |(.., pane)| Target::FaultTab(pane));
    }
    let seen = places.seen.iter().find(|(_, area)| area.contains(place));
    seen.map_or(Target::Nothing, |(pane, _)| Target::FaultPane(*pane))
}

/// Whose language the progress is told in: one line, while the trial runs.
pub(super) fn progress(page: &Page, language: Language) -> Option<(String, usize, usize)> {
    let TrialState::Working { progress, is_broken, .. } = &page.state else { return None };
    Some(match progress {
        Some(progress) => (progress.what.clone(), progress.done, progress.total),
        None => {
            let rows = if *is_broken { &page.broken } else { &page.healthy };
            let what = language.pick("connections", "연결").to_owned();
            (what, rows.iter().flatten().count(), page.edges.len())
        }
    })
}
