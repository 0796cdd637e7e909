//! `openssl verify`, where it is installed.

use std::fs::File;
use std::io::Read;
use std::net::IpAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{Inquiry, Opinion, bare};
use crate::trust::Purpose;

/// How long it may take.
const LIMIT: Duration = Duration::from_secs(10);
/// How often it is looked at.
const PAUSE: Duration = Duration::from_millis(2);
/// How much of its output is read.
const MOST: u64 = 64 << 10;

/// What the machine's `openssl verify` says, with no other roots than those given.
#[must_use]
pub fn openssl(inquiry: &Inquiry<'_>) -> Opinion {
    ask(inquiry).unwrap_or_else(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Opinion::Absent,
        _ => Opinion::Silent(format!("it cannot be run: {error}")),
    })
}

fn ask(inquiry: &Inquiry<'_>) -> std::io::Result<Opinion> {
    let Some((leaf, intermediates)) = inquiry.chain.split_first() else {
        return Ok(Opinion::Refused("no certificate was sent".to_owned()));
    };
    let directory = tempfile::tempdir()?;
    let place = |name: &str| directory.path().join(name);
    std::fs::write(place("leaf"), pem(std::slice::from_ref(leaf)))?;
    let mut command = Command::new("openssl");
    command.args(["verify", "-no-CApath", "-no-CAstore"]);
    if inquiry.roots.is_empty() {
        command.arg("-no-CAfile");
    } else {
        std::fs::write(place("roots"), pem(inquiry.roots))?;
        command.arg("-CAfile").arg(place("roots"));
    }
    if !intermediates.is_empty() {
        std::fs::write(place("untrusted"), pem(intermediates))?;
        command.arg("-untrusted").arg(place("untrusted"));
    }
    match inquiry.purpose {
        Purpose::Server => {
            command.args(["-purpose", "sslserver"]);
        }
        Purpose::Client => {
            command.args(["-purpose", "sslclient"]);
        }
        Purpose::Any => {}
    }
    if let Some(name) = inquiry.name.filter(|name| !name.is_empty()).map(bare) {
        let is_address = name.parse::<IpAddr>().is_ok();
        command.arg(if is_address { "-verify_ip" } else { "-verify_hostname" }).arg(name);
    }
    command.arg("-attime").arg(inquiry.time.unix_timestamp().to_string()).arg(place("leaf"));
    command.env("OPENSSL_CONF", "/dev/null").env("LC_ALL", "C");
    command.stdin(Stdio::null());
    command.stdout(File::create(place("stdout"))?).stderr(File::create(place("stderr"))?);
    let mut child = command.spawn()?;
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if begun.elapsed() > LIMIT {
            child.kill()?;
            child.wait()?;
            return Ok(Opinion::Silent(format!("it did not answer within {} s", LIMIT.as_secs())));
        }
        std::thread::sleep(PAUSE);
    };
    if status.success() {
        return Ok(Opinion::Accepted);
    }
    Ok(Opinion::Refused(words(&read(&place("stderr"))?)))
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Its errors (`error 10 at 0 depth lookup: certificate has expired`), each once; without
/// such a line it could not read what it was given, and its first line says what.
fn words(output: &str) -> String {
    let mut found: Vec<&str> = Vec::new();
    for line in output.lines().filter(|line| line.starts_with("error ") && line.contains("depth lookup")) {
        if !found.contains(&line) {
            found.push(line);
        }
    }
    if found.is_empty() {
        let first = output.lines().find(|line| !line.trim().is_empty()).unwrap_or("it says no more");
        let first = first.split(" from ").next().unwrap_or(first);
        return first.to_owned();
    }
    found.join("; ")
}

/// Certificates as PEM, whatever is in them.
fn pem(ders: &[Vec<u8>]) -> String {
    ders.iter().map(|der| crate::pki::pem("CERTIFICATE", der)).collect()
}
