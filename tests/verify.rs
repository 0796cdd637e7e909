//! `dojang verify` on recorded chains, on the shapes that certificates come in, and on what
//! is none.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{argument, dojang, text};
use serde_json::Value;

/// The recorded chains of a file.
fn recorded(file: &str) -> Vec<Value> {
    let path = format!("{}/tests/fixtures/go-verify/{file}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A recorded chain as files, with the arguments that ask for it.
struct Asked {
    directory: tempfile::TempDir,
    arguments: Vec<String>,
}

impl Asked {
    fn new(case: &Value) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut arguments = vec!["verify".to_owned()];
        for (option, part) in [("--ca", "roots"), ("--intermediates", "intermediates")] {
            let path = directory.path().join(part);
            fs::write(&path, case[part].as_str().unwrap()).unwrap();
            arguments.extend([option.to_owned(), argument(&path).to_owned()]);
        }
        for option in ["purpose", "name", "time"] {
            if let Some(value) = case[option].as_str() {
                arguments.push(format!("--{option}={value}"));
            }
        }
        let leaf = directory.path().join("leaf");
        fs::write(&leaf, case["leaf"].as_str().unwrap()).unwrap();
        arguments.push(argument(&leaf).to_owned());
        Self { directory, arguments }
    }

    fn leaf(&self) -> PathBuf {
        self.directory.path().join("leaf")
    }

    /// The exit status and the document.
    fn document(&self) -> (i32, Value) {
        let mut arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        arguments.extend(["--format", "json"]);
        let output = dojang(&arguments);
        assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
        (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap())
    }
}

#[test]
fn recorded_chains_have_gos_verdict_and_message() {
    common::tools::require("openssl", "openssl");
    let cases = recorded("cases.jsonl").into_iter().step_by(17);
    let mutants = recorded("mutants.jsonl").into_iter().step_by(15);
    let mut run = 0;
    for case in cases.chain(mutants) {
        let (status, document) = Asked::new(&case).document();
        let accepted = case["accepted"].as_bool().unwrap();
        let message = case["message"].as_str().filter(|message| !message.is_empty());
        assert_eq!(document["message"].as_str(), message, "{} {}", case["case"], case["tags"]);
        assert_eq!(document["verdict"], if accepted { "accepted" } else { "refused" });
        assert_eq!(status, i32::from(!accepted));
        assert_eq!(document["time"], case["time"]);
        let paths = document["paths"].as_array().unwrap();
        assert_eq!(accepted, paths.iter().any(|path| path["outcome"] == "accepted"), "{document}");
        for other in ["webpki", "openssl"] {
            let verdict = document[other]["verdict"].as_str().unwrap();
            assert!(["accepted", "refused"].contains(&verdict), "{document}");
            assert_eq!(verdict == "refused", document[other]["message"].is_string());
        }
        run += 1;
    }
    assert!(run >= 60, "{run}");
}

/// A recorded chain with these tags and verdict.
fn chain(accepted: bool, wanted: impl Fn(&Value) -> bool) -> Value {
    let fits = |case: &Value| case["accepted"] == accepted && wanted(case);
    recorded("cases.jsonl").into_iter().find(fits).unwrap()
}

fn has_intermediates(case: &Value) -> bool {
    !case["intermediates"].as_str().unwrap().is_empty()
}

#[test]
fn a_certificate_comes_in_many_shapes() {
    let case = chain(true, has_intermediates);
    let leaf = case["leaf"].as_str().unwrap();

    // The rest of the chain may stand in the same file, with anything between.
    let asked = Asked::new(&case);
    let intermediates = case["intermediates"].as_str().unwrap();
    fs::write(asked.leaf(), format!("subject: x\n\n{leaf}\njunk \u{1b}[2J\n{intermediates}# end")).unwrap();
    fs::write(asked.directory.path().join("intermediates"), "").unwrap();
    assert_eq!(asked.document().1["verdict"], "accepted");

    let der = dojang::trust::pem_certificates(leaf.as_bytes()).remove(0);
    let asked = Asked::new(&case);
    fs::write(asked.leaf(), &der).unwrap();
    assert_eq!(asked.document().1["verdict"], "accepted");

    fs::write(asked.leaf(), [der.as_slice(), b"x"].concat()).unwrap();
    let (status, document) = asked.document();
    assert_eq!((status, document["message"].as_str()), (1, Some("x509: trailing data")));
    assert_eq!(document["checks"][0]["outcome"], "fail");

    fs::write(asked.leaf(), &der[..der.len() / 2]).unwrap();
    assert_eq!(asked.document().1["message"], "x509: malformed certificate");
}

#[test]
fn wrong_calls_are_told_from_refusals() {
    let case = chain(true, |_| true);
    let asked = Asked::new(&case);
    let call = |change: &dyn Fn(&mut Vec<String>)| {
        let mut arguments = asked.arguments.clone();
        change(&mut arguments);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = dojang(&arguments);
        (output.status.code().unwrap(), text(&output.stderr))
    };
    assert_eq!(call(&|_| ()).0, 0);
    assert_eq!(call(&|arguments| arguments.push("--time=tomorrow".into())).0, 2);
    assert_eq!(call(&|arguments| *arguments.last_mut().unwrap() = "/proc/nowhere/leaf".into()).0, 2);
    assert_eq!(call(&|arguments| *arguments.last_mut().unwrap() = "/proc/self/mem".into()).0, 3);
    assert_eq!(call(&|arguments| arguments.retain(|word| !word.contains("roots") && word != "--ca")).0, 2);
    let empty = asked.directory.path().join("empty");
    fs::write(&empty, "").unwrap();
    let (status, said) =
        call(&|arguments| *arguments.last_mut().unwrap() = argument(Path::new(&empty)).into());
    assert_eq!(status, 2);
    assert!(said.contains("holds no certificate"), "{said}");
}

#[test]
fn ten_megabytes_end_soon() {
    let case = chain(true, has_intermediates);
    let asked = Asked::new(&case);
    let begun = std::time::Instant::now();
    let block = case["intermediates"].as_str().unwrap();
    fs::write(asked.directory.path().join("roots"), block.repeat((10 << 20) / block.len())).unwrap();
    fs::write(asked.leaf(), [b"0".as_slice(), &vec![0x84; 10 << 20]].concat()).unwrap();
    assert_eq!(asked.document().0, 1);
    fs::write(asked.leaf(), "-----BEGIN CERTIFICATE-----\n".repeat(400_000)).unwrap();
    assert_eq!(
        common::command(&asked.arguments.iter().map(String::as_str).collect::<Vec<_>>())
            .output()
            .unwrap()
            .status
            .code(),
        Some(2)
    );
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

#[test]
fn the_document_and_the_table_have_their_shape() {
    common::tools::require("openssl", "openssl");
    let hinted = |case: &Value| {
        case["message"].as_str().is_some_and(|message| message.contains("possibly because of"))
            && has_intermediates(case)
    };
    let case = chain(false, hinted);
    let asked = Asked::new(&case);
    let mut arguments: Vec<&str> = asked.arguments.iter().map(String::as_str).collect();
    let json = [arguments.as_slice(), &["--format", "json"]].concat();
    insta::assert_snapshot!("verify_json", text(&dojang(&json).stdout));
    insta::assert_snapshot!("verify_text_en", text(&dojang(&arguments).stdout));
    arguments.extend(["--lang", "ko", "--ascii"]);
    insta::assert_snapshot!("verify_text_ko", text(&dojang(&arguments).stdout));
}
