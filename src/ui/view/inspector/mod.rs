//! The inspector: the list of certificates, one of them in three panes, and what else there
//! is to see of it. One file for each.

mod bars;
mod bytes;
mod chain;
mod comparison;
mod detail;
mod fields;
mod kubernetes;
mod menu;
mod panes;
mod shelf;
mod tree;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use time::OffsetDateTime;

use super::super::inspector::{Entry, Inspector, Pane, Shown};
use super::super::model::Model;
use super::lines::{paint, paint_thumb, safe};
use super::{Areas, Look, Target, WIDEST_TEXT, areas, header, is_large_enough, look, rect};
use crate::text::{Language, truncate, width};
use crate::x509::Kind;

/// What lies under a place of the inspector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum InspectorSpot {
    /// One of the list.
    Entry(usize),
    /// A field, by its row.
    Field(usize),
    /// An element of the tree.
    Node(usize),
    /// A byte.
    Byte(usize),
    /// A pane, away from all of these.
    Pane(Pane),
    /// A line of the chain, the time line or the comparison.
    Line(usize),
    /// What is offered.
    Offer(usize),
    /// Beside what is offered.
    Away,
}

impl InspectorSpot {
    /// The pane that it belongs to.
    pub(in crate::ui) fn pane(self) -> Option<Pane> {
        match self {
            Self::Field(_) => Some(Pane::Fields),
            Self::Node(_) => Some(Pane::Tree),
            Self::Byte(_) => Some(Pane::Bytes),
            Self::Pane(pane) => Some(pane),
            Self::Entry(_) | Self::Line(_) | Self::Offer(_) | Self::Away => None,
        }
    }
}

/// What something is, in a word.
fn kind_word(entry: &Entry, look: Look) -> &'static str {
    match entry.holding.item.kind {
        Kind::Certificate if entry.is_authority => "CA",
        Kind::Certificate => look.pick("leaf", "리프"),
        Kind::CertificateRequest => "CSR",
        Kind::RevocationList => "CRL",
        Kind::PrivateKey => look.pick("key", "개인키"),
        Kind::PublicKey => look.pick("public", "공개키"),
        _ => look.pick("other", "기타"),
    }
}

/// How long it is valid, with a glyph: `✓ 364 days left`.
fn left(entry: &Entry, now: Option<OffsetDateTime>, look: Look) -> (String, Style) {
    let theme = look.theme;
    let Some(((from, to), now)) = entry.validity.zip(now) else {
        return (String::new(), theme.dim());
    };
    let days = (to - now).whole_seconds().div_euclid(86_400);
    let said = |en: String, ko: String| match look.language {
        Language::En => en,
        Language::Ko => ko,
    };
    if now < from {
        let text = said("not yet valid".to_owned(), "아직 유효하지 않음".to_owned());
        (format!("{} {text}", theme.glyph.fail), theme.fail())
    } else if now > to {
        let text = said(format!("expired {} days ago", -days), format!("{}일 전에 만료", -days));
        (format!("{} {text}", theme.glyph.fail), theme.fail())
    } else if days < 30 {
        let text = said(format!("{days} days left"), format!("{days}일 남음"));
        (format!("{} {text}", theme.glyph.started), theme.mark())
    } else {
        let text = said(format!("{days} days left"), format!("{days}일 남음"));
        (format!("{} {text}", theme.glyph.pass), theme.pass())
    }
}

/// Where something lies: its file and its place in it.
fn place_of(entry: &Entry) -> String {
    match &entry.holding.item.at {
        Some(at) => format!("{} {}", safe(&entry.holding.name), safe(at)),
        None => safe(&entry.holding.name),
    }
}

/// A text cut and filled up to so many columns.
fn fit(text: &str, columns: usize) -> String {
    let text = truncate(text, columns);
    let pad = " ".repeat(columns.saturating_sub(width(&text)));
    format!("{text}{pad}")
}

/// Draws it.
pub(super) fn draw(model: &Model, inspector: &Inspector, frame: &mut Frame<'_>, areas: Areas) {
    heading(model, inspector, frame, areas.header);
    if inspector.is_list() {
        shelf::draw(model, inspector, frame, areas.body);
        return;
    }
    match &inspector.shown {
        Shown::Panes => panes::draw(model, inspector, frame, areas.body),
        Shown::Words(scroll) => read(model, inspector, *scroll, frame, areas.body),
        Shown::Kubernetes(view) => read(model, inspector, view.scroll, frame, areas.body),
        Shown::Chain { links, chosen } => chain::draw(model, inspector, links, *chosen, frame, areas.body),
        Shown::Bars(chosen) => {
            bars::draw(model, inspector, &inspector.line(), *chosen, frame, areas.body);
        }
        Shown::Comparison(found) => comparison::draw(model, inspector, found, frame, areas.body),
    }
    menu::draw(model, inspector, frame);
}

/// The header: what is open, and how long it is valid.
fn heading(model: &Model, inspector: &Inspector, frame: &mut Frame<'_>, area: Rect) {
    let look = look(model);
    let theme = look.theme;
    let entry = inspector.entry().filter(|_| !inspector.is_list());
    let (title, right) = match entry {
        Some(entry) => {
            let (left, style) = left(entry, inspector.now, look);
            let kind = kind_word(entry, look);
            let mut right = vec![Span::styled(kind, theme.bold())];
            if !left.is_empty() {
                right.push(Span::styled(format!("  {left}"), style));
            }
            (format!("{}  {}", safe(&entry.title), place_of(entry)), Line::from(right))
        }
        None => {
            let title = match inspector.entry() {
                Some(entry) if inspector.picks => {
                    let title = safe(&entry.title);
                    match look.language {
                        Language::En => format!("Compare {title} with"),
                        Language::Ko => {
                            let particle = crate::text::particle(&title, "과", "와");
                            format!("{title}{particle} 비교할 것 고르기")
                        }
                    }
                }
                _ => look.pick("Certificates", "인증서 목록").to_owned(),
            };
            let count = inspector.entries.len();
            (title, Line::styled(format!("{count}"), theme.dim()))
        }
    };
    header::place(model, frame, area, &title, right, (0, 1));
}

/// Where text to be read stands alone.
fn text_area(body: Rect) -> Rect {
    let columns = body.width.saturating_sub(2).min(WIDEST_TEXT);
    rect(body.x + (body.width.saturating_sub(columns)) / 2, body.y, columns, body.height)
}

/// The text that is to be read: the words for a field, or what a cluster makes of it.
fn text(model: &Model, inspector: &Inspector, columns: usize) -> Vec<Line<'static>> {
    let look = look(model);
    match (&inspector.shown, &inspector.page) {
        (Shown::Words(_), Some(page)) => detail::body(page, columns, true, look).lines,
        (Shown::Kubernetes(view), Some(_)) => kubernetes::body(inspector, view, columns, look).lines,
        _ => Vec::new(),
    }
}

fn read(model: &Model, inspector: &Inspector, scroll: usize, frame: &mut Frame<'_>, body: Rect) {
    let area = text_area(body);
    let lines = text(model, inspector, usize::from(area.width));
    paint(frame, area, &lines, scroll);
    paint_thumb(frame, area.right() + 1, area, lines.len(), scroll, look(model));
}

/// Where scrolling the text that is to be read ends.
pub(in crate::ui) fn inspector_end(model: &Model) -> usize {
    let Some(inspector) = model.inspector.as_ref().filter(|_| is_large_enough(model.size)) else {
        return usize::MAX;
    };
    let area = text_area(areas(model.size).body);
    text(model, inspector, usize::from(area.width)).len().saturating_sub(usize::from(area.height))
}

/// Rows that each pane has, and bytes that a row of them has.
pub(in crate::ui) fn inspector_room(model: &Model) -> ([usize; 3], usize) {
    let page = model.inspector.as_ref().and_then(|inspector| inspector.page.as_ref());
    let Some(page) = page.filter(|_| is_large_enough(model.size)) else { return ([usize::MAX; 3], 16) };
    panes::room(page, areas(model.size).body)
}

/// The rows that half a screen is half of.
pub(super) fn rows(inspector: &Inspector, body: Rect) -> usize {
    match (&inspector.page, &inspector.shown) {
        (Some(page), Shown::Panes) if !inspector.is_list() => {
            let (rows, _) = panes::room(page, body);
            rows.get(page.pane.index()).copied().unwrap_or(1)
        }
        _ => usize::from(body.height),
    }
}

/// What was looked for and found, for the line above the keys.
pub(super) fn sought(model: &Model, columns: usize) -> Option<Line<'static>> {
    let page = model.inspector.as_ref()?.page.as_ref()?;
    let look = look(model);
    let theme = look.theme;
    let search = &page.search;
    if !search.typing && search.query.is_empty() {
        return None;
    }
    let mut spans =
        vec![Span::styled("/ ", theme.key()), Span::styled(typed(&search.query, columns), theme.bold())];
    if search.query.is_empty() {
        let hint = look.pick(" a name, a value or an OID", " 이름, 값, OID");
        spans.push(Span::styled(hint, theme.dim()));
    } else {
        let at = page.field.and_then(|row| search.hits.iter().position(|hit| *hit == row));
        let count = search.hits.len();
        let told = match (at, count) {
            (_, 0) => look.pick("nothing has it", "찾은 것이 없어요").to_owned(),
            (Some(at), _) => format!("{}/{count}", at + 1),
            (None, _) => format!("{count}"),
        };
        spans.push(Span::styled(format!("   {told}"), theme.dim()));
    }
    Some(Line::from(spans))
}

/// As much of the end of what is typed as fits.
fn typed(query: &str, columns: usize) -> String {
    let mut text = safe(query);
    while width(&text) > columns.saturating_sub(24) {
        text.remove(0);
    }
    text
}

/// Where the next letter goes, while letters are typed.
pub(super) fn cursor(inspector: &Inspector, notice: Rect) -> Option<Position> {
    let page = inspector.page.as_ref().filter(|page| page.search.typing)?;
    let at = u16::try_from(width(&typed(&page.search.query, usize::from(notice.width)))).unwrap_or(0);
    Some(Position { x: notice.x + 2 + at, y: notice.y })
}

/// What lies at a place.
pub(super) fn hit(model: &Model, inspector: &Inspector, body: Rect, column: u16, row: u16) -> Target {
    if inspector.menu.is_some() {
        return Target::Inspect(menu::hit(model, inspector, column, row).unwrap_or(InspectorSpot::Away));
    }
    let at = Position { x: column, y: row };
    let spot = if !body.contains(at) {
        None
    } else if inspector.is_list() {
        shelf::hit(inspector, body, at)
    } else {
        match &inspector.shown {
            Shown::Panes => panes::hit(inspector, body, at),
            Shown::Words(_) | Shown::Kubernetes(_) => None,
            Shown::Chain { links, chosen } => chain::hit(model, inspector, links, *chosen, body, at),
            Shown::Bars(chosen) => {
                bars::hit(inspector.line().len(), *chosen, body, at).map(InspectorSpot::Line)
            }
            Shown::Comparison(found) => comparison::hit(found, body, at),
        }
    };
    spot.map_or(Target::Nothing, Target::Inspect)
}

/// The first of so many rows that is seen, so that the one that is pointed at is in the
/// middle.
fn first_row(chosen: usize, count: usize, rows: usize) -> usize {
    chosen.saturating_sub(rows / 2).min(count.saturating_sub(rows))
}

/// Draws a rule of so many columns.
fn rule(frame: &mut Frame<'_>, x: u16, y: u16, columns: u16, look: Look) {
    let text = look.theme.glyph.rule.repeat(usize::from(columns));
    frame.buffer_mut().set_string(x, y, text, look.theme.dim());
}
