//! PEM as it stands in a file, with everything that is odd about it.

use base64::Engine as _;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

/// One block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) label: String,
    pub(super) der: Vec<u8>,
    /// Whether it is encrypted with a passphrase.
    pub(super) is_encrypted: bool,
}

impl Block {
    pub(super) fn is_private_key(&self) -> bool {
        self.label.ends_with("PRIVATE KEY")
    }
}

/// What a text holds in PEM.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Pem {
    pub(super) blocks: Vec<Block>,
    /// Blocks that do not read, each with the reason.
    pub(super) broken: Vec<String>,
    /// Begin lines that Go does not see, by their number: something stands before them.
    pub(super) hidden: Vec<usize>,
    /// Text outside the blocks, the first line of it by number.
    pub(super) text: Option<usize>,
    pub(super) has_carriage_returns: bool,
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";

/// Reads all blocks, in one pass.
pub(super) fn read(text: &str) -> Pem {
    let mut pem = Pem { has_carriage_returns: text.contains("\r\n"), ..Pem::default() };
    let mut open: Option<(&str, usize, String, bool)> = None;
    for (number, line) in text.split('\n').enumerate().map(|(index, line)| (index + 1, line.trim_end())) {
        let begins = line.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix("-----"));
        match (&mut open, begins) {
            (_, Some(label)) => {
                if let Some((_, line, ..)) = open {
                    pem.broken.push(format!("line {line}: the block has no end line"));
                }
                open = Some((label, number, String::new(), false));
            }
            (None, None) if line.contains(BEGIN) => pem.hidden.push(number),
            (None, None) if !line.is_empty() => {
                pem.text.get_or_insert(number);
            }
            (None, None) => {}
            (Some((label, began, body, is_encrypted)), None) => {
                if let Some(end) = line.strip_prefix(END) {
                    if end.strip_suffix("-----") != Some(*label) {
                        pem.broken.push(format!("line {number}: the end line is not that of line {began}"));
                    } else if *is_encrypted || label.starts_with("ENCRYPTED ") {
                        pem.blocks.push(Block {
                            label: (*label).to_owned(),
                            der: Vec::new(),
                            is_encrypted: true,
                        });
                    } else if let Some(der) = decode(body) {
                        pem.blocks.push(Block { label: (*label).to_owned(), der, is_encrypted: false });
                    } else {
                        pem.broken.push(format!("line {began}: the block is not base64"));
                    }
                    open = None;
                } else if line.contains(':') {
                    *is_encrypted |= line.starts_with("Proc-Type:") && line.contains("ENCRYPTED");
                } else if !*is_encrypted {
                    body.push_str(line.trim());
                }
            }
        }
    }
    if let Some((_, line, ..)) = open {
        pem.broken.push(format!("line {line}: the block has no end line"));
    }
    pem
}

/// Base64 as Go decodes it: bits beyond the last octet do not matter.
fn decode(body: &str) -> Option<Vec<u8>> {
    let lenient = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&base64::alphabet::STANDARD, lenient).decode(body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_odd_is_told() {
        let whole = "-----BEGIN A-----\nAAAA\n-----END A-----\n";
        assert_eq!(read(whole).blocks.len(), 1);
        let pem = read(&format!("Bag Attributes\n{whole}  -----BEGIN A-----\n"));
        assert_eq!((pem.blocks.len(), pem.text, pem.hidden), (1, Some(1), vec![5]));
        assert!(read("-----BEGIN A-----\nAAAA").broken[0].contains("no end line"));
        assert!(read("-----BEGIN A-----\n!\n-----END A-----").broken[0].contains("not base64"));
        assert!(read("-----BEGIN A-----\nAAAA\n-----END B-----").broken[0].contains("end line is not"));
        let locked = "-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\n\nAAAA\n-----END A-----\n";
        assert!(read(locked).blocks[0].is_encrypted);
        assert!(read(&whole.replace('\n', "\r\n")).has_carriage_returns);
        assert_eq!(read(&format!("\u{feff}{whole}")).hidden, [1]);
    }
}
