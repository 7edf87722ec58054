//! [`BundleTransport`]: a bundle as the location of a mirror.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream;
use loom_base::LockExt as _;
use loom_source::{Download, RangeRequest, SkippedEntries, SourceError, Validator};

use super::{
    body,
    file::BundleFile,
    opened::{BundleStamp, OpenBundle},
};
use crate::transport::{Entries, Transport};

/// A bundle on this machine, or on a file system that is mounted. It is opened at the first use.
#[derive(Debug)]
pub(crate) struct BundleTransport {
    path: PathBuf,
    opened: Mutex<Option<Arc<OpenBundle>>>,
    skipped: SkippedEntries,
}

impl BundleTransport {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, opened: Mutex::default(), skipped: SkippedEntries::default() }
    }

    /// The bundle that has the path now. It may have been replaced since the last call.
    fn opened(&self) -> Result<Arc<OpenBundle>, SourceError> {
        let failure = |error| SourceError::read(self.location(""), error);
        let stamp = BundleStamp::of(&self.path).map_err(failure)?;
        let mut opened = self.opened.locked();
        if let Some(bundle) = opened.as_ref().filter(|bundle| *bundle.stamp() == stamp) {
            return Ok(Arc::clone(bundle));
        }
        let bundle = OpenBundle::open(&self.path).map_err(|error| error.at(self.location("")))?;
        let bundle = Arc::new(bundle);
        *opened = Some(Arc::clone(&bundle));
        Ok(bundle)
    }
}

#[async_trait]
impl Transport for BundleTransport {
    async fn get_bytes(&self, key: &str, max_bytes: usize) -> Result<Option<Bytes>, SourceError> {
        let bundle = self.opened()?;
        let Some(file) = bundle.manifest().file(key) else { return Ok(None) };
        if file.size > max_bytes as u64 {
            let why = format!("it has more than {max_bytes} bytes");
            return Err(SourceError::malformed(self.location(key), why));
        }
        let bytes = bundle.read(key).map_err(|error| error.at(self.location(key)))?;
        Ok(bytes.map(Bytes::from))
    }

    async fn open(&self, key: &str, range: &RangeRequest) -> Result<Option<Download>, SourceError> {
        let bundle = self.opened()?;
        let Some(at) = bundle.manifest().position(key) else { return Ok(None) };
        bundle.check_frame(at).map_err(|error| error.at(self.location(key)))?;
        let BundleFile { size, sha256, .. } = &bundle.manifest().files[at];
        let (total, validator) = (*size, Validator::Strong(format!("\"{sha256}\"")));
        let changed = range.validator.as_ref().is_some_and(|known| *known != validator);
        let start = if changed || range.from > total { 0 } else { range.from };
        let body = if total == 0 {
            // Nothing is read, so nothing would be compared.
            let read = bundle.read(key).map_err(|error| error.at(self.location(key)))?;
            Box::pin(stream::iter(read.filter(|read| !read.is_empty()).map(|read| Ok(read.into()))))
        } else {
            body::body(Arc::clone(&bundle), at, start, self.location(key))
        };
        Ok(Some(Download { start, total: Some(total), validator: Some(validator), body }))
    }

    async fn list(&self, folder: &str) -> Result<Option<Entries>, SourceError> {
        let bundle = self.opened()?;
        let mut folders = BTreeSet::new();
        let mut entries = Entries::default();
        for file in bundle.manifest().below(folder) {
            let name = match folder {
                "" => file.path.as_str(),
                _ => &file.path[folder.len() + 1..],
            };
            match name.split_once('/') {
                Some((folder, _)) => _ = folders.insert(folder),
                None => entries.files.push((name.to_owned(), file.size)),
            }
        }
        entries.folders = folders.into_iter().map(str::to_owned).collect();
        entries.check_count(&self.location(folder))?;
        Ok(Some(entries))
    }

    fn can_list(&self) -> bool {
        true
    }

    fn unlistable_reason(&self) -> &'static str {
        "the bundle cannot be listed; give --version"
    }

    fn skipped(&self) -> &SkippedEntries {
        &self.skipped
    }

    fn location(&self, key: &str) -> String {
        let path = if key.is_empty() { self.path.clone() } else { self.path.join(key) };
        path.display().to_string()
    }
}
