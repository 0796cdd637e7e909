//! Whom a certificate names: Kubernetes knows its users and groups to the letter.

use super::Problem;
use super::expect::Expected;
use super::scan::{Held, stem};
use super::table::Id;

/// What groups and users Kubernetes knows.
const GROUPS: [&str; 4] =
    ["system:masters", "system:nodes", "system:authenticated", "kubeadm:cluster-admins"];
const USERS: [&str; 3] = ["system:kube-scheduler", "system:kube-controller-manager", "system:kube-proxy"];
const NODE: &str = "system:node:";
const MASTERS: &str = "system:masters";
const ORGANIZATIONAL_UNIT: &str = "2.5.4.11";

pub(super) fn check(held: &Held, expected: Option<&Expected>, problems: &mut Vec<Problem>) {
    let before = problems.len();
    spelling(held, problems);
    node(held, expected, problems);
    if problems.len() == before {
        planned(held, expected, problems);
    }
    if problems.len() == before {
        masters(held, expected, problems);
    }
}

/// The known word that a text was meant to be: the same but for case, or for spaces and
/// punctuation around it, or for a letter.
fn misspelt(text: &str, known: &[&'static str]) -> Option<&'static str> {
    if known.contains(&text) {
        return None;
    }
    let bare = text.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let is_near = |word: &str| bare.contains(':') && strsim::damerau_levenshtein(word, &bare) <= 1;
    known.iter().copied().find(|word| *word == bare || is_near(word))
}

fn spelling(held: &Held, problems: &mut Vec<Problem>) {
    let subject = held.certificate.subject();
    let mut wrong = |id, evidence| problems.push(Problem::new(id, &held.path, evidence));
    let organizations = subject.organizations();
    for group in &organizations {
        if let Some(known) = misspelt(group, &GROUPS) {
            wrong(Id::GroupSpelling, format!("O=`{group}`, not `{known}`"));
        }
    }
    for unit in subject.texts(ORGANIZATIONAL_UNIT) {
        let is_group = GROUPS.contains(&unit) || unit.to_lowercase().starts_with("system:");
        if is_group && !organizations.contains(&unit) {
            wrong(Id::GroupInOu, format!("OU=`{unit}`"));
        }
    }
    let user = subject.common_name();
    if let Some(known) = misspelt(user, &USERS) {
        wrong(Id::UserSpelling, format!("CN=`{user}`, not `{known}`"));
    }
    if GROUPS.contains(&user) {
        wrong(Id::GroupInCn, format!("CN=`{user}`"));
    }
}

fn node(held: &Held, expected: Option<&Expected>, problems: &mut Vec<Problem>) {
    let subject = held.certificate.subject();
    let user = subject.common_name();
    let mut wrong = |id, evidence| problems.push(Problem::new(id, &held.path, evidence));
    if !user.get(..NODE.len()).is_some_and(|head| head.eq_ignore_ascii_case(NODE)) {
        return;
    }
    if !user.starts_with(NODE) || user != user.to_lowercase() || user == NODE {
        wrong(Id::NodeSpelling, format!("CN=`{user}`, not `{}`", user.to_lowercase()));
    }
    let organizations = subject.organizations();
    let spelt = |group: &&str| misspelt(group, &["system:nodes"]).is_some();
    let in_unit = subject.texts(ORGANIZATIONAL_UNIT).any(|unit| unit == "system:nodes");
    if !organizations.contains(&"system:nodes") && !organizations.iter().any(spelt) && !in_unit {
        wrong(Id::NodeWithoutGroup, format!("O={}, CN=`{user}`", organizations.join("+")));
    }
    let by_name = stem(&held.path).strip_prefix("kubelet-client-");
    let by_name = by_name.filter(|node| *node != "current" && !node.starts_with("20"));
    let is_planned = expected.is_some_and(|expected| expected.subject.is_some());
    let by_etcd = expected.filter(|_| !is_planned).and_then(|expected| expected.node.as_deref());
    if let Some(node) = by_name.or(by_etcd)
        && user.strip_prefix(NODE).is_some_and(|named| !named.eq_ignore_ascii_case(node))
    {
        wrong(Id::OtherNode, format!("CN=`{user}`, not `{NODE}{node}`"));
    }
}

/// A subject that is spelt well may still be another than the cluster's own.
fn planned(held: &Held, expected: Option<&Expected>, problems: &mut Vec<Problem>) {
    let Some(planned) = expected.and_then(|expected| expected.subject.as_ref()) else { return };
    let subject = held.certificate.subject();
    let same_groups = subject.organizations().iter().eq(planned.organizations.iter());
    if held.index > 0 || subject.common_name() == planned.common_name && same_groups {
        return;
    }
    let attributes: Vec<String> = planned.attributes().map(|(key, value)| format!("{key}={value}")).collect();
    let is_node = planned.common_name.starts_with(NODE) && subject.common_name() != planned.common_name;
    let id = if is_node { Id::OtherNode } else { Id::OtherSubject };
    let evidence = format!("`{}`, not `{}`", subject.in_order(), attributes.join(", "));
    problems.push(Problem::new(id, &held.path, evidence));
}

/// `system:masters` passes every authorizer and no binding takes it away: an administrator's,
/// and nobody else's.
fn masters(held: &Held, expected: Option<&Expected>, problems: &mut Vec<Problem>) {
    let subject = held.certificate.subject();
    let is_planned = expected.and_then(|expected| expected.subject.as_ref());
    let is_planned =
        is_planned.is_some_and(|planned| planned.organizations.iter().any(|group| group == MASTERS));
    let is_admin = subject.common_name().contains("admin") || stem(&held.path).contains("admin");
    if subject.organizations().contains(&MASTERS) && !is_planned && !is_admin {
        problems.push(Problem::new(Id::NeedlessMasters, &held.path, subject.in_order()));
    }
}
