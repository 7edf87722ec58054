//! Loose files: the listing first, held to the tree's digest, then each file held to its line.

use std::io::Read;

use loom_source::{
    Artifact, AssetRef, Digest, Download, Packaging, RangeRequest, Source, SourceError,
};

use super::{
    Acquirer,
    fetch::{BodyReader, FetchError, Fetched},
    observer::Progress,
};
use crate::{
    store::{EntryKind, Staged, TreeEntry, TreeListing},
    trust::Expected,
};

/// The largest listing that is read: 20,000 files with paths of 120 bytes have about 4 MiB.
const LARGEST_LISTING: u64 = 16 << 20;

impl Acquirer<'_> {
    /// Reads the listing, then fetches file after file.
    pub(super) fn loose(
        &self,
        name: &str,
        source: &dyn Source,
        expected: &Expected,
        opened: Download,
    ) -> Result<Fetched, FetchError> {
        let folder = match &expected.carrier.packaging {
            Packaging::Loose { folder } => folder,
            Packaging::Archive { .. } | Packaging::Bare => &expected.carrier.asset,
        };
        let listing = self.listing(&expected.carrier, expected, opened)?;
        let total = listing.entries().iter().filter(|e| e.kind != EntryKind::Link);
        let total = total.fold(0_u64, |sum, entry| sum.saturating_add(entry.size));
        self.observer.on_event(Progress::Fetching {
            source: name,
            what: "loose files",
            total: Some(total),
            from: 0,
        });
        let mut staged = self.store.stage(self.limits)?;
        let mut bytes = 0_u64;
        for entry in listing.entries() {
            match link_target(&listing, entry) {
                Some(target) => {
                    staged.link(&entry.path, &target).map_err(|e| FetchError::Unpack(e, None))?
                }
                None => {
                    self.file(source, folder, entry, &mut staged)?;
                    bytes = bytes.saturating_add(entry.size);
                }
            }
            self.observer.on_event(Progress::Received { bytes });
        }
        self.observer.on_event(Progress::Fetched);
        Ok(Fetched { staged, received: None })
    }

    fn listing(
        &self,
        carrier: &Artifact,
        expected: &Expected,
        opened: Download,
    ) -> Result<TreeListing, FetchError> {
        let mut reader = BodyReader::new(self, opened);
        let mut text = Vec::new();
        let read = (&mut reader).take(LARGEST_LISTING).read_to_end(&mut text);
        if let Some(error) = reader.failed.take() {
            return Err(FetchError::Source(error, false));
        }
        let malformed = |why: String| {
            FetchError::Source(SourceError::malformed(carrier.asset.to_string(), why), false)
        };
        read.map_err(|e| malformed(e.to_string()))?;
        let wanted = expected.expectation.tree.as_ref().map(|proof| proof.digest);
        let got = Digest::of(&text);
        if let Some(expected) = wanted.filter(|digest| *digest != got) {
            return Err(FetchError::Wrong { what: carrier.asset.to_string(), expected, got });
        }
        TreeListing::parse(&text).map_err(|e| malformed(e.to_string()))
    }

    fn file(
        &self,
        source: &dyn Source,
        folder: &AssetRef,
        entry: &TreeEntry,
        staged: &mut Staged,
    ) -> Result<(), FetchError> {
        let at = Artifact {
            packaging: Packaging::Bare,
            asset: folder.join(entry.path.as_str()),
            size: Some(entry.size),
            claims: Vec::new(),
        };
        let got = match self.copied(source, &at.asset, entry, staged)? {
            Some(digest) => digest,
            None => self.streamed_file(source, &at, entry, staged)?,
        };
        if got != entry.digest {
            let expected = entry.digest;
            return Err(FetchError::Wrong { what: at.asset.to_string(), expected, got });
        }
        Ok(())
    }
}

impl Acquirer<'_> {
    /// A program that lies on a disk of this machine is cloned where the file system can; the clone is what is hashed.
    /// Only programs: they are what is large, and the store clones nothing else.
    fn copied(
        &self,
        source: &dyn Source,
        at: &AssetRef,
        entry: &TreeEntry,
        staged: &mut Staged,
    ) -> Result<Option<Digest>, FetchError> {
        let Some(file) = source.local_file(at).filter(|_| entry.kind == EntryKind::Executable)
        else {
            return Ok(None);
        };
        let size = std::fs::metadata(&file).map_err(|e| Self::unread(at.to_string(), e))?.len();
        // A file of another size is another file; reading it as a stream ends where it has to.
        if size != entry.size {
            return Ok(None);
        }
        let copied = staged.copy_file(&file, entry.path.as_str());
        copied.map(|bytes| Some(bytes.digest)).map_err(|error| FetchError::Unpack(error, None))
    }

    fn streamed_file(
        &self,
        source: &dyn Source,
        at: &Artifact,
        entry: &TreeEntry,
        staged: &mut Staged,
    ) -> Result<Digest, FetchError> {
        let opened = self.open(source, &at.asset, &RangeRequest::whole())?;
        let mut reader = BodyReader::new(self, opened);
        // One byte more than announced is enough to see that it is too long.
        let taken = staged.file(
            &entry.path,
            entry.kind == EntryKind::Executable,
            (&mut reader).take(entry.size.saturating_add(1)),
        );
        if let Some(error) = reader.failed.take() {
            return Err(FetchError::Source(error, false));
        }
        taken.map(|bytes| bytes.digest).map_err(|error| FetchError::Unpack(error, None))
    }
}

/// Where a link of the listing leads: its line holds the digest of the file behind it, so any file of that digest
/// will do, and the first one is taken.
fn link_target(listing: &TreeListing, link: &TreeEntry) -> Option<String> {
    if link.kind != EntryKind::Link {
        return None;
    }
    let file =
        listing.entries().iter().find(|e| e.kind != EntryKind::Link && e.digest == link.digest)?;
    let ups = link.path.as_str().matches('/').count();
    Some(format!("{}{}", "../".repeat(ups), file.path))
}
