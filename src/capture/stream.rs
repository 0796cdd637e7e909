//! One end's bytes, put together from the packets that carried them.

use std::collections::BTreeMap;

/// How far from the bytes seen so far a packet of the same connection may lie: the largest
/// window of TCP (RFC 7323 section 2.3). Others are of an older connection or forged.
const FARTHEST: i64 = 1 << 30;

/// What a packet carried.
#[derive(Debug, Clone, Copy)]
struct Piece<'a> {
    /// Where in the stream.
    position: i64,
    /// The packet's place among those of the connection.
    order: usize,
    data: &'a [u8],
    push: bool,
    /// Whether a later one had come before.
    late: bool,
}

/// What is known of one end's bytes. Positions count from the first number seen and do not
/// wrap.
#[derive(Debug, Default)]
pub(super) struct Stream<'a> {
    /// A sequence number and its position.
    reference: Option<(u32, i64)>,
    /// The position of the first byte, if the SYN is in the capture.
    begin: Option<i64>,
    /// The position behind the last byte, if the FIN is in the capture.
    end: Option<i64>,
    /// The lowest and highest position that the other end said it expects.
    expected: Option<(i64, i64)>,
    pieces: Vec<Piece<'a>>,
    /// The highest position of a piece.
    latest: Option<i64>,
    /// Packets that cannot belong here.
    pub(super) strays: usize,
}

/// One end's bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Assembled {
    pub(super) bytes: Vec<u8>,
    /// Where bytes are missing, and how many.
    pub(super) gaps: Vec<(usize, usize)>,
    /// What each packet brought, in the order of the stream.
    pub(super) runs: Vec<Run>,
    /// Packets that brought nothing new.
    pub(super) repeated: usize,
    /// Packets that came after a later one.
    pub(super) reordered: usize,
    /// Packets that brought other bytes than were there.
    pub(super) conflicts: usize,
}

/// Bytes that became readable at once.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// The packet with which they became readable.
    pub(super) order: usize,
    /// The packet that brought them.
    pub(super) packet: usize,
    pub(super) offset: usize,
    pub(super) length: usize,
    /// Whether the sender pushed behind them.
    pub(super) push: bool,
}

impl<'a> Stream<'a> {
    /// The position of a sequence number; none if it is too far away.
    fn locate(&self, sequence: u32) -> Option<i64> {
        let Some((number, position)) = self.reference else { return Some(0) };
        let distance = i64::from(sequence.wrapping_sub(number).cast_signed());
        (distance.abs() <= FARTHEST).then(|| position.saturating_add(distance))
    }

    /// The same of a packet that is there, from which the next ones are counted.
    fn position(&mut self, sequence: u32) -> Option<i64> {
        let found = self.locate(sequence);
        match (found, self.reference) {
            (None, _) => self.strays += 1,
            (Some(found), Some((_, highest))) if found <= highest => {}
            (Some(found), _) => self.reference = Some((sequence, found)),
        }
        found
    }

    /// Whether a SYN with this number may be this connection's: another one means a new
    /// connection between the same ports.
    pub(super) fn may_begin(&self, sequence: u32) -> bool {
        match (self.locate(sequence.wrapping_add(1)), self.begin) {
            (None, _) => false,
            (Some(position), Some(begin)) => position == begin,
            (Some(position), None) => self.pieces.iter().all(|piece| piece.position >= position),
        }
    }

    /// A packet of this end.
    pub(super) fn packet(
        &mut self,
        sequence: u32,
        (syn, fin): (bool, bool),
        data: &'a [u8],
        push: bool,
        order: usize,
    ) {
        let first = if syn { sequence.wrapping_add(1) } else { sequence };
        let Some(position) = self.position(first) else { return };
        if syn && self.begin.is_none() {
            self.begin = Some(position);
        }
        let length = i64::try_from(data.len()).unwrap_or(i64::MAX);
        if fin && self.end.is_none() {
            self.end = Some(position.saturating_add(length));
        }
        if !data.is_empty() {
            let late = self.latest.is_some_and(|latest| position < latest);
            self.latest = self.latest.max(Some(position));
            self.pieces.push(Piece { position, order, data, push, late });
        }
    }

    /// What the other end said it expects next.
    pub(super) fn acknowledged(&mut self, sequence: u32) {
        if let Some(position) = self.position(sequence) {
            let (low, high) = self.expected.unwrap_or((position, position));
            self.expected = Some((low.min(position), high.max(position)));
        }
    }

    /// Whether both its beginning and its end are known.
    pub(super) const fn bounds(&self) -> (bool, bool) {
        (self.begin.is_some(), self.end.is_some())
    }

    /// Puts the bytes together. Of what comes twice the first counts. A byte is readable
    /// once all before it have come.
    pub(super) fn assemble(self) -> Assembled {
        let mut out = Assembled::default();
        let lowest = self.pieces.iter().map(|piece| piece.position).min();
        let expected = self.expected.map(|(low, _)| low);
        let begin = self.begin.or_else(|| lowest.into_iter().chain(expected).min()).unwrap_or(0);
        let mut parts = BTreeMap::new();
        for piece in &self.pieces {
            let (new, same) = insert(&mut parts, *piece, begin);
            out.repeated += usize::from(!new);
            out.reordered += usize::from(new && piece.late);
            // A probe of one byte need not hold the true one (RFC 1122 section 4.2.3.6).
            out.conflicts += usize::from(!same && piece.data.len() > 1);
        }
        let mut done = begin;
        let mut order = 0;
        for (position, part) in parts {
            if let Some(missing) = usize::try_from(position - done).ok().filter(|missing| *missing > 0) {
                out.gaps.push((out.bytes.len(), missing));
            }
            order = order.max(part.order);
            let (offset, length) = (out.bytes.len(), part.data.len());
            out.bytes.extend(part.data);
            done = behind(position, part.data);
            out.runs.push(Run { order, packet: part.order, offset, length, push: part.push });
        }
        // What the other end has beyond that; its FIN counts as one byte, and may be missing.
        let end = self.end.or_else(|| {
            let (_, high) = self.expected?;
            (high > done + 1).then_some(high)
        });
        let missing = end.and_then(|end| usize::try_from(end - done).ok()).filter(|missing| *missing > 0);
        out.gaps.extend(missing.map(|missing| (out.bytes.len(), missing)));
        out
    }
}

/// The position behind bytes.
fn behind(position: i64, data: &[u8]) -> i64 {
    position.saturating_add(i64::try_from(data.len()).unwrap_or(i64::MAX))
}

/// Adds what a piece brings to parts that do not overlap. Whether it brings anything, and
/// whether what it repeats is the same.
fn insert<'a>(parts: &mut BTreeMap<i64, Piece<'a>>, piece: Piece<'a>, begin: i64) -> (bool, bool) {
    let cut = |from: i64, to: i64| {
        let index = |at: i64| usize::try_from(at - piece.position).unwrap_or(0);
        piece.data.get(index(from)..index(to)).unwrap_or_default()
    };
    let end = behind(piece.position, piece.data);
    let mut at = piece.position.max(begin);
    let (mut holes, mut same) = (Vec::new(), true);
    let before = parts.range(..=at).next_back().map_or(at, |(first, _)| *first);
    for (first, part) in parts.range(before..end.max(before)) {
        let last = behind(*first, part.data);
        if last <= at {
            continue;
        }
        if *first > at {
            holes.push((at, *first));
        }
        let (from, to) = (at.max(*first), last.min(end));
        let known = usize::try_from(from - first).unwrap_or(0);
        same &= part
            .data
            .get(known..)
            .unwrap_or_default()
            .iter()
            .zip(cut(from, to))
            .all(|(one, other)| one == other);
        at = to;
    }
    if at < end {
        holes.push((at, end));
    }
    for (from, to) in &holes {
        // What was pushed is what stands at the end.
        let push = piece.push && *to == end;
        parts.insert(*from, Piece { position: *from, data: cut(*from, *to), push, ..piece });
    }
    (!holes.is_empty(), same)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Assembled, Stream};

    /// A stream of pieces (offset, bytes) behind a SYN with this number.
    fn assemble(initial: u32, pieces: &[(u32, &[u8])]) -> Assembled {
        let mut stream = Stream::default();
        stream.packet(initial, (true, false), &[], false, 0);
        for (order, (offset, data)) in (1..).zip(pieces) {
            stream.packet(initial.wrapping_add(1).wrapping_add(*offset), (false, false), data, true, order);
        }
        stream.assemble()
    }

    #[test]
    fn what_comes_twice_counts_once() {
        let out = assemble(7, &[(0, b"abc"), (0, b"abc"), (3, b"def"), (2, b"cdefg")]);
        assert_eq!((out.bytes.as_slice(), out.repeated, out.conflicts), (&b"abcdefg"[..], 1, 0));
        assert!(out.gaps.is_empty());
    }

    #[test]
    fn what_was_sent_first_stands_against_what_differs() {
        let out = assemble(7, &[(0, b"abc"), (1, b"XXd")]);
        assert_eq!((out.bytes.as_slice(), out.conflicts), (&b"abcd"[..], 1));
        // A keep-alive's byte is no other byte: RFC 1122 section 4.2.3.6 lets it be garbage.
        let out = assemble(7, &[(0, b"abc"), (2, b"\0")]);
        assert_eq!((out.repeated, out.conflicts), (1, 0));
    }

    #[test]
    fn a_byte_can_be_read_when_all_before_it_have_come() {
        let out = assemble(7, &[(3, b"def"), (6, b"ghi"), (0, b"abc")]);
        assert_eq!((out.bytes.as_slice(), out.reordered), (&b"abcdefghi"[..], 1));
        assert_eq!(out.runs.iter().map(|run| run.order).collect::<Vec<_>>(), [3, 3, 3]);
        assert_eq!(out.runs.iter().map(|run| run.packet).collect::<Vec<_>>(), [3, 1, 2]);
    }

    #[test]
    fn sequence_numbers_wrap() {
        let out = assemble(u32::MAX - 2, &[(0, b"abc"), (3, b"def")]);
        assert_eq!(out.bytes, b"abcdef");
    }

    #[test]
    fn missing_bytes_are_gaps_where_they_would_stand() {
        let out = assemble(7, &[(2, b"cd"), (10, b"k")]);
        assert_eq!((out.bytes.as_slice(), out.gaps.as_slice()), (&b"cdk"[..], &[(0, 2), (2, 6)][..]));
    }

    #[test]
    fn what_the_other_end_has_and_the_capture_has_not_is_missing_at_the_end() {
        let mut stream = Stream::default();
        stream.packet(7, (true, false), &[], false, 0);
        stream.packet(8, (false, false), b"abc", true, 1);
        stream.acknowledged(8 + 3 + 4);
        assert_eq!(stream.assemble().gaps, [(3, 4)]);
        let mut stream = Stream::default();
        stream.packet(7, (true, false), &[], false, 0);
        stream.packet(8 + 5, (false, true), &[], false, 1);
        // The FIN is acknowledged too, and is no byte.
        stream.acknowledged(8 + 6);
        assert_eq!(stream.assemble().gaps, [(0, 5)]);
    }

    #[test]
    fn a_stream_without_its_syn_begins_with_what_the_other_end_expects() {
        let mut stream = Stream::default();
        stream.acknowledged(100);
        stream.packet(104, (false, false), b"efg", true, 1);
        let out = stream.assemble();
        assert_eq!((out.bytes.as_slice(), out.gaps.as_slice()), (&b"efg"[..], &[(0, 4)][..]));
    }

    #[test]
    fn a_forged_number_does_not_move_the_stream() {
        let mut stream = Stream::default();
        stream.packet(7, (true, false), &[], false, 0);
        stream.packet(8 + (1 << 31), (false, false), b"far", true, 1);
        stream.packet(8, (false, false), b"abc", true, 2);
        assert_eq!(stream.strays, 1);
        assert_eq!(stream.assemble().bytes, b"abc");
    }

    proptest! {
        #[test]
        fn any_order_of_any_pieces_gives_the_stream_with_its_holes(
            initial in prop_oneof![any::<u32>(), u32::MAX - 300..],
            length in 1_usize..400,
            cuts in proptest::collection::vec((0_usize..400, 1_usize..60), 0..40),
        ) {
            let whole: Vec<u8> = (0..length).map(|at| (at * 7 % 251) as u8).collect();
            let pieces: Vec<(u32, &[u8])> = cuts
                .iter()
                .filter(|(at, _)| *at < length)
                .map(|(at, size)| (*at as u32, &whole[*at..length.min(at + size)]))
                .collect();
            let mut there = vec![false; length];
            for (at, data) in &pieces {
                there[*at as usize..*at as usize + data.len()].fill(true);
            }
            let out = assemble(initial, &pieces);
            let expected: Vec<u8> = (0..length).filter(|at| there[*at]).map(|at| whole[at]).collect();
            prop_assert_eq!(&out.bytes, &expected);
            prop_assert_eq!(out.conflicts, 0);
            let last = there.iter().rposition(|there| *there).map_or(0, |last| last + 1);
            let missing = there[..last].iter().filter(|there| !**there).count();
            prop_assert_eq!(out.gaps.iter().map(|gap| gap.1).sum::<usize>(), missing);
            let mut next = 0;
            for run in &out.runs {
                prop_assert_eq!(run.offset, next);
                next += run.length;
            }
            prop_assert_eq!(next, out.bytes.len());
        }
    }
}
