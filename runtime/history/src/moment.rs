//! The present, by two clocks.

use std::time::Duration;

use crate::row::Nanos;

/// The present: the policies measure by the first clock and write down the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Moment {
    /// The time since the history was opened; it never goes back.
    pub(crate) elapsed: Duration,
    /// The time of day.
    pub(crate) wall: Nanos,
}
