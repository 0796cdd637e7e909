//! The catalogue of faults that happen in real clusters: `assets/faults.toml`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Change, Edit, Message};
use crate::text::{Language, nearest};

const SOURCE: &str = include_str!("../../assets/faults.toml");

/// The catalogue is broken: a mistake of the program's.
#[derive(Debug, thiserror::Error)]
#[error("the catalogue of faults does not read: {0}")]
pub struct CatalogueError(String);

/// A fault that the catalogue does not have.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("there is no fault `{given}`{hint}; `dojang faults list` shows them all")]
pub struct UnknownFault {
    given: String,
    hint: String,
}

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// In English.
    pub en: String,
    /// In Korean.
    pub ko: String,
}

impl Words {
    /// The text in one language.
    #[must_use]
    pub fn get(&self, language: Language) -> &str {
        language.pick(&self.en, &self.ko)
    }
}

/// What a party prints, to the letter; `…` stands for what varies.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// The program: `kubectl`, `etcd`, `curl`, …
    pub who: String,
    /// Its version when this was recorded; `reported` if it was read in a public issue.
    #[serde(default)]
    pub version: String,
    /// The text.
    pub text: String,
}

/// How the lab makes a fault, and what comes of it there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Making {
    /// The artifact that is different.
    #[serde(default)]
    pub change: Option<Change>,
    /// The lines that are different in the configuration.
    #[serde(default)]
    pub edits: Vec<Edit>,
    /// Authorities and bare key pairs whose private key is another one.
    #[serde(default)]
    pub other_keys: Vec<String>,
    /// The client leaves its certificate out.
    #[serde(default)]
    pub without_certificate: bool,
    /// The server is given no authority for its clients.
    #[serde(default)]
    pub without_client_authority: bool,
    /// Who says `message` and ends before anything goes over the wire.
    #[serde(default)]
    pub told_by: Option<Teller>,
    /// The client of the connection that shows it.
    pub client: String,
    /// The server; `etcd-peer` is a member as other members reach it.
    pub server: String,
    /// How the connection ends: an HTTP status, `refused-by-client`, `refused-by-server`;
    /// `not-started` where a pair of files is none.
    pub outcome: String,
    /// What one of the parties says, among other words.
    pub message: String,
}

/// Which program does not get as far as a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Teller {
    /// The client: its configuration does not hold together.
    Client,
    /// The server: it does not start.
    Server,
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// `F13`.
    pub id: String,
    /// `making`, `server-certificate`, `client-certificate`, `permission`, `csr-and-bootstrap`.
    pub group: String,
    /// How often it is met: `many`, `several` or `few` independent reports.
    pub frequency: String,
    /// Its name.
    pub title: Words,
    /// What is wrong, and how it comes about.
    pub what: Words,
    /// The connections that break: `CLIENT -> SERVER`, `*` for any client.
    pub breaks: Vec<String>,
    /// What each party prints.
    pub says: Vec<Said>,
    /// Commands that find it.
    pub diagnose: Vec<String>,
    /// How it is mended.
    pub mend: Words,
    /// How the lab makes it; none if it is explained only.
    #[serde(default)]
    pub make: Option<Making>,
}

/// Every fault.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// The version of each program, where a text names none.
    versions: BTreeMap<String, String>,
    /// The faults in order.
    #[serde(rename = "fault")]
    pub faults: Vec<Fault>,
    /// What programs print of it, row by row as it was recorded.
    #[serde(rename = "message")]
    pub messages: Vec<Message>,
}

impl Catalogue {
    /// The program's own catalogue.
    ///
    /// # Errors
    /// The file does not read, which a test excludes.
    pub fn embedded() -> Result<Self, CatalogueError> {
        let mut catalogue: Self =
            toml::from_str(SOURCE).map_err(|error| CatalogueError(error.to_string()))?;
        let of_faults = catalogue.faults.iter_mut().flat_map(|fault| &mut fault.says);
        for said in of_faults.chain(catalogue.messages.iter_mut().map(|message| &mut message.said)) {
            if said.version.is_empty() {
                let known = catalogue.versions.get(&said.who);
                said.version =
                    known.ok_or_else(|| CatalogueError(format!("{} has no version", said.who)))?.clone();
            }
        }
        Ok(catalogue)
    }

    /// The fault of this id, in any case and with or without its zero: `F1`, `f01`.
    ///
    /// # Errors
    /// There is none; the nearest is named.
    pub fn find(&self, id: &str) -> Result<&Fault, UnknownFault> {
        let asked = id.trim().to_uppercase();
        let number = asked.strip_prefix('F').unwrap_or(&asked).parse::<u8>().ok();
        let padded = number.map(|number| format!("F{number:02}"));
        let found = self.faults.iter().find(|fault| fault.id == asked || Some(&fault.id) == padded.as_ref());
        found.ok_or_else(|| {
            let known: Vec<String> = self.faults.iter().map(|fault| fault.id.to_lowercase()).collect();
            let near = nearest(id, known.iter().map(String::as_str));
            let hint =
                near.map_or_else(String::new, |near| format!("; did you mean `{}`?", near.to_uppercase()));
            UnknownFault { given: id.to_owned(), hint }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_reads_and_finds() {
        let catalogue = Catalogue::embedded().unwrap();
        assert_eq!(catalogue.faults.len(), 45);
        for (index, fault) in catalogue.faults.iter().enumerate() {
            assert_eq!(fault.id, format!("F{:02}", index + 1));
            assert!(["many", "several", "few"].contains(&fault.frequency.as_str()), "{}", fault.id);
            for words in [&fault.title, &fault.what, &fault.mend] {
                assert!(!words.en.is_empty() && !words.ko.is_empty(), "{}", fault.id);
            }
            for edge in &fault.breaks {
                assert!(edge.contains(" -> "), "{}: {edge}", fault.id);
            }
        }
        for id in ["F01", "f1", "1", "F1"] {
            assert_eq!(catalogue.find(id).unwrap().id, "F01");
        }
        let error = catalogue.find("F133").unwrap_err().to_string();
        assert!(error.contains("did you mean `F13`?"), "{error}");
        assert!(!catalogue.find("nonsense").unwrap_err().to_string().contains("did you mean"));
    }
}
