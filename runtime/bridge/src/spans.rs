//! What the runtime did, as spans of traces.
//!
//! | module | idea |
//! |---|---|
//! | [`record`] | one finished span |
//! | `fields` | what a span says of itself, read from its fields |
//! | [`layer`] | from `tracing` to finished spans |
//! | [`budget`] | how many event spans are taken per second |
//! | [`store`] | the latest ones, bounded |
//!
//! Spans of calls, registrations, LLM and MCP are all taken. Spans of events are taken up to
//! [`budget::EVENTS_PER_SECOND`] in each second, and then not even made: a trace may lack them under load, never the
//! counters. The two kinds are kept apart, so that many events do not push out the few calls.

pub mod budget;
mod fields;
pub mod layer;
pub mod record;
pub mod store;

pub use layer::SpanLayer;
pub use record::{AttributeValue, SpanRecord, SpanStatus};
pub use store::SpanStore;
