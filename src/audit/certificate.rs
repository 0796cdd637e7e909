//! What one certificate says of itself.

use time::{Duration, OffsetDateTime};

use super::expect::Expected;
use super::scan::{Held, is_authority};
use super::{Finding, Severity, finding};
use crate::blueprint::{HostName, Usage};
use crate::clock::rfc3339;
use crate::trust::Certificate;

/// When an end is near.
const SOON: Duration = Duration::days(30);
/// What groups and users Kubernetes knows, to the letter.
const GROUPS: [&str; 4] =
    ["system:masters", "system:nodes", "system:authenticated", "kubeadm:cluster-admins"];
const USERS: [&str; 3] = ["system:kube-scheduler", "system:kube-controller-manager", "system:kube-proxy"];
const NODE: &str = "system:node:";
const ANY_USAGE: &str = "2.5.29.37.0";

pub(super) fn check(
    held: &Held,
    expected: Option<&Expected>,
    now: OffsetDateTime,
    findings: &mut Vec<Finding>,
) {
    expiry(held, now, findings);
    if is_authority(held) {
        constraints(held, findings);
        return;
    }
    let before = findings.len();
    subject(held, findings);
    if findings.len() == before {
        planned_subject(held, expected, findings);
    }
    if held.index > 0 {
        return;
    }
    usages(held, expected, findings);
    names(held, expected, findings);
}

fn expiry(held: &Held, now: OffsetDateTime, findings: &mut Vec<Finding>) {
    let (from, to) = (held.certificate.not_before(), held.certificate.not_after());
    let fix = [
        "renew it (`kubeadm certs renew`, or sign it again), then restart what uses it",
        "갱신하고(`kubeadm certs renew`, 또는 다시 서명), 그것을 쓰는 프로세스를 다시 시작하세요",
    ];
    let (severity, what) = if now > to {
        let to = rfc3339(to);
        (Severity::Error, [format!("it expired on {to}"), format!("{to}에 만료됐어요")])
    } else if now < from {
        let from = rfc3339(from);
        (Severity::Error, [format!("it is not valid before {from}"), format!("{from}부터 유효해요")])
    } else if to - now < SOON {
        let (days, to) = ((to - now).whole_days(), rfc3339(to));
        (
            Severity::Warning,
            [format!("it expires in {days} days, on {to}"), format!("{days}일 뒤인 {to}에 만료돼요")],
        )
    } else {
        return;
    };
    findings.push(finding(severity, "expiry", &held.path, what, fix));
}

/// An authority that may not sign is none to Go.
fn constraints(held: &Held, findings: &mut Vec<Finding>) {
    let certificate = &held.certificate;
    let missing = if certificate.version() >= 3 && !certificate.is_ca() {
        "CA:TRUE (basicConstraints)"
    } else if !certificate.key_usage().allows_certificate_signing() {
        "keyCertSign (keyUsage)"
    } else {
        return;
    };
    let what = [
        format!("this CA has no {missing}: every Go program refuses what it signs"),
        format!("이 CA에 {missing}가 없어서, Go 프로그램은 이 CA가 서명한 것을 모두 거부해요"),
    ];
    let fix = [
        "make the CA again with `openssl req -x509 -new -key ca.key`, or an -extfile with basicConstraints=critical,CA:TRUE and keyUsage=keyCertSign",
        "`openssl req -x509 -new -key ca.key`로, 또는 basicConstraints=critical,CA:TRUE와 keyUsage=keyCertSign을 담은 -extfile로 CA를 다시 만드세요",
    ];
    findings.push(finding(Severity::Error, "ca-constraints", &held.path, what, fix));
}

fn subject(held: &Held, findings: &mut Vec<Finding>) {
    let subject = held.certificate.subject();
    let mut wrong = |severity, what: [String; 2]| {
        let fix = [
            "reissue it with the subject spelt exactly, for example /O=system:masters/CN=kube-admin",
            "subject를 정확히 적어 다시 발급하세요. 예: /O=system:masters/CN=kube-admin",
        ];
        findings.push(finding(severity, "subject", &held.path, what, fix));
    };
    let organizations = subject.organizations();
    for group in &organizations {
        if let Some(known) = misspelt(group, &GROUPS) {
            wrong(
                Severity::Error,
                [
                    format!("O is `{group}`; the group is `{known}`, to the letter"),
                    format!("O가 `{group}`예요. 그룹 이름은 정확히 `{known}`여야 해요"),
                ],
            );
        }
    }
    for unit in subject.texts("2.5.4.11") {
        if unit.to_lowercase().starts_with("system:") && !organizations.contains(&unit) {
            wrong(
                Severity::Error,
                [
                    format!("OU is `{unit}`; groups are read from O alone"),
                    format!("OU가 `{unit}`예요. 그룹은 O에서만 읽어요"),
                ],
            );
        }
    }
    let user = subject.common_name();
    if let Some(known) = misspelt(user, &USERS) {
        wrong(
            Severity::Error,
            [
                format!("CN is `{user}`; the user is `{known}`, to the letter"),
                format!("CN이 `{user}`예요. 사용자 이름은 정확히 `{known}`여야 해요"),
            ],
        );
    }
    if GROUPS.contains(&user) {
        wrong(
            Severity::Error,
            [
                format!("CN is `{user}`, which is a group: it belongs in O"),
                format!("CN이 `{user}`예요. 그룹이라서 O에 들어가야 해요"),
            ],
        );
    }
    let is_node = user.get(..NODE.len()).is_some_and(|head| head.eq_ignore_ascii_case(NODE));
    if is_node && (!user.starts_with(NODE) || user != user.to_lowercase()) {
        wrong(
            Severity::Error,
            [
                format!("CN is `{user}`; a node's user is `{NODE}NAME` in lower case"),
                format!("CN이 `{user}`예요. 노드 사용자는 소문자로 `{NODE}이름`이어야 해요"),
            ],
        );
    }
    if is_node && !organizations.contains(&"system:nodes") {
        wrong(
            Severity::Error,
            [
                "a node's certificate without O=system:nodes is none to the Node authorizer".to_owned(),
                "O=system:nodes가 없는 노드 인증서는 Node 인가자에게 노드가 아니에요".to_owned(),
            ],
        );
    }
}

/// A subject that is spelt well may still be another than the cluster's own.
fn planned_subject(held: &Held, expected: Option<&Expected>, findings: &mut Vec<Finding>) {
    let Some(planned) = expected.and_then(|expected| expected.subject.as_ref()) else { return };
    let subject = held.certificate.subject();
    let same_groups = subject.organizations().iter().eq(planned.organizations.iter());
    if held.index > 0 || subject.common_name() == planned.common_name && same_groups {
        return;
    }
    let has = subject.in_order();
    let attributes: Vec<String> = planned.attributes().map(|(key, value)| format!("{key}={value}")).collect();
    let wanted = attributes.join(", ");
    let what = [
        format!("its subject is `{has}`; this cluster's is `{wanted}`"),
        format!("subject가 `{has}`예요. 이 클러스터에서는 `{wanted}`여야 해요"),
    ];
    let fix = [
        "reissue it with that subject, unless RBAC knows this one",
        "RBAC가 지금 이름을 모른다면 그 subject로 다시 발급하세요",
    ];
    findings.push(finding(Severity::Warning, "subject", &held.path, what, fix));
}

/// The known word that a text was meant to be: the same but for case, or for spaces and
/// punctuation around it.
fn misspelt(text: &str, known: &[&'static str]) -> Option<&'static str> {
    let bare = text.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    known.iter().copied().find(|word| *word == bare && *word != text)
}

fn usages(held: &Held, expected: Option<&Expected>, findings: &mut Vec<Finding>) {
    let has = held.certificate.extended_key_usages();
    let Some(expected) = expected else { return };
    for usage in &expected.usages {
        let (oid, name) = match usage {
            Usage::Server => ("1.3.6.1.5.5.7.3.1", "serverAuth"),
            Usage::Client => ("1.3.6.1.5.5.7.3.2", "clientAuth"),
        };
        if has.is_empty() || has.iter().any(|has| has == oid || has == ANY_USAGE) {
            continue;
        }
        let what = [
            format!("its extendedKeyUsage lacks {name}, which it is used for"),
            format!("extendedKeyUsage에 필요한 {name}가 없어요"),
        ];
        let fix = [
            "reissue it with that usage (etcd's server and peer certificates need both)",
            "그 용도를 넣어 다시 발급하세요(etcd의 서버와 피어 인증서는 둘 다 필요해요)",
        ];
        findings.push(finding(Severity::Error, "usage", &held.path, what, fix));
    }
}

fn names(held: &Held, expected: Option<&Expected>, findings: &mut Vec<Finding>) {
    let certificate = &held.certificate;
    let fix = [
        "reissue it with these names as SANs (`openssl x509 -req` drops a CSR's unless given -extfile or -copy_extensions)",
        "이 이름들을 SAN에 넣어 다시 발급하세요(`openssl x509 -req`는 -extfile이나 -copy_extensions가 없으면 CSR의 SAN을 버려요)",
    ];
    let is_server = expected.is_some_and(|expected| expected.usages.contains(&Usage::Server));
    if is_server && !certificate.has_alternative_names() {
        let what = [
            "a server's certificate without a SAN: no Go client accepts its CN".to_owned(),
            "서버 인증서에 SAN이 없어요. Go 클라이언트는 CN을 받아들이지 않아요".to_owned(),
        ];
        findings.push(finding(Severity::Error, "names", &held.path, what, fix));
        return;
    }
    let wanted = expected.map_or(&[][..], |expected| &expected.names);
    let missing: Vec<String> =
        wanted.iter().filter(|name| !holds(certificate, name)).map(ToString::to_string).collect();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        let what = [format!("its SANs lack {missing}"), format!("SAN에 {missing}이(가) 없어요")];
        findings.push(finding(Severity::Error, "names", &held.path, what, fix));
    }
}

fn holds(certificate: &Certificate, name: &HostName) -> bool {
    match name {
        HostName::Dns(name) => certificate.dns_names().iter().any(|has| has.eq_ignore_ascii_case(name)),
        HostName::Ip(address) => certificate.ip_addresses().contains(address),
    }
}
