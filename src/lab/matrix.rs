//! Every connection of the cluster, one after the other.

use std::sync::Arc;

use serde::Serialize;

use super::connect::{Cache, Circumstances, Common, Tls, micros, runtime};
use super::engine::Lab;
use super::{Cancel, ConnectionView, LabError};
use crate::blueprint::Connection;
use crate::workspace::WorkspaceError;

/// One row of the matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MatrixRow {
    /// `kubelet@node01`.
    pub client: String,
    /// `kube-apiserver@cp1`.
    pub server: String,
    /// The server's port in a cluster.
    pub port: u16,
    /// `GET /api/v1/nodes`.
    pub request: String,
    /// `200`, `refused-by-server`, …
    pub outcome: String,
    /// The user that the server saw.
    pub user: Option<String>,
    /// Time of the exchange in microseconds.
    pub micros: u64,
    /// Whether it was answered with success.
    pub ok: bool,
}

impl Lab {
    /// Every connection of the cluster, in order.
    ///
    /// # Errors
    /// As [`Lab::connect`].
    pub fn matrix(
        &self,
        tls: Tls,
        cancel: &Cancel,
        mut each: impl FnMut(&MatrixRow),
    ) -> Result<Vec<MatrixRow>, LabError> {
        for connection in &self.plan.connections {
            if cancel.is_cancelled() {
                return Err(WorkspaceError::Cancelled.into());
            }
            self.make_for(connection, None, cancel)?;
        }
        let mut rows = Vec::new();
        let usual = Circumstances::default();
        self.rows(&self.plan.connections, tls, &usual, None, cancel, |row, _| {
            each(&row);
            rows.push(row);
        })?;
        Ok(rows)
    }

    /// These connections in order, on artifacts that are there, under the same
    /// circumstances. Of the one at the place that is shown, others' opinions are told too.
    pub(super) fn rows(
        &self,
        connections: &[Connection],
        tls: Tls,
        circumstances: &Circumstances<'_>,
        shown: Option<usize>,
        cancel: &Cancel,
        mut each: impl FnMut(MatrixRow, ConnectionView),
    ) -> Result<(), LabError> {
        let mut cache = Cache::default();
        let world = Arc::new(self.world());
        let runtime = runtime()?;
        for (at, connection) in connections.iter().enumerate() {
            if cancel.is_cancelled() {
                return Err(WorkspaceError::Cancelled.into());
            }
            let common = Common { tls, world: &world, runtime: &runtime, is_shown: shown == Some(at) };
            let (view, report) = self.exchange(connection, circumstances, &mut cache, &common)?;
            let outcome = view.outcome.as_ref().map(|o| o.outcome.clone()).unwrap_or_default();
            let row = MatrixRow {
                client: view.client.clone(),
                server: view.server.clone(),
                port: view.port,
                request: view.request.clone(),
                ok: outcome.parse::<u16>().is_ok_and(|status| status < 300),
                outcome,
                user: report.identity().map(|identity| identity.user.clone()),
                micros: micros(report.elapsed),
            };
            each(row, view);
        }
        Ok(())
    }
}
