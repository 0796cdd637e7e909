//! The real tools that tests compare with.

use std::process::Command;
use std::sync::Mutex;

/// One installation at a time.
static INSTALLING: Mutex<()> = Mutex::new(());

/// Makes sure that `tool` can be run: found on `PATH` (or, as easy-rsa is, in a directory
/// of its own), else installed from the Debian `package` where the test runs as root.
///
/// # Panics
/// It is not there and cannot be installed; the message names the package.
pub(crate) fn require(tool: &str, package: &str) {
    let _one = INSTALLING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if is_there(tool) {
        return;
    }
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.trim_ascii() == b"0");
    if root {
        let apt = |arguments: &[&str]| {
            Command::new("apt-get")
                .args(["-o", "DPkg::Lock::Timeout=300", "-q"])
                .args(arguments)
                .env("DEBIAN_FRONTEND", "noninteractive")
                .output()
                .is_ok_and(|output| output.status.success())
        };
        if !apt(&["install", "-y", package]) && apt(&["update"]) {
            apt(&["install", "-y", package]);
        }
    }
    assert!(is_there(tool), "this test needs `{tool}`: apt-get install {package}");
}

/// `PATH` with the places where Debian keeps commands outside it.
#[must_use]
pub(crate) fn path() -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    format!("{path}:/usr/share/easy-rsa")
}

fn is_there(tool: &str) -> bool {
    std::env::split_paths(&path()).any(|directory| directory.join(tool).is_file())
}
