//! What a file holds: PEM among anything, bare DER, base64, a kubeconfig, Kubernetes
//! objects, PKCS #7 and PKCS #12.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::document::Document;
use super::field::Field;
use super::outline::Kind;
use super::password::Password;
use super::pem::{Block, blocks};
use super::tag;
use super::tree::Tree;
use super::view::View;
use super::{X509Error, kubernetes, pkcs, secret};

/// Envelopes in envelopes, this often.
const DEEPEST: usize = 4;

/// One thing that was found: its bytes, which are read when it is looked at, so that many
/// take no more room than their file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Where in the file it stands, if the file has places: `Secret default/web tls.crt`.
    /// Safe to print.
    pub at: Option<String>,
    /// What it is.
    pub kind: Kind,
    /// Its bytes; none of a private key.
    pub der: Vec<u8>,
    /// What is known of a private key.
    secret: Vec<Field>,
}

impl Item {
    /// The same at another place.
    #[must_use]
    pub fn placed(self, at: &str) -> Self {
        Self { at: Some(at.to_owned()), ..self }
    }

    /// It as a whole.
    #[must_use]
    pub fn document(&self) -> Document {
        match self.kind {
            Kind::PrivateKey => Document {
                kind: self.kind,
                der: Vec::new(),
                tree: Tree::default(),
                fields: self.secret.clone(),
            },
            kind => Document::claimed(kind, &self.der),
        }
    }
}

impl Serialize for Item {
    /// `{kind, at, fields}`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut item = serializer.serialize_struct("Item", 2 + usize::from(self.at.is_some()))?;
        item.serialize_field("kind", &self.kind)?;
        if let Some(at) = &self.at {
            item.serialize_field("at", at)?;
        }
        item.serialize_field("fields", &self.document().fields)?;
        item.end()
    }
}

/// A part that does not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where in the file.
    pub at: Option<String>,
    /// Why, in a sentence that is safe to print.
    pub why: String,
}

/// A file that another one names, as kubeconfigs do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Where it is named.
    pub at: String,
    /// Its path, as it stands there.
    pub path: String,
}

/// Everything in a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contents {
    /// What was found, in its order.
    pub items: Vec<Item>,
    /// What does not read.
    pub problems: Vec<Problem>,
    /// What lies in other files.
    pub references: Vec<Reference>,
    /// Whether another password would open more of it.
    pub is_locked: bool,
}

/// Everything in a file that can be shown; the password opens PKCS #12.
#[must_use]
pub fn contents(bytes: &[u8], password: Option<&str>) -> Contents {
    let mut found = Contents::default();
    let mut reading = Reading { password: Password::new(password), found: &mut found };
    reading.bytes(bytes, None, 0);
    found
}

/// Everything in a file that can be shown.
///
/// # Errors
/// There is nothing, or nothing in it reads.
pub fn inspect(bytes: &[u8]) -> Result<Vec<Item>, X509Error> {
    let Contents { items, problems, references, .. } = contents(bytes, None);
    if !items.is_empty() {
        return Ok(items);
    }
    match (problems.into_iter().next(), references.is_empty()) {
        (Some(problem), _) => Err(X509Error::Unreadable(problem.why)),
        (None, false) => Ok(items),
        (None, true) => Err(X509Error::Unknown),
    }
}

/// A file that is being read.
pub(super) struct Reading<'a> {
    pub(super) password: Password<'a>,
    pub(super) found: &'a mut Contents,
}

impl Reading<'_> {
    /// Bytes of any kind, which stand at this place.
    pub(super) fn bytes(&mut self, bytes: &[u8], at: Option<&str>, depth: usize) {
        if depth > DEEPEST {
            return self.problem(at, "it holds envelopes in envelopes");
        }
        if depth == 0 && kubernetes::looks_like_objects(bytes) && self.objects(bytes) {
            return;
        }
        let blocks = blocks(bytes);
        if !blocks.is_empty() {
            for block in blocks {
                self.block(block, at, depth);
            }
        } else if bytes.first() == Some(&0x30) {
            self.der(bytes, at, depth, None);
        } else if let Some(inner) = bare_base64(bytes) {
            self.bytes(&inner, at, depth + 1);
        }
    }

    /// Whether the bytes are Kubernetes objects, which are then read.
    fn objects(&mut self, bytes: &[u8]) -> bool {
        match kubernetes::objects(bytes) {
            Ok(objects) => {
                for object in &objects {
                    self.object(object);
                }
                true
            }
            // Text that merely quotes one is read as what else it may be.
            Err(_) if !blocks(bytes).is_empty() => false,
            Err(why) => {
                self.problem(None, &why);
                true
            }
        }
    }

    fn block(&mut self, block: Block, at: Option<&str>, depth: usize) {
        let Block { label, der, encrypted } = block;
        if label.ends_with("PARAMETERS") {
            return;
        }
        let der = match der {
            Ok(der) => der,
            Err(why) => return self.problem(at, &format!("it does not read as a PEM file: {why}")),
        };
        if label.ends_with("PRIVATE KEY") {
            return self.secret(at, if encrypted { None } else { Some(&der) });
        }
        let claimed = match label.as_str() {
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => Some(Kind::Certificate),
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Some(Kind::CertificateRequest),
            "X509 CRL" => Some(Kind::RevocationList),
            _ => None,
        };
        self.der(&der, at, depth, claimed);
    }

    /// DER, or BER, as what it is; or as what it is said to be, where that can be.
    pub(super) fn der(&mut self, der: &[u8], at: Option<&str>, depth: usize, claimed: Option<Kind>) {
        let tree = Tree::of(der);
        let is_whole = tree.nodes.iter().all(|node| node.broken.is_none());
        let Some(root) = View::root(der, &tree) else {
            return self.problem(at, "a block is empty");
        };
        match (Kind::of(root), claimed) {
            (Kind::Unknown, Some(kind)) => {
                if root.child(0).is_some_and(|inner| inner.child(0).is_some()) && root.child(1).is_some() {
                    self.item(at, kind, der);
                } else {
                    let what = match kind {
                        Kind::Certificate => "certificate",
                        Kind::CertificateRequest => "certificate signing request",
                        _ => "revocation list",
                    };
                    self.problem(at, &format!("it does not read as a {what}: its structure is another"));
                }
            }
            (Kind::Unknown, None) if !is_whole => {
                let why = "it does not read as a certificate: its elements do not fit into each other";
                self.problem(at, why);
            }
            (Kind::Pkcs7, _) => {
                for (kind, inner) in pkcs::signed_data(root) {
                    self.der(&inner, at, depth + 1, Some(kind));
                }
            }
            (Kind::Pkcs12, _) => self.store(der, at, depth),
            (Kind::PrivateKey, _) => self.secret(at, Some(der)),
            (Kind::PublicKey, _) if root.child(0).is_some_and(|first| first.is(tag::INTEGER)) => {
                let info = secret::rsa_public(root.contents());
                self.item(at, Kind::PublicKey, &info);
            }
            (kind, _) => self.item(at, kind, der),
        }
    }

    /// What a PKCS #12 store holds.
    fn store(&mut self, der: &[u8], at: Option<&str>, depth: usize) {
        let store = pkcs::store(der, &mut self.password);
        for bag in store.bags {
            let name = bag.name.map(|name| match at {
                Some(at) => format!("{at} {name}"),
                None => name,
            });
            let at = name.as_deref().or(at);
            match bag.der {
                Some(inner) if bag.kind == Kind::PrivateKey => self.secret(at, Some(&inner)),
                Some(inner) => self.der(&inner, at, depth + 1, Some(bag.kind)),
                None => self.secret(at, None),
            }
        }
        for why in store.problems {
            self.problem(at, &why);
        }
        self.found.is_locked |= store.is_locked;
    }

    fn item(&mut self, at: Option<&str>, kind: Kind, der: &[u8]) {
        let (at, der, secret) = (at.map(str::to_owned), der.to_vec(), Vec::new());
        self.found.items.push(Item { at, kind, der, secret });
    }

    /// A private key; of one that is encrypted nothing is known.
    fn secret(&mut self, at: Option<&str>, der: Option<&[u8]>) {
        let document =
            der.map_or_else(Document::encrypted_key, |der| Document::claimed(Kind::PrivateKey, der));
        let (at, secret) = (at.map(str::to_owned), document.fields);
        self.found.items.push(Item { at, kind: Kind::PrivateKey, der: Vec::new(), secret });
    }

    pub(super) fn problem(&mut self, at: Option<&str>, why: &str) {
        // The same of each of many blocks is said once.
        let problem = Problem { at: at.map(str::to_owned), why: why.to_owned() };
        if self.found.problems.last() != Some(&problem) {
            self.found.problems.push(problem);
        }
    }
}

/// Text that is nothing but base64 of something known, as `certificate-authority-data` is.
fn bare_base64(bytes: &[u8]) -> Option<Vec<u8>> {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=\r\n\t ".contains(byte);
    if bytes.len() < 16 || !bytes.iter().all(is_base64) {
        return None;
    }
    let inner = super::pem::base64(bytes)?;
    (inner.first() == Some(&0x30) || inner.starts_with(b"-----BEGIN ")).then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::super::pem::pem;
    use super::*;

    #[test]
    fn each_of_several_keys_is_shown_by_its_own_public_half() {
        let pem = |algorithm| rcgen::KeyPair::generate_for(algorithm).unwrap().serialize_pem();
        let both = pem(&rcgen::PKCS_ECDSA_P256_SHA256) + &pem(&rcgen::PKCS_ECDSA_P384_SHA384);
        let items = inspect(both.as_bytes()).unwrap();
        let documents: Vec<_> = items.iter().map(Item::document).collect();
        let shown: Vec<&str> = documents.iter().map(|document| document.value("publicKey")).collect();
        assert_eq!(shown, ["ECDSA P-256", "ECDSA P-384"]);
        assert!(items.iter().all(|item| item.der.is_empty()));
    }

    #[test]
    fn pem_that_does_not_read_is_told_in_a_line() {
        let told = |text: &str| inspect(text.as_bytes()).unwrap_err().to_string();
        let begin = "-----BEGIN CERTIFICATE-----\n";
        assert_eq!(told(begin), "it does not read as a PEM file: the block `CERTIFICATE` has no end line");
        let block = format!("{begin}!?\n-----END CERTIFICATE-----\n");
        assert_eq!(told(&block), "it does not read as a PEM file: a block is not base64");
        assert!(told(&begin.replace('\n', "").repeat(100_000)).len() < 200);
        assert!(told(&format!("-----BEGIN {}", "\u{1b}".repeat(100_000))).len() < 500);
    }

    #[test]
    fn a_block_that_does_not_read_hides_no_other() {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let text = format!("{}junk\n{}", pem("CERTIFICATE", b"no"), key.public_key_pem());
        let found = contents(text.as_bytes(), None);
        assert_eq!(found.items.len(), 1);
        assert_eq!(found.problems.len(), 1);
        assert_eq!(found.items[0].document().value("publicKey"), "Ed25519");
    }
}
