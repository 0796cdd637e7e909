//! Any text to the reader of lessons.

use dojang::lesson::{Curriculum, markdown};

/// What stands between the three files of a lesson in one input.
pub const SEPARATOR: &str = "\n=====\n";

/// Runs one input: `lesson.toml`, `en.md` and `ko.md`, with [`SEPARATOR`] between them.
pub fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let blocks = markdown::parse(&text);
    for columns in [0, 1, 2, 40, 78] {
        let _ = markdown::plain(&blocks, columns);
    }
    let _ = markdown::inline(&text);
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("01-a-lesson");
    std::fs::create_dir(&folder).unwrap();
    let parts = split(input);
    for (name, part) in ["lesson.toml", "en.md", "ko.md"].into_iter().zip(&parts) {
        std::fs::write(folder.join(name), part).unwrap();
    }
    let read = Curriculum::from_dir(directory.path());
    assert!(read.lessons.len() <= 1);
    assert!(!read.lessons.is_empty() || !read.problems.is_empty(), "no lesson, and nobody says why");
    for problem in &read.problems {
        assert!(!problem.message.is_empty());
        let lines = parts.iter().map(|part| part.iter().filter(|byte| **byte == b'\n').count() + 1).max();
        assert!((1..=lines.unwrap_or(1).max(1)).contains(&problem.line), "{problem}");
    }
    for step in read.lessons.iter().flat_map(|lesson| &lesson.steps) {
        assert!(step.line >= 1);
        for words in [&step.words.en, &step.words.ko] {
            let _ = (
                words.text_lines(40),
                words.after_lines(40),
                words.choice_lines(0, 40),
                words.heading_lines(3),
            );
        }
    }
}

fn split(input: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = input;
    while parts.len() < 2 {
        let separator = SEPARATOR.as_bytes();
        let Some(at) = rest.windows(separator.len()).position(|window| window == separator) else {
            break;
        };
        parts.push(&rest[..at]);
        rest = &rest[at + separator.len()..];
    }
    parts.push(rest);
    parts
}
