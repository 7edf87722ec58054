//! What the runtime hands to the history: finished spans, their bodies, events and log lines.

use std::{borrow::Cow, time::Duration};

use bytes::Bytes;

/// Nanoseconds since 1970, as the dashboard's API counts the times of spans.
pub type Nanos = i64;

/// How the work of a span ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SpanOutcome {
    /// The span reports nothing.
    #[default]
    Unset,
    /// The work succeeded.
    Ok,
    /// The work failed.
    Error,
}

impl SpanOutcome {
    /// `unset`, `ok` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unset => "unset",
            Self::Ok => "ok",
            Self::Error => "error",
        }
    }

    pub(crate) fn to_number(self) -> i64 {
        match self {
            Self::Unset => 0,
            Self::Ok => 1,
            Self::Error => 2,
        }
    }

    pub(crate) fn from_number(number: i64) -> Self {
        match number {
            1 => Self::Ok,
            2 => Self::Error,
            _ => Self::Unset,
        }
    }
}

/// A finished span. Only `trace_id`, `span_id`, `name` and the times are required.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SpanRow {
    /// The id of the trace, which is the id of the run. Not zero.
    pub trace_id: u128,
    /// The id of the span. Not zero.
    pub span_id: u64,
    /// The span id of the parent.
    pub parent: Option<u64>,
    /// The name, such as `tool.call`.
    pub name: Cow<'static, str>,
    /// When the work began.
    pub start: Nanos,
    /// How long the work took.
    pub duration: Duration,
    /// How the work ended.
    pub outcome: SpanOutcome,
    /// The error message, if the work failed.
    pub error: Option<String>,
    /// The class of the error, as `error.type` of OpenTelemetry.
    pub error_type: Option<String>,
    /// The agent that did the work, or for which it was done.
    pub agent: Option<String>,
    /// The topic of the event.
    pub topic: Option<String>,
    /// The tool that was called.
    pub tool: Option<String>,
    /// The language model that answered.
    pub model: Option<String>,
    /// The provider of the model; the price table is looked up by it.
    pub provider: Option<String>,
    /// Tokens of the prompt.
    pub input_tokens: Option<u64>,
    /// Tokens of the answer.
    pub output_tokens: Option<u64>,
    /// The time from the request to the first token of the answer.
    pub first_token: Option<Duration>,
    /// Why the model ended its answer.
    pub finish_reason: Option<String>,
    /// The event or call that this work answers.
    pub correlation_id: Option<String>,
    /// The conversation that the work belongs to (`thread_id` of the metadata).
    pub conversation: Option<String>,
    /// Spans of this or of other runs that caused the work and are not its parent.
    pub links: Vec<SpanLink>,
    /// Further attributes by key.
    pub attributes: Vec<(Cow<'static, str>, String)>,
    /// What went into the work and what came out of it.
    pub bodies: Vec<BodyRow>,
    /// The run is marked secret: it has neither bodies nor error messages.
    pub is_secret: bool,
}

/// A span that another one refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanLink {
    /// The id of its trace.
    pub trace_id: u128,
    /// Its id within the trace.
    pub span_id: u64,
}

/// The role of a body within its span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BodyKind {
    /// The payload of an event, or the arguments of a call.
    Input,
    /// The result of a call.
    Output,
    /// The messages that a model received, in the form of `gen_ai.input.messages`.
    InputMessages,
    /// The messages that a model answered, in the form of `gen_ai.output.messages`.
    OutputMessages,
    /// The instructions of a model, in the form of `gen_ai.system_instructions`.
    Instructions,
}

impl BodyKind {
    /// All kinds, by their numbers in the file.
    pub const ALL: [Self; 5] =
        [Self::Input, Self::Output, Self::InputMessages, Self::OutputMessages, Self::Instructions];

    /// The name in the JSON API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
            Self::InputMessages => "input_messages",
            Self::OutputMessages => "output_messages",
            Self::Instructions => "instructions",
        }
    }

    pub(crate) fn to_number(self) -> i64 {
        Self::ALL.iter().position(|kind| *kind == self).unwrap_or_default() as i64
    }

    pub(crate) fn from_number(number: i64) -> Self {
        let index = usize::try_from(number).unwrap_or_default();
        Self::ALL.get(index).copied().unwrap_or(Self::Input)
    }
}

/// A payload, an argument, a result or a list of messages. It is redacted and cut when it is written, not before.
#[derive(Debug, Clone, PartialEq)]
pub struct BodyRow {
    /// The role within the span.
    pub kind: BodyKind,
    /// The media type; empty if it is not known.
    pub content_type: Cow<'static, str>,
    /// The content as it was sent or received.
    pub content: Bytes,
}

/// The kinds of events in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// An event was published.
    Published,
    /// An event was delivered to a stream of an agent.
    Delivered,
    /// An agent registered.
    Registered,
    /// An agent was unregistered.
    Unregistered,
    /// The last stream of an agent broke.
    Away,
    /// An agent that was away has a stream again.
    Back,
    /// A tool was called.
    ToolInvoked,
    /// Events were dropped, because a queue was full.
    Dropped,
}

impl EventKind {
    /// All kinds, by their numbers in the file.
    pub const ALL: [Self; 8] = [
        Self::Published,
        Self::Delivered,
        Self::Registered,
        Self::Unregistered,
        Self::Away,
        Self::Back,
        Self::ToolInvoked,
        Self::Dropped,
    ];

    /// The name in the JSON API, as the live stream of events has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Published => "event_published",
            Self::Delivered => "event_delivered",
            Self::Registered => "agent_registered",
            Self::Unregistered => "agent_unregistered",
            Self::Away => "agent_away",
            Self::Back => "agent_back",
            Self::ToolInvoked => "tool_invoked",
            Self::Dropped => "event_dropped",
        }
    }

    pub(crate) fn to_number(self) -> i64 {
        Self::ALL.iter().position(|kind| *kind == self).unwrap_or_default() as i64
    }

    pub(crate) fn from_number(number: i64) -> Option<Self> {
        usize::try_from(number).ok().and_then(|index| Self::ALL.get(index).copied())
    }
}

/// One event: what happened to it, or to an agent.
#[derive(Debug, Clone, PartialEq)]
pub struct EventRow {
    /// When it happened.
    pub at: Nanos,
    /// What happened.
    pub kind: EventKind,
    /// The run that it belongs to, and the span that published or delivered it.
    pub span: Option<SpanLink>,
    /// The id of the event or call.
    pub id: String,
    /// The type of the event.
    pub event_type: String,
    /// The topic, or the name of the tool.
    pub topic: String,
    /// The publishing, registering or calling agent.
    pub sender: Option<String>,
    /// The agent that an event was delivered to.
    pub receiver: Option<String>,
    /// The conversation that the event belongs to.
    pub conversation: Option<String>,
    /// The event or call that this one answers.
    pub correlation_id: Option<String>,
    /// The metadata.
    pub metadata: Vec<(String, String)>,
    /// The payload; the beginning of it is kept as a preview, redacted.
    pub payload: Bytes,
    /// The run is marked secret: neither preview nor bodies are kept.
    pub is_secret: bool,
}

impl EventRow {
    /// An event of a kind, with nothing known about it.
    pub fn new(kind: EventKind, at: Nanos) -> Self {
        Self {
            at,
            kind,
            span: None,
            id: String::new(),
            event_type: String::new(),
            topic: String::new(),
            sender: None,
            receiver: None,
            conversation: None,
            correlation_id: None,
            metadata: Vec::new(),
            payload: Bytes::new(),
            is_secret: false,
        }
    }
}

/// One line of the server's log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRow {
    /// When it was written.
    pub at: Nanos,
    /// The span within which it was written.
    pub span: Option<SpanLink>,
    /// The level: `error`, `warn`, `info`, `debug` or `trace`.
    pub level: Cow<'static, str>,
    /// The module that wrote it.
    pub target: Cow<'static, str>,
    /// The message with its fields.
    pub message: String,
}
