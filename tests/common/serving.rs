//! A cluster that `dojang serve` serves, for real clients.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::{answer, argument, command, text};

/// How long something may take that happens at once on a machine with nothing else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// A serving cluster, which ends with it.
pub(crate) struct Cluster {
    pub(crate) directory: TempDir,
    child: Child,
    kubeconfigs: BTreeMap<String, PathBuf>,
    /// The kubelets and etcd members, by name.
    pub(crate) servers: BTreeMap<String, String>,
    pub(crate) address: String,
}

impl Cluster {
    /// A new workspace, made and served with these arguments.
    pub(crate) fn new(made: &[&str], served: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        answer(&[&["pki", "create", argument(directory.path()), "--key", "p256"], made].concat());
        let mut arguments = vec!["serve", "--listen", "127.0.0.1:0", "--format", "json", "--dir"];
        arguments.push(argument(directory.path()));
        arguments.extend(served);
        let log = fs::File::create(directory.path().join("stderr")).unwrap();
        let mut child = command(&arguments).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut announced = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while serde_json::from_str::<Value>(&announced).is_err() {
            announced += &(lines.next().expect("it ended before it listened").unwrap() + "\n");
        }
        let document: Value = serde_json::from_str(&announced).unwrap();
        let word = |own: &Value, key: &str| own[key].as_str().unwrap().to_owned();
        let pairs = |list: &str, key: &str, value: &str| -> BTreeMap<String, String> {
            document[list].as_array().unwrap().iter().map(|own| (word(own, key), word(own, value))).collect()
        };
        let kubeconfigs = pairs("kubeconfigs", "client", "path");
        Self {
            child,
            kubeconfigs: kubeconfigs.into_iter().map(|(client, path)| (client, path.into())).collect(),
            servers: pairs("servers", "name", "address"),
            address: word(&document, "address"),
            directory,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The lines of all components so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("serve/components.log")).unwrap_or_default()
    }

    /// kubectl as one of the cluster's own identities, ready to be run.
    pub(crate) fn kubectl(&self, client: &str, arguments: &[&str]) -> Command {
        let mut kubectl = Command::new("kubectl");
        kubectl
            .arg("--kubeconfig")
            .arg(&self.kubeconfigs[client])
            .args(arguments)
            .env("KUBECACHEDIR", self.path("kubecache"))
            .env("HOME", self.directory.path());
        kubectl
    }

    pub(crate) fn run(&self, client: &str, arguments: &[&str]) -> Output {
        self.kubectl(client, arguments).output().expect("kubectl is needed: tests/run installs it")
    }

    /// What kubectl prints as the administrator, which must go well.
    pub(crate) fn admin(&self, arguments: &[&str]) -> String {
        let output = self.run("admin", arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Applies a YAML document as the administrator.
    pub(crate) fn apply(&self, yaml: &str) {
        let file = self.path("applied.yaml");
        fs::write(&file, yaml).unwrap();
        self.admin(&["create", "--validate=false", "-f", argument(&file)]);
    }

    /// Another dojang in the same workspace.
    pub(crate) fn dojang(&self, arguments: &[&str]) -> Output {
        command(&[arguments, &["--dir", argument(self.directory.path())]].concat()).output().unwrap()
    }

    /// curl to one of the cluster's servers by a name of its certificate: exit status, and body
    /// with the HTTP status behind it.
    pub(crate) fn curl(&self, server: &str, host: &str, arguments: &[&str]) -> (Option<i32>, String) {
        let to = self.servers.get(server).unwrap_or(&self.address);
        let output = Command::new("curl")
            .args(["-s", "--connect-to", &format!("{host}:443:{to}"), "-w", " %{http_code}"])
            .args(arguments)
            .current_dir(self.directory.path())
            .output()
            .expect("curl is needed");
        (output.status.code(), text(&output.stdout))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let _ = fs::read_to_string(self.path("stderr")).map(|log| eprintln!("{log}"));
        }
    }
}

/// What is there after some time at the latest.
pub(crate) fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The certificate that a server shows, in openssl's words.
pub(crate) fn shown(address: &str) -> String {
    let pem = Command::new("sh")
        .args(["-c", &format!("openssl s_client -connect {address} </dev/null 2>/dev/null | openssl x509 -noout -serial -subject")])
        .output()
        .unwrap();
    text(&pem.stdout)
}

/// Whether a file is a link, and where it leads.
pub(crate) fn link(path: &Path) -> String {
    fs::read_link(path).unwrap().display().to_string()
}
