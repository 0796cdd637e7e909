//! Packets of a pcap file, put into other files.
#![allow(dead_code)]

use std::path::Path;

/// A packet: when, and its bytes from the link's header on.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) link: u32,
    pub(crate) nanoseconds: u64,
    pub(crate) data: Vec<u8>,
}

/// The order of a file's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Little,
    Big,
}

/// A file's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// pcap, microseconds.
    Micro,
    /// pcap, nanoseconds.
    Nano,
    /// pcapng, with this `if_tsresol`.
    Next { resolution: u8 },
}

/// A file of `tests/fixtures/captures`.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/captures");
    std::fs::read(directory.join(name)).unwrap()
}

/// The packets of a little-endian pcap file.
pub(crate) fn frames(file: &[u8]) -> Vec<Frame> {
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let unit = if number(0) == 0xa1b2_3c4d { 1 } else { 1_000 };
    let (link, mut at, mut all) = (number(20), 24, Vec::new());
    while at < file.len() {
        let nanoseconds = u64::from(number(at)) * 1_000_000_000 + u64::from(number(at + 4)) * unit;
        let end = at + 16 + number(at + 8) as usize;
        all.push(Frame { link, nanoseconds, data: file[at + 16..end].to_vec() });
        at = end;
    }
    all
}

/// A packet from its IP header on.
pub(crate) fn network(frame: &Frame) -> &[u8] {
    let header = match frame.link {
        1 => 14,
        113 => 16,
        276 => 20,
        other => panic!("link type {other}"),
    };
    &frame.data[header..]
}

/// The packet with the header of another link type.
pub(crate) fn relinked(frame: &Frame, link: u32) -> Frame {
    let ip = network(frame);
    let mut data: Vec<u8> = match link {
        1 => [vec![0; 12], vec![0x08, 0]].concat(),
        113 => [vec![0; 14], vec![0x08, 0]].concat(),
        276 => [vec![0x08, 0], vec![0; 18]].concat(),
        0 => vec![2, 0, 0, 0],
        108 => vec![0, 0, 0, 2],
        _ => Vec::new(),
    };
    data.extend(ip);
    // Ethernet fills short packets up.
    if link == 1 {
        data.resize(data.len().max(60), 0);
    }
    Frame { link, nanoseconds: frame.nanoseconds, data }
}

/// A capture file of these packets.
pub(crate) fn file(format: Format, order: Order, link: u32, frames: &[Frame]) -> Vec<u8> {
    let long = |value: u32| if order == Order::Little { value.to_le_bytes() } else { value.to_be_bytes() };
    let short = |value: u16| if order == Order::Little { value.to_le_bytes() } else { value.to_be_bytes() };
    let block = |kind: u32, body: &[u8]| {
        let length = long(body.len() as u32 + 12);
        [&long(kind), &length[..], body, &length].concat()
    };
    let Format::Next { resolution } = format else {
        let (magic, unit) = if format == Format::Nano { (0xa1b2_3c4d, 1) } else { (0xa1b2_c3d4, 1_000) };
        let mut out = [&long(magic)[..], &short(2), &short(4), &[0; 8], &long(0), &long(link)].concat();
        for frame in frames {
            let (seconds, rest) = (frame.nanoseconds / 1_000_000_000, frame.nanoseconds % 1_000_000_000);
            let length = long(frame.data.len() as u32);
            out.extend([long(seconds as u32), long((rest / unit) as u32), length, length].concat());
            out.extend(&frame.data);
        }
        return out;
    };
    let mut out = block(0x0a0d_0d0a, &[&long(0x1a2b_3c4d)[..], &short(1), &short(0), &[0xff; 8]].concat());
    let option = [&short(9)[..], &short(1), &[resolution, 0, 0, 0], &[0; 4]].concat();
    out.extend(block(1, &[&short(link as u16)[..], &[0; 6], &option].concat()));
    for frame in frames {
        let time = if resolution & 0x80 != 0 {
            ((u128::from(frame.nanoseconds) << (resolution & 0x7f)) / 1_000_000_000) as u64
        } else {
            frame.nanoseconds / 10_u64.pow(9 - u32::from(resolution))
        };
        let length = long(frame.data.len() as u32);
        let mut body = [long(0), long((time >> 32) as u32), long(time as u32), length, length].concat();
        body.extend(&frame.data);
        body.resize(body.len().next_multiple_of(4), 0);
        out.extend(block(6, &body));
    }
    out
}
