//! One TCP connection of a capture, from its packets to a recording.

use std::net::SocketAddr;
use std::time::Duration;

use time::OffsetDateTime;

use super::link::Tcp;
use super::peer::introduced;
use super::stream::{Assembled, Run, Stream};
use super::{Comment, Conversation, Flaw, Found, Peer};
use crate::wire::{Gap, Recording, Segment, Side};

/// One of the two ends, in the order in which they were seen.
#[derive(Debug)]
struct End<'a> {
    address: SocketAddr,
    stream: Stream<'a>,
    /// Whether it sent a SYN without an ACK: it dialled.
    dialled: bool,
    /// Whether it answered one.
    answered: bool,
    reset: bool,
}

/// A packet's time in nanoseconds since 1970, and what was remarked on it.
#[derive(Debug)]
struct Stamp<'a> {
    at: i128,
    remarks: Vec<&'a [u8]>,
}

/// A connection while its packets are read.
#[derive(Debug)]
pub(super) struct Flow<'a> {
    first: End<'a>,
    second: End<'a>,
    stamps: Vec<Stamp<'a>>,
    /// Packets of which bytes are not in the capture.
    cut: usize,
    /// The names in the remark on its first packet.
    names: Option<(&'a str, &'a str)>,
}

impl<'a> Flow<'a> {
    /// Of the ends of its first packet.
    pub(super) fn new(first: SocketAddr, second: SocketAddr) -> Self {
        let end = |address| End {
            address,
            stream: Stream::default(),
            dialled: false,
            answered: false,
            reset: false,
        };
        Self { first: end(first), second: end(second), stamps: Vec::new(), cut: 0, names: None }
    }

    fn ends(&mut self, source: SocketAddr) -> (&mut End<'a>, &mut End<'a>) {
        if source == self.first.address {
            (&mut self.first, &mut self.second)
        } else {
            (&mut self.second, &mut self.first)
        }
    }

    /// Whether a packet may belong to it, and not to the next connection between the same
    /// ports.
    pub(super) fn takes(&self, tcp: &Tcp<'_>) -> bool {
        let end = if tcp.source == self.first.address { &self.first } else { &self.second };
        !tcp.syn || end.stream.may_begin(tcp.sequence)
    }

    pub(super) fn packet(&mut self, tcp: &Tcp<'a>, at: i128, remarks: Vec<&'a [u8]>) {
        let order = self.stamps.len();
        let (end, other) = self.ends(tcp.source);
        end.dialled |= tcp.syn && tcp.acknowledged.is_none();
        end.answered |= tcp.syn && tcp.acknowledged.is_some();
        end.reset |= tcp.reset;
        if !tcp.reset {
            end.stream.packet(tcp.sequence, (tcp.syn, tcp.fin), tcp.data, tcp.push, order);
            if let Some(acknowledged) = tcp.acknowledged {
                other.stream.acknowledged(acknowledged);
            }
        }
        self.cut += usize::from(tcp.cut);
        if tcp.syn && self.names.is_none() {
            let mut texts = remarks.iter().filter_map(|remark| std::str::from_utf8(remark).ok());
            self.names = texts.find_map(introduced);
        }
        self.stamps.push(Stamp { at, remarks });
    }

    /// The recording, with no secrets yet and no names but those it was introduced with.
    pub(super) fn finish(self) -> Found {
        let Self { first, second, stamps, cut, names } = self;
        let bounds = (first.stream.bounds(), second.stream.bounds());
        let strays = first.stream.strays + second.stream.strays;
        let closed = bounds.0.1 && bounds.1.1 || first.reset || second.reset;
        let (ones, others) = (first.stream.assemble(), second.stream.assemble());
        let swapped = dialled_by_second(
            (&first.address, first.dialled || second.answered, &ones.bytes),
            (&second.address, second.dialled || first.answered, &others.bytes),
        );
        let ((client, ours), (server, theirs)) = if swapped {
            ((second.address, others), (first.address, ones))
        } else {
            ((first.address, ones), (second.address, others))
        };
        let resets = [(first.address, first.reset), (second.address, second.reset)];
        let mut flaws = Vec::new();
        if !(bounds.0.0 && bounds.1.0) {
            flaws.push(Flaw::Begun);
        }
        let mut gaps = Vec::new();
        for (from, part) in [(Side::Client, &ours), (Side::Server, &theirs)] {
            gaps.extend(part.gaps.iter().map(|(offset, length)| Gap {
                from,
                offset: *offset,
                length: *length,
            }));
            let bytes: usize = part.gaps.iter().fold(0, |sum, (_, length)| sum.saturating_add(*length));
            if bytes > 0 {
                flaws.push(Flaw::Missing { from, bytes, holes: part.gaps.len() });
            }
            if part.conflicts > 0 {
                flaws.push(Flaw::Conflict { from, packets: part.conflicts });
            }
        }
        if cut > 0 {
            flaws.push(Flaw::Cut { packets: cut });
        }
        if strays > 0 {
            flaws.push(Flaw::Stray { packets: strays });
        }
        for (address, _) in resets.into_iter().filter(|(_, reset)| *reset) {
            flaws.push(Flaw::Reset { from: if address == client { Side::Client } else { Side::Server } });
        }
        if !closed {
            flaws.push(Flaw::Unfinished);
        }
        let repeated = ours.repeated + theirs.repeated;
        let reordered = ours.reordered + theirs.reordered;
        let started = stamps.iter().map(|stamp| stamp.at).min().unwrap_or(0);
        let (segments, comments) = interleave(&ours, &theirs, &stamps, started);
        let name = |name: Option<&str>| name.map(str::to_owned);
        Found {
            conversation: Conversation {
                client: Peer { name: name(names.map(|names| names.0)), address: client },
                server: Peer { name: name(names.map(|names| names.1)), address: server },
                recording: Recording {
                    started: OffsetDateTime::from_unix_timestamp_nanos(started)
                        .unwrap_or(OffsetDateTime::UNIX_EPOCH),
                    client: ours.bytes,
                    server: theirs.bytes,
                    segments,
                    gaps,
                    key_log: String::new(),
                },
                comments,
            },
            repeated,
            reordered,
            flaws,
        }
    }
}

/// Whether the second end dialled: by who sent the SYN, by who speaks as a TLS client or
/// server does, by whose port is the lower.
fn dialled_by_second(first: (&SocketAddr, bool, &[u8]), second: (&SocketAddr, bool, &[u8])) -> bool {
    if first.1 != second.1 {
        return second.1;
    }
    let says = |bytes: &[u8]| (super::handshake_begins(bytes)).then(|| bytes.get(5).copied()).flatten();
    match (says(first.2), says(second.2)) {
        (Some(1), _) | (_, Some(2)) => false,
        (Some(2), _) | (_, Some(1)) => true,
        _ => second.0.port() > first.0.port(),
    }
}

/// The bytes of both ends in the order in which they could be read. What one end sent up to
/// a push is one segment.
fn interleave(
    client: &Assembled,
    server: &Assembled,
    stamps: &[Stamp<'_>],
    started: i128,
) -> (Vec<Segment>, Vec<Comment>) {
    let tag = |from: Side, part: &Assembled| {
        let gaps: Vec<_> = part.gaps.iter().map(|gap| gap.0).collect();
        move |run: &Run| (from, run.order, gaps.binary_search(&run.offset).is_ok())
    };
    let (of_client, of_server) = (tag(Side::Client, client), tag(Side::Server, server));
    let mut runs: Vec<_> = client.runs.iter().map(|run| (of_client(run), run)).collect();
    runs.extend(server.runs.iter().map(|run| (of_server(run), run)));
    // Stable: the runs of one end stay in order.
    runs.sort_by_key(|((_, order, _), _)| *order);
    let mut segments: Vec<Segment> = Vec::new();
    let mut comments = Vec::new();
    let mut open = false;
    for ((from, order, gap), run) in runs {
        let stamp = stamps.get(order).map_or(started, |stamp| stamp.at);
        let at = Duration::from_nanos(u64::try_from(stamp - started).unwrap_or(0));
        match segments.last_mut() {
            Some(last) if open && !gap && last.from == from => last.length += run.length,
            _ => segments.push(Segment { from, offset: run.offset, length: run.length, at }),
        }
        open = !run.push;
        let segment = segments.len() - 1;
        let remarks = stamps.get(run.packet).map(|stamp| stamp.remarks.as_slice()).unwrap_or_default();
        let text = |remark: &&[u8]| String::from_utf8_lossy(remark).into_owned();
        comments.extend(remarks.iter().map(text).map(|text| Comment { segment, text }));
    }
    (segments, comments)
}
