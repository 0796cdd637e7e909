//! The cluster of a workspace, as `cluster.toml` keeps it.

use super::{Locked, Secrecy, Store, WorkspaceError};
use crate::blueprint::ClusterSpec;

/// Where a cluster's spec is kept.
const SPEC: &str = "cluster.toml";

/// The spec of a workspace; none if it holds no cluster.
///
/// # Errors
/// It cannot be read, or is no possible cluster.
pub fn read_spec(store: &Store) -> Result<Option<ClusterSpec>, WorkspaceError> {
    let Some(text) = store.read(SPEC)? else { return Ok(None) };
    ClusterSpec::from_toml(&String::from_utf8_lossy(&text))
        .map(Some)
        .map_err(|error| WorkspaceError::Unusable { path: SPEC.into(), why: error.to_string() })
}

/// The spec of a workspace: the one it has, which must be the one that is asked for if any
/// is; else the one asked for, or the lab's own, kept from now on.
///
/// # Errors
/// It holds another cluster, or cannot be read or written.
pub fn settle_spec(locked: &Locked, asked: Option<ClusterSpec>) -> Result<ClusterSpec, WorkspaceError> {
    match (read_spec(locked.store())?, asked) {
        (Some(existing), Some(asked)) if existing != asked => Err(WorkspaceError::OtherCluster {
            path: locked.store().root().to_owned(),
            why: existing.difference(&asked),
        }),
        (Some(existing), _) => Ok(existing),
        (None, asked) => {
            let spec = asked.unwrap_or_default();
            locked.write(SPEC, spec.to_toml().as_bytes(), Secrecy::Public)?;
            Ok(spec)
        }
    }
}
