//! The cluster alive: opened, watched, asked, left.

use std::time::Duration;

use super::super::live::{Act, Live, Matrix, Pane, Stage};
use super::super::model::{Model, Notice};
use super::super::view;
use super::position::stepped;
use super::{Effect, tell};
use crate::lab::{Cancel, LiveStep, Permissions};
use crate::text::Language;

/// Between two beats of what travels.
const BEAT: Duration = Duration::from_millis(90);

/// Does what can be done here alone.
pub(super) fn act(model: &mut Model, act: Act) -> Vec<Effect> {
    let effects = match act {
        Act::Open => return open(model),
        Act::CopyLine => copy_line(model),
        Act::Matrix => matrix(model),
        act => {
            let Some(live) = &mut model.live else { return Vec::new() };
            match act {
                Act::Asks => {
                    live.asks = match live.asks {
                        Some(_) => None,
                        None => live.opened().map(|_| live.next),
                    };
                    Vec::new()
                }
                Act::Play => {
                    let asked = live.asks.take();
                    live.next = asked.unwrap_or(live.next);
                    play(live)
                }
                Act::Next => play(live),
                Act::Line(by) => {
                    let count = live.opened().map_or(0, |opened| opened.lines.len()).max(1);
                    live.line = (live.line + if by < 0 { count - 1 } else { 1 }) % count;
                    Vec::new()
                }
                Act::Aside(by) => {
                    if let Some(matrix) = &mut live.matrix {
                        let columns = matrix.permissions.as_ref().map_or(0, |all| all.actions.len());
                        matrix.column = stepped(matrix.column, by).min(columns.saturating_sub(1));
                    }
                    Vec::new()
                }
                Act::Open | Act::CopyLine | Act::Matrix => Vec::new(),
            }
        }
    };
    settle(model);
    effects
}

/// Opens the cluster, or tries again.
fn open(model: &mut Model) -> Vec<Effect> {
    stop(model);
    model.run += 1;
    let (run, cancel) = (model.run, Cancel::default());
    model.live = Some(Live::new(run, cancel.clone()));
    vec![Effect::Live { run, cancel }]
}

/// Plays the request that comes next; the one behind it is next then.
fn play(live: &mut Live) -> Vec<Effect> {
    let Some(opened) = live.opened() else { return Vec::new() };
    let (count, asked) = (opened.asks.len(), opened.asks.get(live.next).map(|ask| ask.id.clone()));
    let Some(id) = asked else { return Vec::new() };
    live.next = (live.next + 1) % count.max(1);
    // What comes of it is looked at.
    live.chosen = live.entries.len().saturating_sub(1);
    vec![Effect::Ask { run: live.run, id }]
}

fn copy_line(model: &mut Model) -> Vec<Effect> {
    let line = model.live.as_ref().and_then(|live| live.opened()?.lines.get(live.line).cloned());
    let Some((client, line)) = line else { return Vec::new() };
    tell(
        model,
        match model.language {
            Language::En => format!("Copied the line of {client} (if the terminal allows it)."),
            Language::Ko => format!("{client}의 한 줄을 복사했어요. (터미널이 허용할 때)"),
        },
    );
    vec![Effect::Copy(line + "\n")]
}

/// Opens the matrix, or closes it.
fn matrix(model: &mut Model) -> Vec<Effect> {
    model.run += 1;
    let run = model.run;
    let Some(live) = &mut model.live else { return Vec::new() };
    if live.matrix.take().is_some() {
        return Vec::new();
    }
    live.matrix = Some(Matrix { run, permissions: None, row: 0, column: 0 });
    vec![Effect::Permissions(run)]
}

/// The matrix has come.
pub(super) fn permissions(model: &mut Model, run: u64, permissions: Box<Permissions>) -> bool {
    let matrix = model.live.as_mut().and_then(|live| live.matrix.as_mut());
    let Some(matrix) = matrix.filter(|matrix| matrix.run == run) else { return false };
    matrix.permissions = Some(permissions);
    true
}

fn current(model: &mut Model, run: u64) -> Option<&mut Live> {
    model.live.as_mut().filter(|live| live.run == run)
}

/// Something happened in the cluster.
pub(super) fn step(model: &mut Model, run: u64, step: LiveStep) -> Vec<Effect> {
    let language = model.language;
    let Some(live) = current(model, run) else { return Vec::new() };
    let notice = match &step {
        LiveStep::Opened(opened) if opened.is_elsewhere => Some((
            false,
            match language {
                Language::En => format!(
                    "Something else listens on port 6443, so this API server takes {}.",
                    opened.address.port()
                ),
                Language::Ko => {
                    format!("6443 포트는 다른 프로그램이 쓰고 있어서 {} 포트를 써요.", opened.address.port())
                }
            },
        )),
        LiveStep::Reread(one) => Some((false, one.sentence(language))),
        _ => None,
    };
    let travels = live.take(step);
    let idle = live.clock.is_none();
    if let Some((wrong, text)) = notice {
        model.notice = Some(Notice { wrong, text });
    }
    model.redraw = true;
    settle(model);
    if travels && idle { wait(model) } else { Vec::new() }
}

/// The next beat is due.
fn wait(model: &mut Model) -> Vec<Effect> {
    model.run += 1;
    let run = model.run;
    let Some(live) = &mut model.live else { return Vec::new() };
    live.clock = Some(run);
    vec![Effect::Wake { run, after: BEAT }]
}

/// The next beat, if it is the one that is waited for; whether it was.
pub(super) fn beat(model: &mut Model, run: u64) -> Option<Vec<Effect>> {
    let live = model.live.as_mut().filter(|live| live.clock == Some(run))?;
    live.clock = None;
    let goes_on = live.beat();
    model.redraw = true;
    Some(if goes_on { wait(model) } else { Vec::new() })
}

/// The cluster has ended.
pub(super) fn ended(model: &mut Model, run: u64, result: Result<(), String>) {
    let language = model.language;
    let Some(live) = current(model, run) else { return };
    let stopped = language.pick("It has stopped.", "멈췄어요.");
    live.stage = Stage::Failed(result.err().unwrap_or_else(|| stopped.to_owned()));
    (live.asks, live.matrix) = (None, None);
    model.redraw = true;
}

/// What a played request came to on its client's side.
pub(super) fn asked(model: &mut Model, run: u64, result: Result<Option<String>, String>) {
    let language = model.language;
    if current(model, run).is_none() {
        return;
    }
    let notice = match result {
        Ok(None) => return,
        Ok(Some(printed)) => match language {
            Language::En => format!("The client prints: {printed}"),
            Language::Ko => format!("클라이언트의 출력: {printed}"),
        },
        Err(error) => error,
    };
    model.notice = Some(Notice { wrong: true, text: notice });
    model.redraw = true;
}

/// Points elsewhere or scrolls; whether the cluster is open.
pub(super) fn move_by(model: &mut Model, lines: isize) -> bool {
    let Some(live) = &mut model.live else { return false };
    if let Some(matrix) = &mut live.matrix {
        let rows = matrix.permissions.as_ref().map_or(0, |all| all.identities.len());
        matrix.row = stepped(matrix.row, lines).min(rows.saturating_sub(1));
    } else if let Some(at) = live.asks {
        let count = live.opened().map_or(0, |opened| opened.asks.len());
        live.asks = Some(stepped(at, lines).min(count.saturating_sub(1)));
    } else {
        match live.pane {
            Pane::Map | Pane::List => live.choose(stepped(live.chosen, lines)),
            pane => live.scroll_to(pane, |scroll| stepped(scroll, lines)),
        }
    }
    settle(model);
    true
}

/// The next pane, or the one before; whether the cluster is open.
pub(super) fn switch(model: &mut Model, forward: bool) -> bool {
    let Some(live) = &mut model.live else { return false };
    let count = Pane::ALL.len();
    let to = if forward { live.pane.index() + 1 } else { live.pane.index() + count - 1 } % count;
    live.pane = Pane::ALL.get(to).copied().unwrap_or(Pane::Map);
    settle(model);
    true
}

/// One step out; whether there was one.
pub(super) fn leave(model: &mut Model) -> bool {
    let Some(live) = &mut model.live else { return false };
    if live.asks.take().is_some() || live.matrix.take().is_some() {
        return true;
    }
    stop(model);
    model.live = None;
    true
}

/// Asks the cluster to stop.
pub(super) fn stop(model: &Model) {
    if let Some(live) = &model.live {
        live.cancel.cancel();
    }
}

/// Keeps every pane inside what it has.
pub(super) fn settle(model: &mut Model) {
    let Some(ends) = view::live_ends(model) else { return };
    let Some(live) = &mut model.live else { return };
    for (scroll, (least, most)) in live.scrolls.iter_mut().zip(ends) {
        *scroll = (*scroll).clamp(least.min(most), most);
    }
}

/// What a click chooses.
pub(super) fn click(model: &mut Model, spot: view::LiveSpot) -> Vec<Effect> {
    use view::LiveSpot as Spot;
    model.redraw = true;
    let Some(live) = &mut model.live else { return Vec::new() };
    match spot {
        Spot::Pane(pane) => live.pane = pane,
        Spot::Entry(entry) => {
            live.pane = Pane::List;
            live.choose(entry);
        }
        Spot::Lane(lane) => {
            live.pane = Pane::Map;
            let last = live.entries.iter().rposition(|entry| entry.lane == Some(lane));
            live.choose(last.unwrap_or(live.chosen));
        }
        Spot::Ask(at) if live.asks == Some(at) => return act(model, Act::Play),
        Spot::Ask(at) => live.asks = Some(at),
        Spot::Line => return copy_line(model),
        Spot::Cell(row, column) => {
            if let Some(matrix) = &mut live.matrix {
                (matrix.row, matrix.column) = (row, column);
            }
        }
    }
    settle(model);
    Vec::new()
}

/// The wheel over a pane.
pub(super) fn wheel(model: &mut Model, spot: Option<view::LiveSpot>, lines: isize) {
    let Some(live) = &mut model.live else { return };
    let over = match spot {
        Some(view::LiveSpot::Pane(pane)) => Some(pane),
        _ => None,
    };
    match over {
        Some(pane @ (Pane::Why | Pane::Log)) if live.asks.is_none() && live.matrix.is_none() => {
            live.scroll_to(pane, |scroll| stepped(scroll, lines));
            settle(model);
        }
        _ => drop(move_by(model, lines.signum())),
    }
}
