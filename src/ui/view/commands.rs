//! The commands by which tools make an artifact, one tool at a time.

use crate::lab::ToolCommands;
use crate::text::width;

use super::lines::{Body, Piece, safe};
use super::{Look, Target, markdown};

/// The commands of the chosen tool under the names of all.
pub(super) fn body(tools: &[ToolCommands], chosen: usize, columns: usize, look: Look) -> Body {
    let mut body = Body::default();
    let theme = look.theme;
    let Some(at) = chosen.checked_rem(tools.len()) else { return body };
    let mut names: Vec<Piece> = Vec::new();
    let mut x = 0;
    for (index, tool) in tools.iter().enumerate() {
        let text = if index == at { format!("[{}]", safe(&tool.tool)) } else { format!(" {} ", safe(&tool.tool)) };
        let end = x + width(&text);
        if end > columns {
            break;
        }
        body.hits.push((0, x..end, Target::Tool(index)));
        names.push((text, if index == at { theme.bold() } else { theme.dim() }));
        names.push((" ".to_owned(), theme.text()));
        x = end + 1;
    }
    names.pop();
    body.line(names);
    body.gap();
    let Some(tool) = tools.get(at) else { return body };
    for line in &tool.lines {
        // A long command goes on a little to the right, so that it is not taken for two.
        for part in line.lines() {
            let text = safe(part);
            if width(&text) <= columns {
                body.line([(text, theme.code())]);
            } else {
                let blanks = text.chars().take_while(|c| *c == ' ').count().min(columns / 2);
                let (first, rest) = split(&text, columns);
                body.line([(first, theme.code())]);
                body.flow(&[(" ".repeat(blanks + 2), theme.text())], &[(rest, theme.code())], columns);
            }
        }
    }
    let note = tool.note.get(look.language);
    if !note.trim().is_empty() {
        body.gap();
        body.append(markdown::body(note, columns, look));
    }
    body
}

/// The first line of a text, and the rest.
fn split(text: &str, columns: usize) -> (String, String) {
    let first = crate::text::wrap(text, columns).into_iter().next().unwrap_or_default();
    let kept = first.chars().filter(|c| *c != ' ').count();
    let mut seen = 0;
    let rest: String = text
        .chars()
        .skip_while(|c| {
            seen += usize::from(*c != ' ');
            seen <= kept
        })
        .collect();
    (first, rest)
}
