//! What is done in the theatre: chosen, played, opened, compared.

use super::super::model::{Mode, Model};
use super::super::theatre::{Act, Page, Pane, SPEEDS, Show};
use super::super::view;
use super::Effect;
use super::position::stepped;
use crate::lab::Edge;

mod scenes;

pub(in crate::ui) use scenes::{can_play, played, show};
use scenes::{choose, compare, open, versions};

/// Does what can be done in the theatre alone.
pub(super) fn act(model: &mut Model, act: Act) -> Vec<Effect> {
    let effects = match act {
        Act::Open => return open(model),
        Act::Choose => return choose(model),
        Act::Play => play_it(model),
        Act::Versions => versions(model),
        Act::Compare => compare(model),
        act => {
            if let Some(show) = stage(model) {
                on_show(show, act);
            }
            if matches!(act, Act::Speed(_)) { again(model) } else { Vec::new() }
        }
    };
    settle(model);
    effects
}

fn stage(model: &mut Model) -> Option<&mut Show> {
    model.theatre.as_mut()?.show.as_mut()
}

/// What needs nothing but the show.
fn on_show(show: &mut Show, act: Act) {
    match act {
        Act::Step(by) => {
            show.clock = None;
            show.shown = stepped(show.shown, by).clamp(1, show.rows.len().max(1));
            show.choose(show.shown.saturating_sub(1));
        }
        Act::Deeper => {
            if show.deepen() && show.pane == Pane::Fields {
                show.clock = None;
            }
        }
        Act::Aside(by) => aside(show, by),
        Act::Speed(by) => show.speed = stepped(show.speed, by).min(SPEEDS.len().saturating_sub(1)),
        Act::Outside => show.turn(),
        Act::Keys => {
            show.page = if show.page == Page::Ladder { Page::Keys(0) } else { Page::Ladder };
            show.scrolls[0] = 0;
        }
        Act::Open | Act::Choose | Act::Play | Act::Versions | Act::Compare => {}
    }
}

fn aside(show: &mut Show, by: isize) {
    match (show.pane, by > 0) {
        (Pane::Ladder, _) => {}
        (Pane::Fields, true) => drop(show.deepen()),
        (Pane::Fields, false) => show.pane = Pane::Ladder,
        (Pane::Bytes, false) if show.byte == 0 => show.pane = Pane::Fields,
        (Pane::Bytes, _) => show.choose_byte(stepped(show.byte, by)),
    }
}

/// The connections of the cluster have come.
pub(super) fn edges(model: &mut Model, run: u64, edges: Vec<Edge>) -> bool {
    let programme = model.theatre.as_mut().and_then(|theatre| theatre.programme.as_mut());
    let Some(programme) = programme.filter(|programme| programme.run == run) else { return false };
    programme.edges = edges;
    true
}

/// Plays or stops; from the beginning where the end has been reached.
fn play_it(model: &mut Model) -> Vec<Effect> {
    let Some(show) = stage(model) else { return Vec::new() };
    if show.clock.take().is_some() {
        return Vec::new();
    }
    if show.shown >= show.rows.len() {
        show.shown = 1;
        show.choose(0);
    }
    (show.open, show.pane, show.page) = (Pane::Ladder, Pane::Ladder, Page::Ladder);
    start(model)
}

/// The next beat is due after a while.
fn start(model: &mut Model) -> Vec<Effect> {
    model.run += 1;
    let run = model.run;
    let Some(show) = stage(model) else { return Vec::new() };
    let after = show.gap();
    show.clock = after.map(|_| run);
    after.map(|after| Effect::Wake { run, after }).into_iter().collect()
}

/// Where it plays, at the new speed.
fn again(model: &mut Model) -> Vec<Effect> {
    match stage(model) {
        Some(show) if show.clock.is_some() => start(model),
        _ => Vec::new(),
    }
}

/// The next beat, if it is the one that is waited for.
pub(super) fn beat(model: &mut Model, run: u64) -> Vec<Effect> {
    let Some(show) = stage(model).filter(|show| show.clock == Some(run)) else { return Vec::new() };
    show.shown = (show.shown + 1).min(show.rows.len());
    show.choose(show.shown.saturating_sub(1));
    model.redraw = true;
    let effects = start(model);
    settle(model);
    effects
}

/// The other run in front.
fn front(model: &mut Model) {
    if let Some(show) = stage(model).filter(|show| show.stages.len() > 1) {
        show.front = 1 - show.front.min(1);
        show.choose(show.chosen);
    }
}

/// The next pane, or the other run; whether the theatre is open.
pub(super) fn switch(model: &mut Model, forward: bool) -> bool {
    if model.theatre.is_none() {
        return false;
    }
    let Some(show) = stage(model) else { return true };
    let panes = [Pane::Ladder, Pane::Fields, Pane::Bytes];
    let count = panes.iter().filter(|pane| **pane <= show.open).count();
    if count == 1 {
        front(model);
    } else {
        let at = panes.iter().position(|pane| *pane == show.pane).unwrap_or(0);
        let to = if forward { at + 1 } else { at + count - 1 } % count;
        show.pane = panes.get(to).copied().unwrap_or(Pane::Ladder);
    }
    settle(model);
    true
}

/// Points elsewhere; whether the theatre is open.
pub(super) fn move_by(model: &mut Model, lines: isize) -> bool {
    let is_far = lines.unsigned_abs() > usize::MAX / 8;
    let per_row = isize::try_from(view::theatre_bytes_in_row(model)).unwrap_or(16);
    let Some(theatre) = &mut model.theatre else { return false };
    match (&mut theatre.show, &mut theatre.programme) {
        (Some(show), _) if show.pick.is_some() => {
            if let Some(pick) = &mut show.pick {
                pick.chosen = stepped(pick.chosen, lines).min(pick.faults.len().saturating_sub(1));
            }
        }
        (Some(show), _) => match (show.page, show.pane) {
            (Page::Keys(at), _) => {
                let count = show.stages.get(show.front).map_or(0, |stage| stage.transcript.keys.len());
                show.page = Page::Keys(stepped(at, lines).min(count.saturating_sub(1)));
            }
            (Page::Ladder, Pane::Ladder) => {
                show.clock = None;
                let to = stepped(show.chosen, lines);
                // Beyond what has been played lies what comes next.
                if to >= show.shown {
                    show.shown = if is_far { show.rows.len() } else { to.saturating_add(1) };
                    show.shown = show.shown.clamp(1, show.rows.len().max(1));
                }
                show.choose(to);
            }
            (Page::Ladder, Pane::Fields) if show.message().is_none() => {
                show.scrolls[1] = stepped(show.scrolls[1], lines);
            }
            (Page::Ladder, Pane::Fields) => show.choose_field(stepped(show.field, lines)),
            (Page::Ladder, Pane::Bytes) => {
                let by = if is_far { lines } else { lines.saturating_mul(per_row) };
                show.choose_byte(stepped(show.byte, by));
            }
        },
        (None, Some(programme)) => {
            let last = programme.edges.len().saturating_sub(1);
            programme.chosen = stepped(programme.chosen, lines).min(last);
        }
        (None, None) => {}
    }
    settle(model);
    true
}

/// One step out; whether there was one.
pub(super) fn leave(model: &mut Model) -> bool {
    let Some(theatre) = &mut model.theatre else { return false };
    if let Some(waiting) = theatre.waiting.take() {
        waiting.cancel.cancel();
        return true;
    }
    if let Some(show) = &mut theatre.show {
        if show.pick.take().is_some() {
            return true;
        }
        if show.page != Page::Ladder {
            show.page = Page::Ladder;
            return true;
        }
        if show.close() {
            settle(model);
            return true;
        }
        theatre.show = None;
        if theatre.programme.is_some() {
            return true;
        }
    }
    model.theatre = None;
    true
}

/// Asks a connection that is being made to stop.
pub(super) fn stop(model: &Model) {
    if let Some(waiting) = model.theatre.as_ref().and_then(|theatre| theatre.waiting.as_ref()) {
        waiting.cancel.cancel();
    }
}

/// Brings what is pointed at into sight.
pub(super) fn settle(model: &mut Model) {
    let Some(sights) = view::theatre_sights(model) else { return };
    let Some(theatre) = &mut model.theatre else { return };
    let bring = |scroll: &mut usize, sight: view::Sight| {
        let view::Sight { at, count, rows } = sight;
        let first = (at + 1).saturating_sub(rows.max(1));
        *scroll = (*scroll).clamp(first, at.max(first)).min(count.saturating_sub(rows));
    };
    match &mut theatre.show {
        Some(show) => {
            for (scroll, sight) in show.scrolls.iter_mut().zip(sights) {
                bring(scroll, sight);
            }
        }
        None => {
            if let (Some(programme), Some(sight)) = (&mut theatre.programme, sights.into_iter().next()) {
                bring(&mut programme.scroll, sight);
            }
        }
    }
}

/// What a click in the theatre chooses.
pub(super) fn click(model: &mut Model, spot: view::Spot) -> Vec<Effect> {
    model.redraw = true;
    if let view::Spot::Edge(at) = spot {
        let programme = model.theatre.as_mut().and_then(|theatre| theatre.programme.as_mut());
        let Some(programme) = programme else { return Vec::new() };
        if programme.chosen == at {
            return choose(model);
        }
        programme.chosen = at;
        return Vec::new();
    }
    let Some(show) = stage(model) else { return Vec::new() };
    match spot {
        view::Spot::Row(stage, row) => {
            show.clock = None;
            let is_again = show.chosen == row && show.pane == Pane::Ladder && show.front == stage;
            (show.pane, show.front) = (Pane::Ladder, stage);
            if is_again {
                show.deepen();
            } else {
                show.choose(row);
            }
        }
        view::Spot::Field(field) => {
            let is_again = show.field == field && show.pane == Pane::Fields;
            show.pane = Pane::Fields;
            if is_again {
                show.deepen();
            } else {
                show.choose_field(field);
            }
        }
        view::Spot::Byte(byte) => {
            show.pane = Pane::Bytes;
            show.choose_byte(byte);
        }
        view::Spot::Key(key) => show.page = Page::Keys(key),
        view::Spot::Fault(at) => {
            let Some(pick) = &mut show.pick else { return Vec::new() };
            if pick.chosen == at {
                return choose(model);
            }
            pick.chosen = at;
        }
        view::Spot::Pane(pane) => show.pane = pane.min(show.open),
        view::Spot::Edge(_) => {}
    }
    settle(model);
    Vec::new()
}

/// The wheel over a pane.
pub(super) fn wheel(model: &mut Model, spot: Option<view::Spot>, lines: isize) {
    let is_over_rest = model.mode() != Mode::Theatre;
    if let Some(show) = stage(model).filter(|_| !is_over_rest) {
        let pane = match spot {
            Some(view::Spot::Row(..) | view::Spot::Pane(Pane::Ladder)) => Pane::Ladder,
            Some(view::Spot::Field(_) | view::Spot::Pane(Pane::Fields)) => Pane::Fields,
            Some(view::Spot::Byte(_) | view::Spot::Pane(Pane::Bytes)) => Pane::Bytes,
            _ => show.pane,
        };
        show.pane = pane.min(show.open);
    }
    move_by(model, lines.signum());
}
