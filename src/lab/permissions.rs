//! The permission matrix: who of the lecture's identities may do what, and who says so.

use super::engine::Lab;
use super::requests::Requests;
use crate::access::{Attributes, Decision, Identity, Policy, World, authorize};
use crate::blueprint::Plan;
use crate::clock::Clock;
use crate::cluster::{journal_name, stored_policy};
use crate::workspace::Store;

/// Identities by actions.
#[derive(Debug, Clone, PartialEq)]
pub struct Permissions {
    /// The rows: what an identity is called, and whom the API server takes it for.
    pub identities: Vec<(String, Identity)>,
    /// The columns: what an action is called, and what the authorizers are asked.
    pub actions: Vec<(String, Attributes)>,
    /// The decision of each row's each column.
    pub cells: Vec<Vec<Decision>>,
}

impl Permissions {
    /// What the authorizers say by this policy.
    #[must_use]
    pub fn of(plan: &Plan, policy: &Policy) -> Self {
        let requests = Requests::of(plan);
        let rows = requests.identity.iter().filter(|asker| asker.matrix);
        let identities: Vec<(String, Identity)> =
            rows.filter_map(|asker| Some((asker.id.clone(), asker.identity(plan)?))).collect();
        let actions: Vec<(String, Attributes)> =
            requests.action.iter().map(|action| (action.title.clone(), action.attributes())).collect();
        let row = |identity: &Identity| {
            actions.iter().map(|(_, asked)| authorize(identity, asked, policy)).collect()
        };
        let cells = identities.iter().map(|(_, identity)| row(identity)).collect();
        Self { identities, actions, cells }
    }

    /// The decision of a cell.
    #[must_use]
    pub fn cell(&self, row: usize, column: usize) -> Option<&Decision> {
        self.cells.get(row)?.get(column)
    }
}

/// What the authorizers of a workspace's cluster go by: what `dojang serve` keeps of it, or
/// what a new one has.
#[must_use]
pub fn policy_of(store: &Store, plan: &Plan, clock: Clock) -> Policy {
    let stored = stored_policy(&store.path(&store.own(journal_name(false))));
    stored.unwrap_or_else(|| World::of_plan(plan, clock.now()).policy)
}

impl Lab {
    /// The permission matrix of the cluster that serves, or else of the one that would.
    #[must_use]
    pub fn permissions(&self) -> Permissions {
        let live = self.live().as_ref().map(|live| live.cluster.world().policy);
        let policy = live.unwrap_or_else(|| policy_of(self.store(), &self.plan, self.clock));
        Permissions::of(&self.plan, &policy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Authorizer, Bootstrap};
    use crate::blueprint::{ClusterSpec, plan};

    #[test]
    fn the_lecture_s_identities_may_what_the_lecture_says() {
        let plan = plan(ClusterSpec::default()).unwrap();
        let permissions = Permissions::of(&plan, &Policy::bootstrap(Bootstrap::Kubeadm));
        let by = |row: &str, column: &str| {
            let row = permissions.identities.iter().position(|(name, _)| name == row).unwrap();
            let column = permissions.actions.iter().position(|(title, _)| title == column).unwrap();
            permissions.cell(row, column).unwrap().by
        };
        for (row, column, decided) in [
            ("super-admin", "list secrets", Authorizer::SystemMasters),
            ("admin in OU", "list pods", Authorizer::None),
            ("kube-scheduler", "list pods", Authorizer::Rbac),
            ("kube-scheduler", "list secrets", Authorizer::None),
            ("kubelet@node01", "get node01", Authorizer::Node),
            ("kubelet@node01", "get node02", Authorizer::None),
            ("kubelet@node01", "create CSR", Authorizer::Node),
            ("kube-apiserver", "kubelet's logs", Authorizer::Rbac),
            ("anonymous", "GET /version", Authorizer::Rbac),
            ("jane", "pods of default", Authorizer::None),
        ] {
            assert_eq!(by(row, column), decided, "{row}: {column}");
        }
    }
}
