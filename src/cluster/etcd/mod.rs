//! etcd's v3 API over the cluster's store, for a real `etcdctl`: each object is the value of its
//! key under `/registry/`, reads are of this moment, and what is written under such a key is what
//! the API server has from then on. Other keys are kept beside the objects.
//!
//! The members are ends of one store: there is no raft between them, and the first one counts as
//! their leader.

mod bolt;
mod client;
mod endpoint;
mod frame;
mod keys;
mod keyspace;
mod kv;
mod leases;
mod maintenance;
mod messages;
mod mirror;
mod service;
mod snapshot;
mod status;
mod upkeep;
mod value;
mod watch;

pub use client::is_healthy;
pub(super) use keys::OTHER;
pub use mirror::Complaints;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest;
use tokio::task::block_in_place;
use tokio::time::{Instant, sleep_until};

use super::Cluster;
use super::companions::Companion;
use super::store::Store;
use crate::blueprint::ServerStyle;
use keyspace::Keyspace;
use messages::Header;
use status::Status;
use upkeep::MemberMessage;

/// `--initial-cluster-token`, as everybody leaves it.
const TOKEN: &str = "etcd-cluster";
/// The election that made the leader what it is.
const TERM: u64 = 2;

/// A member, and where it is reached.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its name (`--name`): that of its node.
    pub name: String,
    /// Where clients reach it.
    pub client: SocketAddr,
    /// Where the other members do, if they do.
    pub peer: Option<SocketAddr>,
}

impl Member {
    /// The members among a cluster's servers.
    #[must_use]
    pub fn among(companions: &[Companion]) -> Vec<Self> {
        let of_style = |style| companions.iter().filter(move |own| own.style() == style);
        let member = |own: &Companion| {
            let peer = of_style(ServerStyle::EtcdPeer).find(|peer| peer.node() == own.node());
            Self { name: own.node(), client: own.address(), peer: peer.map(Companion::address) }
        };
        of_style(ServerStyle::Etcd).map(member).collect()
    }

    /// The same for the same name. The real one makes it of the peer URLs and the token
    /// (server/etcdserver/api/membership/member.go), and those are of this machine here.
    fn id(&self) -> u64 {
        number_of(format!("{}{TOKEN}", self.name).as_bytes())
    }

    fn message(&self) -> MemberMessage {
        let url = |address: SocketAddr| format!("https://{address}");
        MemberMessage {
            id: self.id(),
            name: self.name.clone(),
            peer_urls: self.peer.into_iter().map(url).collect(),
            client_urls: vec![url(self.client)],
        }
    }
}

/// The beginning of a SHA-1, as etcd makes its identifiers.
fn number_of(bytes: &[u8]) -> u64 {
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes);
    hash.as_ref().first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

/// The etcd of a cluster.
#[derive(Debug)]
pub struct Etcd {
    cluster: Arc<Cluster>,
    members: Vec<Member>,
    keyspace: Mutex<Keyspace>,
}

impl Etcd {
    /// The etcd that holds what a cluster stores. To be called where tasks can be started.
    #[must_use]
    pub fn of(cluster: Arc<Cluster>, members: Vec<Member>) -> Arc<Self> {
        let keyspace = Keyspace::of(&cluster.read());
        let leases: Vec<i64> = keyspace.leases.ids().collect();
        let etcd = Arc::new(Self { cluster, members, keyspace: Mutex::new(keyspace) });
        leases.into_iter().for_each(|id| etcd.attend(id));
        etcd
    }

    /// Always taken before the store, so that neither waits for the other.
    fn keyspace(&self) -> MutexGuard<'_, Keyspace> {
        self.keyspace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for what is there now.
    fn read<T>(&self, work: impl FnOnce(&mut Keyspace) -> T) -> T {
        let mut keyspace = self.keyspace();
        keyspace.follow(&self.cluster.read(), 0);
        work(&mut keyspace)
    }

    /// Changes something, in one piece and at one revision, which stands behind the result.
    fn change<T>(
        &self,
        work: impl FnOnce(&mut Keyspace, &mut Store) -> Result<T, Status>,
    ) -> Result<(T, u64), Status> {
        let mut keyspace = self.keyspace();
        // It waits for the disk, and others need not wait for that.
        let answer = block_in_place(|| {
            self.cluster.change(move |store| {
                keyspace.follow(store, 0);
                let result = store.together(|store| work(&mut keyspace, store));
                Ok((result, store.revision()))
            })
        });
        let (result, revision) = answer.map_err(|failure| Status::internal(failure.message))?;
        Ok((result?, revision))
    }

    fn header(&self, member: usize, revision: u64) -> Header {
        let ids: Vec<u64> = self.members.iter().map(Member::id).collect();
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        let bytes: Vec<u8> = sorted.into_iter().flat_map(u64::to_be_bytes).collect();
        Header {
            cluster_id: number_of(&bytes),
            member_id: ids.get(member).copied().unwrap_or_default(),
            revision: revision.cast_signed(),
            raft_term: TERM,
        }
    }

    /// Ends a lease when its time is up, with its keys.
    fn attend(self: &Arc<Self>, id: i64) {
        let etcd = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                let Some(etcd) = etcd.upgrade() else { return };
                let Ok(until) = etcd.keyspace().leases.get(id).map(|lease| lease.until) else { return };
                if until <= Instant::now() {
                    // Somebody may have ended it meanwhile.
                    let _ = etcd.revoke(id);
                    return;
                }
                drop(etcd);
                sleep_until(until).await;
            }
        });
    }

    fn revoke(&self, id: i64) -> Result<u64, Status> {
        let revoked = self.change(|keyspace, store| {
            for key in keyspace.leases.end(id)?.keys {
                let request = messages::DeleteRangeRequest { key, ..Default::default() };
                kv::delete(keyspace, store, &request)?;
            }
            Ok(())
        });
        revoked.map(|((), revision)| revision)
    }
}
