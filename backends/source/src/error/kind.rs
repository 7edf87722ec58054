//! [`SourceErrorKind`]: what failed, as data.

use std::{fmt, time::Duration};

use super::{
    access_denied::AccessDenied,
    advice::{Advice, ErrorClass},
    rate_limit::RateLimitExceeded,
    redirect::RedirectRefusal,
};

/// What failed at a source, with the data that callers decide by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceErrorKind {
    /// No connection: the name did not resolve, or the connection was refused or reset.
    Connect {
        /// The URL of the proxy through which the connection was attempted, without user and password.
        proxy: Option<String>,
    },
    /// No secure connection: an unknown certificate authority, a wrong host name, an expired certificate.
    Tls,
    /// The network is disabled.
    Offline,
    /// Nothing arrived for as long as the source's `timeout` allows.
    Stalled {
        /// What was waited for.
        phase: TransferPhase,
        /// The timeout that elapsed.
        timeout: Duration,
    },
    /// The request took longer than the source's `total_timeout`.
    TotalTimeout {
        /// The timeout that elapsed.
        timeout: Duration,
    },
    /// An HTTP status that means neither success, absence nor refused access.
    HttpStatus {
        /// The status.
        status: u16,
        /// The pause that the header `Retry-After` asks for.
        retry_after: Option<Duration>,
    },
    /// Access was refused.
    AccessDenied(Box<AccessDenied>),
    /// The server accepts no more requests for a while.
    RateLimited(Box<RateLimitExceeded>),
    /// There are no credentials to make the request with.
    NoCredentials {
        /// Where credentials were looked for.
        reason: String,
    },
    /// The transfer ended before all bytes arrived.
    Interrupted {
        /// The bytes of this response that arrived.
        received: u64,
    },
    /// A file, folder or bucket could not be read.
    Read,
    /// The source itself failed, for the reason in the cause: a plugin, say.
    Failed,
    /// A file that the source offered does not exist any more.
    Gone,
    /// The response is an HTML page instead of a file: from a proxy, a login page or a captive portal.
    HtmlPage,
    /// The response is compressed in transit, so that its bytes are not those published.
    ContentEncoding {
        /// The value of the header `Content-Encoding`.
        encoding: String,
    },
    /// The response is not the range that was requested.
    RangeMismatch {
        /// The offset of the first byte requested.
        requested: u64,
        /// What the response holds instead.
        got: String,
    },
    /// A redirect that is not followed.
    Redirect {
        /// The target, without user, password and query.
        to: String,
        /// Why the redirect is not followed.
        refusal: RedirectRefusal,
    },
    /// A bucket in another region than the configured one, for which requests are signed.
    WrongRegion {
        /// The bucket's region, where the server names it.
        region: Option<String>,
    },
    /// A URL with plain `http` beyond this machine, which the source does not allow.
    PlainHttp,
    /// A document that the source cannot use.
    Malformed {
        /// What is wrong with the document.
        reason: String,
    },
    /// Bytes that differ from what the source itself states about them: a file that was changed after it was published.
    Damaged {
        /// What was expected, and what is there instead.
        reason: String,
    },
    /// A document whose signatures, numbers or times the reader does not accept, for the reason in the cause.
    Untrusted {
        /// Whether the document contradicts what the reader trusts. Otherwise it is old or missing.
        contradiction: bool,
    },
    /// A build that the source had to make failed.
    Build {
        /// The command, such as `cargo build`.
        command: String,
        /// The exit status, or the last error that the command printed.
        reason: String,
    },
}

/// What a transfer was waiting for when it stalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferPhase {
    /// The connection.
    Connect,
    /// The beginning of the response.
    Response,
    /// More bytes of the response.
    Body,
    /// The rest of a small document, which has to arrive as a whole.
    Document,
    /// The further requests of an answer that takes several, such as the pages of a listing.
    Pages,
}

impl SourceErrorKind {
    /// What a caller can do after the error.
    pub fn advice(&self) -> Advice {
        match self {
            Self::Connect { .. } | Self::Interrupted { .. } => Advice::Retry { after: None },
            Self::HttpStatus { status: 408 | 425 | 429 | 500..=599, retry_after } => {
                Advice::Retry { after: *retry_after }
            }
            Self::Build { .. } => Advice::Stop,
            _ => Advice::Next,
        }
    }

    /// The class of the error, for the exit code.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::AccessDenied(_) | Self::NoCredentials { .. } => ErrorClass::Credentials,
            Self::Offline => ErrorClass::Offline,
            Self::Damaged { .. } => ErrorClass::Untrusted,
            Self::Untrusted { contradiction: true } => ErrorClass::Untrusted,
            _ => ErrorClass::Unreachable,
        }
    }

    /// Whether the error concerns the one file that was requested, so that another file of the same source may still
    /// be served.
    pub fn concerns_one_file(&self) -> bool {
        match self {
            Self::HttpStatus { .. }
            | Self::Interrupted { .. }
            | Self::Read
            | Self::Failed
            | Self::Gone
            | Self::HtmlPage
            | Self::ContentEncoding { .. }
            | Self::RangeMismatch { .. }
            | Self::Redirect { .. }
            | Self::WrongRegion { .. }
            | Self::Malformed { .. }
            | Self::Damaged { .. } => true,
            Self::Connect { .. }
            | Self::Tls
            | Self::Offline
            | Self::Stalled { .. }
            | Self::TotalTimeout { .. }
            | Self::AccessDenied(_)
            | Self::RateLimited(_)
            | Self::NoCredentials { .. }
            | Self::PlainHttp
            | Self::Untrusted { .. }
            | Self::Build { .. } => false,
        }
    }

    /// Whether a listing that meets the error at one of its entries leaves the entry out and goes on: the entry cannot be
    /// read, and the next attempt would fail in the same way.
    pub fn concerns_one_entry(&self) -> bool {
        matches!(
            self,
            Self::AccessDenied(_)
                | Self::ContentEncoding { .. }
                | Self::Damaged { .. }
                | Self::HtmlPage
                | Self::Malformed { .. }
                | Self::Read
                | Self::Redirect { .. }
        )
    }

    /// Whether the error is a refusal of access that may also mean that the file is absent: see
    /// [`AccessDenied::may_be_absent`].
    pub fn may_be_absent(&self) -> bool {
        matches!(self, Self::AccessDenied(denial) if denial.may_be_absent)
    }

    /// The name of the kind in JSON documents. It does not change between versions.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Connect { .. } => "connect",
            Self::Tls => "tls",
            Self::Offline => "offline",
            Self::Stalled { .. } => "stalled",
            Self::TotalTimeout { .. } => "total_timeout",
            Self::HttpStatus { .. } => "http_status",
            Self::AccessDenied(_) => "access_denied",
            Self::RateLimited(_) => "rate_limited",
            Self::NoCredentials { .. } => "no_credentials",
            Self::Interrupted { .. } => "interrupted",
            Self::Read => "read",
            Self::Failed => "failed",
            Self::Gone => "gone",
            Self::HtmlPage => "html_page",
            Self::ContentEncoding { .. } => "content_encoding",
            Self::RangeMismatch { .. } => "range_mismatch",
            Self::Redirect { .. } => "redirect",
            Self::WrongRegion { .. } => "wrong_region",
            Self::PlainHttp => "plain_http",
            Self::Malformed { .. } => "malformed",
            Self::Damaged { .. } => "damaged",
            Self::Untrusted { .. } => "untrusted",
            Self::Build { .. } => "build",
        }
    }

    /// Writes the message of an error of this kind at `at`.
    pub(super) fn fmt_at(&self, at: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect { proxy: None } => write!(f, "could not connect to {at}"),
            Self::Connect { proxy: Some(proxy) } => {
                write!(f, "could not connect to {at} through the proxy {proxy}")
            }
            Self::Tls => write!(f, "could not establish a secure connection to {at}"),
            Self::Offline => write!(f, "{at} was not requested: network access is disabled"),
            Self::Stalled { phase, timeout } => match phase {
                TransferPhase::Connect => write!(f, "no connection to {at} within {timeout:?}"),
                TransferPhase::Response => write!(f, "no response from {at} within {timeout:?}"),
                TransferPhase::Body => write!(f, "no data from {at} for {timeout:?}"),
                TransferPhase::Document => {
                    write!(f, "{at} is a small file, but did not arrive within {timeout:?}")
                }
                TransferPhase::Pages => {
                    write!(f, "all requests to {at} together did not end within {timeout:?}")
                }
            },
            Self::TotalTimeout { timeout } => {
                write!(f, "{at} took longer than its total_timeout of {timeout:?}")
            }
            Self::HttpStatus { status, .. } => write!(f, "{at} answered with HTTP status {status}"),
            Self::AccessDenied(denial) => denial.fmt_at(at, f),
            Self::RateLimited(limit) => write!(f, "{at} accepts no more requests from {limit}"),
            Self::NoCredentials { reason } => write!(f, "no credentials for {at}: {reason}"),
            Self::Interrupted { received } => {
                write!(f, "the transfer from {at} was interrupted after {received} bytes")
            }
            Self::Read => write!(f, "could not read {at}"),
            Self::Failed => write!(f, "{at} failed"),
            Self::Gone => write!(f, "{at} was offered, but does not exist any more"),
            Self::HtmlPage => {
                write!(f, "{at} returned an HTML page instead of a file (a proxy or login page?)")
            }
            Self::ContentEncoding { encoding } => {
                write!(f, "{at} answered with Content-Encoding {encoding:?}; expected identity")
            }
            Self::RangeMismatch { requested, got } => {
                write!(
                    f,
                    "{at} answered with the wrong range: expected bytes from {requested}, got {got}"
                )
            }
            Self::Redirect { to, refusal } => {
                write!(f, "the redirect from {at} to {to} is not followed: {refusal}")
            }
            Self::WrongRegion { region: Some(region) } => {
                write!(f, "{at} is in the region {region}, not in the configured one")
            }
            Self::WrongRegion { region: None } => {
                write!(f, "{at} is in another region than the configured one")
            }
            Self::PlainHttp => write!(f, "{at} was not requested: http:// is not encrypted"),
            Self::Malformed { reason } => write!(f, "{at} is malformed: {reason}"),
            Self::Damaged { reason } => write!(f, "{at} is damaged: {reason}"),
            Self::Untrusted { .. } => write!(f, "{at} is not accepted"),
            Self::Build { command, reason } => write!(f, "{command} failed in {at}: {reason}"),
        }
    }
}
