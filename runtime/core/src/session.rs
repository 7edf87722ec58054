//! One open stream of an agent: what it says comes in by [`Session`], what it is told goes out by [`Outbound`].

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Instant,
};

use futures::Stream;

use crate::{
    activity::Activity,
    backlog::QueueItem,
    directory::{Closing, DeliveryCounters, StreamId},
    event::{Envelope, Event},
    hosted::DetachedMailbox,
    lock::lock,
    mailbox::{Mailbox, Outgoing, StreamEnd},
    runtime::Runtime,
    spans,
    tool::ToolResult,
};

/// The inbound half. Dropped without [`Session::finish`] the stream counts as broken.
#[derive(Debug)]
pub struct Session {
    runtime: Arc<Runtime>,
    agent: String,
    stream: StreamId,
    patterns: Vec<Arc<str>>,
    mailbox: Arc<Mailbox>,
    /// What the agent is told at the end, and whether it is leaving.
    end: (StreamEnd, Closing),
}

impl Session {
    /// Opens a stream of an agent and subscribes it to the agent's topics.
    pub(crate) fn open(runtime: &Arc<Runtime>, agent: String) -> (Self, Outbound) {
        // Held until the stream is listed, so that nobody parks another mailbox meanwhile.
        let mut all_parked = lock(&runtime.parked);
        let mut parked = all_parked.remove(&agent).unwrap_or_else(|| DetachedMailbox {
            stream: runtime.directory.next_stream(),
            patterns: Vec::new(),
            mailbox: Arc::default(),
        });
        let opened = runtime.directory.open(&agent, parked.stream, &parked.mailbox, Instant::now());
        runtime.align(&mut parked, opened.topics);
        drop(all_parked);
        let DetachedMailbox { stream, patterns, mailbox } = parked;
        let outbound = Outbound {
            agent: agent.clone(),
            mailbox: Arc::clone(&mailbox),
            ledger: opened.ledger,
            runtime: Arc::clone(runtime),
            over: false,
        };
        let session = Self {
            runtime: Arc::clone(runtime),
            agent,
            stream,
            patterns,
            mailbox,
            end: (StreamEnd::Unavailable("the stream broke".to_owned()), Closing::Broken),
        };
        (session, outbound)
    }

    /// The agent publishes an event.
    pub fn publish(&self, topic: String, event: Event) {
        self.runtime.replies.heard(&self.agent, &event);
        self.runtime.publish(Envelope::new(topic, &self.agent, event));
    }

    /// The agent pings.
    pub fn ping(&self) {
        self.mailbox.pong();
    }

    /// The agent answers a call; what nobody asked for is ignored.
    pub fn answer(&self, id: &str, answer: ToolResult) {
        if !self.runtime.calls.answer(self.stream, id, answer) {
            tracing::debug!(agent = self.agent, id, "an answer that nobody waits for");
        }
    }

    /// The agent has said all: what waits for it is still sent, then the stream ends well.
    pub fn finish(mut self) {
        self.end = (StreamEnd::Done, Closing::Finished);
    }

    /// The stream cannot go on: the agent is told why, gets what waits for it, and then this end.
    pub fn fail(mut self, code: &'static str, message: String, end: StreamEnd) {
        self.mailbox.trouble(code, message);
        self.end.0 = end;
    }

    /// Resolves when nothing more can be said to the agent: it is gone, or the runtime stops.
    pub async fn over(&self) {
        self.mailbox.over().await;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let (end, closing) = self.end.clone();
        // Before the mailbox is closed: an agent that sees its stream end is no longer listed.
        let gone = self.runtime.directory.close(&self.agent, self.stream, closing, Instant::now());
        if gone {
            tracing::info!(agent = self.agent, "agent left");
            self.runtime.activity.unregistered(&self.agent);
        }
        // A created agent gets its parked mailbox before this one hears no more: rather twice than never.
        self.runtime.park(&self.agent);
        self.runtime.bus.unsubscribe(self.stream, &self.patterns);
        self.mailbox.close(end);
        self.runtime.calls.abandon(self.stream);
    }
}

/// The outbound half: a stream of what the agent is told. It ends after [`End::Done`], and after the error that says
/// any other end. Dropped, the agent is taken for gone.
#[derive(Debug)]
pub struct Outbound {
    runtime: Arc<Runtime>,
    agent: String,
    mailbox: Arc<Mailbox>,
    ledger: Arc<DeliveryCounters>,
    over: bool,
}

impl Outbound {
    fn activity(&self) -> &Activity {
        &self.runtime.activity
    }
}

impl Stream for Outbound {
    type Item = Result<Outgoing, StreamEnd>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.over {
            return Poll::Ready(None);
        }
        let said = ready!(self.mailbox.poll(cx));
        match &said {
            Ok(Outgoing::Event(QueueItem::Delivery { pattern, envelope })) => {
                self.ledger.note(pattern);
                spans::deliver(&self.agent, pattern, envelope);
                self.activity().delivered(&self.agent, envelope);
            }
            Ok(Outgoing::Event(QueueItem::Lost { pattern, count })) => {
                tracing::warn!(agent = self.agent, %pattern, count, "a slow reader lost events");
            }
            Ok(_) => {}
            Err(_) => self.over = true,
        }
        Poll::Ready(match said {
            Err(StreamEnd::Done) => None,
            said => Some(said),
        })
    }
}

impl Drop for Outbound {
    fn drop(&mut self) {
        self.mailbox.abandon();
    }
}
