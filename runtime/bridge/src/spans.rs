//! Recorded spans of the runtime's work.
//!
//! | module | provides |
//! |---|---|
//! | [`record`] | one finished span |
//! | `fields` | the fields of a span |
//! | [`budget`] | how many event spans are recorded per second |
//! | [`store`] | the latest spans, bounded |
//! | [`layer`] | from `tracing` to finished spans |
//!
//! Spans of tool calls, registrations, LLM requests and MCP calls are all recorded. Spans of events are recorded up to
//! [`budget::EVENTS_PER_SECOND`] in each second and not even created beyond that: under load a trace may lack some of
//! them, while counters stay exact. The store keeps the two kinds apart, so that many events do not replace the few
//! calls.

pub mod budget;
mod fields;
pub mod layer;
pub mod record;
pub mod store;

pub use budget::SpanBudget;
pub use layer::{RuntimeSpanFilter, SpanLayer};
pub use record::{AttributeValue, SpanRecord, SpanStatus};
pub use store::SpanStore;
