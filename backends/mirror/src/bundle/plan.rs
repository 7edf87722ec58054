//! [`BundlePlan`]: the offsets of all files, which the manifest determines.

use super::{
    file::BundleFile,
    manifest::BundleManifest,
    tar_header::{BLOCK, END, padding},
};

/// The offsets of the files of a bundle, in bytes.
#[derive(Debug)]
pub(crate) struct BundlePlan {
    /// The offset of the header of each file, in the order of the manifest.
    headers: Vec<u64>,
    /// The offset of the end of the archive.
    pub(crate) end: u64,
}

impl BundlePlan {
    /// The plan of a bundle whose manifest and signature have these sizes.
    pub(crate) fn of(manifest: &BundleManifest, own: u64, signature: Option<u64>) -> Self {
        let mut at = after(0, own);
        if let Some(size) = signature {
            at = after(at, size);
        }
        let mut headers = Vec::with_capacity(manifest.files.len());
        for BundleFile { size, .. } in &manifest.files {
            headers.push(at);
            at = after(at, *size);
        }
        Self { headers, end: at }
    }

    /// The offset of the header of the file at this place in the manifest.
    pub(crate) fn header(&self, at: usize) -> u64 {
        self.headers[at]
    }

    /// The size of the bundle.
    pub(crate) fn size(&self) -> u64 {
        self.end.saturating_add(END as u64)
    }
}

/// The offset after a file of this size whose header is at `header`.
pub(crate) fn after(header: u64, size: u64) -> u64 {
    // At most 100,000 files of at most 8 GiB.
    header.saturating_add(BLOCK as u64).saturating_add(size).saturating_add(padding(size))
}
