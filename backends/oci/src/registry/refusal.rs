//! What a status other than success means.

use std::time::SystemTime;

use bytes::Bytes;
use loom_base::redact;
use loom_http::{
    SmallResponse,
    header::{self, HeaderMap},
    retry_after,
};
use loom_source::{AccessDenied, SourceError, SourceErrorKind};
use serde::Deserialize;
use url::Url;

/// The longest error code of a registry that is shown, in characters.
const MAX_CODE: usize = 64;

/// The body of a refusal.
#[derive(Deserialize)]
struct RefusalBody {
    errors: Vec<RefusalEntry>,
}

#[derive(Deserialize)]
struct RefusalEntry {
    #[serde(default)]
    code: String,
}

/// The body and headers of a successful response; `None` where the document does not exist.
pub(super) fn body(
    url: &Url,
    response: SmallResponse,
) -> Result<Option<(Bytes, HeaderMap)>, SourceError> {
    match response.status {
        200 if is_html(&response.headers) => Err(page(url)),
        200 => Ok(Some((response.body, response.headers))),
        404 | 410 => Ok(None),
        _ => Err(status(url, &response)),
    }
}

/// The error of an HTML page instead of an answer.
pub(super) fn page(url: &Url) -> SourceError {
    SourceError::new(redact::url(url), SourceErrorKind::HtmlPage)
}

/// The error of a response with another status.
pub(super) fn status(url: &Url, response: &SmallResponse) -> SourceError {
    let retry_after = retry_after(&response.headers, SystemTime::now());
    let kind = SourceErrorKind::HttpStatus { status: response.status, retry_after };
    SourceError::new(redact::url(url), kind)
}

/// The error of a refusal, with the code that the registry gives.
pub(super) fn denied(url: &Url, response: &SmallResponse) -> SourceError {
    let denial = AccessDenied::by_server(response.status);
    let denial = match code(&response.body) {
        Some(code) => denial.because(code),
        None => denial,
    };
    SourceError::denied(redact::url(url), denial)
}

/// The error of a response to a request that changes something, with the code that the registry gives.
pub(super) fn rejected(url: &Url, response: &SmallResponse) -> SourceError {
    let error = status(url, response);
    match code(&response.body) {
        Some(code) => error.caused_by(RegistryCode(code)),
        None => error,
    }
}

/// What a registry says about a request that it does not carry out, such as `BLOB_UPLOAD_INVALID`.
#[derive(Debug, thiserror::Error)]
#[error("the registry answered {0}")]
struct RegistryCode(String);

/// The first error code of a refusal, such as `DENIED`.
pub(super) fn code(body: &[u8]) -> Option<String> {
    let body: RefusalBody = serde_json::from_slice(body).ok()?;
    let code = body.errors.into_iter().next()?.code;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    (!code.is_empty() && code.len() <= MAX_CODE && code.bytes().all(plain)).then_some(code)
}

/// Whether a response says that it is an HTML page: that of a proxy or of a login, and none of a registry.
pub(super) fn is_html(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.and_then(|text| text.split(';').next()).unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("text/html")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_code_is_shown() {
        assert_eq!(
            code(br#"{"errors":[{"code":"DENIED","message":"x"}]}"#).as_deref(),
            Some("DENIED")
        );
        for other in ["", "{}", r#"{"errors":[]}"#, r#"{"errors":[{"code":"a b"}]}"#] {
            assert_eq!(code(other.as_bytes()), None, "{other}");
        }
    }
}
