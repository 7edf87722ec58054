//! [`ObjectStatus`]: what a response without an object means.

use std::{error::Error, fmt, sync::Mutex};

use loom_base::{redact, sync::LockExt as _};
use loom_http::header::HeaderMap;
use loom_source::{AccessDenied, RefusedBy, SourceError, SourceErrorKind};
use url::Url;

/// What a response without an object means.
#[derive(Debug)]
pub(super) enum ObjectStatus {
    /// The object does not exist.
    Absent,
    /// The object is not the one that the validator names.
    Changed,
    /// The requested offset is at or beyond the end. The size of the object in bytes, where the response has it.
    RangeBeyondEnd(Option<u64>),
    /// The range was ignored: the response has the whole object.
    RangeIgnored,
    /// The object store could not answer.
    Failed(SourceError),
}

/// Codes of a 403 that may mean absence. Without the right to list, object stores give this response for objects that do
/// not exist. Any other code means that the credentials themselves are wrong, for every object.
const MAY_BE_ABSENT: [&str; 5] = [
    "AccessDenied",
    "AuthorizationFailure",
    "AuthorizationPermissionMismatch",
    "InsufficientAccountPermissions",
    "InsufficientPermissions",
];

/// Codes of a 400 that are about credentials.
const CREDENTIAL_CODES: [&str; 5] = [
    "ExpiredToken",
    "InvalidAuthenticationInfo",
    "InvalidToken",
    "RequestTimeTooSkewed",
    "TokenRefreshRequired",
];

/// What a response other than 200 and 206 means, by its status, its headers and the beginning of its body.
pub(super) fn object_status(
    url: &Url,
    status: u16,
    headers: &HeaderMap,
    body: &str,
) -> ObjectStatus {
    let at = redact::url(url);
    let code = element(body, "Code").or_else(|| header(headers, "x-ms-error-code"));
    let code = code.as_deref().unwrap_or_default();
    let region = header(headers, "x-amz-bucket-region").or_else(|| element(body, "Region"));
    let denied = |denial: AccessDenied| {
        let denial = if code.is_empty() { denial } else { denial.because(code) };
        SourceError::denied(at.clone(), denial)
    };
    ObjectStatus::Failed(match (status, code) {
        (404, "NoSuchBucket" | "ContainerNotFound") => {
            SourceError::read(at, "there is no such bucket")
        }
        (404 | 410, _) => return ObjectStatus::Absent,
        (412, _) => return ObjectStatus::Changed,
        (416, _) => return ObjectStatus::RangeBeyondEnd(object_size(headers, body)),
        (301 | 307 | 308, _) | (400, "AuthorizationHeaderMalformed") => {
            SourceError::new(at, SourceErrorKind::WrongRegion { region })
        }
        (403, code) if code.is_empty() || MAY_BE_ABSENT.contains(&code) => {
            denied(AccessDenied::by_server(status).or_absent())
        }
        (401 | 403, _) => denied(AccessDenied::by_server(status)),
        (400, code) if CREDENTIAL_CODES.contains(&code) => denied(AccessDenied::by_server(status)),
        (407, _) => denied(AccessDenied::by(RefusedBy::Proxy { status: Some(status) })),
        _ => SourceError::new(at, SourceErrorKind::HttpStatus { status, retry_after: None }),
    })
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).and_then(word)
}

/// The size of the object: that of `Content-Range: bytes */10`, else the element that S3 writes to the body.
fn object_size(headers: &HeaderMap, body: &str) -> Option<u64> {
    let range = headers.get("content-range").and_then(|range| range.to_str().ok());
    let size = range.and_then(|range| range.strip_prefix("bytes */")).map(str::to_owned);
    size.or_else(|| element(body, "ActualObjectSize"))?.parse().ok()
}

/// The text of the first element of this name. Only one plain word is accepted, since messages show it.
fn element(body: &str, name: &str) -> Option<String> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    word(rest.split_once("</")?.0)
}

fn word(text: &str) -> Option<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    (!text.is_empty() && text.len() <= 64 && text.bytes().all(plain)).then(|| text.to_owned())
}

/// An error that carries an [`ObjectStatus`] through the errors of `object_store`.
#[derive(Debug)]
pub(super) struct ObjectStatusError(Mutex<Option<ObjectStatus>>);

impl ObjectStatusError {
    pub(super) fn new(status: ObjectStatus) -> Self {
        Self(Mutex::new(Some(status)))
    }

    /// Takes the status out of an error of `object_store`; `None` where it carries none.
    pub(super) fn status_of(error: &object_store::Error) -> Option<ObjectStatus> {
        let mut cause: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(error) = cause {
            if let Some(Self(status)) = error.downcast_ref() {
                return status.locked().take();
            }
            cause = error.source();
        }
        None
    }
}

impl fmt::Display for ObjectStatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the response has no object")
    }
}

impl Error for ObjectStatusError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> String {
        match status_of(status, headers, body) {
            ObjectStatus::Failed(error) => error.to_string(),
            other => format!("{other:?}"),
        }
    }

    fn status_of(
        status: u16,
        headers: &[(&'static str, &'static str)],
        body: &str,
    ) -> ObjectStatus {
        let url = "https://h/bucket/key?X-Amz-Signature=s3cret".parse().unwrap();
        let pairs = headers.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap()));
        object_status(&url, status, &pairs.collect(), body)
    }

    #[test]
    fn each_response_has_a_meaning() {
        let coded = |code: &str| format!("<?xml?><Error><Code>{code}</Code></Error>");
        for (status, body, expected) in [
            (404, coded("NoSuchKey"), "Absent"),
            (404, coded("NoSuchBucket"), "could not read https://h/bucket/key"),
            (404, coded("ContainerNotFound"), "could not read https://h/bucket/key"),
            (412, coded("PreconditionFailed"), "Changed"),
            (416, coded("InvalidRange"), "RangeBeyondEnd(None)"),
            (
                403,
                coded("AccessDenied"),
                "https://h/bucket/key refused access (HTTP 403, AccessDenied)",
            ),
            (403, String::new(), "https://h/bucket/key refused access (HTTP 403)"),
            (401, String::new(), "https://h/bucket/key refused access (HTTP 401)"),
            (407, String::new(), "the proxy refused access to https://h/bucket/key (HTTP 407)"),
            (
                400,
                coded("ExpiredToken"),
                "https://h/bucket/key refused access (HTTP 400, ExpiredToken)",
            ),
            (400, coded("InvalidArgument"), "https://h/bucket/key answered with HTTP status 400"),
            (403, coded("<b>no code</b>"), "https://h/bucket/key refused access (HTTP 403)"),
            (
                409,
                coded("PublicAccessNotPermitted"),
                "https://h/bucket/key answered with HTTP status 409",
            ),
        ] {
            assert_eq!(message(status, &[], &body), expected, "{status} {body}");
        }
    }

    #[test]
    fn only_a_refusal_of_one_object_may_mean_absence() {
        for (status, code, may_be_absent) in [
            (403, "", true),
            (403, "AccessDenied", true),
            (403, "SignatureDoesNotMatch", false),
            (401, "AccessDenied", false),
            (400, "ExpiredToken", false),
        ] {
            let body = format!("<Error><Code>{code}</Code></Error>");
            let ObjectStatus::Failed(error) = status_of(status, &[], &body) else { panic!() };
            assert_eq!(error.kind.may_be_absent(), may_be_absent, "{status} {code}");
        }
    }

    #[test]
    fn another_region_is_named() {
        let expected = "is in the region eu-west-3, not in the configured one";
        let header = [("x-amz-bucket-region", "eu-west-3")];
        assert!(message(301, &header, "").contains(expected));
        let body = "<Code>AuthorizationHeaderMalformed</Code><Region>eu-west-3</Region>";
        assert!(message(400, &[], body).contains(expected));
        assert!(message(307, &[], "").contains("another region"));
    }

    #[test]
    fn the_size_is_read_from_a_header_or_the_body() {
        assert_eq!(
            message(416, &[("content-range", "bytes */10")], ""),
            "RangeBeyondEnd(Some(10))"
        );
        assert_eq!(message(416, &[("content-range", "bytes 0-1/10")], ""), "RangeBeyondEnd(None)");
        let body = "<Code>InvalidRange</Code><ActualObjectSize>7</ActualObjectSize>";
        assert_eq!(message(416, &[], body), "RangeBeyondEnd(Some(7))");
    }
}
