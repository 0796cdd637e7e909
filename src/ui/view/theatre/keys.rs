//! The key schedule from the traffic secrets down: secret, key, IV, and what each protects.

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use super::super::super::theatre::{Show, message_name, messages_under};
use super::super::lines::{Body, paint, safe};
use super::{Look, Sight, Spot, below, words};
use crate::text::Language;
use crate::wire::{Protection, Side, TrafficKey, suite_name};

/// The widest page.
const WIDEST: usize = 120;

/// The page, and the lines of each key.
fn body(show: &Show, chosen: usize, columns: usize, look: Look) -> (Body, Vec<Range<usize>>) {
    let theme = look.theme;
    let columns = columns.min(WIDEST);
    let mut body = Body::default();
    let mut places = Vec::new();
    let Some(stage) = show.stages.get(show.front) else { return (body, places) };
    let transcript = &stage.transcript;
    let warning = look.pick(
        "These are a lab's keys, made for this one connection: no program outside a lab writes down its own.",
        "이 연결 하나만을 위해 만든 실습용 키예요. 실습이 아니라면 어떤 프로그램도 자기 키를 적어 두지 않아요.",
    );
    body.flow(
        &[(format!("{} ", theme.glyph.closed), theme.mark())],
        &[(warning.to_owned(), theme.mark())],
        columns,
    );
    if transcript.keys.is_empty() {
        body.gap();
        let none = look.pick(
            "No key was ever made: the connection ended before, or its secrets are not known.",
            "키가 만들어지지 않았어요. 그 전에 연결이 끝났거나, 비밀 값을 몰라요.",
        );
        body.say(none, theme.text(), columns);
        return (body, places);
    }
    let is_13 = stage.is_13();
    let how = if is_13 {
        look.pick(
            "key share + key share = shared secret, then HKDF: a secret for each side and stage, and from it key and IV",
            "키 공유 + 키 공유 = 공유 비밀, 그다음 HKDF로 쪽마다 단계마다 비밀을, 거기서 키와 IV를 만들어요",
        )
    } else {
        look.pick(
            "key exchange = pre-master secret, then the PRF: one master secret, and from it the keys of both directions",
            "키 교환 = 프리마스터 시크릿, 그다음 PRF로 마스터 시크릿 하나를, 거기서 양방향의 키를 만들어요",
        )
    };
    body.say(how, theme.dim(), columns);
    for (at, key) in transcript.keys.iter().enumerate() {
        body.gap();
        let first = body.lines.len();
        let is_chosen = at == chosen;
        let pointer = if is_chosen { theme.glyph.pointer } else { " " };
        let style = if is_chosen { theme.focus() } else { theme.bold() };
        let suite = transcript.cipher_suite.map(suite_name).unwrap_or_default();
        body.flow(
            &[(format!("{pointer} "), theme.focus())],
            &[
                (format!("{}  ", stage_name(key, look)), style),
                (safe(stage.name(key.from)), theme.text()),
                (format!("  {suite}"), theme.dim()),
            ],
            columns,
        );
        chain(&mut body, key, is_13, columns, look);
        let messages = messages_under(transcript, &key.records);
        let names = messages.iter().filter_map(|at| transcript.messages.get(*at));
        let names = names.map(|message| message_name(message.kind)).collect::<Vec<_>>().join(", ");
        let count = match look.language {
            Language::En if key.records.len() == 1 => "1 record".to_owned(),
            Language::En => format!("{} records", key.records.len()),
            Language::Ko => format!("레코드 {}개", key.records.len()),
        };
        let says = if names.is_empty() {
            look.pick("nothing was sent under it", "이 키로 보낸 것이 없음").to_owned()
        } else {
            format!("{count}: {names}")
        };
        row(&mut body, (theme.glyph.last, look.pick("protects", "보호")), &says, columns, look);
        places.push(first..body.lines.len());
    }
    (body, places)
}

/// The secret and what is made from it.
fn chain(body: &mut Body, key: &TrafficKey, is_13: bool, columns: usize, look: Look) {
    let secret = if is_13 { key.label } else { look.pick("master secret", "마스터 시크릿") };
    let glyph = look.theme.glyph;
    row(body, (" ", look.pick("secret", "비밀")), &format!("{}  {secret}", hex(&key.secret)), columns, look);
    let how = |label: &str| if is_13 { format!("  HKDF-Expand-Label \"{label}\"") } else { String::new() };
    row(
        body,
        (glyph.branch, look.pick("key", "키")),
        &format!("{}{}", hex(&key.key), how("key")),
        columns,
        look,
    );
    row(body, (glyph.branch, "IV"), &format!("{}{}", hex(&key.iv), how("iv")), columns, look);
    if let Some(finished) = &key.finished_key {
        let text = format!("{}{}", hex(finished), how("finished"));
        row(body, (glyph.branch, "Finished"), &text, columns, look);
    }
}

fn row(body: &mut Body, (branch, name): (&str, &str), value: &str, columns: usize, look: Look) {
    let theme = look.theme;
    let pad = " ".repeat(10usize.saturating_sub(crate::text::width(name)).max(1));
    let lead = [(format!("   {branch:<2} "), theme.dim()), (format!("{name}{pad}"), theme.bold())];
    body.flow(&lead, &[(value.to_owned(), theme.code())], columns);
}

fn hex(bytes: &[u8]) -> String {
    let groups = bytes.chunks(4);
    let groups = groups.map(|four| four.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    groups.collect::<Vec<_>>().join(" ")
}

/// Which stage a key is of.
fn stage_name(key: &TrafficKey, look: Look) -> String {
    let (_, word, _) = words::cover(key.protection, false, look);
    let whose = match key.from {
        Side::Client => look.pick("client's", "클라이언트"),
        Side::Server => look.pick("server's", "서버"),
    };
    match key.protection {
        Protection::Application { generation } if generation > 0 => format!("{whose} {word} #{generation}"),
        _ => format!("{whose} {word}"),
    }
}

/// The whole page's title.
fn heading(look: Look) -> &'static str {
    look.pick("The keys", "키")
}

/// Draws the page.
pub(super) fn draw(show: &Show, chosen: usize, frame: &mut Frame<'_>, area: Rect, look: Look) {
    super::title(frame, area, heading(look), true, look);
    let (body, _) = body(show, chosen, usize::from(area.width), look);
    let [scroll, ..] = show.scrolls;
    paint(frame, below(area), &body.lines, scroll);
    super::thumb(frame, area, body.lines.len(), scroll, look);
}

/// The chosen key's last line, all lines, those that are seen.
pub(super) fn sight(show: &Show, chosen: usize, area: Rect, look: Look) -> Sight {
    let (body, places) = body(show, chosen, usize::from(area.width), look);
    let rows = usize::from(below(area).height);
    let lines = places.get(chosen).cloned().unwrap_or(0..1);
    let at = if chosen == 0 { lines.start.min(rows.saturating_sub(1)) } else { lines.end.saturating_sub(1) };
    Sight { at, count: body.lines.len(), rows }
}

/// The key at a place.
pub(super) fn hit(show: &Show, area: Rect, at: Position, look: Look) -> Option<Spot> {
    let rows = below(area);
    let [scroll, ..] = show.scrolls;
    let line = rows.contains(at).then(|| usize::from(at.y - rows.y) + scroll)?;
    let (_, places) = body(show, 0, usize::from(area.width), look);
    places.iter().position(|lines| lines.contains(&line)).map(Spot::Key)
}
