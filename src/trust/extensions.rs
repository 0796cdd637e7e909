//! Certificate extensions (RFC 5280, section 4.2), with the rules of Go's
//! `processExtensions`.

use std::net::IpAddr;

use super::ParseError;
use super::constraints::{NameConstraints, is_valid_domain};
use super::der::{Reader, dotted, tag};
use super::uri::Uri;
use crate::text::quote;

/// OIDs of the extensions that are looked for by name.
pub(super) mod oid {
    pub(in crate::trust) const SUBJECT_KEY_ID: &str = "2.5.29.14";
    pub(in crate::trust) const KEY_USAGE: &str = "2.5.29.15";
    pub(in crate::trust) const SUBJECT_ALTERNATIVE_NAME: &str = "2.5.29.17";
    pub(in crate::trust) const BASIC_CONSTRAINTS: &str = "2.5.29.19";
    pub(in crate::trust) const NAME_CONSTRAINTS: &str = "2.5.29.30";
    pub(in crate::trust) const CRL_DISTRIBUTION_POINTS: &str = "2.5.29.31";
    pub(in crate::trust) const CERTIFICATE_POLICIES: &str = "2.5.29.32";
    pub(in crate::trust) const POLICY_MAPPINGS: &str = "2.5.29.33";
    pub(in crate::trust) const AUTHORITY_KEY_ID: &str = "2.5.29.35";
    pub(in crate::trust) const POLICY_CONSTRAINTS: &str = "2.5.29.36";
    pub(in crate::trust) const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
    pub(in crate::trust) const INHIBIT_ANY_POLICY: &str = "2.5.29.54";
    pub(in crate::trust) const AUTHORITY_INFO_ACCESS: &str = "1.3.6.1.5.5.7.1.1";
}

/// One extension as it stands in the certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// The type, dotted.
    pub oid: String,
    /// Whether a verifier that does not know it must refuse.
    pub critical: bool,
    /// The DER inside the OCTET STRING.
    pub value: Vec<u8>,
}

/// Basic constraints (RFC 5280, section 4.2.1.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether the subject is an authority.
    pub is_ca: bool,
    /// How many intermediates may stand below it.
    pub path_length: Option<u64>,
}

/// Key usage bits (RFC 5280, section 4.2.1.3); bit 0 is `digitalSignature`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyUsage(pub u16);

impl KeyUsage {
    /// The bits by name, in order.
    pub const NAMES: [&'static str; 9] = [
        "digitalSignature",
        "nonRepudiation",
        "keyEncipherment",
        "dataEncipherment",
        "keyAgreement",
        "keyCertSign",
        "cRLSign",
        "encipherOnly",
        "decipherOnly",
    ];

    /// Whether certificates may be signed; an empty usage forbids nothing.
    #[must_use]
    pub const fn allows_certificate_signing(self) -> bool {
        self.0 == 0 || self.0 & 1 << 5 != 0
    }

    /// The names of the bits that are set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES
            .into_iter()
            .enumerate()
            .filter(move |(bit, _)| self.0 >> bit & 1 == 1)
            .map(|(_, name)| name)
    }
}

/// What the extensions say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Extensions {
    pub(super) all: Vec<Extension>,
    pub(super) key_usage: KeyUsage,
    pub(super) basic_constraints: Option<BasicConstraints>,
    pub(super) dns_names: Vec<String>,
    pub(super) email_addresses: Vec<String>,
    pub(super) ip_addresses: Vec<IpAddr>,
    pub(super) uris: Vec<Uri>,
    pub(super) name_constraints: Option<NameConstraints>,
    pub(super) authority_key_id: Vec<u8>,
    pub(super) subject_key_id: Vec<u8>,
    pub(super) extended_key_usages: Vec<String>,
    /// The contents of the policies' OIDs.
    pub(super) policies: Vec<Vec<u8>>,
    /// Issuer domain policy and subject domain policy.
    pub(super) policy_mappings: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) require_explicit_policy: Option<i64>,
    pub(super) inhibit_policy_mapping: Option<i64>,
    pub(super) inhibit_any_policy: Option<i64>,
    pub(super) unhandled_critical: Vec<String>,
}

/// Reads the contents of one Extension.
pub(super) fn parse_one(mut contents: Reader<'_>) -> Result<Extension, ParseError> {
    let oid = contents.oid().ok_or_else(|| ParseError::new("x509: malformed extension OID field"))?;
    let critical = if contents.next_is(tag::BOOLEAN) {
        contents.boolean().ok_or_else(|| ParseError::new("x509: malformed extension critical field"))?
    } else {
        false
    };
    let value = contents
        .contents(tag::OCTET_STRING)
        .ok_or_else(|| ParseError::new("x509: malformed extension value field"))?;
    Ok(Extension { oid, critical, value: value.to_vec() })
}

impl Extensions {
    /// Reads what each extension says, in order.
    pub(super) fn interpret(all: Vec<Extension>) -> Result<Self, ParseError> {
        let mut out = Self::default();
        for extension in &all {
            let is_handled = out.read(extension)?;
            if extension.critical && !is_handled {
                out.unhandled_critical.push(extension.oid.clone());
            }
        }
        out.all = all;
        Ok(out)
    }

    /// Reads one extension; false if it is unknown, or says what Go does not look at.
    fn read(&mut self, extension: &Extension) -> Result<bool, ParseError> {
        let mut value = Reader::new(&extension.value);
        match extension.oid.as_str() {
            oid::KEY_USAGE => {
                let bits = value.bit_string().ok_or_else(|| ParseError::new("x509: invalid key usage"))?;
                self.key_usage = KeyUsage(
                    (0..KeyUsage::NAMES.len())
                        .filter(|&bit| bits.bit(bit))
                        .fold(0, |usage, bit| usage | 1 << bit),
                );
            }
            oid::BASIC_CONSTRAINTS => {
                let read = read_basic_constraints(value)
                    .ok_or_else(|| ParseError::new("x509: invalid basic constraints"))?;
                self.basic_constraints = Some(read);
            }
            oid::SUBJECT_ALTERNATIVE_NAME => {
                self.read_alternative_names(value)?;
                return Ok(!(self.dns_names.is_empty()
                    && self.email_addresses.is_empty()
                    && self.ip_addresses.is_empty()
                    && self.uris.is_empty()));
            }
            oid::NAME_CONSTRAINTS => {
                let (constraints, is_handled) = NameConstraints::parse(value)?;
                self.name_constraints = Some(constraints);
                return Ok(is_handled);
            }
            oid::CRL_DISTRIBUTION_POINTS => check_distribution_points(value)?,
            oid::AUTHORITY_KEY_ID => {
                if extension.critical {
                    return Err(ParseError::new(
                        "x509: authority key identifier incorrectly marked critical",
                    ));
                }
                self.authority_key_id = read_authority_key_id(value)
                    .ok_or_else(|| ParseError::new("x509: invalid authority key identifier"))?;
            }
            oid::SUBJECT_KEY_ID => {
                if extension.critical {
                    return Err(ParseError::new("x509: subject key identifier incorrectly marked critical"));
                }
                self.subject_key_id = value
                    .contents(tag::OCTET_STRING)
                    .ok_or_else(|| ParseError::new("x509: invalid subject key identifier"))?
                    .to_vec();
            }
            oid::EXTENDED_KEY_USAGE => {
                self.extended_key_usages = read_extended_key_usages(value)
                    .ok_or_else(|| ParseError::new("x509: invalid extended key usages"))?;
            }
            oid::POLICY_CONSTRAINTS => self
                .read_policy_constraints(value)
                .ok_or_else(|| ParseError::new("x509: invalid policy constraints extension"))?,
            oid::CERTIFICATE_POLICIES => {
                self.policies = read_policies(value)
                    .ok_or_else(|| ParseError::new("x509: invalid certificate policies"))?;
            }
            oid::POLICY_MAPPINGS => {
                self.policy_mappings = read_policy_mappings(value)
                    .ok_or_else(|| ParseError::new("x509: invalid policy mappings extension"))?;
            }
            oid::INHIBIT_ANY_POLICY => {
                let skipped = value
                    .int64()
                    .ok_or_else(|| ParseError::new("x509: invalid inhibit any policy extension"))?;
                self.inhibit_any_policy = Some(skipped).filter(|&skipped| skipped >= 0);
            }
            oid::AUTHORITY_INFO_ACCESS => {
                if extension.critical {
                    return Err(ParseError::new("x509: authority info access incorrectly marked critical"));
                }
                check_authority_info_access(value)
                    .ok_or_else(|| ParseError::new("x509: invalid authority info access"))?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn read_alternative_names(&mut self, mut value: Reader<'_>) -> Result<(), ParseError> {
        let mut names = value
            .inside(tag::SEQUENCE)
            .ok_or_else(|| ParseError::new("x509: invalid subject alternative names"))?;
        let ascii = |contents: &[u8], form: &str| {
            String::from_utf8(contents.to_vec())
                .ok()
                .filter(|text| text.is_ascii())
                .ok_or_else(|| ParseError(format!("x509: SAN {form} is malformed")))
        };
        while !names.is_empty() {
            let element =
                names.any().ok_or_else(|| ParseError::new("x509: invalid subject alternative name"))?;
            let contents = element.contents;
            // Any other form is passed over.
            match element.tag ^ 0x80 {
                1 => self.email_addresses.push(ascii(contents, "rfc822Name")?),
                2 => self.dns_names.push(ascii(contents, "dNSName")?),
                6 => {
                    let text = ascii(contents, "uniformResourceIdentifier")?;
                    let refused =
                        |cause: &str| ParseError(format!("x509: cannot parse URI {}: {cause}", quote(&text)));
                    let uri = Uri::parse(&text).map_err(|cause| refused(&cause))?;
                    if !is_valid_domain(&uri.host, false) {
                        return Err(refused("invalid domain"));
                    }
                    self.uris.push(uri);
                }
                7 => self.ip_addresses.push(read_address(contents)?),
                _ => {}
            }
        }
        Ok(())
    }

    fn read_policy_constraints(&mut self, mut value: Reader<'_>) -> Option<()> {
        let mut sequence = value.inside(tag::SEQUENCE)?;
        let mut skipped = |number| {
            if sequence.next_is(tag::context(number)) {
                sequence.int64_as(tag::context(number)).map(Some)
            } else {
                Some(None)
            }
        };
        // Go treats a negative number as if it were not there.
        self.require_explicit_policy = skipped(0)?.filter(|&skipped| skipped >= 0);
        self.inhibit_policy_mapping = skipped(1)?.filter(|&skipped| skipped >= 0);
        Some(())
    }
}

fn read_address(octets: &[u8]) -> Result<IpAddr, ParseError> {
    if let Ok(octets) = <[u8; 4]>::try_from(octets) {
        return Ok(IpAddr::from(octets));
    }
    let Ok(octets) = <[u8; 16]>::try_from(octets) else {
        return Err(ParseError(format!("x509: cannot parse IP address of length {}", octets.len())));
    };
    let address = IpAddr::from(octets);
    if address.to_canonical().is_ipv4() {
        return Err(ParseError::new("x509: SAN iPAddress contains IPv4-mapped IPv6 address"));
    }
    Ok(address)
}

fn read_basic_constraints(mut value: Reader<'_>) -> Option<BasicConstraints> {
    let mut sequence = value.inside(tag::SEQUENCE)?;
    let is_ca = sequence.next_is(tag::BOOLEAN) && sequence.boolean()?;
    let path_length =
        if sequence.next_is(tag::INTEGER) { Some(u64::try_from(sequence.int64()?).ok()?) } else { None };
    Some(BasicConstraints { is_ca, path_length })
}

fn read_authority_key_id(mut value: Reader<'_>) -> Option<Vec<u8>> {
    let mut sequence = value.inside(tag::SEQUENCE)?;
    let key_id = sequence.optional(tag::context(0))?;
    Some(key_id.unwrap_or_default().to_vec())
}

fn read_extended_key_usages(mut value: Reader<'_>) -> Option<Vec<String>> {
    let mut sequence = value.inside(tag::SEQUENCE)?;
    let mut usages = Vec::new();
    while !sequence.is_empty() {
        usages.push(sequence.oid()?);
    }
    Some(usages)
}

fn read_policies(mut value: Reader<'_>) -> Option<Vec<Vec<u8>>> {
    let mut sequence = value.inside(tag::SEQUENCE)?;
    let mut policies = Vec::new();
    let mut seen = std::collections::HashSet::new();
    while !sequence.is_empty() {
        let oid = sequence.inside(tag::SEQUENCE)?.contents(tag::OID)?;
        if !seen.insert(oid) || !is_object_identifier(oid) {
            return None;
        }
        policies.push(oid.to_vec());
    }
    Some(policies)
}

/// Arcs without padding, the last one whole; of any size.
fn is_object_identifier(contents: &[u8]) -> bool {
    let mut fresh = true;
    for &octet in contents {
        if fresh && octet == 0x80 {
            return false;
        }
        fresh = octet & 0x80 == 0;
    }
    fresh && !contents.is_empty()
}

fn read_policy_mappings(mut value: Reader<'_>) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut sequence = value.inside(tag::SEQUENCE)?;
    let mut mappings = Vec::new();
    while !sequence.is_empty() {
        let mut mapping = sequence.inside(tag::SEQUENCE)?;
        let issuer = mapping.contents(tag::OID)?;
        let subject = mapping.contents(tag::OID)?;
        mappings.push((issuer.to_vec(), subject.to_vec()));
    }
    Some(mappings)
}

fn check_distribution_points(mut value: Reader<'_>) -> Result<(), ParseError> {
    let mut points = value
        .inside(tag::SEQUENCE)
        .ok_or_else(|| ParseError::new("x509: invalid CRL distribution points"))?;
    let check = |points: &mut Reader<'_>| {
        let mut point = points.inside(tag::SEQUENCE)?;
        if let Some(name) = point.optional(tag::constructed(0))? {
            let mut full_name = Reader::new(name).inside(tag::constructed(0))?;
            while full_name.next_is(tag::context(6)) {
                full_name.any()?;
            }
        }
        Some(())
    };
    while !points.is_empty() {
        check(&mut points).ok_or_else(|| ParseError::new("x509: invalid CRL distribution point"))?;
    }
    Ok(())
}

fn check_authority_info_access(mut value: Reader<'_>) -> Option<()> {
    let mut sequence = value.inside(tag::SEQUENCE)?;
    while !sequence.is_empty() {
        let mut access = sequence.inside(tag::SEQUENCE)?;
        dotted(access.contents(tag::OID)?)?;
        access.optional(tag::context(6))?;
    }
    Some(())
}
