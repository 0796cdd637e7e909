//! The signature of the handshake, checked over the public key alone.
//!
//! rustls' own functions parse the leaf as webpki does and so would refuse a version 1
//! certificate, which every Kubernetes component accepts.

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::verify_tls13_signature_with_raw_key;
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::{DigitallySignedStruct, SignatureScheme};

use super::Version;
use super::key::PROVIDER;
use crate::trust::{Certificate, KeyAlgorithm};

/// The schemes that are taken.
pub(super) fn schemes() -> Vec<SignatureScheme> {
    PROVIDER.signature_verification_algorithms.supported_schemes()
}

/// Checks that the holder of the leaf's private key signed `message`.
///
/// # Errors
/// Go's words for what is wrong (`crypto/tls/auth.go`, `verifyHandshakeSignature`).
pub(super) fn verify(
    version: Version,
    message: &[u8],
    leaf: &Certificate,
    signed: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, String> {
    let (family, failure) = match signed.scheme {
        SignatureScheme::ECDSA_NISTP256_SHA256
        | SignatureScheme::ECDSA_NISTP384_SHA384
        | SignatureScheme::ECDSA_NISTP521_SHA512
        | SignatureScheme::ECDSA_SHA1_Legacy => ("an ECDSA", "ECDSA verification failure"),
        SignatureScheme::ED25519 => ("an Ed25519", "Ed25519 verification failure"),
        _ => ("an RSA", "crypto/rsa: verification error"),
    };
    let (own_family, go_type) = match leaf.key_algorithm() {
        KeyAlgorithm::Rsa(_) => ("an RSA", "*rsa.PublicKey"),
        KeyAlgorithm::Ecdsa(_) => ("an ECDSA", "*ecdsa.PublicKey"),
        KeyAlgorithm::Ed25519 => ("an Ed25519", "ed25519.PublicKey"),
        KeyAlgorithm::Dsa => ("", "*dsa.PublicKey"),
        KeyAlgorithm::MlDsa(_) => ("an ML-DSA", "*mldsa.PublicKey"),
        KeyAlgorithm::Unknown => ("", "<nil>"),
    };
    if family != own_family {
        return Err(format!("expected {family} public key, but got {go_type}"));
    }
    let is_good = match version {
        Version::Tls13 => verify_tls13_signature_with_raw_key(
            message,
            &SubjectPublicKeyInfoDer::from(leaf.public_key_info()),
            signed,
            &PROVIDER.signature_verification_algorithms,
        )
        .is_ok(),
        Version::Tls12 => verify_with_any(message, leaf.public_key_info(), signed),
    };
    if is_good { Ok(HandshakeSignatureValid::assertion()) } else { Err(failure.to_owned()) }
}

/// TLS 1.2: the scheme does not fix the curve, so every algorithm of the provider for
/// this scheme and this kind of key is tried.
fn verify_with_any(message: &[u8], info: &[u8], signed: &DigitallySignedStruct) -> bool {
    let Some((identifier, key)) = split_key_info(info) else {
        return false;
    };
    PROVIDER
        .signature_verification_algorithms
        .mapping
        .iter()
        .filter(|(scheme, _)| *scheme == signed.scheme)
        .flat_map(|(_, algorithms)| algorithms.iter())
        .filter(|algorithm| algorithm.public_key_alg_id().as_ref() == identifier)
        .any(|algorithm| algorithm.verify_signature(&key, message, signed.signature()).is_ok())
}

/// The contents of the AlgorithmIdentifier, and the key, of a SubjectPublicKeyInfo
/// (RFC 5280, section 4.1).
fn split_key_info(info: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    yasna::parse_der(info, |reader| {
        reader.read_sequence(|reader| {
            let identifier = reader.next().read_tagged_der()?.value().to_vec();
            let (key, _bits) = reader.next().read_bitvec_bytes()?;
            Ok((identifier, key))
        })
    })
    .ok()
}
