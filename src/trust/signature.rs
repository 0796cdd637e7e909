//! Signature algorithms and their verification, as Go's `checkSignature` does it.

use aws_lc_rs::digest;
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{self as library, UnparsedPublicKey};

use super::curve::{self, Curve};
use super::der::{NULL, Reader, tag};
use super::key::{AlgorithmIdentifier, PublicKey, bit_length};
use super::ml_dsa::ParameterSet;
use super::modular::Modulus;

/// The hash under a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    fn algorithm(self) -> Option<&'static digest::Algorithm> {
        match self {
            Self::Md5 | Self::Sha1 => None,
            Self::Sha256 => Some(&digest::SHA256),
            Self::Sha384 => Some(&digest::SHA384),
            Self::Sha512 => Some(&digest::SHA512),
        }
    }
}

/// A signature algorithm that Go knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    RsaPkcs1(Hash),
    RsaPss(Hash),
    Dsa(Hash),
    Ecdsa(Hash),
    Ed25519,
    MlDsa(ParameterSet),
}

impl Scheme {
    /// The scheme of an AlgorithmIdentifier, if Go knows it.
    pub(super) fn from_identifier(identifier: &AlgorithmIdentifier<'_>) -> Option<Self> {
        match identifier.oid.as_str() {
            "1.2.840.113549.1.1.4" => Some(Self::RsaPkcs1(Hash::Md5)),
            "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" => Some(Self::RsaPkcs1(Hash::Sha1)),
            "1.2.840.113549.1.1.11" => Some(Self::RsaPkcs1(Hash::Sha256)),
            "1.2.840.113549.1.1.12" => Some(Self::RsaPkcs1(Hash::Sha384)),
            "1.2.840.113549.1.1.13" => Some(Self::RsaPkcs1(Hash::Sha512)),
            "1.2.840.113549.1.1.10" => pss_hash(identifier.parameters).map(Self::RsaPss),
            "1.2.840.10040.4.3" => Some(Self::Dsa(Hash::Sha1)),
            "2.16.840.1.101.3.4.3.2" => Some(Self::Dsa(Hash::Sha256)),
            "1.2.840.10045.4.1" => Some(Self::Ecdsa(Hash::Sha1)),
            "1.2.840.10045.4.3.2" => Some(Self::Ecdsa(Hash::Sha256)),
            "1.2.840.10045.4.3.3" => Some(Self::Ecdsa(Hash::Sha384)),
            "1.2.840.10045.4.3.4" => Some(Self::Ecdsa(Hash::Sha512)),
            "1.3.101.112" if identifier.parameters.is_empty() => Some(Self::Ed25519),
            oid => ParameterSet::from_oid(oid).filter(|_| identifier.parameters.is_empty()).map(Self::MlDsa),
        }
    }

    /// Go's name of an algorithm whose hash it does not trust.
    pub(super) fn insecure_name(self) -> Option<&'static str> {
        match self {
            Self::RsaPkcs1(Hash::Md5) => Some("MD5-RSA"),
            Self::RsaPkcs1(Hash::Sha1) => Some("SHA1-RSA"),
            Self::Dsa(Hash::Sha1) => Some("DSA-SHA1"),
            Self::Ecdsa(Hash::Sha1) => Some("ECDSA-SHA1"),
            _ => None,
        }
    }

    fn key_name(self) -> &'static str {
        match self {
            Self::RsaPkcs1(_) | Self::RsaPss(_) => "RSA",
            Self::Dsa(_) => "DSA",
            Self::Ecdsa(_) => "ECDSA",
            Self::Ed25519 => "Ed25519",
            Self::MlDsa(_) => "ML-DSA",
        }
    }
}

/// The hash of RSASSA-PSS parameters (RFC 4055, section 3.1) where they are one of the
/// three sets that Go takes: MGF1 with the same hash, a salt as long as the hash.
fn pss_hash(parameters: &[u8]) -> Option<Hash> {
    let mut sequence = Reader::new(parameters).inside(tag::SEQUENCE)?;
    let mut explicit = |number| sequence.inside(tag::constructed(number));
    let identifier = |mut reader: Reader<'_>| {
        let mut contents = reader.inside(tag::SEQUENCE)?;
        let oid = contents.oid()?;
        let parameters = match contents.is_empty() {
            true => Vec::new(),
            false => contents.any()?.full.to_vec(),
        };
        Some((oid, parameters))
    };
    let is_plain = |parameters: &[u8]| parameters.is_empty() || parameters == NULL;

    let (hash, hash_parameters) = identifier(explicit(0)?)?;
    let (mask, mask_parameters) = identifier(explicit(1)?)?;
    let (mask_hash, mask_hash_parameters) = identifier(Reader::new(&mask_parameters))?;
    let salt = explicit(2)?.int64()?;
    let trailer = match sequence.optional(tag::constructed(3))? {
        Some(contents) => Reader::new(contents).int64()?,
        None => 1,
    };
    if mask != "1.2.840.113549.1.1.8"
        || mask_hash != hash
        || trailer != 1
        || !is_plain(&hash_parameters)
        || !is_plain(&mask_hash_parameters)
    {
        return None;
    }
    match (hash.as_str(), salt) {
        ("2.16.840.1.101.3.4.2.1", 32) => Some(Hash::Sha256),
        ("2.16.840.1.101.3.4.2.2", 48) => Some(Hash::Sha384),
        ("2.16.840.1.101.3.4.2.3", 64) => Some(Hash::Sha512),
        _ => None,
    }
}

/// Go's words for an algorithm that it cannot use.
pub(super) const UNIMPLEMENTED: &str = "x509: cannot verify signature: algorithm unimplemented";

/// Checks a signature over `message`; the error is Go's.
pub(super) fn verify(
    scheme: Option<Scheme>,
    message: &[u8],
    signature: &[u8],
    key: &PublicKey,
) -> Result<(), String> {
    let scheme = scheme.ok_or(UNIMPLEMENTED)?;
    if let Some(name) = scheme.insecure_name() {
        return Err(format!("x509: cannot verify signature: insecure algorithm {name}"));
    }
    let mismatch = |key_type: &str| {
        Err(format!(
            "x509: signature algorithm specifies an {} public key, but have public key of type {key_type}",
            scheme.key_name()
        ))
    };
    let failure = |name: &str| format!("x509: {name} verification failure");
    match (key, scheme) {
        (PublicKey::Rsa { modulus, exponent }, Scheme::RsaPkcs1(hash)) => {
            verify_rsa(modulus, *exponent, hash, false, message, signature)
        }
        (PublicKey::Rsa { modulus, exponent }, Scheme::RsaPss(hash)) => {
            verify_rsa(modulus, *exponent, hash, true, message, signature)
        }
        (PublicKey::Rsa { .. }, _) => mismatch("*rsa.PublicKey"),
        (PublicKey::Ecdsa { curve, point }, Scheme::Ecdsa(hash)) => {
            verify_ecdsa(*curve, point, hash, message, signature)
                .then_some(())
                .ok_or_else(|| failure("ECDSA"))
        }
        (PublicKey::Ecdsa { .. }, _) => mismatch("*ecdsa.PublicKey"),
        (PublicKey::Ed25519(key), Scheme::Ed25519) => UnparsedPublicKey::new(&library::ED25519, key)
            .verify(message, signature)
            .map_err(|_| failure("Ed25519")),
        (PublicKey::Ed25519(_), _) => mismatch("ed25519.PublicKey"),
        (PublicKey::MlDsa { set, key }, Scheme::MlDsa(asked)) if asked == *set => {
            set.verify(key, message, signature).map_err(|cause| format!("{}: {cause}", failure("ML-DSA")))
        }
        (PublicKey::MlDsa { set, .. }, Scheme::MlDsa(asked)) => Err(format!(
            "x509: signature algorithm specifies an ML-DSA public key with {asked} parameters, \
             but have a public key with {set} parameters"
        )),
        (PublicKey::MlDsa { .. }, _) => mismatch("*mldsa.PublicKey"),
        (PublicKey::Dsa | PublicKey::Unknown, _) => Err(UNIMPLEMENTED.to_owned()),
    }
}

fn verify_ecdsa(curve: Curve, point: &[u8], hash: Hash, message: &[u8], signature: &[u8]) -> bool {
    let algorithm = match (curve, hash) {
        (Curve::P224, _) => {
            return hash.algorithm().is_some_and(|algorithm| {
                let digest = digest::digest(algorithm, message);
                curve::verify_p224(point, digest.as_ref(), signature)
            });
        }
        (Curve::P256, Hash::Sha256) => &library::ECDSA_P256_SHA256_ASN1,
        (Curve::P256, Hash::Sha384) => &library::ECDSA_P256_SHA384_ASN1,
        (Curve::P256, Hash::Sha512) => &library::ECDSA_P256_SHA512_ASN1,
        (Curve::P384, Hash::Sha256) => &library::ECDSA_P384_SHA256_ASN1,
        (Curve::P384, Hash::Sha384) => &library::ECDSA_P384_SHA384_ASN1,
        (Curve::P384, Hash::Sha512) => &library::ECDSA_P384_SHA512_ASN1,
        (Curve::P521, Hash::Sha256) => &library::ECDSA_P521_SHA256_ASN1,
        (Curve::P521, Hash::Sha384) => &library::ECDSA_P521_SHA384_ASN1,
        (Curve::P521, Hash::Sha512) => &library::ECDSA_P521_SHA512_ASN1,
        (_, Hash::Md5 | Hash::Sha1) => return false,
    };
    UnparsedPublicKey::new(algorithm, point).verify(message, signature).is_ok()
}

/// The largest modulus that is worked with; Go's TLS refuses larger ones as well.
const LARGEST_MODULUS: usize = 8192;

/// Go takes no exponent that would not fit 31 bits.
const LARGEST_EXPONENT: u64 = (1 << 31) - 1;

fn verify_rsa(
    modulus: &[u8],
    exponent: u64,
    hash: Hash,
    pss: bool,
    message: &[u8],
    signature: &[u8],
) -> Result<(), String> {
    let bits = bit_length(modulus);
    if bits < 1024 {
        return Err(format!(
            "crypto/rsa: {bits}-bit keys are insecure \
             (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)"
        ));
    }
    if modulus.last().is_none_or(|last| last & 1 == 0) {
        return Err("crypto/rsa: public modulus is even".to_owned());
    }
    if exponent < 2 {
        return Err("crypto/rsa: public exponent too small or negative".to_owned());
    }
    if exponent & 1 == 0 {
        return Err("crypto/rsa: public exponent is even".to_owned());
    }
    if exponent > LARGEST_EXPONENT {
        return Err("crypto/rsa: public exponent too large".to_owned());
    }
    let parameters = match (pss, hash) {
        (false, Hash::Sha256) => Some(&library::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
        (false, Hash::Sha512) => Some(&library::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
        _ if bits < 2048 => None,
        (false, Hash::Sha384) => Some(&library::RSA_PKCS1_2048_8192_SHA384),
        (true, Hash::Sha256) => Some(&library::RSA_PSS_2048_8192_SHA256),
        (true, Hash::Sha384) => Some(&library::RSA_PSS_2048_8192_SHA384),
        (true, Hash::Sha512) => Some(&library::RSA_PSS_2048_8192_SHA512),
        (_, Hash::Md5 | Hash::Sha1) => None,
    };
    let is_good = match parameters {
        Some(parameters) => {
            let octets = exponent.to_be_bytes();
            let start = (exponent.leading_zeros() / 8) as usize;
            PublicKeyComponents { n: modulus, e: octets.get(start..).unwrap_or_default() }
                .verify(parameters, message, signature)
                .is_ok()
        }
        None => {
            bits <= LARGEST_MODULUS
                && verify_rsa_here(modulus, exponent, hash, pss, message, signature).unwrap_or(false)
        }
    };
    is_good.then_some(()).ok_or_else(|| "crypto/rsa: verification error".to_owned())
}

/// RSA signatures with hashes or paddings that the library does not offer for short keys.
fn verify_rsa_here(
    modulus: &[u8],
    exponent: u64,
    hash: Hash,
    pss: bool,
    message: &[u8],
    signature: &[u8],
) -> Option<bool> {
    if signature.len() != modulus.len() {
        return None;
    }
    let algorithm = hash.algorithm()?;
    let field = Modulus::new(modulus)?;
    let number = field.number(signature)?;
    let octets = field.octets(&field.power(&number, &exponent.to_be_bytes())?);
    let encoded = octets.get(octets.len().checked_sub(modulus.len())?..)?;
    let digest = digest::digest(algorithm, message);
    if pss {
        is_pss_encoding(encoded, field.bits() - 1, algorithm, digest.as_ref())
    } else {
        is_pkcs1_encoding(encoded, hash, digest.as_ref())
    }
}

/// EMSA-PKCS1-v1_5 (RFC 8017, section 9.2).
fn is_pkcs1_encoding(encoded: &[u8], hash: Hash, digest: &[u8]) -> Option<bool> {
    let hash_number = match hash {
        Hash::Sha256 => 1,
        Hash::Sha384 => 2,
        Hash::Sha512 => 3,
        Hash::Md5 | Hash::Sha1 => return None,
    };
    let length = u8::try_from(digest.len()).ok()?;
    let mut info = vec![tag::SEQUENCE, length + 17, tag::SEQUENCE, 13, tag::OID, 9];
    info.extend([0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, hash_number]);
    info.extend([tag::NULL, 0, tag::OCTET_STRING, length]);
    info.extend_from_slice(digest);
    let padding = encoded.len().checked_sub(info.len() + 3)?;
    let expected = [&[0, 1], vec![0xff; padding].as_slice(), &[0], &info].concat();
    Some(padding >= 8 && expected == encoded)
}

/// EMSA-PSS with MGF1 and a salt as long as the hash (RFC 8017, section 9.1.2).
fn is_pss_encoding(
    encoded: &[u8],
    bits: usize,
    algorithm: &'static digest::Algorithm,
    digest: &[u8],
) -> Option<bool> {
    // Where the bits are a multiple of eight, the number has an octet more: zero.
    let (zeros, encoded) = encoded.split_at_checked(encoded.len() - bits.div_ceil(8))?;
    let (rest, trailer) = encoded.split_at_checked(encoded.len().checked_sub(1)?)?;
    let (masked, check) = rest.split_at_checked(rest.len().checked_sub(digest.len())?)?;
    let top = 0xffu8 >> (encoded.len() * 8 - bits);
    if zeros.iter().any(|&octet| octet != 0)
        || trailer != [0xbc]
        || masked.first().is_none_or(|first| first & !top != 0)
    {
        return None;
    }
    let mut block: Vec<u8> = (0u32..)
        .flat_map(|counter| {
            let seed = [check, &counter.to_be_bytes()].concat();
            digest::digest(algorithm, &seed).as_ref().to_vec()
        })
        .zip(masked)
        .map(|(mask, octet)| mask ^ octet)
        .collect();
    *block.first_mut()? &= top;
    let (padding, salt) = block.split_at_checked(block.len().checked_sub(digest.len())?)?;
    let (one, padding) = padding.split_last()?;
    if *one != 1 || padding.iter().any(|&octet| octet != 0) {
        return None;
    }
    let expected = digest::digest(algorithm, &[&[0; 8], digest, salt].concat());
    Some(expected.as_ref() == check)
}
