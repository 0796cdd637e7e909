//! Two runs beside each other: which beat of one answers to which of the other, and which
//! fields are not the same.

use std::collections::HashMap;

use super::stage::{Beat, Stage};
use crate::wire::{Field, Kind, Message, Side};

/// Beats that stand beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) struct Row {
    /// The beat of the first and of the second run, by its place.
    pub(in crate::ui) beats: [Option<usize>; 2],
    /// How they compare.
    pub(in crate::ui) mark: Mark,
}

/// How the beats of a row compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Mark {
    /// There is nothing to compare, or no difference.
    Same,
    /// They are not the same.
    Differs,
    /// One run has no such beat.
    Alone,
}

/// Of longer runs the rest is not aligned.
const MOST_ALIGNED: usize = 400;

/// What must be equal of beats that answer to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Message(Side, Kind),
    Judged(Side),
    Finished(Side),
    Told,
}

fn sort(stage: &Stage, outside: bool, beat: Beat) -> Option<Sort> {
    Some(match beat {
        Beat::Message(at) => {
            let message = stage.messages(outside).get(at)?;
            Sort::Message(message.from, message.kind)
        }
        Beat::Judged(at) => Sort::Judged(stage.play.judgements.get(at)?.by),
        Beat::Finished(side) => Sort::Finished(side),
        Beat::Told => Sort::Told,
    })
}

/// The rows of one run.
pub(in crate::ui) fn single(beats: usize) -> Vec<Row> {
    (0..beats).map(|at| Row { beats: [Some(at), None], mark: Mark::Same }).collect()
}

/// The rows of two runs that are not compared: each goes its own way.
pub(in crate::ui) fn beside(first: usize, second: usize) -> Vec<Row> {
    let row = |at| Row { beats: [(at < first).then_some(at), (at < second).then_some(at)], mark: Mark::Same };
    (0..first.max(second)).map(row).collect()
}

/// The rows of two runs, message by message.
pub(in crate::ui) fn aligned(first: &Stage, second: &Stage, outside: bool) -> Vec<Row> {
    let beats = [first.beats(outside), second.beats(outside)];
    let sorts = |stage: &Stage, beats: &[Beat]| -> Vec<Option<Sort>> {
        beats.iter().take(MOST_ALIGNED).map(|beat| sort(stage, outside, *beat)).collect()
    };
    let [one, two] = &beats;
    let (a, b) = (sorts(first, one), sorts(second, two));
    let mut rows = Vec::new();
    for (left, right) in common(&a, &b) {
        let mark = match (left, right) {
            (Some(left), Some(right)) => {
                let pair = (one.get(left).copied(), two.get(right).copied());
                if is_same(first, second, outside, pair) { Mark::Same } else { Mark::Differs }
            }
            _ => Mark::Alone,
        };
        rows.push(Row { beats: [left, right], mark });
    }
    let rest = beside(one.len().saturating_sub(MOST_ALIGNED), two.len().saturating_sub(MOST_ALIGNED));
    let behind = |at: Option<usize>| at.map(|at| at + MOST_ALIGNED);
    rows.extend(rest.into_iter().map(|row| Row { beats: row.beats.map(behind), mark: Mark::Alone }));
    rows
}

/// The longest common subsequence, with what stands between in the order first, second.
fn common<T: PartialEq>(a: &[T], b: &[T]) -> Vec<(Option<usize>, Option<usize>)> {
    let columns = b.len() + 1;
    let mut longest = vec![0_u16; (a.len() + 1) * columns];
    let at = |longest: &[u16], i: usize, j: usize| longest.get(i * columns + j).copied().unwrap_or(0);
    for (i, left) in a.iter().enumerate().rev() {
        for (j, right) in b.iter().enumerate().rev() {
            let length = if left == right {
                at(&longest, i + 1, j + 1).saturating_add(1)
            } else {
                at(&longest, i + 1, j).max(at(&longest, i, j + 1))
            };
            if let Some(place) = longest.get_mut(i * columns + j) {
                *place = length;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut pairs = Vec::new();
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a.get(i) == b.get(j) {
            pairs.push((Some(i), Some(j)));
            (i, j) = (i + 1, j + 1);
        } else if i < a.len() && (j >= b.len() || at(&longest, i + 1, j) >= at(&longest, i, j + 1)) {
            pairs.push((Some(i), None));
            i += 1;
        } else {
            pairs.push((None, Some(j)));
            j += 1;
        }
    }
    pairs
}

fn is_same(first: &Stage, second: &Stage, outside: bool, pair: (Option<Beat>, Option<Beat>)) -> bool {
    match pair {
        (Some(Beat::Message(one)), Some(Beat::Message(two))) => {
            let messages = first.messages(outside).get(one).zip(second.messages(outside).get(two));
            messages.is_some_and(|(one, two)| one.problem == two.problem && differences(one, two).is_empty())
        }
        (Some(Beat::Judged(one)), Some(Beat::Judged(two))) => {
            let refusal = |stage: &Stage, at: usize| {
                stage.play.judgements.get(at).map(|judgement| judgement.refusal.clone())
            };
            refusal(first, one) == refusal(second, two)
        }
        (one, two) => one == two,
    }
}

/// Fields that are new in each connection: nothing follows from their being different.
const FRESH: [&str; 14] = [
    "random",
    "legacy_session_id",
    "legacy_session_id_echo",
    "key_exchange",
    "public",
    "ecdh_Yc",
    "dh_Yc",
    "dh_Ys",
    "signature",
    "verify_data",
    "ticket",
    "ticket_age_add",
    "ticket_nonce",
    "encrypted_record",
];

/// The leaves of a message that are not the same in another one: the place of each in the
/// outline, and what the other message has there.
pub(in crate::ui) fn differences(message: &Message, other: &Message) -> HashMap<usize, Option<String>> {
    let mut there: HashMap<String, &Field> = HashMap::new();
    for (path, field) in leaves(other).into_values() {
        there.insert(path, field);
    }
    let mut found = HashMap::new();
    let here = leaves(message);
    let known: std::collections::HashSet<&String> = here.values().map(|(path, _)| path).collect();
    let is_missing = there.keys().any(|path| !known.contains(path));
    for (at, (path, field)) in &here {
        match there.get(path) {
            None => drop(found.insert(*at, None)),
            // An application's bytes may hold the time of day: what they say counts.
            Some(twin) if field.name == "data" => {
                if twin.value != field.value {
                    found.insert(*at, Some(twin.value.clone()));
                }
            }
            Some(twin) => {
                if message.bytes.get(field.range.clone()) != other.bytes.get(twin.range.clone()) {
                    found.insert(*at, Some(twin.value.clone()));
                }
            }
        }
    }
    // What only the other one has is told at the message as a whole.
    if is_missing && found.is_empty() {
        found.insert(usize::MAX, None);
    }
    found
}

/// The leaves by their place in the outline, each with the names that lead to it; without
/// those that are new in each connection, and without lengths, which follow.
fn leaves(message: &Message) -> HashMap<usize, (String, &Field)> {
    let mut found = HashMap::new();
    let mut path: Vec<String> = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (at, (depth, field)) in message.outline().into_iter().enumerate() {
        path.truncate(depth);
        let whole = format!("{}/{}", path.join("/"), field.name);
        let count = seen.entry(whole).or_default();
        path.push(format!("{}#{count}", field.name));
        *count += 1;
        let is_fresh =
            path.iter().any(|name| FRESH.iter().any(|fresh| name.split('#').next() == Some(fresh)));
        if field.children.is_empty() && !is_fresh && field.name != "length" {
            found.insert(at, (path.join("/"), field));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_common_stands_in_one_row() {
        let pairs = common(&[1, 2, 3, 5], &[1, 4, 3]);
        let rows =
            [(Some(0), Some(0)), (Some(1), None), (None, Some(1)), (Some(2), Some(2)), (Some(3), None)];
        assert_eq!(pairs, rows);
        assert_eq!(common(&[], &[7]), [(None, Some(0))]);
    }
}
