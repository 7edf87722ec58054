//! [`ObjectSpool`]: keeps objects of remote mirrors until the bundle is written.

use std::{
    io::{self, Write as _},
    path::Path,
};

use futures::StreamExt as _;
use loom_mirror::bundle::BundleContent;
use loom_source::{AssetRef, Digest, RangeRequest, Source, SourceError, SourceErrorKind};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::BundleTaskError;

/// A folder with the files of remote mirrors. It is removed when the value is dropped.
#[derive(Debug)]
pub(super) struct ObjectSpool {
    folder: TempDir,
    count: u64,
}

impl ObjectSpool {
    /// A spool in `folder`, which has room for the bundle.
    pub(super) fn new(folder: &Path) -> Result<Self, BundleTaskError> {
        let made = tempfile::Builder::new().prefix(".bundle-").tempdir_in(folder);
        let failed = |source| BundleTaskError::File { path: folder.to_owned(), source };
        Ok(Self { folder: made.map_err(failed)?, count: 0 })
    }

    /// The bytes of the file at `path`, which must have this digest; `None` where it does not exist. A file of this
    /// machine is not copied.
    pub(super) async fn fetch(
        &mut self,
        source: &dyn Source,
        path: &str,
        expected: Digest,
    ) -> Result<Option<BundleContent>, BundleTaskError> {
        let asset = AssetRef::new(path);
        let mut download = match source.open(&asset, &RangeRequest::whole()).await {
            Ok(download) => download,
            Err(error) if error.kind == SourceErrorKind::Gone => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let local = source.local_file(&asset);
        self.count += 1;
        let spooled = self.folder.path().join(self.count.to_string());
        let failed = |source| BundleTaskError::File { path: spooled.clone(), source };
        let mut file: Box<dyn io::Write> = match &local {
            Some(_) => Box::new(io::sink()),
            None => Box::new(std::fs::File::create(&spooled).map_err(failed)?),
        };
        let mut hasher = Sha256::new();
        while let Some(piece) = download.body.next().await {
            let piece = piece?;
            hasher.update(&piece);
            file.write_all(&piece).map_err(failed)?;
        }
        let got = Digest::from_hasher(hasher);
        if got != expected {
            let why = format!("expected the SHA-256 {expected}, got {got}");
            return Err(SourceError::damaged(format!("{source}/{path}"), why).into());
        }
        Ok(Some(BundleContent::File(local.unwrap_or(spooled))))
    }
}
