//! Calls, failures and latencies per tool.

use std::{
    collections::BTreeMap,
    sync::Mutex,
    time::{Duration, SystemTime},
};

use loom_base::LockExt as _;

use crate::tool::{ToolFailureKind, ToolResult};

/// Tools that are counted; calls of any further tool are ignored.
const MAX_TOOLS: usize = 1024;
/// The part of an error message that is kept, in characters.
const MAX_ERROR_CHARS: usize = 300;

/// Upper bounds of the latency buckets, in milliseconds; one more bucket holds all slower calls.
pub const LATENCY_BOUNDS_MS: [u64; 12] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 5000, 30_000];

/// The calls of one tool since the start of the runtime.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolUsage {
    /// Completed calls, failed ones included.
    pub calls: u64,
    /// Failed calls.
    pub failed: u64,
    /// The sum of all latencies.
    pub total: Duration,
    /// The shortest latency.
    pub shortest: Duration,
    /// The longest latency.
    pub longest: Duration,
    /// Calls per bucket of [`LATENCY_BOUNDS_MS`], not cumulative, and one more for slower calls.
    pub latencies: [u64; LATENCY_BOUNDS_MS.len() + 1],
    /// When the last call completed.
    pub last: Option<SystemTime>,
    /// The message of the last failure.
    pub last_error: Option<String>,
}

impl ToolUsage {
    /// An estimate of a quantile of the latency, `0.5` for the median: latencies are taken to be spread evenly within
    /// a bucket. `None` before the first call.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let rank = self.calls as f64 * share;
        let longest = self.longest.as_secs_f64();
        let mut seen = 0.0;
        let mut low = self.shortest.as_secs_f64();
        for (bucket, &count) in self.latencies.iter().enumerate() {
            let bound = LATENCY_BOUNDS_MS.get(bucket).map_or(longest, |ms| *ms as f64 / 1000.0);
            let high = bound.min(longest);
            let count = count as f64;
            if count > 0.0 && seen + count >= rank {
                let inside = ((rank - seen) / count).clamp(0.0, 1.0);
                return Some(Duration::from_secs_f64(low + (high - low).max(0.0) * inside));
            }
            seen += count;
            low = high.max(low);
        }
        None
    }

    fn record(&mut self, result: &ToolResult, latency: Duration) {
        self.calls += 1;
        self.total += latency;
        self.shortest = if self.calls == 1 { latency } else { self.shortest.min(latency) };
        self.longest = self.longest.max(latency);
        let is_within = |ms: &u64| latency <= Duration::from_millis(*ms);
        let bucket = LATENCY_BOUNDS_MS.iter().position(is_within);
        self.latencies[bucket.unwrap_or(LATENCY_BOUNDS_MS.len())] += 1;
        self.last = Some(SystemTime::now());
        if let Err(failure) = result {
            self.failed += 1;
            self.last_error = Some(failure.message.chars().take(MAX_ERROR_CHARS).collect());
        }
    }
}

/// The usage of all tools by name.
#[derive(Debug, Default)]
pub struct ToolUsages(Mutex<BTreeMap<String, ToolUsage>>);

impl ToolUsages {
    /// Counts a completed call. Calls of unknown tools are ignored, since callers can make up any name.
    pub fn record(&self, tool: &str, result: &ToolResult, latency: Duration) {
        if matches!(result, Err(failure) if failure.kind == ToolFailureKind::NotFound) {
            return;
        }
        let mut usages = self.0.locked();
        if let Some(usage) = usages.get_mut(tool) {
            usage.record(result, latency);
        } else if usages.len() < MAX_TOOLS {
            usages.entry(tool.to_owned()).or_default().record(result, latency);
        }
    }

    /// A copy of all usages.
    pub fn all(&self) -> BTreeMap<String, ToolUsage> {
        self.0.locked().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::ToolFailure;

    #[test]
    fn calls_are_counted_by_result_and_latency() {
        let usages = ToolUsages::default();
        let ms = Duration::from_millis;
        for latency in [1, 2, 3, 40] {
            usages.record("t", &Ok("1".to_owned()), ms(latency));
        }
        let late = ToolFailure::new(ToolFailureKind::Timeout, "late");
        usages.record("t", &Err(late), ms(40_000));
        let unknown = ToolFailure::new(ToolFailureKind::NotFound, "none");
        usages.record("made up", &Err(unknown), ms(1));
        let all = usages.all();
        assert_eq!(all.keys().collect::<Vec<_>>(), ["t"]);
        let usage = &all["t"];
        assert_eq!((usage.calls, usage.failed, usage.longest), (5, 1, ms(40_000)));
        assert_eq!(usage.last_error.as_deref(), Some("late"));
        let quantiles = [0.2, 0.5, 0.8, 1.0].map(|share| usage.quantile(share));
        let us = Duration::from_micros;
        assert_eq!(quantiles, [1000, 3500, 50_000, 40_000_000].map(|latency| Some(us(latency))));
        assert_eq!(ToolUsage::default().quantile(0.5), None);
    }

    #[test]
    fn a_quantile_never_exceeds_the_longest_latency() {
        let usages = ToolUsages::default();
        usages.record("t", &Ok(String::new()), Duration::from_millis(30));
        assert_eq!(usages.all()["t"].quantile(0.5), Some(Duration::from_millis(30)));
    }

    #[test]
    fn the_number_of_tools_is_limited() {
        let usages = ToolUsages::default();
        for n in 0..MAX_TOOLS + 10 {
            usages.record(&n.to_string(), &Ok(String::new()), Duration::ZERO);
        }
        assert_eq!(usages.all().len(), MAX_TOOLS);
    }
}
