//! One open stream of an agent: [`Session`] takes what the agent sends, [`OutboundStream`] yields what it gets.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Instant,
};

use futures::Stream;

use super::inner::RuntimeInner;
use crate::{
    delivery_counters::DeliveryCounters,
    detached_mailboxes::{DetachedMailbox, OpenedMailbox},
    directory::{AgentDeparture, StreamClose},
    event::{Envelope, Event},
    limits,
    mailbox::{Mailbox, Outgoing, StreamEnd},
    outbound_queue::QueueItem,
    stream_id::StreamId,
    tool::ToolResult,
};

/// The inbound half of a stream. Dropping it without [`Session::finish`] or [`Session::leave`] closes the stream as broken.
///
/// # Examples
/// ```
/// use futures::StreamExt as _;
/// use loom_core::{Event, Outgoing, QueueItem, Registration, Runtime, RuntimeOptions};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let runtime = Runtime::new(RuntimeOptions::default());
/// let topics = vec!["greetings".to_owned()];
/// runtime.register(Registration { agent: "a".to_owned(), topics, ..Registration::default() })?;
/// let (session, mut outbound) = runtime.open_stream("a".to_owned());
///
/// let event = Event { id: "1".to_owned(), ..Event::default() };
/// session.publish("greetings".to_owned(), event.clone());
/// session.finish();
///
/// let Some(Ok(Outgoing::Event(QueueItem::Delivery { envelope, .. }))) = outbound.next().await else {
///     panic!("expected a delivery");
/// };
/// assert_eq!(envelope.event, event);
/// assert!(outbound.next().await.is_none());
/// # Ok::<(), loom_core::LimitError>(())
/// # }).expect("the registration is within the limits");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Session {
    inner: Arc<RuntimeInner>,
    agent: String,
    stream: StreamId,
    patterns: Vec<Arc<str>>,
    mailbox: Arc<Mailbox>,
    /// How the outbound half ends when this half is dropped.
    end: StreamEnd,
    /// How the stream was closed, for the directory.
    close: StreamClose,
}

impl Session {
    /// Opens a stream of `agent`, subscribed to the agent's topics.
    pub(super) fn open(inner: &Arc<RuntimeInner>, agent: String) -> (Self, OutboundStream) {
        let OpenedMailbox { mailbox, counters, is_back } = inner.open_mailbox(&agent);
        let DetachedMailbox { stream, patterns, mailbox } = mailbox;
        if is_back {
            tracing::info!(agent, "agent is back");
            inner.activity.back(&agent);
        }
        let outbound = OutboundStream {
            inner: Arc::clone(inner),
            agent: agent.clone(),
            mailbox: Arc::clone(&mailbox),
            counters,
            has_ended: false,
        };
        let session = Self {
            inner: Arc::clone(inner),
            agent,
            stream,
            patterns,
            mailbox,
            end: StreamEnd::Unavailable("the stream broke".to_owned()),
            close: StreamClose::Broken,
        };
        inner.close_if_stopping();
        (session, outbound)
    }

    /// Publishes an event of the agent. If a part of it is too long, the agent gets an error instead.
    pub fn publish(&self, topic: String, event: Event) {
        if let Err(limit) = limits::check_event(&topic, &event) {
            return self.mailbox.report_error("INVALID_EVENT", limit.to_string());
        }
        self.inner.replies.resolve(&self.agent, &event);
        self.inner.publish(Envelope::new(topic, &self.agent, event));
    }

    /// Queues the answer to a ping of the agent.
    pub fn ping(&self) {
        self.mailbox.pong();
    }

    /// Completes a tool call with the agent's result. A result without a pending call on this stream is ignored.
    pub fn complete_call(&self, id: &str, result: ToolResult) {
        if !self.inner.calls.complete(self.stream, id, result) {
            let id = limits::shown(id);
            tracing::debug!(agent = self.agent, id, "ignored a tool result without a pending call");
        }
    }

    /// Closes the stream because the agent has closed its half: it gets what is queued, then the stream is complete.
    pub fn finish(mut self) {
        self.end = StreamEnd::Completed;
        self.close = StreamClose::Left;
    }

    /// Closes the stream because the agent has cancelled it: it leaves, as with [`Session::finish`], and reads no more.
    pub fn leave(mut self) {
        self.close = StreamClose::Left;
    }

    /// Closes the stream because of an error: the agent gets the error, what is queued, and then `end`.
    pub fn fail(mut self, code: &'static str, message: String, end: StreamEnd) {
        self.mailbox.report_error(code, message);
        self.end = end;
    }

    /// Resolves when nothing can be sent to the agent any more: it is gone, or the runtime stops.
    pub async fn closed(&self) {
        self.mailbox.closed().await;
    }

    /// Whether the outbound half was dropped: the agent is gone.
    pub fn has_no_reader(&self) -> bool {
        self.mailbox.is_abandoned()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let inner = &self.inner;
        // Before the mailbox is closed: an agent that sees its stream end is no longer listed.
        let now = Instant::now();
        match inner.directory.close(&self.agent, self.stream, self.close, now) {
            AgentDeparture::Unregistered => {
                tracing::info!(agent = self.agent, "agent left");
                inner.activity.unregistered(&self.agent);
            }
            AgentDeparture::Away => {
                tracing::info!(agent = self.agent, "agent is away");
                inner.activity.away(&self.agent);
            }
            AgentDeparture::None => {}
        }
        // A created agent gets its detached mailbox before this one is unsubscribed: an event may be queued in both,
        // and is never lost between them.
        inner.ensure_detached(&self.agent);
        inner.bus.unsubscribe(self.stream, &self.patterns);
        self.mailbox.close(self.end.clone());
        inner.calls.close_stream(self.stream);
    }
}

/// The outbound half of a stream: yields what the agent gets. It ends after [`StreamEnd::Completed`]; any other end is
/// yielded as an error first. Dropping it means that the agent is gone.
#[derive(Debug)]
pub struct OutboundStream {
    inner: Arc<RuntimeInner>,
    agent: String,
    mailbox: Arc<Mailbox>,
    counters: Arc<DeliveryCounters>,
    has_ended: bool,
}

impl Stream for OutboundStream {
    type Item = Result<Outgoing, StreamEnd>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        let mut message = ready!(self.mailbox.poll_next(cx));
        match &mut message {
            Ok(Outgoing::Event(QueueItem::Delivery { pattern, envelope, trace })) => {
                self.counters.increment(pattern);
                *trace = self.inner.tracer.delivered(envelope, &self.agent, pattern);
                self.inner.activity.delivered_to(&self.agent, envelope);
            }
            Ok(Outgoing::Event(QueueItem::Dropped { pattern, count })) => {
                tracing::warn!(agent = self.agent, %pattern, count, "dropped events of a slow reader");
            }
            Ok(_) => {}
            Err(_) => self.has_ended = true,
        }
        Poll::Ready(match message {
            Err(StreamEnd::Completed) => None,
            message => Some(message),
        })
    }
}

impl Drop for OutboundStream {
    fn drop(&mut self) {
        self.mailbox.abandon();
    }
}
