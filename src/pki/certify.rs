//! A leaf whose subject, names and usages are copied as they stand, from a CSR or from the
//! certificate that it follows.

use time::OffsetDateTime;

use super::encode::{Extension, Template, extension, sign};
use super::issue::{Issuer, serial};
use super::key::KeyError;

/// What is copied, as DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The subject, every attribute in its order.
    pub subject: Vec<u8>,
    /// The public key, a SubjectPublicKeyInfo.
    pub public_key_info: Vec<u8>,
    /// The extendedKeyUsage, if there is to be one.
    pub usages: Option<Extension>,
    /// The subjectAltName, if there is to be one.
    pub names: Option<Extension>,
    /// The first moment of its validity.
    pub not_before: OffsetDateTime,
    /// The last moment of its validity.
    pub not_after: OffsetDateTime,
}

/// Signs what was copied, with the other extensions of a kubeadm leaf: its DER.
///
/// # Errors
/// The library failed.
pub fn certify(copied: &Copied, issuer: &Issuer<'_>) -> Result<Vec<u8>, KeyError> {
    let mut extensions = vec![extension::key_usage(&[0, 2])];
    extensions.extend(copied.usages.clone());
    extensions.push(extension::basic_constraints(false));
    extensions.extend(issuer.key_identifier.as_deref().map(extension::authority_key_identifier));
    extensions.extend(copied.names.clone());
    let template = Template {
        version: Some(2),
        serial: serial()?,
        issuer: issuer.subject.clone(),
        not_before: copied.not_before,
        not_after: copied.not_after,
        subject: copied.subject.clone(),
        public_key_info: copied.public_key_info.clone(),
        extensions,
    };
    sign(&template, issuer.key)
}
