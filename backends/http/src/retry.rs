//! [`RequestRetry`]: when a request is repeated.

use std::time::Duration;

use loom_base::Backoff;
use loom_source::{Advice, SourceErrorKind};

/// When a request is repeated before its error is returned.
///
/// Only transient errors are retried, and only before the body of a response has begun: an interrupted transfer is resumed
/// by the caller, which has the bytes. A timeout is never retried: it has used its time.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use loom_http::RequestRetry;
/// use loom_source::SourceErrorKind;
///
/// let unavailable = SourceErrorKind::HttpStatus { status: 503, retry_after: None };
/// let retry = RequestRetry::default();
/// assert_eq!(retry.pause(1, &unavailable, 1.0), Some(Duration::from_millis(200)));
/// assert_eq!(retry.pause(3, &unavailable, 1.0), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestRetry {
    /// The largest number of requests, the first included; 1 disables retries.
    pub attempts: u32,
    /// The pauses between requests. A server can ask for a longer one (`Retry-After`).
    pub backoff: Backoff,
}

impl Default for RequestRetry {
    fn default() -> Self {
        let backoff =
            Backoff { first: Duration::from_millis(200), longest: Duration::from_secs(5) };
        Self { attempts: 3, backoff }
    }
}

impl RequestRetry {
    /// No retries.
    pub const NEVER: Self =
        Self { attempts: 1, backoff: Backoff { first: Duration::ZERO, longest: Duration::ZERO } };

    /// The pause before the request is repeated, after `made` requests of which the last failed with `error`; `None` where
    /// the error is final. `jitter` in 0..1 spreads clients that failed together.
    pub fn pause(&self, made: u32, error: &SourceErrorKind, jitter: f64) -> Option<Duration> {
        let Advice::Retry { after } = error.advice() else { return None };
        if made >= self.attempts {
            return None;
        }
        match error {
            SourceErrorKind::Stalled { .. } => None,
            SourceErrorKind::HttpStatus { status: 501 | 505, .. } => None,
            // A server that refuses connections is down for longer than a few pauses: the next source is better.
            SourceErrorKind::Connect { .. } if made > 1 => None,
            _ => match after {
                Some(requested) => Some(requested),
                None => Some(self.backoff.pause_with_jitter(made.saturating_sub(1), jitter)),
            },
        }
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
    fn only_transient_errors_are_retried() {
        let retry = RequestRetry::default();
        let ms = |ms| Some(Duration::from_millis(ms));
        for (made, error, pause) in [
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
            assert_eq!(retry.pause(made, &error, 1.0), pause, "{made} {error:?}");
            assert_eq!(RequestRetry::NEVER.pause(made, &error, 1.0), None);
        }
    }

    #[test]
    fn pauses_have_jitter_and_a_limit() {
        let retry = RequestRetry { attempts: u32::MAX, ..RequestRetry::default() };
        assert_eq!(retry.pause(1, &interrupted(), 0.0), Some(Duration::from_millis(100)));
        for made in [1, 5, 31, 32, 33, 1_000_000] {
            let pause = retry.pause(made, &interrupted(), 1.0).unwrap();
            assert!(pause <= retry.backoff.longest, "{made}: {pause:?}");
        }
    }
}
