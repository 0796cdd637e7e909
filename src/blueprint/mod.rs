//! What a cluster is made of: `assets/blueprint.toml` and a [`ClusterSpec`] give a
//! [`Plan`] of every authority, certificate, key pair, kubeconfig, configuration file and
//! TLS connection, with its names, usages and places on disk.

mod component;
mod expand;
mod files;
mod host;
mod joining;
mod plan;
mod source;
mod spec;
mod values;

pub use component::{ComponentError, resolve_certificate, resolve_client, resolve_server};
pub use expand::plan;
pub use host::{API_SERVER_PORT, Endpoint, HostName, Node};
pub use joining::{Joining, joining, next_address};
pub use plan::{
    Authority, AuthorityPlace, Certificate, ConfigFile, Connection, FileFormat, KeyPair, KeyPairPlace,
    Kubeconfig, PairPlace, Places, Plan, Server, ServerStyle, Subject, Usage,
};
pub use source::{Blueprint, BlueprintError};
pub use spec::{Authorities, ClusterSpec, KeyAlgorithm, Layout, MAX_WORKERS, SpecError, service_cidrs};
