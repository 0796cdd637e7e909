//! The fuzzers' targets (`tests/fuzz`) for some seconds, with a mutator that does the same
//! every time. What each input must hold to is said there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(unreachable_pub, missing_docs, dead_code)]

#[path = "fuzz/src/lib.rs"]
mod fuzz;

use std::time::{Duration, Instant};

use fuzz::{fixtures, mutate};

/// So long at most for each target, whatever the machine.
const LONGEST: Duration = Duration::from_secs(6);

/// Runs a target with every seed, then with so many mutants.
fn brief(target: &str, mutants: usize) {
    let (_, run) = fuzz::TARGETS.into_iter().find(|(name, _)| *name == target).unwrap();
    let seeds = fixtures::seeds(target);
    assert!(!seeds.is_empty());
    let begun = Instant::now();
    let in_time = |_: &usize| begun.elapsed() < LONGEST;
    let mut slowest = Duration::ZERO;
    let mut watched = |input: &[u8], what: &dyn Fn() -> String| {
        let began = Instant::now();
        let outcome = std::panic::catch_unwind(|| run(input));
        assert!(outcome.is_ok(), "{target}, {}: {input:02x?}", what());
        slowest = slowest.max(began.elapsed());
    };
    for (number, seed) in seeds.iter().enumerate() {
        watched(seed, &|| format!("seed {number}"));
    }
    let mut done = 0;
    for number in (0..mutants).take_while(in_time) {
        let mut chance = mutate::Chance::new(number as u64 * 0x9e37_79b9 + 1);
        let seed = &seeds[chance.below(seeds.len())];
        let input = mutate::mutate(seed, &seeds, &mut chance);
        watched(&input, &|| format!("mutant {number}"));
        done += 1;
    }
    assert!(slowest < Duration::from_secs(5), "{target}: {slowest:?} for one input");
    println!("{target}: {} seeds, {done} mutants in {:?}", seeds.len(), begun.elapsed());
}

#[test]
fn any_bytes_are_parsed_or_refused() {
    brief("parse", 20_000);
}

#[test]
fn any_bytes_are_shown_and_hold_together() {
    brief("inspect", 4_000);
}

#[test]
fn any_list_of_certificates_has_one_verdict() {
    brief("chain", 4_000);
}

#[test]
fn any_names_are_held_against_any_constraints() {
    brief("names", 20_000);
}

#[test]
fn any_text_is_a_lesson_or_says_why_not() {
    brief("lesson", 2_000);
}

#[test]
fn any_bytes_are_a_capture_or_say_why_not() {
    brief("capture", 6_000);
}

#[test]
fn any_bytes_are_a_connection_to_the_last_one() {
    brief("wire", 6_000);
}
