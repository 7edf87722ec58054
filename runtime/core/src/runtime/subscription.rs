//! A subscription that belongs to no agent: one pattern, one queue, one reader.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures::Stream;

use super::inner::RuntimeInner;
use crate::{
    event::Envelope,
    filter::Filter,
    mailbox::{Mailbox, Outgoing, StreamEnd},
    outbound_queue::QueueItem,
    qos::Qos,
    stream_id::StreamId,
};

/// What the id of a subscription starts with.
const ID_PREFIX: &str = "sub-";

/// A stream of the events of one topic or pattern. It ends after
/// [`Runtime::unsubscribe`](crate::Runtime::unsubscribe); any other end is yielded as an error first. Dropping it
/// unsubscribes.
#[derive(Debug)]
pub struct Subscription {
    inner: Arc<RuntimeInner>,
    stream: StreamId,
    pattern: Arc<str>,
    mailbox: Arc<Mailbox>,
    has_ended: bool,
}

impl Subscription {
    pub(super) fn new(inner: &Arc<RuntimeInner>, pattern: &str, qos: Qos, filter: Filter) -> Self {
        let stream = inner.directory.next_stream();
        let mailbox = Arc::new(Mailbox::default());
        let pattern: Arc<str> = pattern.into();
        inner.add_subscriber(stream, &mailbox);
        inner.bus.subscribe(stream, &pattern, qos, &mailbox, Some(filter));
        inner.close_if_stopping();
        Self { inner: Arc::clone(inner), stream, pattern, mailbox, has_ended: false }
    }

    /// Ends the subscription with this id: its reader gets what is queued, then the stream ends. Returns false if there
    /// is none.
    pub(super) fn end(inner: &RuntimeInner, id: &str) -> bool {
        let number = id.strip_prefix(ID_PREFIX).and_then(|number| number.parse().ok());
        let mailbox = number.and_then(|number| inner.remove_subscriber(StreamId(number)));
        mailbox.inspect(|mailbox| mailbox.close(StreamEnd::Completed)).is_some()
    }

    /// The id of the subscription, for [`Runtime::unsubscribe`](crate::Runtime::unsubscribe).
    pub fn id(&self) -> String {
        format!("{ID_PREFIX}{}", self.stream.0)
    }
}

impl Stream for Subscription {
    type Item = Result<Arc<Envelope>, StreamEnd>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while !self.has_ended {
            match ready!(self.mailbox.poll_next(cx)) {
                Ok(Outgoing::Event(QueueItem::Delivery { envelope, .. })) => {
                    self.inner.activity.delivered();
                    self.inner.tracer.delivered(&envelope, "", &self.pattern);
                    return Poll::Ready(Some(Ok(envelope)));
                }
                Ok(Outgoing::Event(QueueItem::Dropped { pattern, count })) => {
                    let subscription = self.id();
                    tracing::warn!(subscription, %pattern, count, "dropped events of a slow reader");
                }
                // Pongs, tool calls and errors are for agents only.
                Ok(_) => {}
                Err(end) => {
                    self.has_ended = true;
                    let error = Some(end).filter(|end| *end != StreamEnd::Completed);
                    return Poll::Ready(error.map(Err));
                }
            }
        }
        Poll::Ready(None)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.mailbox.abandon();
        self.inner.bus.unsubscribe(self.stream, std::slice::from_ref(&self.pattern));
        self.inner.remove_subscriber(self.stream);
    }
}
