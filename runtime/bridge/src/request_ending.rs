//! How the messages of a request have ended: half-closed, cancelled or broken.
//!
//! tonic's decoder reports a half-close and a cancelled call alike, as the end of the messages. The difference matters: a
//! half-closed stream gets what is queued for it, and an agent that closes or cancels its stream leaves, while one whose
//! stream breaks may reconnect. The request's body knows it.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use tokio::time::Sleep;
use tonic::{Code, Status, body::Body, codegen::http};

/// How long the client of a call may send nothing before its request is complete. Streams of agents have no such limit.
const STALL_LIMIT: Duration = Duration::from_secs(30);
/// The methods whose requests are streams.
const STREAMS: [&str; 2] = ["/EventStream", "/ServerReflectionInfo"];

/// How the messages of a request have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum RequestEnd {
    /// They have not ended yet.
    Open,
    /// The client has closed its half.
    HalfClosed,
    /// The client has cancelled the call (RST_STREAM with CANCEL).
    Cancelled,
    /// The stream or its connection broke.
    Broken,
}

/// How the messages of a request have ended, once they have.
#[derive(Debug, Clone, Default)]
pub struct RequestEnding(Arc<AtomicU8>);

impl RequestEnding {
    /// The state at this moment.
    pub fn get(&self) -> RequestEnd {
        let ends = [RequestEnd::HalfClosed, RequestEnd::Cancelled, RequestEnd::Broken];
        let value = self.0.load(Ordering::Acquire);
        ends.into_iter().find(|end| *end as u8 == value).unwrap_or(RequestEnd::Open)
    }

    /// The first end counts.
    fn set(&self, end: RequestEnd) {
        let open = RequestEnd::Open as u8;
        _ = self.0.compare_exchange(open, end as u8, Ordering::Release, Ordering::Relaxed);
    }
}

/// Adds a [`RequestEnding`] to the extensions of a request, set by the request's body.
pub fn observe(mut request: http::Request<Body>) -> http::Request<Body> {
    let ending = RequestEnding::default();
    if request.body().is_end_stream() {
        ending.set(RequestEnd::HalfClosed);
    }
    request.extensions_mut().insert(ending.clone());
    let is_stream = STREAMS.iter().any(|method| request.uri().path().ends_with(method));
    let limit = Some(STALL_LIMIT).filter(|_| !is_stream);
    request.map(|body| Body::new(ObservedBody { body, ending, limit, stall: None }))
}

#[derive(Debug)]
struct ObservedBody {
    body: Body,
    ending: RequestEnding,
    /// How long the client may send nothing.
    limit: Option<Duration>,
    /// Fires when the client has sent nothing for too long; set while the body waits.
    stall: Option<Pin<Box<Sleep>>>,
}

impl ObservedBody {
    /// Resolves when the client has sent nothing for too long.
    fn poll_stall(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        let Some(limit) = self.limit else { return Poll::Pending };
        let stall = self.stall.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        ready!(stall.as_mut().poll(cx));
        Poll::Ready(Status::deadline_exceeded(format!(
            "the request was not complete, and nothing came for {limit:?}"
        )))
    }
}

impl http_body::Body for ObservedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            return self.poll_stall(cx).map(|status| Some(Err(status)));
        };
        self.stall = None;
        match &frame {
            Some(Ok(_)) => {}
            Some(Err(status)) if status.code() == Code::Cancelled => {
                self.ending.set(RequestEnd::Cancelled);
            }
            Some(Err(_)) => self.ending.set(RequestEnd::Broken),
            None if self.body.is_end_stream() => self.ending.set(RequestEnd::HalfClosed),
            // A stream that was reset without an error has no more frames either, but no END_STREAM flag was received.
            None => self.ending.set(RequestEnd::Cancelled),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
