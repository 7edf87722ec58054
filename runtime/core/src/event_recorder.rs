//! Who records the spans of events.

use std::{fmt, sync::Arc};

use crate::{event::Envelope, trace_context::TraceContext};

/// Records the spans of events, what went into calls, and what happened to agents; called once for every event and delivery, so that it must not wait.
pub trait EventRecorder: fmt::Debug + Send + Sync {
    /// Whether a trace that begins now is recorded. All of its spans have the answer as [`TraceContext::sampled`].
    fn admit(&self) -> bool;

    /// Records what went into a call of a tool, and then what came out of it. The span of the call ends later.
    fn record_content(&self, content: CallContent<'_>);

    /// The beginning of a payload for observers, without what is secret; called only while there are any.
    fn preview(&self, payload: &[u8]) -> String;

    /// Records what happened to an agent.
    fn record_agent(&self, change: AgentChange, agent: &str);

    /// Records a finished span. [`TraceContext::sampled`] says whether its trace is recorded.
    fn record(&self, span: EventSpan<'_>);
}

/// What happened to an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentChange {
    /// It registered, for the first time or again.
    Registered,
    /// It was unregistered.
    Unregistered,
    /// It lost its last stream and stays known.
    Away,
    /// It was away, and has a stream again.
    Back,
}

/// What went into a call of a tool, or what came out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallContent<'a> {
    /// The span of the call.
    pub context: TraceContext,
    /// The tool that is called.
    pub tool: &'a str,
    /// The calling agent, if the call names one.
    pub agent: Option<&'a str>,
    /// Whether this is the result, and not the arguments.
    pub is_output: bool,
    /// The content; JSON if the caller and the tool obey the protocol.
    pub text: &'a str,
    /// Whether nothing may keep the content.
    pub is_secret: bool,
}

/// A finished span of an event.
#[derive(Debug, Clone, Copy)]
pub struct EventSpan<'a> {
    /// What the span covers.
    pub kind: EventSpanKind<'a>,
    /// The event. The span begins at its arrival, and ends now.
    pub envelope: &'a Arc<Envelope>,
    /// The span's own context.
    pub context: TraceContext,
    /// The span that this one is a child of.
    pub parent: Option<TraceContext>,
}

/// What a span of an event covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventSpanKind<'a> {
    /// `event.publish`: from the arrival of the event until it is queued for all subscribers.
    Publish,
    /// `event.deliver`: from the arrival of the event until a stream takes it.
    Deliver {
        /// The agent that gets the event; empty for a subscription that belongs to no agent.
        agent: &'a str,
        /// The subscribed pattern.
        pattern: &'a str,
    },
}
