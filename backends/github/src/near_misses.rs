//! Finds names that almost are those of a release's assets, for the hint after it was not found.

use loom_source::{Product, Version, asset_names::similar};

use crate::github::Github;

/// How many names are given.
const MAX_NAMED: usize = 3;

impl Github {
    /// The files of a version's release that are similar to its assets, or tags that are similar to that of the version; for
    /// the newest version where none is given.
    ///
    /// The tags are those that the API has listed, else those in the feed of the latest releases, which costs no request
    /// to the API.
    pub(crate) async fn similar_names(
        &self,
        product: &Product,
        version: Option<&Version>,
    ) -> Vec<String> {
        let mut tags = self.known_tags();
        if tags.is_empty() {
            tags = self.web_pages().recent_tags().await.ok().flatten().unwrap_or_default();
        }
        let newest = || tags.iter().filter_map(|tag| version_in(tag)).max();
        let Some(version) = version.cloned().or_else(newest) else { return Vec::new() };
        let expected = self.tags.tag(&version);
        if let Some(document) = self.known_document(&expected) {
            let release = product.at_version(version);
            let names = document.uploaded().filter(|file| similar(&release, &file.name, true));
            return names.take(MAX_NAMED).map(|file| format!("{expected}/{}", file.name)).collect();
        }
        let others = tags
            .iter()
            .filter(|tag| **tag != expected && version_in(tag).as_ref() == Some(&version));
        let named = others.map(|tag| format!("the tag {tag} (expected {expected})"));
        named.take(MAX_NAMED).collect()
    }
}

/// The version in a tag, after anything that has no digit.
fn version_in(tag: &str) -> Option<Version> {
    tag.get(tag.find(|c: char| c.is_ascii_digit())?..)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_any_tag() {
        for (tag, version) in [
            ("0.2.0", Some("0.2.0")),
            ("release-0.2.0", Some("0.2.0")),
            ("server/v0.2.0-rc.1", Some("0.2.0-rc.1")),
            ("v1.0.2.0", None),
            ("v2", None),
            ("nightly", None),
        ] {
            assert_eq!(version_in(tag), version.map(|v| v.parse().unwrap()), "{tag}");
        }
    }
}
