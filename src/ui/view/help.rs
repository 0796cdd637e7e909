//! The help: what can be done here, then everything else, from the one registry.

use ratatui::Frame;

use crate::text::width;

use super::super::commands::{Entry, REGISTRY};
use super::super::keys::Key;
use super::super::model::Model;
use super::lines::Body;
use super::popup::Popup;
use super::{footer, look};

/// The widest help.
const WIDEST: u16 = 64;

fn place(model: &Model) -> Popup {
    Popup::place(model.size, WIDEST, |columns| body(model, columns).lines.len())
}

/// Where scrolling the help ends.
pub(super) fn scroll_end(model: &Model) -> usize {
    let popup = place(model);
    popup.end(body(model, popup.inside.width).lines.len())
}

fn body(model: &Model, columns: u16) -> Body {
    let look = look(model);
    let theme = look.theme;
    let columns = usize::from(columns);
    let mode = model.mode_under_help();
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
    let popup = place(model);
    let body = body(model, popup.inside.width);
    popup.draw(frame, look.pick("Help", "도움말"), &body, scroll, look);
}

/// Whether this place is on the help.
pub(super) fn contains(model: &Model, column: u16, row: u16) -> bool {
    place(model).contains(column, row)
}
