//! Keys made ahead of need: RSA keys take their time, and a learner should not wait.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::key::{KeyError, PrivateKey};
use crate::blueprint::KeyAlgorithm;

type Shelves = Mutex<HashMap<KeyAlgorithm, Vec<PrivateKey>>>;

/// A stock of fresh keys. Without a keeper it is empty and makes each key when asked.
#[derive(Debug, Default)]
pub struct KeyStock {
    shelves: Arc<Shelves>,
    stop: Arc<AtomicBool>,
    keepers: Mutex<Vec<JoinHandle<()>>>,
}

impl KeyStock {
    /// A fresh key: from the shelf, or made now.
    ///
    /// # Errors
    /// The library failed.
    pub fn take(&self, algorithm: KeyAlgorithm) -> Result<PrivateKey, KeyError> {
        let kept = lock(&self.shelves).get_mut(&algorithm).and_then(Vec::pop);
        kept.map_or_else(|| PrivateKey::generate(algorithm), Ok)
    }

    /// How many keys of this kind lie ready.
    #[must_use]
    pub fn ready(&self, algorithm: KeyAlgorithm) -> usize {
        lock(&self.shelves).get(&algorithm).map_or(0, Vec::len)
    }

    /// Fills the shelf to `count` keys in the background, once, on one thread. It ends by
    /// itself, and at the latest when the stock is dropped.
    pub fn fill(&self, algorithm: KeyAlgorithm, count: usize) {
        let mut keepers = self.keepers.lock().unwrap_or_else(PoisonError::into_inner);
        keepers.retain(|keeper| !keeper.is_finished());
        if !keepers.is_empty() || self.ready(algorithm) >= count {
            return;
        }
        let (shelves, stop) = (Arc::clone(&self.shelves), Arc::clone(&self.stop));
        let keeper = thread::Builder::new().name("keys".into()).spawn(move || {
            while !stop.load(Ordering::Relaxed) && lock(&shelves).get(&algorithm).map_or(0, Vec::len) < count
            {
                let Ok(key) = PrivateKey::generate(algorithm) else { return };
                lock(&shelves).entry(algorithm).or_default().push(key);
            }
        });
        // Without a thread, keys are made when they are asked for.
        keepers.extend(keeper);
    }
}

impl Drop for KeyStock {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn lock(shelves: &Shelves) -> std::sync::MutexGuard<'_, HashMap<KeyAlgorithm, Vec<PrivateKey>>> {
    shelves.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_made_ahead_are_handed_out_once_each() {
        let stock = KeyStock::default();
        stock.fill(KeyAlgorithm::P256, 2);
        for keeper in stock.keepers.lock().unwrap().drain(..) {
            keeper.join().unwrap();
        }
        assert_eq!(stock.ready(KeyAlgorithm::P256), 2);
        let keys: Vec<_> = (0..3).map(|_| stock.take(KeyAlgorithm::P256).unwrap()).collect();
        assert_eq!(stock.ready(KeyAlgorithm::P256), 0);
        assert_ne!(keys[0].der(), keys[1].der());
        assert_ne!(keys[1].der(), keys[2].der());
    }
}
