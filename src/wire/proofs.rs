//! What follows from the messages so far: the transcript's hash, what a signature signs,
//! whether a Finished is right.

use aws_lc_rs::digest;

use super::cipher::Suite;
use super::grammar::Learned;
use super::keys::{Agreed, Encryption};
use super::reader::all_hex;
use super::{Fact, Kind, Problem, Side};

/// So many times the messages of one handshake are hashed, at most.
const MOST_HASHES: u8 = 8;

/// The handshake messages so far, and what was made of them.
#[derive(Debug, Default)]
pub(super) struct Proofs {
    /// The messages of this handshake, one after the other, headers included.
    messages: Vec<u8>,
    /// Whether another ClientHello of this handshake is to come.
    is_retried: bool,
    hashes: u8,
}

impl Proofs {
    /// Takes in a message, and gives what follows from it and from those before.
    pub(super) fn message(
        &mut self,
        from: Side,
        kind: Kind,
        bytes: &[u8],
        learned: &Learned,
        agreed: &Agreed,
        encryption: &Encryption,
    ) -> (Vec<Fact>, Option<Problem>) {
        let mut facts = Vec::new();
        let mut problem = None;
        match kind {
            Kind::CLIENT_HELLO if !self.is_retried => *self = Self::default(),
            Kind::CLIENT_HELLO => self.is_retried = false,
            Kind::HelloRetryRequest => self.retry(agreed),
            Kind::CERTIFICATE_VERIFY => facts.extend(self.certificate_verify(from, learned, agreed)),
            Kind::SERVER_KEY_EXCHANGE => facts.extend(key_exchange(bytes, learned, agreed)),
            Kind::FINISHED => {
                let hash = self.hash(agreed.suite.and_then(Suite::new).map(|suite| suite.digest));
                if let Some(hash) = hash {
                    facts.push(Fact { name: "transcript_hash", value: all_hex(&hash) });
                    let expected = encryption.verify_data(agreed, |_| hash);
                    let is_right = expected.map(|expected| bytes.get(4..) == Some(&expected[..]));
                    match is_right {
                        Some(true) => facts.push(Fact { name: "verify_data", value: "right".into() }),
                        Some(false) => problem = Some(Problem::WrongFinished),
                        None => {}
                    }
                }
            }
            _ => {}
        }
        if kind != Kind::HELLO_REQUEST {
            self.messages.extend_from_slice(bytes);
        }
        (facts, problem)
    }

    /// The first ClientHello gives way to a message that holds its hash (RFC 8446, section
    /// 4.4.1).
    fn retry(&mut self, agreed: &Agreed) {
        let Some(hash) = self.hash(agreed.suite.and_then(Suite::new).map(|suite| suite.digest)) else {
            return;
        };
        let size = u8::try_from(hash.len()).unwrap_or_default();
        self.messages = [&[254, 0, 0, size][..], &hash].concat();
        self.is_retried = true;
    }

    fn hash(&mut self, algorithm: Option<&'static digest::Algorithm>) -> Option<Vec<u8>> {
        let algorithm = algorithm?;
        if self.hashes >= MOST_HASHES {
            return None;
        }
        self.hashes += 1;
        Some(digest::digest(algorithm, &self.messages).as_ref().to_vec())
    }

    /// RFC 8446, section 4.4.3; RFC 5246, section 7.4.8.
    fn certificate_verify(&mut self, from: Side, learned: &Learned, agreed: &Agreed) -> Vec<Fact> {
        if !agreed.is_13 {
            let Some(hash) = learned.scheme.and_then(scheme_digest).and_then(|a| self.hash(Some(a))) else {
                return Vec::new();
            };
            return vec![Fact { name: "transcript_hash", value: all_hex(&hash) }];
        }
        let Some(hash) = self.hash(agreed.suite.and_then(Suite::new).map(|suite| suite.digest)) else {
            return Vec::new();
        };
        let context = match from {
            Side::Client => "TLS 1.3, client CertificateVerify",
            Side::Server => "TLS 1.3, server CertificateVerify",
        };
        let signed = [&[0x20; 64][..], context.as_bytes(), &[0], &hash].concat();
        vec![
            Fact { name: "context", value: context.to_owned() },
            Fact { name: "transcript_hash", value: all_hex(&hash) },
            Fact { name: "signs", value: all_hex(&signed) },
        ]
    }
}

/// The hash of a signature scheme of TLS 1.2, whose number's first byte tells it.
fn scheme_digest(scheme: u16) -> Option<&'static digest::Algorithm> {
    match scheme {
        0x0804 | 0x0809 => Some(&digest::SHA256),
        0x0805 | 0x080a => Some(&digest::SHA384),
        0x0806 | 0x080b => Some(&digest::SHA512),
        _ => match scheme >> 8 {
            2 => Some(&digest::SHA1_FOR_LEGACY_USE_ONLY),
            4 => Some(&digest::SHA256),
            5 => Some(&digest::SHA384),
            6 => Some(&digest::SHA512),
            _ => None,
        },
    }
}

/// A server of TLS 1.2 signs both randoms and its parameters (RFC 8422, section 5.4):
/// curve type, group and point.
fn key_exchange(bytes: &[u8], learned: &Learned, agreed: &Agreed) -> Option<Fact> {
    learned.group?;
    let body = bytes.get(4..)?;
    let point = usize::from(*body.get(3)?);
    let parameters = body.get(..4 + point)?;
    let signed = [&agreed.client_random?[..], &agreed.server_random?, parameters].concat();
    Some(Fact { name: "signs", value: all_hex(&signed) })
}
