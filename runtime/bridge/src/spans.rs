//! Recorded spans of the runtime's work.
//!
//! | module | provides |
//! |---|---|
//! | [`record`] | one finished span |
//! | `fields` | the fields of a span |
//! | [`budget`] | how many event spans are recorded per second |
//! | [`conventions`] | names of attributes, ours and those of OpenTelemetry |
//! | [`event_spans`] | from events to finished spans |
//! | [`received`] | spans that agents send |
//! | `received_content` | the prompts, answers, arguments and results in them |
//! | [`secret_runs`] | the runs that are marked secret |
//! | [`sink`] | where finished spans go |
//! | [`store`] | the latest spans, bounded |
//! | [`layer`] | from `tracing` to finished spans |
//!
//! Spans of tool calls, registrations, LLM requests and MCP calls are all recorded. Once the spans of events have used up
//! [`budget::EVENTS_PER_SECOND`] in a second, no event of a trace that begins in it is recorded: a trace has all of its
//! events or none, and counters stay exact. The store keeps the two kinds apart, so that many events do not replace the few
//! calls.

pub mod budget;
pub mod conventions;
pub mod event_spans;
mod fields;
pub mod layer;
pub mod received;
mod received_content;
pub mod record;
pub mod secret_runs;
pub mod sink;
pub mod store;

pub use budget::SpanBudget;
pub use event_spans::EventSpans;
pub use layer::{RuntimeSpanFilter, SpanLayer};
pub use record::{AttributeValue, SpanRecord, SpanStatus};
pub use sink::SpanSink;
pub use store::SpanStore;
