//! Real members that hold what the store holds: each change of the store is written to them, and
//! what others write to them is taken into the store.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream;
use prost::bytes::Bytes;
use tokio::time::sleep;

use super::Etcd;
use super::client::Client;
use super::frame::{Messages, framed};
use super::kv;
use super::messages::{
    DeleteRangeRequest, Event, Operation, PutRequest, RangeRequest, RangeResponse, RequestOp, TxnRequest,
    TxnResponse, WatchAsk, WatchCreate, WatchRequest, WatchResponse,
};
use super::status::Status;
use crate::handshake::Caller;

/// How much is written at once: below what one transaction may do and one request may be.
const AT_ONCE: usize = 100;
const BYTES_AT_ONCE: usize = 1 << 20;
/// How long it waits before it tries again.
const PAUSE: Duration = Duration::from_secs(1);

/// Who is told, one sentence each, what went wrong.
pub type Complaints = Arc<dyn Fn(&str) + Send + Sync>;

struct Mirror {
    etcd: Arc<Etcd>,
    complain: Complaints,
    /// The first revision of the store that they do not have.
    next: u64,
    /// Revisions of the store that came from them.
    taken: BTreeSet<u64>,
    /// The last revision of theirs that is known here; 0 before the first.
    seen: i64,
    /// Revisions of theirs that came from here.
    given: BTreeSet<i64>,
}

/// Some value for a key, or none.
type Write = (Bytes, Option<Bytes>);

impl Etcd {
    /// Keeps real members and the store the same, from when they are new until this is dropped.
    pub async fn mirror(
        self: Arc<Self>,
        members: Vec<SocketAddr>,
        caller: Arc<Caller>,
        complain: Complaints,
    ) {
        let (taken, given) = (BTreeSet::new(), BTreeSet::new());
        let mut mirror = Mirror { etcd: self, complain, next: 0, taken, seen: 0, given };
        let mut last = String::new();
        for address in members.iter().cycle() {
            let reason = match Client::connect(*address, &caller).await {
                Ok(client) => mirror.follow(client).await.message,
                Err(reason) => reason,
            };
            let reason = format!("the API server's objects and etcd: {reason}");
            if reason != last {
                (mirror.complain)(&reason);
            }
            last = reason;
            sleep(PAUSE).await;
        }
    }
}

impl Mirror {
    /// Follows both, until one of them cannot be.
    async fn follow(&mut self, mut client: Client) -> Status {
        let work = async {
            if self.seen == 0 {
                self.begin(&mut client).await?;
            }
            let mut events = self.watch(&mut client).await?;
            let mut changes = self.etcd.cluster.changes();
            loop {
                self.give(&mut client).await?;
                tokio::select! {
                    told = events.next::<WatchResponse>() => {
                        let told = told?.ok_or_else(|| Status::internal("the connection was closed"))?;
                        self.take(told)?;
                    }
                    changed = changes.changed() => {
                        changed.map_err(|_| Status::internal("the API server has ended"))?;
                    }
                }
            }
        };
        let ended: Result<(), Status> = work.await;
        ended.err().unwrap_or_else(|| Status::internal("the connection was closed"))
    }

    /// Gives them all that there is, and takes away what there is not.
    async fn begin(&mut self, client: &mut Client) -> Result<(), Status> {
        let everything = RangeRequest { key: zero(), range_end: zero(), ..RangeRequest::default() };
        let theirs: RangeResponse = client.ask("KV/Range", &everything).await?;
        self.seen = theirs.header.as_ref().map_or(0, |header| header.revision);
        let mut left: BTreeMap<Bytes, Bytes> =
            theirs.kvs.into_iter().map(|own| (own.key, own.value)).collect();
        let (mut writes, next) = self.etcd.read(|keyspace| {
            let mut writes: Vec<Write> = Vec::new();
            for (key, record) in keyspace.all() {
                let value = record.value();
                if left.remove(key).as_ref() != Some(&value) {
                    writes.push((key.clone(), Some(value)));
                }
            }
            (writes, keyspace.revision() + 1)
        });
        writes.extend(left.into_keys().map(|key| (key, None)));
        self.write(client, writes).await?;
        self.next = next;
        Ok(())
    }

    /// Gives them what has changed here.
    async fn give(&mut self, client: &mut Client) -> Result<(), Status> {
        let known = self.etcd.read(|keyspace| {
            if self.next < keyspace.compacted() {
                return Err(Status::compacted());
            }
            let events = keyspace.events_from(self.next);
            let own = events.filter(|happened| !self.taken.contains(&happened.revision));
            let writes: Vec<Write> =
                own.map(|own| (own.key.clone(), own.after.as_ref().map(|after| after.value()))).collect();
            Ok((writes, keyspace.revision() + 1))
        });
        let (writes, next) = match known {
            Ok(known) => known,
            Err(status) => {
                // Too much has happened: all is compared again.
                self.seen = 0;
                return Err(status);
            }
        };
        self.write(client, writes).await?;
        self.next = next;
        self.taken.clear();
        Ok(())
    }

    async fn write(&mut self, client: &mut Client, writes: Vec<Write>) -> Result<(), Status> {
        let mut batch: BTreeMap<Bytes, Option<Bytes>> = BTreeMap::new();
        let mut size = 0;
        for (key, value) in writes {
            let own = key.len() + value.as_ref().map_or(0, Bytes::len);
            if batch.len() >= AT_ONCE || size + own > BYTES_AT_ONCE {
                self.send(client, std::mem::take(&mut batch)).await?;
                size = 0;
            }
            size += own;
            // Of several values the last one counts.
            batch.insert(key, value);
        }
        self.send(client, batch).await
    }

    async fn send(
        &mut self,
        client: &mut Client,
        batch: BTreeMap<Bytes, Option<Bytes>>,
    ) -> Result<(), Status> {
        if batch.is_empty() {
            return Ok(());
        }
        let operation = |(key, value): (Bytes, Option<Bytes>)| {
            let operation = match value {
                Some(value) => Operation::Put(PutRequest { key, value, ..PutRequest::default() }),
                None => Operation::Delete(DeleteRangeRequest { key, ..DeleteRangeRequest::default() }),
            };
            RequestOp { request: Some(operation) }
        };
        let success = batch.into_iter().map(operation).collect();
        let transaction = TxnRequest { success, ..TxnRequest::default() };
        let answer: TxnResponse = client.ask("KV/Txn", &transaction).await?;
        self.given.extend(answer.header.map(|header| header.revision));
        Ok(())
    }

    async fn watch(&mut self, client: &mut Client) -> Result<Messages<hyper::body::Incoming>, Status> {
        let create = WatchCreate {
            key: zero(),
            range_end: zero(),
            start_revision: self.seen + 1,
            ..WatchCreate::default()
        };
        let request = framed(&WatchRequest { request: Some(WatchAsk::Create(create)) });
        // Nothing more is asked, but the end of the request would be that of the watch.
        let open = stream::unfold(Some(request), |request| async move {
            match request {
                Some(request) => Some((request, None)),
                None => std::future::pending().await,
            }
        });
        client.stream("Watch/Watch", open).await
    }

    /// Takes over what others have written to them.
    fn take(&mut self, told: WatchResponse) -> Result<(), Status> {
        if told.canceled {
            self.seen = 0;
            return Err(Status::compacted());
        }
        for event in told.events {
            let revision = event.kv.as_ref().map_or(0, |own| own.mod_revision);
            if !self.given.contains(&revision) {
                self.take_one(event);
            }
            self.seen = self.seen.max(revision);
        }
        self.given = self.given.split_off(&self.seen);
        Ok(())
    }

    fn take_one(&mut self, event: Event) {
        let Some(own) = event.kv else { return };
        let key = own.key.clone();
        let is_put = event.kind == 0;
        let changed = self.etcd.change(|keyspace, store| {
            let here = keyspace.get(&own.key).map(|record| record.value());
            if is_put && here.as_ref() != Some(&own.value) {
                let put = PutRequest { key: own.key, value: own.value, ..PutRequest::default() };
                kv::put(keyspace, store, &put)?;
                return Ok(true);
            }
            if !is_put && here.is_some() {
                let delete = DeleteRangeRequest { key: own.key, ..DeleteRangeRequest::default() };
                kv::delete(keyspace, store, &delete)?;
                return Ok(true);
            }
            Ok(false)
        });
        match changed {
            Ok((true, revision)) => drop(self.taken.insert(revision)),
            Ok((false, _)) => {}
            Err(status) => {
                let key = String::from_utf8_lossy(&key);
                (self.complain)(&format!("{key}: the API server keeps what it had: {}", status.message));
            }
        }
    }
}

/// The smallest key, and the end of all keys.
const fn zero() -> Bytes {
    Bytes::from_static(&[0])
}
