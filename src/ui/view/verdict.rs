//! A verdict: the chain as a ladder, the checks in their order with the one that decided,
//! three verifiers, Go's words and where to search for them.

use crate::handshake::search;
use crate::lab::Opinions;
use crate::text::width;
use crate::trust::{Check, Outcome, Verdict};

use super::super::words;
use super::lines::{Body, Decisive, safe};
use super::{Look, ladder, verifiers};

/// How much of a fact is shown: a certificate may hold ten thousand names.
const MOST: usize = 600;

/// Everything of a verdict under a heading.
pub(super) fn body(
    verdict: &Verdict,
    opinions: Option<&Opinions>,
    heading: &str,
    columns: usize,
    look: Look,
) -> Body {
    let mut body = Body::default();
    body.say(heading, look.theme.bold(), columns);
    ladder::draw(&mut body, verdict, opinions.and_then(|opinions| opinions.leaf.as_ref()), columns, look);
    body.gap();
    body.append(reasons(verdict, opinions, columns, look));
    body.decisive = body.decisive.map(|found| Decisive { heading: 0, ..found });
    body
}

/// The same without heading and ladder.
pub(super) fn reasons(verdict: &Verdict, opinions: Option<&Opinions>, columns: usize, look: Look) -> Body {
    let theme = look.theme;
    let mut body = Body::default();
    body.say(look.pick("Checks, in Go's order", "Go의 순서대로 확인한 것"), theme.dim(), columns);
    checks(&mut body, &verdict.checks, columns, look);
    if let Some(opinions) = opinions {
        body.gap();
        verifiers::draw(&mut body, verdict, opinions, columns, look);
    }
    if let Some(refusal) = &verdict.refusal {
        body.gap();
        body.say(look.pick("Go's words", "Go의 메시지"), theme.dim(), columns);
        body.quote(&refusal.message, theme.text(), columns, look);
        searched(&mut body, &refusal.message, columns, look);
    }
    body
}

/// The part of a message to search for, and who prints it.
pub(super) fn searched(body: &mut Body, message: &str, columns: usize, look: Look) {
    let theme = look.theme;
    let Some(found) = search(message) else { return };
    let row = |body: &mut Body, name: &str, value: String, style| {
        body.flow(&[(format!("{name} "), theme.dim())], &[(value, style)], columns);
    };
    row(body, look.pick("search for", "검색어    "), format!("\"{}\"", found.phrase), theme.code());
    row(body, look.pick("printed by", "출력 함수 "), found.source.clone(), theme.dim());
}

fn checks(body: &mut Body, checks: &[Check], columns: usize, look: Look) {
    let theme = look.theme;
    let word = |outcome| words::outcome(outcome, look.language);
    let longest = checks.iter().map(|check| width(word(check.outcome))).max().unwrap_or(0);
    for check in checks {
        let (glyph, style) = match check.outcome {
            Outcome::Pass => (theme.glyph.pass, theme.pass()),
            Outcome::Fail => (theme.glyph.fail, theme.fail()),
            Outcome::NotReached => (theme.glyph.rest, theme.dim()),
        };
        let is_decisive = check.outcome == Outcome::Fail;
        if is_decisive {
            let line = body.lines.len();
            body.decisive.get_or_insert(Decisive { heading: 0, line });
        }
        let is_reached = check.outcome != Outcome::NotReached;
        let pad = " ".repeat(longest.saturating_sub(width(word(check.outcome))) + 1);
        let lead = [(format!("{glyph} {}{pad}", word(check.outcome)), style)];
        let rule = words::rule(check.rule, look.language);
        let name_style = match (is_decisive, is_reached) {
            (true, _) => theme.mark(),
            (false, true) => theme.bold(),
            (false, false) => theme.dim(),
        };
        let mut pieces = vec![(rule.to_owned(), name_style)];
        let evidence = if is_reached { shortened(&check.evidence, look) } else { String::new() };
        let used = longest + 3 + width(rule);
        if !is_decisive && used + 2 + width(&evidence) <= columns {
            pieces.push((format!("  {evidence}").trim_end().to_owned(), theme.text()));
            body.flow(&lead, &pieces, columns);
        } else {
            let decided = look.pick("this decided", "결정적인 확인");
            let decided = format!("{} {decided}", if theme.is_ascii() { "<-" } else { "←" });
            let fits = used + 2 + width(&decided) <= columns;
            if is_decisive && fits {
                pieces.push((format!("  {decided}"), theme.mark()));
            }
            body.flow(&lead, &pieces, columns);
            if is_decisive && !fits {
                body.flow(&[("    ".to_owned(), theme.text())], &[(decided, theme.mark())], columns);
            }
            if !evidence.is_empty() {
                body.flow(&[("    ".to_owned(), theme.text())], &[(evidence, theme.text())], columns);
            }
        }
    }
}

/// A fact made safe, and cut where it is endless.
pub(super) fn shortened(text: &str, look: Look) -> String {
    match text.char_indices().nth(MOST) {
        None => safe(text),
        Some((end, _)) => {
            let more = if look.theme.is_ascii() { "..." } else { "…" };
            format!("{}{more}", safe(text.get(..end).unwrap_or_default()))
        }
    }
}
