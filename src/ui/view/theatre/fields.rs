//! The chosen message's fields, or the checks of the chosen judgement.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line as Row, Span};

use super::super::super::theatre::{Beat, Line, Pane, Show};
use super::super::lines::{Body, paint, safe};
use super::super::verdict;
use super::{Look, below, words};
use crate::text::{truncate, width};

/// Draws them.
pub(super) fn draw(show: &Show, frame: &mut Frame<'_>, area: Rect, look: Look) {
    let rows = below(area);
    let [_, scroll, _] = show.scrolls;
    let is_focus = show.pane == Pane::Fields;
    let Some((_, message)) = show.message() else {
        let body = told(show, usize::from(area.width), look);
        super::title(frame, area, look.pick("What happens here", "여기서 일어나는 일"), is_focus, look);
        paint(frame, rows, &body.lines, scroll);
        super::thumb(frame, area, body.lines.len(), scroll, look);
        return;
    };
    let name = words::name(message, show.outside);
    super::title(frame, area, &format!("{name}  {}", words::size(message.bytes.len())), is_focus, look);
    let lines = show.lines();
    let columns = usize::from(area.width);
    for ((at, line), y) in lines.iter().enumerate().skip(scroll).zip(rows.y..rows.bottom()) {
        let is_chosen = at == show.field;
        let row = match line {
            Line::Field(depth, field, place) => {
                let twin = show.differs.get(place);
                field_row((*depth, field.name, &field.value), twin, (is_chosen, is_focus), columns, look)
            }
            Line::Fact(fact) => {
                let value = format!("= {}", fact.value);
                field_row((0, fact.name, &value), None, (is_chosen, is_focus), columns, look)
            }
        };
        frame.buffer_mut().set_line(area.x, y, &row, area.width);
    }
    super::thumb(frame, area, lines.len(), scroll, look);
}

/// A field: how deep, its name, its value; and what the other run has.
fn field_row(
    (depth, name, value): (usize, &str, &str),
    twin: Option<&Option<String>>,
    (is_chosen, is_focus): (bool, bool),
    columns: usize,
    look: Look,
) -> Row<'static> {
    let theme = look.theme;
    let pointer = if is_chosen { theme.glyph.pointer } else { " " };
    let differs = if twin.is_some() { theme.glyph.unequal } else { " " };
    let indent = " ".repeat(depth.min(12) * 2);
    let reversed = |style: Style| style.add_modifier(Modifier::REVERSED);
    let style = match (is_chosen, is_focus) {
        (true, true) => reversed(theme.focus()),
        (true, false) => theme.focus(),
        (false, _) if depth == 0 => theme.bold(),
        _ => theme.text(),
    };
    let room = columns.saturating_sub(3 + indent.len());
    let name = truncate(name, room);
    let mut left = room.saturating_sub(width(&name) + 2);
    let mut spans = vec![
        Span::styled(pointer, theme.focus()),
        Span::styled(differs, theme.mark()),
        Span::raw(indent),
        Span::styled(name, style),
    ];
    let value_style = if twin.is_some() { theme.mark() } else { theme.code() };
    let value = truncate(&safe(value), left);
    left = left.saturating_sub(width(&value) + 2);
    spans.push(Span::styled(format!("  {value}"), value_style));
    if let Some(Some(there)) = twin
        && left > 8
    {
        spans.push(Span::styled(
            format!("  {} {}", theme.glyph.unequal, truncate(&safe(there), left - 2)),
            theme.dim(),
        ));
    }
    Row::from(spans)
}

/// What there is to read of a beat that is no message.
pub(super) fn told(show: &Show, columns: usize, look: Look) -> Body {
    let mut body = Body::default();
    let Some((at, beat)) = show.beat(show.chosen) else { return body };
    let Some(stage) = show.stages.get(at) else { return body };
    let columns = columns.saturating_sub(2).max(2);
    body.say(&words::why(show, at, beat, look), look.theme.text(), columns);
    if let Beat::Judged(at) = beat
        && let Some(judgement) = stage.play.judgements.get(at)
    {
        body.gap();
        match &judgement.verdict {
            Some(verdict) => {
                let heading = look.pick("The checks, in order", "확인한 순서");
                body.append(verdict::body(verdict, None, heading, columns, look));
            }
            None => {
                if let Some(refusal) = &judgement.refusal {
                    body.quote(refusal, look.theme.text(), columns, look);
                }
            }
        }
    }
    body
}

/// The names from the message's to the chosen field's, outermost first.
pub(super) fn path(show: &Show) -> Vec<&'static str> {
    let Some((_, message)) = show.message() else { return Vec::new() };
    let mut path: Vec<&'static str> = Vec::new();
    for (depth, field) in message.outline().into_iter().take(show.field + 1) {
        path.truncate(depth);
        path.push(field.name);
    }
    path.insert(0, message.kind.name());
    path
}
