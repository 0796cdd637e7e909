//! Where certificates come from: files, directories, standard input, servers.

use std::io::{IsTerminal, Read, stderr, stdin};
use std::path::{Path, PathBuf};

use clap::Args;

use super::served;
use crate::cli::error::CliError;
use crate::cli::output::Output;
use crate::text::{Language, escape};
use crate::x509::{Contents, Item, Problem, contents, is_pem};

/// No certificate file is larger; more is a mistake.
const MOST: u64 = 16 << 20;
/// How many files of a directory are looked at, and how deep; hidden ones are not.
const MOST_FILES: usize = 200_000;
const DEEPEST: usize = 24;
/// What to do about a source that is not there.
const HINT: &str = "name a certificate, CSR, key or kubeconfig, a directory, or HOST:PORT";

/// What was named on the command line, or one file of a directory that was.
pub(super) struct Source {
    /// Its name as it is shown, not made safe.
    pub(super) name: String,
    /// What it holds.
    pub(super) items: Vec<Item>,
    /// What in it does not read.
    pub(super) problems: Vec<Problem>,
    /// Whether it is a file that begins with PEM.
    pub(super) is_pem: bool,
}

/// How sources are reached and opened.
#[derive(Debug, Args)]
pub(super) struct ReadingArgs {
    /// Ask a server for this name instead of its host
    #[arg(long, value_name = "NAME")]
    servername: Option<String>,
    /// The password of PKCS #12 is the first line of this file; or set DOJANG_PASSWORD;
    /// without either it is asked for on a terminal
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl ReadingArgs {
    /// What reads so.
    pub(super) fn reader(&self, output: &Output) -> Result<Reader, CliError> {
        let password = match &self.password_file {
            None => std::env::var("DOJANG_PASSWORD").ok(),
            Some(file) => {
                let text = bytes(file, "write the password into a file and name that")?;
                let text = String::from_utf8(text)
                    .map_err(|_| CliError::Usage(format!("{} holds no password in UTF-8", file.display())))?;
                Some(text.lines().next().unwrap_or_default().to_owned())
            }
        };
        Ok(Reader { password, language: output.language, server_name: self.servername.clone() })
    }
}

/// How sources are read.
pub(super) struct Reader {
    /// Opens PKCS #12. Without one it is asked for, where somebody can answer.
    password: Option<String>,
    /// The language of that question.
    language: Language,
    /// The name that a server is asked for, where it is not its host.
    server_name: Option<String>,
}

impl Reader {
    /// Everything that is to be shown of one source.
    pub(super) fn read(&self, named: &Path) -> Result<Vec<Source>, CliError> {
        if named != Path::new("-") {
            if named.is_dir() {
                return self.directory(named);
            }
            if let Some((host, port)) = endpoint(named).filter(|_| !named.exists()) {
                return Ok(vec![self.server(&host, port)?]);
            }
        }
        let source = self.file(named, true)?;
        if source.items.is_empty() {
            let why = source.problems.first().map_or_else(
                || "it holds no certificate, CSR, key or kubeconfig in PEM or DER".to_owned(),
                |problem| match &problem.at {
                    Some(at) => format!("{at}: {}", problem.why),
                    None => problem.why.clone(),
                },
            );
            return Err(CliError::Usage(format!("{}: {why}", source.name)));
        }
        Ok(vec![source])
    }

    fn file(&self, path: &Path, may_ask: bool) -> Result<Source, CliError> {
        let bytes = bytes(path, HINT)?;
        let mut found = contents(&bytes, self.password.as_deref());
        if found.is_locked
            && may_ask
            && self.password.is_none()
            && let Some(password) = self.ask(path)
        {
            found = contents(&bytes, Some(&password));
        }
        Ok(self.source(path, is_pem(&bytes), found))
    }

    /// The password that somebody types, which is not shown.
    fn ask(&self, path: &Path) -> Option<String> {
        if !stdin().is_terminal() || !stderr().is_terminal() {
            return None;
        }
        let shown = path.display().to_string();
        let shown = escape(&shown);
        let question = match self.language {
            Language::En => format!("Password of {shown}: "),
            Language::Ko => format!("{shown}의 비밀번호: "),
        };
        rpassword::prompt_password(question).ok().filter(|typed| !typed.is_empty())
    }

    /// What a file holds, and what lies in the files that it names.
    fn source(&self, path: &Path, is_pem: bool, found: Contents) -> Source {
        let Contents { mut items, mut problems, references, .. } = found;
        for reference in references {
            let beside = path.parent().unwrap_or(Path::new("")).join(&reference.path);
            let at = format!("{} {}", reference.at, escape(&reference.path));
            match bytes(&beside, "name a file that is there in the kubeconfig") {
                Ok(bytes) => {
                    let inner = contents(&bytes, self.password.as_deref());
                    items.extend(inner.items.into_iter().map(|item| item.placed(&at)));
                    let moved = inner.problems.into_iter();
                    problems.extend(moved.map(|problem| Problem { at: Some(at.clone()), ..problem }));
                }
                Err(error) => {
                    let why = escape(&error.to_string()).into_owned();
                    problems.push(Problem { at: Some(reference.at), why });
                }
            }
        }
        Source { name: path.display().to_string(), items, problems, is_pem }
    }

    /// Every file below a directory that holds something.
    fn directory(&self, root: &Path) -> Result<Vec<Source>, CliError> {
        let failed = |path: &Path, error: std::io::Error| {
            CliError::Machine(format!("cannot read {}: {error}", path.display()))
        };
        let mut files: Vec<PathBuf> = Vec::new();
        let mut directories = vec![(root.to_owned(), 0)];
        while let Some((directory, depth)) = directories.pop() {
            for entry in std::fs::read_dir(&directory).map_err(|error| failed(&directory, error))? {
                let entry = entry.map_err(|error| failed(&directory, error))?;
                let kind = entry.file_type().map_err(|error| failed(&entry.path(), error))?;
                if entry.file_name().as_encoded_bytes().first() == Some(&b'.') {
                    continue;
                }
                if kind.is_dir() && depth < DEEPEST {
                    directories.push((entry.path(), depth + 1));
                } else if !kind.is_dir() && files.len() < MOST_FILES {
                    files.push(entry.path());
                }
            }
        }
        files.sort();
        let mut found = Vec::new();
        for path in files {
            // A link may lead nowhere or to what is no file; a device would never end.
            if !path.is_file() {
                continue;
            }
            match self.file(&path, false) {
                Ok(source) if source.items.is_empty() && source.problems.is_empty() => {}
                Ok(source) => found.push(source),
                Err(error) => {
                    let problem = Problem { at: None, why: escape(&error.to_string()).into_owned() };
                    let name = path.display().to_string();
                    found.push(Source { name, items: Vec::new(), problems: vec![problem], is_pem: false });
                }
            }
        }
        if found.is_empty() {
            return Err(CliError::Usage(format!(
                "{} holds no certificate, CSR, key or kubeconfig in PEM or DER",
                root.display()
            )));
        }
        Ok(found)
    }

    /// The chain that a server presents, which nobody verifies here.
    fn server(&self, host: &str, port: u16) -> Result<Source, CliError> {
        let chain = served::chain(host, port, self.server_name.as_deref())?;
        let pem: String = chain.iter().map(|der| crate::x509::pem("CERTIFICATE", der)).collect();
        let Contents { items, problems, .. } = contents(pem.as_bytes(), None);
        Ok(Source { name: format!("{host}:{port}"), items, problems, is_pem: false })
    }
}

/// `HOST:PORT`, `[::1]:443`, or a URL of https.
fn endpoint(named: &Path) -> Option<(String, u16)> {
    let text = named.to_str()?;
    let bare = text.strip_prefix("https://").map(|rest| rest.split('/').next().unwrap_or(rest));
    let (host, port) = match bare.unwrap_or(text).rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (bare?, 443),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    (!host.is_empty() && !host.contains('/')).then(|| (host.to_owned(), port))
}

/// The bytes of a file or, for `-`, of standard input, up to a bound; the hint is what to do
/// where there is no such file.
pub(in crate::cli) fn bytes(path: &Path, hint: &str) -> Result<Vec<u8>, CliError> {
    let shown = path.display();
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        stdin().take(MOST + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes))
    };
    match read {
        Ok(_) if bytes.len() as u64 > MOST => {
            Err(CliError::Usage(format!("{shown} is larger than 16 MiB: that is no certificate")))
        }
        Ok(_) => Ok(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(CliError::Usage(format!("{shown} does not exist: {hint}")))
        }
        Err(error) => Err(CliError::Machine(format!("cannot read {shown}: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_named_by_host_and_port() {
        let read = |text: &str| endpoint(Path::new(text));
        assert_eq!(read("127.0.0.1:6443"), Some(("127.0.0.1".into(), 6443)));
        assert_eq!(read("[::1]:2379"), Some(("::1".into(), 2379)));
        assert_eq!(read("https://kube.example/readyz"), Some(("kube.example".into(), 443)));
        assert_eq!(read("dir/ca.crt"), None);
        assert_eq!(read("a:b"), None);
    }
}
