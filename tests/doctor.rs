//! `dojang doctor`: what this machine really offers, and that nothing missing stops it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::process::{Command, Stdio};

use common::{argument, command, text};
use serde_json::Value;

fn document(command: &mut Command) -> Value {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn tool<'a>(document: &'a Value, name: &str) -> &'a Value {
    document["tools"].as_array().unwrap().iter().find(|tool| tool["name"] == name).unwrap()
}

fn keys(value: &Value) -> String {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys.join(" ")
}

#[test]
fn the_versions_are_those_of_the_real_tools() {
    for name in ["openssl", "curl"] {
        common::tools::require(name, name);
    }
    let said = |program: &str, argument: &str| {
        let output = Command::new(program).arg(argument).output().unwrap();
        text(&output.stdout).split(' ').nth(1).unwrap().to_owned()
    };
    let real = [("openssl", said("openssl", "version")), ("curl", said("curl", "--version"))];
    // On a machine that is busy a tool may be slow for once.
    for turn in 0.. {
        let found = document(&mut command(&["doctor", "--format", "json"]));
        let agrees = |(name, version): &(&str, String)| tool(&found, name)["version"] == version.as_str();
        if real.iter().all(agrees) {
            break;
        }
        assert!(turn < 5, "{found:#} is not {real:?}");
    }
}

#[test]
fn without_any_tool_it_says_what_works_and_what_to_install() {
    let empty = tempfile::tempdir().unwrap();
    for (language, works, install) in [
        ("en", "Every lesson works without", "apt-get install"),
        ("ko", "모든 레슨을 할 수 있어요", "apt-get install"),
    ] {
        let output = command(&["doctor", "--lang", language]).env("PATH", empty.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let said = text(&output.stdout);
        assert!(said.contains(works) && said.contains(install), "{said}");
        for package in
            ["curl", "etcd-client", "etcd-server", "golang-cfssl", "kubernetes-client", "openssl", "tshark"]
        {
            assert!(said.lines().last().unwrap().contains(package), "{package}: {said}");
        }
        // The last line is to be copied as it is.
        for line in said.lines().rev().skip(1) {
            assert!(dojang::text::width(line) <= 80, "{line}");
        }
    }
    let found = document(command(&["doctor", "--format", "json"]).env_remove("PATH"));
    for tool in found["tools"].as_array().unwrap() {
        // easy-rsa is found outside PATH too.
        assert!(tool["path"].is_null() || tool["name"] == "easyrsa", "{tool}");
        assert!(
            !tool["without"].as_str().unwrap().is_empty() && !tool["package"].as_str().unwrap().is_empty()
        );
    }
}

#[test]
fn the_document_has_its_keys_and_tells_the_machine() {
    let directory = tempfile::tempdir().unwrap();
    let mut asked =
        command(&["doctor", "--format", "json", "--lang", "ko", "--dir", argument(directory.path())]);
    asked.env("TERM", "xterm-256color").env("TMUX", "/tmp/tmux-0/default,1,0").env_remove("COLORTERM");
    let found = document(&mut asked);
    assert_eq!(keys(&found), "language terminal tools version workspace");
    assert_eq!(
        keys(&found["terminal"]),
        "advice clipboard colors columns input locale multiplexer no_color output program rows term unicode"
    );
    assert_eq!(keys(&found["terminal"]["clipboard"]), "advice works");
    assert_eq!(keys(&found["language"]), "from used");
    assert_eq!(keys(&found["workspace"]), "directory exists free_bytes problem writable");
    assert_eq!(keys(&found["tools"][0]), "name needed_for package path problem runs says version without");
    // Each of these keys is named in the help.
    let help = common::answer(&["doctor", "--help"]);
    for part in [&found, &found["terminal"], &found["language"], &found["workspace"], &found["tools"][0]] {
        for key in part.as_object().unwrap().keys() {
            assert!(help.contains(key.as_str()), "{key}: {help}");
        }
    }
    assert_eq!(found["terminal"]["colors"], 256);
    assert_eq!(found["terminal"]["unicode"], true);
    assert_eq!(found["terminal"]["multiplexer"], "tmux");
    assert!(found["terminal"]["clipboard"]["advice"].as_str().unwrap().contains("set-clipboard on"));
    assert_eq!((&found["language"]["used"], &found["language"]["from"]), (&"ko".into(), &"option".into()));
    assert_eq!(found["workspace"]["writable"], true);
    assert_eq!(found["tools"].as_array().unwrap().len(), 9);
}

#[test]
fn a_workspace_that_cannot_be_is_told_and_stops_nothing() {
    let output = command(&["doctor"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let said = text(&output.stdout);
    assert!(said.contains("/proc/nowhere") && said.contains("--dir"), "{said}");
}
