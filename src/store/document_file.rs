//! Reads the documents of a store: files of limited size, and regular ones only.

use std::path::Path;

use loom_base::bounded_file;

use super::{
    StoreError,
    error::{FileAction, absent, at},
};

/// The largest document in bytes. The listing of a tree with the most files that are unpacked has about 4 MiB.
const MAX_DOCUMENT: u64 = 32 * 1024 * 1024;

/// The bytes of a document; `None` where there is no file.
///
/// # Errors
/// [`StoreError::Io`] for a file that is too large, that is not a regular one, or that cannot be read.
pub(super) fn read_document(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    absent(bounded_file::read(path, MAX_DOCUMENT)).map_err(at(FileAction::Read, path))
}
