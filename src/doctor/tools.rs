//! The tools that go well with the lab.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde::Serialize;

use super::data::{ToolData, data};
use super::run::run;
use crate::text::{Language, escape, truncate};

/// How long a tool may take to tell its version.
const LIMIT: Duration = Duration::from_secs(2);
/// Columns of what a tool says that are kept.
const SAYS: usize = 120;

/// A tool on this machine. Texts are safe to print.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tool {
    /// Its name: `openssl`.
    pub name: &'static str,
    /// Where it is; none if it is not there.
    pub path: Option<String>,
    /// Whether it runs; some that do tell no version.
    pub runs: bool,
    /// Its version, if it tells one: `3.0.19`.
    pub version: Option<String>,
    /// The first line of what it says about itself.
    pub says: Option<String>,
    /// Why it tells no version, though it is there.
    pub problem: Option<String>,
    /// The Debian package that holds it.
    pub package: &'static str,
    /// What it is good for.
    pub needed_for: &'static str,
    /// What there is without it.
    pub without: &'static str,
}

/// Looks for all tools in these directories (`PATH`) and asks each for its version, all at
/// the same time and none for longer than two seconds.
#[must_use]
pub fn examine(path: Option<&OsStr>, language: Language) -> Vec<Tool> {
    let directories: Vec<PathBuf> =
        path.map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
    thread::scope(|scope| {
        let asked: Vec<_> = data()
            .tools
            .iter()
            .map(|tool| {
                let found = find(tool, &directories);
                (
                    tool,
                    found.clone(),
                    scope.spawn(move || found.map(|path| ask(&path, &tool.arguments, language))),
                )
            })
            .collect();
        let told = asked.into_iter().map(|(tool, path, answer)| {
            let answer = answer.join().ok().flatten().unwrap_or_default();
            Tool {
                name: &tool.name,
                path: path.map(|path| escape(&path.to_string_lossy()).into_owned()),
                runs: answer.runs,
                version: answer.version,
                says: answer.says,
                problem: answer.problem,
                package: &tool.package,
                needed_for: tool.r#for.get(language),
                without: tool.without.get(language),
            }
        });
        told.collect()
    })
}

/// Where a tool of the lab's is on this machine, by its name.
#[must_use]
pub fn place_of(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories: Vec<PathBuf> = std::env::split_paths(&path).collect();
    data().tools.iter().find(|tool| tool.name == name).and_then(|tool| find(tool, &directories))
}

/// Where a tool is. What `PATH` says of the current directory is left out.
fn find(tool: &ToolData, directories: &[PathBuf]) -> Option<PathBuf> {
    let listed = directories.iter().filter(|d| d.is_absolute()).map(|d| d.join(&tool.name));
    listed.chain(tool.also.iter().map(PathBuf::from)).find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// What a tool tells of itself.
#[derive(Default)]
struct Answer {
    runs: bool,
    version: Option<String>,
    says: Option<String>,
    problem: Option<String>,
}

fn ask(path: &Path, arguments: &[String], language: Language) -> Answer {
    let said = match run(path, arguments, LIMIT) {
        Ok(said) => said,
        Err(error) => {
            let why = language.pick("it cannot be started", "실행할 수 없어요");
            return Answer { problem: Some(format!("{why}: {error}")), ..Answer::default() };
        }
    };
    let version = version_in(&said.text);
    let first = said.text.lines().map(str::trim).find(|line| !line.is_empty());
    let seconds = LIMIT.as_secs();
    // What a shell says of a program that cannot be run.
    let code = said.status.and_then(|status| status.code());
    let runs = version.is_some() || code.is_some_and(|code| !matches!(code, 126 | 127));
    let problem = match (said.status, language) {
        _ if version.is_some() => None,
        (None, Language::En) => Some(format!("it did not answer within {seconds} seconds")),
        (None, Language::Ko) => Some(format!("{seconds}초 안에 답하지 않았어요")),
        (Some(status), _) if !runs => {
            Some(format!("{} ({status})", language.pick("it does not run", "실행되지 않아요")))
        }
        (Some(_), _) => Some(language.pick("it tells no version", "버전을 알려 주지 않아요").to_owned()),
    };
    Answer { runs, version, says: first.map(|line| truncate(&escape(line), SAYS)), problem }
}

/// The first word of a text that is a version: digits, a dot, digits, and what hangs on to
/// them; perhaps behind a `v`.
fn version_in(text: &str) -> Option<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '~' | '_');
    text.split(|c| !is_part(c)).find_map(|word| {
        let word = word.strip_prefix('v').unwrap_or(word).trim_end_matches(['.', '-']);
        let (major, rest) = word.split_once('.')?;
        let is_number = !major.is_empty() && major.bytes().all(|byte| byte.is_ascii_digit());
        (is_number && rest.starts_with(|c: char| c.is_ascii_digit())).then(|| truncate(word, 40))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_as_the_tools_tell_them() {
        for (said, version) in [
            ("OpenSSL 3.0.19 27 Jan 2026 (Library: OpenSSL 3.0.19 27 Jan 2026)", Some("3.0.19")),
            ("OpenSSL 1.1.1w  11 Sep 2023", Some("1.1.1w")),
            ("LibreSSL 3.3.6", Some("3.3.6")),
            ("Client Version: v1.36.2\nKustomize Version: v5.7.1", Some("1.36.2")),
            (
                "Client Version: version.Info{Major:\"1\", Minor:\"20\", GitVersion:\"v1.20.2\"}",
                Some("1.20.2"),
            ),
            ("curl 7.88.1 (x86_64-pc-linux-gnu) libcurl/7.88.1 OpenSSL/3.0.19", Some("7.88.1")),
            ("etcd Version: 3.4.23\nGit SHA: Not provided", Some("3.4.23")),
            ("etcdctl version: 3.4.23\nAPI version: 3.4", Some("3.4.23")),
            ("Version: 1.2.0\nRevision: dev\nRuntime: go1.19.8", Some("1.2.0")),
            ("EasyRSA Version Information\nVersion:     3.1.0\n", Some("3.1.0")),
            ("TShark (Wireshark) 4.0.17 (Git v4.0.17 packaged as 4.0.17-0+deb12u1).", Some("4.0.17")),
            ("flag provided but not defined: -version", None),
            ("", None),
        ] {
            assert_eq!(version_in(said).as_deref(), version, "{said}");
        }
    }

    #[test]
    fn what_is_broken_hostile_or_relative_harms_nobody() {
        let directory = tempfile::tempdir().unwrap();
        for (name, script) in [
            ("openssl", "#!/bin/sh\nprintf 'OpenSSL \\033[2J 9.9.9\\n'\n"),
            ("curl", "#!/bin/sh\nexit 127\n"),
            ("cfssljson", "#!/bin/sh\necho 'flag provided but not defined: -version' >&2\nexit 2\n"),
            ("kubectl", "no program at all"),
        ] {
            let path = directory.path().join(name);
            std::fs::write(&path, script).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let tools = examine(Some(directory.path().as_os_str()), Language::En);
        let tool = |name: &str| tools.iter().find(|tool| tool.name == name).unwrap();
        assert_eq!(tool("openssl").version.as_deref(), Some("9.9.9"));
        assert_eq!(tool("openssl").says.as_deref(), Some("OpenSSL \\u{1b}[2J 9.9.9"));
        assert!(tool("openssl").runs && !tool("curl").runs && !tool("kubectl").runs);
        assert!(tool("cfssljson").runs && tool("cfssljson").problem.is_some(), "{:?}", tool("cfssljson"));
        assert!(tool("curl").problem.as_ref().unwrap().contains("127"), "{:?}", tool("curl"));
        assert!(tool("kubectl").path.is_some() && tool("kubectl").version.is_none());
        assert_eq!(tool("etcd").path, None);
        assert!(
            examine(Some(OsStr::new("")), Language::Ko)
                .iter()
                .all(|t| t.path.is_none() || t.name == "easyrsa")
        );
    }
}
