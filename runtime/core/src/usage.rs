//! How tools were used: calls, failures, and how long they took.

use std::{
    collections::BTreeMap,
    sync::Mutex,
    time::{Duration, SystemTime},
};

use crate::{
    lock::lock,
    tool::{ToolFailureKind, ToolResult},
};

/// Tools that are counted; calls to any beyond them are not told apart from nothing.
const TOOLS: usize = 1024;

/// Upper bounds of the latencies that are told apart, in milliseconds; whatever took longer is in one more.
pub const BOUNDS_MS: [u64; 12] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 5000, 30_000];

/// How one tool was used since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolUsage {
    /// Calls that came to an answer, a failure included.
    pub calls: u64,
    /// Those that failed.
    pub failed: u64,
    /// Sum of what all calls took.
    pub total: Duration,
    /// The shortest.
    pub shortest: Duration,
    /// The longest.
    pub longest: Duration,
    /// Calls by latency: as [`BOUNDS_MS`], not cumulative, and one more for the rest.
    pub latencies: [u64; BOUNDS_MS.len() + 1],
    /// When the last answer came.
    pub last: Option<SystemTime>,
    /// What the last failure said.
    pub last_error: Option<String>,
}

impl ToolUsage {
    /// The latency that the given share of calls stayed within (0.5 = the median): estimated, for calls are taken to
    /// lie evenly between two bounds. `None` before the first call.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let wanted = self.calls as f64 * share;
        let (mut seen, mut low) = (0.0, self.shortest.as_secs_f64());
        let longest = self.longest.as_secs_f64();
        for (bucket, &count) in self.latencies.iter().enumerate() {
            let high = BOUNDS_MS.get(bucket).map_or(longest, |ms| *ms as f64 / 1000.0).min(longest);
            let count = count as f64;
            if count > 0.0 && seen + count >= wanted {
                let inside = ((wanted - seen) / count).clamp(0.0, 1.0);
                return Some(Duration::from_secs_f64(low + (high - low).max(0.0) * inside));
            }
            seen += count;
            low = high.max(low);
        }
        None
    }

    fn note(&mut self, answer: &ToolResult, took: Duration) {
        self.calls += 1;
        self.total += took;
        self.shortest = if self.calls == 1 { took } else { self.shortest.min(took) };
        self.longest = self.longest.max(took);
        let within = |ms: &u64| took <= Duration::from_millis(*ms);
        self.latencies[BOUNDS_MS.iter().position(within).unwrap_or(BOUNDS_MS.len())] += 1;
        self.last = Some(SystemTime::now());
        if let Err(failure) = answer {
            self.failed += 1;
            self.last_error = Some(failure.message.chars().take(300).collect());
        }
    }
}

/// How all tools were used, by name.
#[derive(Debug, Default)]
pub struct Usages(Mutex<BTreeMap<String, ToolUsage>>);

impl Usages {
    /// Notes an answer. A tool that nobody offers is not counted: callers could make up any name.
    pub fn note(&self, tool: &str, answer: &ToolResult, took: Duration) {
        if matches!(answer, Err(failure) if failure.kind == ToolFailureKind::NotFound) {
            return;
        }
        let mut usages = lock(&self.0);
        if let Some(usage) = usages.get_mut(tool) {
            usage.note(answer, took);
        } else if usages.len() < TOOLS {
            usages.entry(tool.to_owned()).or_default().note(answer, took);
        }
    }

    /// All of it.
    pub fn all(&self) -> BTreeMap<String, ToolUsage> {
        lock(&self.0).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::ToolFailure;

    #[test]
    fn calls_are_counted_by_outcome_and_latency() {
        let usages = Usages::default();
        let ms = Duration::from_millis;
        for took in [1, 2, 3, 40] {
            usages.note("t", &Ok("1".to_owned()), ms(took));
        }
        usages.note("t", &Err(ToolFailure::new(ToolFailureKind::Timeout, "late")), ms(40_000));
        usages.note("made up", &Err(ToolFailure::new(ToolFailureKind::NotFound, "none")), ms(1));
        let all = usages.all();
        assert_eq!(all.keys().collect::<Vec<_>>(), ["t"]);
        let usage = &all["t"];
        assert_eq!((usage.calls, usage.failed, usage.longest), (5, 1, ms(40_000)));
        assert_eq!(usage.last_error.as_deref(), Some("late"));
        let quantiles = [0.2, 0.5, 0.8, 1.0].map(|share| usage.quantile(share));
        let us = Duration::from_micros;
        assert_eq!(quantiles, [1000, 3500, 50_000, 40_000_000].map(|took| Some(us(took))));
        assert_eq!(ToolUsage::default().quantile(0.5), None);
    }

    #[test]
    fn a_quantile_is_never_more_than_the_longest() {
        let usages = Usages::default();
        usages.note("t", &Ok(String::new()), Duration::from_millis(30));
        assert_eq!(usages.all()["t"].quantile(0.5), Some(Duration::from_millis(30)));
    }

    #[test]
    fn memory_is_bounded() {
        let usages = Usages::default();
        for n in 0..TOOLS + 10 {
            usages.note(&n.to_string(), &Ok(String::new()), Duration::ZERO);
        }
        assert_eq!(usages.all().len(), TOOLS);
    }
}
