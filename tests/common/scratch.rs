//! A serving cluster for tests: `dojang serve` on a scratch workspace, and real clients of it.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::common::{self, argument, command, text};

/// A serving cluster, which ends with it.
pub(crate) struct Served {
    pub(crate) directory: TempDir,
    child: Child,
    /// `127.0.0.1:PORT`
    pub(crate) address: String,
    pub(crate) kubeconfigs: BTreeMap<String, PathBuf>,
    /// The kubelets and etcd members, by name.
    pub(crate) servers: BTreeMap<String, String>,
}

/// A new workspace in this layout.
pub(crate) fn workspace(layout: &[&str]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let create = ["pki", "create", argument(directory.path()), "--key", "p256"];
    common::answer(&[&create[..], layout].concat());
    directory
}

impl Served {
    /// Serves a workspace with this verbosity.
    ///
    /// # Panics
    /// It does not listen.
    pub(crate) fn on(directory: TempDir, more: &[&str]) -> Self {
        match Self::try_on(directory, more) {
            Ok(served) => served,
            Err((_, log)) => panic!("it ended before it listened: {log}"),
        }
    }

    /// The same, or the workspace and the log of one that does not start.
    pub(crate) fn try_on(directory: TempDir, more: &[&str]) -> Result<Self, (TempDir, String)> {
        let common = ["serve", "--listen", "127.0.0.1:0", "--format", "json", "--dir"];
        let arguments = [&common[..], &[argument(directory.path())], more].concat();
        let log = directory.path().join("log");
        let file = fs::File::create(&log).unwrap();
        let mut child = command(&arguments).stdout(Stdio::piped()).stderr(file).spawn().unwrap();
        let mut announced = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while serde_json::from_str::<Value>(&announced).is_err() {
            let Some(Ok(line)) = lines.next() else {
                let status = child.wait().unwrap().code();
                let log = fs::read_to_string(&log).unwrap();
                return Err((directory, format!("exit status {status:?}\n{log}")));
            };
            announced += &(line + "\n");
        }
        let document: Value = serde_json::from_str(&announced).unwrap();
        let named = |list: &str, key: &str, value: &str| -> BTreeMap<String, String> {
            let pair = |own: &Value| {
                (own[key].as_str().unwrap().to_owned(), own[value].as_str().unwrap().to_owned())
            };
            document[list].as_array().unwrap().iter().map(pair).collect()
        };
        let kubeconfigs = named("kubeconfigs", "client", "path").into_iter();
        Ok(Self {
            servers: named("servers", "name", "address"),
            kubeconfigs: kubeconfigs.map(|(client, path)| (client, path.into())).collect(),
            address: document["address"].as_str().unwrap().to_owned(),
            directory,
            child,
        })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// kubectl as one of the cluster's own identities.
    pub(crate) fn kubectl(&self, client: &str, arguments: &[&str]) -> Output {
        kubectl(&self.kubeconfigs[client], self.directory.path(), arguments)
    }

    /// What kubectl prints, which must go well.
    pub(crate) fn answers(&self, client: &str, arguments: &[&str]) -> String {
        let output = self.kubectl(client, arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// curl with the workspace's files, to `https://HOST/PATH` of a server; its exit status, what it
    /// prints, and its complaints.
    pub(crate) fn curl(&self, address: &str, host: &str, arguments: &[&str]) -> (i32, String, String) {
        let (url, arguments) = arguments.split_last().unwrap();
        let output = Command::new("curl")
            .args(["-sS", "--max-time", "20", "--connect-to", &format!("{host}:443:{address}")])
            .args(arguments)
            .arg(format!("https://{host}{url}"))
            .current_dir(self.directory.path())
            .output()
            .expect("curl is needed: tests/run installs it");
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    }

    /// What the components have logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap()
    }

    /// Waits until the log says this.
    pub(crate) fn logs(&self, words: &str) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !self.log().contains(words) {
            assert!(Instant::now() < deadline, "no {words:?} in the log:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it, and gives the workspace back.
    pub(crate) fn end(mut self) -> TempDir {
        let process = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &process]).status().unwrap().success());
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        std::mem::replace(&mut self.directory, tempfile::tempdir().unwrap())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn kubectl(kubeconfig: &Path, home: &Path, arguments: &[&str]) -> Output {
    Command::new("kubectl")
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .args(arguments)
        .env("KUBECACHEDIR", home.join("kubecache"))
        .env("HOME", home)
        .output()
        .expect("kubectl is needed: tests/run installs it")
}

/// Whether the machine's kubectl is one that the cluster is made for; if not, that is said.
pub(crate) fn kubectl_serves() -> bool {
    let output = Command::new("kubectl").args(["version", "--client", "-o", "json"]).output();
    let output = output.expect("kubectl is needed: tests/run installs it");
    let version: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let minor = version["clientVersion"]["minor"].as_str().unwrap_or_default().to_owned();
    let minor: u32 = minor.trim_end_matches('+').parse().unwrap_or_default();
    if minor < 26 {
        eprintln!("NOT TESTED: kubectl 1.{minor} is older than 1.26, so real kubectl was not run");
    }
    minor >= 26
}
