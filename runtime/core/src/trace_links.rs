//! Which trace an event or call belongs to, where it does not say so itself.
//!
//! Agents that know nothing of traces often name the event that they answer in the metadata `correlation_id`. An event
//! is linked by it only to an event whose id, or whose own `correlation_id`, was seen in the last ten minutes. An event
//! on a topic that exactly one trace has named as `reply_to` belongs to that trace. `thread_id` joins nothing: a
//! conversation is made of many runs.

use std::{
    hash::{BuildHasher as _, RandomState},
    time::Instant,
};

use crate::{event::Event, recent::Recent, trace_context::TraceContext};

/// What the events of the last minutes say about traces.
#[derive(Debug, Default)]
pub(crate) struct TraceLinks {
    hasher: RandomState,
    /// The span of each event, and of the first event with each `correlation_id`.
    events: Recent<u64, TraceContext>,
    /// The span of the event that named a topic as `reply_to`; `None` where events of several traces did.
    replies: Recent<u64, Option<TraceContext>>,
    /// Whether a trace is recorded.
    decisions: Recent<u128, bool>,
}

impl TraceLinks {
    /// The span that an event on `topic` is a child of, by its metadata.
    pub(crate) fn parent_of(
        &self,
        topic: &str,
        event: &Event,
        now: Instant,
    ) -> Option<TraceContext> {
        let correlated = event.metadata_value("correlation_id");
        let parent = correlated.and_then(|id| self.correlated(id, now));
        parent.or_else(|| self.replies.get(self.hasher.hash_one(topic), now).flatten())
    }

    /// The span of the event with this id, or of the first one with this `correlation_id`.
    pub(crate) fn correlated(&self, id: &str, now: Instant) -> Option<TraceContext> {
        self.events.get(self.hasher.hash_one(id), now)
    }

    /// Notes the span of an event, for those that are linked to it later.
    pub(crate) fn note(&mut self, event: &Event, context: TraceContext, now: Instant) {
        if !event.id.is_empty() {
            self.events.insert(self.hasher.hash_one(&*event.id), context, now);
        }
        if let Some(id) = event.metadata_value("correlation_id") {
            self.note_first(id, context, now);
        }
        if let Some(topic) = event.metadata_value("reply_to") {
            let key = self.hasher.hash_one(topic);
            let is_other = |known: Option<TraceContext>| {
                known.is_none_or(|known| known.trace_id != context.trace_id)
            };
            let is_ambiguous = self.replies.get(key, now).is_some_and(is_other);
            self.replies.insert(key, (!is_ambiguous).then_some(context), now);
        }
    }

    /// Notes the span of a `correlation_id` that is not known yet.
    pub(crate) fn note_first(&mut self, id: &str, context: TraceContext, now: Instant) {
        let key = self.hasher.hash_one(id);
        if self.events.get(key, now).is_none() {
            self.events.insert(key, context, now);
        }
    }

    /// Notes whether a trace that begins here is recorded.
    pub(crate) fn begin(&mut self, context: TraceContext, now: Instant) {
        self.decisions.insert(context.trace_id, context.sampled, now);
    }

    /// Whether a trace of which an agent tells is recorded; `decide` says it for one that was not seen lately.
    pub(crate) fn is_sampled(
        &mut self,
        trace_id: u128,
        now: Instant,
        decide: impl FnOnce() -> bool,
    ) -> bool {
        self.decisions.get(trace_id, now).unwrap_or_else(|| {
            let is_sampled = decide();
            self.decisions.insert(trace_id, is_sampled, now);
            is_sampled
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn event(id: &str, metadata: &[(&str, &str)]) -> Event {
        let metadata = metadata.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Event { id: id.to_owned(), metadata, ..Event::default() }
    }

    #[test]
    fn metadata_links_to_what_was_seen_lately() {
        let start = Instant::now();
        let (request, chain, other) =
            (TraceContext::root(true), TraceContext::root(true), TraceContext::root(true));
        let mut links = TraceLinks::default();
        links.note(&event("request", &[("reply_to", "inbox.1")]), request, start);
        links.note(&event("", &[("correlation_id", "chain")]), chain, start);
        links.note(&event("later", &[("loom.correlation_id", "chain")]), other, start);
        links.note(&event("x", &[("reply_to", "shared")]), request, start);
        links.note(&event("y", &[("reply_to", "shared")]), other, start);
        let late = start + Duration::from_secs(600);
        let table = [
            ("t", event("", &[("correlation_id", "request")]), start, Some(request)),
            ("t", event("", &[("loom.correlation_id", "chain")]), start, Some(chain)),
            ("t", event("", &[("correlation_id", "later")]), start, Some(other)),
            ("t", event("", &[("correlation_id", "unknown")]), start, None),
            ("t", event("", &[("thread_id", "request")]), start, None),
            ("inbox.1", event("", &[]), start, Some(request)),
            ("shared", event("", &[]), start, None),
            ("t", event("", &[("correlation_id", "request")]), late, None),
            ("inbox.1", event("", &[]), late, None),
        ];
        for (topic, event, now, expected) in table {
            assert_eq!(links.parent_of(topic, &event, now), expected, "{topic} {event:?}");
        }
    }

    #[test]
    fn a_trace_is_decided_once() {
        let now = Instant::now();
        let mut links = TraceLinks::default();
        assert!(!links.is_sampled(1, now, || false));
        assert!(!links.is_sampled(1, now, || true));
        assert!(links.is_sampled(2, now, || true));
    }
}
