//! A connection as two lifelines: what each side shows the other, whom each trusts, and what
//! came of it. Then the checks, the identity, the words that were printed, the events.

use ratatui::style::Style;

use crate::handshake::search;
use crate::lab::{ConnectionOutcome, ConnectionView};
use crate::text::{Language, width};

use super::super::words;
use super::lines::{Body, safe};
use super::{Look, drawing, verdict};

/// Everything of a connection.
pub(super) fn body(view: &ConnectionView, columns: usize, look: Look) -> Body {
    let theme = look.theme;
    let mut body = Body::default();
    if let Some(outcome) = &view.outcome {
        headline(&mut body, &outcome.outcome, columns, look);
        body.gap();
    }
    drawing::draw(&mut body, view, columns, look);
    let Some(outcome) = &view.outcome else {
        return body;
    };
    if let Some(verdict) = &outcome.server_verdict {
        body.gap();
        let heading = of_whom(&view.client, &view.server, look.language);
        body.append(verdict::body(verdict, outcome.server_opinions.as_ref(), &heading, columns, look));
    }
    if let Some(verdict) = &outcome.client_verdict {
        body.gap();
        let heading = of_whom(&view.server, &view.client, look.language);
        body.append(verdict::body(verdict, outcome.client_opinions.as_ref(), &heading, columns, look));
    }
    if outcome.identity.is_some() || outcome.decision.is_some() || outcome.response.is_some() {
        body.gap();
        answer(&mut body, outcome, columns, look);
    }
    for (who, text) in [(&view.client, &outcome.client_prints), (&view.server, &outcome.server_logs)] {
        if let Some(text) = text {
            body.gap();
            let does = if who == &view.client { ("prints", "출력") } else { ("logs", "로그") };
            body.say(&format!("{} {}:", safe(who), look.pick(does.0, does.1)), theme.bold(), columns);
            body.quote(text, look.theme.text(), columns, look);
            // The verdict's own words have led there already.
            let known = refusals(outcome).any(|words| search(words) == search(text));
            if !known {
                verdict::searched(&mut body, text, columns, look);
            }
        }
    }
    alert(&mut body, outcome, columns, look);
    events(&mut body, outcome, columns, look);
    body
}

/// Go's words in either verdict.
fn refusals(outcome: &ConnectionOutcome) -> impl Iterator<Item = &str> {
    let verdicts = [&outcome.server_verdict, &outcome.client_verdict].into_iter().flatten();
    verdicts.filter_map(|verdict| verdict.refusal.as_ref()).map(|refusal| refusal.message.as_str())
}

/// The alert that a Go program sends, where this lab's TLS library sends another one.
fn alert(body: &mut Body, outcome: &ConnectionOutcome, columns: usize, look: Look) {
    let Some(alert) = outcome.alert.as_ref().filter(|alert| alert.sent != alert.go) else { return };
    let theme = look.theme;
    body.gap();
    let say = match look.language {
        Language::En => format!("alert {} here; a Go {} sends ", safe(&alert.sent), safe(&alert.from)),
        Language::Ko => format!("여기서는 {} 경고, Go {}라면 ", safe(&alert.sent), safe(&alert.from)),
    };
    body.flow(&[], &[(say, theme.dim()), (safe(&alert.go), theme.mark())], columns);
}

/// What it came to, in a line with a glyph.
pub(super) fn headline(body: &mut Body, outcome: &str, columns: usize, look: Look) {
    let theme = look.theme;
    let sign =
        if outcome == "200" { (theme.glyph.pass, theme.pass()) } else { (theme.glyph.fail, theme.fail()) };
    came_to(body, outcome, sign, columns, look);
}

/// An outcome and its sentence behind a glyph.
pub(super) fn came_to(
    body: &mut Body,
    outcome: &str,
    (glyph, style): (&str, Style),
    columns: usize,
    look: Look,
) {
    let mut pieces = vec![(safe(outcome), style)];
    if let Some(words) = words::connection(outcome, look.language) {
        pieces.push((format!(": {words}"), look.theme.bold()));
    }
    body.flow(&[(format!("{glyph} "), style)], &pieces, columns);
}

fn of_whom(judge: &str, judged: &str, language: Language) -> String {
    match language {
        Language::En => format!("{} checks the certificate of {}", safe(judge), safe(judged)),
        Language::Ko => {
            let judge = safe(judge);
            let particle = crate::text::particle(&judge, "이", "가");
            format!("{judge}{particle} 확인한 {} 인증서", safe(judged))
        }
    }
}

fn answer(body: &mut Body, outcome: &ConnectionOutcome, columns: usize, look: Look) {
    let theme = look.theme;
    body.say(look.pick("What the server made of it", "서버의 판단"), theme.bold(), columns);
    let mut row = |name: &str, value: &str| {
        let pad = " ".repeat(10usize.saturating_sub(width(name)));
        body.flow(&[(format!("  {name}{pad}"), theme.dim())], &[(safe(value), theme.text())], columns);
    };
    if let Some((user, groups)) = &outcome.identity {
        row(look.pick("user", "사용자"), user);
        row(look.pick("groups", "그룹"), &groups.join(", "));
    }
    if let Some(decision) = &outcome.decision {
        row(look.pick("decision", "인가"), decision);
    }
    if let Some((status, text)) = &outcome.response {
        row("HTTP", &status.to_string());
        body.quote(text, look.theme.text(), columns, look);
    }
}

fn events(body: &mut Body, outcome: &ConnectionOutcome, columns: usize, look: Look) {
    let theme = look.theme;
    if outcome.events.is_empty() {
        return;
    }
    body.gap();
    let version =
        outcome.version.as_deref().map(|version| format!(" · {}", safe(version))).unwrap_or_default();
    let time = format!("{}.{:01} ms", outcome.micros / 1000, outcome.micros % 1000 / 100);
    body.flow(
        &[],
        &[
            (look.pick("What happened", "일어난 일").to_owned(), theme.bold()),
            (format!("{version}  {time}"), theme.dim()),
        ],
        columns,
    );
    let longest = outcome.events.iter().map(|(who, _)| width(who)).max().unwrap_or(0).min(columns / 3);
    for (who, what) in &outcome.events {
        let who = crate::text::truncate(&safe(who), longest);
        let pad = " ".repeat(longest.saturating_sub(width(&who)) + 2);
        let is_alert = what.contains("alert");
        let style = if is_alert { theme.fail() } else { theme.text() };
        body.flow(&[(format!("  {who}{pad}"), theme.dim())], &[(safe(what), style)], columns);
    }
}
