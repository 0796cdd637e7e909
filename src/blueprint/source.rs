//! `assets/blueprint.toml`, as it is written.

use serde::Deserialize;

use super::joining::Joining;
use super::{FileFormat, Layout, ServerStyle, Usage};

const BLUEPRINT: &str = include_str!("../../assets/blueprint.toml");

/// The blueprint, before a spec turns it into a plan.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blueprint {
    pub(super) authority: Vec<AuthorityEntry>,
    pub(super) certificate: Vec<CertificateEntry>,
    pub(super) key_pair: Vec<KeyPairEntry>,
    pub(super) kubeconfig: Vec<KubeconfigEntry>,
    pub(super) file: Vec<FileEntry>,
    pub(super) joining: JoiningEntry,
    pub(super) flags: Vec<FlagsEntry>,
    pub(super) server: Vec<ServerEntry>,
    pub(super) connection: Vec<ConnectionEntry>,
}

/// The blueprint does not read, or contradicts itself.
#[derive(Debug, thiserror::Error)]
pub enum BlueprintError {
    /// Not the TOML that it must be.
    #[error("the blueprint does not read: {0}")]
    Toml(#[from] toml::de::Error),
    /// A name that stands for nothing.
    #[error("the blueprint names {0}, which it does not define")]
    Unknown(String),
}

impl Blueprint {
    /// The blueprint that the program carries.
    ///
    /// # Errors
    /// It does not read; a test holds that it does.
    pub fn embedded() -> Result<Self, BlueprintError> {
        Ok(toml::from_str(BLUEPRINT)?)
    }
}

/// How many of an entry there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Per {
    Cluster,
    FirstControlPlane,
    ControlPlane,
    Node,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JoiningEntry {
    pub(super) lecture: Joining,
    pub(super) kubeadm: Joining,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuthorityEntry {
    pub(super) id: String,
    #[serde(default)]
    pub(super) only_with_three: bool,
    lecture: AuthorityShape,
    kubeadm: AuthorityShape,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuthorityShape {
    pub(super) common_name: String,
    pub(super) file: String,
    #[serde(default)]
    pub(super) on_workers: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CertificateEntry {
    pub(super) id: String,
    pub(super) holder: String,
    pub(super) authority: String,
    pub(super) usages: Vec<Usage>,
    #[serde(default)]
    pub(super) names: Vec<String>,
    lecture: CertificateShape,
    kubeadm: CertificateShape,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CertificateShape {
    pub(super) per: Per,
    pub(super) common_name: String,
    #[serde(default)]
    pub(super) organizations: Vec<String>,
    pub(super) file: Option<String>,
    pub(super) kubeconfig: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyPairEntry {
    pub(super) id: String,
    lecture: KeyPairShape,
    kubeadm: KeyPairShape,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyPairShape {
    pub(super) file: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum KubeconfigServer {
    Endpoint,
    Local,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KubeconfigEntry {
    pub(super) id: String,
    pub(super) certificate: String,
    pub(super) server: KubeconfigServer,
    lecture: String,
    kubeadm: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileEntry {
    pub(super) id: String,
    pub(super) format: FileFormat,
    #[serde(default)]
    pub(super) flags: Option<String>,
    pub(super) per: Per,
    lecture: String,
    /// The name on the second control plane and on, where the lecture's has no node in it.
    #[serde(default)]
    pub(super) lecture_further: Option<String>,
    kubeadm: String,
    #[serde(default)]
    pub(super) once_in_lecture: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FlagsEntry {
    pub(super) component: String,
    pub(super) image: String,
    pub(super) arguments: Vec<String>,
    #[serde(default)]
    pub(super) not_in_kubeadm: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServerEntry {
    pub(super) id: String,
    pub(super) component: String,
    pub(super) style: ServerStyle,
    pub(super) port: u16,
    pub(super) certificate: String,
    pub(super) client_authority: String,
    #[serde(default)]
    pub(super) request_header_authority: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Dials {
    Endpoint,
    Local,
    Address,
    Loopback,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Reaches {
    First,
    SameNode,
    Every,
    Others,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectionEntry {
    pub(super) client: String,
    pub(super) server: String,
    pub(super) credential: String,
    pub(super) trusts: String,
    #[serde(default = "yes")]
    pub(super) trusts_in_kubeadm: bool,
    pub(super) dials: Dials,
    pub(super) servers: Reaches,
    pub(super) request: String,
}

const fn yes() -> bool {
    true
}

/// The layout's own half of an entry.
macro_rules! shaped {
    ($($entry:ty => $shape:ty),+ $(,)?) => {$(
        impl $entry {
            pub(super) fn shape(&self, layout: Layout) -> &$shape {
                match layout {
                    Layout::Lecture => &self.lecture,
                    Layout::Kubeadm => &self.kubeadm,
                }
            }
        }
    )+};
}

shaped! {
    AuthorityEntry => AuthorityShape,
    CertificateEntry => CertificateShape,
    KeyPairEntry => KeyPairShape,
    KubeconfigEntry => String,
    FileEntry => String,
}
