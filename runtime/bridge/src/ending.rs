//! Did a client close its half, or break off?
//!
//! gRPC's decoder reports both a half-close and a cancelled call as the end of the messages. The difference matters:
//! an agent that closes its half leaves, one that breaks off may come back. The request's body knows.

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

/// How the messages of a request ended, once they have.
#[derive(Debug, Clone, Default)]
pub struct Ending(Arc<AtomicBool>);

impl Ending {
    /// Whether the client closed its half.
    pub fn is_half_close(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Puts an [`Ending`] into a request's extensions and watches its body.
pub fn watch(mut request: http::Request<Body>) -> http::Request<Body> {
    let ending = Ending(Arc::new(AtomicBool::new(request.body().is_end_stream())));
    request.extensions_mut().insert(ending.clone());
    request.map(|body| Body::new(Watched { body, ending }))
}

#[derive(Debug)]
struct Watched {
    body: Body,
    ending: Ending,
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        // A reset stream also has no more frames, but its end was never announced.
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
