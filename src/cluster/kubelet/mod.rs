//! Kubelets that run: each with its own certificates, a port of its own, and real requests to
//! the API server (pkg/kubelet).
//!
//! A kubelet of the workspace's cluster has its certificates from there. One that joins has a
//! bootstrap token, and asks for them ([`Joined`]).

mod api;
mod certificates;
mod files;
mod join;
mod questions;
mod server;

pub use api::Api;
pub(super) use api::{dial_words, whole};
pub use join::{Joined, bootstrap_kubeconfig};
pub use server::KubeletPort;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use time::OffsetDateTime;

use super::companions::CompanionListener;
use super::feed::Feed;
use super::log::line;
use crate::clock::Clock;
use crate::handshake::{Credential, HandshakeError, Presented, ServerLog};
use crate::trust::Roots;

use questions::Known;

/// How much of its log a kubelet tells besides its errors: kubelets are said to run with `-v=2`.
const VERBOSITY: u8 = 2;

/// What a kubelet is started with.
pub struct KubeletSettings {
    /// Its node.
    pub node: String,
    /// The node's address in the cluster.
    pub address: IpAddr,
    /// The API server that it talks to.
    pub api: Api,
    /// What time it is.
    pub clock: Clock,
    /// Where its requests are told to those who watch.
    pub feed: Feed,
}

/// A kubelet.
pub struct Kubelet {
    node: String,
    address: IpAddr,
    api: Api,
    clock: Clock,
    feed: Feed,
    told: RwLock<Option<CompanionListener>>,
    /// `authentication.x509.clientCAFile`
    clients: RwLock<Option<Arc<Roots>>>,
    /// What it presents to the API server.
    own: RwLock<Option<Credential>>,
    /// What it presents on its port.
    presented: RwLock<Option<Arc<Presented>>>,
    /// What it was told about its clients.
    known: Mutex<Known>,
}

fn get<T: Clone>(lock: &RwLock<T>) -> T {
    lock.read().unwrap_or_else(PoisonError::into_inner).clone()
}

fn set<T>(lock: &RwLock<T>, value: T) {
    *lock.write().unwrap_or_else(PoisonError::into_inner) = value;
}

impl Kubelet {
    /// A kubelet that has no certificates yet and believes nobody.
    #[must_use]
    pub fn new(settings: KubeletSettings) -> Arc<Self> {
        let KubeletSettings { node, address, api, clock, feed } = settings;
        let (clients, own, presented) = (RwLock::default(), RwLock::default(), RwLock::default());
        let (told, known) = (RwLock::default(), Mutex::default());
        Arc::new(Self { node, address, api, clock, feed, told, clients, own, presented, known })
    }

    /// What it is called: `kubelet@node01`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("kubelet@{}", self.node)
    }

    /// The node.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Tells what its log says from now on.
    pub fn tell(&self, told: &CompanionListener) {
        set(&self.told, Some(Arc::clone(told)));
    }

    /// Believes clients of these authorities from now on.
    pub fn trust(&self, roots: Option<Arc<Roots>>) {
        set(&self.clients, roots);
    }

    /// Presents this to the API server from now on.
    pub fn identify(&self, credential: Option<Credential>) {
        set(&self.own, credential);
    }

    /// Presents this on its port from now on; without any, every handshake fails.
    ///
    /// # Errors
    /// The key cannot be used; all stays as it was.
    pub fn present(&self, credential: Option<&Credential>) -> Result<(), HandshakeError> {
        let presented = credential.map(Presented::new).transpose()?;
        set(&self.presented, presented);
        Ok(())
    }

    fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Writes a line of its log.
    fn log(&self, severity: char, place: &str, text: &str) {
        let line = line(severity, OffsetDateTime::now_utc(), PROCESS, place, text);
        if let Some(told) = get(&self.told) {
            told(&self.name(), &ServerLog { line, verbosity: 0 });
        }
    }

    /// Writes a line that is written from this verbosity on.
    fn log_at(&self, verbosity: u8, place: &str, text: &str) {
        if verbosity <= VERBOSITY {
            self.log('I', place, text);
        }
    }
}

/// The process that a kubelet says it is: one of a systemd host, not the first of a container.
const PROCESS: u32 = 612;
