//! The byte streams under the connection: closing them so that the last word arrives,
//! and noting the alerts that come in with the data.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::time::timeout;

use super::Side;
use super::record::Record;

/// How long an end waits for the other one to hang up.
const LINGER: Duration = Duration::from_millis(500);

/// Ends a stream: nothing more is written, and what still comes is read and dropped.
/// Closing with unread data would reset the connection, and the alert that was just
/// sent would be lost on the way.
pub(super) async fn hang_up<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    // The other end may be gone already, which is as good.
    let _ = stream.shutdown().await;
    let drain = async {
        let mut buffer = [0; 2048];
        while !matches!(stream.read(&mut buffer).await, Ok(0) | Err(_)) {}
    };
    let _ = timeout(LINGER, drain).await;
}

/// A TLS stream whose errors are noted: with TLS 1.3 a refusal reaches the client only
/// with its first read.
pub(super) struct Watched<S> {
    stream: S,
    side: Side,
    record: Record,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, side: Side, record: &Record) -> Self {
        Self { stream, side, record: record.clone() }
    }

    fn note<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result {
            self.record.failed(self.side, error);
        }
        result
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let result = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        Poll::Ready(self.note(result))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.stream).poll_write(context, bytes));
        Poll::Ready(self.note(result))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = ready!(Pin::new(&mut self.stream).poll_flush(context));
        Poll::Ready(self.note(result))
    }

    /// Not noted: the other end may have hung up first.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
