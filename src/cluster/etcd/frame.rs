//! gRPC over HTTP/2: messages behind five bytes, and the outcome in the trailers
//! (grpc doc/PROTOCOL-HTTP2.md).

use std::convert::Infallible;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, StreamBody};
use hyper::body::{Body, Frame};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Response, StatusCode};
use prost::Message;
use prost::bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use tokio::time::timeout;

use super::status::Status;

/// The content type of gRPC.
pub(super) const GRPC: &str = "application/grpc";
/// The largest request (`--max-request-bytes`), and how much more gRPC takes for what is around
/// it (server/etcdserver/api/v3rpc/grpc.go, `grpcOverheadBytes`).
pub(super) const LARGEST_REQUEST: usize = 3 << 19;
const LARGEST_MESSAGE: usize = LARGEST_REQUEST + (512 << 10);
/// How long a client has for the only message of its request.
const PATIENCE: Duration = Duration::from_secs(30);
const HEAD: usize = 5;

pub(super) type HttpBody = UnsyncBoxBody<Bytes, Infallible>;

/// The messages of a body.
pub(super) struct Messages<B> {
    body: B,
    buffer: BytesMut,
    largest: usize,
}

impl<B: Body<Data = Bytes> + Unpin> Messages<B> {
    pub(super) fn new(body: B) -> Self {
        Self { body, buffer: BytesMut::new(), largest: LARGEST_MESSAGE }
    }

    /// The messages of somebody who may send large ones.
    pub(super) fn of_any_size(body: B) -> Self {
        Self { largest: usize::MAX, ..Self::new(body) }
    }

    /// The next message; `None` at the end. What has come in is kept where this is not waited
    /// for to the end.
    pub(super) async fn next<M: Message + Default>(&mut self) -> Result<Option<M>, Status> {
        loop {
            if let Some(message) = self.take()? {
                return M::decode(message).map(Some).map_err(|error| {
                    Status::internal(format_args!("grpc: error unmarshalling request: {error}"))
                });
            }
            match self.body.frame().await {
                None => return Ok(None),
                // The client has gone.
                Some(Err(_)) => return Ok(None),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.buffer.extend_from_slice(&data),
                    Err(last) => {
                        if let Some(status) = last.trailers_ref().and_then(outcome) {
                            return Err(status);
                        }
                    }
                },
            }
        }
    }

    /// A whole message from what has come in.
    fn take(&mut self) -> Result<Option<Bytes>, Status> {
        let Some((&[is_compressed, a, b, c, d], rest)) = self.buffer.split_first_chunk::<HEAD>() else {
            return Ok(None);
        };
        if is_compressed != 0 {
            return Err(Status::compressed());
        }
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        if length > self.largest {
            return Err(Status::too_long_message(length, self.largest));
        }
        if rest.len() < length {
            return Ok(None);
        }
        self.buffer.advance(HEAD);
        Ok(Some(self.buffer.split_to(length).freeze()))
    }

    /// The only message of a request.
    pub(super) async fn only<M: Message + Default>(&mut self) -> Result<M, Status> {
        let none = || Status::internal("grpc: the request has no message");
        match timeout(PATIENCE, self.next()).await {
            Ok(message) => message?.ok_or_else(none),
            Err(_) => Err(none()),
        }
    }
}

/// A message as it goes over the wire.
pub(super) fn framed(message: &impl Message) -> Bytes {
    let length = message.encoded_len();
    let mut out = BytesMut::with_capacity(HEAD + length);
    out.put_u8(0);
    out.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    // The buffer grows: it does not run out of room.
    let _ = message.encode(&mut out);
    out.freeze()
}

/// An answer of one message.
pub(super) fn one<M: Message>(result: Result<M, Status>) -> Response<HttpBody> {
    match result {
        Ok(message) => many(stream::iter([Ok(framed(&message))])),
        Err(status) => refusal(&status),
    }
}

/// An answer of framed messages, up to the first refusal.
pub(super) fn many(
    messages: impl Stream<Item = Result<Bytes, Status>> + Send + 'static,
) -> Response<HttpBody> {
    // One more item says how it went.
    let outcome = stream::once(async { Err(None) });
    let frames = messages.map(|own| own.map_err(Some)).chain(outcome);
    let frames = frames.scan(false, |is_over, next: Result<Bytes, Option<Status>>| {
        let frame = match next {
            _ if *is_over => None,
            Ok(bytes) => Some(Frame::data(bytes)),
            Err(status) => {
                *is_over = true;
                Some(Frame::trailers(trailers(status.as_ref())))
            }
        };
        async move { frame.map(Ok::<_, Infallible>) }
    });
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(GRPC));
    response
}

/// An answer that is nothing but a refusal: its trailers are its headers.
pub(super) fn refusal(status: &Status) -> Response<HttpBody> {
    let mut response = Response::new(Empty::new().boxed_unsync());
    *response.status_mut() = StatusCode::OK;
    *response.headers_mut() = trailers(Some(status));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(GRPC));
    response
}

const STATUS: &str = "grpc-status";
const MESSAGE: &str = "grpc-message";

fn trailers(status: Option<&Status>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(STATUS, HeaderValue::from(status.map_or(0, |status| u16::from(status.code))));
    let message = status.and_then(|status| HeaderValue::from_str(&escaped(&status.message)).ok());
    if let Some(message) = message {
        headers.insert(MESSAGE, message);
    }
    headers
}

/// What headers or trailers say: `None` where it went well.
pub(super) fn outcome(headers: &HeaderMap) -> Option<Status> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let code: u8 = text(STATUS)?.parse().ok()?;
    let message = crate::access::unescape(text(MESSAGE).unwrap_or_default(), false);
    (code != 0).then_some(Status { code, message })
}

/// Printable ASCII stays; the rest, and `%`, in hexadecimal.
fn escaped(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    for byte in message.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
