//! When a request to a provider is repeated.

use std::time::{Duration, SystemTime};

use loom_base::Backoff;
use reqwest::header::HeaderMap;

use super::error::LlmError;

/// The retry policy: transient errors only, and never once a response has begun, since generated tokens are charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LlmRetry {
    /// The number of requests, the first one included.
    pub max_attempts: u32,
    /// The pauses, where the provider asks for none.
    pub backoff: Backoff,
}

impl Default for LlmRetry {
    /// Four attempts, with pauses from 500 ms to 8 s.
    fn default() -> Self {
        let backoff =
            Backoff { first: Duration::from_millis(500), longest: Duration::from_secs(8) };
        Self { max_attempts: 4, backoff }
    }
}

impl LlmRetry {
    /// The pause after `attempts` requests, the last of which failed with `error`; `None` to give up. A provider's
    /// `Retry-After` is honoured; else the pause is shortened by `jitter`, from 0 to 1.
    pub fn pause(&self, attempts: u32, error: &LlmError, jitter: f64) -> Option<Duration> {
        if attempts >= self.max_attempts {
            return None;
        }
        let backoff = || self.backoff.pause_with_jitter(attempts.saturating_sub(1), jitter);
        match error {
            LlmError::Connect { .. } => Some(backoff()),
            LlmError::Status { status: 408 | 429 | 500..=599, retry_after, .. } => {
                Some(retry_after.unwrap_or_else(backoff))
            }
            _ => None,
        }
    }
}

/// How long a provider asks to wait: `retry-after-ms`, or `Retry-After` as seconds or as a date (RFC 9110, 10.2.3).
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(ms) = text("retry-after-ms").and_then(|text| text.parse().ok()) {
        return Some(Duration::from_millis(ms));
    }
    let text = text("retry-after")?;
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    // A date in the past stands for no pause.
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn status(status: u16, retry_after: Option<u64>) -> LlmError {
        LlmError::Status {
            provider: String::new(),
            address: String::new(),
            status,
            message: String::new(),
            retry_after: retry_after.map(Duration::from_secs),
        }
    }

    #[test]
    fn only_transient_errors_are_retried() {
        let retry = LlmRetry::default();
        let ms = |ms| Some(Duration::from_millis(ms));
        let interrupted =
            LlmError::Interrupted { provider: String::new(), address: String::new(), source: None };
        for (attempts, error, pause) in [
            (1, status(429, None), ms(500)),
            (2, status(429, None), ms(1000)),
            (3, status(429, None), ms(2000)),
            (4, status(429, None), None),
            (1, status(429, Some(60)), ms(60_000)),
            (1, status(408, None), ms(500)),
            (1, status(500, None), ms(500)),
            (1, status(529, Some(0)), ms(0)),
            (1, status(400, None), None),
            (1, status(401, Some(1)), None),
            (1, status(404, None), None),
            (1, status(302, None), None),
            (1, interrupted, None),
        ] {
            assert_eq!(retry.pause(attempts, &error, 1.0), pause, "{attempts} {error}");
        }
    }

    #[test]
    fn pauses_have_jitter_and_a_limit() {
        let retry = LlmRetry { max_attempts: u32::MAX, ..LlmRetry::default() };
        let error = status(500, None);
        assert_eq!(retry.pause(1, &error, 0.0), Some(Duration::from_millis(250)));
        for attempts in [5, 31, 32, 33, 1_000_000] {
            assert_eq!(retry.pause(attempts, &error, 1.0), Some(retry.backoff.longest));
        }
    }

    #[test]
    fn retry_after_is_read_in_all_forms() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_770);
        for (name, text, pause) in [
            ("retry-after", "7", Some(7_000)),
            ("retry-after", " 0 ", Some(0)),
            ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT", Some(7_000)),
            ("retry-after", "Sun, 06 Nov 1994 08:49:00 GMT", Some(0)),
            ("retry-after", "soon", None),
            ("retry-after", "-1", None),
            ("retry-after-ms", "250", Some(250)),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(text));
            assert_eq!(retry_after(&headers, now), pause.map(Duration::from_millis), "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
