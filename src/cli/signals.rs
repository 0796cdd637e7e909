//! Signals: without a screen, what was begun is finished or left out whole; with one, a
//! terminal that is gone ends the program.

use std::thread;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::workspace::Cancel;

/// Cancels the work on SIGINT, SIGTERM and SIGHUP. Without the means to listen, a signal
/// ends the process at once, which the workspace survives as well.
pub(super) fn cancel_on_signal(cancel: &Cancel) {
    let cancel = cancel.clone();
    let listen = async move {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let mut signals = Vec::new();
        for kind in kinds {
            if let Ok(listener) = signal(kind) {
                signals.push(listener);
            }
        }
        let mut waiting: Vec<_> = signals.iter_mut().map(|s| Box::pin(s.recv())).collect();
        if !waiting.is_empty() {
            futures_util::future::select_all(waiting.drain(..)).await;
            cancel.cancel();
        }
    };
    // A failure to start the thread leaves the system's default.
    let _ = thread::Builder::new().name("signals".into()).spawn(move || {
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
            runtime.block_on(listen);
        }
    });
}

/// How long the screen has to end by itself once its terminal is gone.
const PARTING: Duration = Duration::from_secs(1);

/// Ends the process when the terminal has hung up and the screen has not ended by itself.
/// Crossterm 0.29 reads a terminal that is gone over and over (its `event/source/unix/mio.rs`
/// ends the loop at no other error than `WouldBlock`), and whoever asks it for events then
/// never gets an answer.
pub(super) fn end_after_hang_up() {
    let listen = async {
        if let Ok(mut hang_up) = signal(SignalKind::hangup()) {
            hang_up.recv().await;
            thread::sleep(PARTING);
            let hung_up = super::error::CliError::Signal(rustix::process::Signal::HUP.as_raw());
            std::process::exit(hung_up.status().into());
        }
    };
    // A thread and a runtime of its own: the screen's are the ones that may be stuck.
    let _ = thread::Builder::new().name("hang-up".into()).spawn(move || {
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
            runtime.block_on(listen);
        }
    });
}
