//! Making a plan's artifacts, all or some: what is there and serves is kept, what is
//! missing is made, what does not serve is set aside and reported.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use time::OffsetDateTime;

use super::parallel::parallel;
use super::{Cancel, Locked, Progress, Secrecy, WorkspaceError, pem_certificates};
use crate::blueprint::{Authority, Certificate, KeyPair, Kubeconfig, Plan};
use crate::pki::{self, AuthorityRequest, Issuer, KeyStock, PrivateKey};
use crate::x509;

/// What is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Everything.
    All,
    /// These, and the authorities that they need.
    Only(Vec<String>),
}

/// One run that makes artifacts.
pub struct Build<'a> {
    /// Where.
    pub locked: &'a Locked,
    /// What.
    pub plan: &'a Plan,
    /// Where fresh keys come from.
    pub stock: &'a KeyStock,
    /// When.
    pub now: OffsetDateTime,
    /// A wish to stop.
    pub cancel: &'a Cancel,
    /// Who is told of progress; called from several threads.
    pub progress: &'a (dyn Fn(Progress) + Sync),
}

/// What a run came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Made {
    /// Files written.
    pub written: usize,
    /// Files that were there and serve.
    pub kept: usize,
    /// Files that did not serve: their name, their new name, and why.
    pub set_aside: Vec<SetAside>,
}

/// A file that did not serve.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SetAside {
    /// Its name.
    pub path: String,
    /// Its new name.
    pub now: String,
    /// Why.
    pub why: String,
}

/// An authority as it stands on disk.
pub(super) struct LoadedAuthority {
    pub(super) pem: Vec<u8>,
    pub(super) der: Vec<u8>,
    pub(super) fields: x509::IssuerFields,
    pub(super) key: Option<PrivateKey>,
}

impl LoadedAuthority {
    pub(super) fn issuer(&self, authority: &Authority) -> Result<Issuer<'_>, WorkspaceError> {
        let key = self.key.as_ref().ok_or_else(|| WorkspaceError::NoAuthorityKey {
            certificate: authority.place.certificate.clone(),
            key: authority.place.key.clone(),
        })?;
        Ok(Issuer {
            subject: self.fields.subject.clone(),
            key_identifier: self.fields.key_identifier.clone(),
            key,
        })
    }
}

/// What one run works with, shared by its threads.
pub(super) struct Run<'a> {
    pub(super) build: &'a Build<'a>,
    total: usize,
    done: AtomicUsize,
    made: Mutex<Made>,
}

impl Build<'_> {
    /// Makes what is selected.
    ///
    /// # Errors
    /// A file cannot be read or written, an authority lacks its key, an id is unknown, or
    /// the run was cancelled; what was finished stays.
    pub fn run(&self, selection: &Selection) -> Result<Made, WorkspaceError> {
        let chosen = self.choose(selection)?;
        let total = 2 * (chosen.authorities.len() + chosen.leaves.len()) + chosen.pairs.len();
        let run = Run { build: self, total, done: AtomicUsize::new(0), made: Mutex::default() };
        run.all(&chosen)?;
        self.locked.sync()?;
        Ok(run.made.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn choose(&self, selection: &Selection) -> Result<Chosen<'_>, WorkspaceError> {
        let plan = self.plan;
        let Selection::Only(ids) = selection else {
            return Ok(Chosen {
                authorities: plan.authorities.iter().collect(),
                leaves: plan.certificates.iter().collect(),
                pairs: plan.key_pairs.iter().collect(),
                kubeconfigs: plan.kubeconfigs.iter().collect(),
                files: plan.files.iter().collect(),
            });
        };
        let mut chosen = Chosen::default();
        for id in ids {
            if let Some(authority) = plan.authority(id) {
                chosen.authorities.push(authority);
            } else if let Some(certificate) = plan.certificate(id) {
                chosen.leaves.push(certificate);
            } else if let Some(pair) = plan.key_pairs.iter().find(|pair| pair.id == *id) {
                chosen.pairs.push(pair);
            } else if let Some(file) = plan.file(id) {
                chosen.files.push(file);
            } else {
                return Err(WorkspaceError::Unknown(id.clone()));
            }
        }
        let leaves: HashSet<String> = chosen.leaves.iter().map(|leaf| leaf.id()).collect();
        chosen.kubeconfigs = plan.kubeconfigs.iter().filter(|k| leaves.contains(&k.certificate)).collect();
        for leaf in &chosen.leaves {
            if let Some(authority) = plan.authority(&leaf.authority)
                && !chosen.authorities.iter().any(|a| a.id == authority.id)
            {
                chosen.authorities.push(authority);
            }
        }
        Ok(chosen)
    }
}

/// What a selection comes to.
#[derive(Default)]
struct Chosen<'a> {
    authorities: Vec<&'a Authority>,
    leaves: Vec<&'a Certificate>,
    pairs: Vec<&'a KeyPair>,
    kubeconfigs: Vec<&'a Kubeconfig>,
    files: Vec<&'a crate::blueprint::ConfigFile>,
}

/// A key to be found or made.
enum Wanted<'a> {
    Authority(&'a Authority),
    Leaf(&'a Certificate),
    Pair(&'a KeyPair),
}

impl Run<'_> {
    fn all(&self, chosen: &Chosen<'_>) -> Result<(), WorkspaceError> {
        let Build { cancel, plan, .. } = *self.build;
        // Keys first, all at once: they take nearly all of the time.
        let wanted: Vec<Wanted<'_>> = chosen
            .authorities
            .iter()
            .map(|authority| Wanted::Authority(authority))
            .chain(chosen.pairs.iter().map(|pair| Wanted::Pair(pair)))
            .chain(chosen.leaves.iter().map(|leaf| Wanted::Leaf(leaf)))
            .collect();
        let mut keys = parallel(&wanted, cancel, |wanted| match wanted {
            Wanted::Authority(authority) => self.authority_key(authority),
            Wanted::Leaf(leaf) => self.leaf_key(leaf).map(Some),
            Wanted::Pair(pair) => self.pair(pair).map(|()| None),
        })?;
        let leaf_keys = keys.split_off(chosen.authorities.len() + chosen.pairs.len());
        let mut authorities: HashMap<&str, LoadedAuthority> = HashMap::new();
        for (authority, key) in chosen.authorities.iter().zip(keys) {
            authorities.insert(&authority.id, self.authority(authority, key)?);
        }
        let kubeconfigs: HashMap<&str, &Kubeconfig> =
            chosen.kubeconfigs.iter().map(|k| (k.certificate.as_str(), *k)).collect();
        let leaves: Vec<_> = chosen.leaves.iter().zip(leaf_keys).collect();
        parallel(&leaves, cancel, |(leaf, key)| {
            let unknown = || WorkspaceError::Unknown(leaf.authority.clone());
            let authority = plan.authority(&leaf.authority).ok_or_else(unknown)?;
            let loaded = authorities.get(leaf.authority.as_str()).ok_or_else(unknown)?;
            let key = key.as_ref().ok_or_else(unknown)?;
            self.leaf(leaf, key, authority, loaded, kubeconfigs.get(leaf.id().as_str()).copied())
        })?;
        for file in &chosen.files {
            self.keep_or_write(&file.path, file.text.as_bytes())?;
        }
        Ok(())
    }

    pub(super) fn step(&self, what: &str) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        (self.build.progress)(Progress { done, total: self.total, what: what.to_owned() });
    }

    pub(super) fn read(&self, path: &str) -> Result<Option<Vec<u8>>, WorkspaceError> {
        self.build.locked.store().read(path)
    }

    pub(super) fn write(&self, path: &str, bytes: &[u8], secrecy: Secrecy) -> Result<(), WorkspaceError> {
        self.build.locked.write(path, bytes, secrecy)?;
        self.made().written += 1;
        Ok(())
    }

    pub(super) fn kept(&self) {
        self.made().kept += 1;
    }

    pub(super) fn set_aside(&self, path: &str, why: impl Into<String>) -> Result<(), WorkspaceError> {
        let now = self.build.locked.set_aside(path, self.build.now)?;
        self.made().set_aside.push(SetAside { path: path.to_owned(), now, why: why.into() });
        Ok(())
    }

    fn made(&self) -> std::sync::MutexGuard<'_, Made> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep_or_write(&self, path: &str, bytes: &[u8]) -> Result<(), WorkspaceError> {
        if self.build.locked.store().path(path).exists() {
            self.kept();
            return Ok(());
        }
        self.write(path, bytes, Secrecy::Public)
    }

    /// The key in a file, or a fresh one in its place. A file that holds no usable key is
    /// set aside.
    pub(super) fn key_file(
        &self,
        path: &str,
        algorithm: crate::blueprint::KeyAlgorithm,
    ) -> Result<PrivateKey, WorkspaceError> {
        if let Some(pem) = self.read(path)? {
            match PrivateKey::from_pem(&pem) {
                Ok(key) => {
                    self.kept();
                    return Ok(key);
                }
                Err(error) => self.set_aside(path, error.to_string())?,
            }
        }
        let key = self.build.stock.take(algorithm)?;
        self.write(path, key.to_pem().as_bytes(), Secrecy::Private)?;
        Ok(key)
    }

    /// The key of an authority; none where the certificate came without it.
    fn authority_key(&self, authority: &Authority) -> Result<Option<PrivateKey>, WorkspaceError> {
        let place = &authority.place;
        let store = self.build.locked.store();
        let without_key = !store.path(&place.key).exists() && store.path(&place.certificate).exists();
        let key = if without_key { None } else { Some(self.key_file(&place.key, authority.key)?) };
        self.step(&place.key);
        Ok(key)
    }

    fn authority(
        &self,
        authority: &Authority,
        key: Option<PrivateKey>,
    ) -> Result<LoadedAuthority, WorkspaceError> {
        let path = &authority.place.certificate;
        let mut existing = None;
        if let Some(pem) = self.read(path)? {
            match unusable_authority(&pem, key.as_ref()) {
                None => existing = Some(pem),
                Some(why) => self.set_aside(path, why)?,
            }
        }
        let pem = match (existing, &key) {
            (Some(pem), _) => {
                self.kept();
                pem
            }
            (None, Some(key)) => {
                let request = AuthorityRequest::planned(authority, self.build.now);
                let csr = pki::leaf_csr(&authority.subject, &[], key)?;
                self.write(
                    &authority.csr,
                    pki::pem("CERTIFICATE REQUEST", &csr).as_bytes(),
                    Secrecy::Public,
                )?;
                let der = pki::authority_certificate(&request, key)?;
                let pem = pki::pem("CERTIFICATE", &der).into_bytes();
                self.write(path, &pem, Secrecy::Public)?;
                pem
            }
            (None, None) => {
                return Err(WorkspaceError::NoAuthorityKey {
                    certificate: path.clone(),
                    key: authority.place.key.clone(),
                });
            }
        };
        if self.read(&authority.csr)?.is_none()
            && let Some(key) = &key
        {
            let csr = pki::leaf_csr(&authority.subject, &[], key)?;
            self.write(&authority.csr, pki::pem("CERTIFICATE REQUEST", &csr).as_bytes(), Secrecy::Public)?;
        }
        for copy in &authority.copies {
            self.copy(&copy.certificate, &pem, Secrecy::Public)?;
            if let (Some(path), Some(key)) = (&copy.key, &key) {
                self.copy(path, key.to_pem().as_bytes(), Secrecy::Private)?;
            }
        }
        let der = pem_certificates(&pem).into_iter().next().unwrap_or_default();
        self.step(path);
        Ok(LoadedAuthority { fields: x509::issuer_fields(&der)?, der, pem, key })
    }

    /// A copy that must equal its original.
    fn copy(&self, path: &str, bytes: &[u8], secrecy: Secrecy) -> Result<(), WorkspaceError> {
        match self.read(path)? {
            Some(existing) if existing == bytes => {
                self.kept();
                return Ok(());
            }
            Some(_) => self.set_aside(path, "it differs from the original")?,
            None => {}
        }
        self.write(path, bytes, secrecy)
    }

    fn pair(&self, pair: &KeyPair) -> Result<(), WorkspaceError> {
        let Some((first, further)) = pair.places.split_first() else { return Ok(()) };
        let key = self.key_file(&first.private, pair.key)?;
        self.copy(&first.public, key.public_pem().as_bytes(), Secrecy::Public)?;
        for place in further {
            let pem = self.read(&first.private)?.unwrap_or_default();
            self.copy(&place.private, &pem, Secrecy::Private)?;
            self.copy(&place.public, key.public_pem().as_bytes(), Secrecy::Public)?;
        }
        self.step(&first.private);
        Ok(())
    }
}

/// Why a CA certificate cannot be used with this key, if it cannot.
fn unusable_authority(pem: &[u8], key: Option<&PrivateKey>) -> Option<String> {
    let Some(der) = pem_certificates(pem).into_iter().next() else {
        return Some("it holds no certificate in PEM".into());
    };
    match (x509::public_key_info(&der), key) {
        (Err(error), _) => Some(error.to_string()),
        (Ok(public), Some(key)) if public != key.public_key_info() => {
            Some("its public key does not belong to the private key beside it".into())
        }
        _ => None,
    }
}
