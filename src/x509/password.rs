//! What a password protects: PBES2 (RFC 8018), in which OpenSSL 3 and Java write, the schemes
//! of PKCS #12 (RFC 7292, appendix C), in which older ones did, and the MAC over a store.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{self, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{digest, hmac, pbkdf2};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, InnerIvInit, KeyIvInit};

use super::oid;
use super::tag;
use super::view::View;

/// Deriving keys takes time by numbers that a file names: all of one file may add up to this.
const MOST_ITERATIONS: u64 = 5_000_000;

/// Why something stays closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Closed {
    /// The password is another.
    Password,
    /// The way in which it is encrypted, by its name, is not read here.
    Scheme(String),
    /// It is encrypted in a known way, with parameters that do not read or take too long.
    Parameters,
}

/// The password of a file, and how much may still be done with it.
#[derive(Debug)]
pub(super) struct Password<'a> {
    text: Option<&'a str>,
    iterations: u64,
}

/// The name of an AlgorithmIdentifier.
fn name(algorithm: Option<View<'_>>) -> String {
    algorithm.and_then(|algorithm| algorithm.child(0)?.oid()).map(oid::name).unwrap_or_default()
}

impl<'a> Password<'a> {
    /// None stands for the empty one.
    pub(super) const fn new(text: Option<&'a str>) -> Self {
        Self { text, iterations: MOST_ITERATIONS }
    }

    /// Whether somebody gave one.
    pub(super) const fn is_given(&self) -> bool {
        self.text.is_some()
    }

    fn text(&self) -> &'a str {
        self.text.unwrap_or_default()
    }

    /// The number of iterations, if so many may still be done.
    fn iterations(&mut self, number: Option<View<'_>>) -> Option<NonZeroU32> {
        let number = NonZeroU32::new(u32::try_from(number?.number()?).ok()?)?;
        self.iterations = self.iterations.checked_sub(number.get().into())?;
        Some(number)
    }

    /// What was encrypted by this algorithm.
    pub(super) fn decrypt(&mut self, algorithm: View<'_>, contents: &[u8]) -> Result<Vec<u8>, Closed> {
        let scheme = name(Some(algorithm));
        let plain = match scheme.as_str() {
            "PBES2" => self.pbes2(algorithm, contents)?,
            "pbeWithSHAAnd3-KeyTripleDES-CBC" => {
                let (key, vector) = self.legacy(algorithm, 24)?;
                opened::<des::TdesEde3>(&key, &vector, contents)
            }
            "pbeWithSHAAnd2-KeyTripleDES-CBC" => {
                let (key, vector) = self.legacy(algorithm, 16)?;
                opened::<des::TdesEde2>(&key, &vector, contents)
            }
            "pbeWithSHAAnd128BitRC2-CBC" => self.rc2(algorithm, contents, 16)?,
            "pbeWithSHAAnd40BitRC2-CBC" => self.rc2(algorithm, contents, 5)?,
            _ => return Err(Closed::Scheme(scheme)),
        };
        // A wrong password may leave what looks like padding.
        plain.filter(|plain| plain.first() == Some(&0x30)).ok_or(Closed::Password)
    }

    fn pbes2(&mut self, algorithm: View<'_>, contents: &[u8]) -> Result<Option<Vec<u8>>, Closed> {
        let parameters = algorithm.child(1).ok_or(Closed::Parameters)?;
        let (derivation, scheme) = (parameters.child(0), parameters.child(1));
        let length = match name(scheme).as_str() {
            "aes-128-cbc" => 16,
            "aes-192-cbc" | "des-ede3-cbc" => 24,
            "aes-256-cbc" => 32,
            other => return Err(Closed::Scheme(format!("PBES2 with {other}"))),
        };
        if name(derivation) != "PBKDF2" {
            return Err(Closed::Scheme(format!("PBES2 with {}", name(derivation))));
        }
        let parameters = derivation.and_then(|derivation| derivation.child(1)).ok_or(Closed::Parameters)?;
        let digest = parameters.children().skip(2).find(|part| part.is(tag::SEQUENCE));
        let digest = digest.map_or_else(|| "hmacWithSHA1".to_owned(), |digest| name(Some(digest)));
        let digest = match digest.as_str() {
            "hmacWithSHA1" => pbkdf2::PBKDF2_HMAC_SHA1,
            "hmacWithSHA256" => pbkdf2::PBKDF2_HMAC_SHA256,
            "hmacWithSHA384" => pbkdf2::PBKDF2_HMAC_SHA384,
            "hmacWithSHA512" => pbkdf2::PBKDF2_HMAC_SHA512,
            other => return Err(Closed::Scheme(format!("PBES2 with {other}"))),
        };
        let salt = parameters.child(0).ok_or(Closed::Parameters)?.contents();
        let iterations = self.iterations(parameters.child(1)).ok_or(Closed::Parameters)?;
        let vector = scheme.and_then(|scheme| scheme.child(1)).ok_or(Closed::Parameters)?.contents();
        let mut key = vec![0; length];
        pbkdf2::derive(digest, iterations, salt, self.text().as_bytes(), &mut key);
        if let Ok(vector) = <[u8; 8]>::try_from(vector) {
            return Ok(opened::<des::TdesEde3>(&key, &vector, contents));
        }
        let vector = <[u8; 16]>::try_from(vector).map_err(|_| Closed::Parameters)?;
        Ok(aes(&key, vector, contents))
    }

    /// Key and vector of a scheme of PKCS #12.
    fn legacy(&mut self, algorithm: View<'_>, length: usize) -> Result<(Vec<u8>, Vec<u8>), Closed> {
        let parameters = algorithm.child(1).ok_or(Closed::Parameters)?;
        let salt = parameters.child(0).ok_or(Closed::Parameters)?.contents();
        let iterations = self.iterations(parameters.child(1)).ok_or(Closed::Parameters)?;
        let digest = &digest::SHA1_FOR_LEGACY_USE_ONLY;
        let derive = |purpose, length| derived(digest, purpose, self.text(), salt, iterations, length);
        Ok((derive(Purpose::Key, length), derive(Purpose::Vector, 8)))
    }

    fn rc2(
        &mut self,
        algorithm: View<'_>,
        contents: &[u8],
        length: usize,
    ) -> Result<Option<Vec<u8>>, Closed> {
        let (key, vector) = self.legacy(algorithm, length)?;
        let cipher = rc2::Rc2::new_with_eff_key_len(&key, 8 * length);
        let decryptor = cbc::Decryptor::inner_iv_slice_init(cipher, &vector);
        Ok(decryptor.ok().and_then(|decryptor| decryptor.decrypt_padded_vec::<Pkcs7>(contents).ok()))
    }

    /// Whether a MacData (RFC 7292, section 4) is that of these contents; none where it is of
    /// a kind that is not read here.
    pub(super) fn is_mac_of(&mut self, mac: View<'_>, contents: &[u8]) -> Option<bool> {
        let (info, salt) = (mac.child(0)?, mac.child(1)?.contents());
        let (digest, algorithm) = match name(info.child(0)).as_str() {
            "sha1" => (&digest::SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
            "sha224" => (&digest::SHA224, hmac::HMAC_SHA224),
            "sha256" => (&digest::SHA256, hmac::HMAC_SHA256),
            "sha384" => (&digest::SHA384, hmac::HMAC_SHA384),
            "sha512" => (&digest::SHA512, hmac::HMAC_SHA512),
            _ => return None,
        };
        let iterations = match mac.child(2) {
            Some(number) => self.iterations(Some(number))?,
            None => NonZeroU32::MIN,
        };
        let key = derived(digest, Purpose::Mac, self.text(), salt, iterations, digest.output_len());
        let key = hmac::Key::new(algorithm, &key);
        Some(hmac::verify(&key, contents, info.child(1)?.contents()).is_ok())
    }
}

fn aes(key: &[u8], vector: [u8; 16], contents: &[u8]) -> Option<Vec<u8>> {
    let algorithm = match key.len() {
        16 => &cipher::AES_128,
        24 => &cipher::AES_192,
        _ => &cipher::AES_256,
    };
    let key = UnboundCipherKey::new(algorithm, key).and_then(PaddedBlockDecryptingKey::cbc_pkcs7).ok()?;
    let context = DecryptionContext::Iv128(FixedLength::from(vector));
    let mut contents = contents.to_vec();
    key.decrypt(&mut contents, context).ok().map(|plain| plain.to_vec())
}

/// What a cipher of old leaves of it in CBC.
fn opened<C>(key: &[u8], vector: &[u8], contents: &[u8]) -> Option<Vec<u8>>
where
    C: cbc::cipher::BlockCipherDecrypt + cbc::cipher::KeyInit,
{
    let decryptor = cbc::Decryptor::<C>::new_from_slices(key, vector).ok()?;
    decryptor.decrypt_padded_vec::<Pkcs7>(contents).ok()
}

/// What a key is derived for (RFC 7292, appendix B.3).
#[derive(Debug, Clone, Copy)]
enum Purpose {
    Key = 1,
    Vector = 2,
    Mac = 3,
}

/// The derivation of RFC 7292, appendix B.2.
fn derived(
    digest: &'static digest::Algorithm,
    purpose: Purpose,
    password: &str,
    salt: &[u8],
    iterations: NonZeroU32,
    length: usize,
) -> Vec<u8> {
    let block = digest.block_len();
    // A BMPString with its end (appendix B.1).
    let password: Vec<u8> = password.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect();
    let filled = |text: &[u8]| -> Vec<u8> {
        text.iter().copied().cycle().take(text.len().div_ceil(block) * block).collect()
    };
    let mut input = [filled(salt), filled(&password)].concat();
    let mut key = Vec::new();
    while key.len() < length {
        let mut first = digest::Context::new(digest);
        first.update(&vec![purpose as u8; block]);
        first.update(&input);
        let mut hash = first.finish();
        for _ in 1..iterations.get() {
            hash = digest::digest(digest, hash.as_ref());
        }
        key.extend_from_slice(hash.as_ref());
        // Each block of the input, as a number, grows by the hash and one.
        let grown: Vec<u8> = hash.as_ref().iter().copied().cycle().take(block).collect();
        for number in input.chunks_mut(block) {
            let mut carry = 1;
            for (octet, more) in number.iter_mut().zip(&grown).rev() {
                let sum = u16::from(*octet) + u16::from(*more) + carry;
                let [high, low] = sum.to_be_bytes();
                (*octet, carry) = (low, high.into());
            }
        }
    }
    key.truncate(length);
    key
}
