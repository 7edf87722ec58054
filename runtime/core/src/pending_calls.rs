//! Tool calls that were sent to agents and have no result yet.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use loom_base::LockExt as _;
use tokio::sync::oneshot;

use crate::{stream_id::StreamId, tool::ToolResult};

type CallsByStream = HashMap<StreamId, HashMap<String, oneshot::Sender<ToolResult>>>;

/// The calls without a result. A result counts only if it comes on the stream that the call was sent to: one agent
/// cannot answer for another.
#[derive(Debug, Default)]
pub struct PendingCalls {
    calls: Mutex<CallsByStream>,
    next_id: AtomicU64,
}

/// A call that waits for its result. Dropping it cancels the wait.
#[derive(Debug)]
pub struct PendingCall {
    calls: Arc<PendingCalls>,
    stream: StreamId,
    /// The id under which the agent gets the call.
    pub id: String,
    result: oneshot::Receiver<ToolResult>,
}

impl PendingCalls {
    /// Adds a call to `stream`. It keeps the caller's id, unless that is empty or in use on this stream.
    pub fn begin(self: &Arc<Self>, stream: StreamId, caller_id: &str) -> PendingCall {
        let (sender, result) = oneshot::channel();
        let mut calls = self.calls.locked();
        let of_stream = calls.entry(stream).or_default();
        let mut id = caller_id.to_owned();
        while id.is_empty() || of_stream.contains_key(&id) {
            id = format!("call-{}", self.next_id.fetch_add(1, Ordering::Relaxed));
        }
        of_stream.insert(id.clone(), sender);
        drop(calls);
        PendingCall { calls: Arc::clone(self), stream, id, result }
    }

    /// Completes a call. Returns false if there is no such call, or its caller no longer waits.
    pub fn complete(&self, stream: StreamId, id: &str, result: ToolResult) -> bool {
        let sender = self.calls.locked().get_mut(&stream).and_then(|calls| calls.remove(id));
        sender.is_some_and(|sender| sender.send(result).is_ok())
    }

    /// Ends all calls of a stream without a result, because the stream is closed.
    pub fn close_stream(&self, stream: StreamId) {
        self.calls.locked().remove(&stream);
    }

    /// The number of pending calls.
    pub fn len(&self) -> usize {
        self.calls.locked().values().map(HashMap::len).sum()
    }

    /// Whether no call is pending.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl PendingCall {
    /// The result, or `None` if the stream was closed without one.
    pub async fn result(&mut self) -> Option<ToolResult> {
        (&mut self.result).await.ok()
    }
}

impl Drop for PendingCall {
    fn drop(&mut self) {
        // After this call was completed, another one may be pending under the same id. Only a sender whose receiver is
        // closed belongs to this call.
        self.result.close();
        let mut calls = self.calls.calls.locked();
        if let Some(of_stream) = calls.get_mut(&self.stream) {
            if of_stream.get(&self.id).is_some_and(oneshot::Sender::is_closed) {
                of_stream.remove(&self.id);
            }
            if of_stream.is_empty() {
                calls.remove(&self.stream);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_result_counts_once_and_on_the_stream_of_the_call_only() {
        let calls = Arc::new(PendingCalls::default());
        let mut call = calls.begin(StreamId(1), "c");
        assert!(!calls.complete(StreamId(2), "c", Ok("stolen".to_owned())));
        assert!(!calls.complete(StreamId(1), "d", Ok("other".to_owned())));
        assert!(calls.complete(StreamId(1), "c", Ok("1".to_owned())));
        assert!(!calls.complete(StreamId(1), "c", Ok("2".to_owned())));
        assert_eq!(call.result().await, Some(Ok("1".to_owned())));
    }

    #[tokio::test]
    async fn equal_ids_of_two_callers_are_kept_apart() {
        let calls = Arc::new(PendingCalls::default());
        let mut first = calls.begin(StreamId(1), "c");
        let mut second = calls.begin(StreamId(1), "c");
        let empty = calls.begin(StreamId(1), "");
        assert_eq!(first.id, "c");
        assert!(second.id != "c" && !empty.id.is_empty() && second.id != empty.id);
        assert!(calls.complete(StreamId(1), &second.id, Ok("2".to_owned())));
        assert!(calls.complete(StreamId(1), "c", Ok("1".to_owned())));
        assert_eq!(first.result().await, Some(Ok("1".to_owned())));
        assert_eq!(second.result().await, Some(Ok("2".to_owned())));
    }

    #[tokio::test]
    async fn a_dropped_call_is_removed_and_does_not_affect_a_later_one() {
        let calls = Arc::new(PendingCalls::default());
        drop(calls.begin(StreamId(1), "c"));
        assert!(calls.is_empty());
        let completed = calls.begin(StreamId(1), "c");
        assert!(calls.complete(StreamId(1), "c", Ok(String::new())));
        let later = calls.begin(StreamId(1), "c");
        drop(completed);
        assert_eq!(calls.len(), 1);
        drop(later);
    }

    #[tokio::test]
    async fn closing_a_stream_ends_its_calls() {
        let calls = Arc::new(PendingCalls::default());
        let mut call = calls.begin(StreamId(1), "c");
        calls.close_stream(StreamId(1));
        assert_eq!(call.result().await, None);
    }
}
