//! Standard output: lines for people, or one JSON document and nothing else.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter};

use super::args::{Color, Format, Global};
use super::error::CliError;
use crate::text::{Language, escape};
use crate::workspace::remove_scratch;

/// How a command answers.
#[derive(Debug, Clone)]
pub(super) struct Output {
    pub(super) json: bool,
    pub(super) color: bool,
    pub(super) ascii: bool,
    pub(super) language: Language,
}

/// A colour with a meaning that its glyph and word carry too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Bad,
    Quiet,
    Strong,
}

impl Output {
    pub(super) fn new(global: &Global) -> Self {
        let color = match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                !refused && io::stdout().is_terminal()
            }
        };
        Self {
            json: global.format == Format::Json,
            color,
            ascii: global.ascii,
            language: global.lang.unwrap_or_else(Language::of_machine),
        }
    }

    /// One line. A reader that has gone away ends the output quietly.
    pub(super) fn line(&self, text: &str) -> Result<(), CliError> {
        written(writeln!(io::stdout(), "{text}"))
    }

    /// One JSON document; the status is 0.
    pub(super) fn document(&self, value: &impl Serialize) -> Result<u8, CliError> {
        self.stream(value)?;
        Ok(0)
    }

    /// One JSON document, written as it is made.
    pub(super) fn stream(&self, value: &impl Serialize) -> Result<(), CliError> {
        let mut out = io::BufWriter::new(io::stdout().lock());
        let mut writer = serde_json::Serializer::with_formatter(&mut out, Safe::default());
        let made = value.serialize(&mut writer).map_err(io::Error::from);
        written(made.and_then(|()| writeln!(out)).and_then(|()| out.flush()))
    }

    /// Text in a tone, where colour is wanted.
    pub(super) fn tone(&self, tone: Tone, text: &str) -> String {
        if !self.color {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Quiet => "2",
            Tone::Strong => "1",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// The glyph of yes and no.
    pub(super) fn mark(&self, yes: bool) -> String {
        let (good, bad) = if self.ascii { ("+", "x") } else { ("✓", "✗") };
        if yes { self.tone(Tone::Good, good) } else { self.tone(Tone::Bad, bad) }
    }

    /// The glyph of an artifact: made, or not yet.
    pub(super) fn made(&self, made: bool) -> String {
        match (made, self.ascii) {
            (true, _) => self.mark(true),
            (false, true) => "-".into(),
            (false, false) => self.tone(Tone::Quiet, "·"),
        }
    }
}

/// JSON in lines, with `\u` for every character that a terminal would obey or hide: the
/// value stays the same.
#[derive(Default)]
struct Safe(PrettyFormatter<'static>);

impl Formatter for Safe {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, text: &str) -> io::Result<()> {
        if matches!(escape(text), Cow::Borrowed(_)) {
            return out.write_all(text.as_bytes());
        }
        let mut units = [0; 2];
        let mut octets = [0; 4];
        for character in text.chars() {
            let alone: &str = character.encode_utf8(&mut octets);
            if matches!(escape(alone), Cow::Borrowed(_)) {
                out.write_all(alone.as_bytes())?;
            } else {
                character
                    .encode_utf16(&mut units)
                    .iter()
                    .try_for_each(|unit| write!(out, "\\u{unit:04x}"))?;
            }
        }
        Ok(())
    }
}

fn written(result: io::Result<()>) -> Result<(), CliError> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            remove_scratch();
            std::process::exit(0)
        }
        Err(error) => Err(CliError::Machine(format!("cannot write to standard output: {error}"))),
        Ok(()) => Ok(()),
    }
}

/// A line on standard error. It may quote what stood in a file, or a file's name: nothing
/// of that may reach the terminal as a command.
pub(super) fn complain(message: &dyn std::fmt::Display) {
    let text = message.to_string();
    let lines: Vec<_> = text.split('\n').map(escape).collect();
    let _ = writeln!(io::stderr(), "dojang: {}", lines.join("\n"));
}
