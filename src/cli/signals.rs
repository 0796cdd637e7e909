//! Signals during work without a screen: what was begun is finished or left out whole.

use std::thread;

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
