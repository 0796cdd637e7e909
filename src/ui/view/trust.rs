//! Who holds which authority's certificate, and who a key.

use crate::lab::Holder;
use crate::text::width;

use super::Look;
use super::lines::{Body, safe};

/// One component a row.
pub(super) fn body(holders: &[Holder], columns: usize, look: Look) -> Body {
    let theme = look.theme;
    let mut body = Body::default();
    let say = look.pick("who holds a copy of a CA certificate", "CA 인증서 사본을 가진 곳");
    body.say(say, theme.bold(), columns);
    body.gap();
    let longest = holders.iter().map(|holder| width(&holder.component)).max().unwrap_or(0);
    for holder in holders {
        let name = safe(&holder.component);
        let pad = " ".repeat((longest + 2).saturating_sub(width(&name)));
        let files = holder.certificates.iter().map(|id| format!("{}.crt", safe(id)));
        let mut pieces = vec![(files.collect::<Vec<_>>().join(" "), theme.code())];
        for id in &holder.keys {
            pieces.push((format!(" + {}.key", safe(id)), theme.seal()));
        }
        let lead =
            [(format!("{} ", theme.glyph.bullet), theme.dim()), (format!("{name}{pad}"), theme.text())];
        body.flow(&lead, &pieces, columns);
    }
    body
}
