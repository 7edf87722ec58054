//! What went into calls and came out of them, until their spans are exported.

use std::{
    collections::{HashMap, VecDeque},
    sync::Mutex,
};

use loom_base::LockExt as _;
use loom_core::CallContent;

use crate::spans::secret_runs::SecretRuns;

/// The bytes of all contents; beyond it, the oldest are dropped.
const MAX_BYTES: usize = 32 << 20;
/// The contents of calls that are kept; beyond it, the oldest are dropped.
const MAX_CALLS: usize = 4096;

/// What went into one call, and what came out of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct CapturedCall {
    /// The run.
    pub(super) trace_id: u128,
    /// The arguments as they came.
    pub(super) input: String,
    /// The result, where there is one.
    pub(super) output: Option<String>,
}

impl CapturedCall {
    fn bytes(&self) -> usize {
        self.input.len() + self.output.as_ref().map_or(0, String::len)
    }
}

/// The contents of calls, by their spans; bounded, since a collector may take none.
#[derive(Debug, Default)]
pub(super) struct CapturedCalls {
    state: Mutex<CapturedState>,
}

#[derive(Debug, Default)]
struct CapturedState {
    calls: HashMap<u64, CapturedCall>,
    /// The spans of the calls, oldest first; some may be taken already.
    order: VecDeque<u64>,
    bytes: usize,
    secrets: SecretRuns,
}

impl CapturedCalls {
    /// Keeps what went into a call, or came out of it. What belongs to a secret run is dropped, also what came earlier.
    pub(super) fn keep(&self, content: &CallContent<'_>) {
        let mut state = self.state.locked();
        let trace_id = content.context.trace_id;
        if content.is_secret {
            state.mark_secret(trace_id);
        }
        if state.secrets.contains(trace_id) || content.text.len() > MAX_BYTES {
            return;
        }
        let span_id = content.context.span_id;
        let text = content.text.to_owned();
        state.bytes += text.len();
        if content.is_output {
            match state.calls.get_mut(&span_id) {
                Some(call) => call.output = Some(text),
                // What went in was dropped: what comes out alone says little.
                None => state.bytes -= text.len(),
            }
        } else {
            state.calls.insert(span_id, CapturedCall { trace_id, input: text, output: None });
            state.order.push_back(span_id);
        }
        state.make_room();
    }

    /// Whether there is something of the call with this span.
    pub(super) fn has(&self, span_id: u64) -> bool {
        self.state.locked().calls.contains_key(&span_id)
    }

    /// A run is secret: what is kept of it is dropped, and nothing else is kept.
    pub(super) fn mark_secret(&self, trace_id: u128) {
        self.state.locked().mark_secret(trace_id);
    }

    /// Whether a run is marked secret.
    pub(super) fn is_secret(&self, trace_id: u128) -> bool {
        self.state.locked().secrets.contains(trace_id)
    }

    /// The contents of the call with this span.
    pub(super) fn take(&self, span_id: u64) -> Option<CapturedCall> {
        self.state.locked().remove(span_id)
    }
}

impl CapturedState {
    fn remove(&mut self, span_id: u64) -> Option<CapturedCall> {
        let call = self.calls.remove(&span_id)?;
        self.bytes -= call.bytes();
        Some(call)
    }

    fn make_room(&mut self) {
        while self.bytes > MAX_BYTES || self.order.len() > MAX_CALLS {
            let Some(oldest) = self.order.pop_front() else { return };
            self.remove(oldest);
        }
    }

    fn mark_secret(&mut self, trace_id: u128) {
        if !self.secrets.insert(trace_id) {
            return;
        }
        let of_run = |(span_id, call): (&u64, &CapturedCall)| {
            (call.trace_id == trace_id).then_some(*span_id)
        };
        let of_run: Vec<u64> = self.calls.iter().filter_map(of_run).collect();
        for span_id in of_run {
            self.remove(span_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use loom_core::TraceContext;

    use super::*;

    fn keep(calls: &CapturedCalls, trace_id: u128, span_id: u64, is_output: bool, text: &str) {
        let context = TraceContext { trace_id, span_id, sampled: true };
        let is_secret = text == "hush";
        let (tool, agent) = ("t", None);
        calls.keep(&CallContent { context, tool, agent, is_output, text, is_secret });
    }

    #[test]
    fn a_call_is_taken_once_with_both_sides() {
        let calls = CapturedCalls::default();
        keep(&calls, 1, 2, false, "in");
        keep(&calls, 1, 2, true, "out");
        keep(&calls, 1, 3, true, "without its input");
        assert!(calls.has(2) && !calls.has(3));
        let call = calls.take(2).unwrap();
        assert_eq!((&*call.input, call.output.as_deref()), ("in", Some("out")));
        assert_eq!((calls.take(2), calls.state.locked().bytes), (None, 0));
    }

    #[test]
    fn nothing_of_a_secret_run_is_kept() {
        let calls = CapturedCalls::default();
        keep(&calls, 1, 2, false, "before");
        keep(&calls, 9, 3, false, "of another run");
        keep(&calls, 1, 4, false, "hush");
        keep(&calls, 1, 5, false, "after");
        assert_eq!([2, 3, 4, 5].map(|span_id| calls.has(span_id)), [false, true, false, false]);
    }

    #[test]
    fn the_oldest_make_room() {
        let calls = CapturedCalls::default();
        let half = "x".repeat(MAX_BYTES / 2);
        (1..=3).for_each(|span_id| keep(&calls, 1, span_id, false, &half));
        assert_eq!([1, 2, 3].map(|span_id| calls.has(span_id)), [false, true, true]);
        (10..10 + 2 * MAX_CALLS as u64).for_each(|span_id| keep(&calls, 1, span_id, false, ""));
        assert_eq!(calls.state.locked().calls.len(), MAX_CALLS);
    }
}
