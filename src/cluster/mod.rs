//! A cluster that answers: an API server over a store of objects, for real `kubectl` and
//! `curl`.
//!
//! [`Cluster`] holds the objects and decides as kube-apiserver does; [`Cluster::handle`] is
//! given a request and who sent it, and gives the answer. [`Server`] puts it behind TLS.

mod admission;
mod age;
mod apply;
mod authenticate;
mod bootstrap;
mod cells;
mod certificates;
mod cleaner;
mod companions;
mod conditions;
mod controllers;
mod decode;
mod delete;
mod discovery;
mod encode;
mod escalation;
mod etcd;
mod exchange;
mod failure;
mod feed;
mod guests;
mod handler;
mod journal;
mod kinds;
mod kubelet;
mod kubelets;
mod log;
mod managed;
mod message;
mod names;
mod node_restriction;
mod openapi;
mod patch;
mod protobuf;
mod quantity;
mod read;
mod reviews;
mod rules;
mod schema;
mod seed;
mod selector;
mod server;
mod signing;
mod store;
mod strategy;
mod subresource;
mod table;
mod token;
mod typed;
mod validate;
mod validate_pods;
mod validate_specs;
mod watch;
mod write;
mod write_apply;

pub use certificates::certificate_of;
pub use companions::{Companion, CompanionListener, empty_world};
pub use etcd::{Complaints, Etcd, Member, is_healthy};
pub use feed::{API_SERVER, Exchange, Feed, Happening, What};
pub use journal::{JournalError, stored_policy};
pub use kubelet::{Api, Joined, Kubelet, KubeletPort, KubeletSettings, bootstrap_kubeconfig};
pub use log::{Answered, Told, klog};
pub use message::{Body, Request, Response};
pub use server::{CONNECTIONS, Listener, Patience, Server, ServerError, Serving};
pub use signing::Signer;
pub use token::AccountKey;
pub use watch::Watch;

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use time::OffsetDateTime;
use tokio::sync::watch as changes;

use crate::access::Json;
use crate::clock::{Clock, rfc3339};
use crate::trust::Roots;

use failure::{Answer, Failure, Served};
use journal::{Journal, Written};
use store::{Key, Store};

/// Where a workspace keeps the objects of its cluster, below the program's own directory; those
/// of a bare one are kept apart.
#[must_use]
pub const fn journal_name(bare: bool) -> &'static str {
    if bare { "bare-cluster.log" } else { "cluster.log" }
}

/// Whom the API server believes.
#[derive(Debug, Clone, Default)]
pub struct Anchors {
    /// `--client-ca-file`; without it client certificates name nobody.
    pub clients: Option<Arc<Roots>>,
    /// `--requestheader-client-ca-file`.
    pub front_proxies: Option<Arc<Roots>>,
    /// `--requestheader-allowed-names`.
    pub allowed_names: Vec<String>,
}

/// How a cluster is set up.
#[derive(Debug)]
pub struct Settings {
    /// What time it is.
    pub clock: Clock,
    /// Whether it is an API server alone: no controllers, and no objects but what it makes by
    /// itself.
    pub bare: bool,
    /// Where the API server says that it is reached, `ADDRESS:PORT`.
    pub server_address: String,
    /// The address of the Service `kubernetes`.
    pub service_address: Option<IpAddr>,
    /// Whom the API server believes.
    pub anchors: Anchors,
    /// What service-account tokens are signed and verified with (`sa.key`).
    pub accounts: Option<AccountKey>,
    /// The CA that the controller manager signs CSRs with.
    pub signer: Option<Signer>,
    /// The objects that it starts from, unless it is bare.
    pub objects: Vec<Json>,
}

/// An API server, its objects, and what a controller manager does to them.
#[derive(Debug)]
pub struct Cluster {
    settings: Settings,
    anchors: RwLock<Arc<Anchors>>,
    kubelets: RwLock<kubelets::Kubelets>,
    store: RwLock<Store>,
    changed: changes::Sender<u64>,
    feed: Feed,
}

impl Cluster {
    /// A cluster whose objects are those of a journal file, if one is given and holds any;
    /// else those that a new one has. With it, what was found damaged in the file, one
    /// sentence each.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn open(
        settings: Settings,
        journal: Option<&Path>,
    ) -> Result<(Arc<Self>, Vec<String>), JournalError> {
        let mut notices = Vec::new();
        let (mut store, found) = journal.map(Journal::read).transpose()?.unwrap_or_default();
        if let (Some((aside, lines)), Some(path)) = (&found.set_aside, journal) {
            notices.push(format!(
                "{lines} lines of {} could not be read: the file was set aside as {}, and all else in it is kept",
                path.display(),
                aside.display()
            ));
        }
        if store.is_new() {
            seed::fill(&mut store, &settings)?;
        }
        if !settings.bare {
            // Nothing is written yet, so that nothing can fail.
            let _ = controllers::run(&mut store, &settings, &stamp(settings.clock.now()));
        }
        if let Some(path) = journal {
            let journal = Journal::begin(path, &found, &store)?;
            store.attach(journal);
        }
        let revision = store.revision();
        let anchors = RwLock::new(Arc::new(settings.anchors.clone()));
        let changed = changes::Sender::new(revision);
        Ok((
            Arc::new(Self {
                settings,
                anchors,
                kubelets: RwLock::default(),
                store: RwLock::new(store),
                changed,
                feed: Feed::default(),
            }),
            notices,
        ))
    }

    /// Believes others from now on, as when the files of its CAs have changed.
    pub fn trust(&self, anchors: Anchors) {
        *self.anchors.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(anchors);
    }

    /// Signs CSRs with another CA from now on; one that signs none stays so.
    pub fn sign_with(&self, other: Signer) {
        if let Some(own) = &self.settings.signer {
            own.replace(other);
        }
    }

    pub(crate) fn anchors(&self) -> Arc<Anchors> {
        Arc::clone(&self.anchors.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What happens in the cluster, to watch it or to tell it.
    #[must_use]
    pub const fn feed(&self) -> &Feed {
        &self.feed
    }

    /// How many objects there are.
    #[must_use]
    pub fn objects(&self) -> usize {
        self.read().count()
    }

    /// The certificate (DER) that the CertificateSigningRequest of this name was given.
    #[must_use]
    pub fn signed(&self, name: &str) -> Option<Vec<u8>> {
        let store = self.read();
        certificate_of(&*store.get(("certificates.k8s.io", "certificatesigningrequests"), "", name)?)
    }

    fn now(&self) -> OffsetDateTime {
        self.settings.clock.now()
    }

    /// Now, as objects have it: RFC 3339 in UTC, whole seconds.
    fn stamp(&self) -> String {
        stamp(self.now())
    }

    fn read(&self) -> RwLockReadGuard<'_, Store> {
        self.store.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every change in one piece: nothing comes between reading and writing, the controllers
    /// have their turn, all is on disk, and then those who watch are told.
    fn change<T>(&self, work: impl FnOnce(&mut Store) -> Answer<T>) -> Answer<T> {
        let mut store = self.store.write().unwrap_or_else(PoisonError::into_inner);
        let result = work(&mut store);
        let controlled = match self.settings.bare {
            true => Ok(()),
            false => controllers::run(&mut store, &self.settings, &self.stamp()),
        };
        store.renew_journal();
        let revision = store.revision();
        let written = store.written();
        // Others may write meanwhile, so that one write to disk serves many.
        drop(store);
        written.map_or(Ok(()), Written::wait)?;
        self.changed.send_if_modified(|known| {
            let moved = *known < revision;
            *known = revision.max(*known);
            moved
        });
        controlled?;
        result
    }

    fn changes(&self) -> changes::Receiver<u64> {
        self.changed.subscribe()
    }
}

fn stamp(moment: OffsetDateTime) -> String {
    let moment = moment.to_offset(time::UtcOffset::UTC);
    rfc3339(moment.replace_nanosecond(0).unwrap_or(moment))
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Self::internal(error.to_string())
    }
}

impl Served {
    /// Where its objects are kept: some resources show the same ones.
    fn key(self) -> Key {
        let name = self.resource.name.split('/').next().unwrap_or_default();
        match (self.group.name.as_str(), name) {
            ("events.k8s.io", "events") => ("", "events"),
            (group, name) => (group, name),
        }
    }

    /// The plural name, without a subresource.
    fn name(self) -> &'static str {
        self.resource.name.split('/').next().unwrap_or_default()
    }

    /// The resource that this is a subresource of; itself, if it is none.
    fn main(self) -> Self {
        Self { resource: self.group.resource(self.name()).unwrap_or(self.resource), ..self }
    }
}

/// A random identifier of an object (RFC 9562, version 4).
fn uid() -> String {
    let mut bytes = [0_u8; 16];
    // Without randomness no key could have been made, and nothing would be served.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    let number = u128::from_be_bytes(bytes);
    let number = number & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{number:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// Five letters and digits that make a generated name unlikely to be taken
/// (apimachinery/pkg/util/rand: no vowels, no digits that look like letters).
fn suffix() -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut bytes = [0_u8; 5];
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    let letter =
        |byte: &u8| LETTERS.get(usize::from(*byte) % LETTERS.len()).map_or('x', |own| char::from(*own));
    bytes.iter().map(letter).collect()
}
