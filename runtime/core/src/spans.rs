//! The runtime's own work as spans of a trace, opened with `tracing` and told to whoever subscribes.
//!
//! | span | level | about |
//! |---|---|---|
//! | `event.publish` | debug | one event, from its publisher to the queues of those who want it |
//! | `event.deliver` | debug | one delivery, from publishing until the agent's stream takes it |
//! | `agent.register` | info | one registration |
//! | `tool.call` | info | one call, whoever carries it out |
//!
//! Spans of what a provider does for a call (`llm.generate`, `mcp.call`) are opened where that is done, inside of
//! `tool.call`. Fields with a meaning to a subscriber: `status` (`ok`, or anything else for a failure), `error` (a
//! sentence), and the [`Place`] in `trace.id`, `span.id`, `parent.id`, where it is not simply inside of the current
//! span. `began.ago` holds the nanoseconds by which the work began before its span was opened.
//!
//! Event spans are made only while a subscriber wants them; one that is behind may want none for a while.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    str::FromStr,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use tracing::{
    Span, debug_span,
    field::{Empty, display},
    info_span,
};

use crate::{
    directory::Registration,
    event::Envelope,
    tool::{ToolCall, ToolResult},
};

/// A span's place in a trace, as W3C Trace Context names it. Neither id is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceContext {
    /// The trace.
    pub trace: u128,
    /// The span in it.
    pub span: u64,
}

impl TraceContext {
    /// The first span of a new trace.
    pub fn root() -> Self {
        let trace = u128::from(random()) << 64 | u128::from(random());
        Self { trace, span: random() }
    }

    /// A new span below this one.
    pub fn child(self) -> Self {
        Self { span: random(), ..self }
    }

    /// The place that notes name: W3C `traceparent`, else the SDK's `trace_id` and `span_id`, each also with `loom.`
    /// before it. What cannot be understood counts as absent.
    pub fn of_metadata(notes: &HashMap<String, String>) -> Option<Self> {
        if notes.is_empty() {
            return None;
        }
        let note = |key: &str, long: &str| notes.get(key).or_else(|| notes.get(long));
        if let Some(header) = note("traceparent", "loom.traceparent") {
            return header.parse().ok();
        }
        let trace = note("trace_id", "loom.trace_id")?;
        let span = note("span_id", "loom.span_id")?;
        Self::of_ids(trace, span)
    }

    fn of_ids(trace: &str, span: &str) -> Option<Self> {
        let hex = |text: &str, digits| {
            text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        if !hex(trace, 32) || !hex(span, 16) {
            return None;
        }
        let place = Self {
            trace: u128::from_str_radix(trace, 16).ok()?,
            span: u64::from_str_radix(span, 16).ok()?,
        };
        (place.trace != 0 && place.span != 0).then_some(place)
    }
}

/// Not a `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a traceparent is version-traceid-spanid-flags in hexadecimal")]
pub struct NotATraceparent;

impl FromStr for TraceContext {
    type Err = NotATraceparent;

    /// Reads a `traceparent` header; a later version may say more after the flags.
    fn from_str(header: &str) -> Result<Self, Self::Err> {
        let mut parts = header.trim().split('-');
        let mut next = || parts.next().ok_or(NotATraceparent);
        let (version, trace, span, flags) = (next()?, next()?, next()?, next()?);
        let lower =
            |part: &str| part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let known = version.len() == 2 && lower(version) && version != "ff";
        let whole = version != "00" || parts.next().is_none();
        if !known || !whole || flags.len() != 2 || !lower(flags) || !lower(trace) || !lower(span) {
            return Err(NotATraceparent);
        }
        Self::of_ids(trace, span).ok_or(NotATraceparent)
    }
}

/// Never zero. Unpredictable enough for ids that must not collide; not for secrets.
fn random() -> u64 {
    static STATE: LazyLock<AtomicU64> =
        LazyLock::new(|| AtomicU64::new(RandomState::new().hash_one(0)));
    // SplitMix64.
    let mut bits = STATE.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (bits ^ (bits >> 31)).max(1)
}

/// `event.publish`. Notes in the envelope where it is, if anybody wants to know.
pub(crate) fn publish(envelope: &mut Envelope) -> Span {
    let span = debug_span!(
        "event.publish",
        topic = envelope.topic,
        event_id = envelope.event.id,
        agent = envelope.sender,
        trace.id = Empty,
        span.id = Empty,
        parent.id = Empty,
        began.ago = ago(envelope),
    );
    if !span.is_disabled() {
        let parent = TraceContext::of_metadata(&envelope.event.metadata);
        let place = parent.map_or_else(TraceContext::root, TraceContext::child);
        settle(&span, place, parent);
        envelope.trace = Some(place);
    }
    span
}

/// `event.deliver`: a stream of `agent` takes an event. Nothing, if nobody wanted to know of its publishing.
pub(crate) fn deliver(agent: &str, pattern: &str, envelope: &Envelope) {
    let Some(parent) = envelope.trace else { return };
    // It is over when it is dropped, which is now.
    let _span = debug_span!(
        "event.deliver",
        topic = envelope.topic,
        event_id = envelope.event.id,
        agent,
        pattern,
        trace.id = parent.trace,
        parent.id = parent.span,
        began.ago = ago(envelope),
    );
}

/// Nanoseconds since we got an event.
fn ago(envelope: &Envelope) -> u64 {
    u64::try_from(envelope.at.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// `agent.register`
pub(crate) fn register(registration: &Registration) -> Span {
    info_span!(
        "agent.register",
        agent = registration.agent,
        topics = registration.topics.len(),
        tools = registration.tools.len(),
    )
}

/// `tool.call`; see [`answered`].
pub(crate) fn call(call: &ToolCall) -> Span {
    let span = info_span!(
        "tool.call",
        tool = call.name,
        call_id = call.id,
        agent = Empty,
        correlation_id = Empty,
        status = Empty,
        code = Empty,
        error = Empty,
        trace.id = Empty,
        span.id = Empty,
        parent.id = Empty,
    );
    if span.is_disabled() {
        return span;
    }
    if let Some(agent) = call.caller() {
        span.record("agent", agent);
    }
    if !call.correlation_id.is_empty() {
        span.record("correlation_id", &*call.correlation_id);
    }
    if let Some(parent) = TraceContext::of_metadata(&call.headers) {
        settle(&span, parent.child(), Some(parent));
    }
    span
}

/// Notes what a call came to.
pub(crate) fn answered(span: &Span, answer: &ToolResult) {
    match answer {
        Ok(_) => _ = span.record("status", "ok"),
        Err(failure) => {
            span.record("status", "error").record("code", &*failure.code);
            span.record("error", display(failure));
        }
    }
}

fn settle(span: &Span, place: TraceContext, parent: Option<TraceContext>) {
    span.record("trace.id", place.trace).record("span.id", place.span);
    if let Some(parent) = parent {
        span.record("parent.id", parent.span);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    #[test]
    fn a_traceparent_is_read_as_w3c_says() {
        let table = [
            (format!("00-{TRACE}-{SPAN}-01"), true),
            (format!("00-{TRACE}-{SPAN}-00"), true),
            (format!("cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like"), true),
            (format!("00-{TRACE}-{SPAN}-01-more"), false),
            (format!("ff-{TRACE}-{SPAN}-01"), false),
            (format!("00-{TRACE}-{SPAN}"), false),
            (format!("00-{}-{SPAN}-01", TRACE.to_uppercase()), false),
            (format!("00-{}-{SPAN}-01", "0".repeat(32)), false),
            (format!("00-{TRACE}-{}-01", "0".repeat(16)), false),
            (format!("00-{TRACE}x-{SPAN}-01"), false),
            (String::new(), false),
        ];
        for (header, fine) in table {
            assert_eq!(header.parse::<TraceContext>().is_ok(), fine, "{header}");
        }
    }

    #[test]
    fn notes_name_a_place_in_either_way() {
        let place = TraceContext {
            trace: u128::from_str_radix(TRACE, 16).unwrap(),
            span: 0x00f0_67aa_0ba9_02b7,
        };
        let header = format!("00-{TRACE}-{SPAN}-01");
        let table: [(&[(&str, &str)], _); 6] = [
            (&[("traceparent", &header)], Some(place)),
            (&[("loom.traceparent", &header)], Some(place)),
            (&[("trace_id", TRACE), ("span_id", SPAN)], Some(place)),
            (&[("trace_id", TRACE)], None),
            (&[("trace_id", "+1"), ("span_id", SPAN)], None),
            (&[("other", "x")], None),
        ];
        for (notes, expected) in table {
            let map = notes.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect();
            assert_eq!(TraceContext::of_metadata(&map), expected, "{notes:?}");
        }
    }

    #[test]
    fn ids_differ() {
        let root = TraceContext::root();
        let child = root.child();
        assert_eq!(root.trace, child.trace);
        assert!(root.span != child.span && root.trace != TraceContext::root().trace);
    }
}
