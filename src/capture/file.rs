//! The two formats of capture files, taken apart: pcapng (draft-ietf-opsawg-pcapng) and
//! the older pcap (draft-ietf-opsawg-pcap), in both byte orders.
//!
//! Read here and not by a crate: of the two that are kept, one does not know secrets, and
//! the other refuses binary time units, reads options of big-endian files as little-endian
//! and gives up on a file for one block that it cannot read.

use std::net::IpAddr;

use super::CaptureError;

/// What a file holds, one after the other.
#[derive(Debug)]
pub(super) enum Item<'a> {
    /// A packet.
    Packet(Frame<'a>),
    /// Lines of a TLS key log.
    Secrets(&'a [u8]),
    /// An address's name.
    Name(IpAddr, &'a [u8]),
    /// A block that cannot be read; the next one can.
    Broken,
    /// What follows cannot be read: the file ends in the middle of a block or lies about
    /// a length. The offset at which that block begins.
    End(usize),
}

/// A packet as it stands in a file.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    /// The link type; none if the packet names an interface that the file does not describe.
    pub(super) link: Option<u16>,
    /// Nanoseconds since 1970.
    pub(super) at: i128,
    /// What was captured.
    pub(super) data: &'a [u8],
    /// Whether the packet was longer than that.
    pub(super) cut: bool,
    /// What was remarked on it.
    pub(super) remarks: Vec<&'a [u8]>,
}

const NANOSECONDS: i128 = 1_000_000_000;

/// What a file holds.
///
/// # Errors
///
/// If it is no capture.
pub(super) fn items(bytes: &[u8]) -> Result<Box<dyn Iterator<Item = Item<'_>> + '_>, CaptureError> {
    let magic: [u8; 4] = bytes.first_chunk().copied().ok_or(CaptureError::Short)?;
    let older = |order, unit| -> Result<Box<dyn Iterator<Item = Item<'_>> + '_>, CaptureError> {
        Ok(Box::new(Older::new(Bytes { order, rest: bytes }, unit).ok_or(CaptureError::Short)?))
    };
    match magic {
        [0x0a, 0x0d, 0x0d, 0x0a] => Ok(Box::new(Newer::new(bytes))),
        [0xd4, 0xc3, 0xb2, 0xa1] => older(Order::Little, 1_000),
        [0xa1, 0xb2, 0xc3, 0xd4] => older(Order::Big, 1_000),
        [0x4d, 0x3c, 0xb2, 0xa1] => older(Order::Little, 1),
        [0xa1, 0xb2, 0x3c, 0x4d] => older(Order::Big, 1),
        [0x1f, 0x8b, ..] => Err(CaptureError::Compressed),
        _ => Err(CaptureError::Unknown),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Little,
    Big,
}

/// Bytes that are read from the front.
#[derive(Debug, Clone, Copy)]
struct Bytes<'a> {
    order: Order,
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// As many bytes, and what pads them to a multiple of four, as far as it is there.
    fn padded(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.take(length)?;
        let padding = length.next_multiple_of(4) - length;
        self.take(padding.min(self.rest.len()))?;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        let bytes = *self.take(2)?.first_chunk()?;
        Some(if self.order == Order::Little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    fn u32(&mut self) -> Option<u32> {
        let bytes = *self.take(4)?.first_chunk()?;
        Some(if self.order == Order::Little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.u32()?).ok()
    }

    fn u64(&mut self) -> Option<u64> {
        let (first, second) = (u64::from(self.u32()?), u64::from(self.u32()?));
        Some(if self.order == Order::Little { second << 32 | first } else { first << 32 | second })
    }

    /// The next option or name record: its code and value; none at the end.
    fn option(&mut self) -> Option<(u16, &'a [u8])> {
        let (code, length) = (self.u16()?, self.u16()?);
        (code != 0).then_some(())?;
        Some((code, self.padded(usize::from(length))?))
    }
}

/// A file of the older format, behind its header.
struct Older<'a> {
    bytes: Bytes<'a>,
    whole: usize,
    /// Nanoseconds that the second half of a time counts.
    unit: i128,
    link: u16,
    done: bool,
}

impl<'a> Older<'a> {
    fn new(mut bytes: Bytes<'a>, unit: i128) -> Option<Self> {
        let whole = bytes.rest.len();
        bytes.take(20)?;
        // The upper half tells of frame check sequences.
        let link = (bytes.u32()? & 0xffff) as u16;
        Some(Self { bytes, whole, unit, link, done: false })
    }

    fn frame(&mut self) -> Option<Frame<'a>> {
        let (seconds, fraction) = (self.bytes.u32()?, self.bytes.u32()?);
        let (captured, original) = (self.bytes.length()?, self.bytes.length()?);
        let data = self.bytes.take(captured)?;
        let at = i128::from(seconds) * NANOSECONDS + i128::from(fraction) * self.unit;
        Some(Frame { link: Some(self.link), at, data, cut: captured < original, remarks: Vec::new() })
    }
}

impl<'a> Iterator for Older<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        if self.done || self.bytes.rest.is_empty() {
            return None;
        }
        let begin = self.whole - self.bytes.rest.len();
        Some(self.frame().map_or_else(
            || {
                self.done = true;
                Item::End(begin)
            },
            Item::Packet,
        ))
    }
}

/// An interface of a section.
struct Interface {
    link: u16,
    longest: usize,
    /// `if_tsresol`: 10⁻ⁿ s, or with the highest bit 2⁻ⁿ s.
    resolution: u8,
    /// Seconds that are added to each time.
    offset: i64,
}

impl Interface {
    fn read(mut body: Bytes<'_>) -> Option<Self> {
        let link = body.u16()?;
        body.u16()?;
        let longest = match body.length()? {
            0 => usize::MAX,
            longest => longest,
        };
        let mut interface = Self { link, longest, resolution: 6, offset: 0 };
        while let Some((code, value)) = body.option() {
            let mut value = Bytes { order: body.order, rest: value };
            match code {
                9 => interface.resolution = *value.rest.first()?,
                14 => interface.offset = value.u64()?.cast_signed(),
                _ => {}
            }
        }
        Some(interface)
    }

    /// Nanoseconds since 1970.
    fn time(&self, units: u64) -> i128 {
        let (units, power) = (i128::from(units), u32::from(self.resolution & 0x7f));
        let since = if self.resolution & 0x80 != 0 {
            (units * NANOSECONDS) >> power.min(126)
        } else if power <= 9 {
            units * 10_i128.pow(9 - power)
        } else {
            10_i128.checked_pow(power - 9).map_or(0, |divisor| units / divisor)
        };
        since + i128::from(self.offset) * NANOSECONDS
    }
}

/// A pcapng file.
struct Newer<'a> {
    bytes: Bytes<'a>,
    whole: usize,
    interfaces: Vec<Interface>,
    names: Option<Bytes<'a>>,
    /// The names left of one address.
    more: Option<(IpAddr, &'a [u8])>,
    done: bool,
}

impl<'a> Newer<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let all = Bytes { order: Order::Little, rest: bytes };
        Self { bytes: all, whole: bytes.len(), interfaces: Vec::new(), names: None, more: None, done: false }
    }

    /// The next block's type and body.
    fn block(&mut self) -> Option<(u32, Bytes<'a>)> {
        let mut bytes = self.bytes;
        let kind = bytes.u32()?;
        if kind == 0x0a0d_0d0a {
            // A section says by this number in which order it is written.
            let mut ahead = Bytes { order: Order::Little, rest: bytes.rest.get(4..)? };
            let order = match ahead.u32()? {
                0x1a2b_3c4d => Order::Little,
                0x4d3c_2b1a => Order::Big,
                _ => return None,
            };
            bytes.order = order;
        }
        let length = bytes.length()?;
        let body = Bytes { order: bytes.order, rest: bytes.take(length.checked_sub(12)?)? };
        if bytes.length()? != length || length % 4 != 0 {
            return None;
        }
        self.bytes = bytes;
        Some((kind, body))
    }

    /// A name of the name resolution block that is being read.
    fn name(&mut self) -> Option<Item<'a>> {
        loop {
            if let Some((address, rest)) = self.more.take() {
                let mut parts = rest.splitn(2, |byte| *byte == 0);
                let name = parts.next().unwrap_or_default();
                self.more = parts.next().filter(|rest| !rest.is_empty()).map(|rest| (address, rest));
                if !name.is_empty() {
                    return Some(Item::Name(address, name));
                }
                continue;
            }
            let (kind, value) = self.names.as_mut()?.option()?;
            self.more = match kind {
                1 => value.split_first_chunk::<4>().map(|(address, names)| (IpAddr::from(*address), names)),
                2 => value.split_first_chunk::<16>().map(|(address, names)| (IpAddr::from(*address), names)),
                _ => None,
            };
        }
    }

    /// What a block holds; nothing if it is of no interest.
    fn read(&mut self, kind: u32, mut body: Bytes<'a>) -> Option<Option<Item<'a>>> {
        match kind {
            0x0a0d_0d0a => {
                self.interfaces.clear();
                Some(None)
            }
            1 => {
                self.interfaces.push(Interface::read(body)?);
                Some(None)
            }
            2 | 6 => self.packet(kind, &mut body).map(|frame| Some(Item::Packet(frame))),
            3 => self.simple(&mut body).map(|frame| Some(Item::Packet(frame))),
            4 => {
                self.names = Some(body);
                Some(None)
            }
            10 => {
                let kind = body.u32()?;
                let length = body.length()?;
                let secrets = body.take(length)?;
                // "TLSK"
                Some((kind == 0x544c_534b).then_some(Item::Secrets(secrets)))
            }
            _ => Some(None),
        }
    }

    /// An enhanced packet, or a packet of the form that it replaced (2), whose interface
    /// shares its place with a counter.
    fn packet(&self, kind: u32, body: &mut Bytes<'a>) -> Option<Frame<'a>> {
        let number = if kind == 2 {
            let number = usize::from(body.u16()?);
            body.u16()?;
            number
        } else {
            body.length()?
        };
        let (high, low) = (u64::from(body.u32()?), u64::from(body.u32()?));
        let (captured, original) = (body.length()?, body.length()?);
        let data = body.padded(captured)?;
        let interface = self.interfaces.get(number);
        let mut remarks = Vec::new();
        while let Some((code, value)) = body.option() {
            if code == 1 {
                remarks.push(value);
            }
        }
        Some(Frame {
            link: interface.map(|interface| interface.link),
            at: interface.map_or(0, |interface| interface.time(high << 32 | low)),
            data,
            cut: captured < original,
            remarks,
        })
    }

    /// A packet with nothing but its bytes.
    fn simple(&self, body: &mut Bytes<'a>) -> Option<Frame<'a>> {
        let original = body.length()?;
        let interface = self.interfaces.first();
        let captured = original.min(interface.map_or(usize::MAX, |interface| interface.longest));
        let data = body.take(captured)?;
        let link = interface.map(|interface| interface.link);
        Some(Frame { link, at: 0, data, cut: captured < original, remarks: Vec::new() })
    }
}

impl<'a> Iterator for Newer<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        loop {
            if let Some(name) = self.name() {
                return Some(name);
            }
            self.names = None;
            if self.done || self.bytes.rest.is_empty() {
                return None;
            }
            let begin = self.whole - self.bytes.rest.len();
            let Some((kind, body)) = self.block() else {
                self.done = true;
                return Some(Item::End(begin));
            };
            match self.read(kind, body) {
                Some(Some(item)) => return Some(item),
                Some(None) => {}
                None => return Some(Item::Broken),
            }
        }
    }
}
