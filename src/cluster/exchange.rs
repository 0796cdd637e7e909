//! Bodies as they come and go over HTTP.

use std::convert::Infallible;

use futures_util::StreamExt as _;
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use tokio::sync::watch;

use super::failure::{Answer, Failure};
use super::guests::Visit;
use super::handler::LARGEST_BODY;
use super::message::{Body, Response};
use super::server::{Phase, ending};

/// The body of an answer.
pub(super) type HttpBody = UnsyncBoxBody<Bytes, Infallible>;

/// A whole body. What is too much of it is read and dropped, up to some length: a client hears
/// of nothing before it has sent all.
pub(super) async fn whole(mut body: Incoming, visit: &Visit) -> Answer<Vec<u8>> {
    const DRAINED: usize = 16 * LARGEST_BODY;
    let (mut bytes, mut length) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        // Half a body is none, even where it reads.
        let frame = frame.map_err(|_| Failure::bad_request("unexpected EOF"))?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length <= LARGEST_BODY {
            bytes.extend_from_slice(&data);
            visit.hold(length);
        } else if length > DRAINED {
            break;
        }
    }
    if length <= LARGEST_BODY { Ok(bytes) } else { Err(Failure::too_large(LARGEST_BODY)) }
}

/// The bytes of an answer, until its client has taken them.
struct Kept {
    bytes: Vec<u8>,
    _visit: Visit,
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

pub(super) fn over_http(
    response: Response,
    audit_id: &str,
    visit: Visit,
    phase: watch::Receiver<Phase>,
) -> hyper::Response<HttpBody> {
    let body = match response.body {
        Body::Whole(bytes) => {
            visit.hold(bytes.len());
            Full::new(Bytes::from_owner(Kept { bytes, _visit: visit })).boxed_unsync()
        }
        Body::Watch(watch) => {
            visit.last();
            let events = stream::unfold((watch, visit, phase), |(mut watch, visit, phase)| async move {
                let line = tokio::select! {
                    line = watch.next() => line?,
                    () = ending(phase.clone()) => return None,
                };
                Some((line, (watch, visit, phase)))
            });
            StreamBody::new(events.map(|line| Ok(Frame::data(Bytes::from(line))))).boxed_unsync()
        }
    };
    let mut answer = hyper::Response::new(body);
    *answer.status_mut() =
        hyper::StatusCode::from_u16(response.status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = answer.headers_mut();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            // Of warnings there may be several.
            if name == header::WARNING {
                headers.append(name, value);
            } else {
                headers.insert(name, value);
            }
        }
    };
    set(HeaderName::from_static("audit-id"), audit_id);
    set(header::CACHE_CONTROL, "no-cache, private");
    set(header::CONTENT_TYPE, &response.content_type);
    for (name, value) in &response.headers {
        if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
            set(name, value);
        }
    }
    answer
}
