//! What a screen says that is too small for anything else.

use ratatui::Frame;

use super::super::model::Model;
use super::MINIMUM;
use crate::text::{truncate, width};

/// How large it is and would have to be.
pub(super) fn draw(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    let times = model.theme.glyph.times;
    // In both languages: there is no room to look for the key that switches.
    let (now, needed) =
        if model.theme.is_ascii() { ("now", "needed") } else { ("지금 now", "필요 needed") };
    let text =
        format!("{now} {}{times}{} / {needed} {}{times}{}", area.width, area.height, MINIMUM.0, MINIMUM.1);
    let text = truncate(&text, usize::from(area.width));
    let columns = u16::try_from(width(&text)).unwrap_or(area.width);
    let x = area.width.saturating_sub(columns) / 2;
    if area.height > 0 {
        frame.buffer_mut().set_string(x, area.height / 2, text, model.theme.text());
    }
}
