//! A subscription of somebody who is no agent: one pattern, one queue, one reader.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures::Stream;

use crate::{
    backlog::QueueItem,
    directory::StreamId,
    event::Envelope,
    filter::Filter,
    lock::lock,
    mailbox::{Mailbox, Outgoing, StreamEnd},
    qos::Qos,
    runtime::Runtime,
    spans,
};

/// A stream of events. It ends after [`Runtime::unsubscribe`], and after the error that says any other end.
/// Dropped, it unsubscribes.
#[derive(Debug)]
pub struct Subscription {
    runtime: Arc<Runtime>,
    stream: StreamId,
    pattern: Arc<str>,
    mailbox: Arc<Mailbox>,
    over: bool,
}

impl Runtime {
    /// Subscribes. A reader that is too slow for its QoS loses the oldest events; they are counted as lost.
    pub fn subscribe(self: &Arc<Self>, pattern: &str, qos: Qos, filter: Filter) -> Subscription {
        let (stream, mailbox) = (self.directory.next_stream(), Arc::new(Mailbox::default()));
        let pattern: Arc<str> = pattern.into();
        lock(&self.subscribers).insert(stream, Arc::clone(&mailbox));
        self.bus.subscribe(stream, &pattern, qos, &mailbox, Some(filter));
        self.close_if_stopping();
        Subscription { runtime: Arc::clone(self), stream, pattern, mailbox, over: false }
    }

    /// Ends a subscription by its id: its reader gets what waits and then a good end. False if there is none.
    pub fn unsubscribe(&self, id: &str) -> bool {
        let stream = id.strip_prefix("sub-").and_then(|number| number.parse().ok()).map(StreamId);
        let mailbox = stream.and_then(|stream| lock(&self.subscribers).remove(&stream));
        mailbox.inspect(|mailbox| mailbox.close(StreamEnd::Done)).is_some()
    }
}

impl Subscription {
    /// Its name, for [`Runtime::unsubscribe`].
    pub fn id(&self) -> String {
        format!("sub-{}", self.stream.0)
    }
}

impl Stream for Subscription {
    type Item = Result<Arc<Envelope>, StreamEnd>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while !self.over {
            match ready!(self.mailbox.poll(cx)) {
                Ok(Outgoing::Event(QueueItem::Delivery { envelope, .. })) => {
                    self.runtime.activity.taken();
                    spans::deliver("", &self.pattern, &envelope);
                    return Poll::Ready(Some(Ok(envelope)));
                }
                Ok(Outgoing::Event(QueueItem::Lost { pattern, count })) => {
                    tracing::warn!(subscription = self.id(), %pattern, count, "a slow reader lost events");
                }
                // Nothing else is said to somebody who is no agent.
                Ok(_) => {}
                Err(end) => {
                    self.over = true;
                    return Poll::Ready(Some(end).filter(|end| *end != StreamEnd::Done).map(Err));
                }
            }
        }
        Poll::Ready(None)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.mailbox.abandon();
        self.runtime.bus.unsubscribe(self.stream, std::slice::from_ref(&self.pattern));
        lock(&self.runtime.subscribers).remove(&self.stream);
    }
}
