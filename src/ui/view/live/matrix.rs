//! The permission matrix: identities by actions, and the reason of the cell that is pointed at.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

use super::super::super::live::Matrix;
use super::super::lines::{Body, Piece, paint, safe};
use super::{Look, Spot, Target, fixed, rect, why};
use crate::access::{Authorizer, Decision};
use crate::lab::Permissions;
use crate::text::{Language, width};

/// The narrowest cell: a glyph, who decided, a blank.
const NARROW: usize = 3;
/// Rows that the reason takes at least.
const REASON: usize = 6;

/// Columns of the names, and of a cell; whether the titles stand over the cells.
fn columns(permissions: &Permissions, columns: usize) -> (usize, usize, bool) {
    let names = permissions.identities.iter().map(|(name, _)| width(name)).max().unwrap_or(0) + 3;
    let count = permissions.actions.len().max(1);
    let titles = permissions.actions.iter().map(|(title, _)| width(title)).max().unwrap_or(0) + 1;
    if names + titles * count <= columns {
        return (names, titles, true);
    }
    let names = names.min(columns.saturating_sub(NARROW * count));
    (names, ((columns - names) / count).clamp(NARROW, 5), false)
}

fn grid(matrix: &Matrix, permissions: &Permissions, wide: usize, look: Look) -> Body {
    let theme = look.theme;
    let mut body = Body::default();
    let (names, cell, with_titles) = columns(permissions, wide);
    let mut head: Vec<Piece> = vec![(" ".repeat(names), theme.text())];
    for (at, (title, _)) in permissions.actions.iter().enumerate() {
        let title = if with_titles { safe(title) } else { (at + 1).to_string() };
        let style = if at == matrix.column { theme.focus() } else { theme.dim() };
        head.push((fixed(&title, cell), style));
    }
    body.line(head);
    for (row, (name, _)) in permissions.identities.iter().enumerate() {
        let is_row = row == matrix.row;
        let pointer = if is_row { theme.glyph.pointer } else { " " };
        let style = if is_row { theme.focus() } else { theme.text() };
        let name = fixed(&safe(name), names.saturating_sub(3));
        let mut pieces: Vec<Piece> = vec![(format!("{pointer} {name} "), style)];
        for column in 0..permissions.actions.len() {
            let start = names + column * cell;
            let target = Target::Live(Spot::Cell(row, column));
            body.hits.push((body.lines.len(), start..start + cell, target));
            let Some(decision) = permissions.cell(row, column) else { continue };
            let (text, style) = mark(decision, look);
            let is_here = is_row && column == matrix.column;
            let style = if is_here { style.add_modifier(Modifier::REVERSED) } else { style };
            pieces.push((text.clone(), style));
            pieces.push((" ".repeat(cell.saturating_sub(width(&text))), theme.text()));
        }
        body.line(pieces);
    }
    body
}

/// A cell: yes and by whom, or no.
fn mark(decision: &Decision, look: Look) -> (String, ratatui::style::Style) {
    let theme = look.theme;
    let by = match decision.by {
        Authorizer::SystemMasters => "M",
        Authorizer::Node => "N",
        Authorizer::Rbac => "R",
        Authorizer::None => return (format!("{} ", theme.glyph.fail), theme.fail()),
    };
    (format!("{}{by}", theme.glyph.pass), theme.pass())
}

/// Why the cell that is pointed at is as it is.
fn reason(matrix: &Matrix, permissions: &Permissions, columns: usize, look: Look) -> Body {
    let theme = look.theme;
    let mut body = Body::default();
    let row = permissions.identities.get(matrix.row);
    let column = permissions.actions.get(matrix.column);
    let (Some((name, identity)), Some((title, _)), Some(decision)) =
        (row, column, permissions.cell(matrix.row, matrix.column))
    else {
        return body;
    };
    let (word, style) = match (decision.allowed, look.language) {
        (true, Language::En) => ("may", theme.pass()),
        (false, Language::En) => ("may not", theme.fail()),
        (true, Language::Ko) => ("허용", theme.pass()),
        (false, Language::Ko) => ("금지", theme.fail()),
    };
    let glyph = if decision.allowed { theme.glyph.pass } else { theme.glyph.fail };
    body.flow(
        &[(format!("{glyph} "), style)],
        &[
            (safe(name), theme.bold()),
            (format!("  {word}  "), style),
            (safe(title), theme.bold()),
            (format!("   {} [{}]", safe(&identity.user), safe(&identity.groups.join(" "))), theme.dim()),
        ],
        columns,
    );
    why::decided(&mut body, decision, columns, look);
    body
}

/// What the columns and the letters stand for.
fn legend(matrix: &Matrix, permissions: &Permissions, wide: usize, look: Look) -> Body {
    let theme = look.theme;
    let mut body = Body::default();
    let (_, _, with_titles) = columns(permissions, wide);
    let mut pieces: Vec<Piece> = Vec::new();
    if !with_titles {
        for (at, (title, _)) in permissions.actions.iter().enumerate() {
            let is_here = at == matrix.column;
            let style = if is_here { theme.focus() } else { theme.dim() };
            let between = if at == 0 { String::new() } else { format!(" {} ", theme.glyph.rest) };
            pieces.push((between, theme.dim()));
            pieces.push((format!("{} {}", at + 1, safe(title)), style));
        }
        body.flow(&[], &pieces, wide);
    }
    let letters =
        look.pick("M system:masters  N Node authorizer  R RBAC", "M system:masters  N Node 인가자  R RBAC");
    body.say(letters, theme.dim(), wide);
    body
}

/// Draws it.
pub(super) fn draw(matrix: &Matrix, frame: &mut Frame<'_>, area: Rect, look: Look) {
    let wide = usize::from(area.width);
    let Some(permissions) = &matrix.permissions else {
        let said = look.pick("Asking the authorizers…", "인가자들에게 묻고 있어요…");
        frame.buffer_mut().set_string(area.x, area.y, said, look.theme.mark());
        return;
    };
    let grid = grid(matrix, permissions, wide, look);
    let legend = legend(matrix, permissions, wide, look);
    let all = usize::from(area.height);
    let shown = rows(&grid, all);
    paint(frame, rect(area.x, area.y, area.width, 1), &grid.lines, 0);
    let below = rect(area.x, area.y + 1, area.width, at_most(shown.saturating_sub(1)));
    paint(frame, below, &grid.lines, 1 + scroll(matrix, &grid, shown));
    let reason = reason(matrix, permissions, wide, look);
    let left = all.saturating_sub(shown + 1);
    // The reason comes first; the legend takes what is left.
    let with_legend = left > reason.lines.len() + legend.lines.len();
    let y = area.y + at_most(shown + 1);
    let place = rect(area.x, y, area.width, at_most(left));
    paint(frame, place, &reason.lines, 0);
    if with_legend {
        let rows = at_most(legend.lines.len());
        let y = (y + at_most(reason.lines.len() + 1)).min(area.bottom().saturating_sub(rows));
        paint(frame, rect(area.x, y, area.width, rows), &legend.lines, 0);
    }
}

fn at_most(rows: usize) -> u16 {
    u16::try_from(rows).unwrap_or(u16::MAX)
}

/// Rows of the grid that are seen, its head among them.
fn rows(grid: &Body, all: usize) -> usize {
    grid.lines.len().min(all.saturating_sub(REASON + 1))
}

/// Rows of the grid that are out of sight above.
fn scroll(matrix: &Matrix, grid: &Body, shown: usize) -> usize {
    let room = shown.saturating_sub(1).max(1);
    let count = grid.lines.len().saturating_sub(1);
    (matrix.row + 1).saturating_sub(room).min(count.saturating_sub(room))
}

/// The cell at a place.
pub(super) fn hit(matrix: &Matrix, area: Rect, at: Position, look: Look) -> Target {
    let Some(permissions) = &matrix.permissions else { return Target::Nothing };
    let grid = grid(matrix, permissions, usize::from(area.width), look);
    let shown = rows(&grid, usize::from(area.height));
    let below = rect(area.x, area.y + 1, area.width, at_most(shown.saturating_sub(1)));
    if !below.contains(at) {
        return Target::Nothing;
    }
    grid.at(below, 1 + scroll(matrix, &grid, shown), at).unwrap_or(Target::Nothing)
}
