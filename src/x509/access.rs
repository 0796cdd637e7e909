//! Where revocation lists and issuers are to be had (RFC 5280, sections 4.2.1.13, 4.2.2.1,
//! 5.2.5).

use super::field::{Field, Flaw};
use super::form::{Form, Shown};
use super::tag;
use super::usage;
use super::view::View;

/// cRLDistributionPoints and freshestCRL.
pub(super) fn points(at: View<'_>) -> Shown {
    if !at.is(tag::SEQUENCE) {
        return Shown::unread(at);
    }
    Shown::each(at, |point| Field::of("point", Form::Point, point))
}

/// The parts of a DistributionPointName.
fn place(name: View<'_>) -> Field {
    match name.child(0) {
        Some(full) if full.is_context(0) => Field::of("fullName", Form::GeneralNames, full),
        Some(relative) => Field::of("nameRelativeToCRLIssuer", Form::Structure, relative),
        None => Field::of("distributionPoint", Form::Structure, name).flawed(Some(Flaw::Empty)),
    }
}

/// One distribution point.
pub(super) fn point(at: View<'_>) -> Shown {
    let mut parts = Vec::new();
    let mut words = Vec::new();
    for part in at.children() {
        match part.node().tag {
            0 => {
                let field = place(part);
                words.push(field.value.clone());
                parts.push(field);
            }
            1 => {
                let reasons = usage::bits(part, &usage::REASONS);
                words.push(format!("reasons {}", reasons.value));
                parts.push(Field::of("reasons", Form::Structure, part));
            }
            2 => {
                let field = Field::of("cRLIssuer", Form::GeneralNames, part);
                words.push(format!("issuer {}", field.value));
                parts.push(field);
            }
            _ => parts.push(Field::of("more", Form::Structure, part).flawed(Some(Flaw::NotRead))),
        }
    }
    Shown {
        flaws: if parts.is_empty() { vec![Flaw::Empty] } else { Vec::new() },
        value: words.join(" "),
        parts,
    }
}

/// issuingDistributionPoint of a revocation list.
pub(super) fn issuing(at: View<'_>) -> Shown {
    if !at.is(tag::SEQUENCE) {
        return Shown::unread(at);
    }
    const ONLY: [&str; 6] = [
        "distributionPoint",
        "onlyContainsUserCerts",
        "onlyContainsCACerts",
        "onlySomeReasons",
        "indirectCRL",
        "onlyContainsAttributeCerts",
    ];
    let mut words = Vec::new();
    let mut parts = Vec::new();
    for part in at.children() {
        let number = part.node().tag;
        let name = usize::try_from(number).ok().and_then(|n| ONLY.get(n)).copied().unwrap_or("more");
        let field = match number {
            0 => place(part),
            3 => Field::of(name, Form::Bits, part),
            _ => Field::of(name, Form::Boolean, part),
        };
        words.push(match number {
            0 => field.value.clone(),
            _ => name.to_owned(),
        });
        parts.push(field);
    }
    Shown { value: words.join(", "), flaws: Vec::new(), parts }
}

/// authorityInfoAccess and subjectInfoAccess.
pub(super) fn accesses(at: View<'_>) -> Shown {
    if !at.is(tag::SEQUENCE) {
        return Shown::unread(at);
    }
    Shown::each(at, |one| Field::of("access", Form::Access, one))
}

/// `OCSP URI:http://…`.
pub(super) fn access(at: View<'_>) -> Shown {
    let (Some(method), Some(location)) = (at.child(0), at.child(1)) else { return Shown::unread(at) };
    let parts =
        vec![Field::of("method", Form::Oid, method), Field::of("location", Form::GeneralName, location)];
    let words: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
    Shown { value: words.join(" "), flaws: Vec::new(), parts }
}
