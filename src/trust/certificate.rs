//! One certificate as Go's parser takes it.

use std::net::IpAddr;

use time::OffsetDateTime;

use super::der::{Reader, tag};
use super::extensions::{self, BasicConstraints, Extension, Extensions, KeyUsage, oid};
use super::key::{self, AlgorithmIdentifier, KeyAlgorithm, PublicKey};
use super::name::Name;
use super::signature::{self, Scheme};
use crate::x509::huge_serial;

/// Why Go's parser refuses bytes as a certificate, in its words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseError(pub(super) String);

impl ParseError {
    pub(super) fn new(message: &str) -> Self {
        Self(message.to_owned())
    }
}

/// A certificate that Go's `x509.ParseCertificate` accepts.
///
/// Two are equal if their bytes are.
#[derive(Debug, Clone)]
pub struct Certificate {
    der: Vec<u8>,
    signed: Vec<u8>,
    version: u8,
    /// Two's complement, big-endian, not negative.
    serial: Vec<u8>,
    scheme: Option<Scheme>,
    signature: Vec<u8>,
    issuer: Name,
    subject: Name,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
    public_key_info: Vec<u8>,
    public_key: PublicKey,
    extensions: Extensions,
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl Certificate {
    /// Parses DER by the rules of Go's `x509.ParseCertificate`.
    ///
    /// # Errors
    /// Go's parser would refuse the bytes; the error is its text.
    pub fn parse(der: &[u8]) -> Result<Self, ParseError> {
        let error = ParseError::new;
        let mut input = Reader::new(der);
        let whole = input.element(tag::SEQUENCE).ok_or_else(|| error("x509: malformed certificate"))?;
        let has_trailing_data = !input.is_empty();
        let mut outer = Reader::new(whole.contents);
        let signed = outer.element(tag::SEQUENCE).ok_or_else(|| error("x509: malformed tbs certificate"))?;
        let mut fields = Reader::new(signed.contents);

        let version = read_version(&mut fields)?;
        let serial = fields.integer().ok_or_else(|| error("x509: malformed serial number"))?;
        if serial.first().is_some_and(|first| first & 0x80 != 0) {
            return Err(error("x509: negative serial number"));
        }
        let inner = fields
            .contents(tag::SEQUENCE)
            .ok_or_else(|| error("x509: malformed signature algorithm identifier"))?;
        let repeated =
            outer.contents(tag::SEQUENCE).ok_or_else(|| error("x509: malformed algorithm identifier"))?;
        if inner != repeated {
            return Err(error("x509: inner and outer signature algorithm identifiers don't match"));
        }
        let identifier = AlgorithmIdentifier::parse(Reader::new(inner))?;
        let scheme = Scheme::from_identifier(&identifier);

        let issuer = fields.element(tag::SEQUENCE).ok_or_else(|| error("x509: malformed issuer"))?;
        let issuer = Name::parse(issuer.full)?;
        let mut validity = fields.inside(tag::SEQUENCE).ok_or_else(|| error("x509: malformed validity"))?;
        let not_before = read_time(&mut validity)?;
        let not_after = read_time(&mut validity)?;
        // Go says "issuer" of the subject, too.
        let subject = fields.element(tag::SEQUENCE).ok_or_else(|| error("x509: malformed issuer"))?;
        let subject = Name::parse(subject.full)?;
        let public_key_info = fields.element(tag::SEQUENCE).ok_or_else(|| error("x509: malformed spki"))?;
        let public_key = key::parse(public_key_info.full)?;
        let extensions = read_extensions(&mut fields, version)?;
        let signature = outer.bit_string().ok_or_else(|| error("x509: malformed signature"))?;
        if has_trailing_data {
            return Err(error("x509: trailing data"));
        }
        Ok(Self {
            der: whole.full.to_vec(),
            signed: signed.full.to_vec(),
            version,
            serial: serial.to_vec(),
            scheme,
            signature: signature.right_aligned(),
            issuer,
            subject,
            not_before,
            not_after,
            public_key_info: public_key_info.full.to_vec(),
            public_key,
            extensions,
        })
    }

    /// The bytes of the certificate.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The X.509 version: 1, 2 or 3.
    #[must_use]
    pub const fn version(&self) -> u8 {
        self.version
    }

    /// The serial number in decimal digits, or a summary of one that is far too long
    /// ([`huge_serial`]).
    #[must_use]
    pub fn serial(&self) -> String {
        huge_serial(&self.serial).unwrap_or_else(|| decimal(&self.serial))
    }

    /// Who signed it, by its own account.
    #[must_use]
    pub const fn issuer(&self) -> &Name {
        &self.issuer
    }

    /// Whom it names.
    #[must_use]
    pub const fn subject(&self) -> &Name {
        &self.subject
    }

    /// When it begins to be valid, that second included.
    #[must_use]
    pub const fn not_before(&self) -> OffsetDateTime {
        self.not_before
    }

    /// When it ends to be valid, that second included.
    #[must_use]
    pub const fn not_after(&self) -> OffsetDateTime {
        self.not_after
    }

    /// The DER of the SubjectPublicKeyInfo.
    #[must_use]
    pub fn public_key_info(&self) -> &[u8] {
        &self.public_key_info
    }

    /// Go's name of the algorithm that it is signed with, where Go refuses its hash:
    /// `SHA1-RSA`.
    #[must_use]
    pub fn insecure_signature(&self) -> Option<&'static str> {
        self.scheme.and_then(Scheme::insecure_name)
    }

    /// The algorithm and size of the public key.
    #[must_use]
    pub fn key_algorithm(&self) -> KeyAlgorithm {
        self.public_key.algorithm()
    }

    /// The subject key identifier; empty if there is none.
    #[must_use]
    pub fn subject_key_id(&self) -> &[u8] {
        &self.extensions.subject_key_id
    }

    /// The authority key identifier; empty if there is none.
    #[must_use]
    pub fn authority_key_id(&self) -> &[u8] {
        &self.extensions.authority_key_id
    }

    /// The DNS names among the SANs, in order.
    #[must_use]
    pub fn dns_names(&self) -> &[String] {
        &self.extensions.dns_names
    }

    /// The addresses among the SANs, in order.
    #[must_use]
    pub fn ip_addresses(&self) -> &[IpAddr] {
        &self.extensions.ip_addresses
    }

    /// The mail addresses among the SANs, in order.
    #[must_use]
    pub fn email_addresses(&self) -> &[String] {
        &self.extensions.email_addresses
    }

    /// The URIs among the SANs, in order, as Go prints them.
    pub fn uris(&self) -> impl Iterator<Item = &str> {
        self.extensions.uris.iter().map(|uri| uri.text.as_str())
    }

    /// Whether there is a SAN extension at all.
    #[must_use]
    pub fn has_alternative_names(&self) -> bool {
        self.alternative_names().is_some()
    }

    /// The extended key usages as dotted OIDs, in order.
    #[must_use]
    pub fn extended_key_usages(&self) -> &[String] {
        &self.extensions.extended_key_usages
    }

    /// The key usage; empty if there is none.
    #[must_use]
    pub const fn key_usage(&self) -> KeyUsage {
        self.extensions.key_usage
    }

    /// The basic constraints, if there are any.
    #[must_use]
    pub const fn basic_constraints(&self) -> Option<BasicConstraints> {
        self.extensions.basic_constraints
    }

    /// Whether the basic constraints say that it is an authority.
    #[must_use]
    pub fn is_ca(&self) -> bool {
        self.basic_constraints().is_some_and(|constraints| constraints.is_ca)
    }

    /// Every extension, in order.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions.all
    }

    /// The critical extensions that Go does not handle, as dotted OIDs.
    #[must_use]
    pub fn unhandled_critical_extensions(&self) -> &[String] {
        &self.extensions.unhandled_critical
    }

    /// Whether this certificate may sign others, and signed `child`: Go's
    /// `CheckSignatureFrom`.
    ///
    /// # Errors
    /// Go's text, if it may not or did not.
    pub fn check_signed(&self, child: &Self) -> Result<(), String> {
        self.check_may_sign()?;
        self.check_signature_of(child)
    }

    /// What Go asks of an issuer before it looks at a signature.
    pub(super) fn check_may_sign(&self) -> Result<(), String> {
        let is_authority = match self.basic_constraints() {
            Some(constraints) => constraints.is_ca,
            // Before version 3 there was no way to say it.
            None => self.version < 3,
        };
        if is_authority && self.key_usage().allows_certificate_signing() {
            Ok(())
        } else {
            Err("x509: invalid signature: parent certificate cannot sign this kind of certificate".to_owned())
        }
    }

    /// The signature alone.
    pub(super) fn check_signature_of(&self, child: &Self) -> Result<(), String> {
        signature::verify(child.scheme, &child.signed, &child.signature, &self.public_key)
    }

    /// Whether the public key is of a kind that Go reads at all.
    pub(super) fn has_known_key(&self) -> bool {
        self.public_key != PublicKey::Unknown
    }

    /// The value of the SAN extension.
    pub(super) fn alternative_names(&self) -> Option<&[u8]> {
        self.extensions
            .all
            .iter()
            .find(|extension| extension.oid == oid::SUBJECT_ALTERNATIVE_NAME)
            .map(|extension| extension.value.as_slice())
    }

    pub(super) const fn extension_data(&self) -> &Extensions {
        &self.extensions
    }
}

/// The version: a number from 0 to 2 under `[0]`, 0 if absent.
fn read_version(fields: &mut Reader<'_>) -> Result<u8, ParseError> {
    let malformed = || ParseError::new("x509: malformed version");
    let number = match fields.optional(tag::constructed(0)).ok_or_else(malformed)? {
        None => 0,
        Some(contents) => {
            let mut explicit = Reader::new(contents);
            let number = explicit.int64().ok_or_else(malformed)?;
            if !explicit.is_empty() {
                return Err(malformed());
            }
            number
        }
    };
    match number {
        0 => Ok(1),
        1 => Ok(2),
        2 => Ok(3),
        3.. => Err(ParseError::new("x509: invalid version")),
        _ => Err(malformed()),
    }
}

fn read_time(validity: &mut Reader<'_>) -> Result<OffsetDateTime, ParseError> {
    if validity.next_is(tag::UTC_TIME) {
        validity.utc_time().ok_or_else(|| ParseError::new("x509: malformed UTCTime"))
    } else if validity.next_is(tag::GENERALIZED_TIME) {
        validity.generalized_time().ok_or_else(|| ParseError::new("x509: malformed GeneralizedTime"))
    } else {
        Err(ParseError::new("x509: unsupported time format"))
    }
}

fn read_extensions(fields: &mut Reader<'_>, version: u8) -> Result<Extensions, ParseError> {
    let error = ParseError::new;
    if version < 2 {
        return Ok(Extensions::default());
    }
    fields.optional(tag::context(1)).ok_or_else(|| error("x509: malformed issuerUniqueID"))?;
    fields.optional(tag::context(2)).ok_or_else(|| error("x509: malformed subjectUniqueID"))?;
    if version < 3 {
        return Ok(Extensions::default());
    }
    let malformed = || error("x509: malformed extensions");
    let Some(explicit) = fields.optional(tag::constructed(3)).ok_or_else(malformed)? else {
        return Ok(Extensions::default());
    };
    let mut sequence = Reader::new(explicit).inside(tag::SEQUENCE).ok_or_else(malformed)?;
    let mut all: Vec<Extension> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    while !sequence.is_empty() {
        let mut contents =
            sequence.inside(tag::SEQUENCE).ok_or_else(|| error("x509: malformed extension"))?;
        let extension = extensions::parse_one(contents)?;
        // One OID is one encoding: padded arcs are refused.
        if !seen.insert(contents.contents(tag::OID)) {
            return Err(ParseError(format!(
                "x509: certificate contains duplicate extension with OID \"{}\"",
                extension.oid
            )));
        }
        all.push(extension);
    }
    Extensions::interpret(all)
}

/// The decimal digits of a big-endian number.
fn decimal(octets: &[u8]) -> String {
    const CHUNK: u64 = 1_000_000_000;
    let mut limbs: Vec<u64> = Vec::new();
    for chunk in octets.rchunks(4).rev() {
        let shift = chunk.len() * 8;
        let mut carry = chunk.iter().fold(0u64, |value, &octet| value << 8 | u64::from(octet));
        for limb in &mut limbs {
            let value = (*limb << shift) + carry;
            *limb = value % CHUNK;
            carry = value / CHUNK;
        }
        while carry > 0 {
            limbs.push(carry % CHUNK);
            carry /= CHUNK;
        }
    }
    let mut digits = limbs.iter().rev();
    let mut text = digits.next().map_or("0".to_owned(), u64::to_string);
    for limb in digits {
        text.push_str(&format!("{limb:09}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn serial_numbers_are_written_in_decimal() {
        assert_eq!(decimal(&[0]), "0");
        assert_eq!(decimal(&[1, 0, 0, 0, 0]), "4294967296");
        assert_eq!(decimal(&[0xff; 20]), "1461501637330902918203684832716283019655932542975");
        assert_eq!(decimal(&[0x3b, 0x9a, 0xca, 0x00]), "1000000000");
    }
}
