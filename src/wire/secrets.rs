//! The secrets of a key log (NSS key log format: label, client random, secret).

use std::collections::HashMap;

/// A key log, by the client random of the connection.
#[derive(Debug, Default)]
pub(super) struct Secrets<'a>(HashMap<[u8; 32], Vec<(&'a str, Vec<u8>)>>);

/// No secret is longer: the master secret and SHA-384 have 48 bytes.
const LONGEST: usize = 64;

impl<'a> Secrets<'a> {
    /// Reads a key log; lines that are none are passed over.
    pub(super) fn read(text: &'a str) -> Self {
        let mut secrets = Self::default();
        for line in text.lines() {
            let mut words = line.split_ascii_whitespace();
            let (Some(label), Some(random), Some(secret)) = (words.next(), words.next(), words.next()) else {
                continue;
            };
            let random = bytes(random).and_then(|random| <[u8; 32]>::try_from(random).ok());
            let secret = bytes(secret).filter(|secret| secret.len() <= LONGEST);
            if let (Some(random), Some(secret)) = (random, secret) {
                secrets.0.entry(random).or_default().push((label, secret));
            }
        }
        secrets
    }

    /// A connection's secret of this label; the last one if there are several.
    pub(super) fn find(&self, random: &[u8; 32], label: &str) -> Option<&[u8]> {
        let all = self.0.get(random)?;
        all.iter().rfind(|(known, _)| *known == label).map(|(_, secret)| secret.as_slice())
    }
}

/// Bytes from hexadecimal.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) || digits.len() > 2 * LONGEST {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digits
        .chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_none_are_passed_over() {
        let random = "ab".repeat(32);
        let text = format!(
            "# a comment\n\nCLIENT_RANDOM zz 00\nA {random} 01ff extra\nA {random} 02\nB x\nC {random} 0\n"
        );
        let secrets = Secrets::read(&text);
        assert_eq!(secrets.find(&[0xab; 32], "A"), Some(&[2][..]));
        assert_eq!(secrets.find(&[0xab; 32], "C"), None);
        assert_eq!(secrets.find(&[0; 32], "A"), None);
    }
}
