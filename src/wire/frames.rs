//! The records of both streams, found by their headers and put in order.

use std::ops::Range;
use std::time::Duration;

use super::{Gap, Header, Problem, Recording, Segment, Side};

/// The longest record, header left out: TLS 1.2's, with all that encryption may add
/// (RFC 5246, section 6.2.3).
const LONGEST: u16 = (1 << 14) + 2048;
/// The header's size.
pub(super) const HEADER: usize = 5;

/// A record, or bytes in the place of one.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) from: Side,
    /// Which bytes of the stream, header included.
    pub(super) range: Range<usize>,
    pub(super) header: Option<Header>,
    /// What keeps it from being a whole record.
    pub(super) problem: Option<Problem>,
    /// How many bytes are missing between the one before and this one, if any are.
    pub(super) missing: Option<usize>,
    /// When its last byte came, and as which segment.
    pub(super) at: Duration,
    order: usize,
}

/// The frames of both directions, in the order in which they were complete.
pub(super) fn frames(recording: &Recording) -> Vec<Frame> {
    let mut all = Vec::new();
    for from in [Side::Client, Side::Server] {
        let mut own = split(recording, from);
        date(&mut own, &recording.segments);
        all.extend(own);
    }
    all.sort_by_key(|frame| frame.order);
    all
}

/// Cuts one stream into frames, which are all of it.
fn split(recording: &Recording, from: Side) -> Vec<Frame> {
    let stream = recording.stream(from);
    let mut gaps: Vec<Gap> = recording.gaps.iter().filter(|gap| gap.from == from).copied().collect();
    gaps.sort_by_key(|gap| gap.offset);
    let mut gaps = gaps.into_iter().peekable();
    let mut frames = Vec::new();
    let mut at = 0;
    let mut missing = None;
    while at < stream.len() {
        // A gap right before a record: records may be missing, and none is broken.
        while let Some(gap) = gaps.next_if(|gap| gap.offset <= at) {
            missing =
                Some(missing.unwrap_or(0usize).saturating_add(gap.length)).filter(|missing| *missing > 0);
        }
        let missing_at = gaps.peek().map_or(stream.len(), |gap| gap.offset.min(stream.len()));
        let rest = stream.get(at..missing_at).unwrap_or_default();
        let (header, problem) = match header(rest) {
            Ok(header) => (header, None),
            Err(problem) => (None, Some(problem)),
        };
        let want = header.map_or(HEADER, |header| HEADER + usize::from(header.length));
        let mut frame = Frame {
            from,
            range: at..stream.len(),
            header,
            problem,
            missing,
            at: Duration::ZERO,
            order: usize::MAX,
        };
        missing = None;
        if problem.is_some() {
            // No record: it goes on until a gap, after which records may begin again.
            frame.range.end = missing_at;
            if frame.missing.is_some() {
                frame.range.end = next_record(stream, at + 1).min(missing_at);
                missing = frame.missing;
            }
        } else if at + want <= missing_at && header.is_some() {
            frame.range.end = at + want;
        } else if let Some(gap) = gaps.next() {
            frame.problem = Some(Problem::Gap { missing: gap.length });
            frame.range.end = after_gap(stream, at, header.map(|_| want), gap);
            missing = Some(gap.length);
        } else {
            frame.problem = Some(Problem::Truncated { have: stream.len() - at, want });
        }
        at = frame.range.end.max(at + 1);
        frame.range.end = at;
        frames.push(frame);
    }
    frames
}

/// Where records go on behind a gap in one that begins at `start`.
fn after_gap(stream: &[u8], start: usize, size: Option<usize>, gap: Gap) -> usize {
    let here = gap.offset.min(stream.len());
    match size {
        // The rest of this record is there.
        Some(size) if start + size >= gap.offset.saturating_add(gap.length) => {
            (start + size - gap.length).clamp(here, stream.len())
        }
        _ => next_record(stream, here),
    }
}

/// Where the next record seems to begin: a header with another one, or the end, where it
/// says that its record ends.
fn next_record(stream: &[u8], from: usize) -> usize {
    let is_record = |at: &usize| {
        let rest = stream.get(*at..).unwrap_or_default();
        let Ok(Some(first)) = header(rest) else { return false };
        let next = rest.get(HEADER + usize::from(first.length)..);
        next.is_some_and(|next| next.is_empty() || header(next).is_ok_and(|header| header.is_some()))
    };
    (from..stream.len()).find(is_record).unwrap_or(stream.len())
}

/// The header at the beginning of these bytes; `None` if they end inside it.
fn header(bytes: &[u8]) -> Result<Option<Header>, Problem> {
    match *bytes {
        [content_type @ 20..=24, 3, minor @ 0..=4, high, low, ..] => {
            let length = u16::from_be_bytes([high, low]);
            let version = u16::from_be_bytes([3, minor]);
            if length > LONGEST {
                return Err(Problem::TooLong(length));
            }
            Ok(Some(Header { content_type, version, length }))
        }
        [20..=24] | [20..=24, 3] | [20..=24, 3, 0..=4] | [20..=24, 3, 0..=4, _] => Ok(None),
        _ => Err(foreign(bytes)),
    }
}

/// What these bytes are instead of a record.
fn foreign(bytes: &[u8]) -> Problem {
    const STARTS: [&[u8]; 13] = [
        b"GET ",
        b"POST ",
        b"PUT ",
        b"HEAD ",
        b"DELETE ",
        b"PATCH ",
        b"OPTIONS ",
        b"CONNECT ",
        b"PRI * ",
        b"HTTP/",
        b"<!DOCTYPE ",
        b"<html",
        b"<HTML",
    ];
    if STARTS.iter().any(|start| bytes.starts_with(start)) {
        return Problem::PlainHttp;
    }
    if bytes.starts_with(b"SSH-") {
        return Problem::Ssh;
    }
    match bytes {
        // Length, CLIENT-HELLO, version (the SSL 2.0 specification; RFC 5246, appendix E.2).
        [0x80..=0xff, _, 1, 0 | 2 | 3, ..] => Problem::Ssl2,
        _ => Problem::NotTls,
    }
}

/// Gives each frame of one stream the segment in which its last byte came.
fn date(frames: &mut [Frame], segments: &[Segment]) {
    let Some(from) = frames.first().map(|frame| frame.from) else { return };
    let mut own = segments.iter().enumerate().filter(|(_, segment)| segment.from == from).peekable();
    let mut last = segments.iter().map(|segment| segment.at).max().unwrap_or_default();
    for frame in frames {
        while own
            .next_if(|(_, segment)| segment.offset.saturating_add(segment.length) < frame.range.end)
            .is_some()
        {}
        match own.peek() {
            Some((order, segment)) => {
                frame.order = *order;
                frame.at = segment.at;
                last = segment.at;
            }
            None => frame.at = last,
        }
    }
}
