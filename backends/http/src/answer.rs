//! What a status and its headers mean, given what was asked.

use std::time::{Duration, SystemTime};

use loom_source::{AccessDenied, RangeRequest, RefusedBy, SourceError, SourceErrorKind, Validator};
use reqwest::{
    StatusCode,
    header::{self, HeaderMap, HeaderName},
};

/// What an answer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The file from its first byte.
    Whole,
    /// The file from the offset that was asked for; `total` where it is said.
    Rest {
        /// The size of the whole file.
        total: Option<u64>,
    },
    /// There is nothing after the offset that was asked for: that is where the file ends.
    End,
    /// The offset makes no sense for what is there now: ask for the whole.
    Restart,
    /// There is no such file.
    Absent,
}

/// Judges an answer by its head.
pub(crate) fn judge(
    at: &str,
    asked: &RangeRequest,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<Verdict, SourceError> {
    match status.as_u16() {
        404 | 410 => Ok(Verdict::Absent),
        status @ (401 | 403 | 407) => Err(SourceError::denied(at, denied(status))),
        416 if asked.from > 0 => {
            let end = ContentRange::of(headers).and_then(|range| range.total);
            Ok(if end == Some(asked.from) { Verdict::End } else { Verdict::Restart })
        }
        // Network Authentication Required: a captive portal says so itself.
        511 => Err(SourceError::new(at, SourceErrorKind::HtmlPage)),
        200 => encoded(at, headers).map(|()| Verdict::Whole),
        206 => encoded(at, headers).and_then(|()| part(at, asked, headers)),
        status => {
            let retry_after = retry_after(headers, SystemTime::now());
            Err(SourceError::new(at, SourceErrorKind::HttpStatus { status, retry_after }))
        }
    }
}

/// What a refusal with this status means. A server that hides which files it has answers 403 for absent ones.
fn denied(status: u16) -> AccessDenied {
    match status {
        407 => AccessDenied::by(RefusedBy::Proxy { status: Some(status) }),
        403 => AccessDenied::by_server(status).or_absent(),
        _ => AccessDenied::by_server(status),
    }
}

fn encoded(at: &str, headers: &HeaderMap) -> Result<(), SourceError> {
    match text(headers, &header::CONTENT_ENCODING) {
        None => Ok(()),
        Some(encoding) if encoding.eq_ignore_ascii_case("identity") => Ok(()),
        Some(encoding) => {
            let encoding = encoding.to_owned();
            Err(SourceError::new(at, SourceErrorKind::ContentEncoding { encoding }))
        }
    }
}

/// A 206: its range must begin where we asked, and it must be of the file that we began with.
fn part(at: &str, asked: &RangeRequest, headers: &HeaderMap) -> Result<Verdict, SourceError> {
    let wrong = |got: String| {
        SourceError::new(at, SourceErrorKind::RangeMismatch { requested: asked.from, got })
    };
    if asked.from == 0 {
        return Err(wrong("a part, though the whole was asked for".to_owned()));
    }
    let said = text(headers, &header::CONTENT_RANGE);
    let Some(range) = ContentRange::of(headers) else {
        return Err(wrong(format!("Content-Range {:?}", said.unwrap_or_default())));
    };
    let consistent = range.first == Some(asked.from)
        && range.total.is_none_or(|total| range.last.is_some_and(|last| last < total));
    if !consistent {
        return Err(wrong(format!("Content-Range {:?}", said.unwrap_or_default())));
    }
    match (&asked.validator, validator(headers)) {
        (Some(before), Some(now)) if *before != now => Ok(Verdict::Restart),
        _ => Ok(Verdict::Rest { total: range.total }),
    }
}

/// What says that the bytes are still the same: the entity tag, else the time of change.
pub(crate) fn validator(headers: &HeaderMap) -> Option<Validator> {
    match text(headers, &header::ETAG) {
        Some(tag) if tag.len() >= 2 && tag.starts_with('"') && tag.ends_with('"') => {
            Some(Validator::Strong(tag.to_owned()))
        }
        Some(tag) => Some(Validator::Weak(tag.to_owned())),
        None => text(headers, &header::LAST_MODIFIED).map(|t| Validator::Weak(t.to_owned())),
    }
}

/// Whether the answer says that it is a page for people.
pub(crate) fn is_page(headers: &HeaderMap) -> bool {
    let kind = text(headers, &header::CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    ["text/html", "application/xhtml+xml"].iter().any(|page| kind.eq_ignore_ascii_case(page))
}

/// `Retry-After`: seconds, or a date.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = text(headers, &header::RETRY_AFTER)?;
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// What the server says that the time is.
pub(crate) fn date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(text(headers, &header::DATE)?).ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

/// `bytes 5-9/10`, `bytes 5-9/*` or `bytes */10`.
#[derive(Debug, PartialEq, Eq)]
struct ContentRange {
    first: Option<u64>,
    last: Option<u64>,
    total: Option<u64>,
}

impl ContentRange {
    fn of(headers: &HeaderMap) -> Option<Self> {
        Self::parse(text(headers, &header::CONTENT_RANGE)?)
    }

    fn parse(text: &str) -> Option<Self> {
        let (unit, range) = text.split_once(' ')?;
        let (span, total) = range.trim().split_once('/')?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        let total = if total == "*" { None } else { Some(number(total)?) };
        if span == "*" {
            return Some(Self { first: None, last: None, total });
        }
        let (first, last) = span.split_once('-')?;
        let (first, last) = (number(first)?, number(last)?);
        (first <= last).then_some(Self { first: Some(first), last: Some(last), total })
    }
}

/// Digits and nothing else; `u64::from_str` would take a `+`.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests;
