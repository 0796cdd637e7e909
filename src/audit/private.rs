//! The public half of a private key, without checking the private one: a directory may hold
//! thousands of keys, of sizes that nobody signs with any more.

use rustls::pki_types::PrivateKeyDer;

use crate::pki::PrivateKey;

/// The SubjectPublicKeyInfo of a key in PEM's label and bytes; none for a kind that is not
/// read here.
///
/// # Errors
/// Why it does not read.
pub(super) fn public_half(label: &str, der: &[u8]) -> Result<Option<Vec<u8>>, &'static str> {
    const BROKEN: &str = "its bytes are no private key";
    match label {
        "RSA PRIVATE KEY" => rsa(der).map(Some).ok_or(BROKEN),
        "EC PRIVATE KEY" => Ok(of_library(PrivateKeyDer::Sec1(der.into()))),
        "PRIVATE KEY" => {
            // PrivateKeyInfo (RFC 5208 section 5): version, algorithm, key.
            let (algorithm, key) = inside(der)
                .and_then(|fields| element(element(fields)?.rest))
                .and_then(|algorithm| Some((algorithm.contents, element(algorithm.rest)?.contents)))
                .ok_or(BROKEN)?;
            if algorithm.starts_with(RSA) {
                rsa(key).map(Some).ok_or(BROKEN)
            } else {
                Ok(of_library(PrivateKeyDer::Pkcs8(der.into())))
            }
        }
        _ => Ok(None),
    }
}

/// One DER element at the front of some bytes.
struct Element<'a> {
    full: &'a [u8],
    contents: &'a [u8],
    rest: &'a [u8],
}

fn element(input: &[u8]) -> Option<Element<'_>> {
    let short = usize::from(*input.get(1)?);
    let (head, length) = if short < 0x80 {
        (2, short)
    } else {
        let octets = input.get(2..2 + (short & 0x7f)).filter(|octets| octets.len() <= 3)?;
        (2 + octets.len(), octets.iter().fold(0, |length, octet| length << 8 | usize::from(*octet)))
    };
    let (full, rest) = input.split_at_checked(head + length)?;
    Some(Element { full, contents: full.get(head..)?, rest })
}

/// The contents of a SEQUENCE.
fn inside(input: &[u8]) -> Option<&[u8]> {
    element(input).filter(|_| input.first() == Some(&0x30)).map(|sequence| sequence.contents)
}

/// The DER of the object identifier rsaEncryption (RFC 8017 appendix C).
const RSA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];

fn of_library(der: PrivateKeyDer<'_>) -> Option<Vec<u8>> {
    let label = match &der {
        PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
        _ => "PRIVATE KEY",
    };
    let pem = crate::pki::pem(label, der.secret_der());
    PrivateKey::from_pem(pem.as_bytes()).ok().map(|key| key.public_key_info().to_vec())
}

/// From an RSAPrivateKey (RFC 8017 appendix A.1.2), which begins with version, modulus and
/// public exponent.
fn rsa(der: &[u8]) -> Option<Vec<u8>> {
    let modulus = element(element(inside(der)?)?.rest)?;
    let exponent = element(modulus.rest)?;
    let key = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_der(modulus.full);
            writer.next().write_der(exponent.full);
        });
    });
    Some(yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_sequence(|writer| {
                writer.next().write_der(RSA);
                writer.next().write_null();
            });
            writer.next().write_bitvec_bytes(&key, key.len() * 8);
        });
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint::KeyAlgorithm;

    #[test]
    fn public_halves_are_those_of_the_library() {
        for algorithm in [KeyAlgorithm::Rsa2048, KeyAlgorithm::P256, KeyAlgorithm::Ed25519] {
            let key = PrivateKey::generate(algorithm).unwrap();
            let half = public_half("PRIVATE KEY", key.der()).unwrap().unwrap();
            assert_eq!(half, key.public_key_info(), "{algorithm}");
        }
        assert!(public_half("RSA PRIVATE KEY", &[0x30, 0]).is_err());
        assert_eq!(public_half("DSA PRIVATE KEY", &[]), Ok(None));
    }
}
