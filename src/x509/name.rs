//! Distinguished names, attribute by attribute (RFC 5280, section 4.1.2.4).

use super::field::{Field, Flaw};
use super::form::{Form, MOST_PARTS, Shown};
use super::oid;
use super::strings::type_name;
use super::tag;
use super::view::View;

/// A name as `O=system:masters, CN=kube-admin`, attributes in their order, `+` between
/// those that share an RDN. Where a tag of its own stands for the SEQUENCE, that is no
/// matter.
pub(super) fn name(at: View<'_>) -> Shown {
    if !at.node().constructed {
        return Shown::unread(at);
    }
    let mut shown = Shown::default();
    for (index, rdn) in at.children().enumerate() {
        if index >= MOST_PARTS {
            shown.value.push_str(", ...");
            break;
        }
        if index > 0 {
            shown.value.push_str(", ");
        }
        if !rdn.is(tag::SET) {
            shown.flaws.push(Flaw::NotRead);
        }
        for (index, attribute) in rdn.children().enumerate() {
            let field = Field::of(key(attribute), Form::Attribute, attribute);
            if index > 0 {
                shown.value.push_str(" + ");
            }
            shown.value.push_str(&field.value);
            // The name of the attribute stands in the field's own.
            shown.parts.push(field);
        }
    }
    shown
}

/// `CN` of an AttributeTypeAndValue.
fn key(attribute: View<'_>) -> String {
    match attribute.child(0).and_then(|kind| kind.oid()) {
        Some(kind) => oid::attribute(kind),
        None => "attribute".into(),
    }
}

/// `CN=kube-admin`; its parts are the type, and the value under the name of its string type.
pub(super) fn attribute(at: View<'_>) -> Shown {
    let (Some(kind), Some(value)) = (at.child(0), at.child(1)) else { return Shown::unread(at) };
    let text = Field::of(type_name(value), Form::Text, value);
    let mut flaws = text.flaws.clone();
    if kind.oid().is_none() {
        flaws.push(Flaw::NotRead);
    }
    if at.child(2).is_some() {
        flaws.push(Flaw::Trailing);
    }
    Shown {
        value: format!("{}={}", key(at), text.value),
        // They stand with the value.
        flaws: flaws.into_iter().filter(|flaw| matches!(flaw, Flaw::NotRead | Flaw::Trailing)).collect(),
        parts: vec![Field::of("type", Form::Dotted, kind), text],
    }
}

/// subjectDirectoryAttributes (RFC 5280, section 4.2.1.8), and the attributes of a bag.
pub(super) fn directory_attributes(at: View<'_>) -> Shown {
    let parts = at.children().map(|attribute| Field::of(key(attribute), Form::DirectoryAttribute, attribute));
    Shown::list(parts.collect())
}

/// One attribute with its values.
pub(super) fn directory_attribute(at: View<'_>) -> Shown {
    let (Some(kind), Some(values)) = (at.child(0), at.child(1)) else { return Shown::unread(at) };
    let values: Vec<Field> = values
        .children()
        .map(|value| {
            let is_text =
                super::strings::decoded(value.node().tag, b"").is_some() && !value.node().constructed;
            Field::of("value", if is_text { Form::Text } else { Form::Structure }, value)
        })
        .collect();
    let text = super::form::joined(&values);
    let mut parts = vec![Field::of("type", Form::Dotted, kind)];
    parts.extend(values);
    Shown { value: format!("{}={text}", key(at)), flaws: Vec::new(), parts }
}
