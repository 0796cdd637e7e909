//! The objects of the cluster, their revisions, and what happened to them.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use crate::access::{Json, Policy, api};

use super::encode;
use super::journal::{Change, Journal, JournalError, Written};

/// How many events are kept for those who watch, and how many bytes of objects they hold at
/// most; who asks for older ones begins afresh.
const EVENTS: usize = 20_000;
const EVENT_BYTES: usize = 16 * 1024 * 1024;

/// Group and plural name of a resource.
pub(super) type Key = (&'static str, &'static str);
/// Namespace (empty for the whole cluster) and name.
pub(super) type Place = (String, String);

/// An object as it is kept: its JSON on one line. Thousands of them as trees would take ten
/// times the room.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) revision: u64,
    pub(super) text: Arc<str>,
}

impl Kept {
    fn of(revision: u64, object: &Json) -> Self {
        Self { revision, text: object.compact().into() }
    }

    /// The object.
    pub(super) fn open(&self) -> Arc<Json> {
        // What is kept was written here, or has been read by the journal.
        Arc::new(serde_json::from_str(&self.text).unwrap_or_default())
    }
}

/// What happened to an object.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) revision: u64,
    pub(super) key: Key,
    /// As it was before; `None` if it was created.
    pub(super) before: Option<Kept>,
    /// As it is now, or as it was deleted.
    pub(super) object: Kept,
    pub(super) is_deleted: bool,
}

impl Event {
    fn bytes(&self) -> usize {
        self.object.text.len()
    }
}

/// Every object, in order.
#[derive(Debug, Default)]
pub(super) struct Store {
    revision: u64,
    objects: BTreeMap<Key, BTreeMap<Place, Kept>>,
    events: VecDeque<Event>,
    /// How many bytes the objects of the events have.
    event_bytes: usize,
    /// How many events are no longer kept.
    forgotten: u64,
    /// The revision of all that is written now, where it is to be one.
    together: Option<u64>,
    /// What the authorizers go by: the roles, bindings and relations of these objects.
    pub(super) policy: Policy,
    journal: Option<Journal>,
    /// Up to where the controllers have seen what happened.
    seen: u64,
}

impl Store {
    /// The revision of the last change.
    pub(super) const fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether nothing was ever stored.
    pub(super) const fn is_new(&self) -> bool {
        self.revision == 0
    }

    pub(super) fn get(&self, key: Key, namespace: &str, name: &str) -> Option<Arc<Json>> {
        self.kept(key, namespace, name).map(Kept::open)
    }

    fn kept(&self, key: Key, namespace: &str, name: &str) -> Option<&Kept> {
        // A lookup by borrowed parts would need a key type of its own.
        self.objects.get(&key)?.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// Whether there is such an object.
    pub(super) fn has(&self, key: Key, namespace: &str, name: &str) -> bool {
        self.kept(key, namespace, name).is_some()
    }

    /// The objects of a namespace (empty: of all), by namespace and name.
    pub(super) fn list<'a>(&'a self, key: Key, namespace: &'a str) -> impl Iterator<Item = Arc<Json>> {
        self.places(key, namespace).map(|(_, object)| object.open())
    }

    /// Where the objects of a namespace (empty: of all) are kept.
    pub(super) fn places<'a>(
        &'a self,
        key: Key,
        namespace: &'a str,
    ) -> impl Iterator<Item = (&'a Place, &'a Kept)> {
        let from = (namespace.to_owned(), String::new());
        let all = self.objects.get(&key).into_iter();
        all.flat_map(move |all| all.range((Bound::Included(from.clone()), Bound::Unbounded)))
            .take_while(move |((own, _), _)| namespace.is_empty() || own == namespace)
    }

    /// How many objects there are.
    pub(super) fn count(&self) -> usize {
        self.objects.values().map(BTreeMap::len).sum()
    }

    /// Every kind of object that there is.
    pub(super) fn keys(&self) -> Vec<Key> {
        self.objects.iter().filter(|(_, all)| !all.is_empty()).map(|(key, _)| *key).collect()
    }

    /// Stores an object, new or changed; it gets the next revision. Nothing happens where the
    /// journal cannot be written.
    pub(super) fn put(&mut self, key: Key, mut object: Json) -> Result<Arc<Json>, JournalError> {
        let revision = self.next();
        object.path_mut(&["metadata"]).set("resourceVersion", revision.to_string());
        encode::order(&mut object);
        let kept = Kept::of(revision, &object);
        if let Some(journal) = &mut self.journal {
            journal.write(&Change::Put { key, object: &kept })?;
        }
        let place = (object.text("metadata.namespace").to_owned(), object.text("metadata.name").to_owned());
        self.keep(key, place, kept);
        Ok(Arc::new(object))
    }

    /// Takes an object out.
    pub(super) fn delete(
        &mut self,
        key: Key,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Arc<Json>>, JournalError> {
        if !self.has(key, namespace, name) {
            return Ok(None);
        }
        let revision = self.next();
        if let Some(journal) = &mut self.journal {
            journal.write(&Change::Delete { revision, key, namespace, name })?;
        }
        Ok(self.forget(revision, key, namespace, name))
    }

    /// Whatever is written by this gets one revision, as by a transaction of etcd.
    pub(super) fn together<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        self.together = Some(self.revision + 1);
        let result = work(self);
        self.together = None;
        result
    }

    fn next(&self) -> u64 {
        self.together.unwrap_or(self.revision + 1)
    }

    /// Puts back what a journal says, and what has just been written to it.
    pub(super) fn keep(&mut self, key: Key, place: Place, object: Kept) {
        let before = self.objects.entry(key).or_default().insert(place, object.clone());
        if is_policy(key) {
            // A role or binding is replaced where it stands: bindings are asked in their order.
            if let (Some(before), false) = (&before, key.0 == "rbac.authorization.k8s.io") {
                self.policy.remove(&before.open());
            }
            // A binding to something that is no role was refused before it came here.
            let _ = self.policy.put(&object.open());
        }
        self.happened(Event { revision: object.revision, key, before, object, is_deleted: false });
    }

    /// Takes out what a journal says is gone.
    pub(super) fn forget(
        &mut self,
        revision: u64,
        key: Key,
        namespace: &str,
        name: &str,
    ) -> Option<Arc<Json>> {
        let place = (namespace.to_owned(), name.to_owned());
        let before = self.objects.get_mut(&key)?.remove(&place)?;
        // The event carries the revision at which it went.
        let mut gone = Arc::unwrap_or_clone(before.open());
        if is_policy(key) {
            self.policy.remove(&gone);
        }
        gone.path_mut(&["metadata"]).set("resourceVersion", revision.to_string());
        let object = Kept::of(revision, &gone);
        self.happened(Event { revision, key, before: Some(before), object, is_deleted: true });
        Some(Arc::new(gone))
    }

    /// The revision is at least this one.
    pub(super) fn advance(&mut self, revision: u64) {
        self.revision = self.revision.max(revision);
    }

    fn happened(&mut self, event: Event) {
        self.advance(event.revision);
        self.event_bytes += event.bytes();
        self.events.push_back(event);
        // The last one stays, however large.
        while self.events.len() > EVENTS || (self.event_bytes > EVENT_BYTES && self.events.len() > 1) {
            let Some(oldest) = self.events.pop_front() else { break };
            self.event_bytes -= oldest.bytes();
            self.forgotten += 1;
        }
    }

    /// How many events there were.
    pub(super) fn told(&self) -> u64 {
        self.forgotten + self.events.len() as u64
    }

    /// What happened since there were so many events; `None` if that is no longer known.
    pub(super) fn events_since(&self, told: u64) -> Option<impl Iterator<Item = &Event>> {
        let from = usize::try_from(told.checked_sub(self.forgotten)?).ok()?;
        (from <= self.events.len()).then(|| self.events.range(from..))
    }

    /// The kinds of objects that something happened to since this was last asked; after a
    /// restart, all.
    pub(super) fn changed_keys(&mut self) -> Vec<Key> {
        let mut keys: Vec<Key> = if self.seen == 0 {
            self.keys()
        } else {
            let from = self.events.partition_point(|event| event.revision <= self.seen);
            self.events.range(from..).map(|event| event.key).collect()
        };
        if self.seen == self.revision {
            keys.clear();
        }
        self.seen = self.revision;
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// What happened to a kind of object after a revision; `None` if that is no longer known.
    pub(super) fn events_after(&self, key: Key, revision: u64) -> Option<Vec<Event>> {
        let oldest = self.events.front().map_or(self.revision + 1, |event| event.revision);
        if revision + 1 < oldest {
            return None;
        }
        let from = self.events.partition_point(|event| event.revision <= revision);
        Some(self.events.range(from..).filter(|event| event.key == key).cloned().collect())
    }
}

impl Store {
    /// The objects of a namespace (empty: of all) as they were at a revision; `None` if that is no
    /// longer known.
    pub(super) fn places_at(
        &self,
        key: Key,
        namespace: &str,
        revision: u64,
    ) -> Option<BTreeMap<Place, Kept>> {
        let mut objects: BTreeMap<Place, Kept> =
            self.places(key, namespace).map(|(place, object)| (place.clone(), object.clone())).collect();
        for event in self.events_after(key, revision)?.into_iter().rev() {
            let object = event.object.open();
            let place =
                (object.text("metadata.namespace").to_owned(), object.text("metadata.name").to_owned());
            if !namespace.is_empty() && place.0 != namespace {
                continue;
            }
            match event.before {
                Some(before) => objects.insert(place, before),
                None => objects.remove(&place),
            };
        }
        Some(objects)
    }

    /// Lets the store write to a journal from now on. Who watches begins here.
    pub(super) fn attach(&mut self, journal: Journal) {
        self.journal = Some(journal);
        self.forgotten = self.told();
        self.events.clear();
        self.event_bytes = 0;
    }

    /// Writes the journal afresh where most of it is history.
    pub(super) fn renew_journal(&mut self) {
        let Some(mut journal) = self.journal.take() else { return };
        // Where that fails, the old one goes on.
        if journal.is_history(self)
            && let Ok(afresh) = journal.afresh(self)
        {
            journal = afresh;
        }
        self.journal = Some(journal);
    }

    /// All that has been written so far, to wait for; `None` where nothing is written down.
    pub(super) fn written(&self) -> Option<Written> {
        self.journal.as_ref().map(Journal::written)
    }
}

/// Whether the authorizers go by objects of a kind.
fn is_policy((group, plural): Key) -> bool {
    let mut groups = api::groups().iter().filter(|own| own.name == group);
    let kind = groups.find_map(|own| own.resource(plural)).map_or("", |resource| resource.kind.as_str());
    Policy::takes(group, kind)
}
