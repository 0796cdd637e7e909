//! A client of a real member: gRPC over HTTP/2 over mTLS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _, stream};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::Request;
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http2::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, TE};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use prost::bytes::Bytes;
use time::OffsetDateTime;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::frame::{self, GRPC, HttpBody, Messages};
use super::messages::{RangeRequest, RangeResponse};
use super::status::Status;
use crate::handshake::{Caller, Options, secure};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection with a member.
pub(super) struct Client {
    sender: SendRequest<HttpBody>,
    address: SocketAddr,
}

impl Client {
    /// Connects, as the owner of the caller's certificate.
    ///
    /// # Errors
    /// Why it did not come to it, in a sentence.
    pub(super) async fn connect(address: SocketAddr, caller: &Caller) -> Result<Self, String> {
        let said = |why: String| format!("{address}: {why}");
        let dialled = timeout(PATIENCE, TcpStream::connect(address)).await;
        let dialled = dialled.map_err(|_| said("it did not answer in time".to_owned()))?;
        let stream = dialled.map_err(|error| said(error.to_string()))?;
        let options = Options::at(OffsetDateTime::now_utc());
        let stream = secure(stream, caller, &options).await.map_err(|error| said(error.to_string()))?;
        let shaken = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
        let (sender, connection) = shaken.map_err(|error| said(error.to_string()))?;
        // It ends with its sender; what broke it is seen there.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Self { sender, address })
    }

    /// Asks for one answer.
    pub(super) async fn ask<A: Message, B: Message + Default>(
        &mut self,
        method: &str,
        asked: &A,
    ) -> Result<B, Status> {
        let message = frame::framed(asked);
        let work = async {
            let mut answers = self.stream(method, stream::iter([message])).await?;
            let answer =
                answers.next().await?.ok_or_else(|| Status::internal("the connection was closed"))?;
            // The trailers may take it back.
            answers.next::<B>().await?;
            Ok(answer)
        };
        timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(Status::internal("it did not answer in time")))
    }

    /// Asks, message by message, for any number of answers.
    pub(super) async fn stream(
        &mut self,
        method: &str,
        messages: impl Stream<Item = Bytes> + Send + 'static,
    ) -> Result<Messages<Incoming>, Status> {
        let body = StreamBody::new(messages.map(|bytes| Ok(Frame::data(bytes)))).boxed_unsync();
        let request = Request::post(format!("https://{}/etcdserverpb.{method}", self.address))
            .header(CONTENT_TYPE, GRPC)
            .header(TE, "trailers")
            .body(body)
            .map_err(Status::internal)?;
        self.sender.ready().await.map_err(Status::internal)?;
        let response = self.sender.send_request(request).await.map_err(Status::internal)?;
        match frame::outcome(response.headers()) {
            Some(status) => Err(status),
            None => Ok(Messages::of_any_size(response.into_body())),
        }
    }
}

/// Whether a member answers as `etcdctl endpoint health` asks it: what its majority agrees on.
///
/// # Errors
/// Why it does not, in a sentence.
pub async fn is_healthy(address: SocketAddr, caller: Arc<Caller>) -> Result<(), String> {
    let mut client = Client::connect(address, &caller).await?;
    let asked = RangeRequest { key: Bytes::from_static(b"health"), ..RangeRequest::default() };
    let answer: Result<RangeResponse, Status> = client.ask("KV/Range", &asked).await;
    answer.map(drop).map_err(|status| format!("{address}: {}", status.message))
}
