//! A program that does not outlive the one that started it, however that one ends: this process
//! asks the system for a signal at its parent's end, and then becomes that program.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use super::error::CliError;

/// What this program is called (its argument 0) where it is to become another.
const NAME: &str = "dojang-hold";

/// Has a program started that ends with this process, with this one's thread to be exact; its
/// arguments are to be added.
pub(super) fn held(program: &Path) -> std::io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg0(NAME).arg(std::process::id().to_string()).arg(program);
    Ok(command)
}

/// Becomes another program, if this one was started for that; gives back why it could not.
pub(super) fn become_another() -> Option<CliError> {
    let mut arguments = std::env::args_os();
    if arguments.next()? != NAME {
        return None;
    }
    let parent = arguments.next().and_then(|text| text.to_str()?.parse().ok()).unwrap_or_default();
    let program = arguments.next().unwrap_or_default();
    let why = match bind_to(parent) {
        Ok(()) => Command::new(&program).args(arguments).exec().to_string(),
        Err(why) => why,
    };
    Some(CliError::Machine(format!("cannot run {}: {why}", program.display())))
}

/// SIGTERM at the end of the parent (prctl(2), `PR_SET_PDEATHSIG`; it stays over an exec).
#[cfg(target_os = "linux")]
fn bind_to(parent: i32) -> Result<(), String> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    set_parent_process_death_signal(Some(Signal::TERM)).map_err(|error| error.to_string())?;
    // It may have ended before that.
    match getppid() {
        Some(own) if own.as_raw_nonzero().get() == parent => Ok(()),
        _ => Err("the process that started it has ended".to_owned()),
    }
}

/// Other systems have no such signal: a `kill -9` leaves the program running there.
#[cfg(not(target_os = "linux"))]
fn bind_to(_parent: i32) -> Result<(), String> {
    Ok(())
}
