//! When to ask again.

use std::time::Duration;

use loom_base::Backoff;
use loom_source::{Advice, SourceErrorKind};

/// When to ask the same address again, before another source is tried.
///
/// Only failures that may pass by themselves, and only before the body has begun: a body that breaks off is
/// continued by whoever keeps its bytes. A time that ran out is never tried again: it has cost its budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestRetry {
    /// How often to ask in all; 1 is never again.
    pub attempts: u32,
    /// The first pause; each further one is twice as long.
    pub base: Duration,
    /// The longest pause of our own choice. What a server asks for (`Retry-After`) is up to whoever waits.
    pub cap: Duration,
}

impl Default for RequestRetry {
    fn default() -> Self {
        Self { attempts: 3, base: Duration::from_millis(200), cap: Duration::from_secs(5) }
    }
}

impl RequestRetry {
    /// Never ask again.
    pub const NEVER: Self = Self { attempts: 1, base: Duration::ZERO, cap: Duration::ZERO };

    /// How long to pause before asking again, or `None` to give up, after `made` requests of which
    /// the last failed so. `jitter` in 0..1 spreads those who failed together.
    pub fn pause(&self, made: u32, failed: &SourceErrorKind, jitter: f64) -> Option<Duration> {
        let Advice::Retry { after } = failed.advice() else { return None };
        if made >= self.attempts {
            return None;
        }
        match failed {
            SourceErrorKind::Stalled { .. } => None,
            SourceErrorKind::HttpStatus { status: 501 | 505, .. } => None,
            // A mirror that is down refuses at once and stays down: the next source is the better bet.
            SourceErrorKind::Connect { .. } if made > 1 => None,
            _ => match after {
                Some(asked) => Some(asked),
                None => Some(self.backoff().pause_with_jitter(made.saturating_sub(1), jitter)),
            },
        }
    }

    fn backoff(&self) -> Backoff {
        Backoff { first: self.base, longest: self.cap }
    }
}

#[cfg(test)]
mod tests {
    use loom_source::{AccessDenied, TransferPhase};

    use super::*;

    fn status(status: u16, after: Option<u64>) -> SourceErrorKind {
        SourceErrorKind::HttpStatus { status, retry_after: after.map(Duration::from_secs) }
    }

    fn connect() -> SourceErrorKind {
        SourceErrorKind::Connect { proxy: None }
    }

    fn stall() -> SourceErrorKind {
        let timeout = Duration::from_secs(1);
        SourceErrorKind::Stalled { phase: TransferPhase::Response, timeout }
    }

    fn interrupted() -> SourceErrorKind {
        SourceErrorKind::Interrupted { received: 0 }
    }

    fn credentials() -> SourceErrorKind {
        SourceErrorKind::AccessDenied(Box::new(AccessDenied::by_server(403)))
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let retry = RequestRetry::default();
        let ms = |ms| Some(Duration::from_millis(ms));
        for (made, failed, pause) in [
            (1, status(503, None), ms(200)),
            (2, status(503, None), ms(400)),
            (3, status(503, None), None),
            (1, status(429, Some(2)), ms(2_000)),
            (1, status(429, Some(5)), ms(5_000)),
            (1, status(429, Some(60)), ms(60_000)),
            (1, status(408, None), ms(200)),
            (1, status(425, None), ms(200)),
            (1, status(500, None), ms(200)),
            (1, status(501, None), None),
            (1, status(505, None), None),
            (1, status(400, None), None),
            (1, status(418, Some(1)), None),
            (1, interrupted(), ms(200)),
            (2, interrupted(), ms(400)),
            (1, connect(), ms(200)),
            (2, connect(), None),
            (1, stall(), None),
            (1, credentials(), None),
        ] {
            assert_eq!(retry.pause(made, &failed, 1.0), pause, "{made} {failed:?}");
            assert_eq!(RequestRetry::NEVER.pause(made, &failed, 1.0), None);
        }
    }

    #[test]
    fn pauses_are_spread_and_bounded() {
        let retry = RequestRetry { attempts: u32::MAX, ..RequestRetry::default() };
        assert_eq!(retry.pause(1, &interrupted(), 0.0), Some(Duration::from_millis(100)));
        for made in [1, 5, 31, 32, 33, 1_000_000] {
            let pause = retry.pause(made, &interrupted(), 1.0).unwrap();
            assert!(pause <= retry.cap, "{made}: {pause:?}");
        }
    }
}
