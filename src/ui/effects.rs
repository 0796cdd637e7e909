//! Effects carried out away from the screen; what they come to returns as a message.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::Engine;
use super::inspector::Entry;
use super::update::{Effect, Msg};
use crate::lab;

/// What the effects bring back.
pub(super) enum Report {
    /// What they came to.
    Msg(Msg),
    /// Some thread panicked: what it said.
    Panicked(String),
}

/// Sends the next beat after a while.
pub(super) fn wake(sender: &UnboundedSender<Report>, run: u64, after: Duration) {
    let sender = sender.clone();
    tokio::spawn(async move {
        tokio::time::sleep(after).await;
        // Nobody listens any more only when the loop has ended.
        drop(sender.send(Report::Msg(Msg::Beat(run))));
    });
}

/// Runs an effect away from the screen; what it comes to returns as a message.
pub(super) fn carry_out<E: Engine>(engine: &Arc<E>, sender: &UnboundedSender<Report>, effect: Effect) {
    let (engine, sender) = (Arc::clone(engine), sender.clone());
    // Nobody listens any more only when the loop has ended.
    let send = move |msg| drop(sender.send(Report::Msg(msg)));
    tokio::task::spawn_blocking(move || match effect {
        Effect::Panels { run, lesson, step } => send(Msg::Panels(run, engine.panels(&lesson, &step))),
        Effect::Perform { run, lesson, step, cancel } => {
            let result =
                engine.perform(&lesson, &step, &cancel, &|progress| send(Msg::Progressed(run, progress)));
            send(Msg::Performed(run, result));
        }
        Effect::Edges(run) => send(Msg::Edges(run, engine.edges())),
        Effect::Play { run, request, cancel } => {
            send(Msg::Played(run, engine.play(&request, &cancel).map(Box::new)));
        }
        Effect::Try { run, making, is_broken, cancel } => {
            let result =
                engine.trial(&making, is_broken, &cancel, &|step| send(Msg::TrialStep(run, Box::new(step))));
            send(Msg::Tried(run, result.map(Box::new)));
        }
        Effect::AskOpenssl { run, cases } => {
            send(Msg::Opinions(run, cases.iter().map(|case| case.ask_openssl()).collect()));
        }
        Effect::Live { run, cancel } => {
            let result = engine.live(&cancel, &|step| send(Msg::Live(run, Box::new(step))));
            send(Msg::LiveEnded(run, result));
        }
        Effect::Ask { run, id } => send(Msg::Asked(run, engine.ask(&id))),
        Effect::Permissions(run) => send(Msg::Permissions(run, Box::new(engine.permissions()))),
        Effect::Gather { run } => {
            let entries = engine.holdings().into_iter().map(Entry::of).collect();
            send(Msg::Gathered(run, engine.now(), entries));
        }
        Effect::Check { run, file, name, certificates } => {
            let certificates: Vec<&[u8]> = certificates.iter().map(Vec::as_slice).collect();
            let findings = lab::findings(&name, file.as_deref(), &certificates, engine.now());
            send(Msg::Checked(run, findings));
        }
        Effect::Export { stem, extension, bytes } => {
            send(Msg::Exported(engine.export(&stem, extension, &bytes)));
        }
        Effect::Reload => {
            if let Some(problems) = engine.reload() {
                send(Msg::Lessons(engine.lessons().to_vec(), engine.progress(), problems));
            }
        }
        // These are the loop's own.
        Effect::Wake { .. }
        | Effect::Record { .. }
        | Effect::Reset(_)
        | Effect::SetLanguage(_)
        | Effect::Copy(_)
        | Effect::Mouse(_)
        | Effect::Suspend
        | Effect::Quit => {}
    });
}
