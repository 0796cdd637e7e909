//! The cluster as a map: components as boxes on the machines they run on, arrows by number,
//! and each numbered connection with the certificate that either side shows.

use ratatui::text::{Line, Span};

use crate::lab::Edge;
use crate::text::width;

use super::Look;
use super::lines::{Body, Piece, safe};

/// The smallest pane that a map is drawn in: columns and rows.
pub(super) const LEAST: (usize, usize) = (60, 16);

/// A component with its connections by number.
struct Component<'a> {
    name: &'a str,
    port: Option<u16>,
    /// Connections that come here.
    serves: Vec<usize>,
    /// Connections that it makes.
    calls: Vec<usize>,
}

/// Where components run.
struct Place<'a> {
    label: String,
    components: Vec<Component<'a>>,
}

/// What a connection came to: whether it works, and the word for it; none if it was not tried.
pub(super) type State = Option<(bool, String)>;

/// The map, then the connections, with what each came to where that is known.
pub(super) fn body(edges: &[Edge], states: &[State], columns: usize, look: Look) -> Body {
    let mut body = drawing(edges, states, columns, look);
    body.gap();
    list(&mut body, edges, states, columns, look);
    body
}

/// The map alone.
pub(super) fn drawing(edges: &[Edge], states: &[State], columns: usize, look: Look) -> Body {
    let mut body = Body::default();
    for place in places(edges, look) {
        draw(&mut body, &place, states, columns, look);
    }
    body
}

/// The node of a component: what follows the `@`.
fn node_of(component: &str) -> Option<&str> {
    component.split_once('@').map(|(_, node)| node)
}

fn places<'a>(edges: &'a [Edge], look: Look) -> Vec<Place<'a>> {
    let control = edges
        .iter()
        .find_map(|edge| node_of(&edge.server).filter(|_| edge.server.starts_with("kube-apiserver@")));
    let label_of = |component: &str| match (component, node_of(component)) {
        (_, Some(node)) if Some(node) == control => control_label(node, look),
        (_, Some(node)) => format!("{} {}", look.pick("node", "노드"), safe(node)),
        ("kube-scheduler" | "kube-controller-manager" | "etcd-healthcheck", None) => {
            control_label(control.unwrap_or_default(), look)
        }
        ("kube-proxy", None) => look.pick("every node", "모든 노드").to_owned(),
        _ => look.pick("outside", "클러스터 밖").to_owned(),
    };
    let mut places: Vec<Place<'a>> = Vec::new();
    let mut note = |name: &'a str, port: Option<u16>, number: usize| {
        let label = label_of(name);
        if !places.iter().any(|place| place.label == label) {
            places.push(Place { label: label.clone(), components: Vec::new() });
        }
        let Some(place) = places.iter_mut().find(|place| place.label == label) else { return };
        if !place.components.iter().any(|component| component.name == name) {
            let (serves, calls) = (Vec::new(), Vec::new());
            place.components.push(Component { name, port: None, serves, calls });
        }
        let Some(component) = place.components.iter_mut().find(|component| component.name == name) else {
            return;
        };
        if port.is_some() {
            component.port = port;
            component.serves.push(number);
        } else {
            component.calls.push(number);
        }
    };
    for (number, edge) in (1..).zip(edges) {
        note(&edge.server, Some(edge.port), number);
        note(&edge.client, None, number);
    }
    places
}

fn control_label(node: &str, look: Look) -> String {
    format!("{} {}", look.pick("control plane", "컨트롤 플레인"), safe(node))
}

/// A place as a box with the boxes of its components in it, as many in a row as fit.
fn draw(body: &mut Body, place: &Place<'_>, states: &[State], columns: usize, look: Look) {
    let theme = look.theme;
    let [top_left, top_right, bottom_left, bottom_right] = theme.glyph.corners;
    let inside = columns.saturating_sub(4);
    let rule = theme.glyph.rule.repeat(columns.saturating_sub(width(&place.label) + 5));
    body.line([
        (format!("{top_left}{} ", theme.glyph.rule), theme.dim()),
        (place.label.clone(), theme.bold()),
        (format!(" {rule}{top_right}"), theme.dim()),
    ]);
    let mut row: Vec<Vec<Piece>> = Vec::new();
    let mut used = 0;
    let flush = |body: &mut Body, row: &mut Vec<Vec<Piece>>| {
        for pieces in row.drain(..) {
            let long: usize = pieces.iter().map(|(text, _)| width(text)).sum();
            let bar = |text: String| Span::styled(text, theme.dim());
            let mut spans = vec![bar(format!("{} ", theme.glyph.bar))];
            spans.extend(pieces.into_iter().map(|(text, style)| Span::styled(text, style)));
            spans.push(bar(format!("{} {}", " ".repeat(inside.saturating_sub(long)), theme.glyph.bar)));
            body.lines.push(Line::from(spans));
        }
    };
    for component in &place.components {
        let lines = boxed(component, states, inside, look);
        let wide: usize = lines.first().map_or(0, |line| line.iter().map(|(text, _)| width(text)).sum());
        if used > 0 && used + 1 + wide > inside {
            flush(body, &mut row);
            used = 0;
        }
        if used == 0 {
            row = lines;
            used = wide;
        } else {
            for (row, line) in row.iter_mut().zip(lines) {
                row.push((" ".to_owned(), theme.text()));
                row.extend(line);
            }
            used += 1 + wide;
        }
    }
    flush(body, &mut row);
    let rule = theme.glyph.rule.repeat(columns.saturating_sub(2));
    body.line([(format!("{bottom_left}{rule}{bottom_right}"), theme.dim())]);
}

/// Four lines of the same width: a component's name and port, and its arrows.
fn boxed(component: &Component<'_>, states: &[State], columns: usize, look: Look) -> Vec<Vec<Piece>> {
    let theme = look.theme;
    let room = columns.saturating_sub(4);
    let short = component.name.split_once('@').map_or(component.name, |(name, _)| name);
    let port = component.port.map(|port| format!(" :{port}")).unwrap_or_default();
    let name = crate::text::truncate(&safe(short), room.saturating_sub(port.len()));
    let (comes, goes) = if theme.is_ascii() { ("<-", "->") } else { ("←", "→") };
    let mut arrows: Vec<Piece> = Vec::new();
    for (arrow, which) in [(comes, &component.serves), (goes, &component.calls)] {
        if which.is_empty() {
            continue;
        }
        let gap = if arrows.is_empty() { "" } else { "  " };
        arrows.push((format!("{gap}{arrow}"), theme.code()));
        arrows.extend(by_state(which, states, look));
    }
    let arrows = cut(arrows, room);
    let second: usize = arrows.iter().map(|(text, _)| width(text)).sum();
    let wide = (width(&name) + port.len()).max(second);
    let [top_left, top_right, bottom_left, bottom_right] = theme.glyph.corners;
    let rule = theme.glyph.rule.repeat(wide + 2);
    let bar = |end: bool| {
        (if end { format!(" {}", theme.glyph.bar) } else { format!("{} ", theme.glyph.bar) }, theme.text())
    };
    let pad = |used: usize| (" ".repeat(wide.saturating_sub(used)), theme.text());
    let first = width(&name) + port.len();
    let mut below = vec![bar(false)];
    below.extend(arrows);
    below.extend([pad(second), bar(true)]);
    vec![
        vec![(format!("{top_left}{rule}{top_right}"), theme.text())],
        vec![bar(false), (name, theme.bold()), (port, theme.text()), pad(first), bar(true)],
        below,
        vec![(format!("{bottom_left}{rule}{bottom_right}"), theme.text())],
    ]
}

/// The numbers of connections, those that work and those that do not apart.
fn by_state(which: &[usize], states: &[State], look: Look) -> Vec<Piece> {
    let theme = look.theme;
    let state = |number: &usize| states.get(number.saturating_sub(1)).and_then(Option::as_ref);
    let kinds = [
        (None, "", theme.code()),
        (Some(true), theme.glyph.pass, theme.pass()),
        (Some(false), theme.glyph.fail, theme.fail()),
    ];
    let mut pieces = Vec::new();
    for (works, glyph, style) in kinds {
        let these: Vec<usize> =
            which.iter().copied().filter(|number| state(number).map(|(works, _)| *works) == works).collect();
        if !these.is_empty() {
            pieces.push((format!(" {glyph}{}", numbers(&these)), style));
        }
    }
    pieces
}

/// As much of it as fits.
fn cut(pieces: Vec<Piece>, columns: usize) -> Vec<Piece> {
    let mut room = columns;
    let mut kept = Vec::new();
    for (text, style) in pieces {
        let text = crate::text::truncate(&text, room);
        room = room.saturating_sub(width(&text));
        if !text.is_empty() {
            kept.push((text, style));
        }
    }
    kept
}

/// `1-3 7`: runs of three or more as their ends.
fn numbers(numbers: &[usize]) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => runs.push((*number, *number)),
        }
    }
    let run = |(first, last): &(usize, usize)| match last - first {
        0 => first.to_string(),
        1 => format!("{first} {last}"),
        _ => format!("{first}-{last}"),
    };
    runs.iter().map(run).collect::<Vec<_>>().join(" ")
}

/// Every connection: its number, what it came to, both ends, what each shows.
pub(super) fn list(body: &mut Body, edges: &[Edge], states: &[State], columns: usize, look: Look) {
    let theme = look.theme;
    let goes = if theme.is_ascii() { "->" } else { "→" };
    let say = look.pick(
        "Connections: client and its certificate, server and its certificate",
        "연결: 클라이언트와 그 인증서, 서버와 그 인증서",
    );
    body.say(say, theme.bold(), columns);
    for (number, edge) in (1..).zip(edges) {
        let state = states.get(number - 1).and_then(Option::as_ref);
        let mut lead = vec![(format!("{number:>3}  "), theme.dim())];
        let mut pieces = Vec::new();
        if let Some((works, outcome)) = state {
            let (glyph, style) =
                if *works { (theme.glyph.pass, theme.pass()) } else { (theme.glyph.fail, theme.fail()) };
            lead.push((format!("{glyph} "), style));
            pieces.push((format!("{}  ", safe(outcome)), style));
        }
        pieces.extend([
            (safe(&edge.client), theme.text()),
            (format!(" [{}]", safe(&edge.credential)), theme.code()),
            (format!(" {goes} "), theme.dim()),
            (safe(&edge.server), theme.text()),
            (format!(" [{}]", safe(&edge.presented)), theme.code()),
        ]);
        body.flow(&lead, &pieces, columns);
    }
}
