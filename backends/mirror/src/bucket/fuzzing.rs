//! A page of a listing, for the fuzz targets.

use loom_source::SkippedEntries;

use super::listing_page::ListingPage;
use crate::transport::Entries;

/// The entries of a page of the listing of `v0.1.0/`.
pub(crate) fn read_listing(page: &[u8], skipped: &SkippedEntries) -> Result<Entries, String> {
    ListingPage::read(page, "v0.1.0/", skipped).map(|page| page.entries)
}
