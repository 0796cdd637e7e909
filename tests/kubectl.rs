//! Real kubectl against a bare cluster: each row of `tests/kubectl/*.toml` is a command of one
//! identity, with the exit status and the words that a real cluster gives.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use common::session::{Served, kubectl_serves};
use common::{argument, text};
use serde::Deserialize;

/// A file of commands, which are run in their order against a cluster of their own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    command: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// Who asks: a client of the plan, `anonymous`, or a subject as openssl writes it.
    #[serde(default = "admin")]
    who: String,
    /// The command behind `kubectl`, split at spaces; `'…'` keeps them.
    run: String,
    /// What `-f -` reads.
    #[serde(default)]
    stdin: String,
    #[serde(default)]
    exit: i32,
    /// Standard output, line by line: `…` stands for any run of letters.
    stdout: Option<String>,
    stderr: Option<String>,
    /// Lines that must be among those of standard output.
    #[serde(default)]
    has: Vec<String>,
}

fn admin() -> String {
    "super-admin".to_owned()
}

/// The words of a command: `'…'` is one word.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (place, part) in command.split('\'').enumerate() {
        if place % 2 == 1 {
            words.push(part.to_owned());
            continue;
        }
        words.extend(part.split_whitespace().map(str::to_owned));
    }
    words
}

/// Whether a line is as wanted, where `…` stands for anything.
fn fits(wanted: &str, line: &str) -> bool {
    let parts: Vec<&str> = wanted.split('…').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return wanted == line };
    let Some(mut rest) = line.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else {
        return false;
    };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

/// Runs of spaces are one: columns are as wide as what stands in them.
fn lines(output: &str) -> Vec<String> {
    output.trim().lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

fn differs(wanted: &str, output: &str) -> bool {
    let (wanted, ours) = (lines(wanted), lines(output));
    wanted.len() != ours.len() || !wanted.iter().zip(&ours).all(|(wanted, line)| fits(wanted, line))
}

fn faults(row: &Row, served: &Served, home: &Path) -> Vec<String> {
    let kubeconfig = served.kubeconfig_for(&row.who);
    let mut child = Command::new("kubectl")
        .arg("--kubeconfig")
        .arg(&kubeconfig)
        .args(words(&row.run.replace("DIRECTORY", argument(home))))
        .env("KUBECACHEDIR", home.join("kubecache"))
        .env("HOME", home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kubectl is needed: tests/run installs it");
    child.stdin.take().unwrap().write_all(row.stdin.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    let mut faults = Vec::new();
    if output.status.code() != Some(row.exit) {
        faults.push(format!("exit {:?} instead of {}", output.status.code(), row.exit));
    }
    for (name, wanted, ours) in [("stdout", &row.stdout, &stdout), ("stderr", &row.stderr, &stderr)] {
        if wanted.as_ref().is_some_and(|wanted| differs(wanted, ours)) {
            faults.push(format!(
                "{name}:\n{}\n--- instead of\n{}",
                ours.trim(),
                wanted.as_deref().unwrap_or_default()
            ));
        }
    }
    let all = lines(&stdout);
    for wanted in &row.has {
        if !lines(wanted).iter().all(|wanted| all.iter().any(|line| fits(wanted, line))) {
            faults.push(format!("no line {wanted:?} in:\n{}", stdout.trim()));
        }
    }
    if !faults.is_empty() && row.stderr.is_none() && !stderr.is_empty() {
        faults.push(format!("stderr:\n{}", stderr.trim()));
    }
    faults
}

#[test]
fn every_command_is_answered_as_a_real_cluster_answers_it() {
    if !kubectl_serves() {
        return;
    }
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kubectl");
    let mut files: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    let (mut asked, mut wrong) = (0, Vec::new());
    for file in &files {
        let table: Table = toml::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        let served = Served::new(true);
        for row in &table.command {
            asked += 1;
            let faults = faults(row, &served, served.directory());
            if !faults.is_empty() {
                let file = file.file_name().unwrap().to_string_lossy();
                wrong.push(format!("{file}: {} $ kubectl {}\n{}", row.who, row.run, faults.join("\n")));
            }
        }
    }
    println!("{asked} commands were run");
    assert!(wrong.is_empty(), "{}\n{} of {asked} differ", wrong.join("\n\n"), wrong.len());
}

#[test]
fn patterns_fit_lines() {
    assert!(fits("a … c", "a bbb c") && fits("a", "a") && fits("pod-…", "pod-x"));
    assert!(!fits("a … c", "a b d") && !fits("a", "b"));
    assert_eq!(words("get -o 'a b' c"), ["get", "-o", "a b", "c"]);
}
