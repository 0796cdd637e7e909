//! Every command of the README does what it says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

/// The lines of the README's shell blocks.
fn commands() -> Vec<String> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let mut found = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            line if inside => found.push(line.to_owned()),
            _ => {}
        }
    }
    found
}

#[test]
fn every_command_of_the_readme_works() {
    let directory = tempfile::tempdir().unwrap();
    let mut run = 0;
    for line in commands() {
        // Opening the lab and running the tests is what other tests and this run do.
        if ["cargo run --release", "tests/run"].contains(&line.as_str()) {
            continue;
        }
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!(words[0], "dojang", "{line}");
        let arguments: Vec<String> =
            words[1..].iter().map(|word| word.replace("/tmp", common::argument(directory.path()))).collect();
        let output = Command::new(common::DOJANG)
            .args(&arguments)
            .env("XDG_DATA_HOME", directory.path().join("data"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{line}: {}", common::text(&output.stderr));
        assert!(!output.stdout.is_empty(), "{line} says nothing");
        run += 1;
    }
    assert!(run >= 13, "only {run} commands were found in the README");
}

#[test]
fn every_command_is_in_the_readme() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let help = common::answer(&["--help"]);
    let listed = help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
    // A long description goes on in further lines, which are indented more.
    let commands = listed.take_while(|line| !line.is_empty()).filter_map(|line| line.strip_prefix("  "));
    for command in commands.filter_map(|line| line.split(' ').next()).filter(|name| !name.is_empty()) {
        if command != "help" {
            assert!(
                readme.contains(&format!("`dojang {command}")),
                "the README does not name `dojang {command}`"
            );
        }
    }
}

#[test]
fn every_lesson_is_in_the_readme() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    for lesson in dojang::lesson::Curriculum::embedded().lessons {
        let row = format!("| {} | {} | {} |", lesson.number, lesson.title.en, lesson.title.ko);
        assert!(readme.contains(&row), "the README lacks `{row}`");
    }
}
