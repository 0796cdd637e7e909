//! Every room imports only from rooms above it in the map of `src/lib.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms in the order of the map.
fn rooms(map: &str) -> Vec<String> {
    let rows = map.lines().filter_map(|line| line.strip_prefix("//! | [`"));
    rows.flat_map(|row| {
        let cell = row.split('|').next().unwrap_or_default();
        cell.split('`')
            .filter(|word| word.chars().all(|c| c.is_ascii_alphanumeric()) && !word.is_empty())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    })
    .collect()
}

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// `crate::ROOM` in a file's own code: what stands before its tests.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.contains("#[cfg(test)]") {
            break;
        }
        let code = line.split("//").next().unwrap_or_default();
        for part in code.split("crate::").skip(1) {
            let room: String = part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            found.push((number + 1, room));
        }
    }
    found
}

#[test]
fn rooms_import_only_from_above() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let map = fs::read_to_string(src.join("lib.rs")).unwrap();
    let rooms = rooms(&map);
    assert!(rooms.len() >= 14, "the map of src/lib.rs does not read: {rooms:?}");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&src).unwrap();
        let first = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
        let own = first.trim_end_matches(".rs");
        if ["lib", "main"].contains(&own) {
            continue;
        }
        let place = rooms.iter().position(|room| room == own);
        let place = place.unwrap_or_else(|| panic!("{own} is not on the map of src/lib.rs"));
        for (line, room) in imports(&fs::read_to_string(&file).unwrap()) {
            match rooms.iter().position(|r| *r == room) {
                Some(other) if other <= place => {}
                Some(_) => {
                    wrong.push(format!("{}:{line} imports {room}, which lies below it", inside.display()))
                }
                None => {
                    wrong.push(format!("{}:{line} imports {room}, which is not on the map", inside.display()))
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_import_from_below_is_seen() {
    assert_eq!(
        imports("use crate::text;\nlet x = crate::ui::run(); // crate::cli\n"),
        [(1, "text".to_owned()), (2, "ui".to_owned())]
    );
}
