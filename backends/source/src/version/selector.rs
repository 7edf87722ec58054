//! [`Selector`] and [`VersionRange`]: a request for a version.

use std::{fmt, str::FromStr};

use semver::{Comparator, Op, VersionReq};

use super::{Version, VersionError, without_tag_prefix};

/// A range of versions, with the text that it was parsed from. Two ranges are equal if they match the same versions by
/// the same comparisons, whatever their texts.
#[derive(Debug, Clone)]
pub struct VersionRange {
    requirement: VersionReq,
    text: String,
}

impl VersionRange {
    fn new(requirement: VersionReq, text: &str) -> Self {
        Self { requirement, text: text.to_owned() }
    }
}

impl PartialEq for VersionRange {
    fn eq(&self, other: &Self) -> bool {
        self.requirement == other.requirement
    }
}

impl Eq for VersionRange {}

impl fmt::Display for VersionRange {
    /// The text that the range was parsed from.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// A request for a version.
///
/// # Examples
/// ```
/// use loom_source::{Selector, Version};
///
/// let versions: Vec<Version> = vec!["0.1.9".parse()?, "0.2.0".parse()?, "0.3.0-rc.1".parse()?];
/// let newest = |text: &str| Ok(text.parse::<Selector>()?.newest(&versions).cloned());
/// # let newest = |text: &str| -> Result<_, loom_source::version::VersionError> { newest(text) };
/// assert_eq!(newest("latest")?, Some("0.2.0".parse()?));
/// assert_eq!(newest("0.1")?, Some("0.1.9".parse()?));
/// assert_eq!(newest("0.4")?, None);
/// # Ok::<(), loom_source::version::VersionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Selector {
    /// `latest`: the newest release, or a development build where a source has one.
    #[default]
    Latest,
    /// `0.2.0`: exactly this version.
    Exact(Version),
    /// `0.2`, `^0.2`, `>=0.1,<0.3`: the newest release in the range.
    Range(VersionRange),
    /// `dev`: a cargo build.
    Dev,
}

impl Selector {
    /// Whether the selector matches a version. A pre-release matches only a range that names one.
    pub fn matches(&self, version: &Version) -> bool {
        match self {
            Self::Latest => !version.is_prerelease(),
            Self::Exact(exact) => exact == version,
            Self::Range(range) => range.requirement.matches(&version.0),
            Self::Dev => false,
        }
    }

    /// Whether the selector matches a version, where `prereleases` says whether pre-releases count as releases. A
    /// pre-release that counts matches if the release that follows it does.
    pub fn matches_counting(&self, version: &Version, prereleases: bool) -> bool {
        let counts = prereleases && version.is_prerelease() && !matches!(self, Self::Exact(_));
        self.matches(version) || counts && self.matches(&version.final_release())
    }

    /// Whether a cargo build can be selected: only where the selector names no released version.
    pub fn allows_dev(&self) -> bool {
        matches!(self, Self::Latest | Self::Dev)
    }

    /// The newest of `versions` that the selector matches.
    pub fn newest<'a>(
        &self,
        versions: impl IntoIterator<Item = &'a Version>,
    ) -> Option<&'a Version> {
        versions.into_iter().filter(|v| self.matches(v)).max()
    }
}

/// The range of `0.2` or `1`: any patch version, not the caret requirement that Cargo reads.
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

    /// Selectors are typed by users, who copy versions from tags: `v0.2.0` is read as `0.2.0`.
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
            return Ok(Self::Range(VersionRange::new(range, text)));
        }
        let range = VersionReq::parse(text)
            .map_err(|_| VersionError::Selector { text: text.to_owned() })?;
        Ok(Self::Range(VersionRange::new(range, text)))
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
    fn the_newest_matching_version_is_selected() {
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
    fn pre_releases_count_where_the_caller_says_so() {
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
    fn a_range_keeps_its_text_and_is_compared_by_its_requirement() {
        let parse = |text: &str| text.parse::<Selector>().unwrap();
        for text in ["latest", "dev", "0.2.0", "0.9", "1", "^0.2", ">=0.1,<0.3"] {
            assert_eq!(parse(text).to_string(), text);
        }
        assert_eq!(parse("0.9"), parse("~0.9"));
        assert_ne!(parse("0.9"), parse("^0"));
    }

    #[test]
    fn the_error_for_a_tag_names_the_version() {
        let names_version = |error: VersionError| error.to_string().contains("did you mean 0.2.0?");
        assert!(names_version("V0.2.0".parse::<Version>().unwrap_err()));
        assert!(!names_version("vv0.2.0".parse::<Version>().unwrap_err()));
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
    fn other_texts_are_refused() {
        for bad in ["", "newest", "1.2.3+build", "vv1.2.3", "1.2.3.4", "../1"] {
            assert!(bad.parse::<Selector>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn only_latest_and_dev_allow_a_development_build() {
        for (selector, allowed) in
            [("latest", true), ("dev", true), ("0.2.0", false), ("^0.2", false)]
        {
            assert_eq!(selector.parse::<Selector>().unwrap().allows_dev(), allowed, "{selector}");
        }
    }
}
