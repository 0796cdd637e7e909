//! The bytes: offset, hexadecimal, and what of it is printable ASCII.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::super::super::inspector::{Page, Pane};
use super::super::Look;

/// Where in a row the hexadecimal begins.
const HEX: usize = 6;

/// Column of a byte of a row: eight stand closer to each other.
fn column(at: usize) -> usize {
    HEX + at * 3 + at / 8
}

/// Where in a row the characters begin.
fn characters(per_row: usize) -> usize {
    column(per_row)
}

/// The rows that are seen, and no others.
pub(super) fn lines(page: &Page, area: Rect, per_row: usize, look: Look) -> Vec<Line<'static>> {
    let [.., scroll] = page.scrolls;
    let rows = scroll..scroll + usize::from(area.height);
    rows.map_while(|row| line(page, row, per_row, look)).collect()
}

fn style(page: &Page, at: usize, look: Look) -> Style {
    let theme = look.theme;
    let header = page
        .node
        .and_then(|node| page.document.tree.nodes.get(node))
        .filter(|node| node.range() == page.range)
        .map_or(0, |node| node.header);
    let is_meant = page.range.contains(&at);
    let style = match is_meant {
        // Tag and length apart from what they are of.
        true if at < page.range.start + header => theme.focus(),
        true => theme.mark(),
        false => theme.text(),
    };
    if at == page.byte && page.pane == Pane::Bytes {
        return style.add_modifier(Modifier::REVERSED);
    }
    // Without colour too it is seen where the meant ones end.
    if is_meant { style.add_modifier(Modifier::UNDERLINED) } else { style }
}

fn line(page: &Page, row: usize, per_row: usize, look: Look) -> Option<Line<'static>> {
    let first = row * per_row;
    let bytes = page.document.der.get(first..)?;
    let bytes = bytes.get(..per_row).unwrap_or(bytes);
    if bytes.is_empty() {
        return None;
    }
    let theme = look.theme;
    let mut spans = vec![Span::styled(format!("{first:04x}  "), theme.dim())];
    let mut drawn = HEX;
    for (at, byte) in bytes.iter().enumerate() {
        let gap = column(at).saturating_sub(drawn);
        let own = style(page, first + at, look);
        // The blank between two that are meant is meant as well.
        let joins = at > 0 && page.range.contains(&(first + at)) && page.range.contains(&(first + at - 1));
        let between = if joins { own.remove_modifier(Modifier::REVERSED) } else { Style::new() };
        spans.push(Span::styled(" ".repeat(gap), between));
        spans.push(Span::styled(format!("{byte:02x}"), own));
        drawn = column(at) + 2;
    }
    spans.push(Span::raw(" ".repeat(characters(per_row).saturating_sub(drawn))));
    for (at, byte) in bytes.iter().enumerate() {
        let shown = if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '.' };
        spans.push(Span::styled(shown.to_string(), style(page, first + at, look)));
    }
    Some(Line::from(spans))
}

/// The byte at a column of a row.
pub(super) fn byte_at(page: &Page, row: usize, x: usize, per_row: usize) -> Option<usize> {
    let in_row = match x.checked_sub(characters(per_row)) {
        Some(at) => at,
        None => (0..per_row).rev().find(|at| column(*at) <= x)?,
    };
    let byte = row * per_row + in_row;
    (in_row < per_row && byte < page.document.der.len()).then_some(byte)
}
