//! How busy it was over the last minutes: one sample a second.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering::Relaxed},
    time::{Duration, SystemTime},
};

use axum::{Json, extract::State};
use loom_core::{Runtime, ToolFailureKind};
use serde_json::{Value, json};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::Dashboard;
use crate::convert::epoch_ms;

const EVERY: Duration = Duration::from_secs(1);
/// Five minutes.
const SAMPLES: usize = 300;

/// One second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Sample {
    /// When it ended.
    at_ms: i64,
    /// Agents and subscriptions then.
    agents: usize,
    subscriptions: usize,
    /// What happened in it.
    published: u64,
    delivered: u64,
    dropped: u64,
    calls: u64,
    errors: u64,
}

/// Counters at one moment.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    published: u64,
    delivered: u64,
    dropped: u64,
    calls: u64,
    errors: u64,
}

/// The last minutes.
#[derive(Debug, Default)]
pub struct History(Mutex<VecDeque<Sample>>);

impl History {
    /// Takes samples until the server stops.
    pub async fn keep(self: Arc<Self>, core: Arc<Runtime>, stopping: CancellationToken) {
        let mut every = tokio::time::interval(EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        every.tick().await;
        let mut before = Count::of(&core);
        loop {
            tokio::select! {
                _ = every.tick() => {}
                () = stopping.cancelled() => return,
            }
            let now = Count::of(&core);
            self.push(now.since(before, &core));
            before = now;
        }
    }

    fn push(&self, sample: Sample) {
        let mut samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if samples.len() == SAMPLES {
            samples.pop_front();
        }
        samples.push_back(sample);
    }

    fn all(&self) -> Vec<Sample> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}

impl Count {
    fn of(core: &Runtime) -> Self {
        let totals = &core.activity.totals;
        let failed = [
            ToolFailureKind::Execution,
            ToolFailureKind::Timeout,
            ToolFailureKind::NotFound,
            ToolFailureKind::InvalidArguments,
        ];
        let errors = failed.map(|kind| totals.failed(kind).load(Relaxed)).iter().sum();
        Self {
            published: totals.published.load(Relaxed),
            delivered: totals.delivered.load(Relaxed),
            dropped: totals.lost.load(Relaxed),
            calls: totals.calls_ok.load(Relaxed) + errors,
            errors,
        }
    }

    fn since(self, before: Self, core: &Runtime) -> Sample {
        Sample {
            at_ms: epoch_ms(SystemTime::now()),
            agents: core.directory.connected(),
            subscriptions: core.bus.subscriptions(),
            published: self.published.saturating_sub(before.published),
            delivered: self.delivered.saturating_sub(before.delivered),
            dropped: self.dropped.saturating_sub(before.dropped),
            calls: self.calls.saturating_sub(before.calls),
            errors: self.errors.saturating_sub(before.errors),
        }
    }
}

/// `GET /api/metrics/history`: the last five minutes, oldest first; `timestamp_ms` is the end of each second, and all
/// but `active_agents` and `active_subscriptions` counts what happened in it.
pub async fn history(State(dashboard): State<Dashboard>) -> Json<Value> {
    let sample = |sample: &Sample| {
        json!({
            "timestamp_ms": sample.at_ms,
            "active_agents": sample.agents,
            "active_subscriptions": sample.subscriptions,
            "events": sample.published,
            "deliveries": sample.delivered,
            "dropped": sample.dropped,
            "tool_calls": sample.calls,
            "tool_errors": sample.errors,
        })
    };
    let samples: Vec<Value> = dashboard.history.all().iter().map(sample).collect();
    Json(json!({ "interval_ms": EVERY.as_millis() as u64, "samples": samples }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_minutes_are_kept() {
        let history = History::default();
        for at_ms in 0..400 {
            history.push(Sample { at_ms, ..Sample::default() });
        }
        let all = history.all();
        assert_eq!((all.len(), all[0].at_ms, all[SAMPLES - 1].at_ms), (SAMPLES, 100, 399));
    }
}
