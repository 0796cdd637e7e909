//! The cluster alive, in a real terminal: it serves, real clients are seen, it stops.

use std::net::TcpStream;
use std::process::Command;

use super::*;

/// The API server's address, as the screen says it.
fn address(terminal: &Terminal) -> String {
    let text = terminal.text();
    let (_, after) = text.split_once("https://").unwrap_or_else(|| panic!("no address:\n{text}"));
    after.split_whitespace().next().unwrap().to_owned()
}

#[test]
fn a_cluster_serves_while_it_is_watched_and_the_terminal_is_given_back() {
    let (_directory, root) = lab();
    let mut terminal = Terminal::with((120, 36), &root, &["--lang", "en"], &[]);
    terminal.until_text(&far(Language::En, 0));
    terminal.press("s");
    terminal.until_text("https://127.0.0.1:");
    let address = address(&terminal);
    // Nothing moves while nothing happens.
    terminal.settle();
    let (before, written) = (ticks(terminal.id()), terminal.raw().len());
    sleep(Duration::from_secs(2));
    let used = ticks(terminal.id()) - before;
    assert!(used <= 6, "{used} ticks in two seconds of a cluster that nobody asks");
    assert_eq!(terminal.raw().len(), written, "something was drawn");
    // A ready-made request.
    terminal.press(" ");
    terminal.until_text("list pods ▸│ ✓ 200");
    terminal.until_text("✓ system:masters  allows it");
    // A real client, by the kubeconfig whose line is shown.
    let kubeconfig = root.join("serve/kube-scheduler.kubeconfig");
    let output = Command::new("kubectl")
        .args(["--kubeconfig", argument(&kubeconfig), "get", "secrets", "-A"])
        .env("KUBECACHEDIR", root.join("kubecache"))
        .env("HOME", &root)
        .output()
        .expect("kubectl is needed: tests/run installs it");
    let said = common::text(&output.stderr);
    assert!(said.contains("cannot list resource \"secrets\""), "{said}");
    terminal.until_text("list secrets ▸│ ✗ 403");
    terminal.until_text("Nobody allows it, so it is forbidden.");
    terminal.press("m");
    terminal.until_text("Who may do what");
    terminal.until_text("kubelet@node02");
    terminal.press("q");
    terminal.until_text("Who calls whom");
    terminal.press("q");
    terminal.until_text(&far(Language::En, 0));
    let deadline = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(&address).is_ok() {
        assert!(Instant::now() < deadline, "{address} still listens");
        sleep(Duration::from_millis(50));
    }
    // Once more, and out at once.
    terminal.press("s");
    terminal.until_text("https://127.0.0.1:");
    terminal.press("\x03");
    assert_eq!(terminal.status(), 0);
    terminal.is_given_back("leaving a cluster that serves");
    is_sound(&root);
}
