//! Who signed what, and who trusts whom.

use std::collections::HashMap;

use super::expect::{Expected, flag};
use super::scan::{Held, Scan, is_authority};
use super::{Finding, Severity, finding};

pub(super) fn check(scan: &Scan, expected: &HashMap<String, Expected>, findings: &mut Vec<Finding>) {
    let mut by_name: HashMap<&[u8], Vec<&Held>> = HashMap::new();
    for authority in scan.authorities() {
        by_name.entry(authority.certificate.subject().raw()).or_default().push(authority);
    }
    for held in scan.certificates.iter().filter(|held| held.index == 0 && !is_authority(held)) {
        let candidates = by_name.get(held.certificate.issuer().raw()).map_or(&[][..], Vec::as_slice);
        signed(held, candidates, expected.get(&held.path), scan, findings);
    }
    kubeconfigs(scan, findings);
    front_proxy(scan, findings);
}

fn signed(
    held: &Held,
    candidates: &[&Held],
    expected: Option<&Expected>,
    scan: &Scan,
    findings: &mut Vec<Finding>,
) {
    let issuer = held.certificate.issuer().in_order();
    let fix = [
        "sign it again with the CA that its readers trust, or put the right CA beside it",
        "읽는 쪽이 신뢰하는 CA로 다시 서명하거나, 맞는 CA를 옆에 두세요",
    ];
    let mut wrong = |severity, what| findings.push(finding(severity, "wrong-ca", &held.path, what, fix));
    if candidates.is_empty() {
        // Without any CA there is nothing to compare with.
        if scan.authorities().next().is_some() {
            wrong(
                Severity::Error,
                [
                    format!("it was signed by `{issuer}`, and no CA here has that name"),
                    format!("서명한 `{issuer}`라는 이름의 CA가 여기 없어요"),
                ],
            );
        }
        return;
    }
    let public = |held: &Held| held.certificate.public_key_info().to_vec();
    let signers: Vec<&&Held> = candidates
        .iter()
        .filter(|candidate| crate::x509::is_signed_by(held.certificate.der(), candidate.certificate.der()))
        .collect();
    let Some(signer) = signers.first() else {
        wrong(
            Severity::Error,
            [
                format!("the CA `{issuer}` here has that name, but another key: it did not sign this"),
                format!("여기 있는 CA `{issuer}`는 이름만 같고 키가 달라요. 이 인증서에 서명하지 않았어요"),
            ],
        );
        return;
    };
    let Some(wanted) = expected.and_then(|expected| expected.authority.as_deref()) else { return };
    let wanted = scan.certificates.iter().find(|other| other.path == wanted);
    if let Some(wanted) = wanted.filter(|wanted| public(wanted) != public(signer)) {
        wrong(
            Severity::Error,
            [
                format!("it was signed by {}, and its readers trust {}", signer.path, wanted.path),
                format!("서명한 것은 {}인데, 읽는 쪽은 {}을(를) 신뢰해요", signer.path, wanted.path),
            ],
        );
    }
}

/// A kubeconfig must trust some CA that is here, if any is.
fn kubeconfigs(scan: &Scan, findings: &mut Vec<Finding>) {
    let known: Vec<&[u8]> = scan.authorities().map(|held| held.certificate.public_key_info()).collect();
    for (path, trusted) in &scan.trusted {
        let is_known = trusted.iter().any(|ca| known.contains(&ca.public_key_info()));
        if known.is_empty() || is_known {
            continue;
        }
        let what = [
            "the CA in it is none of those here: a stale kubeconfig after a new init".to_owned(),
            "안에 든 CA가 여기 있는 CA가 아니에요. 다시 초기화하기 전의 kubeconfig예요".to_owned(),
        ];
        let fix = [
            "put this cluster's CA into certificate-authority-data, or copy admin.conf again",
            "certificate-authority-data에 이 클러스터의 CA를 넣거나 admin.conf를 다시 복사하세요",
        ];
        findings.push(finding(Severity::Error, "wrong-ca", path, what, fix));
    }
}

/// One CA for clients and for the front proxy lets any client speak for others, unless
/// names are given (kube-apiserver 1.35 refuses to start without).
fn front_proxy(scan: &Scan, findings: &mut Vec<Finding>) {
    let fix = [
        "give the front proxy a CA of its own, or set --requestheader-allowed-names",
        "프런트 프록시에 따로 CA를 주거나 --requestheader-allowed-names를 지정하세요",
    ];
    let what = |how: [&str; 2]| {
        [
            format!("clients and the front proxy have the same CA{}", how[0]),
            format!("클라이언트와 프런트 프록시의 CA가 같아요{}", how[1]),
        ]
    };
    for (path, text) in &scan.manifests {
        let (clients, proxies) =
            (flag(text, "--client-ca-file"), flag(text, "--requestheader-client-ca-file"));
        if clients.is_none() || clients != proxies {
            continue;
        }
        let (severity, how) = match flag(text, "--requestheader-allowed-names") {
            None => (Severity::Error, ["", ""]),
            Some(_) => (
                Severity::Note,
                ["; the allowed names alone keep them apart", ". 허용된 이름만이 둘을 구분해요"],
            ),
        };
        findings.push(finding(severity, "front-proxy-ca", path, what(how), fix));
    }
    for proxy in named(scan, "front-proxy-ca.crt") {
        let key = proxy.certificate.public_key_info();
        if named(scan, "ca.crt").any(|ca| ca.certificate.public_key_info() == key) {
            findings.push(finding(Severity::Warning, "front-proxy-ca", &proxy.path, what(["", ""]), fix));
        }
    }
}

/// The certificates in files of this name.
fn named<'a>(scan: &'a Scan, name: &'a str) -> impl Iterator<Item = &'a Held> {
    scan.certificates.iter().filter(move |held| held.path.rsplit('/').next() == Some(name))
}
