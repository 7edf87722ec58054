//! Metrics of the last minutes: one sample per second.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use loom_base::{LockExt as _, time::epoch_millis};
use loom_core::{ActivityTotals, Runtime, RuntimeSnapshot};
use serde_json::{Value, json};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// The time from one sample to the next.
const INTERVAL: Duration = Duration::from_secs(1);
/// The number of samples that are kept: five minutes.
const MAX_SAMPLES: usize = 300;

/// The metrics of one second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct MetricsSample {
    /// The end of the second, in milliseconds since 1970.
    at_ms: i64,
    /// Connected agents at the end.
    agents: usize,
    /// Subscriptions at the end.
    subscriptions: usize,
    /// What happened within the second.
    published: u64,
    delivered: u64,
    dropped: u64,
    calls: u64,
    errors: u64,
}

/// The samples of the last five minutes.
#[derive(Debug, Default)]
pub struct MetricsHistory(Mutex<VecDeque<MetricsSample>>);

impl MetricsHistory {
    /// Records a sample every second, until the server stops.
    pub async fn record(self: Arc<Self>, runtime: Runtime, stopping: CancellationToken) {
        let mut interval = tokio::time::interval(INTERVAL);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        interval.tick().await;
        let mut before = runtime.snapshot().totals;
        loop {
            tokio::select! {
                _ = interval.tick() => {}
                () = stopping.cancelled() => return,
            }
            let snapshot = runtime.snapshot();
            self.push(MetricsSample::since(&before, &snapshot));
            before = snapshot.totals;
        }
    }

    fn push(&self, sample: MetricsSample) {
        let mut samples = self.0.locked();
        if samples.len() == MAX_SAMPLES {
            samples.pop_front();
        }
        samples.push_back(sample);
    }

    fn all(&self) -> Vec<MetricsSample> {
        self.0.locked().iter().copied().collect()
    }

    /// The samples, oldest first, in the dashboard's JSON API.
    pub fn to_json(&self) -> Value {
        let samples: Vec<Value> = self.all().into_iter().map(MetricsSample::to_json).collect();
        json!({ "interval_ms": INTERVAL.as_millis() as u64, "samples": samples })
    }
}

impl MetricsSample {
    /// The sample that ends now, where the totals were `before` at its begin.
    fn since(before: &ActivityTotals, snapshot: &RuntimeSnapshot) -> Self {
        let now = &snapshot.totals;
        let calls = now.tool_calls.calls();
        let errors = now.tool_calls.errors();
        Self {
            at_ms: epoch_millis(SystemTime::now()),
            agents: snapshot.connected_agents,
            subscriptions: snapshot.subscriptions,
            published: now.published.saturating_sub(before.published),
            delivered: now.delivered.saturating_sub(before.delivered),
            dropped: now.dropped.saturating_sub(before.dropped),
            calls: calls.saturating_sub(before.tool_calls.calls()),
            errors: errors.saturating_sub(before.tool_calls.errors()),
        }
    }

    fn to_json(self) -> Value {
        json!({
            "timestamp_ms": self.at_ms,
            "active_agents": self.agents,
            "active_subscriptions": self.subscriptions,
            "events": self.published,
            "deliveries": self.delivered,
            "dropped": self.dropped,
            "tool_calls": self.calls,
            "tool_errors": self.errors,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_minutes_are_kept() {
        let history = MetricsHistory::default();
        for at_ms in 0..400 {
            history.push(MetricsSample { at_ms, ..MetricsSample::default() });
        }
        let all = history.all();
        assert_eq!((all.len(), all[0].at_ms, all[MAX_SAMPLES - 1].at_ms), (MAX_SAMPLES, 100, 399));
    }
}
