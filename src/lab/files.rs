//! More to look at beside a step: chains, CSRs, files, and who holds which authority.

use super::engine::Lab;
use super::{ArtifactView, ChainView, FieldView, FileView, Holder, LabError, Rung, opinions};
use crate::blueprint::{Plan, Usage, resolve_certificate};
use crate::text::nearest;
use crate::trust::{Purpose, Roots};
use crate::workspace::{authority_chain, credential};
use crate::x509::{self, Kind, certificate_fields, request_fields};

/// A line of base64 is shown up to here.
const SHORTENED: usize = 24;
/// The component that signs for the cluster: it alone is given an authority's key
/// (`--cluster-signing-key-file`).
const SIGNER: &str = "kube-controller-manager";

impl Lab {
    /// The certificates from a leaf up to its root.
    pub(super) fn chain(&self, id: &str) -> Result<ChainView, LabError> {
        let id = resolve_certificate(&self.plan, id)?;
        let mut rungs = Vec::new();
        let mut authority = Some(id.clone());
        if let Some(leaf) = self.plan.certificate(&id) {
            let made = credential(self.store(), &self.plan, &id).ok().map(|c| c.chain);
            rungs.push(self.rung(&id, made, false)?);
            authority = Some(leaf.authority.clone());
        }
        if let Some(id) = authority.filter(|id| self.plan.authority(id).is_some()) {
            rungs.push(self.rung(&id, authority_chain(self.store(), &self.plan, &id).ok(), true)?);
        }
        let judged = self.plan.certificate(&id).and_then(|leaf| {
            let chain = credential(self.store(), &self.plan, &id).ok()?.chain;
            let roots = authority_chain(self.store(), &self.plan, &leaf.authority).ok()?;
            let purpose = match leaf.usages.first() {
                Some(Usage::Server) => Purpose::Server,
                _ => Purpose::Client,
            };
            Some(opinions::judged(chain, &Roots::from_der(roots), purpose, self.now()))
        });
        Ok(ChainView { rungs, judged })
    }

    fn rung(&self, id: &str, made: Option<Vec<Vec<u8>>>, authority: bool) -> Result<Rung, LabError> {
        let der = made.and_then(|chain| chain.into_iter().next());
        let fields = match &der {
            Some(der) => certificate_fields(der)?,
            None => self.planned_fields(id),
        };
        let value =
            |name: &str| fields.iter().find(|field| field.name == name).map(|field| field.value.clone());
        Ok(Rung {
            id: id.to_owned(),
            made: der.is_some(),
            authority,
            subject: value("subject").unwrap_or_default(),
            issuer: value("issuer").unwrap_or_default(),
            not_after: value("notAfter"),
        })
    }

    /// The fields of an artifact's CSR, as it is on disk.
    pub(super) fn request(&self, id: &str) -> Result<ArtifactView, LabError> {
        let id = resolve_certificate(&self.plan, id)?;
        let of_leaf = self.plan.certificate(&id).map(|leaf| leaf.csr.clone());
        let path = of_leaf.or_else(|| self.plan.authority(&id).map(|a| a.csr.clone())).unwrap_or_default();
        let items = self.store().read(&path)?.map(|pem| x509::inspect(&pem)).transpose()?.unwrap_or_default();
        let request = items.into_iter().find(|item| item.kind == Kind::CertificateRequest);
        let made = request.is_some();
        let der = request.map(|item| item.der);
        let fields = der.as_deref().map_or(Ok(Vec::new()), request_fields)?;
        let view = |field: x509::Field| FieldView {
            name: field.name.into_owned(),
            value: field.value,
            focus: false,
            before: None,
        };
        Ok(ArtifactView {
            id: format!("{id} CSR"),
            path,
            made,
            der,
            fields: fields.into_iter().map(view).collect(),
        })
    }

    /// A file of the workspace as text, without secrets.
    pub(super) fn file(&self, name: &str, focus: &[String]) -> Result<FileView, LabError> {
        let Plan { files, kubeconfigs, .. } = &self.plan;
        let (path, planned) = files
            .iter()
            .find(|file| is_named(&file.path, name))
            .map(|file| (file.path.clone(), Some(file.text.clone())))
            .or_else(|| kubeconfigs.iter().find(|k| is_named(&k.path, name)).map(|k| (k.path.clone(), None)))
            .ok_or_else(|| {
                let paths = files.iter().map(|f| &f.path).chain(kubeconfigs.iter().map(|k| &k.path));
                let names = paths.filter_map(|path| path.rsplit('/').next());
                LabError::File { name: name.to_owned(), near: nearest(name, names).map(str::to_owned) }
            })?;
        let there = self.store().read(&path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let text = there.or(planned).unwrap_or_default();
        let line = |line: &str| {
            let is_marked = focus.iter().any(|part| line.contains(part.as_str()));
            (without_secrets(line), is_marked)
        };
        Ok(FileView { path, lines: text.lines().map(line).collect() })
    }

    /// The file of this name that a step runs a tool on.
    pub(super) fn run_file(&self, name: &str) -> Result<RunFile, LabError> {
        if let Some(planned) = self.plan.files.iter().find(|file| is_named(&file.path, name)) {
            return Ok(RunFile::Planned(planned.text.clone()));
        }
        let mut files: Vec<(String, String)> = Vec::new();
        for authority in &self.plan.authorities {
            let place = &authority.place;
            files.extend(
                [&place.certificate, &place.key, &authority.csr].map(|p| (authority.id.clone(), p.clone())),
            );
        }
        for leaf in &self.plan.certificates {
            let key = leaf.file().strip_suffix(".crt").map(|stem| format!("{stem}.key"));
            let paths = [Some(leaf.file().to_owned()), key, Some(leaf.csr.clone())];
            files.extend(paths.into_iter().flatten().map(|path| (leaf.id(), path)));
        }
        for kubeconfig in &self.plan.kubeconfigs {
            files.push((kubeconfig.certificate.clone(), kubeconfig.path.clone()));
        }
        let near =
            nearest(name, files.iter().filter_map(|(_, path)| path.rsplit('/').next())).map(str::to_owned);
        files
            .into_iter()
            .find(|(_, path)| is_named(path, name))
            .map(|(id, path)| RunFile::Artifact { id, path })
            .ok_or_else(|| LabError::File { name: name.to_owned(), near })
    }

    /// Every component with the authorities whose certificates and keys it holds.
    pub(super) fn holders(&self) -> Vec<Holder> {
        let mut holders: Vec<Holder> = Vec::new();
        let mut add = |component: String, authority: &str| {
            let at = holders.iter().position(|holder| holder.component == component);
            let at = at.unwrap_or_else(|| {
                let keys = Vec::new();
                holders.push(Holder { component, certificates: Vec::new(), keys });
                holders.len() - 1
            });
            if let Some(holder) = holders.get_mut(at)
                && !holder.certificates.iter().any(|id| id == authority)
            {
                holder.certificates.push(authority.to_owned());
            }
        };
        for connection in &self.plan.connections {
            if let Some(authority) = &connection.trusts {
                add(connection.client_name(), authority);
            }
            let server = &connection.server;
            let of_server = [Some(&server.client_authority), server.request_header_authority.as_ref()];
            for authority in of_server.into_iter().flatten() {
                add(server.id(), authority);
            }
        }
        let signing =
            self.plan.connections.iter().find(|c| c.client == SIGNER).and_then(|c| c.trusts.clone());
        if let Some(signer) = holders.iter_mut().find(|holder| holder.component.starts_with(SIGNER)) {
            signer.keys.extend(signing);
        }
        holders
    }
}

/// A line without a private key, and with certificates in short.
fn without_secrets(line: &str) -> String {
    let Some((name, value)) = line.split_once("-data: ") else { return line.to_owned() };
    if name.trim_start().starts_with("client-key") {
        return format!("{name}-data: (not shown)");
    }
    let (start, rest) = value.split_at_checked(SHORTENED).unwrap_or((value, ""));
    let more = if rest.is_empty() { String::new() } else { format!("… ({} bytes)", pem_length(value)) };
    format!("{name}-data: {start}{more}")
}

/// How long what is behind base64 is.
fn pem_length(base64: &str) -> usize {
    base64.trim_end_matches('=').len() * 3 / 4
}

/// A file that a step runs a tool on.
pub(super) enum RunFile {
    /// A configuration file, which is known before anything is made.
    Planned(String),
    /// A file of an artifact.
    Artifact {
        /// The artifact's id.
        id: String,
        /// Where the file lies, relative to the workspace.
        path: String,
    },
}

/// Whether a path ends with this file name.
fn is_named(path: &str, name: &str) -> bool {
    path.rsplit('/').next() == Some(name)
}
