//! The way from a certificate to its root, as a ladder: what was found, what is missing,
//! what nobody needs.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use super::super::super::inspector::{Entry, Inspector, Link, Note};
use super::super::super::model::Model;
use super::super::lines::{Body, paint, paint_thumb, safe};
use super::super::{Look, look, rect};
use super::{InspectorSpot, left, place_of};
use crate::text::Language;

/// The widest ladder.
const WIDEST: u16 = 110;

fn place(body: Rect) -> Rect {
    let columns = body.width.saturating_sub(2).min(WIDEST);
    rect(body.x, body.y, columns, body.height)
}

/// The ladder, and the first and the last line of the link that is pointed at.
fn ladder(
    inspector: &Inspector,
    links: &[Link],
    chosen: usize,
    columns: usize,
    look: Look,
) -> (Body, Vec<usize>) {
    let mut body = Body::default();
    let mut firsts = Vec::new();
    let mut had_rest = false;
    for (at, link) in links.iter().enumerate() {
        let is_redundant = link.notes.contains(&Note::Redundant);
        if is_redundant && !had_rest {
            had_rest = true;
            body.gap();
            let heading = look.pick("In the same file, and not needed", "같은 파일에 있지만 필요 없는 것");
            body.say(heading, look.theme.mark(), columns);
        }
        firsts.push(body.lines.len());
        let goes_on = links.get(at + 1).is_some_and(|next| !next.notes.contains(&Note::Redundant));
        match link.entry.and_then(|entry| inspector.entries.get(entry)) {
            Some(entry) => rung(&mut body, inspector, entry, link, (at == chosen, goes_on), columns, look),
            None => missing(&mut body, inspector, links, at, at == chosen, columns, look),
        }
    }
    (body, firsts)
}

fn rung(
    body: &mut Body,
    inspector: &Inspector,
    entry: &Entry,
    link: &Link,
    (is_chosen, goes_on): (bool, bool),
    columns: usize,
    look: Look,
) {
    let theme = look.theme;
    let pointer = if is_chosen { theme.glyph.pointer } else { " " };
    let kind = link.notes.iter().find_map(|note| match note {
        Note::Leaf => Some(look.pick("leaf", "리프")),
        Note::Intermediate => Some(look.pick("intermediate CA", "중간 CA")),
        Note::Root => Some(look.pick("root", "루트")),
        _ => None,
    });
    let (left, left_style) = left(entry, inspector.now, look);
    let style = if is_chosen { theme.focus() } else { theme.bold() };
    let pieces = [
        (format!("{}  ", safe(&entry.title)), style),
        (format!("{}  ", kind.unwrap_or("CSR")), theme.dim()),
        (left, left_style),
    ];
    body.flow(&[(format!("{pointer} "), theme.focus())], &pieces, columns);
    let trunk = if goes_on { theme.glyph.bar } else { " " };
    let lead = [(format!("  {trunk} "), theme.dim())];
    body.flow(&lead, &[(place_of(entry), theme.code())], columns);
    for note in &link.notes {
        if let Some((is_wrong, text)) = said(*note, look) {
            let (glyph, style) =
                if is_wrong { (theme.glyph.fail, theme.fail()) } else { (theme.glyph.rest, theme.dim()) };
            let lead = [(format!("  {trunk} "), theme.dim()), (format!("{glyph} "), style)];
            body.flow(&lead, &[(text, theme.text())], columns);
        }
    }
    if link.notes.contains(&Note::Signed) {
        let text = look.pick("signed by", "서명한 곳");
        body.line([(format!("  {} ", theme.glyph.last), theme.dim()), (text.to_owned(), theme.mark())]);
    }
}

/// What there is to say beside what is drawn; whether it is something wrong.
fn said(note: Note, look: Look) -> Option<(bool, String)> {
    let text = |en: &'static str, ko: &'static str| look.pick(en, ko).to_owned();
    Some(match note {
        Note::InFile(place) => (
            false,
            match look.language {
                Language::En => format!("certificate {place} of its file"),
                Language::Ko => format!("파일의 {place}번째 인증서"),
            },
        ),
        Note::NotBeside => (
            true,
            text(
                "missing from the file: whoever shows the leaf must show this one too",
                "파일에 없어요. 리프를 내미는 쪽이 이것도 함께 내밀어야 해요",
            ),
        ),
        Note::OutOfOrder => (
            true,
            text(
                "out of order: in the file it stands before what it signed; TLS wants leaf first, then upwards",
                "순서가 틀렸어요. 파일에서 자기가 서명한 것보다 앞에 있어요. TLS에서는 리프부터 위로 놓아요",
            ),
        ),
        Note::Redundant => {
            (true, text("redundant: no step of the way uses it", "필요 없어요. 어느 단계에서도 쓰지 않아요"))
        }
        Note::NeedlessRoot => (
            true,
            text(
                "redundant: whoever trusts this root has it already, and nobody else is convinced by it",
                "필요 없어요. 이 루트를 믿는 쪽은 이미 가지고 있고, 없는 쪽은 받아도 믿지 않아요",
            ),
        ),
        Note::NotItsOwn => (
            true,
            text(
                "it names itself as its issuer, and its signature is not by its own key",
                "발급자가 자기 이름인데, 서명은 자기 키로 한 것이 아니에요",
            ),
        ),
        _ => return None,
    })
}

/// The place of an issuer that was not found.
fn missing(
    body: &mut Body,
    inspector: &Inspector,
    links: &[Link],
    at: usize,
    is_chosen: bool,
    columns: usize,
    look: Look,
) {
    let theme = look.theme;
    let below = at.checked_sub(1).and_then(|below| links.get(below)?.entry);
    let issuer = below.and_then(|below| inspector.entries.get(below)).map(|entry| entry.issuer_name.clone());
    let issuer = issuer.unwrap_or_default();
    let wrong = links.get(at).and_then(|link| {
        link.notes.iter().find_map(|note| match note {
            Note::WrongKey(other) => inspector.entries.get(*other),
            _ => None,
        })
    });
    let pointer = if is_chosen { theme.glyph.pointer } else { " " };
    let heading = look.pick("missing: the issuer", "없음: 발급자");
    let pieces = [(format!("{heading}  "), theme.fail()), (safe(&issuer), theme.bold())];
    body.flow(
        &[(format!("{pointer} "), theme.focus()), (format!("{} ", theme.glyph.fail), theme.fail())],
        &pieces,
        columns,
    );
    let text = match (wrong, look.language) {
        (Some(other), Language::En) => {
            format!("{} has this name and another key: a CA that was made anew", place_of(other))
        }
        (Some(other), Language::Ko) => {
            format!("{}: 이름은 같지만 키가 달라요. 다시 만든 CA예요", place_of(other))
        }
        (None, Language::En) => "no certificate that is known here has this subject".to_owned(),
        (None, Language::Ko) => "이 subject를 가진 인증서가 여기에는 없어요".to_owned(),
    };
    body.flow(&[("    ".to_owned(), theme.dim())], &[(text, theme.text())], columns);
}

/// How far the ladder is scrolled, so that the link that is pointed at is seen.
fn scroll(firsts: &[usize], chosen: usize, lines: usize, rows: usize) -> usize {
    let first = firsts.get(chosen).copied().unwrap_or(0);
    let end = firsts.get(chosen + 1).copied().unwrap_or(lines);
    end.saturating_sub(rows).min(first).min(lines.saturating_sub(rows))
}

/// Draws the ladder.
pub(super) fn draw(
    model: &Model,
    inspector: &Inspector,
    links: &[Link],
    chosen: usize,
    frame: &mut Frame<'_>,
    body: Rect,
) {
    let look = look(model);
    let area = place(body);
    let (ladder, firsts) = ladder(inspector, links, chosen, usize::from(area.width), look);
    let scroll = scroll(&firsts, chosen, ladder.lines.len(), usize::from(area.height));
    paint(frame, area, &ladder.lines, scroll);
    paint_thumb(frame, area.right() + 1, area, ladder.lines.len(), scroll, look);
}

/// What lies at a place.
pub(super) fn hit(
    model: &Model,
    inspector: &Inspector,
    links: &[Link],
    chosen: usize,
    body: Rect,
    at: Position,
) -> Option<InspectorSpot> {
    let area = place(body);
    let (ladder, firsts) = ladder(inspector, links, chosen, usize::from(area.width), look(model));
    let scroll = scroll(&firsts, chosen, ladder.lines.len(), usize::from(area.height));
    let line = usize::from(at.y.checked_sub(area.y)?) + scroll;
    let found = firsts.partition_point(|first| *first <= line).checked_sub(1)?;
    (line < ladder.lines.len()).then_some(InspectorSpot::Line(found))
}
