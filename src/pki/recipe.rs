//! The shell commands with which other tools make the artifacts of a plan: openssl, cfssl
//! and easy-rsa, the lecture's three, kubeadm, and kubectl for kubeconfigs.

mod cfssl;
mod easy_rsa;
mod kubeadm;
mod kubectl;
mod openssl;
mod shell;

use crate::blueprint::{Authority, Certificate, KeyPair, Places, Plan, Usage};

pub use shell::quote;

/// A tool that makes artifacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tool {
    /// OpenSSL's command line, 3.0 or newer.
    Openssl,
    /// Cloudflare's cfssl, 1.2 or newer.
    Cfssl,
    /// OpenVPN's easy-rsa, 3.1 or newer.
    EasyRsa,
    /// kubeadm, with a v1beta4 configuration.
    Kubeadm,
    /// kubectl: kubeconfigs only.
    Kubectl,
}

impl Tool {
    /// The tool as it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Openssl => "openssl",
            Self::Cfssl => "cfssl",
            Self::EasyRsa => "easy-rsa",
            Self::Kubeadm => "kubeadm",
            Self::Kubectl => "kubectl",
        }
    }
}

/// How one tool makes one artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// The tool.
    pub tool: Tool,
    /// Lines for a POSIX shell in the workspace's directory; none if the tool cannot.
    pub lines: Vec<String>,
    /// In English: what the tool does otherwise, cannot do, or does from which version on.
    pub note_en: Option<String>,
    /// The same in Korean.
    pub note_ko: Option<String>,
}

/// The recipes for one artifact, one a tool, the lecture's tools first. `id` is an
/// authority's, a key pair's or a certificate's, or a kubeconfig's path or id; a
/// certificate goes before a kubeconfig of the same id. None for an unknown id.
#[must_use]
pub fn recipes(plan: &Plan, id: &str) -> Vec<Recipe> {
    if let Some(authority) = plan.authority(id) {
        return vec![
            openssl::authority(authority),
            cfssl::authority(authority),
            easy_rsa::authority(authority),
            kubeadm::authority(plan, authority),
        ];
    }
    if let Some(pair) = plan.key_pairs.iter().find(|pair| pair.id == id) {
        return vec![
            openssl::key_pair(pair),
            cfssl::key_pair(),
            easy_rsa::key_pair(),
            kubeadm::key_pair(plan, pair),
        ];
    }
    let kubeconfig = plan.kubeconfigs.iter().find(|kubeconfig| kubeconfig.path == id);
    if let (None, Some(certificate)) = (kubeconfig, plan.certificate(id)) {
        let Some(authority) = plan.authority(&certificate.authority) else {
            return Vec::new();
        };
        return vec![
            openssl::certificate(authority, certificate),
            cfssl::certificate(authority, certificate),
            easy_rsa::certificate(authority, certificate),
            kubeadm::certificate(plan, certificate),
        ];
    }
    kubeconfig.or_else(|| plan.kubeconfig(id)).map_or_else(Vec::new, |kubeconfig| {
        let kubeadm = plan.certificate(&kubeconfig.certificate).map(|c| kubeadm::certificate(plan, c));
        kubectl::kubeconfig(plan, kubeconfig).into_iter().chain(kubeadm).collect()
    })
}

/// The remarks on a recipe, each in both languages.
#[derive(Default)]
struct Notes {
    english: Vec<String>,
    korean: Vec<String>,
}

impl Notes {
    fn add(&mut self, english: impl Into<String>, korean: impl Into<String>) -> &mut Self {
        self.english.push(english.into());
        self.korean.push(korean.into());
        self
    }

    fn recipe(self, tool: Tool, lines: Vec<String>) -> Recipe {
        let text = |notes: Vec<String>| Some(notes.join(" ")).filter(|text| !text.is_empty());
        Recipe { tool, lines, note_en: text(self.english), note_ko: text(self.korean) }
    }
}

/// A recipe without commands: the tool cannot.
fn cannot(tool: Tool, english: impl Into<String>, korean: impl Into<String>) -> Recipe {
    let mut notes = Notes::default();
    notes.add(english, korean);
    notes.recipe(tool, Vec::new())
}

/// Where a tool puts what it makes.
struct Files {
    key: String,
    csr: String,
    certificate: String,
    /// The CSR's path without `.csr`: the files that a tool needs besides lie there.
    stem: String,
}

impl Files {
    fn of_authority(authority: &Authority) -> Self {
        Self {
            key: authority.place.key.clone(),
            csr: authority.csr.clone(),
            certificate: authority.place.certificate.clone(),
            stem: stem(&authority.csr),
        }
    }

    /// A certificate that lives in a kubeconfig is first made beside its CSR.
    fn of_certificate(certificate: &Certificate) -> Self {
        let stem = stem(&certificate.csr);
        let (key, own) = match &certificate.places {
            Places::Files(place) => (place.key.clone(), place.certificate.clone()),
            Places::Kubeconfig(_) => (format!("{stem}.key"), format!("{stem}.crt")),
        };
        Self { key, csr: certificate.csr.clone(), certificate: own, stem }
    }

    /// The line that makes their directories, if there are any to make.
    fn directories(&self) -> Vec<String> {
        shell::make_directories([&self.key, &self.csr, &self.certificate])
    }
}

fn stem(path: &str) -> String {
    path.strip_suffix(".csr").unwrap_or(path).to_owned()
}

/// What becomes of files that the layout keeps inside a kubeconfig.
fn embedded_note(certificate: &Certificate, files: &Files, notes: &mut Notes) {
    if let Places::Kubeconfig(path) = &certificate.places {
        let key = &files.key;
        notes.add(
            format!("This layout keeps key and certificate only inside {path}: write that kubeconfig next, then delete {key}."),
            format!("이 배치에서는 키와 인증서가 {path} 안에만 있어요. 이어서 그 kubeconfig를 만들고 {key} 파일은 지우세요."),
        );
    }
}

/// Where else an authority's files belong.
fn copies_note(authority: &Authority, notes: &mut Notes) {
    let with_key = authority.copies.iter().any(|copy| copy.key.is_some());
    let without = authority.copies.iter().any(|copy| copy.key.is_none());
    if with_key {
        notes.add(
            "Copy its certificate and key to the other control planes.",
            "인증서와 키를 다른 컨트롤 플레인에도 복사하세요.",
        );
    }
    if without {
        notes.add(
            "Copy its certificate, never its key, to the workers.",
            "워커 노드에는 인증서만 복사하고 키는 복사하지 마세요.",
        );
    }
}

fn pair_copies_note(pair: &KeyPair, notes: &mut Notes) {
    if pair.places.len() > 1 {
        notes.add(
            "Copy both files to the other control planes.",
            "두 파일을 다른 컨트롤 플레인에도 복사하세요.",
        );
    }
}

fn is_server(certificate: &Certificate) -> bool {
    certificate.usages.contains(&Usage::Server)
}

fn is_client(certificate: &Certificate) -> bool {
    certificate.usages.contains(&Usage::Client)
}
