//! The machine's own openssl, run without a shell in a directory that goes afterwards: the
//! lines of a lesson, and what they really come to here.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::engine::Lab;
use super::files::RunFile;
use super::{Cancel, LabError, Panel, StepReport, TerminalLine, TerminalView};
use crate::lesson::{Run, Said, Step, command_words};
use crate::workspace::{Scratch, Selection, WorkspaceError};

/// The tool, and the only one that a lesson may run.
const OPENSSL: &str = "openssl";
/// No line of a lesson takes longer.
const LONGEST: Duration = Duration::from_secs(20);
/// Between two looks at whether a command has ended.
const PAUSE: Duration = Duration::from_millis(2);
/// More than this of an output is cut.
const MOST_OUTPUT: usize = 64 << 10;

impl Lab {
    /// What a run step shows before it is done.
    pub(super) fn planned_run(run: &Run) -> TerminalView {
        let line = |command: &String| TerminalLine { command: command.clone(), ..TerminalLine::default() };
        TerminalView {
            version: version().map(|(name, _)| name.clone()),
            files: run.files.iter().chain(run.write.keys()).cloned().collect(),
            lines: run.lines.iter().map(line).collect(),
            recorded: run.expect.says.iter().map(|said| (said.from.clone(), said.text.clone())).collect(),
        }
    }

    /// Runs the lines of a step.
    pub(super) fn run_step(&self, step: &Step, run: &Run, cancel: &Cancel) -> Result<StepReport, LabError> {
        let mut view = Self::planned_run(run);
        let Some((_, here)) = version() else {
            let told = "openssl is not installed; the recorded words are shown".to_owned();
            let panels = self.around(step, vec![Panel::Terminal(view)])?;
            let made_first = Vec::new();
            return Ok(StepReport {
                expected: told.clone(),
                observed: told,
                ok: true,
                artifacts: 0,
                made_first,
                panels,
            });
        };
        let directory = Scratch::new("dojang-run-")?;
        let made_first = self.put_files(run, directory.path(), cancel)?;
        let last = run.lines.len().saturating_sub(1);
        let mut failed = None;
        for (at, line) in view.lines.iter_mut().enumerate() {
            let (status, output) = execute(&line.command, directory.path(), cancel)?;
            line.status = Some(status);
            line.output = output;
            if at < last && status != 0 {
                failed = Some(format!("line {} ended with status {status}", at + 1));
                break;
            }
        }
        let expected_words = words_from(&run.expect.says, *here);
        let mut expected = vec![format!("status {}", run.expect.status)];
        let mut observed = Vec::new();
        match (failed, view.lines.last()) {
            (Some(failed), _) => observed.push(failed),
            (None, last) => {
                let last = last.cloned().unwrap_or_default();
                observed.push(format!("status {}", last.status.unwrap_or_default()));
                if let Some(words) = expected_words {
                    expected.push(format!("saying {words:?}"));
                    let heard = if last.output.contains(words) { words } else { last.output.trim() };
                    observed.push(format!("saying {heard:?}"));
                }
            }
        }
        let there = |name: &String| directory.path().join(name).is_file();
        for (names, wanted) in [(&run.expect.makes, true), (&run.expect.lacks, false)] {
            for name in names {
                let word = |there| if there { "with" } else { "without" };
                expected.push(format!("{} {name}", word(wanted)));
                observed.push(format!("{} {name}", word(there(name))));
            }
        }
        let (expected, observed) = (expected.join(", "), observed.join(", "));
        let panels = self.around(step, vec![Panel::Terminal(view)])?;
        Ok(StepReport { ok: expected == observed, expected, observed, artifacts: 0, made_first, panels })
    }

    /// Puts the files of a step into its directory; what the workspace lacks is made.
    fn put_files(&self, run: &Run, directory: &Path, cancel: &Cancel) -> Result<Vec<String>, LabError> {
        let mut made_first = Vec::new();
        for name in &run.files {
            let bytes = match self.run_file(name)? {
                RunFile::Planned(text) => text.into_bytes(),
                RunFile::Artifact { id, path } => {
                    let mut bytes = self.store().read(&path)?;
                    if bytes.is_none() {
                        self.make(&Selection::Only(vec![id.clone()]), cancel, &|_| ())?;
                        made_first.push(id);
                        bytes = self.store().read(&path)?;
                    }
                    bytes.ok_or_else(|| WorkspaceError::Missing(name.clone()))?
                }
            };
            write_private(&directory.join(name), &bytes)?;
        }
        for (name, text) in &run.write {
            write_private(&directory.join(name), text.as_bytes())?;
        }
        Ok(made_first)
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?.write_all(bytes)
}

/// The words that hold for this version: those of the newest one that is not newer.
fn words_from(says: &[Said], here: (u32, u32)) -> Option<&str> {
    says.iter()
        .filter_map(|said| Some((number(&said.from)?, said.text.as_str())))
        .filter(|(from, _)| *from <= here)
        .max_by_key(|(from, _)| *from)
        .map(|(_, text)| text)
}

/// `3.0` and `3.0.19` as numbers.
fn number(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.');
    Some((parts.next()?.parse().ok()?, parts.next().unwrap_or("0").parse().ok()?))
}

/// The openssl of this machine: `OpenSSL 3.0.19` and its number. Asked once.
fn version() -> Option<&'static (String, (u32, u32))> {
    static VERSION: OnceLock<Option<(String, (u32, u32))>> = OnceLock::new();
    let ask = || {
        let (status, output) = execute("openssl version", &std::env::temp_dir(), &Cancel::default()).ok()?;
        let mut words = output.split_whitespace();
        let (name, version) = (words.next()?, words.next()?);
        let number = number(version).filter(|_| status == 0 && name == "OpenSSL")?;
        Some((format!("{name} {version}"), number))
    };
    VERSION.get_or_init(ask).as_ref()
}

/// One command to its end: its status, and what it printed on both streams in its order.
fn execute(line: &str, directory: &Path, cancel: &Cancel) -> Result<(i32, String), LabError> {
    let words = command_words(line).map_err(LabError::Request)?;
    let printed = tempfile::NamedTempFile::new()?;
    let mut child = Command::new(OPENSSL)
        .args(words.iter().skip(1))
        .current_dir(directory)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(append(printed.path())?)
        .stderr(append(printed.path())?)
        .spawn()?;
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if cancel.is_cancelled() || start.elapsed() > LONGEST {
            child.kill()?;
            child.wait()?;
            return Err(match cancel.is_cancelled() {
                true => WorkspaceError::Cancelled.into(),
                false => LabError::Request(format!("`{line}` did not end within {} s", LONGEST.as_secs())),
            });
        }
        std::thread::sleep(PAUSE);
    };
    let mut output = fs::read(printed.path())?;
    output.truncate(MOST_OUTPUT);
    Ok((status.code().unwrap_or(-1), String::from_utf8_lossy(&output).into_owned()))
}

/// Both streams append, so that neither writes over the other.
fn append(path: &Path) -> std::io::Result<File> {
    File::options().append(true).open(path)
}
