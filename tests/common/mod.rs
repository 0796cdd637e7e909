//! What several test files use.
#![allow(dead_code)]

pub(crate) mod served;
pub(crate) mod session;
pub(crate) mod sound;
pub(crate) mod tools;

use std::path::Path;
use std::process::{Command, Output};

/// The program under test.
pub(crate) const DOJANG: &str = env!("CARGO_BIN_EXE_dojang");

/// Runs the program, in English whatever the machine's language.
pub(crate) fn dojang(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

/// The program with these arguments, its home and data directory nowhere.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(DOJANG);
    command.args(arguments).env("LANG", "C.UTF-8").env_remove("LC_ALL").env("XDG_DATA_HOME", "/proc/nowhere");
    command
}

/// What the program answers, which must be well.
pub(crate) fn answer(arguments: &[&str]) -> String {
    let output = dojang(arguments);
    assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// Bytes as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A path as an argument.
pub(crate) fn argument(path: &Path) -> &str {
    path.to_str().unwrap()
}
