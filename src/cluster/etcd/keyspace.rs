//! The keys of etcd as they are and as they were: the store's objects under `/registry/`, and
//! whatever else was written (etcd server/storage/mvcc).

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::bytes::Bytes;

use super::super::store::{Kept, Key, Store};
use super::keys::{self, OTHER};
use super::leases::Leases;
use super::messages::KeyValue;
use super::status::Status;
use super::value;
use crate::access::Json;

/// How many changes are kept, and how many bytes of values they hold at most; what is older counts as compacted.
const HISTORY: usize = 20_000;
const HISTORY_BYTES: usize = 16 * 1024 * 1024;

/// A key as it stood at some revision.
#[derive(Debug, Clone)]
pub(super) struct Record {
    /// What kind of object it is; [`OTHER`] if it is none.
    pub(super) kind: Key,
    kept: Kept,
    pub(super) created: u64,
    pub(super) modified: u64,
    pub(super) version: u64,
    pub(super) lease: i64,
}

impl Record {
    fn new(kind: Key, kept: &Kept, before: Option<&Self>, lease: i64) -> Self {
        let own = || kept.open().get("lease").and_then(Json::as_integer).unwrap_or_default();
        Self {
            kind,
            kept: kept.clone(),
            created: before.map_or(kept.revision, |before| before.created),
            modified: kept.revision,
            version: before.map_or(1, |before| before.version + 1),
            lease: if kind == OTHER { own() } else { lease },
        }
    }

    /// The bytes that etcd holds.
    pub(super) fn value(&self) -> Bytes {
        let object = self.object();
        if self.kind != OTHER {
            return value::encode(&object).into();
        }
        STANDARD.decode(object.text("value")).unwrap_or_default().into()
    }

    /// What the store has.
    pub(super) fn object(&self) -> Arc<Json> {
        self.kept.open()
    }

    /// The key with all about it.
    pub(super) fn whole(&self, key: &Bytes, has_value: bool) -> KeyValue {
        KeyValue {
            key: key.clone(),
            create_revision: self.created.cast_signed(),
            mod_revision: self.modified.cast_signed(),
            version: self.version.cast_signed(),
            value: if has_value { self.value() } else { Bytes::new() },
            lease: self.lease,
        }
    }
}

/// What happened to a key.
#[derive(Debug, Clone)]
pub(super) struct Happened {
    pub(super) revision: u64,
    pub(super) key: Bytes,
    pub(super) before: Option<Record>,
    /// `None`: it was deleted.
    pub(super) after: Option<Record>,
}

impl Happened {
    fn bytes(&self) -> usize {
        self.after.as_ref().map_or(0, |record| record.kept.text.len())
    }
}

/// Some keys: one, or those from one up to another.
#[derive(Debug, Clone)]
pub(super) struct Interval {
    key: Bytes,
    end: Bytes,
}

impl Interval {
    /// As requests have it: without an end one key, with the end `\0` all from there on.
    pub(super) fn new(key: &Bytes, end: &Bytes) -> Result<Self, Status> {
        if key.is_empty() {
            return Err(Status::empty_key());
        }
        Ok(Self { key: key.clone(), end: end.clone() })
    }

    pub(super) fn holds(&self, key: &Bytes) -> bool {
        match self.end.as_ref() {
            [] => *key == self.key,
            [0] => *key >= self.key,
            _ => *key >= self.key && *key < self.end,
        }
    }

    fn bounds(&self) -> (Bound<&Bytes>, Bound<&Bytes>) {
        let from = Bound::Included(&self.key);
        match self.end.as_ref() {
            [] => (from, Bound::Included(&self.key)),
            [0] => (from, Bound::Unbounded),
            // A range that ends before it begins is empty.
            _ if self.end <= self.key => (from, Bound::Excluded(&self.key)),
            _ => (from, Bound::Excluded(&self.end)),
        }
    }
}

/// The keys, now and before.
#[derive(Debug, Default)]
pub(super) struct Keyspace {
    records: BTreeMap<Bytes, Record>,
    history: VecDeque<Happened>,
    /// How many bytes of values the history has.
    bytes: usize,
    pub(super) leases: Leases,
    revision: u64,
    compacted: u64,
    /// How many of the store's events have been seen.
    seen: u64,
}

impl Keyspace {
    /// The keys of a store, with no past.
    pub(super) fn of(store: &Store) -> Self {
        let mut keyspace = Self { seen: store.told(), revision: store.revision(), ..Self::default() };
        for key in store.keys() {
            for ((namespace, name), kept) in store.places(key, "") {
                let name = Bytes::from(keys::key_of(key, namespace, name));
                let record = Record::new(key, kept, None, 0);
                if key == OTHER {
                    keyspace.leases.restore(&record.object(), &name);
                }
                keyspace.records.insert(name, record);
            }
        }
        keyspace.compacted = keyspace.revision;
        keyspace
    }

    /// The revision of the last change.
    pub(super) const fn revision(&self) -> u64 {
        self.revision
    }

    /// What is older cannot be asked for.
    pub(super) const fn compacted(&self) -> u64 {
        self.compacted
    }

    /// Follows the store. What was written just now is bound to `lease`, unless it says itself.
    pub(super) fn follow(&mut self, store: &Store, lease: i64) {
        let Some(events) = store.events_since(self.seen) else {
            // Nobody has asked for so long that the past is not known.
            let leases = std::mem::take(&mut self.leases);
            *self = Self { leases, ..Self::of(store) };
            return;
        };
        for event in events {
            let object = event.object.open();
            let (namespace, name) = (object.text("metadata.namespace"), object.text("metadata.name"));
            let key = Bytes::from(keys::key_of(event.key, namespace, name));
            let before = self.records.get(&key).cloned();
            let after =
                (!event.is_deleted).then(|| Record::new(event.key, &event.object, before.as_ref(), lease));
            let was = before.as_ref().map_or(0, |record| record.lease);
            let is = after.as_ref().map_or(0, |record| record.lease);
            self.leases.bind(&key, was, is);
            match &after {
                Some(record) => self.records.insert(key.clone(), record.clone()),
                None => self.records.remove(&key),
            };
            let happened = Happened { revision: event.revision, key, before, after };
            self.bytes += happened.bytes();
            self.history.push_back(happened);
        }
        self.seen = store.told();
        self.revision = store.revision();
        while self.history.len() > HISTORY || self.bytes > HISTORY_BYTES {
            let Some(oldest) = self.history.pop_front() else { break };
            self.bytes -= oldest.bytes();
            self.compacted = self.compacted.max(oldest.revision);
        }
    }

    /// Forgets what is older than a revision.
    pub(super) fn compact(&mut self, revision: i64) -> Result<(), Status> {
        if revision <= self.compacted.cast_signed() {
            return Err(Status::compacted());
        }
        if revision > self.revision.cast_signed() {
            return Err(Status::future_revision());
        }
        self.compacted = revision.cast_unsigned();
        // A watch may begin at this very revision.
        let keep = self.history.partition_point(|happened| happened.revision < self.compacted);
        self.bytes -= self.history.drain(..keep).map(|happened| happened.bytes()).sum::<usize>();
        Ok(())
    }

    pub(super) fn get(&self, key: &Bytes) -> Option<&Record> {
        self.records.get(key)
    }

    /// Some keys, in order, as they were at a revision; 0 is now.
    pub(super) fn select(&self, interval: &Interval, revision: i64) -> Result<Vec<(Bytes, Record)>, Status> {
        if revision > self.revision.cast_signed() {
            return Err(Status::future_revision());
        }
        let now = self.records.range::<Bytes, _>(interval.bounds());
        let now = now.map(|(key, record)| (key.clone(), record.clone()));
        if revision <= 0 || revision == self.revision.cast_signed() {
            return Ok(now.collect());
        }
        let revision = revision.cast_unsigned();
        if revision < self.compacted {
            return Err(Status::compacted());
        }
        let mut then: BTreeMap<Bytes, Record> = now.collect();
        let later = self.history.iter().rev().take_while(|happened| happened.revision > revision);
        for happened in later.filter(|happened| interval.holds(&happened.key)) {
            match &happened.before {
                Some(record) => then.insert(happened.key.clone(), record.clone()),
                None => then.remove(&happened.key),
            };
        }
        Ok(then.into_iter().collect())
    }

    /// What happened from a revision on.
    pub(super) fn events_from(&self, revision: u64) -> impl Iterator<Item = &Happened> {
        let from = self.history.partition_point(|happened| happened.revision < revision);
        self.history.range(from..)
    }

    /// Every key.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Bytes, &Record)> {
        self.records.iter()
    }
}
