//! A program run within bounds: of time, of output, and without an input.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// As much as is read of what a program says.
const MAX_OUTPUT: u64 = 16 << 10;
/// How often it is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(2);

/// What a program said, standard output before standard error, and how it ended; none if
/// it was ended because it took too long.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) text: String,
    pub(super) status: Option<ExitStatus>,
}

/// Runs a program with nothing to read, no longer than `limit`.
///
/// # Errors
/// It cannot be started.
pub(super) fn run(program: &Path, arguments: &[String], limit: Duration) -> std::io::Result<Said> {
    let end = Instant::now() + limit;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env("LC_ALL", "C")
        // Nothing that lies in the user's directory is to be taken for a configuration.
        .current_dir("/")
        // What it starts is ended with it.
        .process_group(0)
        .spawn()?;
    let outputs = [child.stdout.take().map(listen), child.stderr.take().map(listen)];
    let mut text = String::new();
    let mut ended = true;
    for output in outputs.into_iter().flatten() {
        match output.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(bytes) => text.push_str(&String::from_utf8_lossy(&bytes)),
            Err(_) => ended = false,
        }
        text.push('\n');
    }
    Ok(Said { text, status: finish(&mut child, if ended { end } else { Instant::now() }) })
}

/// Reads in a thread of its own: whoever holds the other end open may never let go.
fn listen(from: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.take(MAX_OUTPUT).read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    });
    receiver
}

/// Waits until this moment, then ends it.
fn finish(child: &mut Child, end: Instant) -> Option<ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < end => thread::sleep(LOOK),
            _ => break,
        }
    }
    let group = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Said {
        run(Path::new("/bin/sh"), &["-c".into(), script.into()], limit).unwrap()
    }

    #[test]
    fn what_is_said_and_how_it_ends() {
        let said = shell("echo out; echo err >&2; exit 3", Duration::from_secs(20));
        assert_eq!(said.text, "out\n\nerr\n\n");
        assert_eq!(said.status.unwrap().code(), Some(3));
        assert!(run(Path::new("/nonexistent"), &[], Duration::from_secs(1)).is_err());
    }

    #[test]
    fn nobody_is_waited_for_longer_than_the_limit() {
        let started = Instant::now();
        // It waits for an input, leaves a child behind, says too much, or will not end.
        for script in ["cat; sleep 60", "sleep 60 & echo 1.0", "yes", "trap '' TERM; sleep 60"] {
            let said = shell(script, Duration::from_millis(300));
            assert!(said.text.len() < 40_000, "{script}");
        }
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    }
}
