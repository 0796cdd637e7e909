//! From options to a cluster's spec.

use super::args::SpecArgs;
use super::error::CliError;
use crate::blueprint::{Authorities, ClusterSpec, Layout, service_cidrs};

impl SpecArgs {
    /// Whether any option was given.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The spec that the options ask for, the lab's own where they say nothing.
    pub(super) fn spec(&self) -> Result<ClusterSpec, CliError> {
        let mut spec = ClusterSpec::default();
        if let Some(name) = &self.name {
            spec.name.clone_from(name);
        }
        if !self.control_plane.is_empty() {
            spec.control_planes = self.control_plane.iter().map(|n| n.parse()).collect::<Result<_, _>>()?;
        }
        // Who names any node names them all; a control plane there must be.
        if !self.control_plane.is_empty() || !self.worker.is_empty() || self.workers.is_some() {
            spec.workers = self.worker.iter().map(|n| n.parse()).collect::<Result<_, _>>()?;
        }
        if let Some(endpoint) = &self.control_plane_endpoint {
            spec.control_plane_endpoint = Some(endpoint.parse()?);
        }
        if let Some(cidrs) = &self.service_cidr {
            spec.service_cidrs = service_cidrs(cidrs)?;
        }
        if let Some(domain) = &self.dns_domain {
            spec.dns_domain.clone_from(domain);
        }
        spec.api_sans = self.api_san.iter().map(|n| n.parse()).collect::<Result<_, _>>()?;
        if let Some(key) = &self.key {
            spec.key = key.parse()?;
        }
        spec.days = self.days.unwrap_or(spec.days);
        spec.ca_days = self.ca_days.unwrap_or(spec.ca_days);
        if let Some(layout) = &self.layout {
            spec.layout = layout.parse()?;
        }
        spec.authorities = match &self.authorities {
            Some(authorities) => authorities.parse()?,
            None if spec.layout == Layout::Kubeadm => Authorities::Three,
            None => Authorities::One,
        };
        if let Some(count) = self.workers {
            spec.add_workers(count)?;
        }
        spec.check()?;
        Ok(spec)
    }
}
