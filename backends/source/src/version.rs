//! Versions, the slot a release stands in, and how a user selects one.

use std::{fmt, str::FromStr};

use semver::{Comparator, Op, VersionReq};
use serde::{Deserialize, Serialize};

/// What tags have before their versions.
const TAG: [char; 2] = ['v', 'V'];

/// A semantic version without build metadata, such as `0.2.0` or `1.0.0-rc.1`.
///
/// `+build` is refused: two builds of one version would be equal in order and different in bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version(semver::Version);

/// Why a text cannot be a version or select one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// Not a semantic version.
    #[error("{text:?} is not a version such as 0.2.0: {why}")]
    NotSemver {
        /// What was given.
        text: String,
        /// What the parser says.
        why: String,
    },
    /// A tag where a version is wanted.
    #[error("{text:?} is not a version; did you mean {}?", text.trim_start_matches(TAG))]
    Tag {
        /// What was given, such as `v0.2.0`.
        text: String,
    },
    /// Build metadata cannot be told apart in order.
    #[error("{0:?} carries build metadata (+…), which cannot be part of a release's version")]
    Build(String),
    /// Too long to be part of a path.
    #[error("the version {0:?} has more than 64 characters")]
    Long(String),
    /// Neither a version, a range, `latest` nor `dev`.
    #[error(
        "{text:?} selects nothing; give latest, a version (0.2.0), a range (0.2, ^0.2, >=0.1,<0.3) or dev"
    )]
    Selector {
        /// What was given.
        text: String,
    },
}

/// The text without the `v` (or `V`) that tags have before their version: `0.2.0` for `v0.2.0`. A text that does not
/// continue with a digit is returned as it is.
///
/// For texts that users type. [`Version`] itself does not accept the prefix, because versions name files.
pub fn without_tag_prefix(text: &str) -> &str {
    match text.strip_prefix(TAG) {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => rest,
        _ => text,
    }
}

impl Version {
    /// Whether this is a pre-release such as `1.0.0-rc.1`.
    pub fn is_prerelease(&self) -> bool {
        !self.0.pre.is_empty()
    }

    /// The release that a pre-release comes before; a release is its own.
    fn final_release(&self) -> Self {
        let semver::Version { major, minor, patch, .. } = self.0;
        Self(semver::Version::new(major, minor, patch))
    }

    /// The parsed semantic version.
    pub fn as_semver(&self) -> &semver::Version {
        &self.0
    }
}

impl FromStr for Version {
    type Err = VersionError;
    fn from_str(text: &str) -> Result<Self, VersionError> {
        if text.len() > 64 {
            return Err(VersionError::Long(text.to_owned()));
        }
        let version = semver::Version::parse(text).map_err(|e| {
            let tagged = text.strip_prefix(TAG).is_some_and(|rest| Self::from_str(rest).is_ok());
            let text = text.to_owned();
            if tagged {
                VersionError::Tag { text }
            } else {
                VersionError::NotSemver { text, why: e.to_string() }
            }
        })?;
        if !version.build.is_empty() {
            return Err(VersionError::Build(text.to_owned()));
        }
        Ok(Self(version))
    }
}

impl TryFrom<String> for Version {
    type Error = VersionError;
    fn try_from(text: String) -> Result<Self, VersionError> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> String {
        version.0.to_string()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

/// Where a release stands: under its version, or in the one slot for development builds.
///
/// `dev` is a slot and not a version: it has no order, is never listed and never pushed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// The slot of a released version.
    Version(Version),
    /// The slot of a cargo build.
    Dev,
}

impl Slot {
    /// The version, unless this is the development slot.
    pub fn version(&self) -> Option<&Version> {
        match self {
            Self::Version(version) => Some(version),
            Self::Dev => None,
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => version.fmt(f),
            Self::Dev => f.pad("dev"),
        }
    }
}

impl FromStr for Slot {
    type Err = VersionError;
    fn from_str(text: &str) -> Result<Self, VersionError> {
        if text == "dev" { Ok(Self::Dev) } else { text.parse().map(Self::Version) }
    }
}

/// A range of versions, and how it was written. Two are equal if they mean the same.
#[derive(Debug, Clone)]
pub struct Range {
    meaning: VersionReq,
    text: String,
}

impl Range {
    fn new(meaning: VersionReq, text: &str) -> Self {
        Self { meaning, text: text.to_owned() }
    }
}

impl PartialEq for Range {
    fn eq(&self, other: &Self) -> bool {
        self.meaning == other.meaning
    }
}

impl Eq for Range {}

impl fmt::Display for Range {
    /// As it was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// How a user asks for a version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Selector {
    /// `latest`: the newest release; a development build where one is configured or found.
    #[default]
    Latest,
    /// `0.2.0`: this version and no other.
    Exact(Version),
    /// `0.2`, `^0.2`, `>=0.1,<0.3`: the newest release in the range.
    Range(Range),
    /// `dev`: a cargo build and nothing else.
    Dev,
}

impl Selector {
    /// Whether this selects the given version. Pre-releases match only where the range names one.
    pub fn matches(&self, version: &Version) -> bool {
        match self {
            Self::Latest => !version.is_prerelease(),
            Self::Exact(exact) => exact == version,
            Self::Range(range) => range.meaning.matches(&version.0),
            Self::Dev => false,
        }
    }

    /// The same where pre-releases may count as releases: then one is judged as the release that it comes before.
    pub fn matches_counting(&self, version: &Version, prereleases: bool) -> bool {
        let counted = prereleases && version.is_prerelease() && !matches!(self, Self::Exact(_));
        self.matches(version) || counted && self.matches(&version.final_release())
    }

    /// Whether a cargo build may answer: only where no released version is asked for.
    pub fn allows_dev(&self) -> bool {
        matches!(self, Self::Latest | Self::Dev)
    }

    /// The newest of `versions` that this selects.
    pub fn newest<'a>(
        &self,
        versions: impl IntoIterator<Item = &'a Version>,
    ) -> Option<&'a Version> {
        versions.into_iter().filter(|v| self.matches(v)).max()
    }
}

/// `0.2` and `1` mean «any patch of», not Cargo's caret.
fn partial(text: &str) -> Option<VersionReq> {
    let mut parts = text.split('.');
    let major = parts.next()?.parse().ok()?;
    let minor = parts.next().map(str::parse).transpose().ok()?;
    if parts.next().is_some() {
        return None;
    }
    let comparator =
        Comparator { op: Op::Tilde, major, minor, patch: None, pre: semver::Prerelease::EMPTY };
    Some(VersionReq { comparators: vec![comparator] })
}

impl FromStr for Selector {
    type Err = VersionError;

    /// Selectors are typed by users, who copy versions from tags: `v0.2.0` is taken as `0.2.0`.
    fn from_str(text: &str) -> Result<Self, VersionError> {
        let text = without_tag_prefix(text);
        match text {
            "latest" => return Ok(Self::Latest),
            "dev" => return Ok(Self::Dev),
            _ => {}
        }
        match text.parse::<Version>() {
            Ok(version) => return Ok(Self::Exact(version)),
            Err(
                e @ (VersionError::Build(_) | VersionError::Long(_) | VersionError::Tag { .. }),
            ) => {
                return Err(e);
            }
            Err(VersionError::NotSemver { .. } | VersionError::Selector { .. }) => {}
        }
        if let Some(range) = partial(text) {
            return Ok(Self::Range(Range::new(range, text)));
        }
        let range = VersionReq::parse(text)
            .map_err(|_| VersionError::Selector { text: text.to_owned() })?;
        Ok(Self::Range(Range::new(range, text)))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.pad("latest"),
            Self::Exact(version) => version.fmt(f),
            Self::Range(range) => range.fmt(f),
            Self::Dev => f.pad("dev"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn newest(selector: &str) -> Option<String> {
        let versions: Vec<Version> = ["0.1.0", "0.1.9", "0.2.0", "0.10.0", "0.11.0-rc.1", "1.0.0"]
            .iter()
            .map(|v| v.parse().unwrap())
            .collect();
        selector.parse::<Selector>().unwrap().newest(&versions).map(ToString::to_string)
    }

    #[test]
    fn selectors_choose_the_newest_that_fits() {
        for (selector, expected) in [
            ("latest", Some("1.0.0")),
            ("0.1", Some("0.1.9")),
            ("0", Some("0.10.0")),
            ("^0.1", Some("0.1.9")),
            (">=0.1,<0.3", Some("0.2.0")),
            ("0.2.0", Some("0.2.0")),
            (">=0.11.0-rc.0,<0.11.0", Some("0.11.0-rc.1")),
            ("0.11", None),
            ("dev", None),
        ] {
            assert_eq!(newest(selector).as_deref(), expected, "{selector}");
        }
    }

    #[test]
    fn pre_releases_count_where_that_is_wanted() {
        for (selector, version, counts) in [
            ("latest", "0.3.0-rc.1", true),
            ("0.3", "0.3.0-rc.1", true),
            ("<0.3", "0.3.0-rc.1", false),
            ("0.3.0", "0.3.0-rc.1", false),
            ("dev", "0.3.0-rc.1", false),
            ("latest", "0.3.0", true),
        ] {
            let (selector, version): (Selector, Version) =
                (selector.parse().unwrap(), version.parse().unwrap());
            assert_eq!(selector.matches_counting(&version, true), counts, "{selector} {version}");
            let plain = selector.matches(&version);
            assert_eq!(selector.matches_counting(&version, false), plain, "{selector} {version}");
        }
    }

    #[test]
    fn a_range_is_shown_as_it_was_written_and_equal_by_meaning() {
        let parse = |text: &str| text.parse::<Selector>().unwrap();
        for text in ["latest", "dev", "0.2.0", "0.9", "1", "^0.2", ">=0.1,<0.3"] {
            assert_eq!(parse(text).to_string(), text);
        }
        assert_eq!(parse("0.9"), parse("~0.9"));
        assert_ne!(parse("0.9"), parse("^0"));
    }

    #[test]
    fn a_tag_is_no_version_and_the_error_suggests_the_version() {
        let suggests = |error: VersionError| error.to_string().contains("did you mean 0.2.0?");
        assert!(suggests("V0.2.0".parse::<Version>().unwrap_err()));
        assert!(!suggests("vv0.2.0".parse::<Version>().unwrap_err()));
    }

    #[test]
    fn a_selector_may_be_written_as_a_tag() {
        let parse = |text: &str| text.parse::<Selector>().unwrap();
        assert_eq!(parse("v0.2.0"), parse("0.2.0"));
        assert_eq!(parse("V0.2.0-rc.1").to_string(), "0.2.0-rc.1");
        assert_eq!(parse("v0.2"), parse("0.2"));
        assert_eq!(without_tag_prefix("vlatest"), "vlatest");
    }

    #[test]
    fn texts_that_select_nothing_are_refused() {
        for bad in ["", "newest", "1.2.3+build", "vv1.2.3", "1.2.3.4", "../1"] {
            assert!(bad.parse::<Selector>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn only_an_unpinned_selector_allows_a_development_build() {
        for (selector, allowed) in
            [("latest", true), ("dev", true), ("0.2.0", false), ("^0.2", false)]
        {
            assert_eq!(selector.parse::<Selector>().unwrap().allows_dev(), allowed, "{selector}");
        }
    }
}
