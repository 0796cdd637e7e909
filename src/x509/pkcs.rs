//! Envelopes: PKCS #7 (RFC 2315) and PKCS #12 (RFC 7292). Of the latter the certificates
//! that are not encrypted are read without a password; the rest is opened with one.

use super::oid;
use super::outline::Kind;
use super::password::{Closed, Password};
use super::strings;
use super::tag;
use super::tree::Tree;
use super::view::View;
use crate::text::escape;

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
    /// Whether another password would open more.
    pub(super) is_locked: bool,
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
pub(super) fn store(der: &[u8], password: &mut Password<'_>) -> Store {
    let mut store = Store::default();
    let tree = Tree::of(der);
    let root = View::root(der, &tree);
    let Some(safes) = root.and_then(|root| root.child(1)).and_then(|info| data(info)) else {
        store.problems.push("it does not read as PKCS #12: its contents are signed, or not there".into());
        return store;
    };
    let mac = root.and_then(|root| root.child(2)).filter(|_| password.is_given());
    let mac = mac.and_then(|mac| password.is_mac_of(mac, &safes));
    let tree = Tree::of(&safes);
    for info in View::root(&safes, &tree).iter().flat_map(View::children) {
        let contents = match data(info) {
            Some(contents) => Ok(contents),
            None => encrypted(info, password),
        };
        match contents {
            Ok(contents) => bags(&contents, password, &mut store),
            Err(Some(closed)) => {
                store.is_locked |= closed == Closed::Password;
                store.problems.push(told(&closed, password.is_given()));
            }
            Err(None) => store.problems.push("a part of it does not read as PKCS #12".into()),
        }
    }
    // A password that opens it is the right one: what the MAC covers is not what was sealed.
    if mac == Some(false) && !store.is_locked {
        store.problems.push(
            "its MAC does not fit: what it holds was changed after it was made, or this is not its password"
                .into(),
        );
    }
    store
}

/// Why something stays closed, in a sentence.
fn told(closed: &Closed, has_password: bool) -> String {
    match closed {
        Closed::Password if has_password => {
            "it is encrypted, and this is not its password: give it in a file with --password-file".into()
        }
        Closed::Password => "it is encrypted: give its password in a file with --password-file".into(),
        Closed::Scheme(name) => format!(
            "its certificates are encrypted with {name}, which is not read here: \
             `openssl pkcs12 -legacy -nokeys -in FILE` writes them as PEM"
        ),
        Closed::Parameters => "it is encrypted in a way that is not read here".into(),
    }
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

/// The contents of an encryptedData; no reason where it is none.
fn encrypted(info: View<'_>, password: &mut Password<'_>) -> Result<Vec<u8>, Option<Closed>> {
    let inner = info.child(1).and_then(|wrapped| wrapped.child(0)?.child(1)).ok_or(None)?;
    let (algorithm, string) = (inner.child(1).ok_or(None)?, inner.child(2).ok_or(None)?);
    password.decrypt(algorithm, &octets(string)).map_err(Some)
}

/// The bags of one SafeContents.
fn bags(contents: &[u8], password: &mut Password<'_>, store: &mut Store) {
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
                    (Some(algorithm), Some(string)) => password.decrypt(algorithm, &octets(string)),
                    _ => Err(Closed::Parameters),
                };
                store.is_locked |= opened == Err(Closed::Password);
                store.bags.push(Bag { kind: Kind::PrivateKey, name, der: opened.ok() });
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
