//! What real programs print of faults, row by row, and the way back from a printed text to
//! the faults it belongs to.

use serde::{Deserialize, Serialize};

use super::{Catalogue, Fault, Said, Words};

/// One recorded message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Message {
    /// Who prints it, and its text.
    #[serde(flatten)]
    pub said: Said,
    /// The ids of the faults that it tells of; none for a message that no fault is behind.
    #[serde(default)]
    pub faults: Vec<String>,
    /// What it means, or what the circumstances were.
    pub meaning: Words,
}

/// A message of the catalogue that was found in a text.
#[derive(Debug, Clone)]
pub struct Found<'a> {
    /// Who prints it, and its template.
    pub said: &'a Said,
    /// What it means, where that is recorded.
    pub meaning: Option<&'a Words>,
    /// The faults it belongs to.
    pub faults: Vec<&'a Fault>,
    /// Whether the template is in the text from end to end, or is only the nearest.
    pub is_whole: bool,
}

/// A text as it is compared: on one line, its quotes without the escapes of logs.
fn plain(text: &str) -> String {
    let unescaped = text.replace("\\\"", "\"");
    unescaped.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// No name, number, address or time is longer.
const LONGEST_HOLE: usize = 40;

/// What stands between the holes of a template: between `…`, names in quotes, numbers,
/// addresses, paths and times, which are others where the message is printed.
fn parts(template: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for word in plain(template).split_inclusive(' ') {
        let bare = word.trim_matches(|c: char| " ,;:.()[]{}".contains(c));
        let is_name = ['"', '\''].into_iter().any(|quote| {
            let inner = bare.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
            inner.is_some_and(|inner| !inner.contains(quote))
        });
        // `10.0.0.1:2379`, `2026-01-01`, `(56)`, `run.go:72]`, but not `x509`, nor a line of JSON.
        let has_digits = bare.contains(|c: char| c.is_ascii_digit());
        let is_located = bare.starts_with(|c: char| c.is_ascii_digit()) || bare.contains(['/', ':']);
        let varies = (has_digits && is_located || bare.starts_with('/')) && bare.len() < LONGEST_HOLE;
        if is_name || varies {
            parts.push(String::new());
            continue;
        }
        for (index, piece) in word.split('…').enumerate() {
            if index > 0 {
                parts.push(String::new());
            }
            if let Some(last) = parts.last_mut() {
                last.push_str(piece);
            }
        }
    }
    let parts = parts.into_iter().map(|part| part.trim().to_owned());
    parts.filter(|part| part.chars().any(char::is_alphanumeric)).collect()
}

/// How many characters of the parts stand in the text, in their order; none if not all do. Of
/// a text that was not pasted whole, the beginning may be missing, and the end.
fn overlap(parts: &[String], text: &str) -> Option<usize> {
    (0..parts.len()).find_map(|from| {
        let (first, further) = parts.get(from..)?.split_first()?;
        let (mut found, mut rest) = match text.split_once(first.as_str()) {
            Some((_, rest)) if from == 0 => (first.len(), rest),
            _ => {
                let ends = first.match_indices(' ').filter_map(|(at, _)| first.get(at + 1..));
                ends.chain((from > 0).then_some(first.as_str()))
                    .find_map(|end| text.strip_prefix(end).map(|rest| (end.len(), rest)))?
            }
        };
        for part in further {
            match rest.split_once(part.as_str()) {
                Some((_, after)) => {
                    found += part.len();
                    rest = after;
                }
                None => {
                    let mut begins = part.rmatch_indices(' ').filter_map(|(at, _)| part.get(..at));
                    let is_cut = rest.is_empty() || begins.any(|begin| rest.ends_with(begin));
                    return is_cut.then_some(found);
                }
            }
        }
        Some(found)
    })
}

/// How alike the words of two texts are: those they share of those of either.
fn likeness(a: &str, b: &str) -> f64 {
    let words = |text: &str| -> std::collections::BTreeSet<String> {
        let separates = |c: char| !c.is_alphanumeric() && c != '-';
        text.split(separates).filter(|word| word.len() > 1).map(str::to_owned).collect()
    };
    let (a, b) = (words(a), words(b));
    let all = a.union(&b).count();
    #[allow(clippy::cast_precision_loss, reason = "a text has far fewer than 2^52 words")]
    if all == 0 { 0.0 } else { a.intersection(&b).count() as f64 / all as f64 }
}

/// How alike a text must be to be called near: a third of the words.
const NEAR: f64 = 0.34;
/// How many characters of a message must stand in the text.
const ENOUGH: usize = 12;
/// How many messages are given at the most.
const MOST: usize = 5;

impl Catalogue {
    /// The messages that stand in a text that somebody pasted, those that explain most of it
    /// first; where none does, the nearest. Names, numbers, addresses, paths and times may
    /// be others than when the message was recorded.
    #[must_use]
    pub fn find_message(&self, text: &str) -> Vec<Found<'_>> {
        let text = plain(text);
        let of_faults =
            self.faults.iter().flat_map(|fault| fault.says.iter().map(move |said| (said, None, vec![fault])));
        let recorded = self.messages.iter().map(|message| {
            let faults = self.faults.iter().filter(|fault| message.faults.contains(&fault.id)).collect();
            (&message.said, Some(&message.meaning), faults)
        });
        let mut whole = Vec::new();
        let mut near = Vec::new();
        for (said, meaning, faults) in of_faults.chain(recorded) {
            let found = overlap(&parts(&said.text), &text);
            // A word or two stand in many texts.
            let is_enough = |found: &usize| *found >= ENOUGH || plain(&said.text) == text;
            if let Some(found) = found.filter(is_enough) {
                whole.push((found, Found { said, meaning, faults, is_whole: true }));
            } else {
                let alike = likeness(&plain(&said.text), &text);
                if alike >= NEAR {
                    near.push((alike, Found { said, meaning, faults, is_whole: false }));
                }
            }
        }
        whole.sort_by_key(|(found, _)| std::cmp::Reverse(*found));
        near.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        // What explains less than half of what the best one does is part of other messages.
        let best = whole.first().map_or(0, |(found, _)| *found);
        let whole = whole.into_iter().filter(|(found, _)| 2 * found >= best).map(|(_, found)| found);
        let mut given: Vec<Found<'_>> = whole.take(MOST).collect();
        if given.is_empty() {
            given = near.into_iter().take(MOST).map(|(_, found)| found).collect();
        }
        given
    }

    /// The messages that belong to a fault, beyond those it lists itself.
    pub fn messages_of<'a>(&'a self, fault: &'a Fault) -> impl Iterator<Item = &'a Message> {
        self.messages.iter().filter(|message| message.faults.contains(&fault.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<String> {
        let catalogue = Catalogue::embedded().unwrap();
        let found = catalogue.find_message(text);
        let mut ids: Vec<String> =
            found.iter().flat_map(|found| &found.faults).map(|fault| fault.id.clone()).collect();
        ids.sort();
        ids.dedup();
        ids
    }

    #[test]
    fn a_pasted_message_leads_to_its_fault() {
        for (text, id) in [
            (
                "Unable to connect to the server: tls: failed to verify certificate: x509: certificate is \
                 valid for kubernetes, kubernetes.default, cp9, not api.example.com",
                "F10",
            ),
            (
                "Unable to connect to the server: tls: failed to verify certificate: x509: certificate has \
                 expired or is not yet valid: current time 2031-01-01T00:00:00Z is after 2030-05-05T00:00:00Z",
                "F13",
            ),
            (
                "x509: certificate signed by unknown authority (possibly because of \"crypto/rsa: \
                 verification error\" while trying to verify candidate authority certificate \"my-ca\")",
                "F16",
            ),
            ("curl: (52) Empty reply from server", "F18"),
            ("error: You must be logged in to the server (Unauthorized)", "F20"),
            (
                "{\"level\":\"warn\",\"msg\":\"rejected connection on client endpoint\",\"remote-addr\":\
                 \"10.1.2.3:4567\",\"error\":\"tls: client didn't provide a certificate\"}",
                "F21",
            ),
            ("Error in configuration: \ncontext was not found for specified context: prod", "F19"),
        ] {
            assert!(ids(text).contains(&id.to_owned()), "{text}: {:?}", ids(text));
        }
    }

    #[test]
    fn what_is_no_message_of_the_catalogue_is_not_found() {
        let catalogue = Catalogue::embedded().unwrap();
        for text in ["", "hello", "the quick brown fox jumps over the lazy dog", "…"] {
            assert!(catalogue.find_message(text).is_empty(), "{text}");
        }
        let near = catalogue.find_message("etcd log said client did not provide any certificate tls");
        assert!(near.iter().all(|found| !found.is_whole));
    }

    #[test]
    fn every_message_has_a_party_a_version_and_a_meaning_in_both_languages() {
        let catalogue = Catalogue::embedded().unwrap();
        assert!(catalogue.messages.len() >= 60);
        for message in &catalogue.messages {
            let Message { said, faults, meaning } = message;
            assert!(!said.who.is_empty() && !said.version.is_empty() && !said.text.is_empty(), "{said:?}");
            assert!(!meaning.en.is_empty() && !meaning.ko.is_empty(), "{said:?}");
            assert!(faults.iter().all(|id| catalogue.find(id).is_ok()), "{faults:?}");
            // Pasted as it was recorded, it is found.
            let found = catalogue.find_message(&said.text.replace('…', "x"));
            assert!(found.iter().any(|found| found.is_whole), "{said:?} {:?}", parts(&said.text));
        }
    }
}
