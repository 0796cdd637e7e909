//! Any bytes to what reads files: everything that it finds must hold together.

use dojang::x509::{Document, Kind, compare, contents};

use super::sound::{decoded, partitioned, safe};

/// Runs one input.
pub fn run(input: &[u8]) {
    whole(&Document::read(input));
    for kind in [Kind::Certificate, Kind::CertificateRequest, Kind::RevocationList] {
        whole(&Document::claimed(kind, input));
    }
    let found = contents(input, None);
    for item in found.items.iter().take(16) {
        item.at.iter().for_each(|at| safe(at));
        whole(&item.document());
        assert!(item.kind != Kind::PrivateKey || item.der.is_empty(), "a secret is kept");
    }
    for problem in &found.problems {
        problem.at.iter().for_each(|at| safe(at));
        safe(&problem.why);
    }
    for reference in &found.references {
        safe(&reference.at);
    }
}

fn whole(document: &Document) {
    partitioned(document);
    decoded(document);
    let same = compare(document, document);
    assert!(same.iter().all(|one| one.standing == dojang::x509::Standing::Same), "it differs from itself");
}
