//! Tool calls under way, and their answers.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::oneshot;

use crate::{directory::StreamId, lock::lock, tool::ToolResult};

type Pending = HashMap<StreamId, HashMap<String, oneshot::Sender<ToolResult>>>;

/// What was asked of agents and not yet answered. An answer counts only on the stream that was asked.
#[derive(Debug, Default)]
pub struct Calls {
    pending: Mutex<Pending>,
    next: AtomicU64,
}

/// A call that waits for its answer; dropped = forgotten.
#[derive(Debug)]
pub struct Waiting {
    calls: Arc<Calls>,
    stream: StreamId,
    /// The id that the agent sees.
    pub id: String,
    answer: oneshot::Receiver<ToolResult>,
}

impl Calls {
    /// Notes a call to a stream under the caller's id, or under one of our own if that is empty or taken.
    pub fn begin(self: &Arc<Self>, stream: StreamId, wanted: &str) -> Waiting {
        let (sender, answer) = oneshot::channel();
        let mut pending = lock(&self.pending);
        let of_stream = pending.entry(stream).or_default();
        let mut id = wanted.to_owned();
        while id.is_empty() || of_stream.contains_key(&id) {
            id = format!("call-{}", self.next.fetch_add(1, Ordering::Relaxed));
        }
        of_stream.insert(id.clone(), sender);
        drop(pending);
        Waiting { calls: Arc::clone(self), stream, id, answer }
    }

    /// Hands an answer to whom it concerns; false if nobody asked, or no longer.
    pub fn answer(&self, stream: StreamId, id: &str, answer: ToolResult) -> bool {
        let sender = lock(&self.pending).get_mut(&stream).and_then(|calls| calls.remove(id));
        sender.is_some_and(|sender| sender.send(answer).is_ok())
    }

    /// The stream is over: whoever waits for it learns so at once.
    pub fn abandon(&self, stream: StreamId) {
        lock(&self.pending).remove(&stream);
    }

    /// Calls under way.
    pub fn len(&self) -> usize {
        lock(&self.pending).values().map(HashMap::len).sum()
    }

    /// Whether none is under way.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Waiting {
    /// The answer, or `None` when the stream ended without one.
    pub async fn answer(&mut self) -> Option<ToolResult> {
        (&mut self.answer).await.ok()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // Once ours is answered, another call may wait under the same id: only a sender without a receiver is ours.
        self.answer.close();
        let mut pending = lock(&self.calls.pending);
        if let Some(calls) = pending.get_mut(&self.stream) {
            if calls.get(&self.id).is_some_and(oneshot::Sender::is_closed) {
                calls.remove(&self.id);
            }
            if calls.is_empty() {
                pending.remove(&self.stream);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_counts_only_on_the_stream_that_was_asked_and_only_once() {
        let calls = Arc::new(Calls::default());
        let mut waiting = calls.begin(StreamId(1), "c");
        assert!(!calls.answer(StreamId(2), "c", Ok("stolen".to_owned())));
        assert!(!calls.answer(StreamId(1), "d", Ok("other".to_owned())));
        assert!(calls.answer(StreamId(1), "c", Ok("1".to_owned())));
        assert!(!calls.answer(StreamId(1), "c", Ok("2".to_owned())));
        assert_eq!(waiting.answer().await, Some(Ok("1".to_owned())));
    }

    #[tokio::test]
    async fn equal_ids_of_two_callers_are_kept_apart() {
        let calls = Arc::new(Calls::default());
        let mut first = calls.begin(StreamId(1), "c");
        let mut second = calls.begin(StreamId(1), "c");
        let empty = calls.begin(StreamId(1), "");
        assert_eq!(first.id, "c");
        assert!(second.id != "c" && !empty.id.is_empty() && second.id != empty.id);
        assert!(calls.answer(StreamId(1), &second.id, Ok("2".to_owned())));
        assert!(calls.answer(StreamId(1), "c", Ok("1".to_owned())));
        assert_eq!(first.answer().await, Some(Ok("1".to_owned())));
        assert_eq!(second.answer().await, Some(Ok("2".to_owned())));
    }

    #[tokio::test]
    async fn a_dropped_call_is_forgotten_and_leaves_a_later_one_alone() {
        let calls = Arc::new(Calls::default());
        drop(calls.begin(StreamId(1), "c"));
        assert!(calls.is_empty());
        let answered = calls.begin(StreamId(1), "c");
        assert!(calls.answer(StreamId(1), "c", Ok(String::new())));
        let later = calls.begin(StreamId(1), "c");
        drop(answered);
        assert_eq!(calls.len(), 1);
        drop(later);
    }

    #[tokio::test]
    async fn a_stream_that_ends_releases_its_callers() {
        let calls = Arc::new(Calls::default());
        let mut waiting = calls.begin(StreamId(1), "c");
        calls.abandon(StreamId(1));
        assert_eq!(waiting.answer().await, None);
    }
}
