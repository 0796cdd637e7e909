//! One end's bytes, put together from the packets that carried them.

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

    /// Puts the bytes together. Where packets overlap, what lies earlier in the stream
    /// wins, then what came earlier. A byte is readable once all before it have come.
    pub(super) fn assemble(mut self) -> Assembled {
        let mut out = Assembled::default();
        self.pieces.sort_by_key(|piece| (piece.position, piece.order));
        let lowest = self.pieces.first().map(|piece| piece.position);
        let expected = self.expected.map(|(low, _)| low);
        let begin = self.begin.or_else(|| lowest.into_iter().chain(expected).min()).unwrap_or(0);
        let mut done = begin;
        let mut order = 0;
        for piece in &self.pieces {
            let ahead = piece.position - done;
            let known = usize::try_from(-ahead).unwrap_or(0).min(piece.data.len());
            if let Ok(missing) = usize::try_from(ahead)
                && missing > 0
            {
                out.gaps.push((out.bytes.len(), missing));
                done = piece.position;
            }
            let (old, new) = piece.data.split_at(known);
            // A probe of one byte need not hold the true one.
            let conflict =
                piece.data.len() > 1 && out.differs(usize::try_from(done - piece.position).unwrap_or(0), old);
            out.conflicts += usize::from(conflict);
            if new.is_empty() {
                out.repeated += 1;
                continue;
            }
            out.reordered += usize::from(piece.late);
            order = order.max(piece.order);
            let offset = out.bytes.len();
            out.bytes.extend(new);
            done += i64::try_from(new.len()).unwrap_or(0);
            let run = Run { order, packet: piece.order, offset, length: new.len(), push: piece.push };
            out.runs.push(run);
        }
        // What the other end has beyond that; its FIN counts as one byte, and may be missing.
        let behind = self.end.or_else(|| {
            let (_, high) = self.expected?;
            (high > done + 1).then_some(high)
        });
        if let Some(missing) = behind.and_then(|behind| usize::try_from(behind - done).ok())
            && missing > 0
        {
            out.gaps.push((out.bytes.len(), missing));
        }
        out
    }
}

impl Assembled {
    /// Whether bytes differ from those that stand so far from the end.
    fn differs(&self, back: usize, bytes: &[u8]) -> bool {
        // What lies before the first byte cannot be compared.
        let before = back.saturating_sub(self.bytes.len());
        let begin = self.bytes.len() - (back - before);
        let there = self.bytes.get(begin..).unwrap_or_default();
        bytes.get(before..).unwrap_or_default().iter().zip(there).any(|(one, other)| one != other)
    }
}
