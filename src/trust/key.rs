//! Public keys, with the rules of Go's `parsePublicKey`.

use std::fmt;

use super::ParseError;
use super::curve::Curve;
use super::der::{NULL, Reader, tag};
use super::ml_dsa::ParameterSet;

/// A public key's algorithm and size, as people name it: `RSA 2048`, `ECDSA P-256`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyAlgorithm {
    /// RSA with a modulus of so many bits.
    Rsa(usize),
    /// ECDSA on a curve.
    Ecdsa(Curve),
    /// Ed25519.
    Ed25519,
    /// ML-DSA with a parameter set.
    MlDsa(ParameterSet),
    /// DSA, which Go does not verify with.
    Dsa,
    /// Something that Go does not know.
    Unknown,
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(bits) => write!(out, "RSA {bits}"),
            Self::Ecdsa(Curve::P224) => out.write_str("ECDSA P-224"),
            Self::Ecdsa(Curve::P256) => out.write_str("ECDSA P-256"),
            Self::Ecdsa(Curve::P384) => out.write_str("ECDSA P-384"),
            Self::Ecdsa(Curve::P521) => out.write_str("ECDSA P-521"),
            Self::Ed25519 => out.write_str("Ed25519"),
            Self::MlDsa(set) => set.fmt(out),
            Self::Dsa => out.write_str("DSA"),
            Self::Unknown => out.write_str("unknown"),
        }
    }
}

/// A public key as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PublicKey {
    Rsa {
        /// Big-endian, without leading zeros.
        modulus: Vec<u8>,
        exponent: u64,
    },
    Ecdsa {
        curve: Curve,
        /// Uncompressed, on the curve.
        point: Vec<u8>,
    },
    Ed25519(Vec<u8>),
    MlDsa {
        set: ParameterSet,
        key: Vec<u8>,
    },
    Dsa,
    Unknown,
}

impl PublicKey {
    pub(super) fn algorithm(&self) -> KeyAlgorithm {
        match self {
            Self::Rsa { modulus, .. } => KeyAlgorithm::Rsa(bit_length(modulus)),
            Self::Ecdsa { curve, .. } => KeyAlgorithm::Ecdsa(*curve),
            Self::Ed25519(_) => KeyAlgorithm::Ed25519,
            Self::MlDsa { set, .. } => KeyAlgorithm::MlDsa(*set),
            Self::Dsa => KeyAlgorithm::Dsa,
            Self::Unknown => KeyAlgorithm::Unknown,
        }
    }
}

/// The bits of a big-endian number without leading zeros.
pub(super) fn bit_length(octets: &[u8]) -> usize {
    octets.first().map_or(0, |first| octets.len() * 8 - first.leading_zeros() as usize)
}

/// An AlgorithmIdentifier: the OID, and the DER of the parameters, empty if absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AlgorithmIdentifier<'a> {
    pub(super) oid: String,
    pub(super) parameters: &'a [u8],
}

impl<'a> AlgorithmIdentifier<'a> {
    /// Reads the contents of the SEQUENCE.
    pub(super) fn parse(mut contents: Reader<'a>) -> Result<Self, ParseError> {
        let oid = contents.oid().ok_or_else(|| ParseError::new("x509: malformed OID"))?;
        let parameters = if contents.is_empty() {
            &[]
        } else {
            let element = contents.any().ok_or_else(|| ParseError::new("x509: malformed parameters"))?;
            element.full
        };
        Ok(Self { oid, parameters })
    }
}

/// Reads a SubjectPublicKeyInfo element.
pub(super) fn parse(raw: &[u8]) -> Result<PublicKey, ParseError> {
    let malformed = || ParseError::new("x509: malformed spki");
    let mut info = Reader::new(raw).inside(tag::SEQUENCE).ok_or_else(malformed)?;
    let identifier = info
        .inside(tag::SEQUENCE)
        .ok_or_else(|| ParseError::new("x509: malformed public key algorithm identifier"))?;
    let identifier = AlgorithmIdentifier::parse(identifier)?;
    let key =
        info.bit_string().ok_or_else(|| ParseError::new("x509: malformed subjectPublicKey"))?.right_aligned();
    match identifier.oid.as_str() {
        "1.2.840.113549.1.1.1" => parse_rsa(identifier.parameters, &key),
        "1.2.840.10045.2.1" => parse_ecdsa(identifier.parameters, key),
        "1.3.101.112" => {
            no_parameters("Ed25519", identifier.parameters)?;
            if key.len() == 32 {
                Ok(PublicKey::Ed25519(key))
            } else {
                Err(ParseError::new("x509: wrong Ed25519 public key size"))
            }
        }
        "1.2.840.10040.4.1" => parse_dsa(identifier.parameters, &key),
        oid => match ParameterSet::from_oid(oid) {
            Some(set) => {
                no_parameters("ML-DSA", identifier.parameters)?;
                set.check_key(&key)?;
                Ok(PublicKey::MlDsa { set, key })
            }
            // X25519 among them: it cannot sign, and Go's parser does not look at it.
            None => Ok(PublicKey::Unknown),
        },
    }
}

fn no_parameters(name: &str, parameters: &[u8]) -> Result<(), ParseError> {
    if parameters.is_empty() {
        Ok(())
    } else {
        Err(ParseError(format!("x509: {name} key encoded with illegal parameters")))
    }
}

/// The octets of a positive INTEGER without leading zeros.
fn positive(octets: &[u8]) -> Option<&[u8]> {
    match octets {
        [0] => None,
        [0, rest @ ..] => Some(rest),
        [first, ..] if first & 0x80 == 0 => Some(octets),
        _ => None,
    }
}

fn parse_rsa(parameters: &[u8], key: &[u8]) -> Result<PublicKey, ParseError> {
    if parameters != NULL {
        return Err(ParseError::new("x509: RSA key missing NULL parameters"));
    }
    let mut sequence = Reader::new(key)
        .inside(tag::SEQUENCE)
        .ok_or_else(|| ParseError::new("x509: invalid RSA public key"))?;
    let modulus = sequence.integer().ok_or_else(|| ParseError::new("x509: invalid RSA modulus"))?;
    let exponent = sequence.int64().ok_or_else(|| ParseError::new("x509: invalid RSA public exponent"))?;
    let modulus =
        positive(modulus).ok_or_else(|| ParseError::new("x509: RSA modulus is not a positive number"))?;
    let exponent = u64::try_from(exponent)
        .ok()
        .filter(|&exponent| exponent > 0)
        .ok_or_else(|| ParseError::new("x509: RSA public exponent is not a positive number"))?;
    Ok(PublicKey::Rsa { modulus: modulus.to_vec(), exponent })
}

fn parse_ecdsa(parameters: &[u8], point: Vec<u8>) -> Result<PublicKey, ParseError> {
    let oid =
        Reader::new(parameters).oid().ok_or_else(|| ParseError::new("x509: invalid ECDSA parameters"))?;
    let curve = Curve::from_oid(&oid).ok_or_else(|| ParseError::new("x509: unsupported elliptic curve"))?;
    curve.check_point(&point)?;
    Ok(PublicKey::Ecdsa { curve, point })
}

fn parse_dsa(parameters: &[u8], key: &[u8]) -> Result<PublicKey, ParseError> {
    let y = Reader::new(key).integer().ok_or_else(|| ParseError::new("x509: invalid DSA public key"))?;
    let read = || {
        let mut sequence = Reader::new(parameters).inside(tag::SEQUENCE)?;
        Some([sequence.integer()?, sequence.integer()?, sequence.integer()?])
    };
    let numbers = read().ok_or_else(|| ParseError::new("x509: invalid DSA parameters"))?;
    if numbers.into_iter().chain([y]).all(|number| positive(number).is_some()) {
        Ok(PublicKey::Dsa)
    } else {
        Err(ParseError::new("x509: zero or negative DSA parameter"))
    }
}
