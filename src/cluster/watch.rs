//! Watching: what happens to a list of objects, as it happens
//! (apiserver/pkg/endpoints/handlers/watch.go).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::access::Json;

use super::Cluster;
use super::failure::{Failure, Served};
use super::selector::Selection;
use super::store::Kept;
use super::table::Shape;

/// How long a watch lasts when its client does not say (`--min-request-timeout` is 30 minutes).
const LIFETIME: Duration = Duration::from_secs(1800);

/// How often a client is told up to where nothing has happened (`bookmarkFrequency`).
const BOOKMARKS: Duration = Duration::from_secs(60);

/// A watch that has begun.
#[derive(Debug)]
pub struct Watch {
    pub(super) cluster: Arc<Cluster>,
    pub(super) served: Served,
    pub(super) namespace: String,
    pub(super) selection: Selection,
    pub(super) shape: Shape,
    /// Everything up to here has been told.
    pub(super) revision: u64,
    /// What is to be told before anything else.
    pub(super) ready: VecDeque<Due>,
    /// Whether the client wants to know up to where nothing has happened.
    pub(super) bookmarks: bool,
    pub(super) until: Instant,
    pub(super) is_over: bool,
}

/// An event that is to be told. Objects stay as they are kept until their turn: a client that
/// does not read would otherwise fill the memory.
#[derive(Debug)]
pub(super) enum Due {
    Event(Json),
    Object(&'static str, Kept),
}

/// When a watch ends that is to last so many seconds; without any, when the server says.
pub(super) fn end(seconds: Option<u64>) -> Instant {
    Instant::now() + seconds.filter(|seconds| *seconds > 0).map_or(LIFETIME, Duration::from_secs)
}

pub(super) fn event(kind: &str, object: Json) -> Json {
    Json::object([("type", kind.into()), ("object", object)])
}

/// The event that says that everything up to a revision was told; the first ends the events of
/// what was there at the beginning.
pub(super) fn bookmark(served: Served, revision: u64, is_first: bool) -> Json {
    let mut metadata =
        Json::object([("resourceVersion", revision.to_string().into()), ("creationTimestamp", Json::Null)]);
    if is_first {
        metadata.set("annotations", Json::object([("k8s.io/initial-events-end", "true".into())]));
    }
    let object = Json::object([
        ("kind", served.resource.kind.as_str().into()),
        ("apiVersion", served.group.group_version().into()),
        ("metadata", metadata),
    ]);
    event("BOOKMARK", object)
}

impl Watch {
    /// The next event as its line; `None` when the watch is over.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        let mut changes = self.cluster.changes();
        loop {
            if let Some(due) = self.ready.pop_front() {
                let event = match due {
                    Due::Event(event) => event,
                    Due::Object(kind, object) => {
                        event(kind, self.shape.one(self.served, &object.open(), self.cluster.now()))
                    }
                };
                return Some((event.compact() + "\n").into_bytes());
            }
            if self.is_over {
                return None;
            }
            self.collect();
            if self.ready.is_empty() && !self.is_over {
                let tells = self.bookmarks && !matches!(self.shape, Shape::Table(_));
                let next = if tells { self.until.min(Instant::now() + BOOKMARKS) } else { self.until };
                match timeout_at(next, changes.changed()).await {
                    Ok(Ok(())) => {}
                    Err(_) if next < self.until => {
                        self.ready.push_back(Due::Event(bookmark(self.served, self.revision, false)));
                    }
                    // Its time is up, or the cluster is closed.
                    _ => return None,
                }
            }
        }
    }

    fn collect(&mut self) {
        let cluster = Arc::clone(&self.cluster);
        let store = cluster.read();
        let revision = store.revision();
        let Some(events) = store.events_after(self.served.key(), self.revision) else {
            let message = format!("too old resource version: {} ({revision})", self.revision);
            self.ready.push_back(Due::Event(event("ERROR", Failure::expired(message).status())));
            self.is_over = true;
            return;
        };
        drop(store);
        self.revision = revision;
        for happened in events {
            let of_namespace = |object: &Json| {
                self.namespace.is_empty() || object.text("metadata.namespace") == self.namespace
            };
            let object = happened.object.open();
            if !of_namespace(&object) {
                continue;
            }
            let was = happened.before.as_ref().is_some_and(|before| self.selection.takes(&before.open()));
            let is = !happened.is_deleted && self.selection.takes(&object);
            let kind = match (was, is) {
                (false, true) => "ADDED",
                (true, true) => "MODIFIED",
                (true, false) => "DELETED",
                (false, false) => continue,
            };
            self.ready.push_back(Due::Object(kind, happened.object));
        }
    }
}
