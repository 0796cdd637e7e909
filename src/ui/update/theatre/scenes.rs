//! Which connections are shown: the one that was just made, one of the cluster, and another
//! one beside it.

use std::sync::Arc;

use super::super::super::browser::TrialState;
use super::super::super::model::{Model, Notice};
use super::super::super::theatre::{Pairing, Pick, Programme, Show, Theatre, Waiting};
use super::super::super::view;
use super::super::{Effect, tell};
use super::{front, play_it, settle, stage};
use crate::fault::Catalogue;
use crate::lab::{Cancel, Panel, Play, PlayRequest, Scene, Tls, Variant};
use crate::lesson::Action;

/// Opens the connection that was just made, or else the list of all of the cluster.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    model.run += 1;
    let run = model.run;
    if let Some((play, request)) = playable(model) {
        return raise(model, Show::new(play, request));
    }
    let programme = Programme { run, ..Programme::default() };
    model.theatre = Some(Theatre { programme: Some(programme), ..Theatre::default() });
    vec![Effect::Edges(run)]
}

/// Shows a connection that was recorded elsewhere.
pub(in crate::ui) fn show(model: &mut Model, recorded: Arc<Play>) -> Vec<Effect> {
    raise(model, Show::new(recorded, None))
}

fn raise(model: &mut Model, show: Show) -> Vec<Effect> {
    model.theatre = Some(Theatre { show: Some(show), ..Theatre::default() });
    play_it(model)
}

/// The connection of the open step or of the open fault, if it has been made.
fn playable(model: &Model) -> Option<(Arc<Play>, Option<PlayRequest>)> {
    if let Some(browser) = &model.browser {
        let (fault, page) = (browser.fault()?, browser.page.as_ref()?);
        let play = page.trial.as_ref()?.connection.play()?;
        let scene = Scene::Trial { fault: fault.id.clone() };
        let is_broken = matches!(page.state, TrialState::Broken);
        let variant = if is_broken { Variant::Fault(fault.id.clone()) } else { Variant::Plain };
        return Some((Arc::new(play), Some(PlayRequest { scene, tls: None, variant })));
    }
    let study = model.study.as_ref()?;
    let is_shown = |panel: &&Panel| matches!(panel, Panel::Connection(view) if view.has_recording());
    let panel = study.shown().filter(is_shown).or_else(|| study.panels.iter().find(is_shown))?;
    let Panel::Connection(view) = panel else { return None };
    let (lesson, step) = (model.lesson()?, model.step()?);
    let is_own = matches!(step.action, Action::Connect(_) | Action::Break(_));
    let scene = Scene::Step { lesson: lesson.id.clone(), step: step.id.clone() };
    let request = is_own.then_some(PlayRequest { scene, tls: None, variant: Variant::Plain });
    Some((Arc::new(view.play()?), request))
}

/// Whether there is a connection to show at once.
pub(in crate::ui) fn can_play(model: &Model) -> bool {
    if let Some(browser) = &model.browser {
        let trial = browser.page.as_ref().and_then(|page| page.trial.as_ref());
        return trial.is_some_and(|trial| trial.connection.has_recording());
    }
    let recorded = |panel: &Panel| matches!(panel, Panel::Connection(view) if view.has_recording());
    model.study.as_ref().is_some_and(|study| study.panels.iter().any(recorded))
}

/// Enter: on the list the connection, in the list of faults the fault.
pub(super) fn choose(model: &mut Model) -> Vec<Effect> {
    let Some(theatre) = &mut model.theatre else { return Vec::new() };
    if let Some(show) = &mut theatre.show {
        let Some(pick) = show.pick.take() else { return Vec::new() };
        let Some((id, _)) = pick.faults.get(pick.chosen) else { return Vec::new() };
        let request =
            PlayRequest { scene: edge_of(show), tls: Some(show.tls(0)), variant: Variant::Fault(id.clone()) };
        return ask(model, request, Some(Pairing::Runs));
    }
    let chosen = theatre.programme.as_ref().and_then(|programme| programme.edges.get(programme.chosen));
    let Some(edge) = chosen else { return Vec::new() };
    let scene = Scene::Edge { client: edge.client.clone(), server: edge.server.clone() };
    ask(model, PlayRequest { scene, tls: None, variant: Variant::Plain }, None)
}

/// The same connection by its ends: a fault is made of such.
fn edge_of(show: &Show) -> Scene {
    let play = show.stages.first().map(|stage| &stage.play);
    let (client, server) = play.map(|play| (play.client.clone(), play.server.clone())).unwrap_or_default();
    Scene::Edge { client, server }
}

/// Has a connection made.
fn ask(model: &mut Model, request: PlayRequest, pairing: Option<Pairing>) -> Vec<Effect> {
    model.run += 1;
    let run = model.run;
    let Some(theatre) = &mut model.theatre else { return Vec::new() };
    if let Some(before) = &theatre.waiting {
        before.cancel.cancel();
    }
    let cancel = Cancel::default();
    if let Some(show) = &mut theatre.show {
        show.clock = None;
    }
    theatre.waiting = Some(Waiting { run, cancel: cancel.clone(), request: request.clone(), pairing });
    vec![Effect::Play { run, request, cancel }]
}

/// A connection has been made, or could not be.
pub(in crate::ui) fn played(model: &mut Model, run: u64, result: Result<Box<Play>, String>) -> Vec<Effect> {
    let language = model.language;
    let Some(theatre) = &mut model.theatre else { return Vec::new() };
    let Some(waiting) = theatre.waiting.take_if(|waiting| waiting.run == run) else { return Vec::new() };
    model.redraw = true;
    let play = match result {
        Ok(play) => Arc::new(*play),
        Err(_) if waiting.cancel.is_cancelled() => return Vec::new(),
        Err(text) => {
            model.notice = Some(Notice { wrong: true, text });
            return Vec::new();
        }
    };
    let effects = match (waiting.pairing, &mut theatre.show) {
        (Some(pairing), Some(show)) => {
            show.beside(pairing, play, waiting.request);
            if !view::theatre_is_wide(model) && pairing == Pairing::Versions {
                front(model);
            }
            let (en, ko) = ("Tab changes between the two.", "Tab으로 둘 사이를 오가요.");
            tell(model, language.pick(en, ko));
            Vec::new()
        }
        _ => {
            theatre.show = Some(Show::new(play, Some(waiting.request)));
            play_it(model)
        }
    };
    settle(model);
    effects
}

/// TLS 1.2 and 1.3 beside each other; where there is room for one, the other one.
pub(super) fn versions(model: &mut Model) -> Vec<Effect> {
    let is_wide = view::theatre_is_wide(model);
    let Some(show) = stage(model) else { return Vec::new() };
    if show.pairing == Some(Pairing::Versions) {
        if is_wide {
            show.alone()
        } else {
            front(model)
        }
        return Vec::new();
    }
    let other = if show.tls(0) == Tls::Tls13 { Tls::Tls12 } else { Tls::Tls13 };
    match show.requests.first().cloned().flatten() {
        Some(request) => ask(model, PlayRequest { tls: Some(other), ..request }, Some(Pairing::Versions)),
        None => not_again(model),
    }
}

/// A healthy run and a faulty one beside each other.
pub(super) fn compare(model: &mut Model) -> Vec<Effect> {
    let Some(show) = stage(model) else { return Vec::new() };
    if show.pick.take().is_some() {
        return Vec::new();
    }
    if show.pairing == Some(Pairing::Runs) {
        show.alone();
        return Vec::new();
    }
    let Some(request) = show.requests.first().cloned().flatten() else { return not_again(model) };
    let tls = Some(show.tls(0));
    if !show.is_healthy(0) {
        return ask(model, PlayRequest { tls, variant: Variant::Healthy, ..request }, Some(Pairing::Runs));
    }
    if let Scene::Trial { fault } = &request.scene {
        let variant = Variant::Fault(fault.clone());
        return ask(model, PlayRequest { tls, variant, ..request }, Some(Pairing::Runs));
    }
    let faults = show.stages.first().map(|stage| faults_of(&stage.play)).unwrap_or_default();
    if faults.is_empty() {
        let (en, ko) = ("The catalogue has no fault of this connection.", "이 연결의 고장은 목록에 없어요.");
        tell(model, model.language.pick(en, ko));
        return Vec::new();
    }
    show.clock = None;
    show.pick = Some(Pick { faults, chosen: 0 });
    Vec::new()
}

/// The faults that the lab can make of this connection.
fn faults_of(play: &Play) -> Vec<(String, [String; 2])> {
    let name = |component: &str| component.split('@').next().unwrap_or_default().to_owned();
    let ends = (name(&play.client), name(&play.server));
    // That the catalogue reads is held by a test.
    let faults = Catalogue::embedded().map(|catalogue| catalogue.faults).unwrap_or_default();
    let is_here = |fault: &crate::fault::Fault| {
        // Where a program does not get as far as a connection there is nothing to play.
        fault.make.as_ref().is_some_and(|making| {
            (name(&making.client), name(&making.server)) == ends
                && making.told_by.is_none()
                && making.outcome != "not-started"
        })
    };
    let here = faults.into_iter().filter(is_here);
    here.map(|fault| (fault.id.clone(), [fault.title.en.clone(), fault.title.ko.clone()])).collect()
}

fn not_again(model: &mut Model) -> Vec<Effect> {
    let (en, ko) = (
        "This connection was recorded elsewhere, and cannot be made again.",
        "다른 곳에서 기록한 연결이라 다시 만들 수 없어요.",
    );
    tell(model, model.language.pick(en, ko));
    Vec::new()
}
