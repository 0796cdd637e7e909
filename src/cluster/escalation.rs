//! Nobody gives away more than they have (pkg/registry/rbac/…/policybased,
//! pkg/registry/rbac/validation/rule.go).

use std::collections::BTreeSet;

use crate::access::{Attributes, Json, Resource, Rule, Target};
use crate::text::quote;

use super::admission::may;
use super::failure::{Answer, Failure};
use super::handler::Context;
use super::store::Store;

const GROUP: &str = "rbac.authorization.k8s.io";

/// Lets a role or a binding through whose rules its writer holds, or may give away.
pub(super) fn check(context: &Context<'_>, store: &Store, old: Option<&Json>, object: &Json) -> Answer<()> {
    let identity = context.identity;
    if context.served.group.name != GROUP || identity.in_group("system:masters") {
        return Ok(());
    }
    let (name, resource, namespace) =
        (object.text("metadata.name"), context.served.name(), context.namespace);
    let rules = match resource {
        "roles" | "clusterroles" => {
            let same = old.is_some_and(|old| old.get("rules") == object.get("rules"));
            if same || may(identity, store, "escalate", (GROUP, resource), namespace, name) {
                return Ok(());
            }
            object.list("rules").iter().map(rule).collect()
        }
        _ => {
            let same = old.is_some_and(|old| {
                old.get("roleRef") == object.get("roleRef") && old.get("subjects") == object.get("subjects")
            });
            let (kind, role) = (object.text("roleRef.kind"), object.text("roleRef.name"));
            let bound = if kind == "Role" { "roles" } else { "clusterroles" };
            if same || may(identity, store, "bind", (GROUP, bound), namespace, role) {
                return Ok(());
            }
            let role = match kind {
                "Role" => store.policy.rbac.role(Some(namespace), role),
                _ => store.policy.rbac.role(None, role),
            };
            match role {
                Some(role) => role.rules.clone(),
                None => {
                    return Err(Failure::not_found(GROUP, bound, object.text("roleRef.name")));
                }
            }
        }
    };
    let (held, errors) = store.policy.rbac.rules(identity, namespace);
    let missing = missing(&held, &rules);
    if missing.is_empty() {
        return Ok(());
    }
    let mut why = format!(
        "user {} (groups={}) is attempting to grant RBAC permissions not currently held:\n{}",
        quote(&identity.user),
        list(&identity.groups),
        missing.into_iter().collect::<Vec<_>>().join("\n")
    );
    if !errors.is_empty() {
        why += &format!("; resolution errors: {}", list(&errors));
    }
    Err(context.forbidden(name, &why))
}

fn rule(rule: &Json) -> Rule {
    Rule {
        verbs: rule.texts("verbs"),
        groups: rule.texts("apiGroups"),
        resources: rule.texts("resources"),
        names: rule.texts("resourceNames"),
        urls: rule.texts("nonResourceURLs"),
    }
}

fn list(items: &[String]) -> String {
    format!("[{}]", items.iter().map(|item| quote(item)).collect::<Vec<_>>().join(" "))
}

/// What of some rules none of those that are held covers: each verb of each resource by itself,
/// put together again by resource, as the API server writes it.
fn missing(held: &[&Rule], wanted: &[Rule]) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for rule in wanted {
        for url in &rule.urls {
            let verbs = uncovered(&rule.verbs, |verb| covers(held, &Attributes::path(verb, url)));
            if !verbs.is_empty() {
                lines.insert(format!(
                    "{{NonResourceURLs:{}, Verbs:{}}}",
                    list(std::slice::from_ref(url)),
                    list(&verbs)
                ));
            }
        }
        let every = [String::new()];
        let names: &[String] = if rule.names.is_empty() { &every } else { &rule.names };
        for (group, resource) in
            rule.groups.iter().flat_map(|group| rule.resources.iter().map(move |own| (group, own)))
        {
            let mut of_resource: Vec<(Vec<String>, Vec<String>)> = Vec::new();
            for name in names {
                let verbs = uncovered(&rule.verbs, |verb| {
                    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
                    let resource = Resource {
                        group: group.clone(),
                        resource: resource.to_owned(),
                        subresource: subresource.to_owned(),
                        name: name.clone(),
                        ..Resource::default()
                    };
                    covers(held, &Attributes::resource(verb, resource))
                });
                if !verbs.is_empty() {
                    let name = Some(name).filter(|name| !name.is_empty()).cloned();
                    of_resource.push((name.into_iter().collect(), verbs));
                }
            }
            for (names, verbs) in of_resource {
                let names = if names.is_empty() {
                    String::new()
                } else {
                    format!(", ResourceNames:{}", list(&names))
                };
                lines.insert(format!(
                    "{{APIGroups:{}, Resources:{}{names}, Verbs:{}}}",
                    list(std::slice::from_ref(group)),
                    list(std::slice::from_ref(resource)),
                    list(&verbs)
                ));
            }
        }
    }
    lines
}

fn uncovered(verbs: &[String], is_covered: impl Fn(&str) -> bool) -> Vec<String> {
    verbs.iter().filter(|verb| !is_covered(verb)).cloned().collect()
}

/// Whether a rule allows all that these attributes stand for: `*` is covered by `*` alone.
fn covers(held: &[&Rule], attributes: &Attributes) -> bool {
    held.iter().any(|own| match &attributes.target {
        // A pattern is covered by one that is as wide: its own text is below it.
        Target::Path(_) => own.allows(attributes),
        // A rule without names covers every name; one with names only those.
        Target::Resource(resource) => {
            own.allows(attributes) && (own.names.is_empty() || !resource.name.is_empty())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule_of(text: &str) -> Rule {
        rule(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn what_is_not_held_is_named() {
        let held = rule_of(r#"{"apiGroups":[""],"resources":["pods"],"verbs":["get","list"]}"#);
        let wanted =
            rule_of(r#"{"apiGroups":[""],"resources":["pods"],"verbs":["get"],"resourceNames":["x"]}"#);
        assert!(missing(&[&held], &[wanted]).is_empty());
        let wanted = rule_of(r#"{"apiGroups":["","apps"],"resources":["pods"],"verbs":["get","delete"]}"#);
        assert_eq!(
            missing(&[&held], &[wanted]).into_iter().collect::<Vec<_>>(),
            [
                r#"{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}"#,
                r#"{APIGroups:["apps"], Resources:["pods"], Verbs:["get" "delete"]}"#,
            ]
        );
        let all = rule_of(r#"{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}"#);
        assert!(!missing(&[&held], std::slice::from_ref(&all)).is_empty());
        assert!(missing(&[&all], &[held]).is_empty());
    }
}
