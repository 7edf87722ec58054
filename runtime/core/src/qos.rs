//! How much may wait for a slow reader, and what gives way.
//!
//! A publisher never waits for a reader. What a reader has not taken yet waits in a queue of its own per
//! subscription, bounded in events and in bytes. When it is full the oldest event gives way to the newest; the
//! reader is told how many it lost, and where, before the next event of that subscription.

/// How a subscription is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Qos {
    /// Fresh or not at all: a short queue.
    Realtime,
    /// The ordinary case; what subscriptions over the wire are.
    #[default]
    Batched,
    /// Work that can wait: a long queue.
    Background,
}

/// What may wait in the queue of one subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLimits {
    /// Events.
    pub events: usize,
    /// Bytes of content, notes and all; the newest event always fits.
    pub bytes: usize,
}

impl Qos {
    /// What may wait by default: 512, 2048 or 4096 events, and 64 MiB.
    pub fn limits(self) -> QueueLimits {
        let events = match self {
            Self::Realtime => 512,
            Self::Batched => 2048,
            Self::Background => 4096,
        };
        QueueLimits { events, bytes: 64 << 20 }
    }
}
