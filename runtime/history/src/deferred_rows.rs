//! Rows that the writing thread makes, since what publishes must not wait.

use std::fmt::Debug;

use crate::row::{EventRow, SpanLink, SpanRow};

/// A finished span, and the event of a publishing, whose rows are made by the writing thread.
pub trait DeferredRows: Debug + Send {
    /// The span.
    fn span(&self) -> SpanLink;

    /// The bytes that stay in memory until the rows are made.
    fn body_bytes(&self) -> usize;

    /// Whether the event marks its run secret.
    fn is_secret(&self) -> bool;

    /// Makes the rows, without bodies and payload unless `with_content`.
    fn rows(self: Box<Self>, with_content: bool) -> MadeRows;
}

/// What [`DeferredRows::rows`] makes.
#[derive(Debug)]
pub struct MadeRows {
    /// The event, if the span is that of its publishing.
    pub event: Option<EventRow>,
    /// The span.
    pub span: SpanRow,
}
