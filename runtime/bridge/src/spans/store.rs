//! The latest spans, bounded.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    sync::{Arc, Mutex},
};

use loom_base::LockExt as _;

use super::{
    record::{SpanRecord, is_event_span},
    secret_runs::SecretRuns,
};

/// The number of event spans that are kept, and of all others.
pub const CAPACITY: usize = 8192;

/// The sequence number of a span: the order in which spans finish.
pub type SpanSequence = u64;

type SpanRing = VecDeque<(SpanSequence, Arc<SpanRecord>)>;

#[derive(Debug, Default)]
struct SpanStoreState {
    next: SpanSequence,
    events: SpanRing,
    others: SpanRing,
    /// The number of spans of each run in `others`: most runs that are marked have none yet.
    of_runs: HashMap<u128, usize>,
    secrets: SecretRuns,
}

/// The latest spans in the order in which they finished.
#[derive(Debug, Default)]
pub struct SpanStore {
    state: Mutex<SpanStoreState>,
}

/// The spans that finished since a sequence number.
#[derive(Debug, Default, PartialEq)]
pub struct SpanBatch {
    /// The spans, oldest first.
    pub spans: Vec<Arc<SpanRecord>>,
    /// The sequence number with which to continue.
    pub next: SpanSequence,
    /// The number of older spans that are not in the batch.
    pub missed: u64,
}

impl SpanStore {
    /// Adds a span. If there are [`CAPACITY`] of its kind, the oldest one is removed.
    pub fn push(&self, record: Arc<SpanRecord>) {
        let mut state = self.state.locked();
        let sequence = state.next;
        state.next += 1;
        state.push(sequence, record);
    }

    /// A run is secret: what is here of it loses its content. Later spans are stripped before they come.
    pub fn mark_secret(&self, trace_id: u128) {
        let mut state = self.state.locked();
        if !state.secrets.insert(trace_id) || !state.of_runs.contains_key(&trace_id) {
            return;
        }
        // Spans of events have neither content nor errors.
        let of_run = state.others.iter_mut().filter(|(_, span)| span.context.trace_id == trace_id);
        of_run.for_each(|(_, span)| Arc::make_mut(span).strip());
    }

    /// Whether a run is marked secret.
    pub fn is_secret(&self, trace_id: u128) -> bool {
        self.state.locked().secrets.contains(trace_id)
    }

    /// The latest spans, newest first.
    pub fn recent(&self, limit: usize) -> Vec<Arc<SpanRecord>> {
        let state = self.state.locked();
        let mut events = state.events.iter().rev().peekable();
        let mut others = state.others.iter().rev().peekable();
        let newest = std::iter::from_fn(|| match (events.peek(), others.peek()) {
            (Some((event, _)), Some((other, _))) if event < other => others.next(),
            (Some(_), _) => events.next(),
            (None, _) => others.next(),
        });
        newest.take(limit).map(|(_, record)| Arc::clone(record)).collect()
    }

    /// The spans of one trace, by start.
    pub fn trace(&self, trace_id: u128) -> Vec<Arc<SpanRecord>> {
        let state = self.state.locked();
        let all = state.events.iter().chain(&state.others).map(|(_, record)| record);
        let of_trace = all.filter(|record| record.context.trace_id == trace_id);
        let mut trace: Vec<_> = of_trace.cloned().collect();
        drop(state);
        trace.sort_by_key(|record| record.start);
        trace
    }

    /// The sequence number of the next span.
    pub fn next(&self) -> SpanSequence {
        self.state.locked().next
    }

    /// The spans from a sequence number on; of more than `limit` the newest.
    pub fn since(&self, sequence: SpanSequence, limit: usize) -> SpanBatch {
        let state = self.state.locked();
        let newer = |ring: &SpanRing| -> Vec<(SpanSequence, Arc<SpanRecord>)> {
            let newest_first = ring.iter().rev();
            newest_first.take_while(|(each, _)| *each >= sequence).take(limit).cloned().collect()
        };
        let mut spans = newer(&state.events);
        spans.extend(newer(&state.others));
        let next = state.next;
        drop(state);
        spans.sort_unstable_by_key(|(sequence, _)| *sequence);
        let spans = spans.split_off(spans.len().saturating_sub(limit));
        let missed = next.saturating_sub(sequence) - spans.len() as u64;
        SpanBatch { spans: spans.into_iter().map(|(_, record)| record).collect(), next, missed }
    }
}

impl SpanStoreState {
    fn push(&mut self, sequence: SpanSequence, record: Arc<SpanRecord>) {
        let is_event = is_event_span(&record.name);
        if !is_event {
            *self.of_runs.entry(record.context.trace_id).or_default() += 1;
        }
        let ring = if is_event { &mut self.events } else { &mut self.others };
        let oldest = if ring.len() == CAPACITY { ring.pop_front() } else { None };
        ring.push_back((sequence, record));
        if let Some((_, oldest)) = oldest.filter(|_| !is_event)
            && let Entry::Occupied(mut count) = self.of_runs.entry(oldest.context.trace_id)
        {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use loom_core::TraceContext;

    use super::*;
    use crate::spans::AttributeValue;

    fn span(name: &'static str, trace_id: u128, second: u64) -> Arc<SpanRecord> {
        Arc::new(SpanRecord {
            context: TraceContext { trace_id, span_id: second, sampled: true },
            parent: None,
            parent_is_remote: false,
            name: name.into(),
            start: UNIX_EPOCH + Duration::from_secs(second),
            duration: Duration::ZERO,
            attributes: Vec::new(),
            status: Default::default(),
            error: None,
            is_secret: false,
        })
    }

    fn ids(spans: &[Arc<SpanRecord>]) -> Vec<u64> {
        spans.iter().map(|span| span.context.span_id).collect()
    }

    #[test]
    fn event_spans_do_not_replace_others_and_the_newest_come_first() {
        let store = SpanStore::default();
        store.push(span("tool.call", 1, 0));
        for n in 1..=CAPACITY as u64 + 10 {
            store.push(span("event.publish", 2, n));
        }
        store.push(span("tool.call", 1, 9000));
        let recent = store.recent(usize::MAX);
        assert_eq!(recent.len(), CAPACITY + 2);
        assert_eq!(ids(&recent)[..3], [9000, CAPACITY as u64 + 10, CAPACITY as u64 + 9]);
        assert_eq!(recent.last().unwrap().context.span_id, 0);
        assert_eq!(ids(&store.recent(1)), [9000]);
        assert_eq!(ids(&store.trace(1)), [0, 9000]);
        assert_eq!(store.trace(3), []);
    }

    #[test]
    fn a_run_that_is_marked_late_keeps_no_error_and_no_content() {
        let failed = |trace_id| {
            let record = (*span("tool.call", trace_id, 1)).clone();
            let text = |text: &str| AttributeValue::Text(text.to_owned());
            Arc::new(SpanRecord {
                attributes: vec![("tool".into(), text("t")), ("card".into(), text("hush"))],
                error: Some("hush".to_owned()),
                ..record
            })
        };
        let store = SpanStore::default();
        (1..=2).for_each(|trace_id| store.push(failed(trace_id)));
        (0..2).for_each(|_| store.mark_secret(1));
        assert_eq!([1, 2].map(|trace_id| store.is_secret(trace_id)), [true, false]);
        let kept = [1, 2].map(|trace_id| {
            let span = store.trace(trace_id).remove(0);
            (span.is_secret, span.attributes.len(), span.error.clone())
        });
        let expected = [(true, 1, "error (secret run)"), (false, 2, "hush")];
        assert_eq!(kept, expected.map(|(is, len, error)| (is, len, Some(error.to_owned()))));
        (0..CAPACITY as u64).for_each(|n| store.push(span("tool.call", 3, n)));
        assert_eq!(store.state.locked().of_runs, HashMap::from([(3, CAPACITY)]));
    }

    #[test]
    fn a_batch_holds_the_newest_spans_and_counts_the_missed_ones() {
        let store = SpanStore::default();
        let begin = store.next();
        store.push(span("tool.call", 1, 1));
        store.push(span("event.publish", 1, 2));
        let batch = store.since(begin, 10);
        assert_eq!((ids(&batch.spans), batch.missed), (vec![1, 2], 0));
        let empty = SpanBatch { next: batch.next, ..SpanBatch::default() };
        assert_eq!(store.since(batch.next, 10), empty);
        (3..=7).for_each(|n| store.push(span("tool.call", 1, n)));
        let limited = store.since(batch.next, 2);
        assert_eq!((ids(&limited.spans), limited.missed), (vec![6, 7], 3));
    }
}
