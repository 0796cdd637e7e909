//! The clients that are connected: how many there may be, how much of the server's memory they
//! hold together, and who leaves where there is no room for another. Whoever only takes room
//! cannot keep others out.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// How many bytes the bodies of requests and answers may hold together; beyond it the client
/// that holds most of them leaves.
const BYTES: usize = 256 * 1024 * 1024;

/// All clients.
#[derive(Debug)]
pub(super) struct Guests {
    most: usize,
    /// How long a request may take.
    patience: Duration,
    room: Mutex<Room>,
    bytes: AtomicUsize,
}

/// The clients in the order in which they leave.
#[derive(Debug, Default)]
struct Room {
    all: BTreeMap<(Stage, u64), Arc<Guest>>,
    next: u64,
}

/// What a client is doing. Those in their handshake leave first, whoever came first; then those
/// that ask for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Handshake,
    Idle,
    Asking,
}

#[derive(Debug)]
struct Guest {
    leave: Notify,
    own: Mutex<Own>,
}

#[derive(Debug)]
struct Own {
    place: (Stage, u64),
    requests: BTreeMap<u64, Held>,
}

/// What a request holds.
#[derive(Debug)]
struct Held {
    bytes: usize,
    /// `None` for a watch, which lasts.
    until: Option<Instant>,
}

/// A client's place; it is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    guests: Arc<Guests>,
    guest: Arc<Guest>,
}

/// A request of a client, from its head until its answer has gone.
#[derive(Debug)]
pub(super) struct Visit {
    place: Arc<Place>,
    number: u64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Guests {
    /// Room for so many, whose requests may each take so long.
    pub(super) fn new(most: usize, patience: Duration) -> Arc<Self> {
        let most = most.max(1);
        Arc::new(Self { most, patience, room: Mutex::default(), bytes: AtomicUsize::new(0) })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        lock(&self.room).all.len()
    }

    /// Lets another one in; where there is no room, one leaves.
    pub(super) fn admit(self: &Arc<Self>) -> Arc<Place> {
        let mut room = lock(&self.room);
        while room.all.len() >= self.most
            && let Some((_, first)) = room.all.pop_first()
        {
            first.leave.notify_one();
        }
        let place = (Stage::Handshake, room.number());
        let own = Mutex::new(Own { place, requests: BTreeMap::new() });
        let guest = Arc::new(Guest { leave: Notify::new(), own });
        room.all.insert(place, Arc::clone(&guest));
        Arc::new(Place { guests: Arc::clone(self), guest })
    }

    /// Sends those away whose requests take too long.
    pub(super) fn tidy(&self) {
        let now = Instant::now();
        let is_late = |held: &Held| held.until.is_some_and(|until| until < now);
        for guest in lock(&self.room).all.values() {
            if lock(&guest.own).requests.values().any(is_late) {
                guest.leave.notify_one();
            }
        }
    }

    /// Sends the one away that holds most.
    fn relieve(&self) {
        let mut room = lock(&self.room);
        let held =
            |guest: &Arc<Guest>| -> usize { lock(&guest.own).requests.values().map(|held| held.bytes).sum() };
        let most = room.all.iter().max_by_key(|(_, guest)| held(guest)).map(|(place, _)| *place);
        if let Some(guest) = most.and_then(|place| room.all.remove(&place)) {
            guest.leave.notify_one();
        }
    }
}

impl Room {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Puts a guest behind all others of its stage, unless it has left.
    fn go_on(&mut self, guest: &Arc<Guest>, stage: Stage) {
        let place = (stage, self.number());
        let mut own = lock(&guest.own);
        if self.all.remove(&own.place).is_some() {
            self.all.insert(place, Arc::clone(guest));
            own.place = place;
        }
    }
}

impl Place {
    /// The handshake is done.
    pub(super) fn welcome(&self) {
        lock(&self.guests.room).go_on(&self.guest, Stage::Idle);
    }

    /// A request begins.
    pub(super) fn visit(self: &Arc<Self>) -> Visit {
        let mut room = lock(&self.guests.room);
        let number = room.number();
        let held = Held { bytes: 0, until: Some(Instant::now() + self.guests.patience) };
        lock(&self.guest.own).requests.insert(number, held);
        room.go_on(&self.guest, Stage::Asking);
        Visit { place: Arc::clone(self), number }
    }

    /// Returns when the client is to leave.
    pub(super) async fn left(&self) {
        self.guest.leave.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let place = lock(&self.guest.own).place;
        lock(&self.guests.room).all.remove(&place);
    }
}

impl Visit {
    /// The request, and then its answer, hold so many bytes.
    pub(super) fn hold(&self, bytes: usize) {
        let guests = &self.place.guests;
        let before = lock(&self.place.guest.own)
            .requests
            .get_mut(&self.number)
            .map_or(bytes, |held| std::mem::replace(&mut held.bytes, bytes));
        guests.bytes.fetch_sub(before, Ordering::Relaxed);
        if guests.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > BYTES {
            guests.relieve();
        }
    }

    /// The answer lasts as long as its client likes.
    pub(super) fn last(&self) {
        if let Some(held) = lock(&self.place.guest.own).requests.get_mut(&self.number) {
            held.until = None;
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let Place { guests, guest } = &*self.place;
        let mut room = lock(&guests.room);
        let mut own = lock(&guest.own);
        let held = own.requests.remove(&self.number).map_or(0, |held| held.bytes);
        let is_last = own.requests.is_empty();
        drop(own);
        guests.bytes.fetch_sub(held, Ordering::Relaxed);
        if is_last {
            room.go_on(guest, Stage::Idle);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn has_left(place: &Place) -> bool {
        tokio::time::timeout(Duration::from_millis(1), place.left()).await.is_ok()
    }

    #[tokio::test]
    async fn who_only_takes_room_leaves_first() {
        let guests = Guests::new(3, Duration::from_secs(60));
        let [asking, idle, stuck] = [guests.admit(), guests.admit(), guests.admit()];
        asking.welcome();
        idle.welcome();
        let request = asking.visit();
        let next = guests.admit();
        assert!(has_left(&stuck).await && !has_left(&idle).await);
        next.welcome();
        let _one_more = guests.admit();
        assert!(has_left(&idle).await && !has_left(&next).await && !has_left(&asking).await);
        drop((request, stuck, idle));
        // Now it has asked for nothing for a shorter time than the other.
        let _another = guests.admit();
        assert_eq!(guests.count(), 3);
        assert!(!has_left(&asking).await);
    }

    #[tokio::test]
    async fn who_holds_most_leaves_where_memory_ends() {
        let guests = Guests::new(10, Duration::from_secs(60));
        let (small, large) = (guests.admit(), guests.admit());
        let (one, other) = (small.visit(), large.visit());
        one.hold(BYTES / 4);
        other.hold(BYTES / 2);
        assert!(!has_left(&large).await);
        one.hold(BYTES / 2 + 1);
        assert!(has_left(&small).await, "it holds one byte more");
        drop((one, other));
        assert_eq!(guests.bytes.load(Ordering::Relaxed), 0);
        let visit = large.visit();
        visit.hold(BYTES);
        assert!(!has_left(&large).await);
    }
}
