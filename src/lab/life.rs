//! The life of a certificate: one more, signed from a CSR, renewed, revoked.

use serde::Serialize;
use time::{Duration, OffsetDateTime};

use super::engine::Lab;
use super::{Cancel, LabError};
use crate::blueprint::{Certificate as Planned, HostName, Places, Subject, Usage, resolve_certificate};
use crate::clock::rfc3339;
use crate::pki::{
    self, Copied, Extension, Issuer, KubeconfigContent, LeafRequest, PrivateKey, RevocationList, Revoked,
};
use crate::trust::Certificate;
use crate::workspace::{Credential, Secrecy, Selection, WorkspaceError, authority_chain, credential};
use crate::x509;

/// What `kubeadm certs renew all` renews: neither CAs nor the kubelets' certificates.
const RENEWED: [&str; 11] = [
    "admin",
    "super-admin",
    "apiserver",
    "apiserver-etcd-client",
    "apiserver-kubelet-client",
    "controller-manager",
    "scheduler",
    "etcd-healthcheck-client",
    "etcd-peer",
    "etcd-server",
    "front-proxy-client",
];
/// The allowance for clocks that are behind, as kubeadm's.
const BACKDATE: Duration = Duration::minutes(5);

/// A certificate that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Issued {
    /// Its id, or the name that was given.
    pub id: String,
    /// The files that were written.
    pub paths: Vec<String>,
    /// The last moment of its validity.
    #[serde(rename = "notAfter")]
    pub not_after: String,
}

/// What a new certificate is to hold.
#[derive(Debug, Clone)]
pub struct IssueRequest {
    /// The name of its files.
    pub name: String,
    /// The subject.
    pub subject: Subject,
    /// The SANs.
    pub names: Vec<HostName>,
    /// The usages.
    pub usages: Vec<Usage>,
    /// Lifetime in days.
    pub days: u32,
}

impl Lab {
    /// Makes one more certificate with its key and CSR, beside the others.
    ///
    /// # Errors
    /// A file of that name is there, or nothing can be signed or written.
    pub fn issue(&self, authority: &str, asked: &IssueRequest, cancel: &Cancel) -> Result<Issued, LabError> {
        let paths = ["key", "csr", "crt"].map(|extension| format!("{}.{extension}", asked.name));
        for path in &paths {
            if self.store().read(path)?.is_some() {
                return Err(LabError::Request(format!(
                    "{path} is there already: choose another name, or renew it with `dojang pki renew`"
                )));
            }
        }
        self.with_issuer(authority, cancel, |issuer| {
            let [key_path, csr_path, certificate_path] = &paths;
            let key = self.stock.take(self.plan.spec.key)?;
            let request = LeafRequest {
                subject: asked.subject.clone(),
                names: asked.names.clone(),
                usages: asked.usages.clone(),
                not_before: self.now() - BACKDATE,
                not_after: self.now() + Duration::days(i64::from(asked.days)),
                version_1: false,
            };
            let csr = pki::leaf_csr(&asked.subject, &asked.names, &key)?;
            let der = pki::leaf_certificate(&request, key.public_key_info(), issuer)?;
            self.locked.write(key_path, key.to_pem().as_bytes(), Secrecy::Private)?;
            self.locked.write(csr_path, pki::pem("CERTIFICATE REQUEST", &csr).as_bytes(), Secrecy::Public)?;
            self.locked.write(certificate_path, pki::pem("CERTIFICATE", &der).as_bytes(), Secrecy::Public)?;
            Ok(Issued {
                id: asked.name.clone(),
                paths: paths.to_vec(),
                not_after: rfc3339(request.not_after),
            })
        })
    }

    /// Signs a CSR, keeping its subject and names as they stand: the certificate in PEM.
    ///
    /// # Errors
    /// It is no CSR, is not signed with its own key, or nothing can be signed.
    pub fn sign(
        &self,
        authority: &str,
        csr: &[u8],
        usages: &[Usage],
        days: u32,
        cancel: &Cancel,
    ) -> Result<String, LabError> {
        let parts = x509::request_parts(csr)?;
        if !parts.is_signed {
            return Err(LabError::Request(
                "the CSR is not signed with its own key, so nobody proves to hold that key: make it again"
                    .into(),
            ));
        }
        let names = parts.names.map(|value| Extension { oid: vec![2, 5, 29, 17], critical: false, value });
        let copied = Copied {
            subject: parts.subject,
            public_key_info: parts.public_key_info,
            usages: (!usages.is_empty()).then(|| pki::extension::extended_key_usage(usages)),
            names,
            not_before: self.now() - BACKDATE,
            not_after: self.now() + Duration::days(i64::from(days)),
        };
        self.with_issuer(authority, cancel, |issuer| {
            Ok(pki::pem("CERTIFICATE", &pki::certify(&copied, issuer)?))
        })
    }

    /// Renews certificates as `kubeadm certs renew` does: subject, SANs and usages are
    /// copied from the old one, whatever they are; the key is new. Without ids, those that
    /// kubeadm renews and that are there.
    ///
    /// # Errors
    /// An id is unknown or not made, or nothing can be signed or written.
    pub fn renew(&self, ids: &[String], cancel: &Cancel) -> Result<Vec<Issued>, LabError> {
        let mut leaves: Vec<&Planned> = Vec::new();
        if ids.is_empty() {
            let there = |leaf: &&Planned| credential(self.store(), &self.plan, &leaf.id()).is_ok();
            let renewed = |leaf: &&Planned| RENEWED.contains(&leaf.kind.as_str());
            leaves.extend(self.plan.certificates.iter().filter(renewed).filter(there));
        }
        for id in ids {
            let id = resolve_certificate(&self.plan, id)?;
            let leaf = self.plan.certificate(&id).filter(|_| self.plan.authority(&id).is_none());
            leaves.push(leaf.ok_or_else(|| {
                LabError::Request(format!(
                    "`{id}` is a CA, which nobody renews, kubeadm neither: a new CA means new certificates for all"
                ))
            })?);
        }
        leaves.into_iter().map(|leaf| self.renew_one(leaf, cancel)).collect()
    }

    fn renew_one(&self, leaf: &Planned, cancel: &Cancel) -> Result<Issued, LabError> {
        let Credential { chain, .. } = credential(self.store(), &self.plan, &leaf.id())?;
        let unusable = |why: String| WorkspaceError::Unusable { path: leaf.file().to_owned(), why };
        let old = chain.first().map(Vec::as_slice).unwrap_or_default();
        let old = Certificate::parse(old).map_err(|error| unusable(error.to_string()))?;
        let extension = |last: u64| {
            let oid = format!("2.5.29.{last}");
            let found = old.extensions().iter().find(|extension| extension.oid == oid);
            found.map(|extension| Extension {
                oid: vec![2, 5, 29, last],
                critical: extension.critical,
                value: extension.value.clone(),
            })
        };
        let key = self.stock.take(leaf.key)?;
        let copied = Copied {
            subject: old.subject().raw().to_vec(),
            public_key_info: key.public_key_info().to_vec(),
            usages: extension(37),
            names: extension(17),
            not_before: self.now() - BACKDATE,
            not_after: self.now() + Duration::days(i64::from(leaf.days)),
        };
        let der = self.with_issuer(&leaf.authority, cancel, |issuer| Ok(pki::certify(&copied, issuer)?))?;
        let asked: Vec<Extension> = copied.names.iter().cloned().collect();
        let csr = pki::csr(&copied.subject, &asked, &key)?;
        self.locked.write(&leaf.csr, pki::pem("CERTIFICATE REQUEST", &csr).as_bytes(), Secrecy::Public)?;
        let paths = self.write_renewed(leaf, &pki::pem("CERTIFICATE", &der), &key)?;
        Ok(Issued { id: leaf.id(), paths, not_after: rfc3339(copied.not_after) })
    }

    /// Writes the new key and certificate to all files that hold them.
    fn write_renewed(&self, leaf: &Planned, pem: &str, key: &PrivateKey) -> Result<Vec<String>, LabError> {
        let mut paths = Vec::new();
        if let Places::Files(place) = &leaf.places {
            self.locked.write(&place.key, key.to_pem().as_bytes(), Secrecy::Private)?;
            self.locked.write(&place.certificate, pem.as_bytes(), Secrecy::Public)?;
            paths.extend([place.key.clone(), place.certificate.clone()]);
        }
        let trusted: String = authority_chain(self.store(), &self.plan, &leaf.authority)?
            .iter()
            .map(|der| pki::pem("CERTIFICATE", der))
            .collect();
        for kubeconfig in &self.plan.kubeconfigs {
            let holds = self.plan.certificate(&kubeconfig.certificate).is_some_and(|c| c.id() == leaf.id());
            if !holds || self.store().read(&kubeconfig.path)?.is_none() {
                continue;
            }
            let text = pki::write_kubeconfig(&KubeconfigContent {
                cluster: &self.plan.spec.name,
                server: &kubeconfig.server,
                server_name: None,
                user: &kubeconfig.user,
                authority: trusted.as_bytes(),
                certificate: pem.as_bytes(),
                key: key.to_pem().as_bytes(),
            });
            self.locked.write(&kubeconfig.path, text.as_bytes(), Secrecy::Private)?;
            paths.push(kubeconfig.path.clone());
        }
        Ok(paths)
    }

    /// Puts a certificate on its authority's revocation list, and says where that lies.
    ///
    /// # Errors
    /// It has not been made, or the list cannot be read, signed or written.
    pub fn revoke(&self, id: &str, cancel: &Cancel) -> Result<String, LabError> {
        let id = resolve_certificate(&self.plan, id)?;
        let leaf = self.plan.certificate(&id).ok_or_else(|| WorkspaceError::Unknown(id.clone()))?;
        let Credential { chain, .. } = credential(self.store(), &self.plan, &leaf.id())?;
        let serial = x509::serial_number(chain.first().map(Vec::as_slice).unwrap_or_default())?;
        let authority = self.plan.authority(&leaf.authority);
        let certificate = authority.map(|a| a.place.certificate.clone()).unwrap_or_default();
        let path = format!("{}.crl", certificate.trim_end_matches(".crt"));
        let now = self.now();
        let mut revoked = self.listed(&path)?;
        if !revoked.iter().any(|known| known.serial == serial) {
            revoked.push(Revoked { serial, since: now });
        }
        let pem = self.with_issuer(&leaf.authority, cancel, |issuer| {
            let list = RevocationList {
                issuer: issuer.subject.clone(),
                key_identifier: issuer.key_identifier.clone(),
                number: number(now),
                this_update: now,
                next_update: now + Duration::days(30),
                revoked,
            };
            Ok(pki::pem("X509 CRL", &pki::revocation_list(&list, issuer.key)?))
        })?;
        self.locked.write(&path, pem.as_bytes(), Secrecy::Public)?;
        Ok(path)
    }

    /// What a revocation list holds; nothing if there is none yet.
    fn listed(&self, path: &str) -> Result<Vec<Revoked>, LabError> {
        use rustls::pki_types::CertificateRevocationListDer;
        use rustls::pki_types::pem::PemObject;
        let Some(pem) = self.store().read(path)? else { return Ok(Vec::new()) };
        let unusable = |why: String| WorkspaceError::Unusable { path: path.to_owned(), why };
        let der = CertificateRevocationListDer::from_pem_slice(&pem)
            .map_err(|_| unusable("it holds no revocation list in PEM".into()))?;
        let listed = x509::revoked(&der).map_err(|error| unusable(error.to_string()))?;
        Ok(listed.into_iter().map(|(serial, since)| Revoked { serial, since }).collect())
    }

    /// Does something with an authority's name and key, which are made first if missing.
    pub(super) fn with_issuer<T>(
        &self,
        id: &str,
        cancel: &Cancel,
        act: impl FnOnce(&Issuer<'_>) -> Result<T, LabError>,
    ) -> Result<T, LabError> {
        if self.plan.authority(id).is_none() {
            return Err(WorkspaceError::Unknown(id.to_owned()).into());
        }
        if authority_chain(self.store(), &self.plan, id).is_err() {
            self.make(&Selection::Only(vec![id.to_owned()]), cancel, &|_| ())?;
        }
        let chain = authority_chain(self.store(), &self.plan, id)?;
        let fields = x509::issuer_fields(chain.first().map(Vec::as_slice).unwrap_or_default())?;
        let key = self.authority_key(id)?;
        act(&Issuer { subject: fields.subject, key_identifier: fields.key_identifier, key: &key })
    }
}

/// A list's number: later lists have higher ones.
fn number(now: OffsetDateTime) -> u64 {
    u64::try_from(now.unix_timestamp()).unwrap_or(1)
}
