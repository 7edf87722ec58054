//! Fetches loose files: the listing first, compared with the tree's digest, then each file, compared with its line.

use std::io::Read;

use loom_source::{
    Artifact, AssetRef, Digest, Download, Packaging, RangeRequest, Source, SourceError,
};

use super::{FetchError, Fetcher, MismatchedPart, body_reader::BodyReader};
use crate::{
    acquire::AcquireEvent,
    sources::Candidate,
    store::{EntryKind, Staged, TreeEntry, TreeListing},
    trust::Expected,
};

/// The largest listing that is read: 20,000 files with paths of 120 bytes have about 4 MiB.
const LARGEST_LISTING: u64 = 16 << 20;

/// How often the source's `timeout` a listing may take.
const LISTING_TIMEOUTS: u32 = 4;

impl Fetcher<'_> {
    /// Reads the listing, then fetches file after file.
    pub(super) fn fetch_loose(
        &self,
        candidate: &Candidate,
        expected: &Expected,
        download: Download,
    ) -> Result<Staged, FetchError> {
        let source = candidate.source.as_ref();
        let folder = match &expected.artifact.packaging {
            Packaging::Loose { folder } => folder,
            Packaging::Archive { .. } | Packaging::Bare => &expected.artifact.asset,
        };
        let listing = self.fetch_listing(candidate, expected, download)?;
        self.observer.on_event(AcquireEvent::Fetching {
            source: &candidate.name,
            file: "loose files",
            total: Some(listing.bytes()),
            from: 0,
        });
        let mut staged = self.store.stage(self.options.limits)?;
        let mut bytes = 0_u64;
        for entry in listing.entries() {
            if let Some(target) = listing.link_target(entry) {
                staged.link(&entry.path, &target).map_err(|e| FetchError::Unpack(e, None))?;
            } else {
                self.fetch_file(source, folder, entry, &mut staged)?;
                bytes = bytes.saturating_add(entry.size);
            }
            self.observer.on_event(AcquireEvent::Received { bytes });
        }
        self.observer.on_event(AcquireEvent::Fetched);
        Ok(staged)
    }

    fn fetch_listing(
        &self,
        candidate: &Candidate,
        expected: &Expected,
        download: Download,
    ) -> Result<TreeListing, FetchError> {
        let asset = &expected.artifact.asset;
        // Listings of many files are long: the time is that of several documents.
        let timeout = LISTING_TIMEOUTS * candidate.timeout;
        let mut reader = BodyReader::new(self.runtime, download).within(timeout, asset.to_string());
        let mut text = Vec::new();
        let read = (&mut reader).take(LARGEST_LISTING).read_to_end(&mut text);
        if let Some(error) = reader.failed.take() {
            return Err(FetchError::Source(error, 0));
        }
        let malformed =
            |why: String| FetchError::Source(SourceError::malformed(asset.to_string(), why), 0);
        read.map_err(|e| malformed(e.to_string()))?;
        let got = Digest::of(&text);
        let tree = expected.expectation.tree.as_ref().map(|tree| tree.digest);
        if let Some(expected) = tree.filter(|digest| *digest != got) {
            let file = asset.to_string();
            return Err(FetchError::Mismatch(MismatchedPart { file, expected, got }));
        }
        TreeListing::parse(&text).map_err(|e| malformed(e.to_string()))
    }

    fn fetch_file(
        &self,
        source: &dyn Source,
        folder: &AssetRef,
        entry: &TreeEntry,
        staged: &mut Staged,
    ) -> Result<(), FetchError> {
        let file = Artifact {
            packaging: Packaging::Bare,
            asset: folder.join(entry.path.as_str()),
            size: Some(entry.size),
            claims: Vec::new(),
        };
        let got = match self.copy_local(source, &file.asset, entry, staged)? {
            Some(digest) => digest,
            None => self.stream_file(source, &file, entry, staged)?,
        };
        if got != entry.digest {
            let (file, expected) = (file.asset.to_string(), entry.digest);
            return Err(FetchError::Mismatch(MismatchedPart { file, expected, got }));
        }
        Ok(())
    }

    /// Clones a program that is on a disk of this machine, where the file system supports that; the clone is hashed.
    /// Only programs: they are large, and the store clones nothing else.
    fn copy_local(
        &self,
        source: &dyn Source,
        asset: &AssetRef,
        entry: &TreeEntry,
        staged: &mut Staged,
    ) -> Result<Option<Digest>, FetchError> {
        let Some(file) = source.local_file(asset).filter(|_| entry.kind == EntryKind::Executable)
        else {
            return Ok(None);
        };
        let unread = |source| FetchError::unread(asset.to_string(), source);
        let size = std::fs::metadata(&file).map_err(unread)?.len();
        // A file of another size is read as a stream, which ends at the expected size.
        if size != entry.size {
            return Ok(None);
        }
        let copied = staged.copy_file(&file, entry.path.as_str());
        copied.map(|bytes| Some(bytes.digest)).map_err(|error| FetchError::Unpack(error, None))
    }

    fn stream_file(
        &self,
        source: &dyn Source,
        file: &Artifact,
        entry: &TreeEntry,
        staged: &mut Staged,
    ) -> Result<Digest, FetchError> {
        let download = self.open(source, &file.asset, &RangeRequest::whole())?;
        let mut reader = BodyReader::new(self.runtime, download);
        // One byte more than expected is enough to see that the file is too long.
        let added = staged.file(
            &entry.path,
            entry.kind == EntryKind::Executable,
            (&mut reader).take(entry.size.saturating_add(1)),
        );
        if let Some(error) = reader.failed.take() {
            return Err(FetchError::Source(error, staged.bytes()));
        }
        added.map(|bytes| bytes.digest).map_err(|error| FetchError::Unpack(error, None))
    }
}
