//! What there is to find: `assets/findings.toml`. The code says that a thing was found and
//! shows the evidence; severity, words and the commands that mend it stand in the table.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::Severity;
use crate::blueprint::Usage;
use crate::fault::Words;

const SOURCE: &str = include_str!("../../assets/findings.toml");

macro_rules! ids {
    ($($name:ident),+ $(,)?) => {
        /// What was found, by its name in `assets/findings.toml`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[allow(missing_docs, reason = "the table says what each is")]
        pub enum Id { $($name),+ }

        impl Id {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
        }
    };
}

ids!(
    // Files.
    Unreadable,
    UnreadableFile,
    NotPem,
    EncryptedKey,
    UnreadableKey,
    Switched,
    HiddenPem,
    PemOrder,
    PemText,
    LineEnds,
    DanglingLink,
    TooLarge,
    TooMany,
    Backup,
    BackupKey,
    ManifestBackup,
    UnreadableManifest,
    // What a certificate says of itself.
    Expired,
    ExpiredAuthority,
    ExpiredClient,
    ExpiredKubelet,
    NotYetValid,
    ExpiresSoon,
    ThirtyDays,
    OutlivesAuthority,
    VersionOne,
    CaConstraints,
    CaKeyUsage,
    CaAsLeaf,
    PathLength,
    WeakKey,
    WeakSignature,
    UnknownCritical,
    DuplicateSerial,
    NoServerAuth,
    NoClientAuth,
    EtcdNoClientAuth,
    AnyUsage,
    NoSan,
    SanDropped,
    MissingName,
    MissingAddress,
    AddressAsName,
    Wildcard,
    // Whom it names.
    GroupSpelling,
    UserSpelling,
    GroupInOu,
    GroupInCn,
    NodeSpelling,
    NodeWithoutGroup,
    OtherNode,
    OtherSubject,
    NeedlessMasters,
    // Who signed it, and who trusts whom.
    UnknownCa,
    SameNameCa,
    WrongCa,
    EtcdWrongCa,
    EtcdCaFile,
    SelfSignedKubelet,
    UnusedCa,
    CaCopiesDiffer,
    FrontProxyOpen,
    FrontProxyShared,
    FrontProxyNames,
    FrontProxyCn,
    // Keys and requests.
    KeyPair,
    ServiceAccountPair,
    ServiceAccountsDiffer,
    KeyReadable,
    Writable,
    CaKeyElsewhere,
    CaKeyInUse,
    SharedKey,
    RequestSubject,
    RequestKey,
    // Kubeconfigs.
    KubeconfigUnreadable,
    KubeconfigContext,
    KubeconfigReference,
    KubeconfigFile,
    KubeconfigData,
    KubeconfigSwitched,
    KubeconfigHalf,
    KubeconfigNoCredential,
    KubeconfigInsecure,
    KubeconfigInsecureAndCa,
    KubeconfigNoCa,
    KubeconfigStaleCa,
    KubeconfigWrongCa,
    KubeconfigHttp,
    KubeconfigServerName,
    KubeconfigTokenAndCertificate,
    KubeconfigDataAndFile,
    KubeconfigPassword,
    // Flags and configurations.
    FlagFile,
    FlagKind,
    FlagMount,
    NoClientCa,
    SigningCa,
    RootCa,
    EtcdOpen,
    EtcdNoCa,
    EtcdClientAuthOff,
    PlainEtcd,
    AlwaysAllow,
    NodeRestriction,
    KubeletAnonymous,
    KubeletNoClientCa,
    KubeletReadOnlyPort,
    KubeletUnverified,
    OldTls,
);

impl Id {
    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
    }
}

/// What the table says of one finding.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    pub(super) severity: Severity,
    /// The fault of `assets/faults.toml` that it belongs to.
    pub(super) fault: Option<String>,
    pub(super) what: Words,
    pub(super) fix: Words,
    /// Command lines that mend it or show more; the first whose places are all known is
    /// told.
    #[serde(default)]
    pub(super) commands: Vec<String>,
}

/// What a flag's file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Holds {
    Authority,
    Certificate,
    Key,
    /// A public key, or what one can be read from.
    Public,
    Kubeconfig,
}

/// A flag, or a field of a configuration, that names a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileFlag {
    pub(super) component: String,
    pub(super) name: String,
    pub(super) holds: Holds,
    /// The flag that names the certificate's key.
    pub(super) key: Option<String>,
    /// What the certificate is used for.
    #[serde(default)]
    pub(super) usages: Vec<Usage>,
    /// The flags, `COMPONENT FLAG`, of those who verify it on the same node.
    #[serde(default)]
    pub(super) verified: Vec<Verified>,
}

/// Who verifies a certificate, and what it is when they cannot.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Verified {
    pub(super) component: String,
    pub(super) flag: String,
    pub(super) id: Id,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    finding: BTreeMap<Id, Row>,
    #[serde(rename = "flag")]
    flags: Vec<FileFlag>,
    /// What `kubeadm certs renew` calls a file.
    kubeadm: BTreeMap<String, String>,
}

static TABLE: LazyLock<File> = LazyLock::new(|| toml::from_str(SOURCE).unwrap_or_default());

pub(super) fn row(id: Id) -> Option<&'static Row> {
    TABLE.finding.get(&id)
}

/// The flags of a component that name files.
pub(super) fn file_flags(component: &str) -> impl Iterator<Item = &'static FileFlag> {
    TABLE.flags.iter().filter(move |flag| flag.component == component)
}

/// What `kubeadm certs renew` calls the certificate in this file.
pub(super) fn kubeadm_name(path: &str) -> Option<&'static str> {
    let fits = |tail: &str| path == tail || path.strip_suffix(tail).is_some_and(|rest| rest.ends_with('/'));
    TABLE.kubeadm.iter().find(|(tail, _)| fits(tail)).map(|(_, name)| name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Catalogue;

    #[test]
    fn the_table_has_a_row_for_everything_that_can_be_found() {
        let file: File = toml::from_str(SOURCE).unwrap();
        let catalogue = Catalogue::embedded().unwrap();
        for id in Id::ALL {
            let row = file.finding.get(id).unwrap_or_else(|| panic!("no row for {}", id.name()));
            for text in [&row.what.en, &row.what.ko, &row.fix.en, &row.fix.ko] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{}: {text}", id.name());
            }
            if let Some(fault) = &row.fault {
                assert_eq!(catalogue.find(fault).unwrap().id, *fault, "{}", id.name());
            }
        }
        for flag in &file.flags {
            for other in flag
                .key
                .iter()
                .map(|key| (&flag.component, key))
                .chain(flag.verified.iter().map(|v| (&v.component, &v.flag)))
            {
                let known = file.flags.iter().any(|flag| (&flag.component, &flag.name) == other);
                assert!(known, "{} names {other:?}", flag.name);
            }
        }
    }

    #[test]
    fn kubeadm_s_names_go_by_the_end_of_a_path() {
        assert_eq!(kubeadm_name("pki/etcd/server.crt"), Some("etcd-server"));
        assert_eq!(kubeadm_name("admin.conf"), Some("admin.conf"));
        assert_eq!(kubeadm_name("myadmin.conf"), None);
    }
}
