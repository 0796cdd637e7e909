//! A request to the lesson's cluster: the command, what is sent, whom the server saw, and its
//! answer.

use crate::lab::{RequestOutcome, RequestView};
use crate::text::width;

use super::lines::{Body, safe};
use super::{Look, connection};

/// The request, and what came of it once it is sent.
pub(super) fn body(view: &RequestView, columns: usize, look: Look) -> Body {
    let theme = look.theme;
    let mut body = Body::default();
    if let Some(outcome) = &view.outcome {
        let (glyph, style) = match outcome.status {
            200..400 => (theme.glyph.pass, theme.pass()),
            _ => (theme.glyph.fail, theme.fail()),
        };
        connection::came_to(&mut body, &outcome.status.to_string(), (glyph, style), columns, look);
        body.gap();
    }
    row(&mut body, look.pick("who", "누가"), &view.client, columns, look);
    body.flow(&[("$ ".to_owned(), theme.dim())], &[(safe(&view.command), theme.code())], columns);
    body.say(&safe(&view.request), theme.dim(), columns);
    if let Some(sent) = &view.body {
        body.quote(sent.trim(), theme.text(), columns, look);
    }
    if let Some(outcome) = &view.outcome {
        body.gap();
        answer(&mut body, outcome, columns, look);
    }
    body
}

fn answer(body: &mut Body, outcome: &RequestOutcome, columns: usize, look: Look) {
    let theme = look.theme;
    body.say(look.pick("What the server made of it", "서버의 판단"), theme.bold(), columns);
    if let Some((user, groups)) = &outcome.identity {
        row(body, look.pick("user", "사용자"), user, columns, look);
        row(body, look.pick("groups", "그룹"), &groups.join(", "), columns, look);
    }
    if let Some(decision) = &outcome.decision {
        row(body, look.pick("decision", "인가"), decision, columns, look);
    }
    row(body, "HTTP", &outcome.status.to_string(), columns, look);
    for text in outcome.message.iter().chain([&outcome.answer]).filter(|text| !text.is_empty()) {
        body.quote(text.trim_end(), theme.text(), columns, look);
    }
}

fn row(body: &mut Body, name: &str, value: &str, columns: usize, look: Look) {
    let pad = " ".repeat(10usize.saturating_sub(width(name)));
    body.flow(&[(format!("  {name}{pad}"), look.theme.dim())], &[(safe(value), look.theme.text())], columns);
}
