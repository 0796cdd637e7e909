//! A changed copy of one of the learner's artifacts. Nothing is written.

use super::LabError;
use super::engine::Lab;
use crate::blueprint::{Subject, resolve_certificate};
use crate::fault::{Change, KeyChange, Signer};
use crate::pki::{self, AuthorityRequest, Issuer, LeafRequest};
use crate::workspace::{Credential, WorkspaceError, authority_chain, credential};
use crate::x509;

/// What stands in the place of a leaf where it is the authority that signed it.
pub(super) const AUTHORITY: &str = "authority";

/// A changed artifact, ready to be put in the place of the healthy one.
pub(super) struct Changed {
    /// The artifact's id.
    pub(super) id: String,
    /// The certificate before, DER.
    pub(super) before: Vec<u8>,
    /// The certificate after, DER.
    pub(super) after: Vec<u8>,
    /// The key that is presented with it, DER, where it is another one.
    pub(super) key: Option<Vec<u8>>,
    /// Whether only the client trusts it: the copy of an authority that is not the
    /// server's own.
    pub(super) client_only: bool,
}

impl Lab {
    /// The changed copy of an artifact. Nothing is written.
    pub(super) fn change(&self, change: &Change) -> Result<Changed, LabError> {
        let now = self.now();
        if let Some(authority) = self.plan.authority(&change.artifact) {
            let before = first(authority_chain(self.store(), &self.plan, &authority.id)?);
            let mut request = AuthorityRequest::planned(authority, now);
            change.apply_to_authority(&mut request, now);
            if change.signer == Some(Signer::OtherName) {
                request.subject = other_authority();
            }
            let after = match change.signer {
                // Its own key signs an authority anyway.
                None | Some(Signer::Itself) => {
                    pki::authority_certificate(&request, &self.authority_key(&authority.id)?)?
                }
                Some(Signer::SameName | Signer::OtherName) => {
                    pki::authority_certificate(&request, &self.stock.take(authority.key)?)?
                }
            };
            return Ok(Changed {
                id: authority.id.clone(),
                before,
                after,
                key: None,
                client_only: matches!(change.signer, Some(Signer::SameName | Signer::OtherName)),
            });
        }
        let leaf = self
            .plan
            .certificate(&change.artifact)
            .ok_or_else(|| WorkspaceError::Unknown(change.artifact.clone()))?;
        let Credential { chain, key } = credential(self.store(), &self.plan, &leaf.id())?;
        if let Some(instead) = &change.instead {
            let (after, key) = if instead == AUTHORITY {
                let certificate = first(authority_chain(self.store(), &self.plan, &leaf.authority)?);
                (certificate, self.authority_key(&leaf.authority)?)
            } else {
                let other = resolve_certificate(&self.plan, instead)?;
                let other = credential(self.store(), &self.plan, &other)?;
                (first(other.chain), other.key)
            };
            return Ok(Changed {
                id: leaf.id(),
                before: first(chain),
                after,
                key: Some(key.der().to_vec()),
                client_only: false,
            });
        }
        let signer = first(authority_chain(self.store(), &self.plan, &leaf.authority)?);
        let fields = x509::issuer_fields(&signer)?;
        let mut request = LeafRequest::planned(leaf, fields.not_before, now);
        change.apply_to_leaf(&mut request, now);
        let rogue;
        let issuer = match change.signer {
            None => {
                rogue = self.authority_key(&leaf.authority)?;
                Issuer { subject: fields.subject, key_identifier: fields.key_identifier, key: &rogue }
            }
            Some(Signer::SameName) => {
                rogue = self.stock.take(leaf.key)?;
                Issuer { subject: fields.subject, key_identifier: Some(rogue.identifier()), key: &rogue }
            }
            Some(Signer::OtherName) => {
                rogue = self.stock.take(leaf.key)?;
                let subject = pki::name(&other_authority());
                Issuer { subject, key_identifier: Some(rogue.identifier()), key: &rogue }
            }
            Some(Signer::Itself) => {
                Issuer { subject: pki::name(&request.subject), key_identifier: None, key: &key }
            }
        };
        let after = pki::leaf_certificate(&request, key.public_key_info(), &issuer)?;
        let other = match change.key {
            Some(KeyChange::Other) => Some(self.stock.take(leaf.key)?.der().to_vec()),
            None => None,
        };
        Ok(Changed { id: leaf.id(), before: first(chain), after, key: other, client_only: false })
    }

    pub(super) fn authority_key(&self, id: &str) -> Result<pki::PrivateKey, LabError> {
        let authority = self.plan.authority(id).ok_or_else(|| WorkspaceError::Unknown(id.into()))?;
        let path = &authority.place.key;
        let pem = self.store().read(path)?.ok_or_else(|| WorkspaceError::NoAuthorityKey {
            certificate: authority.place.certificate.clone(),
            key: path.clone(),
        })?;
        Ok(pki::PrivateKey::from_pem(&pem)
            .map_err(|error| WorkspaceError::Unusable { path: path.clone(), why: error.to_string() })?)
    }
}

/// A name that no authority of the lab has.
fn other_authority() -> Subject {
    Subject::named("another-ca")
}

fn first(chain: Vec<Vec<u8>>) -> Vec<u8> {
    chain.into_iter().next().unwrap_or_default()
}
