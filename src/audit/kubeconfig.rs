//! A kubeconfig as client-go reads it (`k8s.io/client-go/tools/clientcmd`), with what is
//! wrong with it in itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::Problem;
use super::pem;
use super::private::public_half;
use super::scan::{Held, Key, Scan};
use super::table::Id;
use crate::text::escape;
use crate::trust::Certificate;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct File {
    clusters: Option<Vec<Named>>,
    users: Option<Vec<Named>>,
    contexts: Option<Vec<Named>>,
    current_context: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    name: Option<String>,
    cluster: Option<ClusterFields>,
    user: Option<UserFields>,
    context: Option<ContextFields>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct ClusterFields {
    server: Option<String>,
    tls_server_name: Option<String>,
    certificate_authority: Option<String>,
    certificate_authority_data: Option<String>,
    insecure_skip_tls_verify: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ContextFields {
    cluster: Option<String>,
    user: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct UserFields {
    client_certificate: Option<String>,
    client_certificate_data: Option<String>,
    client_key: Option<String>,
    client_key_data: Option<String>,
    token: Option<String>,
    #[serde(rename = "tokenFile")]
    token_file: Option<String>,
    username: Option<String>,
    exec: Option<serde::de::IgnoredAny>,
    auth_provider: Option<serde::de::IgnoredAny>,
}

/// A cluster that a kubeconfig names.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) server: String,
    pub(super) tls_server_name: Option<String>,
    /// What is trusted, where it is in the file itself.
    pub(super) trusted: Vec<Certificate>,
    /// The file of what is trusted.
    pub(super) authority_file: Option<String>,
    pub(super) has_authority: bool,
    pub(super) is_insecure: bool,
}

/// A user that names files.
#[derive(Debug)]
pub(super) struct User {
    pub(super) certificate_file: Option<String>,
    pub(super) key_file: Option<String>,
}

/// A kubeconfig.
#[derive(Debug)]
pub(super) struct Kubeconfig {
    pub(super) path: String,
    pub(super) clusters: Vec<Cluster>,
    pub(super) users: Vec<User>,
}

impl Kubeconfig {
    /// Whether a text is meant as one.
    pub(super) fn is(text: &str) -> bool {
        text.lines().any(|line| {
            let line = line.trim_start();
            line.trim_end() == "kind: Config"
                || line.starts_with("client-certificate-data:")
                || line.starts_with("certificate-authority-data:")
                || line.starts_with("current-context:")
        })
    }

    pub(super) fn read(shown: &str, text: &str, mode: u32, found: &mut Scan) {
        let file: File = match serde_saphyr::from_str(text) {
            Ok(file) => file,
            Err(error) => {
                let why = first_line(&error.to_string());
                found.problems.push(Problem::new(Id::KubeconfigUnreadable, shown, why));
                found.kubeconfigs.push(Self { path: shown.to_owned(), clusters: vec![], users: vec![] });
                return;
            }
        };
        let mut reading = Reading { shown, mode, found };
        reading.contexts(&file);
        let clusters = file.clusters.iter().flatten().map(|named| reading.cluster(named)).collect();
        let users = file.users.iter().flatten().map(|named| reading.user(named)).collect();
        found.kubeconfigs.push(Self { path: shown.to_owned(), clusters, users });
    }

    /// The files that it names.
    pub(super) fn files(&self) -> impl Iterator<Item = String> {
        let users = self.users.iter().flat_map(|user| [&user.certificate_file, &user.key_file]);
        self.clusters.iter().map(|cluster| &cluster.authority_file).chain(users).flatten().cloned()
    }
}

struct Reading<'a> {
    shown: &'a str,
    mode: u32,
    found: &'a mut Scan,
}

impl Reading<'_> {
    fn problem(&mut self, id: Id, evidence: impl Into<String>) {
        self.found.problems.push(Problem::new(id, self.shown, evidence));
    }

    fn contexts(&mut self, file: &File) {
        let has = |list: &Option<Vec<Named>>, name: &str| {
            list.iter().flatten().any(|named| named.name.as_deref() == Some(name))
        };
        let is_empty = |list: &Option<Vec<Named>>| list.as_ref().is_none_or(Vec::is_empty);
        // As kubeadm publishes a cluster: nobody's, and for no context.
        if is_empty(&file.contexts) && is_empty(&file.users) && !is_empty(&file.clusters) {
            return;
        }
        let current = file.current_context.as_deref().unwrap_or_default();
        if current.is_empty() {
            self.problem(Id::KubeconfigContext, "current-context is empty");
        } else if !has(&file.contexts, current) {
            self.problem(Id::KubeconfigContext, format!("current-context: {current}"));
        }
        for named in file.contexts.iter().flatten() {
            let name = named.name.as_deref().unwrap_or_default();
            let context = named.context.as_ref();
            let cluster = context.and_then(|context| context.cluster.as_deref()).unwrap_or_default();
            let user = context.and_then(|context| context.user.as_deref()).unwrap_or_default();
            for (kind, list, wanted) in [("cluster", &file.clusters, cluster), ("user", &file.users, user)] {
                if !has(list, wanted) {
                    self.problem(Id::KubeconfigReference, format!("context {name}: {kind} `{wanted}`"));
                }
            }
        }
    }

    fn cluster(&mut self, named: &Named) -> Cluster {
        let empty = ClusterFields::default();
        let fields = named.cluster.as_ref().unwrap_or(&empty);
        let server = fields.server.clone().unwrap_or_default();
        let data = filled(&fields.certificate_authority_data);
        let authority_file = filled(&fields.certificate_authority);
        let has_authority = data.is_some() || authority_file.is_some();
        let is_insecure = fields.insecure_skip_tls_verify == Some(true);
        if server.starts_with("http://") {
            self.problem(Id::KubeconfigHttp, format!("server: {server}"));
        }
        if is_insecure && has_authority {
            self.problem(
                Id::KubeconfigInsecureAndCa,
                format!("insecure-skip-tls-verify: true, server: {server}"),
            );
        } else if is_insecure {
            self.problem(Id::KubeconfigInsecure, format!("insecure-skip-tls-verify: true, server: {server}"));
        } else if !has_authority && !server.starts_with("http://") {
            self.problem(Id::KubeconfigNoCa, format!("server: {server}"));
        }
        if data.is_some() && authority_file.is_some() {
            self.problem(Id::KubeconfigDataAndFile, "certificate-authority-data, certificate-authority");
        }
        let pem = data.and_then(|data| self.pem("certificate-authority-data", &data, "CERTIFICATE"));
        let trusted = self.certificates("certificate-authority-data", pem.as_ref());
        let tls_server_name = filled(&fields.tls_server_name);
        Cluster { server, tls_server_name, trusted, authority_file, has_authority, is_insecure }
    }

    fn user(&mut self, named: &Named) -> User {
        let empty = UserFields::default();
        let fields = named.user.as_ref().unwrap_or(&empty);
        let name = named.name.as_deref().unwrap_or_default();
        let (certificate, certificate_file) =
            (filled(&fields.client_certificate_data), filled(&fields.client_certificate));
        let (key, key_file) = (filled(&fields.client_key_data), filled(&fields.client_key));
        let has_certificate = certificate.is_some() || certificate_file.is_some();
        let has_key = key.is_some() || key_file.is_some();
        let has_token = filled(&fields.token).is_some() || filled(&fields.token_file).is_some();
        let has_other = has_token || fields.exec.is_some() || fields.auth_provider.is_some();
        if has_certificate != has_key {
            let missing = if has_key { "client-certificate" } else { "client-key" };
            self.problem(Id::KubeconfigHalf, format!("user {name}: no {missing}"));
        } else if filled(&fields.username).is_some() {
            self.problem(Id::KubeconfigPassword, format!("user {name}: username"));
        } else if !has_certificate && !has_other {
            self.problem(Id::KubeconfigNoCredential, format!("user {name}"));
        }
        if has_certificate && has_token {
            self.problem(
                Id::KubeconfigTokenAndCertificate,
                format!("user {name}: token, client-certificate"),
            );
        }
        for (field, data, file) in
            [("client-certificate", &certificate, &certificate_file), ("client-key", &key, &key_file)]
        {
            if data.is_some() && file.is_some() {
                self.problem(Id::KubeconfigDataAndFile, format!("{field}-data, {field}"));
            }
        }
        let certificates =
            certificate.and_then(|data| self.pem("client-certificate-data", &data, "CERTIFICATE"));
        let certificates = self.certificates("client-certificate-data", certificates.as_ref());
        let key = key.and_then(|data| self.pem("client-key-data", &data, "PRIVATE KEY"));
        if let Some(key) = key {
            self.key(&key, certificates.first());
        }
        for (index, certificate) in certificates.into_iter().enumerate() {
            let path = self.shown.to_owned();
            self.found.certificates.push(Held { path, certificate, index, in_kubeconfig: true });
        }
        // Data wins over a file.
        User { certificate_file, key_file }
    }

    /// The PEM in a field's base64, which must hold a block of this kind.
    fn pem(&mut self, field: &str, data: &str, wanted: &str) -> Option<pem::Pem> {
        let data: String = data.split_whitespace().collect();
        let Ok(bytes) = STANDARD.decode(data) else {
            self.problem(Id::KubeconfigData, format!("{field}: not base64"));
            return None;
        };
        let pem = pem::read(&String::from_utf8_lossy(&bytes));
        if !pem.blocks.iter().any(|block| block.label.ends_with(wanted)) {
            match pem.blocks.first() {
                Some(block) => self.problem(Id::KubeconfigSwitched, format!("{field}: {}", block.label)),
                None => {
                    let why = pem.broken.first().map_or("no PEM block", String::as_str);
                    self.problem(Id::KubeconfigData, format!("{field}: {why}"));
                }
            }
            return None;
        }
        Some(pem)
    }

    fn certificates(&mut self, field: &str, pem: Option<&pem::Pem>) -> Vec<Certificate> {
        let blocks = pem.map_or(&[][..], |pem| &pem.blocks);
        let mut certificates = Vec::new();
        for block in blocks.iter().filter(|block| block.label == "CERTIFICATE") {
            match Certificate::parse(&block.der) {
                Ok(certificate) => certificates.push(certificate),
                Err(error) => self.problem(Id::KubeconfigData, format!("{field}: {error}")),
            }
        }
        certificates
    }

    fn key(&mut self, pem: &pem::Pem, certificate: Option<&Certificate>) {
        let Some(block) = pem.blocks.iter().find(|block| block.is_private_key()) else { return };
        if block.is_encrypted {
            self.problem(Id::EncryptedKey, format!("client-key-data: {}", block.label));
            return;
        }
        let public = public_half(&block.label, &block.der).unwrap_or_else(|why| {
            self.problem(Id::UnreadableKey, format!("client-key-data: {why}"));
            None
        });
        let mode = self.mode;
        if let (Some(public), Some(certificate)) = (&public, certificate)
            && public != certificate.public_key_info()
        {
            self.problem(Id::KeyPair, "client-key-data");
        }
        if mode & 0o077 != 0 && self.found.keys.last().is_none_or(|key| key.path != self.shown) {
            self.problem(Id::KeyReadable, format!("mode {mode:04o}"));
        }
        self.found.keys.push(Key { path: self.shown.to_owned(), public });
    }
}

fn filled(field: &Option<String>) -> Option<String> {
    field.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The first line, safe to print: the error names keys as they stand in the file.
pub(super) fn first_line(text: &str) -> String {
    const MOST: usize = 200;
    let line: String = text.lines().next().unwrap_or_default().chars().take(MOST).collect();
    escape(&line).into_owned()
}
