//! Which key each end encrypts with, and when it takes the next one.
//!
//! TLS 1.3 (RFC 8446, sections 7.1 to 7.3): early → handshake → application, which
//! KeyUpdate renews. TLS 1.2: one key from its change_cipher_spec on.

use super::cipher::{Opener, Suite};
use super::secrets::Secrets;
use super::{Problem, Protection, Side, TrafficKey};

/// After a gap so many records are tried for the one that follows.
const REACH: u64 = 32;
/// So many records in vain after a gap, and no more are tried.
const PATIENCE: u8 = 8;

const TLS_AES_128_GCM_SHA256: u16 = 0x1301;
const TLS_AES_256_GCM_SHA384: u16 = 0x1302;
const TLS_CHACHA20_POLY1305_SHA256: u16 = 0x1303;

/// What both ends' keys follow from.
#[derive(Debug, Default)]
pub(super) struct Agreed {
    pub(super) client_random: Option<[u8; 32]>,
    pub(super) server_random: Option<[u8; 32]>,
    pub(super) suite: Option<u16>,
    pub(super) is_13: bool,
    pub(super) offers_early_data: bool,
}

/// A key in use.
#[derive(Debug)]
struct Current {
    opener: Opener,
    suite: Suite,
    secret: Vec<u8>,
    /// Where it stands in the transcript's keys.
    shown: usize,
}

/// What one end encrypts with.
#[derive(Debug)]
pub(super) struct Encryption {
    from: Side,
    pub(super) protection: Protection,
    current: Option<Current>,
    /// The number of the next record under this key.
    sequence: u64,
    /// Records may have been lost, and so many tries in vain are left.
    patience: u8,
}

/// An opened record.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) content: Vec<u8>,
    pub(super) protection: Protection,
}

impl Encryption {
    pub(super) const fn new(from: Side) -> Self {
        Self { from, protection: Protection::None, current: None, sequence: 0, patience: 0 }
    }

    /// Takes the key of a stage, if its secret is known.
    pub(super) fn advance(
        &mut self,
        protection: Protection,
        agreed: &Agreed,
        secrets: &Secrets<'_>,
        shown: &mut Vec<TrafficKey>,
    ) {
        let next = self.key(protection, agreed, secrets);
        self.install(protection, next, shown);
    }

    fn install(&mut self, protection: Protection, next: Option<Current>, shown: &mut Vec<TrafficKey>) {
        self.protection = protection;
        self.sequence = 0;
        self.current = next.map(|mut next| {
            next.shown = shown.len();
            let is_handshake = protection == Protection::Handshake;
            let (key, iv) = next.opener.bytes.clone();
            shown.push(TrafficKey {
                from: self.from,
                protection,
                label: label(self.from, protection),
                secret: next.secret.clone(),
                key,
                iv,
                finished_key: is_handshake.then(|| finished_key(next.suite, &next.secret)).flatten(),
                records: Vec::new(),
            });
            next
        });
    }

    /// The key of a stage.
    fn key(&self, protection: Protection, agreed: &Agreed, secrets: &Secrets<'_>) -> Option<Current> {
        let random = agreed.client_random.as_ref()?;
        let suite = agreed.suite.and_then(Suite::new);
        let label = label(self.from, protection);
        match protection {
            Protection::None | Protection::Unknown => None,
            // The suite of early data is that of the ticket; the secret's length has to do.
            Protection::Early => {
                let secret = secrets.find(random, label)?;
                let guess = if secret.len() == 48 { TLS_AES_256_GCM_SHA384 } else { TLS_AES_128_GCM_SHA256 };
                let suite = suite.or_else(|| Suite::new(guess))?;
                Current::new(suite, secret.to_vec())
            }
            Protection::Handshake | Protection::Application { generation: 0 } => {
                Current::new(suite?, secrets.find(random, label)?.to_vec())
            }
            Protection::Application { generation } => {
                let before = match &self.current {
                    Some(current) if self.protection == previous(generation) => current.secret.clone(),
                    _ => return None,
                };
                let suite = suite?;
                let secret = suite.expand_label(&before, "traffic upd", before.len())?;
                Current::new(suite, secret)
            }
            Protection::Session => {
                let suite = suite?;
                let master = secrets.find(random, label)?;
                let randoms = (random, agreed.server_random.as_ref()?);
                let opener = Opener::of_master(suite, master, randoms, self.from)?;
                Some(Current { opener, suite, secret: master.to_vec(), shown: 0 })
            }
        }
    }

    /// Notes that records may have been lost.
    pub(super) const fn lost_records(&mut self) {
        self.patience = PATIENCE;
    }

    /// Opens a record with the key in use, or with the next one where the message that
    /// announced it could not be read.
    pub(super) fn open(
        &mut self,
        header: [u8; 5],
        body: &[u8],
        record: usize,
        known: (&Agreed, &Secrets<'_>),
        shown: &mut Vec<TrafficKey>,
    ) -> Result<Opened, Problem> {
        let (agreed, secrets) = known;
        let reach = if self.patience > 0 { REACH } else { 1 };
        if let Some(current) = &self.current {
            let last = self.sequence.saturating_add(reach);
            if let Some((sequence, content)) = try_each(&current.opener, self.sequence..last, header, body) {
                self.opened(sequence, record, shown);
                return Ok(Opened { content, protection: self.protection });
            }
        }
        if let Some((other, content)) = self.open_early(agreed, secrets, header, body) {
            // The first guess protected nothing.
            shown.truncate(self.current.as_ref().map_or(shown.len(), |current| current.shown));
            self.install(Protection::Early, Some(other), shown);
            self.opened(0, record, shown);
            return Ok(Opened { content, protection: Protection::Early });
        }
        if let Some(protection) = successor(self.protection, agreed) {
            let next = self.key(protection, agreed, secrets);
            let opened = next.as_ref().and_then(|next| try_each(&next.opener, 0..reach, header, body));
            if let Some((sequence, content)) = opened {
                self.install(protection, next, shown);
                self.opened(sequence, record, shown);
                return Ok(Opened { content, protection });
            }
        }
        self.patience = self.patience.saturating_sub(1);
        let problem = self.why(agreed, secrets);
        // What cannot be opened counts all the same.
        self.sequence = self.sequence.saturating_add(1);
        Err(problem)
    }

    /// The first record of early data with the other suite whose secrets are as long: which
    /// one the ticket has is not told before the ServerHello.
    fn open_early(
        &self,
        agreed: &Agreed,
        secrets: &Secrets<'_>,
        header: [u8; 5],
        body: &[u8],
    ) -> Option<(Current, Vec<u8>)> {
        if self.protection != Protection::Early || self.sequence != 0 || agreed.suite.is_some() {
            return None;
        }
        let secret = secrets.find(agreed.client_random.as_ref()?, label(self.from, self.protection))?;
        let other = Current::new(Suite::new(TLS_CHACHA20_POLY1305_SHA256)?, secret.to_vec())?;
        let content = other.opener.open(0, header, body).ok()?;
        Some((other, content))
    }

    fn opened(&mut self, sequence: u64, record: usize, shown: &mut [TrafficKey]) {
        self.sequence = sequence.saturating_add(1);
        self.patience = 0;
        if let Some(key) = self.current.as_ref().and_then(|current| shown.get_mut(current.shown)) {
            key.records.push(record);
        }
    }

    fn why(&self, agreed: &Agreed, secrets: &Secrets<'_>) -> Problem {
        let Some(suite) = agreed.suite else {
            return Problem::NoServerHello;
        };
        if Suite::new(suite).is_none() {
            return Problem::UnreadableSuite(suite);
        }
        let is_known = agreed
            .client_random
            .is_some_and(|random| secrets.find(&random, label(self.from, self.protection)).is_some());
        if self.current.is_some() || is_known { Problem::WrongSecrets } else { Problem::NoSecrets }
    }

    /// The verify_data of this end's Finished over a transcript (RFC 8446, section 4.4.4;
    /// RFC 5246, section 7.4.9). `None` without the key.
    pub(super) fn verify_data(
        &self,
        agreed: &Agreed,
        hash: impl FnOnce(Suite) -> Vec<u8>,
    ) -> Option<Vec<u8>> {
        let current = self.current.as_ref()?;
        match self.protection {
            Protection::Handshake => {
                let key = finished_key(current.suite, &current.secret)?;
                Some(current.suite.authenticate(&key, &hash(current.suite)).as_ref().to_vec())
            }
            Protection::Session if !agreed.is_13 => {
                let label = match self.from {
                    Side::Client => "client finished",
                    Side::Server => "server finished",
                };
                let hash = hash(current.suite);
                Some(current.suite.expand_12(&current.secret, label, &[&hash], 12))
            }
            _ => None,
        }
    }
}

impl Current {
    fn new(suite: Suite, secret: Vec<u8>) -> Option<Self> {
        Some(Self { opener: Opener::of_secret(suite, &secret)?, suite, secret, shown: 0 })
    }
}

fn try_each(
    opener: &Opener,
    sequences: std::ops::Range<u64>,
    header: [u8; 5],
    body: &[u8],
) -> Option<(u64, Vec<u8>)> {
    sequences.into_iter().find_map(|number| Some((number, opener.open(number, header, body).ok()?)))
}

fn finished_key(suite: Suite, secret: &[u8]) -> Option<Vec<u8>> {
    suite.expand_label(secret, "finished", suite.digest.output_len())
}

/// The stage that follows.
fn successor(protection: Protection, agreed: &Agreed) -> Option<Protection> {
    match protection {
        _ if !agreed.is_13 => None,
        Protection::Early => Some(Protection::Handshake),
        Protection::Handshake => Some(Protection::Application { generation: 0 }),
        Protection::Application { generation } => {
            Some(Protection::Application { generation: generation.saturating_add(1) })
        }
        Protection::None | Protection::Session | Protection::Unknown => None,
    }
}

/// The application key before a renewed one.
const fn previous(generation: u32) -> Protection {
    Protection::Application { generation: generation.saturating_sub(1) }
}

/// A secret's label in a key log.
const fn label(from: Side, protection: Protection) -> &'static str {
    match (protection, from) {
        (Protection::Early, _) => "CLIENT_EARLY_TRAFFIC_SECRET",
        (Protection::Handshake, Side::Client) => "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        (Protection::Handshake, Side::Server) => "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        (Protection::Application { .. }, Side::Client) => "CLIENT_TRAFFIC_SECRET_0",
        (Protection::Application { .. }, Side::Server) => "SERVER_TRAFFIC_SECRET_0",
        (Protection::None | Protection::Session | Protection::Unknown, _) => "CLIENT_RANDOM",
    }
}
