//! The blocks of a pcapng file (draft-ietf-opsawg-pcapng), little-endian, as bytes.

use std::net::IpAddr;

/// Link type 101: a packet begins with its IP header.
const RAW_IP: u16 = 101;
/// Decryption secrets of this type are lines of a TLS key log: "TLSK".
const TLS_KEY_LOG: u32 = 0x544c_534b;
/// `if_tsresol`: times count units of 10⁻⁹ s.
const NANOSECONDS: u8 = 9;
/// No option is longer: its length is a u16, and the padding must fit too.
const LONGEST_OPTION: usize = 0xfff0;

/// The section header: who wrote the file.
pub(super) fn section(application: &str) -> Vec<u8> {
    let mut body = Body::default();
    body.u32(0x1a2b_3c4d).u16(1).u16(0);
    // The section's length is not told.
    body.u32(u32::MAX).u32(u32::MAX);
    body.option(4, application.as_bytes()).end_of_options();
    body.block(0x0a0d_0d0a)
}

/// The one interface: IP packets, stamped in nanoseconds, never cut.
pub(super) fn interface() -> Vec<u8> {
    let mut body = Body::default();
    body.u16(RAW_IP).u16(0).u32(0);
    body.option(9, &[NANOSECONDS]).end_of_options();
    body.block(1)
}

/// The secrets under which the packets behind can be read.
pub(super) fn secrets(key_log: &str) -> Vec<u8> {
    let mut body = Body::default();
    body.u32(TLS_KEY_LOG).u32(u32::try_from(key_log.len()).unwrap_or(u32::MAX));
    body.padded(key_log.as_bytes());
    body.block(10)
}

/// The names of addresses.
pub(super) fn names(names: &[(IpAddr, &str)]) -> Vec<u8> {
    let mut body = Body::default();
    for (address, name) in names {
        let (kind, mut value) = match address {
            IpAddr::V4(address) => (1, address.octets().to_vec()),
            IpAddr::V6(address) => (2, address.octets().to_vec()),
        };
        value.extend(name.bytes().filter(|byte| *byte != 0).take(LONGEST_OPTION - 17));
        value.push(0);
        body.option(kind, &value);
    }
    // The end of the records looks like the end of options.
    body.end_of_options();
    body.block(4)
}

/// A packet, when it passed in nanoseconds since 1970, and what is remarked on it.
pub(super) fn packet(data: &[u8], nanoseconds: u64, remarks: &[String]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let mut body = Body::default();
    body.u32(0).u32((nanoseconds >> 32) as u32).u32(nanoseconds as u32).u32(length).u32(length);
    body.padded(data);
    for remark in remarks {
        let end = remark.floor_char_boundary(LONGEST_OPTION);
        body.option(1, remark.get(..end).unwrap_or_default().as_bytes());
    }
    if !remarks.is_empty() {
        body.end_of_options();
    }
    body.block(6)
}

/// What stands in a block between its two lengths.
#[derive(Default)]
struct Body(Vec<u8>);

impl Body {
    fn u16(&mut self, value: u16) -> &mut Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Bytes, and zeros up to the next multiple of four.
    fn padded(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend(bytes);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }

    fn option(&mut self, code: u16, value: &[u8]) -> &mut Self {
        self.u16(code).u16(u16::try_from(value.len()).unwrap_or(u16::MAX)).padded(value)
    }

    fn end_of_options(&mut self) -> &mut Self {
        self.u32(0)
    }

    fn block(self, kind: u32) -> Vec<u8> {
        let length = u32::try_from(self.0.len() + 12).unwrap_or(u32::MAX).to_le_bytes();
        let mut block = kind.to_le_bytes().to_vec();
        block.extend(length);
        block.extend(self.0);
        block.extend(length);
        block
    }
}
