//! What an object store says instead of «here it is».

use std::{error::Error, fmt, io, sync::Mutex};

use loom_http::{address::shown, header::HeaderMap};
use loom_source::SourceError;
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
pub(super) fn judge(
    url: &Url,
    status: u16,
    reason: &str,
    headers: &HeaderMap,
    body: &str,
) -> ObjectStatus {
    let at = shown(url);
    let code = element(body, "Code").or_else(|| header(headers, "x-ms-error-code"));
    let code = code.as_deref().unwrap_or_default();
    let region = header(headers, "x-amz-bucket-region").or_else(|| element(body, "Region"));
    let credentials = |status: String| SourceError::Credentials { at: at.clone(), status };
    ObjectStatus::Failed(match (status, code) {
        (404, "NoSuchBucket" | "ContainerNotFound") => {
            SourceError::Read { at, source: io::Error::other("there is no such bucket") }
        }
        (404 | 410, _) => return ObjectStatus::Absent,
        (412, _) => return ObjectStatus::Changed,
        (416, _) => return ObjectStatus::Beyond(end(headers, body)),
        (301 | 307 | 308, _) | (400, "AuthorizationHeaderMalformed") => elsewhere(at, region),
        (403, "") => credentials(reason.to_owned()),
        (403, code) if MAY_BE_ABSENT.contains(&code) => credentials(format!("{reason}: {code}")),
        (403, code) => credentials(format!("{code}: {reason}")),
        (401 | 407, "") => credentials(reason.to_owned()),
        (401 | 407, code) => credentials(format!("{reason}: {code}")),
        (400, code) if OF_CREDENTIALS.contains(&code) => credentials(format!("{code}: {reason}")),
        _ => SourceError::Status { at, status, retry_after: None },
    })
}

/// The bucket is in another region; signatures are made for one.
fn elsewhere(at: String, region: Option<String>) -> SourceError {
    let to = region.map_or("another region".to_owned(), |region| format!("the region {region}"));
    SourceError::Redirect { at, to, why: "give the bucket's own as the source's region" }
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
        let url = "https://h/bucket/key?X-Amz-Signature=s3cret".parse().unwrap();
        let pairs = headers.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap()));
        match judge(&url, status, &format!("{status} X"), &pairs.collect(), body) {
            ObjectStatus::Failed(error) => error.to_string(),
            other => format!("{other:?}"),
        }
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
                "https://h/bucket/key refused access (403 X: AccessDenied)",
            ),
            (403, String::new(), "https://h/bucket/key refused access (403 X)"),
            (
                403,
                coded("SignatureDoesNotMatch"),
                "https://h/bucket/key refused access (SignatureDoesNotMatch: 403 X)",
            ),
            (401, String::new(), "https://h/bucket/key refused access (401 X)"),
            (
                400,
                coded("ExpiredToken"),
                "https://h/bucket/key refused access (ExpiredToken: 400 X)",
            ),
            (400, coded("InvalidArgument"), "https://h/bucket/key answered 400"),
            (403, coded("<b>no code</b>"), "https://h/bucket/key refused access (403 X)"),
            (409, coded("PublicAccessNotPermitted"), "https://h/bucket/key answered 409"),
        ] {
            assert_eq!(judged(status, &[], &body), expected, "{status} {body}");
        }
    }

    #[test]
    fn another_region_is_named() {
        let told =
            "redirects to the region eu-west-3: give the bucket's own as the source's region";
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
