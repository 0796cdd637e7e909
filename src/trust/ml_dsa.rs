//! ML-DSA (FIPS 204) keys and signatures, which Go takes in certificates from 1.27 on.

use std::fmt;

use aws_lc_rs::signature::{ML_DSA_44, ML_DSA_65, ML_DSA_87, UnparsedPublicKey};

use super::ParseError;

/// A parameter set of ML-DSA (FIPS 204, section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParameterSet {
    /// Category 2.
    MlDsa44,
    /// Category 3.
    MlDsa65,
    /// Category 5.
    MlDsa87,
}

impl fmt::Display for ParameterSet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::MlDsa44 => "ML-DSA-44",
            Self::MlDsa65 => "ML-DSA-65",
            Self::MlDsa87 => "ML-DSA-87",
        })
    }
}

/// Sizes in octets (FIPS 204, table 2), and of the hints at the end of a signature how
/// many there may be (ω) and over how many polynomials they are spread (k).
struct Sizes {
    key: usize,
    signature: usize,
    hints: usize,
    polynomials: usize,
}

impl ParameterSet {
    /// The parameter set of an algorithm's OID (RFC 9881, section 2).
    pub(super) fn from_oid(oid: &str) -> Option<Self> {
        match oid {
            "2.16.840.1.101.3.4.3.17" => Some(Self::MlDsa44),
            "2.16.840.1.101.3.4.3.18" => Some(Self::MlDsa65),
            "2.16.840.1.101.3.4.3.19" => Some(Self::MlDsa87),
            _ => None,
        }
    }

    const fn sizes(self) -> Sizes {
        match self {
            Self::MlDsa44 => Sizes { key: 1312, signature: 2420, hints: 80, polynomials: 4 },
            Self::MlDsa65 => Sizes { key: 1952, signature: 3309, hints: 55, polynomials: 6 },
            Self::MlDsa87 => Sizes { key: 2592, signature: 4627, hints: 75, polynomials: 8 },
        }
    }

    /// Any octets of the right number are a key.
    pub(super) fn check_key(self, key: &[u8]) -> Result<(), ParseError> {
        let is_whole = key.len() == self.sizes().key;
        is_whole.then_some(()).ok_or_else(|| ParseError::new("mldsa: invalid public key length"))
    }

    /// Checks a signature; the error is Go's cause.
    pub(super) fn verify(self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), &'static str> {
        let algorithm = match self {
            Self::MlDsa44 => &ML_DSA_44,
            Self::MlDsa65 => &ML_DSA_65,
            Self::MlDsa87 => &ML_DSA_87,
        };
        let sizes = self.sizes();
        if signature.len() != sizes.signature {
            return Err("mldsa: invalid signature length");
        }
        let hints = signature.get(sizes.signature - sizes.hints - sizes.polynomials..).unwrap_or_default();
        if !is_hint_encoding(hints, sizes.hints) {
            return Err("mldsa: invalid signature encoding");
        }
        UnparsedPublicKey::new(algorithm, key)
            .verify(message, signature)
            .map_err(|_| "mldsa: invalid signature")
    }
}

/// Whether hints are encoded as FIPS 204, algorithm 21, wants them: positions that rise
/// within each polynomial, the ends of the polynomials in order, zeros in between.
fn is_hint_encoding(hints: &[u8], most: usize) -> bool {
    let Some((positions, limits)) = hints.split_at_checked(most) else {
        return false;
    };
    let mut start = 0;
    for &limit in limits {
        let rises = positions
            .get(start..usize::from(limit))
            .is_some_and(|polynomial| polynomial.is_sorted_by(|before, after| before < after));
        if !rises {
            return false;
        }
        start = usize::from(limit);
    }
    positions.iter().skip(start).all(|&position| position == 0)
}
