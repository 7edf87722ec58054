//! Finds names that almost are those of a release's assets, for the hint after it was not found.

use loom_source::{Release, asset_names::similar};

use crate::github::Github;

/// How many names are given.
const MAX_NAMED: usize = 3;

impl Github {
    /// The files of the release that are similar to its assets, or a tag that is similar to that of the release. The tag is
    /// looked for in the feed of the latest releases, which costs no request to the API.
    pub(crate) async fn similar_names(&self, release: &Release) -> Vec<String> {
        let Some(version) = release.slot.version() else { return Vec::new() };
        let tag = self.tags.tag(version);
        if let Some(document) = self.known_document(&tag) {
            let names = document.uploaded().filter(|file| similar(release, &file.name, true));
            return names.take(MAX_NAMED).map(|file| format!("{tag}/{}", file.name)).collect();
        }
        let recent = self.web_pages().recent_tags().await.ok().flatten().unwrap_or_default();
        let version = version.to_string();
        let is_similar = |other: &&String| {
            let before = other.strip_suffix(&version).filter(|_| **other != tag);
            before.is_some_and(|before| !before.ends_with(|c: char| c.is_ascii_digit() || c == '.'))
        };
        let tags = recent.iter().filter(is_similar).take(MAX_NAMED);
        tags.map(|other| format!("the tag {other} (expected {tag})")).collect()
    }
}
