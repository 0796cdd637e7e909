//! The middle of a lesson: the step's text and the panels beside it, or one at a time where
//! there is no room for both.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::lesson::{Action, PANE_COLUMNS};
use crate::text::{truncate, width};

use super::super::model::{Focus, Model};
use super::super::words;
use super::lines::{Body, paint, paint_thumb};
use super::{Look, SIDE_BY_SIDE, Target, WIDEST_TEXT, look, panel_body, rect, step};

/// From this size on, columns of the screen and rows of the middle, two panels are seen.
const STACKED: (u16, u16) = (140, 34);

/// Where the panes are. A pane that is not shown has its size all the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct Panes {
    /// The step's text.
    pub(super) text: Rect,
    /// The place of one panel's content, or of two panels with their names.
    panel: Rect,
    /// The row of tabs; empty if there are no panels, or each shows its name.
    tabs: Rect,
    /// The column between them; none if only one is shown.
    pub(super) rule: Option<u16>,
    /// Whether two panels stand one above the other.
    stacked: bool,
}

/// A panel that is seen.
pub(super) struct Slot {
    /// Its index.
    pub(super) panel: usize,
    /// The row of its name, where there are no tabs.
    title: Option<Rect>,
    /// The place of its content.
    pub(super) area: Rect,
    /// Its content.
    pub(super) content: Body,
}

impl Slot {
    /// Where scrolling it ends.
    pub(super) fn end(&self) -> usize {
        self.content.lines.len().saturating_sub(usize::from(self.area.height))
    }
}

/// Whether this step has anything beside its text, or will have in a moment.
fn has_panels(model: &Model) -> bool {
    let (Some(study), Some(step)) = (&model.study, model.step()) else {
        return false;
    };
    let declared = !step.show.is_empty()
        || !matches!(step.action, Action::Read | Action::Predict(_) | Action::Recall(_));
    !study.panels.is_empty() || study.loading && declared
}

/// Places the panes.
pub(super) fn layout(model: &Model, body: Rect) -> Panes {
    if !has_panels(model) {
        let columns = body.width.saturating_sub(1).min(WIDEST_TEXT);
        let text = rect(body.x + (body.width - columns) / 2, body.y, columns, body.height);
        return Panes { text, panel: Rect::ZERO, tabs: Rect::ZERO, rule: None, stacked: false };
    }
    if model.size.0 < SIDE_BY_SIDE {
        let pane = rect(body.x, body.y + 2, body.width.saturating_sub(1), body.height.saturating_sub(2));
        let tabs = rect(body.x, body.y, body.width, 1);
        return Panes { text: pane, panel: pane, tabs, rule: None, stacked: false };
    }
    let least = u16::try_from(PANE_COLUMNS).unwrap_or(WIDEST_TEXT);
    let columns = (body.width.saturating_sub(3) * 45 / 100).clamp(least.min(WIDEST_TEXT), WIDEST_TEXT);
    let x = body.x + columns + 3;
    let beside = body.right().saturating_sub(x);
    let stacked = model.size.0 >= STACKED.0
        && body.height >= STACKED.1
        && model.study.as_ref().is_some_and(|study| study.panels.len() > 1);
    let above = if stacked { 0 } else { 2 };
    Panes {
        text: rect(body.x, body.y, columns, body.height),
        // One column is left for the mark of where in the whole it is.
        panel: rect(x, body.y + above, beside.saturating_sub(1), body.height.saturating_sub(above)),
        tabs: if stacked { Rect::ZERO } else { rect(x, body.y, beside, 1) },
        rule: Some(body.x + columns + 1),
        stacked,
    }
}

/// The panels that are seen: one, or two where there is room.
pub(super) fn slots(model: &Model, panes: Panes) -> Vec<Slot> {
    let Some(study) = &model.study else {
        return Vec::new();
    };
    let look = look(model);
    let content = |panel: usize| {
        let shown = study.panels.get(panel)?;
        let size = (panes.panel.width, panes.panel.height);
        Some(panel_body(shown, study.tool, size, look))
    };
    let area = panes.panel;
    if !panes.stacked {
        let only =
            content(study.panel).map(|content| Slot { panel: study.panel, title: None, area, content });
        return only.into_iter().collect();
    }
    // Pairs stay together, so that nothing moves when the focus goes from one to the other.
    let first = (study.panel / 2 * 2).min(study.panels.len().saturating_sub(2));
    let (Some(above), Some(below)) = (content(first), content(first + 1)) else {
        return Vec::new();
    };
    // Two rows for each name, and one between them.
    let room = usize::from(area.height.saturating_sub(5));
    let (wants, other) = (above.lines.len(), below.lines.len());
    let half = room / 2;
    let rows = if wants + other <= room || wants <= half {
        wants
    } else if other <= half {
        room - other
    } else {
        half
    };
    let rows = u16::try_from(rows).unwrap_or(area.height);
    let y = area.y + rows + 3;
    let rest = area.bottom().saturating_sub(y + 2);
    let title = |y| Some(rect(area.x, y, area.width, 1));
    vec![
        Slot {
            panel: first,
            title: title(area.y),
            area: rect(area.x, area.y + 2, area.width, rows),
            content: above,
        },
        Slot {
            panel: first + 1,
            title: title(y),
            area: rect(area.x, y + 2, area.width, rest),
            content: below,
        },
    ]
}

/// Draws the panes.
pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, body: Rect) {
    let Some(study) = &model.study else { return };
    let look = look(model);
    let panes = layout(model, body);
    draw_tabs(model, frame, panes, look);
    let both = panes.rule.is_some();
    if let Some(x) = panes.rule {
        for y in body.y..body.bottom() {
            frame.buffer_mut().set_string(x, y, look.theme.glyph.bar, look.theme.dim());
        }
    }
    if both || study.focus == Focus::Text {
        let text = step::body(model, panes.text.width);
        paint(frame, panes.text, &text.lines, study.text_scroll);
        let x = panes.rule.unwrap_or(panes.text.right() + 1);
        paint_thumb(frame, x, panes.text, text.lines.len(), study.text_scroll, look);
    }
    if both || study.focus == Focus::Panel {
        for slot in slots(model, panes) {
            let scroll = study.scroll_of(slot.panel).min(slot.end());
            draw_title(model, frame, &slot, look);
            paint(frame, slot.area, &slot.content.lines, scroll);
            let x = slot.area.right() + 1;
            paint_thumb(frame, x, slot.area, slot.content.lines.len(), scroll, look);
        }
    }
}

/// A panel's name in a rule, and which of how many it is if some are not seen.
fn draw_title(model: &Model, frame: &mut Frame<'_>, slot: &Slot, look: Look) {
    let (Some(area), Some(study)) = (slot.title, &model.study) else { return };
    let Some(panel) = study.panels.get(slot.panel) else { return };
    let theme = look.theme;
    let is_current = slot.panel == study.panel && study.focus == Focus::Panel;
    let (pointer, style, rule) = if is_current {
        (theme.glyph.pointer, theme.focus(), theme.glyph.heavy)
    } else {
        (theme.glyph.rest, theme.bold(), theme.glyph.rule)
    };
    let columns = usize::from(area.width);
    let count = match study.panels.len() {
        0..=2 => String::new(),
        count => format!(" {}/{count}", slot.panel + 1),
    };
    let name = truncate(&words::panel(panel, look.language), columns.saturating_sub(count.len() + 8));
    let long = columns.saturating_sub(width(&name) + width(&count) + 3);
    let line = Line::from(vec![
        Span::styled(format!("{pointer} "), style),
        Span::styled(name, style),
        Span::raw(" "),
        Span::styled(rule.repeat(long), if is_current { style } else { theme.dim() }),
        Span::styled(count, theme.dim()),
    ]);
    frame.buffer_mut().set_line(area.x, area.y, &line, area.width);
}

/// A tab: its words, its columns from the row's beginning, what a click on it means.
type Tab = (String, std::ops::Range<usize>, Target, bool);

/// The tabs with their places; those that do not fit are left to a count.
fn tabs(model: &Model, panes: Panes, look: Look) -> Vec<Tab> {
    let Some(study) = &model.study else {
        return Vec::new();
    };
    let mut names: Vec<(String, Target, bool)> = Vec::new();
    if panes.rule.is_none() {
        let active = study.focus == Focus::Text;
        names.push((look.pick("Text", "설명").to_owned(), Target::Pane(Focus::Text), active));
    }
    for (at, panel) in study.panels.iter().enumerate() {
        let active = at == study.panel && (panes.rule.is_some() || study.focus == Focus::Panel);
        names.push((words::panel(panel, look.language), Target::Panel(at), active));
    }
    let room = usize::from(panes.tabs.width);
    let whole: usize = names.iter().map(|(name, ..)| width(name) + 4).sum();
    if whole > room {
        let count = names.len();
        let short =
            names.iter().enumerate().find(|(_, (_, _, active))| *active).map(|(at, (name, target, _))| {
                let count = format!("  {}/{count}", at + 1);
                (format!("{}{count}", truncate(name, room.saturating_sub(2 + count.len()))), *target, true)
            });
        names = short.into_iter().collect();
    }
    let mut x = 0;
    names
        .into_iter()
        .map(|(name, target, active)| {
            let columns = x..x + 2 + width(&name);
            x = columns.end + 2;
            (name, columns, target, active)
        })
        .collect()
}

fn draw_tabs(model: &Model, frame: &mut Frame<'_>, panes: Panes, look: Look) {
    let Some(study) = &model.study else { return };
    let theme = look.theme;
    if panes.tabs.width > 0 && study.panels.is_empty() {
        let waiting = look.pick("Loading…", "불러오고 있어요…");
        frame.buffer_mut().set_string(panes.tabs.x, panes.tabs.y, waiting, theme.dim());
        return;
    }
    let has_focus = panes.rule.is_none() || study.focus == Focus::Panel;
    for (name, columns, _, active) in tabs(model, panes, look) {
        let (pointer, style) = match (active, has_focus) {
            (true, true) => (theme.glyph.pointer, theme.focus()),
            (true, false) => (theme.glyph.rest, theme.bold()),
            (false, _) => (" ", theme.dim()),
        };
        let tab = Line::from(vec![Span::styled(format!("{pointer} "), style), Span::styled(name, style)]);
        let x = panes.tabs.x.saturating_add(u16::try_from(columns.start).unwrap_or(u16::MAX));
        if x < panes.tabs.right() {
            frame.buffer_mut().set_line(x, panes.tabs.y, &tab, panes.tabs.right() - x);
        }
    }
}

/// What lies at a place.
pub(super) fn hit(model: &Model, body: Rect, column: u16, row: u16) -> Target {
    let Some(study) = &model.study else {
        return Target::Nothing;
    };
    let panes = layout(model, body);
    let place = ratatui::layout::Position { x: column, y: row };
    if panes.tabs.contains(place) {
        let x = usize::from(column - panes.tabs.x);
        let tab = tabs(model, panes, look(model)).into_iter().find(|(_, columns, ..)| columns.contains(&x));
        return tab.map_or(Target::Nothing, |(_, _, target, _)| target);
    }
    let both = panes.rule.is_some();
    if panes.text.contains(place) && (both || study.focus == Focus::Text) {
        let content = step::body(model, panes.text.width);
        let target = content.at(panes.text, study.text_scroll, place);
        return target.unwrap_or(Target::Pane(Focus::Text));
    }
    if !both && study.focus == Focus::Text {
        return Target::Nothing;
    }
    for slot in slots(model, panes) {
        if slot.title.is_some_and(|title| title.contains(place)) {
            return Target::Slot(slot.panel);
        }
        if slot.area.contains(place) {
            let scroll = study.scroll_of(slot.panel).min(slot.end());
            // What is chosen in a panel is chosen in the one that has the focus.
            let target = slot.content.at(slot.area, scroll, place);
            return target.unwrap_or(Target::Slot(slot.panel));
        }
    }
    Target::Nothing
}
