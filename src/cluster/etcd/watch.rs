//! The Watch service: many watches over one stream, told of what happens as it happens
//! (etcd server/etcdserver/api/v3rpc/watch.go).

use std::collections::{BTreeMap, VecDeque};

use futures_util::{Stream, stream};
use hyper::body::Incoming;
use prost::bytes::Bytes;
use tokio::sync::watch::Receiver;

use super::frame::{Messages, framed};
use super::keyspace::{Happened, Interval, Keyspace};
use super::messages::{Event, KeyValue, WatchAsk, WatchCancel, WatchCreate, WatchRequest, WatchResponse};
use super::service::Service;
use super::status::Status;

/// How many watches one stream may have.
const MOST: usize = 1000;
/// About how many events are told at once; those of one revision are never parted.
const EVENTS: usize = 500;
/// Whom an answer to a question about progress is for: nobody in particular.
const NOBODY: i64 = -1;

struct Watcher {
    interval: Interval,
    /// The first revision that it has not been told of.
    next: u64,
    puts: bool,
    deletions: bool,
    has_before: bool,
}

struct Watching {
    service: Service,
    requests: Messages<Incoming>,
    changes: Receiver<u64>,
    watchers: BTreeMap<i64, Watcher>,
    ready: VecDeque<WatchResponse>,
    /// The next watch that does not name itself.
    unused: i64,
}

/// What a stream of watches answers, until its client ends it.
pub(super) fn responses(
    service: Service,
    requests: Messages<Incoming>,
) -> impl Stream<Item = Result<Bytes, Status>> {
    let changes = service.etcd.cluster.changes();
    let watchers = BTreeMap::new();
    let watching = Watching { service, requests, changes, watchers, ready: VecDeque::new(), unused: 0 };
    stream::unfold(Some(watching), |watching| async move {
        let mut watching = watching?;
        match watching.next().await {
            Ok(response) => Some((Ok(framed(&response?)), Some(watching))),
            Err(status) => Some((Err(status), None)),
        }
    })
}

impl Watching {
    async fn next(&mut self) -> Result<Option<WatchResponse>, Status> {
        loop {
            self.collect();
            if let Some(response) = self.ready.pop_front() {
                return Ok(Some(response));
            }
            tokio::select! {
                request = self.requests.next::<WatchRequest>() => {
                    let Some(request) = request? else { return Ok(None) };
                    self.take(request);
                }
                changed = self.changes.changed() => {
                    // The cluster is closed.
                    if changed.is_err() {
                        return Ok(None);
                    }
                }
            }
        }
    }

    fn response(&self, watch_id: i64, revision: u64) -> WatchResponse {
        WatchResponse { header: self.service.header(revision), watch_id, ..WatchResponse::default() }
    }

    fn take(&mut self, request: WatchRequest) {
        let revision = self.service.etcd.read(|keyspace| keyspace.revision());
        let response = match request.request {
            Some(WatchAsk::Create(asked)) => self.create(asked, revision),
            Some(WatchAsk::Cancel(WatchCancel { watch_id })) => {
                if self.watchers.remove(&watch_id).is_none() {
                    return;
                }
                WatchResponse { canceled: true, ..self.response(watch_id, revision) }
            }
            Some(WatchAsk::Progress(_)) => self.response(NOBODY, revision),
            None => return,
        };
        self.ready.push_back(response);
    }

    fn create(&mut self, asked: WatchCreate, revision: u64) -> WatchResponse {
        // No key is the smallest one.
        let key = if asked.key.is_empty() { Bytes::from_static(&[0]) } else { asked.key };
        let refused = |watching: &Self, id, reason: &str| WatchResponse {
            created: true,
            canceled: true,
            cancel_reason: reason.to_owned(),
            ..watching.response(id, revision)
        };
        let Ok(interval) = Interval::new(&key, &asked.range_end) else {
            return refused(self, NOBODY, "etcdserver: key is not provided");
        };
        if self.watchers.len() >= MOST {
            return refused(self, NOBODY, "etcdserver: too many requests");
        }
        if asked.watch_id != 0 && self.watchers.contains_key(&asked.watch_id) {
            return refused(self, NOBODY, "mvcc: duplicate watch ID provided on the WatchStream");
        }
        let id = if asked.watch_id == 0 { self.free() } else { asked.watch_id };
        let start = asked.start_revision;
        let next = if start > 0 { start.cast_unsigned() } else { revision + 1 };
        let watcher = Watcher {
            interval,
            next,
            puts: !asked.filters.contains(&0),
            deletions: !asked.filters.contains(&1),
            has_before: asked.prev_kv,
        };
        self.watchers.insert(id, watcher);
        WatchResponse { created: true, ..self.response(id, revision) }
    }

    fn free(&mut self) -> i64 {
        while self.watchers.contains_key(&self.unused) {
            self.unused += 1;
        }
        self.unused += 1;
        self.unused - 1
    }

    /// Whatever the watches have not been told of.
    fn collect(&mut self) {
        if !self.ready.is_empty() {
            return;
        }
        let Self { service, watchers, ready, .. } = self;
        service.etcd.read(|keyspace| {
            let header = service.header(keyspace.revision());
            let mut lost = Vec::new();
            for (id, watcher) in watchers.iter_mut() {
                let mut response =
                    WatchResponse { header: header.clone(), watch_id: *id, ..WatchResponse::default() };
                if watcher.next < keyspace.compacted() {
                    response.canceled = true;
                    response.compact_revision = keyspace.compacted().cast_signed();
                    response.cancel_reason = Status::compacted().message;
                    lost.push(*id);
                } else {
                    response.events = watcher.events(keyspace);
                }
                if response.canceled || !response.events.is_empty() {
                    ready.push_back(response);
                }
            }
            lost.iter().for_each(|id| drop(watchers.remove(id)));
        });
    }
}

impl Watcher {
    /// The next events, which count as told.
    fn events(&mut self, keyspace: &Keyspace) -> Vec<Event> {
        let mut events = Vec::new();
        let mut last = self.next;
        for happened in keyspace.events_from(self.next) {
            if events.len() >= EVENTS && happened.revision != last {
                self.next = happened.revision;
                return events;
            }
            last = happened.revision;
            events.extend(self.event(happened));
        }
        self.next = self.next.max(keyspace.revision() + 1);
        events
    }

    fn event(&self, happened: &Happened) -> Option<Event> {
        if !self.interval.holds(&happened.key) {
            return None;
        }
        let before = happened.before.as_ref().filter(|_| self.has_before);
        let prev_kv = before.map(|record| record.whole(&happened.key, true));
        match &happened.after {
            Some(record) => {
                self.puts.then(|| Event { kind: 0, kv: Some(record.whole(&happened.key, true)), prev_kv })
            }
            None => self.deletions.then(|| Event {
                kind: 1,
                kv: Some(KeyValue {
                    key: happened.key.clone(),
                    mod_revision: happened.revision.cast_signed(),
                    ..KeyValue::default()
                }),
                prev_kv,
            }),
        }
    }
}
