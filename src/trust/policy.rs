//! Certificate policies along a chain (RFC 5280, section 6.1, as amended by RFC 9618).
//!
//! Nobody asks for a certain policy here, so the policies of a chain only matter where an
//! authority demands that there be some (`requireExplicitPolicy`), or maps what must not
//! be mapped.

use std::collections::{HashMap, HashSet};

use super::certificate::Certificate;

/// The contents of a policy's OID.
type Policy = Vec<u8>;

/// `anyPolicy`, 2.5.29.32.0.
const ANY: &[u8] = &[0x55, 0x1d, 0x20, 0x00];

/// One policy at one depth of the chain.
struct Node {
    policy: Policy,
    /// The policies of the certificate below that it stands for.
    expected: Vec<Policy>,
    parents: Vec<usize>,
    children: usize,
}

/// The valid policy graph: a stratum of nodes for each certificate from the root down.
struct Graph {
    nodes: Vec<Node>,
    strata: Vec<HashMap<Policy, usize>>,
    /// The nodes of the stratum above the last, by the policies they expect.
    expecting: HashMap<Policy, Vec<usize>>,
}

impl Graph {
    fn new() -> Self {
        let mut graph = Self { nodes: Vec::new(), strata: vec![HashMap::new()], expecting: HashMap::new() };
        graph.insert(ANY.to_vec(), vec![ANY.to_vec()], Vec::new());
        graph
    }

    /// Adds a node to the last stratum.
    fn insert(&mut self, policy: Policy, expected: Vec<Policy>, mut parents: Vec<usize>) {
        parents.sort_unstable();
        parents.dedup();
        for &parent in &parents {
            if let Some(parent) = self.nodes.get_mut(parent) {
                parent.children += 1;
            }
        }
        if let Some(stratum) = self.strata.last_mut() {
            stratum.insert(policy.clone(), self.nodes.len());
        }
        self.nodes.push(Node { policy, expected, parents, children: 0 });
    }

    fn leaf(&self, policy: &[u8]) -> Option<usize> {
        self.strata.last()?.get(policy).copied()
    }

    /// Begins a stratum for the next certificate.
    fn descend(&mut self) {
        let mut expecting: HashMap<Policy, Vec<usize>> = HashMap::new();
        for &index in self.strata.iter().rev().take(1).flat_map(HashMap::values) {
            for policy in self.nodes.get(index).into_iter().flat_map(|node| &node.expected) {
                expecting.entry(policy.clone()).or_default().push(index);
            }
        }
        self.expecting = expecting;
        self.strata.push(HashMap::new());
    }

    /// Takes the policies of a certificate in (RFC 9618, 6.1.3 (d)).
    fn take_in(&mut self, policies: &[Policy], takes_any: bool) {
        let any_above = self.strata.iter().rev().nth(1).and_then(|stratum| stratum.get(ANY).copied());
        for policy in policies.iter().filter(|policy| policy.as_slice() != ANY) {
            let parents = match self.expecting.get(policy) {
                Some(parents) => parents.clone(),
                None => any_above.into_iter().collect(),
            };
            if !parents.is_empty() {
                self.insert(policy.clone(), vec![policy.clone()], parents);
            }
        }
        if takes_any && policies.iter().any(|policy| policy.as_slice() == ANY) {
            let missing: Vec<(Policy, Vec<usize>)> = self
                .expecting
                .iter()
                .filter(|(policy, _)| self.leaf(policy).is_none())
                .map(|(policy, parents)| (policy.clone(), parents.clone()))
                .collect();
            for (policy, parents) in missing {
                self.insert(policy.clone(), vec![policy], parents);
            }
        }
    }

    /// Takes nodes without children away, from the last stratum but one upwards.
    fn prune(&mut self) {
        let last = self.strata.len().saturating_sub(1);
        for depth in (1..last).rev() {
            let childless: Vec<(Policy, usize)> = self
                .strata
                .get(depth)
                .into_iter()
                .flatten()
                .filter(|(_, index)| self.nodes.get(**index).is_some_and(|node| node.children == 0))
                .map(|(policy, index)| (policy.clone(), *index))
                .collect();
            for (policy, index) in childless {
                self.detach(index);
                if let Some(stratum) = self.strata.get_mut(depth) {
                    stratum.remove(&policy);
                }
            }
        }
    }

    /// Lets the parents of a node forget it.
    fn detach(&mut self, index: usize) {
        let parents =
            self.nodes.get_mut(index).map(|node| std::mem::take(&mut node.parents)).unwrap_or_default();
        for parent in parents {
            if let Some(parent) = self.nodes.get_mut(parent) {
                parent.children = parent.children.saturating_sub(1);
            }
        }
    }

    fn delete_leaf(&mut self, policy: &[u8]) {
        if let Some(index) = self.strata.last_mut().and_then(|stratum| stratum.remove(policy)) {
            self.detach(index);
        }
    }

    /// Applies policy mappings (RFC 9618, 6.1.4 (b)).
    fn map(&mut self, mappings: &[(Policy, Policy)]) {
        let mut by_issuer: HashMap<&Policy, Vec<Policy>> = HashMap::new();
        for (issuer, subject) in mappings {
            by_issuer.entry(issuer).or_default().push(subject.clone());
        }
        for (issuer, subjects) in by_issuer {
            if let Some(leaf) = self.leaf(issuer) {
                if let Some(node) = self.nodes.get_mut(leaf) {
                    node.expected = subjects;
                }
            } else if let Some(any) = self.leaf(ANY) {
                self.insert(issuer.clone(), subjects, vec![any]);
            }
        }
    }

    /// Whether any policy is valid for the whole chain.
    fn has_valid_policy(&self) -> bool {
        let stems_from_any = |index: &usize| {
            self.nodes.get(*index).is_some_and(|node| {
                let parent = match node.parents.as_slice() {
                    [parent] => self.nodes.get(*parent),
                    _ => None,
                };
                node.policy != ANY && parent.is_some_and(|parent| parent.policy == ANY)
            })
        };
        self.leaf(ANY).is_some() || self.strata.iter().flat_map(HashMap::values).any(stems_from_any)
    }
}

/// Takes one off, down to zero.
fn count_down(counter: &mut i64) {
    *counter = (*counter - 1).max(0);
}

/// Whether the policies of a chain, leaf first, are valid.
pub(super) fn is_valid(chain: &[&Certificate]) -> bool {
    // The root's own policies do not count.
    let Some((_, below_root)) = chain.split_last() else {
        return true;
    };
    let Some(leaf) = below_root.first() else {
        return true;
    };
    let never = i64::try_from(below_root.len()).unwrap_or(i64::MAX - 1) + 1;
    let (mut explicit, mut mapping, mut any) = (never, never, never);
    let mut graph = Some(Graph::new());
    for (index, certificate) in below_root.iter().enumerate().rev() {
        let data = certificate.extension_data();
        let is_leaf = index == 0;
        let is_self_issued = certificate.issuer().raw() == certificate.subject().raw();
        if data.policies.is_empty() {
            graph = None;
        }
        match &mut graph {
            None if explicit == 0 => return false,
            None => {}
            Some(graph) => {
                graph.descend();
                graph.take_in(&data.policies, any > 0 || (!is_leaf && is_self_issued));
                graph.prune();
                if !is_leaf && mapping > 0 {
                    let maps_any = |(issuer, subject): &(Policy, Policy)| issuer == ANY || subject == ANY;
                    if data.policy_mappings.iter().any(maps_any) {
                        return false;
                    }
                    graph.map(&data.policy_mappings);
                } else if !is_leaf {
                    let issuers: HashSet<&Policy> =
                        data.policy_mappings.iter().map(|(issuer, _)| issuer).collect();
                    for issuer in issuers {
                        graph.delete_leaf(issuer);
                    }
                    graph.prune();
                }
            }
        }
        if is_leaf {
            continue;
        }
        if !is_self_issued {
            count_down(&mut explicit);
            count_down(&mut mapping);
            count_down(&mut any);
        }
        explicit = explicit.min(data.require_explicit_policy.unwrap_or(explicit));
        mapping = mapping.min(data.inhibit_policy_mapping.unwrap_or(mapping));
        any = any.min(data.inhibit_any_policy.unwrap_or(any));
    }
    count_down(&mut explicit);
    if leaf.extension_data().require_explicit_policy == Some(0) {
        explicit = 0;
    }
    explicit > 0 || graph.is_some_and(|graph| graph.has_valid_policy())
}
