//! The cluster on its ports: bound, then serving until it is told to stop. The command and the
//! screen serve by this.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::audit_log::AuditLog;
use super::engine::Lab;
use super::{Cancel, LabError, Reaching, Ready};
use crate::blueprint::ServerStyle;
use crate::cluster::{Cluster, Companion, CompanionListener, Etcd, Listener, Member, Server, Serving, Told};
use crate::text::escape;

/// How often files are looked at, and whether it is to stop.
const TICK: Duration = Duration::from_millis(250);

/// A cluster whose ports are taken.
#[derive(Debug)]
pub struct Bound {
    ready: Ready,
    server: Server,
    companions: Vec<Companion>,
    etcd: Arc<Etcd>,
}

impl Bound {
    /// Where the API server listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The kubelets and etcd members beside it; none if it is bare.
    #[must_use]
    pub fn companions(&self) -> &[Companion] {
        &self.companions
    }

    /// The etcd that holds what the API server stores.
    #[must_use]
    pub const fn etcd(&self) -> &Arc<Etcd> {
        &self.etcd
    }

    /// Leaves the ports of etcd to a real one.
    pub fn without_etcd(mut self) -> Self {
        self.companions.retain(|own| !matches!(own.style(), ServerStyle::Etcd | ServerStyle::EtcdPeer));
        self
    }

    /// The cluster.
    #[must_use]
    pub const fn cluster(&self) -> &Arc<Cluster> {
        &self.ready.cluster
    }
}

impl Lab {
    /// Takes the ports of what stands beside the API server: each the one that it has in a
    /// cluster, or any free one if that is taken or `any_port` is asked for.
    ///
    /// # Errors
    /// A certificate cannot be read, or an address cannot be listened on.
    pub async fn bind(
        &self,
        ready: Ready,
        server: Server,
        any_port: bool,
        bare: bool,
    ) -> Result<Bound, LabError> {
        let mut companions = Vec::new();
        if !bare {
            for side in self.companions()? {
                companions.push(Companion::bind(server.address().ip(), any_port, side).await?);
            }
        }
        let etcd = Etcd::of(Arc::clone(&ready.cluster), Member::among(&companions));
        Ok(Bound { ready, server, companions, etcd })
    }

    /// Serves until `stop` is raised. Every request goes into the audit log; what the API server
    /// and its companions tell goes to the listeners; `reread` hears when files have changed
    /// and were read again, or why they do not serve.
    ///
    /// # Errors
    /// The TLS settings do not serve.
    pub async fn serve(
        &self,
        bound: Bound,
        listener: Listener,
        beside: CompanionListener,
        stop: &Cancel,
        reread: impl Fn(Result<(), LabError>),
    ) -> Result<(), LabError> {
        let Bound { mut ready, server, companions, etcd } = bound;
        let audit = AuditLog::open(&self.audit_file());
        let listener: Listener = Arc::new(move |told: &Told<'_>| {
            listener(told);
            if let Told::Answered(answered) = told {
                audit.write(answered);
            }
        });
        let serving = Serving {
            cluster: Arc::clone(&ready.cluster),
            presented: Arc::clone(&ready.presented),
            listener,
        };
        let sides: Vec<_> = companions.iter().map(Companion::side).collect();
        let run = |companion: Companion| {
            tokio::spawn(companion.run(Arc::clone(&ready.cluster), Arc::clone(&etcd), Arc::clone(&beside)))
        };
        let running: Vec<_> = companions.into_iter().map(run).collect();
        let stop = async {
            while !stop.is_cancelled() {
                tokio::time::sleep(TICK).await;
                match self.reload(&mut ready) {
                    Ok(false) => {}
                    Ok(true) => {
                        for new in self.companions().unwrap_or_default() {
                            let own =
                                sides.iter().map(|own| own.write().unwrap_or_else(PoisonError::into_inner));
                            if let Some(mut own) = own.into_iter().find(|own| own.name == new.name) {
                                *own = new;
                            }
                        }
                        reread(Ok(()));
                    }
                    Err(error) => reread(Err(error)),
                }
            }
        };
        let served = server.run(serving, stop).await;
        running.iter().for_each(tokio::task::JoinHandle::abort);
        Ok(served?)
    }
}

impl Reaching {
    /// The line to paste into a shell, wherever that stands.
    #[must_use]
    pub fn line(&self) -> String {
        let path = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        format!("export KUBECONFIG={}", shell_word(&path.display().to_string()))
    }
}

/// A word as a shell takes it.
#[must_use]
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '@' | '+' | ':' | '=' | ',')
    };
    let shown = escape(word);
    if shown.chars().all(plain) { shown.into_owned() } else { format!("'{}'", shown.replace('\'', r"'\''")) }
}
