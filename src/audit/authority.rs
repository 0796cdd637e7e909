//! Who signed what, and which authorities are for nothing.

use std::collections::{HashMap, HashSet};

use super::Problem;
use super::expect::{Expectations, Expected};
use super::scan::{Held, Scan, is_authority, name};
use super::table::{self, Holds, Id};
use crate::trust::Certificate;

/// So many authorities of one name, each with a key of its own, are tried for a
/// certificate.
const MOST_CANDIDATES: usize = 16;

/// Whether an authority's key signed a certificate, whether or not it may.
fn is_signed_by(child: &Certificate, issuer: &Certificate) -> bool {
    child.issuer().raw() == issuer.subject().raw()
        && (issuer.check_signed(child).is_ok()
            // What nobody verifies any more is a finding of its own.
            || child.insecure_signature().is_some()
            || crate::x509::is_signed_by(child.der(), issuer.der()))
}

/// Whether one of them signed a certificate.
pub(super) fn is_signed_by_any(child: &Certificate, issuers: &[&Held]) -> bool {
    issuers.iter().any(|issuer| is_signed_by(child, &issuer.certificate))
}

pub(super) fn check(scan: &Scan, known: &Expectations, problems: &mut Vec<Problem>) {
    let mut signing = Signing { scan, by_name: HashMap::new(), texts: HashSet::new(), used: HashSet::new() };
    let mut keys = HashSet::new();
    for authority in scan.authorities() {
        let certificate = &authority.certificate;
        if keys.insert((certificate.subject().raw(), certificate.public_key_info())) {
            signing.texts.insert(certificate.subject().in_order());
            let list = signing.by_name.entry(certificate.subject().raw()).or_default();
            if list.len() < MOST_CANDIDATES {
                list.push(authority);
            }
        }
    }
    for held in scan.certificates.iter().filter(|held| held.index == 0) {
        if !is_authority(held) {
            signing.leaf(held, known.get(&held.path), problems);
        } else if held.certificate.issuer().raw() != held.certificate.subject().raw() {
            signing.intermediate(held, problems);
        }
    }
    signing.unused(problems);
    for held in scan.certificates.iter().filter(|held| held.index == 0 && !held.in_kubeconfig) {
        order(held, scan, problems);
    }
    front_proxy(scan, problems);
    copies(scan, problems);
}

struct Signing<'a> {
    scan: &'a Scan,
    by_name: HashMap<&'a [u8], Vec<&'a Held>>,
    /// Their names as text: Go compares bytes, and one text may be encoded in several ways.
    texts: HashSet<String>,
    /// The public keys of the authorities that signed something, or are trusted by it.
    used: HashSet<&'a [u8]>,
}

impl<'a> Signing<'a> {
    fn signers(&mut self, held: &Held) -> (bool, Vec<&'a Held>) {
        let candidates = self.by_name.get(held.certificate.issuer().raw()).map_or(&[][..], Vec::as_slice);
        let signers: Vec<&Held> = candidates
            .iter()
            .copied()
            .filter(|candidate| is_signed_by(&held.certificate, &candidate.certificate))
            .collect();
        self.used.extend(signers.iter().map(|signer| signer.certificate.public_key_info()));
        (!candidates.is_empty(), signers)
    }

    fn leaf(&mut self, held: &Held, expected: Option<&Expected>, problems: &mut Vec<Problem>) {
        let issuer = held.certificate.issuer();
        let mut add = |id, evidence| problems.push(Problem::new(id, &held.path, evidence));
        let is_own =
            issuer.common_name().contains("-ca@") && held.certificate.subject().common_name().contains('@');
        if is_own {
            add(Id::SelfSignedKubelet, format!("issuer {}", issuer.in_order()));
        }
        let (has_name, signers) = self.signers(held);
        let Some(signer) = signers.first() else {
            // Without any CA there is nothing to compare with.
            if has_name {
                add(Id::SameNameCa, format!("issuer {}: another key", issuer.in_order()));
            } else if self.texts.contains(&issuer.in_order()) {
                add(Id::SameNameCa, format!("issuer {}: the name is encoded otherwise", issuer.in_order()));
            } else if self.scan.authorities().next().is_some() && !is_own {
                add(Id::UnknownCa, format!("issuer {}", issuer.in_order()));
            }
            return;
        };
        if held.certificate.not_after() > signer.certificate.not_after() {
            let (own, end) = (held.certificate.not_after(), signer.certificate.not_after());
            let rfc3339 = crate::clock::rfc3339;
            add(
                Id::OutlivesAuthority,
                format!("notAfter {}, of {} {}", rfc3339(own), signer.path, rfc3339(end)),
            );
        }
        let wanted = expected.and_then(|expected| self.scan.certificate(expected.authority.as_deref()?));
        let Some(wanted) = wanted else { return };
        let key = |held: &'a Held| held.certificate.public_key_info();
        self.used.insert(key(wanted));
        if signers.iter().all(|signer| key(signer) != key(wanted)) {
            let is_etcd_s =
                wanted.certificate.subject().common_name().contains("etcd") || wanted.path.contains("etcd");
            let id = if is_etcd_s { Id::EtcdWrongCa } else { Id::WrongCa };
            add(id, format!("signed by {}, verified with {}", signer.path, wanted.path));
        }
    }

    /// An authority under another one.
    fn intermediate(&mut self, held: &Held, problems: &mut Vec<Problem>) {
        let (has_name, signers) = self.signers(held);
        if has_name && signers.is_empty() {
            let issuer = held.certificate.issuer().in_order();
            problems.push(Problem::new(Id::SameNameCa, &held.path, format!("issuer {issuer}: another key")));
        }
        let is_last = |signer: &&Held| {
            signer
                .certificate
                .basic_constraints()
                .is_some_and(|constraints| constraints.path_length == Some(0))
        };
        if let Some(signer) = signers.iter().copied().find(is_last) {
            let evidence = format!("CA:TRUE under {}, which has pathlen:0", signer.path);
            problems.push(Problem::new(Id::PathLength, &held.path, evidence));
        }
    }

    /// Authorities that nothing here needs.
    fn unused(&mut self, problems: &mut Vec<Problem>) {
        let scan = self.scan;
        if scan.certificates.iter().all(is_authority) {
            return;
        }
        for kubeconfig in &scan.kubeconfigs {
            self.used.extend(kubeconfig.trusted(scan).into_iter().map(Certificate::public_key_info));
        }
        for process in &scan.processes {
            let flags = table::file_flags(&process.component).filter(|flag| flag.holds == Holds::Authority);
            for path in flags.filter_map(|flag| process.at(&flag.name, scan)) {
                self.used.extend(scan.chain(&path).map(|held| held.certificate.public_key_info()));
            }
        }
        for held in scan.authorities().filter(|held| held.index == 0) {
            if !self.used.contains(held.certificate.public_key_info()) {
                problems.push(Problem::new(Id::UnusedCa, &held.path, held.certificate.subject().in_order()));
            }
        }
    }
}

/// In a file of several certificates the first is the holder's, and each is signed by the
/// next.
fn order(held: &Held, scan: &Scan, problems: &mut Vec<Problem>) {
    let chain: Vec<&Certificate> = scan.chain(&held.path).map(|held| &held.certificate).collect();
    if chain.len() < 2 {
        return;
    }
    let is_ca = |certificate: &&Certificate| certificate.is_ca();
    // A bundle of authorities has no order.
    if chain.iter().all(is_ca) {
        return;
    }
    let is_broken = |pair: &[&Certificate]| match pair {
        [child, parent] => child.issuer().raw() != parent.subject().raw(),
        _ => false,
    };
    if chain.first().is_some_and(is_ca) || chain.windows(2).any(is_broken) {
        let subjects: Vec<String> = chain.iter().take(4).map(|one| one.subject().in_order()).collect();
        problems.push(Problem::new(Id::PemOrder, &held.path, subjects.join("; ")));
    }
}

/// Without manifests: the files' names say which authority is whose.
fn front_proxy(scan: &Scan, problems: &mut Vec<Problem>) {
    let named = |wanted: &'static str| {
        scan.certificates.iter().filter(move |held| !held.in_kubeconfig && name(&held.path) == wanted)
    };
    let mut clients: HashMap<&[u8], &str> = HashMap::new();
    for held in named("ca.crt") {
        clients.entry(held.certificate.public_key_info()).or_insert(&held.path);
    }
    for proxy in named("front-proxy-ca.crt") {
        if let Some(path) = clients.get(proxy.certificate.public_key_info()) {
            problems.push(Problem::new(Id::FrontProxyShared, &proxy.path, format!("the same key as {path}")));
        }
    }
}

/// Files that kubeadm gives every node alike, by their place on the node.
fn copies(scan: &Scan, problems: &mut Vec<Problem>) {
    let place =
        |path: &str| path.find("etc/kubernetes/pki/").and_then(|at| path.get(at..)).map(str::to_owned);
    let authorities =
        scan.authorities().filter(|held| held.index == 0 && name(&held.path).ends_with("ca.crt"));
    let authorities =
        authorities.map(|held| (Id::CaCopiesDiffer, held.path.as_str(), held.certificate.public_key_info()));
    let accounts = scan.publics.iter().filter(|(path, _)| name(path) == "sa.pub");
    let accounts = accounts.map(|(path, key)| (Id::ServiceAccountsDiffer, path.as_str(), key.as_slice()));
    let mut first: HashMap<String, (&str, &[u8])> = HashMap::new();
    for (id, path, key) in authorities.chain(accounts) {
        let Some(place) = place(path) else { continue };
        let (other, known) = *first.entry(place).or_insert((path, key));
        if known != key {
            problems.push(Problem::new(id, path, format!("another key than {other}")).file("other", other));
        }
    }
}
