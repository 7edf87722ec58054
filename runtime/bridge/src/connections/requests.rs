//! Counts the requests of a connection.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{
    extract::{ConnectInfo, Request as HttpRequest},
    middleware::Next,
    response::Response as HttpResponse,
};
use bytes::Bytes;
use futures::future::BoxFuture;
use http_body::{Body, Frame, SizeHint};
use tonic::codegen::http::{Request, Response};
use tower::{Layer, Service};

use super::state::{ConnectionState, OpenRequest};

/// Counts gRPC requests at the [`ConnectionState`] that is their extension, until their response is complete.
#[derive(Debug, Clone, Copy)]
pub struct CountRequests;

/// The service of [`CountRequests`].
#[derive(Debug, Clone)]
pub struct CountedService<S>(S);

impl<S> Layer<S> for CountRequests {
    type Service = CountedService<S>;

    fn layer(&self, service: S) -> CountedService<S> {
        CountedService(service)
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for CountedService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    S::Future: Send + 'static,
    ResBody: Body,
{
    type Response = Response<CountedBody<ResBody>>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let open = request.extensions().get().map(ConnectionState::begin);
        let response = self.0.call(request);
        Box::pin(async move { Ok(response.await?.map(|body| CountedBody::new(body, open))) })
    }
}

/// Counts a request of the dashboard.
pub async fn count(
    ConnectInfo(state): ConnectInfo<ConnectionState>,
    request: HttpRequest,
    next: Next,
) -> HttpResponse {
    let open = Some(state.begin());
    let response = next.run(request).await;
    response.map(|body| axum::body::Body::new(CountedBody::new(body, open)))
}

/// The body of a response. The request is open until its end.
#[derive(Debug)]
pub struct CountedBody<B> {
    body: B,
    open: Option<OpenRequest>,
}

impl<B: Body> CountedBody<B> {
    fn new(body: B, mut open: Option<OpenRequest>) -> Self {
        // An empty body is never polled.
        if let Some(open) = open.as_mut().filter(|_| body.is_end_stream()) {
            open.complete();
        }
        Self { body, open }
    }
}

impl<B> Body for CountedBody<B>
where
    B: Body<Data = Bytes> + Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let is_last = match &frame {
            Some(Ok(frame)) => frame.is_trailers() || self.body.is_end_stream(),
            Some(Err(_)) | None => true,
        };
        if is_last && let Some(open) = &mut self.open {
            open.complete();
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
