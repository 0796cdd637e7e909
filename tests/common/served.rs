//! A serving cluster of three control planes, and its etcd for a real etcdctl.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::tools::require;
use super::{answer, argument, command, text};

pub(crate) const NODES: [&str; 3] = ["cp1", "cp2", "cp3"];

/// A serving cluster of three control planes, which ends with it.
pub(crate) struct Served {
    pub(crate) directory: TempDir,
    pub(crate) child: Child,
    pub(crate) document: Value,
}

impl Served {
    pub(crate) fn new(more: &[&str]) -> Self {
        require("etcdctl", "etcd-client");
        let directory = tempfile::tempdir().unwrap();
        let mut create =
            vec!["pki", "create", argument(directory.path()), "--layout", "kubeadm", "--key", "p256"];
        for node in ["cp1=10.0.0.10", "cp2=10.0.0.11", "cp3=10.0.0.12"] {
            create.extend(["--control-plane", node]);
        }
        answer(&create);
        Self::on(directory, more)
    }

    pub(crate) fn on(directory: TempDir, more: &[&str]) -> Self {
        let mut arguments = vec!["serve", "--listen", "127.0.0.1:0", "--format", "json", "--dir"];
        arguments.push(argument(directory.path()));
        arguments.extend(more);
        let log = fs::File::create(directory.path().join("log")).unwrap();
        let mut child = command(&arguments).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut announced = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while serde_json::from_str::<Value>(&announced).is_err() {
            let line = lines.next().unwrap_or_else(|| {
                panic!("it ended: {}", fs::read_to_string(directory.path().join("log")).unwrap())
            });
            announced += &(line.unwrap() + "\n");
        }
        Self { document: serde_json::from_str(&announced).unwrap(), directory, child }
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap()
    }

    pub(crate) fn address(&self, name: &str) -> String {
        let servers = self.document["servers"].as_array().unwrap();
        let found = servers.iter().find(|own| own["name"] == name).unwrap_or_else(|| panic!("{name}"));
        found["address"].as_str().unwrap().to_owned()
    }

    pub(crate) fn pki(&self, file: &str) -> PathBuf {
        self.directory.path().join("cp1/etc/kubernetes/pki").join(file)
    }

    /// etcdctl, as the owner of a certificate (`etcd/healthcheck-client`), of one member.
    pub(crate) fn etcdctl_as(&self, certificate: Option<&str>, member: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("etcdctl");
        command.env("ETCDCTL_API", "3").args(["--command-timeout", "5s", "--endpoints"]);
        command.arg(self.address(&format!("etcd@{member}")));
        command.arg("--cacert").arg(self.pki("etcd/ca.crt"));
        if let Some(certificate) = certificate {
            command.arg("--cert").arg(self.pki(&format!("{certificate}.crt")));
            command.arg("--key").arg(self.pki(&format!("{certificate}.key")));
        }
        command.args(arguments);
        command
    }

    pub(crate) fn etcdctl(&self, arguments: &[&str]) -> Command {
        self.etcdctl_as(Some("etcd/healthcheck-client"), "cp1", arguments)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.etcdctl(arguments).output().unwrap()
    }

    /// What etcdctl prints, which must go well.
    pub(crate) fn prints(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    pub(crate) fn put(&self, key: &str, value: &str) -> Output {
        let mut child = self
            .etcdctl(&["put", key])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(value.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        let all = self.document["kubeconfigs"].as_array().unwrap();
        let admin = all.iter().find(|own| own["client"] == "super-admin").unwrap();
        admin["path"].as_str().unwrap().into()
    }

    pub(crate) fn kubectl(&self, arguments: &[&str]) -> Output {
        Command::new("kubectl")
            .arg("--kubeconfig")
            .arg(self.kubeconfig())
            .args(arguments)
            .env("KUBECACHEDIR", self.directory.path().join("kubecache"))
            .output()
            .expect("kubectl is needed: tests/run installs it")
    }

    /// Ends it with a signal, and gives the directory back.
    pub(crate) fn end(mut self, signal: &str) -> TempDir {
        let process = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
        self.child.wait().unwrap();
        std::mem::replace(&mut self.directory, tempfile::tempdir().unwrap())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "in a minute: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
