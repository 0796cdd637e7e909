//! The whole cluster: who talks to whom, and its certificates by kind.

use crate::lab::Edge;
use crate::text::width;

use super::super::words;
use super::Look;
use super::lines::{Body, safe};

/// The connections, gathered under the server that they go to.
pub(super) fn edges(edges: &[Edge], columns: usize, look: Look) -> Body {
    let theme = look.theme;
    let mut body = Body::default();
    let mut seen: Vec<(&str, u16)> = Vec::new();
    let widest = |of: fn(&Edge) -> &str| edges.iter().map(|edge| width(of(edge))).max().unwrap_or(0);
    let (clients, credentials) = (widest(|edge| &edge.client), widest(|edge| &edge.credential));
    // Two columns if both fit, else the second against the right edge.
    let in_columns = clients + credentials + 6 <= columns;
    for edge in edges {
        let server = (edge.server.as_str(), edge.port);
        if seen.contains(&server) {
            continue;
        }
        seen.push(server);
        body.gap();
        body.flow(
            &[],
            &[
                (safe(&edge.server), theme.bold()),
                (format!(" :{}", edge.port), theme.text()),
                (format!(" {} ", look.pick("shows", "제시")), theme.dim()),
                (safe(&edge.presented), theme.code()),
            ],
            columns,
        );
        let of_server: Vec<&Edge> = edges.iter().filter(|e| (e.server.as_str(), e.port) == server).collect();
        for (at, client) in of_server.iter().enumerate() {
            let branch = if at + 1 == of_server.len() { theme.glyph.last } else { theme.glyph.branch };
            let name = safe(&client.client);
            let credential = safe(&client.credential);
            let room = columns.saturating_sub(3);
            let (used, shown) = (width(&name), width(&credential));
            let lead = (format!("{branch} "), theme.dim());
            if in_columns {
                let pad = " ".repeat((clients + 3).saturating_sub(used));
                body.flow(&[lead], &[(format!("{name}{pad}"), theme.text()), (credential, theme.code())], columns);
            } else if used + shown + 2 <= room {
                let pad = " ".repeat(room - used - shown);
                body.flow(&[lead], &[(format!("{name}{pad}"), theme.text()), (credential, theme.code())], columns);
            } else {
                body.flow(&[lead], &[(name, theme.text())], columns);
                let trunk = if at + 1 == of_server.len() { " " } else { theme.glyph.bar };
                let pad = " ".repeat(columns.saturating_sub(shown + 1));
                body.flow(&[(format!("{trunk}{pad}"), theme.dim())], &[(credential, theme.code())], columns);
            }
        }
    }
    body
}

/// The certificates under the headings of their kinds, in columns.
pub(super) fn kinds(kinds: &[(String, Vec<String>)], columns: usize, look: Look) -> Body {
    let theme = look.theme;
    let mut body = Body::default();
    for (heading, ids) in kinds {
        body.gap();
        body.flow(
            &[],
            &[
                (words::kinds_heading(heading, look.language), theme.bold()),
                (format!("  {}", ids.len()), theme.dim()),
            ],
            columns,
        );
        let wide = ids.iter().map(|id| width(id) + 4).max().unwrap_or(1).min(columns.max(1));
        for row in ids.chunks((columns / wide).max(1)) {
            let cells: String = row
                .iter()
                .map(|id| {
                    let id = safe(id);
                    let pad = " ".repeat(wide.saturating_sub(width(&id) + 2));
                    format!("{} {id}{pad}", theme.glyph.bullet)
                })
                .collect();
            body.flow(&[], &[(cells.trim_end().to_owned(), theme.text())], columns);
        }
    }
    body
}
