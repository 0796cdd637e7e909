//! Where am I: the lesson, the step and its kind; the line below is the progress.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::text::{truncate, width};

use super::super::model::Model;
use super::super::words;
use super::look;

/// Draws a header: the seal, where this is, what stands at the right, and how far it is.
pub(super) fn place(
    model: &Model,
    frame: &mut Frame<'_>,
    area: Rect,
    title: &str,
    right: Line<'_>,
    (done, count): (usize, usize),
) {
    let look = look(model);
    let theme = look.theme;
    let columns = usize::from(area.width);
    let [.., side] = theme.glyph.seal;
    let seal = format!("{side}{}{side}", theme.glyph.name);
    let title = truncate(title, columns.saturating_sub(right.width() + width(&seal) + 4));
    let left = Line::from(vec![
        Span::styled(seal, theme.seal()),
        Span::raw("  "),
        Span::styled(title, theme.bold()),
    ]);
    let buffer = frame.buffer_mut();
    buffer.set_line(area.x, area.y, &left, area.width);
    let x = area.right().saturating_sub(u16::try_from(right.width()).unwrap_or(0));
    buffer.set_line(x, area.y, &right, area.width);
    let done = (columns * done / count.max(1)).min(columns);
    let rule = Line::from(vec![
        Span::styled(theme.glyph.heavy.repeat(done), theme.seal()),
        Span::styled(theme.glyph.rule.repeat(columns - done), theme.dim()),
    ]);
    buffer.set_line(area.x, area.y + 1, &rule, area.width);
}

/// Draws a step's header.
pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let (Some(study), Some(lesson), Some(step)) = (&model.study, model.lesson(), model.step()) else {
        return;
    };
    let look = look(model);
    let theme = look.theme;
    let count = lesson.steps.len();
    let mut right = vec![
        Span::styled(words::kind(&step.action, look.language), theme.bold()),
        Span::styled(format!("  {}/{count}", study.step + 1), theme.text()),
    ];
    if model.is_done(lesson, step) {
        right.push(Span::styled(
            format!("  {} {}", theme.glyph.pass, look.pick("done", "완료")),
            theme.pass(),
        ));
    }
    let title = format!("{}  {}", lesson.number, lesson.title.get(look.language));
    place(model, frame, area, &title, Line::from(right), (model.done_steps(lesson), count));
}
