//! What is pointed at: its whole value, its element, what is wrong with it, and the words for
//! it.

use super::super::super::inspector::{Page, Row};
use super::super::lines::{Body, safe};
use super::super::{Look, markdown};
use super::tree;
use crate::x509::{Explanation, explanation, flaw_words};

/// How much of a value is shown, in bytes.
const SHORT: usize = 600;
const LONG: usize = 6000;

/// The names of what a row is a part of, and its own: `subject > CN`.
fn path(page: &Page, at: usize) -> String {
    let mut names = Vec::new();
    let mut next = Some(at);
    while let Some(row) = next.and_then(|at| page.rows.get(at)) {
        names.push(safe(&row.field.name));
        next = row.parent;
    }
    names.reverse();
    names.join(" > ")
}

/// The words for a row, or for the nearest that it is a part of.
fn words(page: &Page, at: usize) -> Option<&'static Explanation> {
    let mut next = page.rows.get(at);
    while let Some(row) = next {
        if let Some(found) = explanation(&row.field) {
            return Some(found);
        }
        next = row.parent.and_then(|parent| page.rows.get(parent));
    }
    None
}

/// All of it, in lines of so many columns; `whole` shows more of a long value.
pub(super) fn body(page: &Page, columns: usize, whole: bool, look: Look) -> Body {
    let theme = look.theme;
    let mut body = Body::default();
    let row = page.field.and_then(|at| Some((at, page.rows.get(at)?)));
    if let Some((at, row)) = row {
        let most = if whole { LONG } else { SHORT };
        let value = &row.field.value;
        let cut = value.get(..value.floor_char_boundary(most)).unwrap_or_default();
        let more = if cut.len() < value.len() { "…" } else { "" };
        let lead = format!("{}  ", path(page, at));
        let pieces = [(lead, theme.mark()), (format!("{}{more}", safe(cut)), theme.bold())];
        body.flow(&[], &pieces, columns);
    } else {
        let none = look.pick("no field of its own", "따로 이름 붙은 필드가 아니에요");
        body.say(none, theme.dim(), columns);
    }
    node(page, &mut body, columns, look);
    if let Some((_, row)) = row {
        flaws(row, &mut body, columns, look);
    }
    if let Some(found) = row.and_then(|(at, _)| words(page, at)) {
        if whole {
            body.gap();
        }
        explained(found, &mut body, columns, whole, look);
    }
    body
}

fn node(page: &Page, body: &mut Body, columns: usize, look: Look) {
    let node = page.node.and_then(|at| page.document.tree.nodes.get(at));
    let Some(node) = node else {
        let none =
            look.pick("worked out, not written in the bytes", "바이트에 적힌 것이 아니라 계산한 값이에요");
        body.say(none, look.theme.dim(), columns);
        return;
    };
    body.say(&tree::told(node, look), look.theme.dim(), columns);
    if let Some(found) = node.broken {
        let lead = [(format!("{} ", look.theme.glyph.fail), look.theme.fail())];
        body.flow(&lead, &[(tree::broken(found, look).to_owned(), look.theme.text())], columns);
    }
}

fn flaws(row: &Row, body: &mut Body, columns: usize, look: Look) {
    for flaw in &row.field.flaws {
        let lead = [(format!("{} ", look.theme.glyph.fail), look.theme.fail())];
        let words = markdown::inline(flaw_words(*flaw).get(look.language), look.theme.text(), look);
        body.flow(&lead, &words, columns);
    }
}

fn explained(found: &Explanation, body: &mut Body, columns: usize, whole: bool, look: Look) {
    let theme = look.theme;
    let parts = [
        (None, found.what),
        (Some("Kubernetes"), found.kubernetes),
        (Some(look.pick("Goes wrong", "잘못되면")), found.wrong),
    ];
    for (heading, words) in parts {
        let text = words.get(look.language);
        if text.is_empty() {
            continue;
        }
        let mut pieces = Vec::new();
        if let Some(heading) = heading {
            pieces.push((format!("{heading}: "), theme.bold()));
        }
        pieces.extend(markdown::inline(text, theme.text(), look));
        body.flow(&[], &pieces, columns);
        if whole {
            body.gap();
        }
    }
    if !found.faults.is_empty() {
        let heading = look.pick("Faults: ", "고장: ");
        let pieces = [(heading.to_owned(), theme.bold()), (found.faults.join(", "), theme.code())];
        body.flow(&[], &pieces, columns);
    }
}
