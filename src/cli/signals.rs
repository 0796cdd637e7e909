//! Signals: without a screen, what was begun is finished or left out whole; with one, a
//! terminal that is gone ends the program.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::workspace::{Cancel, remove_scratch};

/// Cancels the work on SIGINT, SIGTERM and SIGHUP, from when this returns. Without the
/// means to listen, a signal ends the process at once, which the workspace survives as well.
pub(super) fn cancel_on_signal(cancel: &Cancel) {
    let cancel = cancel.clone();
    let (listening, wait) = mpsc::channel::<()>();
    let listen = async move {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let mut signals = Vec::new();
        for kind in kinds {
            if let Ok(listener) = signal(kind) {
                signals.push(listener);
            }
        }
        drop(listening);
        let mut waiting: Vec<_> = signals.iter_mut().map(|s| Box::pin(s.recv())).collect();
        if !waiting.is_empty() {
            futures_util::future::select_all(waiting.drain(..)).await;
            cancel.cancel();
        }
    };
    // A failure to start the thread leaves the system's default; either way the sender is
    // dropped, which ends the wait.
    let _ = thread::Builder::new().name("signals".into()).spawn(move || {
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
            runtime.block_on(listen);
        }
    });
    let _ = wait.recv();
}

/// How long the screen has to end by itself once it was told to.
const PARTING: Duration = Duration::from_secs(1);

/// Ends the process when it was told to, by SIGTERM or because the terminal hung up, and
/// the screen has not ended by itself. Crossterm 0.29 reads a terminal that is gone over
/// and over (its `event/source/unix/mio.rs` ends the loop at no other error than
/// `WouldBlock`), and whoever asks it for events then never gets an answer.
pub(super) fn end_after_signal() {
    let listen = async {
        let listeners = (signal(SignalKind::hangup()), signal(SignalKind::terminate()));
        let (Ok(mut hang_up), Ok(mut terminate)) = listeners else { return };
        let told = tokio::select! {
            _ = hang_up.recv() => rustix::process::Signal::HUP,
            _ = terminate.recv() => rustix::process::Signal::TERM,
        };
        thread::sleep(PARTING);
        remove_scratch();
        std::process::exit(super::error::CliError::Signal(told.as_raw()).status().into());
    };
    // A thread and a runtime of its own: the screen's are the ones that may be stuck.
    let _ = thread::Builder::new().name("parting".into()).spawn(move || {
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
            runtime.block_on(listen);
        }
    });
}
