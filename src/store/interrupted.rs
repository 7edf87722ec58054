//! Finds what an interrupted transfer of a release has left.

use std::fs;

use loom_source::Release;

use super::{
    Store, StoreError,
    error::{FileAction, absent, at},
    list::names,
    partial_header::{PartialHeader, read_header, release_key},
};

/// An interrupted transfer that the next one continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterruptedTransfer {
    /// The name or address of the source, without secrets.
    pub source: String,
    /// The number of bytes that are here.
    pub bytes: u64,
    /// The number of all bytes, where it is known.
    pub total: Option<u64>,
}

impl Store {
    /// The interrupted transfer of a release; the one with the most bytes where there are several.
    ///
    /// # Errors
    /// [`StoreError::Io`] where the folder or a file in it cannot be read.
    pub fn interrupted(
        &self,
        release: &Release,
    ) -> Result<Option<InterruptedTransfer>, StoreError> {
        let (key, mut found) = (release_key(release), None);
        for (name, json) in names(&self.root.join("partial"), false)? {
            if !name.ends_with(".json") {
                continue;
            }
            let header = read_header(&json)?;
            let Some(header) = header.filter(|header| header.release.as_ref() == Some(&key)) else {
                continue;
            };
            let path = json.with_extension("");
            let meta = absent(fs::metadata(&path)).map_err(at(FileAction::Read, &path))?;
            let bytes = meta.map_or(0, |meta| meta.len());
            let most = found.as_ref().map_or(0, |one: &InterruptedTransfer| one.bytes);
            if bytes > most {
                let PartialHeader { source, total, .. } = header;
                found = Some(InterruptedTransfer { source, bytes, total });
            }
        }
        Ok(found)
    }
}
