//! Certificates with the fields that kubeadm gives them (cmd/kubeadm/app/util/pkiutil).

use time::{Duration, OffsetDateTime};

use super::encode::{Extension, Template, csr, extension, name, sign};
use super::key::{KeyError, PrivateKey};
use crate::blueprint::{Authority, Certificate, HostName, Places, Subject, Usage};

/// kubeadm's allowance for clocks that are behind (`CertificateBackdate`).
const BACKDATE: Duration = Duration::minutes(5);

/// What an authority's certificate says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BasicConstraints {
    /// Nothing: a subjectKeyIdentifier stands alone, as OpenSSL 3.2 and later make it of
    /// `req -new` and `x509 -req -signkey`.
    Absent,
    /// `CA:FALSE`.
    NotAuthority,
    /// `CA:TRUE`.
    Authority,
}

/// What an authority's certificate is to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityRequest {
    /// The subject, and issuer.
    pub subject: Subject,
    /// DNS SANs.
    pub dns_names: Vec<String>,
    /// The first moment of its validity.
    pub not_before: OffsetDateTime,
    /// The last moment of its validity.
    pub not_after: OffsetDateTime,
    /// X.509 version 1, without extensions.
    pub version_1: bool,
    /// Its basicConstraints.
    pub basic_constraints: BasicConstraints,
    /// Whether its keyUsage has keyCertSign.
    pub may_sign: bool,
}

impl AuthorityRequest {
    /// The authority that a plan asks for, made now.
    #[must_use]
    pub fn planned(authority: &Authority, now: OffsetDateTime) -> Self {
        Self {
            subject: authority.subject.clone(),
            dns_names: authority.dns_names.clone(),
            not_before: now - BACKDATE,
            not_after: now + Duration::days(i64::from(authority.days)),
            version_1: false,
            basic_constraints: BasicConstraints::Authority,
            may_sign: true,
        }
    }
}

/// What a leaf is to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafRequest {
    /// The subject.
    pub subject: Subject,
    /// The SANs, in order.
    pub names: Vec<HostName>,
    /// The extended key usages, in order; with none the extension is left out.
    pub usages: Vec<Usage>,
    /// The first moment of its validity.
    pub not_before: OffsetDateTime,
    /// The last moment of its validity.
    pub not_after: OffsetDateTime,
    /// X.509 version 1, without extensions.
    pub version_1: bool,
}

impl LeafRequest {
    /// The leaf that a plan asks for, made now. A kubeconfig's begins with its authority,
    /// the others five minutes ago, as kubeadm's do.
    #[must_use]
    pub fn planned(
        certificate: &Certificate,
        issuer_not_before: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Self {
        Self {
            subject: certificate.subject.clone(),
            names: certificate.names.clone(),
            usages: certificate.usages.clone(),
            not_before: match certificate.places {
                Places::Files(_) => now - BACKDATE,
                Places::Kubeconfig(_) => issuer_not_before,
            },
            not_after: now + Duration::days(i64::from(certificate.days)),
            version_1: false,
        }
    }
}

/// Who signs: the authority's name and identifier as its certificate has them, and its key.
#[derive(Debug)]
pub struct Issuer<'a> {
    /// The authority's subject, a DER Name.
    pub subject: Vec<u8>,
    /// The authority's subjectKeyIdentifier, if it has one.
    pub key_identifier: Option<Vec<u8>>,
    /// The authority's key.
    pub key: &'a PrivateKey,
}

/// The bits of keyUsage (RFC 5280 section 4.2.1.3).
const DIGITAL_SIGNATURE: u8 = 0;
const KEY_ENCIPHERMENT: u8 = 2;
const KEY_CERT_SIGN: u8 = 5;

/// Makes an authority's self-signed certificate.
///
/// # Errors
/// The library failed.
pub fn authority_certificate(request: &AuthorityRequest, key: &PrivateKey) -> Result<Vec<u8>, KeyError> {
    let subject = name(&request.subject);
    let mut bits = vec![DIGITAL_SIGNATURE, KEY_ENCIPHERMENT];
    if request.may_sign {
        bits.push(KEY_CERT_SIGN);
    }
    let usage = extension::key_usage(&bits);
    let mut extensions = match request.basic_constraints {
        BasicConstraints::Absent => Vec::new(),
        BasicConstraints::NotAuthority => vec![usage, extension::basic_constraints(false)],
        BasicConstraints::Authority => vec![usage, extension::basic_constraints(true)],
    };
    extensions.push(extension::subject_key_identifier(&key.identifier()));
    if !request.dns_names.is_empty() {
        let names: Vec<HostName> = request.dns_names.iter().cloned().map(HostName::Dns).collect();
        extensions.push(extension::subject_alt_name(&names));
    }
    let template = Template {
        version: (!request.version_1).then_some(2),
        serial: serial()?,
        issuer: subject.clone(),
        not_before: request.not_before,
        not_after: request.not_after,
        subject,
        public_key_info: key.public_key_info().to_vec(),
        extensions: if request.version_1 { Vec::new() } else { extensions },
    };
    sign(&template, key)
}

/// Makes a leaf for a public key.
///
/// # Errors
/// The library failed.
pub fn leaf_certificate(
    request: &LeafRequest,
    public_key_info: &[u8],
    issuer: &Issuer<'_>,
) -> Result<Vec<u8>, KeyError> {
    let template = Template {
        version: (!request.version_1).then_some(2),
        serial: serial()?,
        issuer: issuer.subject.clone(),
        not_before: request.not_before,
        not_after: request.not_after,
        subject: name(&request.subject),
        public_key_info: public_key_info.to_vec(),
        extensions: if request.version_1 { Vec::new() } else { leaf_extensions(request, issuer) },
    };
    sign(&template, issuer.key)
}

fn leaf_extensions(request: &LeafRequest, issuer: &Issuer<'_>) -> Vec<Extension> {
    let mut extensions = vec![extension::key_usage(&[DIGITAL_SIGNATURE, KEY_ENCIPHERMENT])];
    if !request.usages.is_empty() {
        extensions.push(extension::extended_key_usage(&request.usages));
    }
    extensions.push(extension::basic_constraints(false));
    if let Some(identifier) = &issuer.key_identifier {
        extensions.push(extension::authority_key_identifier(identifier));
    }
    if !request.names.is_empty() {
        extensions.push(extension::subject_alt_name(&request.names));
    }
    extensions
}

/// Makes the CSR for a subject and its SANs.
///
/// # Errors
/// The library failed.
pub fn leaf_csr(subject: &Subject, names: &[HostName], key: &PrivateKey) -> Result<Vec<u8>, KeyError> {
    let asked = if names.is_empty() { Vec::new() } else { vec![extension::subject_alt_name(names)] };
    csr(&name(subject), &asked, key)
}

/// A random serial number of 63 bits, at least 1, as kubeadm's.
///
/// # Errors
/// The machine gives no random numbers.
pub fn serial() -> Result<Vec<u8>, KeyError> {
    let mut bytes = [0u8; 8];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| KeyError::Library("no random numbers".into()))?;
    Ok(((u64::from_be_bytes(bytes) >> 1).max(1)).to_be_bytes().to_vec())
}
