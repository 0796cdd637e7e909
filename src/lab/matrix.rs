//! Every connection of the cluster, one after the other.

use std::sync::Arc;

use serde::Serialize;

use super::connect::{Cache, Circumstances, Common, Tls, micros, runtime};
use super::engine::Lab;
use super::{Cancel, LabError};
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
        self.rows(&self.plan.connections, tls, &|_| usual, cancel, |row| {
            each(&row);
            rows.push(row);
        })?;
        Ok(rows)
    }

    /// These connections in order, on artifacts that are there, each under its
    /// circumstances.
    pub(super) fn rows<'a>(
        &self,
        connections: &[Connection],
        tls: Tls,
        circumstances: &dyn Fn(&Connection) -> Circumstances<'a>,
        cancel: &Cancel,
        mut each: impl FnMut(MatrixRow),
    ) -> Result<(), LabError> {
        let mut cache = Cache::default();
        let world = Arc::new(self.world());
        let runtime = runtime()?;
        for connection in connections {
            if cancel.is_cancelled() {
                return Err(WorkspaceError::Cancelled.into());
            }
            let common = Common { manner: tls.into(), world: &world, runtime: &runtime, is_shown: false };
            let (view, report) =
                self.exchange(connection, &circumstances(connection), &mut cache, &common)?;
            let outcome = view.outcome.as_ref().map(|o| o.outcome.clone()).unwrap_or_default();
            let row = MatrixRow {
                client: view.client,
                server: view.server,
                port: view.port,
                request: view.request,
                ok: outcome.parse::<u16>().is_ok_and(|status| status < 300),
                outcome,
                user: report.identity().map(|identity| identity.user.clone()),
                micros: micros(report.elapsed),
            };
            each(row);
        }
        Ok(())
    }
}
