//! The middle of a lesson: the step's text and the panels beside it, or one at a time where
//! there is no room for both.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::lesson::Action;
use crate::text::{truncate, width};

use super::super::model::{Focus, Model};
use super::super::words;
use super::lines::{paint, paint_thumb};
use super::{Look, SIDE_BY_SIDE, Target, WIDEST_TEXT, look, panel_body, rect, step};

/// Where the panes are. A pane that is not shown has its size all the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct Panes {
    /// The step's text.
    pub(super) text: Rect,
    /// The panel's content.
    pub(super) panel: Rect,
    /// The row of tabs; empty if there are no panels.
    tabs: Rect,
    /// The column between them; none if only one is shown.
    rule: Option<u16>,
}

/// Whether this step has anything beside its text, or will have in a moment.
fn has_panels(model: &Model) -> bool {
    let (Some(study), Some(step)) = (&model.study, model.step()) else { return false };
    let declared = !step.show.is_empty()
        || !matches!(step.action, Action::Read | Action::Predict(_) | Action::Recall(_));
    !study.panels.is_empty() || study.loading && declared
}

/// Places the panes.
pub(super) fn layout(model: &Model, body: Rect) -> Panes {
    if !has_panels(model) {
        let columns = body.width.min(WIDEST_TEXT);
        let text = rect(body.x + (body.width - columns) / 2, body.y, columns, body.height);
        return Panes { text, panel: Rect::ZERO, tabs: Rect::ZERO, rule: None };
    }
    if model.size.0 < SIDE_BY_SIDE {
        let pane = rect(body.x, body.y + 2, body.width, body.height.saturating_sub(2));
        return Panes { text: pane, panel: pane, tabs: rect(body.x, body.y, body.width, 1), rule: None };
    }
    let columns = (body.width.saturating_sub(3) * 45 / 100).min(WIDEST_TEXT);
    let x = body.x + columns + 3;
    let beside = body.right().saturating_sub(x);
    Panes {
        text: rect(body.x, body.y, columns, body.height),
        // One column is left for the mark of where in the whole it is.
        panel: rect(x, body.y + 2, beside.saturating_sub(1), body.height.saturating_sub(2)),
        tabs: rect(x, body.y, beside, 1),
        rule: Some(body.x + columns + 1),
    }
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
        let x = panes.rule.unwrap_or(panes.text.right());
        paint_thumb(frame, x, panes.text, text.lines.len(), study.text_scroll, look);
    }
    if (both || study.focus == Focus::Panel)
        && let Some(panel) = study.shown()
    {
        let content = panel_body(panel, study.tool, panes.panel.width, look);
        paint(frame, panes.panel, &content.lines, study.panel_scroll);
        paint_thumb(frame, panes.panel.right(), panes.panel, content.lines.len(), study.panel_scroll, look);
    }
}

/// A tab: its words, its columns from the row's beginning, what a click on it means.
type Tab = (String, std::ops::Range<usize>, Target, bool);

/// The tabs with their places; those that do not fit are left to a count.
fn tabs(model: &Model, panes: Panes, look: Look) -> Vec<Tab> {
    let Some(study) = &model.study else { return Vec::new() };
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
        let short = names.iter().enumerate().find(|(_, (_, _, active))| *active).map(|(at, (name, target, _))| {
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
    let Some(study) = &model.study else { return Target::Nothing };
    let panes = layout(model, body);
    let place = ratatui::layout::Position { x: column, y: row };
    if panes.tabs.contains(place) {
        let x = usize::from(column - panes.tabs.x);
        let tab = tabs(model, panes, look(model)).into_iter().find(|(_, columns, ..)| columns.contains(&x));
        return tab.map_or(Target::Nothing, |(_, _, target, _)| target);
    }
    let both = panes.rule.is_some();
    let (focus, pane, scroll) = if panes.text.contains(place) && (both || study.focus == Focus::Text) {
        (Focus::Text, panes.text, study.text_scroll)
    } else if panes.panel.contains(place) {
        (Focus::Panel, panes.panel, study.panel_scroll)
    } else {
        return Target::Nothing;
    };
    let content = match (focus, study.shown()) {
        (Focus::Panel, Some(panel)) => panel_body(panel, study.tool, pane.width, look(model)),
        (Focus::Panel, None) => return Target::Nothing,
        (Focus::Text, _) => step::body(model, pane.width),
    };
    let (line, x) = (usize::from(row - pane.y) + scroll, usize::from(column - pane.x));
    let found = content.hits.into_iter().find(|(at, columns, _)| *at == line && columns.contains(&x));
    found.map_or(Target::Pane(focus), |(_, _, target)| target)
}
