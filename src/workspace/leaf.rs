//! One leaf on disk: its key, CSR, certificate and kubeconfig.

use super::build::{LoadedAuthority, Run};
use super::{Secrecy, WorkspaceError, pem_certificates};
use crate::blueprint::{Authority, Certificate, Kubeconfig, Places};
use crate::pki::{self, KubeconfigContent, LeafRequest, PrivateKey};
use crate::x509;

impl Run<'_> {
    /// The key of a leaf: from its file, from its kubeconfig, or fresh.
    pub(super) fn leaf_key(&self, leaf: &Certificate) -> Result<PrivateKey, WorkspaceError> {
        let key = match &leaf.places {
            Places::Files(place) => self.key_file(&place.key, leaf.key)?,
            Places::Kubeconfig(path) => match self.embedded(path)? {
                Some((_, key)) => key,
                None => self.build.stock.take(leaf.key)?,
            },
        };
        self.step(&leaf.id());
        Ok(key)
    }

    /// The certificate and key inside a kubeconfig; one that does not serve is set aside.
    fn embedded(&self, path: &str) -> Result<Option<(Vec<u8>, PrivateKey)>, WorkspaceError> {
        let Some(text) = self.read(path)? else { return Ok(None) };
        let why = match x509::read_kubeconfig(&String::from_utf8_lossy(&text)) {
            Ok((certificate, key)) => match PrivateKey::from_pem(&key) {
                Ok(key) => return Ok(Some((certificate, key))),
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        self.set_aside(path, why)?;
        Ok(None)
    }

    pub(super) fn leaf(
        &self,
        leaf: &Certificate,
        key: &PrivateKey,
        authority: &Authority,
        loaded: &LoadedAuthority,
        kubeconfig: Option<&Kubeconfig>,
    ) -> Result<(), WorkspaceError> {
        self.leaf_csr(leaf, key)?;
        let existing = match &leaf.places {
            Places::Files(place) => self.read(&place.certificate)?,
            Places::Kubeconfig(path) => self.embedded(path)?.map(|(certificate, _)| certificate),
        };
        let mut kept = None;
        if let Some(pem) = existing {
            match unusable(&pem, key, &loaded.der) {
                None => kept = Some(pem),
                Some(why) => self.set_aside(leaf.file(), why)?,
            }
        }
        let pem = match kept {
            Some(pem) => {
                self.kept();
                pem
            }
            None => {
                let request = LeafRequest::planned(leaf, loaded.fields.not_before, self.build.now);
                let issuer = loaded.issuer(authority)?;
                let der = pki::leaf_certificate(&request, key.public_key_info(), &issuer)?;
                let pem = pki::pem("CERTIFICATE", &der).into_bytes();
                if let Places::Files(place) = &leaf.places {
                    self.write(&place.certificate, &pem, Secrecy::Public)?;
                }
                pem
            }
        };
        if let Some(kubeconfig) = kubeconfig {
            self.kubeconfig(kubeconfig, &pem, key, loaded)?;
        }
        self.step(leaf.file());
        Ok(())
    }

    fn leaf_csr(&self, leaf: &Certificate, key: &PrivateKey) -> Result<(), WorkspaceError> {
        if let Some(pem) = self.read(&leaf.csr)? {
            if csr_key(&pem).is_some_and(|public| public == key.public_key_info()) {
                self.kept();
                return Ok(());
            }
            self.set_aside(&leaf.csr, "it asks for another key")?;
        }
        let csr = pki::leaf_csr(&leaf.subject, &leaf.names, key)?;
        self.write(&leaf.csr, pki::pem("CERTIFICATE REQUEST", &csr).as_bytes(), Secrecy::Public)
    }

    fn kubeconfig(
        &self,
        kubeconfig: &Kubeconfig,
        certificate: &[u8],
        key: &PrivateKey,
        authority: &LoadedAuthority,
    ) -> Result<(), WorkspaceError> {
        if let Some((embedded, _)) = self.embedded(&kubeconfig.path)? {
            if pem_certificates(&embedded) == pem_certificates(certificate) {
                self.kept();
                return Ok(());
            }
            self.set_aside(&kubeconfig.path, "it holds another certificate")?;
        }
        let text = pki::write_kubeconfig(&KubeconfigContent {
            cluster: &self.build.plan.spec.name,
            server: &kubeconfig.server,
            server_name: None,
            user: &kubeconfig.user,
            authority: &authority.pem,
            certificate,
            key: key.to_pem().as_bytes(),
        });
        self.write(&kubeconfig.path, text.as_bytes(), Secrecy::Private)
    }
}

/// Why a leaf cannot be used with this key and authority, if it cannot.
fn unusable(pem: &[u8], key: &PrivateKey, authority: &[u8]) -> Option<String> {
    let Some(der) = pem_certificates(pem).into_iter().next() else {
        return Some("it holds no certificate in PEM".into());
    };
    match x509::public_key_info(&der) {
        Err(error) => Some(error.to_string()),
        Ok(public) if public != key.public_key_info() => {
            Some("its public key does not belong to the private key beside it".into())
        }
        Ok(_) if !x509::is_signed_by(&der, authority) => {
            Some("it is not signed by the authority of this cluster".into())
        }
        Ok(_) => None,
    }
}

/// The public key that a CSR in PEM asks for.
fn csr_key(pem: &[u8]) -> Option<Vec<u8>> {
    use rustls::pki_types::CertificateSigningRequestDer;
    use rustls::pki_types::pem::PemObject;
    let der = CertificateSigningRequestDer::from_pem_slice(pem).ok()?;
    x509::request_public_key_info(&der).ok()
}
