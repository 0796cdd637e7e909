//! What a cluster is made of: `assets/blueprint.toml` and a [`ClusterSpec`] give a
//! [`Plan`] of every authority, certificate, key pair, kubeconfig, configuration file and
//! TLS connection, with its names, usages and places on disk.

mod component;
mod expand;
mod files;
mod plan;
mod source;
mod spec;

pub use component::{ComponentError, resolve_certificate, resolve_client, resolve_server};
pub use expand::plan;
pub use plan::{
    Authority, AuthorityPlace, Certificate, ConfigFile, Connection, FileFormat, KeyPair, KeyPairPlace,
    Kubeconfig, PairPlace, Places, Plan, Server, ServerStyle, Subject, Usage,
};
pub use source::{Blueprint, BlueprintError};
pub use spec::{
    API_SERVER_PORT, Authorities, ClusterSpec, Endpoint, HostName, KeyAlgorithm, Layout, MAX_WORKERS, Node,
    SpecError, service_cidrs,
};
