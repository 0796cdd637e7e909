//! A program that does not outlive the one that started it, however that one ends: this process
//! asks the system for a signal at its parent's end, and then becomes that program.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use clap::Args;

use super::error::CliError;

/// What to become.
#[derive(Debug, Args)]
pub(super) struct HoldArgs {
    /// The process that started this one
    #[arg(long)]
    parent: i32,
    /// The program
    program: PathBuf,
    /// Its arguments
    #[arg(last = true)]
    arguments: Vec<OsString>,
}

/// Becomes the program; gives back why it could not.
pub(super) fn run(asked: &HoldArgs) -> CliError {
    let why = match bind_to(asked.parent) {
        Ok(()) => Command::new(&asked.program).args(&asked.arguments).exec().to_string(),
        Err(why) => why,
    };
    CliError::Machine(format!("cannot run {}: {why}", asked.program.display()))
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
