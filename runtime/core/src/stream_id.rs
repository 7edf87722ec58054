//! Ids of streams.

/// The id of one open stream, of an agent or of a subscription. Unique within a runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamId(pub(crate) u64);
