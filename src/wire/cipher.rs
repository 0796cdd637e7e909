//! Keys from secrets, and records opened with them.
//!
//! TLS 1.3: RFC 8446, sections 5.2, 5.3, 7.1 and 7.3. TLS 1.2: RFC 5246, sections 5 and
//! 6.3; GCM by RFC 5288, ChaCha20-Poly1305 by RFC 7905.

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{digest, hkdf, hmac};

use super::Side;
use super::names::NAMES;

/// What a cipher suite encrypts and hashes with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Suite {
    aead: &'static aead::Algorithm,
    /// Bytes of the fixed part of the nonce in TLS 1.2; GCM sends the other eight.
    fixed_iv: usize,
    /// The hash of the transcript and of the key schedule.
    pub(super) digest: &'static digest::Algorithm,
}

impl Suite {
    /// The suite of a number; `None` if it is not one that can be read.
    pub(super) fn new(number: u16) -> Option<Self> {
        let name = NAMES.suites.name(number)?;
        let (aead, fixed_iv, digest): (_, _, &'static digest::Algorithm) =
            if name.ends_with("_AES_128_GCM_SHA256") {
                (&aead::AES_128_GCM, 4, &digest::SHA256)
            } else if name.ends_with("_AES_256_GCM_SHA384") {
                (&aead::AES_256_GCM, 4, &digest::SHA384)
            } else if name.ends_with("_CHACHA20_POLY1305_SHA256") {
                (&aead::CHACHA20_POLY1305, 12, &digest::SHA256)
            } else {
                return None;
            };
        Some(Self { aead, fixed_iv, digest })
    }

    fn is_sha384(self) -> bool {
        self.digest == &digest::SHA384
    }

    fn hkdf(self) -> hkdf::Algorithm {
        if self.is_sha384() { hkdf::HKDF_SHA384 } else { hkdf::HKDF_SHA256 }
    }

    fn hmac(self) -> hmac::Algorithm {
        if self.is_sha384() { hmac::HMAC_SHA384 } else { hmac::HMAC_SHA256 }
    }

    /// HMAC with the suite's hash.
    pub(super) fn authenticate(self, key: &[u8], data: &[u8]) -> hmac::Tag {
        hmac::sign(&hmac::Key::new(self.hmac(), key), data)
    }

    /// HKDF-Expand-Label with an empty context (RFC 8446, section 7.1).
    pub(super) fn expand_label(self, secret: &[u8], label: &str, length: usize) -> Option<Vec<u8>> {
        struct Length(usize);
        impl hkdf::KeyType for Length {
            fn len(&self) -> usize {
                self.0
            }
        }
        let size = u16::try_from(length).ok()?.to_be_bytes();
        let label_size = [u8::try_from(label.len() + 6).ok()?];
        let info: [&[u8]; 5] = [&size, &label_size, b"tls13 ", label.as_bytes(), &[0]];
        let secret = hkdf::Prk::new_less_safe(self.hkdf(), secret);
        let mut out = vec![0; length];
        secret.expand(&info, Length(length)).ok()?.fill(&mut out).ok()?;
        Some(out)
    }

    /// The pseudorandom function of TLS 1.2: P_hash over label and seed (RFC 5246, section 5).
    pub(super) fn expand_12(self, secret: &[u8], label: &str, seed: &[&[u8]], length: usize) -> Vec<u8> {
        let key = hmac::Key::new(self.hmac(), secret);
        let seed = [label.as_bytes()].into_iter().chain(seed.iter().copied()).collect::<Vec<_>>().concat();
        let mut out = Vec::with_capacity(length + 48);
        let mut a = hmac::sign(&key, &seed);
        while out.len() < length {
            let mut block = hmac::Context::with_key(&key);
            block.update(a.as_ref());
            block.update(&seed);
            out.extend_from_slice(block.sign().as_ref());
            a = hmac::sign(&key, a.as_ref());
        }
        out.truncate(length);
        out
    }

    /// Whether a secret has the length that this suite's have.
    pub(super) fn takes(self, secret: &[u8]) -> bool {
        secret.len() == self.digest.output_len()
    }
}

/// A key that opens records.
#[derive(Debug)]
pub(super) struct Opener {
    key: LessSafeKey,
    /// The bytes of the key and of its IV, to be shown.
    pub(super) bytes: (Vec<u8>, Vec<u8>),
    is_13: bool,
    suite: Suite,
}

/// Why a record could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotOpened;

impl Opener {
    /// The key of a traffic secret of TLS 1.3.
    pub(super) fn of_secret(suite: Suite, secret: &[u8]) -> Option<Self> {
        if !suite.takes(secret) {
            return None;
        }
        let key = suite.expand_label(secret, "key", suite.aead.key_len())?;
        let iv = suite.expand_label(secret, "iv", aead::NONCE_LEN)?;
        Self::new(suite, key, iv, true)
    }

    /// One side's key from the master secret of TLS 1.2. AEADs have no MAC key.
    pub(super) fn of_master(
        suite: Suite,
        master: &[u8],
        (client_random, server_random): (&[u8; 32], &[u8; 32]),
        from: Side,
    ) -> Option<Self> {
        let (size, iv_size) = (suite.aead.key_len(), suite.fixed_iv);
        let seed: [&[u8]; 2] = [server_random, client_random];
        let block = suite.expand_12(master, "key expansion", &seed, 2 * (size + iv_size));
        let index = match from {
            Side::Client => 0,
            Side::Server => 1,
        };
        let key = block.get(index * size..(index + 1) * size)?;
        let ivs = block.get(2 * size..)?;
        let iv = ivs.get(index * iv_size..(index + 1) * iv_size)?;
        Self::new(suite, key.to_vec(), iv.to_vec(), false)
    }

    fn new(suite: Suite, key: Vec<u8>, iv: Vec<u8>, is_13: bool) -> Option<Self> {
        let unbound = UnboundKey::new(suite.aead, &key).ok()?;
        Some(Self { key: LessSafeKey::new(unbound), bytes: (key, iv), is_13, suite })
    }

    /// Opens the `sequence`th record under this key: its content, in TLS 1.3 with the type
    /// and the padding behind it.
    pub(super) fn open(&self, sequence: u64, header: [u8; 5], body: &[u8]) -> Result<Vec<u8>, NotOpened> {
        let explicit = if self.is_13 { 0 } else { aead::NONCE_LEN - self.suite.fixed_iv };
        let (sent_nonce, sealed) = body.split_at_checked(explicit).ok_or(NotOpened)?;
        let size = sealed.len().checked_sub(self.suite.aead.tag_len()).ok_or(NotOpened)?;
        let (sealed, tag) = sealed.split_at_checked(size).ok_or(NotOpened)?;
        let nonce = self.nonce(sequence, sent_nonce);
        let mut content = vec![0; size];
        let opened = if self.is_13 {
            self.key.open_separate_gather(nonce, Aad::from(header), sealed, tag, &mut content)
        } else {
            let [content_type, major, minor, ..] = header;
            let size = u16::try_from(size).map_err(|_| NotOpened)?.to_be_bytes();
            let mut data = [0; 13];
            let parts: [&[u8]; 3] = [&sequence.to_be_bytes(), &[content_type, major, minor], &size];
            for (place, byte) in data.iter_mut().zip(parts.into_iter().flatten()) {
                *place = *byte;
            }
            self.key.open_separate_gather(nonce, Aad::from(data), sealed, tag, &mut content)
        };
        opened.map_err(|_| NotOpened)?;
        Ok(content)
    }

    fn nonce(&self, sequence: u64, sent: &[u8]) -> Nonce {
        let mut nonce = [0; aead::NONCE_LEN];
        let parts = self.bytes.1.iter().chain(sent);
        nonce.iter_mut().zip(parts).for_each(|(place, byte)| *place = *byte);
        if sent.is_empty() {
            let sequence = sequence.to_be_bytes();
            nonce.iter_mut().rev().zip(sequence.iter().rev()).for_each(|(place, byte)| *place ^= byte);
        }
        Nonce::assume_unique_for_key(nonce)
    }
}
