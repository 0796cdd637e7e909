//! Envelopes: PKCS #7 (RFC 2315) and PKCS #12 (RFC 7292). Of the latter the certificates
//! that are not encrypted are read without a password; PBES2 (RFC 8018), in which OpenSSL 3
//! and Java write them, is opened with one.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{self, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::pbkdf2;

use super::oid;
use super::outline::Kind;
use super::strings;
use super::tag;
use super::tree::Tree;
use super::view::View;
use crate::text::escape;

/// Deriving a key takes time by this number, which the file names.
const MOST_ITERATIONS: u64 = 5_000_000;

/// The certificates and lists of a signedData.
pub(super) fn signed_data(root: View<'_>) -> Vec<(Kind, Vec<u8>)> {
    let Some(data) = root.child(1).and_then(|wrapped| wrapped.child(0)) else { return Vec::new() };
    let parts = data.children().filter_map(|part| match part.node() {
        _ if part.is_context(0) => Some((Kind::Certificate, part)),
        _ if part.is_context(1) => Some((Kind::RevocationList, part)),
        _ => None,
    });
    parts.flat_map(|(kind, part)| part.children().map(move |one| (kind, one.full().to_vec()))).collect()
}

/// What a store holds.
#[derive(Default)]
pub(super) struct Store {
    pub(super) bags: Vec<Bag>,
    /// What could not be opened, in sentences.
    pub(super) problems: Vec<String>,
}

/// One bag of a store.
pub(super) struct Bag {
    pub(super) kind: Kind,
    /// Its friendly name, safe to print.
    pub(super) name: Option<String>,
    /// Its bytes; none of an encrypted key.
    pub(super) der: Option<Vec<u8>>,
}

/// What a PKCS #12 store holds, as far as it opens: with the password, else with the empty
/// one.
pub(super) fn store(der: &[u8], password: Option<&str>) -> Store {
    let mut store = Store::default();
    let tree = Tree::of(der);
    let safes = View::root(der, &tree).and_then(|root| root.child(1)).and_then(|info| data(info));
    let Some(safes) = safes else {
        store.problems.push("it does not read as PKCS #12: its contents are signed, or not there".into());
        return store;
    };
    let tree = Tree::of(&safes);
    for info in View::root(&safes, &tree).iter().flat_map(View::children) {
        let contents = match data(info) {
            Some(contents) => Ok(contents),
            None => encrypted(info, password.unwrap_or_default()),
        };
        match contents {
            Ok(contents) => bags(&contents, password.unwrap_or_default(), &mut store),
            Err(why) => store.problems.push(why),
        }
    }
    store
}

/// The octets of a ContentInfo of type data.
fn data(info: View<'_>) -> Option<Vec<u8>> {
    let kind = info.child(0).and_then(|kind| kind.oid()).and_then(oid::known)?;
    (kind == "data").then(|| info.child(1).and_then(|wrapped| wrapped.child(0)).map(octets))?
}

/// The octets of a string, put together where BER splits it.
fn octets(string: View<'_>) -> Vec<u8> {
    if !string.node().constructed {
        return string.contents().to_vec();
    }
    let pieces = string.all().filter(|piece| piece.is(tag::OCTET_STRING) && !piece.node().constructed);
    pieces.flat_map(|piece| piece.contents().to_vec()).collect()
}

/// The contents of an encryptedData.
fn encrypted(info: View<'_>, password: &str) -> Result<Vec<u8>, String> {
    let unread = || "a part of it does not read as PKCS #12".to_owned();
    let data = info.child(1).and_then(|wrapped| wrapped.child(0)).ok_or_else(unread)?;
    let inner = data.child(1).ok_or_else(unread)?;
    let (algorithm, string) = (inner.child(1).ok_or_else(unread)?, inner.child(2).ok_or_else(unread)?);
    decrypt(algorithm, octets(string), password)
}

/// Decrypts what a password protects.
fn decrypt(algorithm: View<'_>, mut contents: Vec<u8>, password: &str) -> Result<Vec<u8>, String> {
    let named = |at: Option<View<'_>>| at.and_then(|at| at.oid()).map(oid::name).unwrap_or_default();
    let name = named(algorithm.child(0));
    if name != "PBES2" {
        return Err(format!(
            "its certificates are encrypted with {name}, which is not read here: \
             `openssl pkcs12 -legacy -nokeys -in FILE` writes them as PEM"
        ));
    }
    let read = || {
        let (derivation, scheme) = (algorithm.child(1)?.child(0)?, algorithm.child(1)?.child(1)?);
        let parameters = derivation.child(1)?;
        let (salt, rounds) = (parameters.child(0)?.contents(), parameters.child(1)?.number()?);
        let digest = parameters.children().skip(2).find(|part| part.is(tag::SEQUENCE));
        let hmac = match digest.map(|digest| named(digest.child(0))).as_deref() {
            None | Some("hmacWithSHA1") => pbkdf2::PBKDF2_HMAC_SHA1,
            Some("hmacWithSHA256") => pbkdf2::PBKDF2_HMAC_SHA256,
            Some("hmacWithSHA512") => pbkdf2::PBKDF2_HMAC_SHA512,
            Some(_) => return None,
        };
        let cipher = match named(scheme.child(0)).as_str() {
            "aes-128-cbc" => (&cipher::AES_128, 16),
            "aes-256-cbc" => (&cipher::AES_256, 32),
            _ => return None,
        };
        let vector = <[u8; 16]>::try_from(scheme.child(1)?.contents()).ok()?;
        let rounds = NonZeroU32::new(u32::try_from(rounds).ok()?)?;
        (u64::from(rounds.get()) <= MOST_ITERATIONS).then_some((salt, rounds, hmac, cipher, vector))
    };
    let (salt, rounds, hmac, (algorithm, length), vector) =
        read().ok_or("it is encrypted in a way that is not read here")?;
    let mut key = vec![0; length];
    pbkdf2::derive(hmac, rounds, salt, password.as_bytes(), &mut key);
    let failed = |_| {
        "it is encrypted, and this is not its password: give it in a file with --password-file".to_owned()
    };
    let key = UnboundCipherKey::new(algorithm, &key)
        .and_then(PaddedBlockDecryptingKey::cbc_pkcs7)
        .map_err(failed)?;
    let context = DecryptionContext::Iv128(FixedLength::from(vector));
    let plain = key.decrypt(&mut contents, context).map_err(failed)?.to_vec();
    // A wrong password may leave what looks like padding.
    if plain.first() == Some(&0x30) { Ok(plain) } else { Err(failed(aws_lc_rs::error::Unspecified)) }
}

/// The bags of one SafeContents.
fn bags(contents: &[u8], password: &str, store: &mut Store) {
    let tree = Tree::of(contents);
    for bag in View::root(contents, &tree).iter().flat_map(View::children) {
        let kind = bag.child(0).and_then(|kind| kind.oid()).and_then(oid::known);
        let Some(value) = bag.child(1).and_then(|wrapped| wrapped.child(0)) else { continue };
        let name = friendly_name(bag);
        match kind {
            Some("certBag" | "crlBag") => {
                let string = value.child(1).and_then(|wrapped| wrapped.child(0));
                let Some(string) = string else { continue };
                let is_list = kind == Some("crlBag");
                let kind = if is_list { Kind::RevocationList } else { Kind::Certificate };
                store.bags.push(Bag { kind, name, der: Some(octets(string)) });
            }
            Some("keyBag") => {
                store.bags.push(Bag { kind: Kind::PrivateKey, name, der: Some(value.full().to_vec()) });
            }
            Some("pkcs8ShroudedKeyBag") => {
                let opened = match (value.child(0), value.child(1)) {
                    (Some(algorithm), Some(string)) => decrypt(algorithm, octets(string), password).ok(),
                    _ => None,
                };
                store.bags.push(Bag { kind: Kind::PrivateKey, name, der: opened });
            }
            _ => {}
        }
    }
}

fn friendly_name(bag: View<'_>) -> Option<String> {
    let attributes = bag.child(2)?;
    let named = attributes.children().find(|attribute| {
        attribute.child(0).and_then(|kind| kind.oid()).and_then(oid::known) == Some("friendlyName")
    })?;
    let value = named.child(1)?.child(0)?;
    let (text, _) = strings::decoded(value.node().tag, value.contents())?;
    Some(escape(&text).into_owned())
}
