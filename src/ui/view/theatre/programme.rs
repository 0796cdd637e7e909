//! The connections of the cluster, to choose one from.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::super::super::theatre::Programme;
use super::super::lines::{Body, paint, paint_thumb, safe};
use super::super::map;
use super::{Areas, Look, Sight, Spot, rect};
use crate::text::{truncate, width};

/// From so many columns on, the map stands beside the list.
const WITH_MAP: u16 = 124;
/// Columns of the list beside the map.
const LIST: u16 = 58;
/// Rows under the list: a rule, and what the chosen one's ends show.
const ABOUT: u16 = 3;

fn list(body: Rect) -> Rect {
    let columns = if body.width >= WITH_MAP { LIST } else { body.width };
    rect(body.x, body.y, columns, body.height.saturating_sub(ABOUT))
}

/// What the chosen one's ends show each other.
fn about(programme: &Programme, columns: usize, look: Look) -> Body {
    let mut body = Body::default();
    let Some(edge) = programme.edges.get(programme.chosen) else { return body };
    let theme = look.theme;
    for (who, what) in [(&edge.client, &edge.credential), (&edge.server, &edge.presented)] {
        let shows = look.pick(" shows ", ": ");
        let pieces =
            [(safe(who), theme.bold()), (shows.to_owned(), theme.text()), (safe(what), theme.code())];
        body.flow(&[], &pieces, columns);
    }
    body
}

/// Draws the list.
pub(super) fn draw(programme: &Programme, frame: &mut Frame<'_>, areas: Areas, look: Look) {
    let theme = look.theme;
    let [.., side] = theme.glyph.seal;
    let head = Line::from(vec![
        Span::styled(format!("{side}{}{side}", theme.glyph.name), theme.seal()),
        Span::raw("  "),
        Span::styled(
            look.pick("The handshake theatre: choose a connection", "핸드셰이크 극장: 볼 연결을 고르세요"),
            theme.bold(),
        ),
    ]);
    let buffer = frame.buffer_mut();
    buffer.set_line(areas.header.x, areas.header.y, &head, areas.header.width);
    let rule = theme.glyph.rule.repeat(usize::from(areas.header.width));
    buffer.set_string(areas.header.x, areas.header.y + 1, rule, theme.dim());
    let area = list(areas.body);
    for (at, y) in (programme.scroll..programme.edges.len()).zip(area.y..area.bottom()) {
        let row = row(programme, at, usize::from(area.width), look);
        frame.buffer_mut().set_line(area.x, y, &row, area.width);
    }
    let below = rect(areas.body.x, area.bottom(), areas.body.width, 1);
    let rule = theme.glyph.rule.repeat(usize::from(below.width));
    frame.buffer_mut().set_string(below.x, below.y, rule, theme.dim());
    let about = about(programme, usize::from(areas.body.width), look);
    paint(frame, rect(below.x, below.y + 1, below.width, ABOUT - 1), &about.lines, 0);
    paint_thumb(frame, area.right(), area, programme.edges.len(), programme.scroll, look);
    if areas.body.width >= WITH_MAP {
        let x = area.right() + 3;
        let beside = rect(x, area.y, areas.body.right().saturating_sub(x), area.height);
        let drawing: Body = map::drawing(&programme.edges, &[], usize::from(beside.width), look);
        paint(frame, beside, &drawing.lines, 0);
    }
}

/// A connection: its number and both ends.
fn row(programme: &Programme, at: usize, columns: usize, look: Look) -> Line<'static> {
    let theme = look.theme;
    let Some(edge) = programme.edges.get(at) else { return Line::default() };
    let is_chosen = at == programme.chosen;
    let pointer = if is_chosen { theme.glyph.pointer } else { " " };
    let style = if is_chosen { theme.focus() } else { theme.text() };
    let goes = if theme.is_ascii() { "->" } else { "→" };
    let lead = format!("{pointer} {:>2}  ", at + 1);
    let ends = format!("{} {goes} {} :{}", safe(&edge.client), safe(&edge.server), edge.port);
    let ends = truncate(&ends, columns.saturating_sub(width(&lead)));
    Line::from(vec![Span::styled(lead, style), Span::styled(ends, style)])
}

/// What is seen of the list.
pub(super) fn sight(programme: &Programme, body: Rect, _: Look) -> Sight {
    Sight { at: programme.chosen, count: programme.edges.len(), rows: usize::from(list(body).height) }
}

/// The connection at a place.
pub(super) fn hit(programme: &Programme, body: Rect, at: Position, _: Look) -> Option<Spot> {
    let area = list(body);
    let row = area.contains(at).then(|| usize::from(at.y - area.y) + programme.scroll)?;
    (row < programme.edges.len()).then_some(Spot::Edge(row))
}
