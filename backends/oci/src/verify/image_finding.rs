//! [`ImageFinding`]: something that is missing or damaged.

use loom_source::{Platform, SourceError, SourceErrorKind, Version};

/// Something that is missing or damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFinding {
    /// The tag, document or blob in messages.
    pub at: String,
    /// The version that needs it.
    pub version: Version,
    /// The platform of the image that needs it; `None` for what all images of the version need.
    pub platform: Option<Platform>,
    /// What is wrong.
    pub what: String,
    /// Whether it is missing; otherwise it is damaged.
    pub is_missing: bool,
}

/// What was found of a document or of a blob.
pub(super) enum FoundPart<T> {
    /// It is there.
    Document(T),
    Missing,
    Damaged(String),
}

impl<T> FoundPart<T> {
    /// What an answer means.
    ///
    /// # Errors
    /// Where the location could not answer, so that nothing is known.
    pub(super) fn of(answer: Result<Option<T>, SourceError>) -> Result<Self, SourceError> {
        use SourceErrorKind::{Damaged, Gone, HtmlPage, Malformed};
        match answer {
            Ok(Some(document)) => Ok(Self::Document(document)),
            Ok(None) => Ok(Self::Missing),
            Err(error) => match error.kind {
                Gone => Ok(Self::Missing),
                Damaged { reason } | Malformed { reason } => Ok(Self::Damaged(reason)),
                HtmlPage => Ok(Self::Damaged("expected a file, got an HTML page".to_owned())),
                _ => Err(error),
            },
        }
    }

    /// The finding; `None` for what is there.
    pub(super) fn finding(
        self,
        at: &str,
        version: &Version,
        platform: Option<Platform>,
    ) -> Option<ImageFinding> {
        let (what, is_missing) = match self {
            Self::Document(_) => return None,
            Self::Missing => ("it is missing".to_owned(), true),
            Self::Damaged(what) => (what, false),
        };
        let (at, version) = (at.to_owned(), version.clone());
        Some(ImageFinding { at, version, platform, what, is_missing })
    }
}
