//! One thing as a whole: what it is, its bytes, their tree, and its fields.

use time::OffsetDateTime;

use super::field::{Field, Flaw};
use super::form::Form;
use super::outline::{self, Kind};
use super::tree::Tree;
use super::view::View;

/// A certificate, a request, a list, a key, or whatever else was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What it is.
    pub kind: Kind,
    /// Its bytes; none of a private key.
    pub der: Vec<u8>,
    /// Their elements.
    pub tree: Tree,
    /// What they say, in their order.
    pub fields: Vec<Field>,
}

impl Document {
    /// What the bytes are by their structure.
    #[must_use]
    pub fn read(der: &[u8]) -> Self {
        let tree = Tree::of(der);
        let kind = View::root(der, &tree).map_or(Kind::Unknown, Kind::of);
        Self::whole(kind, der, tree)
    }

    /// The bytes as what they are said to be, even where their structure is another.
    #[must_use]
    pub fn claimed(kind: Kind, der: &[u8]) -> Self {
        Self::whole(kind, der, Tree::of(der))
    }

    fn whole(kind: Kind, der: &[u8], tree: Tree) -> Self {
        if kind == Kind::PrivateKey {
            return Self::secret(der);
        }
        let fields = View::root(der, &tree).map(|root| outline::fields(kind, root)).unwrap_or_default();
        Self { kind, der: der.to_vec(), tree, fields }
    }

    /// A private key of which nothing is known but that it is encrypted.
    pub(super) fn encrypted_key() -> Self {
        let fields = vec![public_key(None), Field::planned("container", "encrypted")];
        Self { kind: Kind::PrivateKey, der: Vec::new(), tree: Tree::default(), fields }
    }

    /// A private key without its secret.
    fn secret(der: &[u8]) -> Self {
        let read = super::secret::read(der);
        let container = read.as_ref().map_or("unknown", |read| read.container);
        let public = read.and_then(|read| read.public_key_info).or_else(|| super::signing::public_half(der));
        let mut fields = vec![public_key(public.as_deref())];
        fields.push(Field::planned("container", container));
        Self { kind: Kind::PrivateKey, der: Vec::new(), tree: Tree::default(), fields }
    }

    /// The field of this name, the first if there are several.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The value of the field of this name; empty if there is none.
    #[must_use]
    pub fn value(&self, name: &str) -> &str {
        self.field(name).map_or("", |field| field.value.as_str())
    }

    /// All fields and their parts.
    pub fn all(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().flat_map(Field::all)
    }

    /// The first element.
    #[must_use]
    pub fn root(&self) -> Option<View<'_>> {
        View::root(&self.der, &self.tree)
    }

    /// The bytes of a field.
    #[must_use]
    pub fn bytes(&self, field: &Field) -> &[u8] {
        field.range.clone().and_then(|range| self.der.get(range)).unwrap_or_default()
    }

    /// The moments between which it is valid: of a list, between its updates.
    #[must_use]
    pub fn validity(&self) -> Option<(OffsetDateTime, OffsetDateTime)> {
        let parse = |name: &str| {
            let text = &self.field(name)?.value;
            OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).ok()
        };
        let [from, to] = match self.kind {
            Kind::RevocationList => ["thisUpdate", "nextUpdate"],
            _ => ["notBefore", "notAfter"],
        };
        Some((parse(from)?, parse(to)?))
    }

    /// What `--discovery-token-ca-cert-hash` takes: the SHA-256 of the public key.
    #[must_use]
    pub fn pin(&self) -> Option<&str> {
        Some(self.field("publicKey")?.part("pin")?.value.as_str())
    }

    /// Everything that is wrong with it, each with the field where it stands.
    pub fn flaws(&self) -> impl Iterator<Item = (&Field, Flaw)> {
        self.all().flat_map(|field| field.flaws.iter().map(move |flaw| (field, *flaw)))
    }
}

/// The field of a public key that stands in no bytes of its own.
fn public_key(info: Option<&[u8]>) -> Field {
    let Some(info) = info else { return Field::planned("publicKey", "unknown") };
    let tree = Tree::of(info);
    let read = View::root(info, &tree).map(|root| Field::of("publicKey", Form::PublicKey, root));
    let read = read.unwrap_or_else(|| Field::planned("publicKey", "unknown"));
    let keep = ["sha256", "pin"];
    let parts = read.parts.into_iter().filter(|part| keep.contains(&part.name.as_ref()));
    let parts = parts.map(|part| Field::planned(part.name, part.value)).collect();
    Field { parts, ..Field::planned("publicKey", read.value) }
}
