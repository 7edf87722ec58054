//! Metrics of the last minutes, one sample per second, and of the last days, one per minute.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use loom_base::{LockExt as _, time::epoch_millis};
use loom_core::{
    ActivityTotals, Runtime,
    activity::usage::{LATENCY_BOUNDS_MS, ToolUsage},
};
use serde_json::{Value, json};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::memory;

/// The time from one sample to the next.
const INTERVAL: Duration = Duration::from_secs(1);
/// The number of samples that are kept: five minutes.
const MAX_SAMPLES: usize = 300;
/// The number of samples that become one of a minute.
const SAMPLES_PER_MINUTE: usize = 60;
/// The number of minutes that are kept: seven days, about 1 MiB.
const MAX_MINUTES: usize = 7 * 24 * 60;
/// The number of latency buckets.
const BUCKETS: usize = LATENCY_BOUNDS_MS.len() + 1;

/// The metrics of one second or minute.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct MetricsSample {
    /// The end of the second or minute, in milliseconds since 1970.
    at_ms: i64,
    /// Connected agents at the end.
    agents: usize,
    /// Subscriptions at the end.
    subscriptions: usize,
    /// Events that wait in queues at the end.
    queued: usize,
    /// Resident memory at the end, in bytes.
    memory: Option<u64>,
    /// The 95th percentile of the latency of tool calls within it.
    p95: Option<Duration>,
    /// What happened within it.
    published: u64,
    delivered: u64,
    dropped: u64,
    calls: u64,
    errors: u64,
}

/// The samples of the last five minutes and of the last seven days.
#[derive(Debug, Default)]
pub struct MetricsHistory {
    seconds: Mutex<VecDeque<MetricsSample>>,
    minutes: Mutex<VecDeque<MetricsSample>>,
}

/// The counters from which the next sample is made.
#[derive(Debug, Clone, Copy)]
struct MetricsBaseline {
    totals: ActivityTotals,
    /// Calls of all tools per latency bucket.
    latencies: [u64; BUCKETS],
    longest: Duration,
}

impl MetricsHistory {
    /// Records a sample every second and every minute, until the server stops.
    pub async fn record(self: Arc<Self>, runtime: Runtime, stopping: CancellationToken) {
        let mut interval = tokio::time::interval(INTERVAL);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        interval.tick().await;
        let mut second = MetricsBaseline::of(&runtime);
        let mut minute = second;
        let mut samples = 0;
        loop {
            tokio::select! {
                _ = interval.tick() => {}
                () = stopping.cancelled() => return,
            }
            let now = MetricsBaseline::of(&runtime);
            push(&self.seconds, MetricsSample::since(&second, &now, &runtime), MAX_SAMPLES);
            second = now;
            samples += 1;
            if samples % SAMPLES_PER_MINUTE == 0 {
                push(&self.minutes, MetricsSample::since(&minute, &now, &runtime), MAX_MINUTES);
                minute = now;
            }
        }
    }

    /// The samples, oldest first, in the dashboard's JSON API.
    pub fn to_json(&self, by_minute: bool) -> Value {
        let (samples, interval) = if by_minute {
            (&self.minutes, INTERVAL * SAMPLES_PER_MINUTE as u32)
        } else {
            (&self.seconds, INTERVAL)
        };
        let samples: Vec<MetricsSample> = samples.locked().iter().copied().collect();
        let samples: Vec<Value> = samples.into_iter().map(MetricsSample::to_json).collect();
        json!({ "interval_ms": interval.as_millis() as u64, "samples": samples })
    }
}

fn push(samples: &Mutex<VecDeque<MetricsSample>>, sample: MetricsSample, most: usize) {
    let mut samples = samples.locked();
    if samples.len() >= most {
        samples.pop_front();
    }
    samples.push_back(sample);
}

impl MetricsBaseline {
    fn of(runtime: &Runtime) -> Self {
        let mut latencies = [0; BUCKETS];
        let mut longest = Duration::ZERO;
        for usage in runtime.tool_usages().values() {
            longest = longest.max(usage.longest);
            for (sum, calls) in latencies.iter_mut().zip(usage.latencies) {
                *sum += calls;
            }
        }
        Self { totals: runtime.snapshot().totals, latencies, longest }
    }

    /// The 95th percentile of the calls since `before`; `None` if there was none.
    fn p95_since(&self, before: &Self) -> Option<Duration> {
        let mut calls = ToolUsage { longest: self.longest, ..ToolUsage::default() };
        for (bucket, at) in calls.latencies.iter_mut().enumerate() {
            *at = self.latencies[bucket].saturating_sub(before.latencies[bucket]);
            calls.calls += *at;
        }
        calls.quantile(0.95).filter(|_| calls.calls > 0)
    }
}

impl MetricsSample {
    /// The sample that ends now, where the counters were `before` at its begin.
    fn since(before: &MetricsBaseline, now: &MetricsBaseline, runtime: &Runtime) -> Self {
        let snapshot = runtime.snapshot();
        let p95 = now.p95_since(before);
        let (before, now) = (&before.totals, &now.totals);
        let calls = now.tool_calls.calls();
        let errors = now.tool_calls.errors();
        Self {
            at_ms: epoch_millis(SystemTime::now()),
            agents: snapshot.connected_agents,
            subscriptions: snapshot.subscriptions,
            queued: snapshot.queued,
            memory: memory::resident_bytes(),
            p95,
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
            "queued": self.queued,
            "memory_bytes": self.memory,
            "tool_p95_ms": self.p95.map(|p95| p95.as_secs_f64() * 1000.0),
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
    fn five_minutes_and_seven_days_are_kept() {
        let history = MetricsHistory::default();
        for at_ms in 0..20_000 {
            let sample = MetricsSample { at_ms, ..MetricsSample::default() };
            push(&history.seconds, sample, MAX_SAMPLES);
            push(&history.minutes, sample, MAX_MINUTES);
        }
        for (by_minute, interval, kept) in [(false, 1000, 300), (true, 60_000, 10_080)] {
            let json = history.to_json(by_minute);
            let samples = json["samples"].as_array().unwrap();
            assert_eq!((&json["interval_ms"], samples.len()), (&json!(interval), kept));
            assert_eq!(samples[kept - 1]["timestamp_ms"], 19_999);
        }
    }

    #[test]
    fn the_latency_of_a_sample_is_that_of_its_own_calls() {
        let runtime = Runtime::new(loom_core::RuntimeOptions::default());
        let before = MetricsBaseline::of(&runtime);
        let mut now = before;
        assert_eq!(now.p95_since(&before), None);
        (now.latencies[0], now.longest) = (100, Duration::from_millis(40));
        let calls = now.p95_since(&before).unwrap();
        assert!(calls <= Duration::from_millis(1), "{calls:?}");
        assert_eq!(now.p95_since(&now), None);
    }
}
