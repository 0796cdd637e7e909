//! The list of faults: what is wrong, how often, and whether the lab can make it; beside it,
//! with room, what the chosen one is about.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use crate::fault::Fault;
use crate::text::{Language, truncate, width};

use super::super::browser::Browser;
use super::super::model::Model;
use super::lines::{Body, paint, paint_thumb, safe};
use super::{Areas, Look, Target, header, look, markdown, rect};

/// From here on, what a fault is about stands beside the list.
const WITH_ABOUT: u16 = 110;
/// From here on, it is said how many of them can be made.
const WITH_COUNT: u16 = 80;
/// Rows above the list: the filter, and one that is empty.
const ABOVE: u16 = 2;

struct Places {
    filter: Rect,
    list: Rect,
    about: Option<Rect>,
}

fn places(model: &Model, areas: Areas) -> Places {
    let body = areas.body;
    let filter = rect(body.x, body.y, body.width, 1);
    let (y, rows) = (body.y + ABOVE, body.height.saturating_sub(ABOVE));
    if model.size.0 < WITH_ABOUT {
        return Places { filter, list: rect(body.x, y, body.width.saturating_sub(2), rows), about: None };
    }
    let list = (body.width * 3 / 5).min(96);
    let x = body.x + list + 3;
    let about = rect(x, y, body.right().saturating_sub(x), rows);
    Places { filter, list: rect(body.x, y, list.saturating_sub(2), rows), about: Some(about) }
}

/// Draws the list.
pub(super) fn draw(model: &Model, browser: &Browser, frame: &mut Frame<'_>, areas: Areas) {
    let look = look(model);
    let theme = look.theme;
    let made = browser.faults.iter().filter(|fault| fault.make.is_some()).count();
    let all = browser.faults.len();
    let count = match look.language {
        Language::En if model.size.0 < WITH_COUNT => format!("{all} faults"),
        Language::Ko if model.size.0 < WITH_COUNT => format!("{all}개"),
        Language::En => format!("{all} faults, {made} can be made here"),
        Language::Ko => format!("고장 {all}개 중 {made}개를 여기서 만들 수 있어요"),
    };
    let title = look.pick("Faults of real clusters", "실제 클러스터의 고장");
    header::place(model, frame, areas.header, title, Line::styled(count, theme.dim()), (0, 1));
    let places = places(model, areas);
    frame.buffer_mut().set_line(
        places.filter.x,
        places.filter.y,
        &filter_line(browser, places.filter.width, look),
        places.filter.width,
    );
    let (body, chosen) = list(browser, places.list.width, look);
    let scroll = scroll(body.lines.len(), chosen, places.list.height);
    paint(frame, places.list, &body.lines, scroll);
    paint_thumb(frame, places.list.right() + 1, places.list, body.lines.len(), scroll, look);
    let Some(about_area) = places.about else { return };
    let fault = browser.pointed().and_then(|at| browser.faults.get(at));
    if let Some(fault) = fault {
        let body = about(fault, usize::from(about_area.width), look);
        paint(frame, about_area, &body.lines, 0);
    }
    for y in places.list.y..places.list.bottom() {
        frame.buffer_mut().set_string(about_area.x.saturating_sub(2), y, theme.glyph.bar, theme.dim());
    }
}

fn filter_line(browser: &Browser, columns: u16, look: Look) -> Line<'static> {
    let theme = look.theme;
    if !browser.typing && browser.query.is_empty() {
        let hint = look.pick("Enter opens, / filters.", "Enter로 열고, /로 거르세요.");
        return Line::styled(hint, theme.dim());
    }
    let mut spans =
        vec![Span::styled("/ ", theme.key()), Span::styled(shown(browser, columns), theme.bold())];
    if browser.query.is_empty() {
        let hint = look.pick(" a word, an id or a message", " 낱말, 번호, 메시지");
        spans.push(Span::styled(hint, theme.dim()));
    } else {
        spans.push(Span::styled(format!("   {}", browser.shown.len()), theme.dim()));
    }
    Line::from(spans)
}

/// As much of the end of what is typed as fits.
fn shown(browser: &Browser, columns: u16) -> String {
    let room = usize::from(columns).saturating_sub(10);
    let mut text = safe(&browser.query);
    while width(&text) > room {
        text.remove(0);
    }
    text
}

/// Where the next letter goes, while a filter is typed.
pub(super) fn cursor(model: &Model, browser: &Browser, areas: Areas) -> Option<Position> {
    let area = places(model, areas).filter;
    let at = u16::try_from(width(&shown(browser, area.width))).unwrap_or(0);
    browser.typing.then_some(Position { x: area.x + 2 + at, y: area.y })
}

/// The faults under the names of their groups; the line of the one that is pointed at.
fn list(browser: &Browser, columns: u16, look: Look) -> (Body, usize) {
    let theme = look.theme;
    let columns = usize::from(columns);
    let mut body = Body::default();
    let mut chosen = 0;
    let mut group = "";
    if browser.shown.is_empty() {
        body.say(look.pick("No fault fits.", "해당하는 고장이 없어요."), theme.dim(), columns);
    }
    for (at, fault) in browser.shown.iter().enumerate() {
        let Some(fault) = browser.faults.get(*fault) else { continue };
        if fault.group != group {
            group = &fault.group;
            body.gap();
            body.say(&truncate(fault.group_name(look.language), columns), theme.mark(), columns);
        }
        let is_chosen = at == browser.chosen;
        if is_chosen {
            chosen = body.lines.len();
        }
        body.hits.push((body.lines.len(), 0..columns, Target::Fault(at)));
        body.lines.push(row(fault, is_chosen, columns, look));
    }
    (body, chosen)
}

/// One fault: pointer, id, title, how often, whether it can be made.
fn row(fault: &Fault, is_chosen: bool, columns: usize, look: Look) -> Line<'static> {
    let theme = look.theme;
    let pointer = if is_chosen { theme.glyph.pointer } else { " " };
    let often = fault.frequency_name(look.language);
    let (glyph, word, style) = match fault.make {
        Some(_) => (theme.glyph.started, look.pick("can make", "만들기"), theme.mark()),
        None => (theme.glyph.rest, look.pick("explained", "설명만"), theme.dim()),
    };
    let pad = |text: &str, wide: usize| " ".repeat(wide.saturating_sub(width(text)));
    let lead = format!("{pointer} {}  ", fault.id);
    // The longest of these words: `sometimes`, `explained`; `드물게`, `설명만`.
    let longest = match look.language {
        Language::En => 9,
        Language::Ko => 6,
    };
    let right = format!("{often}{}  {glyph} ", pad(often, longest));
    let word_pad = pad(word, longest);
    let room = columns.saturating_sub(width(&lead) + width(&right) + width(word) + word_pad.len() + 2);
    let title = truncate(fault.title.get(look.language), room);
    let gap = pad(&title, room + 2);
    let (lead_style, text) =
        if is_chosen { (theme.focus(), theme.bold()) } else { (theme.dim(), theme.text()) };
    Line::from(vec![
        Span::styled(lead, lead_style),
        Span::styled(title, text),
        Span::raw(gap),
        Span::styled(right, theme.dim()),
        Span::styled(word, style),
    ])
}

fn about(fault: &Fault, columns: usize, look: Look) -> Body {
    let theme = look.theme;
    let mut body = Body::default();
    body.flow(
        &[(format!("{}  ", fault.id), theme.seal())],
        &[(fault.title.get(look.language).to_owned(), theme.bold())],
        columns,
    );
    body.gap();
    body.append(markdown::body(fault.what.get(look.language), columns, look));
    if !fault.breaks.is_empty() {
        body.gap();
        body.say(look.pick("What breaks", "끊기는 연결"), theme.bold(), columns);
        for edge in &fault.breaks {
            body.flow(
                &[(format!("{} ", theme.glyph.fail), theme.fail())],
                &[(safe(edge), theme.text())],
                columns,
            );
        }
    }
    body
}

/// How far the list is scrolled, so that what is pointed at is in its middle.
fn scroll(lines: usize, chosen: usize, rows: u16) -> usize {
    let rows = usize::from(rows);
    chosen.saturating_sub(rows / 2).min(lines.saturating_sub(rows))
}

/// What lies at a place.
pub(super) fn hit(model: &Model, browser: &Browser, areas: Areas, column: u16, row: u16) -> Target {
    let area = places(model, areas).list;
    let (body, chosen) = list(browser, area.width, look(model));
    let scroll = scroll(body.lines.len(), chosen, area.height);
    if !area.contains(Position { x: column, y: row }) {
        return Target::Nothing;
    }
    body.at(area, scroll, Position { x: column, y: row }).unwrap_or(Target::Nothing)
}
