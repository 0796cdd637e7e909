//! Algorithms and public keys (RFC 3279, 5480, 8410).

use super::field::{Field, Flaw};
use super::form::{Form, Shown};
use super::oid;
use super::strings::hex;
use super::view::View;

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const DSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1];

/// An AlgorithmIdentifier by its name.
pub(super) fn algorithm(at: View<'_>) -> Shown {
    let Some(identifier) = at.child(0) else { return Shown::unread(at) };
    let Some(octets) = identifier.oid() else { return Shown::unread(at) };
    let mut parts = vec![Field::of("identifier", Form::Dotted, identifier)];
    if let Some(parameters) = at.child(1) {
        let form = if parameters.oid().is_some() { Form::Oid } else { Form::Structure };
        parts.push(Field::of("parameters", form, parameters));
    }
    let mut flaws = Vec::new();
    if oid::known(octets).is_none() {
        flaws.push(Flaw::UnknownAlgorithm);
    }
    if at.child(2).is_some() {
        flaws.push(Flaw::Trailing);
    }
    Shown { value: oid::name(octets), flaws, parts }
}

/// The parts of a SubjectPublicKeyInfo.
struct Info<'a> {
    algorithm: View<'a>,
    identifier: &'a [u8],
    key: View<'a>,
}

fn info(at: View<'_>) -> Option<Info<'_>> {
    let (algorithm, key) = (at.child(0)?, at.child(1)?);
    Some(Info { algorithm, identifier: algorithm.child(0)?.oid()?, key })
}

/// A public key by algorithm and size: `RSA 2048 bits`, `ECDSA P-256`.
pub(super) fn public_key(at: View<'_>) -> Shown {
    let Some(Info { algorithm, identifier, key }) = info(at) else { return Shown::unread(at) };
    let mut parts = vec![Field::of("algorithm", Form::Algorithm, algorithm)];
    let mut flaws = Vec::new();
    let value = if identifier == RSA {
        let numbers = key.insides().next().and_then(|inner| Some((inner.child(0)?, inner.child(1)?)));
        match numbers {
            Some((modulus, exponent)) => {
                parts.push(Field::of("modulus", Form::Hex, modulus));
                parts.push(Field::of("exponent", Form::Number, exponent));
                format!("RSA {} bits", size(modulus.contents()))
            }
            None => {
                flaws.push(Flaw::NotRead);
                "RSA".into()
            }
        }
    } else if identifier == EC {
        parts.push(Field::of("point", Form::EcPoint, key));
        match algorithm.child(1).and_then(|curve| curve.oid()) {
            Some(curve) => match oid::known(curve) {
                Some(name) if name.starts_with("P-") => format!("ECDSA {name}"),
                Some(name) => format!("ECDSA on curve {name}"),
                None => format!("ECDSA on curve {}", oid::number(curve)),
            },
            None => {
                flaws.push(Flaw::UnknownAlgorithm);
                "ECDSA on a curve of its own".into()
            }
        }
    } else {
        parts.push(Field::of("key", Form::Bits, key));
        match (oid::known(identifier), algorithm.child(1).and_then(|parameters| parameters.child(0))) {
            (Some("ED25519"), _) => "Ed25519".into(),
            (Some("ED448"), _) => "Ed448".into(),
            (_, Some(prime)) if identifier == DSA => format!("DSA {} bits", size(prime.contents())),
            (Some(name), _) => name.to_owned(),
            (None, _) => {
                format!("algorithm {}", oid::number(identifier))
            }
        }
    };
    let whole = |name: &'static str, form: Form| Field {
        name: name.into(),
        value: form.read(at).value,
        form,
        range: Some(at.range()),
        node: Some(at.index),
        ..Field::default()
    };
    parts.push(whole("sha256", Form::Sha256));
    parts.push(whole("pin", Form::Pin));
    Shown { value, flaws, parts }
}

/// The bits of a positive number.
fn size(octets: &[u8]) -> usize {
    let leading = octets.iter().take_while(|octet| **octet == 0).count();
    let octets = octets.get(leading..).unwrap_or_default();
    (octets.len() * 8).saturating_sub(octets.first().map_or(0, |first| first.leading_zeros() as usize))
}

/// A point of a curve (SEC 1, section 2.3.3).
pub(super) fn point(at: View<'_>) -> Shown {
    match at.bits() {
        Some((octets, 0)) => {
            let known = matches!(octets.first(), Some(2..=4));
            Shown { flaws: if known { Vec::new() } else { vec![Flaw::NotRead] }, ..Shown::of(hex(octets)) }
        }
        _ => Shown::unread(at),
    }
}
