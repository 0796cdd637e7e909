//! What it says: fields, and the parts of those that are unfolded.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::super::inspector::{Page, Pane};
use super::super::Look;
use super::super::lines::safe;
use super::fit;
use crate::text::{truncate, width};

/// The widest column of names.
const WIDEST_NAME: usize = 24;

/// The rows that are seen, and no others.
pub(super) fn lines(page: &Page, area: Rect, look: Look) -> Vec<Line<'static>> {
    let [scroll, ..] = page.scrolls;
    let rows = page.visible.iter().skip(scroll).take(usize::from(area.height));
    rows.map(|row| line(page, *row, usize::from(area.width), look)).collect()
}

fn line(page: &Page, at: usize, columns: usize, look: Look) -> Line<'static> {
    let theme = look.theme;
    let Some(row) = page.rows.get(at) else { return Line::default() };
    let is_here = page.field == Some(at);
    let is_lead = page.pane == Pane::Fields;
    let pointer = if is_here { theme.glyph.pointer } else { " " };
    let fold = match (row.end > at + 1, row.is_open) {
        (false, _) => " ",
        (true, false) => "+",
        (true, true) => "-",
    };
    let indent = "  ".repeat(row.depth.min(8));
    let lead = format!("{pointer} {indent}{fold} ");
    let (lead_style, name_style, value_style) = match (is_here, is_lead) {
        (true, true) => (theme.focus(), theme.focus(), theme.bold()),
        (true, false) => (theme.mark(), theme.mark(), theme.bold()),
        (false, _) if page.search.hits.binary_search(&at).is_ok() => {
            (theme.text(), theme.mark(), theme.text())
        }
        (false, _) => (theme.dim(), theme.code(), theme.text()),
    };
    let room = columns.saturating_sub(width(&lead));
    // Half of a narrow pane is left for the values.
    let names = WIDEST_NAME.min(columns * 5 / 11).saturating_sub(indent.len()).max(8).min(room);
    let name = fit(&safe(&row.field.name), names);
    let (flaw, flaw_width) =
        if row.field.flaws.is_empty() { (String::new(), 0) } else { (format!("{} ", theme.glyph.fail), 2) };
    let value = truncate(&safe(&row.short), room.saturating_sub(names + 1 + flaw_width));
    Line::from(vec![
        Span::styled(lead, lead_style),
        Span::styled(name, name_style),
        Span::raw(" "),
        Span::styled(flaw, theme.fail()),
        Span::styled(value, value_style),
    ])
}
