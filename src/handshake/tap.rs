//! A tap on the byte streams under a connection, and the secrets beside it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use rustls::KeyLog;
use time::OffsetDateTime;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Side;
use crate::wire::{Gap, Recording, Segment, hex};

/// Of one end no more bytes are kept than these: a handshake and what a lab asks for are
/// far below, and a stream that does not end must not fill the memory.
const LONGEST: usize = 16 << 20;

/// What is being recorded of one connection.
#[derive(Debug, Clone)]
pub(super) struct Tape(Arc<Mutex<Reel>>);

#[derive(Debug)]
struct Reel {
    begun: Instant,
    recording: Recording,
}

impl Tape {
    /// Begins now, which the recording calls `started`.
    pub(super) fn new(started: OffsetDateTime) -> Self {
        Self(Arc::new(Mutex::new(Reel { begun: Instant::now(), recording: empty(started) })))
    }

    /// The connection is open: times count from here.
    pub(super) fn begin(&self) {
        self.reel().begun = Instant::now();
    }

    fn reel(&self) -> MutexGuard<'_, Reel> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what one end sent at once: the first `length` bytes of these buffers.
    fn keep<'a>(&self, from: Side, length: usize, buffers: impl Iterator<Item = &'a [u8]>) {
        if length == 0 {
            return;
        }
        let mut reel = self.reel();
        let at = reel.begun.elapsed();
        let Recording { client, server, segments, gaps, .. } = &mut reel.recording;
        let stream = match from {
            Side::Client => client,
            Side::Server => server,
        };
        let offset = stream.len();
        if offset + length <= LONGEST {
            let mut left = length;
            for buffer in buffers {
                let (taken, _) = buffer.split_at(buffer.len().min(left));
                stream.extend_from_slice(taken);
                left -= taken.len();
            }
            segments.push(Segment { from, offset, length, at });
        } else if let Some(gap) = gaps.iter_mut().find(|gap| gap.from == from) {
            gap.length = gap.length.saturating_add(length);
        } else {
            gaps.push(Gap { from, offset, length });
        }
    }

    /// What was recorded; nothing is left.
    pub(super) fn take(&self) -> Recording {
        let mut reel = self.reel();
        let started = reel.recording.started;
        std::mem::replace(&mut reel.recording, empty(started))
    }
}

const fn empty(started: OffsetDateTime) -> Recording {
    Recording {
        started,
        client: Vec::new(),
        server: Vec::new(),
        segments: Vec::new(),
        gaps: Vec::new(),
        key_log: String::new(),
    }
}

impl KeyLog for Tape {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let line = format!("{label} {} {}\n", hex(client_random), hex(secret));
        // Both ends know the same secrets.
        let log = &mut self.reel().recording.key_log;
        if !log.contains(&line) {
            log.push_str(&line);
        }
    }
}

/// A byte stream whose bytes are kept.
#[derive(Debug)]
pub(super) struct Tap<S> {
    stream: S,
    /// Whose end it is.
    side: Side,
    tape: Option<Tape>,
    /// Whether what is read is kept, too: where the other end has no tap.
    keeps_reads: bool,
}

impl<S> Tap<S> {
    /// A tap on one of two ends that are both here: each keeps what it writes.
    pub(super) fn on_one(stream: S, side: Side, tape: Option<&Tape>) -> Self {
        Self { stream, side, tape: tape.cloned(), keeps_reads: false }
    }

    /// A tap on the only end that is here.
    pub(super) fn on_both(stream: S, side: Side, tape: Option<&Tape>) -> Self {
        Self { stream, side, tape: tape.cloned(), keeps_reads: true }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        if let (Some(tape), true) = (&self.tape, self.keeps_reads) {
            let read = buffer.filled().get(before..).unwrap_or_default();
            tape.keep(self.side.other(), read.len(), std::iter::once(read));
        }
        Poll::Ready(result)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.stream).poll_write(context, bytes));
        if let (Some(tape), Ok(written)) = (&self.tape, &result) {
            tape.keep(self.side, *written, std::iter::once(bytes));
        }
        Poll::Ready(result)
    }

    /// The TLS library writes once more when it has failed; what it has to say may be in
    /// several buffers, and only all at once do they go out.
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, buffers));
        if let (Some(tape), Ok(written)) = (&self.tape, &result) {
            tape.keep(self.side, *written, buffers.iter().map(|buffer| &**buffer));
        }
        Poll::Ready(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
