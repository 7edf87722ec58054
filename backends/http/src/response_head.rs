//! What the status and the headers of a response mean, given the requested range.

use std::time::{Duration, SystemTime};

use loom_source::{AccessDenied, RangeRequest, RefusedBy, SourceError, SourceErrorKind, Validator};
use reqwest::{
    StatusCode,
    header::{self, HeaderMap, HeaderName},
};
use url::Url;

/// What a response to a file request holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HeadVerdict {
    /// The whole file.
    Whole,
    /// The file from the requested offset.
    Range {
        /// The size of the whole file in bytes, where the server gives it.
        total: Option<u64>,
    },
    /// No bytes: the file ends at the requested offset.
    End,
    /// Nothing useful: the file has changed, and the whole file has to be requested.
    Restart,
    /// Nothing: there is no such file.
    Absent,
}

/// Judges a response by its status and headers.
///
/// `name` is the file name that was requested.
pub(crate) fn judge(
    at: &str,
    name: &str,
    requested: &RangeRequest,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<HeadVerdict, SourceError> {
    match status.as_u16() {
        404 | 410 => Ok(HeadVerdict::Absent),
        status @ (401 | 403 | 407) => Err(SourceError::denied(at, denied(status))),
        416 if requested.from > 0 => {
            let end = ContentRange::of(headers).and_then(|range| range.total);
            Ok(if end == Some(requested.from) { HeadVerdict::End } else { HeadVerdict::Restart })
        }
        // Network Authentication Required (RFC 6585): the response of a captive portal.
        511 => Err(SourceError::new(at, SourceErrorKind::HtmlPage)),
        200 => check_encoding(at, name, headers).map(|()| HeadVerdict::Whole),
        206 => check_encoding(at, name, headers).and_then(|()| range(at, requested, headers)),
        status => {
            let retry_after = retry_after(headers, SystemTime::now());
            Err(SourceError::new(at, SourceErrorKind::HttpStatus { status, retry_after }))
        }
    }
}

/// The refusal with this status. Servers that hide which files they have answer 403 for absent ones.
fn denied(status: u16) -> AccessDenied {
    match status {
        407 => AccessDenied::by(RefusedBy::Proxy { status: Some(status) }),
        403 => AccessDenied::by_server(status).or_absent(),
        _ => AccessDenied::by_server(status),
    }
}

/// Fails for a content encoding: the bytes would not be those published.
fn check_encoding(at: &str, name: &str, headers: &HeaderMap) -> Result<(), SourceError> {
    match text(headers, &header::CONTENT_ENCODING) {
        None => Ok(()),
        Some(encoding) if is_own_encoding(encoding, name) => Ok(()),
        Some(encoding) => {
            let encoding = encoding.to_owned();
            Err(SourceError::new(at, SourceErrorKind::ContentEncoding { encoding }))
        }
    }
}

/// Whether a content encoding only describes the file as it is: `identity`, and the compression that the file's name
/// states. Common web servers send `x-gzip` for every `.tar.gz`. The digest decides whether the bytes are those published.
pub fn is_own_encoding(encoding: &str, name: &str) -> bool {
    let encoding = encoding.to_ascii_lowercase();
    let extensions: &[&str] = match encoding.as_str() {
        "" | "identity" => return true,
        "gzip" | "x-gzip" => &["gz", "tgz"],
        "zstd" => &["zst"],
        _ => return false,
    };
    // A server may take `x.tar.gz.sha256` for a compressed file, too.
    name.split('.').skip(1).any(|part| extensions.iter().any(|it| part.eq_ignore_ascii_case(it)))
}

/// The name of the file that a URL requests.
pub(crate) fn file_name(url: &Url) -> &str {
    url.path().rsplit('/').next().unwrap_or_default()
}

/// A partial response (206). Its range must begin at the requested offset, and belong to the same content.
fn range(
    at: &str,
    requested: &RangeRequest,
    headers: &HeaderMap,
) -> Result<HeadVerdict, SourceError> {
    let wrong = |got: String| {
        SourceError::new(at, SourceErrorKind::RangeMismatch { requested: requested.from, got })
    };
    if requested.from == 0 {
        return Err(wrong("a part of the file".to_owned()));
    }
    let header = text(headers, &header::CONTENT_RANGE).unwrap_or_default();
    let Some(range) = ContentRange::of(headers) else {
        return Err(wrong(format!("Content-Range {:?}", header)));
    };
    let consistent = range.first == Some(requested.from)
        && range.total.is_none_or(|total| range.last.is_some_and(|last| last < total));
    if !consistent {
        return Err(wrong(format!("Content-Range {:?}", header)));
    }
    match (&requested.validator, validator(headers)) {
        (Some(expected), Some(got)) if *expected != got => Ok(HeadVerdict::Restart),
        _ => Ok(HeadVerdict::Range { total: range.total }),
    }
}

/// The validator of a response: the entity tag, else the time of the last change.
pub(crate) fn validator(headers: &HeaderMap) -> Option<Validator> {
    match text(headers, &header::ETAG) {
        Some(tag) if tag.len() >= 2 && tag.starts_with('"') && tag.ends_with('"') => {
            Some(Validator::Strong(tag.to_owned()))
        }
        Some(tag) => Some(Validator::Weak(tag.to_owned())),
        None => text(headers, &header::LAST_MODIFIED).map(|t| Validator::Weak(t.to_owned())),
    }
}

/// Whether the response is an HTML page by its `Content-Type`.
pub(crate) fn is_html(headers: &HeaderMap) -> bool {
    let media_type = text(headers, &header::CONTENT_TYPE).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    ["text/html", "application/xhtml+xml"].iter().any(|html| media_type.eq_ignore_ascii_case(html))
}

/// The longest pause that is understood: a longer one comes from a clock that is wrong.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(86_400);

/// The pause that `Retry-After` asks for, in seconds or until a date; at most one day.
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = text(headers, &header::RETRY_AFTER)?;
    let pause = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = httpdate::parse_http_date(text).ok()?;
            date.duration_since(now).unwrap_or_default()
        }
    };
    Some(pause.min(LONGEST_RETRY_AFTER))
}

/// The time in the header `Date`.
pub(crate) fn date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(text(headers, &header::DATE)?).ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

/// The header `Content-Range` (RFC 9110, section 14.4): `bytes 5-9/10`, `bytes 5-9/*` or `bytes */10`.
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

/// A number of digits only; `u64::from_str` would accept a `+`.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests;
