//! An artifact's fields: first those that the step is about, with what a break changed
//! before and now, then the others in their order.

use crate::lab::{ArtifactView, FieldView};
use crate::text::width;

use super::Look;
use super::lines::{Body, safe};

/// The widest column of names.
const WIDEST_NAME: usize = 24;

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
        &[
            (format!("{glyph} {state}"), style),
            ("   ".to_owned(), theme.text()),
            (safe(&artifact.path), theme.code()),
        ],
        columns,
    );
    body.gap();
    let longest = artifact.fields.iter().map(|field| width(&field.name)).max().unwrap_or(0).min(WIDEST_NAME);
    // Values stand in a column of their own if enough is left for them; else right behind
    // their names, or below where they do not fit.
    let column = (columns >= longest + 4 + 24).then_some(longest);
    let (first, rest): (Vec<_>, Vec<_>) = artifact.fields.iter().partition(|field| is_marked(field));
    for fields in [first, rest] {
        body.gap();
        for field in fields {
            let inline = field.before.is_none() && width(&field.name) + width(&field.value) + 4 <= columns;
            let name = column.or_else(|| inline.then(|| width(&field.name)));
            draw(&mut body, field, name, columns, look);
        }
    }
    body
}

/// Whether the step is about this field, or changed it.
fn is_marked(field: &FieldView) -> bool {
    field.focus || field.before.as_deref().is_some_and(|before| before != field.value)
}

fn draw(body: &mut Body, field: &FieldView, beside: Option<usize>, columns: usize, look: Look) {
    let theme = look.theme;
    let name = safe(&field.name);
    let changed = field.before.as_deref().filter(|before| *before != field.value);
    let (glyph, style, name_style, value_style) = if is_marked(field) {
        (theme.glyph.pointer, theme.mark(), theme.mark(), theme.bold())
    } else {
        (" ", theme.text(), theme.dim(), theme.text())
    };
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
