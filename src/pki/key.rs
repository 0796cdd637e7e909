//! Private keys.

use std::fmt;

use rcgen::{KeyPair, PublicKeyData, RsaKeySize, SigningKey};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use crate::blueprint::KeyAlgorithm;

/// A key that cannot be made, read or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not a private key in PEM.
    #[error("it holds no private key in PEM (PKCS#8, PKCS#1 or SEC 1)")]
    NotPem,
    /// A key of a kind that is not used here.
    #[error("it holds a key that dojang cannot use: RSA from 2048 bits, P-256, P-384 and Ed25519 work")]
    Unsupported,
    /// The library failed.
    #[error("the cryptographic library failed: {0}")]
    Library(String),
}

/// A private key, with its public half.
pub struct PrivateKey {
    pair: KeyPair,
    public: Vec<u8>,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}

impl PrivateKey {
    fn from_pair(pair: KeyPair) -> Self {
        let public = pair.subject_public_key_info();
        Self { pair, public }
    }

    /// A new key. RSA takes 50 ms and more, the others next to nothing.
    ///
    /// # Errors
    /// The library failed.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, KeyError> {
        let rsa = |size| KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size);
        let pair = match algorithm {
            KeyAlgorithm::Rsa2048 => rsa(RsaKeySize::_2048),
            KeyAlgorithm::Rsa3072 => rsa(RsaKeySize::_3072),
            KeyAlgorithm::Rsa4096 => rsa(RsaKeySize::_4096),
            KeyAlgorithm::P256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
            KeyAlgorithm::P384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
            KeyAlgorithm::Ed25519 => KeyPair::generate_for(&rcgen::PKCS_ED25519),
        };
        pair.map(Self::from_pair).map_err(|error| KeyError::Library(error.to_string()))
    }

    /// The first private key in a PEM text, as openssl, cfssl, easy-rsa and kubeadm write
    /// them.
    ///
    /// # Errors
    /// There is none, or one of a kind that is not used here.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let der = PrivateKeyDer::from_pem_slice(pem).map_err(|_| KeyError::NotPem)?;
        KeyPair::try_from(&der).map(Self::from_pair).map_err(|_| KeyError::Unsupported)
    }

    /// The key as PEM, PKCS#8.
    #[must_use]
    pub fn to_pem(&self) -> String {
        super::pem("PRIVATE KEY", self.pair.serialized_der())
    }

    /// The key as DER, PKCS#8.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        self.pair.serialized_der()
    }

    /// The public half, a SubjectPublicKeyInfo (RFC 5280 section 4.1).
    #[must_use]
    pub fn public_key_info(&self) -> &[u8] {
        &self.public
    }

    /// The public half as PEM.
    #[must_use]
    pub fn public_pem(&self) -> String {
        super::pem("PUBLIC KEY", &self.public)
    }

    /// The key identifier: the first 20 bytes of SHA-256 over the public key's bits (RFC
    /// 7093 section 2, as Go writes it since 1.25).
    #[must_use]
    pub fn identifier(&self) -> Vec<u8> {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, self.pair.der_bytes());
        digest.as_ref().iter().copied().take(20).collect()
    }

    /// A signature over `message` with the algorithm of [`PrivateKey::signature_algorithm`].
    ///
    /// # Errors
    /// The library failed.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        SigningKey::sign(&self.pair, message).map_err(|error| KeyError::Library(error.to_string()))
    }

    /// The AlgorithmIdentifier of this key's signatures: SHA-256 with RSA and P-256,
    /// SHA-384 with P-384, Ed25519 plain, as Go chooses them (`crypto/x509` signingParams).
    #[must_use]
    pub fn signature_algorithm(&self) -> SignatureAlgorithm {
        let algorithm = self.pair.algorithm();
        if *algorithm == rcgen::PKCS_ECDSA_P256_SHA256 {
            SignatureAlgorithm { oid: &[1, 2, 840, 10045, 4, 3, 2], null: false }
        } else if *algorithm == rcgen::PKCS_ECDSA_P384_SHA384 {
            SignatureAlgorithm { oid: &[1, 2, 840, 10045, 4, 3, 3], null: false }
        } else if *algorithm == rcgen::PKCS_ED25519 {
            SignatureAlgorithm { oid: &[1, 3, 101, 112], null: false }
        } else {
            SignatureAlgorithm { oid: &[1, 2, 840, 113_549, 1, 1, 11], null: true }
        }
    }
}

/// An AlgorithmIdentifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignatureAlgorithm {
    /// The object identifier.
    pub oid: &'static [u64],
    /// Whether NULL parameters follow, as with RSA.
    pub null: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_key_survives_its_file() {
        for algorithm in KeyAlgorithm::ALL {
            if matches!(algorithm, KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096) {
                continue; // the same code as 2048, and slow
            }
            let key = PrivateKey::generate(*algorithm).unwrap();
            let again = PrivateKey::from_pem(key.to_pem().as_bytes()).unwrap();
            assert_eq!(key.public_key_info(), again.public_key_info(), "{algorithm}");
            assert_eq!(key.signature_algorithm(), again.signature_algorithm());
            assert!(!format!("{key:?}").contains("PRIVATE"));
        }
        assert!(matches!(PrivateKey::from_pem(b"not a key"), Err(KeyError::NotPem)));
    }
}
