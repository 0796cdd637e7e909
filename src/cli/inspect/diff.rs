//! `dojang diff`: two things, field by field.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::gather::{ReadingArgs, Source};
use crate::cli::args::Global;
use crate::cli::error::CliError;
use crate::cli::output::{Output, Tone};
use crate::text::escape;
use crate::x509::{Difference, Document, Field, Item, Standing, compare};

pub(in crate::cli) const JSON: &str = "\
With --format json one document: {first, second: {source, at, kind}, same: true or false, fields: [{name, standing: same,
changed, first or second, first, second: {value, offset, length} or null, parts: [the same]}]}. Exit status: 0 the same, 1 not.";

/// What is compared.
#[derive(Debug, Args)]
pub(in crate::cli) struct DiffArgs {
    /// The one: anything that `dojang inspect` takes; the first certificate in it
    #[arg(value_name = "A")]
    first: PathBuf,
    /// The other
    #[arg(value_name = "B")]
    second: PathBuf,
    /// What changed alone
    #[arg(long)]
    changed: bool,
    /// The bytes of what changed, in hexadecimal
    #[arg(long)]
    bytes: bool,
    #[command(flatten)]
    reading: ReadingArgs,
}

#[derive(Serialize)]
struct DiffDocument<'a> {
    first: Side<'a>,
    second: Side<'a>,
    same: bool,
    fields: &'a [Difference<'a>],
}

#[derive(Serialize)]
struct Side<'a> {
    source: &'a str,
    at: Option<&'a str>,
    kind: crate::x509::Kind,
}

/// The first item of a source that is like none of a key, else the first.
fn chosen(sources: &[Source]) -> Option<(&Source, &Item)> {
    use crate::x509::Kind;
    let all = || sources.iter().flat_map(|source| source.items.iter().map(move |item| (source, item)));
    all().find(|(_, item)| item.kind == Kind::Certificate).or_else(|| all().next())
}

pub(in crate::cli) fn run(output: &Output, _global: &Global, asked: &DiffArgs) -> Result<u8, CliError> {
    let reader = asked.reading.reader(output)?;
    let sources = [reader.read(&asked.first)?, reader.read(&asked.second)?];
    let [first, second] = sources.each_ref().map(|sources| chosen(sources));
    let (Some((source, first)), Some((other, second))) = (first, second) else {
        return Err(CliError::Usage("there is nothing to compare".into()));
    };
    let documents = [first.document(), second.document()];
    let [before, after] = &documents;
    let fields = compare(before, after);
    let same = first.kind == second.kind && fields.iter().all(|field| field.standing == Standing::Same);
    if output.json {
        let document = DiffDocument {
            first: Side { source: &source.name, at: first.at.as_deref(), kind: first.kind },
            second: Side { source: &other.name, at: second.at.as_deref(), kind: second.kind },
            same,
            fields: &fields,
        };
        output.document(&document)?;
    } else {
        let named = |source: &Source, item: &Item| {
            let at = item.at.as_deref().map(|at| format!(" ({at})")).unwrap_or_default();
            format!("{}{at}", escape(&source.name))
        };
        output.line(&format!("< {}", named(source, first)))?;
        output.line(&format!("> {}", named(other, second)))?;
        let print = Print { output, asked, first: before, second: after };
        for field in &fields {
            print.difference(field, 0)?;
        }
        let verdict = match same {
            true => output.language.pick("the same in every field", "모든 필드가 같아요"),
            false => output.language.pick("they differ", "서로 달라요"),
        };
        output.line(&format!("{} {verdict}", output.mark(same)))?;
    }
    Ok(u8::from(!same))
}

struct Print<'a> {
    output: &'a Output,
    asked: &'a DiffArgs,
    first: &'a Document,
    second: &'a Document,
}

impl Print<'_> {
    /// `=` the same, `~` changed, `<` and `>` on one side alone.
    fn difference(&self, difference: &Difference<'_>, depth: usize) -> Result<(), CliError> {
        const DEEPEST: usize = 8;
        /// Longer values are shown by what changed in them.
        const LONGEST: usize = 160;
        let indent = "  ".repeat(depth);
        let Difference { name, standing, first, second, parts } = difference;
        let value = |field: &Option<&Field>| field.map(|field| field.value.clone()).unwrap_or_default();
        match standing {
            Standing::Same if self.asked.changed || depth > 0 => {}
            Standing::Same => {
                let line = format!("{indent}= {name}: {}", value(first));
                self.output.line(&self.output.tone(Tone::Quiet, line.trim_end()))?;
            }
            Standing::Changed
                if (value(first) == value(second)
                    || value(first).len().max(value(second).len()) > LONGEST)
                    && parts.iter().any(|part| part.standing != Standing::Same)
                    && depth < DEEPEST =>
            {
                self.output.line(&format!("{indent}~ {name}"))?;
                for part in parts {
                    self.difference(part, depth + 1)?;
                }
            }
            Standing::Changed => {
                self.output.line(&format!("{indent}~ {name}"))?;
                self.side('<', &indent, first, self.first)?;
                self.side('>', &indent, second, self.second)?;
            }
            Standing::First => {
                self.output.line(&format!("{indent}< {name}: {}", value(first)))?;
                self.bytes(&indent, first, self.first)?;
            }
            Standing::Second => {
                self.output.line(&format!("{indent}> {name}: {}", value(second)))?;
                self.bytes(&indent, second, self.second)?;
            }
        }
        Ok(())
    }

    fn side(
        &self,
        mark: char,
        indent: &str,
        field: &Option<&Field>,
        document: &Document,
    ) -> Result<(), CliError> {
        let value = field.map(|field| field.value.as_str()).unwrap_or_default();
        self.output.line(&format!("{indent}  {mark} {value}"))?;
        self.bytes(indent, field, document)
    }

    fn bytes(&self, indent: &str, field: &Option<&Field>, document: &Document) -> Result<(), CliError> {
        match field {
            Some(field) if self.asked.bytes => {
                let bytes: Vec<String> =
                    document.bytes(field).iter().map(|byte| format!("{byte:02x}")).collect();
                self.output.line(&format!("{indent}    {}", bytes.join(" ")))
            }
            _ => Ok(()),
        }
    }
}
