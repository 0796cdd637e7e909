//! From the bytes of a packet to its TCP segment.

use std::net::{IpAddr, SocketAddr};

use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TransportSlice, ether_type};

use super::Skip;

/// A TCP segment.
#[derive(Debug)]
pub(super) struct Tcp<'a> {
    pub(super) source: SocketAddr,
    pub(super) destination: SocketAddr,
    pub(super) sequence: u32,
    /// What the sender says it has of the other end's bytes.
    pub(super) acknowledged: Option<u32>,
    pub(super) syn: bool,
    pub(super) fin: bool,
    pub(super) reset: bool,
    pub(super) push: bool,
    pub(super) data: &'a [u8],
    /// Whether bytes of it are not in the capture.
    pub(super) cut: bool,
}

/// The TCP segment of a packet.
///
/// # Errors
///
/// What it is instead.
pub(super) fn segment(link: u16, data: &[u8]) -> Result<Tcp<'_>, Skip> {
    let (kind, packet) = network(link, data)?;
    let packet = LaxSlicedPacket::from_ether_type(kind, packet);
    let (source, destination, payload) = match &packet.net {
        Some(LaxNetSlice::Ipv4(ip)) => {
            let header = ip.header();
            (IpAddr::V4(header.source_addr()), IpAddr::V4(header.destination_addr()), ip.payload())
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            let header = ip.header();
            (IpAddr::V6(header.source_addr()), IpAddr::V6(header.destination_addr()), ip.payload())
        }
        _ if packet.stop_err.is_some() => return Err(Skip::Malformed),
        _ => return Err(Skip::NotIp),
    };
    if payload.fragmented {
        return Err(Skip::Fragment);
    }
    let tcp = match &packet.transport {
        Some(TransportSlice::Tcp(tcp)) => tcp,
        _ if payload.ip_number != etherparse::ip_number::TCP => {
            return Err(Skip::Protocol(payload.ip_number.0));
        }
        _ => return Err(Skip::Malformed),
    };
    Ok(Tcp {
        source: SocketAddr::new(source, tcp.source_port()),
        destination: SocketAddr::new(destination, tcp.destination_port()),
        sequence: tcp.sequence_number(),
        acknowledged: tcp.ack().then(|| tcp.acknowledgment_number()),
        syn: tcp.syn(),
        fin: tcp.fin(),
        reset: tcp.rst(),
        push: tcp.psh(),
        data: tcp.payload(),
        cut: payload.incomplete,
    })
}

/// What lies behind the header of the link (<https://www.tcpdump.org/linktypes.html>).
fn network(link: u16, data: &[u8]) -> Result<(EtherType, &[u8]), Skip> {
    // Where the EtherType stands, and how long the header is.
    let (kind, length) = match link {
        // Ethernet.
        1 => (12, 14),
        // Linux cooked, and its second version.
        113 => (14, 16),
        276 => (0, 20),
        // BSD loopback: an address family, whose numbers differ among systems.
        0 | 108 => return by_version(data.get(4..).ok_or(Skip::Malformed)?),
        // Raw IP; the two others are what OpenBSD and others write for it.
        12 | 14 | 101 | 228 | 229 => return by_version(data),
        other => return Err(Skip::Link(other)),
    };
    let read = || Some((data.get(kind..)?.first_chunk()?, data.get(length..)?));
    let (kind, rest) = read().ok_or(Skip::Malformed)?;
    Ok((EtherType(u16::from_be_bytes(*kind)), rest))
}

fn by_version(data: &[u8]) -> Result<(EtherType, &[u8]), Skip> {
    match data.first().map(|byte| byte >> 4) {
        Some(4) => Ok((ether_type::IPV4, data)),
        Some(6) => Ok((ether_type::IPV6, data)),
        Some(_) => Err(Skip::NotIp),
        None => Err(Skip::Malformed),
    }
}
