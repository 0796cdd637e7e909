//! The map as lanes: everyone who calls, a lane to the server, and on it the request that
//! travelled there last, with what it came to.

use ratatui::style::Style;

use super::super::super::live::{BEATS, Entry, Live, Outcome};
use super::super::lines::{Body, Piece, safe};
use super::{Look, Spot, Target, fixed};
use crate::text::{truncate, width};

/// Columns of what a request came to, behind its lane.
const OUTCOME: usize = 6;
/// The widest name of a client.
const NAME: usize = 24;

/// How many rows the map takes.
pub(super) fn rows(live: &Live) -> usize {
    live.opened().map_or(0, |opened| opened.clients.len() + opened.servers.len() + 7)
}

/// The lanes, then the line to paste. With `busy` those of servers that nobody has dialled are
/// left out.
pub(super) fn body(live: &Live, busy: bool, columns: usize, look: Look) -> Body {
    let mut body = Body::default();
    let Some(opened) = live.opened() else { return body };
    let theme = look.theme;
    let others = look.pick("anyone else", "그 밖의 누구나");
    let names = opened.clients.iter().map(|(name, _)| name.as_str()).chain([others]);
    let name = names.map(width).max().unwrap_or(0).min(NAME).min(columns / 3);
    let lane = columns.saturating_sub(name + OUTCOME + 4);
    let server = format!("kube-apiserver {}", opened.address);
    heading(&mut body, &server, name + lane + 2, look);
    let clients = opened.clients.iter().map(|(name, _)| name.as_str()).chain([others]);
    for (at, client) in clients.enumerate() {
        row(&mut body, live, at, client, (name, lane), columns, look);
    }
    let first = opened.clients.len() + 1;
    let servers = opened.servers.iter().enumerate();
    let servers: Vec<_> = servers.filter(|(at, _)| !busy || live.last_of(first + at).is_some()).collect();
    if !servers.is_empty() {
        let beside = look.pick("beside it, dialled directly", "그 곁에서 직접 접속을 받는 서버");
        heading(&mut body, beside, name + lane + 2, look);
    }
    for (at, (server, _)) in servers {
        row(&mut body, live, first + at, server, (name, lane), columns, look);
    }
    body.gap();
    paste(&mut body, live, columns, look);
    if live.missed > 0 {
        let said = look.pick("more than can be shown went by:", "너무 많아 보여 주지 못한 요청:");
        body.say(&format!("{said} {}", live.missed), theme.mark(), columns);
    }
    body
}

/// A server's name over the end of its lanes.
fn heading(body: &mut Body, name: &str, end: usize, look: Look) {
    let name = truncate(name, end);
    let pad = " ".repeat(end.saturating_sub(width(&name)));
    body.line([(pad, look.theme.text()), (name, look.theme.bold())]);
}

/// One lane: who, what travels, what it came to.
fn row(
    body: &mut Body,
    live: &Live,
    at: usize,
    name: &str,
    (names, long): (usize, usize),
    columns: usize,
    look: Look,
) {
    let theme = look.theme;
    let last = live.last_of(at);
    let travelled = live.travelled(at);
    let is_chosen = live.entry().is_some_and(|entry| entry.lane == Some(at));
    let mut pieces: Vec<Piece> = vec![(
        format!("{} ", fixed(&safe(name), names)),
        if is_chosen { theme.focus() } else { theme.text() },
    )];
    match last {
        Some(entry) => pieces.extend(travel(live, entry, travelled, long, look)),
        None => pieces.push((theme.glyph.rule.repeat(long), theme.dim())),
    }
    let head = if theme.is_ascii() { ">" } else { "▸" };
    let arrived = last.filter(|_| travelled >= BEATS);
    let style = if arrived.is_some() { theme.text() } else { theme.dim() };
    pieces.push((head.to_owned(), style));
    pieces.push((theme.glyph.bar.to_owned(), theme.text()));
    if let Some(entry) = arrived {
        let (text, style) = outcome(entry.outcome, look);
        pieces.push((format!(" {text}"), style));
    }
    body.hits.push((body.lines.len(), 0..columns, Target::Live(Spot::Lane(at))));
    body.line(pieces);
}

/// What was asked, as far along its lane as it has travelled: what lies behind it is drawn
/// heavy.
fn travel(live: &Live, entry: &Entry, beats: usize, columns: usize, look: Look) -> Vec<Piece> {
    let theme = look.theme;
    let is_newest = live.entries.back().is_some_and(|newest| std::ptr::eq(newest, entry));
    let is_known = entry.lane.zip(live.opened()).is_some_and(|(lane, opened)| lane < opened.clients.len());
    let text = match entry.outcome {
        Outcome::Handshake => look.pick("TLS handshake", "TLS 핸드셰이크").to_owned(),
        // Who it is stands nowhere else.
        _ if !is_known => format!("{}: {}", safe(&entry.who), safe(&entry.what)),
        _ => safe(&entry.what),
    };
    let text = format!(" {} ", truncate(&text, columns.saturating_sub(4)));
    let free = columns.saturating_sub(width(&text));
    let before = free * beats.min(BEATS) / BEATS;
    let (rule, label): (Style, Style) = match () {
        () if beats < BEATS => (theme.mark(), theme.bold()),
        () if is_newest => (theme.text(), theme.bold()),
        () => (theme.dim(), theme.text()),
    };
    vec![
        (theme.glyph.heavy.repeat(before), rule),
        (text, label),
        (theme.glyph.rule.repeat(free - before), theme.dim()),
    ]
}

/// What it came to: glyph and word.
pub(super) fn outcome(outcome: Outcome, look: Look) -> (String, Style) {
    let theme = look.theme;
    match outcome {
        Outcome::Status(status) if status < 400 => (format!("{} {status}", theme.glyph.pass), theme.pass()),
        Outcome::Status(status) => (format!("{} {status}", theme.glyph.fail), theme.fail()),
        Outcome::Handshake => (format!("{} TLS", theme.glyph.fail), theme.fail()),
        Outcome::Told => (format!("{} {}", theme.glyph.bullet, look.pick("log", "로그")), theme.dim()),
    }
}

/// The line that another terminal reaches the cluster by.
pub(super) fn paste(body: &mut Body, live: &Live, columns: usize, look: Look) {
    let theme = look.theme;
    let line = live.opened().and_then(|opened| opened.lines.get(live.line));
    let Some((client, line)) = line else { return };
    let first = body.lines.len();
    let lead = look.pick("Paste in another terminal, as ", "다른 터미널에 붙여 넣으세요: ");
    body.flow(&[], &[(lead.to_owned(), theme.dim()), (safe(client), theme.bold())], columns);
    body.flow(&[], &[(safe(line), theme.code())], columns);
    let lines = first..body.lines.len();
    body.hits.extend(lines.map(|line| (line, 0..columns, Target::Live(Spot::Line))));
}
