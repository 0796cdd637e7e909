//! The `dojang` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    let code = dojang::cli::run();
    dojang::workspace::remove_scratch();
    code
}
