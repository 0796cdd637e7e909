//! `docs/new-user.md`, pasted line by line into a shell with real openssl and kubectl, prints what
//! the page says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;
#[path = "common/scratch.rs"]
mod served;

use std::process::Command;

use common::text;
use served::{Served, kubectl_serves, workspace};

const PAGE: &str = include_str!("../docs/new-user.md");

/// The fenced blocks of a page: their language and their text.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut blocks: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        match line.strip_prefix("```") {
            Some(language) if !inside => blocks.push((language.to_owned(), String::new())),
            Some(_) => {}
            None => {
                if inside {
                    let (_, text) = blocks.last_mut().unwrap();
                    text.push_str(line);
                    text.push('\n');
                }
                continue;
            }
        }
        inside = !inside;
    }
    blocks
}

/// Without what differs from run to run.
fn settled(printed: &str) -> String {
    let word = |word: &str| match word {
        "kube-super-admin" | "kubernetes-super-admin" => "REQUESTOR".to_owned(),
        word if word.len() < 5 && word.starts_with(|c: char| c.is_ascii_digit()) && word.ends_with('s') => {
            "AGE".to_owned()
        }
        word => word.to_owned(),
    };
    let line = |line: &str| line.split_whitespace().map(word).collect::<Vec<_>>().join(" ");
    // kubectl says from 1.34 on from where something was deleted.
    let printed = printed.replace(" from dev namespace", "");
    printed.trim().lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_new_user_as_the_page_has_it() {
    if !kubectl_serves() {
        return;
    }
    let served = Served::on(workspace(&[]), &[]);
    let home = served.path("home");
    std::fs::create_dir(&home).unwrap();
    let blocks = blocks(PAGE);
    let mut ran = 0;
    for (index, (language, script)) in blocks.iter().enumerate() {
        if language != "bash" {
            continue;
        }
        let output = Command::new("bash")
            .args(["-c", &format!("exec 2>&1\n{script}")])
            .current_dir(&home)
            .env("HOME", &home)
            .env("KUBECACHEDIR", home.join("cache"))
            .env("KUBECONFIG", &served.kubeconfigs["super-admin"])
            .output()
            .unwrap();
        let (language, expected) = &blocks[index + 1];
        assert_eq!(language, "text", "every block of commands says what it prints");
        assert_eq!(settled(&text(&output.stdout)), settled(expected), "{script}");
        ran += 1;
    }
    assert_eq!(ran, 8);
    // The same is known without kubectl.
    let directory = common::argument(served.directory.path()).to_owned();
    let asked = ["can-i", "list", "pods", "-n", "dev", "--as", "jane", "--dir", &directory];
    assert_eq!(common::dojang(&asked).status.code(), Some(1));
}
