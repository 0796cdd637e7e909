//! `dojang faults find`: from what a program printed to the faults behind it.

use std::io::Read as _;

use serde::Serialize;

use super::error::CliError;
use super::output::{Output, Tone};
use crate::fault::{Catalogue, Found, Words};

pub(super) const FIND_JSON: &str = "\
With --format json one document: [{who, version, text, meaning: {en, ko} or null, faults: [{id, title}], whole:
whether the message stands there from end to end, or is only the nearest}]. Exit status 1: nothing was found.";
#[derive(Serialize)]
struct FoundDocument<'a> {
    who: &'a str,
    version: &'a str,
    text: &'a str,
    meaning: Option<&'a Words>,
    faults: Vec<FaultName<'a>>,
    whole: bool,
}

#[derive(Serialize)]
struct FaultName<'a> {
    id: &'a str,
    title: &'a Words,
}

/// No message of a program is longer.
const LONGEST_TEXT: u64 = 64 * 1024;

pub(super) fn find(output: &Output, catalogue: &Catalogue, text: &str) -> Result<u8, CliError> {
    let mut piped = String::new();
    if text == "-" {
        std::io::stdin()
            .take(LONGEST_TEXT)
            .read_to_string(&mut piped)
            .map_err(|error| CliError::Usage(format!("the standard input is no text: {error}")))?;
    }
    let text = if text == "-" { piped.as_str() } else { text };
    let found = catalogue.find_message(text);
    let language = output.language;
    if output.json {
        let rows: Vec<FoundDocument<'_>> = found
            .iter()
            .map(|found| FoundDocument {
                who: &found.said.who,
                version: &found.said.version,
                text: &found.said.text,
                meaning: found.meaning,
                faults: found
                    .faults
                    .iter()
                    .map(|fault| FaultName { id: &fault.id, title: &fault.title })
                    .collect(),
                whole: found.is_whole,
            })
            .collect();
        output.document(&rows)?;
        return Ok(u8::from(!found.iter().any(|found| found.is_whole)));
    }
    if found.is_empty() {
        output.line(language.pick(
            "The catalogue has no such message, nor one near it; `dojang faults list` shows every fault.",
            "목록에 이런 메시지도, 비슷한 것도 없어요. `dojang faults list`로 모든 결함을 볼 수 있어요.",
        ))?;
        return Ok(1);
    }
    let is_found = found.iter().any(|found| found.is_whole);
    if !is_found {
        output.line(language.pick(
            "The catalogue has no such message. The nearest:",
            "목록에 이런 메시지는 없어요. 가장 비슷한 것:",
        ))?;
    }
    for Found { said, meaning, faults, .. } in found {
        output.line(&format!("{} ({})  {}", said.who, said.version, output.tone(Tone::Bad, &said.text)))?;
        if let Some(meaning) = meaning {
            output.line(&format!("  {}", meaning.get(language)))?;
        }
        for fault in faults {
            let title = fault.title.get(language);
            output.line(&format!("  {}  {title}  (dojang faults show {0})", fault.id))?;
        }
    }
    Ok(u8::from(!is_found))
}
