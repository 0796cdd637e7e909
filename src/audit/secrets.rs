//! Private keys: whose they are and where they lie.

use std::collections::{HashMap, HashSet};

use super::Problem;
use super::expect::Expectations;
use super::scan::{Held, Key, Scan, directory, is_authority, stem};
use super::table::Id;

pub(super) fn check(scan: &Scan, known: &Expectations, problems: &mut Vec<Problem>) {
    for held in scan.certificates.iter().filter(|held| held.index == 0 && !held.in_kubeconfig) {
        if let Some(key) = key_by_name(&held.path, scan)
            && key.public.as_ref().is_some_and(|public| public != held.certificate.public_key_info())
        {
            problems.push(no_pair(Id::KeyPair, &held.path, &key.path));
        }
    }
    for (path, public) in &scan.publics {
        let beside = format!("{}{}.key", directory(path), stem(path));
        if scan.key(&beside).and_then(|key| key.public.as_ref()).is_some_and(|private| private != public) {
            problems.push(no_pair(Id::ServiceAccountPair, path, &beside));
        }
    }
    authorities(scan, known, problems);
    shared(scan, problems);
}

/// The key that belongs to a certificate by its name: in the same file, or beside it.
pub(super) fn key_by_name<'a>(path: &str, scan: &'a Scan) -> Option<&'a Key> {
    let base = format!("{}{}", directory(path), stem(path));
    scan.key(path)
        .or_else(|| scan.key(&format!("{base}.key")))
        .or_else(|| scan.key(&format!("{base}-key.pem")))
}

fn no_pair(id: Id, path: &str, key: &str) -> Problem {
    Problem::new(id, path, key).file("certificate", path).file("key", key)
}

/// Whether a directory is where an API server's files are: there certificates are signed.
fn is_control_plane_s(own: &str, api_servers: &HashSet<&str>) -> bool {
    let above =
        own.trim_end_matches('/').rsplit_once('/').map_or_else(String::new, |(above, _)| format!("{above}/"));
    api_servers.contains(own) || own.ends_with("etcd/") && api_servers.contains(above.as_str())
}

/// A CA's key belongs beside its certificate where the control plane is, and to no leaf.
fn authorities(scan: &Scan, known: &Expectations, problems: &mut Vec<Problem>) {
    let authorities: HashMap<&[u8], &Held> =
        scan.authorities().map(|held| (held.certificate.public_key_info(), held)).collect();
    let api_servers: HashSet<&str> = scan
        .certificates
        .iter()
        .filter(|held| matches!(stem(&held.path), "apiserver" | "kube-apiserver"))
        .map(|held| directory(&held.path))
        .collect();
    for key in &scan.keys {
        let Some(authority) = key.public.as_deref().and_then(|public| authorities.get(public)) else {
            continue;
        };
        let own = directory(&key.path);
        let is_right = if known.authority_keys.is_empty() {
            // Without an API server and without clients it is a place to sign at.
            let is_signers_own = api_servers.is_empty() && scan.kubeconfigs.is_empty();
            is_signers_own || is_control_plane_s(own, &api_servers) || own.contains("extra/")
        } else {
            known.authority_keys.contains(&key.path)
        };
        if !is_right {
            let name = authority.certificate.subject().in_order();
            problems.push(Problem::new(Id::CaKeyElsewhere, &key.path, name));
        }
    }
    for held in scan.certificates.iter().filter(|held| !is_authority(held)) {
        if let Some(authority) = authorities.get(held.certificate.public_key_info()) {
            problems.push(Problem::new(Id::CaKeyInUse, &held.path, format!("the key of {}", authority.path)));
        }
    }
}

/// One key for several holders: who has the one certificate has the other, too.
fn shared(scan: &Scan, problems: &mut Vec<Problem>) {
    let mut first: HashMap<&[u8], &Held> = HashMap::new();
    for held in scan.certificates.iter().filter(|held| held.index == 0 && !is_authority(held)) {
        let other = *first.entry(held.certificate.public_key_info()).or_insert(held);
        if other.certificate.subject().raw() != held.certificate.subject().raw() {
            problems.push(Problem::new(Id::SharedKey, &held.path, format!("the same key as {}", other.path)));
        }
    }
}
