//! A chain of certificates as a ladder: the leaf above, its root below.

use crate::lab::{ChainView, Rung};

use super::lines::{Body, safe};
use super::{Look, verdict};

/// The ladder, and the verdict on it once it is made.
pub(super) fn body(chain: &ChainView, columns: usize, look: Look) -> Body {
    let mut body = Body::default();
    rungs(&mut body, &chain.rungs, columns, look);
    if let Some((judged, opinions)) = &chain.judged {
        body.gap();
        body.append(verdict::reasons(judged, Some(opinions), columns, look));
    }
    body
}

fn rungs(body: &mut Body, rungs: &[Rung], columns: usize, look: Look) {
    let theme = look.theme;
    for (at, rung) in rungs.iter().enumerate() {
        let is_root = rung.subject == rung.issuer;
        let kind = match (rung.authority, is_root) {
            (false, _) => look.pick("leaf", "리프"),
            (true, true) => look.pick("root", "루트"),
            (true, false) => look.pick("intermediate CA", "중간 CA"),
        };
        let (glyph, style) = match rung.made {
            true => (theme.glyph.pass, theme.pass()),
            false => (theme.glyph.rest, theme.dim()),
        };
        let name = if rung.authority { theme.seal() } else { theme.bold() };
        let pieces = [(format!("{}  ", safe(&rung.id)), name), (kind.to_owned(), theme.dim())];
        body.flow(&[(format!("{glyph} "), style)], &pieces, columns);
        let trunk = if at + 1 < rungs.len() { theme.glyph.bar } else { " " };
        let mut row = |name: &str, value: &str, style| {
            let lead = [(format!("{trunk} "), theme.dim()), (format!("{name} "), theme.dim())];
            body.flow(&lead, &[(safe(value), style)], columns);
        };
        row("subject", &rung.subject, theme.text());
        row("issuer ", &rung.issuer, theme.text());
        if let Some(end) = &rung.not_after {
            row("until  ", end, theme.text());
        }
        if at + 1 < rungs.len() {
            let signed = look.pick("signed by", "서명한 곳");
            body.line([(theme.glyph.bar.to_owned(), theme.dim())]);
            body.line([(format!("{} ", theme.glyph.last), theme.dim()), (signed.to_owned(), theme.mark())]);
        } else if is_root {
            let own = look.pick(
                "signed by itself: trusted because you hold it",
                "스스로 서명했어요. 가지고 있어서 믿는 거예요",
            );
            body.flow(
                &[(format!("{} ", theme.glyph.last), theme.dim())],
                &[(own.to_owned(), theme.mark())],
                columns,
            );
        }
    }
}
