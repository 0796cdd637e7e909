//! The lab without a screen: every command, as text or as one JSON document.

mod args;
mod can_i;
mod check;
mod decode;
mod doctor;
mod error;
mod etcd;
mod faults;
mod handshake;
mod hold;
mod inspect;
mod lab;
mod learn;
mod life;
mod messages;
mod output;
mod pki;
mod reset;
mod serve;
mod signals;
mod signing;
mod spec;
mod transcript;
mod verify;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Cli, Command, Format, LessonsCommand, PkiCommand};
use error::CliError;
use output::Output;

/// Reads the command line, does what it says, and gives the exit status: 0 yes, 1 the
/// answer is no, 2 the call was wrong, 3 the machine failed.
#[must_use]
pub fn run() -> ExitCode {
    if let Some(error) = hold::become_another() {
        output::complain(&error);
        return ExitCode::from(error.status());
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let output = Output::new(&cli.global);
    match dispatch(cli, &output) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            output::complain(&error);
            ExitCode::from(error.status())
        }
    }
}

fn dispatch(cli: Cli, output: &Output) -> Result<u8, CliError> {
    let global = cli.global;
    if matches!(global.format, Format::Openssl | Format::Short)
        && !matches!(cli.command, Some(Command::Inspect(_)))
    {
        return Err(CliError::Usage(
            "--format openssl and short are for `dojang inspect`: use text or json".into(),
        ));
    }
    match cli.command {
        Some(Command::Pki(PkiCommand::Create { target, spec, force })) => {
            pki::create(output, &global, &pki::store(&global, target.as_deref())?, &spec, force)
        }
        Some(Command::Pki(PkiCommand::List { target })) => {
            pki::list(output, &pki::store(&global, target.as_deref())?)
        }
        Some(Command::Completions { shell }) => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "dojang", &mut text);
            output.line(String::from_utf8_lossy(&text).trim_end())?;
            Ok(0)
        }
        Some(Command::Man) => {
            let mut text = Vec::new();
            clap_mangen::Man::new(Cli::command())
                .render(&mut text)
                .map_err(|error| CliError::Machine(error.to_string()))?;
            output.line(String::from_utf8_lossy(&text).trim_end())?;
            Ok(0)
        }
        Some(Command::Pki(PkiCommand::Issue(asked))) => life::issue(output, &global, &asked),
        Some(Command::Pki(PkiCommand::Sign(asked))) => life::sign(output, &global, &asked),
        Some(Command::Pki(PkiCommand::Renew { artifacts })) => life::renew(output, &global, &artifacts),
        Some(Command::Pki(PkiCommand::Revoke { artifact })) => life::revoke(output, &global, &artifact),
        Some(Command::Pki(PkiCommand::Commands { artifact })) => lab::commands(output, &global, &artifact),
        Some(Command::Walk { chosen, spec }) => lab::walk(output, &global, &chosen, &spec),
        Some(Command::Lessons(LessonsCommand::List)) => lab::list(output, &global),
        Some(Command::Lessons(LessonsCommand::Check { target })) => {
            lab::check(output, &global, target.as_deref())
        }
        Some(Command::Handshake(asked)) => handshake::run(output, &global, &asked),
        Some(Command::Matrix { tls }) => lab::matrix(output, &global, &tls),
        Some(Command::Inspect(asked)) => inspect::run(output, &global, &asked),
        Some(Command::Diff(asked)) => inspect::diff(output, &global, &asked),
        Some(Command::Decode(asked)) => decode::run(output, &global, &asked),
        Some(Command::CanI(asked)) => can_i::run(output, &global, &asked),
        Some(Command::Serve(asked)) => serve::run(output, &global, &asked),
        Some(Command::Verify(asked)) => verify::run(output, &global, &asked),
        Some(Command::Faults(asked)) => faults::run(output, &global, &asked),
        Some(Command::Check(asked)) => check::run(output, &global, &asked),
        Some(Command::Reset { lesson: Some(lesson), yes }) => reset::lesson(output, &global, &lesson, yes),
        Some(Command::Reset { lesson: None, yes }) => reset::all(output, &global, yes),
        Some(Command::Doctor) => doctor::run(output, &global),
        Some(Command::Learn { lesson }) => learn::run(output, &global, lesson),
        None => learn::run(output, &global, None),
    }
}
