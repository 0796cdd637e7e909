//! Certificates to order: a small DER writer, four Ed25519 keys that are always the same,
//! and whatever extensions are wanted. Right or wrong is up to the caller.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

/// The common names that are drawn from.
pub const NAMES: [&str; 8] = ["", "a", "b", "c", "d", "e", "f", "g"];

/// A DER element, its length as short as it can be.
pub fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = contents.len();
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let octets: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|octet| *octet == 0).collect();
        out.push(0x80 | octets.len() as u8);
        out.extend(octets);
    }
    out.extend_from_slice(contents);
    out
}

/// A SEQUENCE of elements.
pub fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    element(0x30, &parts.concat())
}

/// An OBJECT IDENTIFIER below 2.5.29, where extensions live.
fn extension_oid(last: u8) -> Vec<u8> {
    vec![0x06, 3, 0x55, 0x1d, last]
}

/// An extension of 2.5.29.
pub fn extension(last: u8, critical: bool, value: &[u8]) -> Vec<u8> {
    let mut parts = vec![extension_oid(last)];
    if critical {
        parts.push(vec![0x01, 1, 0xff]);
    }
    parts.push(element(0x04, value));
    sequence(&parts)
}

/// A name with one common name; with none if it is empty.
pub fn name(common: &str) -> Vec<u8> {
    if common.is_empty() {
        return sequence(&[]);
    }
    let attribute = sequence(&[vec![0x06, 3, 0x55, 0x04, 3], element(0x0c, common.as_bytes())]);
    sequence(&[element(0x31, &attribute)])
}

/// One of the keys.
pub fn key(number: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[number.wrapping_add(1); 32]).unwrap()
}

/// Ed25519 as an AlgorithmIdentifier.
fn algorithm() -> Vec<u8> {
    sequence(&[vec![0x06, 3, 0x2b, 0x65, 0x70]])
}

/// The SubjectPublicKeyInfo of a key.
pub fn key_info(number: u8) -> Vec<u8> {
    let mut bits = vec![0];
    bits.extend_from_slice(key(number).public_key().as_ref());
    sequence(&[algorithm(), element(0x03, &bits)])
}

/// What a certificate is made of.
#[derive(Debug, Clone)]
pub struct Order {
    /// The version as it is encoded: 2 is v3.
    pub version: u8,
    /// The serial number.
    pub serial: Vec<u8>,
    /// The issuer, a DER name.
    pub issuer: Vec<u8>,
    /// The subject, a DER name.
    pub subject: Vec<u8>,
    /// The first and the last year of its validity.
    pub years: (u16, u16),
    /// The SubjectPublicKeyInfo.
    pub key_info: Vec<u8>,
    /// Extensions, each a DER element.
    pub extensions: Vec<Vec<u8>>,
    /// Which key signs.
    pub signer: u8,
    /// Whether the signature is spoiled.
    pub spoiled: bool,
}

impl Order {
    /// A v3 certificate of this subject and key by that issuer and key, valid around 2026.
    pub fn new(subject: &str, key: u8, issuer: &str, signer: u8) -> Self {
        Self {
            version: 2,
            serial: vec![1],
            issuer: name(issuer),
            subject: name(subject),
            years: (2020, 2040),
            key_info: key_info(key),
            extensions: Vec::new(),
            signer,
            spoiled: false,
        }
    }

    /// The same with an extension more.
    pub fn with(mut self, extension: Vec<u8>) -> Self {
        self.extensions.push(extension);
        self
    }

    /// The same, an authority.
    pub fn authority(self) -> Self {
        self.with(extension(19, true, &sequence(&[vec![0x01, 1, 0xff]])))
    }

    /// The certificate.
    pub fn der(&self) -> Vec<u8> {
        let time = |year: u16| element(0x18, format!("{year:04}0101000000Z").as_bytes());
        let mut parts = Vec::new();
        if self.version > 0 {
            parts.push(element(0xa0, &[0x02, 1, self.version]));
        }
        parts.extend([
            element(0x02, &self.serial),
            algorithm(),
            self.issuer.clone(),
            sequence(&[time(self.years.0), time(self.years.1)]),
            self.subject.clone(),
            self.key_info.clone(),
        ]);
        if !self.extensions.is_empty() {
            parts.push(element(0xa3, &sequence(&self.extensions)));
        }
        let signed = sequence(&parts);
        let mut signature = vec![0];
        signature.extend_from_slice(key(self.signer).sign(&signed).as_ref());
        if let (true, Some(last)) = (self.spoiled, signature.last_mut()) {
            *last ^= 1;
        }
        sequence(&[signed, algorithm(), element(0x03, &signature)])
    }
}
