//! Steps' Markdown as styled lines.

use ratatui::style::{Modifier, Style};

use crate::lesson::markdown::{self, Block, Span};

use super::Look;
use super::lines::{Body, Piece, safe};

/// The text in lines of at most `columns`.
pub(super) fn body(text: &str, columns: usize, look: Look) -> Body {
    let mut body = Body::default();
    let mut in_list = false;
    for block in markdown::parse(text) {
        let is_item = matches!(block, Block::Bullet(_) | Block::Ordered(..));
        if !(in_list && is_item) {
            body.gap();
        }
        in_list = is_item;
        match block {
            Block::Paragraph(spans) => body.flow(&[], &styled(&spans, Style::new(), look), columns),
            Block::Bullet(spans) => {
                let bullet = (format!("{} ", look.theme.glyph.bullet), look.theme.dim());
                body.flow(&[bullet], &styled(&spans, Style::new(), look), columns);
            }
            Block::Ordered(number, spans) => {
                let number = (format!("{number}. "), look.theme.bold());
                body.flow(&[number], &styled(&spans, Style::new(), look), columns);
            }
            Block::Code(lines) => {
                for line in lines {
                    body.quote(&line, look.theme.code(), columns, look);
                }
            }
        }
    }
    body
}

/// One line of Markdown: a title, a choice; over a style of its own.
pub(super) fn inline(text: &str, base: Style, look: Look) -> Vec<Piece> {
    styled(&markdown::inline(text), base, look)
}

fn styled(spans: &[Span], base: Style, look: Look) -> Vec<Piece> {
    let style = |style| match style {
        markdown::Style::Plain => look.theme.text(),
        markdown::Style::Strong => look.theme.bold(),
        markdown::Style::Emphasis => Style::new().add_modifier(Modifier::UNDERLINED),
        markdown::Style::Code => look.theme.code(),
    };
    spans.iter().map(|span| (safe(&span.text), base.patch(style(span.style)))).collect()
}
