//! A serving cluster, and kubectl for those who may ask it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::{argument, command, text};

/// A serving cluster, which ends with it.
pub(crate) struct Served {
    pub(crate) directory: TempDir,
    pub(crate) child: Child,
    pub(crate) address: String,
    pub(crate) kubeconfigs: BTreeMap<String, PathBuf>,
    /// The kubelets and etcd members, by name.
    pub(crate) servers: BTreeMap<String, String>,
}

impl Served {
    pub(crate) fn new(bare: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        super::answer(&["pki", "create", argument(directory.path()), "--key", "p256"]);
        Self::on(directory, bare)
    }

    pub(crate) fn on(directory: TempDir, bare: bool) -> Self {
        let mut arguments = vec!["serve", "--listen", "127.0.0.1:0", "--format", "json", "--dir"];
        arguments.push(argument(directory.path()));
        if bare {
            arguments.push("--bare");
        }
        let log = fs::File::create(directory.path().join("log")).unwrap();
        let mut child = command(&arguments).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut announced = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while serde_json::from_str::<Value>(&announced).is_err() {
            announced += &(lines.next().expect("it ended before it listened").unwrap() + "\n");
        }
        let document: Value = serde_json::from_str(&announced).unwrap();
        let kubeconfigs =
            document["kubeconfigs"].as_array().unwrap().iter().map(|own| {
                (own["client"].as_str().unwrap().to_owned(), own["path"].as_str().unwrap().into())
            });
        let servers = document["servers"].as_array().unwrap().iter().map(|own| {
            (own["name"].as_str().unwrap().to_owned(), own["address"].as_str().unwrap().to_owned())
        });
        Self {
            servers: servers.collect(),
            kubeconfigs: kubeconfigs.collect(),
            address: document["address"].as_str().unwrap().to_owned(),
            directory,
            child,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// kubectl as one of the cluster's own identities.
    pub(crate) fn kubectl(&self, client: &str, arguments: &[&str]) -> Output {
        kubectl(&self.kubeconfigs[client], self.directory.path(), arguments)
    }

    /// A kubeconfig for one of the cluster's own identities, or for a subject that its CA vouches
    /// for, `/O=dev/CN=jane`, or `anonymous`.
    pub(crate) fn kubeconfig_for(&self, who: &str) -> PathBuf {
        if let Some(path) = self.kubeconfigs.get(who) {
            return path.clone();
        }
        let name: String = who.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let path = self.path(&format!("{name}.kubeconfig"));
        if path.exists() {
            return path;
        }
        if who == "anonymous" {
            let text = fs::read_to_string(kubeconfig(self, &name, "none", "none")).unwrap();
            let is_kept = |line: &&str| !line.trim_start().starts_with("client-");
            let text: Vec<&str> = text.lines().filter(is_kept).collect();
            // With no credentials at all kubectl asks for some; a password is none to the API server.
            let text = text.join("\n").replace("  user:\n", "  user: {username: nobody, password: none}\n");
            fs::write(&path, text).unwrap();
            return path;
        }
        kubeconfig_of(self, &name, who)
    }

    /// Where its files are.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// What kubectl prints, which must go well.
    pub(crate) fn kubectl_answers(&self, client: &str, arguments: &[&str]) -> String {
        let output = self.kubectl(client, arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Ends it with a signal, and gives the directory back.
    pub(crate) fn end(mut self, signal: &str) -> TempDir {
        let process = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        if signal == "-INT" {
            assert_eq!(status.code(), Some(0));
        }
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

/// Whether the machine's kubectl is one that the cluster is made for; if not, that is said, and
/// the recorded answers in `tests/cluster.rs` stand in.
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

pub(crate) fn run(program: &str, directory: &Path, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", text(&output.stderr));
}

/// A kubeconfig for a subject that the workspace's CA vouches for.
pub(crate) fn kubeconfig_of(served: &Served, name: &str, subject: &str) -> PathBuf {
    let directory = served.directory.path();
    let file = |extension: &str| format!("{name}.{extension}");
    let (key, csr, certificate) = (file("key"), file("csr"), file("crt"));
    run("openssl", directory, &["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &key]);
    run("openssl", directory, &["req", "-new", "-key", &key, "-subj", subject, "-out", &csr]);
    let sign = [
        "x509",
        "-req",
        "-in",
        &csr,
        "-CA",
        "ca.crt",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-days",
        "1",
        "-out",
        &certificate,
    ];
    run("openssl", directory, &sign);
    kubeconfig(served, name, &certificate, &key)
}

pub(crate) fn kubeconfig(served: &Served, name: &str, certificate: &str, key: &str) -> PathBuf {
    let path = served.path(&format!("{name}.kubeconfig"));
    let address = &served.address;
    let at = |file: &str| served.path(file).display().to_string();
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters:\n- name: c\n  cluster:\n    server: https://{address}\n    \
         tls-server-name: kubernetes\n    certificate-authority: {}\nusers:\n- name: u\n  user:\n    client-certificate: {}\n    \
         client-key: {}\ncontexts:\n- name: c\n  context: {{cluster: c, user: u}}\n",
        at("ca.crt"),
        at(certificate),
        at(key)
    );
    fs::write(&path, text).unwrap();
    path
}
