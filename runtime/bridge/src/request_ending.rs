//! Whether a client has closed its half of a stream or broken it.
//!
//! tonic's decoder reports a half-close and a cancelled call alike, as the end of the messages. The difference matters:
//! an agent that closes its half leaves, while one whose stream breaks may reconnect. The request's body knows it.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use tonic::{Status, body::Body, codegen::http};

/// How the messages of a request have ended.
#[derive(Debug, Clone, Default)]
pub struct RequestEnding(Arc<AtomicBool>);

impl RequestEnding {
    /// Whether the client has closed its half. False before the end of the messages, and after a broken stream.
    pub fn is_half_close(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Adds a [`RequestEnding`] to the extensions of a request, set by the request's body.
pub fn observe(mut request: http::Request<Body>) -> http::Request<Body> {
    let ending = RequestEnding(Arc::new(AtomicBool::new(request.body().is_end_stream())));
    request.extensions_mut().insert(ending.clone());
    request.map(|body| Body::new(ObservedBody { body, ending }))
}

#[derive(Debug)]
struct ObservedBody {
    body: Body,
    ending: RequestEnding,
}

impl http_body::Body for ObservedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        // A stream that was reset has no more frames either, but no END_STREAM flag was received.
        if frame.is_none() && self.body.is_end_stream() {
            self.ending.0.store(true, Ordering::Release);
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
