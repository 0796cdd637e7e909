//! A file as text: first the lines that the step is about, then the whole with them marked.

use crate::lab::FileView;

use super::Look;
use super::lines::{Body, safe};

/// The file's lines; a long one goes on a little to the right.
pub(super) fn body(file: &FileView, columns: usize, look: Look) -> Body {
    let theme = look.theme;
    let mut body = Body::default();
    body.say(&safe(&file.path), theme.code(), columns);
    body.gap();
    if file.lines.is_empty() {
        body.say(look.pick("not made yet", "아직 안 만들었어요"), theme.dim(), columns);
    }
    // First what the step is about: in a long file it would lie below.
    let marked = file.lines.iter().filter(|(_, is_marked)| *is_marked);
    for (text, _) in marked {
        line(&mut body, text.trim_start(), true, columns, look);
    }
    body.gap();
    for (text, is_marked) in &file.lines {
        line(&mut body, text, *is_marked, columns, look);
    }
    body
}

/// One line of the file; a long one goes on under its beginning.
fn line(body: &mut Body, text: &str, is_marked: bool, columns: usize, look: Look) {
    let theme = look.theme;
    let (glyph, style) = if is_marked { (theme.glyph.pointer, theme.mark()) } else { (" ", theme.text()) };
    let value = if is_marked { theme.bold() } else { theme.text() };
    let blanks: String = text.chars().take_while(|c| *c == ' ').collect();
    let blanks = blanks.get(..blanks.len().min(columns / 3)).unwrap_or_default().to_owned();
    let lead = [(format!("{glyph} "), style), (blanks, theme.text())];
    body.flow(&lead, &[(safe(text.trim_start()), value)], columns);
}
