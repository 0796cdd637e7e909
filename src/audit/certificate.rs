//! What one certificate says of itself.

use std::collections::HashMap;

use time::Duration;

use super::expect::{Expectations, Expected};
use super::scan::{Held, Scan, directory, is_authority, stem};
use super::table::Id;
use super::{Problem, Window, subject};
use crate::blueprint::{HostName, Usage};
use crate::clock::rfc3339;
use crate::trust::{Certificate, KeyAlgorithm};
use crate::x509;

const ANY_USAGE: &str = "2.5.29.37.0";
const NODE_USER: &str = "system:node:";

pub(super) fn check(scan: &Scan, known: &Expectations, window: Window, problems: &mut Vec<Problem>) {
    let requests: HashMap<&str, &[u8]> =
        scan.requests.iter().map(|request| (request.path.as_str(), request.der.as_slice())).collect();
    for held in &scan.certificates {
        let expected = known.get(&held.path);
        expiry(held, expected, window, problems);
        strength(held, problems);
        if is_authority(held) && expected.is_none_or(|expected| expected.usages.is_empty()) {
            constraints(&held.certificate, &held.path, problems);
            continue;
        }
        subject::check(held, expected, problems);
        if held.index > 0 {
            continue;
        }
        if held.certificate.is_ca() {
            let name = held.certificate.subject().in_order();
            problems.push(Problem::new(Id::CaAsLeaf, &held.path, format!("CA:TRUE, {name}")));
        }
        usages(held, expected, problems);
        let request = request_of(held, expected, &requests);
        names(held, expected, request, problems);
        if let Some(request) = request {
            requested(held, request, problems);
        }
    }
    serials(scan, problems);
}

fn request_of<'a>(
    held: &Held,
    expected: Option<&Expected>,
    requests: &HashMap<&str, &'a [u8]>,
) -> Option<&'a [u8]> {
    if held.in_kubeconfig {
        return None;
    }
    let planned = expected.and_then(|expected| expected.request.as_deref());
    let beside = format!("{}{}.csr", directory(&held.path), stem(&held.path));
    planned.and_then(|path| requests.get(path)).or_else(|| requests.get(beside.as_str())).copied()
}

fn expiry(held: &Held, expected: Option<&Expected>, window: Window, problems: &mut Vec<Problem>) {
    let is_client = expected.is_some_and(|expected| !expected.usages.contains(&Usage::Server));
    let is_node = held.certificate.subject().common_name().starts_with(NODE_USER);
    let id = match (is_authority(held), held.in_kubeconfig || is_client) {
        (true, _) => Id::ExpiredAuthority,
        (false, true) if is_node => Id::ExpiredKubelet,
        (false, true) => Id::ExpiredClient,
        (false, false) => Id::Expired,
    };
    dates(&held.certificate, &held.path, id, window, problems);
    let (from, to) = (held.certificate.not_before(), held.certificate.not_after());
    let lifetime: Duration = to - from;
    if !is_authority(held) && lifetime == Duration::days(30) {
        let evidence = format!("notBefore {}, notAfter {}", rfc3339(from), rfc3339(to));
        problems.push(Problem::new(Id::ThirtyDays, &held.path, evidence));
    }
}

fn dates(certificate: &Certificate, path: &str, expired: Id, window: Window, problems: &mut Vec<Problem>) {
    let (from, to) = (certificate.not_before(), certificate.not_after());
    let mut add = |id, evidence| problems.push(Problem::new(id, path, evidence));
    let after = format!("notAfter {}", rfc3339(to));
    if window.now > to {
        add(expired, after);
    } else if window.now < from {
        add(Id::NotYetValid, format!("notBefore {}", rfc3339(from)));
    } else if to - window.now < window.soon {
        add(Id::ExpiresSoon, format!("{after}, {} days left", (to - window.now).whole_days()));
    }
}

/// An authority inside a kubeconfig.
pub(super) fn authority(certificate: &Certificate, path: &str, window: Window, problems: &mut Vec<Problem>) {
    dates(certificate, path, Id::ExpiredAuthority, window, problems);
    constraints(certificate, path, problems);
}

fn strength(held: &Held, problems: &mut Vec<Problem>) {
    let certificate = &held.certificate;
    let mut add = |id, evidence: String| problems.push(Problem::new(id, &held.path, evidence));
    match certificate.key_algorithm() {
        KeyAlgorithm::Rsa(bits) if bits < 2048 => add(Id::WeakKey, format!("RSA {bits}")),
        weak @ (KeyAlgorithm::Dsa | KeyAlgorithm::Unknown) => add(Id::WeakKey, weak.to_string()),
        _ => {}
    }
    let is_root = certificate.subject().raw() == certificate.issuer().raw();
    if let Some(algorithm) = certificate.insecure_signature().filter(|_| !is_root) {
        add(Id::WeakSignature, algorithm.to_owned());
    }
    if certificate.version() < 3 {
        add(Id::VersionOne, format!("version {}", certificate.version()));
    }
    let unknown = certificate.unhandled_critical_extensions();
    if !unknown.is_empty() {
        add(Id::UnknownCritical, unknown.join(", "));
    }
}

/// An authority that may not sign is none to Go.
fn constraints(certificate: &Certificate, path: &str, problems: &mut Vec<Problem>) {
    if certificate.version() >= 3 && !certificate.is_ca() {
        let evidence = match certificate.basic_constraints() {
            Some(_) => "CA:FALSE",
            None => "no basicConstraints",
        };
        problems.push(Problem::new(Id::CaConstraints, path, evidence));
    } else if !certificate.key_usage().allows_certificate_signing() {
        let usages: Vec<&str> = certificate.key_usage().names().collect();
        problems.push(Problem::new(Id::CaKeyUsage, path, format!("keyUsage {}", usages.join(", "))));
    }
}

fn usages(held: &Held, expected: Option<&Expected>, problems: &mut Vec<Problem>) {
    let has = held.certificate.extended_key_usages();
    let Some(expected) = expected.filter(|expected| !expected.usages.is_empty()) else { return };
    if has.is_empty() || has.iter().any(|has| has == ANY_USAGE) {
        if held.certificate.version() >= 3 && !held.certificate.is_ca() {
            let evidence = if has.is_empty() { "no extendedKeyUsage" } else { "anyExtendedKeyUsage" };
            problems.push(Problem::new(Id::AnyUsage, &held.path, evidence));
        }
        return;
    }
    let is_both = expected.usages.contains(&Usage::Server);
    for usage in &expected.usages {
        let (oid, id, name) = match usage {
            Usage::Server => ("1.3.6.1.5.5.7.3.1", Id::NoServerAuth, "serverAuth"),
            Usage::Client if is_both => ("1.3.6.1.5.5.7.3.2", Id::EtcdNoClientAuth, "clientAuth"),
            Usage::Client => ("1.3.6.1.5.5.7.3.2", Id::NoClientAuth, "clientAuth"),
        };
        if !has.iter().any(|has| has == oid) {
            problems.push(Problem::new(id, &held.path, format!("extendedKeyUsage without {name}")));
        }
    }
}

fn names(held: &Held, expected: Option<&Expected>, request: Option<&[u8]>, problems: &mut Vec<Problem>) {
    let certificate = &held.certificate;
    let mut add = |id, evidence: String| problems.push(Problem::new(id, &held.path, evidence));
    for name in certificate.dns_names() {
        if name.parse::<std::net::IpAddr>().is_ok() {
            add(Id::AddressAsName, format!("DNS:{name}"));
        } else if name.starts_with("*.") || name == "*" {
            add(Id::Wildcard, format!("DNS:{name}"));
        }
    }
    let is_server = expected.is_some_and(|expected| expected.usages.contains(&Usage::Server));
    if !certificate.has_alternative_names() {
        let asked = request.and_then(|der| x509::request_parts(der).ok()?.names);
        if asked.is_some() {
            add(Id::SanDropped, "subjectAltName in the CSR, none in the certificate".into());
        } else if is_server {
            add(Id::NoSan, certificate.subject().in_order());
        }
        return;
    }
    let wanted = expected.map_or(&[][..], |expected| &expected.names);
    let missing = |is_address: bool| -> Vec<String> {
        let lacking = wanted
            .iter()
            .filter(|(name, _)| matches!(name, HostName::Ip(_)) == is_address && !holds(certificate, name));
        lacking
            .map(|(name, why)| match why {
                Some(why) => format!("{name} ({why})"),
                None => name.to_string(),
            })
            .collect()
    };
    for (id, kind, lacking) in
        [(Id::MissingName, "DNS", missing(false)), (Id::MissingAddress, "IP", missing(true))]
    {
        if !lacking.is_empty() {
            add(id, format!("no {kind} SAN {}", lacking.join(", ")));
        }
    }
}

/// Whether a certificate is valid for a name, as Go's `VerifyHostname` has it.
pub(super) fn holds(certificate: &Certificate, name: &HostName) -> bool {
    match name {
        HostName::Ip(address) => {
            certificate.ip_addresses().iter().any(|has| has.to_canonical() == address.to_canonical())
        }
        HostName::Dns(name) => certificate.dns_names().iter().any(|pattern| {
            let whole = pattern.eq_ignore_ascii_case(name.trim_end_matches('.'));
            let below = pattern.strip_prefix("*.").zip(name.split_once('.'));
            whole || below.is_some_and(|(pattern, (_, rest))| pattern.eq_ignore_ascii_case(rest))
        }),
    }
}

/// A certificate and the request that it was made of.
fn requested(held: &Held, request: &[u8], problems: &mut Vec<Problem>) {
    let Ok(parts) = x509::request_parts(request) else {
        return;
    };
    if parts.public_key_info != held.certificate.public_key_info() {
        problems.push(Problem::new(Id::RequestKey, &held.path, "the CSR has another public key"));
    }
    if parts.subject == held.certificate.subject().raw() {
        return;
    }
    // The same text may be encoded otherwise.
    let asked = x509::request_fields(request)
        .ok()
        .and_then(|fields| fields.into_iter().find(|field| field.name == "subject").map(|field| field.value));
    let has = x509::subject(held.certificate.der()).ok();
    if let (Some(asked), Some(has)) = (asked, has)
        && asked != has
    {
        problems.push(Problem::new(Id::RequestSubject, &held.path, format!("`{has}`, in the CSR `{asked}`")));
    }
}

/// Two certificates of one authority with one serial number: nothing tells them apart.
fn serials(scan: &Scan, problems: &mut Vec<Problem>) {
    let mut seen: HashMap<(&[u8], &[u8], String), &Held> = HashMap::new();
    for held in &scan.certificates {
        let certificate = &held.certificate;
        let key = (certificate.issuer().raw(), certificate.authority_key_id(), certificate.serial());
        let first = seen.entry(key).or_insert(held);
        if first.certificate != held.certificate {
            let evidence = format!("serial {}, as {}", certificate.serial(), first.path);
            problems.push(Problem::new(Id::DuplicateSerial, &held.path, evidence));
        }
    }
}
