//! A backlog that wakes its reader.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use tokio_util::sync::CancellationToken;

use crate::{
    backlog::{OutboundQueue, QueueItem, SubscriptionId},
    event::Envelope,
    lock::lock,
    qos::{Qos, QueueLimits},
    tool::ToolCall,
};

/// What a stream says to its agent.
#[derive(Debug, Clone, PartialEq)]
pub enum Outgoing {
    /// An event, or that events were lost.
    Event(QueueItem),
    /// Answer to a ping.
    Pong,
    /// A tool of the agent is asked for.
    Call(Arc<ToolCall>),
    /// Something went wrong on this stream.
    Trouble {
        /// A word for programs.
        code: &'static str,
        /// A sentence for people.
        message: String,
    },
}

/// Why a stream ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamEnd {
    /// The agent said all it had to say.
    Done,
    /// The agent should come back.
    Unavailable(String),
    /// The agent said what cannot be understood.
    Invalid(String),
}

/// Answers to pings and tool calls that may wait for a reader. Beyond it pongs give way, oldest first, and calls
/// are refused.
const CONTROL: usize = 1024;

#[derive(Debug, Default)]
struct State {
    /// Said before any event: pongs, calls, trouble.
    control: VecDeque<Outgoing>,
    backlog: OutboundQueue,
    /// Where events go that are meant for this agent and no other.
    direct: Option<SubscriptionId>,
    end: Option<StreamEnd>,
    reader: Option<Waker>,
    /// The reader is gone: nothing will ever be taken.
    abandoned: bool,
}

/// What one stream has still to say. Putting in never waits; one reader takes out.
#[derive(Debug, Default)]
pub struct Mailbox {
    state: Mutex<State>,
    over: CancellationToken,
}

impl Mailbox {
    /// Adds a subscription.
    pub fn subscribe(&self, pattern: Arc<str>, limits: QueueLimits) -> SubscriptionId {
        lock(&self.state).backlog.open(pattern, limits)
    }

    /// Queues an event; answers how many older ones gave way, or `None` when the stream is over.
    pub fn deliver(&self, lane: SubscriptionId, envelope: Arc<Envelope>) -> Option<u64> {
        self.put(|state| state.backlog.push(lane, envelope))
    }

    /// As [`Mailbox::deliver`], for an event that was sent to this agent and not published; told as one of `topic`.
    pub fn deliver_direct(&self, topic: &Arc<str>, envelope: Arc<Envelope>) -> Option<u64> {
        self.put(|state| {
            let backlog = &mut state.backlog;
            let open = || backlog.open(Arc::clone(topic), Qos::Batched.limits());
            let lane = *state.direct.get_or_insert_with(open);
            state.backlog.push(lane, envelope)
        })
    }

    /// Events that wait for one subscription.
    pub fn waiting(&self, lane: SubscriptionId) -> usize {
        lock(&self.state).backlog.waiting(lane)
    }

    /// Answers a ping. Only the newest of very many unread answers are kept.
    pub fn pong(&self) {
        self.put(|state| {
            if state.control.len() >= CONTROL {
                let oldest = state.control.iter().position(|said| *said == Outgoing::Pong);
                oldest.map(|at| state.control.remove(at));
            }
            if state.control.len() < CONTROL {
                state.control.push_back(Outgoing::Pong);
            }
        });
    }

    /// Asks the agent for a tool; false when the stream is over or does not read.
    pub fn call(&self, call: Arc<ToolCall>) -> bool {
        self.put(|state| {
            let room = state.control.len() < CONTROL;
            if room {
                state.control.push_back(Outgoing::Call(call));
            }
            room
        })
        .unwrap_or(false)
    }

    /// Reports trouble on this stream, before anything that waits.
    pub fn trouble(&self, code: &'static str, message: String) {
        self.put(|state| state.control.push_back(Outgoing::Trouble { code, message }));
    }

    /// Takes nothing more; the reader gets what waits and then the end. The first end stands.
    pub fn close(&self, end: StreamEnd) {
        let reader = {
            let mut state = lock(&self.state);
            state.end.get_or_insert(end);
            state.reader.take()
        };
        self.over.cancel();
        wake(reader);
    }

    /// The reader is gone: forgets what waits.
    pub fn abandon(&self) {
        let mut state = lock(&self.state);
        state.abandoned = true;
        state.control.clear();
        state.backlog.clear();
        state.reader = None;
        drop(state);
        self.over.cancel();
    }

    /// Resolves when nothing more is taken.
    pub async fn over(&self) {
        self.over.cancelled().await;
    }

    /// The next thing to say, or how it ended. For one reader.
    pub fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<Outgoing, StreamEnd>> {
        let mut state = lock(&self.state);
        if let Some(said) = state.control.pop_front() {
            return Poll::Ready(Ok(said));
        }
        if let Some(item) = state.backlog.pop() {
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

    fn put<T>(&self, change: impl FnOnce(&mut State) -> T) -> Option<T> {
        let mut state = lock(&self.state);
        if state.end.is_some() || state.abandoned {
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

    fn taken(mailbox: &Mailbox) -> (Vec<Outgoing>, Option<StreamEnd>) {
        let mut cx = Context::from_waker(Waker::noop());
        let mut all = Vec::new();
        loop {
            match mailbox.poll(&mut cx) {
                Poll::Ready(Ok(said)) => all.push(said),
                Poll::Ready(Err(end)) => return (all, Some(end)),
                Poll::Pending => return (all, None),
            }
        }
    }

    #[test]
    fn what_waits_is_said_before_the_end_and_nothing_is_taken_after_it() {
        let mailbox = Mailbox::default();
        mailbox.pong();
        mailbox.close(StreamEnd::Done);
        mailbox.close(StreamEnd::Invalid("too late".to_owned()));
        mailbox.pong();
        assert!(!mailbox.call(Arc::default()));
        assert_eq!(taken(&mailbox), (vec![Outgoing::Pong], Some(StreamEnd::Done)));
    }

    #[test]
    fn unread_pongs_give_way_and_calls_are_refused() {
        let mailbox = Mailbox::default();
        (0..3 * CONTROL).for_each(|_| mailbox.pong());
        assert!(!mailbox.call(Arc::default()), "full");
        assert_eq!(taken(&mailbox).0.len(), CONTROL);
        assert!(mailbox.call(Arc::default()));
        (0..3 * CONTROL).for_each(|_| mailbox.pong());
        let (said, _) = taken(&mailbox);
        assert!(
            said.len() == CONTROL && matches!(said[0], Outgoing::Call(_)),
            "calls never give way"
        );
    }

    #[test]
    fn a_reader_that_is_gone_leaves_nothing_behind() {
        let mailbox = Mailbox::default();
        mailbox.pong();
        mailbox.abandon();
        mailbox.pong();
        assert_eq!(taken(&mailbox), (vec![], None));
        assert!(mailbox.over.is_cancelled());
    }
}
