//! The screen with an engine that only pretends.
#![allow(missing_docs, clippy::panic, clippy::indexing_slicing, unreachable_pub)]
extern crate dojang;
#[path = "../src/ui/tests/fake.rs"]
mod fake;
use dojang::text::Language;

#[tokio::main]
async fn main() {
    let has = |flag: &str| std::env::args().any(|arg| arg == flag);
    let mut engine = fake::Fake::new();
    engine.pause = std::time::Duration::from_millis(700);
    let options = dojang::ui::Options {
        language: Some(if has("ko") { Language::Ko } else { Language::En }),
        ascii: has("--ascii"),
        color: std::env::var_os("NO_COLOR").is_none(),
        start: None,
    };
    if let Err(error) = dojang::ui::run(std::sync::Arc::new(engine), options).await {
        eprintln!("{error}");
        std::process::exit(3);
    }
}
