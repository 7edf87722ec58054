//! When to ask again.

use std::time::{Duration, SystemTime};

use reqwest::header::HeaderMap;

use super::LlmError;

/// When to ask a provider again: only what may pass by itself, and never once an answer has begun, which costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LlmRetry {
    /// How often to ask in all.
    pub attempts: u32,
    /// The first pause; each further one is twice as long.
    pub base: Duration,
    /// The longest pause that we choose ourselves.
    pub cap: Duration,
}

impl Default for LlmRetry {
    fn default() -> Self {
        Self { attempts: 4, base: Duration::from_millis(500), cap: Duration::from_secs(8) }
    }
}

impl LlmRetry {
    /// How long to pause after `made` requests of which the last failed so; `None` = give up. `jitter` in 0..1 spreads
    /// those who failed together. A provider that says when to come back is taken at its word.
    pub fn pause(&self, made: u32, failed: &LlmError, jitter: f64) -> Option<Duration> {
        if made >= self.attempts {
            return None;
        }
        match failed {
            LlmError::Connect { .. } => Some(self.backoff(made, jitter)),
            LlmError::Refused { status: 408 | 429 | 500..=599, after, .. } => {
                Some(after.unwrap_or_else(|| self.backoff(made, jitter)))
            }
            _ => None,
        }
    }

    fn backoff(&self, made: u32, jitter: f64) -> Duration {
        let doubled = 1_u32.checked_shl(made.saturating_sub(1)).unwrap_or(u32::MAX);
        let longest = self.base.saturating_mul(doubled).min(self.cap);
        longest.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
    }
}

/// When a provider wants to be asked again: `retry-after-ms`, or `Retry-After` in seconds or as a date.
pub fn asked_pause(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(ms) = text("retry-after-ms").and_then(|text| text.parse().ok()) {
        return Some(Duration::from_millis(ms));
    }
    let text = text("retry-after")?;
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    // A date that has passed means now.
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn refused(status: u16, after: Option<u64>) -> LlmError {
        let (provider, address, said) = (String::new(), String::new(), String::new());
        LlmError::Refused { provider, address, status, said, after: after.map(Duration::from_secs) }
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let retry = LlmRetry::default();
        let ms = |ms| Some(Duration::from_millis(ms));
        for (made, failed, pause) in [
            (1, refused(429, None), ms(500)),
            (2, refused(429, None), ms(1000)),
            (3, refused(429, None), ms(2000)),
            (4, refused(429, None), None),
            (1, refused(429, Some(60)), ms(60_000)),
            (1, refused(408, None), ms(500)),
            (1, refused(500, None), ms(500)),
            (1, refused(529, Some(0)), ms(0)),
            (1, refused(400, None), None),
            (1, refused(401, Some(1)), None),
            (1, refused(404, None), None),
            (1, refused(302, None), None),
        ] {
            assert_eq!(retry.pause(made, &failed, 1.0), pause, "{made} {failed}");
        }
        let text = String::new;
        let (provider, address) = (text(), text());
        let broken = LlmError::Broken { provider, address, source: None };
        assert_eq!(
            retry.pause(1, &broken, 1.0),
            None,
            "an answer that began is not asked for twice"
        );
        assert_eq!(retry.pause(1, &refused(500, None), 0.0), ms(250));
        let endless = LlmRetry { attempts: u32::MAX, ..retry };
        for made in [5, 31, 32, 33, 1_000_000] {
            assert!(endless.pause(made, &refused(500, None), 1.0).unwrap() <= retry.cap);
        }
    }

    #[test]
    fn when_to_come_back() {
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
            assert_eq!(asked_pause(&headers, now), pause.map(Duration::from_millis), "{text}");
        }
        assert_eq!(asked_pause(&HeaderMap::new(), now), None);
    }
}
