//! Between tags and versions.

use loom_source::Version;

/// How a repository writes its versions into tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tags {
    /// What stands before the version; may be nothing.
    pub(crate) prefix: String,
}

impl Tags {
    /// The tag of a version.
    pub(crate) fn of(&self, version: &Version) -> String {
        format!("{}{version}", self.prefix)
    }

    /// The version in a tag: a repository may carry the releases of other products too.
    pub(crate) fn version(&self, tag: &str) -> Option<Version> {
        tag.strip_prefix(&self.prefix)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tags_with_the_prefix_and_a_version_count() {
        let read = |prefix: &str, tag: &str| {
            let tags = Tags { prefix: prefix.to_owned() };
            tags.version(tag).map(|version| version.to_string())
        };
        for (prefix, tag, version) in [
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
            assert_eq!(read(prefix, tag).as_deref(), version, "{prefix:?} {tag:?}");
        }
    }
}
