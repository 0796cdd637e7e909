//! The little Markdown that steps are written in, as styled lines.

use super::Look;
use super::lines::{Body, Piece, safe};

/// The text in lines of at most `columns`.
pub(super) fn body(text: &str, columns: usize, look: Look) -> Body {
    let mut body = Body::default();
    let mut paragraph = String::new();
    let mut fenced = false;
    for line in text.lines() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("```") {
            flush(&mut body, &mut paragraph, columns, look);
            fenced = !fenced;
            body.gap();
            continue;
        }
        if fenced {
            body.quote(line, look.theme.code(), columns, look);
            continue;
        }
        let item = item(trimmed);
        if trimmed.is_empty() || trimmed.starts_with('#') || item.is_some() {
            flush(&mut body, &mut paragraph, columns, look);
        }
        if trimmed.is_empty() {
            body.gap();
        } else if trimmed.starts_with('#') {
            body.gap();
            body.say(trimmed.trim_start_matches('#').trim(), look.theme.bold(), columns);
        } else {
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(trimmed);
        }
    }
    flush(&mut body, &mut paragraph, columns, look);
    while body.lines.last().is_some_and(|line| line.width() == 0) {
        body.lines.pop();
    }
    body
}

/// The marker and the text of a list's item.
fn item(line: &str) -> Option<(&str, &str)> {
    if let Some(text) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
        return Some(("", text));
    }
    let (number, text) = line.split_once(". ")?;
    (number.len() <= 2 && number.parse::<u8>().is_ok()).then_some((number, text))
}

fn flush(body: &mut Body, paragraph: &mut String, columns: usize, look: Look) {
    let text = std::mem::take(paragraph);
    if text.is_empty() {
        return;
    }
    match item(&text) {
        Some(("", text)) => {
            body.flow(&[(format!("{} ", look.theme.glyph.bullet), look.theme.dim())], &inline(text, look), columns);
        }
        Some((number, text)) => {
            body.flow(&[(format!("{number}. "), look.theme.bold())], &inline(text, look), columns);
        }
        None => body.flow(&[], &inline(&text, look), columns),
    }
}

/// Bold and code inside a line.
pub(super) fn inline(text: &str, look: Look) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let (mut is_bold, mut is_code) = (false, false);
    let mut now = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let is_mark = c == '`' || !is_code && c == '*' && chars.peek() == Some(&'*');
        if !is_mark {
            now.push(c);
            continue;
        }
        push(&mut pieces, &mut now, is_bold, is_code, look);
        if c == '`' {
            is_code = !is_code;
        } else {
            chars.next();
            is_bold = !is_bold;
        }
    }
    push(&mut pieces, &mut now, is_bold, is_code, look);
    pieces
}

fn push(pieces: &mut Vec<Piece>, now: &mut String, is_bold: bool, is_code: bool, look: Look) {
    if now.is_empty() {
        return;
    }
    let mut style = if is_code { look.theme.code() } else { look.theme.text() };
    if is_bold {
        style = style.patch(look.theme.bold());
    }
    pieces.push((safe(&std::mem::take(now)), style));
}
