//! What is pointed at, in a line, and what it is, in a sentence.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::super::super::theatre::{Line, Page, Pane, Show};
use super::super::lines::{Body, Piece, paint, safe};
use super::{Look, fields, words};
use crate::text::Language;
use crate::wire::{Message, Side, Topic, explain};

/// Draws the rule, and the strip under it.
pub(super) fn draw(show: &Show, frame: &mut Frame<'_>, (rule, strip): (Rect, Rect), look: Look) {
    let theme = look.theme;
    let line = theme.glyph.rule.repeat(usize::from(rule.width));
    frame.buffer_mut().set_string(rule.x, rule.y, line, theme.dim());
    let columns = usize::from(strip.width).saturating_sub(1);
    let mut body = Body::default();
    let sentence = match show.page {
        Page::Keys(at) => key(&mut body, show, at, columns, look),
        Page::Ladder => match show.message() {
            Some(found) if show.pane == Pane::Ladder => one_line(&mut body, show, found, columns, look),
            Some((_, message)) => field(&mut body, show, message, columns, look),
            None => beat(&mut body, show, columns, look),
        },
    };
    // What it is matters more than the end of a long value.
    let mut below = Body::default();
    below.say(&sentence.unwrap_or_default(), theme.text(), columns);
    let room = usize::from(strip.height).saturating_sub(below.lines.len());
    body.lines.truncate(room.max(1));
    body.append(below);
    paint(frame, strip, &body.lines, 0);
}

/// A message in a line; then its summary or what is wrong with it; then what it is.
fn one_line(
    body: &mut Body,
    show: &Show,
    (stage, message): (usize, &Message),
    columns: usize,
    look: Look,
) -> Option<String> {
    let theme = look.theme;
    let stage = show.stages.get(stage)?;
    let (glyph, word, style) = words::cover(message.protection, show.outside, look);
    let goes = if theme.is_ascii() { "->" } else { "→" };
    let (from, to) = (stage.name(message.from), stage.name(message.from.other()));
    let mut pieces: Vec<Piece> = vec![
        (format!("{glyph} {word}  "), style),
        (words::name(message, show.outside), words::name_style(message, look)),
        (format!("  {} {goes} {}", safe(from), safe(to)), theme.text()),
        (format!("  {}", words::size(message.bytes.len())), theme.dim()),
    ];
    if let Some(problem) = message.problem.filter(|_| !show.outside) {
        pieces.push((format!("  {} {}", theme.glyph.fail, problem.words(look.language)), theme.fail()));
    } else if !message.summary.is_empty() {
        pieces.push((format!("  {}", safe(&message.summary)), theme.code()));
    }
    body.flow(&[], &pieces, columns);
    let name = words::name(message, show.outside);
    let topic = if show.outside { Topic::Record(&name) } else { Topic::Message(message.kind.name()) };
    explain(topic, look.language).map(str::to_owned)
}

/// The field that is pointed at: its path, its value, what it is.
fn field(body: &mut Body, show: &Show, message: &Message, columns: usize, look: Look) -> Option<String> {
    let theme = look.theme;
    let lines = show.lines();
    if let Some(Line::Fact(fact)) = lines.get(show.field) {
        let pieces =
            [(fact.name.to_owned(), theme.bold()), (format!("  {}", safe(&fact.value)), theme.code())];
        body.flow(&[], &pieces, columns);
        return explain(Topic::Fact(fact.name), look.language).map(str::to_owned);
    }
    let path = fields::path(show);
    let field = show.field()?;
    let (name, around) = path.split_last().unwrap_or((&"", &[]));
    let around = around.get(1..).unwrap_or_default();
    let lead = around.iter().map(|name| format!("{name} / ")).collect::<String>();
    let count = field.range.len();
    let size = match look.language {
        Language::En if count == 1 => "1 byte".to_owned(),
        Language::En => format!("{count} bytes"),
        Language::Ko => format!("{count}바이트"),
    };
    let mut pieces = vec![
        (lead, theme.dim()),
        ((*name).to_owned(), theme.bold()),
        (format!("  {size}"), theme.dim()),
        (format!("  {}", safe(&field.value)), theme.code()),
    ];
    if let Some(other) = show.differs.get(&show.field) {
        let other = other.clone().unwrap_or_else(|| look.pick("nothing there", "없음").to_owned());
        let other = format!("  {} {}", theme.glyph.unequal, safe(&other));
        pieces.push((other, theme.mark()));
    }
    body.flow(&[], &pieces, columns);
    let topic = Topic::Field(&path);
    let sentence =
        explain(topic, look.language).or_else(|| explain(Topic::Message(message.kind.name()), look.language));
    sentence.map(str::to_owned)
}

/// What happens between two messages.
fn beat(body: &mut Body, show: &Show, columns: usize, look: Look) -> Option<String> {
    let (at, beat) = show.beat(show.chosen)?;
    let stage = show.stages.get(at)?;
    if let Some((text, style, side)) = words::beat(stage, beat, look) {
        let name = format!("{}  ", safe(stage.name(side)));
        body.flow(&[], &[(name, look.theme.bold()), (text, style)], columns);
    }
    Some(words::why(show, at, beat, look))
}

/// What a key protects.
fn key(body: &mut Body, show: &Show, at: usize, columns: usize, look: Look) -> Option<String> {
    let stage = show.stages.get(show.front)?;
    let key = stage.transcript.keys.get(at)?;
    let whose = match key.from {
        Side::Client => look.pick("client", "클라이언트"),
        Side::Server => look.pick("server", "서버"),
    };
    let lead = format!("{} ({whose})  ", safe(stage.name(key.from)));
    body.flow(&[], &[(lead, look.theme.bold()), (key.label.to_owned(), look.theme.closed())], columns);
    explain(Topic::Key(key.label), look.language).map(str::to_owned)
}
