//! A verdict, check by check.

use crate::text::width;
use crate::trust::{Outcome, Verdict};

use super::super::words;
use super::Look;
use super::lines::{Body, safe};

/// The checks under a heading, then Go's words if it refused.
pub(super) fn body(verdict: &Verdict, heading: &str, columns: usize, look: Look) -> Body {
    let theme = look.theme;
    let mut body = Body::default();
    body.say(heading, theme.bold(), columns);
    let word = |outcome| words::outcome(outcome, look.language);
    let longest = verdict.checks.iter().map(|check| width(word(check.outcome))).max().unwrap_or(0);
    for check in &verdict.checks {
        let (glyph, style) = match check.outcome {
            Outcome::Pass => (theme.glyph.pass, theme.pass()),
            Outcome::Fail => (theme.glyph.fail, theme.fail()),
            Outcome::NotReached => (theme.glyph.rest, theme.dim()),
        };
        let is_reached = check.outcome != Outcome::NotReached;
        let pad = " ".repeat(longest.saturating_sub(width(word(check.outcome))) + 1);
        let lead = [(format!("{glyph} {}{pad}", word(check.outcome)), style)];
        let rule = words::rule(check.rule, look.language);
        let mut pieces = vec![(rule.to_owned(), if is_reached { theme.bold() } else { theme.dim() })];
        let evidence = if is_reached { safe(&check.evidence) } else { String::new() };
        let used = longest + 3 + width(rule);
        if evidence.is_empty() || used + 2 + width(&evidence) <= columns {
            pieces.push((format!("  {evidence}").trim_end().to_owned(), theme.text()));
            body.flow(&lead, &pieces, columns);
        } else {
            body.flow(&lead, &pieces, columns);
            body.flow(&[("    ".to_owned(), theme.text())], &[(evidence, theme.text())], columns);
        }
    }
    if let Some(refusal) = &verdict.refusal {
        body.quote(&refusal.message, look.theme.text(), columns, look);
    }
    body
}
