//! What the elements of a certificate, a request, a revocation list or a key are called, in
//! the order in which they stand (RFC 5280, sections 4.1 and 5.1; RFC 2986; RFC 5958; RFC
//! 8017; RFC 5915).

use std::collections::HashSet;

use serde::Serialize;

use super::field::{Field, Flaw};
use super::form::{Form, Shown};
use super::tag;
use super::tree::Class;
use super::view::View;
use super::{extension, moment, oid};

/// What one thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A certificate.
    Certificate,
    /// A certificate signing request.
    CertificateRequest,
    /// A certificate revocation list.
    RevocationList,
    /// A private key: only its kind is shown.
    PrivateKey,
    /// A public key.
    PublicKey,
    /// Certificates and lists in a PKCS #7 envelope.
    Pkcs7,
    /// Certificates and keys in a PKCS #12 store.
    Pkcs12,
    /// ASN.1 that is none of these.
    Unknown,
}

impl Kind {
    /// What an element is, by its structure alone.
    #[must_use]
    pub fn of(root: View<'_>) -> Self {
        let shape: Vec<char> = root.children().take(9).map(letter).collect();
        let shape: String = shape.into_iter().collect();
        let within = |number: usize| -> String {
            root.child(number).iter().flat_map(View::children).take(10).map(letter).collect()
        };
        if !root.is(tag::SEQUENCE) {
            return Self::Unknown;
        }
        match shape.as_str() {
            // What stands behind the signature Go passes over.
            signed if signed.starts_with("SSB") => {
                let inner = within(0);
                let list = inner.strip_prefix('I').unwrap_or(&inner);
                let bare = inner.strip_prefix('0').unwrap_or(&inner);
                if list.starts_with("SST") {
                    Self::RevocationList
                } else if bare.starts_with("ISSSSS") || inner.starts_with("0I") {
                    Self::Certificate
                } else if inner.starts_with("ISS") {
                    Self::CertificateRequest
                } else {
                    Self::Unknown
                }
            }
            "SB" if within(0).starts_with('O') => Self::PublicKey,
            "II" => Self::PublicKey,
            "ISX" | "ISX0" | "ISX1" | "ISX01" if within(1).starts_with('O') => Self::PrivateKey,
            "IX" | "IX0" | "IX1" | "IX01" => Self::PrivateKey,
            "SX" if within(0).starts_with('O') => Self::PrivateKey,
            "IIIIIIIII" | "IIIIII" => Self::PrivateKey,
            "O0" if root.child(0).and_then(|kind| kind.oid()).is_some_and(is_signed_data) => Self::Pkcs7,
            "IS" | "ISS" if root.child(0).and_then(|version| version.number()) == Some(3) => Self::Pkcs12,
            _ => Self::Unknown,
        }
    }
}

fn is_signed_data(kind: &[u8]) -> bool {
    oid::known(kind) == Some("signedData")
}

/// An element's type as a letter: a shape is compared with those that are known.
fn letter(at: View<'_>) -> char {
    match (at.node().class, at.node().tag) {
        (Class::Context, number @ 0..=3) => char::from_digit(number, 10).unwrap_or('?'),
        (Class::Universal, tag::INTEGER) => 'I',
        (Class::Universal, tag::SEQUENCE) => 'S',
        (Class::Universal, tag::BIT_STRING) => 'B',
        (Class::Universal, tag::OCTET_STRING) => 'X',
        (Class::Universal, tag::OID) => 'O',
        (Class::Universal, tag::UTC_TIME | tag::GENERALIZED_TIME) => 'T',
        _ => '?',
    }
}

/// The elements of a SEQUENCE one after the other, each by the name it is expected under.
struct Reading<'a, I: Iterator<Item = View<'a>>> {
    rest: std::iter::Peekable<I>,
    fields: Vec<Field>,
}

impl<'a, I: Iterator<Item = View<'a>>> Reading<'a, I> {
    fn new(elements: I) -> Self {
        Self { rest: elements.peekable(), fields: Vec::new() }
    }

    /// The next element if it is such a one.
    fn optional(&mut self, is: impl Fn(&View<'a>) -> bool) -> Option<View<'a>> {
        self.rest.next_if(is)
    }

    /// The next element, which must be there; if it is not such a one, that is shown.
    fn field(&mut self, name: &'static str, form: Form, is: impl Fn(&View<'a>) -> bool) {
        let field = match self.rest.next() {
            Some(element) if is(&element) => Field::of(name, form, element),
            Some(element) => Field::of(name, Form::Structure, element).flawed(Some(Flaw::NotRead)),
            None => Field::planned(name, "").flawed(Some(Flaw::NotRead)),
        };
        self.fields.push(field);
    }

    /// All others, which nothing is known of.
    fn others(&mut self) {
        for element in self.rest.by_ref() {
            self.fields.push(Field::of("more", Form::Structure, element).flawed(Some(Flaw::NotRead)));
        }
    }
}

fn is_sequence(at: &View<'_>) -> bool {
    at.is(tag::SEQUENCE)
}

fn is_time(at: &View<'_>) -> bool {
    at.is(tag::UTC_TIME) || at.is(tag::GENERALIZED_TIME)
}

/// The fields of whatever an element is.
pub(super) fn fields(kind: Kind, root: View<'_>) -> Vec<Field> {
    let mut fields = match kind {
        Kind::Certificate => certificate(root),
        Kind::CertificateRequest => request(root),
        Kind::RevocationList => list(root),
        Kind::PublicKey if root.child(0).is_some_and(|first| first.is(tag::SEQUENCE)) => {
            vec![Field::of("publicKey", Form::PublicKey, root)]
        }
        Kind::PublicKey | Kind::PrivateKey => Vec::new(),
        Kind::Pkcs7 | Kind::Pkcs12 | Kind::Unknown => vec![Field::of("structure", Form::Structure, root)],
    };
    if kind != Kind::PrivateKey {
        let after = root.siblings();
        fields.extend(
            after.map(|more| Field::of("trailing", Form::Structure, more).flawed(Some(Flaw::Trailing))),
        );
    }
    fields
}

fn certificate(root: View<'_>) -> Vec<Field> {
    let Some(tbs) = root.child(0) else { return Vec::new() };
    let mut reading = Reading::new(tbs.children());
    match reading.optional(|next| next.is_context(0)) {
        Some(version) => reading.fields.push(Field::of("version", Form::Version, version)),
        None => reading.fields.push(Field::planned("version", "1")),
    }
    reading.field("serialNumber", Form::Serial, |next| next.is(tag::INTEGER));
    reading.field("signatureAlgorithm", Form::Algorithm, is_sequence);
    reading.field("issuer", Form::Name, is_sequence);
    validity(&mut reading);
    reading.field("subject", Form::Name, is_sequence);
    reading.field("publicKey", Form::PublicKey, is_sequence);
    for (number, name) in [(1, "issuerUniqueID"), (2, "subjectUniqueID")] {
        if let Some(unique) = reading.optional(|next| next.is_context(number)) {
            reading.fields.push(Field::of(name, Form::Bits, unique));
        }
    }
    extensions(&mut reading, 3);
    reading.others();
    let mut fields = reading.fields;
    let extended = fields.iter().any(|field| field.form == Form::Extension);
    if let Some(version) = fields.first_mut()
        && extended
        && version.value != "3"
    {
        version.flaws.push(Flaw::OtherVersion);
    }
    signature(root, tbs, &mut fields);
    for (name, form) in [("sha1", Form::Sha1), ("sha256", Form::Sha256)] {
        fields.push(Field::of(name, form, root));
    }
    fields
}

/// The signature, and whether its algorithm is the one that was signed.
fn signature(root: View<'_>, tbs: View<'_>, fields: &mut Vec<Field>) {
    let outer = root.child(1);
    let inner = tbs.children().filter(is_sequence).map(|element| element.full()).next();
    if let Some(outer) = outer
        && inner.is_some_and(|inner| inner != outer.full())
        && let Some(field) = fields.iter_mut().find(|field| field.name == "signatureAlgorithm")
        && field.node != Some(outer.index)
    {
        field.flaws.push(Flaw::OtherAlgorithm);
        field.parts.push(Field::of("outside", Form::Algorithm, outer));
    }
    if let Some(value) = root.child(2) {
        fields.push(Field::of("signatureValue", Form::Bits, value));
    }
    for more in root.children().skip(3) {
        fields.push(Field::of("more", Form::Structure, more).flawed(Some(Flaw::Trailing)));
    }
}

fn validity<'a>(reading: &mut Reading<'a, impl Iterator<Item = View<'a>>>) {
    let Some(validity) = reading.optional(is_sequence) else {
        reading.field("notBefore", Form::Time, is_sequence);
        return;
    };
    let mut inner = Reading::new(validity.children());
    inner.field("notBefore", Form::Time, is_time);
    inner.field("notAfter", Form::Time, is_time);
    inner.others();
    let time = |number| validity.child(number).and_then(moment::moment).map(|(moment, _)| moment);
    if let (Some(from), Some(to), Some(field)) = (time(0), time(1), inner.fields.get_mut(1))
        && from > to
    {
        field.flaws.push(Flaw::Reversed);
    }
    reading.fields.extend(inner.fields);
}

/// The extensions below `[number]`, each a field of its own name.
fn extensions<'a>(reading: &mut Reading<'a, impl Iterator<Item = View<'a>>>, number: u32) {
    let Some(tagged) = reading.optional(|next| next.is_context(number)) else { return };
    match tagged.child(0).filter(is_sequence) {
        Some(list) => reading.fields.extend(extension_fields(list)),
        None => {
            reading.fields.push(Field::of("extensions", Form::Structure, tagged).flawed(Some(Flaw::NotRead)));
        }
    }
    for more in tagged.children().skip(1) {
        reading.fields.push(Field::of("more", Form::Structure, more).flawed(Some(Flaw::Trailing)));
    }
}

fn extension_fields(list: View<'_>) -> Vec<Field> {
    let mut seen = HashSet::new();
    let mut fields: Vec<Field> = list
        .children()
        .map(|one| {
            let again = extension::identifier(one).is_some_and(|identifier| !seen.insert(identifier));
            Field::of(extension::name(one), Form::Extension, one).flawed(again.then_some(Flaw::Doubled))
        })
        .collect();
    if fields.is_empty() {
        fields.push(Field::of("extensions", Form::Structure, list).flawed(Some(Flaw::Empty)));
    }
    fields
}

fn request(root: View<'_>) -> Vec<Field> {
    let Some(info) = root.child(0) else { return Vec::new() };
    let mut reading = Reading::new(info.children());
    reading.field("version", Form::Version, |next| next.is(tag::INTEGER));
    reading.field("subject", Form::Name, is_sequence);
    reading.field("publicKey", Form::PublicKey, is_sequence);
    if let Some(outer) = root.child(1) {
        reading.fields.push(Field::of("signatureAlgorithm", Form::Algorithm, outer));
    }
    reading.fields.extend(super::fields::own_signature(root.full()));
    let attributes = reading.optional(|next| next.is_context(0));
    for attribute in attributes.iter().flat_map(View::children) {
        let kind = attribute.child(0).and_then(|kind| kind.oid()).and_then(oid::known);
        let value = attribute.child(1).and_then(|values| values.child(0));
        match (kind, value) {
            (Some("extensionRequest" | "microsoftExtensionRequest"), Some(list)) => {
                reading.fields.extend(extension_fields(list));
            }
            _ => {
                let name = kind.unwrap_or("attribute");
                reading.fields.push(Field::of(name, Form::DirectoryAttribute, attribute));
            }
        }
    }
    reading.others();
    let mut fields = reading.fields;
    if let Some(value) = root.child(2) {
        fields.push(Field::of("signatureValue", Form::Bits, value));
    }
    fields
}

fn list(root: View<'_>) -> Vec<Field> {
    let Some(tbs) = root.child(0) else { return Vec::new() };
    let mut reading = Reading::new(tbs.children());
    match reading.optional(|next| next.is(tag::INTEGER)) {
        Some(version) => reading.fields.push(Field::of("version", Form::Version, version)),
        None => reading.fields.push(Field::planned("version", "1")),
    }
    reading.field("signatureAlgorithm", Form::Algorithm, is_sequence);
    reading.field("issuer", Form::Name, is_sequence);
    reading.field("thisUpdate", Form::Time, is_time);
    if let Some(next) = reading.optional(is_time) {
        reading.fields.push(Field::of("nextUpdate", Form::Time, next));
    }
    if let Some(revoked) = reading.optional(is_sequence) {
        let shown = Shown::each(revoked, |one| Field::of("revoked", Form::Revoked, one));
        let parts = shown.parts;
        reading.fields.push(Field {
            name: "revokedCertificates".into(),
            value: revoked.children().count().to_string(),
            range: Some(revoked.range()),
            node: Some(revoked.index),
            parts,
            ..Field::default()
        });
    }
    extensions(&mut reading, 0);
    reading.others();
    let mut fields = reading.fields;
    signature(root, tbs, &mut fields);
    for (name, form) in [("sha1", Form::Sha1), ("sha256", Form::Sha256)] {
        fields.push(Field::of(name, form, root));
    }
    fields
}

/// One entry of a revocation list: `12345 since 2026-11-23T18:54:01Z, keyCompromise`.
pub(super) fn revoked(at: View<'_>) -> Shown {
    let (Some(serial), Some(since)) = (at.child(0), at.child(1)) else { return Shown::unread(at) };
    let serial = Field::of("serialNumber", Form::Serial, serial);
    let since = Field::of("revocationDate", Form::Time, since);
    let mut value = format!("{} since {}", serial.value, since.value);
    let mut parts = vec![serial, since];
    for one in at.child(2).iter().flat_map(View::children) {
        let field = Field::of(extension::name(one), Form::Extension, one);
        if field.name == "cRLReason" {
            value.push_str(&format!(", {}", field.value));
        }
        parts.push(field);
    }
    Shown { value, flaws: Vec::new(), parts }
}
