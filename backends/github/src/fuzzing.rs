//! Documents of GitHub's API, for the fuzz targets.

use bytes::Bytes;
use loom_http::{SmallResponse, header::HeaderMap};
use loom_source::SkippedEntries;

use crate::{attestations, documents};

/// Reads a page of releases, a release, a refusal and attestations.
pub fn documents(body: &[u8]) {
    let response = SmallResponse {
        status: 200,
        headers: HeaderMap::new(),
        body: Bytes::copy_from_slice(body),
        location: None,
    };
    let skipped = SkippedEntries::default();
    if let Ok(page) = documents::read_page("the test", &response, &skipped) {
        assert!(page.len() <= 100, "{} releases", page.len());
        for release in &page {
            assert!(release.tag_name.len() <= 512 && release.assets.len() <= 1000, "{release:?}");
        }
    }
    let _ = documents::read_release("the test", &response, &skipped);
    let message = documents::message(&response);
    assert!(message.chars().count() <= 300 && !message.contains('\n'), "{message:?}");
    let _ = skipped.take();
    if let Ok(lines) = attestations::bundles(body) {
        assert!(lines.is_empty() || lines.ends_with(b"\n"));
        let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        for line in lines {
            assert!(serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok());
        }
    }
}
