//! Clusters made once and copied, what is planted into them, and what is found.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::common::{answer, argument, dojang, text};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    Lecture,
    LectureThree,
    Kubeadm,
    KubeadmThree,
}

/// A healthy cluster with P-256 keys.
pub(crate) fn cluster(layout: Layout) -> &'static Path {
    static MADE: [OnceLock<tempfile::TempDir>; 4] =
        [OnceLock::new(), OnceLock::new(), OnceLock::new(), OnceLock::new()];
    let made = MADE[layout as usize].get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        let mut all = vec!["pki", "create", argument(directory.path()), "--key", "p256"];
        all.extend(match layout {
            Layout::Lecture => &["--layout", "lecture"][..],
            Layout::LectureThree => &["--layout", "lecture", "--authorities", "three"],
            Layout::Kubeadm => &["--layout", "kubeadm"],
            Layout::KubeadmThree => &[
                "--layout",
                "kubeadm",
                "--control-plane",
                "a=10.0.0.1",
                "--control-plane",
                "b=10.0.0.2",
                "--control-plane",
                "c=10.0.0.3",
            ],
        });
        answer(&all);
        directory
    });
    made.path()
}

/// A copy of it.
pub(crate) fn copy(layout: Layout) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let from = format!("{}/.", argument(cluster(layout)));
    assert!(Command::new("cp").args(["-a", &from, argument(directory.path())]).status().unwrap().success());
    directory
}

fn document(root: &Path, arguments: &[&str]) -> (i32, Value) {
    let all = [&["check", argument(root), "--format", "json"], arguments].concat();
    let output = dojang(&all);
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap())
}

fn told(finding: &Value) -> String {
    format!("{} {}", finding["id"].as_str().unwrap(), finding["path"].as_str().unwrap())
}

/// The exit status, and `id path` of each finding that is more than a note.
pub(crate) fn findings(root: &Path, arguments: &[&str]) -> (i32, Vec<String>) {
    let (status, document) = document(root, arguments);
    let found =
        document["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] != "note");
    (status, found.map(told).collect())
}

/// `id path` of each note.
pub(crate) fn notes(root: &Path) -> Vec<String> {
    let document = document(root, &[]).1;
    let found =
        document["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] == "note");
    found.map(told).collect()
}

/// All findings.
pub(crate) fn own(root: &Path) -> Vec<Value> {
    document(root, &[]).1["findings"].as_array().unwrap().clone()
}

/// Where the program lies.
pub(crate) fn bin() -> String {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_dojang"));
    argument(program.parent().unwrap()).to_owned()
}

pub(crate) fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Replaces a text, which must be there, in a file.
pub(crate) fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{} lacks {from}: {text}", path.display());
    fs::write(path, text.replace(from, to)).unwrap();
}

/// Runs openssl in a directory.
pub(crate) fn openssl(directory: &Path, arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "openssl {arguments:?}: {}", text(&output.stderr));
}

/// A private key that nobody else may read.
pub(crate) fn key(root: &Path, path: &str) {
    openssl(root, &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path]);
    mode(&root.join(path), 0o600);
}

/// A certificate `out`.crt with a new key `out`.key, signed by `ca`.crt; `extensions` are
/// lines of an openssl configuration, `further` arguments for `openssl x509`.
pub(crate) fn leaf(root: &Path, ca: &str, out: &str, subject: &str, extensions: &str, further: &[&str]) {
    key(root, &format!("{out}.key"));
    resign(root, ca, out, subject, extensions, further);
}

/// The same with the key that is there.
pub(crate) fn resign(root: &Path, ca: &str, out: &str, subject: &str, extensions: &str, further: &[&str]) {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| argument(&scratch.path().join(name)).to_owned();
    let (csr, extfile) = (at("csr"), at("extensions"));
    fs::write(&extfile, format!("basicConstraints=CA:FALSE\nauthorityKeyIdentifier=keyid\n{extensions}\n"))
        .unwrap();
    let key = format!("{out}.key");
    openssl(root, &["req", "-new", "-key", &key, "-subj", subject, "-out", &csr]);
    let (ca_crt, ca_key, crt) = (format!("{ca}.crt"), format!("{ca}.key"), format!("{out}.crt"));
    let mut all = vec!["x509", "-req", "-in", &csr, "-CA", &ca_crt, "-CAkey", &ca_key, "-out", &crt];
    all.extend(["-extfile", &extfile]);
    if !further.contains(&"-set_serial") {
        all.push("-CAcreateserial");
    }
    all.extend(further);
    openssl(root, &all);
    let _ = fs::remove_file(root.join(format!("{ca}.srl")));
}

/// A new CA.
pub(crate) fn authority(root: &Path, out: &str, subject: &str, extensions: &[&str]) {
    key(root, &format!("{out}.key"));
    let (key, crt) = (format!("{out}.key"), format!("{out}.crt"));
    let mut all = vec!["req", "-x509", "-new", "-key", &key, "-subj", subject, "-days", "3650", "-out", &crt];
    for extension in extensions {
        all.extend(["-addext", extension]);
    }
    openssl(root, &all);
}

/// A kubeconfig that names files.
pub(crate) const KUBECONFIG: &str = "\
apiVersion: v1
kind: Config
current-context: c
clusters:
- name: k
  cluster: {server: 'https://10.0.0.10:6443', certificate-authority: ca.crt}
users:
- name: u
  user: {client-certificate: admin.crt, client-key: admin.key}
contexts:
- name: c
  context: {cluster: k, user: u}
";

/// A certificate of version 1 for the key `out`.key, under ca.crt.
pub(crate) fn version_one(root: &Path, out: &str) {
    use dojang::pki::{Issuer, LeafRequest, PrivateKey, leaf_certificate, pem};
    let read = |name: &str| PrivateKey::from_pem(&fs::read(root.join(name)).unwrap()).unwrap();
    let (own, signer) = (read(&format!("{out}.key")), read("ca.key"));
    let authority = dojang::workspace::pem_certificates(&fs::read(root.join("ca.crt")).unwrap());
    let fields = dojang::x509::issuer_fields(&authority[0]).unwrap();
    let issuer = Issuer { subject: fields.subject, key_identifier: fields.key_identifier, key: &signer };
    let now = time::OffsetDateTime::now_utc();
    let request = LeafRequest {
        subject: dojang::blueprint::Subject {
            common_name: "kube-admin".into(),
            organizations: vec!["system:masters".into()],
            organizational_units: Vec::new(),
        },
        names: Vec::new(),
        usages: Vec::new(),
        not_before: now - time::Duration::hours(1),
        not_after: now + time::Duration::days(365),
        version_1: true,
    };
    let der = leaf_certificate(&request, own.public_key_info(), &issuer).unwrap();
    fs::write(root.join(format!("{out}.crt")), pem("CERTIFICATE", &der)).unwrap();
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
