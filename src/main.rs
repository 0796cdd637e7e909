//! The `dojang` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    dojang::cli::run()
}
