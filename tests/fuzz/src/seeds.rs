//! Writes the inputs to begin with: `seeds DIRECTORY`, one directory a target below it.

use std::path::PathBuf;

// Gives the instrumented code what it calls.
use libfuzzer_sys as _;

fn main() -> std::io::Result<()> {
    let out = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "corpus".to_owned()));
    for (target, _) in dojang_fuzz::TARGETS {
        let directory = out.join(target);
        std::fs::create_dir_all(&directory)?;
        for (number, seed) in dojang_fuzz::fixtures::seeds(target).iter().enumerate() {
            std::fs::write(directory.join(format!("seed-{number:04}")), seed)?;
        }
    }
    Ok(())
}
