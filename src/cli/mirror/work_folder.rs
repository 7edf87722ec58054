//! [`WorkFolder`]: the folder for what is on its way into a mirror.

use std::path::PathBuf;

use loom_mirror::Destination;
use loom_source::Digest;

use loom_runtime::{config::Resolved, mirror::MirrorTaskError};

/// The folder for what is on its way into a mirror, `mirror/` in the folder of the store: it has the room for it.
pub(super) struct WorkFolder(PathBuf);

impl WorkFolder {
    pub(super) fn of(resolved: &Resolved) -> Self {
        Self(resolved.cache_dir.value.join("mirror"))
    }

    /// The folder for files that are received, on the file system of the destination where it has one.
    pub(super) fn staging(
        &self,
        destination: &dyn Destination,
    ) -> Result<PathBuf, MirrorTaskError> {
        if let Some(folder) = destination.staging()? {
            return Ok(folder);
        }
        let folder = self.0.join("received");
        let failed = |source| MirrorTaskError::Staging { folder: folder.clone(), source };
        std::fs::create_dir_all(&folder).map_err(failed)?;
        Ok(folder)
    }

    /// The folder of a store for the releases of a source that are unpacked.
    pub(super) fn store(&self, source: &str) -> PathBuf {
        self.0.join("unpacked").join(Digest::of(source.as_bytes()).to_string())
    }
}
