//! Nodes that join a cluster which is there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Deserialize;

use super::source::{Blueprint, BlueprintError};
use super::{ClusterSpec, Layout};

/// Where the kubelet of a node that joins keeps its files, below the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Joining {
    /// The directory of the certificates that it was issued (`--cert-dir`).
    pub certificates: String,
    /// The kubeconfig that names the current one (`--kubeconfig`).
    pub kubeconfig: String,
    /// The kubeconfig with a bootstrap token (`--bootstrap-kubeconfig`).
    pub bootstrap: String,
}

/// Where the files of a node that joins are, in this layout.
///
/// # Errors
/// The blueprint does not read.
pub fn joining(layout: Layout, node: &str) -> Result<Joining, BlueprintError> {
    let entry = Blueprint::embedded()?.joining;
    let shape = match layout {
        Layout::Lecture => entry.lecture,
        Layout::Kubeadm => entry.kubeadm,
    };
    let of_node = |path: String| path.replace("{node}", node);
    Ok(Joining {
        certificates: of_node(shape.certificates),
        kubeconfig: of_node(shape.kubeconfig),
        bootstrap: of_node(shape.bootstrap),
    })
}

/// An address for a node that joins and names none: `place` behind the highest of the cluster's.
#[must_use]
pub fn next_address(spec: &ClusterSpec, place: u32) -> IpAddr {
    let all = spec.control_planes.iter().chain(&spec.workers).map(|node| node.address);
    match all.max().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)) {
        IpAddr::V4(last) => Ipv4Addr::from(u32::from(last).wrapping_add(place)).into(),
        IpAddr::V6(last) => Ipv6Addr::from(u128::from(last).wrapping_add(place.into())).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_joins_has_places_and_an_address() {
        let places = joining(Layout::Kubeadm, "node03").unwrap();
        assert_eq!(places.certificates, "node03/var/lib/kubelet/pki");
        assert_eq!(joining(Layout::Lecture, "node03").unwrap().certificates, "kubelet-node03");
        assert_eq!(next_address(&ClusterSpec::default(), 1).to_string(), "10.0.0.23");
    }
}
