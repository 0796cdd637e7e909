//! A fault tried on the whole cluster: every connection while all is well, and every one
//! with the fault. It runs on a cluster like the learner's in a temporary directory, so that
//! the learner's own artifacts are neither read nor changed.

use std::sync::{Arc, PoisonError};

use super::connect::Circumstances;
use super::engine::{Directory, Lab, LabOptions};
use super::{Cancel, ConnectionView, Difference, Edge, LabError, MatrixRow, Progress, Tls};
use crate::blueprint::{ClusterSpec, Connection};
use crate::fault::Making;
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
        let twin = self.twin()?;
        twin.make(&Selection::All, cancel, &|progress| tell(TrialStep::Making(progress)))?;
        tell(TrialStep::Edges(twin.edges()));
        let declared = twin.plan.connect(&making.client, &making.server)?;
        let mut connections = twin.plan.connections.clone();
        let at = connections.iter().position(|known| is_same(known, &declared)).unwrap_or_else(|| {
            connections.push(declared.clone());
            connections.len() - 1
        });
        let aimed = making.change.as_ref().filter(|_| is_broken);
        let aimed = aimed.map(|change| twin.aimed(change, &declared)).transpose()?;
        if is_broken && aimed.is_none() {
            // The client only leaves its certificate out.
            if let Some(connection) = connections.get_mut(at) {
                connection.credential = None;
            }
        }
        let changed = aimed.as_ref().map(|change| twin.change(change)).transpose()?;
        let circumstances = Circumstances { changed: changed.as_ref(), ..Circumstances::default() };
        let mut shown = None;
        let mut number = 0;
        twin.rows(&connections, Tls::Tls13, &circumstances, Some(at), cancel, |row, view| {
            tell(TrialStep::Connected(number, row));
            if number == at {
                shown = Some(view);
            }
            number += 1;
        })?;
        let connection =
            shown.ok_or_else(|| LabError::Request("the connection had no outcome".to_owned()))?;
        Ok(Trial {
            connection,
            other_key: changed.as_ref().is_some_and(|changed| changed.key.is_some()),
            changed: changed.as_ref().map(|changed| twin.difference(changed)).transpose()?,
        })
    }

    /// A cluster like this one, with a few of its nodes, in a temporary directory, made when it is first wanted and
    /// kept as long as this lab.
    fn twin(&self) -> Result<Arc<Self>, LabError> {
        let mut kept = self.twin.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(twin) = &*kept {
            return Ok(Arc::clone(twin));
        }
        let mut spec = ClusterSpec::clone(&self.plan.spec);
        spec.control_planes.truncate(MOST_NODES);
        spec.workers.truncate(MOST_NODES);
        let twin = Arc::new(Self::open(LabOptions {
            directory: Directory::Temporary,
            spec: Some(spec),
            clock: self.clock,
            lessons: None,
        })?);
        *kept = Some(Arc::clone(&twin));
        Ok(twin)
    }
}

/// Whether two connections go from the same client to the same server.
fn is_same(one: &Connection, other: &Connection) -> bool {
    (one.client_name(), one.server.id()) == (other.client_name(), other.server.id())
}
