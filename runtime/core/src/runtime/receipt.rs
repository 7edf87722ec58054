//! What became of an event that was published, or of a call, for those who show it.

use crate::{tool::ToolResult, trace_context::TraceContext};

/// What became of a published event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishReceipt {
    /// The number of the event since the start.
    pub number: u64,
    /// The subscriptions that it was queued for.
    pub delivered: u64,
    /// The span of the publishing, if its trace is recorded.
    pub trace: Option<TraceContext>,
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct CallReceipt {
    /// The result.
    pub result: ToolResult,
    /// The span of the call, if its trace is recorded.
    pub trace: Option<TraceContext>,
}
