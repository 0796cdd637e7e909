//! The help: what can be done here, then everything else, from the one registry.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Clear, Widget};

use crate::text::width;

use super::super::commands::{Entry, REGISTRY};
use super::super::keys::Key;
use super::super::model::{Mode, Model, State};
use super::lines::{Body, paint, paint_thumb};
use super::{footer, look, rect};

/// The widest help.
const WIDEST: u16 = 64;

fn place(model: &Model) -> Rect {
    let (columns, rows) = model.size;
    if columns < super::SIDE_BY_SIDE {
        // Nothing beside it, and the keys below stay.
        return rect(0, 0, columns, rows.saturating_sub(1));
    }
    let wide = WIDEST.min(columns.saturating_sub(4));
    let wanted = u16::try_from(body(model, wide.saturating_sub(4)).lines.len()).unwrap_or(u16::MAX);
    let high = wanted.saturating_add(2).min(rows.saturating_sub(2));
    rect(columns.saturating_sub(wide) / 2, rows.saturating_sub(high) / 2, wide, high)
}

/// Where scrolling the help ends.
pub(super) fn scroll_end(model: &Model) -> usize {
    let area = place(model);
    let lines = body(model, area.width.saturating_sub(4)).lines.len();
    lines.saturating_sub(usize::from(area.height.saturating_sub(2)))
}

/// The situation under the help.
fn under(model: &Model) -> Mode {
    match &model.study {
        None => Mode::Home,
        Some(study) => match (&study.state, model.question().is_some()) {
            (State::Working { .. }, _) => Mode::Working,
            (State::Answered(_) | State::Done(_), _) => Mode::After,
            (_, true) => Mode::Question,
            (_, false) => match model.step().map(|step| &step.action) {
                Some(crate::lesson::Action::Read) | None => Mode::After,
                _ => Mode::Ready,
            },
        },
    }
}

fn body(model: &Model, columns: u16) -> Body {
    let look = look(model);
    let theme = look.theme;
    let columns = usize::from(columns);
    let mode = under(model);
    let (here, others): (Vec<_>, Vec<_>) =
        REGISTRY.iter().filter(|entry| !entry.shown.is_empty()).partition(|entry| entry.is_in(model, mode));
    let mut body = Body::default();
    let mut named: Vec<(String, &str)> = Vec::new();
    for (heading, entries) in
        [(look.pick("Here", "지금 쓸 수 있는 키"), here), (look.pick("Elsewhere", "다른 화면의 키"), others)]
    {
        body.gap();
        body.say(heading, theme.bold(), columns);
        for entry in entries {
            let keys = keys(entry, theme);
            let label = entry.label(look.language, theme);
            // The same key and name in two situations is said once.
            if named.contains(&(keys.clone(), label)) {
                continue;
            }
            let pad = " ".repeat(14usize.saturating_sub(width(&keys)).max(1));
            body.flow(
                &[(format!("  {keys}{pad}"), theme.key())],
                &[(label.to_owned(), theme.text())],
                columns,
            );
            named.push((keys, label));
        }
    }
    body.gap();
    let notes = [
        look.pick(
            "Mouse: the wheel scrolls, a click selects. Hold Shift to select text.",
            "마우스: 휠로 스크롤하고 클릭으로 골라요. Shift를 누르고 끌면 글을 선택할 수 있어요.",
        ),
        look.pick(
            "Keys work with the Korean input method on, too.",
            "한글 입력 상태에서도 키가 그대로 동작해요.",
        ),
    ];
    for note in notes {
        body.say(note, theme.dim(), columns);
    }
    body
}

/// The keys with the function key that does the same.
fn keys(entry: &Entry, theme: super::Theme) -> String {
    let mut keys = footer::shown(entry, theme);
    for key in entry.keys {
        if let Key::F(number) = key {
            keys.push_str(&format!(" F{number}"));
        }
    }
    keys
}

/// Draws the help over the rest.
pub(super) fn draw(model: &Model, frame: &mut Frame<'_>) {
    let Some(scroll) = model.help else { return };
    let look = look(model);
    let glyph = look.theme.glyph;
    let area = place(model);
    let buffer = frame.buffer_mut();
    // A wide glyph that the left edge cuts in half would take the border with it.
    for y in area.y..area.bottom() {
        if let Some(cell) = area.x.checked_sub(1).and_then(|x| buffer.cell_mut((x, y)))
            && width(cell.symbol()) > 1
        {
            cell.set_symbol(" ");
        }
    }
    Clear.render(area, buffer);
    let style: Style = look.theme.dim();
    let inside = usize::from(area.width.saturating_sub(2));
    let [top_left, top_right, bottom_left, bottom_right] = glyph.corners;
    let rule = glyph.rule.repeat(inside);
    buffer.set_string(area.x, area.y, format!("{top_left}{rule}{top_right}"), style);
    for y in area.y + 1..area.bottom().saturating_sub(1) {
        buffer.set_string(area.x, y, glyph.bar, style);
        buffer.set_string(area.right().saturating_sub(1), y, glyph.bar, style);
    }
    buffer.set_string(
        area.x,
        area.bottom().saturating_sub(1),
        format!("{bottom_left}{rule}{bottom_right}"),
        style,
    );
    let title = format!(" {} ", look.pick("Help", "도움말"));
    buffer.set_string(area.x + 2, area.y, title, look.theme.bold());
    let content = rect(area.x + 2, area.y + 1, area.width.saturating_sub(4), area.height.saturating_sub(2));
    let lines = body(model, content.width).lines;
    paint(frame, content, &lines, scroll);
    paint_thumb(frame, area.right().saturating_sub(1), content, lines.len(), scroll, look);
}
