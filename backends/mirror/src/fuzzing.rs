//! What others send to mirrors, for the fuzz targets.

use loom_source::SkippedEntries;

use crate::{bucket::fuzzing::read_listing, folder_page};

/// Reads the page that a web server makes of a folder.
pub fn folder_page(page: &str) {
    if let Ok(Some(folders)) = folder_page::version_folders(page) {
        assert!(!folders.is_empty() && folders.len() <= 10_000, "{} folders", folders.len());
        for folder in folders {
            assert!(page.contains(&folder) && !folder.contains(['/', '\\']), "{folder:?}");
        }
    }
}

/// Reads a page of the listing of a bucket.
pub fn bucket_page(page: &[u8]) {
    let skipped = SkippedEntries::default();
    if let Ok(entries) = read_listing(page, &skipped) {
        assert!(
            entries.files.len() + entries.folders.len() <= page.len(),
            "more entries than bytes"
        );
    }
    let _ = skipped.take();
}
