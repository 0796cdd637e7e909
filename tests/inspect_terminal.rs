//! `dojang inspect` on a terminal: it asks for passwords, and opens the inspector on anything.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;
#[path = "common/sources.rs"]
mod sources;
#[path = "common/terminal.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod terminal;

use common::{argument, dojang, text};
use sources::{pair, shell};
use terminal::Terminal;

/// A certificate, its key, and a store with both under the password `secret`.
fn store() -> tempfile::TempDir {
    let directory = pair();
    let script =
        "openssl pkcs12 -export -in web.crt -inkey web.key -legacy -passout pass:secret -out web.p12";
    shell(directory.path(), script);
    directory
}

#[test]
fn a_password_is_asked_for_and_not_shown() {
    let directory = store();
    let store = directory.path().join("web.p12");
    let arguments = ["inspect", "--format", "short", argument(&store)];
    let mut terminal = Terminal::dojang(directory.path(), &arguments);
    terminal.until_text("Password of ");
    terminal.until_set();
    terminal.press("secret\r");
    terminal.until_text("private key, ECDSA P-256");
    let screen = terminal.text();
    assert!(!screen.contains("secret"), "{screen}");
    assert_eq!(terminal.status(), 0);
    terminal.is_given_back("a password");
    // In the language, and a wrong one is told.
    let arguments = ["inspect", "--lang", "ko", argument(&store)];
    let mut terminal = Terminal::dojang(directory.path(), &arguments);
    terminal.until_text("의 비밀번호: ");
    terminal.until_set();
    terminal.press("no\r");
    terminal.until_text("this is not its");
}

#[test]
fn the_inspector_opens_on_anything() {
    let directory = store();
    let root = argument(directory.path());
    let mut terminal = Terminal::dojang(directory.path(), &["inspect", "--screen", root]);
    terminal.until_text("web.crt");
    terminal.press("<");
    terminal.until_text("test-ca");
    terminal.press("\r");
    terminal.until_text("ASN.1");
    terminal.press("v");
    terminal.until_text("With the same key");
    terminal.until_text("ca.key");
    terminal.until_text("What dojang check finds in");
    terminal.press("qqq");
    terminal.until_text("lessons done");
    terminal.press("q");
    assert_eq!(terminal.status(), 0);

    let store = directory.path().join("web.p12");
    let mut terminal = Terminal::dojang(directory.path(), &["inspect", "--screen", argument(&store)]);
    terminal.until_text("Password of ");
    terminal.until_set();
    terminal.press("secret\r");
    terminal.until_text("days left");
    terminal.press("\u{3}");
    assert_eq!(terminal.status(), 0);

    let output = dojang(&["inspect", "--screen", argument(&store)]);
    let said = text(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("--screen needs a terminal"), "{said}");
}
