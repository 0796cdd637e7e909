//! A box over the rest of the screen: its place, its border, its content.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use crate::text::width;

use super::lines::{Body, paint, paint_thumb};
use super::{Look, SIDE_BY_SIDE, rect};

/// Where a box lies and where its content.
#[derive(Debug, Clone, Copy)]
pub(super) struct Popup {
    area: Rect,
    /// The content.
    pub(super) inside: Rect,
}

impl Popup {
    /// At most so wide; as high as its content, which depends on the width. On a narrow
    /// screen nothing lies beside it.
    pub(super) fn place((columns, rows): (u16, u16), widest: u16, lines: impl FnOnce(u16) -> usize) -> Self {
        let area = if columns < SIDE_BY_SIDE {
            // The keys below stay.
            rect(0, 0, columns, rows.saturating_sub(1))
        } else {
            let wide = widest.min(columns.saturating_sub(4));
            let wanted = u16::try_from(lines(wide.saturating_sub(4))).unwrap_or(u16::MAX);
            let high = wanted.saturating_add(2).min(rows.saturating_sub(2));
            rect(columns.saturating_sub(wide) / 2, rows.saturating_sub(high) / 2, wide, high)
        };
        let inside =
            rect(area.x + 2, area.y + 1, area.width.saturating_sub(4), area.height.saturating_sub(2));
        Self { area, inside }
    }

    /// Where scrolling so many lines ends.
    pub(super) fn end(&self, lines: usize) -> usize {
        lines.saturating_sub(usize::from(self.inside.height))
    }

    /// Whether this place is on it.
    pub(super) fn contains(&self, column: u16, row: u16) -> bool {
        self.area.contains(ratatui::layout::Position { x: column, y: row })
    }

    /// Draws it over what is there.
    pub(super) fn draw(&self, frame: &mut Frame<'_>, title: &str, body: &Body, scroll: usize, look: Look) {
        let (area, glyph, style) = (self.area, look.theme.glyph, look.theme.dim());
        let buffer = frame.buffer_mut();
        // A wide glyph that the left edge cuts in half would take the border with it.
        for y in area.y..area.bottom() {
            if let Some(cell) = area.x.checked_sub(1).and_then(|x| buffer.cell_mut((x, y)))
                && width(cell.symbol()) > 1
            {
                cell.set_symbol(" ");
            }
        }
        Clear.render(area, buffer);
        let [top_left, top_right, bottom_left, bottom_right] = glyph.corners;
        let rule = glyph.rule.repeat(usize::from(area.width.saturating_sub(2)));
        let last = area.bottom().saturating_sub(1);
        buffer.set_string(area.x, area.y, format!("{top_left}{rule}{top_right}"), style);
        for y in area.y + 1..last {
            buffer.set_string(area.x, y, glyph.bar, style);
            buffer.set_string(area.right().saturating_sub(1), y, glyph.bar, style);
        }
        buffer.set_string(area.x, last, format!("{bottom_left}{rule}{bottom_right}"), style);
        buffer.set_string(area.x + 2, area.y, format!(" {title} "), look.theme.bold());
        paint(frame, self.inside, &body.lines, scroll);
        let edge = area.right().saturating_sub(1);
        paint_thumb(frame, edge, self.inside, body.lines.len(), scroll, look);
    }
}
