//! PEM (RFC 7468), as tolerant as it is found: anything between the blocks, any line ends,
//! headers in them.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::text::escape;

/// Base64 with or without its padding.
const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// No line that begins a block is longer.
const LONGEST_LINE: usize = 256;
/// More blocks than this are not read.
const MOST: usize = 100_000;

/// One block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What it says it is: `CERTIFICATE`. Safe to print.
    pub label: String,
    /// What it holds, or why it does not read.
    pub der: Result<Vec<u8>, PemError>,
    /// Whether its headers say that it is encrypted (RFC 1421, as OpenSSL once wrote keys).
    pub encrypted: bool,
}

/// Why PEM does not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// There is no end.
    #[error("the block `{0}` has no end line")]
    NoEnd(String),
    /// The line that should begin a block does not.
    #[error("this line begins no block: `{0}`")]
    NoBeginning(String),
    /// What stands between is not base64.
    #[error("a block is not base64")]
    Base64,
}

/// The start of a text of any length, safe to print.
fn start(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        None => escape(text).into_owned(),
        Some((end, _)) => format!("{}...", escape(text.get(..end).unwrap_or_default())),
    }
}

/// Base64 with white space anywhere in it.
pub(super) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let bare: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    TOLERANT.decode(bare).ok()
}

/// The blocks of a file; none if it has none.
#[must_use]
pub fn blocks(bytes: &[u8]) -> Vec<Block> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    let mut blocks = Vec::new();
    let mut rest = bytes;
    while let Some(at) = find(rest, BEGIN)
        && blocks.len() < MOST
    {
        rest = rest.get(at + BEGIN.len()..).unwrap_or_default();
        let line = rest.get(..LONGEST_LINE).unwrap_or(rest);
        let line = line.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
        let Some(label) = find(line, b"-----").and_then(|end| line.get(..end)) else {
            let line = String::from_utf8_lossy(line);
            let der = Err(PemError::NoBeginning(start(&format!("-----BEGIN {line}"))));
            blocks.push(Block { label: start(&line), der, encrypted: false });
            continue;
        };
        rest = rest.get(label.len() + 5..).unwrap_or_default();
        let label = start(&String::from_utf8_lossy(label));
        // A block ends at its end line, and at the latest where the next one begins.
        let end = find(rest, b"-----");
        let body = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let after = end.and_then(|end| rest.get(end..)).unwrap_or_default();
        let encrypted = find(body, b"ENCRYPTED").is_some();
        let der = if after.starts_with(b"-----END ") {
            base64(contents(body)).ok_or(PemError::Base64)
        } else {
            Err(PemError::NoEnd(label.clone()))
        };
        rest = after;
        blocks.push(Block { label, der, encrypted });
    }
    blocks
}

/// A body without its headers: lines with a colon, up to an empty one.
fn contents(body: &[u8]) -> &[u8] {
    if !body.contains(&b':') {
        return body;
    }
    let gap = find(body, b"\n\n").map(|at| at + 2).or_else(|| find(body, b"\r\n\r\n").map(|at| at + 4));
    gap.and_then(|at| body.get(at..)).unwrap_or_default()
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    let (first, _) = part.split_first()?;
    let mut from = 0;
    loop {
        let rest = bytes.get(from..)?;
        let at = from + rest.iter().position(|byte| byte == first)?;
        if bytes.get(at..)?.starts_with(part) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// Whether a file begins with a block of PEM.
#[must_use]
pub fn is_pem(bytes: &[u8]) -> bool {
    bytes.starts_with(b"-----BEGIN ")
}

/// Bytes as a PEM block of this label, 64 characters a line.
#[must_use]
pub fn pem(label: &str, der: &[u8]) -> String {
    let text = TOLERANT.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for (index, character) in text.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem.push_str(&format!("\n-----END {label}-----\n"));
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_among_anything() {
        let text = format!("Certificate:\n    Data: x\r\n{}junk{}", pem("A", b"one"), pem("B C", &[7; 200]));
        let read = blocks(text.as_bytes());
        let found: Vec<_> =
            read.iter().map(|block| (block.label.as_str(), block.der.clone().unwrap())).collect();
        assert_eq!(found, [("A", b"one".to_vec()), ("B C", vec![7; 200])]);
        assert_eq!(blocks(b"nothing"), []);
    }

    #[test]
    fn what_does_not_read_says_why() {
        let why = |text: &str| blocks(text.as_bytes()).remove(0).der.unwrap_err().to_string();
        assert_eq!(why("-----BEGIN X-----\nAAAA\n"), "the block `X` has no end line");
        assert_eq!(why("-----BEGIN X-----\n!?\n-----END X-----\n"), "a block is not base64");
        assert!(why(&format!("-----BEGIN {}", "\u{1b}".repeat(100_000))).len() < 500);
    }

    #[test]
    fn headers_are_passed_over() {
        let text = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
        let block = blocks(text.as_bytes()).remove(0);
        assert!(block.encrypted);
        assert_eq!(block.der.unwrap(), [0, 0, 0]);
    }
}
