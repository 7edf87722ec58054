//! Removes from a layout in a folder what none of its tags needs.

use std::{collections::HashSet, fs, io, path::Path, time::SystemTime};

use loom_base::atomic_file::sync_folder;
use loom_source::{Digest, SourceError};

use super::LayoutTransport;
use crate::{
    image_store::{SweptBlobs, UnneededTags},
    image_write_error::ImageWriteError,
    manifest::{Descriptor, ImageContent},
    mapping::{INDEX_TYPES, MANIFEST_TYPES},
};

/// The folder of the blobs.
const BLOBS: &str = "blobs/sha256";

/// The largest number of documents and blobs that the tags of a layout may need.
const MAX_NEEDED: usize = 1_000_000;

impl LayoutTransport {
    /// Removes the blobs that no tag needs and that were not written since `before`, and what writers left that broke off before
    /// then. No blob becomes young again meanwhile: that needs the lock.
    pub(super) fn swept(
        &self,
        removed: &UnneededTags,
        before: SystemTime,
        dry_run: bool,
    ) -> Result<SweptBlobs, ImageWriteError> {
        let _lock = self.lock()?;
        let needed = self.needed(removed)?;
        let (folder, mut swept) = (self.path(BLOBS), SweptBlobs::default());
        let mut sweep = || -> io::Result<()> {
            for entry in fs::read_dir(&folder)? {
                let path = entry?.path();
                let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
                let blob: Option<Digest> = name.parse().ok();
                let is_ours = blob.map_or(name.starts_with(".new-"), |one| !needed.contains(&one));
                let metadata = fs::symlink_metadata(&path)?;
                if !is_ours || !metadata.is_file() || metadata.modified()? > before {
                    continue;
                }
                swept.blobs.push(format!("{BLOBS}/{name}"));
                swept.bytes += metadata.len();
                if !dry_run {
                    remove(&path)?;
                }
            }
            sync_folder(&folder)
        };
        sweep().map_err(|source| ImageWriteError::Write {
            path: folder.display().to_string(),
            source,
        })?;
        swept.blobs.sort_unstable();
        Ok(swept)
    }

    /// What the tags need, but for those that are removed: their documents, and all that these name.
    fn needed(&self, removed: &UnneededTags) -> Result<HashSet<Digest>, SourceError> {
        let mut unread = self.index()?.manifests;
        unread.retain(|one| !removed.has(one));
        let mut needed = HashSet::new();
        while let Some(one) = unread.pop() {
            let Some(digest) = one.sha256() else { continue };
            if !needed.insert(digest) {
                continue;
            }
            let at = |why: String| SourceError::malformed(self.files.location(BLOBS), why);
            if needed.len() + unread.len() > MAX_NEEDED {
                return Err(at(format!("its tags need more than {MAX_NEEDED} blobs")));
            }
            // What cannot be understood may name anything.
            let unknown = |why: &str| at(format!("sha256:{digest} cannot be understood: {why}"));
            if !is_document(&one) {
                return Err(unknown("it is neither an image nor an index"));
            }
            // What is missing names nothing.
            let Some(document) = self.document(&digest)? else { continue };
            match document.content().map_err(|why| unknown(&why))? {
                ImageContent::Index(index) => unread.extend(index.manifests),
                ImageContent::Manifest(_) => {
                    let blobs = document.blobs().map_err(|why| unknown(&why))?;
                    needed.extend(blobs.iter().filter_map(Descriptor::sha256));
                }
            }
        }
        Ok(needed)
    }
}

/// Whether a descriptor is that of a document. Where it does not say what it is, it is read as one.
fn is_document(descriptor: &Descriptor) -> bool {
    let media_type = descriptor.media_type.as_str();
    media_type.is_empty() || [INDEX_TYPES, MANIFEST_TYPES].concat().contains(&media_type)
}

/// Removes a file, unless another process has removed it.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
