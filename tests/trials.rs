//! Every fault that can be made, tried on a whole cluster as the screen does: all is well,
//! then what is declared breaks, and the learner's own files are left alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

use dojang::blueprint::{ClusterSpec, KeyAlgorithm};
use dojang::clock::Clock;
use dojang::fault::{Catalogue, Making};
use dojang::lab::{Cancel, Directory, Lab, LabOptions, MatrixRow, Trial, TrialStep};

/// Every file below a directory with its content.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                found.insert(path.display().to_string(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn tried(lab: &Lab, making: &Making, is_broken: bool) -> (Trial, Vec<MatrixRow>) {
    let rows = Mutex::new(Vec::new());
    let tell = |step: TrialStep| {
        if let TrialStep::Connected(at, row) = step {
            let mut rows = rows.lock().unwrap();
            assert_eq!(rows.len(), at, "in order");
            rows.push(row);
        }
    };
    let trial = lab.trial(making, is_broken, &Cancel::default(), &tell).unwrap();
    (trial, rows.into_inner().unwrap())
}

#[test]
fn every_fault_that_can_be_made_breaks_what_it_says_and_nothing_of_the_learner() {
    let directory = tempfile::tempdir().unwrap();
    let spec = ClusterSpec { key: KeyAlgorithm::P256, ..ClusterSpec::default() };
    let clock = Clock::fixed("2026-11-23T18:54:01Z").unwrap();
    let options = LabOptions {
        directory: Directory::At(directory.path().to_owned()),
        spec: Some(spec),
        clock,
        lessons: None,
    };
    let lab = Lab::open(options).unwrap();
    let before = files(directory.path());
    let mut tries = 0;
    for fault in Catalogue::embedded().unwrap().faults {
        let Some(making) = &fault.make else { continue };
        let (whole, rows) = tried(&lab, making, false);
        assert!(rows.iter().all(|row| row.ok), "{}: {rows:?}", fault.id);
        assert!(whole.changed.is_none() && !whole.other_key);
        let (broken, rows) = tried(&lab, making, true);
        let outcome = broken.connection.outcome.as_ref().unwrap();
        assert_eq!(outcome.outcome, making.outcome, "{}", fault.id);
        let is_healthy = making.outcome == "200" && making.told_by.is_none();
        assert_eq!(rows.iter().all(|row| row.ok), is_healthy, "{}: {rows:?}", fault.id);
        let changed = broken.changed.as_ref();
        assert_eq!(changed.is_some(), making.change.is_some(), "{}", fault.id);
        let in_files = !making.edits.is_empty() || !making.other_keys.is_empty();
        let differs = changed
            .is_none_or(|artifact| artifact.fields.iter().any(|f| f.differs() && !f.is_of_any_reissue));
        assert!(differs || broken.other_key || in_files, "{} changes nothing that is seen", fault.id);
        // Others are asked of what is shown, where a side verified.
        let judged = outcome.server_verdict.is_some() || outcome.client_verdict.is_some();
        let asked = outcome.server_opinions.is_some() || outcome.client_opinions.is_some();
        assert_eq!(judged, asked, "{}", fault.id);
        tries += 1;
    }
    assert!(tries >= 20, "{tries}");
    assert_eq!(files(directory.path()), before);
}

#[test]
fn a_trial_that_is_stopped_ends_without_an_outcome() {
    let spec = ClusterSpec { key: KeyAlgorithm::P256, ..ClusterSpec::default() };
    let options =
        LabOptions { directory: Directory::Temporary, spec: Some(spec), clock: Clock::System, lessons: None };
    let lab = Lab::open(options).unwrap();
    let making = Catalogue::embedded().unwrap().find("F13").unwrap().make.clone().unwrap();
    let cancel = Cancel::default();
    let stop = |step: TrialStep| {
        if matches!(step, TrialStep::Connected(2, _)) {
            cancel.cancel();
        }
    };
    assert!(lab.trial(&making, true, &cancel, &stop).is_err());
}
