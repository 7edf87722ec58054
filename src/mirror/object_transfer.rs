//! [`ObjectTransfer`]: fetches objects of a mirror, of which nothing is kept whose digest is another one.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use bytes::Bytes;
use futures::StreamExt as _;
use loom_mirror::{
    Destination,
    destination::{OBJECT_REFRESH_AGE, ObjectBody},
};
use loom_source::{Digest, SourceError, SourceErrorKind, record::object_path};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::{MirrorFiles, MirrorTaskError};

/// The largest record, statement or evidence that is read, in bytes.
pub(super) const MAX_DOCUMENT: usize = 16 * 1024 * 1024;

/// Fetches objects of a mirror into another one.
pub(super) struct ObjectTransfer<'a> {
    pub(super) from: MirrorFiles<'a>,
    pub(super) to: &'a dyn Destination,
    /// Makes the folder in which files are received.
    pub(super) staging: &'a dyn Fn() -> Result<PathBuf, MirrorTaskError>,
}

impl ObjectTransfer<'_> {
    /// The bytes of a small object.
    pub(super) async fn document(&self, digest: &Digest) -> Result<Bytes, MirrorTaskError> {
        let path = object_path(digest);
        let bytes = self.from.read(&path, MAX_DOCUMENT).await?;
        let bytes = bytes.ok_or_else(|| self.gone(&path))?;
        self.check(&path, *digest, Digest::of(&bytes))?;
        Ok(bytes)
    }

    /// Copies the file at `path`, whose digest and size are known, to `key`; nothing is fetched where it is there. Returns
    /// the number of bytes that were copied.
    pub(super) async fn copy(
        &self,
        path: &str,
        key: &str,
        digest: Digest,
        size: u64,
    ) -> Result<u64, MirrorTaskError> {
        let now = std::time::SystemTime::now();
        if let Some(stat) = self.to.stat(key).await?
            && stat.size == size
            && stat.is_younger(OBJECT_REFRESH_AGE, now)
        {
            return Ok(0);
        }
        let body = self.receive(path, digest, size).await?;
        self.to.write(key, body).await?;
        Ok(size)
    }

    /// Receives a file, and hashes it.
    async fn receive(
        &self,
        path: &str,
        digest: Digest,
        size: u64,
    ) -> Result<ObjectBody, MirrorTaskError> {
        let mut download = self.from.open(path).await?.ok_or_else(|| self.gone(path))?;
        let folder = (self.staging)()?;
        let unwritten = |source| MirrorTaskError::Staging { folder: folder.clone(), source };
        let mut file = staged_file(&folder).map_err(unwritten)?;
        let (mut hasher, mut received) = (Sha256::new(), 0_u64);
        while let Some(piece) = download.body.next().await {
            let piece = piece?;
            received += piece.len() as u64;
            if received > size {
                return Err(self.size(path, size, received));
            }
            hasher.update(&piece);
            file.write_all(&piece).map_err(unwritten)?;
        }
        if received != size {
            return Err(self.size(path, size, received));
        }
        self.check(path, digest, Digest::from_hasher(hasher))?;
        Ok(ObjectBody::Temporary { path: file.into_temp_path(), size })
    }

    fn check(&self, path: &str, expected: Digest, got: Digest) -> Result<(), MirrorTaskError> {
        if expected == got {
            return Ok(());
        }
        Err(MirrorTaskError::Mismatch { at: self.from.location(path), expected, got })
    }

    fn size(&self, path: &str, expected: u64, got: u64) -> MirrorTaskError {
        let why = format!("expected {expected} bytes, got {got} or more");
        SourceError::malformed(self.from.location(path), why).into()
    }

    fn gone(&self, path: &str) -> MirrorTaskError {
        SourceError::new(self.from.location(path), SourceErrorKind::Gone).into()
    }
}

/// A new file in the staging folder.
fn staged_file(folder: &std::path::Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix("mirror-").tempfile_in(folder)
}
