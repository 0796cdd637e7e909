//! An artifact's fields: those in focus marked, those that a break changed before and now.

use crate::lab::{ArtifactView, FieldView};
use crate::text::width;

use super::Look;
use super::lines::{Body, safe};

/// The widest column of names where there is room, and where there is little.
const WIDEST_NAME: usize = 24;
const NARROW_NAME: usize = 14;

/// The fields.
pub(super) fn body(artifact: &ArtifactView, columns: usize, look: Look) -> Body {
    let theme = look.theme;
    let mut body = Body::default();
    let (glyph, state, style) = if artifact.made {
        (theme.glyph.pass, look.pick("made", "만들었어요"), theme.pass())
    } else {
        (theme.glyph.rest, look.pick("not made yet", "아직 안 만들었어요"), theme.dim())
    };
    body.flow(
        &[],
        &[(format!("{glyph} {state}"), style), ("   ".to_owned(), theme.text()), (safe(&artifact.path), theme.code())],
        columns,
    );
    body.gap();
    let longest = artifact.fields.iter().map(|field| width(&field.name)).max().unwrap_or(0).min(WIDEST_NAME);
    // Values stand beside the names if enough is left for them; else only those that fit
    // whole, and the others below their names.
    let has_room = columns >= longest + 4 + 24;
    let longest = if has_room { longest } else { longest.min(NARROW_NAME) };
    for field in &artifact.fields {
        let is_short = width(&field.name) <= longest
            && width(&field.value) + longest + 4 <= columns
            && field.before.is_none();
        let beside = (has_room || is_short).then_some(longest);
        draw(&mut body, field, beside, columns, look);
    }
    body
}

fn draw(body: &mut Body, field: &FieldView, beside: Option<usize>, columns: usize, look: Look) {
    let theme = look.theme;
    let name = safe(&field.name);
    let changed = field.before.as_deref().filter(|before| *before != field.value);
    let (glyph, style) =
        if field.focus || changed.is_some() { (theme.glyph.pointer, theme.mark()) } else { (" ", theme.text()) };
    let value_style = if field.focus || changed.is_some() { theme.bold() } else { theme.text() };
    let name_style = if field.focus || changed.is_some() { style } else { theme.dim() };
    let lead = match beside {
        Some(longest) => {
            let pad = " ".repeat((longest + 2).saturating_sub(width(&name)).max(1));
            vec![(format!("{glyph} "), style), (format!("{name}{pad}"), name_style)]
        }
        None => {
            body.flow(&[(format!("{glyph} "), style)], &[(name, name_style)], columns);
            vec![("    ".to_owned(), theme.text())]
        }
    };
    let Some(before) = changed else {
        body.flow(&lead, &[(safe(&field.value), value_style)], columns);
        return;
    };
    let indent = vec![(" ".repeat(lead.iter().map(|(text, _)| width(text)).sum()), theme.text())];
    let pair = [
        (lead, look.pick("before ", "전 "), before, theme.dim()),
        (indent, look.pick("now    ", "후 "), field.value.as_str(), value_style),
    ];
    for (mut lead, word, value, style) in pair {
        lead.push((word.to_owned(), theme.mark()));
        body.flow(&lead, &[(safe(value), style)], columns);
    }
}
