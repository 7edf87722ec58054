//! The latest spans, bounded.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::record::SpanRecord;

/// Spans kept of events, and as many of everything else.
pub const KEEP: usize = 4096;

/// What a span is numbered with: the order in which they ended.
pub type Number = u64;

type Ring = VecDeque<(Number, Arc<SpanRecord>)>;

#[derive(Debug, Default)]
struct State {
    next: Number,
    events: Ring,
    others: Ring,
}

/// The latest spans, in the order in which they ended.
#[derive(Debug, Default)]
pub struct SpanStore {
    state: Mutex<State>,
}

/// Spans that ended since somebody last looked.
#[derive(Debug, Default, PartialEq)]
pub struct News {
    /// They, oldest first.
    pub spans: Vec<Arc<SpanRecord>>,
    /// Look again from here.
    pub next: Number,
    /// Older ones that are no longer kept.
    pub missed: u64,
}

impl SpanStore {
    /// Keeps a span; the oldest of its kind gives way.
    pub fn push(&self, record: Arc<SpanRecord>) {
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        let ring = if is_event(&record) { &mut state.events } else { &mut state.others };
        if ring.len() == KEEP {
            ring.pop_front();
        }
        ring.push_back((number, record));
    }

    /// The latest ones, newest first.
    pub fn recent(&self, limit: usize) -> Vec<Arc<SpanRecord>> {
        let state = self.lock();
        let (mut events, mut others) =
            (state.events.iter().rev().peekable(), state.others.iter().rev().peekable());
        let newest = std::iter::from_fn(|| match (events.peek(), others.peek()) {
            (Some((event, _)), Some((other, _))) if event < other => others.next(),
            (Some(_), _) => events.next(),
            (None, _) => others.next(),
        });
        newest.take(limit).map(|(_, record)| Arc::clone(record)).collect()
    }

    /// What is kept of one trace, by start.
    pub fn trace(&self, id: u128) -> Vec<Arc<SpanRecord>> {
        let state = self.lock();
        let all = state.events.iter().chain(&state.others).map(|(_, record)| record);
        let mut trace: Vec<_> = all.filter(|record| record.context.trace == id).cloned().collect();
        drop(state);
        trace.sort_by_key(|record| record.start);
        trace
    }

    /// The number that the next span will have.
    pub fn next(&self) -> Number {
        self.lock().next
    }

    /// What ended since, at most `limit` of it; the oldest is left out.
    pub fn since(&self, number: Number, limit: usize) -> News {
        let state = self.lock();
        let fresh = |ring: &Ring| -> Vec<(Number, Arc<SpanRecord>)> {
            ring.iter().rev().take_while(|(each, _)| *each >= number).take(limit).cloned().collect()
        };
        let mut spans = fresh(&state.events);
        spans.extend(fresh(&state.others));
        let next = state.next;
        drop(state);
        spans.sort_unstable_by_key(|(number, _)| *number);
        let spans = spans.split_off(spans.len().saturating_sub(limit));
        let missed = next.saturating_sub(number) - spans.len() as u64;
        News { spans: spans.into_iter().map(|(_, record)| record).collect(), next, missed }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every step leaves the state whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_event(record: &SpanRecord) -> bool {
    super::layer::is_event(record.name)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use loom_core::spans::TraceContext;

    use super::*;

    fn span(name: &'static str, trace: u128, at: u64) -> Arc<SpanRecord> {
        Arc::new(SpanRecord {
            context: TraceContext { trace, span: at },
            parent: None,
            parent_is_remote: false,
            name,
            start: UNIX_EPOCH + Duration::from_secs(at),
            duration: Duration::ZERO,
            attributes: Vec::new(),
            status: Default::default(),
            error: None,
        })
    }

    fn numbers(spans: &[Arc<SpanRecord>]) -> Vec<u64> {
        spans.iter().map(|span| span.context.span).collect()
    }

    #[test]
    fn many_events_do_not_push_out_calls_and_the_newest_come_first() {
        let store = SpanStore::default();
        store.push(span("tool.call", 1, 0));
        for n in 1..=KEEP as u64 + 10 {
            store.push(span("event.publish", 2, n));
        }
        store.push(span("tool.call", 1, 9000));
        let recent = store.recent(usize::MAX);
        assert_eq!(recent.len(), KEEP + 2);
        assert_eq!(numbers(&recent)[..3], [9000, KEEP as u64 + 10, KEEP as u64 + 9]);
        assert_eq!(recent.last().unwrap().context.span, 0);
        assert_eq!(numbers(&store.recent(1)), [9000]);
        assert_eq!(numbers(&store.trace(1)), [0, 9000]);
        assert_eq!(store.trace(3), []);
    }

    #[test]
    fn whoever_looks_again_gets_what_is_new_and_is_told_what_is_gone() {
        let store = SpanStore::default();
        let begin = store.next();
        store.push(span("tool.call", 1, 1));
        store.push(span("event.publish", 1, 2));
        let news = store.since(begin, 10);
        assert_eq!((numbers(&news.spans), news.missed), (vec![1, 2], 0));
        assert_eq!(store.since(news.next, 10), News { next: news.next, ..News::default() });
        (3..=7).for_each(|n| store.push(span("tool.call", 1, n)));
        let some = store.since(news.next, 2);
        assert_eq!((numbers(&some.spans), some.missed), (vec![6, 7], 3));
    }
}
