//! [`SourceError`]: what failed, at which URL or path, and why.

mod access_denied;
mod advice;
mod kind;
mod rate_limit;
mod redirect;
#[cfg(test)]
mod tests;

use std::{error::Error, fmt};

pub use access_denied::{AccessDenied, RefusedBy, TokenState};
pub use advice::{Advice, ErrorClass};
pub use kind::{SourceErrorKind, TransferPhase};
pub use rate_limit::{RateLimitExceeded, RateLimitedClient};
pub use redirect::RedirectRefusal;

/// The cause of a [`SourceError`]: an error of the layer below.
pub type Cause = Box<dyn Error + Send + Sync>;

/// A source could not answer.
///
/// The message names the URL or path and what failed; the cause is its [`source`](Error::source). What a caller decides
/// is a pure function over the [`kind`](SourceErrorKind): [`advice`](SourceErrorKind::advice),
/// [`class`](SourceErrorKind::class) and [`concerns_one_file`](SourceErrorKind::concerns_one_file). No text has to be
/// parsed for it. Absence is not an error: it is `Ok(None)`.
///
/// # Examples
/// ```
/// use loom_source::{Advice, ErrorClass, SourceError, SourceErrorKind};
///
/// let kind = SourceErrorKind::HttpStatus { status: 503, retry_after: None };
/// let error = SourceError::new("https://releases.example/format", kind);
/// assert_eq!(error.to_string(), "https://releases.example/format answered with HTTP status 503");
/// assert_eq!(error.kind.advice(), Advice::Retry { after: None });
/// assert_eq!(error.kind.class(), ErrorClass::Unreachable);
/// assert_eq!(error.kind.as_str(), "http_status");
/// ```
#[derive(Debug)]
pub struct SourceError {
    /// The URL or path at which the failure happened, without user, password, query or token.
    pub at: String,
    /// What failed, with the data that callers decide by.
    pub kind: SourceErrorKind,
    /// The error of the layer below, if there is one.
    pub source: Option<Cause>,
}

impl SourceError {
    /// An error at `at` (a URL or path without secrets) that has no further cause.
    pub fn new(at: impl Into<String>, kind: SourceErrorKind) -> Self {
        Self { at: at.into(), kind, source: None }
    }

    /// The same error with its cause.
    #[must_use]
    pub fn caused_by(self, source: impl Into<Cause>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    /// The same error for something else that it concerns. Its cause is a text.
    #[must_use]
    pub fn copy(&self) -> Self {
        let copied = Self::new(self.at.clone(), self.kind.clone());
        match &self.source {
            Some(cause) => copied.caused_by(cause.to_string()),
            None => copied,
        }
    }

    /// A file or folder at `at` that could not be read.
    pub fn read(at: impl Into<String>, source: impl Into<Cause>) -> Self {
        Self::new(at, SourceErrorKind::Read).caused_by(source)
    }

    /// A document at `at` that the source cannot use, for the reason given.
    pub fn malformed(at: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new(at, SourceErrorKind::Malformed { reason: reason.into() })
    }

    /// Bytes at `at` that differ from what the source states about them, for the reason given.
    pub fn damaged(at: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new(at, SourceErrorKind::Damaged { reason: reason.into() })
    }

    /// A refusal of access to `at`.
    pub fn denied(at: impl Into<String>, denial: AccessDenied) -> Self {
        Self::new(at, SourceErrorKind::AccessDenied(Box::new(denial)))
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt_at(&self.at, f)
    }
}

impl Error for SourceError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
