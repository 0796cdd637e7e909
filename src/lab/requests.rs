//! The identities of the lecture, the requests that are played as them, and the actions of the
//! permission matrix, as `assets/requests.toml` has them.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::access::{Attributes, Identity, Resource};
use crate::blueprint::{Plan, Subject};
use crate::lesson::Words;

const SOURCE: &str = include_str!("../../assets/requests.toml");
/// The kind of the certificates that kubelets ask the API server with.
const KUBELET: &str = "kubelet-client";

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Requests {
    pub(super) identity: Vec<Asker>,
    pub(super) ask: Vec<Ask>,
    pub(super) action: Vec<Action>,
}

/// An identity that asks.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asker {
    /// What it is called.
    pub(super) id: String,
    /// A certificate of the plan, by its id.
    #[serde(default)]
    pub(super) credential: Option<String>,
    /// A certificate that the cluster's CA signs for the occasion.
    #[serde(default)]
    pub(super) subject: Option<Subject>,
    /// A certificate that another CA signs.
    #[serde(default)]
    pub(super) forged: Option<Subject>,
    /// A service account of the namespace `default`.
    #[serde(default)]
    pub(super) account: Option<String>,
    /// A bearer token.
    #[serde(default)]
    pub(super) token: Option<String>,
    /// Whether it verifies servers by another CA.
    #[serde(default)]
    pub(super) trusts_other: bool,
    /// Whether it is a row of the matrix.
    #[serde(default)]
    pub(super) matrix: bool,
}

/// Requests that are played as an identity.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ask {
    /// Its id.
    pub(super) id: String,
    /// As which identity.
    #[serde(rename = "as")]
    pub(super) by: String,
    /// The requests that make what it is about.
    #[serde(default)]
    pub(super) needs: Option<String>,
    /// The kind of server that is asked; the API server if none.
    #[serde(default)]
    pub(super) server: Option<String>,
    /// One after the other.
    pub(super) steps: Vec<Request>,
    /// What it is about, in English and in Korean.
    en: String,
    ko: String,
}

/// One request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    /// The name of what it makes.
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) body: Option<String>,
}

/// An action of the matrix.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Action {
    pub(super) title: String,
    verb: String,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    group: String,
    #[serde(default)]
    resource: String,
    #[serde(default)]
    subresource: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    name: String,
}

static ALL: LazyLock<Requests> = LazyLock::new(|| {
    // That it reads is held by a test.
    toml::from_str(SOURCE).unwrap_or_default()
});

impl Requests {
    /// All of it, for the nodes of a cluster. What speaks of a second node is left out where
    /// there is none.
    pub(super) fn of(plan: &Plan) -> Self {
        let mut nodes = plan.certificates.iter().filter(|own| own.kind == KUBELET);
        // Workers stand behind control planes.
        let mut names: Vec<&str> = nodes.by_ref().filter_map(|own| own.node.as_deref()).collect();
        names.reverse();
        let other = names.first().copied().filter(|_| names.len() > 1);
        let node = names.get(1).or(names.first()).copied();
        let there = |text: &str| {
            (node.is_some() || !text.contains("{node}")) && (other.is_some() || !text.contains("{other}"))
        };
        let fill = |text: &str| {
            text.replace("{node}", node.unwrap_or_default()).replace("{other}", other.unwrap_or_default())
        };
        let identity = ALL.identity.iter().filter(|own| there(&own.id)).map(|own| Asker {
            id: fill(&own.id),
            credential: own.credential.as_deref().map(fill),
            ..own.clone()
        });
        let identity: Vec<Asker> = identity
            .filter(|own| own.credential.as_deref().is_none_or(|id| plan.certificate(id).is_some()))
            .collect();
        let asks =
            ALL.ask.iter().filter(|own| there(&own.by) && own.steps.iter().all(|one| there(&one.path)));
        let ask = asks.map(|own| Ask {
            by: fill(&own.by),
            steps: own
                .steps
                .iter()
                .map(|one| Request {
                    path: fill(&one.path),
                    body: one.body.as_deref().map(fill),
                    ..one.clone()
                })
                .collect(),
            en: fill(&own.en),
            ko: fill(&own.ko),
            ..own.clone()
        });
        let ask = ask.filter(|own| identity.iter().any(|asker| asker.id == own.by)).collect();
        let action = ALL.action.iter().filter(|own| there(&own.name)).map(|own| Action {
            title: fill(&own.title),
            name: fill(&own.name),
            ..own.clone()
        });
        Self { action: action.collect(), ask, identity }
    }

    /// The identity of this name.
    pub(super) fn asker(&self, id: &str) -> Option<&Asker> {
        self.identity.iter().find(|asker| asker.id == id)
    }
}

impl Ask {
    /// What it is about.
    pub(super) fn words(&self) -> Words<String> {
        Words { en: self.en.clone(), ko: self.ko.clone() }
    }
}

impl Asker {
    /// Whom the API server takes it for; `None` if for nobody.
    pub(super) fn identity(&self, plan: &Plan) -> Option<Identity> {
        let named = |subject: &Subject| Identity::named(&subject.common_name, &subject.organizations);
        if self.forged.is_some() || self.token.is_some() {
            return None;
        }
        if let Some(id) = &self.credential {
            return plan.certificate(id).map(|own| named(&own.subject));
        }
        if let Some(account) = &self.account {
            return Some(Identity::impersonated(&format!("system:serviceaccount:default:{account}"), &[]));
        }
        Some(self.subject.as_ref().map_or_else(Identity::anonymous, named))
    }
}

impl Request {
    /// Where what it makes is found.
    pub(super) fn made(&self) -> Option<String> {
        self.name.as_ref().map(|name| format!("{}/{name}", self.path))
    }
}

impl Action {
    /// As the authorizers are asked.
    pub(super) fn attributes(&self) -> Attributes {
        match &self.path {
            Some(path) => Attributes::path(&self.verb, path),
            None => Attributes::resource(
                &self.verb,
                Resource {
                    group: self.group.clone(),
                    version: "v1".into(),
                    resource: self.resource.clone(),
                    subresource: self.subresource.clone(),
                    namespace: self.namespace.clone(),
                    name: self.name.clone(),
                    ..Resource::default()
                },
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint::{ClusterSpec, plan};

    #[test]
    fn every_request_names_what_there_is() {
        let all: Requests = toml::from_str(SOURCE).unwrap();
        for ask in &all.ask {
            assert!(all.asker(&ask.by).is_some(), "{}: {}", ask.id, ask.by);
            let needed = |id: &String| all.ask.iter().any(|other| other.id == *id);
            assert!(ask.needs.as_ref().is_none_or(needed), "{}", ask.id);
        }
        let plan = plan(ClusterSpec::default()).unwrap();
        let here = Requests::of(&plan);
        assert_eq!((here.ask.len(), here.identity.len()), (all.ask.len(), all.identity.len()));
        assert!(here.asker("kubelet@node01").is_some() && here.asker("kubelet@node02").is_some());
        let text = format!("{here:?}");
        assert!(!text.contains("{node}") && !text.contains("{other}"));
    }

    #[test]
    fn one_node_has_no_other() {
        let spec = ClusterSpec { workers: Vec::new(), ..ClusterSpec::default() };
        let here = Requests::of(&plan(spec).unwrap());
        assert!(here.ask.iter().all(|ask| ask.id != "other-node"));
        assert!(here.ask.iter().any(|ask| ask.id == "own-node"));
    }
}
