//! Private keys: whose they are, who may read them, where they lie.

use std::collections::HashMap;

use super::scan::{Held, Key, Scan, directory, stem};
use super::{Finding, Severity, finding};

pub(super) fn check(scan: &Scan, findings: &mut Vec<Finding>) {
    let by_path: HashMap<&str, &Key> = scan.keys.iter().map(|key| (key.path.as_str(), key)).collect();
    for held in scan.certificates.iter().filter(|held| held.index == 0) {
        pair(held, &by_path, findings);
    }
    for (path, public) in &scan.publics {
        let beside = format!("{}{}.key", directory(path), stem(path));
        if let Some(private) = by_path.get(beside.as_str()).and_then(|key| key.public.as_ref())
            && private != public
        {
            no_pair(path, &beside, findings);
        }
    }
    for key in &scan.keys {
        permissions(key, findings);
    }
    authorities(scan, findings);
}

/// The key that belongs to a certificate by its name: in the same file, or beside it.
fn pair(held: &Held, keys: &HashMap<&str, &Key>, findings: &mut Vec<Finding>) {
    let base = format!("{}{}", directory(&held.path), stem(&held.path));
    let places = [held.path.clone(), format!("{base}.key"), format!("{base}-key.pem")];
    let Some(key) = places.iter().find_map(|place| keys.get(place.as_str())) else { return };
    if key.public.as_ref().is_some_and(|public| public != held.certificate.public_key_info()) {
        no_pair(&held.path, &key.path, findings);
    }
}

fn no_pair(path: &str, key: &str, findings: &mut Vec<Finding>) {
    let what =
        [format!("the key in {key} does not belong to it"), format!("{key}의 키가 이것의 짝이 아니에요")];
    let fix = [
        "restore the pair: compare `openssl x509 -noout -pubkey` with `openssl pkey -pubout`",
        "짝을 되돌리세요: `openssl x509 -noout -pubkey`와 `openssl pkey -pubout`을 비교하세요",
    ];
    findings.push(finding(Severity::Error, "key-pair", path, what, fix));
}

fn permissions(key: &Key, findings: &mut Vec<Finding>) {
    if key.mode & 0o077 == 0 {
        return;
    }
    let what = [
        format!("others may read this private key (mode {:04o})", key.mode),
        format!("다른 사람이 이 개인 키를 읽을 수 있어요(모드 {:04o})", key.mode),
    ];
    findings.push(finding(
        Severity::Warning,
        "permissions",
        &key.path,
        what,
        ["chmod 600", "chmod 600을 실행하세요"],
    ));
}

/// A CA's key belongs beside its certificate where the control plane is, and to no leaf.
fn authorities(scan: &Scan, findings: &mut Vec<Finding>) {
    let authorities: HashMap<&[u8], &Held> =
        scan.authorities().map(|held| (held.certificate.public_key_info(), held)).collect();
    let has_api_server = |directory: &str| {
        ["apiserver.crt", "kube-apiserver.crt", "../apiserver.crt"].iter().any(|name| {
            let path = match name.strip_prefix("../") {
                Some(name) => {
                    let above = directory.trim_end_matches('/').rsplit_once('/');
                    format!("{}{name}", above.map_or_else(String::new, |(above, _)| format!("{above}/")))
                }
                None => format!("{directory}{name}"),
            };
            scan.certificates.iter().any(|held| held.path == path)
        })
    };
    let any_api_server =
        scan.certificates.iter().any(|held| matches!(stem(&held.path), "apiserver" | "kube-apiserver"));
    let fix = [
        "keep a CA's key where certificates are signed, on the control plane or off the cluster, and nowhere else",
        "CA의 키는 서명하는 곳(컨트롤 플레인 또는 클러스터 바깥)에만 두세요",
    ];
    for key in &scan.keys {
        let Some(public) = &key.public else { continue };
        let Some(authority) = authorities.get(public.as_slice()) else { continue };
        let own = directory(&key.path);
        let name = authority.certificate.subject().in_order();
        let is_lone = any_api_server && !has_api_server(own) && !own.contains("extra/");
        if is_lone {
            let what = [
                format!("the key of the CA `{name}` lies where no API server does"),
                format!("CA `{name}`의 키가 API 서버가 없는 곳에 있어요"),
            ];
            findings.push(finding(Severity::Warning, "ca-key", &key.path, what, fix));
        }
    }
    for held in scan.certificates.iter().filter(|held| !super::scan::is_authority(held)) {
        if let Some(authority) = authorities.get(held.certificate.public_key_info()) {
            let what = [
                format!("it has the key of the CA {}: whoever holds it can sign anything", authority.path),
                format!(
                    "CA {}의 키를 쓰고 있어요. 이 키를 가진 쪽은 무엇이든 서명할 수 있어요",
                    authority.path
                ),
            ];
            let fix = ["give it a key of its own", "자기만의 키를 주세요"];
            findings.push(finding(Severity::Error, "ca-key", &held.path, what, fix));
        }
    }
}
