//! The cluster on its ports: bound, then serving until it is told to stop. The command and the
//! screen serve by this.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::engine::Lab;
use super::log_file::LogFile;
use super::nodes::Nodes;
use super::reload::Reread;
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
    nodes: Option<Nodes>,
}

impl Bound {
    /// Where the API server listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The kubelets and etcd members beside it, each with where it listens; none if it is bare.
    pub fn beside(&self) -> impl Iterator<Item = (String, SocketAddr)> {
        let kubelets = self.nodes.iter().flat_map(Nodes::addresses);
        kubelets.chain(self.companions.iter().map(|own| (own.name(), own.address())))
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
    /// A certificate cannot be read, an address cannot be listened on, or a node cannot join.
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
        let nodes = match bare {
            true => None,
            false => Some(self.nodes(&ready, server.address(), any_port).await?),
        };
        Ok(Bound { ready, server, companions, etcd, nodes })
    }

    /// Serves until `stop` is raised. Every request goes into the audit log; what the API server
    /// tells, and the kubelets, etcd members and controllers beside it, goes to the listeners;
    /// `reread` hears what a component did about a file that has changed.
    ///
    /// # Errors
    /// The TLS settings do not serve.
    pub async fn serve(
        &self,
        bound: Bound,
        listener: Listener,
        beside: CompanionListener,
        stop: &Cancel,
        reread: impl Fn(&Reread),
    ) -> Result<(), LabError> {
        let Bound { ready, server, companions, etcd, nodes } = bound;
        let audit = LogFile::open(&self.audit_file());
        let listener: Listener = Arc::new(move |told: &Told<'_>| {
            listener(told);
            if let Told::Answered(answered) = told {
                audit.write(&answered.audit().compact());
            }
        });
        let cluster = &ready.cluster;
        let presented = Arc::clone(&ready.presented);
        let serving = Serving { cluster: Arc::clone(cluster), presented, listener };
        let sides: Vec<_> = companions.iter().map(Companion::side).collect();
        let kubelets = nodes.as_ref().map(Nodes::kubelets).unwrap_or_default();
        let mut files = self.files(&ready, &kubelets, &sides)?;
        let mut running: Vec<_> = companions
            .into_iter()
            .map(|companion| {
                tokio::spawn(companion.run(Arc::clone(cluster), Arc::clone(&etcd), Arc::clone(&beside)))
            })
            .collect();
        if let Some(nodes) = nodes {
            let watched = Arc::clone(cluster);
            let told = Arc::clone(&beside);
            let told: CompanionListener = Arc::new(move |name, log| {
                watched.feed().logged(name, &log.line);
                told(name, log);
            });
            running.extend(nodes.run(&told));
            running.push(tokio::spawn(Arc::clone(cluster).keep_clean(told)));
        }
        let stop = async {
            while !stop.is_cancelled() {
                tokio::time::sleep(TICK).await;
                for one in files.look() {
                    cluster.feed().did(&one.component, one.sentence(crate::text::Language::En));
                    reread(&one);
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
