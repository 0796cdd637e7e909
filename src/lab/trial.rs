//! A fault tried on the whole cluster: every connection while all is well, and every one
//! with the fault. It runs on a cluster like the learner's in a temporary directory, so that
//! the learner's own artifacts are neither read nor changed.

use std::net::Ipv4Addr;
use std::sync::{Arc, PoisonError};

use super::connect::Circumstances;
use super::engine::{Directory, Lab, LabOptions};
use super::making::ETCD_PEER;
use super::{Cancel, ConnectionView, Difference, Edge, LabError, MatrixRow, Progress, Tls};
use crate::blueprint::{ClusterSpec, Connection, Node};
use crate::fault::{Making, Teller};
use crate::workspace::Selection;

/// Of more nodes of a kind nobody would see more on a map.
const MOST_NODES: usize = 3;

/// Something that happened while a fault is tried.
#[derive(Debug, Clone)]
pub enum TrialStep {
    /// How far the cluster is made.
    Making(Progress),
    /// Who talks to whom.
    Edges(Vec<Edge>),
    /// The connection of this place among the edges was made.
    Connected(usize, MatrixRow),
}

/// What a trial came to.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The connection that shows the fault.
    pub connection: ConnectionView,
    /// The changed artifact, before and after; none while all is well, or where no
    /// certificate is different.
    pub changed: Option<Difference>,
    /// Whether the key beside the certificate is another pair's.
    pub other_key: bool,
}

impl Lab {
    /// Every connection with this fault, or while all is well; tells of each as it is made.
    ///
    /// # Errors
    /// The temporary directory cannot be made, the machine cannot run a connection, or it
    /// was cancelled.
    pub fn trial(
        &self,
        making: &Making,
        is_broken: bool,
        cancel: &Cancel,
        tell: &(dyn Fn(TrialStep) + Sync),
    ) -> Result<Trial, LabError> {
        let twin = self.twin(making)?;
        twin.make(&Selection::All, cancel, &|progress| tell(TrialStep::Making(progress)))?;
        tell(TrialStep::Edges(twin.edges()));
        let declared = twin.connection_of(making)?;
        let mut connections = twin.plan.connections.clone();
        let at = connections.iter().position(|known| is_same(known, &declared)).unwrap_or_else(|| {
            connections.push(declared.clone());
            connections.len() - 1
        });
        let aimed = making.change.as_ref().filter(|_| is_broken);
        let aimed = aimed.map(|change| twin.aimed(change, &declared)).transpose()?;
        let leaves_it_out = is_broken && making.without_certificate;
        if let Some(connection) = connections.get_mut(at).filter(|_| leaves_it_out) {
            connection.credential = None;
        }
        let changed = aimed.as_ref().map(|change| twin.change(change)).transpose()?;
        let circumstances = Circumstances { changed: changed.as_ref(), ..Circumstances::default() };
        let without = Circumstances { without_client_authority: true, ..circumstances };
        let is_without = |connection: &Connection| {
            is_broken
                && making.without_client_authority
                && connection.server.component == declared.server.component
        };
        let told = making.told_by.filter(|_| is_broken);
        let mut number = 0;
        twin.rows(
            &connections,
            Tls::Tls13,
            &|c| if is_without(c) { without } else { circumstances },
            cancel,
            |mut row| {
                let connection = connections.get(number);
                let same = |of: fn(&Connection) -> String| connection.map(of) == Some(of(&declared));
                // A program that does not start neither calls nor answers.
                let is_silent = match told {
                    Some(Teller::Server) => same(|c| c.server.component.clone()),
                    Some(Teller::Client) => same(|c| c.client.clone()),
                    None => false,
                };
                if is_silent {
                    row.outcome.clone_from(&making.outcome);
                    row.ok = false;
                }
                tell(TrialStep::Connected(number, row));
                number += 1;
            },
        )?;
        let connection = match is_broken {
            true => twin.connect_made(&declared, Tls::Tls13, making, cancel)?,
            false => twin.connect(&declared, Tls::Tls13, cancel)?,
        };
        Ok(Trial {
            connection,
            other_key: changed.as_ref().is_some_and(|changed| changed.key.is_some()),
            changed: changed.as_ref().map(|changed| twin.difference(changed)).transpose()?,
        })
    }

    /// A cluster like this one, with a few of its nodes, in a temporary directory; with a
    /// second control plane where the fault is between etcd members and there is but one.
    /// Made when it is first wanted and kept as long as this lab.
    pub(super) fn twin(&self, making: &Making) -> Result<Arc<Self>, LabError> {
        let mut kept = self.twins.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(twin) = kept.iter().find(|twin| twin.has_stage_for(making)) {
            return Ok(Arc::clone(twin));
        }
        let mut spec = ClusterSpec::clone(&self.plan.spec);
        spec.control_planes.truncate(MOST_NODES);
        spec.workers.truncate(MOST_NODES);
        if !kept.is_empty() || spec.control_planes.len() < 2 && making.server == ETCD_PEER {
            // The name and address of the second are those of no machine that the default has.
            let second = Node { name: "cp2".into(), address: Ipv4Addr::new(10, 0, 0, 11).into() };
            let usual = ClusterSpec::default();
            spec.control_planes = usual.control_planes.into_iter().chain([second]).collect();
            spec.workers = usual.workers;
            spec.control_plane_endpoint = None;
        }
        let twin = Arc::new(Self::open(LabOptions {
            directory: Directory::Temporary,
            spec: Some(spec),
            clock: self.clock,
            lessons: None,
        })?);
        kept.push(Arc::clone(&twin));
        Ok(twin)
    }
}

/// Whether two connections go from the same client to the same server.
fn is_same(one: &Connection, other: &Connection) -> bool {
    (one.client_name(), one.server.id()) == (other.client_name(), other.server.id())
}
