//! Validity as bars on a time line, with now and the end of each one's CA.

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use time::OffsetDateTime;

use super::super::super::inspector::{Entry, Inspector};
use super::super::super::model::Model;
use super::super::lines::{Body, paint, paint_thumb, safe};
use super::super::{Look, look, rect};
use super::{first_row, fit, left, place_of, rule};
use crate::text::{Language, width};

/// The time line reaches no further from now than this, in seconds: thirty years.
const FARTHEST: i64 = 30 * 365 * 86_400;
/// Rows above the bars: the scale.
const ABOVE: u16 = 1;
/// Rows below them: a rule, what the chosen one's dates are, what the glyphs mean.
const BELOW: u16 = 4;

fn list(body: Rect) -> Rect {
    let rows = body.height.saturating_sub(ABOVE + BELOW);
    rect(body.x, body.y + ABOVE, body.width.saturating_sub(2), rows)
}

/// Seconds from the left end of the line to its right end.
struct Scale {
    span: Range<i64>,
    columns: usize,
}

impl Scale {
    fn of(inspector: &Inspector, which: &[usize], columns: usize) -> Option<Self> {
        let entries = which.iter().filter_map(|at| inspector.entries.get(*at)?.validity);
        let now = inspector.now.map(OffsetDateTime::unix_timestamp);
        let moments =
            || entries.clone().flat_map(|(from, to)| [from, to]).map(OffsetDateTime::unix_timestamp);
        let (mut start, mut end) = (moments().chain(now).min()?, moments().chain(now).max()?);
        if let Some(now) = now {
            start = start.max(now - FARTHEST);
            end = end.min(now + FARTHEST);
        }
        // Air at both ends, and never nothing.
        let air = (end - start) / 40 + 1;
        (columns > 0).then_some(Self { span: start - air..end + air, columns })
    }

    /// The column of a moment; none outside of the line.
    fn column(&self, moment: OffsetDateTime) -> Option<usize> {
        let seconds = moment.unix_timestamp();
        let length = self.span.end - self.span.start;
        let columns = i64::try_from(self.columns).ok()?;
        let at = usize::try_from((seconds - self.span.start) * columns / length).ok()?;
        (self.span.contains(&seconds) && at < self.columns).then_some(at)
    }

    /// The columns from one moment to another, as far as they lie on the line.
    fn columns(&self, (from, to): (OffsetDateTime, OffsetDateTime)) -> Range<usize> {
        let clamp = |moment: OffsetDateTime, out: usize| match self.column(moment) {
            Some(at) => at,
            None if moment.unix_timestamp() < self.span.start => 0,
            None => out,
        };
        let first = clamp(from, self.columns);
        first..clamp(to, self.columns).max(first) + usize::from(first < self.columns)
    }
}

/// The columns of the names, and of the bars.
fn columns(width: u16) -> (usize, usize) {
    let all = usize::from(width);
    let names = (all * 3 / 10).clamp(14, 44);
    (names, all.saturating_sub(names + 2 + 2 + 11))
}

/// Draws these ones; `chosen` is a place among them.
pub(super) fn draw(
    model: &Model,
    inspector: &Inspector,
    which: &[usize],
    chosen: usize,
    frame: &mut Frame<'_>,
    body: Rect,
) {
    let look = look(model);
    let area = list(body);
    let (names, columns) = columns(area.width);
    let Some(scale) = Scale::of(inspector, which, columns) else {
        let none = look.pick("Nothing here has a validity.", "유효 기간이 있는 것이 없어요.");
        paint(frame, body, &[Line::styled(none, look.theme.dim())], 0);
        return;
    };
    let mut lines = vec![axis(inspector, &scale, names, look)];
    let rows = usize::from(area.height);
    let first = first_row(chosen, which.len(), rows);
    for (at, entry) in which.iter().enumerate().skip(first).take(rows) {
        if let Some(entry) = inspector.entries.get(*entry) {
            lines.push(row(inspector, entry, &scale, names, at == chosen, look));
        }
    }
    paint(frame, rect(body.x, body.y, area.width, ABOVE + area.height), &lines, 0);
    paint_thumb(frame, area.right() + 1, area, which.len(), first, look);
    rule(frame, body.x, area.bottom(), body.width, look);
    let below = rect(body.x, area.bottom() + 1, body.width, BELOW.saturating_sub(1));
    let entry = which.get(chosen).and_then(|at| inspector.entries.get(*at));
    if let Some(entry) = entry {
        paint(frame, below, &told(inspector, entry, usize::from(below.width), look).lines, 0);
    }
}

/// Both ends of the line, and now.
fn axis(inspector: &Inspector, scale: &Scale, names: usize, look: Look) -> Line<'static> {
    let date =
        |seconds: i64| OffsetDateTime::from_unix_timestamp(seconds).map(|moment| moment.date().to_string());
    let start = date(scale.span.start).unwrap_or_default();
    let end = date(scale.span.end).unwrap_or_default();
    let now = inspector.now.and_then(|now| scale.column(now));
    let word = look.pick("now", "지금");
    let mut cells = vec![' '; scale.columns];
    let mut put = |text: &str, at: usize| {
        for (cell, c) in cells.iter_mut().skip(at).zip(text.chars()) {
            *cell = c;
        }
    };
    put(&end, scale.columns.saturating_sub(width(&end)));
    put(&start, 0);
    let line: String = cells.into_iter().collect();
    let mut spans = vec![Span::raw(" ".repeat(names + 4))];
    match now {
        Some(at) => {
            // The word stands over its column; what of the dates it would touch gives way.
            let first = at.saturating_sub(width(word) / 2).min(scale.columns.saturating_sub(width(word)));
            let after = first + width(word);
            let cut = |range: Range<usize>| -> String {
                line.chars().skip(range.start).take(range.len()).collect()
            };
            let before = if first <= start.len() { " ".repeat(first) } else { cut(0..first) };
            let behind = if after + end.len() >= scale.columns {
                String::new()
            } else if first <= start.len() {
                format!(
                    "{}{}",
                    " ".repeat(start.len().saturating_sub(after)),
                    cut(after.max(start.len())..scale.columns)
                )
            } else {
                cut(after..scale.columns)
            };
            spans.push(Span::styled(before, look.theme.dim()));
            spans.push(Span::styled(word, look.theme.mark()));
            spans.push(Span::styled(behind, look.theme.dim()));
        }
        None => spans.push(Span::styled(line, look.theme.dim())),
    }
    Line::from(spans)
}

/// The CA of one, where it is another.
fn authority<'a>(inspector: &'a Inspector, entry: &Entry) -> Option<&'a Entry> {
    entry.issuer.filter(|_| !entry.is_root()).and_then(|at| inspector.entries.get(at))
}

fn row(
    inspector: &Inspector,
    entry: &Entry,
    scale: &Scale,
    names: usize,
    is_chosen: bool,
    look: Look,
) -> Line<'static> {
    let theme = look.theme;
    let pointer = if is_chosen { theme.glyph.pointer } else { " " };
    let style = if is_chosen { theme.focus() } else { theme.text() };
    let title = if entry.title.is_empty() { place_of(entry) } else { safe(&entry.title) };
    let mut spans = vec![
        Span::styled(format!("{pointer} "), style),
        Span::styled(fit(&title, names), style),
        Span::raw("  "),
    ];
    let end = authority(inspector, entry).and_then(|authority| authority.validity).map(|(_, to)| to);
    let now = inspector.now.and_then(|now| scale.column(now));
    let bar = entry.validity.map(|validity| scale.columns(validity)).unwrap_or(0..0);
    let (_, state) = left(entry, inspector.now, look);
    let is_now =
        inspector.now.is_none_or(|now| entry.validity.is_some_and(|(from, to)| from <= now && now <= to));
    let own = if entry.is_authority && is_now { theme.code() } else { state };
    let end_column = end.and_then(|end| scale.column(end));
    for at in 0..scale.columns {
        let outlives = end_column.is_some_and(|end| at > end);
        let (glyph, style): (&str, Style) = if end_column == Some(at) {
            (theme.glyph.thumb, theme.focus())
        } else if now == Some(at) {
            (theme.glyph.bar, theme.mark())
        } else if bar.contains(&at) {
            (theme.glyph.heavy, if outlives { theme.fail() } else { own })
        } else {
            (theme.glyph.rest, theme.dim())
        };
        match spans.last_mut() {
            Some(span) if span.style == style && at > 0 => span.content.to_mut().push_str(glyph),
            _ => spans.push(Span::styled(glyph.to_owned(), style)),
        }
    }
    let date = entry.validity.map(|(_, to)| format!(" {}", to.date())).unwrap_or_default();
    spans.push(Span::styled(date, if is_chosen { theme.bold() } else { theme.dim() }));
    Line::from(spans)
}

/// The dates of one, and of its CA.
fn told(inspector: &Inspector, entry: &Entry, columns: usize, look: Look) -> Body {
    let theme = look.theme;
    let mut body = Body::default();
    if let Some((from, to)) = entry.validity {
        let (left, style) = left(entry, inspector.now, look);
        let dates = format!("{} .. {}   ", from.date(), to.date());
        body.flow(&[], &[(dates, theme.bold()), (left, style)], columns);
    }
    if let Some(authority) = authority(inspector, entry) {
        let ends = authority.validity.map(|(_, to)| to);
        let outlives = ends.zip(entry.validity).is_some_and(|(end, (_, to))| to > end);
        let date = ends.map(|end| end.date().to_string()).unwrap_or_default();
        let title = safe(&authority.title);
        let text = match look.language {
            Language::En => format!("its CA {title} ends {date}"),
            Language::Ko => format!("CA {title}의 끝 {date}"),
        };
        let (lead, style, more) = if outlives {
            let more = look.pick(
                ": the certificate outlives it, and is refused from then on",
                ": 인증서가 더 길어요. CA가 끝나면 인증서도 거부돼요",
            );
            (format!("{} ", theme.glyph.fail), theme.fail(), more)
        } else {
            (format!("{} ", theme.glyph.thumb), theme.focus(), "")
        };
        body.flow(&[(lead, style)], &[(format!("{text}{more}"), theme.text())], columns);
    } else if let (false, None) = (entry.is_root(), entry.issuer) {
        let none = look.pick("its CA is not known here", "이 인증서의 CA는 여기 없어요");
        body.say(none, theme.dim(), columns);
    }
    body.line([
        (theme.glyph.heavy.repeat(2), theme.pass()),
        (look.pick(" valid   ", " 유효   ").to_owned(), theme.dim()),
        (theme.glyph.heavy.repeat(2), theme.code()),
        (" CA   ".to_owned(), theme.dim()),
        (theme.glyph.bar.to_owned(), theme.mark()),
        (look.pick(" now   ", " 지금   ").to_owned(), theme.dim()),
        (theme.glyph.thumb.to_owned(), theme.focus()),
        (look.pick(" its CA's end", " CA의 끝").to_owned(), theme.dim()),
    ]);
    body
}

/// Which of so many lies at a place.
pub(super) fn hit(count: usize, chosen: usize, body: Rect, at: Position) -> Option<usize> {
    let area = list(body);
    let line = usize::from(at.y.checked_sub(area.y)?);
    let row = line + first_row(chosen, count, usize::from(area.height));
    (row < count && area.contains(at)).then_some(row)
}
