//! Read-only values about a running runtime.

use std::time::Instant;

use super::inner::RuntimeInner;
use crate::{
    activity::{ActivityTotals, topics::TopicTraffic},
    bus::SubscriptionLoad,
};

/// The counters and rates of a runtime at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RuntimeSnapshot {
    /// Registered or created agents that have a stream.
    pub connected_agents: usize,
    /// Subscriptions of all streams.
    pub subscriptions: usize,
    /// Events that wait in the queues of subscriptions.
    pub queued: usize,
    /// Published events per second over the last ten seconds.
    pub events_per_second: f64,
    /// Tool calls per second over the last ten seconds.
    pub tool_calls_per_second: f64,
    /// Observers of the activity stream.
    pub activity_observers: usize,
    /// Totals since the start.
    pub totals: ActivityTotals,
}

/// The traffic and the subscriptions of a topic or pattern.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TopicStats {
    /// The published events.
    pub traffic: TopicTraffic,
    /// The subscriptions and their queues.
    pub load: SubscriptionLoad,
}

impl RuntimeSnapshot {
    pub(super) fn of(inner: &RuntimeInner, now: Instant) -> Self {
        Self {
            connected_agents: inner.directory.connected(),
            subscriptions: inner.bus.subscriptions(),
            queued: inner.bus.total_load().queued,
            events_per_second: inner.activity.events_per_second(now),
            tool_calls_per_second: inner.activity.tool_calls_per_second(now),
            activity_observers: inner.activity.observers(),
            totals: inner.activity.totals(),
        }
    }
}

impl TopicStats {
    /// The stats of a topic or pattern; of everything if it is empty.
    pub(super) fn of(inner: &RuntimeInner, pattern: &str, now: Instant) -> Self {
        if !pattern.is_empty() {
            let traffic = inner.activity.traffic(pattern, now);
            return Self { traffic, load: inner.bus.load(pattern) };
        }
        let traffic = TopicTraffic {
            events: inner.activity.totals().published,
            per_second: inner.activity.events_per_second(now),
        };
        Self { traffic, load: inner.bus.total_load() }
    }
}
