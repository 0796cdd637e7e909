//! Extensions: the envelope of each, and in which form its value is read.

use super::field::{Field, Flaw};
use super::form::{Form, Shown};
use super::oid;
use super::strings::plain_hex;
use super::tag;
use super::view::View;

/// The form of an extension's value; none for one that is not known here.
fn form(identifier: &[u8]) -> Option<Form> {
    const PKIX: &[u8] = &[0x2b, 6, 1, 5, 5, 7];
    const TRANSPARENCY: &[u8] = &[0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4];
    const NETSCAPE: &[u8] = &[0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 1];
    const MICROSOFT: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37];
    if let [0x55, 0x1d, number] = identifier {
        return Some(match number {
            9 => Form::DirectoryAttributes,
            14 => Form::Hex,
            15 => Form::KeyUsage,
            16 => Form::UsagePeriod,
            17 | 18 | 29 => Form::GeneralNames,
            19 => Form::BasicConstraints,
            20 | 27 | 54 => Form::Number,
            21 => Form::Reason,
            23 => Form::Oid,
            24 => Form::Time,
            28 => Form::IssuingPoint,
            30 => Form::NameConstraints,
            31 | 46 => Form::Points,
            32 => Form::Policies,
            33 => Form::Mappings,
            35 => Form::AuthorityKey,
            36 => Form::PolicyConstraints,
            37 => Form::Purposes,
            _ => return None,
        });
    }
    let after = |arc| identifier.strip_prefix(arc);
    match (after(PKIX), after(TRANSPARENCY), after(NETSCAPE), after(MICROSOFT)) {
        (Some([1, 1 | 11]), ..) => Some(Form::Accesses),
        (Some([1, 3]), ..) => Some(Form::Statements),
        (Some([1, 24]), ..) => Some(Form::TlsFeature),
        (Some([0x30, 1, 5]), ..) | (_, Some([3]), ..) => Some(Form::Nothing),
        (_, Some([2]), ..) => Some(Form::Timestamps),
        (_, _, Some([1]), _) => Some(Form::NetscapeType),
        (_, _, Some([2 | 3 | 4 | 7 | 8 | 12 | 13]), _) => Some(Form::Text),
        (.., Some([20, 2])) => Some(Form::Text),
        (.., Some([21, 1])) => Some(Form::Number),
        (.., Some([21, 2])) => Some(Form::Hex),
        (.., Some([21, 7])) => Some(Form::Template),
        (.., Some([21, 10])) => Some(Form::Policies),
        _ => None,
    }
}

/// Whether Go knows an extension well enough that it may be critical (crypto/x509,
/// parser.go).
fn go_knows(identifier: &[u8]) -> bool {
    matches!(identifier, [0x55, 0x1d, 14 | 15 | 17 | 19 | 30 | 31 | 32 | 33 | 35 | 36 | 37 | 54])
}

/// The name that an extension goes by.
pub(super) fn name(at: View<'_>) -> String {
    match at.child(0).and_then(|identifier| identifier.oid()) {
        Some(identifier) => oid::name(identifier),
        None => "extension".into(),
    }
}

/// The octets of an extension's identifier.
pub(super) fn identifier(at: View<'_>) -> Option<&[u8]> {
    at.child(0)?.oid()
}

/// `critical, CA:TRUE`; its parts are the identifier, the mark and the value.
pub(super) fn extension(at: View<'_>) -> Shown {
    let mut parts = Vec::new();
    let mut flaws = Vec::new();
    let mut rest = at.children().peekable();
    let Some(identifier) = rest.next() else { return Shown::unread(at) };
    let Some(octets) = identifier.oid() else { return Shown::unread(at) };
    parts.push(Field::of("identifier", Form::Dotted, identifier));
    let mut critical = false;
    if let Some(mark) = rest.next_if(|next| next.is(tag::BOOLEAN)) {
        let field = Field::of("critical", Form::Boolean, mark);
        critical = field.value == "TRUE";
        // DER leaves out what is the default (X.690, section 11.5).
        parts.push(field.flawed((!critical).then_some(Flaw::NotDer)));
    }
    let Some(string) = rest.next() else { return Shown::unread(at) };
    if rest.next().is_some() {
        flaws.push(Flaw::Trailing);
    }
    if critical && !go_knows(octets) {
        flaws.push(Flaw::UnknownCritical);
    }
    let value = value(octets, string);
    let shown = if critical { format!("critical, {}", value.value) } else { value.value.clone() };
    parts.push(value);
    Shown { value: shown.trim_end_matches(", ").to_owned(), flaws, parts }
}

fn value(identifier: &[u8], string: View<'_>) -> Field {
    let inner = string.insides().next().filter(|_| string.is(tag::OCTET_STRING));
    let Some(inner) = inner else {
        let mut field = Field::of("value", Form::Hex, string);
        field.value = plain_hex(string.contents());
        let flaw = if string.contents().is_empty() { Flaw::Empty } else { Flaw::NotRead };
        let known = form(identifier).is_some() || string.contents().is_empty();
        return Field { form: Form::None, ..field.flawed(known.then_some(flaw)) };
    };
    let field = Field::of("value", form(identifier).unwrap_or(Form::Structure), inner);
    let broken = inner.all().skip(1).any(|element| element.node().broken.is_some());
    let trailing = string.insides().nth(1).is_some();
    let field = field.flawed(broken.then_some(Flaw::Short));
    field.flawed(trailing.then_some(Flaw::Trailing))
}
