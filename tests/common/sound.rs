//! Moments to kill at, and what a workspace must be after any of them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::text;

/// A small generator, so that the moments are spread yet the same in each run.
pub(crate) struct Moments(pub(crate) u64);

impl Moments {
    /// The next number below this.
    pub(crate) fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// Every file below a directory.
pub(crate) fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Every file is whole, and no key is anyone's but its owner's.
pub(crate) fn is_sound(root: &Path) {
    let mut found = Vec::new();
    files(root, &mut found);
    for path in found {
        let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        let bytes = fs::read(&path).unwrap();
        let holds_key =
            text(&bytes).contains("PRIVATE KEY") || name.ends_with(".kubeconfig") || name.ends_with(".conf");
        if holds_key || name.ends_with(".key") {
            assert_eq!(mode & 0o077, 0, "{name} is readable by others: {mode:o}");
        }
        // What was on its way stays out of sight, below the program's own directory.
        if name.starts_with(".dojang/tmp/") {
            continue;
        }
        match path.extension().and_then(|e| e.to_str()) {
            Some("key" | "crt" | "csr" | "pub") => {
                let text = text(&bytes);
                assert!(
                    text.starts_with("-----BEGIN ") && text.trim_end().ends_with("-----"),
                    "{name} is partial"
                );
                dojang::x509::inspect(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
            }
            Some("kubeconfig" | "conf") => {
                dojang::x509::read_kubeconfig(&text(&bytes))
                    .unwrap_or_else(|error| panic!("{name}: {error}"));
            }
            _ => {}
        }
    }
}
