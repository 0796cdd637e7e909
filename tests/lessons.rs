//! The lessons through the program: what they declare is what comes of it, and a lesson that
//! declares something else is found out, with its file and line.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use common::{answer, argument, dojang, text};
use dojang::lesson::{Action, Curriculum, Step};
use dojang::text::Language;
use serde_json::Value;

/// The program on lessons of this directory, with quick keys.
fn walk(lessons: &Path, more: &[&str]) -> Output {
    let mut arguments = vec!["--lessons", argument(lessons), "walk", "--key", "p256"];
    arguments.extend(more);
    dojang(&arguments)
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output.stdout)))
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn number(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_else(|| panic!("{key} of {value}"))
}

/// A copy of the lessons in which `section` of the first one has `old` replaced by `new`.
/// Also the line of the step's beginning.
fn altered(section: &str, old: &str, new: &str) -> (tempfile::TempDir, usize) {
    let copy = tempfile::tempdir().unwrap();
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("lessons");
    for lesson in fs::read_dir(source).unwrap().map(Result::unwrap).filter(|e| e.path().is_dir()) {
        let target = copy.path().join(lesson.file_name());
        fs::create_dir(&target).unwrap();
        for file in fs::read_dir(lesson.path()).unwrap().map(Result::unwrap) {
            fs::copy(file.path(), target.join(file.file_name())).unwrap();
        }
    }
    let path = copy.path().join("01-two-kinds/lesson.toml");
    let toml = fs::read_to_string(&path).unwrap();
    let id = toml.find(&format!("id = \"{section}\"")).unwrap();
    let start = toml[..id].rfind("[[step]]").unwrap();
    let (before, rest) = toml.split_at(start);
    let end = rest[1..].find("[[step]]").map_or(rest.len(), |at| at + 1);
    let (step, after) = rest.split_at(end);
    assert_eq!(step.matches(old).count(), 1, "{old} in\n{step}");
    fs::write(path, format!("{before}{}{after}", step.replace(old, new))).unwrap();
    (copy, before.lines().count() + 1)
}

/// `lessons check` names the file and a line within the altered step.
fn is_found_by_check(lessons: &Path, first_line: usize, about: &str) {
    let output = dojang(&["lessons", "check", argument(lessons)]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}{}", text(&output.stderr));
    assert_eq!(said.lines().count(), 1, "{said}");
    let place = said.split_once("01-two-kinds/lesson.toml:").unwrap_or_else(|| panic!("{said}")).1;
    let (line, message) = place.split_once(": ").unwrap();
    let line: usize = line.parse().unwrap();
    assert!(
        (first_line..first_line + 11).contains(&line),
        "line {line}, the step begins at {first_line}: {said}"
    );
    assert!(message.contains(about), "{said}");
}

/// An altered step that only doing it can find out.
fn is_found_by_both(section: &str, old: &str, new: &str) {
    let (copy, line) = altered(section, old, new);
    is_found_by_check(copy.path(), line, section);

    let output = walk(copy.path(), &["--format", "json", "two-kinds"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let report = document(&output);
    assert!(number(&report, "failed") >= 1, "{report}");
    let wrong: Vec<&Value> =
        report["results"].as_array().unwrap().iter().filter(|row| row["ok"] == false).collect();
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert_eq!(wrong[0]["step"], section);
    assert_ne!(wrong[0]["expected"], wrong[0]["observed"]);
}

#[test]
fn every_step_comes_to_what_it_declares_in_both_languages() {
    for language in ["en", "ko"] {
        let output = dojang(&["walk", "--format", "json", "--key", "p256", "--lang", language]);
        assert_eq!(text(&output.stderr), "");
        assert_eq!(output.status.code(), Some(0));
        let report = document(&output);
        assert_eq!(
            keys(&report),
            BTreeSet::from(["lessons", "steps", "artifacts", "handshakes", "failed", "skipped", "results"])
        );
        assert_eq!(number(&report, "failed"), 0);
        assert_eq!(number(&report, "skipped"), 0);
        assert!(number(&report, "artifacts") > 0 && number(&report, "handshakes") > 0, "{report}");

        let rows = report["results"].as_array().unwrap();
        assert_eq!(number(&report, "steps"), rows.len() as u64);
        let lessons: BTreeSet<&str> = rows.iter().map(|row| row["lesson"].as_str().unwrap()).collect();
        assert_eq!(number(&report, "lessons"), lessons.len() as u64);
        for row in rows {
            assert_eq!(keys(row), BTreeSet::from(["lesson", "step", "kind", "expected", "observed", "ok"]));
            assert_eq!(row["ok"], true, "{row}");
        }
        let kinds: BTreeSet<&str> = rows.iter().map(|row| row["kind"].as_str().unwrap()).collect();
        assert_eq!(
            kinds,
            BTreeSet::from([
                "read", "predict", "make", "look", "connect", "break", "run", "request", "recall"
            ])
        );
    }
}

#[test]
fn one_lesson_can_be_walked_by_its_name_or_number() {
    for name in ["groups", "9"] {
        let output = dojang(&["walk", "--format", "json", "--key", "p256", name]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let report = document(&output);
        assert_eq!(number(&report, "lessons"), 1);
        assert!(report["results"].as_array().unwrap().iter().all(|row| row["lesson"] == "groups"));
    }
}

#[test]
fn a_connect_that_declares_another_outcome_is_found() {
    is_found_by_both("connect", r#"outcome = "200""#, r#"outcome = "403""#);
}

#[test]
fn a_break_that_declares_another_message_is_found() {
    is_found_by_both(
        "break-client",
        "specifies an incompatible key usage",
        "has expired or is not yet valid",
    );
}

#[test]
fn a_look_that_declares_another_value_is_found() {
    is_found_by_both(
        "server-certificate",
        r#"extendedKeyUsage = "serverAuth""#,
        r#"extendedKeyUsage = "clientAuth""#,
    );
}

#[test]
fn a_prediction_whose_answer_is_not_what_comes_is_found() {
    let (copy, line) = altered("predict-swap", "answer = 2", "answer = 1");
    is_found_by_check(copy.path(), line, "break-client");

    // The lesson contradicts itself: it is left out, which is said and is a failure.
    let output = walk(copy.path(), &["groups"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("01-two-kinds/lesson.toml:"), "{}", text(&output.stderr));
    let absent = walk(copy.path(), &["two-kinds"]);
    assert_eq!(absent.status.code(), Some(2));
}

#[test]
fn the_lessons_of_the_program_are_sound() {
    assert!(answer(&["lessons", "check"]).contains("nothing wrong"));
    assert_eq!(
        serde_json::from_str::<Value>(&answer(&["lessons", "check", "--format", "json"])).unwrap(),
        Value::Array(vec![])
    );
}

#[test]
fn the_list_tells_each_lesson_and_how_far_one_is() {
    let mut titles = Vec::new();
    for language in ["en", "ko"] {
        let list: Value =
            serde_json::from_str(&answer(&["lessons", "list", "--format", "json", "--lang", language]))
                .unwrap();
        let rows = list.as_array().unwrap();
        assert_eq!(rows.len(), 22);
        for (at, row) in rows.iter().enumerate() {
            assert_eq!(
                keys(row),
                BTreeSet::from(["number", "id", "title", "aim", "minutes", "steps", "done"])
            );
            assert_eq!(number(row, "number"), at as u64 + 1);
            assert!((8..=14).contains(&number(row, "steps")), "{row}");
            assert!(number(row, "minutes") > 0 && number(row, "done") == 0, "{row}");
            assert!(
                ["id", "title", "aim"].iter().all(|key| !row[*key].as_str().unwrap().is_empty()),
                "{row}"
            );
            titles.push(row["title"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(titles.iter().collect::<BTreeSet<_>>().len(), 44, "each title is in its language: {titles:?}");
}

/// Whether a step shows the learner something refused.
fn is_refused(step: &Step) -> bool {
    step.action.expected().is_some_and(|expect| !expect.outcome.starts_with('2'))
}

#[test]
fn the_curriculum_has_its_rhythm() {
    let curriculum = Curriculum::embedded();
    let steps: Vec<&Step> = curriculum.lessons.iter().flat_map(|lesson| &lesson.steps).collect();
    let count = |wanted: fn(&Step) -> bool| steps.iter().filter(|step| wanted(step)).count();
    assert!(steps.len() >= 120, "{}", steps.len());
    assert!(count(|step| matches!(step.action, Action::Make { .. })) >= 30);
    assert!(count(|step| step.action.expected().is_some()) >= 30);
    assert!(count(is_refused) >= 10);
    assert!(count(|step| step.action.question().is_some()) >= 40);
    for lesson in &curriculum.lessons {
        let id = &lesson.id;
        let asks = lesson.steps.iter().filter(|step| step.action.question().is_some());
        assert!(asks.count() >= 2, "{id} asks too little");
        let works = |step: &Step| step.action.expected().is_some_and(|expect| expect.outcome == "200");
        let runs = |step: &Step| matches!(&step.action, Action::Run(run) if run.expect.status == 0);
        assert!(lesson.steps.iter().any(|step| works(step) || runs(step)), "{id} shows nothing that works");
        let fails = |step: &Step| matches!(&step.action, Action::Run(run) if run.expect.status != 0);
        assert!(lesson.steps.iter().any(|step| is_refused(step) || fails(step)), "{id} breaks nothing");
        let last = lesson.steps.last().unwrap();
        assert!(matches!(last.action, Action::Recall(_)), "{id} ends without a recall");
        for (language, tip) in [(Language::En, "**CKA tip**"), (Language::Ko, "**CKA 팁**")] {
            let words = lesson.steps.iter().map(|step| step.words.get(language));
            let tips = words.filter(|words| words.text.contains(tip) || words.after.contains(tip));
            assert_eq!(tips.count(), 1, "{id} in {language}: {tip}");
        }
        for step in &lesson.steps {
            for language in Language::ALL {
                let words = step.words.get(language);
                let is_explained = step.action.question().is_none() || !words.after.is_empty();
                assert!(is_explained, "{id}/{} is not explained in {language}", step.id);
            }
        }
    }
}

/// The table of `lessons/README.md` that tells where each statement of the lecture is shown.
#[test]
fn every_statement_of_the_lecture_is_shown_by_a_step() {
    let curriculum = Curriculum::embedded();
    let readme = include_str!("../lessons/README.md");
    let (_, table) = readme.split_once("| statement | ").unwrap();
    let rows: Vec<&str> = table.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    let mut next = 1;
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells[0].parse::<u32>().unwrap(), next, "{row}");
        assert!(!cells[1].is_empty(), "{row}");
        let steps: Vec<&str> = cells[2].split(", ").map(|step| step.trim_matches('`')).collect();
        for step in &steps {
            let (lesson, id) = step.split_once('/').unwrap_or_else(|| panic!("{row}"));
            let lesson = curriculum.find(lesson).unwrap_or_else(|error| panic!("{row}: {error}"));
            assert!(lesson.step(id).is_some(), "{row}: no step {id}");
        }
        next += 1;
    }
    assert_eq!(next, 47);
}
