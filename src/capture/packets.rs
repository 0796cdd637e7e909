//! The TCP packets in which a recording would have crossed a network.

use std::cmp::Reverse;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use etherparse::{IpHeaders, Ipv4Header, Ipv6Header, PacketBuilder, TcpHeader, TcpOptionElement, ip_number};

use super::Conversation;
use super::peer::introduction;
use crate::wire::{Gap, Recording, Side};

/// Both ends say in their SYN that they take so many bytes in a packet: what fits in
/// Ethernet's 1,500 behind the headers of IPv6 and TCP.
const LARGEST: u16 = 1_440;
/// So many packets may follow each other before the other end says that it has them. They
/// fit in a window of 64 KiB, so none is ever full.
const UNANSWERED: usize = 32;
/// Sequence numbers begin elsewhere for each connection of a file, as a host's clock would
/// have them: two connections between the same ports are told apart by it.
const APART: u32 = 0x0123_4567;

/// A packet as it goes into a file.
pub(super) struct Packet {
    /// Nanoseconds since 1970.
    pub(super) at: u64,
    /// From the IP header on.
    pub(super) data: Vec<u8>,
    /// What is remarked on it.
    pub(super) remarks: Vec<String>,
}

/// The packets of one connection: the handshake of TCP, the recorded bytes in the order
/// and at the times of their segments, and the end of both directions. Bytes that the
/// recording says are missing have no packet, but their place in the sequence.
///
/// # Errors
///
/// If a packet cannot be built.
pub(super) fn packets(conversation: &Conversation, number: usize) -> io::Result<Vec<Packet>> {
    let mut line = Line::new(conversation, number);
    line.send(Side::Client, Flags::SYN, &[])?;
    if let (Some(client), Some(server)) = (&conversation.client.name, &conversation.server.name) {
        line.remark(0, introduction(client, server));
    }
    line.send(Side::Server, Flags::SYN_ACK, &[])?;
    line.send(Side::Client, Flags::ACK, &[])?;
    let recording = &conversation.recording;
    let mut comments: Vec<_> = conversation.comments.iter().collect();
    comments.sort_by_key(|comment| comment.segment);
    let mut comments = comments.into_iter().peekable();
    let mut last = Side::Client;
    for (index, segment) in recording.segments.iter().enumerate() {
        line.at = line.at.max(nanoseconds(recording, segment.at));
        let first = line.sent.len();
        line.bring(recording, segment.from, segment.offset.saturating_add(segment.length))?;
        while let Some(comment) = comments.next_if(|comment| comment.segment <= index) {
            line.remark(first, comment.text.clone());
        }
        last = segment.from;
    }
    for side in [Side::Client, Side::Server] {
        line.bring(recording, side, recording.stream(side).len())?;
        line.skip(side);
    }
    // Who spoke last hangs up first.
    line.send(last, Flags::FIN, &[])?;
    line.send(last.other(), Flags::FIN, &[])?;
    line.send(last, Flags::ACK, &[])?;
    Ok(line.sent)
}

fn nanoseconds(recording: &Recording, since: Duration) -> u64 {
    let started = u64::try_from(recording.started.unix_timestamp_nanos()).unwrap_or(0);
    started.saturating_add(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

/// What a packet says beside its bytes.
struct Flags {
    syn: bool,
    ack: bool,
    push: bool,
    fin: bool,
}

impl Flags {
    const SYN: Self = Self { syn: true, ack: false, push: false, fin: false };
    const SYN_ACK: Self = Self { syn: true, ack: true, push: false, fin: false };
    const ACK: Self = Self { syn: false, ack: true, push: false, fin: false };
    const PUSH: Self = Self { syn: false, ack: true, push: true, fin: false };
    const FIN: Self = Self { syn: false, ack: true, push: false, fin: true };
}

/// How far one end is.
struct End {
    address: SocketAddr,
    /// The sequence number of what it sends next.
    next: u32,
    /// How many bytes of its recorded stream it has sent.
    done: usize,
    /// How many packets with bytes the other end has not answered.
    unanswered: usize,
    /// How many packets it has sent at all.
    packets: u16,
    /// Where bytes of it are missing, the next place last.
    gaps: Vec<Gap>,
}

/// One connection while its packets are made.
struct Line {
    client: End,
    server: End,
    at: u64,
    sent: Vec<Packet>,
}

impl Line {
    fn new(conversation: &Conversation, number: usize) -> Self {
        let apart = APART.wrapping_mul(u32::try_from(number).unwrap_or(u32::MAX).wrapping_add(1));
        let end = |from, address, first: u32| {
            let gaps = conversation.recording.gaps.iter().filter(|gap| gap.from == from);
            let mut gaps: Vec<_> = gaps.copied().collect();
            gaps.sort_by_key(|gap| Reverse(gap.offset));
            let next = first.wrapping_add(apart);
            End { address, next, done: 0, unanswered: 0, packets: 0, gaps }
        };
        Self {
            client: end(Side::Client, conversation.client.address, 0x2000_0000),
            server: end(Side::Server, conversation.server.address, 0xa000_0000),
            at: nanoseconds(&conversation.recording, Duration::ZERO),
            sent: Vec::new(),
        }
    }

    fn ends(&mut self, from: Side) -> (&mut End, &mut End) {
        match from {
            Side::Client => (&mut self.client, &mut self.server),
            Side::Server => (&mut self.server, &mut self.client),
        }
    }

    fn remark(&mut self, packet: usize, text: String) {
        if let Some(packet) = self.sent.get_mut(packet) {
            packet.remarks.push(text);
        }
    }

    /// Leaves out what is missing where one end's stream is now.
    fn skip(&mut self, from: Side) {
        let end = self.ends(from).0;
        while let Some(gap) = end.gaps.pop_if(|gap| gap.offset <= end.done) {
            end.next = end.next.wrapping_add(u32::try_from(gap.length).unwrap_or(u32::MAX));
        }
    }

    /// Sends one end's stream up to an offset of it.
    fn bring(&mut self, recording: &Recording, from: Side, until: usize) -> io::Result<()> {
        let stream = recording.stream(from);
        let until = until.min(stream.len());
        let mut offset = self.ends(from).0.done;
        while offset < until {
            self.skip(from);
            let hole = self.ends(from).0.gaps.last().map_or(until, |gap| gap.offset);
            let stop = until.min(hole).min(offset + usize::from(LARGEST));
            let flags = if stop == until { Flags::PUSH } else { Flags::ACK };
            self.send(from, flags, stream.get(offset..stop).unwrap_or_default())?;
            offset = stop;
            let end = self.ends(from).0;
            end.done = stop;
            end.unanswered += 1;
            if end.unanswered >= UNANSWERED {
                self.send(from.other(), Flags::ACK, &[])?;
            }
        }
        Ok(())
    }

    /// One packet.
    fn send(&mut self, from: Side, flags: Flags, bytes: &[u8]) -> io::Result<()> {
        let (end, other) = self.ends(from);
        let mut tcp = TcpHeader::new(end.address.port(), other.address.port(), end.next, u16::MAX);
        tcp.syn = flags.syn;
        tcp.ack = flags.ack;
        tcp.psh = flags.push;
        tcp.fin = flags.fin;
        if flags.ack {
            tcp.acknowledgment_number = other.next;
            other.unanswered = 0;
        }
        if flags.syn {
            tcp.set_options(&[TcpOptionElement::MaximumSegmentSize(LARGEST)]).map_err(io::Error::other)?;
        }
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        end.next = end.next.wrapping_add(length).wrapping_add(u32::from(flags.syn || flags.fin));
        end.packets = end.packets.wrapping_add(1);
        let ip = ip_header(end.address.ip(), other.address.ip(), end.packets);
        let mut data = Vec::with_capacity(bytes.len() + 64);
        PacketBuilder::ip(ip).tcp_header(tcp).write_to_vec(&mut data, bytes).map_err(io::Error::other)?;
        let at = self.at;
        self.sent.push(Packet { at, data, remarks: Vec::new() });
        Ok(())
    }
}

/// The IP header; lengths and checksums come when the packet is built. Where the two ends
/// are of different families, both are written as IPv6 (RFC 4291 section 2.5.5.2).
fn ip_header(source: IpAddr, destination: IpAddr, identification: u16) -> IpHeaders {
    const HOPS: u8 = 64;
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let mut header = Ipv4Header {
                identification,
                dont_fragment: true,
                time_to_live: HOPS,
                protocol: ip_number::TCP,
                source: source.octets(),
                destination: destination.octets(),
                ..Ipv4Header::default()
            };
            header.header_checksum = header.calc_header_checksum();
            IpHeaders::Ipv4(header, Default::default())
        }
        (source, destination) => {
            let octets = |address| match address {
                IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
                IpAddr::V6(address) => address.octets(),
            };
            let header = Ipv6Header {
                hop_limit: HOPS,
                next_header: ip_number::TCP,
                source: octets(source),
                destination: octets(destination),
                ..Ipv6Header::default()
            };
            IpHeaders::Ipv6(header, Default::default())
        }
    }
}
