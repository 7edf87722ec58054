//! The mailbox of a stream: an outbound queue that wakes its reader.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use loom_base::LockExt as _;
use tokio_util::sync::CancellationToken;

use crate::{
    event::Envelope,
    limits::MAX_WAITING_CALL_BYTES,
    outbound_queue::{OutboundQueue, QueueItem, SubscriptionId},
    qos::{Qos, QueueLimits},
    queue_budget::BudgetShare,
    tool::ToolCall,
};

/// A message from the runtime to the reader of a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Outgoing {
    /// An event, or the number of dropped events.
    Event(QueueItem),
    /// The answer to a ping.
    Pong,
    /// A call of one of the agent's tools.
    ToolCall(Arc<ToolCall>),
    /// An error on this stream.
    Error {
        /// Machine-readable code.
        code: &'static str,
        /// Human-readable message.
        message: String,
    },
}

/// Why a stream ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamEnd {
    /// The stream is complete; the client need not reconnect.
    Completed,
    /// The client should reconnect; the text gives the reason.
    Unavailable(String),
    /// The client sent an invalid message; the text says what is wrong.
    Invalid(String),
}

/// Pongs and tool calls that may wait for a reader. Beyond this limit the oldest pongs are dropped, and calls are
/// refused.
const MAX_CONTROL_MESSAGES: usize = 1024;

#[derive(Debug, Default)]
struct MailboxState {
    /// Pongs, tool calls and errors; delivered before any event.
    control: VecDeque<Outgoing>,
    /// The size of the tool calls among them.
    call_bytes: usize,
    queue: OutboundQueue,
    /// The queue of events that were sent to this agent directly.
    direct: Option<SubscriptionId>,
    end: Option<StreamEnd>,
    reader: Option<Waker>,
    /// The reader is gone: nothing is accepted any more.
    is_abandoned: bool,
}

/// The messages that wait for one stream. Adding a message never blocks; one reader takes them.
#[derive(Debug, Default)]
pub struct Mailbox {
    state: Mutex<MailboxState>,
    closed: CancellationToken,
}

impl Mailbox {
    /// A mailbox that has no reader yet, and whose events count against a shared limit.
    pub fn detached(share: BudgetShare) -> Self {
        let state = MailboxState { queue: OutboundQueue::with_share(share), ..Default::default() };
        Self { state: Mutex::new(state), closed: CancellationToken::new() }
    }

    /// Tells that there is a reader now: the shared limit no longer applies.
    pub fn attach(&self) {
        self.state.locked().queue.end_share();
    }

    /// Adds a subscription.
    pub fn subscribe(&self, pattern: Arc<str>, limits: QueueLimits) -> SubscriptionId {
        self.state.locked().queue.add_subscription(pattern, limits)
    }

    /// Queues an event. Returns how many older events were dropped for it, or `None` if the stream has ended.
    pub fn deliver(&self, subscription: SubscriptionId, envelope: Arc<Envelope>) -> Option<u64> {
        self.update(|state| state.queue.push(subscription, envelope))
    }

    /// As [`Mailbox::deliver`], for an event that was sent to this agent and not published. The reader sees it as a
    /// delivery of `topic`.
    pub fn deliver_direct(&self, topic: &Arc<str>, envelope: Arc<Envelope>) -> Option<u64> {
        self.update(|state| {
            let queue = &mut state.queue;
            let add = || queue.add_subscription(Arc::clone(topic), Qos::Batched.limits());
            let subscription = *state.direct.get_or_insert_with(add);
            state.queue.push(subscription, envelope)
        })
    }

    /// The number of queued events of one subscription.
    pub fn queued(&self, subscription: SubscriptionId) -> usize {
        self.state.locked().queue.queued(subscription)
    }

    /// Queues the answer to a ping. Of more than 1024 unread ones the oldest are dropped.
    pub fn pong(&self) {
        self.update(|state| {
            if state.control.len() >= MAX_CONTROL_MESSAGES {
                let oldest = state.control.iter().position(|message| *message == Outgoing::Pong);
                oldest.map(|index| state.control.remove(index));
            }
            if state.control.len() < MAX_CONTROL_MESSAGES {
                state.control.push_back(Outgoing::Pong);
            }
        });
    }

    /// Queues a tool call. Returns false if the stream has ended or its reader has left too many messages unread.
    pub fn call_tool(&self, call: Arc<ToolCall>) -> bool {
        self.update(|state| {
            let has_room = state.control.len() < MAX_CONTROL_MESSAGES
                && state.call_bytes + call.size() <= MAX_WAITING_CALL_BYTES;
            if has_room {
                state.call_bytes += call.size();
                state.control.push_back(Outgoing::ToolCall(call));
            }
            has_room
        })
        .unwrap_or(false)
    }

    /// Queues an error of this stream, before all events. It is lost if too many messages are unread.
    pub fn report_error(&self, code: &'static str, message: String) {
        self.update(|state| {
            if state.control.len() < MAX_CONTROL_MESSAGES {
                state.control.push_back(Outgoing::Error { code, message });
            }
        });
    }

    /// Closes the mailbox: the reader gets what is queued and then `end`. A second call has no effect on the end.
    pub fn close(&self, end: StreamEnd) {
        let reader = {
            let mut state = self.state.locked();
            state.end.get_or_insert(end);
            state.reader.take()
        };
        self.closed.cancel();
        wake(reader);
    }

    /// Closes the mailbox because its reader is gone, and drops all that is queued.
    pub fn abandon(&self) {
        let mut state = self.state.locked();
        state.is_abandoned = true;
        state.control.clear();
        state.call_bytes = 0;
        state.queue.clear();
        state.reader = None;
        drop(state);
        self.closed.cancel();
    }

    /// Whether the reader is gone.
    pub fn is_abandoned(&self) -> bool {
        self.state.locked().is_abandoned
    }

    /// Resolves when the mailbox is closed.
    pub async fn closed(&self) {
        self.closed.cancelled().await;
    }

    /// The next message, or the end of the stream. Wakes the reader that polled last.
    pub fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Result<Outgoing, StreamEnd>> {
        let mut state = self.state.locked();
        if let Some(message) = state.control.pop_front() {
            if let Outgoing::ToolCall(call) = &message {
                state.call_bytes -= call.size();
            }
            return Poll::Ready(Ok(message));
        }
        if let Some(item) = state.queue.pop() {
            return Poll::Ready(Ok(Outgoing::Event(item)));
        }
        if let Some(end) = &state.end {
            return Poll::Ready(Err(end.clone()));
        }
        match &mut state.reader {
            Some(reader) => reader.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// Changes the state and wakes the reader; `None` if the mailbox is closed.
    fn update<T>(&self, change: impl FnOnce(&mut MailboxState) -> T) -> Option<T> {
        let mut state = self.state.locked();
        if state.end.is_some() || state.is_abandoned {
            return None;
        }
        let result = change(&mut state);
        let reader = state.reader.take();
        drop(state);
        wake(reader);
        Some(result)
    }
}

fn wake(reader: Option<Waker>) {
    if let Some(reader) = reader {
        reader.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(mailbox: &Mailbox) -> (Vec<Outgoing>, Option<StreamEnd>) {
        let mut cx = Context::from_waker(Waker::noop());
        let mut messages = Vec::new();
        loop {
            match mailbox.poll_next(&mut cx) {
                Poll::Ready(Ok(message)) => messages.push(message),
                Poll::Ready(Err(end)) => return (messages, Some(end)),
                Poll::Pending => return (messages, None),
            }
        }
    }

    #[test]
    fn queued_messages_come_before_the_end_and_none_is_accepted_after_it() {
        let mailbox = Mailbox::default();
        mailbox.pong();
        mailbox.close(StreamEnd::Completed);
        mailbox.close(StreamEnd::Invalid("too late".to_owned()));
        mailbox.pong();
        assert!(!mailbox.call_tool(Arc::default()));
        assert_eq!(drain(&mailbox), (vec![Outgoing::Pong], Some(StreamEnd::Completed)));
    }

    #[test]
    fn unread_pongs_are_dropped_and_calls_are_refused() {
        let mailbox = Mailbox::default();
        (0..3 * MAX_CONTROL_MESSAGES).for_each(|_| mailbox.pong());
        assert!(!mailbox.call_tool(Arc::default()), "full");
        assert_eq!(drain(&mailbox).0.len(), MAX_CONTROL_MESSAGES);
        assert!(mailbox.call_tool(Arc::default()));
        (0..3 * MAX_CONTROL_MESSAGES).for_each(|_| mailbox.pong());
        let (messages, _) = drain(&mailbox);
        assert_eq!(messages.len(), MAX_CONTROL_MESSAGES);
        assert!(matches!(messages[0], Outgoing::ToolCall(_)), "calls are never dropped");
    }

    #[test]
    fn waiting_calls_are_limited_in_bytes() {
        let mailbox = Mailbox::default();
        let arguments = "x".repeat(MAX_WAITING_CALL_BYTES / 2);
        let call = Arc::new(ToolCall { arguments, ..ToolCall::default() });
        assert!(mailbox.call_tool(Arc::clone(&call)) && mailbox.call_tool(Arc::clone(&call)));
        assert!(!mailbox.call_tool(Arc::clone(&call)));
        assert_eq!(drain(&mailbox).0.len(), 2);
        assert!(mailbox.call_tool(call));
    }

    #[test]
    fn an_abandoned_mailbox_is_empty_and_closed() {
        let mailbox = Mailbox::default();
        mailbox.pong();
        mailbox.abandon();
        mailbox.pong();
        assert_eq!(drain(&mailbox), (vec![], None));
        assert!(mailbox.closed.is_cancelled());
    }
}
