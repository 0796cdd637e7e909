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
        let mut pieces = vec![
            (format!("{}{} ", word(check.outcome), " ".repeat(longest.saturating_sub(width(word(check.outcome))))), style),
            (words::rule(check.rule, look.language).to_owned(), if check.outcome == Outcome::NotReached { theme.dim() } else { theme.bold() }),
        ];
        if !check.evidence.is_empty() && check.outcome != Outcome::NotReached {
            pieces.push((format!("  {}", safe(&check.evidence)), theme.text()));
        }
        body.flow(&[(format!("{glyph} "), style)], &pieces, columns);
    }
    if let Some(refusal) = &verdict.refusal {
        body.quote(&refusal.message, look.theme.text(), columns, look);
    }
    body
}
