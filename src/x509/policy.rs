//! Policies and constraints (RFC 5280, sections 4.2.1.4, 4.2.1.5, 4.2.1.10, 4.2.1.11),
//! qualified statements (RFC 3739; ETSI EN 319 412-5), Microsoft's templates.

use super::field::{Field, Flaw};
use super::form::{Form, MOST_PARTS, Shown, structure};
use super::general;
use super::tag;
use super::view::View;

pub(super) fn policies(at: View<'_>) -> Shown {
    if !at.is(tag::SEQUENCE) {
        return Shown::unread(at);
    }
    Shown::each(at, |policy| Field::of("policy", Form::Policy, policy))
}

/// One policy, with its qualifiers in parentheses.
pub(super) fn policy(at: View<'_>) -> Shown {
    let Some(identifier) = at.child(0) else { return Shown::unread(at) };
    let mut parts = vec![Field::of("policyIdentifier", Form::Oid, identifier)];
    for qualifier in at.child(1).iter().flat_map(View::children) {
        let (kind, value) = (qualifier.child(0), qualifier.child(1));
        let name = kind.and_then(|kind| kind.oid()).map_or_else(|| "qualifier".into(), super::oid::name);
        parts.push(match value {
            Some(value) if name == "cps" => Field::of(name, Form::Text, value),
            Some(value) if name == "userNotice" => Field::of(name, Form::Notice, value),
            Some(value) => Field::of(name, Form::Structure, value),
            None => Field::of(name, Form::Structure, qualifier).flawed(Some(Flaw::NotRead)),
        });
    }
    let mut words = parts.iter().map(|part| part.value.as_str());
    let mut value = words.next().unwrap_or_default().to_owned();
    for word in words {
        value.push_str(&format!(" ({word})"));
    }
    Shown { value, flaws: Vec::new(), parts }
}

/// Whose notice of which numbers, and its text.
pub(super) fn notice(at: View<'_>) -> Shown {
    if !at.is(tag::SEQUENCE) {
        return Shown::unread(at);
    }
    let mut parts = Vec::new();
    for part in at.children().take(MOST_PARTS) {
        if !part.is(tag::SEQUENCE) {
            parts.push(Field::of("explicitText", Form::Text, part));
            continue;
        }
        parts.extend(part.child(0).map(|whose| Field::of("organization", Form::Text, whose)));
        let numbers = part.child(1).into_iter().flat_map(|numbers| numbers.children().take(MOST_PARTS));
        parts.extend(numbers.map(|number| Field::of("noticeNumber", Form::Number, number)));
    }
    Shown::list(parts)
}

/// `issuerDomainPolicy -> subjectDomainPolicy`.
pub(super) fn mappings(at: View<'_>) -> Shown {
    if !at.is(tag::SEQUENCE) {
        return Shown::unread(at);
    }
    let mut parts = Vec::new();
    let mut words = Vec::new();
    for mapping in at.children() {
        let (Some(from), Some(to)) = (mapping.child(0), mapping.child(1)) else {
            return Shown::unread(at);
        };
        let from = Field::of("issuerDomainPolicy", Form::Oid, from);
        let to = Field::of("subjectDomainPolicy", Form::Oid, to);
        words.push(format!("{} -> {}", from.value, to.value));
        parts.extend([from, to]);
    }
    Shown {
        flaws: if parts.is_empty() { vec![Flaw::Empty] } else { Vec::new() },
        value: words.join(", "),
        parts,
    }
}

pub(super) fn constraints(at: View<'_>) -> Shown {
    if !at.is(tag::SEQUENCE) {
        return Shown::unread(at);
    }
    let named = |part: View<'_>| {
        let name = if part.is_context(0) { "requireExplicitPolicy" } else { "inhibitPolicyMapping" };
        Field::of(name, Form::Number, part)
    };
    let parts: Vec<Field> = at.children().map(named).collect();
    let words: Vec<String> = parts.iter().map(|part| format!("{}:{}", part.name, part.value)).collect();
    Shown {
        flaws: if parts.is_empty() { vec![Flaw::Empty] } else { Vec::new() },
        value: words.join(", "),
        parts,
    }
}

/// `permitted DNS:example.com, excluded IP:10.0.0.0/8`.
pub(super) fn name_constraints(at: View<'_>) -> Shown {
    if !at.is(tag::SEQUENCE) {
        return Shown::unread(at);
    }
    let mut parts = Vec::new();
    let mut words = Vec::new();
    for group in at.children() {
        let name = if group.is_context(0) { "permitted" } else { "excluded" };
        for subtree in group.children() {
            let field = Field::of(name, Form::Subtree, subtree);
            words.push(format!("{name} {}", field.value));
            parts.push(field);
        }
    }
    Shown {
        flaws: if parts.is_empty() { vec![Flaw::Empty] } else { Vec::new() },
        value: words.join(", "),
        parts,
    }
}

/// One GeneralSubtree: its base; an address is a network here.
pub(super) fn subtree(at: View<'_>) -> Shown {
    let Some(base) = at.child(0) else { return Shown::unread(at) };
    if base.is_context(7) {
        let (text, flaws) = general::network(base.contents());
        return Shown { flaws, ..Shown::of(format!("IP:{text}")) };
    }
    general::one(base)
}

pub(super) fn statements(at: View<'_>) -> Shown {
    if !at.is(tag::SEQUENCE) {
        return Shown::unread(at);
    }
    Shown::each(at, |one| Field::of("statement", Form::Statement, one))
}

/// One QCStatement: its name, and its information as structure.
pub(super) fn statement(at: View<'_>) -> Shown {
    let Some(identifier) = at.child(0) else { return Shown::unread(at) };
    let mut parts = vec![Field::of("statementId", Form::Oid, identifier)];
    let mut value = parts.iter().map(|part| part.value.clone()).collect::<String>();
    if let Some(information) = at.child(1) {
        value.push_str(&format!(" ({})", structure(information)));
        parts.push(Field::of("statementInfo", Form::Structure, information));
    }
    Shown { value, flaws: Vec::new(), parts }
}

/// Microsoft's certificate template: identifier, major and minor version.
pub(super) fn template(at: View<'_>) -> Shown {
    const NAMES: [&str; 3] = ["templateID", "majorVersion", "minorVersion"];
    if !at.is(tag::SEQUENCE) {
        return Shown::unread(at);
    }
    let named = |(name, part): (&'static str, View<'_>)| {
        Field::of(name, if part.is(tag::OID) { Form::Oid } else { Form::Number }, part)
    };
    Shown::list(NAMES.into_iter().zip(at.children()).map(named).collect())
}
