//! The red seal that is pressed when something is signed: 도장 in a heavy box.

use ratatui::text::{Line, Span};

use super::Look;
use super::lines::Body;

/// The seal, line by line; in ASCII it is one word in brackets.
pub(super) fn lines(look: Look) -> Vec<String> {
    let glyph = look.theme.glyph;
    if look.theme.is_ascii() {
        return vec![format!("[{}]", glyph.name)];
    }
    boxed(look)
}

/// The seal in its box.
pub(super) fn boxed(look: Look) -> Vec<String> {
    let glyph = look.theme.glyph;
    let [top_left, top_right, bottom_left, bottom_right, rule, side] = glyph.seal;
    vec![
        format!("{top_left}{}{top_right}", rule.repeat(6)),
        format!("{side} {} {side}", glyph.name),
        format!("{bottom_left}{}{bottom_right}", rule.repeat(6)),
    ]
}

/// The seal with lines beside it, from its middle on.
pub(super) fn beside(seal: &[String], text: Body, look: Look) -> Body {
    let mut body = Body::default();
    if seal.is_empty() {
        return text;
    }
    let indent = seal.iter().map(|line| crate::text::width(line)).max().unwrap_or(0);
    let above = if text.lines.len() < seal.len() { seal.len() / 2 } else { 0 };
    let mut text = text.lines.into_iter();
    let mut row = 0;
    loop {
        let words = if row >= above { text.next() } else { None };
        let stamp = seal.get(row);
        if stamp.is_none() && words.is_none() {
            return body;
        }
        let mut spans = vec![match stamp {
            Some(stamp) => Span::styled(stamp.clone(), look.theme.seal()),
            None => Span::raw(" ".repeat(indent)),
        }];
        if let Some(words) = words {
            spans.push(Span::raw("  "));
            spans.extend(words.spans);
        }
        body.lines.push(Line::from(spans));
        row += 1;
    }
}
