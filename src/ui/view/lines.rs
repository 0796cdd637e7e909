//! Ready lines: styled text wrapped by [`crate::text::wrap`], and a window onto them.

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::text::{escape, width, wrap};

use super::{Look, Target};

/// Text in one style.
pub(super) type Piece = (String, Style);

/// Where the line that decided stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) struct Decisive {
    /// The line of the heading.
    pub(super) heading: usize,
    /// The line itself.
    pub(super) line: usize,
}

impl Decisive {
    fn shifted(self, lines: usize) -> Self {
        Self { heading: self.heading + lines, line: self.line + lines }
    }

    /// How far to scroll so that it is seen in so many rows: not at all if it is seen
    /// anyway, else from its heading on, else with it in the middle.
    pub(in crate::ui) fn scroll(self, rows: usize) -> usize {
        if self.line + 2 < rows {
            0
        } else if self.line + 2 < self.heading + rows {
            self.heading
        } else {
            self.line.saturating_sub(rows / 2)
        }
    }
}

/// The content of a pane, in lines that fit its width.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// The lines.
    pub(super) lines: Vec<Line<'static>>,
    /// What lies on a line, in these columns.
    pub(super) hits: Vec<(usize, Range<usize>, Target)>,
    /// The line where the step's outcome begins.
    pub(super) outcome: Option<usize>,
    /// The line that decided, and the heading that it stands under.
    pub(super) decisive: Option<Decisive>,
}

impl Body {
    /// An empty line, unless there is one already or nothing at all.
    pub(super) fn gap(&mut self) {
        if self.lines.last().is_some_and(|line| line.width() > 0) {
            self.lines.push(Line::default());
        }
    }

    /// One ready line.
    pub(super) fn line(&mut self, pieces: impl IntoIterator<Item = Piece>) {
        self.lines.push(Line::from(
            pieces.into_iter().map(|(text, style)| Span::styled(text, style)).collect::<Vec<_>>(),
        ));
    }

    /// Styled text in as many lines as it takes; those after the first are indented as far
    /// as `lead` is wide.
    pub(super) fn flow(&mut self, lead: &[Piece], text: &[Piece], columns: usize) {
        let indent: usize = lead.iter().map(|(text, _)| width(text)).sum();
        for (at, spans) in flow(text, columns.saturating_sub(indent).max(2)).into_iter().enumerate() {
            let mut line: Vec<Span<'static>> = Vec::new();
            if at == 0 {
                line.extend(lead.iter().map(|(text, style)| Span::styled(text.clone(), *style)));
            } else if indent > 0 {
                line.push(Span::raw(" ".repeat(indent)));
            }
            line.extend(spans);
            self.lines.push(Line::from(line));
        }
    }

    /// Text in one style.
    pub(super) fn say(&mut self, text: &str, style: Style, columns: usize) {
        self.flow(&[], &[(text.to_owned(), style)], columns);
    }

    /// Foreign text to the letter, line by line, escaped and set off by a bar.
    pub(super) fn quote(&mut self, text: &str, style: Style, columns: usize, look: Look) {
        let bar = [(format!("{} ", look.theme.glyph.bar), look.theme.dim())];
        for line in text.trim_end().lines() {
            for part in split_exactly(&safe(line), columns.saturating_sub(2).max(2)) {
                self.flow(&bar, &[(part, style)], columns);
            }
        }
    }

    /// What lies at a place of the window onto it.
    pub(super) fn at(&self, area: Rect, scroll: usize, place: Position) -> Option<Target> {
        let line = usize::from(place.y.checked_sub(area.y)?) + scroll;
        let x = usize::from(place.x.checked_sub(area.x)?);
        let found = self.hits.iter().find(|(at, columns, _)| *at == line && columns.contains(&x));
        found.map(|(_, _, target)| *target)
    }

    /// All lines of another body behind these.
    pub(super) fn append(&mut self, other: Self) {
        let at = self.lines.len();
        self.decisive = self.decisive.or(other.decisive.map(|found| found.shifted(at)));
        self.lines.extend(other.lines);
        self.hits.extend(other.hits.into_iter().map(|(line, columns, target)| (line + at, columns, target)));
    }
}

/// A line as it is if it fits, else wrapped.
fn split_exactly(text: &str, columns: usize) -> Vec<String> {
    if width(text) <= columns { vec![text.to_owned()] } else { wrap(text, columns) }
}

/// A foreign text on one line, harmless; tabs become blanks.
pub(super) fn safe(text: &str) -> String {
    escape(&text.replace('\t', "    ")).into_owned()
}

/// Wraps styled text: the words are laid out as one text, then each takes its style back.
fn flow(text: &[Piece], columns: usize) -> Vec<Vec<Span<'static>>> {
    let plain: String = text.iter().map(|(text, _)| text.as_str()).collect();
    let styled: Vec<(char, Style)> =
        text.iter().flat_map(|(text, style)| text.chars().map(|c| (c, *style))).collect();
    let mut rest = styled.iter().peekable();
    let is_blank = |c: char| c == ' ' || c == '\n';
    // A text that fits keeps its blanks as they are.
    let lines = if plain.contains('\n') { wrap(&plain, columns) } else { split_exactly(&plain, columns) };
    lines
        .into_iter()
        .map(|line| {
            let mut spans: Vec<Span<'static>> = Vec::new();
            for c in line.chars() {
                let mut style = Style::new();
                if is_blank(c) {
                    if let Some((_, found)) = rest.next_if(|(next, _)| is_blank(*next)) {
                        style = *found;
                    }
                } else {
                    // Blanks at which the line was broken are gone, and so is what is wider
                    // than a whole line.
                    for (next, found) in rest.by_ref() {
                        if *next == c {
                            style = *found;
                            break;
                        }
                    }
                }
                match spans.last_mut() {
                    Some(span) if span.style == style => span.content.to_mut().push(c),
                    _ => spans.push(Span::styled(c.to_string(), style)),
                }
            }
            spans
        })
        .collect()
}

/// Draws the lines from `scroll` on.
pub(super) fn paint(frame: &mut Frame<'_>, area: Rect, lines: &[Line<'static>], scroll: usize) {
    for (line, y) in lines.iter().skip(scroll).zip(area.y..area.bottom()) {
        frame.buffer_mut().set_line(area.x, y, line, area.width);
    }
}

/// Draws where in the whole the window is, on one column; nothing if the whole is seen.
pub(super) fn paint_thumb(
    frame: &mut Frame<'_>,
    x: u16,
    area: Rect,
    count: usize,
    scroll: usize,
    look: Look,
) {
    let rows = usize::from(area.height);
    let end = count.saturating_sub(rows);
    if end == 0 || rows == 0 || x >= frame.area().right() {
        return;
    }
    let long = (rows * rows / count).clamp(1, rows);
    let first = (rows - long) * scroll.min(end) / end;
    for row in first..first + long {
        let y = area.y.saturating_add(u16::try_from(row).unwrap_or(u16::MAX));
        frame.buffer_mut().set_string(
            x,
            y.min(area.bottom().saturating_sub(1)),
            look.theme.glyph.thumb,
            look.theme.bold(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ratatui::style::Modifier;

    #[test]
    fn words_keep_their_style_when_wrapped() {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        let lines = flow(&[("one ".into(), Style::new()), ("two three".into(), bold)], 8);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0][1].content, "two");
        assert_eq!(lines[1][0].style, bold);
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_asked(text in "[가-힣a-z *]{0,80}", more in "[가-힣a-z]{0,30}", columns in 6usize..40) {
            let mut body = Body::default();
            body.flow(&[("- ".into(), Style::new())], &[(text, Style::new()), (more, Style::new())], columns);
            for line in &body.lines {
                prop_assert!(line.width() <= columns);
            }
        }
    }
}
