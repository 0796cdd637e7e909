//! Certificates that openssl makes for a test, and what the short form says of files.
#![allow(dead_code)]

use std::path::Path;
use std::process::Command;

use crate::common::tools::{path, require};
use crate::common::{command, text};

/// Runs a script in a directory; it must succeed.
pub(crate) fn shell(directory: &Path, script: &str) {
    let output = Command::new("sh")
        .args(["-e", "-c", script])
        .env("PATH", path())
        .env("KUBECONFIG", "/dev/null")
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(output.status.success(), "{script}\n{}{}", text(&output.stdout), text(&output.stderr));
}

/// A CA `ca` and a server `web` below it, by openssl.
const PAIR: &str = r#"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.crt -days 3650 -subj /CN=test-ca 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout web.key -out web.csr -subj /O=dev/CN=web \
  -addext subjectAltName=DNS:web,IP:10.0.0.1 2>/dev/null
printf 'subjectAltName=DNS:web,IP:10.0.0.1\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n' > web.ext
openssl x509 -req -in web.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 10 -extfile web.ext -out web.crt 2>/dev/null
"#;

pub(crate) fn pair() -> tempfile::TempDir {
    require("openssl", "openssl");
    let directory = tempfile::tempdir().unwrap();
    shell(directory.path(), PAIR);
    directory
}

/// What the short form says of these files, which must succeed.
pub(crate) fn short(directory: &Path, files: &[&str]) -> String {
    let mut all = vec!["inspect", "--format", "short"];
    all.extend(files);
    let output = command(&all).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{files:?}: {}", text(&output.stderr));
    days(&text(&output.stdout))
}

/// The days that are left of a certificate that was made in this very second are one more.
pub(crate) fn days(said: &str) -> String {
    [(" 10", " 9"), (" 3650", " 3649"), (" 30", " 29")].iter().fold(said.to_owned(), |said, (full, less)| {
        said.replace(&format!("{full} days"), &format!("{less} days"))
    })
}

pub(crate) const CA: &str = "CN=test-ca; issuer self; 3649 days left; CA";
pub(crate) const WEB: &str = "O=dev, CN=web; issuer CN=test-ca; 9 days left; serverAuth";
