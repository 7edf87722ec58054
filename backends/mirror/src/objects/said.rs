//! What an object store says instead of «here it is».

use std::{error::Error, fmt, sync::Mutex};

use loom_base::redact;
use loom_http::header::HeaderMap;
use loom_source::{AccessDenied, RefusedBy, SourceError, SourceErrorKind};
use url::Url;

/// What an answer means that holds no object.
#[derive(Debug)]
pub(super) enum ObjectStatus {
    /// There is nothing of that name.
    Absent,
    /// What is there now is not what was begun with.
    Changed,
    /// The offset is at or beyond the end; where that is, if it is said.
    Beyond(Option<u64>),
    /// The range was ignored.
    Whole,
    /// No answer was to be had.
    Failed(SourceError),
}

/// Codes of a 403 that may mean absence: without the right to list, that is what is answered for what is not there.
/// Any other code says that the credentials themselves are wrong, which holds for every object.
const MAY_BE_ABSENT: [&str; 5] = [
    "AccessDenied",
    "AuthorizationFailure",
    "AuthorizationPermissionMismatch",
    "InsufficientAccountPermissions",
    "InsufficientPermissions",
];

/// Codes of a 400 that speak of the credentials.
const OF_CREDENTIALS: [&str; 5] = [
    "ExpiredToken",
    "InvalidAuthenticationInfo",
    "InvalidToken",
    "RequestTimeTooSkewed",
    "TokenRefreshRequired",
];

/// Judges an answer other than 200 and 206 by its status, its headers and the beginning of its body.
pub(super) fn judge(url: &Url, status: u16, headers: &HeaderMap, body: &str) -> ObjectStatus {
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
        (416, _) => return ObjectStatus::Beyond(end(headers, body)),
        (301 | 307 | 308, _) | (400, "AuthorizationHeaderMalformed") => {
            SourceError::new(at, SourceErrorKind::WrongRegion { region })
        }
        (403, code) if code.is_empty() || MAY_BE_ABSENT.contains(&code) => {
            denied(AccessDenied::by_server(status).or_absent())
        }
        (401 | 403, _) => denied(AccessDenied::by_server(status)),
        (400, code) if OF_CREDENTIALS.contains(&code) => denied(AccessDenied::by_server(status)),
        (407, _) => denied(AccessDenied::by(RefusedBy::Proxy { status: Some(status) })),
        _ => SourceError::new(at, SourceErrorKind::HttpStatus { status, retry_after: None }),
    })
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).and_then(word)
}

/// The total of `Content-Range: bytes */10`, or what S3 writes of it in the body.
fn end(headers: &HeaderMap, body: &str) -> Option<u64> {
    let range = headers.get("content-range").and_then(|range| range.to_str().ok());
    let total = range.and_then(|range| range.strip_prefix("bytes */")).map(str::to_owned);
    total.or_else(|| element(body, "ActualObjectSize"))?.parse().ok()
}

/// The text of the first element of this name, where it is one plain word: it is shown.
fn element(body: &str, name: &str) -> Option<String> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    word(rest.split_once("</")?.0)
}

fn word(text: &str) -> Option<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    (!text.is_empty() && text.len() <= 64 && text.bytes().all(plain)).then(|| text.to_owned())
}

/// What was said, on its way through the library's errors.
#[derive(Debug)]
pub(super) struct Carried(Mutex<Option<ObjectStatus>>);

impl Carried {
    pub(super) fn new(said: ObjectStatus) -> Self {
        Self(Mutex::new(Some(said)))
    }

    /// What was said, if that is what lies below an error.
    pub(super) fn out_of(error: &object_store::Error) -> Option<ObjectStatus> {
        let mut cause: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(error) = cause {
            if let Some(Self(said)) = error.downcast_ref() {
                return said.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
            }
            cause = error.source();
        }
        None
    }
}

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the object store answered otherwise")
    }
}

impl Error for Carried {}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> String {
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
        judge(&url, status, &pairs.collect(), body)
    }

    #[test]
    fn answers_are_told_apart() {
        let coded = |code: &str| format!("<?xml?><Error><Code>{code}</Code></Error>");
        for (status, body, expected) in [
            (404, coded("NoSuchKey"), "Absent"),
            (404, coded("NoSuchBucket"), "could not read https://h/bucket/key"),
            (404, coded("ContainerNotFound"), "could not read https://h/bucket/key"),
            (412, coded("PreconditionFailed"), "Changed"),
            (416, coded("InvalidRange"), "Beyond(None)"),
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
            assert_eq!(judged(status, &[], &body), expected, "{status} {body}");
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
        let told = "is in the region eu-west-3, not in the configured one";
        let header = [("x-amz-bucket-region", "eu-west-3")];
        assert!(judged(301, &header, "").contains(told));
        let body = "<Code>AuthorizationHeaderMalformed</Code><Region>eu-west-3</Region>";
        assert!(judged(400, &[], body).contains(told));
        assert!(judged(307, &[], "").contains("another region"));
    }

    #[test]
    fn the_end_is_read_where_it_is_said() {
        assert_eq!(judged(416, &[("content-range", "bytes */10")], ""), "Beyond(Some(10))");
        assert_eq!(judged(416, &[("content-range", "bytes 0-1/10")], ""), "Beyond(None)");
        let body = "<Code>InvalidRange</Code><ActualObjectSize>7</ActualObjectSize>";
        assert_eq!(judged(416, &[], body), "Beyond(Some(7))");
    }
}
