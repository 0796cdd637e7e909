//! The way from a certificate to its root: found, missing, redundant, out of order.

use super::Entry;
use crate::x509::{Kind, is_signed_by};

/// A way is no longer.
const LONGEST: usize = 10;
/// So many certificates of one name are tried by their signatures.
const MOST_CANDIDATES: usize = 64;

/// One certificate of the way, or the place of one that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ui) struct Link {
    /// Which it is; none where it is missing.
    pub(in crate::ui) entry: Option<usize>,
    /// What there is to say of it.
    pub(in crate::ui) notes: Vec<Note>,
}

/// What there is to say of a certificate in a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Note {
    /// It is no CA.
    Leaf,
    /// It is a CA that another one signed.
    Intermediate,
    /// It signed itself.
    Root,
    /// It names itself as its issuer, and another key signed it.
    NotItsOwn,
    /// The key of the next one signed it.
    Signed,
    /// It stands in the same file, at this place from 1.
    InFile(usize),
    /// It is an intermediate CA, and its file does not hold it.
    NotBeside,
    /// Nothing that is known has the issuer's name.
    Missing,
    /// This one has the issuer's name, and another key.
    WrongKey(usize),
    /// In its file it stands before what it signed.
    OutOfOrder,
    /// The file holds it and the way does not need it.
    Redundant,
    /// A root in a chain that a server presents: the other side has it, or does not trust it.
    NeedlessRoot,
}

/// The way of this one, then what else stands in its file.
pub(in crate::ui) fn chain(entries: &[Entry], start: usize) -> Vec<Link> {
    let Some(first) = entries.get(start) else { return Vec::new() };
    // A file that names places within it, such as a kubeconfig, has no order.
    let file: Vec<usize> = if first.holding.item.at.is_none() {
        let name = &first.holding.name;
        let is_beside = |entry: &Entry| {
            entry.holding.name == *name
                && entry.holding.item.at.is_none()
                && entry.holding.item.kind == Kind::Certificate
        };
        entries.iter().enumerate().filter(|(_, entry)| is_beside(entry)).map(|(at, _)| at).collect()
    } else {
        vec![start]
    };
    let mut links = way(entries, start, &file);
    let mut last = None;
    for link in &mut links {
        let Some(entry) = link.entry else { continue };
        match file.iter().position(|at| *at == entry) {
            Some(place) => {
                if file.len() > 1 {
                    link.notes.push(Note::InFile(place + 1));
                }
                if last.is_some_and(|last| place < last) {
                    link.notes.push(Note::OutOfOrder);
                }
                last = Some(place);
                let is_root = link.notes.contains(&Note::Root);
                if is_root && file.len() > 1 && entry != start {
                    link.notes.push(Note::NeedlessRoot);
                }
            }
            // Whoever verifies has the root; what lies between must come with the leaf.
            None if link.notes.contains(&Note::Intermediate) => link.notes.push(Note::NotBeside),
            None => {}
        }
    }
    // What stands before it in its file may be what it signed.
    let below = |at: usize| {
        let mut next = Some(at);
        (0..LONGEST).any(|_| {
            next = next.and_then(|at| entries.get(at)?.issuer);
            next == Some(start)
        })
    };
    let rest = file
        .iter()
        .enumerate()
        .filter(|(_, at)| links.iter().all(|link| link.entry != Some(**at)) && !below(**at));
    let rest: Vec<Link> = rest
        .map(|(place, at)| Link {
            entry: Some(*at),
            notes: vec![kind(entries.get(*at)), Note::InFile(place + 1), Note::Redundant],
        })
        .collect();
    links.extend(rest);
    links
}

fn kind(entry: Option<&Entry>) -> Note {
    match entry {
        Some(entry) if !entry.is_authority => Note::Leaf,
        Some(entry) if entry.is_root() => Note::Root,
        _ => Note::Intermediate,
    }
}

/// From this one up, as far as it is known.
fn way(entries: &[Entry], start: usize, file: &[usize]) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    let mut next = Some(start);
    while let Some(at) = next.filter(|_| links.len() < LONGEST) {
        let Some(entry) = entries.get(at) else { break };
        let mut notes = vec![kind(Some(entry))];
        if entry.holding.item.kind != Kind::Certificate {
            notes.clear();
        }
        if entry.is_root() {
            if !is_signed_by(&entry.holding.item.der, &entry.holding.item.der) {
                notes.push(Note::NotItsOwn);
            }
            links.push(Link { entry: Some(at), notes });
            break;
        }
        // Those of the same file come first.
        let others = (0..entries.len()).filter(|other| !file.contains(other));
        let is_new = |other: &usize| links.iter().all(|link| link.entry != Some(*other)) && *other != at;
        let candidates: Vec<usize> = file
            .iter()
            .copied()
            .chain(others)
            .filter(is_new)
            .filter(|other| entries.get(*other).is_some_and(|other| other.may_issue(entry)))
            .take(MOST_CANDIDATES)
            .collect();
        let signed = candidates.iter().copied().find(|other| {
            entries
                .get(*other)
                .is_some_and(|other| is_signed_by(&entry.holding.item.der, &other.holding.item.der))
        });
        if signed.is_some() {
            notes.push(Note::Signed);
        }
        links.push(Link { entry: Some(at), notes });
        if signed.is_none() && entry.holding.item.kind != Kind::CertificateRequest {
            let why = candidates.first().map_or(Note::Missing, |other| Note::WrongKey(*other));
            links.push(Link { entry: None, notes: vec![why] });
        }
        next = signed;
    }
    links
}

#[cfg(test)]
mod tests {
    use super::super::{Inspector, Note};
    use super::*;
    use crate::lab::holdings_of;

    const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/kubeadm-1.36.2/p256/");

    fn read(name: &str) -> Vec<u8> {
        std::fs::read(format!("{DIRECTORY}{name}")).unwrap()
    }

    fn links(files: &[(&str, &[&str])]) -> Vec<Vec<Note>> {
        links_from(files, 0)
    }

    fn links_from(files: &[(&str, &[&str])], start: usize) -> Vec<Vec<Note>> {
        let holdings = files.iter().flat_map(|(name, parts)| {
            let bytes: Vec<u8> = parts.iter().flat_map(|part| read(part)).collect();
            holdings_of(name, &bytes, None)
        });
        let inspector = Inspector::of(0, holdings.collect()).unwrap();
        chain(&inspector.entries, start).into_iter().map(|link| link.notes).collect()
    }

    #[test]
    fn a_chain_tells_what_is_missing_redundant_and_out_of_order() {
        use Note::{InFile, Leaf, Missing, NeedlessRoot, OutOfOrder, Redundant, Root, Signed, WrongKey};
        let alone = links(&[("a", &["apiserver.crt"])]);
        assert_eq!(alone, [vec![Leaf], vec![Missing]]);
        let whole = links(&[("a", &["apiserver.crt"]), ("b", &["etcd/ca.crt", "ca.crt"])]);
        assert_eq!(whole, [vec![Leaf, Signed], vec![Root]]);
        let bundle = links(&[("a", &["apiserver.crt", "etcd/ca.crt", "ca.crt"])]);
        assert_eq!(
            bundle,
            [
                vec![Leaf, Signed, InFile(1)],
                vec![Root, InFile(3), NeedlessRoot],
                vec![Root, InFile(2), Redundant]
            ]
        );
        let turned = links_from(&[("a", &["ca.crt", "apiserver.crt"])], 1);
        assert_eq!(turned, [vec![Leaf, Signed, InFile(2)], vec![Root, InFile(1), OutOfOrder, NeedlessRoot]]);
        let rsa = "../rsa-2048/ca.crt";
        let other = links(&[("a", &["apiserver.crt"]), ("b", &[rsa])]);
        assert_eq!(other, [vec![Leaf], vec![WrongKey(1)]]);
    }
}
