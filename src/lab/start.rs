//! How kube-apiserver comes up: by the flags that the workspace's files start it with, and by the
//! files that these name (cmd/kube-apiserver/app, apiserver/pkg/server/options).

use std::sync::Arc;

use super::engine::Lab;
use super::{Cancel, LabError, Tls};
use crate::blueprint::Server;
use crate::cluster::Anchors;
use crate::fault::Edit;
use crate::handshake::Credential;
use crate::pki::PrivateKey;
use crate::text::quote;
use crate::trust::{Certificate, Roots};
use crate::workspace::pem_certificates;

/// A component that does not come up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("kube-apiserver does not start: {why}; `dojang check` finds what is wrong, then start it again")]
pub struct NotStarted {
    /// What it says last: `"command failed" err=…`.
    pub why: String,
    /// What it and its peers say before, with their names.
    pub logs: Vec<(String, String)>,
}

impl NotStarted {
    /// The text of the log's last line.
    #[must_use]
    pub fn last_words(&self) -> String {
        format!("\"command failed\" err={}", quote(&self.why))
    }

    fn because(why: impl Into<String>) -> LabError {
        LabError::NotStarted(Box::new(Self { why: why.into(), logs: Vec::new() }))
    }
}

/// The flags of one component on one node.
struct Flags {
    node: String,
    text: String,
}

/// What kube-apiserver is started with.
pub(super) struct Started {
    /// Whom it believes.
    pub(super) anchors: Anchors,
    /// What it presents.
    pub(super) serving: Credential,
}

impl Flags {
    /// The value of a flag; the last counts, as pflag has it.
    fn value(&self, name: &str) -> Option<&str> {
        let separates = |c: char| c.is_whitespace() || matches!(c, '\\' | '"' | '\'' | ',');
        let words = self.text.split(separates);
        let mut given =
            words.filter_map(|word| word.strip_prefix("--")?.strip_prefix(name)?.strip_prefix('='));
        given.next_back().filter(|value| !value.is_empty())
    }
}

impl Lab {
    /// kube-apiserver on what its flags name.
    ///
    /// # Errors
    /// It does not start, or a file cannot be read.
    pub(super) fn start(&self, server: &Server) -> Result<Started, LabError> {
        self.start_on(&self.flags(server)?)
    }

    /// What kube-apiserver's log says last with these lines of its configuration changed; nothing
    /// if it starts all the same.
    ///
    /// # Errors
    /// A file cannot be read.
    pub(super) fn start_edited(&self, server: &Server, edits: &[Edit]) -> Result<Option<String>, LabError> {
        let mut flags = self.flags(server)?;
        for edit in edits {
            flags.text = edit.apply(&flags.text).unwrap_or(flags.text);
        }
        match self.start_on(&flags) {
            Ok(_) => Ok(None),
            Err(LabError::NotStarted(why)) => Ok(Some(why.last_words())),
            Err(error) => Err(error),
        }
    }

    fn start_on(&self, flags: &Flags) -> Result<Started, LabError> {
        let clients = self.bundle(flags, "client-ca-file", "client-ca-bundle")?;
        let front_proxies = self.bundle(flags, "requestheader-client-ca-file", "request-header")?;
        let names = flags.value("requestheader-allowed-names").map(|name| vec![name.to_owned()]);
        let allowed_names = names.unwrap_or_default();
        if let (Ok(clients), Ok(proxies), true) = (&clients, &front_proxies, allowed_names.is_empty())
            && proxies.iter().any(|own| clients.contains(own))
        {
            return Err(NotStarted::because(
                "--requestheader-client-ca-file and --client-ca-file contain overlapping certificates; \
                 --requestheader-allowed-names must be specified to ensure regular client certificates cannot set \
                 authenticating proxy headers for arbitrary users",
            ));
        }
        let certificate = self.named(flags, "tls-cert-file")?.map_err(NotStarted::because)?;
        let key = self.named(flags, "tls-private-key-file")?.map_err(NotStarted::because)?;
        let serving =
            pair(&certificate.unwrap_or_default(), &key.unwrap_or_default()).map_err(NotStarted::because)?;
        let roots = |found: Result<Vec<Vec<u8>>, String>| -> Result<Option<Arc<Roots>>, LabError> {
            let found = found.map_err(NotStarted::because)?;
            Ok((!found.is_empty()).then(|| Arc::new(Roots::from_der(found))))
        };
        let anchors =
            Anchors { clients: roots(clients)?, front_proxies: roots(front_proxies)?, allowed_names };
        Ok(Started { anchors, serving })
    }

    /// Whether kube-apiserver reaches its etcd, and what etcd says of its own gateway meanwhile.
    ///
    /// # Errors
    /// It does not: it ends after a while.
    pub(super) fn reach_etcd(&self, cancel: &Cancel) -> Result<Vec<(String, String)>, LabError> {
        let (mut logs, mut is_reached) = (Vec::new(), true);
        for client in ["kube-apiserver", "etcd"] {
            let connection = self.at_own_gateway(self.plan().connect(client, "etcd")?);
            let view = self.connect(&connection, Tls::Tls13, cancel)?;
            let Some(outcome) = view.outcome.filter(|outcome| outcome.outcome != "200") else { continue };
            is_reached &= client != "kube-apiserver";
            let said = [(view.client, outcome.client_prints), (view.server, outcome.server_logs)];
            logs.extend(said.into_iter().filter_map(|(who, said)| Some((who, said?))));
        }
        if is_reached {
            return Ok(logs);
        }
        let why = "context deadline exceeded".to_owned();
        Err(LabError::NotStarted(Box::new(NotStarted { why, logs })))
    }

    /// The manifest's flags; the unit's, where that is the one which was changed.
    fn flags(&self, server: &Server) -> Result<Flags, LabError> {
        let mut text = None;
        for kind in ["kube-apiserver-manifest", "kube-apiserver-unit"] {
            let is_its = |file: &&crate::blueprint::ConfigFile| {
                file.kind == kind && file.node.as_ref().is_none_or(|node| *node == server.node)
            };
            let Some(file) = self.plan().files.iter().find(is_its) else { continue };
            let own = self.store().read(&file.path)?;
            let own = own.map_or_else(|| file.text.clone(), |own| String::from_utf8_lossy(&own).into_owned());
            if own != file.text {
                text = Some(own);
                break;
            }
            text = text.or(Some(own));
        }
        Ok(Flags { node: server.node.clone(), text: text.unwrap_or_default() })
    }

    /// The bytes of the file that a flag names; nothing without the flag. The inner error is Go's.
    fn named(&self, flags: &Flags, flag: &str) -> Result<Result<Option<Vec<u8>>, String>, LabError> {
        let Some(path) = flags.value(flag) else { return Ok(Ok(None)) };
        for place in self.plan().in_workspace(&flags.node, path) {
            if let Some(bytes) = self.store().read(&place)? {
                return Ok(Ok(Some(bytes)));
            }
        }
        Ok(Err(format!("open {path}: no such file or directory")))
    }

    /// The certificates of a CA's file (apiserver/pkg/server/dynamiccertificates).
    fn bundle(
        &self,
        flags: &Flags,
        flag: &str,
        purpose: &str,
    ) -> Result<Result<Vec<Vec<u8>>, String>, LabError> {
        let bytes = match self.named(flags, flag)? {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(Ok(Vec::new())),
            Err(why) => return Ok(Err(why)),
        };
        let certificates = pem_certificates(&bytes);
        if certificates.is_empty() {
            let path = flags.value(flag).unwrap_or_default();
            return Ok(Err(format!(
                "error loading CA bundle for \"{purpose}::{path}\": data does not contain any valid RSA or ECDSA certificates"
            )));
        }
        Ok(Ok(certificates))
    }
}

/// A certificate and its key, or why they are none (crypto/tls, `X509KeyPair`).
fn pair(certificate: &[u8], key: &[u8]) -> Result<Credential, String> {
    let holds = |bytes: &[u8], label: &str| {
        let text = String::from_utf8_lossy(bytes);
        text.lines().any(|line| line.starts_with("-----BEGIN ") && line.contains(label))
    };
    let chain = pem_certificates(certificate);
    if chain.is_empty() {
        return Err(match holds(certificate, "PRIVATE KEY") {
            true => {
                "tls: failed to find certificate PEM data in certificate input, but did find a private key; \
                     PEM inputs may have been switched"
            }
            false => "tls: failed to find any PEM data in certificate input",
        }
        .into());
    }
    if !holds(key, "PRIVATE KEY") {
        return Err(match holds(key, "CERTIFICATE") {
            true => "tls: found a certificate rather than a key in the PEM for the private key",
            false => "tls: failed to find any PEM data in key input",
        }
        .into());
    }
    let key =
        PrivateKey::from_pem(key).map_err(|error| format!("tls: failed to parse private key: {error}"))?;
    let leaf = chain.first().and_then(|der| Certificate::parse(der).ok());
    if leaf.is_some_and(|leaf| leaf.public_key_info() != key.public_key_info()) {
        return Err("tls: private key does not match public key".into());
    }
    Ok(Credential { chain, key: key.der().to_vec() })
}
