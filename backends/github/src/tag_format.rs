//! [`TagFormat`]: converts between tags and versions.

use loom_source::Version;

/// How a repository writes versions as tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TagFormat {
    /// The text before the version; may be empty.
    pub(crate) prefix: String,
}

impl TagFormat {
    /// The tag of a version.
    pub(crate) fn tag(&self, version: &Version) -> String {
        format!("{}{version}", self.prefix)
    }

    /// The version of a tag; `None` for tags of another form, such as those of other products in the repository.
    pub(crate) fn version(&self, tag: &str) -> Option<Version> {
        tag.strip_prefix(&self.prefix)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tags_with_the_prefix_and_a_version_count() {
        let version = |prefix: &str, tag: &str| {
            let format = TagFormat { prefix: prefix.to_owned() };
            format.version(tag).map(|version| version.to_string())
        };
        for (prefix, tag, expected) in [
            ("v", "v0.2.0", Some("0.2.0")),
            ("v", "v0.2.0-rc.1", Some("0.2.0-rc.1")),
            ("v", "0.2.0", None),
            ("v", "vv0.2.0", None),
            ("v", "v0.2", None),
            ("v", "v0.2.0+build", None),
            ("v", "server-v0.2.0", None),
            ("server/v", "server/v0.2.0", Some("0.2.0")),
            ("", "0.2.0", Some("0.2.0")),
            ("", "nightly", None),
        ] {
            assert_eq!(version(prefix, tag).as_deref(), expected, "{prefix:?} {tag:?}");
        }
    }
}
