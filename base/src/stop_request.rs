//! [`StopRequests`]: what a signal that asks a program to end means, when several arrive.

use std::time::{Duration, Instant};

/// How long after the first signal another one is the same request. One Ctrl+C arrives twice where a wrapper forwards
/// a signal that the terminal sends to all of its processes.
const SAME_REQUEST: Duration = Duration::from_secs(1);

/// The meaning of one signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopRequest {
    /// The first one: end gracefully.
    Stop,
    /// The first one once more: nothing to do.
    Repeated,
    /// Do not wait any longer.
    Kill,
}

/// The signals that were received so far.
///
/// # Examples
/// ```
/// use std::time::{Duration, Instant};
///
/// use loom_base::{StopRequest, StopRequests};
///
/// let mut requests = StopRequests::default();
/// let start = Instant::now();
/// assert_eq!(requests.meaning(start), StopRequest::Stop);
/// assert_eq!(requests.meaning(start + Duration::from_millis(20)), StopRequest::Repeated);
/// assert_eq!(requests.meaning(start + Duration::from_secs(2)), StopRequest::Kill);
/// ```
#[derive(Debug, Default)]
pub struct StopRequests {
    first: Option<Instant>,
}

impl StopRequests {
    /// The meaning of a signal that arrives `now`. The second counts from the first signal, so that signals in quick
    /// succession end the program too.
    pub fn meaning(&mut self, now: Instant) -> StopRequest {
        match self.first {
            None => {
                self.first = Some(now);
                StopRequest::Stop
            }
            Some(first) if now.saturating_duration_since(first) < SAME_REQUEST => {
                StopRequest::Repeated
            }
            Some(_) => StopRequest::Kill,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_within_a_second_are_one_request() {
        use StopRequest::{Kill, Repeated, Stop};
        let start = Instant::now();
        for (times, expected) in [
            (&[0, 2, 999][..], &[Stop, Repeated, Repeated][..]),
            (&[0, 1000], &[Stop, Kill]),
            (&[0, 600, 1200], &[Stop, Repeated, Kill]),
            (&[0, 5000, 5001], &[Stop, Kill, Kill]),
        ] {
            let mut requests = StopRequests::default();
            let meanings: Vec<_> = times
                .iter()
                .map(|ms| requests.meaning(start + Duration::from_millis(*ms)))
                .collect();
            assert_eq!(meanings, expected, "{times:?}");
        }
    }
}
