//! Leases: keys that go when nobody keeps them (etcd server/lease/lessor.go).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use prost::bytes::Bytes;
use tokio::time::Instant;

use super::status::Status;
use crate::access::Json;

/// The longest that one may be asked for (`MaxLeaseTTL`), in seconds.
const LONGEST: i64 = 9_000_000_000;
/// The shortest that is given: the election timeout of 1 s, one and a half times (`minLeaseTTL`).
const SHORTEST: i64 = 2;
/// How many there may be.
const MOST: usize = 10_000;

/// One lease.
#[derive(Debug)]
pub(super) struct Lease {
    /// What it was granted for, in seconds.
    pub(super) ttl: i64,
    pub(super) until: Instant,
    pub(super) keys: BTreeSet<Bytes>,
}

impl Lease {
    fn new(ttl: i64) -> Self {
        Self { ttl, until: end(ttl), keys: BTreeSet::new() }
    }

    /// What is left of it, in whole seconds.
    pub(super) fn left(&self) -> i64 {
        i64::try_from(self.until.saturating_duration_since(Instant::now()).as_secs()).unwrap_or(i64::MAX)
    }
}

/// Ten years are as good as longer.
fn end(ttl: i64) -> Instant {
    const LONG: u64 = 10 * 365 * 86_400;
    Instant::now() + Duration::from_secs(u64::try_from(ttl).unwrap_or_default().min(LONG))
}

/// All leases, by their identifiers.
#[derive(Debug, Default)]
pub(super) struct Leases(BTreeMap<i64, Lease>);

impl Leases {
    /// Grants one: its identifier, and for how many seconds.
    pub(super) fn grant(&mut self, id: i64, ttl: i64) -> Result<(i64, i64), Status> {
        if ttl > LONGEST {
            return Err(Status::lease_too_long());
        }
        if self.0.len() >= MOST {
            return Err(Status::too_many_requests());
        }
        let id = if id == 0 { self.unused() } else { id };
        if self.0.contains_key(&id) {
            return Err(Status::lease_exists());
        }
        let ttl = ttl.max(SHORTEST);
        self.0.insert(id, Lease::new(ttl));
        Ok((id, ttl))
    }

    fn unused(&self) -> i64 {
        loop {
            let mut bytes = [0_u8; 8];
            // Without randomness no key could have been made, and nothing would be served.
            let _ = aws_lc_rs::rand::fill(&mut bytes);
            let id = i64::from_be_bytes(bytes) & i64::MAX | 1;
            if !self.0.contains_key(&id) {
                return id;
            }
        }
    }

    pub(super) fn get(&self, id: i64) -> Result<&Lease, Status> {
        self.0.get(&id).ok_or_else(Status::lease_not_found)
    }

    /// Begins it anew; for how many seconds.
    pub(super) fn keep(&mut self, id: i64) -> Result<i64, Status> {
        let lease = self.0.get_mut(&id).ok_or_else(Status::lease_not_found)?;
        lease.until = end(lease.ttl);
        Ok(lease.ttl)
    }

    /// Takes one out.
    pub(super) fn end(&mut self, id: i64) -> Result<Lease, Status> {
        self.0.remove(&id).ok_or_else(Status::lease_not_found)
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = i64> {
        self.0.keys().copied()
    }

    /// A key leaves one lease for another; 0 is none.
    pub(super) fn bind(&mut self, key: &Bytes, was: i64, is: i64) {
        if was == is {
            return;
        }
        if let Some(lease) = self.0.get_mut(&was) {
            lease.keys.remove(key);
        }
        if let Some(lease) = self.0.get_mut(&is) {
            lease.keys.insert(key.clone());
        }
    }

    /// A lease begins anew when its member does, for those keys that tell of it.
    pub(super) fn restore(&mut self, object: &Json, key: &Bytes) {
        let number = |field| object.get(field).and_then(Json::as_integer);
        if let (Some(id), Some(ttl)) = (number("lease"), number("ttl")) {
            self.0.entry(id).or_insert_with(|| Lease::new(ttl)).keys.insert(key.clone());
        }
    }
}
