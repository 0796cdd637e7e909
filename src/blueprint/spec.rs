//! What a cluster is asked to be: its nodes, names, networks, keys and layout.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::host::{API_SERVER_PORT, Endpoint, HostName, Node, dns_name, label};
use crate::text::nearest;

/// Why a cluster cannot be as it was asked for. Each message says what to write instead.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SpecError {
    /// A cluster or node name that cannot be a DNS label (RFC 1123).
    #[error("`{0}` is not a DNS label: use 1 to 63 of a-z, 0-9 and `-`, and neither begin nor end with `-`")]
    Label(String),
    /// A DNS domain or name that cannot be one.
    #[error("`{0}` is not a DNS name: use labels of a-z, 0-9 and `-`, joined by dots")]
    Dns(String),
    /// Not `NAME=IP`.
    #[error("`{0}` is not NAME=IP, for example node01=10.0.0.21")]
    Node(String),
    /// Not an address.
    #[error("`{0}` is not an IP address, for example 10.0.0.21 or fd00::21")]
    Address(String),
    /// An address that no node can have.
    #[error("{0} cannot be a node's address: give the address under which other nodes reach it")]
    UnusableAddress(IpAddr),
    /// Two nodes of one name.
    #[error("two nodes are called `{0}`: give each node its own name")]
    DuplicateNode(String),
    /// Two nodes with one address.
    #[error("{1} and {2} both have the address {0}: give each node its own")]
    DuplicateAddress(IpAddr, String, String),
    /// Not a CIDR.
    #[error("`{0}` is not a CIDR, for example 10.96.0.0/12 or fd00:10:96::/112")]
    Cidr(String),
    /// The network has no room for the API server's address.
    #[error("{0} is too small for services: use a prefix of at most /{1}")]
    SmallCidr(IpNet, u8),
    /// More than one CIDR of a family, or more than two.
    #[error("give one service CIDR, or two of different families (IPv4 and IPv6)")]
    Families,
    /// A node's address inside the service network.
    #[error("{1}'s address {0} lies inside the service network {2}: choose another network or address")]
    Overlap(IpAddr, String, IpNet),
    /// No control plane.
    #[error("a cluster needs a control plane: add --control-plane cp1=10.0.0.10")]
    NoControlPlane,
    /// Too many nodes for this lab.
    #[error("{0} workers are more than this lab makes: use at most {MAX_WORKERS}")]
    TooManyWorkers(usize),
    /// A number of days that makes no certificate.
    #[error("{0} days is no lifetime: use 1 to {MAX_DAYS}")]
    Days(u32),
    /// A leaf that would outlive its authority.
    #[error("certificates of {0} days would outlive a CA of {1}: raise --ca-days or lower --days")]
    Outlives(u32, u32),
    /// An option value that does not exist.
    #[error("`{given}` is no {what}: use one of {choices}{}", nearest.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    Choice {
        /// What kind of value it is.
        what: &'static str,
        /// What was written.
        given: String,
        /// What there is.
        choices: String,
        /// The nearest right one.
        nearest: Option<String>,
    },
    /// The spec file does not read.
    #[error("the cluster's spec does not read: {0}")]
    File(String),
}

/// The most workers that one plan holds.
pub const MAX_WORKERS: usize = 10_000;
/// The longest lifetime in days: 100 years, within what GeneralizedTime can say.
const MAX_DAYS: u32 = 36_500;

/// An enum whose values have names on the command line and in `cluster.toml`.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident, $what:literal, $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant),+ }
        impl $name {
            /// Every value, in the order it is shown.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The value's name.
            #[must_use]
            pub const fn name(self) -> &'static str { match self { $(Self::$variant => $text),+ } }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.pad(self.name()) }
        }
        impl FromStr for $name {
            type Err = SpecError;
            fn from_str(text: &str) -> Result<Self, SpecError> {
                Self::ALL.iter().copied().find(|v| v.name() == text).ok_or_else(|| SpecError::Choice {
                    what: $what,
                    given: text.into(),
                    choices: Self::ALL.iter().map(|v| v.name()).collect::<Vec<_>>().join(", "),
                    nearest: nearest(text, Self::ALL.iter().map(|v| v.name())).map(str::to_owned),
                })
            }
        }
    };
}

named! {
    /// The keys that certificates are made for.
    KeyAlgorithm, "key algorithm",
    /// RSA, 2048 bits: kubeadm's default and the lecture's.
    Rsa2048 = "rsa-2048",
    /// RSA, 3072 bits.
    Rsa3072 = "rsa-3072",
    /// RSA, 4096 bits.
    Rsa4096 = "rsa-4096",
    /// ECDSA on P-256.
    P256 = "p256",
    /// ECDSA on P-384.
    P384 = "p384",
    /// Ed25519.
    Ed25519 = "ed25519",
}

named! {
    /// How the files lie on disk, and by whose names they go.
    Layout, "layout",
    /// One flat directory with the lecture's names.
    Lecture = "lecture",
    /// One directory a node, as kubeadm leaves that node.
    Kubeadm = "kubeadm",
}

named! {
    /// How many authorities there are.
    Authorities, "number of authorities",
    /// One CA signs everything, as in the lecture.
    One = "one",
    /// The cluster's, etcd's and the front proxy's, as in kubeadm.
    Three = "three",
}

/// Everything that is asked of a cluster. [`ClusterSpec::default`] is the lab's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterSpec {
    /// The cluster's name, as kubeconfigs call it.
    pub name: String,
    /// How the files lie.
    pub layout: Layout,
    /// How many authorities.
    pub authorities: Authorities,
    /// The keys.
    pub key: KeyAlgorithm,
    /// Lifetime of leaves, in days.
    pub days: u32,
    /// Lifetime of authorities, in days.
    pub ca_days: u32,
    /// The address of all API servers together, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_plane_endpoint: Option<Endpoint>,
    /// The service networks: one, or one of each family.
    pub service_cidrs: Vec<IpNet>,
    /// The cluster's DNS domain.
    pub dns_domain: String,
    /// Further names of the API server.
    #[serde(default)]
    pub api_sans: Vec<HostName>,
    /// The control planes, at least one.
    pub control_planes: Vec<Node>,
    /// The workers.
    #[serde(default)]
    pub workers: Vec<Node>,
}

impl Default for ClusterSpec {
    fn default() -> Self {
        let node =
            |name: &str, last| Node { name: name.into(), address: Ipv4Addr::new(10, 0, 0, last).into() };
        Self {
            name: "dojang".into(),
            layout: Layout::Lecture,
            authorities: Authorities::One,
            key: KeyAlgorithm::Rsa2048,
            days: 365,
            ca_days: 3650,
            control_plane_endpoint: None,
            service_cidrs: IpNet::new(Ipv4Addr::new(10, 96, 0, 0).into(), 12).into_iter().collect(),
            dns_domain: "cluster.local".into(),
            api_sans: Vec::new(),
            control_planes: vec![node("cp1", 10)],
            workers: vec![node("node01", 21), node("node02", 22)],
        }
    }
}

impl ClusterSpec {
    /// Reads `cluster.toml` and checks it.
    ///
    /// # Errors
    /// It is not TOML, not a spec, or not a possible cluster.
    pub fn from_toml(text: &str) -> Result<Self, SpecError> {
        let spec: Self = toml::from_str(text).map_err(|e| SpecError::File(e.message().to_owned()))?;
        spec.check()?;
        Ok(spec)
    }

    /// The spec as `cluster.toml`.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }

    /// Adds generated workers: `node01` 10.0.0.21, `node02` 10.0.0.22 and on, leaving out
    /// names and addresses that are taken.
    ///
    /// # Errors
    /// More than [`MAX_WORKERS`].
    pub fn add_workers(&mut self, count: usize) -> Result<(), SpecError> {
        if count > MAX_WORKERS {
            return Err(SpecError::TooManyWorkers(count));
        }
        let taken: std::collections::HashSet<_> = self.nodes().cloned().collect();
        let is_taken = |name: &str, address: IpAddr| {
            taken.iter().any(|node| node.name == name || node.address == address)
        };
        let first = u32::from(Ipv4Addr::new(10, 0, 0, 21));
        let generated: Vec<Node> = (first..u32::MAX)
            .map(Ipv4Addr::from)
            .filter(|address| !matches!(address.octets()[3], 0 | 255))
            .enumerate()
            .map(|(index, address)| (format!("node{:02}", index + 1), IpAddr::V4(address)))
            .filter(|(name, address)| !is_taken(name, *address))
            .map(|(name, address)| Node { name, address })
            .take(count)
            .collect();
        self.workers.extend(generated);
        Ok(())
    }

    /// The first line of this spec that another does not have, as `cluster.toml` writes it.
    #[must_use]
    pub fn difference(&self, other: &Self) -> String {
        let (own, other) = (self.to_toml(), other.to_toml());
        let mut lines = own.lines().zip(other.lines().chain(std::iter::repeat("")));
        let line = lines.find(|(own, other)| own != other).map(|(own, _)| own);
        line.unwrap_or("it has fewer nodes").trim().to_owned()
    }

    /// All machines, control planes first.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.control_planes.iter().chain(&self.workers)
    }

    /// The API server's service address: the first of the first service network.
    #[must_use]
    pub fn service_address(&self) -> Option<IpAddr> {
        let network = self.service_cidrs.first()?.trunc();
        Some(match network.network() {
            IpAddr::V4(address) => IpAddr::V4(Ipv4Addr::from(u32::from(address).checked_add(1)?)),
            IpAddr::V6(address) => IpAddr::V6(u128::from(address).checked_add(1)?.into()),
        })
    }

    /// Where clients find the API server: the control-plane endpoint, else the first
    /// control plane.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        self.control_plane_endpoint.clone().unwrap_or_else(|| Endpoint {
            host: self
                .control_planes
                .first()
                .map_or(HostName::Dns("localhost".into()), |node| HostName::Ip(node.address)),
            port: API_SERVER_PORT,
        })
    }

    /// Checks that this cluster is possible.
    ///
    /// # Errors
    /// The first thing that makes it impossible.
    pub fn check(&self) -> Result<(), SpecError> {
        label(&self.name)?;
        dns_name(&self.dns_domain)?;
        if self.control_planes.is_empty() {
            return Err(SpecError::NoControlPlane);
        }
        if self.workers.len() > MAX_WORKERS {
            return Err(SpecError::TooManyWorkers(self.workers.len()));
        }
        for days in [self.days, self.ca_days] {
            if days == 0 || days > MAX_DAYS {
                return Err(SpecError::Days(days));
            }
        }
        if self.days > self.ca_days {
            return Err(SpecError::Outlives(self.days, self.ca_days));
        }
        self.check_services()?;
        self.check_nodes()
    }

    fn check_services(&self) -> Result<(), SpecError> {
        match self.service_cidrs.as_slice() {
            [_] => {}
            [IpNet::V4(_), IpNet::V6(_)] | [IpNet::V6(_), IpNet::V4(_)] => {}
            _ => return Err(SpecError::Families),
        }
        for cidr in &self.service_cidrs {
            // kubeadm wants room for at least eight addresses (apis/kubeadm/validation).
            let most = cidr.max_prefix_len() - 3;
            if cidr.prefix_len() > most {
                return Err(SpecError::SmallCidr(*cidr, most));
            }
        }
        Ok(())
    }

    fn check_nodes(&self) -> Result<(), SpecError> {
        let mut names = std::collections::HashSet::new();
        let mut addresses: HashMap<IpAddr, &str> = HashMap::new();
        for node in self.nodes() {
            label(&node.name)?;
            let address = node.address;
            if address.is_loopback() || address.is_unspecified() || address.is_multicast() {
                return Err(SpecError::UnusableAddress(address));
            }
            if !names.insert(node.name.as_str()) {
                return Err(SpecError::DuplicateNode(node.name.clone()));
            }
            if let Some(other) = addresses.insert(address, &node.name) {
                return Err(SpecError::DuplicateAddress(address, other.into(), node.name.clone()));
            }
            if let Some(cidr) = self.service_cidrs.iter().find(|cidr| cidr.contains(&address)) {
                return Err(SpecError::Overlap(address, node.name.clone(), *cidr));
            }
        }
        Ok(())
    }
}

/// Reads a service CIDR, or two with a comma between.
///
/// # Errors
/// One of them is no CIDR.
pub fn service_cidrs(text: &str) -> Result<Vec<IpNet>, SpecError> {
    text.split(',')
        .map(|part| part.trim().parse::<IpNet>().map_err(|_| SpecError::Cidr(part.into())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_possible_and_survives_its_file() {
        let spec = ClusterSpec::default();
        spec.check().unwrap();
        assert_eq!(ClusterSpec::from_toml(&spec.to_toml()).unwrap(), spec);
        assert_eq!(spec.service_address().unwrap().to_string(), "10.96.0.1");
    }

    #[test]
    fn impossible_clusters_are_refused_with_the_reason() {
        let refuse = |change: fn(&mut ClusterSpec)| {
            let mut spec = ClusterSpec::default();
            change(&mut spec);
            spec.check().unwrap_err().to_string()
        };
        assert!(refuse(|s| s.workers[1].name = "node01".into()).contains("two nodes"));
        assert!(refuse(|s| s.workers[1].address = s.workers[0].address).contains("both have"));
        assert!(refuse(|s| s.workers[0].name = "Node_1".into()).contains("DNS label"));
        assert!(refuse(|s| s.service_cidrs = service_cidrs("10.0.0.0/16").unwrap()).contains("inside"));
        assert!(
            refuse(|s| s.service_cidrs = service_cidrs("10.1.0.0/16,10.2.0.0/16").unwrap())
                .contains("families")
        );
        assert!(refuse(|s| s.days = 4000).contains("outlive"));
        assert!(service_cidrs("10.96.0.0").is_err());
        assert!("node01".parse::<Node>().is_err());
        assert!("10.0.0.256".parse::<HostName>().is_err());
        let message = "rsa-2047".parse::<KeyAlgorithm>().unwrap_err().to_string();
        assert!(message.contains("did you mean `rsa-2048`"), "{message}");
    }

    #[test]
    fn generated_workers_keep_clear_of_the_given_ones() {
        let mut spec = ClusterSpec::default();
        spec.add_workers(300).unwrap();
        spec.check().unwrap();
        assert_eq!(spec.workers.len(), 302);
        assert_eq!(spec.workers[2].name, "node03");
    }

    #[test]
    fn services_of_either_family_or_both() {
        let spec = ClusterSpec {
            service_cidrs: service_cidrs("fd00:10:96::/112,10.96.0.0/12").unwrap(),
            ..ClusterSpec::default()
        };
        spec.check().unwrap();
        assert_eq!(spec.service_address().unwrap().to_string(), "fd00:10:96::1");
        assert_eq!("[fd00::1]:7443".parse::<Endpoint>().unwrap().to_string(), "[fd00::1]:7443");
        assert_eq!("lb.example.com".parse::<Endpoint>().unwrap().port, 6443);
    }
}
