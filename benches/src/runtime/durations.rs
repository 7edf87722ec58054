//! Measured durations and their percentiles.

use std::time::Duration;

/// Measured durations.
#[derive(Debug, Default)]
pub(crate) struct Durations(Vec<Duration>);

impl Durations {
    pub(crate) fn add(&mut self, one: Duration) {
        self.0.push(one);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The percentile `share` (0.99 is the 99th), in milliseconds; not a number where nothing was measured.
    pub(crate) fn ms(&mut self, share: f64) -> f64 {
        self.0.sort_unstable();
        let at = (self.0.len() as f64 * share).ceil() as usize;
        let found = self.0.get(at.saturating_sub(1));
        found.map_or(f64::NAN, |duration| duration.as_secs_f64() * 1e3)
    }
}

/// The middle value; not a number where there is none.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles() {
        let mut sample = Durations::default();
        assert!(sample.ms(0.5).is_nan());
        (1..=100).rev().for_each(|ms| sample.add(Duration::from_millis(ms)));
        assert_eq!([0.5, 0.99, 1.0].map(|share| sample.ms(share)), [50.0, 99.0, 100.0]);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
    }
}
