//! What the fuzzers run, as plain functions of bytes. The same functions are run briefly,
//! with a mutator of their own, by `tests/fuzz_brief.rs`. They panic where something that
//! must always hold does not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod capture;
pub mod chain;
pub mod fixtures;
pub mod forge;
pub mod inspect;
pub mod lesson;
pub mod mutate;
pub mod names;
pub mod parse;
pub mod sound;
pub mod verdict;
pub mod wire;

/// One target: it is given any bytes, and panics where something does not hold.
pub type Target = fn(&[u8]);

/// The targets by name.
pub const TARGETS: [(&str, Target); 7] = [
    ("parse", parse::run),
    ("inspect", inspect::run),
    ("chain", chain::run),
    ("names", names::run),
    ("lesson", lesson::run),
    ("capture", capture::run),
    ("wire", wire::run),
];
