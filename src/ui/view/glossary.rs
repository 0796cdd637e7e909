//! The glossary: the open step's terms first, then all others, each in both languages.

use ratatui::Frame;

use crate::lesson::Term;

use super::super::model::Model;
use super::super::overlay::{Overlay, Terms};
use super::lines::{Body, safe};
use super::popup::Popup;
use super::{Look, look};

/// The widest glossary.
const WIDEST: u16 = 84;

fn body(model: &Model, terms: &Terms, columns: u16) -> Body {
    let look = look(model);
    let columns = usize::from(columns);
    let mut body = Body::default();
    let of_all = if terms.here.is_empty() {
        look.pick("All terms", "모든 용어")
    } else {
        look.pick("Other terms", "다른 용어")
    };
    let here = look.pick("In this step", "이 단계에 나오는 용어");
    for (heading, terms) in [(here, &terms.here), (of_all, &terms.others)] {
        if terms.is_empty() {
            continue;
        }
        body.gap();
        body.say(heading, look.theme.mark(), columns);
        for term in terms {
            body.gap();
            entry(&mut body, term, columns, look);
        }
    }
    body
}

/// The term, what the other language calls it, its sentence.
fn entry(body: &mut Body, term: &Term, columns: usize, look: Look) {
    let theme = look.theme;
    let (name, other) = (term.name.get(look.language), term.name.get(look.language.other()));
    let mut pieces = vec![(safe(name), theme.bold())];
    // A Korean name often holds the English one already.
    if !name.to_lowercase().contains(&other.to_lowercase()) {
        // What both have in common is said once.
        let other = other.strip_prefix(name.as_str()).unwrap_or(other);
        pieces.push((format!("  {}", safe(other)), theme.dim()));
    }
    body.flow(&[], &pieces, columns);
    body.flow(
        &[("  ".to_owned(), theme.text())],
        &[(safe(term.definition.get(look.language)), theme.text())],
        columns,
    );
}

fn place(model: &Model, terms: &Terms) -> Popup {
    Popup::place(model.size, WIDEST, |columns| body(model, terms, columns).lines.len())
}

/// Where scrolling it ends.
pub(super) fn end(model: &Model) -> usize {
    let Some(Overlay::Glossary(terms)) = &model.overlay else { return 0 };
    let popup = place(model, terms);
    popup.end(body(model, terms, popup.inside.width).lines.len())
}

/// Whether this place is on it.
pub(super) fn contains(model: &Model, terms: &Terms, column: u16, row: u16) -> bool {
    place(model, terms).contains(column, row)
}

/// Draws it over the rest.
pub(super) fn draw(model: &Model, terms: &Terms, frame: &mut Frame<'_>) {
    let look = look(model);
    let popup = place(model, terms);
    let body = body(model, terms, popup.inside.width);
    popup.draw(frame, look.pick("Glossary", "용어집"), &body, terms.scroll, look);
}
