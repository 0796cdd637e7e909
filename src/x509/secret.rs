//! Private keys: of these nothing is read but what they are and their public halves.

use super::oid;
use super::outline::Kind;
use super::tag;
use super::tree::Tree;
use super::view::View;

/// What a private key is, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct PrivatePart {
    /// `PKCS #8`, `PKCS #1`, `SEC 1`, `PKCS #8, encrypted`.
    pub container: &'static str,
    /// The public half, a SubjectPublicKeyInfo, where the key holds it or it is known how
    /// to find it.
    pub public_key_info: Option<Vec<u8>>,
}

const RSA: &str = "1.2.840.113549.1.1.1";
const EC: &str = "1.2.840.10045.2.1";

/// What the bytes of a private key say of it.
pub(super) fn read(der: &[u8]) -> Option<PrivatePart> {
    let tree = Tree::of(der);
    let root = View::root(der, &tree).filter(|root| Kind::of(*root) == Kind::PrivateKey)?;
    let (first, second) = (root.child(0)?, root.child(1)?);
    if first.is(tag::SEQUENCE) {
        return Some(PrivatePart { container: "PKCS #8, encrypted", public_key_info: None });
    }
    if second.is(tag::OCTET_STRING) {
        return Some(PrivatePart { container: "SEC 1", public_key_info: elliptic(root, None) });
    }
    if second.is(tag::INTEGER) {
        return Some(PrivatePart { container: "PKCS #1", public_key_info: rsa(root) });
    }
    let inner = root.child(2).and_then(|string| string.insides().next());
    let algorithm = second.child(0).and_then(|kind| kind.oid()).and_then(oid::dotted);
    let public_key_info = match (algorithm.as_deref(), inner) {
        (Some(RSA), Some(inner)) => rsa(inner),
        (Some(EC), Some(inner)) => elliptic(inner, Some(second)),
        _ => None,
    };
    Some(PrivatePart { container: "PKCS #8", public_key_info })
}

/// The public half of an RSAPrivateKey: its modulus and exponent.
fn rsa(key: View<'_>) -> Option<Vec<u8>> {
    let (modulus, exponent) = (key.child(1)?, key.child(2)?);
    let is_key = key.is(tag::SEQUENCE) && modulus.is(tag::INTEGER) && exponent.is(tag::INTEGER);
    is_key.then(|| rsa_public(&[modulus.full(), exponent.full()].concat()))
}

/// A SubjectPublicKeyInfo of the two numbers of an RSA key.
pub(super) fn rsa_public(numbers: &[u8]) -> Vec<u8> {
    let identifier = element(6, &oid::octets(RSA).unwrap_or_default());
    let algorithm = element(0x30, &[identifier, vec![5, 0]].concat());
    let key = element(0x30, numbers);
    element(0x30, &[algorithm, element(3, &[vec![0], key].concat())].concat())
}

/// The public half that an ECPrivateKey carries.
fn elliptic(key: View<'_>, algorithm: Option<View<'_>>) -> Option<Vec<u8>> {
    let tagged = |number| key.children().find(|part| part.is_context(number)).and_then(|part| part.child(0));
    let public = tagged(1)?;
    let algorithm = match algorithm {
        Some(algorithm) => algorithm.full().to_vec(),
        None => {
            let identifier = element(6, &oid::octets(EC)?);
            element(0x30, &[&identifier, tagged(0)?.full()].concat())
        }
    };
    Some(element(0x30, &[&algorithm, public.full()].concat()))
}

/// One element in DER.
fn element(identifier: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len();
    let mut der = vec![identifier];
    if let Some(short) = u8::try_from(length).ok().filter(|short| *short < 0x80) {
        der.push(short);
    } else {
        let octets: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|octet| *octet == 0).collect();
        der.push(0x80 | u8::try_from(octets.len()).unwrap_or(8));
        der.extend(octets);
    }
    der.extend_from_slice(contents);
    der
}
