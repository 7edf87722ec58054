//! Quality of service: how many events may be queued for a slow reader.
//!
//! A publisher never waits for a reader. Every subscription has a queue of its own, bounded in events and in bytes.
//! When it is full the oldest event is dropped; before the next event of that subscription the reader gets the number of
//! dropped events.

/// The quality of service of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Qos {
    /// A short queue, for events that are worthless when they are late.
    Realtime,
    /// The default, and what the subscriptions of agents have.
    #[default]
    Batched,
    /// A long queue, for readers that take their time.
    Background,
}

/// The limits of one subscription's queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLimits {
    /// The number of events.
    pub events: usize,
    /// The sum of [`Envelope::size`](crate::Envelope) in bytes; the newest event is queued whatever its size.
    pub bytes: usize,
}

impl Qos {
    /// The limits of this level: 512, 2048 or 4096 events, and 64 MiB.
    pub fn limits(self) -> QueueLimits {
        let events = match self {
            Self::Realtime => 512,
            Self::Batched => 2048,
            Self::Background => 4096,
        };
        QueueLimits { events, bytes: 64 << 20 }
    }
}
